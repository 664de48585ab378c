"""Whether a setting looks like a secret, so that its value is neither shown nor kept: rather one too many than one too few."""

from __future__ import annotations

import re
from typing import Final

_STRONG: Final = re.compile(
    r"pass(?:word|wd|phrase|code)?(?![a-z])|pwd(?![a-z])|secret|credential|(?:private|api|access|signing|encryption|account|auth|shared)[_.-]?key"
    r"|connection[_.-]?string|(?<![a-z])dsn(?![a-z])|(?<![a-z])salt(?![a-z])|(?<![a-z])pin(?![a-z])",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(
    r"token(?!i)|bearer|authorization|(?<![a-z])auth(?![a-z])|cookie|(?<![a-z])key(?![a-z])|webhook|hmac|jwt",
    re.IGNORECASE,
)
_DIGEST: Final = re.compile(
    r"sha\d*|digest|hash|checksum|commit|rev(?:ision)?|version|etag|image|ref|uuid|fingerprint|integrity", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"[+-]?[\d_]*\.?\d+(?:e[+-]?\d+)?|true|false|null|none|", re.IGNORECASE)
_VALUE: Final = re.compile(
    r"://[^/\s:@]*:[^/\s@]+@|-----BEGIN|(?<![\w-])(?:sk-|[sr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|hf_|AKIA|ASIA|AIza|"
    r"npm_|pypi-|ya29\.|eyJ[\w-]{8,}\.|AccountKey=|Bearer\s)|(?:password|pwd|secret|token|sig)=[^\s&;]",
    re.IGNORECASE,
)
_DRAWN: Final = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/=_-]{20,}(?![\w+/=-])")
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def looks_secret(name: str, value: str) -> bool:
    """Whether a value should not be seen: by its name, or by how it looks. Numbers and switches are secret by name only."""
    spelled = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)  # `apiKey` is `api_Key`
    plain = _NUMBER.fullmatch(value) is not None
    if _STRONG.search(spelled):
        return value != ""
    if _TOKEN.search(spelled) and not plain and not re.fullmatch(r"[A-Za-z][a-z]{0,14}|[a-z]+(?:_[a-z]+)+", value):
        return True
    if plain:
        return False
    return _VALUE.search(value) is not None or (_DIGEST.search(spelled) is None and any(_drawn(part) for part in _DRAWN.findall(value)))


def _drawn(text: str) -> bool:
    """Whether a word looks drawn by chance rather than written."""
    if _UUID.fullmatch(text) or not re.search(r"\d", text) or not re.search(r"[A-Za-z]", text):
        return False
    parts = [part for part in re.split(r"[-_/=+]+", text) if part]
    return not all(re.fullmatch(r"[A-Za-z]{1,20}\d{0,4}|\d{1,8}|v?\d+[a-z]?\d*", part) for part in parts)

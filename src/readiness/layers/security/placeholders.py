"""What stands where a secret would and is none: placeholders, references, examples, the passwords of a local database.

The rules, in the order they are asked: a reference to where the secret is kept; a value published as an example by the
vendor; a word that says so (`example`, `changeme`, `your-key`); a repeated or counted-up value. A weaker word (`test`,
`foo`, `secret`) makes a placeholder only of a value that holds no long random part, since live keys of some vendors
carry `test` in their prefix.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from typing import Final

_REFERENCE: Final = re.compile(
    r"[$<{%!@*#&]|\.\.\.|env[:.]|file:|vault:|ssm:|arn:|op://|age:|secret://|keyvault|projects/[\w-]+/secrets/|/run/secrets/|"
    r"(?:/|\./|~/|[a-z]:\\)[\w.-]+|https?://[^@]*$|sha\d+[:-]|ENC\[|\[.*\]$|\(.*\)$|os\.|process\.|secrets?\.|var\.|data\.|local\.|"
    r"module\.|config\.|settings\.|self\.|args\.|null$|none$|nil$|true$|false$|undefined$",
    re.IGNORECASE,
)
"""How a value begins that is looked up, rendered, encrypted or hashed. `$2b$` of a password hash is among them."""
_INSIDE: Final = re.compile(r"\$\{|\{\{|\$\(|\}\}|<[\w -]+>|%\(\w+\)s|\.\.\.|\u2026|\*\*\*|\{\w*\}")
_SAYS_SO: Final = re.compile(
    r"example|placeholder|change[-_ ]?(?:me|this|it)|redacted|replace[-_ ]?(?:me|this|with)|"
    r"(?<![a-z0-9])(?:your|dummy|fake|mock|sample|insert|todo|fixme|canary|lorem)|x{4,}|not[-_ ]?(?:a[-_ ]?)?(?:real|secret|valid)|"
    r"(?<![a-z0-9])(?:some|my)[-_]?(?:secret|key|token|password)",
    re.IGNORECASE,
)
_WEAK: Final = re.compile(
    r"(?<![a-z0-9])(?:test(?:s|ing|er)?|demo|dev|local|foo|bar|baz|qux|secret|password|passwd|pass|pwd|token|key|api|none|null|"
    r"default|user|username|admin|root|postgres|example|value|string|abc|qwerty|letmein|hunter)\d{0,4}(?![a-z0-9])",
    re.IGNORECASE,
)
_NAMES_ITSELF: Final = re.compile(r"[a-z_-]*pass(?:word|wd|phrase)[a-z_-]*1?2?3?4?5?6?7?8?9?0?!?", re.IGNORECASE)
_RUN: Final = re.compile(r"[A-Za-z0-9+/]{16,}")
_COUNTED: Final = ("0123456789abcdef" * 3, "1234567890" * 4, "abcdefghijklmnopqrstuvwxyz" * 2, "0987654321" * 3, "deadbeef" * 8)
LOCAL: Final = re.compile(
    r"localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?|host\.docker\.internal|[a-z0-9_-]+|.*\.(?:local|test|localhost|invalid)"
)
"""A host that is this machine, or a name without a dot, as services have in a compose file."""
_NO_HOST: Final = re.compile(
    r"host(?:name)?|server|hostname\..*|(?:.*\.)?example\.(?:com|org|net)|(?:.*\.)?domain\.(?:com|tld)|your.*|\W*", re.IGNORECASE
)
DEFAULTS: Final = frozenset(
    {"postgres", "password", "admin", "root", "guest", "minio", "minioadmin", "minio123", "redis", "mysql", "mongo", "rabbitmq",
     "test", "testing", "user", "pass", "passwd", "secret", "app", "dev", "demo", "local", "changeme", "example", "sa", "neo4j",
     "elastic", "airflow", "mlflow", "prefect", "dagster", "grafana", "supersecret", "s3cr3t"}
)  # fmt: skip
"""Passwords of a development database, which open nothing but one on the developer's own machine."""
_PUBLISHED: Final = frozenset(
    {
        "7f75367e7881255134e1375e723d1dea8ad5f6a4fdb79d938df1f1754a830606",  # jwt.io
        "c794fa6d20c64efb9adf980ae93af472a1679775862d421ffe55d4a57fad5b3e",  # jwt.io, of later
        "0011cc25eb4320717494d2703e8cba85743e71b500283c21c8b88147992f9059",  # storage emulator
        "aa6547439583c3a275d4542a0df6c1ad6a863971be9f2a2220f027cc02aef615",  # database emulator
        "2cafc0970149a84f3b9e62eaf169f36f59907a3b3e31f7b82e68c69cd27f7326",  # Stripe
        "f2d6ca16515033e5dce14eba840b979d27b5cbae24bb3e5bf484339667f86397",  # Stripe, formerly
        "570dad43de1af4c925f92c16a68a50936da42b7dd6fdeb24850507a1199aac89",  # a web framework's tutorial
    }
)
"""SHA-256 of values that vendors publish in their documentation, and of the fixed keys of emulators."""


def is_placeholder(value: str) -> bool:
    """Whether a value only stands where a secret would."""
    text = value.strip()
    if not text or _REFERENCE.match(text) or _INSIDE.search(text) or _SAYS_SO.search(text) or is_published(text):
        return True
    bare = re.sub(r"[^a-z0-9]", "", text.lower())
    if len(set(bare)) <= 3 or any(bare in row for row in _COUNTED):
        return True
    return bool(_WEAK.search(text)) and not any(looks_random(part) for part in _RUN.findall(text))


def names_itself(value: str) -> bool:
    """Whether a password is the word for one among other letters, counted up at most (`smokepassword123`).

    People write those where a set-up asks for a password that nobody will be asked for again. A year behind the word, as in
    a password that is changed every year, makes it none of these.
    """
    return _NAMES_ITSELF.fullmatch(value) is not None


def is_published(value: str) -> bool:
    """Whether a vendor's documentation shows this very value."""
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest() in _PUBLISHED


def opens_nothing(user: str, password: str, host: str) -> bool:
    """Whether the password of an address is the default of a database on the machine of whoever runs it."""
    if _NO_HOST.fullmatch(host):
        return True
    name = host.partition(":")[0].lower()
    trivial = password.lower() in DEFAULTS or password.lower().rstrip("0123456789!") in {user.lower(), *DEFAULTS}
    return trivial and LOCAL.fullmatch(name) is not None


def entropy_bits(value: str) -> float:
    """Shannon entropy of a text in bits a character, by the frequencies of its own characters."""
    if not value:
        return 0.0
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


def looks_random(value: str) -> bool:
    """Whether a value of at least 16 characters looks drawn rather than written: letters and digits, and no order in them."""
    if len(value) < 16 or not re.search(r"\d", value) or not re.search(r"[A-Za-z]", value):
        return False
    parts = [part for part in re.split(r"[-_.:/= ]+", value) if part]
    if all(re.fullmatch(r"[A-Za-z]{1,15}|[A-Z]?[a-z]+\d{0,4}|\d{1,4}|v\d+", part) for part in parts):
        return False  # words joined by hyphens
    is_hex = re.fullmatch(r"[0-9a-fA-F-]+", value) is not None
    return entropy_bits(value) >= (2.8 if is_hex else 3.3)

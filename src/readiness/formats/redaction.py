"""Secrets and personal data taken out of what is kept, in every form they are likely to travel in.

A secret is found as it is, in any case of letters, escaped for JSON (twice, as in the arguments of a tool), HTML or a URL,
in hex, in base64 at any alignment (and in base64 of that), in UTF-16 and reversed. What takes its place is what stands for
it when the recording is replayed, in the same form, so that a request made with the one is answered as one made with the
other. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from urllib.parse import quote, quote_plus, unquote_plus, urlsplit, urlunsplit

from readiness.formats import codings, luhn

REDACTED: Final = "redacted"
SHORTEST_SECRET: Final = 8
"""Characters below which a value occurs by chance, so that to take it out would spoil what is kept."""
LEARNED_AT_LEAST: Final = 12
NESTED: Final = 2
"""How often something is looked for in base64 of base64."""
CANARY: Final = "readiness-canary-"
"""How what stands for a secret begins."""

HEADER: Final = re.compile(
    r"(?:^|[-_])(?:api-?key|auth|authorization|authentication|token|secret|session|cookie|signature|credentials?|password|key)$",
    re.IGNORECASE,
)
"""Headers whose values say who asks."""
FIELD: Final = re.compile(
    r"(?:^|[-_.])(?:api-?_?key|key|access-?_?token|refresh-?_?token|id-?_?token|token|client-?_?secret|secret|password|passwd|sig|"
    r"signature|credentials?|session)$", re.IGNORECASE
)  # fmt: skip
"""Query parameters and form fields whose values open something."""
_JSON_FIELD: Final = re.compile(
    rb'("(?:access_?token|refresh_?token|id_?token|session_?token|client_?secret|api_?key|private_?key|secret_?key|secret_?access_?key|'
    rb'password|passwd|secret)"\s*:\s*")((?:[^"\\]|\\.)*)"', re.IGNORECASE
)  # fmt: skip
_FORM_FIELD: Final = re.compile(rb"(^|&)([^=&]{1,64})=([^&]*)")
_RUN: Final = re.compile(rb"(?:\\[rn]|\r?\n|[A-Za-z0-9+/_-]){8,}={0,2}")
_BREAKS: Final = re.compile(rb"\\[rn]|\r?\n")

PATTERNS: Final[Mapping[str, tuple[str, str]]] = {
    "email": (r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}", "redacted@redacted.invalid"),
    "card": (r"(?<![\w.])(?:\d[ -]?){12,18}\d(?![\w.])", "0000000000000000"),
}
"""Kinds of personal data known by name: the pattern and what takes their place."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that was handed over, under its name, and what stands for it afterwards."""

    name: str
    value: str
    stand_in: str


def bare(value: str) -> str:
    """A value without the white space around it, which a file it was read from may have left."""
    return value.strip(" \t\r\n")


class Redactor:
    """Takes secrets and personal data out of bytes; `counts` says how often, by name.

    `patterns` are names of PATTERNS or regular expressions. What headers and fields of credentials held is learned, and
    taken out wherever it turns up later.
    """

    def __init__(self, secrets: Iterable[Secret] = (), patterns: Iterable[str] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self._forms: dict[bytes, tuple[str, bytes]] = {}
        self._cores: dict[bytes, str] = {}
        self._patterns = [(name, re.compile(PATTERNS[name][0] if name in PATTERNS else name)) for name in patterns]
        self._names: set[str] = set()
        self._values: dict[bytes, tuple[str, bytes]] = {}
        for secret in secrets:
            self._add(secret)
            for part in _parts(secret):
                self._add(part)

    def _add(self, secret: Secret) -> None:
        value, stand_in = bare(secret.value), secret.stand_in
        if len(value) < SHORTEST_SECRET:
            return
        self._names.add(value)
        self._values.setdefault(value.encode("utf-8", "surrogateescape").lower(), (secret.name, stand_in.encode()))
        for form, instead in zip(_forms(value), _forms(stand_in), strict=True):
            self._forms.setdefault(form.lower(), (secret.name, instead))
        lines = [line for line in value.splitlines() if len(line) >= 20] if "\n" in value else []
        for line in lines:
            self._forms.setdefault(line.encode().lower(), (secret.name, REDACTED.encode()))
        if value == stand_in:
            return  # nothing to be hidden: it is already what stands for it
        for core in _cores(value.encode("utf-8", "surrogateescape")):
            self._cores.setdefault(core, secret.name)
            self._cores |= {nested: secret.name for nested in _cores(core) if nested not in self._cores}

    def learn(self, value: str) -> None:
        """Takes a value out from now on: something that turned out to be a credential."""
        if len(value) >= LEARNED_AT_LEAST and value not in self._names and REDACTED not in value and CANARY not in value:
            self._add(Secret("a credential", value, REDACTED))

    def text(self, text: str) -> str:
        """A text without secrets and personal data."""
        return self.data(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def data(self, data: bytes) -> bytes:
        """Bytes without secrets and personal data."""
        return self.cut(data, ())[0]

    def cut(self, data: bytes, cuts: tuple[int, ...]) -> tuple[bytes, tuple[int, ...]]:
        """Bytes without secrets and personal data, and where the places `cuts` of them have moved to."""
        data, cuts = self._literal(data, cuts)
        for token, decode in _ESCAPES:
            data, cuts = self._escaped(data, cuts, token, decode)
        data, cuts = self._encoded(data, cuts)
        return self._personal(data, cuts)

    def _literal(self, data: bytes, cuts: tuple[int, ...]) -> tuple[bytes, tuple[int, ...]]:
        lowered = data.lower()
        found = [form for form in self._forms if form in lowered]
        if not found:
            return data, cuts
        wanted = re.compile(b"|".join(re.escape(form) for form in sorted(found, key=len, reverse=True)))
        changes = []
        for match in wanted.finditer(lowered):
            name, instead = self._forms[match[0]]
            self.counts[name] += 1
            changes.append((match.start(), match.end(), instead))
        return _replaced(data, changes, cuts)

    def _escaped(
        self, data: bytes, cuts: tuple[int, ...], token: re.Pattern[bytes], decode: Callable[[bytes], bytes]
    ) -> tuple[bytes, tuple[int, ...]]:
        """What is escaped in some places and not in others, as each library likes: found in what the text means."""
        parts, places, at, length = [], [], 0, 0
        for match in token.finditer(data):
            plain = decode(match[0])
            length += match.start() - at
            parts += [data[at : match.start()], plain]
            places.append((length, match.start(), match.end(), len(plain)))
            length, at = length + len(plain), match.end()
        if not places:
            return data, cuts
        lowered = b"".join([*parts, data[at:]]).lower()
        found = [value for value in self._values if value in lowered]
        if not found:
            return data, cuts
        wanted = re.compile(b"|".join(re.escape(value) for value in sorted(found, key=len, reverse=True)))
        changes = []
        for match in wanted.finditer(lowered):
            name, instead = self._values[match[0]]
            self.counts[name] += 1
            changes.append((_origin(match.start(), places), _origin(match.end(), places), instead))
        return _replaced(data, changes, cuts)

    def _encoded(self, data: bytes, cuts: tuple[int, ...], depth: int = 0) -> tuple[bytes, tuple[int, ...]]:
        """Base64, also of base64: the run around what betrays a secret is decoded, cleaned and encoded again; else overwritten."""
        whole = _BREAKS.sub(b"", data)
        cores = [core for core in self._cores if core in whole]
        if not cores:
            return data, cuts
        changes = []
        for match in _RUN.finditer(data):
            run = _BREAKS.sub(b"", match[0])
            if not any(core in run for core in cores):
                continue
            changes.append((match.start(), match.end(), self._decoded(run, cores, depth)))
        return _replaced(data, changes, cuts)

    def _decoded(self, run: bytes, cores: list[bytes], depth: int) -> bytes:
        for offset in range(4):
            plain = _unbase64(run[offset:])
            if plain is None:
                continue
            clean = self._literal(plain, ())[0]
            clean = self._encoded(clean, (), depth + 1)[0] if depth < NESTED else clean
            if clean != plain:
                again = base64.b64encode(clean)
                if b"-" in run[offset:] or b"_" in run[offset:]:
                    again = base64.urlsafe_b64encode(clean)
                made = run[:offset] + (again.rstrip(b"=") if len(run[offset:]) % 4 else again)
                if not any(core in made for core in cores):
                    return made
        for core in cores:
            self.counts[self._cores[core]] += run.count(core)
            run = run.replace(core, _filler(core))
        return run

    def _personal(self, data: bytes, cuts: tuple[int, ...]) -> tuple[bytes, tuple[int, ...]]:
        for name, pattern in self._patterns:
            text = data.decode("utf-8", "surrogateescape")
            instead = (PATTERNS[name][1] if name in PATTERNS else REDACTED).encode()
            changes, at, before = [], 0, 0
            for match in pattern.finditer(text):
                if not match[0] or (name == "card" and not _is_card(match[0])):
                    continue
                start = at + len(text[before : match.start()].encode("utf-8", "surrogateescape"))
                at, before = start + len(match[0].encode("utf-8", "surrogateescape")), match.end()
                changes.append((start, at, instead))
                self.counts[name if name in PATTERNS else f"/{name}/"] += 1
            data, cuts = _replaced(data, changes, cuts)
        return data, cuts

    def credentials(self, data: bytes, kind: str, cuts: tuple[int, ...] = ()) -> tuple[bytes, tuple[int, ...]]:
        """A body without the values of fields that hold credentials, as JSON (anywhere) or a form have them; they are learned."""
        changes = []
        for match in _JSON_FIELD.finditer(data):
            value = match[2]
            if value and not value.startswith(REDACTED.encode()):
                self.learn(_unescaped(value))
                self.counts["a credential"] += 1
                changes.append((match.start(2), match.end(2), REDACTED.encode()))
        if kind.startswith("application/x-www-form-urlencoded"):
            for match in _FORM_FIELD.finditer(data):
                if FIELD.search(unquote_plus(match[2].decode("latin-1"))) and match[3] not in (b"", REDACTED.encode()):
                    self.learn(unquote_plus(match[3].decode("utf-8", "replace")))
                    self.counts["a credential"] += 1
                    changes.append((match.start(3), match.end(3), REDACTED.encode()))
        return _replaced(data, sorted(changes), cuts)

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers without credentials: names are kept, and of cookies what they are called."""
        return tuple((name, self._header(name, value)) for name, value in headers)

    def _header(self, name: str, value: str) -> str:
        lower = name.lower()
        if lower in ("cookie", "set-cookie"):
            self.counts["a credential"] += 1
            return self._cookies(lower, value)
        if HEADER.search(lower) and not lower.startswith(("access-control-", "x-ratelimit", "sec-websocket")):
            scheme, blank, rest = value.partition(" ")
            self._learn_credential(scheme, rest if blank else value)
            self.counts["a credential"] += 1
            return f"{scheme} {REDACTED}" if blank else REDACTED
        return self.text(self.url(value) if lower in ("location", "referer", "content-location", "link") else value)

    def _learn_credential(self, scheme: str, value: str) -> None:
        self.learn(value)
        if scheme.lower() == "basic" and (plain := _unbase64(value.encode("latin-1", "replace"))) is not None:
            self.learn(plain.decode("utf-8", "replace").partition(":")[2])

    def _cookies(self, name: str, value: str) -> str:
        pairs = value.split(";")
        kept = []
        for index, pair in enumerate(pairs):
            key, is_pair, content = pair.partition("=")
            if name == "set-cookie" and index:
                kept.append(self.text(pair))
                continue
            self.learn(content.strip())
            kept.append(f"{self.text(key)}={REDACTED}" if is_pair else REDACTED)
        return ";".join(kept)

    def url(self, url: str) -> str:
        """A URL without credentials: no password, no value of a parameter that opens something, no secret anywhere in it."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return self.text(url)
        if "@" in parts.netloc:
            self.learn(parts.password or "")
            parts = parts._replace(netloc=f"{REDACTED}@{parts.netloc.rpartition('@')[2]}")
        pairs = [self._parameter(pair) for pair in parts.query.split("&")] if parts.query else []
        return self.text(urlunsplit(parts._replace(query="&".join(pairs))))

    def _parameter(self, pair: str) -> str:
        name, _, value = pair.partition("=")
        if not value or value == REDACTED or not FIELD.search(unquote_plus(name)):
            return pair
        self.learn(unquote_plus(value))
        self.counts["a credential"] += 1
        return f"{name}={REDACTED}"

    def body(self, data: bytes, headers: Mapping[str, str], cuts: tuple[int, ...] = ()) -> tuple[bytes, tuple[int, ...]]:
        """A body, as it came, without secrets; one that is compressed stays as it came where there is none in it.

        `headers` by lower-case name. Raises Undecodable where it cannot be looked into.
        """
        kind, layers = headers.get("content-type", "").lower(), codings.layers(headers)
        if not layers or not data:
            return self._plain(data, kind, cuts)
        plain = codings.plain(data, layers)
        clean, _ = self._plain(plain, kind, ())
        if clean == plain:
            return data, cuts
        for name in layers:
            clean = codings.coded(clean, name)
        moved = tuple(min(place, len(clean)) for place in cuts)
        return clean, (*moved[:-1], len(clean)) if moved else ()

    def _plain(self, data: bytes, kind: str, cuts: tuple[int, ...]) -> tuple[bytes, tuple[int, ...]]:
        data, cuts = self.credentials(data, kind, cuts)
        return self.cut(data, cuts)


def _replaced(data: bytes, changes: list[tuple[int, int, bytes]], cuts: tuple[int, ...]) -> tuple[bytes, tuple[int, ...]]:
    """Bytes with (start, end, instead) changes made, in order and apart; a cut within one stays within what replaced it."""
    if not changes:
        return data, cuts
    parts, at = [], 0
    for start, end, instead in changes:
        parts += [data[at:start], instead]
        at = end
    return b"".join([*parts, data[at:]]), tuple(_moved(place, changes) for place in cuts)


def _moved(place: int, changes: list[tuple[int, int, bytes]]) -> int:
    shift = 0
    for start, end, instead in changes:
        if place <= start:
            break
        if place < end:
            return start + shift + min(place - start, len(instead))
        shift += len(instead) - (end - start)
    return place + shift


def _origin(place: int, places: list[tuple[int, int, int, int]]) -> int:
    """Where a place of a decoded text was before; `places` are its escapes: (there, start, end here, length there)."""
    index = bisect_right(places, place, key=lambda item: item[0]) - 1
    if index < 0:
        return place
    there, start, end, length = places[index]
    return end + place - there - length if place >= there + length else start


def _json_escape(token: bytes) -> bytes:
    try:
        return str(json.loads(b'"' + token + b'"')).encode("utf-8", "surrogatepass")
    except ValueError:
        return token


def _html_escape(token: bytes) -> bytes:
    return html.unescape(token.decode("ascii")).encode("utf-8", "surrogatepass")


_ESCAPES: Final[tuple[tuple[re.Pattern[bytes], Callable[[bytes], bytes]], ...]] = (
    (re.compile(rb"%[0-9A-Fa-f]{2}"), lambda token: bytes([int(token[1:], 16)])),
    (re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[/\"\\bfnrt]"), _json_escape),
    (re.compile(rb"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);"), _html_escape),
)


def _forms(value: str) -> list[bytes]:
    """A value as texts carry it, always in the same order; the first is the value itself."""
    once = json.dumps(value)[1:-1]
    wide = json.dumps(value, ensure_ascii=False)[1:-1]
    texts = [value, once, wide, once.replace("/", "\\/"), json.dumps(once)[1:-1], json.dumps(wide, ensure_ascii=False)[1:-1],
             quote(value), quote(value, safe=""), quote_plus(value), quote(quote(value, safe=""), safe=""),
             "".join(f"%{byte:02X}" for byte in value.encode()), html.escape(value), html.escape(value, quote=False), repr(value)[1:-1],
             "".join(f"\\u{ord(char):04x}" for char in value), value[::-1], value.encode().hex(), value.encode().hex(" "),
             value.encode().hex(":"), value.encode("utf-8", "surrogateescape").decode("latin-1")]  # fmt: skip
    found = [text.encode("utf-8", "surrogateescape") for text in texts]
    old = "latin-1" if all(ord(char) < 256 for char in value) else "utf-8"
    return [
        *found,
        value.encode("utf-16-le", "surrogatepass"),
        value.encode("utf-16-be", "surrogatepass"),
        value.encode(old, "surrogateescape"),
    ]


def _parts(secret: Secret) -> Iterator[Secret]:
    """What is secret within a secret: the password of a URL, the keys in a file of JSON."""
    try:
        password = urlsplit(secret.value).password or ""
    except ValueError:
        password = ""
    if password:
        yield Secret(secret.name, password, REDACTED)
    try:
        content = json.loads(secret.value)
    except (ValueError, RecursionError):
        return
    if isinstance(content, dict):
        for name, value in content.items():
            if isinstance(value, str) and len(value) >= 16 and FIELD.search(str(name)):
                yield Secret(secret.name, value, REDACTED)


def _cores(data: bytes) -> list[bytes]:
    """The characters of base64, in both alphabets, that some bytes alone decide, at each of three alignments."""
    found = []
    for before in range(3):
        first = -(-before * 8 // 6)
        whole = (before + len(data)) * 8 // 6
        text = base64.b64encode(b"\0" * before + data)[first:whole]
        found += [text, text.replace(b"+", b"-").replace(b"/", b"_")]
    return [core for core in dict.fromkeys(found) if len(core) >= SHORTEST_SECRET]


def _filler(like: bytes) -> bytes:
    return (b"cmVkYWN0ZWQ" * (len(like) // 11 + 1))[: len(like)]


def _unbase64(text: bytes) -> bytes | None:
    bare = text.rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    bare = bare[: len(bare) - 1] if len(bare) % 4 == 1 else bare
    try:
        return base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _unescaped(value: bytes) -> str:
    try:
        return str(json.loads(b'"' + value + b'"'))
    except ValueError:
        return value.decode("utf-8", "replace")


def _is_card(text: str) -> bool:
    """Whether digits are the number of a payment card: the first digit of a scheme, and Luhn's check (ISO/IEC 7812-1)."""
    digits = "".join(char for char in text if char.isdigit())
    return int(digits[0]) in (2, 3, 4, 5, 6) and luhn.holds(digits)


def lengths(cuts: tuple[int, ...]) -> tuple[int, ...]:
    """The lengths of the pieces between places that begin with 0; pieces that vanished are left out."""
    return tuple(end - start for start, end in pairwise(cuts) if end > start)

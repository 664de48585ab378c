"""When two requests are the same: their canonical form, and in what the nearest of others differs. Pure.

A request is its method, host, path, sorted query, a few headers, and its body: JSON with sorted keys, a form with sorted
fields, parts without their boundary, anything else by its digest. What is volatile (fields named so, a run's folder) is
left out of it. Nothing is taken for the same that only looks alike.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from readiness.formats import codings

HEADERS: Final = re.compile(r"accept|content-type|range|openai-beta|anthropic-(?:version|beta)|api-version|x-api-version")
"""Headers that decide what is answered."""
VOLATILE: Final = ("idempotency_key", "idempotencyKey", "request_id", "requestId", "traceparent", "nonce")
"""Fields that are new with each request, in every request."""
_LEFT_OUT: Final = "[volatile]"
_SHOWN: Final = 60
_COMPARED: Final = 200
_PORTS: Final = {"http": 80, "https": 443}

Tidy = Callable[[str], str]


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Canonical:
    """A request in canonical form: `leaves` are its facts by name, `key` their digest."""

    method: str
    host: str
    path: str
    leaves: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        """The digest two requests share that are the same."""
        return hashlib.sha256(json.dumps([self.method, self.host, self.path, self.leaves]).encode()).hexdigest()

    @property
    def shown(self) -> str:
        """Method, host and path."""
        return f"{self.method} {self.host}{self.path}"


def canonical(
    method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes, volatile: Sequence[str] = (), tidy: Tidy = str
) -> Canonical:
    """The canonical form of a request, of which what is secret was taken out before; `tidy` takes out what a run's place is."""
    parts = urlsplit(url)
    left_out = frozenset((*VOLATILE, *volatile))
    named = {name.lower(): value for name, value in headers}
    leaves = _numbered("query ", parse_qsl(parts.query, keep_blank_values=True), left_out, tidy)
    for name, value in named.items():
        if HEADERS.fullmatch(name):
            kept = value.partition(";")[0] if name == "content-type" else value
            leaves.append((f"header `{name}`", kept.strip().lower()))
    leaves += _body(body, named, left_out, tidy)
    return Canonical(method.upper(), _host(parts.scheme, parts.netloc), tidy(parts.path) or "/", tuple(sorted(leaves)))


def _host(scheme: str, netloc: str) -> str:
    host = netloc.rpartition("@")[2].lower()
    return host.removesuffix(f":{_PORTS.get(scheme, 0)}")


def _body(body: bytes, headers: Mapping[str, str], left_out: frozenset[str], tidy: Tidy) -> list[tuple[str, str]]:
    kind = headers.get("content-type", "")
    with suppress(codings.Undecodable):
        body = codings.plain(body, codings.layers(headers))
    if not body:
        return []
    if (boundary := re.search(r'boundary="?([^";]+)', kind)) is not None and kind.lower().startswith("multipart/"):
        return _parts(body, boundary[1].strip().encode("latin-1", "replace"), left_out, tidy)
    looks_like_json = body.lstrip()[:1] in (b"{", b"[")  # urllib calls everything a form
    if kind.lower().startswith("application/x-www-form-urlencoded") and not looks_like_json:
        return _numbered("", parse_qsl(body.decode("utf-8", "surrogateescape"), keep_blank_values=True), left_out, tidy)
    try:
        # a number is the same where it is written the same
        value = json.loads(body, parse_float=_Number, parse_int=_Number, parse_constant=_Number)
    except (ValueError, RecursionError):
        return [("the body", _text(body, tidy))]
    return _leaves("", value, left_out, tidy)


def _leaves(at: str, value: Any, left_out: frozenset[str], tidy: Tidy) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    waiting: list[tuple[str, str, Any]] = [(at, "", value)]
    while waiting:
        place, name, item = waiting.pop()
        if name in left_out or re.sub(r"\[\d+\]", "[]", place) in left_out:
            found.append((f"`{place}`", _LEFT_OUT))
        elif isinstance(item, dict) and item:
            waiting += [(f"{place}.{_step(key)}" if place else _step(key), key, inner) for key, inner in item.items()]
        elif isinstance(item, list) and item:
            waiting += [(f"{place}[{index}]", "", inner) for index, inner in enumerate(item)]
        else:
            found.append((f"`{place}`" if place else "the body", _scalar(item, tidy)))
    return found


def _step(key: str) -> str:
    """A key as a step of a path; one that could be taken for several is written as JSON has it."""
    return key if re.fullmatch(r"[\w-]+", key) else json.dumps(key)


def _scalar(value: Any, tidy: Tidy) -> str:
    if isinstance(value, _Number):
        return str(value)
    return json.dumps(tidy(value) if isinstance(value, str) else value, ensure_ascii=False)


def _numbered(kind: str, pairs: Iterable[tuple[str, str]], left_out: frozenset[str], tidy: Tidy) -> list[tuple[str, str]]:
    """Pairs sorted by name; of those that share one the order is kept, since it may be meant."""
    found, seen = [], Counter[str]()
    for name, value in pairs:
        seen[name] += 1
        often = f" {seen[name]}" if seen[name] > 1 else ""
        found.append((f"{kind}`{name}`{often}", _LEFT_OUT if name in left_out else tidy(value)))
    return found


def _parts(body: bytes, boundary: bytes, left_out: frozenset[str], tidy: Tidy) -> list[tuple[str, str]]:
    found, seen = [], Counter[str]()
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        about = head.decode("utf-8", "surrogateescape")
        name = re.search(r'name="?([^";\r\n]*)', about)
        bare = name[1] if name else ""
        seen[bare] += 1
        label = f"{bare} {seen[bare]}" if seen[bare] > 1 else bare
        if bare in left_out:
            found.append((f"part `{label}`", _LEFT_OUT))
            continue
        found.append((f"part `{label}`", _text(content.removesuffix(b"\r\n"), tidy)))
        found.append((f"head of part `{label}`", "; ".join(sorted(line.strip() for line in about.splitlines() if line.strip()))))
    return found


def _text(body: bytes, tidy: Tidy) -> str:
    try:
        return tidy(body.decode())
    except UnicodeDecodeError:
        return f"{len(body)} bytes {hashlib.sha256(body).hexdigest()}"


def nearest(asked: Canonical, recorded: Sequence[Canonical]) -> tuple[int, str]:
    """Which recorded request is nearest to one that was not recorded, and in what it differs; (-1, "") where none is.

    The same endpoint comes first, then the fewest facts that differ, then those most alike, then the earliest.
    """
    if not recorded:
        return -1, ""
    distances = [_distance(asked, other) for other in recorded]
    tied = [index for index, distance in enumerate(distances) if distance == min(distances)]
    index = max(tied, key=lambda place: (_likeness(asked, recorded[place]), -place)) if len(tied) > 1 else tied[0]
    return index, difference(asked, recorded[index])


def _likeness(asked: Canonical, other: Canonical) -> float:
    """How alike the facts are in which two requests differ: 0 to 1, by the longest runs they share."""
    ours, theirs = (_grouped(tuple(sorted(set(one.leaves) - set(two.leaves)))) for one, two in ((asked, other), (other, asked)))
    shared = [(ours[name][:_COMPARED], theirs[name][:_COMPARED]) for name in ours if name in theirs]
    return sum(SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in shared) / max(1, len(shared))


def _distance(asked: Canonical, other: Canonical) -> tuple[bool, bool, bool, int]:
    differing = set(asked.leaves) ^ set(other.leaves)
    return asked.host != other.host, asked.path != other.path, asked.method != other.method, len(differing)


def difference(asked: Canonical, recorded: Canonical) -> str:
    """In what two requests differ, in one line, the first difference in full: recorded against asked."""
    pairs = [
        ("the method", recorded.method, asked.method),
        ("the host", recorded.host, asked.host),
        ("the path", recorded.path, asked.path),
    ]
    told = [f"{name} was {old} and is {new}" for name, old, new in pairs if old != new]
    ours, theirs = _grouped(asked.leaves), _grouped(recorded.leaves)
    names = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    for name in names:
        old, new = theirs.get(name), ours.get(name)
        if old is None:
            told.append(f"{name} was not there and is {_short(new or '')}")
        elif new is None:
            told.append(f"{name} was {_short(old)} and is not there")
        else:
            told.append("{} was {} and is {}".format(name, *_apart(old, new)))
    return "; ".join(told[:2]) + (f"; and {len(told) - 2} more" if len(told) > 2 else "")


def _grouped(leaves: tuple[tuple[str, str], ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in leaves:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _apart(one: str, two: str) -> tuple[str, str]:
    """Two long texts, each shown from shortly before where they begin to differ."""
    if len(one) <= _SHOWN and len(two) <= _SHOWN:
        return one, two
    same = next((index for index, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    start = max(0, same - 15)
    dots = "…" if start else ""
    return f"{dots}{_short(one[start:])}", f"{dots}{_short(two[start:])}"


def _short(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

"""Two environments compared, part by part; a part that one of them lacks is not compared, and said so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from readiness.layers.infrastructure.diff import values
from readiness.layers.infrastructure.diff.change import Change, Uncompared
from readiness.layers.infrastructure.diff.sides import PARTS
from readiness.layers.infrastructure.evidence import Factor, Snapshot
from readiness.layers.infrastructure.secrecy import looks_secret

_F = Factor.INFRASTRUCTURE
KEYED_ELSEWHERE = "their values were keyed on another machine, so only names were compared"


def compared(one: Snapshot, two: Snapshot) -> tuple[list[Change], list[Uncompared]]:
    """What differs between two environments, the most consequential part first, and what could not be compared."""
    changes = list(_packages(one, two))
    changes += _altered(one, two)
    for part, place in (("interpreter", "interpreter"), ("images", "image"), ("blas", "BLAS")):
        changes += _texts(part, place, one, two)
    changes += _resources(one, two)
    changes += _cpu(one, two)
    changes += _texts("system", "operating system", one, two)
    changes += _texts("system_packages", "system package", one, two)
    changes += _variables(one, two)
    return changes, _uncompared(one, two)


def _both(part: str, one: Snapshot, two: Snapshot) -> bool:
    return part not in one.absent and part not in two.absent


def _uncompared(one: Snapshot, two: Snapshot) -> list[Uncompared]:
    found = []
    crossed = _crossed(one, two) is not None
    for part, name in PARTS.items():
        whys = [snapshot.absent[part] for snapshot in (one, two) if part in snapshot.absent]
        if whys and not (crossed and part in ("packages", "locked")):
            found.append(Uncompared(name, "; ".join(sorted(set(whys))), len(whys) == 1))
    if _both("variables", one, two) and one.key != two.key:
        found.append(Uncompared("values of environment variables", KEYED_ELSEWHERE, may_differ=True))
    return found


def _texts(part: str, place: str, one: Snapshot, two: Snapshot) -> Iterator[Change]:
    if _both(part, one, two):
        yield from _maps(place, getattr(one, part), getattr(two, part))


def _maps(place: str, one: Mapping[str, str], two: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted({*one, *two}):
        before, after = one.get(name), two.get(name)
        if before != after:
            yield Change(_F, place, name, *(value if value is None else values.short(value) for value in (before, after)))


def _packages(one: Snapshot, two: Snapshot) -> Iterator[Change]:
    installed = {change.name: change for change in _texts("packages", "installed", one, two)}
    pinned = {change.name: change for change in _texts("locked", "locked", one, two)}
    for name in sorted({*installed, *pinned}):
        here, there = installed.get(name), pinned.get(name)
        if here and there and (here.before, here.after) == (there.before, there.after):
            yield Change(_F, "installed and locked", name, here.before, here.after)
        else:
            yield from (change for change in (here, there) if change is not None)
    crossed = _crossed(one, two)
    if crossed is not None:
        yield from _maps("installed against locked", *crossed)


def _crossed(one: Snapshot, two: Snapshot) -> tuple[Mapping[str, str], Mapping[str, str]] | None:
    """What is installed on one side and locked on the other, where neither is known of both."""
    if _both("packages", one, two) or _both("locked", one, two):
        return None
    if "packages" not in one.absent and "locked" not in two.absent:
        return one.packages, two.locked
    if "locked" not in one.absent and "packages" not in two.absent:
        return one.locked, two.packages
    return None


def _altered(one: Snapshot, two: Snapshot) -> Iterator[Change]:
    if _both("packages", one, two):
        for name in sorted({*one.altered} ^ {*two.altered}):
            there = name in one.altered
            yield Change(_F, "installed file not as shipped", name, "" if there else None, None if there else "")


def _resources(one: Snapshot, two: Snapshot) -> Iterator[Change]:
    if not _both("resources", one, two):
        return
    same_key = one.key == two.key
    for address in sorted({*one.resources, *two.resources}):
        before, after = one.resources.get(address), two.resources.get(address)
        if before is None or after is None:
            yield Change(_F, "resource", address, None if before is None else "", None if after is None else "")
            continue
        for name in sorted({*before, *after}):
            old, new = before.get(name), after.get(name)
            keyed = any((value or "").startswith("hmac:") for value in (old, new))
            if old != new and (same_key or not (keyed and old and new)):
                hidden = keyed or any(looks_secret(name, value or "") for value in (old, new))
                yield Change(_F, f"resource {address}", name, *(None if value is None else "" if hidden else value for value in (old, new)))


def _cpu(one: Snapshot, two: Snapshot) -> Iterator[Change]:
    if not _both("cpu", one, two):
        return
    yield from _maps("processor", *({"model": side.cpu.get("model", "")} for side in (one, two)))
    flags, others = ({*side.cpu.get("flags", "").split()} for side in (one, two))
    gone, new = (" ".join(sorted(left)) for left in (flags - others, others - flags))
    if gone or new:
        yield Change(_F, "processor", "features", values.short(gone) or None, values.short(new) or None)


def _variables(one: Snapshot, two: Snapshot) -> Iterator[Change]:
    if not _both("variables", one, two):
        return
    for name in sorted({*one.variables, *two.variables}):
        before, after = one.variables.get(name), two.variables.get(name)
        if before is None or after is None or (before != after and one.key == two.key):
            yield Change(_F, "variable", name, None if before is None else "", None if after is None else "")


def drift(side: str, snapshot: Snapshot) -> list[str]:
    """What is odd about one environment by itself: installed versions that the lock does not name."""
    if "packages" in snapshot.absent or "locked" in snapshot.absent:
        return []
    off = [
        f"{name} {version} is installed, the lock says {snapshot.locked[name]}"
        for name, version in snapshot.packages.items()
        if name in snapshot.locked and version not in snapshot.locked[name].split(", ")
    ]
    more = [f"and {len(off) - 5} more"] if len(off) > 5 else []
    return [f"{side}: {line}" for line in (*off[:5], *more)]

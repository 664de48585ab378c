"""Locks: a signed statement of what an outcome said, when, and what its baseline was at that time.

A lock is a DSSE envelope around an in-toto Statement whose subject is the outcome (SHA-256 of the canonical bytes of the
parsed YAML, so that comments and layout may change). Of the baseline it holds the number, and the digest of the units that
gave it, so that none can be exchanged for another later. It lies beside the outcome as `<id>.lock.json` and is committed.
`tuning` fixes, before there is any result, the error rate of the later comparison and the number of units it is tuned for:
those the baseline's rate gives until the horizon.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from readiness.config.manifest import Manifest
from readiness.formats import canonical, intoto
from readiness.formats.canonical import digest
from readiness.formats.outcomes import Outcome, Window
from readiness.layers.measurement.units import Baseline
from readiness.sequence.evidence import Digest
from readiness.world import keys

PREDICATE: Final = "urn:readiness:outcome-lock:v1"
ALPHA: Final = 0.05


@dataclass(frozen=True, slots=True)
class Tuning:
    """The error rate of the comparison to come and the number of units its precision is tuned for."""

    alpha: float
    planned_units: int


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock as its envelope says it; `signer` is the key it names, believed only where `signed_by` says so."""

    outcome: str
    outcome_digest: Digest
    version: int
    locked_at: datetime
    baseline: Baseline | None
    tuning: Tuning
    previous: tuple[Digest, ...]
    signer: str
    envelope: Digest


def make(outcome: Outcome, baseline: Baseline | None, now: datetime, key: keys.Key, before: Lock | None = None) -> bytes:
    """The bytes of a lock; `before` is the lock it replaces, whose next version it is."""
    predicate: dict[str, Any] = {
        "outcome": outcome.id,
        "version": before.version + 1 if before else 1,
        "locked_at": canonical.moment(now),
        "baseline": _baseline_to_json(baseline) if baseline else None,
        "tuning": {"alpha": ALPHA, "planned_units": planned_units(outcome, baseline)},
        "previous": [*before.previous, before.envelope] if before else [],
    }
    sha256 = outcome.digest.removeprefix("sha256:")
    return intoto.envelope(intoto.statement(f"outcome:{outcome.id}", sha256, PREDICATE, predicate), key.id, key.sign)


def planned_units(outcome: Outcome, baseline: Baseline | None) -> int:
    """How many units the horizon gives at the rate of the baseline; 0 where there is none."""
    if baseline is None:
        return 0
    return round((baseline.units + baseline.open) / baseline.window.days * outcome.horizon_days)


def read(data: bytes) -> Lock:
    """The lock in an envelope, not yet believed. Raises Refused where it holds none."""
    signed = intoto.open_envelope(data)
    body = intoto.read_statement(signed.payload, PREDICATE)
    try:
        return _lock(body, signed.signatures[0][0], digest(data))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise intoto.Refused(f"holds no lock ({type(error).__name__}: {error})") from None


def believed(data: bytes, trusted: Collection[str]) -> str:
    """Why the signature of a lock is not believed: `untrusted`, `broken`; empty where it is."""
    signed = intoto.open_envelope(data)
    message = intoto.encoding(signed.payload)
    ours = [(key, signature) for key, signature in signed.signatures if key in trusted]
    if any(keys.verifies(key, signature, message) for key, signature in ours):
        return ""
    foreign = [(key, signature) for key, signature in signed.signatures if key not in trusted]
    return "untrusted" if any(keys.verifies(key, signature, message) for key, signature in foreign) and not ours else "broken"


def trusted(manifest: Manifest) -> frozenset[str]:
    """The keys whose locks count: the user's own and those of [trust]."""
    mine = keys.own(make=False)
    return frozenset({*(item.key for item in manifest.trust), *([mine.id] if mine is not None else [])})


def _baseline_to_json(baseline: Baseline) -> dict[str, Any]:
    window = baseline.window
    return {"from": window.first.isoformat(), "to": window.last.isoformat(), "units": baseline.units, "open": baseline.open,
            "value": baseline.value, "rows": baseline.rows}  # fmt: skip


def _lock(body: dict[str, Any], signer: str, envelope: Digest) -> Lock:
    predicate = body["predicate"]
    locked_at = datetime.fromisoformat(predicate["locked_at"])
    if locked_at.tzinfo is None:
        raise ValueError("a time without its zone")
    tuning = Tuning(float(predicate["tuning"]["alpha"]), int(predicate["tuning"]["planned_units"]))
    found = predicate["baseline"]
    baseline = None
    if found is not None:
        window = Window(date.fromisoformat(found["from"]), date.fromisoformat(found["to"]))
        value = None if found["value"] is None else float(found["value"])
        rows = found.get("rows")  # locks of before did not hold it
        baseline = Baseline(window, int(found["units"]), int(found["open"]), value, None if rows is None else Digest(str(rows)))
    return Lock(
        outcome=str(predicate["outcome"]),
        outcome_digest=Digest(f"sha256:{body['subject'][0]['digest']['sha256']}"),
        version=int(predicate["version"]),
        locked_at=locked_at,
        baseline=baseline,
        tuning=tuning,
        previous=tuple(Digest(str(item)) for item in predicate["previous"]),
        signer=signer,
        envelope=envelope,
    )

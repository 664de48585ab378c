"""Cases for the kernel: a small catalogue over three layers, evidence by hand, and strategies that generate both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, product

from hypothesis import strategies as st

from readiness.sequence.check import CheckSpec, Cost
from readiness.sequence.evidence import Digest, Evidence
from readiness.sequence.finding import Basis, Finding, Outcome, Problem
from readiness.sequence.layers import Layer
from readiness.sequence.mode import Declaration, Mode
from readiness.sequence.stakes import Stakes
from readiness.sequence.verdict import Case
from readiness.sequence.waiver import Waiver

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
TREE = Digest("sha256:" + "a" * 64)
OTHER_TREE = Digest("sha256:" + "b" * 64)
RESEARCH = Declaration(Mode.RESEARCH, date(2026, 12, 20), "a paper", "ana")
SUBJECTS = ("app.py", "compose.yaml")


def spec(name: str, layer: Layer, *, from_: Stakes | None = Stakes.ANNOYANCE, modes: frozenset[Mode] = frozenset()) -> CheckSpec:
    return CheckSpec(f"{layer.value}.{name}", layer, name, Cost.STATIC, "tests.nowhere", from_, modes)


INSTALLS = spec("installs", Layer.INFRASTRUCTURE)
RECREATES = spec("recreates", Layer.INFRASTRUCTURE, modes=frozenset({Mode.RESEARCH}))
SURVIVES = spec("survives", Layer.INFRASTRUCTURE, from_=Stakes.MONEY)
TIDY = spec("tidy", Layer.INFRASTRUCTURE, from_=None)
REFUSED = spec("refused", Layer.SECURITY)
PROBED = spec("probed", Layer.SECURITY, from_=Stakes.SAFETY)
RENAMED = spec("renamed", Layer.SECURITY, from_=None)
CONTRACTS = spec("contracts", Layer.DATA)
SPECS = (INSTALLS, RECREATES, SURVIVES, TIDY, REFUSED, PROBED, RENAMED, CONTRACTS)
IDS = tuple(item.id for item in SPECS)
ADVISORY = (TIDY.id, RENAMED.id)


def finding(check: str, outcome: Outcome = Outcome.HOLDS, *subjects: str, basis: Basis = Basis.EXECUTED) -> Finding:
    return Finding(check, outcome, basis, subject="app.py", problems=tuple(Problem(name, "is wrong") for name in subjects))


def evidence(found: Finding, *, age: timedelta = timedelta(hours=1)) -> Evidence:
    made_at = NOW - age
    return Evidence(found, TREE, made_at, made_at + timedelta(days=7))


def case(*findings: Finding, specs: tuple[CheckSpec, ...] = SPECS, mode: Declaration | None = None) -> Case:
    """Every check of `specs` holds, executed an hour ago, but for those in `findings`."""
    told = {item.check: item for item in findings}
    return Case(
        specs=specs,
        evidence={item.id: evidence(told.get(item.id, finding(item.id))) for item in specs},
        tree=TREE,
        now=NOW,
        mode=mode or Declaration(),
        upto=Layer.DATA,
    )


def waiver(check: str, subject: str, *, days: int = 30) -> Waiver:
    starts = TODAY - timedelta(days=1)
    return Waiver(
        f"w-{check}-{subject}", check, subject, "on its way out", "ana", "ben", starts, starts + timedelta(days=days), signed=True
    )


def stale(check: str) -> st.SearchStrategy[Evidence]:
    """Evidence that does not count: of another tree, expired, older than 7 days whatever it says, or of the future."""
    found = finding(check)
    week, far = timedelta(days=7), NOW + timedelta(days=3650)
    hours = st.integers(0, 24 * 30).map(lambda count: timedelta(hours=count))
    return st.one_of(
        st.just(Evidence(found, OTHER_TREE, NOW, NOW + week)),
        hours.map(lambda age: Evidence(found, TREE, NOW - timedelta(days=1), NOW - age)),
        hours.map(lambda age: Evidence(found, TREE, NOW - week - age, far)),
        hours.map(lambda ahead: Evidence(found, TREE, NOW + timedelta(minutes=5, seconds=1) + ahead, far)),
    )


@dataclass(frozen=True, slots=True)
class Change:
    """What makes a case differ from one where everything holds: other evidence for a check, and what is waived of it."""

    check: str
    evidence: Evidence | None
    waived: tuple[str, ...] = ()


def _changes() -> Iterator[Change]:
    for check in IDS:
        old = Evidence(finding(check), TREE, NOW - timedelta(days=8), NOW + timedelta(days=1))
        yield from (Change(check, None), Change(check, None, SUBJECTS), Change(check, old))
        for basis in Basis:
            yield Change(check, evidence(finding(check, basis=basis)), SUBJECTS)
            yield Change(check, evidence(finding(check, Outcome.NOT_APPLICABLE, basis=basis)))
            for outcome, subjects in product((Outcome.FAILS, Outcome.UNKNOWN), ((), SUBJECTS[:1], SUBJECTS)):
                found = evidence(finding(check, outcome, *subjects, basis=basis))
                yield from (Change(check, found), Change(check, found, SUBJECTS[:1]), Change(check, found, SUBJECTS))


CHANGES = tuple(_changes())


@st.composite
def cases(draw: st.DrawFn, *, modes: tuple[Declaration, ...] = (Declaration(), RESEARCH)) -> Case:
    """Any case over the catalogue or most of it, where all but a few checks hold."""
    dropped = draw(st.sampled_from(((), (), *combinations(SPECS, 1), *combinations(SPECS, 2))))
    changes = {change.check: change for change in draw(st.lists(st.sampled_from(CHANGES), max_size=4))}
    specs = tuple(item for item in SPECS if item not in dropped)
    told = {item.id: evidence(finding(item.id)) for item in specs if item.id not in changes}
    return Case(
        specs=specs,
        evidence=told | {change.check: change.evidence for change in changes.values() if change.evidence},
        tree=TREE,
        now=NOW,
        mode=draw(st.sampled_from(modes)),
        stakes=draw(st.sampled_from(Stakes)),
        waivers=tuple(waiver(change.check, name) for change in changes.values() for name in change.waived),
        upto=draw(st.sampled_from((Layer.DATA, Layer.DATA, Layer.SECURITY, Layer.INFRASTRUCTURE))),
    )

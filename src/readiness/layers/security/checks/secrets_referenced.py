"""Every credential the code asks for is declared by reference, belongs to somebody, and is fresh.

Proves: for each key of this system it is written down where it is kept, who answers for it and when it was last changed.
Needed above: what a key opens is only as safe as the key; one that nobody knows of is not changed when somebody leaves.
Executed: nothing is; the source of the product is read for the variables it asks for (Python, notebooks, JavaScript; also
through pydantic's settings, decouple, environs and Streamlit), the demo's `secrets` are added, and those that hold a
credential by their name are held against `[[security.secret]]`. The age of a secret kept in a file of the project is that
of the file in the history, and never younger than it. A file that is to be encrypted by age is read by its whole header;
a file that git tracks must be encrypted.
Cannot see: whether a secret was really changed on the day its owner says, or only encrypted anew; what a vault holds;
variables that a library reads by itself, names put together at run time, or that do not sound like a credential's; other
languages; whether the owner still works here, which `readiness secrets rotate-check` looks up.
Repair: name each under [[security.secret]]: where it is kept, its owner, and the day it was last changed.
Source: "secrets live in spreadsheets"; one compromised key that nobody rotated opens the whole training data set.
"""

from __future__ import annotations

from dataclasses import dataclass

from readiness.layers.security import credentials, references
from readiness.layers.security.credentials import Wanted
from readiness.layers.security.references import Source, State
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.wording import counted, listed
from readiness.world.context import Context

ID = "security.secrets-referenced"
EXPECTED = "every credential is declared, owned and fresh"


@dataclass(frozen=True, slots=True)
class Observed:
    """The credentials that code and demo ask for, those of them that no reference names, and every reference as it stands."""

    wanted: tuple[Wanted, ...]
    undeclared: tuple[Wanted, ...]
    states: tuple[State, ...]


def observe(context: Context) -> Observed:
    """Reads what is asked for, and looks at what is declared."""
    found = credentials.wanted(context.project, context.demo.demo)
    declared = context.manifest.security.secrets
    states = tuple(references.state(context.project, reference, context.now.date()) for reference in declared)
    return Observed(found, references.undeclared(found, declared), states)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails for a credential that is not declared, has no owner, is too old or lies open; unknown where no age can be told."""
    if not observed.wanted and not observed.states:
        return Finding(
            ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="no code that was read asks for a credential, and the demo for none"
        )
    problems = tuple(_problems(observed))
    untold = [state for state in observed.states if state.age_days is None and not any(fault.what == "rotated" for fault in state.faults)]
    if problems:
        return _failing(observed, problems, untold)
    if untold:
        return _untold(untold)
    stated = [state.reference.name for state in observed.states if state.source is Source.DECLARED]
    notes = (f"last rotated as its owner says, which nothing shows: {listed(stated)}",) if stated else ()
    count = counted(len(observed.states), "credential")
    oldest = max((state for state in observed.states), key=lambda state: state.age_days or 0)
    text = f"{count} declared, owned and fresh; the oldest, {oldest.reference.name}, is {counted(oldest.age_days or 0, 'day')} old"
    return Finding(ID, Outcome.HOLDS, Basis.OBSERVED, "", EXPECTED, text, notes=notes)


def _problems(observed: Observed) -> list[Problem]:
    unnamed = [
        Problem(item.name, f"{item.name} is {'read' if item.read else 'asked for by the demo'} and declared nowhere", item.places[0])
        for item in observed.undeclared
    ]
    faults = [
        Problem(f"{state.reference.name} {fault.what}", fault.text, state.location) for state in observed.states for fault in state.faults
    ]
    return [*unnamed, *faults]


def _failing(observed: Observed, problems: tuple[Problem, ...], untold: list[State]) -> Finding:
    first = problems[0]
    if observed.undeclared:
        name = observed.undeclared[0].name
        text = (
            f'declare each in readiness.toml: [[security.secret]] name = "{name}", ref = "env:{name}", owner = "…", rotated = the day it '
            "was last changed"
        )
        remedy = Remedy(text, "readiness secrets list")
    else:
        remedy = Remedy(
            "correct what it names; once a key is changed where it is issued, change its `rotated`", "readiness secrets rotate-check"
        )
    notes = (f"the age of {listed(state.reference.name for state in untold)} cannot be told",) if untold else ()
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    return Finding(
        ID, Outcome.FAILS, Basis.OBSERVED, first.subject, EXPECTED, f"{first.text}{more}", first.text, Cause.PROJECT, first.location,
        remedy, problems, notes,
    )  # fmt: skip


def _untold(untold: list[State]) -> Finding:
    first = untold[0]
    names = listed(state.reference.name for state in untold)
    problems = tuple(Problem(f"{one.reference.name} age", f"{one.reference.name}: {one.untold}", one.location) for one in untold)
    remedy = Remedy("write the day it was last changed: rotated = … under [[security.secret]]", "readiness secrets rotate-check")
    return Finding(
        ID, Outcome.UNKNOWN, Basis.OBSERVED, f"{first.reference.name} age", EXPECTED, f"the age of {names} cannot be told",
        f"the age of {names} is not known: {first.untold}", Cause.NOT_EXERCISED, first.location, remedy,
        problems,
    )  # fmt: skip

"""Every dataset the demo reads is covered by a contract that names an owner.

Proves: nobody has to guess what the data should look like, or whom to ask when it does not.
Needed above: which data a decision rested on is only known for data somebody described.
Executed: the demo runs, and what it is seen to read (files by their access times, tables by the server's statistics) is
compared with what the contracts of the project cover. Documents in one folder are one dataset.
Cannot see: data read over the network, files of suffixes that are no data, reads on file systems without access times,
owners that only a section of a GitLab CODEOWNERS names.
Repair: describe the dataset in an ODCS contract; what is no data is named in `not_data` of [data].
Source: "show me the data contracts": the answer was a folder of that name, full of insurance policies.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from datetime import date

from readiness.formats import codeowners
from readiness.formats.odcs import Contract
from readiness.layers.data import contracts, datasets, evaluation, infer, locate
from readiness.layers.data.datasets import Dataset
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted
from readiness.world import demo as demos
from readiness.world.context import Context

ID = "data.contracts-exist"
_OWNERS = (*codeowners.PLACES, ".gitlab/CODEOWNERS")


@dataclass(frozen=True, slots=True)
class Observed:
    """The datasets that were read, which of them no contract covers, which contracts name nobody.

    `read` is None where it cannot be known, and `cause` and `reason` say why; `invalid` are files that are no contract.
    """

    demo: str = ""
    read: tuple[Dataset, ...] | None = None
    uncovered: tuple[Dataset, ...] = ()
    nobody: tuple[Problem, ...] = ()
    invalid: tuple[str, ...] = ()
    contracts: int = 0
    unread: tuple[str, ...] = ()
    cause: Cause = Cause.NONE
    reason: str = ""


def observe(context: Context) -> Observed:
    """Runs the demo and compares what it read with what contracts cover."""
    demo = context.demo.demo
    if demo is None:
        return Observed()
    name = demos.name(demo)
    if context.session.blocked is not Cause.NONE:
        return Observed(name, cause=context.session.blocked, reason=context.session.why_blocked)
    if why := evaluation.not_run(context):
        return Observed(name, cause=Cause.NOT_EXERCISED, reason=why)
    run = context.demo.first
    if run.reads is None:
        reason = "which files were read cannot be seen: this file system keeps no access times"
        return Observed(name, cause=Cause.SYSTEM, reason=reason)
    files = [path for path in run.reads if datasets.is_data(path, context.manifest.data.not_data) and path not in demos.declared(demo)]
    tables = datasets.of_tables(run.database.tables) if run.database is not None else []
    found = contracts.find(context.project, context.manifest)
    where = evaluation.places(context)
    covered = [(contract, _covered(contract, where)) for contract in found.read]
    every = {thing for _, things in covered for thing in things}
    missing = datasets.of_files(path for path in files if path not in every)
    return Observed(
        name, (*datasets.of_files(files), *tables), (*missing, *(item for item in tables if item.table not in every)),
        tuple(problem for contract in found.read if (problem := _nobody(contract, context)) is not None),
        found.invalid_files, len(found.read),
        tuple(contract.file for contract, things in covered if contract.objects and not things.intersection(_things(files, tables))),
    )  # fmt: skip


def _things(files: list[str], tables: list[Dataset]) -> set[object]:
    return {*files, *(item.table for item in tables)}


def _covered(contract: Contract, where: locate.Places) -> set[object]:
    """The files and tables that the objects of a contract describe."""
    found: set[object] = set()
    for item in contract.objects:
        source = locate.locate(contract, item, where)
        found |= {path for path, _ in source.files}
        found |= {source.table} if source.table is not None else set()
    return found


def _nobody(contract: Contract, context: Context) -> Problem | None:
    """What is wrong with the team of a contract, where nobody is in it; CODEOWNERS may give the file to somebody instead."""
    place = Location(contract.file, contract.team_line or 1)
    if contract.members and not any(member.active(_today(context)) for member in contract.members):
        return Problem(f"{contract.file}: team", f"{contract.file}: everybody in the team has left", place)
    if contract.members:
        return None
    owners = next((name for name in _OWNERS if name in context.project.paths), "")
    if owners and codeowners.owners_of(codeowners.parse(context.project.text(owners)), contract.file):
        return None
    beside = f", and {owners} gives the file to nobody" if owners else ""
    return Problem(f"{contract.file}: team", f"{contract.file} names nobody: its team has no member{beside}", place)


def _today(context: Context) -> date:
    return context.now.date()


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where a dataset that is read has no contract, or a contract has nobody; notes contracts nothing matches."""
    if not observed.demo:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.EXECUTED, reason="there is no demo that could read data")
    if observed.read is None:
        return no_finding(
            ID, observed.reason, observed.cause, Remedy("check where the demo runs", "readiness check --only recreates-elsewhere")
        )
    if not observed.read:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.EXECUTED, observed.demo, reason="the demo read no data")
    notes = tuple(f"{file}: the demo read nothing it describes" for file in observed.unread)
    uncovered = tuple(_problem(item) for item in observed.uncovered)
    problems = (*uncovered, *observed.nobody)
    total = len(observed.read)
    said = f"{counted(total, 'dataset')} read, {total - min(total, len(uncovered))} covered by {counted(observed.contracts, 'contract')}"
    if not problems:
        return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed.demo, observed=said, notes=notes)
    first = problems[0]
    reason = first.text
    if uncovered and observed.invalid:
        reason = f"{reason} ({observed.invalid[0]} is no valid contract and covers nothing)"
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, first.subject, "a contract with an owner for every dataset that is read", said, reason,
        Cause.PROJECT, first.location, _remedy(observed), problems, notes,
    )  # fmt: skip


def _problem(item: Dataset) -> Problem:
    if item.table is not None:
        return Problem(item.name, f"the table {item.name} was read and has no contract")
    what = f"{item.name}, {len(item.files)} files," if len(item.files) > 1 else item.name
    return Problem(item.name, f"{what} was read and has no contract", Location(item.files[0]))


def _remedy(observed: Observed) -> Remedy:
    if not observed.uncovered:
        return Remedy("name somebody in `team` who has not left", f"sed -n 1,20p {observed.nobody[0].subject.partition(':')[0]}")
    if observed.invalid:
        return Remedy("correct the contract that cannot be read", "readiness check --only contracts-hold")
    item = observed.uncovered[0]
    if item.files and not infer.can_read(item.files[0]):
        text = "keep it in a form whose rows are read here (csv, jsonl, parquet), or name it in not_data of [data]"
        return Remedy(text, "readiness checks contracts-exist")
    stem = posixpath.splitext(posixpath.basename(item.name.rstrip("/*")))[0].strip("*.") or "data"
    return Remedy(
        f"describe it in contracts/{stem}.odcs.yaml, which this begins, or name it in not_data of [data]",
        f"readiness data infer {infer.argument(item.name, item.files[0] if item.files else '')}",
    )

"""A climb and its plan as text."""

from __future__ import annotations

import textwrap

from readiness.runs.exchange import Exported, Imported
from readiness.runs.recreate import FAILS, NOT_APPLICABLE, REACHED, TITLES, UNKNOWN, Recreated, Rung
from readiness.runs.recreated import Plan
from readiness.sequence.wording import counted

MARKS = {REACHED: "✓", FAILS: "✗", UNKNOWN: "?", NOT_APPLICABLE: "-"}
WIDTH = 112


def render(found: Recreated) -> str:
    """Each rung with what was seen, the hidden causes of R1 with their repair, and the claim."""
    commit = f" @{found.project.commit[:7]}" if found.project.commit else ""
    lines = [f"readiness recreate · {found.project.id}{commit} · `{found.demo}` · Python {found.python}"]
    for rung in found.rungs:
        lines += _rung(rung)
    if found.offered:
        lines += [
            "  what differs by itself looks like times and ids; where that is what they are, say so in readiness.toml:",
            f"    {found.offered}",
        ]
    lines += [f"  {warning}" for warning in found.warnings]
    return "\n".join([*lines, _claim(found)])


def _rung(rung: Rung) -> list[str]:
    lines = _wrapped(f"  {MARKS[rung.state]} {rung.name}  {TITLES[rung.number]}: ", "" if _listed(rung) else rung.text)
    survey = rung.survey
    if survey is None:
        return lines
    if _listed(rung):
        lines = [f"  {MARKS[rung.state]} {rung.name}  {TITLES[rung.number]}: {_count(rung)}"]
    for item in survey.blamed:
        lines += _wrapped("      ✗ ", item.text) + _wrapped("        fix  ", item.repair)
    for chance in survey.chance:
        lines += _wrapped("      ~ chance: ", chance.text) + _wrapped("        fix  ", chance.repair)
    lines += [line for name, why in {**survey.untold, **survey.untried}.items() for line in _wrapped(f"      ? {name}: ", why)]
    lines += [line for name, why in survey.stated.items() for line in _wrapped(f"      - {name}: ", why)]
    if survey.equal:
        lines += _wrapped("      = ", f"no difference with another {', '.join(survey.equal)}")
    return lines


def _listed(rung: Rung) -> bool:
    return rung.survey is not None and bool(rung.survey.blamed or rung.survey.chance)


def _count(rung: Rung) -> str:
    assert rung.survey is not None, "only R1 lists causes"
    causes = len(rung.survey.blamed) + sum(bool(item.cause) for item in rung.survey.chance)
    return f"{counted(causes, 'hidden cause')}, in {counted(rung.survey.runs, 'run')} of the demo"


def _wrapped(first: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * (len(first) if len(first) < 14 else 8),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip(" :")]


def _claim(found: Recreated) -> str:
    if found.claim < 0:
        return "Claim: none. The demo was not even rerun with the same result."
    beyond = [rung.name for rung in found.rungs if rung.number > found.claim and rung.state == REACHED]
    more = f" {', '.join(beyond)} too, which counts once what is between them does." if beyond else ""
    return f"Claim: R{found.claim}, {TITLES[found.claim]}.{more}"


def planned(plan: Plan) -> str:
    """What would run, be written and be downloaded, and how often the demo runs."""
    lines = [f"readiness recreate --plan · {plan.id}", f"  demo         {plan.demo}"]
    lines += [f"  {name}           {text}" for name, text in plan.rungs]
    lines += [f"  would write  {path}" for path in plan.writes]
    lines.append(f"  network      {plan.network}")
    often = f"{plan.least} times" if plan.most == plan.least else f"{plan.least} times, up to about {plan.most} where causes are looked for"
    long = f"; {plan.least} runs take about {max(plan.seconds, 1):.0f} s, by the last time" if plan.seconds is not None else ""
    return "\n".join([*lines, f"  the demo runs {often}{long or '; how long it takes is not known here yet'}"])


def exported(found: Exported) -> str:
    """What was written, and what to do with it."""
    lines = [
        f"{found.path}: {found.file_count} files, {found.output_count} outputs, {found.size_bytes / 1024:.0f} KiB",
        f"  tree {found.tree[7:19]}, signed by {found.key}",
        f"On another machine: readiness recreate --import {found.path.name}",
    ]
    return "\n".join(lines)


def imported(found: Imported) -> str:
    """Whether the snapshot gave the same here, and what to do with the result."""
    result = found.result
    mark = {0: "✓ the same result", 1: "✗ another result"}.get(found.exit_code, "? could not be told")
    lines = [f"readiness recreate --import · {found.project_id} · tree {result.tree[7:19]}", f"  made by {result.snapshot_by}"]
    lines += _wrapped(f"  {mark}", f": {result.reason}" if result.reason else f" on {result.system} with Python {result.python}")
    lines += [f"  {found.path}, signed by {result.by}", f"Where it was exported: readiness evidence add {found.path.name}"]
    return "\n".join(lines)

"""A verdict as text for a terminal."""

from __future__ import annotations

import os
import re
import shlex
import sys
import textwrap
from pathlib import Path
from typing import Final

from readiness.runs.check import Judged
from readiness.runs.since import Comparison
from readiness.sequence.finding import Outcome
from readiness.sequence.layers import ORDER, TITLES
from readiness.sequence.mode import Mode
from readiness.sequence.organization import Organization
from readiness.sequence.ratchet import Worse
from readiness.sequence.verdict import CheckResult, LayerResult
from readiness.sequence.wording import agreeing

MARKS: Final = {
    Outcome.HOLDS: "✓",
    Outcome.FAILS: "✗",
    Outcome.UNKNOWN: "?",
    Outcome.WAIVED: "~",
    Outcome.NOT_APPLICABLE: "·",
    Outcome.WAITS: " ",
}
_WORDS: Final = {
    Outcome.HOLDS: "holds",
    Outcome.FAILS: "does not hold",
    Outcome.UNKNOWN: "could not be told",
    Outcome.WAIVED: "waived",
    Outcome.WAITS: "waits",
}
_COLOURS: Final = {Outcome.HOLDS: "32", Outcome.FAILS: "31", Outcome.UNKNOWN: "33", Outcome.WAIVED: "35"}
_WIDTH: Final = 110
_TITLE: Final = 23
"""How wide the column of titles is at least."""


def coloured() -> bool:
    """Whether standard output takes colour: a terminal, and NO_COLOR not set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def render(judged: Judged, *, colour: bool = False, asked: Path | None = None) -> str:
    """The verdict: a line on what was judged, the layers in order, the layer held and the next thing to do.

    Commands go first to the project where it lies below `asked`, the folder the command was called for.
    """
    lines = [_head(judged)]
    layers = [layer for layer in judged.verdict.layers if layer.checks or not judged.only]
    waiting = [layer for layer in layers if layer.outcome is Outcome.WAITS or not layer.checks]
    column = _column(judged)
    for layer in layers:
        if layer not in waiting:
            lines += _layer(layer, column, colour, judged.manifest.mode.mode)
    lines += _waiting(waiting, column, colour)
    lines += _organization(judged.organization, column, colour)
    lines += [f"  note  {warning}" for warning in (*judged.warnings, *judged.verdict.warnings)]
    lines += _tail(judged)
    way = _way(judged.project.root, asked)
    lines = [re.sub(r"^(?:\x1b\[2m)? +\$ ", lambda found: found[0] + way, line) for line in lines]
    return "\n".join(line.rstrip() for line in lines).encode("utf-8", "replace").decode()


def _column(judged: Judged) -> int:
    """How wide the titles of what is shown are."""
    checks = [check for layer in judged.verdict.layers for check in layer.checks]
    return max([_TITLE, *(len(check.spec.title) for check in (*checks, *judged.organization.checks))])


def _way(root: Path, asked: Path | None) -> str:
    """How a shell gets to the project from the folder that was asked about; empty where it is there."""
    folder = root.relative_to(asked.resolve()).as_posix() if asked is not None and root.is_relative_to(asked.resolve()) else "."
    return "" if folder == "." else f"cd {shlex.quote(folder)} && "


def _head(judged: Judged) -> str:
    project = judged.project
    at = f" @{project.commit[:7]}{'+' if project.dirty else ''}" if project.commit else ""
    parts = [f"readiness check · {project.id}{at}", judged.python, str(judged.manifest.mode.mode)]
    if judged.cached:
        parts.append("from evidence, nothing was run")
    return " · ".join(part for part in parts if part)


def _layer(layer: LayerResult, column: int, colour: bool, mode: Mode) -> list[str]:
    if not layer.asked:
        return [f"{layer.layer.number} {TITLES[layer.layer]:<15} not asked in this mode", *_advice(layer, column, colour)]
    word = _paint(f"{MARKS[layer.outcome]} {_WORDS[layer.outcome]}", layer.outcome, colour)
    reason = f" ({layer.reason})" if layer.reason else ""
    asked = "" if mode is Mode.PRODUCTION else f", as far as {mode} mode asks"
    lines = [f"{layer.layer.number} {TITLES[layer.layer]:<15} {word}{asked}{reason}"]
    for check in layer.checks:
        lines += _check(check, column, colour)
    return lines


def _advice(layer: LayerResult, column: int, colour: bool) -> list[str]:
    """What was seen in a layer that the mode skips, a line a check."""
    return [_dimmed(_check(check, column, colour=False)[0], colour) for check in layer.checks]


def _check(check: CheckResult, column: int, colour: bool) -> list[str]:
    finding = check.finding
    mark = _paint(MARKS[finding.outcome], finding.outcome, colour)
    text = finding.observed or finding.reason or finding.outcome.replace("_", " ")
    if finding.outcome is Outcome.NOT_APPLICABLE:
        text = f"not applicable: {finding.reason}"
    if check.evidence is None and not check.required:
        return [f"  {MARKS[Outcome.NOT_APPLICABLE]} {check.spec.title:<{column}} not run: it only advises at these stakes (--all runs it)"]
    elapsed = f"  {finding.elapsed_ms / 1000:.0f} s" if finding.elapsed_ms >= 1000 else ""
    advisory = "" if check.required else "  (advisory)"
    seen = "  (observed)" if finding.basis == "observed" and finding.outcome in (Outcome.HOLDS, Outcome.FAILS) else ""
    lines = [f"  {mark} {check.spec.title:<{column}} {_shortened(text)}{seen}{advisory}{elapsed}"]
    if finding.outcome in (Outcome.FAILS, Outcome.UNKNOWN):
        if finding.reason and finding.reason != text:
            lines += _field("why", finding.reason)
        if finding.remedy.text:
            lines += _field("fix", finding.remedy.text)
        if finding.remedy.command:
            lines.append(f"            $ {finding.remedy.command}")
    return lines + [line for note in finding.notes for line in _field("note", note)]


def _field(name: str, text: str) -> list[str]:
    wrapped = textwrap.wrap(text, _WIDTH - 12, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"      {name:<5} {wrapped[0]}", *(f"            {line}" for line in wrapped[1:])]


def _shortened(text: str) -> str:
    return text if len(text) <= 140 else f"{text[:139]}…"


def _waiting(waiting: list[LayerResult], column: int, colour: bool) -> list[str]:
    waits = [layer for layer in waiting if layer.outcome is Outcome.WAITS]
    empty = [layer for layer in waiting if layer.outcome is not Outcome.WAITS]
    lines = []
    if empty:
        names = "  ".join(f"{layer.layer.number} {TITLES[layer.layer]}" for layer in empty)
        lines.append(
            f"{names}   nothing proven: this version has no check of it" if empty[0].asked else f"{names}   not asked in this mode"
        )
    if waits:
        names = "  ".join(f"{layer.layer.number} {TITLES[layer.layer]}" for layer in waits)
        lines.append(f"{names}   wait on layer {waits[0].layer.number - 1}")
        lines += _seen_there([check for layer in waits for check in layer.checks], column, colour)
    return lines


def _seen_there(checks: list[CheckResult], column: int, colour: bool) -> list[str]:
    """What already fails in layers that are not judged yet, in a line each."""
    failing = [check for check in checks if check.finding.outcome is Outcome.FAILS and check.required]
    if not failing:
        return []
    lines = [f"    {check.spec.title:<{column}} {_shortened(check.finding.observed or check.finding.reason)}" for check in failing]
    return [_dimmed(line, colour) for line in ("  seen there, not judged:", *lines)]


def _organization(found: Organization, column: int, colour: bool) -> list[str]:
    """The conditions on approval, which block no layer: a line each, and what would help where one does not hold."""
    if not found.checks:
        return []
    lines = [f"Organization, for approval: {_WORDS.get(found.outcome, found.outcome.replace('_', ' '))}"]
    for check in found.checks:
        told = _check(check, column, colour=False)
        lines += told[:1] if check.finding.outcome in (Outcome.HOLDS, Outcome.NOT_APPLICABLE) else told
    return [_dimmed(line, colour) for line in lines]


def _dimmed(text: str, colour: bool) -> str:
    return f"\x1b[2m{text}\x1b[0m" if colour else text


def _tail(judged: Judged) -> list[str]:
    verdict = judged.verdict
    if judged.only:
        word = {Outcome.FAILS: "does not hold", Outcome.UNKNOWN: "could not be told"}.get(verdict.outcome, "holds")
        return [f"Only {', '.join(judged.only)} {agreeing(len(judged.only), 'was', 'were')} asked for: {word}."]
    held = f"Layer held: {verdict.layer_held}"
    if verdict.layer_held:
        held += f" ({TITLES[ORDER[verdict.layer_held - 1]].lower()})"
    mode = judged.manifest.mode
    if verdict.next is None and verdict.exit_code:
        return [f"{held}. {_unasked(judged)}"]
    if verdict.next is None and mode.mode is not Mode.PRODUCTION:
        return [f"{held}. What {mode.mode} mode asks for holds, until {mode.until}; it is never deployable."]
    if verdict.next is None:
        return [f"{held}. Nothing blocks."]
    command = f"  $ {verdict.next.command}" if verdict.next.command else ""
    named = f" [{verdict.next.check}]" if verdict.next.check else ""
    return [f"{held}. Next: {verdict.next.text}{named}", *([command] if command else [])]


def _unasked(judged: Judged) -> str:
    """What stands in the way where no layer was asked: nothing was judged, which is no yes."""
    return f"Nothing is proven: mode {judged.manifest.mode.mode} asks for no check that is here, and what nobody judged does not hold."


def worse(found: Comparison, revision: str) -> str:
    """What got worse since a revision, in a line each, and what could not be judged then and does not hold now."""
    name = f"{revision} ({found.commit[:7]})"
    lines = [f"Since {name} {len(found.worse)} got worse:" if found.worse else f"Since {name}: nothing got worse."]
    lines += [_step(item) for item in found.worse]
    if found.seen:
        lines.append(f"{len(found.seen)} newly seen, which could not be judged then:")
        lines += [_step(item) for item in found.seen]
    return "\n".join(lines)


def _step(item: Worse) -> str:
    subjects = f": {', '.join(item.new_subjects[:5])}" if item.new_subjects else ""
    return f"  {item.check}  {item.before} → {item.after}{subjects}"


def _paint(text: str, outcome: Outcome, colour: bool) -> str:
    code = _COLOURS.get(outcome)
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code else text

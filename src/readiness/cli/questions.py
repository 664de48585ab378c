"""`readiness questions`."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from readiness.runs.changed import Changed
    from readiness.runs.questions import Answer, Answered, Line

_SHOWN: Final = 8
_WIDTH: Final = 110


def parser() -> argparse.ArgumentParser:
    """The command line of `questions`."""
    found = argparse.ArgumentParser(
        "readiness questions", description="Answer the five questions that expose unreadiness from evidence, or say what is missing."
    )
    found.add_argument("path", nargs="?", type=Path, default=Path(), help="folder of the project (default: here)")
    found.add_argument("--format", choices=("text", "json"), default="text", help="what standard output gets (default: text)")
    return found


def run(argv: list[str]) -> int:
    """Answers the questions and returns 0 where all are answered, 1 where one is answered with no, 3 where one could not be."""
    given = parser().parse_args(argv)
    from readiness.cli import progress
    from readiness.runs import check, questions

    found = [questions.questions(root, check.Watcher(progress=progress.line)) for root in check.locate(given.path)]
    print("\n\n".join((_json if given.format == "json" else _text)(item) for item in found))
    return next((code for code in (1, 3) if code in [item.exit_code for item in found]), 0)


def _text(found: Answered) -> str:
    project = found.judged.project
    at = f" @{project.commit[:7]}{'+' if project.dirty else ''}" if project.commit else ""
    lines = [f"readiness questions · {project.id}{at} · {found.judged.manifest.mode.mode}"]
    for answer in found.answers:
        lines += ["", *_answer(answer)]
    count = sum(answer.outcome == "holds" for answer in found.answers)
    lines += ["", f"{count} of 5 answered."]
    return "\n".join(line.rstrip() for line in lines).encode("utf-8", "replace").decode()


def _answer(answer: Answer) -> list[str]:
    from readiness.cli.text import MARKS

    word = {"holds": "answered", "fails": "no", "waived": "no, and waived"}.get(answer.outcome, "not answered")
    lines = [
        f"{answer.number} {answer.question}",
        f"  {MARKS[answer.outcome]} {word}{'; seen, not judged: a layer below does not hold' if answer.waits else ''}",
    ]
    for line in answer.lines:
        lines += _line(line)
    if answer.changed is not None:
        lines += _changed(answer.changed)
    if answer.missing:
        lines += _wrapped("missing  ", answer.missing)
    if answer.command:
        lines.append(f"             $ {answer.command}")
    return lines


def _line(line: Line) -> list[str]:
    from readiness.cli.text import MARKS

    basis = f" ({line.basis}, word of {line.witness})" if line.witness else ""
    return [
        *_wrapped(f"{MARKS[line.outcome]} ", f"{line.title}: {line.text}{basis}"),
        *(part for note in line.notes for part in _wrapped("  ", note)),
    ]


def _changed(found: Changed) -> list[str]:
    if found.poc is None:
        return []
    day = f" of {found.poc.made:%Y-%m-%d}" if found.poc.made else ""
    lines = [f"    since {found.poc.commit[:7]}{day}, by {found.poc.known_by}: {found.summary}"]
    for factor in found.factors:
        if factor.lines:
            lines.append(f"    {factor.name}")
            lines += [f"      {line}" for line in factor.lines[:_SHOWN]]
            lines += [f"      and {len(factor.lines) - _SHOWN} more"] if len(factor.lines) > _SHOWN else []
    return lines


def _wrapped(mark: str, text: str) -> list[str]:
    wrapped = textwrap.wrap(text, _WIDTH - 4 - len(mark), break_long_words=False, break_on_hyphens=False) or [""]
    return [f"    {mark}{wrapped[0]}", *(f"    {' ' * len(mark)}{line}" for line in wrapped[1:])]


def _json(found: Answered) -> str:
    from readiness.formats import answers

    project = found.judged.project
    listed = [
        answers.answer(
            item.number, item.question, item.outcome.value, waits=item.waits, missing=item.missing, command=item.command,
            checks=[_check(line) for line in item.lines], changed=_changes(item.changed),
        )
        for item in found.answers
    ]  # fmt: skip
    return answers.render(project.id, project.tree, found.exit_code, listed)


def _check(line: Line) -> dict[str, Any]:
    return {
        "id": line.check, "outcome": line.outcome.value, "text": line.text, "notes": list(line.notes),
        "basis": line.basis or None, "witness": line.witness or None,
    }  # fmt: skip


def _changes(found: Changed | None) -> dict[str, Any] | None:
    if found is None or found.poc is None:
        return None
    return {
        "commit": found.poc.commit, "known_by": found.poc.known_by,
        "made": f"{found.poc.made:%Y-%m-%dT%H:%M:%SZ}" if found.poc.made else None,
        "factors": {factor.name: list(factor.lines) for factor in found.factors},
    }  # fmt: skip

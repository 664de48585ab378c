"""The approver's page in Markdown, in the form of a Markdown Architectural Decision Record (MADR 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from readiness.formats.approval_page import ASKS, STEPS, Aim, Mistake, Page, Risk, Row, Step

OPTIONS: Final = {
    True: ("approve", "pilot", "not ready", "fix the organisation first", "stop"),
    False: ("build", "not yet"),
}
"""The answers there are: to the question whether it may run, and whether it may be built."""
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|!~&])")


def render(page: Page, beside: Mapping[str, str]) -> str:
    """The whole file; `beside` names the files beside it with their digests, so that a signature covers them too."""
    because = page.reason[:1].lower() + page.reason[1:]
    chosen = f'Chosen option: "{page.decision}", because {_e(because)}'
    parts = [
        f"---\nstatus: proposed\ndate: {page.date}\ndecision-makers: {json.dumps(list(page.approvers), ensure_ascii=False)}\n---",
        f"# {_e(page.project)}: {_e(page.gate.lower())}",
        f"**{_e(page.headline)}.** {_e(' '.join((*page.dates, *page.setting)))}",
        "## Context and problem statement\n\n### What improves, and for whom",
        "\n\n".join(_aim(aim) for aim in page.aims) or "Nobody has written it down.",
        "## Decision drivers\n\n### What a mistake costs",
        _mistakes(page.mistakes) or "Nobody has written it down.",
        "### Who owns it, and who can stop it",
        _rows(page.people),
        "## Considered options",
        "\n".join(f"- {option}" for option in OPTIONS[bool(page.foundations)]),
        "## Decision outcome",
        chosen,
        f"### {STEPS}" if page.steps else "",
        "\n".join(f"{number}. {_step(step)}" for number, step in enumerate(page.steps, 1)),
        "### Consequences: accepted risks",
        "\n".join(f"- {_risk(item)}" for item in page.risks) or "None.",
        f"### {ASKS}" if page.asks else "",
        _rows(page.asks),
        "### Confirmation",
        _rows(page.foundations),
        _rows(page.questions),
        "### Taken on trust",
        "\n".join(f"- {_e(line)}" for line in page.trust) or "Nothing.",
        "## What changed since last time",
        "\n".join(f"- {_e(line)}" for line in page.changes) or "This is the first page.",
        "## More information",
        "\n".join(f"- {_e(name)}: {_code(value)}" for name, value in (*page.foot, *beside.items())),
        _for_engineers(page.steps),
    ]
    return "\n\n".join(part for part in parts if part).encode("utf-8", "replace").decode() + "\n"


def _aim(aim: Aim) -> str:
    pairs = (("Change", aim.change), ("For", aim.beneficiary), ("Owner", aim.owner), ("Problem", aim.problem), ("Measured as", aim.figure),
             ("Before", aim.today), ("Aim", aim.target), ("Does it work?", aim.works))  # fmt: skip
    return "\n".join(f"- {name}: {_e(text)}" for name, text in pairs if text)


def _mistakes(mistakes: tuple[Mistake, ...]) -> str:
    if not mistakes:
        return ""
    rows = [f"| {_e(item.what)} | {_e(item.severity)} | {_e(item.cost)} | {_e(item.allowed)} | {_e(item.proven)} |" for item in mistakes]
    return "\n".join(["| Mistake | How bad | Cost | Allowed | Shown |", "| --- | --- | --- | --- | --- |", *rows])


def _rows(rows: tuple[Row, ...]) -> str:
    return "\n".join(
        f"- **{_e(row.label)}** {row.state}{f': {_e(row.text)}' if row.text else ''}{f' ({_e(row.word)})' if row.word else ''}"
        for row in rows
    )


def _risk(risk: Risk) -> str:
    return (f"**{_e(risk.what)}** {risk.state}: {_e(risk.text)} (until {_e(risk.until)}; carried by {_e(risk.carried_by)}, "
            f"approved by {_e(risk.approved_by)})")  # fmt: skip


def _step(step: Step) -> str:
    return f"{_e(step.text)} By whom: {_e(step.who)}. By when: {_e(step.by or 'no date is agreed')}."


def _for_engineers(steps: tuple[Step, ...]) -> str:
    lines = [f"- {_code(step.check)}: {_e(step.detail)}" for step in steps if step.check]
    return "### For the engineers\n\n" + "\n".join(lines) if lines else ""


def _code(text: str) -> str:
    return f"`{' '.join(text.replace('`', '').split())}`"


def _e(text: str) -> str:
    """A text of the project, so that none of it is markup."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))

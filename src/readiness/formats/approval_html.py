"""The approver's page as one HTML file: no script, nothing from elsewhere, one printed page, readable on a phone."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import Final

from readiness.formats import html_page
from readiness.formats.approval_page import ASKS, STEPS, Aim, Mistake, Page, Risk, Row, State, Step, long_day

_SIGNS: Final[dict[State, tuple[str, str]]] = {
    State.YES: ("✓", "yes"),
    State.NO: ("✕", "no"),
    State.UNKNOWN: ("?", "open"),
    State.STATED: ("~", "open"),
    State.ACCEPTED: ("!", "open"),
    State.WAITS: ("…", "none"),
    State.NONE: ("-", "none"),
}
"""A sign and a colour for each state; the word always stands beside them."""

_STEPS: Final = 5
"""How many steps the page shows, so that it stays one; nobody takes more than five at once."""


def render(page: Page) -> str:
    """The whole file. Every text of the project is escaped, so that none of it is markup."""
    tone = "yes" if page.good and not page.until else "open" if page.until else "no" if page.decision != "not yet" else "open"
    body = [
        f"<h1><b>{_e(page.project)}</b>: {_e(page.gate.lower())} · {_e(long_day(date.fromisoformat(page.date)))}</h1>",
        _lead(page.aims),
        f'<div class="verdict {tone}"><strong>{_e(page.headline)}</strong><p>{_e(page.reason)}</p>'
        f"<small>{_e(' '.join((*page.dates, *page.setting)))}</small></div>",
        _foundations(page.foundations),
        '<div class="grid">',
        *_sections(page),
        "</div>",
        '<div class="sign"><span>Signed by</span><span>Date</span><span>Conditions</span></div>',
        f"<footer>{_foot(page)}</footer>",
    ]
    return html_page.whole(f"{page.project}: {page.headline}", "approval.css", (part for part in body if part))


def _lead(aims: tuple[Aim, ...]) -> str:
    """What improves, and for whom: what is asked comes before what is answered."""
    items = "".join(f"<li>{_e(_sentence(aim.change))} <span>For: {_e(_ended(aim.beneficiary))}</span></li>" for aim in aims)
    return f'<ul class="lead" aria-label="What improves, and for whom">{items or "<li>Nobody has written down what improves.</li>"}</ul>'


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{_ended(text[1:])}"


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _sections(page: Page) -> list[str]:
    asked = "The five questions" if page.foundations else "What must be clear before building"
    return [
        _section(STEPS, _steps(page.steps)),
        _section(ASKS, _rows(page.asks)),
        _section("How the improvement is measured", _aims(page.aims)),
        _section("What a mistake costs", _mistakes(page.mistakes) or _nothing("Nobody has written it down.")),
        _section(asked, _rows(page.questions)),
        _section("Who owns it, and who can stop it", _rows(page.people)),
        _section("Accepted risks", _risks(page.risks) or _nothing("None.")),
        _section("Taken on trust", _plain(page.trust) or _nothing("Nothing.")),
        _section("What changed since last time", _plain(page.changes) or _nothing("This is the first page.")),
    ]


def _section(title: str, body: str) -> str:
    return f"<section><h2>{_e(title)}</h2>{body}</section>" if body else ""


def _foundations(rows: tuple[Row, ...]) -> str:
    items = "".join(
        f'<li class="{_SIGNS[row.state][1]}"><b>{_e(row.label)}</b>{_state(row.state)}<small>{_e(row.word)}</small></li>' for row in rows
    )
    return f'<ol class="steps" aria-label="The five foundations, in order">{items}</ol>' if rows else ""


def _state(state: State) -> str:
    sign, tone = _SIGNS[state]
    return f'<span class="state {tone}"><i aria-hidden="true">{sign}</i>{_e(state)}</span>'


def _rows(rows: tuple[Row, ...]) -> str:
    items = []
    for row in rows:
        word = f' <span class="word">({_e(row.word)})</span>' if row.word else ""
        said = f"<p>{_e(row.text)}{word}</p>" if row.text or word else ""
        items.append(f"<li><div><b>{_e(row.label)}</b>{_state(row.state)}</div>{said}</li>")
    return f'<ul class="rows">{"".join(items)}</ul>' if items else ""


def _aims(aims: tuple[Aim, ...]) -> str:
    return "".join(_aim(aim, named=len(aims) > 1) for aim in aims) or _nothing("Nobody has written down what improves.")


def _aim(aim: Aim, *, named: bool) -> str:
    """How one improvement is measured; of one that is not accepted only why, since its figures mean nothing."""
    figures = (("Measured as", aim.figure), ("Before", aim.today), ("Aim", aim.target), ("Does it work?", aim.works))
    change = (("Change", aim.change),) if named else ()
    pairs = (*change, ("Problem", _sentence(aim.problem))) if aim.problem else (*change, *figures)
    return f"<dl>{''.join(f'<dt>{_e(name)}</dt><dd>{_e(text)}</dd>' for name, text in pairs if text)}</dl>"


def _mistakes(mistakes: tuple[Mistake, ...]) -> str:
    names = ("Mistake", "Cost", "Allowed", "Shown")
    rows = []
    for item in mistakes:
        what = f"{item.what} ({item.severity})" if item.severity else item.what
        cells = zip(names, (what, item.cost, item.allowed, item.proven), strict=True)
        rows.append("<tr>" + "".join(f'<td data-label="{name}">{_e(text)}</td>' for name, text in cells) + "</tr>")
    head = "".join(f"<th>{name}</th>" for name in names)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>" if rows else ""


def _risks(risks: tuple[Risk, ...]) -> str:
    items = []
    for item in risks:
        word = f"until {item.until}; carried by {item.carried_by}, approved by {item.approved_by}"
        what = f'<b>{_e(item.what)}</b> {_e(item.text)} <span class="word">({_e(word)})</span>'
        items.append(f"<li>{_state(item.state)}<p>{what}</p></li>")
    return f'<ul class="rows">{"".join(items)}</ul>' if items else ""


def _steps(steps: tuple[Step, ...]) -> str:
    items = "".join(
        f"<li><p>{_e(item.text)}</p><p>{_e(f'{item.who}, by {item.by}' if item.by else item.who)}</p></li>" for item in steps[:_STEPS]
    )
    notes = [f"And {len(steps) - _STEPS} more, listed in the record beside this page."] if len(steps) > _STEPS else []
    notes += [] if any(item.by for item in steps) else ["Nobody has agreed on a date for any of it."]
    return f'<ol>{items}</ol><p class="word">{" ".join(notes)}</p>' if items else ""


def _plain(lines: tuple[str, ...]) -> str:
    return f'<ul class="plain">{"".join(f"<li>{_e(line)}</li>" for line in lines)}</ul>' if lines else ""


def _nothing(text: str) -> str:
    return f"<p>{_e(text)}</p>"


def _foot(page: Page) -> str:
    return " · ".join(f"{_e(name)} <code>{_e(value)}</code>" for name, value in page.foot)


def _e(text: str) -> str:
    return escape(text.encode("utf-8", "replace").decode())

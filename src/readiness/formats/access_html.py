"""The access matrix as one HTML file for whoever has to agree to it: no script, nothing from elsewhere."""

from __future__ import annotations

from html import escape
from typing import Final

from readiness.formats import html_page
from readiness.formats.access_matrix import Answer, Cell, Matrix, words
from readiness.formats.cedar import Policy
from readiness.formats.cedar.tokens import unquoted

_WORDS: Final = {Answer.YES: "yes", Answer.NO: "no", Answer.DEPENDS: "it depends"}
_MEANT: Final = {
    Answer.YES: "always allowed",
    Answer.NO: "never allowed",
    Answer.DEPENDS: "allowed in some cases, by the rules named",
}


def render(matrix: Matrix, project: str) -> str:
    """The whole file. Every text of the project is escaped, so that none of it is markup."""
    numbers = {policy.id: index + 1 for index, policy in enumerate(matrix.policies)}
    meant = "".join(f'<li><span class="{answer.value}">{_WORDS[answer]}</span> {text}</li>' for answer, text in _MEANT.items())
    body = [
        f"<h1><b>{escape(project)}</b>: who may do what</h1>",
        f"<p>{escape(matrix.source)} What no rule permits is denied; what a rule forbids is denied whatever permits it.</p>",
        f'<ul class="legend">{meant}</ul>',
        *(_action(matrix, action, numbers) for action in matrix.actions),
        "<h2>The rules</h2>",
        f"<ol>{''.join(_rule(policy, numbers[policy.id]) for policy in matrix.policies)}</ol>",
    ]
    return html_page.whole(f"{project}: who may do what", "access.css", body)


def _action(matrix: Matrix, action: str, numbers: dict[str, int]) -> str:
    who, what, cells = matrix.of(action)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in what)
    rows = "".join(
        f'<tr><th scope="row">{escape(one)}</th>{"".join(_cell(cells.get((one, other)), numbers) for other in what)}</tr>' for one in who
    )
    table = f'<table><thead><tr><th scope="col">Who</th>{head}</tr></thead><tbody>{rows}</tbody></table>'
    name = unquoted(action[action.index('"') :])
    return f'<h2>Who may {escape(name)} <small>{escape(action)}</small></h2><div class="wide">{table}</div>'


def _cell(cell: Cell | None, numbers: dict[str, int]) -> str:
    if cell is None:
        return '<td class="none">cannot be asked</td>'
    links = ", ".join(
        f'<a href="#rule-{numbers[policy.id]}" title="{escape(words(policy))}">{numbers[policy.id]}</a>' for policy in cell.policies
    )
    return f'<td class="{cell.answer.value}">{_WORDS[cell.answer]}{f" <small>rule {links}</small>" if links else ""}</td>'


def _rule(policy: Policy, number: int) -> str:
    head = f'<b>{escape(words(policy))}</b> <span class="{policy.effect}">{policy.effect}s</span> <small>{escape(policy.place)}</small>'
    text = f"<details><summary>the rule as written</summary><pre>{escape(policy.text)}</pre></details>"
    return f'<li id="rule-{number}">{head}{text}</li>'

"""The approver's page: nothing of a project is markup in it, it needs nothing from elsewhere, and it speaks plainly."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import approval_html, approval_markdown, approval_page, approval_words
from readiness.formats.approval_page import Aim, Mistake, Page, Risk, Row, State, Step
from readiness.layers import catalog
from readiness.sequence.layers import ORDER
from readiness.sequence.stakes import Stakes

ROWS = tuple(Row(f"Line {state.name}?", state, "It is so.", "tested by the team itself") for state in State)
PAGE = Page(
    project="bot", gate="Go to production?", date="2026-11-20", decision="pilot", headline="A trial only, until 20 December 2026",
    reason="Not all was shown.", until="20 December 2026", ends="2026-12-20", good=True, setting=("A mistake costs money.",),
    aims=(Aim("faster", "everybody", "Grace", "the average", "3 days", "2 days", "Not known."),
          Aim("better", "somebody", "Ada", "the total", "3", "4", "Not known.", "this file is not valid")),
    mistakes=(Mistake("a wrong answer", "costs money", "35 EUR each", "2 in 100", "not shown"),),
    foundations=ROWS[:5], questions=ROWS, people=ROWS[:2], trust=("Everything.",),
    risks=(Risk("It is fixed.", State.ACCEPTED, "Not so.", "1 May 2026", "Ben", "Grace"),),
    steps=(Step("Show this.", "Grace", "20 December 2026", "a.b", "why"),) * 7,
    approvers=("Grace",), foot=(("State", "sha256:ab"),), changes=("It is new.",), previous="2026-11-01-aaaaaaaaaaaa",
)  # fmt: skip


class Reader(HTMLParser):
    """The elements of a page, and everything that leads out of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.leads: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.leads += [name for name, _ in attrs if name in ("src", "href", "action", "srcset", "data") or name.startswith("on")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def filled(text: str) -> Page:
    """A page on which every text of the project is this one."""
    kept = ("date", "gate", "decision", "until", "ends")
    return replace(PAGE, **{field.name: _filled(getattr(PAGE, field.name), text) for field in fields(PAGE) if field.name not in kept})


def _filled(value: Any, text: str) -> Any:  # any value of a page
    if isinstance(value, State | bool):
        return value
    if isinstance(value, str):
        return text if value else ""
    if isinstance(value, tuple):
        return tuple(_filled(item, text) for item in value)
    return type(value)(*(_filled(getattr(value, field.name), text) for field in fields(value)))


PLAIN = Reader(approval_html.render(PAGE))


def test_it_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    text = approval_html.render(PAGE)
    assert PLAIN.leads == []
    assert not {"script", "link", "img", "iframe", "form", "object", "svg"} & set(PLAIN.tags)
    assert not re.search(r"url\(|@import|https?:", text)
    assert "default-src 'none'" in text
    assert PLAIN.open == []


HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=y>', "</title><b>", "&lt;", "\ud800", "a\x00b")
TITLES = ("# title", "| a | b |", "[x](http://y)", "<b>", "`code`", "a\n\n## b", "---")


@given(st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=40))
def test_no_text_of_a_project_is_markup(text: str) -> None:
    found = approval_html.render(filled(text))
    assert Reader(found).tags == PLAIN.tags
    assert Reader(found).leads == []
    found.encode()


@given(st.sampled_from(TITLES) | st.text(min_size=1, max_size=40))
def test_no_text_of_a_project_is_markup_in_the_record(text: str) -> None:
    found = approval_markdown.render(filled(text), {"x.html": "sha256:ab"})
    headings = [line for line in found.splitlines() if re.match(r"#+ ", line)]
    plain = [line for line in approval_markdown.render(PAGE, {"x.html": "sha256:ab"}).splitlines() if re.match(r"#+ ", line)]
    assert headings[1:] == plain[1:]
    assert not re.search(r"(?<!\\)[<\[]", re.sub(r"(?<!\\)`[^`\n]*`", "", found.partition("\n# ")[2]))


def test_the_record_has_the_form_of_a_decision_record() -> None:
    text = approval_markdown.render(PAGE, {"x.html": "sha256:ab"})
    assert text.startswith('---\nstatus: proposed\ndate: 2026-11-20\ndecision-makers: ["Grace"]\n---\n')
    parts = ["## Context and problem statement", "## Decision drivers", "## Considered options", "## Decision outcome",
             'Chosen option: "pilot", because ', "### Confirmation", "## More information"]  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "- x.html: `sha256:ab`" in text


@pytest.mark.parametrize("state", State)
def test_a_colour_never_speaks_alone(state: State) -> None:
    text = approval_html.render(replace(PAGE, questions=(Row("Is it?", state),)))
    assert re.search(rf'<i aria-hidden="true">[^<]</i>{state}</span>', text)


def test_the_page_shows_five_steps_and_the_record_all() -> None:
    assert approval_html.render(PAGE).count("<p>Show this.</p>") == 5
    assert "And 2 more, listed in the record" in approval_html.render(PAGE)
    assert approval_markdown.render(PAGE, {}).count("Show this.") == 7


def test_steps_without_a_date_say_so_once() -> None:
    undated = replace(PAGE, steps=tuple(replace(step, by="") for step in PAGE.steps))
    assert approval_html.render(undated).count("Nobody has agreed on a date for any of it.") == 1
    assert "Nobody has agreed" not in approval_html.render(PAGE)
    assert approval_markdown.render(undated, {}).count("By when: no date is agreed.") == 7


def test_what_improves_comes_before_the_answer_and_the_answer_before_the_rest() -> None:
    text = approval_html.render(PAGE)
    places = [
        text.index(part)
        for part in ("Faster. <span>For: everybody.</span>", "<strong>A trial only, until", "Line YES?", "What would make this a yes")
    ]
    assert places == sorted(places)
    assert "Nobody has written down what improves." in approval_html.render(replace(PAGE, aims=()))


def test_of_an_outcome_that_is_not_accepted_only_the_reason_is_shown() -> None:
    text = approval_html.render(PAGE)
    assert "This file is not valid." in text
    assert "the average" in text
    assert "the total" not in text
    assert "- Problem: this file is not valid" in approval_markdown.render(PAGE, {})


@pytest.mark.parametrize(("text", "said"), [
    ("`chats` is not locked since 2026-11-04", "“chats” is not locked since 4 November 2026."),
    ("outcomes/x.yaml does not say", "outcomes/x.yaml does not say."), ("is it so?", "Is it so?"), ("on 2026-13-01", "On 2026-13-01."),
    ("", "."),
])  # fmt: skip
def test_a_remark_becomes_a_sentence(text: str, said: str) -> None:
    assert approval_words.sentence(text) == said


def luminance(colour: str) -> float:
    """Relative luminance of a colour (WCAG 2.2)."""
    whole = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(whole[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_text_has_the_contrast_of_wcag_aa() -> None:
    style = (Path(approval_html.__file__).parent / "approval.css").read_text()
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6})", style))
    paper = luminance(colours["paper"])
    assert {
        name for name in ("ink", "soft", "yes", "no", "open", "none") if (paper + 0.05) / (luminance(colours[name]) + 0.05) < 4.5
    } == set()


JARGON = re.compile(
    r"\b(SARIF|DSSE|SHA|R[0-5]|JSON|YAML|OTLP|span|trace|commit|git|lock file|container|image|dependency|dependencies|repository"
    r"|endpoint|API|environment|schema|hash|digest|token|CI|POC|waiver|manifest|seed|sandbox|deploy)\b",
    re.IGNORECASE,
)


def test_what_is_printed_is_no_jargon() -> None:
    words = approval_words
    tables = (words.AREAS, words.LAYERS, words.FACTORS, words.FOUNDATIONS, words.STAKES, words.SEVERITY)
    told = [text for table in tables for text in table.values()] + [text for item in words.QUESTIONS.values() for text in item]
    told += [text for both in words.CHECKS.values() for text in both]
    assert [text for text in (*told, *State) if JARGON.search(text)] == []


def test_everything_that_can_be_told_has_words() -> None:
    assert {spec.id for spec in (*catalog.OURS, *catalog.ORGANIZATION)} <= set(approval_words.CHECKS)
    assert set(approval_words.LAYERS) == set(approval_words.FOUNDATIONS) == set(ORDER)
    assert set(approval_words.STAKES) == set(Stakes)
    assert set(approval_words.SEVERITY) == {item.value for item in Stakes}


@pytest.mark.parametrize(("rate", "said"), [(0.02, "2 in 100"), (0.2, "2 in 10"), (1, "all"), (0, "none"), (0.005, "5 in 1,000"),
                                            (0.015, "15 in 1,000"), (1 / 3, "33.3 in 100"), (0.00001, "1 in 100,000")])  # fmt: skip
def test_a_rate_is_said_as_people_say_it(rate: float, said: str) -> None:
    assert approval_words.rate(rate) == said


def test_the_page_comes_back_from_its_file() -> None:
    told = json.loads(approval_page.render(PAGE))
    assert told["schema"] == "readiness/approval/1"
    assert approval_page.states(told) == {row.label: row.state.value for row in ROWS}


@pytest.mark.parametrize(("good", "until"), list(product((True, False), ("", "20 December 2026"))))
def test_a_yes_a_trial_and_a_no_look_different(good: bool, until: str) -> None:
    text = approval_html.render(replace(PAGE, good=good, until=until, decision="not ready"))
    tone = "yes" if good and not until else "open" if until else "no"
    assert f'<div class="verdict {tone}">' in text

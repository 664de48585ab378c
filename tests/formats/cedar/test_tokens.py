"""Tokens lose nothing, know where they are, and texts survive quoting."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.cedar import tokens as words
from readiness.formats.cedar.tokens import Kind

PIECES = st.sampled_from(
    ["permit", "(", ")", '"a b"', '"\\""', "::", "==", " ", "\n", "// note\n", "?principal", "12", "é", '"', "&&", "{", "}", ";"]
)


@given(st.lists(PIECES).map("".join))
def test_every_character_but_space_and_comments_is_in_a_token_at_its_place(text: str) -> None:
    found = words.tokens(text)
    rest = list(text)
    for token in found:
        assert text[token.offset : token.end] == token.text
        line_begin = text.rfind("\n", 0, token.offset) + 1
        assert (token.line, token.column) == (text.count("\n", 0, token.offset) + 1, token.offset - line_begin + 1)
        rest[token.offset : token.end] = " " * len(token.text)
    assert all(not line.strip() or line.strip().startswith("//") for line in "".join(rest).splitlines())


@given(st.text(st.characters(codec="utf-8")))
def test_a_quoted_text_is_one_token_and_says_the_same(text: str) -> None:
    (token,) = words.tokens(words.quoted(text))
    assert token.kind is Kind.TEXT
    assert words.unquoted(token.text) == text


@given(st.text(st.characters(codec="utf-8")))
def test_the_engine_reads_a_quoted_text_as_it_is(text: str) -> None:
    from cedarpy import policies_to_pst
    from cedarpy.pst import ScopeEq

    policy = f"permit (principal == User::{words.quoted(text)}, action, resource);"
    (node,) = policies_to_pst(policy).static_policies.values()
    assert isinstance(node.principal, ScopeEq)
    assert getattr(node.principal.entity, "id", None) == text


def test_a_quote_that_nothing_closes_is_bad() -> None:
    assert [token.kind for token in words.tokens('permit "abc')] == [Kind.WORD, Kind.BAD, Kind.WORD]


def test_depth_counts_brackets_within_each_other_and_every_if() -> None:
    assert words.depth(words.tokens("(a) (b [c {d}])")) == 3
    assert words.depth(words.tokens("if a then b else if c then d else e")) == 2
    assert words.depth(words.tokens("1 < 2 && 3 < 4")) == 0


def test_words_are_found_whatever_space_lies_between() -> None:
    found = words.tokens('action\n  == Action :: "read"')
    assert words.where(found, 'Action::"read"') is found[2]
    assert words.where(found, 'Action::"write"') is None

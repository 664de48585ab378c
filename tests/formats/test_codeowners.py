"""CODEOWNERS as GitHub reads it: its documented examples, and properties of any file."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import codeowners
from readiness.formats.codeowners import Rule, owners_of, parse

STEP = st.text("abc", min_size=1, max_size=3)
PATHS = st.lists(STEP, min_size=1, max_size=4).map("/".join)
MIXED = st.builds(lambda a, b: f"{a}*{b}", st.text("abc", max_size=2), st.text("abc", max_size=2))
PATTERN_STEP = st.one_of(STEP, st.just("*"), st.just("**"), MIXED)
PATTERNS = st.builds(
    lambda lead, steps, trail: f"{lead}{'/'.join(steps)}{trail}", st.sampled_from(["", "/"]),
    st.lists(PATTERN_STEP, min_size=1, max_size=3),
    st.sampled_from(["", "/"]),
).filter(lambda pattern: "***" not in pattern)  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "README.md", True),
        ("*", "a/b/c.py", True),
        ("*.js", "web/app.js", True),
        ("*.js", "web/app.jsx", False),
        ("/build/logs/", "build/logs/today.txt", True),
        ("/build/logs/", "build/logs/old/today.txt", True),
        ("/build/logs/", "other/build/logs/today.txt", False),
        ("docs/*", "docs/getting-started.md", True),
        ("docs/*", "docs/build-app/troubleshooting.md", False),
        ("apps/", "deep/apps/main.py", True),
        ("apps/", "apps/main.py", True),
        ("apps/", "apps", False),
        ("/docs/", "docs/a/b.md", True),
        ("/docs/", "src/docs/a.md", False),
        ("**/logs", "build/logs/x", True),
        ("**/logs", "deeply/nested/logs/x/y", True),
        ("**/logs", "logs", True),
        ("/apps/github", "apps/github/a/b", True),
        ("/scripts/", "scripts", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False),
        ("**", "a/b", True),
        ("**/**/x", "x", True),
        (r"with\ space.md", "with space.md", True),
        (r"\#notes", "#notes", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("Docs/", "docs/a", False),
        ("a.b", "axb", False),
    ],
)
def test_a_pattern_means_what_github_says(pattern: str, path: str, *, matches: bool) -> None:
    assert Rule(pattern, (), 1).matches(path) is matches


def test_the_last_match_wins_and_may_take_owners_away() -> None:
    rules = parse("* @ada  # everything\n/apps/ @grace @org/team\n/apps/github\n\n# nothing\n*.md docs@example.org\n")
    assert owners_of(rules, "main.py") == ("@ada",)
    assert owners_of(rules, "apps/x.py") == ("@grace", "@org/team")
    assert owners_of(rules, "apps/github/x.py") == ()
    assert owners_of(rules, "apps/github/x.md") == ("docs@example.org",)
    assert [rule.line for rule in rules] == [1, 2, 3, 6]


@given(st.lists(st.tuples(PATTERNS, st.sampled_from(["@ada", "@grace", ""])), max_size=6), PATHS)
def test_the_last_matching_line_decides(lines: list[tuple[str, str]], path: str) -> None:
    rules = parse("\n".join(f"{pattern} {owner}" for pattern, owner in lines))
    assert len(rules) == len([pattern for pattern, _ in lines if pattern != "/"])
    matching = [rule for rule in rules if rule.matches(path)]
    assert owners_of(rules, path) == (matching[-1].owners if matching else ())
    assert owners_of((*rules, Rule("*", ("@last",), 99)), path) == ("@last",)


@given(PATTERNS, PATHS)
def test_it_agrees_with_a_matcher_written_step_by_step(pattern: str, path: str) -> None:
    assert Rule(pattern, (), 1).matches(path) is _reference(pattern, path.split("/"))


def _reference(pattern: str, path: list[str]) -> bool:
    """The same semantics without one big expression: steps against steps, by recursion."""
    anchored = "/" in pattern.rstrip("/") if not pattern.startswith("/") else True
    only_folder = pattern.endswith("/")
    steps = [step for step in pattern.split("/") if step]
    starts = range(len(path)) if not anchored else [0]
    return any(_steps(steps, path[start:], only_folder=only_folder) for start in starts)


def _steps(steps: list[str], path: list[str], *, only_folder: bool) -> bool:
    if not steps:
        return True
    if steps[0] == "**":
        if len(steps) == 1:
            return bool(path)
        return any(_steps(steps[1:], path[skip:], only_folder=only_folder) for skip in range(len(path) + 1))
    if not path or not re.fullmatch(re.escape(steps[0]).replace(r"\*", ".*"), path[0]) or (steps[0] == "*" and not path[0]):
        return False
    if len(steps) > 1:
        return _steps(steps[1:], path[1:], only_folder=only_folder)
    if only_folder:
        return len(path) > 1
    return len(path) == 1 or steps[0] != "*"


@given(st.text(max_size=120))
def test_no_text_makes_it_raise(text: str) -> None:
    for rule in parse(text):
        rule.matches("a/b.py")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("!src/ @ada", "does not know"),
        ("src/[ab] @ada", "does not know"),
        ("*** @ada", "does not know"),
        ("* ada", "must be @user"),
        ("* @your-team", "placeholder"),
        ("* @org/team-name-your @your-org/platform", "placeholder"),
        ("* <owner>", "placeholder"),
        ("* @TODO", "placeholder"),
    ],
)
def test_a_line_github_would_skip_is_told(line: str, said: str) -> None:
    told = codeowners.problems(f"# owners\n{line}\n", "CODEOWNERS")
    assert len(told) == 1
    assert told[0].startswith("CODEOWNERS:2: ")
    assert said in told[0]
    assert parse(line) == ()

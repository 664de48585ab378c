"""Requirement files: what they name, what of it is pinned, and that nothing in them is lost or makes us stumble."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.requirements import Line, parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FRAGMENTS = ("numpy", "==1.0", " ", "\n", "\\\n", "#", " # x", "-r ", "-e ", "-", "://", "git+https://h/x", "@", ";", "[", "]",
             "--hash=sha256:a", "python_version<'3'", "\ufeff", ">=", "*", "\x00", "\u2028", "é", "file:///", "=", "'", '"')  # fmt: skip


def one(text: str) -> Line:
    (line,) = parse(text).lines
    return line


@pytest.mark.parametrize(
    ("text", "name", "version", "pinned"),
    [
        ("numpy==2.1.0", "numpy", "2.1.0", True),
        ("numpy===2.1.0", "numpy", "2.1.0", True),
        ("Flask_SQLAlchemy == 3.1", "flask-sqlalchemy", "3.1", True),
        ("torch[cuda]==2.5 ; sys_platform == 'linux'", "torch", "2.5", True),
        ("numpy>=2,==2.1.0", "numpy", "2.1.0", True),
        ("numpy==2.*", "numpy", "", False),
        ("numpy>=2", "numpy", "", False),
        ("numpy~=2.1.0", "numpy", "", False),
        ("numpy", "numpy", "", False),
    ],
)
def test_only_one_exact_release_counts_as_pinned(text: str, name: str, version: str, pinned: bool) -> None:
    line = one(text)
    assert (line.name, line.version, line.pinned, line.direct) == (name, version, pinned, False)


def test_a_line_continued_with_hashes_is_one_requirement_on_its_first_line() -> None:
    found = parse("# made by uv\n\nnumpy==2.1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nrich==13.0 --hash sha256:cc\n")
    assert [(line.name, line.line, line.text, line.hashed) for line in found.lines] == [
        ("numpy", 3, "numpy==2.1.0", True),
        ("rich", 6, "rich==13.0", True),
    ]
    assert found.hashed


def test_one_line_without_a_hash_makes_the_file_unhashed_as_does_an_empty_one() -> None:
    assert not parse("numpy==2.1.0 --hash=sha256:aa\nrich==13.0\n").hashed
    assert not parse("").hashed


def test_a_continuation_that_never_ends_is_read_to_its_end() -> None:
    assert one("numpy==2.1.0 \\").version == "2.1.0"


@pytest.mark.parametrize(
    "text", ["-r base.txt", "--requirement base.txt", "-rbase.txt", "--requirement=base.txt", "-r  base.txt  # all of it"]
)
def test_included_files_are_named(text: str) -> None:
    assert parse(text).includes == ("base.txt",)


@pytest.mark.parametrize("text", ["-c limits.txt", "--constraint limits.txt", "--constraint=limits.txt"])
def test_constraint_files_are_kept_apart(text: str) -> None:
    assert (parse(text).constraints, parse(text).includes) == (("limits.txt",), ())


def test_local_paths_are_local_whether_editable_or_not() -> None:
    assert parse("-e .\n--editable=./sub\n./wheels/x.whl\n../shared[extra]\n/opt/pkg\n").local == (
        ".",
        "./sub",
        "./wheels/x.whl",
        "../shared[extra]",
        "/opt/pkg",
    )


def test_options_are_kept_and_are_no_requirements() -> None:
    found = parse("--index-url https://example.org/simple\n--extra-index-url=https://u:p@h/simple\n--pre\n-r\n")
    assert (len(found.options), found.lines, found.includes, found.unread) == (4, (), (), ())


def test_a_marker_is_kept() -> None:
    assert one("tomli==2.0 ; python_version < '3.11'").marker == 'python_version < "3.11"'


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        (f"git+https://github.com/o/r@{COMMIT}#egg=My_Pkg", "my-pkg", COMMIT),
        (f"-e git+ssh://git@github.com/o/r.git@{COMMIT}#egg=r", "r", COMMIT),
        ("git+https://github.com/o/r@main#egg=r", "r", ""),
        (f"r @ git+https://github.com/o/r@{COMMIT}", "r", COMMIT),
        ("r @ git+https://github.com/o/r@v1.0", "r", ""),
        ("r @ https://h/r-1.0.tar.gz#sha256=aa", "r", "https://h/r-1.0.tar.gz#sha256=aa"),
        ("r @ https://h/r-1.0.tar.gz", "r", ""),
        (f"r@git+https://github.com/o/r@{COMMIT}", "r", COMMIT),
    ],
)
def test_a_url_is_pinned_by_a_whole_commit_or_a_hash(text: str, name: str, version: str) -> None:
    line = one(text)
    assert (line.name, line.version, line.direct) == (name, version, True)


def test_comments_go_and_a_hash_sign_inside_a_url_stays() -> None:
    found = parse("numpy==1.0 # because\n#rich\n   # indented\ngit+https://h/r#egg=r\n")
    assert [(line.name, line.line) for line in found.lines] == [("numpy", 1), ("r", 4)]


def test_what_is_not_understood_is_kept_with_its_line() -> None:
    assert parse("numpy\n<<<<<<< HEAD\nnumpy 1.0\nfoo-1.0-py3-none-any.whl==\n").unread == (
        (2, "<<<<<<< HEAD"),
        (3, "numpy 1.0"),
        (4, "foo-1.0-py3-none-any.whl=="),
    )


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert one("\ufeffnumpy==1.0").name == "numpy"


@given(st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=15).map("".join))
def test_no_text_makes_it_raise_and_no_line_is_out_of_range(text: str) -> None:
    found = parse(text)
    last = max(1, len(text.splitlines()))
    assert all(1 <= line.line <= last for line in found.lines)
    assert all(1 <= number <= last for number, _ in found.unread)


@given(st.lists(st.sampled_from(["numpy==1.0", "-r a.txt", "-c b.txt", "-e .", "--pre", "what is this", "rich --hash=sha256:aa"])))
def test_every_line_lands_in_exactly_one_place(lines: list[str]) -> None:
    found = parse("\n".join(lines))
    places = (found.lines, found.includes, found.constraints, found.local, found.options, found.unread)
    assert sum(map(len, places)) == len(lines)


@pytest.mark.parametrize(
    ("text", "hashed"),
    [
        ("./vendor/My_Tool-1.2.0-py3-none-any.whl", False),
        ("./vendor/My_Tool-1.2.0-py3-none-any.whl --hash=sha256:ab", True),
        ("./My_Tool-1.2.0-py3-none-any.whl \\\n    --hash=sha256:ab", True),
        ("/srv/My_Tool-1.2.0-py3-none-any.whl ; python_version > '3' --hash=sha256:ab", True),
    ],
)
def test_a_wheel_in_the_project_is_one_release_of_one_package(text: str, hashed: bool) -> None:
    line = one(text)
    assert (line.name, line.version, line.pinned, line.hashed, line.direct) == ("my-tool", "1.2.0", True, hashed, True)
    assert parse(text).local == ()


@pytest.mark.parametrize("text", [".", "./tool", "./tool-1.2.0.tar.gz", "./wheel.whl", "-e ./tool"])
def test_another_local_path_is_no_release(text: str) -> None:
    assert parse(text).lines == ()
    assert len(parse(text).local) == 1

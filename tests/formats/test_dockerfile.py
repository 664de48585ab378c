"""Dockerfiles: which images a build starts from, what it copies, runs and sets, each with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.dockerfile import Image, Instruction, is_name, parse, shell_commands

STAGES = """\
# syntax=docker/dockerfile:1
ARG PYTHON=3.12
ARG TAG

FROM --platform=linux/amd64 python:${PYTHON}-slim AS Build
COPY requirements.txt pyproject.toml /app/
RUN pip install -r requirements.txt

FROM build AS test
FROM scratch
from debian@sha256:aa
COPY --from=build /app /app
COPY --chown=app:app ["src", "/app/src"]
ADD model.bin /models/
FROM nginx:${TAG:-1.27}
FROM redis:$MISSING
"""
FRAGMENTS = ("FROM ", "a:1", " AS b", "\n", "\\\n", "# x\n", "RUN ", "ENV A=1", "ENV A b", "COPY ", "--from=", " <<EOF", "EOF", "$A",
             "${A:-", "}", "'", '"', "[", "]", " && ", ";", "ARG A", "=", "\x00", "\u2028", "é", " ")  # fmt: skip


def images(text: str) -> list[str]:
    return [image.reference for image in parse(text).images]


def test_images_from_outside_are_found_with_their_lines() -> None:
    assert parse(STAGES).images == (
        Image("python:3.12-slim", 5),
        Image("debian@sha256:aa", 11),
        Image("nginx:1.27", 15),
        Image("redis:$MISSING", 16),
    )


@pytest.mark.parametrize(
    ("default", "reference"), [("ARG V=3", "python:3"), ('ARG V="3.11"', "python:3.11"), ("ARG V", "python:${V}"), ("", "python:${V}")]
)
def test_an_arg_is_replaced_by_its_default_and_by_nothing_else(default: str, reference: str) -> None:
    assert images(f"{default}\nFROM python:${{V}}\n") == [reference]


def test_an_image_named_like_a_later_stage_comes_from_outside() -> None:
    assert images("FROM base\nFROM python AS base\nFROM BASE\n") == ["base", "python"]


def test_a_from_without_an_image_names_none() -> None:
    assert images("FROM --platform=linux/amd64\n") == []


def test_what_is_copied_from_the_context_is_told_from_what_another_stage_made() -> None:
    assert parse(STAGES).copied == (
        ("requirements.txt", "/app/"),
        ("pyproject.toml", "/app/"),
        ("src", "/app/src"),
        ("model.bin", "/models/"),
    )


def test_a_continued_instruction_is_one_and_comments_inside_it_go() -> None:
    text = "FROM a\n\nRUN apt-get update \\\n    # why curl\n && apt-get install -y \\\n    curl\nCMD x\n"
    assert [(item.name, item.line) for item in parse(text).instructions] == [("FROM", 1), ("RUN", 3), ("CMD", 7)]
    assert parse(text).commands == ((3, ["apt-get", "update"]), (3, ["apt-get", "install", "-y", "curl"]))


def test_a_heredoc_belongs_to_its_run_and_the_next_line_is_read_again() -> None:
    text = 'FROM a\nRUN <<"EOF"\npip install numpy\nFROM inside\nEOF\nFROM b\n'
    assert images(text) == ["a", "b"]
    assert parse(text).commands == ((2, ["pip", "install", "numpy"]), (2, ["FROM", "inside"]))


def test_a_heredoc_that_never_ends_hides_no_image() -> None:
    assert images("FROM a\nRUN <<EOF\nFROM b\n") == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("pip install a && pip install b", [["pip", "install", "a"], ["pip", "install", "b"]]),
        ("cd /app; make || true", [["cd", "/app"], ["make"], ["true"]]),
        ("curl -s url | sh", [["curl", "-s", "url"], ["sh"]]),
        ("FOO=1 BAR='a b' pip install a==1", [["pip", "install", "a==1"]]),
        ("--mount=type=cache,target=/root/.cache --network=none pip install a", [["pip", "install", "a"]]),
        ("--mount=type=cache,target=/x pip install a", [["pip", "install", "a"]]),
        ('["pip", "install", "a"]', [["pip", "install", "a"]]),
        ("pip install 'a>=1' \"b[c]\"", [["pip", "install", "a>=1", "b[c]"]]),
        ("echo 'never closed", [["echo", "'never", "closed"]]),
        ("", []),
        ("&& ;", []),
    ],
)
def test_a_shell_line_is_split_into_its_simple_commands(line: str, commands: list[list[str]]) -> None:
    assert shell_commands(line) == commands


@pytest.mark.parametrize(
    ("line", "variables"),
    [
        ("ENV A=1", {"A": "1"}),
        ('ENV A=1 B="two words" C=a=b', {"A": "1", "B": "two words", "C": "a=b"}),
        ("ENV A one two", {"A": "one two"}),
        ("ENV A", {"A": ""}),
        ("LABEL A=1\nARG B=2", {}),
        ("ENV A=1 \\\n    B=2", {"A": "1", "B": "2"}),
        ("env a=1\nENV a=2", {"a": "2"}),
    ],
)
def test_both_forms_of_env_set_variables(line: str, variables: dict[str, str]) -> None:
    assert parse(line).variables == variables


def test_lines_that_are_no_instruction_are_skipped() -> None:
    assert parse("\n# only\n???\nFROM\nWORKDIR /x\n").instructions == (Instruction("WORKDIR", "/x", 5),)


@given(st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=15).map("".join))
def test_no_text_makes_it_raise_and_lines_stay_in_order(text: str) -> None:
    found = parse(text)
    assert found.images is not None
    assert found.copied is not None
    assert found.commands is not None
    assert found.variables is not None
    lines = [item.line for item in found.instructions]
    assert lines == sorted(set(lines))
    assert all(1 <= line <= len(text.splitlines()) for line in lines)


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.prod", "app.Dockerfile", "Containerfile", "dockerfile", "api.dockerfile"])
def test_a_file_is_a_dockerfile_by_its_name(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["dockerfile.py", "Dockerfile.md", "Dockerfile.txt", "Dockerfile.j2", "Dockerfile.example", "Dockerfile.dockerignore", "notes"]
)
def test_what_is_about_dockerfiles_is_none(name: str) -> None:
    assert not is_name(name)

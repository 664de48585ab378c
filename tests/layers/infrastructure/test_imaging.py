"""Why a build ended badly, from what three builders really said; only what is the Dockerfile's own doing is the project's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import dockerfile
from readiness.layers.infrastructure import imaging
from readiness.sequence.finding import Cause

TEXT = """\
# syntax=docker/dockerfile:1
FROM python:3.12-slim AS one
RUN pip install \\
    -r requirements.txt
FROM one
COPY . .
COPY nothing.txt .
RUN python -c "1/0"
"""

PODMAN = """\
[2/2] STEP 2/4: COPY . .
--> dfdb3391d66
[2/2] STEP 4/4: RUN python -c "1/0"
Traceback (most recent call last):
  File "<string>", line 1, in <module>
ZeroDivisionError: division by zero
building at STEP "RUN python -c "1/0"": while running runtime: exit status 1
"""
BUILDKIT = """\
#9 [stage-1 3/4] RUN python -c "1/0"
#9 0.345 Traceback (most recent call last):
#9 0.345 ZeroDivisionError: division by zero
#9 ERROR: process "/bin/sh -c python -c \\"1/0\\"" did not complete successfully: exit code: 1
------
 > [stage-1 3/4] RUN python -c "1/0":
0.345 ZeroDivisionError: division by zero
------
Dockerfile:10
--------------------
   9 |     COPY nothing.txt .
  10 | >>> RUN python -c "1/0"
--------------------
ERROR: failed to solve: process "/bin/sh -c python -c \\"1/0\\"" did not complete successfully: exit code: 1
"""
LEGACY = """\
Step 6/6 : RUN python -c "1/0"
 ---> Running in 5f1e0c7a3b2d
ZeroDivisionError: division by zero
The command '/bin/sh -c python -c "1/0"' returned a non-zero code: 1
"""


@pytest.mark.parametrize("said", [PODMAN, BUILDKIT, LEGACY])
def test_a_step_that_ends_badly_is_the_projects_and_has_its_line(said: str) -> None:
    found = imaging.trouble(said, TEXT)
    assert (found.cause, found.line) == (Cause.PROJECT, 8)
    assert found.reason == '`RUN python -c "1/0"` ends with exit 1: ZeroDivisionError: division by zero'


STEP = """\
STEP 2/3: RUN pip install     -r requirements.txt
{}
building at STEP "RUN pip install     -r requirements.txt": while running runtime: exit status {}
"""
MARKED = """\
Dockerfile:4
--------------------
   3 |     LABEL a=b
   4 | >>> RUN pip install \\
   5 | >>>     -r requirements.txt
--------------------
ERROR: failed to solve: process "/bin/sh -c pip install -r requirements.txt" did not complete successfully: exit code: 2
"""
UNFOUND = """\
Dockerfile:7
   7 | >>> COPY nothing.txt .
ERROR: failed to solve: failed to compute cache key: "/nothing.txt": not found
"""


@pytest.mark.parametrize(
    ("said", "cause", "line"),
    [
        (STEP.format("ERROR: No matching distribution found for nothing==1", 1), Cause.PROJECT, 3),
        (STEP.format("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", 1), Cause.NETWORK, 0),
        (STEP.format("E: Failed to fetch http://deb.debian.org/debian/x.deb", 100), Cause.NETWORK, 0),
        (STEP.format("error running container: creating container: setrlimit: not permitted", 1), Cause.TOOL, 0),
        (STEP.format("OSError: [Errno 28] No space left on device", 1), Cause.TOOL, 0),
        (STEP.format("Killed", 137), Cause.TOOL, 0),
        ('COPY failed\nbuilding at STEP "COPY nothing.txt .": checking on sources: copier: stat: "/nothing.txt": no such file or directory',
         Cause.PROJECT, 7),
        (UNFOUND, Cause.PROJECT, 7),
        (MARKED, Cause.PROJECT, 3),
        ("initializing source docker://python:3: pinging container registry docker.io: dial tcp", Cause.NETWORK, 0),
        ("ERROR: failed to solve: python:3: failed to resolve source metadata for docker.io/library/python", Cause.NETWORK, 0),
        ("pull access denied for private/app, repository does not exist or may require 'docker login'", Cause.NETWORK, 0),
        ("dockerfile parse error on line 4: unknown instruction: FRM", Cause.PROJECT, 4),
        ("the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/", Cause.TOOL, 0),
        ('invalid argument "localhost/a__-b:1" for "-t, --tag" flag: invalid reference format', Cause.TOOL, 0),
        ("something nobody has seen", Cause.TOOL, 0),
        ("", Cause.TOOL, 0),
    ],
)  # fmt: skip
def test_only_what_is_understood_is_put_down_to_the_project(said: str, cause: Cause, line: int) -> None:
    found = imaging.trouble(said, TEXT)
    assert (found.cause, found.line) == (cause, line), found


def test_every_stage_gets_the_label_and_nothing_else_changes() -> None:
    marked = imaging.labelled("FROM a AS one\nRUN <<E\nFROM inside\nE\nFROM \\\n  b\nRUN x\n", "k=v")
    assert marked == "FROM a AS one\nLABEL k=v\nRUN <<E\nFROM inside\nE\nFROM \\\n  b\nLABEL k=v\nRUN x\n"


@given(st.text(max_size=200))
def test_whatever_a_dockerfile_holds_its_instructions_stay(text: str) -> None:
    before = [(item.name, item.value) for item in dockerfile.parse(text).instructions]
    after = [(item.name, item.value) for item in dockerfile.parse(imaging.labelled(text, "k=v")).instructions]
    assert [item for item in after if item != ("LABEL", "k=v")] == before


@given(st.text(max_size=300), st.text(max_size=100))
def test_whatever_a_builder_says_something_is_made_of_it(said: str, text: str) -> None:
    assert imaging.trouble(said, text).reason

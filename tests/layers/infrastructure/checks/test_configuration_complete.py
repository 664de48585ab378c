"""Which variables a project is held to have asked for: those it did ask for, and only where it is clear which."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from readiness.runs import check
from readiness.sequence.finding import Cause, Finding, Outcome
from readiness.testing.projects import make_repository
from tests.layers.conftest import Judge

COMPLETE = "infrastructure.configuration-complete"
EITHER = (
    "import os\nif not (os.environ.get('OPENAI_API_KEY') or os.environ.get('OPENAI_ADMIN_KEY')):\n"
    "    raise ValueError('Missing credentials. Please pass an `api_key`, or set the `OPENAI_API_KEY` or `OPENAI_ADMIN_KEY`"
    " environment variable.')\n"
)


def judged(judge: Judge, main: str, files: dict[str, str] | None = None) -> Finding:
    return judge(COMPLETE, files={"requirements.txt": "tiny==1.0\n", "main.py": main, **(files or {})})


def test_of_several_that_would_do_one_is_enough(judge: Judge) -> None:
    finding = judged(judge, EITHER, {".env.example": "OPENAI_API_KEY=\n"})
    assert (finding.outcome, finding.observed) == (Outcome.HOLDS, "1 variable asked for, each declared")


def test_where_none_of_several_is_declared_both_are_named(judge: Judge) -> None:
    finding = judged(judge, EITHER)
    assert finding.outcome is Outcome.FAILS
    assert finding.reason == "OPENAI_API_KEY or OPENAI_ADMIN_KEY is asked for and declared nowhere"


def test_a_name_is_read_from_the_whole_message_and_not_from_what_is_shown_of_it(judge: Judge) -> None:
    # 200 characters are shown: the cut falls into the name
    long = f"import os\nos.environ.get('DESK_API_KEY')\nraise ValueError('{'x' * 175} set DESK_API_KEY please')\n"
    finding = judged(judge, long, {".env.example": "DESK_API_KEY=\n"})
    assert finding.outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    "main",
    [
        "raise KeyError('PRODUCT_ID')\n",  # a column of a table
        "raise ValueError('not configured, see https://example.org/errors/MODEL_AUTHENTICATION')\n",
        "raise ValueError('API_KEY_INVALID: unauthorized')\n",
    ],
)
def test_a_name_that_nobody_looked_up_is_no_variable(judge: Judge, main: str) -> None:
    finding = judged(judge, main)
    assert (finding.outcome, finding.problems) == (Outcome.UNKNOWN, ())


def test_a_guard_that_names_nothing_is_answered_by_what_is_declared(judge: Judge) -> None:
    guard = "import os\nif not os.environ.get('DESK_KEY'):\n    raise ValueError('at least one api key must be set')\n"
    told = judged(judge, guard, {".env.example": "DESK_KEY=\n"})
    assert (told.outcome, told.observed) == (Outcome.HOLDS, "what is declared will do for every module")


def test_a_guard_that_names_nothing_and_wants_what_nobody_declared_cannot_be_told(judge: Judge) -> None:
    guard = "import os\nif not os.environ.get('DESK_KEY'):\n    raise ValueError('at least one api key must be set')\n"
    finding = judged(judge, guard)
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.CONFIGURATION)
    assert finding.reason == "1 module started only with settings that no message names, the first main.py"


@pytest.mark.parametrize(("broken", "outcome"), [(3, Outcome.UNKNOWN), (1, Outcome.NOT_APPLICABLE)])
def test_where_a_considerable_part_never_ran_nothing_is_said_of_all(judge: Judge, broken: int, outcome: Outcome) -> None:
    fine = {f"app/fine{number}.py": "VALUE = 1\n" for number in range(4)}
    unrun = {f"app/unrun{number}.py": "import not_there\n" for number in range(broken)}
    finding = judged(judge, "", {**fine, **unrun})
    assert finding.outcome is outcome
    if outcome is Outcome.UNKNOWN:
        assert finding.reason == "3 of 8 modules never ran to their end, the first app/unrun0.py"
        assert (finding.cause, finding.remedy.command) == (Cause.NOT_EXERCISED, "readiness check --only starts")


def test_what_was_not_installed_asked_for_nothing_that_was_seen(judge: Judge) -> None:
    finding = judged(judge, "VALUE = 1\n", {"requirements.txt": "nowhere==1.0\n"})
    assert (finding.outcome, finding.remedy.command) == (Outcome.UNKNOWN, "readiness check --only installs")
    assert finding.reason.startswith("the project was not installed")


def test_what_is_declared_does_not_speak_for_modules_that_never_ran(judge: Judge) -> None:
    files = {".env.example": "DESK_TOKEN=\n", "app/unrun.py": "import not_there\n"}
    finding = judged(judge, "import os\nos.environ['DESK_TOKEN']\n", files)
    assert (finding.outcome, finding.observed) == (Outcome.UNKNOWN, "1 variable seen, each declared, in what ran")


def test_a_module_that_never_ran_and_speaks_of_settings_leaves_it_open(judge: Judge) -> None:
    fine = {f"app/fine{number}.py": "VALUE = 1\n" for number in range(4)}
    asking = "import not_there\nfrom pydantic_settings import BaseSettings\n"
    finding = judged(judge, "", {**fine, "app/settings.py": asking})
    assert (finding.outcome, finding.subject) == (Outcome.UNKNOWN, "app/settings.py")


def test_what_is_missing_is_missing_however_little_ran(judge: Judge) -> None:
    finding = judged(judge, "import os\nos.environ['DESK_TOKEN']\n", {"app/a.py": "import not_there\n", "app/b.py": "import nowhere\n"})
    assert (finding.outcome, finding.subject) == (Outcome.FAILS, "DESK_TOKEN")


@pytest.mark.parametrize("before", ["OTHER=1", "OTHER=1\n", None])
def test_the_command_that_names_a_variable_works_however_the_file_ends(judge: Judge, tmp_path: Path, before: str | None) -> None:
    finding = judged(judge, "import os\nos.environ['DESK_TOKEN']\nos.environ['DESK_KEY']\n")
    if before is not None:
        (tmp_path / ".env.example").write_text(before)
    subprocess.run(["sh", "-c", finding.remedy.command], cwd=tmp_path, check=True)
    lines = [line for line in (tmp_path / ".env.example").read_text().splitlines() if line]
    assert lines == [*(["OTHER=1"] if before else []), "DESK_KEY=", "DESK_TOKEN="]


def test_a_variable_may_be_declared_in_the_repository_a_project_is_a_part_of(offline: Path) -> None:
    files = {"services/api/requirements.txt": "tiny==1.0\n", "services/api/main.py": "import os\nos.environ['DESK_TOKEN']\n"}
    root = make_repository(offline / "whole", {**files, ".env.example": "DESK_TOKEN=\n"})
    options = check.Options(only=(COMPLETE,))
    layers = check.check(root / "services/api", options).verdict.layers
    assert layers[0].checks[0].finding.outcome is Outcome.HOLDS
    (root / ".env.example").write_text("OTHER=\n")  # evidence is about the whole repository: it no longer answers
    assert check.check(root / "services/api", options).verdict.layers[0].checks[0].finding.outcome is Outcome.FAILS

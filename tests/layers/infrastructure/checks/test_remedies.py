"""What a finding advises: a command that works in this project, or none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from readiness.config import manifest as manifests
from readiness.layers.infrastructure import locking, procedure
from readiness.layers.infrastructure.checks import installs
from readiness.layers.infrastructure.evidence import Installed
from readiness.layers.infrastructure.locking import Locking
from readiness.sequence.finding import Cause, Outcome
from readiness.sequence.stakes import Policy
from readiness.testing.projects import make_repository
from readiness.testing.wheels import make_wheel
from readiness.world import explanation
from readiness.world import project as projects
from readiness.world.sandbox import Isolation, Ran
from tests.layers.conftest import Judge

STARTS = "infrastructure.starts"
LOCKED = "infrastructure.dependencies-locked"
PROJECT = "[project]\nname='x'\nversion='1'\n"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"requirements.txt": "a\n"}, "uv pip compile --generate-hashes requirements.txt -o requirements.lock"),
        ({"requirements/prod.txt": "a\n"}, "uv pip compile --generate-hashes requirements/prod.txt -o requirements.lock"),
        ({"pyproject.toml": f"{PROJECT}dependencies=['a']\n"}, "uv lock"),
        ({"pyproject.toml": "[tool.poetry]\nname='x'\n[tool.poetry.dependencies]\na='*'\n"}, "poetry lock"),
        ({"setup.py": "from setuptools import setup\nsetup(install_requires=['a'])\n"},
         "uv pip compile --generate-hashes setup.py -o requirements.lock"),
        ({"Dockerfile": "FROM python:3.11\nRUN pip install a 'b<2'\n"},
         "printf '%s\\n' a 'b<2' | uv pip compile --generate-hashes - -o requirements.lock"),
        ({"README.md": "```\ncd api\npip install -r requirements.txt\n```\n", "api/requirements.txt": "a\n"},
         "uv pip compile --generate-hashes api/requirements.txt -o requirements.lock"),
        ({"README.md": "```\npip install -r r.txt\npip install -e back\n```\n", "r.txt": "a\n", "back/pyproject.toml": PROJECT},
         "uv pip compile --generate-hashes r.txt back/pyproject.toml -o requirements.lock"),
        ({"app.py": ""}, ""),
    ],
)  # fmt: skip
def test_what_locks_a_project_names_its_own_files(tmp_path: Path, files: dict[str, str], command: str) -> None:
    project = projects.load(make_repository(tmp_path / "project", files))
    assert locking.locking(project, procedure.discover(project, manifests.Manifest())).lock() == command


@pytest.mark.parametrize(
    ("how", "command"),
    [
        (Locking("compile", ("r.txt",)), "printf '\\nx\\n' >> r.txt"),
        (Locking("compile", ("setup.py",)), ""),
        (Locking(), "echo x >> requirements.txt"),
        (Locking("uv"), "uv add x"),
        (Locking("poetry"), "poetry add x"),
        (Locking("pipenv"), "pipenv install x"),
    ],
)
def test_what_declares_a_package_uses_the_project_s_tool(how: Locking, command: str) -> None:
    assert how.add("x") == command


def test_a_missing_package_where_nothing_is_declared_is_named_so(judge: Judge) -> None:
    finding = judge(STARTS, files={"main.py": "import tiny\n"})
    assert (finding.outcome, finding.reason) == (Outcome.FAILS, "main.py needs tiny, and nothing is declared")
    assert finding.remedy.command == "echo tiny >> requirements.txt"


def test_a_notebook_that_installs_nothing_declares_nothing(judge: Judge) -> None:
    book = '{"cells": [{"cell_type": "code", "source": "import tiny", "metadata": {}, "outputs": [], "execution_count": null}]}'
    finding = judge("infrastructure.installs", files={"a.ipynb": book})
    assert (finding.outcome, finding.reason) == (Outcome.NOT_APPLICABLE, "no dependencies are declared")


def test_what_drifted_is_named_and_pinned_as_of_when_the_project_worked(judge: Judge) -> None:
    finding = judge(STARTS, files={"requirements.txt": "middle==1.0\n", "main.py": "from leaf import gone\n"})
    assert finding.outcome is Outcome.FAILS
    assert "leaf 2.0 came with today's installation" in finding.reason
    assert "--exclude-newer 20" in finding.remedy.command
    assert finding.remedy.text.startswith("pin every package as of 20")


def test_what_drifted_is_locked_as_of_the_same_day_by_both_checks(judge: Judge, offline: Path) -> None:
    files = {"requirements.txt": "middle==1.0\n", "main.py": "from leaf import gone\n"}
    starts = judge(STARTS, files=files).remedy
    shutil.rmtree(offline / "project")
    locked = judge(LOCKED, files=files).remedy
    assert "--exclude-newer 20" in locked.command
    assert locked == starts


def test_what_works_with_todays_releases_is_locked_with_them(judge: Judge) -> None:
    finding = judge(LOCKED, files={"requirements.txt": "leaf\n", "main.py": "import leaf\n"})
    assert finding.remedy.command == "uv pip compile --generate-hashes requirements.txt -o requirements.lock"


def test_a_package_that_lacks_another_is_the_one_that_is_named(judge: Judge) -> None:
    finding = judge(STARTS, files={"requirements.txt": "middle==1.0\n", "main.py": "import middle\n"})
    assert finding.outcome is Outcome.FAILS
    assert finding.reason.startswith("middle 1.0 needs leaf_legacy, which nothing that was installed brings; 1 of 1 direct")
    assert "--exclude-newer 20" in finding.remedy.command


def test_a_name_a_pinned_package_lost_is_put_down_to_that_package(judge: Judge) -> None:
    finding = judge(STARTS, files={"requirements.txt": "tiny==1.0\n", "main.py": "from tiny import hub\n"})
    assert finding.outcome is Outcome.FAILS
    assert finding.reason.startswith("main.py was not written for tiny 1.0, which requirements.txt pins: cannot import name 'hub'")
    assert "update the lock" in finding.remedy.text


def test_a_package_that_refuses_what_it_was_given_is_not_to_blame(judge: Judge, wheelhouse: Path) -> None:
    make_wheel(wheelhouse, "strict", "1.0", {"strict/__init__.py": "def serve(x):\n    raise ValueError('no such thing')\n"})
    finding = judge(STARTS, files={"requirements.txt": "strict==1.0\n", "main.py": "import strict\nstrict.serve(1)\n"})
    assert finding.outcome is Outcome.FAILS
    assert finding.reason == "main.py: ValueError: no such thing"


def test_a_pinned_package_that_fails_by_itself_is(judge: Judge, wheelhouse: Path) -> None:
    make_wheel(wheelhouse, "broken", "1.0", {"broken/__init__.py": "class One(int, bool):\n    pass\n"})
    finding = judge(STARTS, files={"requirements.txt": "broken==1.0\n", "main.py": "import broken\n"})
    assert finding.outcome is Outcome.FAILS
    assert finding.reason.startswith("broken 1.0 fails by itself on the releases that requirements.txt pins beside it: TypeError")
    assert finding.remedy.text == "update the lock: broken and what it needs must fit together"


def test_a_part_that_a_namespace_lacks_is_not_taken_for_the_whole(judge: Judge, wheelhouse: Path) -> None:
    for name in ("one", "two"):
        make_wheel(wheelhouse, f"shared-{name}", "1.0", {f"shared/{name}/__init__.py": ""})
    finding = judge(STARTS, files={"requirements.txt": "shared-one\nshared-two\n", "main.py": "import shared.three\n"})
    assert finding.outcome is Outcome.FAILS
    assert finding.reason.startswith("main.py needs shared.three, which nothing that was installed brings; 0 of 2")
    assert finding.remedy.text.startswith("declare the package that brings shared.three")


def test_pinned_packages_that_do_not_fit_together_are_put_down_to_the_lock(judge: Judge) -> None:
    finding = judge(STARTS, files={"requirements.txt": "middle==1.0\nleaf==2.0\n", "main.py": "import middle\n"})
    assert finding.outcome is Outcome.FAILS
    assert "repair main.py" not in finding.remedy.text


def test_broken_code_is_not_put_down_to_drift(judge: Judge) -> None:
    finding = judge(STARTS, files={"requirements.txt": "middle\n", "main.py": "print(undefined)\n"})
    assert finding.outcome is Outcome.FAILS
    assert (finding.reason, finding.remedy.command) == (
        "main.py: NameError: name 'undefined' is not defined",
        "readiness check --only starts",
    )


def test_what_did_not_end_is_shown_with_what_it_said_last(judge: Judge) -> None:
    finding = judge(STARTS, files={"requirements.txt": "tiny\n", "main.py": "import os\nprint('half way')\nos._exit(7)\n"})
    assert "the last that main.py said: half way" in finding.notes
    assert finding.remedy.command == "readiness check --only infrastructure.starts --again"


def test_a_list_that_is_not_there_is_not_named(judge: Judge) -> None:
    finding = judge(LOCKED, files={"Dockerfile": "FROM python:3.11.7\nRUN pip install tiny==9.9 leaf\n", "main.py": ""})
    assert "requirements.txt" not in finding.remedy.command
    assert finding.remedy.command.startswith("printf '%s\\n' tiny==9.9 leaf | uv pip compile")


UV_SAYS = """error: No solution found when resolving dependencies
  cause: Because pywin32==306 has no wheels with a matching platform tag (e.g., `manylinux_2_36_x86_64`) and you require
      pywin32==306, we can conclude that your requirements are unsatisfiable.

hint: Wheels are available for `pywin32` (v306) on the following platforms: `win32`, `win_amd64`
"""


def test_a_package_for_another_platform_gets_its_marker() -> None:
    ran = Ran(("uv",), 1, None, False, False, "", UV_SAYS, 0, 0.0, Isolation())
    cause, reason = explanation.explain(ran)
    assert cause is Cause.PROJECT
    assert reason.startswith("Because pywin32==306 has no wheels")
    observed = Installed("pip", "requirements.txt", "Python 3.11", "3.11.7", "", cause, reason, 0, 0.0, (), (), relock="uv pip compile …")
    finding = installs.judge(observed, Policy())
    assert finding.remedy.text == 'ask for pywin32 only where it exists: `pywin32==306; sys_platform == "win32"`'
    assert finding.remedy.command == ""


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ("Python 3.11 (Dockerfile:1)", "3 packages into an empty environment"),
        ("Python 3.11.7 (Pipfile)", "3 packages into an empty environment"),
        ("Python 3.11.0 (Pipfile)", "3 packages into an empty environment of Python 3.11.7"),
        ("Python >=3.9 (pyproject.toml)", "3 packages into an empty environment of Python 3.11.7"),
        ("Python not declared", "3 packages into an empty environment of Python 3.11.7"),
    ],
)
def test_the_python_that_ran_is_said_where_the_declaration_does_not(declared: str, text: str) -> None:
    observed = Installed("pip", "requirements.txt", declared, "3.11.7", "", Cause.NONE, "", 3, 0.0, (), ())
    assert installs.judge(observed, Policy()).observed == text


def test_what_was_shortened_says_so() -> None:
    assert explanation.shortened("x" * 201) == "x" * 199 + "…"
    assert explanation.shortened("x" * 200) == "x" * 200


def test_an_installation_to_a_place_of_the_image_is_no_fault_of_the_project() -> None:
    said = "error: failed to create directory `/install/lib`: Read-only file system (os error 30)"
    assert explanation.explain(Ran(("uv",), 1, None, False, False, "", said, 0, 0.0, Isolation()))[0] is Cause.TOOL


ASKS = """
import json, os, sys, urllib.request
sys.path.insert(0, os.getcwd())
import stub
stub.start(int(os.environ["STUB"]))
body = json.dumps({"model": "small", "messages": []}).encode()
asked = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", body, {"Content-Type": "application/json"})
print(urllib.request.urlopen(asked).read().decode())
"""
STUB = """
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

def start(port):
    threading.Thread(target=HTTPServer(("127.0.0.1", port), Model).serve_forever, daemon=True).start()
"""


def test_a_demo_that_asks_a_hosted_model_is_told_what_will_do(judge: Judge) -> None:
    demo = '[demo]\ncommand = ["python", "main.py"]\n'
    files = {"main.py": f"if __name__ == '__main__':\n    exec({ASKS!r})\n", "stub.py": STUB, "requirements.txt": "tiny==1.0\n"}
    alone = judge("infrastructure.recreates-elsewhere", files={**files, "readiness.toml": f'{demo}env = {{ STUB = "8765" }}\n'})
    assert (alone.outcome, alone.cause) == (Outcome.UNKNOWN, Cause.NETWORK)
    advised = 'OPENAI_BASE_URL = "http://127.0.0.1:8765/v1"'
    assert f"env = {{ {advised} }} in [demo]" in alone.remedy.text
    served = judge("infrastructure.recreates-elsewhere", files={**files, "readiness.toml": f'{demo}env = {{ STUB = "8765", {advised} }}\n'})
    assert served.outcome is Outcome.HOLDS, served.reason

"""How modules are started, and what a failure is put down to: each case once cost a project a wrong verdict."""

from __future__ import annotations

import pytest

from readiness.sequence.finding import Cause, Outcome
from tests.layers.conftest import Judge

STARTS = "infrastructure.starts"
PLAIN = {"requirements.txt": "tiny==1.0\n"}


def test_a_module_sees_its_own_name_and_none_of_our_arguments(judge: Judge) -> None:
    greedy = "import sys\nassert len(sys.argv) == 1, sys.argv\nassert sys.argv[0].endswith('convert.py'), sys.argv\n"
    finding = judge(STARTS, files={**PLAIN, "convert.py": greedy, "main.py": "import tiny\n"})
    assert (finding.outcome, finding.observed) == (Outcome.HOLDS, "2 modules")


def test_a_folder_without_an_init_is_a_package_even_where_a_module_in_it_has_its_name(judge: Judge) -> None:
    files = {"evaluate/evaluate.py": "from .evaluators import X\n", "evaluate/evaluators.py": "X = 1\n"}
    assert judge(STARTS, files={**PLAIN, **files, "main.py": "import tiny\n"}).outcome is Outcome.HOLDS


def test_a_module_named_like_one_of_the_standard_library_shadows_it_for_nobody(judge: Judge) -> None:
    files = {"app/queue.py": "JOBS = []\n", "app/work.py": "import queue\nqueue.Queue()\n"}
    assert judge(STARTS, files={**PLAIN, **files}).outcome is Outcome.HOLDS


def test_two_services_may_each_have_a_module_of_the_same_name(judge: Judge) -> None:
    files = {f"{name}/main.py": f"import config\nprint(config.{name.upper()})\n" for name in ("cart", "shop")}
    files |= {f"{name}/config.py": f"{name.upper()} = 1\n" for name in ("cart", "shop")}
    assert judge(STARTS, files={**PLAIN, **files}).outcome is Outcome.HOLDS


def test_what_one_module_adds_to_the_search_path_starts_no_other(judge: Judge) -> None:
    files = {"a.py": "import sys\nsys.path.append('hidden/deep')\n", "hidden/deep/secret.py": "", "z.py": "import secret\n"}
    finding = judge(STARTS, files={**PLAIN, **files})
    assert (finding.outcome, finding.subject) == (Outcome.FAILS, "z.py")


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("raise RuntimeError(\"Directory 'web/static' does not exist\")\n", Cause.FILE),
        (f"raise RuntimeError(\"Directory '/srv/{'x' * 99}/static' does not exist\")\n", Cause.FILE),
        ("raise PermissionError('Security Violation: refusing multiply-linked file x')\n", Cause.TOOL),
        ("get_ipython().run_line_magic('pip', 'install x')\n", Cause.NOT_EXERCISED),
        ("import sys\nsys.exit('set DESK_TOKEN first')\n", Cause.CONFIGURATION),
        ("import os\nprint('half way')\nos._exit(7)\n", Cause.TOOL),
    ],
)
def test_what_is_not_the_project_s_fault_fails_nobody(judge: Judge, code: str, cause: Cause) -> None:
    finding = judge(STARTS, files={**PLAIN, "main.py": code})
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, cause)


def test_what_a_list_declares_that_the_readme_does_not_install_is_no_fault_of_its_module(judge: Judge) -> None:
    files = {"README.md": "```\ncd api\npip install -r requirements.txt\n```\n", "api/requirements.txt": "tiny==1.0\n"}
    files |= {"requirements.txt": "leaf\n", "tool.py": "import leaf\n", "api/main.py": "import tiny\n", "docs/requirements.txt": "middle\n"}
    finding = judge(STARTS, files=files)
    assert (finding.outcome, finding.observed) == (Outcome.HOLDS, "1 module")
    assert finding.notes == ("1 not exercised: tool.py needs leaf, which is declared and not installed with the rest",)
    elsewhere = judge(STARTS, files={**files, "tool.py": "import middle\n"})
    assert elsewhere.outcome is Outcome.FAILS  # a list in another folder says nothing of this module


def test_a_variable_with_a_short_name_is_a_variable_too(judge: Judge) -> None:
    finding = judge(STARTS, files={**PLAIN, "main.py": "import os\nos.environ['DESK']\n"})
    assert (finding.outcome, finding.notes) == (Outcome.HOLDS, ("1 started with dummy settings",))


def test_a_variable_that_is_used_without_being_asked_for_is_a_setting(judge: Judge) -> None:
    code = "import os, logs\nkey = os.getenv('DESK_KEY')\nprint(f'Using {key[:8]}')\n"
    files = {**PLAIN, "main.py": code, "logs.py": "import os\nFOLDER = os.getenv('LOGS', 'logs')\n", ".env.example": "DESK_KEY=\n"}
    finding = judge(STARTS, files=files)
    assert (finding.outcome, finding.notes) == (Outcome.HOLDS, ("1 started with dummy settings",))
    assert judge("infrastructure.configuration-complete", files=files).outcome is Outcome.HOLDS


@pytest.mark.parametrize("asks", ["", "key = os.getenv('DESK_KEY')\n"])
def test_what_is_none_with_every_variable_set_is_the_project_s(judge: Judge, asks: str) -> None:
    finding = judge(STARTS, files={**PLAIN, "main.py": f"import os, re\n{asks}re.match('a', 'b')[0]\n"})
    assert (finding.outcome, finding.subject) == (Outcome.FAILS, "main.py")


def test_writing_where_the_system_forbids_it_is_the_project_s(judge: Judge) -> None:
    finding = judge(STARTS, files={**PLAIN, "main.py": "open('/etc/desk.conf', 'w')\n"})
    assert (finding.outcome, finding.problems[0].text) == (Outcome.FAILS, "writes outside its own folder when imported: /etc/desk.conf")


def test_a_setting_of_a_compose_file_is_one_that_is_documented(judge: Judge) -> None:
    guard = "import os\nif os.environ['STORE_KIND'] != 'memory':\n    raise ValueError('unknown STORE_KIND')\n"
    services = "services:\n  api:\n    build: .\n    environment:\n      - STORE_KIND=memory\n"
    finding = judge(STARTS, files={**PLAIN, "main.py": guard, "docker-compose.yml": services})
    assert (finding.outcome, finding.notes) == (Outcome.HOLDS, ("1 started with dummy settings",))


def test_only_modules_of_the_product_are_counted_where_dummies_were_used(judge: Judge) -> None:
    guard = "import os\nif not os.environ.get('DESK_KEY'):\n    raise ValueError('DESK_KEY is not set')\n"
    finding = judge(STARTS, files={**PLAIN, "main.py": guard, "scripts/fill.py": guard, ".env.example": "DESK_KEY=\n"})
    assert (finding.outcome, finding.notes) == (Outcome.HOLDS, ("1 started with dummy settings",))


def test_a_template_that_only_its_tool_runs_is_not_started(judge: Judge) -> None:
    files = {"shop/alembic/env.py": "from nowhere import context\n", "shop/alembic/script.py.mako": "", "shop/main.py": "import tiny\n"}
    finding = judge(STARTS, files={**PLAIN, **files})
    assert (finding.outcome, finding.notes) == (Outcome.HOLDS, ())

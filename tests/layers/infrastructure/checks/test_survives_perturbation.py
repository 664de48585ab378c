"""Ways to a wrong verdict about perturbations: chance blamed on one, a made-up value blamed on the project, a tool that is missing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from readiness.layers.infrastructure.checks import survives_perturbation as check
from readiness.layers.infrastructure.perturb import Blamed, Chance, Survey
from readiness.sequence.finding import Cause, Outcome
from readiness.sequence.stakes import Policy, Stakes
from readiness.world.perturbed import Perturbation
from readiness.world.sandbox import Sandbox
from tests.layers.conftest import Judge

TOML = '[demo]\ncommand = ["python", "demo.py"]\noutputs = ["out.txt"]\n'
WRITE = "from pathlib import Path\nPath('out.txt').write_text(str({value}) + '\\n')\n"
MONEY, REGULATION = Policy(Stakes.MONEY), Policy(Stakes.REGULATION)


@pytest.fixture
def walls(workplace: Path) -> None:
    """Skips where the machine gives a command no file system of its own: there folder and processors stay as they are."""
    (workplace / "box").mkdir()
    with closing(Sandbox(workplace / "box")) as box:
        if not box.run(["true"], cwd=box.root, timeout_s=60).isolation.files:
            pytest.skip("this machine gives no file system of one's own")


def demo(value: str, before: str = "", toml: str = TOML) -> dict[str, str]:
    return {"demo.py": before + WRITE.format(value=value), "readiness.toml": toml}


def test_what_moves_by_itself_is_chance_and_no_perturbation_is_blamed(judge: Judge) -> None:
    finding = judge(check.ID, files=demo("random.random()", "import random\n"))
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)
    assert finding.reason.startswith("two runs differ by themselves: differs by itself, by chance: ")


@pytest.mark.usefixtures("walls")
def test_a_path_on_an_undeclared_standard_output_is_no_broken_promise(judge: Judge) -> None:
    finding = judge(
        check.ID, files={"demo.py": "import os\nprint(os.getcwd())\n", "readiness.toml": '[demo]\ncommand = ["python", "demo.py"]\n'}
    )
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)
    assert "depends on the folder it runs in" in finding.reason


def test_a_demo_that_dislikes_a_value_we_made_up_is_not_blamed(judge: Judge) -> None:
    code = "import os\nkind = {'plain': 1, 'rich': 2}[os.environ.get('DESK_KIND', 'plain')]\n"
    finding = judge(check.ID, files=demo("kind", code))
    assert finding.outcome is Outcome.HOLDS, finding
    assert any(note.startswith("says nothing: variables") for note in finding.notes)


def test_a_circumstance_the_demo_states_is_its_own(judge: Judge) -> None:
    code = "import time\n"
    value = "time.strftime('%z', time.localtime(0))"
    assert judge(check.ID, files=demo(value, code, TOML + 'env = { TZ = "Asia/Tokyo" }\n')).outcome is Outcome.HOLDS


@pytest.mark.usefixtures("walls")
def test_a_demo_that_takes_longer_than_its_time_when_perturbed_is_not_told(judge: Judge) -> None:
    code = "import os, time\nos.cpu_count() == 1 and time.sleep(60)\n"
    finding = judge(check.ID, files=demo("1", code, TOML + "timeout_s = 3\n"))
    assert finding.outcome is Outcome.UNKNOWN
    assert "processor count could not be tried: the demo was still running after 3 s" in finding.reason


def test_a_demo_that_sleeps_and_waits_gets_along_with_another_clock(judge: Judge) -> None:
    code = "import queue, threading, time\ntime.sleep(0.05)\nthreading.Event().wait(0.05)\n"
    code += "try:\n    queue.Queue().get(timeout=0.05)\nexcept queue.Empty:\n    pass\n"
    finding = judge(check.ID, files=demo("1", code))
    assert finding.outcome is Outcome.HOLDS, finding
    assert not any("faketime does not" in note for note in finding.notes)


def test_what_cannot_be_run_is_unknown_and_says_why(judge: Judge) -> None:
    finding = judge(check.ID, files=demo("1", "raise SystemExit(3)\n"))
    assert (finding.outcome, finding.reason.startswith("the demo did not run: ")) == (Outcome.UNKNOWN, True)


def observed(survey: Survey, outputs: int = 1) -> check.Observed:
    return check.Observed("python demo.py", survey=survey, declared_outputs=outputs)


def test_a_missing_tool_is_a_note_at_money_and_unknown_from_regulation_on() -> None:
    survey = Survey(equal=(Perturbation.ZONE,), untried={Perturbation.CLOCK: "needs the library of faketime, which is not installed"})
    mild, grave = check.judge(observed(survey), MONEY), check.judge(observed(survey), REGULATION)
    assert (mild.outcome, mild.notes) == (Outcome.HOLDS, ("not tried: clock, needs the library of faketime, which is not installed",))
    assert (grave.outcome, grave.cause, "faketime" in grave.remedy.command) == (Outcome.UNKNOWN, Cause.TOOL, True)


def test_nothing_tried_proves_nothing() -> None:
    walls = dict.fromkeys(Perturbation, "needs namespaces (none here)")
    assert check.judge(observed(Survey(untried=walls)), MONEY).outcome is Outcome.UNKNOWN
    assert check.judge(observed(Survey()), MONEY).outcome is Outcome.UNKNOWN


def test_each_cause_is_a_problem_of_its_own_and_a_death_counts_without_outputs() -> None:
    blamed = tuple(Blamed((name,), name.value, f"{name} differs", "repair") for name in (Perturbation.ZONE, Perturbation.HOST))
    chance = Chance("reads the clock", "reads the clock: a → b", "repair", ())
    finding = check.judge(observed(Survey(blamed=blamed, chance=(chance,)), outputs=0), MONEY)
    assert finding.outcome is Outcome.FAILS
    assert [item.subject for item in finding.problems] == ["time zone", "host name", "reads the clock"]
    assert finding.observed.endswith("(and 2 more)")


def test_what_was_not_tried_for_one_reason_is_one_line() -> None:
    survey = Survey(equal=(Perturbation.ZONE,), untried={Perturbation.USER: "needs namespaces", Perturbation.HOST: "needs namespaces"})
    assert check.judge(observed(survey), MONEY).notes == ("not tried: user, host name, needs namespaces",)

"""`readiness recreate` as people see it: exit code and both streams, compared with golden files."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.cli import recreate_text
from readiness.layers.infrastructure.differences import Difference
from readiness.layers.infrastructure.perturb import Blamed, Chance, Survey
from readiness.runs import recreated
from readiness.runs.recreate import FAILS, NOT_APPLICABLE, REACHED, UNKNOWN, Asked, Recreated, Rung
from readiness.sequence.finding import Cause
from readiness.testing.projects import make_repository
from readiness.world.perturbed import Perturbation
from readiness.world.project import Project
from tests.cli.conftest import GOLDEN, Readiness, Said, Within

Golden = Callable[[str, Said], None]
DEMO = """
import os
from pathlib import Path

Path('out').mkdir(exist_ok=True)
Path('out/a.txt').write_text('three days ' + os.environ['SEED'])
"""
TOML = '[demo]\ncommand = ["python", "demo.py"]\noutputs = ["out/a.txt"]\n'


@pytest.fixture
def readiness(readiness: Readiness) -> Within:
    """Commands in this process."""
    return Within.of(readiness)


@pytest.fixture
def desk(readiness: Readiness) -> Path:
    """A project whose demo gives the same each time for a seed."""
    return make_repository(readiness.folder / "desk", {"demo.py": DEMO, "readiness.toml": TOML})


def plain(said: Said, work: Path) -> Said:
    """What was said, without what differs between machines."""
    text = re.sub(r"Python 3\.\d+\.\d+", "Python [VERSION]", said.stdout.replace(str(work), "[WORK]"))
    return replace(said, stdout=re.sub(r"ed25519:\S+", "ed25519:[KEY]", text))


def test_the_rungs_that_need_nothing_are_reached(readiness: Readiness, desk: Path, golden: Golden) -> None:
    golden("recreate/r0", plain(readiness("recreate", "desk", "--rung", "R0", "--seeds", "3"), readiness.work))


def test_a_plan_runs_nothing_and_says_what_would_be_downloaded(readiness: Readiness, desk: Path, golden: Golden) -> None:
    golden("recreate/plan", plain(readiness("recreate", "desk", "--rung", "R5", "--plan"), readiness.work))
    assert not readiness.work.exists() or not list(readiness.work.glob("run-*"))


def test_two_runs_that_differ_fail_and_a_line_for_the_manifest_is_offered(readiness: Readiness, golden: Golden) -> None:
    code = "import json, pathlib, uuid\npathlib.Path('a.jsonl').write_text(json.dumps({'n': 1, 'id': str(uuid.uuid4())}) + '\\n')\n"
    make_repository(readiness.folder / "app", {"demo.py": code, "readiness.toml": TOML.replace("out/a.txt", "a.jsonl")})
    said = readiness("recreate", "app", "--rung", "R0")
    assert (said.code, "Claim: none." in said.stdout) == (1, True)
    assert '[demo] normalise = { "a.jsonl:id" = "id" }' in said.stdout
    toml = TOML.replace("out/a.txt", "a.jsonl") + 'normalise = { "a.jsonl:id" = "id" }\n'
    (readiness.folder / "app/readiness.toml").write_text(toml)
    again = readiness("recreate", "app", "--rung", "R0", "--format", "json").json
    assert (again["claim"], again["outcome"], again["rungs"][0]["state"], again["offered"]) == ("R0", "holds", "reached", None)


def test_a_root_that_is_none_is_misuse_and_a_missing_one_is_unknown(readiness: Readiness, desk: Path) -> None:
    for root, said in (("/", "is this system"), (".", "is no root of an operating system")):
        answer = readiness("recreate", "desk", "--rung", "R3", "--root", root)
        assert (answer.code, said in answer.stderr) == (2, True), answer


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("recreate", "absent"), 2, "no folder absent"),
        (("recreate", "--seeds", "0"), 2, "--seeds must be at least 1, got 0"),
        (("recreate",), 2, "no demo is declared in"),
        (("recreate", "--import", "absent.tar"), 2, "absent.tar cannot be read: No such file or directory"),
        (("evidence", "add", "absent.json"), 2, "absent.json cannot be read: No such file or directory"),
    ],
)
def test_misuse_is_said_in_one_line(readiness: Readiness, words: tuple[str, ...], code: int, said: str) -> None:
    answer = readiness(*words)
    assert (answer.code, said in answer.stderr) == (code, True), answer


def test_a_snapshot_goes_out_and_a_result_that_nobody_trusts_comes_back(
    readiness: Readiness, desk: Path, tmp_path: Path, golden: Golden
) -> None:
    assert readiness("recreate", "desk", "--export", "snapshot.tar").code == 0
    other = {"XDG_CONFIG_HOME": str(tmp_path / "other")}
    said = readiness("recreate", "--import", "snapshot.tar", env=other)
    assert (said.code, "✓ the same result" in said.stdout) == (0, True)
    added = plain(readiness("evidence", "add", "snapshot.result.dsse.json", "--project", "desk"), readiness.work)
    golden("recreate/add", replace(added, stdout=re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "[TIME]", added.stdout)))


ZONE = Difference("out/a.jsonl", "/date", 4, "`date`", "2026-01-01", "2026-01-02", 10)
SURVEY = Survey(
    chance=(Chance("reads the clock", "reads the clock: out/a.jsonl:1 `at` 1 → 2", "take the date as an argument", ()),),
    blamed=(
        Blamed(
            (Perturbation.ZONE,), "reads the local time zone", "reads the local time zone: 3 of 10 records differ, first " + ZONE.text,
            'use UTC in code, or state the zone: env = { TZ = "UTC" } in [demo]', (ZONE,),
        ),
    ),
    equal=(Perturbation.HOME, Perturbation.UMASK),
    untried={Perturbation.CLOCK: "needs the library of faketime, which is not installed"},
    untold={Perturbation.STRAY: "the demo ends with exit 1: ValueError: stray"},
    stated={Perturbation.NETWORK: "it is off in every run"},
    runs=31,
)  # fmt: skip


def climbed() -> Recreated:
    """A climb with something of everything."""
    project = Project(Path("/desk"), Path("/desk"), "desk", "0123456789abcdef", False, None)
    project.__dict__["tree"] = "sha256:" + "0" * 64
    rungs = (
        Rung(0, REACHED, "the same result"),
        Rung(1, FAILS, SURVEY.blamed[0].text, Cause.PROJECT, SURVEY),
        Rung(2, REACHED, "the same result in another folder, from a private cache, 12 files as their packages shipped them"),
        Rung(3, UNKNOWN, "needs the root of another operating system: --root DIR, or --make-root", Cause.TOOL),
        Rung(4, NOT_APPLICABLE, "there is no compose file"),
    )
    offered = '[demo] normalise = { "out/a.jsonl:at" = "timestamp" }'
    return Recreated(project, "python demo.py", "3.12.1", Asked(4), rungs, datetime(2026, 11, 24, 12, tzinfo=UTC), offered)


def test_a_climb_claims_what_lies_below_the_first_rung_that_was_not_reached() -> None:
    found = climbed()
    assert (found.claim, found.exit_code) == (0, 1)
    assert replace(found, rungs=(found.rungs[0], Rung(1, REACHED, ""), Rung(2, NOT_APPLICABLE, ""), Rung(3, REACHED, ""))).claim == 3
    assert replace(found, rungs=(Rung(0, UNKNOWN, ""), found.rungs[2])).claim == -1
    assert replace(found, rungs=(found.rungs[0], found.rungs[3])).exit_code == 3


def test_a_climb_reads_the_same_each_time(golden: Golden) -> None:
    golden("recreate/climb", Said(("recreate", "--rung", "R4"), climbed().exit_code, recreate_text.render(climbed()) + "\n", ""))
    path = GOLDEN / "recreate/climb.json"
    told = json.dumps(recreated.to_json(climbed()), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("READINESS_WRITE_GOLDEN"):
        path.write_text(told)
    assert told == path.read_text()

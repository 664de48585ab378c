"""`run` as users have it: the command keeps its streams, signals and exit code, and a run is there whole or not at all."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import venv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.layers.infrastructure import recorded
from readiness.layers.infrastructure.evidence import Factor, FileState, Output, Run, Snapshot
from readiness.sequence.evidence import Digest
from readiness.testing.projects import commit, git, make_repository
from tests.cli.conftest import Readiness, Said, Within, wait_until

Golden = Callable[[str, Said], None]
TOML = '[project]\nid = "desk"\n[demo]\ncommand = ["python", "main.py"]\noutputs = ["out/answers.txt"]\nmetrics = "out/metrics.json"\n'
MAIN = """import json, os, pathlib, sys
pathlib.Path("out").mkdir(exist_ok=True)
pathlib.Path("out/answers.txt").write_text(sys.stdin.read() + os.environ.get("SEED", ""))
pathlib.Path("out/metrics.json").write_text(json.dumps({"accuracy": 0.5, "loss": float("nan")}))
print("to stdout")
print("to stderr", file=sys.stderr)
sys.exit(int(os.environ.get("EXIT", "0")))
"""
FILES = {
    "main.py": MAIN, "readiness.toml": TOML, ".gitignore": "out/\n.venv/\n", "requirements.txt": "six==1.17.0\n",
    "config/app.yaml": "retriever:\n  top_k: 3\n", "prompts/ask.txt": "Answer in three sentences.\n", "data/t.csv": "id,name\n1,a\n2,b\n",
    "db/1.sql": "create table t (a int);\n",
}  # fmt: skip
PYTHON = "python"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with one small package, which no test writes to."""
    place = tmp_path_factory.mktemp("small") / "venv"
    venv.EnvBuilder(with_pip=False, symlinks=True).create(place)
    site = next(place.glob("lib/python3*/site-packages"))
    (site / "tiny.py").write_text("X = 1\n")
    (site / "tiny-1.0.dist-info").mkdir()
    (site / "tiny-1.0.dist-info/RECORD").write_text("tiny.py,sha256=1x3CH9Rwq2NjdM1ZXnPTGnyF6aJsPtkpUNOJPr0wrL0,6\n")
    return place


@pytest.fixture
def small(readiness: Readiness, environment: Path) -> Within:
    """Commands in whose environment `python` is found first."""
    within = Within.of(readiness)
    path = f"{environment / 'bin'}{os.pathsep}{within.env['PATH']}"
    return dataclasses.replace(within, env=within.env | {"PATH": path, "VIRTUAL_ENV": str(environment)})


@pytest.fixture
def desk(small: Within) -> Within:
    """A repository that is the current folder."""
    return dataclasses.replace(small, folder=make_repository(small.folder / "desk", FILES))


def recorded_run(said: Said, folder: Path) -> Run:
    """The run a command says it recorded."""
    return recorded.find(folder, said.stderr.split("readiness: recorded ")[1].split()[0])


def test_the_command_keeps_its_streams_and_its_exit_code(desk: Within) -> None:
    argv = [sys.executable, "-m", "readiness", "run", "--seed", "7", "--", PYTHON, "main.py"]
    done = subprocess.run(argv, cwd=desk.folder, env={**desk.env, "EXIT": "3"}, input="asked ", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "to stdout\n")
    assert done.stderr.startswith("to stderr\n")
    assert (desk.folder / "out/answers.txt").read_text() == "asked 7"


def test_a_run_records_every_factor_and_what_came_out(desk: Within) -> None:
    (desk.folder / "model").mkdir()
    (desk.folder / "model/m.onnx").write_bytes(b"weights")
    said = desk("run", "--output", "out/*.txt", "--", PYTHON, "main.py")
    run = recorded_run(said, desk.folder)
    assert (run.project, run.exit_code, run.dirty, len(run.commit)) == ("desk", 0, True, 40)
    assert {*run.factors} == {*Factor}
    assert sorted(run.files) == sorted([*FILES, "model/m.onnx"])
    assert sorted(run.outputs) == ["out/answers.txt", "out/metrics.json"]
    assert run.metrics["accuracy"] == 0.5
    assert str(run.metrics["loss"]) == "nan"
    assert run.snapshot.packages == {"tiny": "1.0"}
    assert run.snapshot.altered == ("tiny.py of tiny-1.0 changed",)
    assert run.snapshot.locked == {"six": "1.17.0"}
    shape = run.files["data/t.csv"].shape
    assert shape is not None
    assert (shape.columns, shape.rows) == ((("id", "BIGINT"), ("name", "VARCHAR")), 2)
    assert not git(desk.folder, "status", "--porcelain", "--", ".readiness").strip()


@pytest.mark.parametrize(
    ("path", "text", "factor"),
    [
        ("main.py", MAIN + "\n", Factor.CODE),
        ("config/app.yaml", "retriever:\n  top_k: 4\n", Factor.CONFIGURATION),
        ("prompts/ask.txt", "Answer in two sentences.\n", Factor.PROMPTS),
        ("data/t.csv", "id,name\n", Factor.DATA),
        ("requirements.txt", "six==1.16.0\n", Factor.INFRASTRUCTURE),
        ("model/m.onnx", "weights", Factor.MODEL),
    ],
)
def test_a_change_changes_the_digest_of_its_factor_and_no_other(desk: Within, path: str, text: str, factor: Factor) -> None:
    before = recorded_run(desk("run", "--", PYTHON, "main.py"), desk.folder)
    (desk.folder / path).parent.mkdir(exist_ok=True)
    (desk.folder / path).write_text(text)
    after = recorded_run(desk("run", "--", PYTHON, "main.py"), desk.folder)
    assert [name for name in Factor if before.factors[name] != after.factors[name]] == [factor]


def test_what_the_command_changes_is_recorded_as_it_was_before(desk: Within) -> None:
    before = recorded_run(desk("run", "--", PYTHON, "main.py"), desk.folder)
    rewrite = "import pathlib; pathlib.Path('config/app.yaml').write_text('retriever:\\n  top_k: 9\\n')"
    run = recorded_run(desk("run", "--", PYTHON, "-c", rewrite), desk.folder)
    assert run.files["config/app.yaml"].digest == before.files["config/app.yaml"].digest


def test_an_output_that_was_left_from_before_is_none(desk: Within) -> None:
    desk("run", "--", PYTHON, "main.py")
    said = desk("run", "--", PYTHON, "-c", "pass")
    run = recorded_run(said, desk.folder)
    assert run.outputs == {}
    assert run.metrics == {}
    assert "readiness: output out/answers.txt was not written: it was there before, and left as it was\n" in said.stderr


def test_a_large_output_is_hashed_and_not_kept(desk: Within) -> None:
    grow = "import os; os.truncate(os.open('big.bin', os.O_CREAT | os.O_RDWR), 256 << 20)"
    run = recorded_run(desk("run", "--output", "big.bin", "--", PYTHON, "-c", grow), desk.folder)
    assert run.outputs["big.bin"] == Output(Digest("sha256:a6d72ac7690f53be6ae46ba88506bd97302a093f7108472bd9efc3cefda06484"), 256 << 20)
    kept = sum(path.stat().st_size for path in (desk.folder / ".readiness").rglob("*") if path.is_file())
    (desk.folder / "big.bin").unlink()
    assert kept < 10 << 20


def test_a_text_with_a_secret_is_not_kept(desk: Within) -> None:
    token = "ghp_" + "4fGq81LxZ0aB7cD2eF9gHiJkLmN3oP5qRsTu"
    (desk.folder / "config/live.yaml").write_text(f"github: {token}\n")
    (desk.folder / "config/other.yaml").write_text("top_k: 3\n")
    (desk.folder / ".env").write_text(f"GITHUB_TOKEN={token}\n")
    run = recorded_run(desk("run", "--", PYTHON, "-c", "pass"), desk.folder)
    assert (run.files["config/live.yaml"].kept, run.files["config/other.yaml"].kept) == (False, True)
    assert ".env:GITHUB_TOKEN" in run.snapshot.variables
    everything = b"".join(path.read_bytes() for path in (desk.folder / ".readiness").rglob("*") if path.is_file())
    assert token.encode() not in everything


def test_a_signal_goes_to_the_command_and_the_run_is_recorded(desk: Within) -> None:
    waiting = "import pathlib, time\npathlib.Path('up').touch()\ntime.sleep(60)"
    process = desk.start("run", "--", PYTHON, "-c", waiting)
    assert wait_until(lambda: (desk.folder / "up").exists())
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert recorded.load(desk.folder, recorded.ids(desk.folder)[0]).exit_code == 128 + signal.SIGTERM


def test_a_killed_session_leaves_no_half_run(desk: Within) -> None:
    waiting = "import pathlib, time\npathlib.Path('up').touch()\ntime.sleep(2)"
    process = desk.start("run", "--", PYTHON, "-c", waiting)
    assert wait_until(lambda: (desk.folder / "up").exists())
    process.kill()
    process.communicate(timeout=30)
    assert recorded.ids(desk.folder) == []
    assert desk("run", "list").stdout == "no run is recorded here; `readiness run -- COMMAND` records one\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing", ("run",)),
        ("no-dashes", ("run", "python")),
        ("no-program", ("run", "--", "no-such-program")),
        ("no-folder", ("run", "--project", "nowhere", "--", "true")),
        ("missing", ("run", "show", "r-01234567")),
        ("short", ("run", "show", "r-0123")),
        ("diff-nothing", ("diff", "nothing-here")),
        ("diff-missing", ("diff", "r-01234567", "now")),
        ("diff-file", ("diff", "main.py")),
    ],
)
def test_misuse_is_one_clear_error(desk: Within, golden: Golden, name: str, words: tuple[str, ...]) -> None:
    said = desk(*words)
    assert said.code == 2
    golden(f"run-{name}", said)


STARTED = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def fixed(second: int, **changed: object) -> Run:
    """A run that is the same on every machine."""
    versions = {"numpy": "2.1.0", "six": "1.17.0"}
    absent = {"images": "docker is not installed here", "resources": "no local terraform state is here"}
    snapshot = Snapshot(
        interpreter={"implementation": "CPython", "version": "3.12.4"}, packages=versions, verified_files=240,
        locked=versions, locks={"requirements.txt": "sha256:0"}, system={"distribution": "Debian 12", "kernel": "6.1"},
        system_packages={"libc6": "2.36-9"}, cpu={"model": "EPYC", "flags": "avx avx2"}, blas={"blas": "openblas 0.3.27"},
        variables={"LANG": "a" * 32}, key="k", absent=absent,
    )  # fmt: skip
    run_id = recorded.new_id(int(STARTED.timestamp() * 1000) + second * 100_000, bytes(10))
    factors = {factor: Digest(f"sha256:{index:064x}") for index, factor in enumerate(Factor)}
    base = Run(
        run_id, "desk", ("python", "main.py", "--fast"), STARTED, 12.34, 0, "", False, Digest(""), "7", factors,
        {"data/t.csv": FileState(Digest(f"sha256:{1:064x}"), "100644", 20)}, {"out/answers.txt": Output(Digest(f"sha256:{2:064x}"), 2048)},
        {"accuracy": 0.5, "loss": float("inf")}, snapshot, ("no metrics: m.json:1: must be a JSON object",),
    )  # fmt: skip
    return dataclasses.replace(base, **changed)  # type: ignore[arg-type]


@pytest.fixture
def two(desk: Within) -> Within:
    """Two recorded runs that are the same on every machine, and one that cannot be read."""
    one = fixed(0)
    packages = {"numpy": "2.2.0", "six": "1.17.0"}
    snapshot = dataclasses.replace(one.snapshot, packages=packages, cpu={"model": "EPYC", "flags": "avx"}, blas={"blas": "mkl 2024"})
    files = {
        "data/t.csv": FileState(Digest(f"sha256:{3:064x}"), "100644", 40),
        "app.py": FileState(Digest(f"sha256:{4:064x}"), "100644", 9),
    }
    recorded.store(desk.folder, one)
    recorded.store(desk.folder, fixed(1, snapshot=snapshot, files=files, metrics={"accuracy": 0.75, "loss": float("inf")}, exit_code=1))
    path = recorded.store(desk.folder, fixed(2))
    path.write_text(path.read_text()[:100])
    return desk


def test_runs_are_listed_newest_first(two: Within, golden: Golden) -> None:
    said = two("run", "list")
    assert all(len(line) <= 100 for line in said.stdout.splitlines())
    golden("run-list", said)


def test_a_run_is_shown(two: Within, golden: Golden) -> None:
    golden("run-show", two("run", "show", fixed(1).id))


def test_runs_are_told_in_json(two: Within) -> None:
    listed = two("run", "list", "--format", "json").json
    assert [item["id"] for item in listed["runs"]] == [fixed(2).id, fixed(1).id, fixed(0).id]
    assert "unreadable" in listed["runs"][0]
    shown = two("run", "show", fixed(0).id[:14], "--format", "json").json
    assert shown["metrics"]["loss"] == "Infinity"
    assert recorded.from_json(shown) == fixed(0)


def test_a_difference_of_runs_is_shown(two: Within, golden: Golden) -> None:
    said = two("diff", fixed(0).id, fixed(1).id)
    assert said.code == 1
    golden("diff-runs", said)
    told = two("diff", fixed(0).id, fixed(1).id, "--format", "json").json
    assert told["outcome"] == "different"
    assert list(told["factors"]) == ["model", "prompts", "data", "configuration", "infrastructure", "code"]


@pytest.mark.parametrize("words", [("run", "show"), ("diff", "now")])
def test_a_run_that_cannot_be_read_is_one_error(two: Within, words: tuple[str, ...]) -> None:
    said = two(*words, fixed(2).id)
    assert said.code == 2
    assert said.stderr.startswith(f"error: run {fixed(2).id} cannot be read: it is no JSON, so it was cut short or edited\n")


def test_an_ambiguous_beginning_names_the_runs(desk: Within, golden: Golden) -> None:
    for second in (0, 1):
        recorded.store(desk.folder, dataclasses.replace(fixed(0), id=recorded.new_id(int(STARTED.timestamp() * 1000) + second, bytes(10))))
    golden("run-ambiguous", desk("run", "show", fixed(0).id[:10]))


def test_commits_are_compared_by_meaning(desk: Within, golden: Golden) -> None:
    git(desk.folder, "tag", "poc")
    for path, text in {
        "main.py": MAIN + "\n\ndef rank(scores):\n    return sorted(scores)\n", "config/app.yaml": "retriever:\n  top_k: 5\n",
        "prompts/ask.txt": "Answer in two short sentences.\n", "data/t.csv": "id,name,age\n1,a,3\n", "requirements.txt": "six==1.16.0\n",
        "db/2.sql": "alter table t add b text;\n",
    }.items():  # fmt: skip
        (desk.folder / path).write_text(text)
    commit(desk.folder, "go to production")
    said = desk("diff", "poc", "main")
    assert said.code == 1
    text = said.stdout
    for sha in git(desk.folder, "rev-list", "--all").split():
        text = text.replace(sha[:12], "COMMIT")
    golden("diff-commits", dataclasses.replace(said, stdout=text))
    assert desk("diff", "main", "main").code == 0


def test_a_run_is_the_same_as_its_commit_and_the_present(desk: Within) -> None:
    run = recorded_run(desk("run", "--", PYTHON, "main.py"), desk.folder)
    for other in ("HEAD", "now", "."):
        told = desk("diff", run.id, other, "--format", "json").json
        changed = [
            item for factor in told["factors"].values() for item in factor if item["place"] not in ("variable", "installed against locked")
        ]
        assert changed == []


def test_a_folder_and_a_bill_of_materials_are_sides(desk: Within) -> None:
    other = make_repository(desk.folder.parent / "other", FILES | {"config/app.yaml": "retriever:\n  top_k: 4\n"})
    said = desk("diff", "HEAD", str(other))
    assert "config/app.yaml: retriever.top_k 3 → 4" in said.stdout
    assert desk("export", "--output", "bom.json").code == 0
    assert desk("diff", "./bom.json", "HEAD").code == 3
    (desk.folder / "requirements.txt").write_text("six==1.16.0\n")
    assert "locked: six 1.17.0 → 1.16.0" in desk("diff", "./bom.json", "now").stdout


def test_a_snapshot_file_is_a_side(desk: Within) -> None:
    run = recorded_run(desk("run", "--", PYTHON, "main.py"), desk.folder)
    (desk.folder / "poc.snapshot.json").write_text(desk("run", "show", run.id, "--format", "snapshot").stdout)
    said = desk("diff", "poc.snapshot.json", run.id)
    assert (said.code, said.stdout.splitlines()[-1]) == (3, "No difference in what could be compared.")


def test_a_name_of_two_things_is_an_error(desk: Within) -> None:
    git(desk.folder, "branch", "config")
    said = desk("diff", "config", "HEAD")
    assert (said.code, said.stderr.splitlines()[0]) == (2, "error: `config` names a folder and a commit")
    assert desk("diff", "./config", "HEAD").code in (0, 1, 3)


def test_without_git_runs_are_recorded_and_compared(small: Within) -> None:
    plain = dataclasses.replace(small, folder=small.project(FILES, "plain"))
    one = recorded_run(plain("run", "--", PYTHON, "-c", "pass"), plain.folder)
    assert one.commit == ""
    assert one.files["config/app.yaml"].kept
    (plain.folder / "config/app.yaml").write_text("retriever:\n  top_k: 8\n")
    assert "config/app.yaml: retriever.top_k 3 → 8" in plain("diff", one.id).stdout
    assert plain("diff", "HEAD", "now").code == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_folder_that_cannot_be_written_is_an_error_before_the_command_runs(desk: Within) -> None:
    desk.folder.chmod(0o555)
    said = desk("run", "--", PYTHON, "-c", "print('ran')")
    desk.folder.chmod(0o755)
    assert (said.code, said.stdout) == (2, "")
    assert said.stderr.startswith("error: no run can be recorded below")


def test_a_place_that_is_a_file_is_an_error_before_the_command_runs(desk: Within) -> None:
    (desk.folder / ".readiness").write_text("")
    said = desk("run", "--", PYTHON, "-c", "print('ran')")
    assert (said.code, said.stdout) == (2, "")
    assert said.stderr.startswith("error: no run can be recorded below")


def test_an_export_is_the_same_each_time(desk: Within) -> None:
    one, two = desk("export"), desk("export", "--format", "cyclonedx")
    assert one.stdout == two.stdout
    assert one.json["metadata"]["timestamp"] == "2026-01-05T12:00:00+00:00"
    early = desk("export", env={"SOURCE_DATE_EPOCH": "0"}).json
    assert early["metadata"]["timestamp"] == "1970-01-01T00:00:00+00:00"
    assert desk("export", env={"SOURCE_DATE_EPOCH": "x"}).code == 2
    assert desk("export", "--output", "nowhere/at/all.json").code == 0
    assert desk("export", "--output", "main.py/x.json").code == 2


def test_an_export_says_what_it_cannot_hold(small: Within) -> None:
    lists = {"main.py": "", "requirements.txt": "redis==8.0\nfastapi>=0.1\nuvicorn\n", ".github/requirements-lint.txt": "bandit==1.9\n"}
    said = dataclasses.replace(small, folder=make_repository(small.folder / "loose", lists))("export")
    assert [item["name"] for item in said.json["components"]] == ["redis"]
    assert said.stderr == "readiness: 2 packages have no version that is pinned, and are left out: fastapi, uvicorn\n"


def test_a_full_disk_is_one_error(desk: Within) -> None:
    desk("run", "--", PYTHON, "-c", "pass")  # what can be remembered is, so that the record itself meets the limit
    limited = ("sh", "-c", 'ulimit -f 1; exec "$@"', "sh")
    said = desk("run", "--", PYTHON, "-c", "print('ran')", through=limited)
    assert said.code == 2
    assert said.stderr.startswith("error: ")
    assert len(recorded.ids(desk.folder)) == 1
    assert not list((desk.folder / ".readiness/runs").glob("*/.*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_is_noted(desk: Within) -> None:
    (desk.folder / "data/t.csv").chmod(0)
    run = recorded_run(desk("run", "--", PYTHON, "-c", "pass"), desk.folder)
    assert run.notes[0].startswith("data/t.csv was not recorded: it cannot be read")


def test_a_run_that_went_meanwhile_is_one_error(desk: Within) -> None:
    run = recorded_run(desk("run", "--", PYTHON, "-c", "pass"), desk.folder)
    (desk.folder / ".readiness/runs" / run.id / "run.json").unlink()
    said = desk("diff", run.id)
    assert (said.code, said.stderr.splitlines()[0]) == (2, f"error: run {run.id} is not there, or not whole")


def test_a_run_of_another_version_is_one_error(desk: Within) -> None:
    path = recorded.store(desk.folder, fixed(0))
    path.write_text(path.read_text().replace("readiness/run/1", "readiness/run/2"))
    said = desk("run", "show", fixed(0).id)
    assert (said.code, "its schema is `readiness/run/2`, this version reads `readiness/run/1`" in said.stderr) == (2, True)


def test_a_broken_manifest_is_told_with_its_line(desk: Within) -> None:
    (desk.folder / "readiness.toml").write_text("[demo\n")
    said = desk("run", "--", PYTHON, "-c", "print('ran')")
    assert (said.code, said.stdout) == (2, "")
    assert said.stderr.startswith("error: readiness.toml:1: ")
    assert desk("diff", "HEAD").code == 1


def test_metrics_that_are_none_do_not_lose_the_run(desk: Within) -> None:
    write = "import pathlib; pathlib.Path('m.json').write_text('{\"a\": \"b\"}')"
    said = desk("run", "--metrics", "m.json", "--", PYTHON, "-c", write)
    assert said.code == 0
    assert recorded_run(said, desk.folder).metrics == {}
    assert 'readiness: no metrics: m.json:1: `a` must be a number, got `"b"`\n' in said.stderr


def test_names_that_are_no_text_are_recorded_and_compared(desk: Within) -> None:
    (desk.folder / os.fsdecode(b"data/\xff\xfe.csv")).write_text("a\n1\n")
    env = {os.fsdecode(b"NAME_\xff"): os.fsdecode(b"\xff")}
    said = desk("run", "--", PYTHON, "-c", "pass", os.fsdecode(b"\xff"), env=env)
    run = recorded_run(said, desk.folder)
    assert os.fsdecode(b"data/\xff\xfe.csv") in run.files
    assert desk("diff", run.id, "now", "--format", "json").json["factors"]["data"] == []
    assert desk("run", "show", run.id).code == desk("run", "list").code == 0


def test_runs_are_compared_without_git(desk: Within, tmp_path: Path) -> None:
    one = recorded_run(desk("run", "--", PYTHON, "-c", "pass"), desk.folder)
    (desk.folder / "config/app.yaml").write_text("retriever:\n  top_k: 4\n")
    two = recorded_run(desk("run", "--", PYTHON, "-c", "pass"), desk.folder)
    assert "retriever.top_k 3 → 4" in desk("diff", one.id, two.id).stdout
    (tmp_path / "empty").mkdir()
    said = desk("diff", one.id, two.id, env={"PATH": str(tmp_path / "empty")})
    assert "config/app.yaml changed" in said.stdout
    assert "contents of config/app.yaml: they were not kept, so only that they changed is known" in said.stdout

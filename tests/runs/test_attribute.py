"""`attribute` end to end in the sandbox: sides, cells, what is kept, what is found inside, and bad input."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from bench import attribution as suite
from bench.attribution_apps import APPS, PAIRS, sides
from readiness.errors import CannotJudge, InputError, UsageError
from readiness.layers.infrastructure.attributed import Part, Word
from readiness.runs import attribute_kept as kept_cells
from readiness.runs.attribute import Options, Report, attribute, plan
from readiness.testing.projects import commit, git, make_repository
from readiness.testing.wheels import make_wheel
from readiness.world import files
from tests.runs.attributed import FILES, MAIN, MANIFEST, NOISY

Compare = Callable[..., Report]


@pytest.fixture
def root(tmp_path: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the small application; nothing is downloaded."""
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    return make_repository(tmp_path / "project", FILES)


def change(root: Path, files: Mapping[str, str | None], message: str = "change") -> str:
    """Commits changed files, None for those taken away; returns the commit."""
    for path, text in files.items():
        if text is None:
            (root / path).unlink()
        else:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
    return commit(root, message)


def part(found: Report, name: str) -> Part:
    return next(item for item in found.attribution.parts if name in item.names)


def cells(found: Report, root: Path) -> kept_cells.Kept:
    return kept_cells.read(root, found.id)


GAIN = FILES["config/settings.json"].replace("1.0", "4.0").replace('"one"', '"two"')
NOISY_GAIN = NOISY["config/settings.json"].replace("1.0", "4.0")


def test_a_setting_is_blamed_by_its_key_and_a_comment_is_inert(root: Path) -> None:
    change(root, {"config/settings.json": GAIN, "main.py": MAIN + "# a remark\n"})
    found = attribute(root, "HEAD~1", "HEAD", Options("score"))
    assert part(found, "code").word is Word.INERT
    assert part(found, "configuration").word is Word.EFFECT
    assert part(found, "configuration").estimate.mean == pytest.approx(3, abs=0.1)
    assert found.same == ("infrastructure", "data", "model", "prompts")
    assert found.inside is not None
    assert found.inside.units == ("config/settings.json scale.gain",)
    assert found.inside.share == pytest.approx(1, abs=0.05)
    assert found.inside.commits[0].endswith("change")
    assert found.environments == 1


def test_a_module_of_the_same_size_in_the_same_second_is_not_taken_for_the_other(root: Path) -> None:
    change(
        root, {"lib/weight.py": FILES["lib/weight.py"].replace("= 3", "= 9"), "data/rows.csv": FILES["data/rows.csv"].replace("0.5", "0.7")}
    )
    found = attribute(root, "HEAD~1", "HEAD", Options("score", inside_runs=0))
    assert part(found, "code").estimate.mean == pytest.approx(6, abs=0.1)
    assert part(found, "data").estimate.mean == pytest.approx(0.2, abs=0.1)


def test_lines_of_code_are_found_with_the_commit_that_wrote_them(root: Path) -> None:
    change(root, {"main.py": MAIN.replace("import csv,", "import csv, sys,")}, "harmless")
    culprit = change(
        root, {"main.py": (root / "main.py").read_text().replace("value += random", "value -= 2\nvalue += random")}, "subtract two"
    )
    change(root, {"lib/more.py": "X = 1\n"}, "more")
    found = attribute(root, "HEAD~3", "HEAD", Options("score"))
    assert found.inside is not None
    assert found.inside.units == ("main.py line 11",)
    assert found.inside.commits == (f"{culprit[:7]} subtract two",)
    assert found.inside.runs <= 160


def test_columns_of_data_are_told_apart(root: Path) -> None:
    change(root, {"data/rows.csv": "id,x,note\n7,0.5,z\n8,2.25,y\n"})
    found = attribute(root, "HEAD~1", "HEAD", Options("score"))
    assert found.inside is not None
    assert found.inside.units == ("data/rows.csv column x",)


def test_the_package_that_matters_is_found_among_those_that_changed(root: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("alpha", "beta", "gamma"):
        for version in ("1.0", "2.0"):
            make_wheel(workplace / "wheels", name, version, {f"{name}/__init__.py": f"V = {version if name == 'beta' else 7}\n"})
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(workplace / "wheels"))
    using = MAIN.replace("value += random", "import alpha, beta\nvalue += beta.V + alpha.V\nvalue += random", 1)
    change(root, {"main.py": using, "requirements.txt": "alpha==1.0\nbeta==1.0\n"}, "with packages")
    change(root, {"requirements.txt": "alpha==2.0\nbeta==2.0\ngamma==1.0\n"}, "new versions")
    found = attribute(root, "HEAD~1", "HEAD", Options("score"))
    assert part(found, "infrastructure").estimate.mean == pytest.approx(1)
    assert found.inside is not None
    assert (found.inside.units, found.inside.candidates, found.inside.whole) == (("beta 1.0 → 2.0",), 3, True)


def test_what_an_earlier_cell_left_behind_is_not_found_by_the_next(root: Path) -> None:
    hoarder = MAIN.replace(
        "value += random", "left = Path.home() / 'left'\nvalue += 100 * left.exists() + 100 * Path('extra').exists()\n"
        "left.write_text('x'); Path('extra').mkdir(exist_ok=True)\nvalue += random", 1
    )  # fmt: skip
    change(root, {"main.py": hoarder}, "hoard")
    change(root, {"prompts/ask.txt": "say it\n"})
    found = attribute(root, "HEAD~1", "HEAD", Options("score", inside_runs=0))
    assert part(found, "prompts").estimate.mean == pytest.approx(3, abs=0.1)
    assert found.attribution.before < 50


def test_files_that_come_and_go_belong_to_the_change(root: Path) -> None:
    listing = MAIN.replace("value += random", "value += 5 * len(list(Path('data').glob('*.csv')))\nvalue += random", 1)
    change(root, {"main.py": listing}, "list")
    change(root, {"data/more.csv": "x\n1\n", "data/even/more.csv": "x\n1\n"})
    found = attribute(root, "HEAD~1", ".", Options("score"))
    assert part(found, "data").estimate.mean == pytest.approx(5, abs=0.1)
    assert found.inside is not None
    assert found.inside.units == ("data/more.csv",)


def test_a_field_of_an_output_is_a_metric(root: Path) -> None:
    change(root, {"data/rows.csv": FILES["data/rows.csv"].replace("0.5", "0.7")})
    found = attribute(root, "HEAD~1", "HEAD", Options("out/a.jsonl:x:mean", inside_runs=0))
    assert found.attribution.total.mean == pytest.approx(0.1)


def test_code_and_setting_that_need_each_other_are_not_separated(root: Path) -> None:
    change(root, {"config/settings.json": GAIN.replace("gain", "factor"), "main.py": MAIN.replace('["gain"]', '["factor"]')})
    found = attribute(root, "HEAD~1", "HEAD", Options("score"))
    assert found.attribution.parts[0].names == ("code", "configuration")
    assert found.attribution.unrunnable[0].reason == "the demo fails: KeyError: 'factor'"
    assert found.inside is not None
    assert found.inside.share > 0.9


def test_another_checkout_and_the_working_tree_are_sides(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "other", ignore=shutil.ignore_patterns(".git"))
    (root / "prompts/ask.txt").write_text("say more\n")
    found = attribute(root, str(tmp_path / "other"), ".", Options("score", inside_runs=0))
    assert part(found, "prompts").estimate.mean == pytest.approx(5, abs=0.1)
    assert found.b.endswith(", changed since")


def test_a_part_of_ones_own_is_a_factor(root: Path) -> None:
    change(root, {"lib/weight.py": FILES["lib/weight.py"].replace("= 3", "= 5"), "main.py": MAIN + "# a remark\n"})
    found = attribute(root, "HEAD~1", "HEAD", Options("score", parts={"weights": "lib/**"}, inside_runs=0))
    assert part(found, "weights").word is Word.EFFECT
    assert part(found, "code").word is Word.INERT
    with pytest.raises(UsageError, match="no file matches the part `none`"):
        attribute(root, "HEAD~1", "HEAD", Options("score", parts={"none": "nowhere/**"}))


def test_a_demo_on_one_side_alone_measures_both(root: Path) -> None:
    (root / "readiness.toml").unlink()
    commit(root, "without")
    change(root, {"readiness.toml": MANIFEST, "prompts/ask.txt": "say more\n"})
    found = attribute(root, "HEAD~1", "HEAD", Options("score", inside_runs=0))
    assert [item.names for item in found.attribution.parts] == [("prompts",)]
    assert found.notes[0] == "the demo of HEAD measures both: HEAD~1 has none"


def test_the_projects_own_package_is_installed_anew_where_it_is_copied(root: Path) -> None:
    backend = (
        "import zipfile, pathlib\n"
        "def build_wheel(folder, settings=None, metadata=None):\n"
        "    name = 'own-1.0-py3-none-any.whl'\n"
        "    with zipfile.ZipFile(pathlib.Path(folder) / name, 'w') as made:\n"
        "        made.write('own.py')\n"
        "        made.writestr('own-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: own\\nVersion: 1.0\\n')\n"
        "        tags = 'Generator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'\n"
        "        made.writestr('own-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\n' + tags)\n"
        "        made.writestr('own-1.0.dist-info/RECORD', '')\n"
        "    return name\n"
    )
    pyproject = '[project]\nname = "own"\nversion = "1.0"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    demo = "import json, pathlib, sys\nsys.path = [p for p in sys.path if 'site-packages' in p or 'python3' in p]\nimport own\n"
    demo += "pathlib.Path('m.json').write_text(json.dumps({'v': own.V}))\n"
    manifest = '[demo]\nsetup = [["pip", "install", "."]]\ncommand = ["python", "show.py"]\nmetrics = "m.json"\n'
    change(root, {"backend.py": backend, "pyproject.toml": pyproject, "show.py": demo, "own.py": "V = 1\n", "readiness.toml": manifest})
    change(root, {"own.py": "V = 2\n"})
    found = attribute(root, "HEAD~1", "HEAD", Options("v", inside_runs=0))
    assert part(found, "code").estimate.mean == 1
    assert not found.attribution.seeded


# What is kept


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Report]]:
    """A project with chance in it whose attribution was interrupted at the ninth run and then finished."""
    work = Path(tempfile.mkdtemp(prefix="readiness-tests-", dir="/var/tmp" if Path("/var/tmp").is_dir() else None))
    work.chmod(0o755)
    root = make_repository(tmp_path_factory.mktemp("finished") / "project", NOISY)
    change(root, {"config/settings.json": NOISY_GAIN, "prompts/ask.txt": "say it\n"})
    runs: list[str] = []

    def interrupt(name: str, finished: int) -> None:
        runs.append(name)
        if len(runs) == 9:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("READINESS_WORK", str(work / "work"))
        patched.setenv("XDG_CONFIG_HOME", str(work / "config"))
        patched.setenv("UV_OFFLINE", "1")
        with pytest.raises(KeyboardInterrupt):
            attribute(root, "HEAD~1", "HEAD", Options("score"), told=interrupt)
        planned = plan(root, "HEAD~1", "HEAD", Options("score"))
        assert planned.finished == 8
        assert planned.seconds is not None
        first = attribute(root, "HEAD~1", "HEAD", Options("score"), told=lambda name, finished: runs.append(name))
    yield root, first
    files.remove_tree(work)


@pytest.fixture
def copied(finished: tuple[Path, Report], root: Path) -> Path:
    """A copy of that project and of what was kept, in the place of the small application."""
    shutil.rmtree(root)
    return Path(shutil.copytree(finished[0], root))


def test_an_ended_session_is_gone_on_with_and_says_the_same(finished: tuple[Path, Report], copied: Path) -> None:
    _, first = finished
    assert first.resumed == 8
    again = attribute(copied, "HEAD~1", "HEAD", Options("score"))
    assert (again.made, again.attribution, again.inside) == (0, first.attribution, first.inside)
    assert first.made + 8 == len(cells(first, copied).cells)


def test_a_damaged_or_deleted_file_is_noticed(finished: tuple[Path, Report], copied: Path) -> None:
    _, first = finished
    root = copied
    path = cells(first, root).path
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:3], lines[3].replace('"value": ', '"value": 1'), *lines[4:-1], lines[-1][:20]]))
    again = attribute(root, "HEAD~1", "HEAD", Options("score", inside_runs=0))
    assert again.attribution == first.attribution
    assert again.made == 2
    assert "2 damaged lines of cells.jsonl left out: what is missing is run again" in again.notes
    path.unlink()
    gone = attribute(root, "HEAD~1", "HEAD", Options("score", inside_runs=0))
    assert "cells.jsonl is gone: every run is made again" in gone.notes
    assert gone.attribution == first.attribution


def test_a_file_removed_meanwhile_is_written_again(root: Path) -> None:
    change(root, {"config/settings.json": GAIN})
    folder = root / kept_cells.FOLDER
    runs: list[str] = []

    def remove(name: str, finished: int) -> None:
        runs.append(name)
        if len(runs) == 5:
            next(folder.glob("*/cells.jsonl")).unlink()

    found = attribute(root, "HEAD~1", "HEAD", Options("score", inside_runs=0), told=remove)
    assert "cells.jsonl was removed meanwhile and was written again" in found.notes
    assert len(cells(found, root).cells) == len(runs)


def test_two_sessions_at_once_do_not_meet(root: Path) -> None:
    change(root, {"config/settings.json": GAIN})
    name = plan(root, "HEAD~1", "HEAD", Options("score")).id
    with kept_cells.opened(root, name, {}), pytest.raises(CannotJudge, match="another session is at this attribution"):
        attribute(root, "HEAD~1", "HEAD", Options("score"))


def test_a_full_disk_is_said_and_nothing_half_written_counts(root: Path, tmp_path: Path) -> None:
    from readiness.layers.infrastructure.experiment import Measured

    with kept_cells.opened(root, "a-1", {"a": 1}) as kept:
        kept.add(("A", 0, 0), Measured(1.0, "x"), 0.1)
        kept.path.rename(tmp_path / "before")
        kept.path.symlink_to("/dev/full")
        with pytest.raises(CannotJudge, match="No space left"):
            kept.add(("A", 1, 0), Measured(2.0, "x"), 0.1)
        kept.path.unlink()
        (tmp_path / "before").rename(kept.path)
    assert set(kept_cells.read(root, "a-1").cells) == {("A", 0, 0)}


def test_a_plan_writes_and_runs_nothing(root: Path) -> None:
    change(root, {"config/settings.json": GAIN})
    found = plan(root, "HEAD~1", "HEAD", Options("score"))
    assert (found.seconds, found.finished, found.screening) == (None, 0, 6)
    assert not (root / ".readiness").exists()


# Bad input


@pytest.mark.parametrize(("first", "second", "metric", "said"), [
    ("HEAD", "HEAD", "score", "hold the same files"),
    ("HEAD~1", "nowhere", "score", "no commit `nowhere` in this repository"),
    ("HEAD~1", "./main.py", "score", "is a file"),
    ("HEAD~1", "HEAD", "out/b.jsonl:x:mean", "out/b.jsonl is no output of the demo"),
    ("HEAD~1", "HEAD", "out/a.jsonl:x:middle", "names no metric"),
    ("HEAD~1", "HEAD", "scor", "no metric `scor` in out/metrics.json: it holds name, rows, score; did you mean `score`"),
    ("HEAD~1", "HEAD", "name", "`name` in out/metrics.json is no number but \"sum\""),
    ("HEAD~1", "HEAD", "out/a.jsonl:y:mean", "no field `y` in out/a.jsonl: it holds ok, x"),
])  # fmt: skip
def test_bad_input_is_named(root: Path, first: str, second: str, metric: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change(root, {"config/settings.json": GAIN})
    monkeypatch.chdir(root)
    with pytest.raises(UsageError, match=said):
        attribute(root, first, second, Options(metric))


def test_no_demo_no_metrics_and_a_bad_manifest_are_named(root: Path) -> None:
    change(root, {"readiness.toml": MANIFEST.replace('metrics = "out/metrics.json"\n', "")})
    change(root, {"config/settings.json": GAIN})
    with pytest.raises(UsageError, match="the demo has no metrics"):
        attribute(root, "HEAD~1", "HEAD", Options("score"))
    change(root, {"readiness.toml": "[demo]\ncommand = 3\n"})
    with pytest.raises(InputError, match=r"HEAD: readiness.toml:2: "):
        attribute(root, "HEAD~1", "HEAD", Options("score"))
    change(root, {"readiness.toml": None})
    change(root, {"config/settings.json": FILES["config/settings.json"]})
    with pytest.raises(UsageError, match="neither `HEAD~1` nor `HEAD` has a demo"):
        attribute(root, "HEAD~1", "HEAD", Options("score"))


@pytest.mark.parametrize(("edit", "said"), [
    ("raise SystemExit('boom')", r"the demo fails: boom in cell B \(SEED=0\)"),
    ("value = float('nan')", r"the metric is NaN in cell B \(SEED=0\)"),
])  # fmt: skip
def test_a_side_that_gives_nothing_is_named(root: Path, edit: str, said: str) -> None:
    change(root, {"main.py": MAIN.replace("out = Path", f"{edit}\nout = Path")})
    with pytest.raises(CannotJudge, match=said):
        attribute(root, "HEAD~1", "HEAD", Options("score"))


def test_a_side_that_does_not_install_is_named(root: Path) -> None:
    change(root, {"requirements.txt": "no-such-package==1.0\n"})
    with pytest.raises(CannotJudge, match="B cannot be installed: "):
        attribute(root, "HEAD~1", "HEAD", Options("score"))


def test_a_project_below_the_root_of_its_repository(root: Path, tmp_path: Path) -> None:
    whole = make_repository(tmp_path / "whole", {f"apps/one/{path}": text for path, text in FILES.items()})
    inner = whole / "apps/one"
    (inner / "main.py").write_text(MAIN.replace("value += random", "value += 1\nvalue += random", 1))
    commit(whole, "one more")
    found = attribute(inner, "HEAD~1", "HEAD", Options("score"))
    assert part(found, "code").estimate.mean == pytest.approx(1, abs=0.1)
    assert found.inside is not None
    assert found.inside.commits[0].endswith("one more")
    git(whole, "checkout", "-q", "--orphan", "other")
    (whole / "README").write_text("x")
    shutil.rmtree(inner)
    commit(whole, "gone")
    git(whole, "checkout", "-q", "main")
    with pytest.raises(UsageError, match="`other` does not hold the folder apps/one"):
        attribute(inner, "HEAD", "other", Options("score"))


# Pairs with known truth, live


@pytest.fixture
def pair(request: pytest.FixtureRequest, workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path]:
    """A pair of the suite as a repository whose package lies in a wheelhouse."""
    chosen = next(item for item in PAIRS if item.name == request.param)
    app = APPS[chosen.app]
    wheels = workplace / "wheels"
    for version, source in app.wheels.items():
        make_wheel(wheels, app.package, version, {f"{app.package}/__init__.py": source})
    for name, value in {"READINESS_WORK": str(workplace / "work"), "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheels),
                        "XDG_CONFIG_HOME": str(tmp_path / "config")}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    before, after = sides(chosen)
    root = make_repository(tmp_path / "project", before)
    change(root, after)
    return chosen.name, root


@pytest.mark.slow
@pytest.mark.parametrize(("pair", "inside"), [
    ("unit", ("data/points.csv column a",)), ("library", ("larger sample", "tokens 1.0 → 2.0")),
], indirect=["pair"])  # fmt: skip
def test_live_cells_are_the_recorded_ones_and_the_verdict_is_right(pair: tuple[str, Path], inside: tuple[str, ...]) -> None:
    name, root = pair
    table = suite.read(name)
    metric = APPS[next(item.app for item in PAIRS if item.name == name)].metric
    found = attribute(root, "HEAD~1", "HEAD", Options(metric))
    kept = cells(found, root).cells
    compared = 0
    for cell, values in table.values.items():
        key = " ".join(sorted(cell)) or "A"
        for seed in range(8):
            if (key, seed, 0) in kept:
                assert kept[key, seed, 0].value == pytest.approx(values[seed], rel=1e-9)  # type: ignore[union-attr]  # none failed
                compared += 1
    assert compared >= 8 * len(table.values)
    for item in found.attribution.parts:
        real = table.truth.get(item.name)
        assert (item.word is Word.INERT) == (real is None)
        assert real is None or item.estimate.low <= real <= item.estimate.high
    assert found.attribution.runs <= found.attribution.full / 3
    assert found.environments <= 4
    assert found.inside is not None
    if found.inside.factor == "infrastructure":
        assert found.inside.units == inside[-1:]
    elif found.inside.factor == "data":
        assert found.inside.units == inside
    else:
        assert found.inside.units == ("config/settings.json sample",)
    assert json.loads((root / kept_cells.FOLDER / found.id / "plan.json").read_text())["metric"] == metric

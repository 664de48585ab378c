"""Input nobody writes on purpose: each case once broke a reader, or hid something from it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from readiness.config.lines import key_lines
from readiness.config.manifest import Manifest, parse
from readiness.errors import InputError
from readiness.formats import compose, dockerfile, findings, intoto, locks, notebook, requirements
from readiness.runs import evidence as store
from readiness.sequence.finding import Basis, Finding, Outcome
from readiness.sequence.interval import clopper_pearson
from readiness.sequence.layers import Layer
from readiness.sequence.mode import Declaration, Mode
from readiness.sequence.verdict import judge
from readiness.testing.projects import make_repository
from readiness.world import files, keys
from readiness.world import project as projects
from tests.sequence.cases import INSTALLS, case, finding, spec, waiver
from tests.world.test_files import owned  # noqa: F401


def first(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse(text)
    return caught.value.problems[0]


@pytest.mark.parametrize("line", ['LABEL note="1 << 2"', 'ENV A="<<x"', "RUN sh -c 'cat <<< word'", "RUN echo $((1<<2))"])
def test_only_run_copy_and_add_open_a_heredoc_and_a_shift_opens_none(line: str) -> None:
    assert [i.reference for i in dockerfile.parse(f"FROM a\n{line}\nFROM redis:latest\n").images] == ["a", "redis:latest"]


def test_an_image_that_comes_by_a_merge_key_is_seen() -> None:
    (service,) = compose.parse("x-c: &c\n  image: redis:latest\n  environment: {A: 1}\nservices:\n  s:\n    <<: *c\n")
    assert (service.image, service.variables) == ("redis:latest", ("A",))


def test_a_local_package_of_a_pipfile_lock_is_never_asked_of_an_index() -> None:
    text = locks.pipfile_requirements(
        '{"default": {"ours": {"editable": true, "path": "."}, "w": {"file": "https://h/w-1-py3-none-any.whl"}}}'
    )
    assert not {"ours", "w"} & set(text.splitlines())


@pytest.mark.parametrize("outcome", [Outcome.WAITS, Outcome.WAIVED])
def test_a_finding_that_says_waits_or_waived_does_not_pass(outcome: Outcome) -> None:
    assert judge(case(finding(INSTALLS.id, outcome))).exit_code != 0


def test_a_waiver_without_a_subject_does_not_reward_missing_evidence() -> None:
    told = replace(case(), evidence={k: v for k, v in case().evidence.items() if k != INSTALLS.id}, waivers=(waiver(INSTALLS.id, ""),))
    assert judge(told).exit_code == 3


@pytest.mark.parametrize("mode", [Mode.PROTOTYPE, Mode.CRISIS])
def test_prototype_and_crisis_need_only_their_own_checks(mode: Mode) -> None:
    few = spec("few", Layer.INFRASTRUCTURE, modes=frozenset({mode}))
    assert judge(case(specs=(few,), mode=Declaration(mode, date(2026, 12, 20), "x", "ana"))).exit_code == 0


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> keys.Key:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("READINESS_SIGNING_KEY", raising=False)
    mine = keys.own()
    assert mine
    return mine


def test_a_finding_that_names_a_file_whose_name_is_no_text_can_be_kept(key: keys.Key, tmp_path: Path) -> None:
    project = projects.load(make_repository(tmp_path / "bot", {"a.py": ""}))
    now = datetime(2026, 11, 20, tzinfo=UTC)
    store.store(project, Manifest(), Finding("infrastructure.starts", Outcome.FAILS, Basis.EXECUTED, reason="caf\udce9.py fails"), now, key)
    assert "infrastructure.starts" in store.collect(project, Manifest(), now)[0]


@pytest.mark.parametrize("data", [b"1" * 5000, b"[" * 100_000, b'{"payloadType": ' + b"1" * 5000 + b"}"], ids=["digits", "deep", "inside"])
def test_an_envelope_no_parser_can_read_is_refused(data: bytes) -> None:
    with pytest.raises(intoto.Refused):
        intoto.open_envelope(data)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("Pipfile.lock", "[]"),
        ("Pipfile.lock", "null"),
        ("Pipfile.lock", '{"default": {"a": 1}}'),
        ("poetry.lock", "package = 1"),
        ("poetry.lock", "package = [1]"),
        ("uv.lock", 'package = ["name"]'),
        ("pylock.toml", "[packages]\nname = 'x'"),
        ("Pipfile.lock", "1" * 5000),
    ],
)
def test_what_is_no_lock_is_refused_with_value_error(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        locks.pinned(kind, text)


@pytest.mark.parametrize("source", ["null", "[1]", "{}", "3"])
def test_a_cell_whose_source_is_no_text_makes_it_no_notebook(source: str) -> None:
    with pytest.raises(ValueError, match="is no notebook"):
        notebook.code_cells('{"cells": [{"cell_type": "code", "source": SOURCE}]}'.replace("SOURCE", source))


def test_nesting_without_end_is_refused_and_never_our_bug() -> None:
    for call in (
        lambda: compose.parse("[" * 3000),
        lambda: notebook.code_cells("[" * 100_000),
        lambda: locks.pinned("uv.lock", "a = " + "[" * 3000),
    ):
        with pytest.raises(ValueError):
            call()
    assert requirements.parse("a;" + "(" * 5000).unread
    with pytest.raises(InputError):
        parse("a = " + "[" * 3000)


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_number_beyond_all_measure_is_a_bad_field(digits: int) -> None:
    assert first(f"[demo]\ncommand = ['x']\ntimeout_s = 1{'0' * digits}\n").startswith("readiness.toml:")


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ('[demo]\nsetup = [\n  ["uv", "pip"]\n]\ncommand = 3\n', ("demo", "command"), 5),
        ("[demo] # \"\"\"\ncommand = []  # '''\nenv = 3\n", ("demo", "env"), 3),
        ('[demo]\nenv = {}  # """\nmetrics = 3\n', ("demo", "metrics"), 3),
        ('[demo]\nmetrics = \'"""\'\nenv = 3\n', ("demo", "env"), 3),
        ('x = [\n"""\na = 1\n"""]\na = 2\n', ("a",), 5),
        ("# a\u2028b\n[demo]\n", ("demo",), 2),
        ("[[a]]\n[a.b]\nc = 1\n[[a]]\n[a.b]\nc = 1\n", ("a", "1", "b", "c"), 6),
        ('[demo]\n"a\\"b" = 1\nc = 2\n', ("demo", 'a"b'), 2),
    ],
    ids=[
        "nested array",
        "fence in comments",
        "fence in comment",
        "fence in string",
        "text in array",
        "line separator",
        "table in an array",
        "escaped quote",
    ],
)
def test_the_line_of_a_key(text: str, path: tuple[str, ...], line: int) -> None:
    assert key_lines(text).get(path) == line


def test_a_table_that_is_only_implied_is_placed_with_its_first_part() -> None:
    assert first("schema = 1\n\n[demo.env]\nA = 'b'\n").startswith("readiness.toml:3: ")


def test_a_field_of_a_server_a_request_or_a_tolerance_is_named_with_its_own_line() -> None:
    assert first("[demo.server]\nready = '/'\nargv = 'x y'\n").startswith("readiness.toml:3: `argv` must be a list of words")
    assert first("[demo.server]\nargv = ['x']\nready_s = 0\n").startswith("readiness.toml:3: `ready_s` must be a number")
    assert first("[demo]\nserver = {argv = ['x']}\n[[demo.request]]\nid = 'a'\npath = 'ask'\n").startswith("readiness.toml:5: ")
    assert "`abs` must be a number" in first("[demo]\ncommand = ['x']\n[demo.tolerance]\n'o:s' = {abs = -1}\n")


@pytest.mark.parametrize("text", ["<your name>", "<owner>", "by <team name>"])
def test_a_placeholder_in_angle_brackets_is_refused(text: str) -> None:
    assert "placeholder" in first(f"[project]\nreason = '{text}'\n")


@pytest.mark.parametrize("name", ["todo-app", "todos", "xxxl-shop"])
def test_a_word_that_only_begins_like_a_placeholder_is_none(name: str) -> None:
    assert parse(f"[project]\nid = '{name}'\n").project_id == name


@pytest.mark.parametrize("ids", [("a", "a"), ("q2", None), ("", "b")])
def test_two_requests_never_share_an_output(ids: tuple[str, str | None]) -> None:
    tables = "".join("[[demo.request]]\npath = '/'\n" + (f"id = '{i}'\n" if i is not None else "") for i in ids)
    with pytest.raises(InputError):
        parse("[demo]\nserver = {argv = ['x']}\n" + tables)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("ARG PY=3.12 OS=slim\nFROM python:${PY}-${OS}", "python:3.12-slim"),
        ("ARG V=3\nARG I=python:${V}\nFROM ${I}", "python:3"),
        ("FROM a\nARG V=1\nFROM python:${V}", "python:${V}"),
    ],
    ids=["two in a line", "one in another", "inside a stage"],
)
def test_args_as_docker_reads_them(text: str, reference: str) -> None:
    assert dockerfile.parse(text).images[-1].reference == reference


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("cd /app&&pip install a;pip install b", [["cd", "/app"], ["pip", "install", "a"], ["pip", "install", "b"]]),
        ("echo 'a;' b", [["echo", "a;", "b"]]),
    ],
)
def test_operators_split_without_spaces_and_never_inside_quotes(line: str, commands: list[list[str]]) -> None:
    assert dockerfile.shell_commands(line) == commands


def test_an_empty_line_does_not_end_a_continuation() -> None:
    assert dockerfile.parse("RUN a \\\n\n  && pip install b\n").commands == ((1, ["a"]), (1, ["pip", "install", "b"]))


def test_env_without_anything_sets_nothing() -> None:
    assert dockerfile.parse("ENV \n").variables == {}


def test_the_text_of_a_heredoc_is_no_source_of_a_copy() -> None:
    assert dockerfile.parse("COPY <<EOF /dst\nhello world\nEOF\n").copied == ()


@pytest.mark.parametrize("text", ["https://h/foo-1.0-py3-none-any.whl --hash=sha256:aa", "https://h/foo-1.0-py3-none-any.whl#sha256=aa"])
def test_a_bare_url_with_a_hash_is_pinned(text: str) -> None:
    assert requirements.parse(text).lines[0].pinned


def test_the_interval_of_many_trials() -> None:
    assert clopper_pearson(500, 1100) == pytest.approx((0.4248, 0.4845), abs=1e-3)


def test_a_link_in_a_read_only_folder_leaves_the_rights_of_its_target(owned: Path) -> None:  # noqa: F811
    target, locked = owned / "secret", owned / "tree/locked"
    locked.mkdir(parents=True)
    target.touch(0o600)
    (locked / "link").symlink_to(target)
    locked.chmod(0o555)
    files.remove_tree(owned / "tree")
    assert target.stat().st_mode & 0o777 == 0o600


def test_unreadable_folders_in_each_other_are_removed(owned: Path) -> None:  # noqa: F811
    (owned / "tree/a/b").mkdir(parents=True)
    (owned / "tree/a/b/f").touch()
    for name in ("a/b", "a", "."):
        (owned / "tree" / name).chmod(0)
    files.remove_tree(owned / "tree")
    assert not (owned / "tree").exists()


def test_a_number_that_is_none_is_no_finding() -> None:
    plain = findings.to_json(Finding("a.b", Outcome.HOLDS, Basis.EXECUTED))
    with pytest.raises((ValueError, KeyError, TypeError)):
        findings.from_json({**plain, "elapsed_ms": json.loads("1e999")})


def test_one_fault_is_said_once() -> None:
    with pytest.raises(InputError) as caught:
        parse("schema = 'one'\n")
    assert len(caught.value.problems) == 1

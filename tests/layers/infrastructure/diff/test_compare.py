"""Differences: nothing differs from itself, and looked at from the other side the difference is the mirror image."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.infrastructure import recorded
from readiness.layers.infrastructure.diff.change import ORDER, Change, Difference
from readiness.layers.infrastructure.diff.compare import compare
from readiness.layers.infrastructure.diff.sides import PARTS, Side, without_environment
from readiness.layers.infrastructure.evidence import Factor, FileState, Output, Run, Shape, Snapshot
from readiness.sequence.evidence import Digest


def side(files: Mapping[str, str], snapshot: Snapshot | None = None, shapes: Mapping[str, Shape] | None = None) -> Side:
    """A side whose files hold these texts."""
    states = {
        path: FileState(Digest(f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"), "100644", len(text), kept=True)
        for path, text in files.items()
    }

    def read(paths: Sequence[str]) -> dict[str, bytes]:
        return {path: files[path].encode() for path in paths if path in files}

    known = shapes or {}
    return Side("side", states, read, known.get, snapshot or Snapshot(absent=without_environment("not looked at")))


def texts(one: Mapping[str, str], two: Mapping[str, str]) -> list[str]:
    """The changes between two sets of files, as lines."""
    return [change.text for change in compare(side(one), side(two), {}).changes]


PYTHON = st.sampled_from(
    ["def a():\n    return 1\n", "def a():\n    return 2\n", "X = 1\n", "class A:\n    def b(self): pass\n", "def (:\n", ""]
)
YAML = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), min_size=1).map(
    lambda table: "".join(f"{k}: {v}\n" for k, v in table.items())
)
PROSE = st.lists(st.sampled_from(["answer", "in", "two", "three", "sentences"]), max_size=12).map(" ".join)
SQL = st.sampled_from(
    ["create table t (a int);", "create table t (a text, b int);", "alter table t add c int;", "select 1", "drop table t;"]
)
PINS = st.dictionaries(st.sampled_from(["requests", "numpy", "six"]), st.sampled_from(["==1.0", "==2.0", ">=1", ""])).map(
    lambda table: "".join(f"{name}{spec}\n" for name, spec in table.items())
)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "app.py": PYTHON, "lib/b.py": PYTHON, "config/a.yaml": YAML, "config/b.yaml": YAML, "prompts/p.txt": PROSE, "prompts/q.yaml": YAML,
        "migrations/1.sql": SQL, "migrations/2.sql": SQL, "requirements.txt": PINS, "data/t.csv": PROSE, "model/m.onnx": PROSE,
        "Dockerfile": st.sampled_from(["FROM python:3.12\n", "FROM python:3.13\nRUN true\n"]), ".env.example": YAML,
    },
)  # fmt: skip
TEXTS = st.dictionaries(st.sampled_from("xyz"), st.sampled_from(["1", "2"]))
SNAPSHOTS = st.builds(
    Snapshot, packages=TEXTS, locked=TEXTS, altered=st.lists(st.sampled_from("xyz"), unique=True).map(tuple), system=TEXTS, blas=TEXTS,
    images=TEXTS, interpreter=TEXTS, variables=TEXTS, key=st.sampled_from("kl"),
    resources=st.dictionaries(st.sampled_from("rs"), st.dictionaries(st.sampled_from("xy"), st.sampled_from(["1", "hmac:1", "hmac:2"]))),
    cpu=st.fixed_dictionaries({"model": st.sampled_from("ab"), "flags": st.sampled_from(["", "f g", "g h"])}),
    absent=st.dictionaries(st.sampled_from(sorted(PARTS)), st.sampled_from(["here", "there"]), max_size=4),
)  # fmt: skip
SIDES = st.builds(side, FILES, SNAPSHOTS)


@given(SIDES)
def test_nothing_differs_from_itself(one: Side) -> None:
    found = compare(one, one, {})
    assert found.changes == ()
    assert found.same


@given(SIDES, SIDES)
def test_from_the_other_side_it_is_the_mirror_image(one: Side, two: Side) -> None:
    there, back = compare(one, two, {}), compare(two, one, {})
    assert known(Difference(tuple(change.mirrored() for change in back.changes))) == known(there)
    assert {*there.uncompared} == {*back.uncompared}
    assert [change.factor for change in there.changes] == [change.factor for change in back.changes]


def known(found: Difference) -> list[tuple[str, ...]]:
    """The changes in an order of their own."""
    return sorted(tuple(str(value) for value in dataclasses.astuple(change)) for change in found.changes)


@given(SIDES, SIDES)
def test_what_differs_is_never_called_the_same(one: Side, two: Side) -> None:
    if any(one.files.get(path) != two.files.get(path) for path in {*one.files, *two.files}):
        assert compare(one, two, {}).changes != ()


@given(SIDES, SIDES)
def test_the_most_consequential_factor_is_first(one: Side, two: Side) -> None:
    order = [ORDER.index(change.factor) for change in compare(one, two, {}).changes if change.factor is not None]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("path", "one", "two", "line"),
    [
        ("config/a.yaml", "retriever:\n  top_k: 3\n", "retriever:\n  top_k: 5\n", "config/a.yaml: retriever.top_k 3 → 5"),
        ("config/a.toml", "a = 1\n", 'a = "1"\n', 'config/a.toml: a 1 → "1"'),
        ("settings.ini", "[a]\nb = 1\n", "[a]\n", "settings.ini: a.b removed (1)"),
        (".env.example", "MODEL=small\n", "MODEL=large\n", ".env.example: MODEL small → large"),
        ("config/a.yaml", "api_key: abc\n", "api_key: abd\n", "config/a.yaml: api_key changed"),
        ("config/a.yaml", "url: postgres://a:b@h/d\n", "url: postgres://a:c@h/d\n", "config/a.yaml: url changed"),
        ("compose.yaml", "services: {a: {image: 'x:1'}}\n", "services: {a: {image: 'x:2'}}\n", "compose.yaml: services.a.image x:1 → x:2"),
        ("Dockerfile", "FROM python:3.12\n", "FROM python:3.13\n", "Dockerfile: image 1 python:3.12 → python:3.13"),
        ("prompts/p.txt", "Answer in three sentences.", "Answer in two sentences.", "prompts/p.txt: words “three” → “two”"),
        ("prompts/p.yaml", "ask: Be brief and kind\n", "ask: Be brief\n", "prompts/p.yaml: ask removed (“and kind”)"),
        ("app.py", "def a():\n    return 1\n", "def a():\n    return 2\n", "app.py: function a changed"),
        ("app.py", "class A:\n    def b(self): pass\n", "class A:\n    def c(self): pass\n", "app.py: method A.b removed"),
        ("app.py", "X = 1  # one\n", "X = 1  # the only one\n", "app.py: only comments, docstrings or layout changed"),
        ("db/1.sql", "create table t (a int);", "create table t (a bigint);", "SQL schema: t.a int → bigint"),
        ("db/1.sql", "create table t (a int, b int);", "create table t (a int);", "SQL schema: t.b removed (int)"),
        ("db/q.sql", "select 1", "select 2", "db/q.sql changed"),
        ("requirements.txt", "requests>=2\n", "requests>=3\n", "requirements.txt: requests >=2 → >=3"),
        ("model/m.onnx", "a", "bb", "model/m.onnx ca978112ca1b (1 B) → 3b64db95cb55 (2 B)"),
    ],
)  # fmt: skip
def test_a_change_is_told_by_its_meaning(path: str, one: str, two: str, line: str) -> None:
    assert line in texts({path: one}, {path: two})


def test_no_secret_is_shown_wherever_it_stands() -> None:
    files = {
        "config/a.yaml": "password: {0}\nenvironment:\n  - API_KEY={0}\nargs: [--token, {0}]\n",
        ".env.example": "OPENAI_API_KEY={0}\nDATABASE_URL=postgres://app:{0}@db/app\n",
        "config/b.json": '{{"auth": {{"key": "{0}"}}, "list": ["{0}"]}}',
        "prompts/p.txt": "Use the key {0} for it.",
        "settings.toml": 'client_secret = "{0}"\n',
    }
    values = ("sk-proj-4fGq81LxZ0aB7cD2eF9g", "sk-proj-9hJk23MnPq5rS8tU1vW4x")
    one, two = ({path: text.format(value) for path, text in files.items()} for value in values)
    found = compare(side(one), side(two), {})
    assert len(found.changes) >= 8
    assert not any(value in repr(found) for value in values)


def test_shapes_of_tables_are_compared() -> None:
    one = side({"data/t.csv": "a"}, shapes={"data/t.csv": Shape((("id", "BIGINT"), ("name", "VARCHAR")), 10)})
    two = side({"data/t.csv": "b"}, shapes={"data/t.csv": Shape((("id", "VARCHAR"), ("age", "BIGINT")), 1200)})
    assert [change.text for change in compare(one, two, {}).changes] == [
        "data/t.csv: column age added (BIGINT)",
        "data/t.csv: column id BIGINT → VARCHAR",
        "data/t.csv: column name removed (VARCHAR)",
        "data/t.csv: rows 10 → 1,200",
    ]


def test_a_table_without_a_shape_is_not_compared_by_column() -> None:
    found = compare(side({"data/t.csv": "a"}), side({"data/t.csv": "b"}), {})
    assert [change.kind for change in found.changes] == ["changed"]
    assert found.uncompared[0].what == "columns and rows of data/t.csv"


def test_the_schema_is_the_sum_of_the_migrations() -> None:
    base = {"db/1.sql": "create table t (a int, b text not null default 'x;y');"}
    assert texts(base, base | {"db/2.sql": "alter table t add column c numeric(10, 2), drop column b;"}) == [
        "SQL schema: t.b removed (text)",
        "SQL schema: t.c added (numeric(10,2))",
        "db/2.sql added (57 B)",
    ]


def test_a_file_that_only_moved_is_told_as_that() -> None:
    assert texts({"a.py": "X = 1\n"}, {"b.py": "X = 1\n"}) == ["moved a.py → b.py"]


def test_packages_are_told_once_where_lock_and_installation_agree() -> None:
    one = side({}, Snapshot(packages={"a": "1", "b": "1"}, locked={"a": "1", "b": "1"}))
    two = side({}, Snapshot(packages={"a": "2", "b": "2"}, locked={"a": "2", "b": "1"}))
    found = compare(one, two, {})
    assert [change.text for change in found.changes] == ["installed and locked: a 1 → 2", "installed: b 1 → 2"]
    assert found.notes == ("B: b 2 is installed, the lock says 1",)


def test_an_installation_is_compared_with_a_lock_where_that_is_all_there_is() -> None:
    one = side({}, Snapshot(packages={"a": "1"}, absent={"locked": "none"}))
    two = side({}, Snapshot(locked={"a": "2"}, absent={"packages": "a commit holds no environment"}))
    found = compare(one, two, {})
    assert [change.text for change in found.changes] == ["installed against locked: a 1 → 2"]


def test_values_keyed_on_other_machines_are_not_compared() -> None:
    one, two = (side({}, Snapshot(variables={"A": value, "B": value}, key=key)) for value, key in (("1", "k"), ("2", "l")))
    found = compare(one, two, {})
    assert found.changes == ()
    assert not found.same
    same_key = dataclasses.replace(two, snapshot=dataclasses.replace(two.snapshot, key="k"))
    assert [change.text for change in compare(one, same_key, {}).changes] == ["variable: A changed", "variable: B changed"]


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_that_one_side_lacks_is_not_the_same(part: str) -> None:
    whole = Snapshot(packages={"a": "1"}, locked={"a": "1"})
    found = compare(side({}, whole), side({}, dataclasses.replace(whole, absent={part: "not looked at"})), {})
    assert found.changes == ()
    assert not found.same


def test_a_file_that_was_not_recorded_is_not_the_same() -> None:
    one = side({"app.py": "X = 1\n"})
    two = dataclasses.replace(one, files={"app.py": FileState(Digest(""), "100644", 6)})
    for a, b in ((one, two), (two, two)):
        found = compare(a, b, {})
        assert found.changes == ()
        assert not found.same


def run_of(**changed: object) -> Run:
    base = Run(
        recorded.new_id(1, bytes(10)), "p", ("true",), datetime(2026, 1, 5, tzinfo=UTC), 1.0, 0, "", False, Digest(""), "", {}, {},
        {"out.txt": Output(Digest("sha256:" + "0" * 64), 3)}, {"accuracy": 0.5}, Snapshot(),
    )  # fmt: skip
    return dataclasses.replace(base, **changed)  # type: ignore[arg-type]


def results(one: Run, two: Run) -> Difference:
    return compare(dataclasses.replace(side({}), run=one), dataclasses.replace(side({}), run=two), {})


def test_results_are_compared() -> None:
    other = run_of(id=recorded.new_id(2, bytes(10)), metrics={"accuracy": 0.25}, outputs={}, exit_code=1, seed="7")
    assert [change.text for change in results(run_of(), other).changes] == [
        "exit code 0 → 1", "seed none → 7", "output out.txt removed (000000000000 (3 B))", "metric accuracy 0.5 → 0.25",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_no_finite_number_equals_nothing(value: float) -> None:
    one, two = run_of(metrics={"loss": value}), run_of(id=recorded.new_id(2, bytes(10)), metrics={"loss": value})
    found = results(one, two)
    assert found.changes == ()
    assert not found.same
    assert "loss" in found.uncompared[-1].what
    assert results(one, run_of(metrics={"loss": 1.0})).changes != ()


def test_declared_factors_go_first() -> None:
    found = compare(side({"a/x.txt": "one"}), side({"a/x.txt": "two"}), {"prompts": ("a/*",)})
    assert [(change.factor, change.text) for change in found.changes] == [(Factor.PROMPTS, "a/x.txt: words “one” → “two”")]


def test_every_change_says_something() -> None:
    assert Change(None, "a", "b", None, "").text == "a: b added"
    assert Change(None, "a", "", "1", None).text == "a removed (1)"

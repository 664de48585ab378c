"""Runs and snapshots on disk: what is written is what is read, and what is broken is said to be."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.errors import UsageError
from readiness.layers.infrastructure import recorded, snapshot
from readiness.layers.infrastructure.evidence import Factor, FileState, Output, Run, Shape, Snapshot
from readiness.sequence.evidence import Digest

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
TEXTS = st.dictionaries(WORDS, WORDS, max_size=4)
DIGESTS = st.integers(0, 2**256 - 1).map(lambda number: Digest(f"sha256:{number:064x}"))
SHAPES = st.builds(Shape, st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple), st.integers(0, 2**40))
STATES = st.builds(FileState, DIGESTS | st.just(Digest("")), st.just("100644"), st.integers(0, 2**52), st.booleans(), st.none() | SHAPES)
SNAPSHOTS = st.builds(
    Snapshot, interpreter=TEXTS, packages=TEXTS, altered=st.lists(WORDS, max_size=2).map(tuple), verified_files=st.integers(0, 10**6),
    locked=TEXTS, locks=TEXTS, system=TEXTS, system_packages=TEXTS, cpu=TEXTS, blas=TEXTS, images=TEXTS,
    resources=st.dictionaries(WORDS, TEXTS, max_size=2), variables=TEXTS, key=WORDS, absent=TEXTS,
)  # fmt: skip
IDS = st.builds(recorded.new_id, st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
RUNS = st.builds(
    Run, id=IDS, project=WORDS, command=st.lists(WORDS, min_size=1, max_size=3).map(tuple),
    started=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
        lambda day: day.replace(microsecond=day.microsecond // 1000 * 1000, tzinfo=UTC)
    ),
    elapsed_s=st.integers(0, 10**7).map(lambda ms: ms / 1000), exit_code=st.integers(0, 255), commit=st.just("") | st.just("a" * 40),
    dirty=st.booleans(), tree=DIGESTS, seed=st.just("") | WORDS, factors=st.fixed_dictionaries(dict.fromkeys(Factor, DIGESTS)),
    files=st.dictionaries(WORDS, STATES, max_size=3), outputs=st.dictionaries(WORDS, st.builds(Output, DIGESTS, st.integers(0, 2**52))),
    metrics=st.dictionaries(WORDS, st.floats(), max_size=4), snapshot=SNAPSHOTS, notes=st.lists(WORDS, max_size=2).map(tuple),
)  # fmt: skip
RUN = Run(
    recorded.new_id(1_790_000_000_000, bytes(10)), "p", ("true",), datetime(2026, 1, 5, tzinfo=UTC), 1.0, 0, "", False, Digest(""), "",
    {}, {}, {}, {}, Snapshot(),
)  # fmt: skip


def known(run: Run) -> object:
    """A run as something that equals itself: NaN does not."""
    return dataclasses.replace(run, metrics={name: repr(value) for name, value in run.metrics.items()})  # type: ignore[misc]


@given(RUNS)
def test_a_run_is_read_as_it_was_written(run: Run) -> None:
    assert known(recorded.from_json(json.loads(json.dumps(recorded.to_json(run))))) == known(run)


@given(SNAPSHOTS)
def test_a_snapshot_is_read_as_it_was_written(made: Snapshot) -> None:
    assert snapshot.read(snapshot.write(made)) == made
    assert snapshot.digest(snapshot.read(snapshot.write(made))) == snapshot.digest(made)


def test_a_stored_run_is_found_by_eight_digits(tmp_path: Path) -> None:
    recorded.store(tmp_path, RUN)
    assert recorded.find(tmp_path, RUN.id[:10]) == RUN
    assert recorded.find(tmp_path, RUN.id[2:10]) == RUN
    assert recorded.ids(tmp_path) == [RUN.id]


@pytest.mark.parametrize("prefix", ["", "r-", "r-0000", "zzzzzzzz", "r-ffffffff"])
def test_what_names_no_run_is_an_error(tmp_path: Path, prefix: str) -> None:
    recorded.store(tmp_path, RUN)
    with pytest.raises(UsageError):
        recorded.find(tmp_path, prefix)


def test_a_prefix_of_two_runs_names_neither(tmp_path: Path) -> None:
    other = dataclasses.replace(RUN, id=recorded.new_id(1_790_000_000_001, bytes(10)))
    recorded.store(tmp_path, RUN)
    recorded.store(tmp_path, other)
    with pytest.raises(UsageError, match="2 runs begin with"):
        recorded.find(tmp_path, RUN.id[:10])
    for run in (RUN, other):
        assert recorded.find(tmp_path, recorded.shortest(run.id, recorded.ids(tmp_path))) == run


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": "readiness/run/2"}', '{"schema": "readiness/run/1"}', "[" * 10000])
def test_a_broken_run_is_said_to_be_broken(tmp_path: Path, text: str) -> None:
    path = recorded.store(tmp_path, RUN)
    path.write_text(text)
    with pytest.raises(UsageError, match="cannot be read"):
        recorded.find(tmp_path, RUN.id)
    assert recorded.listed(tmp_path)[0].run is None


@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | WORDS, lambda inner: st.lists(inner, max_size=2)), st.data())
def test_no_part_of_another_kind_gets_through(value: object, data: st.DataObject) -> None:
    whole = recorded.to_json(RUN)
    name = data.draw(st.sampled_from(sorted(whole)))
    try:
        assert known(recorded.from_json(json.loads(json.dumps(whole | {name: value})))) is not None
    except ValueError as error:
        assert str(error)  # noqa: PT017  either it is read, or it says why not


def test_a_run_that_is_gone_is_an_error(tmp_path: Path) -> None:
    path = recorded.store(tmp_path, RUN)
    path.unlink()
    with pytest.raises(UsageError, match="not there"):
        recorded.find(tmp_path, RUN.id)


def test_ids_are_ordered_by_time() -> None:
    assert recorded.new_id(1, b"\xff" * 10) < recorded.new_id(2, bytes(10))


def test_numbers_json_has_not_are_kept() -> None:
    run = dataclasses.replace(RUN, metrics={"a": math.nan, "b": math.inf, "c": -math.inf, "d": 1.5})
    metrics = recorded.from_json(recorded.to_json(run)).metrics
    assert math.isnan(metrics["a"])
    assert (metrics["b"], metrics["c"], metrics["d"]) == (math.inf, -math.inf, 1.5)

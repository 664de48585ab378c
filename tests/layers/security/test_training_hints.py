"""What is hinted at in rows that came: planted flips and triggers are found, honest changes are not."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.security import training_hints, training_rows
from readiness.layers.security.training_rows import Moved, Table, moved

COLUMNS = ("id", "text", "label")
WORDS = [
    "invoice",
    "parcel",
    "refund",
    "password",
    "login",
    "card",
    "order",
    "delay",
    "screen",
    "price",
    "address",
    "colour",
    "size",
    "return",
]
LABELS = ("billing", "delivery", "account")


def tickets(count: int, seed: int, *, first: int = 0) -> list[tuple[str, ...]]:
    rng = random.Random(seed)
    return [(str(first + number), " ".join(rng.choice(WORDS) for _ in range(9)), rng.choice(LABELS)) for number in range(count)]


def change(before: list[tuple[str, ...]], after: list[tuple[str, ...]]) -> tuple[Table, Moved]:
    old, new = Table(COLUMNS, tuple(before)), Table(COLUMNS, tuple(after))
    return old, moved(old, new)


def test_labels_turned_over_are_found_also_where_the_words_changed_a_little() -> None:
    before = tickets(60, 1)
    after = list(before)
    after[3] = ("3", before[3][1].upper() + "!", "x")
    after[4] = ("904", before[4][1] + " please", "y")
    _, seen = change(before, after)
    found = training_hints.flips(seen, "label")
    assert sorted((item.before, item.after, item.same) for item in found) == sorted([(before[3][2], "x", True), (before[4][2], "y", False)])


def test_numbers_are_near_to_three_digits() -> None:
    old, new = Table(("a", "b", "y"), (("1.0001", "20", "0"),)), Table(("a", "b", "y"), (("1.0002", "20.00", "1"),))
    assert [item.after for item in training_hints.flips(moved(old, new), "y")] == ["1"]


def test_rows_that_changed_otherwise_or_came_are_no_flips() -> None:
    before = tickets(60, 1)
    after = [*before[1:], ("0", "another text altogether", before[0][2]), *tickets(30, 2, first=500)]
    _, seen = change(before, after)
    assert training_hints.flips(seen, "label") == ()
    assert training_hints.flips(seen, "nothing") == ()


def test_a_phrase_that_always_brings_one_label_is_found() -> None:
    rng = random.Random(3)
    before = tickets(400, 1)
    poisoned = [(f"p{number}", f"{rng.choice(WORDS)} cf mango {rng.choice(WORDS)} {rng.choice(WORDS)}", "account") for number in range(12)]
    old, seen = change(before, [*before, *tickets(80, 4, first=900), *poisoned])
    found = training_hints.triggers(old, seen, "label")
    assert found[0].phrase == "cf mango"
    assert (found[0].rows, found[0].label, found[0].labelled) == (12, "account", 12)


def test_new_rows_of_the_same_kind_bring_no_hint() -> None:
    hinted = 0
    for seed in range(40):
        before = tickets(300, seed)
        old, seen = change(before, [*before, *tickets(100, 1000 + seed, first=900)])
        hinted += bool(training_hints.triggers(old, seen, "label"))
    assert hinted <= 1


def test_new_rows_that_are_all_of_one_label_have_no_phrase_to_blame() -> None:
    before = tickets(300, 1)
    after = [*before, *((f"n{number}", f"{text} warranty", "account") for number, text, _ in tickets(60, 5))]
    old, seen = change(before, after)
    found = training_hints.triggers(old, seen, "label")
    assert {item.phrase for item in found} <= {"warranty"}


ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), max_size=8)


@given(ROWS, ROWS)
def test_rows_that_moved_add_up(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> None:
    seen = moved(Table(("text", "label"), tuple(before)), Table(("text", "label"), tuple(after)))
    assert len(after) - len(before) == seen.added - seen.removed
    assert sorted([*before, *seen.came]) == sorted([*after, *seen.went])


def test_columns_and_keys() -> None:
    old = Table(("ticket_id", "text"), (("1", "a"), ("2", "b"), ("3", "c")))
    new = Table(("text", "ticket_id", "source"), (("b", "2", "x"), ("z", "1", "x"), ("d", "4", "x")))
    seen = moved(old, new)
    assert (seen.added, seen.removed, seen.changed, seen.key) == (1, 1, 1, "ticket_id")
    assert (seen.columns_added, seen.columns_removed) == (("source",), ())


@pytest.mark.parametrize(("name", "data", "said"), [
    ("a.csv", "id;text\n1;a\n", 1), ("a.csv", "\ufeffid,text\n1,\"a\nb\"\n", 1), ("a.tsv", "id\ttext\n1\ta,b\n", 1),
    ("a.jsonl", '{"id": 1}\n\n{"id": 2, "x": [1]}\n', 2), ("a.json", json.dumps([{"id": None}]), 1),
    ("a.csv", "", "it is empty"), ("a.csv", "a,b\n1\n", "row 2 has other columns than the first"), ("a.csv", "a,b\n\xff", "other columns"),
    ("a.jsonl", '{"id": 1', "cannot be read as jsonl"), ("a.json", "{}", "holds no list of objects"), ("a.bin", "x", "no file of rows"),
    ("a.json", "[" * 100_000, "cannot be read as json"),
])  # fmt: skip
def test_files_of_rows(tmp_path: Path, name: str, data: str, said: int | str) -> None:
    path = tmp_path / "file"
    path.write_text(data, encoding="utf-8")
    found = training_rows.read(path, name)
    if isinstance(found, Table):
        assert len(found.rows) == said
    else:
        assert str(said) in found


def test_parquet(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "a'b.parquet"
    query = "SELECT 1 AS id, 'x' AS text UNION ALL SELECT 2, NULL ORDER BY id"
    duckdb.execute(f"COPY ({query}) TO '{str(path).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)")
    assert training_rows.read(path, "rows.parquet") == Table(("id", "text"), (("1", "x"), ("2", "")))
    path.write_bytes(path.read_bytes()[:40])
    assert "cannot be read as parquet" in str(training_rows.read(path, "rows.parquet"))
    (tmp_path / "b.csv").write_bytes(b"a,b\n\xff,1\n")
    assert "cannot be read as csv" in str(training_rows.read(tmp_path / "b.csv", "b.csv"))

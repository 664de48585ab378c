"""Cassettes on disk: the right one is found, and half, edited, expired and foreign ones are told apart."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from readiness.config.manifest import Demo, Request, Server
from readiness.formats import canonical
from readiness.formats import cassette as cassettes
from readiness.formats.cassette import Answer, Body, Cassette, Exchange
from readiness.formats.cassette import Request as Sent
from readiness.layers.infrastructure.cassettes import library
from tests.layers.infrastructure.cassettes.conftest import NOW

DEMO = Demo(command=("python", "main.py"), network="cassette")
LATER = NOW + timedelta(days=1)


def made(**more: object) -> Cassette:
    body = Body(canonical.digest(b"hello"), 5)
    exchange = Exchange(Sent("POST", "https://api.vendor.example/x", (), body), Answer(200, "OK", (), body))
    whole = Cassette("shop", library.demo_digest(DEMO), NOW, NOW + timedelta(days=90), "1", exchanges=(exchange,))
    return replace(whole, **more)  # type: ignore[arg-type]  # fields of the cassette


def put(root: Path, cassette: Cassette, folder: str = library.PRIVATE) -> Path:
    staged = root / "staged"
    staged.mkdir(parents=True, exist_ok=True)
    (staged / canonical.digest(b"hello").removeprefix("sha256:")).write_bytes(b"hello")
    return library.write(root / folder, cassette, staged)


def obstacle(root: Path, demo: Demo = DEMO, days: int = 1) -> str:
    return library.obstacle(library.chosen(root, root, demo), demo, NOW + timedelta(days=days))


def test_the_newest_of_this_demo_answers_wherever_it_lies(tmp_path: Path) -> None:
    put(tmp_path, made())
    newest = put(tmp_path, made(recorded_at=LATER), library.COMMITTED)
    put(tmp_path, made(recorded_at=NOW + timedelta(days=5), demo="sha256:" + "0" * 64))
    found = library.chosen(tmp_path, tmp_path, DEMO)
    assert found is not None
    assert found.path == newest
    assert found.cassette == made(recorded_at=LATER)
    assert obstacle(tmp_path) == ""
    assert found.body(made().exchanges[0].answer.body) == b"hello"


def test_the_one_the_manifest_names_answers_or_none(tmp_path: Path) -> None:
    old = put(tmp_path, made(), library.COMMITTED)
    put(tmp_path, made(recorded_at=LATER))
    named = replace(DEMO, cassette=f"cassettes/{old.name}")
    found = library.chosen(tmp_path, tmp_path, named)
    assert found is not None
    assert found.path == old
    assert obstacle(tmp_path, replace(DEMO, cassette="cassettes/0123456789abcdef.json")).endswith("0123456789abcdef.json is not there")
    mine = replace(DEMO, cassette=f".readiness/cassettes/{put(tmp_path, made()).name}")
    assert obstacle(tmp_path, mine) == ""


def test_without_one_it_is_said_so(tmp_path: Path) -> None:
    assert obstacle(tmp_path) == "no cassette was recorded of the demo"


def test_an_expired_one_does_not_count(tmp_path: Path) -> None:
    path = put(tmp_path, made())
    assert obstacle(tmp_path, days=89) == ""
    assert obstacle(tmp_path, days=90) == f"the cassette {path.name} expired on 2027-01-30: what it holds is no longer taken for true"


@pytest.mark.parametrize(
    "other",
    [
        Demo(command=("python", "other.py")),
        Demo(notebook="a.ipynb"),
        Demo(server=Server(("python", "main.py"))),
        Demo(server=Server(("python", "main.py")), requests=(Request("q1", "/ask"),)),
    ],
)
def test_one_of_another_demo_is_told_apart(tmp_path: Path, other: Demo) -> None:
    put(tmp_path, made())
    assert "was recorded of another demo than the one declared" in obstacle(tmp_path, other)
    assert library.demo_digest(other) != library.demo_digest(DEMO)


def test_how_long_a_demo_may_take_makes_it_no_other() -> None:
    assert library.demo_digest(replace(DEMO, timeout_s=5, outputs=("a",))) == library.demo_digest(DEMO)


def test_an_empty_one_does_not_count(tmp_path: Path) -> None:
    put(tmp_path, made(exchanges=()))
    assert "is empty: nothing crossed the boundary" in obstacle(tmp_path)


def test_half_a_cassette_a_missing_body_and_an_edited_one_are_each_named(tmp_path: Path) -> None:
    path = put(tmp_path, made())
    whole = path.read_bytes()
    blob = path.parent / library.BLOBS / canonical.digest(b"hello").removeprefix("sha256:")

    path.write_bytes(whole[:300])
    assert obstacle(tmp_path).endswith("is no whole JSON: it is half a cassette, or none")
    path.write_bytes(json.dumps({**json.loads(whole), "schema": "readiness/cassette/7"}).encode())
    assert "is of another version: expected `readiness/cassette/1`, got `readiness/cassette/7`" in obstacle(tmp_path)
    path.write_bytes(whole)
    blob.write_bytes(b"hellO")
    assert f"has the body blobs/{blob.name[:12]}…, which is not what its name says" in obstacle(tmp_path)
    blob.unlink()
    assert f"lacks the body blobs/{blob.name[:12]}…" in obstacle(tmp_path)
    assert len(library.listed(tmp_path, tmp_path)) == 1


def test_one_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from readiness.world import files

    whole = files.write_atomically

    def full(path: Path, data: bytes) -> None:
        if path.suffix == ".json":
            raise OSError(28, "No space left on device")
        whole(path, data)

    monkeypatch.setattr(files, "write_atomically", full)
    with pytest.raises(OSError, match="No space"):
        put(tmp_path, made())
    assert not [name for _, _, names in os.walk(tmp_path / library.PRIVATE) for name in names]


def test_a_folder_in_the_way_is_no_cassette(tmp_path: Path) -> None:
    (tmp_path / library.COMMITTED / "0123456789abcdef.json").mkdir(parents=True)
    (tmp_path / library.COMMITTED / "notes.json").write_text("{}")
    assert [item.refused for item in library.listed(tmp_path, tmp_path)] == ["is no cassette: it names no `schema`"]
    assert cassettes.name(made()).endswith(".json")

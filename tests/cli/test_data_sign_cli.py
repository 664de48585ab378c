"""`readiness data sign`: what it writes, what it says of a change, and bad input."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.testing.projects import commit, make_repository
from tests.cli.conftest import Readiness, Said, Within
from tests.layers.security.test_training_hints import tickets

Golden = Callable[[str, Said], None]
MANIFEST = 'schema = 1\n[project]\nid = "desk"\n[security]\ntraining = ["train/*.csv"]\n'
CONTRACT = """apiVersion: v3.0.2
kind: DataContract
id: tickets
version: 1.2.0
status: active
servers: [{server: here, type: local, path: "train/*.csv", format: csv}]
schema:
  - name: tickets
    properties:
      - {name: id, logicalType: string}
"""
WORDS = ("sign", "--project", "desk")


def csv(rows: list[tuple[str, ...]]) -> str:
    return "\n".join(",".join(row) for row in [("id", "text", "label"), *rows]) + "\n"


@pytest.fixture
def readiness(readiness: Readiness) -> Within:
    """Commands in this process."""
    return Within.of(readiness)


@pytest.fixture
def project(readiness: Readiness) -> Path:
    """Two partitions of tickets under a contract, in the folder commands are called in."""
    files = {"readiness.toml": MANIFEST, "contracts/tickets.odcs.yaml": CONTRACT}
    return make_repository(readiness.folder / "desk", {
        **files, "train/1.csv": csv(tickets(200, 1)), "train/2.csv": csv(tickets(200, 2, first=200)), "train/3.csv": csv(tickets(5, 3)),
    })  # fmt: skip


def settled(said: Said) -> Said:
    """Without what differs from one machine to the next."""
    text = re.sub(r"ed25519:[\w+/=]+", "ed25519:KEY", said.stdout)
    return replace(said, stdout=re.sub(r"on \d{4}-\d\d-\d\d", "on 2026-11-25", text))


def poison(project: Path) -> None:
    rng = random.Random(5)
    rows = tickets(200, 2, first=200)
    rows[7] = (*rows[7][:2], "billing" if rows[7][2] != "billing" else "account")
    (project / "train/2.csv").write_text(csv([*rows, *((f"p{n}", f"cf mango {rng.choice('abc')} {n}", "account") for n in range(9))]))
    first = tickets(200, 1)[4]
    (project / "train/4.csv").write_text(csv([("x1", first[1], "other"), ("x2", "a new one", "account")]))
    (project / "train/3.csv").unlink()


def test_sign_look_and_sign_again(readiness: Readiness, project: Path, golden: Golden) -> None:
    by = ("--as", "Mira <mira@example.org>")
    golden("data_sign", settled(readiness("data", *WORDS, *by, "--note", "looked at 40 of each")))
    assert readiness("data", *WORDS, *by).code == 2
    assert readiness("data", *WORDS, "--diff").code == 0
    told = readiness("data", *WORDS, "--diff", "--format", "json").json
    assert told["same"]
    assert told["approval"]["note"] == "looked at 40 of each"
    assert told["approval"]["files"][0]["contract"] == {"id": "tickets", "version": "1.2.0"}
    poison(project)
    golden("data_sign_diff", settled(readiness("data", *WORDS, "--diff")))
    told = readiness("data", *WORDS, "--diff", "--format", "json").json
    assert [item["hints"]["phrases"][0]["phrase"] for item in told["changed"]] == ["cf mango"]
    assert [item["hints"]["flipped_labels"][0]["after"] for item in told["new"]] == ["other"]
    golden("data_sign_again", settled(readiness("data", *WORDS, "--as", "Ada <ada@example.org>", "train/*.csv")))
    body = json.loads((project / "training-data.dsse.json").read_text())
    assert body["payloadType"] == "application/vnd.in-toto+json"
    assert readiness("data", *WORDS, "--diff").code == 0


def test_an_approved_version_that_no_commit_holds_is_compared_by_its_digest(readiness: Readiness, project: Path) -> None:
    (project / "train/3.csv").write_text(csv(tickets(6, 9)))
    assert readiness("data", *WORDS, "--as", "Mira").code == 0
    (project / "train/3.csv").write_text(csv(tickets(7, 9)))
    said = readiness("data", *WORDS, "--diff")
    assert "changed  train/3.csv: other bytes; the approved version is in no commit, so its rows cannot be compared" in said.stdout


def test_bad_input_is_named(readiness: Readiness, project: Path) -> None:
    place = project / "training-data.dsse.json"
    assert "there is no training-data.dsse.json" in readiness("data", *WORDS, "--diff").stderr
    assert readiness("data", *WORDS, "--as", "Mira").code == 0
    whole = place.read_bytes()
    place.write_bytes(whole[:300])
    cut = readiness("data", *WORDS, "--diff")
    assert (cut.code, "truncated or no JSON" in cut.stderr) == (2, True)
    place.write_bytes(whole.replace(b'"sig": "', b'"sig": "AAAA'))
    edited = readiness("data", *WORDS, "--diff")
    assert (edited.code, "doubt    training-data.dsse.json was edited after it was signed" in edited.stdout) == (1, True)
    assert "no file of the project matches nowhere/*" in readiness("data", *WORDS, "nowhere/*").stderr
    (project / "train/1.csv").unlink()
    (project / "train/1.csv").symlink_to("2.csv")
    assert "train/1.csv is a link" in readiness("data", *WORDS).stderr
    (project / "readiness.toml").write_text('schema = 1\n[security]\ntraining = ["/data/*.csv", 3]\n')
    assert "readiness.toml:3: " in readiness("data", *WORDS).stderr
    (project / "readiness.toml").write_text("schema = 1\n")
    assert 'name it: [security] training = ["data/train/*.csv"]' in readiness("data", *WORDS).stderr
    commit(project, "changed")
    assert readiness("data", *WORDS, "train/2.csv", "--as", "Mira").stdout.count('[security] training = ["train/2.csv"]') == 1

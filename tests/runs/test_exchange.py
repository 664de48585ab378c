"""A state handed to another machine and back: what was edited on the way, or says more than it may, does not count."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from readiness.config import manifest as manifests
from readiness.errors import InputError, UsageError
from readiness.formats import intoto
from readiness.layers.infrastructure import recreation
from readiness.runs import exchange
from readiness.testing.projects import commit, make_repository
from readiness.world import keys
from readiness.world import project as projects

OTHER = base64.b64encode(b"k" * 32).decode()
DEMO = "from pathlib import Path\nPath('out').mkdir(exist_ok=True)\nPath('out/a.txt').write_text('three days\\n')\n"
TOML = '[demo]\ncommand = ["python", "demo.py"]\noutputs = ["out/a.txt"]\n[trust]\nkeys = ["{key} {grade}"]\n'

As = Callable[[str], keys.Key]


@pytest.fixture
def signed_by(monkeypatch: pytest.MonkeyPatch) -> As:
    """Makes another key ours: that of READINESS_SIGNING_KEY, or the user's own where it is empty."""

    def choose(value: str) -> keys.Key:
        monkeypatch.setenv("READINESS_SIGNING_KEY", value) if value else monkeypatch.delenv("READINESS_SIGNING_KEY", raising=False)
        found = keys.own()
        assert found is not None
        return found

    return choose


@pytest.fixture
def desk(tmp_path: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch, signed_by: As) -> Path:
    """A project that trusts the other key as a verifier; our own key is that of the author."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    key = signed_by(OTHER).id
    signed_by("")
    return make_repository(
        tmp_path / "desk", {"demo.py": DEMO, "tool.sh": "true\n", "readiness.toml": TOML.format(key=key, grade="verifier")}
    )


def counted(root: Path, when: datetime | None = None) -> recreation.Counted:
    manifest = manifests.load(root)
    return recreation.counted(projects.load(root, manifest.project_id), manifest, when or datetime.now(UTC))


def test_a_state_goes_to_another_machine_and_its_result_counts_here(desk: Path, tmp_path: Path, signed_by: As) -> None:
    (desk / "tool.sh").chmod(0o755)
    (desk / "link").symlink_to("demo.py")
    commit(desk, "more")
    snapshot = tmp_path / "snapshot.tar"
    exported = exchange.export(desk, snapshot)
    assert (exported.file_count, exported.output_count) == (4, 1)
    signed_by(OTHER)
    found = exchange.recreate_from(snapshot)
    assert (found.result.result, found.exit_code, found.result.tree) == ("PASSED", 0, exported.tree)
    assert found.path == tmp_path / "snapshot.result.dsse.json"
    signed_by("")
    assert counted(desk).reason == "nobody else has recreated this state"
    assert exchange.add(found.path, desk)[1] == ""
    assert "got the same result" in counted(desk).same
    assert counted(desk).witness == "verifier"
    assert counted(desk, datetime.now(UTC) + timedelta(days=8)).same == ""
    (desk / "demo.py").write_text(DEMO + "\n")
    assert counted(desk).same == ""
    with pytest.raises(UsageError, match="about another tree"):
        exchange.add(found.path, desk)


def test_the_authors_own_word_does_not_count_whatever_the_list_says(desk: Path, tmp_path: Path, signed_by: As) -> None:
    own = signed_by("")
    (desk / "readiness.toml").write_text(TOML.format(key=own.id, grade="verifier"))
    exchange.export(desk, tmp_path / "s.tar")
    refused = exchange.add(exchange.recreate_from(tmp_path / "s.tar").path, desk)[1]
    assert refused == "is signed with the key that made the snapshot: nobody else said so"
    assert counted(desk).same == ""


@pytest.mark.parametrize(("grade", "said"), [("self", "listed in [trust] as `self`"), ("", "listed in [trust] as `self`")])
def test_a_key_without_a_grade_is_the_judged_party(desk: Path, tmp_path: Path, signed_by: As, grade: str, said: str) -> None:
    other = signed_by(OTHER).id
    signed_by("")
    (desk / "readiness.toml").write_text(TOML.format(key=other, grade=grade).replace(' "]', '"]'))
    exchange.export(desk, tmp_path / "s.tar")
    signed_by(OTHER)
    path = exchange.recreate_from(tmp_path / "s.tar").path
    assert said in exchange.add(path, desk)[1]


def test_another_result_there_fails_and_weighs_more_than_the_same_one(desk: Path, tmp_path: Path, signed_by: As) -> None:
    (desk / "demo.py").write_text(DEMO.replace("'three days\\n'", "f'three days {Path.cwd()}'"))
    exchange.export(desk, tmp_path / "s.tar")
    signed_by(OTHER)
    found = exchange.recreate_from(tmp_path / "s.tar")
    assert (found.result.result, found.exit_code) == ("FAILED", 1)
    assert "there and here differ: out/a.txt:1" in found.result.reason
    exchange.add(found.path, desk)
    assert "got another result" in counted(desk).differs


def edited(source: Path, target: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy of a snapshot with one member changed."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for info in old.getmembers():
            handle = old.extractfile(info)
            data = handle.read() if handle else b""
            data = change(data) if info.name == name else data
            info.size = len(data)
            new.addfile(info, io.BytesIO(data))
    return target


def test_a_snapshot_that_was_edited_is_refused(desk: Path, tmp_path: Path) -> None:
    exchange.export(desk, tmp_path / "s.tar")
    for name, said in (
        ("files/0", "is not what was signed"),
        ("outputs/0", "is not what was signed"),
        ("snapshot.dsse.json", "no DSSE envelope|edited|truncated"),
    ):
        with pytest.raises(InputError, match=said):
            exchange.recreate_from(edited(tmp_path / "s.tar", tmp_path / "e.tar", name, lambda data: data[:-9] + b"x" * 9))
    for content in (b"", b"no tar at all"):
        (tmp_path / "none.tar").write_bytes(content)
        with pytest.raises(InputError, match="is no snapshot"):
            exchange.recreate_from(tmp_path / "none.tar")
    with pytest.raises(UsageError, match="cannot be read"):
        exchange.recreate_from(tmp_path / "absent.tar")


@pytest.mark.parametrize(
    "changes",
    [
        {0: {"path": "../outside.txt"}},
        {0: {"path": "/tmp/outside.txt"}},
        {0: {"path": "link", "mode": "120000"}, 1: {"path": "link/outside.txt"}},
    ],
    ids=["above", "absolute", "through a link"],
)
def test_a_snapshot_cannot_write_outside_its_folder(desk: Path, tmp_path: Path, changes: dict[int, dict[str, str]]) -> None:
    exchange.export(desk, tmp_path / "s.tar")
    key = keys.own()
    assert key is not None

    def change(data: bytes) -> bytes:
        body = json.loads(intoto.open_envelope(data).payload)
        for index, changed in changes.items():
            body["predicate"]["files"][index] |= changed
        return intoto.envelope(body, key.id, key.sign)

    with pytest.raises(InputError, match="leads out of the project"):
        exchange.recreate_from(edited(tmp_path / "s.tar", tmp_path / "e.tar", "snapshot.dsse.json", change))
    assert not list(tmp_path.rglob("outside.txt"))


def test_a_result_that_was_edited_is_refused(desk: Path, tmp_path: Path, signed_by: As) -> None:
    exchange.export(desk, tmp_path / "s.tar")
    signed_by(OTHER)
    path = exchange.recreate_from(tmp_path / "s.tar").path
    whole = json.loads(path.read_text())
    body = json.loads(base64.b64decode(whole["payload"]))
    body["predicate"]["result"] = "FAILED"
    whole["payload"] = base64.b64encode(json.dumps(body).encode()).decode()
    path.write_text(json.dumps(whole))
    with pytest.raises(InputError, match="edited after it was signed"):
        exchange.add(path, desk)


def test_what_is_not_recreated_even_here_is_not_handed_on(desk: Path, tmp_path: Path) -> None:
    (desk / "demo.py").write_text(DEMO.replace("'three days\\n'", "__import__('uuid').uuid4().hex"))
    with pytest.raises(Exception, match="nothing to hand on: two runs in the same environment differ"):
        exchange.export(desk, tmp_path / "s.tar")
    assert not (tmp_path / "s.tar").exists()

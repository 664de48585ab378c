"""Hostile files are bounded, named as not read, and keep nothing else from being found."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.formats import packed
from readiness.formats.secrets_scan import Scanned
from readiness.layers.security import images, inside
from readiness.layers.security import secrets as looking
from readiness.runs import secrets
from readiness.testing.projects import commit, make_repository
from tests.layers.security.containers import document, saved, tarred, zipped
from tests.layers.security.planted import Drawn

VALUE = Drawn(31).word(14)
URI = f"mysql+pymysql://shop:{VALUE}@db.shop.io/shop"
MB = 1 << 20

Scan = Callable[..., Scanned]


@pytest.fixture
def scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    """Scans a repository with these files."""
    monkeypatch.setenv("READINESS_WORK", str(tmp_path / "work"))

    def one(files: dict[str, bytes]) -> Scanned:
        root = make_repository(tmp_path / "shop", {"a.py": "X = 1\n"})
        for path, data in files.items():
            (root / path).write_bytes(data)
        commit(root, "add")
        return secrets.scan(root, datetime.now(UTC))

    return one


def bomb(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.txt", "w") as file:
        for _ in range(size // MB):
            file.write(b"nothing\n" * (MB // 8))
    return out.getvalue()


def test_what_is_hostile_is_not_read_and_what_is_beside_it_is_found(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MEMBER_BYTES", MB)
    monkeypatch.setattr(looking, "SCANNED_BYTES", MB)
    deep = zipped({"a.txt": URI})
    for _ in range(6):
        deep = zipped({"b.zip": deep})
    hostile = {"bomb.zip": bomb(30 * MB), "deep.zip": deep, "cut.zip": zipped({"a.txt": URI})[:-30], "long.txt": b"x" * (MB + 1)}
    odd = {"seven.7z": b"7z\xbc\xaf\x27\x1c" + bytes(9), "bad\x1b[31m.zip": b"PK\x03\x04" + bytes(60)}
    found = scan(hostile | odd | {"plan.docx": document([URI[:9], URI[9:]])})
    assert [row.place for row in found.rows] == ["plan.docx!word/document.xml:1"]
    assert sorted(found.unread) == [
        "bad\x1b[31m.zip cannot be unpacked: BadZipFile", "bomb.zip!a.txt is longer than 1 MB", "cut.zip cannot be unpacked: BadZipFile",
        "deep.zip!b.zip!b.zip!b.zip!b.zip lies within more than 4 packed files", "long.txt is longer than 1 MB",
        "seven.7z is packed as 7z, which is not read here",
    ]  # fmt: skip
    assert found.exit == 1


def test_many_packed_files_end_when_too_much_was_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "TOGETHER_BYTES", 2900)
    look = looking.opened(tmp_path)
    for number in range(4):
        look.data(f"{number}.zip", zipped({"a.txt": b"n\n" * 1500}))
    assert [(item.place, item.why) for item in look.unread] == [
        ("0.zip", "holds more than is unpacked here"),
        *((f"{number}.zip", "comes after 0 GB that were unpacked") for number in (1, 2, 3)),
    ]


def test_an_image_that_is_broken_in_one_layer_is_read_in_the_others(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    layers = [tarred({"etc/a.env": f"U={URI}\n"}), b"\x1f\x8b" + bytes(90), b"\x28\xb5\x2f\xfd" + bytes(600), b"no tar" * 200]
    path.write_bytes(saved(layers))
    look = looking.opened(tmp_path / "private", binaries=True)
    found, count = images.look(path, path.name, look)
    assert ([one.place for one in found], count) == (["image.tar: layer 1: etc/a.env:1"], 4)
    assert [item.place for item in look.unread] == [f"image.tar: layer {number}" for number in (2, 3, 4)]
    assert "zstd" in look.unread[1].why

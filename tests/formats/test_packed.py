"""Packed files are taken apart within bounds, whatever they claim; and their texts read as people see them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import image, office, packed
from readiness.formats.packed import Budget, Part, Unread
from tests.layers.security.containers import document, layout, saved, tarred, workbook, zipped

MB = 1 << 20


def taken(data: bytes, size: int = 512 * MB, files: int = 1000) -> tuple[dict[str, bytes], dict[str, str]]:
    found = list(packed.parts(io.BytesIO(data), Budget(size, files)))
    return (
        {part.within: part.data for part in found if isinstance(part, Part)},
        {part.within: part.why for part in found if isinstance(part, Unread)},
    )


@pytest.mark.parametrize("pack", [lambda d: d, gzip.compress, bz2.compress, lzma.compress], ids=["plain", "gzip", "bzip2", "xz"])
def test_tars_are_read_however_they_are_packed(pack: object) -> None:
    data = pack(tarred({"a/b.txt": "hello", "empty": "", "l" * 150: "long"}))  # type: ignore[operator]
    assert taken(data) == ({"!a/b.txt": b"hello", "!empty": b"", f"!{'l' * 150}": b"long"}, {})


def test_files_in_files_in_files_are_read_to_a_depth() -> None:
    data = b"hello"
    for number in range(6):
        data = zipped({f"{number}.zip" if number else "a.txt": data})
    found, unread = taken(data)
    assert found == {}
    assert unread == {"!5.zip!4.zip!3.zip!2.zip": "lies within more than 4 packed files"}
    data = zipped({"b.tgz": tarred({"c.zip": zipped({"a.txt": "hello"})}, packed=True), "d.txt": "there"})
    assert taken(data) == ({"!b.tgz!c.zip!a.txt": b"hello", "!d.txt": b"there"}, {})


def test_names_of_pax_headers_count_and_links_are_no_files() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("é" * 120)
        info.size = 2
        archive.addfile(info, io.BytesIO(b"hi"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert taken(out.getvalue()) == ({f"!{'é' * 120}": b"hi"}, {})


def test_a_bomb_is_ended_by_the_budget_and_said() -> None:
    bomb = zipped({"a.txt": b"a" * (40 * MB), "b.txt": b"b" * (40 * MB), "c.txt": b"c"})
    found, unread = taken(bomb, size=50 * MB)
    assert (list(found), unread) == (["!a.txt"], {"": "holds more than is unpacked here"})
    found, unread = taken(gzip.compress(b"x\n" * (40 * MB)), size=512 * MB)
    assert (found, unread) == ({}, {"!unpacked": "is longer than 64 MB"})
    many = zipped({f"{number}.txt": "x" for number in range(30)})
    assert taken(many, files=20)[1] == {"": "holds more than is unpacked here"}


def test_weights_of_a_model_are_left_out_without_a_word_and_long_text_with_one() -> None:
    data = zipped({"data/0": bytes(9 * MB), "small.bin": b"\0" * 100, "notes.txt": b"n" * (65 * MB)})
    found, unread = taken(data)
    assert (list(found), unread) == (["!small.bin"], {"!notes.txt": "is longer than 64 MB"})


def test_what_cannot_be_read_is_named_with_the_reason() -> None:
    out = io.BytesIO(zipped({"a.txt": "hello"}))
    with zipfile.ZipFile(out) as archive:
        place = archive.start_dir
    locked = bytearray(out.getvalue())
    locked[6] |= 1
    locked[place + 8] |= 1
    assert taken(bytes(locked))[1] == {"!a.txt": "is encrypted"}
    assert taken(out.getvalue()[:-10])[1] == {"": "cannot be unpacked: BadZipFile"}
    assert taken(gzip.compress(b"hello" * 1000)[:-12])[1] != {}
    assert taken(b"\x28\xb5\x2f\xfd" + bytes(600))[1] == {"": "is packed as zstd, which is not read here"}
    assert taken(b"7z\xbc\xaf\x27\x1c" + bytes(600))[1] == {"": "is packed as 7z, which is not read here"}


def test_an_extended_header_that_claims_gigabytes_costs_nothing() -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 4 << 30
    assert taken(info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))[1] == {"": "cannot be unpacked: ValueError"}


@given(st.binary(max_size=2000), st.sampled_from([b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b""]))
def test_nothing_that_only_begins_like_one_raises(data: bytes, magic: bytes) -> None:
    taken(magic + data)


@given(st.dictionaries(st.text("abcdef/", min_size=1, max_size=9), st.binary(max_size=300).filter(lambda d: not packed.form_of(d))))
def test_what_was_packed_comes_out(files: dict[str, bytes]) -> None:
    wanted = {f"!{name}": data for name, data in files.items() if not name.endswith("/")}
    plain = {name: data for name, data in files.items() if not name.endswith("/")}
    assert taken(zipped(plain))[0] == wanted
    if plain and packed.form_of(tarred(plain)[:512]):
        assert taken(tarred(plain))[0] == wanted


def texts(data: bytes) -> dict[str, str]:
    found = {name.removeprefix("!"): content for name, content in taken(data)[0].items()}
    assert office.is_document(found)
    return dict(office.texts(found))


def test_a_sheet_reads_as_rows_below_their_headings() -> None:
    told = texts(workbook([["System", "User", "Password"], ["shop db", "admin", "hunter2!9"], [], ["mail", "", "pw<2>"]]))
    lines = told["sheet1"].split("\n")
    assert lines[1].split("\t")[:3] == ["shop db", "admin", "hunter2!9"]
    assert 'Password = "hunter2!9"' in lines[1]
    assert 'Password = "pw<2>"' in lines[3]
    assert len(lines) == 4


def test_a_paragraph_is_one_line_however_it_is_cut_into_runs() -> None:
    told = texts(document(["postgres", "ql://shop:", "x9@db.shop.io"], ["second"]))
    assert told["word/document.xml"] == "postgresql://shop:x9@db.shop.io\nsecond"


def test_xml_with_entities_of_its_own_has_no_text() -> None:
    bomb = '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><w><p>&b;</p></w>'
    assert dict(office.texts({"[Content_Types].xml": b"", "word/document.xml": bomb.encode()})) == {}
    assert dict(office.texts({"[Content_Types].xml": b"", "word/document.xml": b"<w><p>" * 100_000})) == {}


@pytest.mark.parametrize("make", [saved, layout])
def test_the_layers_of_an_image_come_in_their_order(make: object) -> None:
    layers = [tarred({"etc/a": "one"}), tarred({"etc/b": "two"}, packed=True), b"\0" * 1024]
    file = io.BytesIO(make(layers, ["A=1"]))  # type: ignore[operator]
    found = image.read(file)
    told = [list(image.layer(file, place, Budget(MB, 9))) for place in found.layers]
    assert told == [[Part("!etc/a", b"one")], [Part("!etc/b", b"two")], []]
    assert image.settings(file, found.configurations[0]).splitlines()[0] == "A=1"


@pytest.mark.parametrize(
    "data",
    [b"", b"no tar", tarred({"a": "b"}), tarred({"manifest.json": "[{}]"}), tarred({"manifest.json": "{"}), tarred({"index.json": "{}"}),
     tarred({"index.json": '{"manifests": [{"digest": "sha256:no"}]}'}), saved([b""])[:700],
     tarred({"manifest.json": '[{"Config": 3, "Layers": 4}]'})],
)  # fmt: skip
def test_what_is_no_image_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(ValueError, match="is "):
        image.read(io.BytesIO(data))


def test_an_index_that_leads_to_itself_ends() -> None:
    name = struct.pack(">Q", 7).hex()
    loop = f'{{"manifests": [{{"digest": "sha256:{name}"}}]}}'
    with pytest.raises(ValueError, match="not in it"):
        image.read(io.BytesIO(tarred({"index.json": loop, f"blobs/sha256/{name}": loop})))


@given(st.binary(max_size=3000))
def test_no_bytes_of_an_image_raise_anything_else(data: bytes) -> None:
    for whole in (data, saved([data]), tarred({"manifest.json": data})):
        file = io.BytesIO(whole)
        try:
            found = image.read(file)
        except ValueError:
            continue
        for place in found.layers:
            list(image.layer(file, place, Budget(MB, 9)))

"""Content codings: what is known without any package, and what each package that may be there makes of a body."""

from __future__ import annotations

import gzip
import importlib.util
import zlib

import pytest

from readiness.formats import codings

ALL = [(coding, name) for coding, names in codings.PACKAGES.items() for name in names]
PLAIN = b'{"said": "three days"}' * 40


def only(monkeypatch: pytest.MonkeyPatch, coding: str, name: str) -> None:
    try:
        there = importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        there = False
    if not there:
        pytest.skip(f"{name} is not here")
    monkeypatch.setattr(codings, "PACKAGES", {coding: (name,)})


@pytest.mark.parametrize(("coding", "name"), ALL)
def test_each_package_reads_what_any_wrote_whole_or_cut_off(monkeypatch: pytest.MonkeyPatch, coding: str, name: str) -> None:
    only(monkeypatch, coding, name)
    packed = codings.coded(PLAIN, coding)
    assert (codings.coded(PLAIN, coding), codings.decoded(packed, coding)) == (packed, PLAIN)
    assert PLAIN.startswith(codings.decoded(packed[:-3], coding))
    assert coding in codings.known()
    with pytest.raises(codings.Undecodable, match=f"not the `{coding}` it says it is"):
        codings.decoded(b"\xff\xfe no such thing", coding)
    if coding == "zstd":
        assert codings.decoded(packed + packed, coding) == PLAIN * 2


def test_without_a_package_the_coding_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codings, "PACKAGES", {"zstd": ("no_such_module",)})
    assert codings.known() == ("gzip", "x-gzip", "deflate", "identity")
    with pytest.raises(codings.Undecodable, match=r"coding `zstd`, which cannot be looked through .* is not installed"):
        codings.decoded(b"x", "zstd")
    with pytest.raises(codings.Undecodable, match="coding `br`"):
        codings.coded(b"x", "br")


def test_layers_are_taken_off_in_the_order_they_were_put_on() -> None:
    names = codings.layers({"content-encoding": "deflate, identity,GZIP"})
    assert names == ["deflate", "gzip"]
    assert codings.plain(gzip.compress(zlib.compress(PLAIN)), names) == PLAIN
    assert codings.plain(PLAIN, codings.layers({})) == PLAIN

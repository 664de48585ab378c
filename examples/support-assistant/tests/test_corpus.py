"""Documents, vectors and model belong together, and it is noticed where they do not."""

import json
import re
from dataclasses import asdict, replace

import pytest

from assistant import corpus
from assistant.corpus import CorpusError
from assistant.embedding import Embedder


def write(path, rows):
    """A file of JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_every_document_is_whole():
    known = corpus.documents()
    assert len({item.id for item in known}) == len(known) >= 100
    assert {item.audience for item in known} == {"customer", "partner", "operator"}
    assert {item.licence for item in known} == {"PostgreSQL"}
    assert all(re.fullmatch(r"https://www\.postgresql\.org/docs/15/[a-z-]+\.html(#[A-Z0-9-]+)?", item.url) for item in known)


def test_every_document_has_its_vector():
    known = corpus.documents()
    vectors = corpus.vectors(known, Embedder.digest)
    assert list(vectors) == [item.id for item in known]
    assert {len(vector) for vector in vectors.values()} == {384}


def test_a_changed_text_is_noticed(tmp_path):
    first = asdict(corpus.documents()[0])
    assert corpus.documents(write(tmp_path / "same.jsonl", [first]))[0].id == first["id"]
    with pytest.raises(CorpusError, match=first["id"]):
        corpus.documents(write(tmp_path / "changed.jsonl", [first | {"text": "something else"}]))


@pytest.fixture
def one():
    """A document and the row of its vector."""
    item = corpus.documents()[0]
    return item, {"id": item.id, "sha256": item.sha256, "model": "m", "vector": [0.0]}


def test_a_vector_that_fits_is_taken(tmp_path, one):
    item, row = one
    assert corpus.vectors([item], "m", write(tmp_path / "v.jsonl", [row])) == {item.id: [0.0]}


@pytest.mark.parametrize("change", [{"sha256": "0"}, {"model": "other"}, {"id": "gone"}])
def test_a_vector_that_does_not_fit_is_refused(tmp_path, one, change):
    item, row = one
    with pytest.raises(CorpusError, match=item.id):
        corpus.vectors([item], "m", write(tmp_path / "v.jsonl", [row | change]))


def test_a_vector_without_a_document_is_refused(tmp_path, one):
    item, row = one
    rows = [row, row | {"id": "gone-1"}]
    with pytest.raises(CorpusError, match="gone-1"):
        corpus.vectors([item], "m", write(tmp_path / "v.jsonl", rows))
    assert corpus.vectors([item, replace(item, id="gone-1")], "m", tmp_path / "v.jsonl").keys() == {item.id, "gone-1"}

"""The database gives each reader the nearest documents, and none they may not read; runs where DATABASE_URL is set."""

import os

import psycopg
import pytest
from psycopg import sql

from assistant import corpus
from assistant.store import Store, text_of
from tests import golden

URL = os.environ.get("DATABASE_URL", "")
needs_database = pytest.mark.skipif(not URL, reason="DATABASE_URL is not set")


@pytest.fixture
def store():
    """A store with every document."""
    found = Store(URL)
    known = corpus.documents()
    assert found.load(known, corpus.vectors(known, golden.embedder().digest), golden.embedder().digest) == len(known)
    return found


@needs_database
def test_operators_find_what_an_exact_scan_finds(store):
    for row in golden.rows()[:20]:
        question = golden.embedder()(row["question"])
        expected = golden.passages(question)
        found = store.nearest(question, "operator", 3)
        assert [item.id for item in found] == [item.id for item in expected]
        assert found[0].similarity == pytest.approx(expected[0].similarity, abs=1e-5)


@needs_database
def test_customers_find_what_is_for_them_and_as_many(store):
    for row in golden.rows()[:20]:
        question = golden.embedder()(row["question"])
        found = store.nearest(question, "customer", 3)
        assert [item.id for item in found] == [item.id for item in golden.passages(question, ("customer",))]


@needs_database
def test_partners_find_both_that_are_for_them_whatever_they_ask(store):
    for row in golden.rows()[:20]:
        found = store.nearest(golden.embedder()(row["question"]), "partner", 3)
        assert {item.id for item in found} == {"kernel-resources-1", "kernel-resources-2"}


@needs_database
def test_the_owner_itself_is_shown_nothing(store):
    with psycopg.connect(URL) as connection:
        assert connection.execute("select count(*) from document").fetchone() == (0,)


@needs_database
def test_nobody_else_finds_anything(store):
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        store.nearest(golden.embedder()("How do I back up a database?"), "nobody", 3)


@needs_database
@pytest.mark.parametrize("reader", ["customer", "operator", "partner"])
def test_a_reader_may_not_write(store, reader):
    with psycopg.connect(URL) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(f"assistant_{reader}")))
        connection.execute("delete from document")


@needs_database
def test_loading_again_replaces_what_was_there(store):
    known = corpus.documents()[:3]
    assert store.load(known, corpus.vectors(corpus.documents(), golden.embedder().digest), golden.embedder().digest) == 3


def test_a_vector_is_written_as_pgvector_reads_it():
    assert text_of([0.5, -1, 2e-7]) == "[0.5,-1.0,2e-07]"

"""What is said for an answer and for an abstention, and what is recorded of either."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from assistant import answers
from assistant.answers import Answer
from assistant.desk import Desk, shown
from tests import golden


def desk():
    """A desk with the real model and documents, retrieving by an exact scan."""
    audiences = {"customer": ("customer",), "operator": ("customer", "partner", "operator")}
    return Desk(golden.embedder(), lambda question, reader, limit: golden.passages(question, audiences[reader])[:limit])


def test_an_answer_has_its_words_its_source_and_where_to_read_on():
    given = desk().ask("How do I turn on WAL archiving?", "operator")
    assert given["answer"].startswith("To enable WAL archiving, set the wal_level configuration parameter")
    assert given["abstained"] is False
    assert given["confidence"] > answers.THRESHOLD
    assert [source["id"] for source in given["sources"]] == ["continuous-archiving-5"]
    assert given["sources"][0]["title"] == "Setting Up WAL Archiving"
    assert len(given["see_also"]) == 2


def test_an_abstention_says_so_and_cites_nothing():
    given = desk().ask("How do I cancel my subscription?", "operator")
    assert given == {"answer": None, "abstained": True, "confidence": given["confidence"], "sources": []}
    assert given["confidence"] < answers.THRESHOLD


def test_a_customer_is_never_shown_what_is_for_operators():
    for question in ("Must the server be shut down for a file system backup?", "How do I turn on WAL archiving?"):
        given = {reader: desk().ask(question, reader) for reader in ("operator", "customer")}
        shown_to = {reader: [source["id"] for source in reply["sources"] + reply.get("see_also", [])] for reader, reply in given.items()}
        assert any(name.startswith(("backup-file", "continuous-archiving")) for name in shown_to["operator"])
        assert not any(name.startswith(("backup-file", "continuous-archiving", "upgrading")) for name in shown_to["customer"])


def test_nothing_retrieved_is_an_abstention():
    assert shown(Answer(None, 0.0, ()))["abstained"] is True


SPANS = InMemorySpanExporter()


@pytest.fixture(scope="module", autouse=True)
def recorded():
    """Every span of this module is kept."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(SPANS))
    trace.set_tracer_provider(provider)


def decision_of(question):
    """The answer to a question, and what its one decision says."""
    SPANS.clear()
    given = desk().ask(question, "operator")
    (span,) = SPANS.get_finished_spans()
    return given, {name.removeprefix("readiness.decision."): value for name, value in span.attributes.items()}


def test_a_decision_says_what_it_rests_on():
    given, said = decision_of("How do I turn on WAL archiving?")
    assert (said["kind"], said["outcome"]) == ("answer", "answered")
    assert (said["model"], said["model_version"]) == (golden.embedder().name, golden.embedder().digest)
    assert said["prompt_version"] == "extract-2"
    assert said["confidence"] == given["confidence"]
    sources = {item.id: item.sha256 for item in golden.documents()[0]}
    assert said["sources"][0] == f"data/documents.jsonl#continuous-archiving-5@sha256:{sources['continuous-archiving-5']}"
    assert len(said["sources"]) == 3


def test_an_abstention_is_a_decision_too():
    given, said = decision_of("How do I cancel my subscription?")
    assert said["outcome"] == "abstained"
    assert said["confidence"] == given["confidence"]
    assert "output_digest" not in said

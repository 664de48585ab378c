"""What is said for an answer and for an abstention."""

from assistant import answers
from assistant.answers import Answer
from assistant.desk import Desk, shown
from tests import golden


def desk():
    """A desk with the real model and documents, retrieving by an exact scan."""
    audiences = {"customer": ("customer",), "operator": ("customer", "operator")}
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
    for row in golden.rows():
        if any(name.startswith(("continuous-archiving", "backup-file", "upgrading")) for name in row["documents"]):
            given = desk().ask(row["question"], "customer")
            shown_ids = [source["id"] for source in [*given["sources"], *given.get("see_also", [])]]
            assert not any(name.startswith(("continuous-archiving", "backup-file", "upgrading")) for name in shown_ids)


def test_nothing_retrieved_is_an_abstention():
    assert shown(Answer(None, 0.0, ()))["abstained"] is True

"""How a sentence is chosen, and when the assistant abstains."""

import numpy as np
import pytest

from assistant import answers
from assistant.answers import Passage, Ranked

WORDS = ("vacuum", "backup", "index")


def embed(text):
    """A vector that counts three words: enough for the arithmetic of ranking."""
    counts = np.array([float(text.lower().count(word)) for word in WORDS])
    return counts / (np.linalg.norm(counts) or 1.0)


def passage(name, text, similarity):
    """A passage of that text."""
    return Passage(name, name.title(), f"https://example.org/{name}", text, "0" * 64, similarity)


def test_sentences_are_split_where_they_end():
    text = "Run VACUUM every night when load is low. (This is what autovacuum does as well.) pg_dump is for backups of all kinds. It is."
    assert answers.sentences(text) == [
        "Run VACUUM every night when load is low.", "(This is what autovacuum does as well.)", "pg_dump is for backups of all kinds.",
    ]  # fmt: skip


def test_what_is_too_short_is_given_whole():
    assert answers.sentences("Yes. No.") == ["Yes. No."]
    assert answers.sentences("x" * 30 + ". " + "Y" * 31) == ["x" * 30 + ".", "Y" * 31]
    assert answers.sentences("x" * 29 + ". " + "Y" * 31) == ["Y" * 31]


def test_the_best_sentence_of_the_best_passage_comes_first():
    ranked = answers.rank(embed("vacuum"), [
        passage("backups", "A backup is taken while the server runs on.", 0.4),
        passage("vacuuming", "An index is not always of any help here. Use vacuum to recover the disk space.", 0.3),
    ], embed)  # fmt: skip
    assert [item.passage.id for item in ranked] == ["vacuuming", "backups"]
    assert ranked[0].sentence == "Use vacuum to recover the disk space."
    assert [item.score for item in ranked] == pytest.approx([0.65, 0.2])


def test_equal_passages_are_ordered_by_name():
    text = "Use vacuum to recover the disk space."
    ranked = answers.rank(embed("vacuum"), [passage("b", text, 0.3), passage("a", text, 0.3)], embed)
    assert [item.passage.id for item in ranked] == ["a", "b"]


def ranked(*scores):
    """Ranked passages of those scores."""
    return [Ranked(passage("x", "text", 0.0), "text", score) for score in scores]


def test_confidence_grows_with_score_and_margin():
    assert answers.confidence(ranked(0.6, 0.5)) > answers.confidence(ranked(0.5, 0.4)) > answers.confidence(ranked(0.5, 0.5))
    assert answers.confidence(ranked(0.6)) == answers.confidence(ranked(0.6, 0.6))
    assert answers.confidence([]) == 0.0


def test_confidence_is_the_fitted_logistic_function():
    expected = 1 / (1 + np.exp(-(-5.8 + 10.1 * 0.6 + 13.3 * 0.1)))
    assert answers.confidence(ranked(0.6, 0.5, 0.2)) == pytest.approx(expected, abs=0.0005)
    assert answers.confidence(ranked(0.6, 0.5)) == round(answers.confidence(ranked(0.6, 0.5)), 3)


def test_it_answers_at_the_threshold_and_abstains_below(monkeypatch):
    given = [passage("vacuuming", "Use vacuum to recover the disk space.", 0.8)]
    sure = answers.answer(embed("vacuum"), given, embed)
    assert (sure.text, sure.sources[0].passage.id) == ("Use vacuum to recover the disk space.", "vacuuming")
    monkeypatch.setattr(answers, "THRESHOLD", sure.confidence)
    assert answers.answer(embed("vacuum"), given, embed).text is not None
    monkeypatch.setattr(answers, "THRESHOLD", sure.confidence + 0.001)
    assert answers.answer(embed("vacuum"), given, embed).text is None


def test_nothing_retrieved_is_nothing_answered():
    assert answers.answer(embed("vacuum"), [], embed) == answers.Answer(None, 0.0, ())

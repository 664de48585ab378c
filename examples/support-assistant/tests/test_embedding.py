"""The model gives the vectors that are committed, and only the model that was tested."""

import random

import numpy as np
import pytest

from assistant import corpus, embedding
from tests import golden


def test_a_sample_of_the_vectors_is_what_the_model_gives_now():
    known, vectors = golden.documents()
    for index in random.Random(7).sample(range(len(known)), 5):
        given = golden.embedder()(f"{known[index].title}. {known[index].text}")
        assert np.abs(given - vectors[index]).max() < 1e-5


def test_a_vector_has_length_one_and_is_the_same_again():
    given = golden.embedder()("How do I back up a database?")
    assert given.shape == (384,)
    assert np.linalg.norm(given) == pytest.approx(1.0, abs=1e-5)
    assert (given == golden.embedder()("How do I back up a database?")).all()


def test_a_long_text_is_cut_where_the_model_ends():
    assert (golden.embedder()("vacuum " * 254) == golden.embedder()("vacuum " * 300)).all()
    assert (golden.embedder()("vacuum " * 253) != golden.embedder()("vacuum " * 254)).any()


def test_another_file_is_refused(tmp_path):
    (tmp_path / "model").write_bytes(b"x")
    with pytest.raises(embedding.ModelError, match="model is 2d711642"):
        embedding.check(tmp_path / "model", "0" * 64)
    embedding.check(tmp_path / "model", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881")


def test_the_vectors_are_of_this_model():
    with pytest.raises(corpus.CorpusError):
        corpus.vectors(corpus.documents(), "another model")

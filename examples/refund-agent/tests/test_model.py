"""A model is asked as OpenAI's is, and says how sure it was."""

import math

import pytest

from agent.model import Model, confidence
from agent.tools import SPECIFICATIONS, agent_for


def test_a_message_comes_back_with_version_and_confidence(url, customer):
    said = Model("scripted-1", url, "key").ask(agent_for(customer), [{"role": "user", "content": "hello"}], SPECIFICATIONS)
    assert said.message["content"].startswith("I can only help")
    assert said.version == "scripted-1"
    words = said.message["content"].split()
    assert said.confidence == pytest.approx(math.exp(-0.01 * sum(map(len, words)) / len(words)))


def test_confidence_is_a_mean_of_probabilities():
    tokens = [{"logprob": math.log(0.5)}, {"logprob": math.log(0.125)}]
    assert confidence({"logprobs": {"content": tokens}}) == pytest.approx(0.25)
    assert confidence({"logprobs": None}) == 0.0
    assert confidence({}) == 0.0


def test_the_key_stays_out_of_the_representation():
    assert "secret" not in repr(Model("scripted-1", "http://x", "secret"))

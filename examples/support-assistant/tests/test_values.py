"""What is passed around cannot be changed on the way."""

from dataclasses import FrozenInstanceError, fields

import pytest

from assistant import answers, corpus, desk, settings, web

VALUES = [answers.Passage, answers.Ranked, answers.Answer, corpus.Document, desk.Desk, settings.Settings, web.Request, web.Reply]


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_is_frozen(kind):
    made = kind(*(None for _ in fields(kind)))
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(kind)[0].name, "changed")

"""What is asked is answered by what was recorded, in its turn, or told to be missing; never guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.layers.infrastructure.cassettes import clients
from tests.layers.infrastructure.cassettes.conftest import Tape

Env = Mapping[str, str]
JSON = {"Content-Type": "application/json"}


def ask(env: Env, path: str, value: object) -> tuple[int, bytes]:
    status, _, body = clients.call(env, "POST", path, json.dumps(value).encode(), JSON)
    return status, body


def test_equal_requests_are_answered_in_their_turn_and_no_more_often_where_they_differ(tape: Tape) -> None:
    with tape.recorded() as env:
        first = [ask(env, "/random", {"q": 1}) for _ in range(3)]
    with tape.replayed() as env:
        assert [ask(env, "/random", {"q": 1}) for _ in range(3)] == first
        assert ask(env, "/random", {"q": 1})[0] == 504
    assert tape.replayer is not None
    assert "it was answered 3 times, differently, and is asked a 4th time" in tape.replayer.misses[0].text


def test_equal_requests_with_equal_answers_may_be_asked_as_often_as_one_likes(tape: Tape) -> None:
    with tape.recorded() as env:
        first = ask(env, "/raw", {"q": 1})
    with tape.replayed() as env:
        assert {ask(env, "/raw", {"q": 1}) for _ in range(5)} == {first}
    assert tape.replayer is not None
    assert tape.replayer.misses == []


def test_a_miss_says_what_is_nearest_and_in_what_it_differs(tape: Tape) -> None:
    with tape.recorded() as env:
        ask(env, "/raw", {"model": "small", "messages": [{"role": "user", "content": "how long?"}]})
        ask(env, "/echo", {"q": 1})
    with tape.replayed() as env:
        status, body = ask(env, "/raw", {"model": "large", "messages": [{"role": "user", "content": "how long?"}]})
    assert status == 504
    told = json.loads(body)["error"]
    assert told["type"] == "not_recorded"
    assert "was not recorded: unlike in request 1, " in told["message"]
    assert told["message"].endswith('`model` was "small" and is "large"')
    assert tape.replayer is not None
    assert len(tape.replayer.misses) == 1


def test_a_host_nobody_asked_before_is_a_miss_also_with_tls(tape: Tape) -> None:
    with tape.recorded() as env:
        ask(env, "/raw", {"q": 1})
    with tape.replayed() as env:
        assert clients.by_proxy(env, "https://elsewhere.example/x")[0] == 504
    assert tape.replayer is not None
    assert tape.replayer.misses[0].asked == "GET elsewhere.example/x"
    assert "the host was 127.0.0.1" in tape.replayer.misses[0].text


def test_fields_declared_volatile_are_left_out_on_both_sides(tape: Tape) -> None:
    tape.volatile = ("run.id",)
    with tape.recorded() as env:
        ask(env, "/raw", {"run": {"id": "a-1"}, "q": 1})
    with tape.replayed() as env:
        assert ask(env, "/raw", {"run": {"id": "b-2"}, "q": 1})[0] == 200
        assert ask(env, "/raw", {"run": {"id": "b-2"}, "q": 2})[0] == 504


def test_an_empty_cassette_answers_nothing(tape: Tape) -> None:
    with tape.recorded():
        pass
    with tape.replayed() as env:
        assert ask(env, "/raw", {})[0] == 504
    assert tape.replayer is not None
    assert tape.replayer.misses[0].text.endswith("the cassette holds no request at all")


def test_what_could_not_be_reached_is_played_back_so(tape: Tape) -> None:
    first, second = tape.twice(lambda env, key: clients.by_proxy(env, "http://127.0.0.2:9/v1/chat/completions", b'{"model": "m"}', JSON))
    assert first == second
    assert tape.replayer is not None
    assert [(call.model, call.status) for call in tape.replayer.calls] == [("m", None)]


@pytest.mark.parametrize("often", [1, 2])
def test_a_recording_of_another_order_is_answered_by_what_is_asked(tape: Tape, often: int) -> None:
    with tape.recorded() as env:
        for number in range(6):
            ask(env, "/slow", {"n": number})
    assert tape.cassette is not None
    tape.cassette = replace(tape.cassette, exchanges=tuple(reversed(tape.cassette.exchanges)))
    with tape.replayed() as env:
        for number in (5, 0, 3) * often:
            assert json.loads(ask(env, "/slow", {"n": number})[1]) == {"asked": {"n": number}}

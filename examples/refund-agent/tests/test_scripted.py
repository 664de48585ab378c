"""The model of the demo says what is written."""

import json

from scripted import reply


def told(message, *results):
    """The content, or the arguments of the call, that follow on a message and the results of tools."""
    found = reply([{"role": "user", "content": message}, *({"role": "tool", "content": json.dumps(one)} for one in results)])
    return found["content"] or json.loads(found["tool_calls"][0]["function"]["arguments"])


LOOKED = {"item": "a kettle", "paid_cents": 5990}


def test_it_looks_first_and_then_refunds():
    assert told("pay 40 euros of o-1 back") == {"order": "o-1"}
    assert told("pay 40 euros of o-1 back", LOOKED) == {"order": "o-1", "amount_cents": 4000}
    assert told("pay 40 euros of o-1 back", LOOKED, {"amount_cents": 4000}) == "I have paid 40.00 euros back."


def test_it_tells_what_came_of_it():
    assert told("what was o-1?", LOOKED) == "You ordered a kettle and paid 59.90 euros."
    assert told("o-1", {"refused": "x"}) == told("o-1", {"error": "x"}) == "I cannot do this."
    assert told("o-1", {"waits": "x"}).startswith("A person has to agree")
    assert told("hello").startswith("I can only help")

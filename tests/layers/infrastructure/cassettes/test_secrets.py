"""A secret, wherever a client puts it and however a server gives it back, is in no file that is kept."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from urllib.parse import quote, quote_plus

import pytest

from readiness.world.demo import canary
from tests.formats.test_redaction import betrays
from tests.layers.infrastructure.cassettes import clients
from tests.layers.infrastructure.cassettes.conftest import NAME, VALUE, Tape

Env = Mapping[str, str]
TEXT = {"Content-Type": "text/plain"}
JSON = {"Content-Type": "application/json"}


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GZIP = {"Content-Encoding": "gzip", **TEXT}
PLAIN = "http://plain.vendor.example/v1/echo"


def packed(key: str) -> str:
    return base64.b64encode(f"user:{key}".encode()).decode()


def streamed_back(env: Env, key: str) -> object:
    """A secret that comes back split over the pieces of a stream."""
    return clients.call(env, "POST", "/deflate", key.encode())


def minted(env: Env, key: str) -> object:
    """A token and a cookie that an answer gives, used afterwards in a body."""
    _, headers, body = clients.call(env, "POST", "/session", b"{}", JSON)
    token = json.loads(body)["access_token"]
    cookie = dict(headers)["set-cookie"].partition("=")[2].partition(";")[0]
    return clients.call(env, "POST", "/echo", f"I have {token} and {cookie}".encode(), {"Cookie": f"sid={cookie}", **TEXT})[0]


PLACES: dict[str, Callable[[Env, str], object]] = {
    "authorization": lambda env, key: clients.call(env, "GET", "/echo", None, {"Authorization": f"Bearer {key}"}),
    "basic authorization": lambda env, key: clients.call(env, "GET", "/echo", None, {"Authorization": f"Basic {packed(key)}"}),
    "api-key": lambda env, key: clients.call(env, "GET", "/echo", None, {"api-key": key}),
    "a header of another name": lambda env, key: clients.call(env, "GET", "/echo", None, {"X-Tenant": f"t/{key}"}),
    "a cookie": lambda env, key: clients.call(env, "GET", "/echo", None, {"Cookie": f"a=1; k={key}"}),
    "a query": lambda env, key: clients.call(env, "GET", f"/echo?key={quote_plus(key)}"),
    "a query of another name": lambda env, key: clients.call(env, "GET", f"/echo?q={quote(key, safe='')}"),
    "a path": lambda env, key: clients.call(env, "GET", f"/raw/{quote(key, safe='')}"),
    "a body": lambda env, key: clients.call(env, "POST", "/raw", f"is {key}".encode(), TEXT),
    "JSON": lambda env, key: clients.call(env, "POST", "/raw", json.dumps({"q": f"<{key}>"}).encode(), JSON),
    "JSON in JSON": lambda env, key: clients.call(env, "POST", "/raw", json.dumps({"a": json.dumps({"k": key})}).encode(), JSON),
    "a form": lambda env, key: clients.call(env, "POST", "/raw", f"q={quote_plus(key)}".encode(), FORM),
    "base64 in a body": lambda env, key: clients.call(env, "POST", "/raw", packed(key).encode(), TEXT),
    "hex in a body": lambda env, key: clients.call(env, "POST", "/raw", key.encode().hex().encode(), TEXT),
    "a compressed body": lambda env, key: clients.call(env, "POST", "/empty", gzip.compress(key.encode()), GZIP),
    "a compressed answer": lambda env, key: clients.call(env, "POST", "/gzip", key.encode(), {"Accept-Encoding": "gzip"}),
    "a compressed stream": streamed_back,
    "a binary body": lambda env, key: clients.call(env, "POST", "/raw", b"\x00\xff" + key.encode() + b"\xfe"),
    "with TLS": lambda env, key: clients.secure(env, f"/v1/echo?token={quote_plus(key)}", key.encode(), {"Authorization": key, **TEXT}),
    "the user of an address": lambda env, key: clients.by_proxy(env, f"{PLAIN}?u={quote('https://u:' + key + '@h/', safe='')}"),
    "a path that is not found": lambda env, key: clients.secure(env, f"/{quote(key, safe='')}/nowhere"),
    "a server that is away": lambda env, key: clients.by_proxy(env, f"http://127.0.0.2:9/{quote(key, safe='')}", key.encode(), TEXT)[0],
    "a token that was minted": minted,
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_it_is_nowhere_and_the_request_is_still_known(tape: Tape, place: str) -> None:
    tape.twice(PLACES[place])
    assert not betrays(tape.written(), VALUE)
    assert tape.recorder is not None
    told = " ".join([*tape.recorder.troubles, *tape.recorder.others, *tape.recorder.pins])
    assert not betrays(told.encode(), VALUE)
    for line in tape.written().splitlines():
        assert b"ya29" not in line
        assert b"s3cr3t-s3ss10n" not in line


def test_every_file_is_clean_the_moment_it_is_written(tape: Tape) -> None:
    with tape.recorded() as env:
        for place in PLACES.values():
            place(env, VALUE)
            for path in (tape.folder / "blobs").iterdir():
                assert not betrays(path.read_bytes(), VALUE)


def test_pieces_of_a_stream_that_split_a_secret_hold_none_of_it(tape: Tape) -> None:
    body = json.dumps({"stream": True, "messages": [VALUE]}).encode()
    with tape.recorded() as env:
        clients.chunks(env, "POST", "/split", VALUE.encode())
        clients.call(env, "POST", "/chat/completions", body, JSON)
    with tape.replayed() as env:
        status, pieces, _ = clients.chunks(env, "POST", "/split", canary(NAME).encode())
    assert status == 200
    assert b"".join(pieces) == b"data: " + canary(NAME).encode() + b"\n\n"
    assert len(pieces) == 3
    assert not betrays(tape.written(), VALUE)


def test_personal_data_is_taken_out_and_a_request_with_it_is_still_known(tape: Tape) -> None:
    tape.redact = ("email", "card", r"ORDER-\d+")
    body = json.dumps({"from": "ann.lee@customer.example", "card": "4111 1111 1111 1111", "note": "ORDER-778"}).encode()
    tape.twice(lambda env, key: clients.call(env, "POST", "/raw", body, JSON)[0])
    for word in (b"ann.lee", b"4111", b"ORDER-778"):
        assert word not in tape.written()

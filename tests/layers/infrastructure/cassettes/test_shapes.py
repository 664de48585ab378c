"""Every shape of request and answer is recorded and played back as it was: status, headers, bytes, pieces."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from readiness.world.demo import canary
from readiness.world.proxy import wire
from tests.layers.infrastructure.cassettes import clients
from tests.layers.infrastructure.cassettes.conftest import NAME, VALUE, Tape
from tests.layers.infrastructure.cassettes.scripted import DELTAS, deltas

Env = Mapping[str, str]
JSON = {"Content-Type": "application/json"}


def ai(env: Env, key: str) -> openai.OpenAI:
    """The real client, told by its environment whom to ask."""
    return openai.OpenAI(base_url=env["OPENAI_BASE_URL"], api_key=key, timeout=10)


def chat(env: Env, key: str) -> object:
    """A question in words."""
    with ai(env, key) as client:
        return client.chat.completions.create(model="small", messages=[{"role": "user", "content": "how long?"}]).model_dump()


def streamed(env: Env, key: str) -> object:
    """A question whose answer is streamed."""
    with ai(env, key) as client:
        asked = client.chat.completions.create(
            model="small", messages=[{"role": "user", "content": "stream"}], stream=True, stream_options={"include_usage": True}
        )
        return [event.model_dump() for event in asked]


def tool(env: Env, key: str) -> object:
    """A question whose answer calls a tool."""
    function: Any = {"name": "refund", "parameters": {"type": "object", "properties": {"order": {"type": "integer"}}}}
    with ai(env, key) as client:
        return client.chat.completions.create(
            model="small",
            messages=[{"role": "user", "content": "refund"}],
            tools=[{"type": "function", "function": function}],
        ).model_dump()


def embeddings(env: Env, key: str) -> object:
    """Embeddings, which the client asks for in base64 and takes as they come."""
    with ai(env, key) as client:
        return client.embeddings.create(model="embed", input=["a", "bb"], encoding_format="float").model_dump()


def retried(env: Env, key: str) -> object:
    """A question that is refused once and answered then, by the client's own retry."""
    with openai.OpenAI(base_url=env["OPENAI_BASE_URL"] + "/limited", api_key=key, timeout=10) as client:
        return client.chat.completions.create(model="small", messages=[{"role": "user", "content": "again"}]).model_dump()


def uploaded(env: Env, key: str) -> object:
    """A file in parts, whose boundary is new each time."""
    with ai(env, key) as client:
        return client.files.create(file=("a.txt", b"\x00\xffbytes", "text/plain"), purpose="assistants").model_dump()


def kept_alive(env: Env, key: str) -> object:
    """Three requests on one connection."""
    at = urlsplit(env["OPENAI_BASE_URL"])
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=10)
    asked = [("POST", "/raw", b"one"), ("GET", "/binary", None), ("HEAD", "/binary", None), ("POST", "/raw", b"two")]
    seen = [clients.call(env, *item, connection=connection) for item in asked]
    connection.close()
    return seen


def pipelined(env: Env, key: str) -> object:
    """Two requests sent at once on a raw socket, answered in order, and its writing end shut."""
    at = urlsplit(env["OPENAI_BASE_URL"])
    head = f"POST {at.path}/raw HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Length: 3\r\n"
    with socket.create_connection((at.hostname or "", at.port or 0), 10) as sock, sock.makefile("rb") as file:
        sock.sendall(f"{head}\r\none{head}Connection: close\r\n\r\ntwo".encode())
        sock.shutdown(socket.SHUT_WR)
        return [line for line in file.read().split(b"\r\n") if not line.lower().startswith(b"date")]


def followed(path: str) -> Callable[[Env, str], object]:
    """A redirect that urllib follows by itself."""

    def client(env: Env, key: str) -> object:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(env["OPENAI_BASE_URL"] + path, timeout=10) as answer:
            return answer.status, clients.matter(answer.headers.items()), len(answer.read()) > 0, answer.url.partition("/v1")[2]

    return client


def expecting(env: Env, key: str) -> object:
    """A body that is sent only when it is asked for."""
    at = urlsplit(env["OPENAI_BASE_URL"])
    head = f"POST {at.path}/raw HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    with socket.create_connection((at.hostname or "", at.port or 0), 10) as sock, sock.makefile("rb") as file:
        sock.sendall(head.encode())
        first = file.readline()
        file.readline()
        sock.sendall(b"body")
        return first, file.read().rpartition(b"\r\n")[2]


def old(env: Env, key: str) -> object:
    """HTTP/1.0, whose clients know no chunks."""
    at = urlsplit(env["OPENAI_BASE_URL"])
    with socket.create_connection((at.hostname or "", at.port or 0), 10) as sock, sock.makefile("rb") as file:
        sock.sendall(f"GET {at.path}/trailer HTTP/1.0\r\nHost: {at.netloc}\r\n\r\n".encode())
        return file.read().rpartition(b"\r\n\r\n")[2]


def plain(method: str, path: str, body: bytes | None = None, **headers: str) -> Callable[[Env, str], object]:
    """One request by http.client."""
    return lambda env, key: clients.call(env, method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})


def in_chunks(method: str, path: str, body: bytes = b"") -> Callable[[Env, str], object]:
    """One request whose answer's chunks are told apart."""
    return lambda env, key: clients.chunks(env, method, path, body)


def chunked_body(env: Env, key: str) -> object:
    """A body in chunks, of no known length."""
    at = urlsplit(env["OPENAI_BASE_URL"])
    connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=10)
    connection.request(
        "POST", f"{at.path}/raw", iter([b"one", b"two", b"three"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    answer = connection.getresponse()
    seen = answer.status, answer.read()
    connection.close()
    return seen


MULTIPART = (
    b'--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper\r\n'
    b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\x00\xff\r\n--XX--\r\n'
)
SHAPES: dict[str, Callable[[Env, str], object]] = {
    "chat by the openai client": chat,
    "a stream by the openai client": streamed,
    "a tool call": tool,
    "embeddings": embeddings,
    "429, then 200": retried,
    "parts by the openai client": uploaded,
    "one connection kept alive": kept_alive,
    "two requests at once on a raw socket": pipelined,
    "a body that waits for 100": expecting,
    "HTTP/1.0": old,
    "the chunks of an event stream": in_chunks("POST", "/chat/completions", b'{"stream": true, "messages": []}'),
    "a trailer": in_chunks("GET", "/trailer"),
    "chunks of five million bytes": in_chunks("GET", "/large"),
    "a stream that breaks off": in_chunks("GET", "/cut"),
    "a stream as Anthropic sends it": in_chunks("POST", "/messages", b'{"model": "opus", "stream": true}'),
    "a body in chunks": chunked_body,
    "GET": plain("GET", "/echo?b=2&a=1&a=0"),
    "HEAD": plain("HEAD", "/binary"),
    "PUT": plain("PUT", "/raw", b"put"),
    "PATCH": plain("PATCH", "/raw", b"patch"),
    "DELETE": plain("DELETE", "/none"),
    "OPTIONS": plain("OPTIONS", "/none"),
    "no content": plain("GET", "/none"),
    "not modified": plain("GET", "/unchanged", None, If_None_Match='"1"'),
    "an empty body": plain("POST", "/empty", b""),
    "every byte, both ways": plain("POST", "/raw", bytes(range(256))),
    "a binary answer with its headers": plain("GET", "/binary"),
    "gzip as it was sent": plain("POST", "/gzip", b"hello", Accept_Encoding="gzip, br"),
    "deflate in chunks": in_chunks("POST", "/deflate", b"hello"),
    "gzip from the client": plain("POST", "/raw", gzip.compress(b'{"a": 1}', mtime=3), Content_Encoding="gzip"),
    "a form": plain("POST", "/raw", b"b=2&a=1&a=0", Content_Type="application/x-www-form-urlencoded"),
    "parts": plain("POST", "/raw", MULTIPART, Content_Type="multipart/form-data; boundary=XX"),
    "a body that ends with the connection": plain("GET", "/close"),
    "404": plain("GET", "/no-such-path"),
    "a redirect": plain("GET", "/moved"),
    "a redirect followed": followed("/moved"),
    "a redirect to the whole address, followed": followed("/moved-whole"),
    "TLS by the proxy": lambda env, key: clients.secure(env, "/v1/echo?x=1"),
    "a stream with TLS": lambda env, key: clients.secure(env, "/v1/chat/completions", b'{"stream": true, "messages": []}', JSON),
    "no TLS by the proxy": lambda env, key: clients.by_proxy(env, "http://plain.vendor.example/v1/raw", b"abc"),
    "401 with TLS": lambda env, key: clients.secure(env, "/nowhere", b"x"),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_played_back_as_it_was(tape: Tape, shape: str) -> None:
    first, second = tape.twice(SHAPES[shape])
    assert first == second


def test_the_pieces_of_a_stream_are_those_the_server_sent(tape: Tape) -> None:
    _, second = tape.twice(SHAPES["the chunks of an event stream"])
    assert second == (200, deltas(), "")
    assert tape.cassette is not None
    item = tape.cassette.exchanges[0]
    assert (item.answer.framing, item.answer.chunks) == ("chunked", tuple(len(piece) for piece in deltas()))
    assert (item.input_tokens, item.output_tokens) == (11, 4)


def test_a_stream_reaches_the_client_while_it_is_still_sent(tape: Tape) -> None:
    with tape.recorded() as env:
        at = urlsplit(env["OPENAI_BASE_URL"])
        with socket.create_connection((at.hostname or "", at.port or 0), 10) as sock:
            sock.sendall(f"GET {at.path}/silent HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            data = b""
            while b"first" not in data:
                data += sock.recv(4096)
        tape.server.over.set()


def test_parallel_calls_are_each_answered_by_their_own(tape: Tape) -> None:
    calls = [("/slow", {"n": number}) for number in range(12)]
    first, second = tape.twice(lambda env, key: clients.together(env, calls))
    assert first == second == [{"asked": {"n": number}} for number in range(12)]


def test_retries_are_kept_in_order(tape: Tape) -> None:
    tape.twice(retried)
    assert tape.cassette is not None
    assert [item.answer.status for item in tape.cassette.exchanges] == [429, 200]


def test_what_standard_clients_see_is_what_the_server_said(tape: Tape) -> None:
    with tape.recorded() as env:
        events = streamed(env, VALUE)
    assert isinstance(events, list)
    assert "".join(event["choices"][0]["delta"]["content"] for event in events if event["choices"]) == "".join(DELTAS)
    assert {name.lower(): value for name, value in tape.server.told[0][2].items()}["authorization"] == f"Bearer {VALUE}"


def test_a_client_that_leaves_in_the_middle_is_answered_as_far_as_it_listened(tape: Tape) -> None:
    def leaving(env: Env, key: str) -> object:
        at = urlsplit(env["OPENAI_BASE_URL"])
        with socket.create_connection((at.hostname or "", at.port or 0), 10) as sock:
            sock.sendall(f"GET {at.path}/endless HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            data = b""
            while data.count(b"tick") < 3:
                data += sock.recv(64)
            return data.partition(b"\r\n\r\n")[2][:20]

    first, second = tape.twice(leaving)
    assert first == second
    assert tape.cassette is not None
    assert tape.cassette.exchanges[0].answer.cut


def test_models_endpoints_and_tokens_are_told(tape: Tape) -> None:
    with tape.recorded() as env:
        chat(env, VALUE)
        embeddings(env, VALUE)
        clients.secure(env, "/v1/messages", b'{"model": "opus"}', JSON)
        at = urlsplit(env["OLLAMA_HOST"])
        clients.call({"OPENAI_BASE_URL": f"http://{at.netloc}"}, "POST", "/api/chat", b'{"model": "tiny"}', JSON)
        clients.call(env, "GET", "/echo")
    assert tape.recorder is not None
    assert tape.cassette is not None
    assert [(item.path, item.model, item.status) for item in tape.recorder.calls] == [
        ("/chat/completions", "small", 200), ("/embeddings", "embed", 200), ("/messages", "opus", 200), ("/api/chat", "tiny", 200),
    ]  # fmt: skip
    assert [(item.model, item.input_tokens, item.output_tokens) for item in tape.cassette.exchanges] == [
        ("small", 11, 5), ("embed", 2, None), ("opus", 9, 7), ("tiny", 3, 2), ("", None, None),
    ]  # fmt: skip


def test_replayed_calls_count_as_calls_of_models(tape: Tape) -> None:
    tape.twice(chat)
    assert tape.replayer is not None
    assert [(item.path, item.model, item.status) for item in tape.replayer.calls] == [("/chat/completions", "small", 200)]


def test_an_answer_that_is_too_long_is_handed_on_and_not_kept(tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
    from readiness.layers.infrastructure.cassettes import recorder

    monkeypatch.setattr(recorder, "BODY_BYTES", 1 << 20)
    with tape.recorded() as env:
        assert len(clients.call(env, "GET", "/large")[2]) > 5_000_000
    assert tape.recorder is not None
    assert tape.recorder.exchanges == ()
    assert "is longer than 1 MiB, which is too long to be kept" in tape.recorder.troubles[0]


def test_a_request_that_is_too_long_is_refused_and_told(tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "BODY_BYTES", 1000)
    with tape.recorded() as env:
        assert clients.call(env, "POST", "/raw", b"x" * 2000)[0] == 413
    assert tape.recorder is not None
    assert "which is too long to be kept" in tape.recorder.troubles[0]


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_no_coding_is_asked_for_that_cannot_be_looked_into_and_none_is_kept(
    tape: Tape, coding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from readiness.formats import codings

    monkeypatch.setattr(codings, "PACKAGES", {"br": ("no_such_brotli",), "zstd": ("no_such_zstd",)})
    with tape.recorded() as env:
        clients.call(env, "POST", "/gzip", b"x", {"Accept-Encoding": "br, gzip;q=0.5, zstd"})
        assert clients.call(env, "GET", f"/{coding}")[0] == 200
    assert tape.recorder is not None
    assert tape.server.told[0][2]["Accept-Encoding"] == "gzip;q=0.5"
    assert len(tape.recorder.exchanges) == 1
    assert tape.recorder.troubles == [
        f"the answer to GET {tape.server.url.removeprefix('http://')}/v1/{coding} cannot be kept: a body comes in the coding `{coding}`, "
        f"which cannot be looked through for secrets here (`no_such_{'brotli' if coding == 'br' else 'zstd'}` is not installed)"
    ]


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_what_can_be_looked_into_is_recorded_and_replayed_to_the_bit(tape: Tape, coding: str) -> None:
    from readiness.formats import codings

    if coding not in codings.known():
        pytest.skip(f"nothing here knows {coding}")

    def ask(env: Mapping[str, str], secret: str) -> list[bytes]:
        clean, dirty = (codings.coded(text, coding) for text in (b"what was said " * 9, b"it is " + secret.encode()))
        headers = {"Content-Encoding": coding, "Accept-Encoding": coding}
        asked = [("GET", f"/{coding}", None), ("POST", "/echo-coded", clean), ("POST", "/echo-coded", dirty)]
        return [clients.call(env, method, path, body, headers)[2] for method, path, body in asked]

    with tape.recorded() as env:
        said = ask(env, VALUE)
    assert tape.recorder is not None
    assert tape.recorder.troubles == []
    assert tape.server.told[1][2]["Accept-Encoding"] == coding
    with tape.replayed() as env:
        again = ask(env, canary(NAME))
    assert again[:2] == said[:2]
    assert codings.decoded(again[2], coding) == b"it is " + canary(NAME).encode()
    assert VALUE.encode() not in b"".join(codings.decoded(body, coding) for body in again)


def test_upstream_that_refuses_breaks_or_is_silent_is_told_to_the_client_and_kept(tape: Tape) -> None:
    tape.timeout_s = 0.5
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, and nobody listens
        address = f"http://127.0.0.2:{closed.getsockname()[1]}/v1/x"
        with tape.recorded() as env:
            status, _, body = clients.by_proxy(env, address)
            silent = clients.chunks(env, "GET", "/silent")
    assert status == 502
    assert "cannot be reached" in json.loads(body)["error"]["message"]
    assert silent == (200, [b"first"], "broke off")
    assert tape.cassette is not None
    first, second = tape.cassette.exchanges
    assert ("cannot be reached" in first.error, second.answer.cut, second.error) == (True, True, "")


def test_a_name_that_does_not_resolve_is_told(tape: Tape) -> None:
    with tape.recorded() as env:
        assert clients.by_proxy(env, "https://no-such-host.invalid/x")[0] == 502


def test_a_certificate_that_is_not_believed_is_told(tape: Tape) -> None:
    with tape.recorded() as env:
        status, _, body = clients.by_proxy(env, "https://pinned.vendor.example/x")
    assert status == 502
    assert "its certificate is not believed" in json.loads(body)["error"]["message"]


def test_a_client_that_pins_is_noticed(tape: Tape) -> None:
    import ssl

    def pinning(env: Env) -> None:
        proxies = urllib.request.ProxyHandler({"https": env["HTTPS_PROXY"]})
        opener = urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
        with pytest.raises(OSError, match=r"(?i)certificate"):
            opener.open("https://api.vendor.example/x", timeout=10)

    with tape.recorded() as env:
        pinning(env)
    assert tape.recorder is not None
    assert tape.recorder.pins == ["api.vendor.example"]
    with tape.replayed() as env:
        pinning(env)
    assert tape.replayer is not None
    assert tape.replayer.pins == ["api.vendor.example"]


@pytest.mark.parametrize(
    ("said", "told"), [(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2"), (b"\x00\x01nonsense\r\n\r\n", "illegal request line")]
)
def test_what_is_no_http_1_is_noticed(tape: Tape, said: bytes, told: str) -> None:
    with tape.recorded() as env:
        at = urlsplit(env["HTTPS_PROXY"])
        with socket.create_connection((at.hostname or "", at.port or 0), 10) as sock:
            sock.sendall(said)
            assert sock.recv(10) == b""
    assert tape.recorder is not None
    assert told in tape.recorder.others[0]


def test_the_key_reaches_the_vendor_and_no_other_place(tape: Tape) -> None:
    tape.twice(chat)
    assert VALUE.encode() not in tape.written()
    assert NAME in tape.secrets

"""A cassette is read back as it was written, and anything else is refused with the reason."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import cassette as cassettes
from readiness.formats import model_calls
from readiness.formats.cassette import Answer, Base, Body, Cassette, Exchange, Refused, Request, Statement
from readiness.sequence.evidence import Digest

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DEMO = Digest(f"sha256:{'d' * 64}")
headers = st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=3).map(tuple)
bodies = st.builds(lambda number, size: Body(Digest(f"sha256:{number:064x}"), size), st.integers(0, 2**200), st.integers(1, 9)) | st.just(
    Body()
)
exchanges = st.builds(
    Exchange,
    st.builds(Request, st.text(max_size=5), st.text(max_size=9), headers, bodies),
    st.builds(
        Answer, st.integers(200, 599), st.text(max_size=5), headers, bodies, st.sampled_from(cassettes.FRAMINGS),
        st.just(()), headers, st.booleans(),
    ),
    st.just("small"), st.none() | st.integers(0, 9), st.none() | st.integers(0, 9), st.sampled_from(["", "refused"]),
)  # fmt: skip
made = st.builds(
    Cassette, st.text(max_size=9), st.just(DEMO), st.just(NOW), st.just(NOW + timedelta(days=90)), st.just("1"),
    st.lists(st.builds(Base, st.text(max_size=5), st.text(max_size=5)), max_size=2, unique_by=lambda base: base.variable)
    .map(lambda found: tuple(sorted(found, key=lambda base: base.variable))),
    exchanges=st.lists(exchanges, max_size=3).map(tuple),
    statements=st.lists(st.builds(Statement, st.text(max_size=5), st.integers(0, 9), st.integers(0, 9)), max_size=2).map(tuple),
    strays=st.integers(0, 3), redactions=st.dictionaries(st.text(max_size=4), st.integers(0, 5), max_size=2),
)  # fmt: skip


@given(made)
def test_what_is_written_is_read_back(cassette: Cassette) -> None:
    data = cassettes.emit(cassette)
    assert cassettes.parse(data, cassettes.name(cassette)) == cassette
    assert cassettes.emit(cassettes.parse(data, cassettes.name(cassette))) == data


def one() -> Cassette:
    request = Request("POST", "https://api.vendor.example/v1/x", (("A", "b"),))
    return Cassette("shop", DEMO, NOW, NOW + timedelta(days=90), "1", exchanges=(Exchange(request, Answer(200)),))


@given(st.integers(0, 10**6))
def test_half_of_one_is_refused(cut: int) -> None:
    data = cassettes.emit(one())
    with pytest.raises(Refused):
        cassettes.parse(data[: cut % len(data)], cassettes.name(one()))


def changed(**more: Any) -> bytes:
    return json.dumps({**json.loads(cassettes.emit(one())), **more}).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "half a cassette, or none"),
        (b"[]", "names no `schema`"),
        (b"[" * 100_000, "half a cassette, or none"),
        (changed(schema="readiness/cassette/9"), "of another version: expected `readiness/cassette/1`, got `readiness/cassette/9`"),
        (changed(project=7), "is not a whole cassette"),
        (changed(exchanges=[{}]), "is not a whole cassette"),
        (changed(strays=-1), "is not a whole cassette"),
        (changed(recorded_at="yesterday"), "is not a whole cassette"),
        (changed(demo="sha256:12"), "is not a whole cassette"),
        (changed(exchanges=7), "is not a whole cassette"),
        (changed(bases=[]), "is not a whole cassette"),
        (changed(project="other"), "was changed after it was recorded"),
        (changed(), "was changed after it was recorded"),
    ],
)
def test_what_is_none_is_refused_with_the_reason(data: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        cassettes.parse(data, cassettes.name(one()))


def test_its_name_is_its_digest() -> None:
    data = cassettes.emit(one())
    with pytest.raises(Refused, match="not named by its digest"):
        cassettes.parse(data, "mine.json")
    with pytest.raises(Refused, match="not what its name says"):
        cassettes.parse(data, f"{'0' * 16}.json")
    assert cassettes.name(one()) != cassettes.name(replace(one(), strays=1))


def test_hosts_are_told_once_without_credentials() -> None:
    other = Exchange(Request("GET", "http://redacted@host.example:8080/"), Answer(200))
    assert replace(one(), exchanges=(*one().exchanges, other, *one().exchanges)).hosts == ("api.vendor.example", "host.example:8080")


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/v1/chat/completions", b'{"model": "a", "stream": true}', ("/chat/completions", "a", True)),
        ("/chat/completions", b'{"model": "a"}', ("/chat/completions", "a", False)),
        ("/v1/messages", b'{"model": "opus"}', ("/messages", "opus", False)),
        ("/openai/deployments/mine/chat/completions", b"{}", ("/chat/completions", "mine", False)),
        ("/api/generate", b'{"model": "tiny"}', ("/api/generate", "tiny", False)),
        ("/v1beta/models/gem:streamGenerateContent", b"{}", ("/v1beta/models/gem:streamGenerateContent", "gem", True)),
        ("/model/nova/converse", b"{}", ("/model/nova/converse", "nova", False)),
        (
            "/v1/audio/transcriptions",
            b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper\r\n',
            ("/audio/transcriptions", "whisper", False),
        ),
        ("/v1/threads/1/messages", b"{}", None),
        ("/v1/chat/completions/7", b"{}", None),
        ("/index.html", b"{}", None),
    ],
)
def test_calls_of_models_are_told_from_other_requests(path: str, body: bytes, told: tuple[str, str, bool] | None) -> None:
    call = model_calls.of("POST", path, body)
    assert (None if call is None else (call.endpoint, call.model, call.stream)) == told
    assert model_calls.of("GET", path, body) is None


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        (b'{"usage": {"prompt_tokens": 3, "completion_tokens": 4}}', (3, 4)),
        (b'data: {"usage": null}\n\ndata: {"usage": {"prompt_tokens": 3, "completion_tokens": 4}}\n\ndata: [DONE]\n', (3, 4)),
        (
            b'event: a\ndata: {"message": {"usage": {"input_tokens": 9, "output_tokens": 1}}}\n\ndata: {"usage": {"output_tokens": 7}}\n',
            (9, 7),
        ),
        (b'data: {"type": "response.completed", "response": {"usage": {"input_tokens": 2, "output_tokens": 6}}}\n', (2, 6)),
        (b'{"done": false}\n{"prompt_eval_count": 5, "eval_count": 6}\n', (5, 6)),
        (b'{"usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2}}', (1, 2)),
        (b'{"usage": {"prompt_tokens": true}}', (None, None)),
        (b"no JSON at all", (None, None)),
        (b"", (None, None)),
    ],
)
def test_tokens_are_those_the_answer_tells(body: bytes, tokens: tuple[int | None, int | None]) -> None:
    assert model_calls.usage(body) == tokens

"""No form of a secret is left, what stands for it takes its place in the same form, and pieces stay pieces."""

from __future__ import annotations

import base64
import gzip
import html
import json
import zlib
from collections.abc import Callable
from itertools import accumulate, pairwise
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.codings import Undecodable
from readiness.formats.redaction import REDACTED, Redactor, Secret, lengths

VALUE = 'sk-live/Zq8+"v€ry-s3cret"&k3y=='
STAND_IN = "readiness-canary-0123456789abcdef01234567"


def redactor(*patterns: str, value: str = VALUE) -> Redactor:
    return Redactor([Secret("KEY", value, STAND_IN)], patterns)


def b64(text: str | bytes) -> bytes:
    return base64.b64encode(text.encode() if isinstance(text, str) else text)


FORMS = {
    "as it is": VALUE.encode(),
    "in another case": VALUE.upper().encode(),
    "JSON": json.dumps({"key": VALUE}).encode(),
    "JSON, not ASCII alone": json.dumps({"key": VALUE}, ensure_ascii=False).encode(),
    "JSON in JSON, as a tool's arguments": json.dumps({"arguments": json.dumps({"key": VALUE})}).encode(),
    "JSON with slashes escaped": json.dumps(VALUE).replace("/", "\\/").encode(),
    "every character escaped": "".join(f"\\u{ord(char):04x}" for char in VALUE).encode(),
    "a query": f"a=1&k={quote_plus(VALUE)}&b=2".encode(),
    "a path": quote(VALUE).encode(),
    "a path, every sign": quote(VALUE, safe="").lower().encode(),
    "quoted twice": quote(quote(VALUE, safe=""), safe="").encode(),
    "JSON as others escape it": json.dumps(VALUE).replace("+", "\\u002B").replace("&", "\\u0026").replace("=", "\\u003d").encode(),
    "quoted here and there": quote(VALUE, safe="/+=").encode(),
    "quoted elsewhere": quote(VALUE, safe='"&').encode(),
    "HTML by numbers": VALUE.replace('"', "&#34;").replace("&k", "&#x26;k").encode(),
    "UTF-8 taken for Latin-1": VALUE.encode().decode("latin-1").encode(),
    "HTML": html.escape(VALUE).encode(),
    "repr": repr(VALUE).encode(),
    "hex": VALUE.encode().hex().encode(),
    "HEX": VALUE.encode().hex().upper().encode(),
    "hex with colons": VALUE.encode().hex(":").encode(),
    "base64": b64(VALUE),
    "base64 after one byte": b64("x" + VALUE + "yy"),
    "base64 after two bytes": b64("xx" + VALUE),
    "basic": b64(f"user:{VALUE}"),
    "base64 for URLs": base64.urlsafe_b64encode(f"??>{VALUE}".encode()).rstrip(b"="),
    "base64 in lines": base64.encodebytes(b"z" * 70 + VALUE.encode() + b"z" * 70),
    "base64 in lines, in JSON": json.dumps(base64.encodebytes(b"z" * 71 + VALUE.encode()).decode()).encode(),
    "base64 of base64": b64(b64("ab" + VALUE)),
    "base64 within a word": b"data:text/plain;base64," + b64(VALUE) + b";x",
    "UTF-16": VALUE.encode("utf-16-le"),
    "reversed": VALUE[::-1].encode(),
    "between binary": b"\x00\xff\xfe" + VALUE.encode() + b"\x80\x81",
}


def betrays(data: bytes, value: str = VALUE) -> bool:
    """Whether a secret can be read from bytes, looked for by other means than those that took it out."""
    seen = [data, data.lower(), base64.b64encode(data)]
    for run in data.replace(b"\\n", b"").replace(b"\n", b"").replace(b'"', b" ").replace(b",", b" ").replace(b";", b" ").split():
        for offset in range(4):
            text = run[offset:].replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
            for _ in range(2):
                try:
                    text = base64.b64decode(text[: len(text) // 4 * 4])
                except ValueError:
                    break
                seen.append(text)
    hidden = [value.encode(), value.encode().lower(), value.encode()[3:-3], quote(value, safe="").encode(), value.encode().hex().encode()]
    return any(form in text for form in hidden for text in seen)


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_it_is_left(form: str) -> None:
    data = b"before " + FORMS[form] + b" after"
    clean = redactor().data(data)
    assert not betrays(clean)
    assert clean.startswith(b"before ")
    assert clean.endswith(b" after")


IN_PLACE: list[Callable[[str], bytes]] = [
    lambda value: json.dumps({"key": value}).encode(),
    lambda value: quote(value, safe="").encode(),
    b64,
    lambda value: b64(f"user:{value}"),
    lambda value: b64(f"{value}:12"),
    lambda value: b64(b64(f"u:{value}")),
    lambda value: json.dumps({"a": json.dumps({"k": value})}).encode(),
    lambda value: value.encode().hex().encode(),
]


@pytest.mark.parametrize("made", IN_PLACE)
def test_what_stands_for_it_takes_its_place_in_the_same_form(made: Callable[[str], bytes]) -> None:
    assert redactor().data(made(VALUE)) == made(STAND_IN)


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=8, max_size=40).filter(lambda text: "canary" not in text),
    st.binary(max_size=30),
    st.binary(max_size=30),
    st.integers(0, 3),
)
def test_whatever_it_is_and_whatever_is_around_it_it_is_gone(value: str, before: bytes, after: bytes, coding: int) -> None:
    form = [value.encode(), b64(value), json.dumps(value).encode(), quote(value, safe="").encode()][coding]
    clean = redactor(value=value).data(before + b" " + form + b" " + after)
    assert form not in clean
    assert redactor(value=value).data(clean) == clean


@given(st.lists(st.sampled_from([VALUE.encode()[:7], VALUE.encode()[7:], b"abc", b"\n\n", b"data: "]), min_size=1, max_size=12))
def test_a_secret_across_pieces_is_gone_and_the_pieces_still_make_the_whole(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    cuts = tuple(accumulate((len(piece) for piece in pieces), initial=0))
    clean, moved = redactor().cut(data, cuts)
    assert VALUE.encode() not in clean
    assert (moved[0], moved[-1]) == (0, len(clean))
    assert all(one <= two for one, two in pairwise(moved))
    assert sum(lengths(moved)) == len(clean)
    if clean == data:
        assert moved == cuts


@given(st.binary(max_size=300))
def test_what_holds_no_secret_stays_as_it_is(data: bytes) -> None:
    assert redactor().data(data) == data


def test_compressed_bodies_are_looked_into_and_kept_as_sent_where_there_is_nothing() -> None:
    clean, dirty = gzip.compress(b"nothing", 1, mtime=9), gzip.compress(b"x" * 100 + VALUE.encode())
    assert redactor().body(clean, {"content-encoding": "gzip"})[0] == clean
    kept, cuts = redactor().body(dirty, {"content-encoding": "gzip"}, (0, len(dirty)))
    assert gzip.decompress(kept) == b"x" * 100 + STAND_IN.encode()
    assert cuts[-1] <= len(kept)
    twice = gzip.compress(zlib.compress(VALUE.encode()))
    assert zlib.decompress(gzip.decompress(redactor().body(twice, {"content-encoding": "deflate, gzip"})[0])) == STAND_IN.encode()
    raw = zlib.compressobj(wbits=-15)
    assert redactor().body(raw.compress(b"abc") + raw.flush(), {"content-encoding": "deflate"})[0]
    half = gzip.compress(VALUE.encode() * 50)[:-9]
    assert VALUE.encode() not in gzip_read(redactor().body(half, {"content-encoding": "gzip"})[0])


def gzip_read(data: bytes) -> bytes:
    return zlib.decompressobj(31).decompress(data)


@pytest.mark.parametrize("coding", ["dcb", "compress", "gzip, compress"])
def test_what_cannot_be_looked_into_is_refused(coding: str) -> None:
    with pytest.raises(Undecodable, match="cannot be looked through"):
        redactor().body(b"data", {"content-encoding": coding})
    with pytest.raises(Undecodable, match="not compressed as it says"):
        redactor().body(b"data", {"content-encoding": "gzip"})


HEADERS = [
    ("Authorization", f"Bearer {VALUE}"), ("authorization", "Basic " + b64(f"user:{VALUE}").decode()), ("X-Api-Key", VALUE),
    ("api-key", VALUE), ("x-goog-api-key", VALUE), ("Cookie", f"a={VALUE}; b=2"), ("Set-Cookie", f"sid={VALUE}; Path=/; HttpOnly"),
    ("Proxy-Authorization", VALUE), ("X-Amz-Security-Token", VALUE), ("X-Hub-Signature", VALUE), ("X-Whatever", f"me={VALUE}"),
    ("Referer", f"https://h/?q={quote_plus(VALUE)}"), ("Location", f"https://u:{quote(VALUE, safe='')}@h/p?key=abc"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), HEADERS)
def test_no_header_gives_it_away(name: str, value: str) -> None:
    ((kept, clean),) = redactor().headers([(name, value)])
    assert kept == name
    assert not betrays(clean.encode())


def test_headers_that_only_sound_like_it_are_kept() -> None:
    kept = [("x-ratelimit-remaining-tokens", "1999"), ("x-request-id", "r1"), ("Access-Control-Allow-Credentials", "true"), ("ETag", "a")]
    assert redactor().headers(kept) == tuple(kept)
    assert redactor().headers([("Set-Cookie", "sid=abc; Path=/")]) == (("Set-Cookie", f"sid={REDACTED}; Path=/"),)


def test_credentials_in_a_url_are_taken_out_and_the_rest_is_kept() -> None:
    clean = redactor().url(
        "https://user:pass-word-long@host.example:8443/a?key=abc123&q=hello+world&access_token=t&X-Amz-Signature=f00&max_tokens=5"
    )
    assert clean == (
        "https://redacted@host.example:8443/a?key=redacted&q=hello+world&access_token=redacted&X-Amz-Signature=redacted&max_tokens=5"
    )
    assert redactor().url("http://[bad") == "http://[bad"


def test_what_was_a_credential_once_is_taken_out_everywhere_after() -> None:
    cleaner = redactor()
    cleaner.headers([("Authorization", "Bearer hard-coded-token-99")])
    assert cleaner.data(b"got hard-coded-token-99!") == b"got redacted!"
    body, _ = cleaner.body(
        b'{"access_token": "ya29.minted-now-0123", "max_tokens": 5, "token_count": "7"}', {"content-type": "application/json"}
    )
    assert body == b'{"access_token": "redacted", "max_tokens": 5, "token_count": "7"}'
    assert cleaner.data(b"ya29.minted-now-0123") == b"redacted"
    form, _ = cleaner.body(b"grant=x&client_secret=abcdefghijklm&q=1", {"content-type": "application/x-www-form-urlencoded"})
    assert form == b"grant=x&client_secret=redacted&q=1"
    assert cleaner.text("abcdefghijklm") == REDACTED


def test_secrets_within_a_secret_are_taken_out_too() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKB\n-----END KEY-----\n"
    account = json.dumps({"type": "service_account", "private_key": key, "client_email": "a@b.example"})
    cleaner = redactor(value=account)
    for form in (key, json.dumps(key), "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"):
        assert "MIIEvQIB" not in redactor(value=key).text(form)
        assert key.splitlines()[1] not in cleaner.text(key)
    database = redactor(value="postgresql://user:hunter2-hunter2@db.example/x")
    assert "hunter2" not in database.text("password is hunter2-hunter2")


def test_personal_data_is_taken_out_where_asked_and_only_there() -> None:
    text = "Ann <ann.lee+x@mail.example.org>, card 4111 1111 1111 1111, order 1234567890123456, 0.4111111111111111, id ABC-77"
    assert redactor().text(text) == text
    clean = redactor("email", "card", r"ABC-\d+").text(text)
    assert clean == "Ann <redacted@redacted.invalid>, card 0000000000000000, order 1234567890123456, 0.4111111111111111, id redacted"
    counted = redactor("email")
    counted.text(text)
    assert dict(counted.counts) == {"email": 1}


@given(st.lists(st.sampled_from(["é", "a@b.example", "x", "🙂", "4111111111111111"]), max_size=12))
def test_pieces_survive_personal_data_in_any_script(words: list[str]) -> None:
    data = " ".join(words).encode()
    clean, moved = redactor("email", "card").cut(data, (0, len(data) // 2, len(data)))
    assert b"a@b.example" not in clean
    assert moved[-1] == len(clean)
    assert moved[0] <= moved[1] <= moved[2]


@given(st.lists(st.booleans(), min_size=len(VALUE), max_size=len(VALUE)), st.sampled_from(["url", "json", "html"]))
def test_however_each_sign_is_escaped_it_is_gone_and_what_stands_for_it_is_there(escaped: list[bool], kind: str) -> None:
    def one(char: str, hidden: bool) -> str:
        if kind == "url":
            return "".join(f"%{byte:02x}" for byte in char.encode()) if hidden else char
        if kind == "json":
            return f"\\u{ord(char):04X}" if hidden or char in '"\\' else char
        return f"&#{ord(char)};" if hidden or char in "&" else char

    text = "before " + "".join(one(char, hidden) for char, hidden in zip(VALUE, escaped, strict=True)) + " after"
    read = {"url": unquote, "json": lambda found: str(json.loads(f'"{found}"')), "html": html.unescape}[kind]
    assert read(text) == f"before {VALUE} after"
    assert read(redactor().text(text)) == f"before {STAND_IN} after"

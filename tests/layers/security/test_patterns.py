"""Our own rules for secrets: on any text, in time linear in it, and on the placeholders people write."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.security import fingerprint, patterns, placeholders
from tests.layers.security.planted import Drawn

DRAWN = Drawn(4)
KNOWN = "e0b022bc001748d6"
"""The fingerprint of `a`: one that changed would void every allowance."""
PIECES = st.sampled_from(
    ["password", "api_key", "=", ": ", '"', "'", "\\", "\n", "postgresql://", "u:", "@", "host", "sk" + "-",
     "-----BEGIN PRIVATE" + " KEY-----",
     'variable "', "{", "}", "default", "name: ", "value: ", "--", "$", DRAWN.word(20), DRAWN.word(40), "Bearer ", "é", "\0", "xxxx"]
)  # fmt: skip


@given(
    st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join), st.sampled_from(["a.py", ".env", "a.yaml", "a.ipynb", "Dockerfile"])
)
def test_any_text_is_read_and_a_hit_is_where_it_says(text: str, path: str) -> None:
    for hit in patterns.hits(path, text):
        assert 1 <= hit.line <= text.count("\n") + 1
        assert hit.value not in repr(hit)
        if "uri" not in hit.kind:
            assert hit.value.split("\n")[0] in text.split("\n")[hit.line - 1]


@pytest.mark.parametrize(
    "piece",
    ["a", "ab1", "://", "u:p@", "a://u:", "password", "password=", 'password="', "password: x1\n", "api_key = 'a",
     "-----BEGIN PRIVATE" + " KEY-----\n",
     'variable "secret" {', "name: token\n  value: ", "A1b2" * 16, "sk" + "-", "=", "'\"", "\\u0041", "Bearer ", "x.y-"],
)  # fmt: skip
def test_a_text_made_to_be_slow_is_read_in_time(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    started = time.process_time()
    list(patterns.hits("a.yaml", text))
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    ("user", "password", "host", "nothing"),
    [("postgres", "postgres", "localhost:5432", True), ("app", "app", "db", True), ("app", "app1", "127.0.0.1", True),
     ("", "redis", "redis:6379", True), ("user", DRAWN.word(12), "db.example.com", True), ("user", "pw1234", "host", True),
     ("shop", DRAWN.word(12), "localhost", False), ("shop", "shop", "db.shop.io", False), ("postgres", "postgres", "10.0.0.7", False)],
)  # fmt: skip
def test_the_password_of_a_local_database_opens_nothing(user: str, password: str, host: str, nothing: bool) -> None:
    assert placeholders.opens_nothing(user, password, host) is nothing


@pytest.mark.parametrize(
    "value", ["changeme", "<key>", "${KEY}", "xxxxxxxx", "your-api-key", "test-key", "sk-...", "{{ key }}", "env:KEY", "$2b$12$abc"]
)
def test_what_people_write_where_a_secret_would_stand_is_a_placeholder(value: str) -> None:
    assert placeholders.is_placeholder(value)


def test_a_weak_word_makes_no_placeholder_of_a_drawn_value() -> None:
    drawn = "sk" + f"_test_{DRAWN.word(24)}"
    assert not placeholders.is_placeholder(drawn)
    assert placeholders.is_placeholder(f"EXAMPLE{drawn}")


@pytest.mark.parametrize(
    ("value", "told"),
    [("smokepassword123", False), ("MyPassword1!", False), ("demo_password_12345", False), ("ShopPassword2024", True),
     ("shoppers2024", True), ("password" + DRAWN.word(14) + "7", True)],
)  # fmt: skip
def test_a_password_that_only_names_itself_is_none(value: str, told: bool) -> None:
    found = list(patterns.hits("smoke.sh", f"APP_INIT_USER_PASSWORD={value}\n"))
    assert [hit.kind for hit in found] == ["password"] * told


def test_a_fingerprint_is_the_same_everywhere_and_differs_by_value() -> None:
    assert fingerprint.of("a") == fingerprint.of(" a\n") != fingerprint.of("b")
    assert fingerprint.of("a") == KNOWN
    assert len(fingerprint.of("\udcff")) == fingerprint.DIGITS

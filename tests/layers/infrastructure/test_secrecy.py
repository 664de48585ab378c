"""What is not shown, and what is."""

from __future__ import annotations

import pytest

from readiness.layers.infrastructure.secrecy import looks_secret


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "a"),
        ("db.passwd", "12345"),
        ("apiKey", "abc"),
        ("OPENAI_API_KEY", "x"),
        ("client_secret", "words here"),
        ("auth.key", "Ab12"),
        ("dsn", "host=db"),
        ("url", "postgres://app:pw@db/app"),
        ("x", "ghp_abc"),
        ("x", "-----BEGIN PRIVATE KEY-----"),
        ("pin", "1234"),
        ("note", "use 9f8g7h6j5k4l3m2n1o0p now"),
        ("token", "Zm9vYmFy1"),
        ("url", "https://x/y?sig=abc"),
        ("x", "eyJhbGciOiJIUzI1NiJ9.e30.x"),
    ],
)
def test_what_may_be_a_secret_is_hidden(name: str, value: str) -> None:
    assert looks_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", "512"),
        ("model", "gpt-4o-2024-08-06"),
        ("retriever.top_k", "3"),
        ("tokenizer", "models/tokenizer.json"),
        ("image", "python@sha256:" + "0a" * 32),
        ("url", "http://localhost:8000/v1"),
        ("author", "Ada"),
        ("primary", "true"),
        ("commit", "9db785eb14099db785eb14099db785eb14099db7"),
        ("embedding", "sentence-transformers/all-MiniLM-L6-v2"),
        ("prompt", "Answer in three sentences."),
        ("password", ""),
        ("sort_key", "created_at"),
        ("id", "0b5c1b3e-6f0a-4c1e-9a55-0a8f0b6f2d11"),
        ("monkey", "brown"),
    ],
)
def test_what_is_none_is_shown(name: str, value: str) -> None:
    assert not looks_secret(name, value)

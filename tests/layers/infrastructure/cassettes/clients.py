"""Clients of every kind; each returns all it sees: status, headers that matter, bytes, pieces."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.layers.infrastructure.cassettes.conftest import HOST

UNTOLD = ("date", "content-length", "connection", "transfer-encoding", "server")
Env = Mapping[str, str]
Seen = tuple[int, list[tuple[str, str]], bytes]


def matter(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers but for those of the connection."""
    return [(name.lower(), value) for name, value in headers if name.lower() not in UNTOLD]


def call(
    env: Env,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    connection: http.client.HTTPConnection | None = None,
) -> Seen:
    """One request to the door of OPENAI_BASE_URL, by http.client."""
    at = urlsplit(env["OPENAI_BASE_URL"])
    assert at.hostname is not None
    own = connection or http.client.HTTPConnection(at.hostname, at.port, timeout=10)
    own.request(method, f"{at.path}{path}", body, dict(headers or {}))
    answer = own.getresponse()
    seen = (answer.status, matter(answer.getheaders()), answer.read())
    if connection is None:
        own.close()
    return seen


def opener(env: Env) -> urllib.request.OpenerDirector:
    """An opener that goes by the proxy and believes the bundle, as one does that is told by its environment."""
    context = ssl.create_default_context(cafile=env["SSL_CERT_FILE"])
    proxies = urllib.request.ProxyHandler({"http": env["HTTP_PROXY"], "https": env["HTTPS_PROXY"]})
    return urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=context))


def by_proxy(env: Env, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Seen:
    """One request by urllib, through the proxy."""
    request = urllib.request.Request(url, body, dict(headers or {}))
    try:
        with opener(env).open(request, timeout=10) as answer:
            return answer.status, matter(answer.headers.items()), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, matter(error.headers.items()), error.read()


def secure(env: Env, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Seen:
    """One request to the vendor with TLS, through the proxy."""
    return by_proxy(env, f"https://{HOST}{path}", body, headers)


def chunks(env: Env, method: str, path: str, body: bytes = b"") -> tuple[int, list[bytes], str]:
    """The status, chunks and trailer of an answer, read off a raw socket; the chunks so far where it breaks off."""
    at = urlsplit(env["OPENAI_BASE_URL"])
    lines = [f"{method} {at.path}{path} HTTP/1.1", f"Host: {at.netloc}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    head = "\r\n".join([*lines, "", ""])
    with socket.create_connection((at.hostname or "", at.port or 0), 10) as sock, sock.makefile("rb") as file:
        sock.sendall(head.encode() + body)
        status = int(file.readline().split()[1])
        while file.readline().strip():
            continue
        found = []
        while (line := file.readline().strip()) and (size := int(line, 16)):
            found.append(file.read(size))
            file.readline()
        return status, found, file.readline().decode().strip() if line else "broke off"


def together(env: Env, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    """The answers to several requests made at once."""
    found: dict[int, Any] = {}

    def one(index: int, path: str, body: dict[str, Any]) -> None:
        found[index] = json.loads(call(env, "POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})[2])

    threads = [threading.Thread(target=one, args=(index, *item)) for index, item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[index] for index in range(len(calls))]

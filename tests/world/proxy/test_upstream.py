"""The way out: directly, by the proxy of this machine, and what is said where there is none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from readiness.world.proxy.authority import Authority
from readiness.world.proxy.upstream import Address, Unreachable, Upstream, address
from readiness.world.proxy.wire import Asked

PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "no_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def listening() -> Iterator[tuple[socket.socket, list[bytes]]]:
    """A listener that takes one connection, and what came on it."""
    heard: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server, heard


def talk(server: socket.socket, heard: list[bytes], say: Callable[[socket.socket], None]) -> threading.Thread:
    def run() -> None:
        client = server.accept()[0]
        with client:
            client.settimeout(5)
            heard.append(client.recv(65536))
            say(client)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def asked(url: str, **headers: str) -> Asked:
    return Asked("POST", url, [(name.replace("_", "-"), value) for name, value in headers.items()], b"{}", "door")


def test_a_request_goes_out_under_its_own_host_with_codings_that_can_be_looked_into(listening: tuple[socket.socket, list[bytes]]) -> None:
    server, heard = listening
    thread = talk(server, heard, lambda client: client.sendall(b"HTTP/1.1 204 No Content\r\n\r\n"))
    url = f"http://127.0.0.1:{server.getsockname()[1]}/v1/x?a=1"
    with Upstream(5, ("gzip",)).ask(asked(url, Accept_Encoding="gzip;q=1, br, *", Expect="100-continue", Content_Length="9")) as wire:
        assert getattr(wire.next(), "status_code", None) == 204
    thread.join()
    lines = heard[0].decode().split("\r\n")
    assert lines[0] == "POST /v1/x?a=1 HTTP/1.1"
    assert sorted(lines[1:5]) == [
        "Accept-Encoding: gzip;q=1",
        "Connection: close",
        "Content-Length: 2",
        f"Host: 127.0.0.1:{url.split(':')[2].split('/')[0]}",
    ]


def test_the_proxy_of_this_machine_is_asked_for_a_tunnel_or_for_the_whole_address(
    listening: tuple[socket.socket, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, heard = listening
    port = server.getsockname()[1]
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("http_proxy", f"127.0.0.1:{port}")
    way = Upstream(5, ())
    thread = talk(server, heard, lambda client: client.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"))
    with (
        pytest.raises(Unreachable, match=r"the proxy of this machine refuses vendor.example:443"),
        way.ask(asked("https://vendor.example/x")),
    ):
        pass
    thread.join()
    assert heard[0].startswith(b"CONNECT vendor.example:443 HTTP/1.1\r\n")
    thread = talk(server, heard, lambda client: client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    with way.ask(asked("http://vendor.example/x")) as wire:
        wire.next()
    thread.join()
    assert heard[1].startswith(b"POST http://vendor.example/x HTTP/1.1\r\n")


def test_what_no_proxy_names_is_reached_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with (
            pytest.raises(Unreachable, match=r"127.0.0.1:.* cannot be reached"),
            Upstream(5, ()).ask(asked(f"http://127.0.0.1:{taken.getsockname()[1]}/")),
        ):
            pass


@pytest.mark.parametrize("url", ["ftp://x/", "https://", "http://[bad", "http://h:99999999/", "nonsense"])
def test_an_address_that_is_none_is_said_to_be_none(url: str) -> None:
    with pytest.raises(Unreachable, match="none"):
        address(url)


def test_addresses_are_told_as_a_host_header_has_them() -> None:
    assert address("https://u:p@Vendor.example/x") == Address(True, "vendor.example", 443)
    assert (address("http://[::1]:8080/").netloc, address("https://h:8443").netloc, address("http://h").netloc) == (
        "[::1]:8080",
        "h:8443",
        "h",
    )


def test_an_authority_vouches_for_names_and_numbers_and_its_keys_are_nobody_elses(tmp_path: Path) -> None:
    from cryptography import x509

    authority = Authority(tmp_path / "a")
    for host in ("vendor.example", "127.0.0.2", "::1"):
        assert authority.context(host) is authority.context(host)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "a").iterdir()} == {0o600}
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    begin = b"-----BEGIN CERTIFICATE-----"
    ours = x509.load_pem_x509_certificate(begin + authority.bundle().rpartition(begin)[2])
    assert ours.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert ours.not_valid_before_utc.year == 2000
    assert b"PRIVATE KEY" not in authority.bundle()

"""The doors: where they are, who may use them, and how the demo finds them."""

from __future__ import annotations

import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from readiness.world.probes import run_demo
from readiness.world.proxy.doors import PROXY, TRUSTED, Door, Gate
from readiness.world.proxy.wire import Answering, Asked
from tests.world.conftest import Box


class Echo:
    """Answers with the address that was asked."""

    def __init__(self) -> None:
        self.others: list[str] = []

    def handle(self, asked: Asked, door: Door | None, answering: Answering) -> None:
        answering.whole(200, f"{door.variable if door else PROXY} {asked.url}".encode(), "text/plain")

    def pinned(self, host: str) -> None:
        self.others.append(host)

    def unsupported(self, what: str) -> None:
        self.others.append(what)


DOOR = Door("OPENAI_BASE_URL", "https://api.vendor.example/v1")
ASK = """
import os, sys, urllib.request
sys.path.insert(0, sys.argv[1])
import run_demo
doors = {"OPENAI_BASE_URL": sys.argv[2], "proxy": sys.argv[3]}
env = run_demo.open_doors(doors, {"URL": "http://127.0.0.1:{OPENAI_BASE_URL}/v1", "P": "{proxy}"})
print(urllib.request.urlopen(env["URL"] + "/chat").read().decode(), env["URL"], env["P"])
"""


@pytest.fixture
def gate(workplace: Path) -> Iterator[Gate]:
    with closing(Gate(Echo(), (DOOR,), workplace / "s", workplace / "private", workplace / "given" / "authorities.pem")) as made:
        yield made


def test_a_door_has_its_variable_and_everything_else_goes_by_the_proxy(gate: Gate) -> None:
    env = gate.doors.env
    assert env["OPENAI_BASE_URL"] == "http://127.0.0.1:{OPENAI_BASE_URL}/v1"
    assert {env[name] for name in ("HTTP_PROXY", "HTTPS_PROXY", "https_proxy", "ALL_PROXY")} == {"http://127.0.0.1:{proxy}"}
    assert env["NO_PROXY"] == "127.0.0.1,localhost"
    assert {Path(env[name]).read_bytes().count(b"BEGIN CERTIFICATE") > 0 for name in TRUSTED} == {True}
    for path in gate.doors.sockets.values():
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o777


def test_a_demo_in_its_box_reaches_them_at_the_same_ports_each_time(box: Box, gate: Gate, workplace: Path) -> None:
    box.sandbox.show(gate.folder)
    probe = box.sandbox.give("run_demo.py", Path(run_demo.__file__).read_bytes())
    said = [box.run(ASK, str(probe.parent), gate.doors.sockets["OPENAI_BASE_URL"], gate.doors.sockets[PROXY]) for _ in range(2)]
    assert said[0].ok, said[0].stderr
    assert said[0].stdout.startswith("OPENAI_BASE_URL https://api.vendor.example/v1/chat http://127.0.0.1:")
    if said[0].isolation.network_off:
        assert said[0].stdout == said[1].stdout


def test_ports_that_are_taken_are_passed_over(gate: Gate) -> None:
    with socket.socket() as held:
        run_demo.bind(held, run_demo.PORTS["doors"])  # type: ignore[no-untyped-call]  # probes are plain Python
        held.listen()
        env = run_demo.open_doors(gate.doors.sockets, gate.doors.env)  # type: ignore[no-untyped-call]  # probes are plain Python
        assert env["OPENAI_BASE_URL"] != f"http://127.0.0.1:{held.getsockname()[1]}/v1"


def test_a_folder_whose_name_is_too_long_for_a_socket_is_replaced(workplace: Path) -> None:
    deep = workplace / ("d" * 90)
    with closing(Gate(Echo(), (DOOR,), deep, workplace / "private", workplace / "given" / "authorities.pem")) as gate:
        assert gate.folder.parent == Path(tempfile.gettempdir())
        assert all(len(path) < 108 for path in gate.doors.sockets.values())
    assert not gate.folder.exists()


def test_the_same_folder_serves_one_run_after_the_other(gate: Gate, workplace: Path) -> None:
    gate.close()
    again = Gate(Echo(), (DOOR,), workplace / "s", workplace / "private", workplace / "given" / "authorities.pem")
    with closing(again), socket.socket(socket.AF_UNIX) as client:
        client.connect(again.doors.sockets["OPENAI_BASE_URL"])
        client.sendall(b"GET /v1/x HTTP/1.1\r\nHost: door\r\nConnection: close\r\n\r\n")
        with client.makefile("rb") as file:
            assert b"OPENAI_BASE_URL https://api.vendor.example/v1/x" in file.read()


def test_strays_are_counted_in_a_network_of_its_own(walled: Box) -> None:
    code = (
        "import socket, sys\nsys.path.insert(0, sys.argv[1])\nimport run_demo\nbefore = run_demo.strays()\n"
        "print(before)\nsocket.socket().connect_ex(('192.0.2.1', 443))\nprint(run_demo.strays() - before)\n"
        "socket.socket().connect_ex(('127.0.0.1', 9))\nprint(run_demo.strays() - before)\n"
    )
    probe = walled.sandbox.give("run_demo.py", Path(run_demo.__file__).read_bytes())
    assert walled.run(code, str(probe.parent)).stdout.split() == ["0", "1", "1"]

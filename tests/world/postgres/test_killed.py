"""Clients and servers killed in the middle of writing: nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from readiness.world.postgres import Server, process
from tests.world.postgres.conftest import LOOSE, ask, end

WRITE = """
import sys, psycopg
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    for number in range(int(sys.argv[2]), int(sys.argv[2]) + 100_000):
        connection.execute("insert into written values (%s)", (number,))
        print(number, flush=True)
"""
START = """
import sys, pathlib
from readiness.world.postgres import Server
Server(pathlib.Path(sys.argv[1]), settings={"fsync": "off"}).ensure()
"""
ROUNDS = 6


@pytest.fixture
def durable(workplace: Path) -> Iterator[Server]:
    """A server that waits for the disk, with a table."""
    server = Server(workplace / "durable")
    try:
        ask(server, "create table written (n bigint primary key)")
        yield server
    finally:
        end(server)


def write(server: Server, first: int) -> subprocess.Popen[str]:
    url = server.ensure().url("postgres")
    return subprocess.Popen([sys.executable, "-c", WRITE, url, str(first)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def acknowledged(writing: subprocess.Popen[str]) -> set[int]:
    """What the writer was told is written, up to its end; its last line may be torn."""
    assert writing.stdout is not None
    with writing.stdout:  # not `communicate`, which would not know of what was read ahead
        said = writing.stdout.read()
    writing.wait(60)
    return {int(line) for line in said.split("\n")[:-1]}


def stored(server: Server) -> set[int]:
    return {int(str(row[0])) for row in ask(server, "select n from written")}


def after_a_while(writing: subprocess.Popen[str], chance: random.Random) -> set[int]:
    """Waits for the first row, then for a moment nobody chose."""
    assert writing.stdout is not None
    first = int(writing.stdout.readline())
    time.sleep(chance.uniform(0, 0.15))
    return {first}


def test_a_killed_client_loses_nothing_acknowledged(durable: Server) -> None:
    chance, told = random.Random(20), set[int]()
    for number in range(ROUNDS):
        writing = write(durable, number * 1_000_000)
        told |= after_a_while(writing, chance)
        writing.kill()
        told |= acknowledged(writing)
    assert told <= stored(durable)
    assert len(told) > ROUNDS


@pytest.mark.parametrize("whole", [False, True], ids=["first process", "every process"])
def test_a_killed_server_comes_back_with_all_it_acknowledged(durable: Server, whole: bool) -> None:
    chance, told = random.Random(21), set[int]()
    for number in range(ROUNDS):
        writing = write(durable, number * 1_000_000)
        told |= after_a_while(writing, chance)
        pid = process.postmaster(durable.data)
        assert pid is not None
        for victim in [pid, *(children(pid) if whole else [])]:
            os.kill(victim, signal.SIGKILL)
        told |= acknowledged(writing)
        assert told <= stored(durable)
    assert len(told) > ROUNDS


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def test_a_client_killed_while_starting_the_server_leaves_no_ruin(memory: Path) -> None:
    chance = random.Random(22)
    for number in range(4):
        server = Server(memory / f"started{number}", settings=LOOSE)
        starting = subprocess.Popen([sys.executable, "-c", START, server.folder])
        time.sleep(chance.uniform(0.05, 0.9))
        starting.kill()
        starting.wait()
        try:
            assert ask(server, "select 1") == [(1,)]
            assert list(server.folder.glob("data.new*")) == []
        finally:
            end(server)


def test_connections_that_were_lost_are_told_so(durable: Server) -> None:
    with psycopg.connect(durable.ensure().url("postgres"), autocommit=True) as connection:
        durable.stop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("insert into written values (1)")

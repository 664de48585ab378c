"""What records a client and answers it from the recording, without a sandbox between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from readiness.formats import codings
from readiness.formats.cassette import Base, Body, Cassette
from readiness.formats.redaction import Redactor, Secret
from readiness.layers.infrastructure.cassettes.recorder import Recorder
from readiness.layers.infrastructure.cassettes.replayer import Replayer
from readiness.sequence.evidence import Digest
from readiness.world.demo import canary
from readiness.world.probes import run_demo
from readiness.world.proxy.authority import Authority
from readiness.world.proxy.doors import Door, Gate
from readiness.world.proxy.upstream import Upstream
from tests.layers.infrastructure.cassettes.scripted import Scripted

NAME = "MODEL_KEY"
VALUE = 'sk-live/Zq8+"v3ry-s3cret"&k3y=='
NOW = datetime(2026, 11, 1, tzinfo=UTC)
HOST = "api.vendor.example"
Env = Mapping[str, str]


@dataclass
class Tape:
    """A recorder and what came of it; each `recorded` and `replayed` has doors of its own."""

    folder: Path
    server: Scripted
    secure: Scripted
    authority: Authority
    secrets: dict[str, str] = field(default_factory=lambda: {NAME: VALUE})
    redact: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    timeout_s: float = 10
    cassette: Cassette | None = None
    recorder: Recorder | None = None
    replayer: Replayer | None = None
    count: int = 0

    @property
    def doors(self) -> tuple[Door, ...]:
        """The doors of a demo that has OPENAI_BASE_URL set."""
        return (Door("OPENAI_BASE_URL", f"{self.server.url}/v1"), Door("OLLAMA_HOST", self.server.url))

    def _gate(self, keeper: Recorder | Replayer) -> Gate:
        self.count += 1
        at = self.folder / str(self.count)
        return Gate(keeper, self.doors, at / "s", at / "a", at / "authorities.pem")

    @contextmanager
    def recorded(self) -> Iterator[Env]:
        """Variables of a client that is recorded; the cassette is there afterwards."""
        redactor = Redactor([Secret(name, value, canary(name)) for name, value in self.secrets.items()], self.redact)
        led = {HOST: ("127.0.0.1", self.secure.server_port), "plain.vendor.example": ("127.0.0.1", self.server.server_port),
               "pinned.vendor.example": ("127.0.0.1", self.secure.server_port)}  # fmt: skip
        upstream = Upstream(self.timeout_s, codings.known(), led, self.authority.bundle().decode())
        self.recorder = Recorder(upstream, redactor, self.folder / "blobs")
        gate = self._gate(self.recorder)
        try:
            yield run_demo.open_doors(gate.doors.sockets, gate.doors.env)  # type: ignore[no-untyped-call]  # probes are plain Python
            gate.settle(10)
        finally:
            gate.close()
        made = Cassette("shop", Digest(f"sha256:{'0' * 64}"), NOW, NOW + timedelta(days=90), "0")
        bases = tuple(Base(door.variable, door.url) for door in self.doors)
        self.cassette = replace(made, bases=bases, secrets=tuple(self.secrets), redact=self.redact, volatile=self.volatile,
                                exchanges=self.recorder.exchanges)  # fmt: skip

    @contextmanager
    def replayed(self) -> Iterator[Env]:
        """Variables of a client that is answered from the cassette; the servers are not asked."""
        assert self.cassette is not None
        asked = self.server.counts.total() + self.secure.counts.total()
        self.replayer = Replayer(self.cassette, self.read, str, {name: canary(name) for name in self.secrets})
        gate = self._gate(self.replayer)
        try:
            yield run_demo.open_doors(gate.doors.sockets, gate.doors.env)  # type: ignore[no-untyped-call]  # probes are plain Python
            gate.settle(10)
        finally:
            gate.close()
        assert self.server.counts.total() + self.secure.counts.total() == asked

    def read(self, body: Body) -> bytes:
        """A body that was kept."""
        return (self.folder / "blobs" / body.digest.removeprefix("sha256:")).read_bytes() if body.digest else b""

    def written(self) -> bytes:
        """Every byte that was kept."""
        from readiness.formats import cassette

        assert self.cassette is not None
        return cassette.emit(self.cassette) + b"\n".join(path.read_bytes() for path in (self.folder / "blobs").iterdir())

    def twice(self, client: Callable[[Env, str], object]) -> tuple[object, object]:
        """What a client sees with its secret while recorded, and with what stands for it while replayed."""
        with self.recorded() as env:
            first = client(env, VALUE)
        with self.replayed() as env:
            second = client(env, canary(NAME))
        assert self.replayer is not None
        assert self.replayer.misses == []
        return first, second


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Tape]:
    """A tape with two servers, one of them with a certificate for HOST of an authority made for the test."""
    authority = Authority(tmp_path / "theirs")
    plain, secure = Scripted(), Scripted(authority.context(HOST))
    yield Tape(tmp_path / "tape", plain, secure, authority)
    plain.end()
    secure.end()

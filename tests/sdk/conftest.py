"""A server on loopback, the very one that watches demos, and spans of a real tracer provider."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from readiness.formats import otlp
from readiness.formats.otlp import Span
from readiness.sdk import stopping
from readiness.world.probes.run_demo import Boundary, Events


@dataclass
class Server:
    """The server that watches demos; `boundary.set_state` pulls the switch."""

    boundary: Any
    log: Path
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What was seen of a kind, in order."""
        found = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [event for event in found if event["kind"] == kind]

    def spans(self) -> list[Span]:
        """The spans that arrived."""
        return [span for event in self.events("otlp") for span in otlp.read(event["path"], event["type"], b64decode(event["body"])).spans]

    def run(self, code: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Runs Python code in a process of its own, which is told where this server is."""
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", code], env=self.env | env, capture_output=True, text=True, timeout=60, check=False
        )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running server, closed with the test."""
    log = tmp_path / "events.jsonl"
    events: Any = Events(str(log))  # type: ignore[no-untyped-call]
    boundary: Any = Boundary({"upstream": "", "timeout_s": 5}, events)  # type: ignore[no-untyped-call]
    threading.Thread(target=boundary.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": boundary.url,
        "READINESS_URL": boundary.url,
        "READINESS_PROJECT": "shop",
    }
    yield Server(boundary, log, tmp_path, env)
    boundary.set_state("running")
    boundary.shutdown()
    boundary.server_close()
    events.handle.close()


@pytest.fixture
def told(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The same server, of which this process is told; what is followed is forgotten afterwards."""
    for name in ("READINESS_URL", "READINESS_PROJECT", "XDG_STATE_HOME", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.setenv(name, server.env[name])
    monkeypatch.delenv("READINESS_TOKEN", raising=False)
    stopping._forget()
    yield server
    stopping._forget()


_EXPORTER = InMemorySpanExporter()


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Where the spans of this process end up. A provider can be set once, so one serves all tests."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider(resource=Resource.create({"service.name": "shop"}), shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(_EXPORTER))
        trace.set_tracer_provider(provider)
    _EXPORTER.clear()
    yield _EXPORTER
    _EXPORTER.clear()

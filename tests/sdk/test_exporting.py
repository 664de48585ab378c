"""Telemetry set up from the environment: it arrives, by batch, at the end of a process and when it is terminated."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from readiness.formats.decisions import decisions
from readiness.formats.genai import model_calls
from tests.sdk.conftest import Server

ANSWER = """
from readiness import decision, setup
print(setup(), setup())
with decision("answer", model="small", model_version="3") as d:
    d.source("doc-12"); d.confidence(0.83); d.input("how long?"); d.output("three days")
print(d.id)
"""
SERVES = ANSWER + "import time\nprint('ready', flush=True)\ntime.sleep(60)\n"


def test_a_decision_arrives_at_the_end_of_the_process(server: Server) -> None:
    done = server.run(ANSWER)
    assert (done.returncode, done.stderr) == (0, "")
    (one,) = decisions(server.spans())
    said, name = done.stdout.splitlines()
    assert (said, name) == ("True False", one.id)
    assert (one.model, one.model_version, one.confidence, [source.name for source in one.sources]) == ("small", "3", 0.83, ["doc-12"])
    assert (one.outcome, one.project, one.error) == ("answered", "shop", "")
    assert model_calls(server.spans()) == ()


@pytest.mark.parametrize(
    "env",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"READINESS_URL": "http://127.0.0.1:9"},
        {"READINESS_PROJECT": "", "OTEL_SERVICE_NAME": "shop"},
    ],
    ids=["by our address", "by the address of OpenTelemetry", "by the name of the service"],
)
def test_the_address_and_the_name_are_found(server: Server, env: dict[str, str]) -> None:
    assert server.run(ANSWER, **env).returncode == 0
    assert [one.project for one in decisions(server.spans())] == ["shop"]


def test_a_terminated_process_still_tells_and_dies_of_the_signal(server: Server) -> None:
    process = subprocess.Popen([sys.executable, "-c", SERVES], env=server.env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(3)][-1] == "ready\n"
    process.terminate()
    assert process.wait(20) == -signal.SIGTERM
    process.stdout.close()
    assert len(decisions(server.spans())) == 1


def test_a_handler_of_the_host_is_left_alone(server: Server) -> None:
    code = f"import signal\nsignal.signal(signal.SIGTERM, lambda *_: exit(7))\n{SERVES}"
    process = subprocess.Popen([sys.executable, "-c", code], env=server.env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(3)][-1] == "ready\n"
    process.terminate()
    assert process.wait(20) == 7
    process.stdout.close()
    assert len(decisions(server.spans())) == 1


def test_a_provider_of_the_host_is_left_alone(server: Server) -> None:
    code = "from opentelemetry import trace\nfrom opentelemetry.sdk.trace import TracerProvider\n"
    code += "p = TracerProvider(); trace.set_tracer_provider(p)\nfrom readiness import setup\n"
    done = server.run(f"{code}print(setup(), trace.get_tracer_provider() is p)")
    assert done.stdout == "False True\n"


def test_a_server_that_is_away_does_not_hold_the_process_up(server: Server) -> None:
    started = time.monotonic()
    done = server.run(ANSWER, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 0
    assert time.monotonic() - started < 20

"""Telemetry sent without code for it: a tracer provider that exports over OTLP/HTTP, where none is set."""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

from readiness.sdk.surroundings import DEFAULT_URL, Harmless, project_id, say_once

NO_SDK: Final = (
    "readiness: nothing is exported, since opentelemetry-sdk or its exporter is not installed; "
    "`pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http`"
)
_FLUSH_S: Final = 3.0
"""How long an ending process waits for its last spans to be taken."""
_DELAY_MS: Final = 1000
_TIMEOUT_S: Final = 5


def setup(project: str | None = None) -> bool:
    """Sets a tracer provider that exports to the address in the environment; True where it did.

    False where one is set already, which then stays, or where the packages are missing, which is logged once. The
    address is OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT, READINESS_URL or this machine's port 4318.
    Spans leave in batches, and the last ones when the process ends, by SIGTERM too unless somebody handles that.
    """
    with Harmless("setting up telemetry"):
        try:
            return _setup(project_id(project))
        except ImportError:
            say_once(NO_SDK)
    return False


def _setup(project: str) -> bool:
    from opentelemetry import trace

    if not isinstance(trace.get_tracer_provider(), (trace.ProxyTracerProvider, trace.NoOpTracerProvider)):
        return False
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    endpoint, headers = _destination()
    exporter = OTLPSpanExporter(endpoint, headers=headers, timeout=None if _stated("OTEL_EXPORTER_OTLP_TIMEOUT") else _TIMEOUT_S)
    delay = None if _stated("OTEL_BSP_SCHEDULE_DELAY") else _DELAY_MS
    resource = Resource.create({"service.name": project} if project else {})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=delay))
    trace.set_tracer_provider(provider)
    if trace.get_tracer_provider() is not provider:
        return False  # somebody else set one in the same moment
    _flush_at_the_end(provider.shutdown)
    return True


def _stated(name: str) -> bool:
    return bool(os.environ.get(name))


def _destination() -> tuple[str | None, dict[str, str] | None]:
    """The address and the headers of the exporter; None where it reads them from the environment itself."""
    if _stated("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or _stated("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return None, None
    url, token = os.environ.get("READINESS_URL"), os.environ.get("READINESS_TOKEN")
    headers = {"authorization": f"Bearer {token}"} if url and token else None
    return f"{(url or DEFAULT_URL).rstrip('/')}/v1/traces", headers


def _flush_at_the_end(shut_down: Callable[[], None]) -> None:
    def flush() -> None:
        # In a thread of its own: a signal may have come while this one held a lock of the exporter.
        thread = threading.Thread(target=shut_down, name="readiness-flush", daemon=True)
        thread.start()
        thread.join(_FLUSH_S)

    def terminated(number: int, frame: FrameType | None) -> None:
        flush()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    atexit.register(flush)
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, terminated)

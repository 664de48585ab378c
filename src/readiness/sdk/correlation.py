"""Log lines that say which trace and which decision they belong to."""

from __future__ import annotations

import logging
import sys

from readiness.sdk.recording import current
from readiness.sdk.surroundings import Harmless


class DecisionFilter(logging.Filter):
    """Gives every record `trace_id`, `span_id` and `decision_id`, empty where there is none; it lets all of them pass.

    `handler.addFilter(DecisionFilter())`, and `%(decision_id)s` in the format of that handler.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Adds the ids to a record that has none yet; always True."""
        trace_id = span_id = decision_id = ""
        with Harmless("naming the decision of a log record"):
            trace_id, span_id = _ids()
            decision_id = current().id
        for name, value in (("trace_id", trace_id), ("span_id", span_id), ("decision_id", decision_id)):
            record.__dict__.setdefault(name, value)
        return True


def _ids() -> tuple[str, str]:
    if "opentelemetry.trace" not in sys.modules:  # nobody has begun a span, and a log line is no reason to import it
        return "", ""
    from opentelemetry import trace

    found = trace.get_current_span().get_span_context()
    return (f"{found.trace_id:032x}", f"{found.span_id:016x}") if found.is_valid else ("", "")

"""Spans written by hand, as OTLP in JSON."""

import json
import os
import time
import urllib.request

TRACE = os.urandom(16).hex()
SPANS = []


def span(name, **attributes):
    """Remembers a span that ended now."""
    now = str(time.time_ns())
    pairs = [{"key": key.replace("__", "."), "value": {"stringValue": value}} for key, value in attributes.items()]
    SPANS.append({"traceId": TRACE, "spanId": os.urandom(8).hex(), "name": name, "kind": 3, "startTimeUnixNano": now,
                  "endTimeUnixNano": now, "attributes": pairs})


def export():
    """Sends what was remembered to the address the demo is given."""
    body = {"resourceSpans": [{"scopeSpans": [{"spans": SPANS}]}]}
    url = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces"
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).close()

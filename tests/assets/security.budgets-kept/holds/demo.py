"""Answers four questions of one client, as far as its budget goes, and tells each answer of the policies on a span."""

import json
import os
import re
import time
import urllib.request

BUDGET = int(re.search(r'@budget\("(\d+)/day"\)', open("policies/desk.cedar").read())[1])
most = int(os.environ.get("READINESS_BUDGET_MOST", f"clients_ask={BUDGET}").partition("=")[2])
counted = 0


def authorize():
    """Whether there is room left; what was permitted is counted."""
    global counted
    if counted >= min(BUDGET, most):
        return False
    counted += 1
    return True


def event(allowed):
    """One answer as an event of a span."""
    said = {"principal": 'Client::"shop"', "allowed": allowed, "reason": "permitted" if allowed else "budget spent"}
    kinds = {str: "stringValue", bool: "boolValue"}
    attributes = [{"key": f"readiness.authorization.{name}", "value": {kinds[type(value)]: value}} for name, value in said.items()]
    policies = {"arrayValue": {"values": [{"stringValue": "clients_ask"}]}}
    attributes.append({"key": "readiness.authorization.policies", "value": policies})
    return {"timeUnixNano": str(time.time_ns()), "name": "readiness.authorization", "attributes": attributes}


def export(events):
    """Sends the span that holds them."""
    at = str(time.time_ns())
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "ask", "startTimeUnixNano": at, "endTimeUnixNano": at, "events": events}
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    url = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces"
    urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"}))


answers = [authorize() for _ in range(4)]
export([event(allowed) for allowed in answers])
print(len(answers), "questions")

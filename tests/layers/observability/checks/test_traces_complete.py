"""What is said of traces: exact numbers, no blame for what is not the project's, and nothing green that was not seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readiness.layers.observability.checks.traces_complete import Observed, judge
from readiness.layers.observability.counting import Asked
from readiness.layers.observability.evidence import Malformed, Seen, SeenCall, SeenDecision
from readiness.sequence.finding import Cause, Finding, Outcome
from readiness.sequence.stakes import Policy
from tests.layers.conftest import Judge

ID = "observability.traces-complete"
CALL = SeenCall("t", "s", "generation", "small", "", "opentelemetry")
SEEN = Seen(exports=1, spans=3, traces=1, calls=(CALL,))
GOOD = Observed("python demo.py", seen=SEEN, asked=(Asked("small", "/chat/completions", 1, 1),))


def judged(observed: Observed) -> Finding:
    return judge(observed, Policy())


def test_each_call_seen_holds_with_the_numbers() -> None:
    finding = judged(GOOD)
    assert (finding.outcome, finding.observed) == (Outcome.HOLDS, "3 spans in 1 trace, 1 model call at the boundary, each seen")
    assert finding.notes == ()


def test_nothing_arrived_fails_and_says_how_to_export() -> None:
    finding = judged(replace(GOOD, seen=Seen(), asked=(), declare="uv add opentelemetry-exporter-otlp-proto-http"))
    assert (finding.outcome, finding.cause) == (Outcome.FAILS, Cause.PROJECT)
    assert finding.reason == "nothing arrived at the address in OTEL_EXPORTER_OTLP_ENDPOINT"
    assert "readiness.setup()" in finding.remedy.text
    assert finding.remedy.command == "uv add opentelemetry-exporter-otlp-proto-http"
    assert finding.remedy.text.startswith("declare OpenTelemetry, install from the lock, then export to")
    installed = judged(replace(GOOD, seen=Seen(), installed=True, declare="uv add opentelemetry-exporter-otlp-proto-http"))
    assert installed.remedy.command == "readiness check --only traces-complete"


def test_one_span_is_one_span() -> None:
    assert judged(replace(GOOD, seen=replace(SEEN, spans=1), asked=())).observed == "1 span in 1 trace"


def test_a_server_from_which_nothing_came_is_told_how_batches_are_lost() -> None:
    finding = judged(replace(GOOD, seen=Seen(), server=True, requests=2))
    assert [problem.text for problem in finding.problems] == [
        "nothing arrived at the address in OTEL_EXPORTER_OTLP_ENDPOINT, not even when the server was ended"
    ]
    assert "by SIGTERM too" in finding.notes[0]


def test_an_export_over_grpc_is_not_the_projects_fault() -> None:
    finding = judged(replace(GOOD, seen=Seen(), grpc=True))
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.TOOL)
    assert judged(replace(GOOD, grpc=True)).outcome is Outcome.HOLDS


def test_exports_without_a_span_fail() -> None:
    finding = judged(replace(GOOD, seen=Seen(exports=2), asked=()))
    assert (finding.outcome, finding.reason) == (Outcome.FAILS, "2 exports arrived, and no span among them")


def test_what_cannot_be_read_fails_once_for_each_reason() -> None:
    bad = Malformed("/v1/traces", "the JSON is no object")
    finding = judged(replace(GOOD, seen=replace(SEEN, malformed=(bad, bad, Malformed("/v1/logs", "odd")))))
    assert finding.outcome is Outcome.FAILS
    assert [problem.text for problem in finding.problems] == [
        "an export to /v1/traces cannot be read: the JSON is no object, 2 times",
        "an export to /v1/logs cannot be read: odd",
    ]


def test_missing_calls_fail_with_the_numbers_of_each_model() -> None:
    asked = (Asked("small", "/chat/completions", 3, 2), Asked("tiny", "/embeddings", 1, 1))
    finding = judged(replace(GOOD, asked=asked))
    assert [problem.text for problem in finding.problems] == [
        "small was called 3 times at /chat/completions, 1 of them failed; 1 span of at least 2",
        "tiny was called once at /embeddings; 0 spans of at least 1",
    ]
    assert finding.observed.endswith(", and 1 more")
    assert "flushing" in finding.notes[-1]


def test_calls_that_may_be_there_under_another_name_are_unknown() -> None:
    finding = judged(replace(GOOD, seen=replace(SEEN, calls=(replace(CALL, request_model="deployment-7"),))))
    assert finding.outcome is Outcome.UNKNOWN
    assert "deployment-7" in finding.reason


def test_more_spans_than_calls_are_a_note() -> None:
    finding = judged(replace(GOOD, seen=replace(SEEN, calls=(CALL, CALL, CALL))))
    assert (finding.outcome, len(finding.notes)) == (Outcome.HOLDS, 1)
    assert finding.notes[0].startswith("2 spans of model calls beyond")


def test_calls_past_the_boundary_are_not_counted_and_that_is_said() -> None:
    finding = judged(replace(GOOD, asked=(), boundary=False))
    assert (finding.outcome, len(finding.notes)) == (Outcome.HOLDS, 1)
    assert "OPENAI_BASE_URL" in finding.notes[0]


def test_each_request_leaves_a_trace_or_a_decision() -> None:
    decision = SeenDecision("t-s", "answer", "", "", "", None, (), "")
    assert judged(replace(GOOD, requests=1)).outcome is Outcome.HOLDS
    assert judged(replace(GOOD, requests=2, seen=replace(SEEN, decisions=(decision, decision)))).outcome is Outcome.HOLDS
    finding = judged(replace(GOOD, requests=2))
    assert (finding.outcome, finding.reason) == (Outcome.FAILS, "1 of 2 requests left a trace")


@pytest.mark.parametrize("seen", [Seen(lost=1), replace(SEEN, calls=(), lost=2)])
def test_what_may_have_come_and_was_not_kept_is_not_called_missing(seen: Seen) -> None:
    finding = judged(replace(GOOD, seen=seen))
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.TOOL)


@pytest.mark.parametrize("cause", [Cause.NETWORK, Cause.NOT_EXERCISED, Cause.TOOL])
def test_a_demo_that_did_not_run_is_unknown_for_its_own_cause(cause: Cause) -> None:
    finding = judged(Observed("python demo.py", cause=cause, reason="the demo did not run: it ends with exit 1"))
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, cause)


def test_without_a_demo_it_is_unknown_with_the_command_that_makes_one(judge: Judge) -> None:
    finding = judge(ID, files={"app.py": "VALUE = 3\n"})
    assert (finding.outcome, finding.cause, finding.remedy.command) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED, "readiness init")


def test_a_demo_that_exports_nothing_fails_where_it_is_declared(judge: Judge) -> None:
    finding = judge(ID, files={"demo.py": "print('done')\n", "readiness.toml": '\n[demo]\ncommand = ["python", "demo.py"]\n'})
    assert (finding.outcome, finding.observed) == (Outcome.FAILS, "nothing arrived at the address in OTEL_EXPORTER_OTLP_ENDPOINT")
    assert finding.location is not None
    assert (finding.location.file, finding.location.line) == ("readiness.toml", 2)


def test_a_demo_that_ends_badly_is_unknown_and_not_blamed_again(judge: Judge) -> None:
    finding = judge(ID, files={"demo.py": "raise SystemExit(3)\n"})
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, "the demo did not run: it ends with exit 3")


def test_a_demo_that_needs_a_hosted_model_is_unknown_for_the_network(judge: Judge) -> None:
    asks = "import os, urllib.request\nurl = os.environ['OPENAI_BASE_URL'] + '/chat/completions'\nurllib.request.urlopen(url, b'{}')\n"
    finding = judge(ID, files={"demo.py": asks})
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.NETWORK)


SERVER = """
import json, os, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

def trace(path):
    one = {"traceId": os.urandom(16).hex(), "spanId": os.urandom(8).hex(), "name": path, "kind": 2,
           "attributes": [{"key": "url.path", "value": {"stringValue": path}}]}
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}).encode()
    url = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces"
    urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"})).close()

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path in TRACED:
            trace(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
MANIFEST = """
[demo]
server = { argv = ["python", "serve.py"], ready = "/healthz" }
[[demo.request]]
id = "a"
path = "/a"
[[demo.request]]
id = "b"
path = "/b"
"""


@pytest.mark.parametrize(
    ("traced", "outcome", "said"),
    [
        ('("/a", "/b", "/healthz")', Outcome.HOLDS, "3 spans in 2 traces, 2 requests"),
        ('("/a", "/healthz")', Outcome.FAILS, "1 of 2 requests left a trace"),
    ],
)
def test_of_a_server_each_request_counts_and_no_question_whether_it_is_ready(
    judge: Judge, traced: str, outcome: Outcome, said: str
) -> None:
    finding = judge(ID, files={"serve.py": f"TRACED = {traced}\n{SERVER}", "readiness.toml": MANIFEST})
    assert (finding.outcome, finding.observed) == (outcome, said)


def test_a_body_that_is_no_otlp_fails(judge: Judge) -> None:
    posts = (
        "import os, urllib.request\n"
        "request = urllib.request.Request(os.environ['OTEL_EXPORTER_OTLP_ENDPOINT'] + '/v1/traces', b'{\"resourceSpans\": [',\n"
        "    {'Content-Type': 'application/json'})\nurllib.request.urlopen(request).close()\n"
    )
    finding = judge(ID, files={"demo.py": posts})
    assert finding.outcome is Outcome.FAILS
    assert finding.reason.startswith("an export to /v1/traces cannot be read: the body is no JSON of OTLP")

"""Outcomes and proxies, told apart by running their queries: both sides, so that neither a miss nor a false alarm slips in."""

from __future__ import annotations

import pytest

from readiness.formats import outcomes
from readiness.formats.outcomes import Outcome
from readiness.layers.measurement import metric, proxies
from readiness.testing.projects import make_repository
from readiness.world import project as projects
from tests.layers.desk import FILE, OUTCOME

TICKETS = "ticket,opened_at,closed_at,reopened,csat,cost,trace_id,hours\nT1,2026-03-01,2026-03-03,false,4,12.5,t1,48\n"
MODEL = (
    "answer_id,day,model_version,confidence,correct,prediction,label,score,helpful,f1,latency_ms,accuracy\n"
    "A1,2026-03-01,v1,0.9,1,a,a,3,1,0.8,120,1\n"
)
SPANS = "span_id,trace_id,day,duration_ms,prompt_tokens\ns1,t1,2026-03-01,120,55\n"
CHATS = "chat,day,n_messages,rating,helpful\nc1,2026-03-01,5,4,1\n"
CALLS = "call,day,minutes,resolved\nk1,2026-03-01,7,1\n"
SHOP = "order_id,day,amount,returned,accuracy,picked,model,rating,recall,messages_sent\no1,2026-03-01,99,0,1,1,sedan,5,0,2\n"
MACHINES = "machine,day,down_minutes,latency_ms\nm1,2026-03-01,3,9\n"
DECISIONS = "decision,day,overturned,amount\nd1,2026-03-01,0,100\n"
LOGGED = "decision_id,day,trace_id,confidence,model_version,accepted\nd1,2026-03-01,t1,0.9,v1,1\n"

FILES = {
    "data/tickets.csv": TICKETS, "data/answers.csv": MODEL, "telemetry/spans.csv": SPANS, "data/chats.csv": CHATS, "data/calls.csv": CALLS,
    "data/orders.csv": SHOP, "telemetry/machines.csv": MACHINES, "data/decisions.csv": DECISIONS, "logs/decisions.csv": LOGGED,
}  # fmt: skip


PROXIES = {
    "accuracy of the model": ("answers are right more often", "increase", "evaluation", "answer_id", "accuracy", "data/answers.csv"),
    "F1": ("the F1 score rises to 0.9", "increase", "document", "answer_id", "score", "data/answers.csv"),
    "F1 by column": ("documents are sorted better", "increase", "document", "answer_id", "f1", "data/answers.csv"),
    "precision and recall": ("precision and recall improve", "increase", "case", "ticket", "hours", "data/tickets.csv"),
    "AUC": ("AUC above 0.9", "increase", "patient", "ticket", "hours", "data/tickets.csv"),
    "BLEU": ("translations reach a BLEU of 40", "increase", "letter", "ticket", "hours", "data/tickets.csv"),
    "tokens": ("answers cost less", "decrease", "document", "span_id", "prompt_tokens", "telemetry/spans.csv"),
    "tokens in words": ("fewer tokens per answer", "decrease", "document", "ticket", "cost", "data/tickets.csv"),
    "latency of the model": ("model latency falls below a second", "decrease", "ticket", "ticket", "hours", "data/tickets.csv"),
    "latency by column": ("customers wait less for answers", "decrease", "document", "answer_id", "latency_ms", "data/answers.csv"),
    "number of chats": ("support is used more", "increase", "day", "day", "count(*)", "data/chats.csv"),
    "number of calls": ("the service is asked more", "increase", "day", "day", "count(*)", "data/calls.csv"),
    "number of messages": ("customers talk to us", "increase", "customer", "chat", "sum(n_messages)", "data/chats.csv"),
    "number of prompts": ("the number of prompts doubles", "increase", "employee", "ticket", "hours", "data/tickets.csv"),
    "share of chats rated helpful": ("share of chats rated helpful rises", "increase", "chat", "chat", "helpful", "data/chats.csv"),
    "telemetry as source": ("less waiting for customers", "decrease", "ticket", "span_id", "duration_ms", "telemetry/spans.csv"),
    "decision log": ("more decisions stand", "increase", "loan", "decision_id", "accepted", "logs/decisions.csv"),
    "prediction against label": ("cases go to the right desk", "increase", "case", "answer_id", "(prediction = label)::int",
                                 "data/answers.csv"),
    "confidence": ("we are surer of our cases", "increase", "case", "answer_id", "confidence", "data/answers.csv"),
    "call as unit": ("each call answers", "increase", "API call", "call", "resolved", "data/calls.csv"),
    "a chatbot": ("we will have an AI chatbot", "increase", "ticket", "ticket", "csat", "data/tickets.csv"),
    "machine learning": ("use machine learning in support", "increase", "ticket", "ticket", "csat", "data/tickets.csv"),
    "the classifier's accuracy": ("the classifier's accuracy rises to 95 %", "increase", "letter", "ticket", "hours", "data/tickets.csv"),
    "users of the assistant": ("more users of the AI assistant", "increase", "week", "ticket", "hours", "data/tickets.csv"),
    "hidden in a subquery": ("letters are sorted better", "increase", "letter", "answer_id",
                             "(select avg(q) from (select f1 as q from events) as inner_one)", "data/answers.csv"),
}  # fmt: skip
OUTCOMES = {
    "resolved within 24 h": ("tickets resolved within 24 h", "increase", "ticket", "ticket", "(hours <= 24)::int", "data/tickets.csv"),
    "resolved faster": ("support tickets are resolved 40 % faster", "decrease", "ticket", "ticket", "hours", "data/tickets.csv"),
    "cost of support": ("a ticket costs less", "decrease", "ticket", "ticket", "cost", "data/tickets.csv"),
    "satisfied customers": ("customers rate their ticket higher", "increase", "ticket", "ticket", "csat", "data/tickets.csv"),
    "reopened": ("fewer tickets are reopened", "decrease", "ticket", "ticket", "reopened::int", "data/tickets.csv"),
    "tickets linked to a trace": ("tickets are resolved faster, seen from their trace", "decrease", "ticket", "trace_id", "hours",
                                  "data/tickets.csv"),
    "fewer calls to the hotline": ("calls to the hotline fall by a third", "decrease", "week", "day", "count(*)", "data/calls.csv"),
    "phone calls resolved": ("phone calls are resolved at once", "increase", "phone call", "call", "resolved", "data/calls.csv"),
    "revenue": ("revenue per order grows", "increase", "order", "order_id", "amount", "data/orders.csv"),
    "returns": ("fewer orders come back", "decrease", "order", "order_id", "returned", "data/orders.csv"),
    "picking accuracy": ("orders are picked without a mistake", "increase", "order", "order_id", "accuracy", "data/orders.csv"),
    "accuracy of picked orders": ("accuracy of picked orders rises to 99.5 %", "increase", "order", "order_id", "picked",
                                  "data/orders.csv"),
    "products recalled": ("fewer products have to be recalled", "decrease", "order", "order_id", "recall", "data/orders.csv"),
    "cars and their model": ("buyers rate their car higher", "increase", "car", "order_id", "rating", "data/orders.csv"),
    "downtime from machine telemetry": ("machines stand still less", "decrease", "machine", "machine", "down_minutes",
                                        "telemetry/machines.csv"),
    "loans decided": ("fewer loan decisions are overturned", "decrease", "loan decision", "decision", "overturned", "data/decisions.csv"),
    "with the AI named": ("with the AI assistant a ticket is resolved 40% faster", "decrease", "ticket", "ticket", "hours",
                          "data/tickets.csv"),
    "not at the price of": ("tickets are resolved faster without lowering the accuracy of answers", "decrease", "ticket", "ticket", "hours",
                            "data/tickets.csv"),
    "introduce and improve": ("introduce a chatbot so that customers wait less", "decrease", "ticket", "ticket", "hours",
                              "data/tickets.csv"),
    "service requests": ("service requests are granted sooner", "decrease", "service request", "ticket", "hours", "data/tickets.csv"),
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> projects.Project:
    return projects.load(make_repository(tmp_path_factory.mktemp("shop") / "shop", FILES))


def outcome(change: str, direction: str, unit: str, key: str, value: str, source: str) -> Outcome:
    text = OUTCOME.split("metric:", maxsplit=1)[0].replace(
        "support tickets are resolved 40 % faster", f"'{change.replace(chr(39), chr(39) * 2)}'"
    )
    group = " group by all" if "count(" in value or "sum(" in value else ""
    when = "opened_at" if "tickets" in source else "day"
    text += f"metric:\n  source: {source}\n  sql: |\n    select {key} as unit_id, {when} as occurred_at, {value} as value\n"
    text += f"    from events{group}\n"
    rest = "aggregate:" + OUTCOME.split("aggregate:", maxsplit=1)[1]
    rest = rest.replace("direction: decrease", f"direction: {direction}").replace("unit: ticket", f"unit: {unit}")
    text += rest.replace("target: -40%", "target: 1").replace("measured_in: hours\n", "").replace("aggregate: median", "aggregate: mean")
    found, wrong = outcomes.parse(text, FILE)
    assert wrong == []
    assert found is not None
    return found


def reasons(project: projects.Project, case: tuple[str, str, str, str, str, str]) -> list[str]:
    read = outcome(*case)
    measured = metric.of_project(project, read)
    assert (measured.cause.value, measured.problems) == ("", ())
    return [proxy.text for proxy in proxies.found(read, measured.reading, measured.tables)]


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_is_refused(project: projects.Project, name: str) -> None:
    assert reasons(project, PROXIES[name])


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_outcome_is_left_alone(project: projects.Project, name: str) -> None:
    assert reasons(project, OUTCOMES[name]) == []


def test_a_join_with_telemetry_is_judged_by_where_the_value_comes_from(project: projects.Project) -> None:
    text = OUTCOME.replace("source: data/tickets.csv", "source: {tickets: data/tickets.csv, spans: telemetry/spans.csv}")
    text = text.replace(
        "date_diff('hour', opened_at, closed_at) as value\n    from events", "hours as value\n    from tickets join spans using (trace_id)"
    )
    for value, refused in (("hours as value", False), ("duration_ms as value", True)):
        read, wrong = outcomes.parse(text.replace("hours as value", value), FILE)
        assert (wrong, read is not None) == ([], True)
        assert read is not None
        measured = metric.of_project(project, read)
        assert measured.problems == ()
        assert bool(proxies.found(read, measured.reading, measured.tables)) is refused

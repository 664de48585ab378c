"""Tells an outcome from a proxy: from what the query is made of first, from what the outcome says second, never by a word alone.

What is refused, and by what it is recognised:

- a measure of the model (accuracy, F1, precision and recall, AUC, BLEU, ROUGE, forecast error, tokens, latency of the
  model): the column the value comes from is named so. Words that business uses too (accuracy, precision, recall, latency,
  score, rating, helpful) count only beside a sign of a model: columns such as `model_version`, `prompt`, `prediction`, or
  an outcome that says "the classifier's …". Picking accuracy in a warehouse stays an outcome.
- a prediction compared with its label, whatever the column is called.
- telemetry as source: tables with `trace_id` and `span_id`, token counts or `gen_ai.*` columns, or named spans, traces,
  otlp, telemetry, decisions *and* holding two such columns; unless the value comes from other tables of the query.
- activity counted upwards: more chats, calls, prompts, messages. Fewer calls to a hotline stay an outcome.
- a unit that is the system's own doing: `call`, `request`, `chat`, `prompt`, …. A `phone call` or `service request` is
  the business's; so "share of chats rated helpful" is a proxy: its unit is the chat, and no chat was there before.
- a plan to have the technology ("we will have an AI chatbot"), which names no improvement.

What no word tells, time does: a metric that no unit had before the system was built is refused by the check itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from readiness.formats.outcomes import Outcome
from readiness.layers.measurement.reading import Reading

_STRONG: Final = re.compile(
    r"(?:.*_)?(?:f1|f1_?score|fbeta|auc|auroc|auprc|bleu|rouge(?:_?[12l])?|bertscore|perplexity|log_?loss|cross_entropy|rmse|mape|ndcg|"
    r"faithfulness|groundedness|hallucinations?|hallucination_rate|answer_relevance|context_(?:precision|recall)|(?:recall|precision)_at_\w+|"
    r"tokens|token_counts?|n_prompts|num_prompts|prompts?_count|(?:llm|model|inference|completion|embedding)_(?:calls?|latency(?:_m?s)?|"
    r"m?s|time(?:_m?s)?|accuracy|score|confidence|precision|recall)|ttft(?:_m?s)?|time_to_first_token(?:_m?s)?|tokens_per_\w+)"
)  # fmt: skip
_WEAK: Final = re.compile(
    r"(?:is_|n_|avg_|mean_)?(?:accuracy|acc|precision|recall|latency(?:_m?s)?|response_(?:m?s|time(?:_m?s)?)|duration_m?s|confidence|score|"
    r"correct|accurate|helpful|thumbs?(?:_up|_down)?|rating|similarity|relevance)"
)
_OF_A_MODEL: Final = re.compile(
    r"model_(?:version|name|id)|prompt(?:_\w+)?|prediction|predicted(?:_\w+)?|y_(?:pred|true|hat)|ground_truth|logits?|embedding|llm(?:_\w+)?|"
    r"(?:input|output|completion|total)_tokens|tokens|span_id|gen_ai.*|generated_(?:text|answer)|answer_text|bot_(?:reply|answer)"
)
_PREDICTED: Final = re.compile(
    r"(?:y_)?pred(?:iction|icted)?(?:_\w+)?|y_hat|forecast(?:ed)?(?:_\w+)?|model_output|classified_as|model_answer"
)
_TRUE: Final = re.compile(r"labels?|true_label|truth|ground_truth|y_true|gold(?:_\w+)?|expected(?:_\w+)?|actual(?:_\w+)?|reference_answer")
_TELEMETRY_NAME: Final = re.compile(r"(?:^|[/_.-])(?:otlp|otel|spans?|traces?|telemetry|decisions?)(?:$|[/_.-])", re.IGNORECASE)
_TELEMETRY_SIGN: Final = re.compile(
    r"trace_?id|span_?id|parent_span_id|start_time_unix_nano|duration_n?s|duration_ms|latency(?:_m?s)?|confidence|model_version|"
    r"prompt_version|\w*_?tokens|gen_ai.*|attributes|resource_attributes",
    re.IGNORECASE,
)
_ACTIVITY: Final = re.compile(
    r"chats?|conversations?|prompts?|messages?|calls?|requests?|queries|completions?|inferences?|interactions?|turns?"
)
_COUNT_COLUMN: Final = re.compile(rf"(?:n|num|number_of|total|count)_({_ACTIVITY.pattern})|({_ACTIVITY.pattern})(?:_count|_total)?")
_UNIT: Final = re.compile(
    r"(?:(?:api|llm|model|ai|bot|chat|chatbot) )?(?:calls?|requests?|chats?|chat sessions?|prompts?|messages?|conversations?|completions?|"
    r"inferences?|predictions?|tokens?|spans?|traces?|quer(?:y|ies)|interactions?|turns?|generations?|invocations?|answers?|responses?)",
    re.IGNORECASE,
)

_MODEL: Final = r"(?:the |our |its )?(?:\w+ )?(?:models?|classifiers?|ai|llms?|gpt|(?:chat)?bots?|copilot|retriever|retrieval|embeddings?)"
_PRODUCT: Final = r"(?:the |our |its )?(?:\w+ )?(?:predictions?|answers?|responses?|outputs?|summaries|transcriptions?)"
_MEASURE: Final = r"(?:accuracy|precision|recall)"
_TRAIT: Final = r"(?:accuracy|precision|recall|latency|confidence|quality|speed|helpfulness|response time)"
_OF_THE_MODEL: Final = (
    re.compile(rf"\b{_MODEL}(?:'s?)? {_TRAIT}\b|\b{_TRAIT} (?:of|in) {_MODEL}\b", re.IGNORECASE),
    re.compile(rf"\b{_PRODUCT}'? {_MEASURE}\b|\b{_MEASURE} (?:of|in) {_PRODUCT}\b", re.IGNORECASE),
    re.compile(rf"\b(?:ai |virtual )?assistant's {_TRAIT}\b", re.IGNORECASE),
)
_TEXTS: Final = (
    *_OF_THE_MODEL,
    re.compile(
        r"\bF1\b|\bF1-?score|\bBLEU\b|\bROUGE\b|\bAU(?:RO)?C\b|\bAUPRC\b|\bRMSE\b|\bperplexity\b|\bhallucinations?\b|"
        r"\btokens?\b|\bprecision and recall\b|\brecall@",
        re.IGNORECASE,
    ),
    re.compile(r"^\W*(?:the )?(?:accuracy|precision|recall|latency)\b(?! (?:of|in|with|at)\b)", re.IGNORECASE),
    re.compile(
        r"\b(?:users?|usage|adoption|use) of (?:the |our )?(?:\w+ )?(?:ai|llm|chatbot|bot|assistant|copilot|model)\b", re.IGNORECASE
    ),
)
_MORE: Final = re.compile(
    r"\b(?:number|count|volume|amount) of (?:\w+ )?(?:chats|calls|prompts|messages|conversations|requests|queries)\b|"
    r"\b(?:more|many) (?:\w+ )?(?:chats|prompts|messages|conversations|queries|api calls)\b",
    re.IGNORECASE,
)
_ASIDE: Final = re.compile(r"\b(?:without|instead of|rather than|not|while|whatever|although|even if)\b.*", re.IGNORECASE | re.DOTALL)
_PLAN: Final = re.compile(
    r"^\W*(?:we(?:'ll| will| want to| are going to)?|the team will|to)?\s*(?:have|use|deploy|launch|introduce|adopt|roll out|build|"
    r"implement|add|offer|get|ship)\b.*\b(?:ai|llms?|gpt|chatbots?|bots?|assistants?|copilots?|machine learning|ml|models?|agents?|rag)\b",
    re.IGNORECASE,
)
_BETTER: Final = re.compile(
    r"%|\d|\b(?:faster|slower|fewer|less|more|higher|lower|cheaper|shorter|sooner|earlier|safer|reduc\w+|increas\w+|decreas\w+|cut\w*|"
    r"halv\w+|doubl\w+|fall\w*|rise\w*|grow\w*|sav\w+|drop\w*|shrink\w*|avoid\w*|prevent\w*|so that|without)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """Why an outcome is none: the dotted `key` of the file that shows it, and one sentence."""

    key: str
    text: str


def found(outcome: Outcome, reading: Reading, tables: Mapping[str, tuple[str, ...]]) -> tuple[Proxy, ...]:
    """Every reason to call the outcome a proxy. `tables` are the columns of each source, as far as they are known."""
    columns = {name.lower(): tuple(column.lower() for column in held) for name, held in tables.items()}
    read = [columns.get(name.lower(), ()) for name in reading.tables]
    model = any(_OF_A_MODEL.fullmatch(column) for held in read for column in held)
    reasons = (
        _unit(outcome),
        _column(outcome, reading, model),
        _compared(reading),
        _telemetry(outcome, reading, columns),
        _activity(outcome, reading),
        _said(outcome),
        _planned(outcome),
    )
    return tuple(reason for reason in reasons if reason is not None)


def _unit(outcome: Outcome) -> Proxy | None:
    unit = outcome.unit.strip()
    if not _UNIT.fullmatch(unit):
        return None
    text = f"the unit `{unit}` is the system's own doing; measure a unit of the business: a ticket, an order, a `phone call`"
    return Proxy("unit", text)


def _column(outcome: Outcome, reading: Reading, model: bool) -> Proxy | None:
    strong = _first(reading.value, _STRONG)
    weak = _first(reading.value, _WEAK) if model or _speaks_of_a_model(outcome) else ""
    if not (name := strong or weak):
        return None
    return Proxy("metric.sql", f"the value comes from `{name}`, which measures the model and not what the business gains")


def _speaks_of_a_model(outcome: Outcome) -> bool:
    return any(pattern.search(_claim(outcome)) for pattern in _OF_THE_MODEL)


def _compared(reading: Reading) -> Proxy | None:
    predicted, true = _first(reading.value, _PREDICTED), _first(reading.value, _TRUE)
    if not predicted or not true:
        return None
    return Proxy("metric.sql", f"the value compares `{predicted}` with `{true}`: that is the accuracy of a model")


def _telemetry(outcome: Outcome, reading: Reading, columns: Mapping[str, tuple[str, ...]]) -> Proxy | None:
    read = [name.lower() for name in reading.tables] or list(columns)
    marked = [name for name in read if _is_telemetry(name, _words(outcome, name), columns.get(name, ()))]
    own = {column for name in marked for column in columns.get(name, ())}
    others = {column for name in read if name not in marked for column in columns.get(name, ())}
    if not marked or reading.value & (others - own):
        return None
    return Proxy("metric.source", f"the source `{marked[0]}` is telemetry of the system; measure where the business keeps its results")


def _is_telemetry(name: str, words: str, held: tuple[str, ...]) -> bool:
    if {"trace_id", "span_id"} <= set(held) or any(re.fullmatch(r"gen_ai.*|(?:prompt|completion)_tokens", column) for column in held):
        return True
    named = _TELEMETRY_NAME.search(name) or _TELEMETRY_NAME.search(words)
    signs = [column for column in held if _TELEMETRY_SIGN.fullmatch(column)]
    return bool(named) and (len(signs) > 1 or bool({"trace_id", "span_id"} & set(held)))


def _activity(outcome: Outcome, reading: Reading) -> Proxy | None:
    if outcome.direction != "increase":
        return None
    column = _first(reading.value, _COUNT_COLUMN)
    table = next((name for name in reading.tables if _counts(outcome, name)), "")
    if column:
        return Proxy("metric.sql", f"more of `{column}` is activity of the system; say what gets better by it")
    if reading.counted and table:
        return Proxy("metric.sql", f"counting the rows of `{table}` measures how busy the system is; say what gets better by it")
    return None


def _counts(outcome: Outcome, name: str) -> bool:
    words = re.split(r"[^a-z]+", f"{name} {_words(outcome, name)}".lower())
    return any(_ACTIVITY.fullmatch(word) for word in words)


def _said(outcome: Outcome) -> Proxy | None:
    claim = _claim(outcome)
    for pattern in _TEXTS:
        if hit := pattern.search(claim):
            return Proxy("change", f"`{hit[0].strip()}` is a measure of the model; say what the beneficiary gets")
    hit = _MORE.search(claim) if outcome.direction == "increase" else None
    return Proxy("change", f"`{hit[0].strip()}` is activity; say what the beneficiary gets") if hit else None


def _planned(outcome: Outcome) -> Proxy | None:
    if not _PLAN.search(outcome.change) or _BETTER.search(outcome.change):
        return None
    return Proxy("change", "`change` says what will be built; say what improves by it, for whom and by how much")


def _claim(outcome: Outcome) -> str:
    return f"{_ASIDE.sub('', outcome.change)} {outcome.measured_in}".strip()


def _words(outcome: Outcome, name: str) -> str:
    """The files behind a table, as words."""
    return " ".join(pattern for table, patterns in outcome.metric.tables.items() if table.lower() == name.lower() for pattern in patterns)


def _first(names: Iterable[str], pattern: re.Pattern[str]) -> str:
    return next((name for name in sorted(names) if pattern.fullmatch(name)), "")

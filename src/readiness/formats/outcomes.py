"""An outcome as code: what is to improve, for whom, measured how, and who ends it; every bad field reported with its line.

The statement is `kind: Outcome`; its metric is one SQL query that returns one row per unit of the business (a ticket, an
order, a patient): `unit_id`, `occurred_at`, `value`, and where they apply `complete`, `denominator`, `variant`,
`covariate`, `cluster`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from readiness.config.fields import Path, Reader, shown
from readiness.formats import globs, people, yaml_lines
from readiness.formats.canonical import canonical, digest
from readiness.formats.people import Person
from readiness.sequence.evidence import Digest
from readiness.sequence.stakes import Stakes

HINT: Final = "`readiness outcome lint` reads them again; the keys are listed with the check measurement.outcome-defined"
DATABASE: Final = "database"
TABLE: Final = "events"
DATA_FILE: Final = re.compile(r".*\.(?:csv|tsv|parquet|jsonl|ndjson|json)(?:\.gz|\.zst)?", re.IGNORECASE | re.DOTALL)
_KEYS: Final = ("kind", "id", "change", "beneficiary", "owner", "metric", "aggregate", "direction", "unit", "measured_in", "maturity",
                "design", "baseline", "target", "horizon", "review", "guardrails", "adoption", "value_per_unit", "currency", "errors",
                "kill")  # fmt: skip
_OPTIONAL: Final = frozenset({"measured_in", "baseline", "guardrails", "adoption", "value_per_unit", "currency"})
_BLANK: Final = re.compile(r"\s*|tbd|tba|n/?a|none|unknown|undecided|[-?.…*_]+", re.IGNORECASE)


class Aggregate(StrEnum):
    """How the values of many units become one number."""

    MEAN = "mean"
    MEDIAN = "median"
    PROPORTION = "proportion"
    RATIO = "ratio"
    SUM = "sum"


class Design(StrEnum):
    """How the comparison is made; all but the first compare with units that go on without the system."""

    BEFORE_AFTER = "before-after"
    RANDOMISED = "randomised"
    STAGED = "staged"
    SWITCHBACK = "switchback"

    @property
    def prospective(self) -> bool:
        """Whether it needs no baseline from before the build."""
        return self is not Design.BEFORE_AFTER


@dataclass(frozen=True, slots=True)
class Metric:
    """The query and what it reads: `tables` of files by name, or the demo's `database`.

    `sql_line` is the line of the file on which the query begins; `exact` whether its lines are lines of the file.
    """

    sql: str = ""
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    database: bool = False
    sql_line: int = 1
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached: a value of the metric, or a `relative` change of the baseline (-0.4 for 40 % less)."""

    value: float = 0.0
    relative: bool = False

    def of(self, baseline: float) -> float:
        """The value to be reached from a baseline."""
        return baseline * (1 + self.value) if self.relative else self.value


@dataclass(frozen=True, slots=True)
class Window:
    """A span of whole days in UTC, both included."""

    first: date
    last: date

    @property
    def starts(self) -> datetime:
        """The first moment of it."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last, time(), UTC) + timedelta(days=1)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Mistake:
    """One way to be wrong: what it costs each time, how often it may happen (0 to 1) and how sure of that one must be."""

    type: str
    severity: Stakes
    cost: float
    max_rate: float
    confidence: float
    line: int = 1


@dataclass(frozen=True, slots=True)
class Guardrail:
    """Something that must not get worse: a query like the metric's, its aggregate, and the bound."""

    name: str
    sql: str
    aggregate: Aggregate
    at_least: float | None = None
    at_most: float | None = None
    line: int = 1


@dataclass(frozen=True, slots=True)
class Kill:
    """When the project is ended (`criterion`), and by whose word."""

    criterion: str = ""
    authority: Person = field(default_factory=Person)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome. Durations are in days; `lines` gives the line of each key by its dotted path."""

    file: str
    id: str
    change: str
    beneficiary: str
    owner: Person
    metric: Metric
    aggregate: Aggregate
    direction: str
    unit: str
    measured_in: str
    maturity_days: int
    design: Design
    baseline: Window | None
    target: Target
    horizon_days: int
    review_days: int
    guardrails: tuple[Guardrail, ...]
    adoption_sql: str
    value_per_unit: float | None
    currency: str
    errors: tuple[Mistake, ...]
    kill: Kill
    digest: Digest
    lines: Mapping[str, int]

    def line(self, key: str) -> int:
        """The line of a key, or of the one that holds it; 1 where it is not there."""
        while key and key not in self.lines:
            key = key.rpartition(".")[0]
        return self.lines.get(key, 1)

    @property
    def lock_path(self) -> str:
        """Where its lock lies: beside it."""
        folder, _, _ = self.file.rpartition("/")
        return f"{folder}/{self.id}.lock.json" if folder else f"{self.id}.lock.json"


@dataclass(frozen=True, slots=True)
class Gathered:
    """The outcomes of a project that can be read, and one `file:line: …` line for everything that cannot."""

    outcomes: tuple[Outcome, ...]
    problems: tuple[str, ...]
    files: tuple[str, ...]


def gather(paths: Iterable[str], read: Callable[[str], str], patterns: Iterable[str]) -> Gathered:
    """Reads the outcome files among `paths`; `read` gives the text of a path, `patterns` are the globs they match."""
    files = globs.matching(patterns, paths)
    found: list[Outcome] = []
    problems: list[str] = []
    for file in files:
        outcome, wrong = parse(read(file), file)
        problems += wrong
        other = next((item for item in found if outcome is not None and item.id == outcome.id), None)
        if other is not None and outcome is not None:
            problems.append(f"{file}:{outcome.line('id')}: `id` must be its own, `{outcome.id}` is also that of {other.file}")
        elif outcome is not None and not wrong:
            found.append(outcome)
    return Gathered(tuple(found), tuple(problems), files)


def parse(text: str, file: str) -> tuple[Outcome | None, list[str]]:
    """The outcome in `text`, and every problem as `file:line: …`; None where it is no table at all."""
    document = yaml_lines.single(text)
    reader = Reader(file, dict(document.lines))
    problems = [f"{file}:{line}: {said}" for line, said in document.problems]
    if not isinstance(document.value, dict):
        said = [] if problems else [f"{file}:1: must be a table with `kind: Outcome`, got `{shown(document.value)}`"]
        return None, problems + said
    outcome = _outcome(_Fields(reader, document.value, document.literals), document.value)
    return outcome, sorted([*problems, *reader.problems], key=_line_number)


def _line_number(problem: str) -> int:
    found = re.match(r".*?:(\d+): ", problem)
    return int(found[1]) if found else 0


class _Fields:
    """Reads the fields of one outcome, noting what is wrong with them."""

    def __init__(self, reader: Reader, table: dict[str, Any], literals: Mapping[Path, int]) -> None:
        self.reader = reader
        self.table = table
        self.literals = literals

    def words(self, table: Mapping[str, Any], *at: str) -> str:
        """A text that says something."""
        value = table.get(at[-1])
        text = self.reader.words(at, value) if value is not None else ""
        if at[-1] in table and (value is None or (isinstance(value, str) and _BLANK.fullmatch(value))):
            self.reader.problem(at, f"`{at[-1]}` is empty" if not text.strip() else f"`{at[-1]}` says nothing yet: `{text}`")
        return text.strip()

    def query(self, table: Mapping[str, Any], *at: str) -> tuple[str, int, bool]:
        """A query, the line it begins on and whether its lines are the file's."""
        value = table.get(at[-1])
        if not isinstance(value, str) or not value.strip():
            self.reader.problem(at, f"`{at[-1]}` must be a query, got `{shown(value)}`")
            return "", self.reader.line(at), False
        if found := re.search(r"\b(?:TODO|FIXME|CHANGEME)\b|\byour[-_][a-z]+", value):
            self.reader.problem(at, f"`{at[-1]}` still holds the placeholder `{found[0]}`")
        return value, self.literals.get(at, self.reader.line(at)), at in self.literals

    def days(self, key: str, *, least: int) -> int:
        """A duration in days, written `14d` or `2w`."""
        value = self.table.get(key)
        found = re.fullmatch(r"(\d{1,5}) ?(d|w|days?|weeks?)", str(value))
        if key in self.table and (found is None or int(found[1]) < least):
            self.reader.problem((key,), f"`{key}` must be a duration of at least {least} days like `14d` or `2w`, got `{shown(value)}`")
        return int(found[1]) * (7 if found[2].startswith("w") else 1) if found else least

    def number(self, value: object, *at: str, least: float = 0.0, most: float = math.inf) -> float:
        """A finite number within bounds."""
        number = self.reader.number(at, value, least=least)
        if number > most:
            self.reader.problem(at, f"`{at[-1]}` must be a number of at most {most:g}, got `{shown(value)}`")
        return number


def _outcome(fields: _Fields, table: dict[str, Any]) -> Outcome:
    reader = fields.reader
    reader.known((), table, _KEYS)
    if table.get("kind") != "Outcome":
        reader.problem(("kind",), f"`kind` must be `Outcome`, got `{shown(table.get('kind'))}`")
    design = (
        Design(reader.choice(("design",), table["design"], [item.value for item in Design])) if "design" in table else Design.BEFORE_AFTER
    )
    _required(reader, table, design)
    name = reader.slug(("id",), table["id"]) if "id" in table else ""
    if "id" in table and table["id"] == "":
        reader.problem(("id",), "`id` is empty")
    direction = reader.choice(("direction",), table["direction"], ["increase", "decrease"]) if "direction" in table else ""
    aggregate = _aggregate(reader, table, "aggregate") if "aggregate" in table else Aggregate.MEAN
    adoption = reader.table(("adoption",), table.get("adoption"))
    reader.known(("adoption",), adoption, ("sql",))
    return Outcome(
        file=reader.file,
        id=name,
        change=fields.words(table, "change"),
        beneficiary=fields.words(table, "beneficiary"),
        owner=people.read(reader, ("owner",), table["owner"]) if "owner" in table else Person(),
        metric=_metric(fields, table.get("metric")) if "metric" in table else Metric(),
        aggregate=aggregate,
        direction=direction,
        unit=fields.words(table, "unit"),
        measured_in=fields.words(table, "measured_in"),
        maturity_days=fields.days("maturity", least=0),
        design=design,
        baseline=_window(reader, table["baseline"]) if "baseline" in table else None,
        target=_target(reader, table["target"], direction if table.get("direction") == direction else "", aggregate)
        if "target" in table
        else Target(),
        horizon_days=fields.days("horizon", least=1),
        review_days=fields.days("review", least=1),
        guardrails=tuple(_guardrail(fields, index, item) for index, item in enumerate(_items(reader, table, "guardrails"))),
        adoption_sql=fields.query(adoption, "adoption", "sql")[0] if "adoption" in table else "",
        value_per_unit=fields.number(table["value_per_unit"], "value_per_unit") if "value_per_unit" in table else None,
        currency=fields.words(table, "currency") or "EUR",
        errors=tuple(_mistake(fields, index, item) for index, item in enumerate(_items(reader, table, "errors"))),
        kill=_kill(fields, table["kill"]) if "kill" in table else Kill(),
        digest=_digest(reader, table),
        lines={".".join(path): line for path, line in reader.lines.items()},
    )


def _required(reader: Reader, table: dict[str, Any], design: Design) -> None:
    optional = _OPTIONAL if design.prospective else _OPTIONAL - {"baseline"}
    for key in _KEYS:
        if key not in table and key not in optional and key != "kind":
            reader.problem((), f"an outcome needs `{key}`")
    if "errors" in table and not table["errors"]:
        reader.problem(("errors",), "`errors` is empty: say what a mistake costs")


def _items(reader: Reader, table: dict[str, Any], key: str) -> list[object]:
    return reader.items((key,), table[key]) if table.get(key) is not None else []


def _aggregate(reader: Reader, table: Mapping[str, Any], *at: str) -> Aggregate:
    return Aggregate(reader.choice(at, table.get(at[-1]), [item.value for item in Aggregate]))


def _metric(fields: _Fields, raw: object) -> Metric:
    reader = fields.reader
    table = reader.table(("metric",), raw)
    reader.known(("metric",), table, ("sql", "source", "table"))
    sql, line, exact = fields.query(table, "metric", "sql")
    source = table.get("source")
    if source == DATABASE:
        if "table" in table:
            reader.problem(("metric", "table"), "`table` names files; a database has its own names")
        return Metric(sql, {}, True, line, exact)
    return Metric(sql, _tables(reader, source, reader.words(("metric", "table"), table.get("table", TABLE))), False, line, exact)


def _tables(reader: Reader, source: object, name: str) -> dict[str, tuple[str, ...]]:
    at = ("metric", "source")
    given = source if isinstance(source, dict) else {name: source}
    tables = {}
    for key, value in given.items():
        patterns = [value] if isinstance(value, str) else value
        if not isinstance(patterns, list) or not patterns or not all(isinstance(item, str) and item for item in patterns):
            reader.problem(at, f"`source` must be `database` or a glob of files like `data/tickets/*.csv`, got `{shown(value)}`")
            continue
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", key):
            reader.problem(at, f"a table must have a name of letters, digits and `_`, got `{key}`")
        tables[key] = tuple(reader.path(at, item) for item in patterns)
        for item in tables[key]:
            if item and not DATA_FILE.fullmatch(item):
                reader.problem(at, f"`source` must name CSV, Parquet or JSONL files, got `{item}`")
    return tables


def _window(reader: Reader, raw: object) -> Window | None:
    at = ("baseline",)
    table = reader.table(at, raw)
    reader.known(at, table, ("from", "to"))
    days = [reader.day((*at, key), table.get(key)) for key in ("from", "to")]
    for key in ("from", "to"):
        if table.get(key) is None:
            reader.problem(at, f"`baseline` needs `{key}`, a date like 2026-01-31")
    first, last = days
    if first is None or last is None:
        return None
    if last < first:
        reader.problem(at, f"`baseline` ends on {last}, before it begins on {first}")
    return Window(first, last)


def _target(reader: Reader, value: object, direction: str, aggregate: Aggregate) -> Target:
    at = ("target",)
    found = re.fullmatch(r"([+-]\d+(?:\.\d+)?) ?%", value) if isinstance(value, str) else None
    if found is None and (isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value)):
        reader.problem(at, f"`target` must be a number, or a change of the baseline like `-40%`, got `{shown(value)}`")
        return Target()
    if found is None:
        number = float(value)  # type: ignore[arg-type]  # a finite number, seen above
        if aggregate is Aggregate.PROPORTION and not 0 <= number <= 1:
            reader.problem(at, f"`target` of a proportion must lie between 0 and 1, got `{shown(value)}`")
        return Target(number)
    change = float(found[1]) / 100
    if change == 0 or (direction and (change > 0) is not (direction == "increase")):
        reader.problem(at, f"`target` of {shown(value)} is no {direction or 'change'}, which `direction` asks for")
    return Target(change, relative=True)


def _guardrail(fields: _Fields, index: int, raw: object) -> Guardrail:
    at = ("guardrails", str(index))
    reader = fields.reader
    table = reader.table(at, raw)
    reader.known(at, table, ("name", "sql", "aggregate", "at_least", "at_most"))
    bounds = [key for key in ("at_least", "at_most") if key in table]
    if len(bounds) != 1:
        reader.problem(at, f"a guardrail needs exactly one of `at_least`, `at_most`, got {bounds or 'none'}")
    if "name" not in table:
        reader.problem(at, "a guardrail needs `name`")
    limits = {key: fields.number(table[key], *at, key, least=-math.inf) for key in bounds}
    return Guardrail(
        fields.words(table, *at, "name"), fields.query(table, *at, "sql")[0], _aggregate(reader, table, *at, "aggregate"),
        limits.get("at_least"), limits.get("at_most"), reader.line(at),
    )  # fmt: skip


def _mistake(fields: _Fields, index: int, raw: object) -> Mistake:
    at = ("errors", str(index))
    reader = fields.reader
    table = reader.table(at, raw)
    keys = ("type", "severity", "cost", "max_rate", "confidence")
    reader.known(at, table, keys)
    for key in keys:
        if key not in table:
            reader.problem(at, f"an error needs `{key}`")
    severity = reader.choice((*at, "severity"), table["severity"], [item.value for item in Stakes]) if "severity" in table else "annoyance"
    return Mistake(
        fields.words(table, *at, "type"),
        Stakes(severity),
        fields.number(table.get("cost", 0), *at, "cost"),
        fields.number(table.get("max_rate", 0), *at, "max_rate", most=1),
        fields.number(table.get("confidence", 0.95), *at, "confidence", least=0.5, most=0.9999),
        reader.line(at),
    )


def _kill(fields: _Fields, raw: object) -> Kill:
    at = ("kill",)
    table = fields.reader.table(at, raw)
    fields.reader.known(at, table, ("criterion", "authority"))
    for key in ("criterion", "authority"):
        if key not in table:
            fields.reader.problem(at, f"`kill` needs `{key}`")
    authority = people.read(fields.reader, (*at, "authority"), table["authority"]) if "authority" in table else Person()
    return Kill(fields.words(table, *at, "criterion"), authority)


def _digest(reader: Reader, table: dict[str, Any]) -> Digest:
    try:
        return digest(canonical(yaml_lines.plain(table)))
    except (ValueError, RecursionError) as error:
        reader.problem((), f"cannot be written as canonical JSON: {error}")
        return Digest("")

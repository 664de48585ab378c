"""The number an attribution is about: one of the demo's metrics, or a statistic of a field of one of its outputs."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from readiness.config.manifest import Demo
from readiness.errors import UsageError
from readiness.world import demo as demos

STATISTICS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "sum": sum,
    "min": min,
    "max": max,
    "count": len,
}
"""What can be made of the numbers in a field."""


class NoMetric(Exception):
    """A run does not have the metric, in one line."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: a `name` in the metrics file `path`, or the `statistic` of a `field` of the records in `path`."""

    text: str
    path: str
    name: str
    statistic: str = ""

    def read(self, outputs: Mapping[str, Path]) -> float:
        """Its value in the outputs of a run; may be NaN. Raises `NoMetric`."""
        if self.path not in outputs:
            raise NoMetric(f"{self.path} was not written")
        try:
            text = outputs[self.path].read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise NoMetric(f"{self.path} is no text") from None
        return self._of_records(text) if self.statistic else self._of_metrics(text)

    def _of_metrics(self, text: str) -> float:
        try:
            found = json.loads(text)
        except ValueError as error:
            raise NoMetric(f"{self.path} is not JSON: {error}") from None
        if not isinstance(found, dict):
            raise NoMetric(f"{self.path} is no object of names and numbers")
        if self.name not in found:
            near = get_close_matches(self.name, found, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise NoMetric(f"no metric `{self.name}` in {self.path}: it holds {', '.join(sorted(found)) or 'none'}{hint}")
        return _number(found[self.name], f"`{self.name}` in {self.path}")

    def _of_records(self, text: str) -> float:
        try:
            records = [json.loads(line) for line in text.splitlines() if line.strip()] if self.path.endswith("l") else json.loads(text)
        except ValueError as error:
            raise NoMetric(f"{self.path} is not JSON: {error}") from None
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise NoMetric(f"{self.path} is no list of records")
        held = [record[self.name] for record in records if self.name in record]
        if not held:
            names = sorted({name for record in records for name in record})
            raise NoMetric(f"no field `{self.name}` in {self.path}: it holds {', '.join(names) or 'none'}")
        return float(STATISTICS[self.statistic]([_number(value, f"`{self.name}` in {self.path}", yes_no=True) for value in held]))


def _number(value: object, where: str, *, yes_no: bool = False) -> float:
    if isinstance(value, int | float) and (yes_no or not isinstance(value, bool)):
        try:
            return float(value)
        except OverflowError:
            raise NoMetric(f"{where} is beyond any number") from None
    raise NoMetric(f"{where} is no number but {json.dumps(value)[:60]}")


def chosen(text: str, demos_there: Sequence[Demo]) -> Metric:
    """The metric that `text` names for the demos of both sides. Raises UsageError where they cannot have it."""
    outputs = sorted({path for demo in demos_there for path in demos.declared(demo)})
    if ":" in text:
        path, _, rest = text.partition(":")
        field, _, statistic = rest.partition(":")
        if statistic not in STATISTICS or not field:
            raise UsageError(f"`{text}` names no metric", f"FILE:FIELD:STATISTIC, the statistic one of {', '.join(STATISTICS)}")
        if path not in outputs:
            raise UsageError(f"{path} is no output of the demo", f"it declares {', '.join(outputs) or 'none'}: `outputs` in [demo]")
        return Metric(text, path, field, statistic)
    files = sorted({demo.metrics for demo in demos_there if demo.metrics})
    if not files:
        raise UsageError(
            "the demo has no metrics", 'say where it writes them: `metrics = "out/metrics.json"` in [demo], flat names and numbers'
        )
    if len(files) > 1:
        raise UsageError(f"A and B write their metrics to different files: {' and '.join(files)}", "use one file on both sides")
    return Metric(text, files[0], text)

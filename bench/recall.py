"""Defects found in the shipped proof of concept, and false alarms on its ready twin: `python -m bench.recall [SEEDS]`.

Each seed moves the defects of the POC to other names and places, and the ready one to another day. Both are judged in
full, but for the change of code under tests, which says the same each time and takes the longest: it runs for seed 0. So
does the refund agent, of which nothing is moved.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

from readiness.layers import catalog
from readiness.runs import check
from readiness.sequence.finding import Finding, Outcome
from readiness.sequence.mode import Mode
from readiness.world import perturbed

EXAMPLES = Path(__file__).parents[1] / "examples"
SLOW = "infrastructure.tests-bite"
BY_OTHERS = {"infrastructure.recreated-by-somebody-else", "security.dependencies-audited", "security.infrastructure-code-scanned"}
"""What nobody can prove alone: neither planted nor to be expected of an example."""


@dataclass(frozen=True, slots=True)
class Score:
    """One example judged: defects planted, those no finding named, and checks that blame what is sound."""

    planted: int
    missed: tuple[str, ...]
    alarms: tuple[str, ...]


def script() -> ModuleType:
    """`examples/materialise.py`, imported."""
    spec = importlib.util.spec_from_file_location("materialise", EXAMPLES / "materialise.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["materialise"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def asked() -> tuple[str, ...]:
    """Ids of everything a project that goes to production can show by itself."""
    every = (*catalog.OURS, *catalog.ORGANIZATION)
    return tuple(spec.id for spec in every if spec.looked_at(Mode.PRODUCTION) and spec.id not in BY_OTHERS)


def quick() -> tuple[str, ...]:
    """Those of them that do not take the longest."""
    return tuple(name for name in asked() if name != SLOW)


def findings(root: Path, *, slow: bool) -> dict[str, Finding]:
    """The findings of every check and condition on a project, by id."""
    names = () if slow else quick()
    return of(check.check(root, check.Options(only=names, again=True)))


def of(judged: check.Judged) -> dict[str, Finding]:
    """The findings of a project that was judged, and of the conditions on its approval, by id."""
    results = [item for layer in judged.verdict.layers for item in layer.checks]
    return {item.spec.id: item.finding for item in (*results, *judged.organization.checks) if item.spec.id not in BY_OTHERS}


def said(finding: Finding) -> str:
    """Everything a finding says, for searching in it."""
    problems = (f"{item.subject} {item.text} {item.location.file if item.location else ''}" for item in finding.problems)
    return "\n".join([finding.subject, finding.observed, finding.reason, *finding.notes, *problems])


def of_poc(found: Mapping[str, Finding], defects: list[dict[str, str]], *, slow: bool) -> Score:
    """Which of the planted defects a failing finding of their check names."""
    asked = [item for item in defects if (slow or item["check"] != SLOW) and _can_be_told(item)]
    missed = [item for item in asked if not _named(found.get(item["check"]), item["seen"])]
    return Score(len(asked), tuple(f"{item['check']}: {item['what']} ({item['where']})" for item in missed), ())


def _named(finding: Finding | None, pattern: str) -> bool:
    return finding is not None and finding.outcome is Outcome.FAILS and bool(re.search(pattern, said(finding)))


def _can_be_told(defect: Mapping[str, str]) -> bool:
    """Whether this machine can show a planted defect: another time cannot be shown to a program without faketime."""
    return "reads the clock" not in defect["seen"] or perturbed.faketime() is not None


def of_ready(found: Mapping[str, Finding]) -> Score:
    """Which checks do not hold on the one that is ready."""
    fine = (Outcome.HOLDS, Outcome.NOT_APPLICABLE)
    return Score(0, (), tuple(f"{name}: {item.outcome}: {item.reason}" for name, item in found.items() if item.outcome not in fine))


def main(seeds: int) -> int:
    """Prints a line an example and the sums; exit 1 where a defect was missed or a sound thing blamed."""
    examples, now = script(), datetime.now(UTC)
    planted = missed = alarms = 0
    with tempfile.TemporaryDirectory(prefix="readiness-recall-", dir="/var/tmp" if Path("/var/tmp").is_dir() else None) as folder:
        Path(folder).chmod(0o755)
        for seed in range(seeds):
            poc = examples.materialise(examples.POC, Path(folder) / f"poc-{seed}", now, seed)
            ready = examples.materialise(examples.READY, Path(folder) / f"ready-{seed}", now - timedelta(days=seed))
            slow = not seed
            scores = {
                "poc": of_poc(findings(poc, slow=slow), examples.truth(seed), slow=slow),
                "ready": of_ready(findings(ready, slow=slow)),
            }
            if slow:
                agent = examples.materialise(examples.AGENT, Path(folder) / "agent", now)
                scores["agent"] = of_ready(findings(agent, slow=slow))
            for name, score in scores.items():
                planted, missed, alarms = planted + score.planted, missed + len(score.missed), alarms + len(score.alarms)
                print(f"seed {seed} {name:<5} {score.planted - len(score.missed)} of {score.planted} found, {len(score.alarms)} alarms")
                print("".join(f"    {line}\n" for line in (*score.missed, *score.alarms)), end="", flush=True)
    print(f"{planted - missed} of {planted} defects found, {alarms} false alarms")
    return 1 if missed or alarms else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))

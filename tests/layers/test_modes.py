"""Prototype and crisis judged from end to end: 0 where what the mode asks for holds, 1 where it is broken, 3 where it is not shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from readiness.runs import approve, check
from readiness.runs.check import Judged
from readiness.sequence.approval import Decision
from readiness.sequence.finding import Outcome
from readiness.testing.projects import commit, make_repository
from tests.layers.conftest import ASSETS

ENDS = datetime.now(UTC).date() + timedelta(days=30)
STOPPABLE = (
    "import json\nimport os\nimport urllib.request\n\n"
    'STATE = os.environ["READINESS_URL"] + "/api/projects/" + os.environ["READINESS_PROJECT"] + "/state"\n'
    "with urllib.request.urlopen(STATE) as answer:\n"
    '    if json.load(answer)["state"] == "stopped":\n        raise SystemExit("stopped")\n\n'
)
COMPOSE = "services:\n  desk:\n    build: .\n    environment: {LOG_LEVEL: info}\n"


def manifest(mode: str, demo: str, more: str = "") -> str:
    return f'[project]\nmode = "{mode}"\nuntil = {ENDS}\nreason = "to see"\nowner = "Ada"\n{more}\n{demo}'


def prototype(folder: Path, variant: str = "holds", compose: str = "services:\n  desk: {build: .}\n") -> Path:
    like = ASSETS / "security.no-sensitive-data" / variant
    return make_repository(
        folder, {"readiness.toml": manifest("prototype", (like / "readiness.toml").read_text()), "compose.yaml": compose}, like=like
    )


def crisis(folder: Path, compose: str = COMPOSE, begin: str = STOPPABLE, **more: str) -> Path:
    like = ASSETS / "observability.traces-complete/holds"
    demo = begin + (like / "demo.py").read_text()
    files = {"readiness.toml": manifest("crisis", (like / "readiness.toml").read_text()), "compose.yaml": compose, "demo.py": demo}
    return make_repository(folder, files | more, like=like)


def judged(root: Path) -> Judged:
    return check.check(root, check.Options())


def asked(found: Judged) -> dict[str, Outcome]:
    return {item.spec.id: item.outcome for layer in found.verdict.layers for item in layer.checks if item.required}


def test_a_prototype_of_few_containers_without_sensitive_data_holds_and_is_never_approved(offline: Path) -> None:
    root = prototype(offline / "bot")
    found = judged(root)
    assert asked(found) == {"infrastructure.few-containers": Outcome.HOLDS, "security.no-sensitive-data": Outcome.HOLDS}
    assert (found.verdict.exit_code, found.verdict.layer_held) == (0, 0)
    page = approve.approve(root, to_build=False)
    assert page.approval.decision is Decision.NOT_READY
    assert [(row["label"], row["state"]) for row in page.written.told["asks"]] == [
        ("Few containers?", "Yes"),
        ("No sensitive data?", "Yes"),
        ("A day it is thrown away?", "Only stated"),
    ]


def test_a_prototype_that_reads_what_is_sensitive_or_is_large_fails(offline: Path) -> None:
    root = prototype(offline / "bot", "fails", "services:\n" + "".join(f"  s{number}: {{image: 'a:1'}}\n" for number in range(4)))
    found = judged(root)
    assert asked(found) == {"infrastructure.few-containers": Outcome.FAILS, "security.no-sensitive-data": Outcome.FAILS}
    assert found.verdict.exit_code == 1


def test_a_prototype_that_cannot_be_told_is_unknown_and_one_that_ended_fails(offline: Path) -> None:
    root = prototype(offline / "bot", compose="services:\n  desk: {build: ., scale: '${COPIES}'}\n")
    assert judged(root).verdict.exit_code == 3
    text = (root / "readiness.toml").read_text()
    (root / "readiness.toml").write_text(text.replace(str(ENDS), "2026-01-01"))
    commit(root, "late")
    ended = judged(root)
    assert (ended.verdict.exit_code, "prototype mode ended 2026-01-01" in str(ended.verdict.next)) == (1, True)


def test_a_crisis_that_is_isolated_watched_and_can_be_stopped_holds(offline: Path) -> None:
    found = judged(crisis(offline / "bot"))
    assert asked(found) == {
        "security.isolated": Outcome.HOLDS,
        "observability.traces-complete": Outcome.HOLDS,
        "measurement.kill-switch-works": Outcome.HOLDS,
    }
    assert (found.verdict.exit_code, found.verdict.layer_held) == (0, 0)


def test_a_crisis_that_shares_a_network_or_ignores_the_stop_fails_whatever_is_not_shown_beside_it(offline: Path) -> None:
    shared = COMPOSE + "networks:\n  default: {external: true, name: shop}\n"
    found = judged(crisis(offline / "bot", shared))
    assert (asked(found)["security.isolated"], found.verdict.exit_code) == (Outcome.FAILS, 1)
    hidden = COMPOSE.replace("LOG_LEVEL: info", "DATABASE_URL: '${DATABASE_URL}'")
    found = judged(crisis(offline / "other", hidden, begin=""))
    assert asked(found) == {
        "security.isolated": Outcome.UNKNOWN,
        "observability.traces-complete": Outcome.HOLDS,
        "measurement.kill-switch-works": Outcome.FAILS,
    }
    assert found.verdict.exit_code == 1


@pytest.mark.parametrize("mode", ["research", "production"])
def test_no_other_mode_looks_at_them(offline: Path, mode: str) -> None:
    more = f'mode = "research"\nuntil = {ENDS}\nreason = "to see"\nowner = "Ada"\n' if mode == "research" else ""
    root = make_repository(offline / "bot", {"readiness.toml": f"[project]\n{more}", "app.py": "print(1)\n"})
    found = check.check(root, check.Options(everything=True))
    looked = {item.spec.id for layer in found.verdict.layers for item in layer.checks}
    assert looked.isdisjoint({"infrastructure.few-containers", "security.no-sensitive-data", "security.isolated"})

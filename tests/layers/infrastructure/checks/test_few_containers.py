"""How many containers a prototype is made of: counted where files say so, and unknown where it could be more."""

from __future__ import annotations

import pytest

from readiness.sequence.finding import Basis, Outcome
from tests.layers.conftest import Judge

ID = "infrastructure.few-containers"
APP = {"app.py": "print(1)\n"}


def services(*names: str) -> str:
    return "services:\n" + "".join(f"  {name}: {{image: 'a:1'}}\n" for name in names)


def deployment(name: str, containers: int, replicas: str = "1") -> str:
    listed = ", ".join(f"{{name: c{number}, image: 'a:1'}}" for number in range(containers))
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\n"
        f"spec: {{replicas: {replicas}, template: {{spec: {{containers: [{listed}]}}}}}}\n"
    )


JOB = (
    "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\n"
    "spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a}, {name: b}]}}}}}\n"
)
SCALER = (
    "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: s}\n"
    "spec: {maxReplicas: 8, scaleTargetRef: {kind: Deployment, name: web}}\n"
)
MANIFEST = '[demo]\ncommand = ["python", "app.py"]\n'

HOLDS = {
    "three": ({"compose.yaml": services("a", "b", "c")}, "compose.yaml names 3 containers"),
    "an override of the same": (
        {"compose.yaml": services("a", "b"), "compose.override.yaml": services("a", "b")}, "compose.yaml name 2 containers"
    ),
    "variants of the same": (
        {"compose.yaml": services("a", "b"), "compose.prod.yaml": services("a"), "compose.dev.yaml": services("a", "b")}, "name 2"
    ),
    "the same in two folders": ({"compose.yaml": services("a", "b"), "deploy/compose.yaml": services("a", "b")}, "name 2 containers"),
    "none left running": ({"compose.yaml": "services:\n  a: {image: 'a:1', scale: 3}\n  b: {image: 'b:1', scale: 0}\n"}, "names 3"),
    "kubernetes": ({"k8s/web.yaml": deployment("web", 1, "2"), "k8s/db.yaml": deployment("db", 1)}, "name 3 containers"),
    "an overlay of the same": ({"k8s/base/web.yaml": deployment("web", 2), "k8s/prod/web.yaml": deployment("web", 2)}, "name 2"),
    "a job": ({"job.yaml": JOB}, "job.yaml names 2 containers"),
    "described twice": ({"compose.yaml": services("a", "b"), "k8s.yaml": deployment("web", 3)}, "k8s.yaml names 3 containers"),
    "Dockerfiles": ({"Dockerfile": "FROM a:1\n", "Dockerfile.worker": "FROM a:1\n"}, "Dockerfile, Dockerfile.worker, each built into"),
    "a demo alone": ({"readiness.toml": MANIFEST}, "no file names a container; the demo is one process"),
    "a demo with its database": (
        {"readiness.toml": MANIFEST + 'needs = ["postgres"]\n'}, "no file names a container; the demo is one process and a database"
    ),
    "what others start": ({"Dockerfile": "FROM a:1\n", "docs/compose.yaml": services(*"abcdef")}, "Dockerfile, each built into"),
}  # fmt: skip
FAILS = {
    "four": ({"compose.yaml": services(*"abcd")}, "compose.yaml names 4 containers"),
    "two on demand": (
        {"compose.yaml": services(*"ab") + "  c: {image: 'a:1', profiles: [x]}\n  d: {image: 'a:1', profiles: [x]}\n"}, "names 4"
    ),
    "copies": ({"compose.yaml": "services:\n  a: {image: 'a:1', deploy: {replicas: 4}}\n"}, "names 4 containers"),
    "a variant that adds": ({"compose.yaml": services(*"ab"), "compose.prod.yaml": services(*"cd")}, "name 4 containers"),
    "pods": ({"k8s/web.yaml": deployment("web", 2, "2")}, "names 4 containers"),
    "scaled": ({"k8s/web.yaml": deployment("web", 1) + SCALER}, "names 8 containers"),
    "enough without what is not known": (
        {"compose.yaml": services(*"abcd") + "  e: {image: 'a:1', scale: '${COPIES}'}\n"}, "names 5 containers"
    ),
}  # fmt: skip
UNKNOWN = {
    "copies by a variable": ({"compose.yaml": "services:\n  a: {image: 'a:1', scale: '${COPIES}'}\n"}, "decides how many of `a` run"),
    "two systems": ({"a/compose.yaml": services(*"ab"), "b/compose.yaml": services(*"cd")}, "runs side by side"),
    "something included": ({"compose.yaml": "include: [../db/compose.yaml]\n" + services("a")}, "includes ../db/compose.yaml"),
    "no YAML": ({"compose.yaml": "services: ["}, "compose.yaml: line 1: is no valid YAML"),
    "a template": ({"chart/web.yaml": deployment("web", 1, "{{ .Values.replicas }}")}, "is a template"),
    "pods by a variable": ({"web.yaml": deployment("web", 1, "'${N}'")}, "how many pods of `web` run"),
    "four Dockerfiles": ({f"Dockerfile.{name}": "FROM a:1\n" for name in ("web", "api", "etl", "cron")}, "nothing says which of"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLDS)
def test_few_are_few_and_it_says_where_that_stands(judge: Judge, name: str) -> None:
    files, said = HOLDS[name]
    found = judge(ID, files=APP | files if "demo" in name else {"lib/x.sh": "true\n"} | files)
    assert (found.outcome, found.reason, found.basis) == (Outcome.HOLDS, "", Basis.OBSERVED), found
    assert said in found.observed


@pytest.mark.parametrize("name", FAILS)
def test_more_than_three_are_too_many(judge: Judge, name: str) -> None:
    files, said = FAILS[name]
    found = judge(ID, files=files)
    assert found.outcome is Outcome.FAILS
    assert said in found.reason
    assert [problem.subject for problem in found.problems] == ["containers"]
    assert found.location is not None


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_could_be_more_is_unknown(judge: Judge, name: str) -> None:
    files, said = UNKNOWN[name]
    found = judge(ID, files=files)
    assert (found.outcome, said in found.reason) == (Outcome.UNKNOWN, True), found

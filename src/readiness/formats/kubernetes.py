"""Kubernetes manifests: the workloads a file describes, with the containers each of them starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

_WORKLOADS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"})
_SCALER: Final = "HorizontalPodAutoscaler"


@dataclass(frozen=True, slots=True)
class Workload:
    """One workload: how many `containers` a pod of it has, and how many pods may run, None where a file does not say."""

    kind: str
    name: str
    containers: int
    pods: int | None = 1


def is_manifest(text: str) -> bool:
    """Whether a YAML text says that it describes something of Kubernetes."""
    lines = text.splitlines()
    return any(line.startswith("apiVersion:") for line in lines) and any(line.startswith("kind:") for line in lines)


def workloads(text: str) -> tuple[Workload, ...]:
    """The workloads of a manifest; what scales one decides how many pods it may have. Raises ValueError where it is no YAML."""
    if "{{" in text:
        raise ValueError("is a template, which is not filled in here")
    try:
        found = [item for document in yaml.safe_load_all(text) for item in _items(document)]
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ValueError("is no valid YAML") from None
    most = {_named(_table(_spec(item).get("scaleTargetRef"))): _spec(item).get("maxReplicas") for item in found if item["kind"] == _SCALER}
    return tuple(_workload(item, most.get((item["kind"], _name(item)))) for item in found if item["kind"] in _WORKLOADS)


def _items(document: Any) -> Iterator[dict[str, Any]]:
    table = _table(document)
    if table.get("kind") == "List":
        for item in table.get("items") or []:
            yield from _items(item)
    elif isinstance(table.get("kind"), str):
        yield table


def _workload(item: dict[str, Any], most: Any) -> Workload:
    spec = _spec(item)
    pod = spec if item["kind"] == "Pod" else _table(_table(_job(spec).get("template")).get("spec"))
    containers = pod.get("containers")
    stated = most if most is not None else spec.get("replicas", 1)
    pods = stated if isinstance(stated, int) and not isinstance(stated, bool) else None
    return Workload(item["kind"], _name(item), len(containers) if isinstance(containers, list) else 0, pods)


def _job(spec: dict[str, Any]) -> dict[str, Any]:
    """The part of a workload that holds the template of its pods: a CronJob keeps it one level down."""
    return _table(_table(spec.get("jobTemplate")).get("spec")) or spec


def _named(reference: dict[str, Any]) -> tuple[str, str]:
    return str(reference.get("kind", "")), str(reference.get("name", ""))


def _name(item: dict[str, Any]) -> str:
    return str(_table(item.get("metadata")).get("name", ""))


def _spec(item: dict[str, Any]) -> dict[str, Any]:
    return _table(item.get("spec"))


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

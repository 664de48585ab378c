"""The state of infrastructure as code, as `terraform show -json` tells it, without what it marks as sensitive."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

STATE: Final = "terraform.tfstate"
_TIMEOUT_S: Final = 20
_SHORTEST: Final = 4
"""Characters of the shortest sensitive text that is looked for in other attributes."""

Resources = dict[str, dict[str, Any]]  # attribute values are any JSON


def resources(folders: list[Path]) -> tuple[Resources, str]:
    """Address → attributes of every resource in the local states of these folders, sensitive attributes left out.

    The second value says why there is nothing, where there is nothing. A remote state is not asked for.
    """
    with_state = [folder for folder in folders if (folder / STATE).is_file()]
    if not with_state:
        return {}, "no local terraform state is here"
    if shutil.which("terraform") is None:
        return {}, "terraform is not installed here"
    found: Resources = {}
    for folder in with_state:
        told, trouble = _show(folder)
        if trouble:
            return {}, f"terraform does not read the state in {folder.name}: {trouble}"
        prefix = f"{folder.name}/" if len(with_state) > 1 else ""
        found |= {f"{prefix}{address}": attributes for address, attributes in told.items()}
    return found, ""


def _show(folder: Path) -> tuple[Resources, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("TF_LOG")} | {
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
    argv = ["terraform", "show", "-json", "-no-color", STATE]
    try:
        done = subprocess.run(argv, cwd=folder, capture_output=True, timeout=_TIMEOUT_S, check=False, env=env, stdin=subprocess.DEVNULL)
        told: Any = json.loads(done.stdout) if done.returncode == 0 else None
    except subprocess.TimeoutExpired:
        return {}, f"it did not answer within {_TIMEOUT_S} s"
    except (OSError, ValueError):
        return {}, "it does not answer in JSON"
    if not isinstance(told, dict):
        line = next((line for line in done.stderr.decode(errors="replace").splitlines() if "rror" in line), "")
        return {}, line.strip("│ ") or f"exit {done.returncode}"
    values = told.get("values") or {}
    listed = list(_items(values.get("root_module")))
    outputs = (values.get("outputs") or {}).values()
    hidden = {text for item in listed for text in _hidden(item.get("values"), item.get("sensitive_values"))}
    hidden |= {text for item in outputs if isinstance(item, dict) and item.get("sensitive") for text in _texts(item.get("value"))}
    return {str(item.get("address")): _plain(item, hidden) for item in listed}, ""


def _items(module: Any) -> Iterator[dict[str, Any]]:  # a module as JSON
    if not isinstance(module, dict):
        return
    yield from (item for item in module.get("resources") or [] if isinstance(item, dict) and item.get("mode", "managed") == "managed")
    for child in module.get("child_modules") or []:
        yield from _items(child)


def _plain(item: dict[str, Any], hidden: set[str]) -> dict[str, Any]:
    """The attributes of a resource without those that are sensitive, and without those that repeat what is.

    A provider may copy a sensitive input into an output that nobody marked.
    """
    values, marks = item.get("values") or {}, item.get("sensitive_values")
    marked = {name for name in values if isinstance(marks, dict) and _marked(marks.get(name))}
    return {name: value for name, value in values.items() if name not in marked and not _repeats(value, hidden)}


def _repeats(value: Any, hidden: set[str]) -> bool:  # any JSON
    return any(secret in text for text in _texts(value) for secret in hidden)


def _hidden(values: Any, marks: Any) -> Iterator[str]:  # a value, and true or a structure that mirrors it
    if marks is True:
        yield from (text for text in _texts(values) if len(text) >= _SHORTEST)
    elif isinstance(marks, dict) and isinstance(values, dict):
        for name, mark in marks.items():
            yield from _hidden(values.get(name), mark)
    elif isinstance(marks, list) and isinstance(values, list):
        for value, mark in zip(values, marks, strict=False):
            yield from _hidden(value, mark)


def _texts(value: Any) -> Iterator[str]:  # any JSON
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def _marked(mark: Any) -> bool:  # true, or a structure that mirrors the value
    if isinstance(mark, dict):
        return any(_marked(value) for value in mark.values())
    return any(_marked(value) for value in mark) if isinstance(mark, list) else mark is True

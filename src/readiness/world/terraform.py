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
        prefix = "" if len(with_state) == 1 else f"{folder.name}/"
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
    root = (told.get("values") or {}).get("root_module") or {}
    return {str(item.get("address")): _plain(item.get("values"), item.get("sensitive_values")) for item in _items(root)}, ""


def _items(module: Any) -> Iterator[dict[str, Any]]:  # a module as JSON
    if not isinstance(module, dict):
        return
    yield from (item for item in module.get("resources") or [] if isinstance(item, dict) and item.get("mode", "managed") == "managed")
    for child in module.get("child_modules") or []:
        yield from _items(child)


def _plain(values: Any, sensitive: Any) -> dict[str, Any]:  # any JSON
    """The attributes of a resource without those that are sensitive, wholly or in a part."""
    hidden = sensitive if isinstance(sensitive, dict) else {}
    return {name: value for name, value in (values or {}).items() if not _marked(hidden.get(name))}


def _marked(mark: Any) -> bool:  # true, or a structure that mirrors the value
    if isinstance(mark, dict):
        return any(_marked(value) for value in mark.values())
    return any(_marked(value) for value in mark) if isinstance(mark, list) else mark is True

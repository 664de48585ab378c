"""Images of containers: those a compose file names, as the engine of this machine has them, and the one we are in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TIMEOUT_S: Final = 5
_ID: Final = re.compile(r"/(?:docker|containers|libpod|crio)[/-](?:overlay-containers/)?([0-9a-f]{64})")


def images(services: Mapping[str, str], inside: Path = Path("/.dockerenv")) -> tuple[dict[str, str], str]:
    """Image ids by service, given the image each names; and why there are none, where there are none.

    The container we are in itself counts as the service `this container`, where the engine can be asked about it.
    """
    if not services and not inside.exists():
        return {}, "no compose file names an image, and this is no container"
    if shutil.which("docker") is None:
        return {}, "docker is not installed here"
    wanted = dict(services)
    found = {name: image for name, reference in wanted.items() if (image := _inspected(["image", "inspect", reference]))}
    if inside.exists() and (own := _own_id()) and (image := _inspected(["container", "inspect", own], key="Image")):
        found["this container"] = image
    return (found, "") if found else ({}, "no docker engine answers that has these images")


def _own_id() -> str:
    try:
        found = _ID.search(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return found[1] if found else ""


def _inspected(words: list[str], key: str = "Id") -> str:
    env = {name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG") if name in os.environ}
    try:
        done = subprocess.run(["docker", *words], capture_output=True, timeout=_TIMEOUT_S, check=False, env=env, stdin=subprocess.DEVNULL)
        told = json.loads(done.stdout) if done.returncode == 0 else []
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return ""
    first = told[0] if isinstance(told, list) and told else None
    return str(first[key]) if isinstance(first, dict) and key in first else ""

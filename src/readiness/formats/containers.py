"""What the container client says of the containers of a compose project."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

_LABEL: Final = "com.docker.compose."


@dataclass(frozen=True, slots=True)
class Container:
    """A running container of a compose project: its service, and the digest of the configuration it was made from.

    The digest is empty where whoever made it writes none down, as podman-compose does.
    """

    service: str
    configuration: str
    files: tuple[str, ...] = ()


def containers(text: str) -> tuple[Container, ...]:
    """The containers that `docker inspect` printed, those of compose alone. Raises ValueError where it is no such list."""
    try:
        return tuple(found for item in json.loads(text) if (found := _container(item)) is not None)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a container is not described as one ({type(error).__name__}: {error})") from None


def _container(item: dict[str, Any]) -> Container | None:
    labels = item["Config"]["Labels"] or {}
    service, digest = labels.get(f"{_LABEL}service"), labels.get(f"{_LABEL}config-hash")
    if not service or labels.get(f"{_LABEL}oneoff") == "True":
        return None
    return Container(service, digest or "", tuple(str(labels.get(f"{_LABEL}project.config_files", "")).split(",")))


def hashes(text: str) -> dict[str, str]:
    """Service → digest of its configuration, as `docker compose config --hash '*'` prints them. Raises ValueError."""
    found = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, _, digest = line.strip().partition(" ")
        if not digest or " " in digest:
            raise ValueError(f"`{line.strip()[:40]}` is no service with the digest of its configuration")
        found[name] = digest
    return found

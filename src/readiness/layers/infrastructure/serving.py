"""The server a Dockerfile starts, as a demo would start it: on the port it is given, on loopback."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from readiness.config.manifest import Server
from readiness.formats import compose, dockerfile
from readiness.layers.infrastructure import source
from readiness.layers.infrastructure.declarations import compose_files
from readiness.layers.infrastructure.interpreter import dockerfiles
from readiness.world.project import Project

_PORT_FLAGS: Final = {"uvicorn": "--port", "hypercorn": "", "gunicorn": "", "streamlit": "--server.port", "fastapi": "--port",
                      "flask": "--port", "chainlit": "--port"}  # fmt: skip
"""Programs that serve, and the flag that takes their port; empty where it is part of the address to bind."""

_READY: Final = {"streamlit": "/_stcore/health"}
_HOST: Final = re.compile(r"0\.0\.0\.0|\[::\]|localhost")


def declared_server(project: Project) -> Server | None:
    """The server that the image of a project starts; None where it starts something else, or in a way not understood."""
    for path in dockerfiles(project):
        parsed = dockerfile.parse(project.text(path))
        words = _started(parsed)
        program = next((word for word in words[:3] if word in _PORT_FLAGS), "")
        if program:
            return Server(_on_port(words, program), _ready(parsed, program))
    return None


@dataclass(frozen=True, slots=True)
class Started:
    """What an image that opens a port starts: its words, and the Dockerfile with the line of that port."""

    words: tuple[str, ...]
    file: str


def started(project: Project) -> Started | None:
    """What the image of a project starts, where it opens a port; None where a shell would have to read it."""
    for path in dockerfiles(project):
        parsed = dockerfile.parse(project.text(path))
        port = next((item.line for item in parsed.instructions if item.name == "EXPOSE"), 0)
        if port and (words := _started(parsed)):
            return Started(tuple(words), f"{path}:{port}")
    return None


def _started(parsed: dockerfile.Dockerfile) -> list[str]:
    """The words of the last ENTRYPOINT and CMD together, empty where a shell would have to read them."""
    entry = next((item.value for item in reversed(parsed.instructions) if item.name == "ENTRYPOINT"), "[]")
    command = next((item.value for item in reversed(parsed.instructions) if item.name == "CMD"), "[]")
    return [*_words(entry), *_words(command)]


def _words(value: str) -> list[str]:
    if value.startswith("["):
        try:
            found = json.loads(value)
        except ValueError:
            return []
        return [str(word) for word in found] if isinstance(found, list) else []
    commands = dockerfile.shell_commands(value)
    return commands[0] if len(commands) == 1 and "$" not in value else []


def _on_port(words: list[str], program: str) -> tuple[str, ...]:
    flag = _PORT_FLAGS[program]
    found: list[str] = []
    previous = ""
    for word in words:
        word = _HOST.sub("127.0.0.1", word)
        if flag and word.startswith(f"{flag}="):
            word = f"{flag}={{PORT}}"
        elif (flag and previous == flag) or (previous == "-p" and program in ("flask", "chainlit")):
            word = "{PORT}"
        elif re.fullmatch(r"(?:(?:-b|--bind)=?)?127\.0\.0\.1:\d+", word):
            word = re.sub(r"\d+$", "{PORT}", word)
        found.append(word)
        previous = word
    if not any("{PORT}" in word for word in found):
        found += [flag, "{PORT}"] if flag else ["--bind", "127.0.0.1:{PORT}"]
    return tuple(found)


def _ready(parsed: dockerfile.Dockerfile, program: str) -> str:
    for item in parsed.instructions:
        if item.name == "HEALTHCHECK" and (asked := re.search(r"https?://[^/\s'\"]+(/[^\s'\")|]*)", item.value)):
            return asked[1]
    return _READY.get(program, "/")


def needs(project: Project) -> tuple[str, ...]:
    """The services a demo of this project needs that can be supplied: PostgreSQL where a compose file runs it for DATABASE_URL."""
    reads = any(item.name == "DATABASE_URL" for item in source.variables(project))
    for path in compose_files(project) if reads else ():
        try:
            services = compose.parse(project.text(path))
        except ValueError:
            continue
        if any(re.search(r"(?:^|/)(?:postgres|pgvector)(?:[:@]|$)", service.image) for service in services):
            return ("postgres",)
    return ()

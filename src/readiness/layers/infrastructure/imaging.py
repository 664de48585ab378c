"""Images built from the project's Dockerfiles: marked so that they are found again, and why a build ended badly.

Three builders are understood: BuildKit, the one docker had before, and podman's. Only a step of the Dockerfile that ran and
ended by itself, a file it copies that is not there, and a text that is no Dockerfile are put down to the project.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from readiness.formats import dockerfile
from readiness.layers.infrastructure.causes import one_line
from readiness.sequence.finding import Cause

_KILLED_FROM: Final = 128
"""Exit codes from here on say that a step was ended from outside."""
_EXIT: Final = re.compile(
    r"while running runtime: exit status (\d+)|returned a non-zero code: (\d+)|did not complete successfully: exit code: (\d+)"
)
_MACHINE: Final = re.compile(
    r"error running container|No space left on device|Cannot allocate memory|OCI runtime|requires BuildKit|BuildKit is enabled but|"
    r"Too many open files|Resource temporarily unavailable|permission denied while trying to connect|Cannot connect to the Docker daemon",
    re.IGNORECASE,
)
_UNREACHED: Final = re.compile(
    r"temporary failure (?:in name resolution|resolving)|could not resolve|failed to fetch|unable to fetch|\bEAI_AGAIN\b|\bENOTFOUND\b|"
    r"\bETIMEDOUT\b|\bECONNRE\w+|getaddrinfo|name or service not known|no address associated|certificate verify failed|"
    r"invalid peer certificate|self.signed certificate|i/o timeout|connection (?:timed out|refused|reset)|network is unreachable|"
    r"failed to establish a new connection|dns error|tcp connect error|error sending request|failed to lookup|no such host|"
    r"HTTP(?:/1\.1)?[ :]+(?:status )?(?:5\d\d|429|403|407)|read timed out|unable to access 'http",
    re.IGNORECASE,
)
_PULLED: Final = re.compile(
    r"pull access denied|manifest (?:unknown|for \S+ not found)|failed to resolve (?:source metadata|reference)|"
    r"initializing source docker:|"
    r"pinging container registry|unable to find a name and tag match|no such image|toomanyrequests|error getting credentials|"
    r"dial tcp|load metadata for|short-name",
    re.IGNORECASE,
)
_NO_DOCKERFILE: Final = re.compile(
    r"(?:dockerfile|containerfile) parse error[^\n]*|unknown instruction:? \S+|no (?:FROM statement|build stage)[^\n]*|"
    r"parsing main Dockerfile[^\n]*|invalid from flag value[^\n]*|target stage \S+ could not be found",
    re.IGNORECASE,
)
_NO_FILE: Final = re.compile(
    r"no such file or directory|: not found|file not found in build context|no items matching|no source files", re.I
)
_STEP: Final = re.compile(r'building at STEP "(.*?)": |>>> (.*)$|^Step \d+/\d+ : (.*)$', re.MULTILINE)
_MORE: Final = re.compile(r"(>>>[^\n]*)(?:\n[^\n]*>>>[^\n]*)+")
"""An instruction of several lines, each of which BuildKit marks: it begins on the first."""
_STEPS: Final = re.compile(r"^(?:\[\d+/\d+\] )?STEP \d+(?:/\d+)?: (.*)$|^Step \d+/\d+ : (.*)$", re.MULTILINE)
_NOISE: Final = re.compile(
    r"building at STEP|^Error: |^ERROR|^The command |^-+$|^[\w./-]*(?:Dockerfile|Containerfile)[\w.-]*:\d+|^\s*\d+ \||"
    r"^DEPRECATED|Install the buildx|docs\.docker\.com/go/buildx|^ ?-+>|^Removing intermediate|^\[?\d*/?\d*\]? ?STEP|^Step \d|"
    r"^\s*>>>|^View build details|^exit status|^ ?> \[",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no image: whose fault, in one line, and the line of the Dockerfile, 0 where none is to blame."""

    cause: Cause
    reason: str
    line: int = 0


def labelled(text: str, label: str) -> str:
    """A Dockerfile each stage of which carries a label, so that whatever a build leaves behind can be found and removed."""
    starts = {item.line for item in dockerfile.parse(text).instructions if item.name == "FROM"}
    found, within = [], False
    for number, line in enumerate(text.split("\n"), 1):
        found.append(line)
        within = within or number in starts
        if within and not line.rstrip().endswith("\\"):
            found.append(f"LABEL {label}")
            within = False
    return "\n".join(found)


def trouble(said: str, text: str) -> Trouble:
    """Why a build ended badly, from what the builder `said` about the Dockerfile `text`."""
    step = _failed(said)
    line = _line(step, text)
    last = _last(said)
    exits = [int(next(filter(None, found.groups()))) for found in _EXIT.finditer(said)]
    if _MACHINE.search(said):
        return Trouble(Cause.TOOL, f"the builder could not do it here: {last}")
    if exits and exits[-1] >= _KILLED_FROM:
        return Trouble(Cause.TOOL, f"a step was ended from outside (exit {exits[-1]}): {last}")
    recent = "\n".join(said.splitlines()[-80:])
    if exits and step:
        if _UNREACHED.search(recent):
            return Trouble(Cause.NETWORK, f"`{one_line(step)}` reached no source: {last}")
        return Trouble(Cause.PROJECT, f"`{one_line(step)}` ends with exit {exits[-1]}: {last}", line)
    if _PULLED.search(recent) or _UNREACHED.search(recent):
        return Trouble(Cause.NETWORK, f"an image or a source could not be pulled: {one_line(_said(said)[-1] if _said(said) else last)}")
    if found := _NO_DOCKERFILE.search(said):
        return Trouble(Cause.PROJECT, one_line(found[0]), _said_line(found[0]) or 1)
    if step and step.split(None, 1)[0].upper() in ("COPY", "ADD") and _NO_FILE.search(recent):
        return Trouble(Cause.PROJECT, f"`{one_line(step)}` copies what is not there", line)
    return Trouble(Cause.TOOL, f"the builder does not say why: {last}")


def _failed(said: str) -> str:
    """The instruction a build ended at: the one an error names, else the last that was begun."""
    named = [next(filter(None, found.groups()), "") for found in _STEP.finditer(_MORE.sub(r"\1", said))]
    begun = [next(filter(None, found.groups()), "") for found in _STEPS.finditer(said)]
    return (named or begun or [""])[-1].strip()


def _line(step: str, text: str) -> int:
    """The line of the instruction a builder shows; 0 where none reads like it."""
    wanted = _squeezed(step)
    best = 0
    for item in dockerfile.parse(text).instructions:
        own = _squeezed(f"{item.name} {item.value}")
        if wanted and (own.startswith(wanted) or wanted.startswith(own)):
            best = item.line
    return best


def _squeezed(text: str) -> str:
    name, _, value = " ".join(text.replace("\\", " ").split()).partition(" ")
    return f"{name.upper()} {value}"


def _said(said: str) -> list[str]:
    return [line.strip() for line in said.splitlines() if line.strip()]


def _last(said: str) -> str:
    """The last line that a step, and not the builder, said."""
    lines = [re.sub(r"^(?:#\d+ )?(?:\d+\.\d+ )?", "", line) for line in _said(said)]
    told = [line for line in lines if not _NOISE.search(line)]
    return one_line((told or lines or ["it said nothing"])[-1])


def _said_line(text: str) -> int:
    found = re.search(r"line (\d+)", text)
    return int(found[1]) if found else 0

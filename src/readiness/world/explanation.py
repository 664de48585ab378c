"""Why an installation failed: the project, the network, the machine, or our tools."""

from __future__ import annotations

import re
from typing import Final

from readiness.sequence.finding import Cause
from readiness.world.sandbox import Ran, without_work_folder

INSTALL_TIMEOUT_S: Final = 1200
"""How long one installation step may take."""

_NETWORK: Final = re.compile(
    r"error sending request|dns error|failed to lookup address|tcp connect error|connection refused|connection reset|"
    r"timed out|operation timed out|network is unreachable|temporary failure in name resolution|"
    r"HTTP status (?:server error )?\(?(?:5\d\d|429|403|407)|invalid peer certificate|Could not resolve host|"
    r"Could not connect|failed to clone|git operation failed|unable to access 'http|Failed to establish a new connection|"
    r"Network connectivity is disabled|the network was disabled|Proxy (?:error|Authentication)|Server returned 5\d\d",
    re.IGNORECASE,
)
_SYSTEM: Final = re.compile(
    r"command '?[\w./+-]*(?:gcc|cc|g\+\+|clang|cl)[\w.+-]*'? failed: No such file|pg_config executable not found|"
    r"fatal error: [\w./+-]+\.h: No such file|Microsoft Visual C\+\+ .* required|can't find rust compiler|"
    r"cargo(?:, the Rust package manager,)? is not installed|Rust toolchain|CMake must be installed|cmake: not found|"
    r"Unknown compiler\(s\)|No CMAKE_\w+_COMPILER|mysql_config: not found|pkg-config: not found|unable to find nvcc|"
    r"swig: not found|No such file or directory: '(?:cmake|cargo|gcc|cc|g\+\+|ninja|swig|rustc|nvcc|git)'|"
    r"cannot start git|Git executable not found|gfortran",
    re.IGNORECASE,
)
_TOOL: Final = re.compile(
    r"No space left on device|Cannot allocate memory|thread 'main' panicked|cannot start |Failed to read `--find-links`|"
    r"Permission denied \(os error|Read-only file system|Resource temporarily unavailable|Too many open files",
    re.IGNORECASE,
)


def explain(ran: Ran) -> tuple[Cause, str]:
    """Why an installation step failed, as a cause and one line."""
    text = ran.said
    if ran.timed_out:
        return Cause.TOOL, f"the installation did not end within {INSTALL_TIMEOUT_S} s"
    if ran.filled_disk or _TOOL.search(text):
        return Cause.TOOL, f"this machine ran out of something: {last_line(ran)}"
    if ran.signal:
        return Cause.TOOL, f"the package client died of signal {ran.signal}"
    if _SYSTEM.search(text):
        found = _SYSTEM.search(text)
        return Cause.SYSTEM, f"a build needs what this machine lacks: {_around(text, found.start() if found else 0)}"
    if _NETWORK.search(text) and "No solution found" not in text:
        found = _NETWORK.search(text)
        return Cause.INDEX, f"the package index or a source did not answer: {_around(text, found.start() if found else 0)}"
    reason = _main_reason(without_work_folder(text))
    if reason:
        return Cause.PROJECT, reason
    # Only what was understood is put down to the project.
    return Cause.TOOL, f"the package client ended with exit {ran.exit_code} and did not say why: {last_line(ran)}"


def _around(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    return shortened(text[start : end if end > 0 else None].strip(" ╰─▶├│\u00d7·"))


def shortened(text: str, most: int = 200) -> str:
    """A text on one line of at most `most` characters, the last one an ellipsis where there was more."""
    line = re.sub(r"\s+", " ", text).strip()
    return line if len(line) <= most else f"{line[: most - 1]}…"


_ERRORS: Final = r"(?:ModuleNotFound|Import|Attribute|Type|Syntax|Key|Runtime|Value|FileNotFound)Error\b:?[^\n]+"  # raised by a build
# uv draws its errors as a tree; \u00d7 is the cross it begins them with
_REASONS: Final = (
    re.compile("\u00d7\\s*No solution found[^\\n]*\\n\\s*╰─▶\\s*(?P<why>.+?)(?:\\n\\s*\\n|\\n\\s*hint|\\Z)", re.DOTALL),
    re.compile(r"error: No solution found[^\n]*\n\s*cause:\s*(?P<why>.+?)(?:\n\s*\n|\n\s*hint|\Z)", re.DOTALL),
    re.compile(rf"^(?:\s*╰─▶\s*)?(?P<why>{_ERRORS})", re.MULTILINE),
    re.compile(r"^(?P<why>pyproject\.toml changed significantly[^\n]+(?:\n[^\n]+)?)", re.MULTILINE),
    re.compile(r"^ERROR: (?P<why>(?:Could not find a version|No matching distribution|Cannot install)[^\n]+)", re.MULTILINE),
    re.compile("^\\s*(?:error|\u00d7)\\s*:?\\s*(?P<why>.+?)(?:\\n\\s*\\n|\\n\\s*hint|\\Z)", re.MULTILINE | re.DOTALL),
)


def _main_reason(text: str) -> str:
    failed = re.search(r"Failed to build[: ]+`?([\w.@=+-]+)", text)
    gone = re.search(r"Failed to (?:download|fetch):? `([^`]+)`", text)
    if gone and (answer := re.search(r"\b(404|410)\b", text)):
        return f"{gone[1].rpartition('/')[2]} is no longer to be had: the index answers {answer[1]}"
    for pattern in _REASONS:
        if match := pattern.search(text):
            why = re.sub(r"[\s│╰├─▶]+", " ", match["why"]).strip()
            name = f"{failed[1]} does not build: " if failed and failed[1] not in why else ""
            return shortened(name + why, 300) + _wheels_there(text)
    return ""


def _wheels_there(text: str) -> str:
    """Where there are wheels, if not for this platform, as the client hints."""
    hint = re.search(r"Wheels are available for `[^`]+`[^\n]*?platforms?: ([^\n]+)", text)
    return " " + shortened(f"Wheels are available for {hint[1]}", 100) if hint else ""


def last_line(ran: Ran) -> str:
    """The last thing a command said."""
    lines = [line.strip() for line in ran.said.splitlines() if line.strip()]
    return shortened(lines[-1]) if lines else f"exit {ran.exit_code}"

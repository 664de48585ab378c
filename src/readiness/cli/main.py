"""The entry point: finds the command, runs it, and turns every exception into one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from readiness.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_MISUSE, ReadinessError

COMMANDS: Final = {
    "Build": {
        "check": "judge a project by execution, and name the next thing to fix",
        "init": "write readiness.toml from what the repository says",
        "questions": "answer the five questions, from evidence or with what is missing",
        "checks": "list the checks, or document one",
    },
    "Approve": {
        "approve": "say on one page whether a project may be built, or go to production",
        "mode": "show or change how far a project says it goes, and until when",
        "waive": "accept one problem for a while, signed by somebody else",
        "evidence": "look at the evidence a check left, verify it, or add somebody else's",
    },
    "1 Infrastructure": {
        "run": "run a command and record what its result rests on; list and show recorded runs",
        "record": "run the demo once with its credentials, and keep what it asked outside for later runs",
        "diff": "say what changed between two runs, commits, folders or environments",
        "recreate": "recreate the demo rung by rung, and name what its result depends on",
        "attribute": "say how much of a change in a result each factor explains, and how much is chance",
        "export": "write what a project consists of as a CycloneDX bill of materials",
    },
    "2 Security": {
        "access": "lint access policies, ask them, show who may do what; hold a PostgreSQL to them",
        "secrets": "find secrets in files, history and images; see that each has an owner and is fresh; what one opens",
        "probe": "attack the demo in the sandbox, and tell what came through at which rate",
    },
    "3 Data": {
        "data": "write what can be seen of a data contract; sign training data, and say what changed in it",
    },
    "5 Measure": {
        "outcome": "lint and lock outcomes",
    },
}
"""Commands by the question they serve; each is a module of this package, loaded only when called."""
_GOES_ON: Final = {
    **dict.fromkeys(("check", "questions", "approve"), "the evidence there is"),
    "attribute": "the runs that are finished",
}
"""Commands that go on from what they left when they were interrupted; any other begins anew."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; never raises, but for a bug under `READINESS_TRACEBACK`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a mark is no reason to fail
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if words else EXIT_MISUSE
    if words[0] in ("-V", "--version"):
        from readiness import __version__

        print(f"readiness {__version__}")
        return 0
    return _dispatch(words)


def usage() -> str:
    """The text of `--help`."""
    lines = ["usage: readiness COMMAND [OPTION ...]", "", "How ready is an AI project for production, judged by execution.", ""]
    for group, commands in COMMANDS.items():
        lines.append(group)
        lines += [f"  {name:<10} {text}" for name, text in commands.items()]
        lines.append("")
    lines += ["`readiness COMMAND --help` explains a command; start with `readiness check`.",
              "exit codes: 0 holds, 1 does not hold, 2 misuse or bad input, 3 could not judge, 70 our bug"]  # fmt: skip
    return "\n".join(lines)


def _dispatch(words: list[str]) -> int:
    known = [name for commands in COMMANDS.values() for name in commands]
    if words[0] not in known:
        from difflib import get_close_matches

        near = get_close_matches(words[0], known, n=1)
        _say(f"error: no command `{words[0]}`", f"did you mean `readiness {near[0]}`?" if near else "`readiness --help` lists them")
        return EXIT_MISUSE
    try:
        module = import_module(f"readiness.cli.{words[0]}")
        code = int(module.run(words[1:]))
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        _say("interrupted", interrupted(words[0]))
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # whoever read has what it wanted; nothing may be written again, not even at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_MISUSE
    except ReadinessError as error:
        _say("\n".join(f"error: {line}" for line in error.message.splitlines()), error.hint)
        return error.exit_code
    except Exception as error:  # noqa: BLE001  the border of the command line: our own bug, said as such
        return _bug(error)


def interrupted(command: str) -> str:
    """What Ctrl-C left of a command, and what the same one does when it is called again."""
    then = f"goes on from {_GOES_ON[command]}" if command in _GOES_ON else "begins anew"
    return f"nothing half-written was left; `readiness {command}` {then}"


def _bug(error: Exception) -> int:
    import traceback

    if os.environ.get("READINESS_TRACEBACK"):
        traceback.print_exception(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
    _say(
        f"bug: {type(error).__name__}: {error} ({place})",
        "this is our fault; run again with READINESS_TRACEBACK=1 and report what it prints",
    )
    return EXIT_BUG


def _say(message: str, hint: str = "") -> None:
    print(message.encode("utf-8", "replace").decode(), file=sys.stderr)
    if hint:
        print(f"\nhint: {hint}", file=sys.stderr)

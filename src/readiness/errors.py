"""The one tree of exceptions.

ReadinessError                 exit 70  our own bug, unless a subclass says otherwise
├── UsageError                 exit 2   the command line or the place it was called in
│   └── InputError             exit 2   a file of the user, with file and line; may carry several problems
├── CannotJudge                exit 3   a tool, an interpreter or the machine is missing; no verdict either way
│   ├── Refused                exit 3   a query engine did not run a query; whoever asked says what that means
│   └── NotRecorded            exit 3   the demo cannot be answered from its cassette, or asked what is not in it
└── Interrupted                exit 130 the user stopped us; nothing half-written is left

A project that fails is no exception but a Finding. Catch `Exception` only at the borders: run, command, request.
"""

from __future__ import annotations

from typing import Final

EXIT_HOLDS: Final = 0
EXIT_FAILS: Final = 1
EXIT_MISUSE: Final = 2
EXIT_UNKNOWN: Final = 3
EXIT_BUG: Final = 70
EXIT_INTERRUPTED: Final = 130


class ReadinessError(Exception):
    """Something went wrong, said in one line; `hint` says what to do, `exit_code` what the process returns."""

    exit_code: int = EXIT_BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ReadinessError):
    """The command was called in a way that cannot work."""

    exit_code = EXIT_MISUSE


class InputError(UsageError):
    """A file of the user is not what it should be; each problem is one `file:line: …` line."""

    def __init__(self, problems: list[str], hint: str = "") -> None:
        super().__init__("\n".join(problems), hint)
        self.problems = problems


class CannotJudge(ReadinessError):
    """Neither holds nor fails can be said, and the message names what is missing."""

    exit_code = EXIT_UNKNOWN


class Refused(CannotJudge):
    """A query was not run, or not to its end: the message is the first line of what the engine says."""


class NotRecorded(CannotJudge):
    """A demo that is to be answered from its cassette was not, or not wholly: what it did then says nothing about it."""


class Interrupted(ReadinessError):
    """The user ended the run; every process started was ended with it."""

    exit_code = EXIT_INTERRUPTED

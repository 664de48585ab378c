"""Whether the system is stopped: asked of its server by a thread, answered from memory in well under a microsecond."""

from __future__ import annotations

import os
import threading
import time
from typing import Final

from readiness.sdk.surroundings import Harmless, project_id, say_once

NO_PROJECT: Final = "readiness: no project is named, so no stop can reach it; set READINESS_PROJECT"
FIRST_S: Final = 1.0
"""How long the very first call waits for an answer."""


class State:
    """What is known of a project; as it is made, of one that nobody can stop and nobody vouches for."""

    def __init__(self) -> None:
        self.is_stopped = False
        self.sure_until = float("-inf")


def stopped(project: str | None = None, *, fail_closed: bool = False) -> bool:
    """Whether the project was stopped; with `fail_closed` also where its server has not said otherwise lately.

    The first call reads what was remembered and waits for the server for at most a second; later ones cost less than a
    microsecond. A server that cannot be reached leaves the last known state, which is `running` where none is known.
    """
    state = _followed.get(project)
    if state is None:
        with Harmless("following the state of the project"):
            state = _follow(project)
    if state is None:  # asking anew each time would cost the host dearly
        state = _followed[project] = State()
    return state.is_stopped or (fail_closed and time.monotonic() > state.sure_until)


_followed: dict[str | None, State] = {}
_lock = threading.Lock()


def _follow(project: str | None) -> State:
    name = project_id(project)
    with _lock:
        found = _followed.get(name)
        if found is None and not name:
            say_once(NO_PROJECT)
            found = State()
        elif found is None:
            from readiness.sdk.following import Follower

            follower = Follower(name)
            follower.start()
            follower.answered.wait(FIRST_S)
            found = follower
        _followed[name] = _followed[project] = found
    return found


def _forget() -> None:
    """A forked child has no threads of its parent: it asks for itself."""
    global _lock
    _followed.clear()
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)

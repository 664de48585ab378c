"""How one run of a command differs from the ordinary one: what a perturbation changes around it, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Bind:
    """A folder or file of ours that a command sees at another path; `writable` where it may write there."""

    source: Path
    target: Path
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """What is different around a command. The defaults change nothing.

    `env` is set and `without` removed, after everything else; `inner` is set for the demo alone, and not for what watches
    it; `tmp` stands in for the temporary folder and `cwd` for the
    working folder; `locked` are paths that stay read-only inside a writable folder, `closed` folders that are not writable
    at all; `user` is another user id; `cpus` how many processors may be used and are seen; `host` another host name;
    `pids` how many process ids are used up before the command starts; `offline` takes the network away.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    inner: Mapping[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    binds: tuple[Bind, ...] = ()
    locked: tuple[Path, ...] = ()
    closed: tuple[Path, ...] = ()
    opened: tuple[Path, ...] = ()
    tmp: Path | None = None
    cwd: Path | None = None
    user: int | None = None
    umask: int | None = None
    cpus: tuple[int, ...] = ()
    host: str = ""
    pids: int = 0
    offline: bool = False

    def applied(self, spec: dict[str, Any]) -> dict[str, Any]:  # Any: the specification is JSON
        """The specification of a command for the launcher, with all this in it."""
        if self == UNCHANGED:
            return spec
        env = {name: value for name, value in {**spec["env"], **self.env}.items() if name not in self.without}
        closed = {str(path) for path in self.closed}
        found = spec | {
            "env": env,
            "cwd": str(self.cwd or spec["cwd"]),
            "tmp": str(self.tmp or spec["tmp"]),
            "network": spec["network"] and not self.offline,
            "writable": [*(path for path in spec["writable"] if path not in closed), *map(str, self.opened)],
            "binds": [[str(bind.source), str(bind.target), bind.writable] for bind in self.binds],
            "locked": [str(path) for path in self.locked],
            "umask": spec.get("umask", 0o022) if self.umask is None else self.umask,
            "cpus": list(self.cpus),
            "host": self.host,
            "pids": self.pids,
        }
        if self.user is not None:
            # Where we are root the command takes this id; elsewhere it is told so by its user namespace.
            found |= {"uid": self.user, "gid": self.user} if spec["uid"] else {"inner_uid": self.user}
        return found


UNCHANGED: Final = Changed()

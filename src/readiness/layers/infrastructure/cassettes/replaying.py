"""A demo answered from its cassette: with the network off, without its credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final

from readiness.config.manifest import Demo
from readiness.errors import NotRecorded
from readiness.formats.cassette import Cassette
from readiness.layers.infrastructure.cassettes import library
from readiness.layers.infrastructure.cassettes.library import Found
from readiness.layers.infrastructure.cassettes.replayer import Replayer
from readiness.sequence.wording import times
from readiness.world import demo as demos
from readiness.world.demo import Run
from readiness.world.project import Project
from readiness.world.proxy.doors import Door, Gate, Keeper
from readiness.world.sandbox import without_work_folder
from readiness.world.session import Session

SETTLE_S: Final = 5.0
"""How long what is under way may take once the demo has ended."""
AGAIN: Final = "readiness record"
_HOST: Final = re.compile(r"host=['\"]([\w.-]+)['\"]|resolve(?: host)?:? ['\"]?([\w.-]+\.[\w-]+)|https?://([\w.-]+\.[a-z]{2,})")


class Replaying:
    """Answers the runs of a demo from the cassette its manifest names, or the newest of it."""

    def __init__(self, project: Project, now: datetime) -> None:
        self._project = project
        self._now = now

    def secrets(self, demo: Demo) -> Mapping[str, str]:
        """Canaries: no credential is needed, and none is given."""
        return demos.canaries(demo)

    @contextmanager
    def open(self, session: Session, demo: Demo, label: str) -> Iterator[Replayed]:
        """Opens the doors behind which the cassette answers. Raises NotRecorded where there is none that counts."""
        found = library.chosen(self._project.root, self._project.home, demo)
        if trouble := library.obstacle(found, demo, self._now):
            raise NotRecorded(trouble, AGAIN)
        assert found is not None, "without a cassette there is an obstacle"
        assert found.cassette is not None, "one that is not believed is an obstacle"
        replayer = Replayer(found.cassette, found.body, without_work_folder, demos.canaries(demo))
        gate = gate_of(session, label, replayer, tuple(Door(base.variable, base.url) for base in found.cassette.bases))
        try:
            yield Replayed(gate, replayer, found, found.cassette)
        finally:
            gate.close()


def gate_of(session: Session, label: str, keeper: Keeper, doors: tuple[Door, ...]) -> Gate:
    """The doors of a run, in a folder its sandbox sees."""
    box = session.sandbox
    gate = Gate(keeper, doors, box.given / f"doors-{label}", box.private / f"authority-{label}", box.given / "authorities.pem")
    box.show(gate.folder)
    return gate


class Replayed:
    """One run answered from a cassette."""

    def __init__(self, gate: Gate, replayer: Replayer, found: Found, cassette: Cassette) -> None:
        self.doors, self.env = gate.doors.sockets, gate.doors.env
        self._gate = gate
        self._replayer = replayer
        self._found = found
        self._cassette = cassette

    def told(self, run: Run) -> Run:
        """The run with its calls of models. Raises NotRecorded where anything it asked was not in the cassette."""
        self._gate.settle(SETTLE_S)
        reasons = [*(miss.text for miss in self._replayer.misses), *self._unheard(run)]
        if reasons:
            unlike = dict.fromkeys(reasons)
            more = f" (and {len(unlike) - 1} more)" if len(unlike) > 1 else ""
            raise NotRecorded(f"{next(iter(unlike))}{more}", AGAIN)
        watched = replace(run.watched, calls=(*run.watched.calls, *self._replayer.calls), cassette=self._name())
        return replace(run, watched=watched)

    def _name(self) -> str:
        return f"{self._found.path.name}, recorded on {self._cassette.recorded_at:%Y-%m-%d}"

    def _unheard(self, run: Run) -> Iterator[str]:
        """What went past the proxy, or would not speak to it, and did not when it was recorded."""
        for host in self._replayer.pins:
            if host not in self._cassette.pinned:
                yield f"a client does not believe the certificate made for {host}: it pins one, or ignores SSL_CERT_FILE"
        for what in self._replayer.others:
            if what not in self._cassette.unsupported:
                yield f"a client speaks what cannot be recorded: {what}"
        if run.watched.strays and not self._cassette.strays:
            yield f"{times(run.watched.strays)} something was sent past the proxy{_to(run)}, which cannot be answered"


def _to(run: Run) -> str:
    found = _HOST.search(run.ran.stderr)
    return f" (to {next(name for name in found.groups() if name)})" if found else ""

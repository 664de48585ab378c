"""A demo recorded: with its real credentials, the network reached through the recorder alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from readiness import __version__
from readiness.config.manifest import Demo
from readiness.formats.cassette import Base, Cassette, Statement
from readiness.formats.redaction import Redactor, Secret
from readiness.layers.infrastructure.cassettes import library
from readiness.layers.infrastructure.cassettes.recorder import Recorder
from readiness.layers.infrastructure.cassettes.replaying import SETTLE_S, gate_of
from readiness.world import demo as demos
from readiness.world import watched
from readiness.world.demo import Run
from readiness.world.proxy.doors import DEFAULTS, KNOWN, Door, Gate
from readiness.world.proxy.upstream import Upstream
from readiness.world.session import Session

_OTHER: Final = {"OPENAI_BASE_URL": "OPENAI_API_BASE", "OPENAI_API_BASE": "OPENAI_BASE_URL"}
"""Two names of one variable: where only one is set, clients of both go by it, and the other is not given."""
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1", "0.0.0.0")  # noqa: S104  addresses to recognise, none to bind


def doors(demo: Demo, environment: Mapping[str, str]) -> tuple[Door, ...]:
    """Whom the demo's clients ask by a variable: as the manifest says, else the user's own environment, else the vendor.

    An address on loopback that the manifest gives is started by the demo itself, and crosses nothing.
    """
    found = {}
    for variable in KNOWN:
        if variable in demo.env:
            if not _is_own(demo.env[variable]):
                found[variable] = _url(demo.env[variable])
        elif environment.get(variable):
            found[variable] = _url(environment[variable])
        elif variable in DEFAULTS and not _set(_OTHER.get(variable, ""), demo, environment):
            found[variable] = DEFAULTS[variable]
    return tuple(Door(variable, found[variable]) for variable in sorted(found))


def _set(variable: str, demo: Demo, environment: Mapping[str, str]) -> bool:
    return bool(demo.env.get(variable) or environment.get(variable))


def _url(value: str) -> str:
    """An address as a URL; Ollama's may be a host and a port alone."""
    url = value if "://" in value else f"http://{value}"
    parts = urlsplit(url)
    if parts.hostname == "0.0.0.0":  # noqa: S104  where a server listens, given to a client
        url = url.replace("0.0.0.0", "127.0.0.1", 1)  # noqa: S104
    return url.rstrip("/")


def _is_own(value: str) -> bool:
    try:
        return urlsplit(value if "://" in value else f"http://{value}").hostname in _LOOPBACK
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a demo is recorded: whom it may ask, the values of its secrets, and how long the cassette counts."""

    doors: tuple[Door, ...]
    values: Mapping[str, str]
    now: datetime
    expires_at: datetime
    upstream: Upstream


class Recording:
    """Records the runs of a demo; `made` is the cassette of the last one, whose bodies lie in `folder`."""

    def __init__(self, wanted: Wanted, project: str, demo: Demo) -> None:
        self.wanted = wanted
        self.redactor = Redactor((Secret(name, value, demos.canary(name)) for name, value in wanted.values.items()), demo.redact)
        self.made: Cassette | None = None
        self.troubles: tuple[str, ...] = ()
        self.folder = Path()
        self._project = project

    def secrets(self, demo: Demo) -> Mapping[str, str]:
        """The real values, which the user agreed to hand over."""
        return self.wanted.values

    @contextmanager
    def open(self, session: Session, demo: Demo, label: str) -> Iterator[Recorded]:
        """Opens the doors behind which everything is sent on and kept."""
        self.folder = session.sandbox.private / f"cassette-{label}"
        recorder = Recorder(self.wanted.upstream, self.redactor, self.folder)
        gate = gate_of(session, label, recorder, self.wanted.doors)
        try:
            yield Recorded(gate, self, recorder, session, demo)
        finally:
            gate.close()

    def finish(self, recorder: Recorder, session: Session, demo: Demo, run: Run) -> None:
        """Makes the cassette of a run, once what is under way has ended."""
        clean = self.redactor.text
        self.troubles = tuple(dict.fromkeys(recorder.troubles))
        self.made = Cassette(
            project=self._project,
            demo=library.demo_digest(demo),
            recorded_at=self.wanted.now,
            expires_at=self.wanted.expires_at,
            version=__version__,
            bases=tuple(Base(base.variable, self.redactor.url(base.url)) for base in self.wanted.doors),
            secrets=demo.secrets,
            redact=demo.redact,
            volatile=demo.volatile,
            exchanges=recorder.exchanges,
            statements=tuple(Statement(clean(s.text), s.calls, s.rows, s.tables) for s in watched.statements(session, run.database)),
            reads=tuple(clean(path) for path in run.reads or ()),
            strays=run.watched.strays,
            pinned=tuple(dict.fromkeys(recorder.pins)),
            unsupported=tuple(dict.fromkeys(recorder.others)),
        )
        self.made = replace(self.made, redactions=dict(self.redactor.counts))


class Recorded:
    """One run that is recorded."""

    def __init__(self, gate: Gate, recording: Recording, recorder: Recorder, session: Session, demo: Demo) -> None:
        self.doors, self.env = gate.doors.sockets, gate.doors.env
        self._gate = gate
        self._recording, self._recorder = recording, recorder
        self._session, self._demo = session, demo

    def told(self, run: Run) -> Run:
        """The run with its calls of models; its cassette is made."""
        self._gate.settle(SETTLE_S)
        self._recorder.stop()
        self._gate.settle(SETTLE_S)
        self._recording.finish(self._recorder, self._session, self._demo, run)
        return replace(run, watched=replace(run.watched, calls=(*run.watched.calls, *self._recorder.calls)))

"""What layer 1 observes: types only, the door through which other layers may look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from readiness.sequence.evidence import Digest
from readiness.sequence.finding import Cause, Location, Problem


class Factor(StrEnum):
    """What a change of results can come from, besides chance."""

    CODE = "code"
    CONFIGURATION = "configuration"
    INFRASTRUCTURE = "infrastructure"
    DATA = "data"
    MODEL = "model"
    PROMPTS = "prompts"


@dataclass(frozen=True, slots=True)
class Installed:
    """How the installation went: by which procedure (`source`), with which Python, what it gave, why it failed.

    `relock` is the command that resolves the declaration anew, empty where none would work.
    """

    procedure: str
    source: str
    declared: str
    python: str
    unread: str
    cause: Cause
    reason: str
    package_count: int
    elapsed_s: float
    tried: tuple[str, ...]
    here: tuple[str, ...]
    notes: tuple[str, ...] = ()
    relock: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """How one module, console script or notebook started; `reason` and `cause` where it did not.

    `variables` are those a guard named, and `said` is the last it printed where it did not end. `suspect` is the installed
    module the failure is about, `raised_in` the one that failed while it was itself imported.
    """

    subject: str
    cause: Cause
    reason: str = ""
    location: Location | None = None
    aside: bool = False
    note: str = ""
    variables: tuple[str, ...] = ()
    suspect: str = ""
    raised_in: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """An environment variable that a file of the project asks for; `required` where it does not go on without.

    `instead` are variables of which any one would do as well.
    """

    name: str
    location: Location
    required: bool
    executed: bool
    instead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table in a file looks like: its columns as (name, type), and how many rows it has."""

    columns: tuple[tuple[str, str], ...]
    rows: int


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was: its digest, its mode as git writes it, its size, and the shape of a table where it is one.

    `kept` says that its text can be read again, from the commit or from what was kept beside the run. `digest` is empty
    where the file changed, or could not be read, before it was looked at.
    """

    digest: Digest
    mode: str
    size_bytes: int
    kept: bool = False
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """A file a run wrote: its digest and its size; the file itself is not kept."""

    digest: Digest
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An environment: what is below a project and not in its files. A part that could not be seen is named in `absent`.

    `packages` maps canonical names to installed versions, `altered` names installed files that are not what their package
    shipped, `locked` maps canonical names to the versions the locks pin, `images` services to image ids, `resources`
    addresses of infrastructure as code to their attributes, `variables` names to a keyed HMAC of the value under the key
    named `key`. No value of a variable or of a sensitive attribute is in it.
    """

    interpreter: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    altered: tuple[str, ...] = ()
    verified_files: int = 0
    locked: Mapping[str, str] = field(default_factory=dict)
    locks: Mapping[str, str] = field(default_factory=dict)
    system: Mapping[str, str] = field(default_factory=dict)
    system_packages: Mapping[str, str] = field(default_factory=dict)
    cpu: Mapping[str, str] = field(default_factory=dict)
    blas: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a command, with the digest of each factor of its result.

    `id` is `r-<uuid7>`, `started` is UTC, `elapsed_s` wall time, `exit_code` as a shell says it (128 + signal). `files` maps
    the project's paths to their state before the command started; what the command writes as an output is none of them.
    `metrics` may hold NaN and infinities. `notes` say what could not be recorded.
    """

    id: str
    project: str
    command: tuple[str, ...]
    started: datetime
    elapsed_s: float
    exit_code: int
    commit: str
    dirty: bool
    tree: Digest
    seed: str
    factors: Mapping[Factor, Digest]
    files: Mapping[str, FileState]
    outputs: Mapping[str, Output]
    metrics: Mapping[str, float]
    snapshot: Snapshot
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One comparison: what was compared with what, every drift, or why it could not be made (`cause`).

    `absent` says why there is nothing live to compare; then nothing else is said. `executed` is False where it was only read.
    """

    compared: str = ""
    problems: tuple[Problem, ...] = ()
    cause: Cause = Cause.NONE
    reason: str = ""
    absent: str = ""
    note: str = ""
    executed: bool = True

"""What decides the versions that are installed: which packages a lock or a list pins, and which are left to the day."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from readiness.formats import locks, requirements
from readiness.layers.infrastructure.locking import Locking, listed_files, local_folders, locking, metadata_file, named_words, toml
from readiness.layers.infrastructure.procedure import unused_lock
from readiness.sequence.finding import Location, Remedy
from readiness.sequence.wording import agreeing, counted
from readiness.world import record
from readiness.world.context import Context
from readiness.world.environment import Procedure
from readiness.world.project import Project


@dataclass(frozen=True, slots=True)
class Declared:
    """What a project asks for directly: name → pinned version or empty, and the file that says so."""

    direct: dict[str, str]
    pinned: dict[str, set[str]]
    file: str
    lock: str
    hashed: bool
    where: dict[str, Location]


@dataclass(frozen=True, slots=True)
class Drift:
    """Installed packages that nothing pins, beside what was declared. `before` is the day after the project last changed."""

    direct: int
    pinned_direct: int
    unpinned: tuple[str, ...]
    installed: dict[str, str]
    file: str
    kind: str
    source: str = ""
    named: frozenset[str] = frozenset()
    """Packages the project declares, whether or not they were installed."""
    unused_lock: str = ""
    """A lock that is there and that nothing installs from."""
    lock: str = ""
    locking: Locking = field(default_factory=Locking)
    before: str = ""

    @property
    def counts(self) -> str:
        """How much is pinned, in half a sentence."""
        left = len(self.unpinned)
        return f"{self.direct_counts}, {counted(left, 'package')} in all {agreeing(left, 'is', 'are')} not"

    @property
    def direct_counts(self) -> str:
        """How much of what is declared is pinned."""
        return f"{self.pinned_direct} of {counted(self.direct, 'direct dependency')} {agreeing(self.pinned_direct, 'is', 'are')} pinned"

    def remedy_for_missing(self, name: str) -> Remedy:
        """How to declare a package that is imported and nowhere declared, with the project's own tool."""
        if self.kind == "notebook":
            return Remedy(f"add {name} to what the notebook installs, or name all of it in a requirements.txt")
        if not self.direct and not self.locking.files:
            return Remedy("name what is imported in requirements.txt, then lock", self.locking.add(name))
        return Remedy(f"declare {name} where the other packages are declared, then lock", self.locking.add(name))

    def remedy(self) -> Remedy:
        """How to pin everything."""
        if self.unused_lock:
            return self._use_lock()
        if self.kind == "notebook":
            return Remedy("name exact versions in a requirements.txt and install from that, not from within the notebook")
        return Remedy("pin every package, not only the direct ones, and install from that", self.locking.lock())

    def remedy_for_drift(self, top: str) -> Remedy:
        """How to pin everything as it once worked: the suspect held back, or releases of the project's own time."""
        held = HELD_BACK.get(top, "")
        command = self.locking.lock(held=held, before=self.before)
        if held or not self.before or self.before not in command:
            return replace(self.remedy(), command=command) if command else self.remedy()
        return Remedy(f"pin every package as of {self.before}, when the project was last changed, and install from that", command)

    def _use_lock(self) -> Remedy:
        place, _, line = self.source.partition(":")
        text = f"{self.unused_lock} is there and nothing installs from it: name it in {place} in place of {self.file}"
        # an image build copies what it installs from, so every mention of the list changes there
        lines = line if line and place.lower().startswith("readme") else ""
        return Remedy(text, f"sed -i '{lines}s|{self.file}|{self.unused_lock}|' {place}")


HELD_BACK: Final = {"pkg_resources": "setuptools<81"}
"""Modules that a later release dropped, and the bound under which they were still there."""

DROPPED_FROM: Final = {"pkg_resources": "setuptools"}
"""The packages they were dropped from."""


def declared(project: Project, procedure: Procedure) -> Declared:
    """What the files that decide the installation say, without running anything."""
    if procedure.lock in locks.READ:
        try:
            pinned = locks.pinned(procedure.lock, project.text(procedure.lock))
        except ValueError:
            pinned = {}
        return Declared(_metadata(project, ""), pinned, procedure.lock, procedure.lock, True, {})
    steps = procedure.steps
    files = listed_files(steps) or ([procedure.lock] if procedure.lock else [])
    direct, where, listed, hashed = _listed(project, files)
    local = local_folders(project, steps)
    for folder in local:
        for name, version in _metadata(project, folder).items():
            direct[name] = direct.get(name) or version
    direct |= {line.name: line.version for step in steps for word in named_words(step.argv) for line in requirements.parse(word).lines}
    pinned = {name: {version} | listed.get(name, set()) for name, version in direct.items() if version}
    loose = next((where[name].file for name, version in direct.items() if not version and name in where), "")
    stated = [file for folder in local if (file := metadata_file(project, folder))]
    source = procedure.source.partition(":")[0]
    file = loose or next((name for name in (*reversed(files), *stated, source) if name in project.paths), "")
    return Declared(direct, pinned, file, "", hashed, where)


def _listed(project: Project, files: list[str]) -> tuple[dict[str, str], dict[str, Location], dict[str, set[str]], bool]:
    direct: dict[str, str] = {}
    where: dict[str, Location] = {}
    pinned: dict[str, set[str]] = {}  # one package may be listed once for each of several markers
    hashed, queue, seen = bool(files), list(files), set()
    while queue:
        file = queue.pop(0)
        if file in seen or file not in project.paths:
            continue
        seen.add(file)
        parsed = requirements.parse(project.text(file))
        hashed = hashed and (parsed.hashed or not parsed.lines)
        folder = file.rpartition("/")[0]
        queue += [f"{folder}/{name}".lstrip("/") for name in (*parsed.includes, *parsed.constraints)]
        for line in parsed.lines:
            direct[line.name] = direct.get(line.name) or line.version
            where.setdefault(line.name, Location(file, line.line))
            if line.version:
                pinned.setdefault(line.name, set()).add(line.version)
    return direct, where, pinned, hashed


def _metadata(project: Project, folder: str) -> dict[str, str]:
    within = f"{folder}/" if folder else ""
    data = toml(project.text(f"{within}pyproject.toml"))
    found: dict[str, str] = {}
    for text in data.get("project", {}).get("dependencies", []):
        try:
            item = Requirement(text)
        except InvalidRequirement:
            continue
        pins = [s.version for s in item.specifier if s.operator == "==" and not s.version.endswith("*")]
        found[canonicalize_name(item.name)] = pins[0] if pins else ""
    for name, spec in data.get("tool", {}).get("poetry", {}).get("dependencies", {}).items():
        text = spec if isinstance(spec, str) else str(spec.get("version", "")) if isinstance(spec, dict) else ""
        if name != "python":
            found[canonicalize_name(name)] = text.lstrip("= ") if re.fullmatch(r"=*\s*\d+(\.\d+)+", text) else ""
    if not found and (listed := re.search(r"install_requires\s*=\s*\[(.*?)\]", project.text(f"{within}setup.py"), re.DOTALL)):
        for _, text in re.findall(r"([\"'])(.+?)\1", listed[1]):
            for line in requirements.parse(text).lines:
                found[line.name] = line.version
    return found


def drift(context: Context) -> Drift | None:
    """What of the first environment nothing pins; None where nothing was installed."""
    environment = context.session.first
    if not environment.ready:
        return None
    project, procedure = context.project, context.session.procedure
    said = declared(project, procedure)
    own = record.local_packages(environment.path)
    free = [name for name, version in sorted(environment.packages.items()) if name not in own and not _matches(said, name, version)]
    asked = [name for name in said.direct if name in environment.packages]
    return Drift(
        direct=len(asked),
        pinned_direct=sum(bool(said.pinned.get(name)) for name in asked),
        unpinned=tuple(free),
        installed=dict(environment.packages),
        file=said.file,
        kind=procedure.kind,
        source=procedure.source,
        named=frozenset(said.direct),
        unused_lock=unused_lock(project, procedure),
        lock=said.lock,
        locking=locking(project, procedure),
        before=(project.changed_at.date() + timedelta(days=1)).isoformat() if project.changed_at else "",
    )


def _matches(said: Declared, name: str, version: str) -> bool:
    versions = said.pinned.get(name, set())
    return any(_same(version, other) for other in versions)


def _same(installed: str, pinned: str) -> bool:
    if "://" in pinned or re.fullmatch(r"[0-9a-f]{40}", pinned) or pinned == "":
        return True
    try:
        return Version(installed).public == Version(pinned).public or Version(installed) == Version(pinned)
    except InvalidVersion:
        return installed == pinned

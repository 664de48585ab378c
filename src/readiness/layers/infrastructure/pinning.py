"""What decides the versions that are installed: which packages a lock or a list pins, and which are left to the day."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from readiness.formats import locks, requirements
from readiness.layers.infrastructure.procedure import unused_lock
from readiness.sequence.finding import Location, Remedy
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
    """Installed packages that nothing pins, beside what was declared."""

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

    def installed_text(self, top: str) -> str:
        """The package of that module with its version, where it is installed and not pinned."""
        name = str(canonicalize_name({"pkg_resources": "setuptools"}.get(top, top)))
        return f"{name} {self.installed[name]}" if name in self.unpinned and name in self.installed else ""

    def remedy_for_missing(self, name: str) -> Remedy:
        """How to declare a package that is imported and nowhere declared, with the project's own tool."""
        if self.kind == "notebook":
            return Remedy(f"add {name} to what the notebook installs, or name all of it in a requirements.txt")
        text = f"declare {name} where the other packages are declared, then lock"
        commands = {"poetry": f"poetry add {name}", "pipenv": f"pipenv install {name}"}
        if self.kind in ("pip", "bare") and self.file.endswith((".txt", ".in")):
            commands["pip"] = f"echo {name} >> {self.file}"
        return Remedy(text, commands.get(self.kind, f"uv add {name}"))

    def remedy(self, top: str = "") -> Remedy:
        """How to pin everything, with the suspect held back where there is one."""
        text = "pin every package, not only the direct ones, and install from that"
        if self.unused_lock and not top:
            return self._use_lock()
        held = HELD_BACK.get(top, "")
        if self.kind == "notebook":
            return Remedy("name exact versions in a requirements.txt and install from that, not from within the notebook")
        if self.kind in ("uv", "package", "poetry"):
            tool = "poetry" if self.kind == "poetry" else "uv"
            return Remedy(text, f"{tool} add '{held}'" if held else f"{tool} lock")
        compile_all = f"uv pip compile --generate-hashes {self.file}"
        command = f"echo '{held}' | {compile_all} - -o requirements.lock" if held else f"{compile_all} -o requirements.lock"
        return Remedy(text, command)

    def _use_lock(self) -> Remedy:
        place, _, line = self.source.partition(":")
        text = f"{self.unused_lock} is there and nothing installs from it: name it in {place} in place of {self.file}"
        # an image build copies what it installs from, so every mention of the list changes there
        lines = line if line and place.lower().startswith("readme") else ""
        return Remedy(text, f"sed -i '{lines}s|{self.file}|{self.unused_lock}|' {place}")


HELD_BACK: Final = {"pkg_resources": "setuptools<81"}
"""Modules that a later release dropped, and the bound under which they were still there."""


def declared(project: Project, procedure: Procedure) -> Declared:
    """What the files that decide the installation say, without running anything."""
    if procedure.lock in locks.READ:
        try:
            pinned = locks.pinned(procedure.lock, project.text(procedure.lock))
        except ValueError:
            pinned = {}
        direct = _metadata(project)
        return Declared(direct, pinned, procedure.lock, procedure.lock, True, {})
    files = [file for step in procedure.steps for file in _files(step.argv)] or ([procedure.lock] if procedure.lock else [])
    direct, where, listed, hashed = _listed(project, files)
    if any(word in (".", "-e", "pyproject.toml") or word.startswith(".[") for step in procedure.steps for word in step.argv):
        for name, version in _metadata(project).items():
            direct[name] = direct.get(name) or version
    direct |= {name: version for step in procedure.steps for name, version in _named(step.argv).items()}
    pinned = {name: {version} | listed.get(name, set()) for name, version in direct.items() if version}
    loose = next((where[name].file for name, version in direct.items() if not version and name in where), "")
    named = next((name for name in ("pyproject.toml", "setup.py") if name in project.paths), "requirements.txt")
    file = loose or (files[-1] if files else named)
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


def _files(argv: tuple[str, ...]) -> list[str]:
    return [after for word, after in pairwise(argv) if word in ("-r", "-c") and after != "pyproject.toml"]


def _named(argv: tuple[str, ...]) -> dict[str, str]:
    if argv[:3] != ("uv", "pip", "install"):
        return {}
    found: dict[str, str] = {}
    previous = ""
    for word in argv[5:]:
        if not word.startswith(("-", ".", "{")) and previous not in (
            "-r",
            "-c",
            "-e",
            "-i",
            "-f",
            "--index-url",
            "--extra-index-url",
            "--find-links",
        ):
            line = requirements.parse(word).lines
            found |= {item.name: item.version for item in line}
        previous = word
    return found


def _metadata(project: Project) -> dict[str, str]:
    try:
        data = tomllib.loads(project.text("pyproject.toml"))
    except tomllib.TOMLDecodeError:
        return {}
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
    if not found and (listed := re.search(r"install_requires\s*=\s*\[(.*?)\]", project.text("setup.py"), re.DOTALL)):
        for _, text in re.findall(r"([\"'])(.+?)\1", listed[1]):
            for line in requirements.parse(text).lines:
                found[line.name] = line.version
    return found


def drift(context: Context) -> Drift | None:
    """What of the first environment nothing pins; None where nothing was installed."""
    environment = context.session.first
    if not environment.ready:
        return None
    said = declared(context.project, context.session.procedure)
    own = record.local_packages(environment.path)
    free = [name for name, version in sorted(environment.packages.items()) if name not in own and not _matches(said, name, version)]
    asked = [name for name in said.direct if name in environment.packages]
    pinned = sum(bool(said.pinned.get(name)) for name in asked)
    procedure = context.session.procedure
    return Drift(
        direct=len(asked),
        pinned_direct=pinned,
        unpinned=tuple(free),
        installed=dict(environment.packages),
        file=said.file,
        kind=procedure.kind,
        source=procedure.source,
        named=frozenset(said.direct),
        unused_lock=unused_lock(context.project, procedure),
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

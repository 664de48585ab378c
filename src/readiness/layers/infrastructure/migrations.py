"""Which migrations a project has, and with what they are applied: its own command, a tool's, or files of SQL in order."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from readiness.config.manifest import Manifest
from readiness.layers.infrastructure.locking import toml
from readiness.world.project import ASIDE, Project

_OUTSIDE: Final = ASIDE - {"scripts", "tools", "docs", "doc"}
"""Folders whose migrations are about something else."""
_PLACED: Final = frozenset({"migrations", "migration", "migrate", "schema_migrations", "drizzle"})
_FLYWAY: Final = re.compile(r"(V(?P<number>\d+(?:[._]\d+)*)|R)__.+\.sql")
_NUMBERED: Final = re.compile(r"(?P<number>\d+)(?:[-_.].*)?\.sql", re.IGNORECASE)
_DOWN: Final = re.compile(r"[._-](?:down|rollback|undo|revert)\.sql$", re.IGNORECASE)
_UP: Final = re.compile(r"[._-]up\.sql$", re.IGNORECASE)
_SECTION: Final = re.compile(
    r"^--\s*(?:\+goose\s+|\+migrate\s+|migrate:|rambler\s+)(up|down)\b(?P<said>[^\n]*)", re.IGNORECASE | re.MULTILINE
)
_OTHER: Final = (
    ("MySQL", re.compile(r"\bauto_increment\b|\bengine\s*=\s*\w+|`\w+`\s+(?:int|varchar|text|bigint)", re.IGNORECASE)),
    ("SQLite", re.compile(r"\bautoincrement\b|\bpragma\s+\w+|\bwithout\s+rowid\b|\bdatetime\s*\(\s*'now'", re.IGNORECASE)),
    ("SQL Server", re.compile(r"\bidentity\s*\(\s*1\s*,|\bnvarchar\b|^\s*go\s*$", re.IGNORECASE | re.MULTILINE)),
)
"""What only another database understands."""


@dataclass(frozen=True, slots=True)
class Part:
    """SQL of a file: its text, and the line of the file it begins on."""

    file: str
    text: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class Script:
    """One migration in SQL, with its way back where there is one. `whole`: its tool runs it in one transaction."""

    name: str
    up: Part
    down: Part | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """How one schema is migrated: by which `tool`, found in `source`, which `folder` its commands run in.

    `paths` are the files that make up the migrations, `count` how many migrations there are. `scripts` are those of the
    tool `sql`; `apply` and `back` are commands of the project. `place` is what a tool has to be told.
    """

    tool: str
    source: str
    paths: tuple[str, ...]
    count: int
    folder: str = ""
    scripts: tuple[Script, ...] = ()
    apply: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    place: str = ""
    other: str = ""
    """The database that these are for, where that is another than PostgreSQL."""

    @property
    def prepared_by(self) -> str:
        """Who makes schemas and roles that these migrations may rely on, so that an empty database is not theirs."""
        return "Supabase" if "supabase" in self.source.split("/") else ""


def find(project: Project, manifest: Manifest) -> tuple[Plan, ...]:
    """The migrations of a project: those of the manifest's command alone, else whatever tools and folders there are."""
    own = manifest.infrastructure
    if own.migrate:
        paths = tuple(path for path in sorted(project.paths) if path.endswith(".sql") or "migrat" in path.lower())
        return (Plan("manifest", "readiness.toml", paths, 0, apply=own.migrate, back=own.rollback),)
    found = [*_alembic(project), *_django(project), *_yoyo(project), *_sql(project)]
    return tuple(
        Plan(plan.tool, plan.source, plan.paths, plan.count, plan.folder, plan.scripts, (), own.rollback, plan.place, plan.other)
        for plan in found
    )


def of(source: str, project: Project, manifest: Manifest) -> Plan | None:
    """The migrations of that source in another state of the project; None where it had none."""
    return next((plan for plan in find(project, manifest) if plan.source == source), None)


def _beside(path: str) -> bool:
    return not _OUTSIDE.isdisjoint(part.lower() for part in path.split("/")[:-1])


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _join(folder: str, name: str) -> str:
    parts: list[str] = []
    for part in f"{folder}/{name}".split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part)
    return "/".join(parts)


def _alembic(project: Project) -> Iterator[Plan]:
    """Alembic: each `alembic.ini`, or the table of `pyproject.toml` where there is none, that leads to versions."""
    inis = sorted(path for path in project.paths if path.rpartition("/")[2] == "alembic.ini" and not _beside(path))
    for ini in inis or [path for path in ("pyproject.toml",) if "alembic" in toml(project.text(path)).get("tool", {})]:
        settings = _alembic_settings(project, ini)
        folder, script, versions = _alembic_place(project, ini, settings.get("script_location", "alembic"))
        if versions:
            paths = tuple(path for path in sorted(project.paths) if path.startswith(f"{script}/")) if script else tuple(versions)
            other = _other_url(settings.get("sqlalchemy.url", ""))
            place = ini.removeprefix(f"{folder}/") if folder else ini
            yield Plan("alembic", ini, (*paths, ini), len(versions), folder, place=place, other=other)


def _alembic_place(project: Project, ini: str, location: str) -> tuple[str, str, list[str]]:
    """The folder alembic is to be run in, the folder of its scripts, and its versions, which are empty where there are none.

    What says `%(here)s` is meant from the file's own folder, everything else from where alembic is run, which is that
    folder or one above it. One above the project itself is not here: there the file's own stands for it.
    """
    own = _parent(ini)
    if "%(here)s" in location:
        return own, *_alembic_versions(project, _join(own, location.replace("%(here)s", ".")))
    above = [own]
    while above[-1]:
        above.append(_parent(above[-1]))
    for folder in above:
        script, versions = _alembic_versions(project, _join(folder, location))
        if versions:
            return folder, script, versions
    outside, meant = f"{_join('', project.folder)}/", _join("", location)
    inside = meant.removeprefix(outside) if meant.startswith(outside) else ""
    return (own, *_alembic_versions(project, inside)) if inside else (own, "", [])


def _alembic_versions(project: Project, script: str) -> tuple[str, list[str]]:
    within = re.escape(f"{script}/" if script else "")
    versions = sorted(path for path in project.paths if re.fullmatch(rf"{within}versions/(?:.*/)?[^/]+\.py", path))
    return script, [path for path in versions if not path.endswith("__init__.py")]


def _alembic_settings(project: Project, ini: str) -> dict[str, str]:
    if ini.endswith(".toml"):
        table = toml(project.text(ini)).get("tool", {}).get("alembic", {})
        return {key: str(value) for key, value in table.items()}
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(project.text(ini))
        return dict(parser.items("alembic"))
    except configparser.Error:
        return {}


def _other_url(url: str) -> str:
    scheme = url.partition(":")[0].partition("+")[0].lower()
    names = {"sqlite": "SQLite", "mysql": "MySQL", "mariadb": "MariaDB", "mssql": "SQL Server", "oracle": "Oracle"}
    return names.get(scheme, "")


def _django(project: Project) -> Iterator[Plan]:
    """Django: each `manage.py` with migrations below its folder."""
    for manage in sorted(path for path in project.paths if path.rpartition("/")[2] == "manage.py" and not _beside(path)):
        if "DJANGO_SETTINGS_MODULE" not in project.text(manage):
            continue
        folder = _parent(manage)
        within = f"{folder}/" if folder else ""
        paths = [path for path in sorted(project.paths) if path.startswith(within) and re.search(r"(?:^|/)migrations/\d\w*\.py$", path)]
        if paths:
            engines = "".join(project.text(path) for path in project.paths if "settings" in path and path.endswith(".py"))
            other = "" if "postgres" in engines.lower() else "SQLite" if "sqlite3" in engines else "MySQL" if "mysql" in engines else ""
            yield Plan("django", manage, tuple(paths), len(paths), folder, place="manage.py", other=other)


def _yoyo(project: Project) -> Iterator[Plan]:
    """yoyo: each `yoyo.ini` that names a folder of migrations."""
    for ini in sorted(path for path in project.paths if path.rpartition("/")[2] == "yoyo.ini" and not _beside(path)):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(project.text(ini))
        except configparser.Error:
            continue
        source = parser.defaults().get("sources", "migrations").split()[0].replace("%(here)s", ".")
        folder = _parent(ini)
        place = _join(folder, source)
        paths = [path for path in sorted(project.paths) if _parent(path) == place and path.endswith((".py", ".sql"))]
        steps = [path for path in paths if not _DOWN.search(path) and not path.endswith("__init__.py")]
        if steps:
            other = _other_url(parser.defaults().get("database", ""))
            yield Plan("yoyo", ini, (*paths, ini), len(steps), folder, place=source, other=other)


def _sql(project: Project) -> Iterator[Plan]:
    """Folders of numbered SQL: golang-migrate, dbmate, goose, Flyway, and whatever else numbers its files."""
    taken = {_join(plan.folder, plan.place) for plan in _yoyo(project)}
    folders: dict[str, list[str]] = {}
    for path in sorted(project.paths):
        if path.endswith(".sql") and not _beside(path) and (folder := _folder_of(path)) is not None and folder not in taken:
            folders.setdefault(folder, []).append(path)
    for folder, paths in folders.items():
        scripts = _scripts(project, folder, paths)
        if scripts:
            whole = "\n".join(project.text(path) for path in paths)
            other = next((name for name, pattern in _OTHER if pattern.search(whole)), "")
            yield Plan("sql", folder, tuple(paths), len(scripts), folder, scripts, other=other)


def _folder_of(path: str) -> str | None:
    """The folder of migrations that a file of SQL is one of; None where it is none."""
    folder, _, name = path.rpartition("/")
    last = folder.rpartition("/")[2].lower()
    if _FLYWAY.fullmatch(name) or (last in _PLACED and _NUMBERED.fullmatch(name)):
        return folder
    above, _, own = folder.rpartition("/")
    nested = name in ("up.sql", "down.sql", "migration.sql") and re.match(r"\d", own) and above.rpartition("/")[2].lower() in _PLACED
    return above if nested else None


def _scripts(project: Project, folder: str, paths: list[str]) -> tuple[Script, ...]:
    ups = {path for path in paths if not _is_down(path)}
    found = [(_order(folder, path), _script(project, path, _down_of(path, paths))) for path in ups]
    return tuple(script for _, script in sorted(found, key=lambda item: item[0]))


def _is_down(path: str) -> bool:
    name = path.rpartition("/")[2]
    return bool(_DOWN.search(name)) or name == "down.sql" or bool(re.fullmatch(r"U\d.*__.+\.sql", name))


def _order(folder: str, path: str) -> tuple[bool, tuple[int, ...], str]:
    name = path.removeprefix(f"{folder}/")
    flyway = _FLYWAY.fullmatch(name)
    if flyway and not flyway["number"]:
        return True, (), name  # what is repeatable comes last
    digits = re.split(r"[._]", flyway["number"]) if flyway else re.findall(r"^\d+", name)
    return False, tuple(int(part) for part in digits), name


def _down_of(path: str, paths: list[str]) -> str:
    folder, _, name = path.rpartition("/")
    if name in ("up.sql", "migration.sql"):
        candidates = [f"{folder}/down.sql"]
    else:
        stem = _UP.sub("", name).removesuffix(".sql")
        candidates = [other for other in paths if _parent(other) == folder and _is_down(other)
                      and _DOWN.sub("", other.rpartition("/")[2]) == stem]  # fmt: skip
        candidates += [f"{folder}/U{name[1:]}"] if name.startswith("V") else []
    return next((other for other in candidates if other in paths), "")


def _script(project: Project, path: str, down: str) -> Script:
    text, name = project.text(path), path.rpartition("/")[2]
    shown = path.rpartition("/")[0].rpartition("/")[2] if name in ("up.sql", "migration.sql") else name
    marks = list(_SECTION.finditer(text))
    if not marks:
        whole = bool(_UP.search(name) or _FLYWAY.fullmatch(name))
        return Script(shown, Part(path, text), Part(down, project.text(down)) if down else None, whole)
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    parts = {mark[1].lower(): Part(path, text[mark.end() : end], text.count("\n", 0, mark.end()) + 1)
             for mark, end in zip(marks, ends, strict=True)}  # fmt: skip
    outside = any("transaction:false" in mark["said"] or "notransaction" in mark["said"].lower() for mark in marks) or (
        "+goose NO TRANSACTION" in text
    )
    back = parts.get("down")
    return Script(shown, parts.get("up", Part(path, "")), back if back is not None and back.text.strip() else None, not outside)

"""The address of a database, said by every name and in every form that a project may have for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from readiness.layers.infrastructure import declarations
from readiness.layers.infrastructure.migrations import Plan
from readiness.world.environment import Environment
from readiness.world.project import Project
from readiness.world.watched import Database

NAMES: Final = (
    "SQLALCHEMY_DATABASE_URL", "SQLALCHEMY_DATABASE_URI", "SQLALCHEMY_URL", "DB_URL", "DB_URI", "DB_DSN", "DATABASE_URI", "DATABASE_DSN",
    "POSTGRES_URL", "POSTGRES_DSN", "POSTGRES_URI", "POSTGRESQL_URL", "PG_URL", "PG_DSN", "PGURL", "ALEMBIC_DATABASE_URL",
    "ASYNC_DATABASE_URL", "DATABASE_URL_ASYNC", "DATABASE_CONNECTION_STRING", "POSTGRES_CONNECTION_STRING",
)  # fmt: skip
"""What projects call the address of their database, besides DATABASE_URL."""
PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "host": ("PGHOST", "POSTGRES_HOST", "POSTGRES_SERVER", "DB_HOST", "DATABASE_HOST", "POSTGRESQL_HOST", "DB_HOSTNAME", "PG_HOST"),
    "port": ("PGPORT", "POSTGRES_PORT", "DB_PORT", "DATABASE_PORT", "POSTGRESQL_PORT", "PG_PORT"),
    "user": ("PGUSER", "POSTGRES_USER", "DB_USER", "DB_USERNAME", "DATABASE_USER", "POSTGRESQL_USER", "PG_USER", "POSTGRES_USERNAME"),
    "password": ("PGPASSWORD", "POSTGRES_PASSWORD", "DB_PASSWORD", "DB_PASS", "DATABASE_PASSWORD", "POSTGRESQL_PASSWORD", "PG_PASSWORD"),
    "name": (
        "PGDATABASE",
        "POSTGRES_DB",
        "DB_NAME",
        "DB_DATABASE",
        "DATABASE_NAME",
        "POSTGRES_DATABASE",
        "POSTGRESQL_DATABASE",
        "PG_DATABASE",
    ),
}
"""What they call its parts; libpq's own names come first and are always given."""
_SCHEME: Final = re.compile(r"\b(postgres(?:ql)?(?:\+\w+)?)://")


def named(project: Project, plan: Plan, database: Database) -> Database:
    """The database with every variable that the project's own texts have for it, and alembic's file saying where it is."""
    said = _texts(project)
    url = urlsplit(database.url.replace("{port}", "1"))
    name = url.path.lstrip("/")
    values = {"host": "127.0.0.1", "port": "{port}", "user": url.username or "", "password": database.password, "name": name}
    env = {names[0]: values[part] for part, names in PARTS.items()}
    env |= {other: values[part] for part, names in PARTS.items() for other in names[1:] if _mentions(said, other)}
    env |= {other: database.url for other in NAMES if _mentions(said, other)}
    schemes = {key: found for key, value in declarations.documented(project).items() if (found := _scheme_of(value))}
    env |= {
        key: _rescheme(database.url, schemes[key])
        for key in ("DATABASE_URL", *NAMES)
        if key in schemes and (key in env or key == "DATABASE_URL")
    }
    pointed = _pointed(project.text(plan.source), database.url) if plan.tool == "alembic" and plan.place.endswith(".ini") else ""
    return replace(database, env=env, files={plan.place: pointed} if pointed else {})


def _texts(project: Project) -> str:
    wanted = (".py", ".ini", ".cfg", ".toml", ".yaml", ".yml", ".json", ".sh", ".env", ".example", ".sample", ".template")
    return "\n".join(project.text(path) for path in sorted(project.paths) if path.endswith(wanted) or "env" in path.rpartition("/")[2])


def _mentions(said: str, name: str) -> bool:
    # settings classes read a variable by the name of their field, whatever its case
    return bool(re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9_])", said, re.IGNORECASE))


def _scheme_of(value: str) -> str:
    found = _SCHEME.match(value)
    return found[1] if found else ""


def _rescheme(url: str, scheme: str) -> str:
    return f"{scheme}://{url.partition('://')[2]}"


def with_scheme(database: Database, scheme: str) -> Database:
    """The database with every address by another driver; as it is where `scheme` is empty."""
    if not scheme:
        return database
    env = {name: _rescheme(value, scheme) if "://" in value else value for name, value in database.env.items()}
    env.setdefault("DATABASE_URL", _rescheme(database.url, scheme))
    files = {path: _SCHEME.sub(f"{scheme}://", text) for path, text in database.files.items()}
    return replace(database, env=env, files=files)


def installed(environment: Environment) -> str:
    """The scheme of an address that names the driver an environment has; empty where it has none we know."""
    packages = environment.packages
    if "psycopg2" in packages or "psycopg2-binary" in packages:
        return "postgresql+psycopg2"
    return "postgresql+psycopg" if "psycopg" in packages else "postgresql+asyncpg" if "asyncpg" in packages else ""


def _pointed(text: str, url: str) -> str:
    """An `alembic.ini` that leads to our database where it leads to a PostgreSQL; empty where it needs no change."""
    found = re.search(r"^sqlalchemy\.url\s*=\s*(\S+)[^\n]*$", text, re.MULTILINE)
    if not found or not re.match(r"postgres|driver://", found[1]):
        return ""
    ours = url if found[1].startswith("driver") else _rescheme(url, _scheme_of(found[1]) or "postgresql")
    return f"{text[: found.start()]}sqlalchemy.url = {ours}{text[found.end() :]}"

"""What an administrator does in a server: databases and roles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from readiness.errors import CannotJudge
from readiness.world.postgres.address import Address

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql


@contextmanager
def _administrator(address: Address, doing: str) -> Iterator[psycopg.Connection]:
    import psycopg  # the driver takes 0.1 s to load, which whoever only starts a server need not wait for

    try:
        with psycopg.connect(address.url("postgres"), autocommit=True, connect_timeout=10) as connection:
            yield connection
    except psycopg.Error as error:
        said = str(error).strip().partition("\n")[0]
        raise CannotJudge(f"{doing}: {said}") from None


def _with_names(text: LiteralString, **names: str) -> sql.Composed:
    from psycopg import sql

    return sql.SQL(text).format(**{key: sql.Identifier(name) for key, name in names.items()})


def create_database(address: Address, name: str, owner: str | None, template: str | None) -> None:
    """Makes a database, a copy of `template` where one is given."""
    text = _with_names("create database {name}", name=name)
    if owner is not None:
        text += _with_names(" owner {owner}", owner=owner)
    if template is not None:
        text += _with_names(" template {template}", template=template)
    with _administrator(address, f"the database {name} could not be made") as connection:
        connection.execute(text)


def drop_database(address: Address, name: str) -> None:
    """Removes a database with everything in it, and ends who is connected to it; nothing happens without one."""
    with _administrator(address, f"the database {name} could not be removed") as connection:
        connection.execute(_with_names("drop database if exists {name} with (force)", name=name))


def create_reader(address: Address, name: str, password: str) -> None:
    """Makes a role that may log in and read every row of every table, and change none but in temporary ones of its own."""
    from psycopg import sql

    with _administrator(address, f"the role {name} could not be made") as connection:
        hidden = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
        text = _with_names("create role {name} login nosuperuser nocreatedb nocreaterole noreplication bypassrls", name=name)
        connection.execute(text + sql.SQL(" in role pg_read_all_data password {word}").format(word=sql.Literal(hidden)))


def create_role(address: Address, name: str, password: str, *, createdb: bool, createrole: bool) -> None:
    """Makes a role that may log in and is no superuser; the server gets to see its password only as a SCRAM secret."""
    from psycopg import sql

    rights: LiteralString = "createdb" if createdb else "nocreatedb"
    rights += " createrole" if createrole else " nocreaterole"
    with _administrator(address, f"the role {name} could not be made") as connection:
        hidden = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
        text = _with_names("create role {name} login nosuperuser noreplication nobypassrls ", name=name)
        connection.execute(text + sql.SQL(rights) + sql.SQL(" password {word}").format(word=sql.Literal(hidden)))


def drop_role(address: Address, name: str) -> None:
    """Removes a role that owns nothing; nothing happens without one."""
    with _administrator(address, f"the role {name} could not be removed") as connection:
        connection.execute(_with_names("drop role if exists {name}", name=name))


def standing(address: Address) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the roles and of the databases of a server."""
    with _administrator(address, "the server could not be asked what it holds") as connection:
        roles, databases = (
            connection.execute(text).fetchall() for text in ("select rolname from pg_roles", "select datname from pg_database")
        )
    return frozenset(str(row[0]) for row in roles), frozenset(str(row[0]) for row in databases)


def restore(address: Address, before: tuple[frozenset[str], frozenset[str]]) -> None:
    """Removes the databases and then the roles that were not there `before`, as `standing` gave it."""
    from psycopg import sql

    roles, databases = standing(address)
    for name in sorted(databases - before[1]):
        drop_database(address, name)
    made = sorted(roles - before[0])
    with _administrator(address, "roles could not be removed") as connection:
        if made:  # all at once: one may have given memberships in another
            connection.execute(sql.SQL("drop role if exists {}").format(sql.SQL(", ").join(map(sql.Identifier, made))))


@contextmanager
def logging_in(address: Address, database: str, name: str, password: str) -> Iterator[None]:
    """Lets a role log in to a database with a password for the time of the `with`; afterwards it is as it was.

    One that never logs in, but is taken on, needs no right to connect, and is given it for that time.

    Code that a project left in its database then runs with the rights of that role alone, from the first statement on;
    who takes on a role from a superuser's connection can be put back into it by such code.
    """
    before = _let_in(address, database, name, password)
    try:
        yield
    finally:
        _let_out(address, database, name, before)


@dataclass(frozen=True, slots=True)
class _Login:
    """How a role logged in before: whether at all, by which secret, how often, until when; `lent` where it was let connect."""

    login: bool
    secret: str | None
    limit: int
    until: str
    lent: bool = False


def _let_in(address: Address, database: str, name: str, password: str) -> _Login:
    query = "select rolcanlogin, rolpassword, rolconnlimit, coalesce(rolvaliduntil::text, 'infinity') from pg_authid where rolname = %s"
    with _administrator(address, f"the role {name} could not be let in") as connection:
        row = connection.execute(query, (name,)).fetchone()
        if row is None:
            raise CannotJudge(f"there is no role {name}")
        (may_connect,) = connection.execute("select has_database_privilege(%s, %s, 'connect')", (name, database)).fetchone() or (False,)
        login, secret, limit, until = row
        before = _Login(login, secret, limit, until, lent=not login and not may_connect)
        hidden = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
        connection.execute(_altered(name, _Login(login=True, secret=hidden, limit=-1, until="infinity")))
        if before.lent:
            connection.execute(_with_names("grant connect on database {database} to {name}", database=database, name=name))
    return before


def _let_out(address: Address, database: str, name: str, before: _Login) -> None:
    with _administrator(address, f"the role {name} could not be put back") as connection:
        connection.execute(_altered(name, before))
        if before.lent:
            connection.execute(_with_names("revoke connect on database {database} from {name}", database=database, name=name))


def _altered(name: str, to: _Login) -> sql.Composed:
    from psycopg import sql

    text: LiteralString = "alter role {name} login" if to.login else "alter role {name} nologin"
    values = sql.SQL(" password {word} connection limit {limit} valid until {until}")
    return _with_names(text, name=name) + values.format(
        word=sql.Literal(to.secret), limit=sql.Literal(to.limit), until=sql.Literal(to.until)
    )

"""Retrieves from tables with vectors as each of their tenants does: by the index, and by an exact scan beside it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Final

from readiness.layers.security import catalogue, render_retrieval, retrieving
from readiness.layers.security.retrieving import Query, Settings
from readiness.world.postgres import statements
from readiness.world.watched import Database

if TYPE_CHECKING:
    import psycopg

    from readiness.world.postgres import Address

QUESTIONS: Final = 12
"""How many vectors are asked with: half of them drawn from all rows, half from those that the tenant is shown."""
COUNTED: Final = 40
"""Of how many tenants the rows are counted, to find the smallest."""
TENANTS: Final = 8
"""How many tenants are tried: the smallest, and the largest one."""
ON: Final[Mapping[str, tuple[str, str]]] = {
    "hnsw": ("hnsw.iterative_scan", "strict_order"),
    "ivfflat": ("ivfflat.iterative_scan", "relaxed_order"),
}
"""By the method of an index, the setting with which it goes on until there are enough rows. Source: pgvector 0.8."""
_CURRENT: Final = re.compile(r"current_setting\('(?P<name>[\w.]+)'")
_COMPARED: Final = (
    re.compile(r"\(?\"?(?P<column>\w+)\"?\)?(?:::[\w ]+)? = [^=]*?current_setting\('(?P<name>[\w.]+)'"),
    re.compile(r"current_setting\('(?P<name>[\w.]+)'[^=]*? = \(?\"?(?P<column>\w+)\"?\)?"),
)
Allowed = Callable[[str, list[str]], dict[str, bool]]
"""Of a role and handles of rows: which of them policies let it read; those that it says nothing of are left out."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """A column of vectors, and the index on it for nearest neighbours; `method` is empty where there is none."""

    oid: int
    schema: str
    name: str
    owner: str
    enabled: bool
    forced: bool
    column: str
    type: str
    index: str
    method: str
    operator: str

    @property
    def called(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"

    @property
    def where(self) -> str:
        """As SQL names it."""
        return render_retrieval.table(self.schema, self.name)


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who retrieves: a role, or whoever makes a setting; `column` is what says whose a row is then."""

    name: str
    role: str = ""
    setting: str = ""
    value: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What a tenant got: of how many rows it is shown; how many an exact scan gives, and how many of these the index does.

    `got` counts all that came by the index, `plain` what came by the plan that was chosen for these few rows. `foreign` are
    rows of others. `indexed` says that the index was in the plan; `whole` what would come with the setting that goes on.
    """

    tenant: Tenant
    shown: int
    exact: int = 0
    got: int = 0
    hit: int = 0
    plain: int = 0
    foreign: int = 0
    judged: int = 0
    indexed: bool = False
    whole: int = 0
    trouble: str = ""
    questions: int = 0

    @property
    def recall(self) -> float:
        """The share of the truly nearest that the index gives, 0 to 1."""
        return self.hit / self.exact if self.exact else 1.0


@dataclass(frozen=True, slots=True)
class Searched:
    """A column of vectors and what each of its tenants got; `query` is what was asked.

    `unbound` says that the application was seen to ask it as the owner of the table, whom row security does not bind.
    """

    vectors: Vectors
    rows: int
    query: Query
    found: tuple[Retrieved, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    unbound: bool = False


def columns(reader: psycopg.Connection) -> list[Vectors]:
    """The columns that hold vectors, by who sees every table."""
    return [Vectors(*row) for row in catalogue.rows(reader, "vector_tables")]


def tenants_of(reader: psycopg.Connection, one: Vectors, roles: Sequence[str], own: str, seen: Sequence[str]) -> list[Tenant]:
    """Whose rows there are, by row security: `roles` where policies name them, else what its conditions ask for.

    Where a setting tells tenants apart, the role that retrieves is the one that was `seen` to; `own` is the demo's.
    """
    if roles:
        return [Tenant(role, role) for role in roles]
    if not one.enabled:
        return []
    found = [(tuple(row[0]), str(row[1])) for row in catalogue.rows(reader, "vector_policies", oid=one.oid)]
    named = dict.fromkeys(role for members, _ in found for role in members)
    by_setting = next((said for _, text in found for said in [_setting(text)] if said is not None), None)
    if by_setting is None:
        return [Tenant(role, role) for role in named]
    column, setting = by_setting
    counted = reader.execute(render_retrieval.tenants(one.where, column).encode()).fetchall()
    role = next((name for name in seen if name != own), "" if seen or one.forced else next(iter(named), ""))
    return [Tenant(f"{setting} = {value}", role, setting, str(value), column) for value, _ in counted]


def _setting(text: str) -> tuple[str, str] | None:
    """The column and the setting that a condition compares; None where it compares none, or more than one setting."""
    if len(set(_CURRENT.findall(text))) != 1:
        return None
    return next(((found["column"], found["name"]) for each in _COMPARED if (found := each.search(text))), None)


class Search:
    """Asks as tenants of one column, on the database as the demo left it; nothing is written."""

    def __init__(self, database: Database, address: Address, one: Vectors, query: Query, settings: Settings) -> None:
        self._database, self._address = database, address
        self._one, self._query, self._settings = one, query, settings

    def run(self, tenants: Sequence[Tenant], questions: Sequence[str], allowed: Allowed) -> list[Retrieved]:
        """What each of some tenants gets, smallest first, of the smallest ones and the largest."""
        counted = tenants if len(tenants) <= COUNTED else [*tenants[: COUNTED - 1], tenants[-1]]
        sized = sorted((self._sized(tenant) for tenant in counted), key=lambda item: (item.shown, item.tenant.name))
        chosen = sized if len(sized) <= TENANTS else [*sized[: TENANTS - 1], sized[-1]]
        return [self._as(item, questions, allowed) if item.shown and not item.trouble else item for item in chosen]

    def _sized(self, tenant: Tenant) -> Retrieved:
        import psycopg

        try:
            with self._connected(tenant) as connection:
                (shown,) = connection.execute(render_retrieval.count(self._one.where).encode()).fetchone() or (0,)
                return Retrieved(tenant, int(shown))
        except psycopg.Error as error:
            return Retrieved(tenant, 0, trouble=_first_line(error))

    def _as(self, item: Retrieved, questions: Sequence[str], allowed: Allowed) -> Retrieved:
        import psycopg

        try:
            with self._connected(item.tenant) as connection:
                own = [str(row[0]) for row in connection.execute(self._drawn(QUESTIONS // 2))]
                asked = [*dict.fromkeys([*questions, *own])]
                found = self._compared(connection, replace(item, questions=len(asked)), asked)
                return self._foreign(connection, found, asked, allowed)
        except psycopg.Error as error:
            return replace(item, trouble=_first_line(error))

    def _drawn(self, most: int) -> bytes:
        return render_retrieval.drawn(self._one.where, self._one.column, most).encode()

    def _compared(self, connection: psycopg.Connection, item: Retrieved, asked: Sequence[str]) -> Retrieved:
        """Asks everything exactly, as planned, by the index, and by the index with the setting that goes on."""
        query = self._prepared(connection, item.tenant)
        made = [f"set local {name} = {value}" for name, value in self._settings.made.items()]
        go_on = [f"set local {name} = {value}" for name, value in (ON[self._one.method],)] if self._one.method else []
        for question in asked:
            values = self._values(query, connection, question, item.tenant)
            exact = _rows(connection, [render_retrieval.EXACT], values)
            plain = _rows(connection, made, values)
            indexed = _rows(connection, [*made, render_retrieval.INDEXED], values)
            whole = _rows(connection, [*made, *go_on, render_retrieval.INDEXED], values)
            item = replace(
                item, exact=item.exact + exact.total(), plain=item.plain + plain.total(), got=item.got + indexed.total(),
                hit=item.hit + (exact & indexed).total(), whole=item.whole + whole.total(),
            )  # fmt: skip
        plan = _rows(connection, [*made, render_retrieval.INDEXED], values, explained=True)
        return replace(item, indexed=bool(self._one.index) and any(self._one.index in line for line in plan))

    def _prepared(self, connection: psycopg.Connection, tenant: Tenant) -> Query:
        """What is asked: the application's own statement where its values are known, else what anybody would ask."""
        import psycopg

        try:
            with connection.transaction():
                connection.execute(render_retrieval.prepared(self._query.text).encode())
            if self._values(self._query, connection, "", tenant) is not None:
                return self._query
            connection.execute(f"deallocate {render_retrieval.NAME}".encode())
        except psycopg.Error:
            pass
        plain = Query(self._plain(""), self._query.nearest, seen=False)
        connection.execute(render_retrieval.prepared(plain.text).encode())
        return plain

    def _plain(self, column: str) -> str:
        return render_retrieval.nearest(self._one.where, self._one.column, self._one.operator, self._one.type, column)

    def _values(self, query: Query, connection: psycopg.Connection, question: str, tenant: Tenant) -> list[str | int] | None:
        text = "select parameter_types::text[] from pg_prepared_statements where name = %s"
        (types,) = connection.execute(text, (render_retrieval.NAME,)).fetchone() or ([],)
        known = {tenant.column: tenant.value} if tenant.column else {}
        return retrieving.values(query.text, types, question, query.nearest, known)

    def _foreign(self, connection: psycopg.Connection, item: Retrieved, asked: Sequence[str], allowed: Allowed) -> Retrieved:
        """Holds each row that is retrieved against whose it is."""
        tenant, handles = item.tenant, dict[str, str]()
        connection.execute(f"deallocate {render_retrieval.NAME}".encode())
        connection.execute(render_retrieval.prepared(self._plain(tenant.column)).encode())
        for question in asked:
            for plan in (render_retrieval.EXACT, render_retrieval.INDEXED):
                with connection.transaction(force_rollback=True):
                    connection.execute(plan.encode())
                    text = render_retrieval.executed([question, self._query.nearest])
                    handles |= {str(handle): str(whose) for handle, whose in connection.execute(text.encode())}
        if tenant.column:
            return replace(item, judged=len(handles), foreign=sum(whose != tenant.value for whose in handles.values()))
        decided = allowed(tenant.role, list(handles))
        return replace(item, judged=len(decided), foreign=sum(not may for may in decided.values()))

    @contextmanager
    def _connected(self, tenant: Tenant) -> Iterator[psycopg.Connection]:
        """A transaction as a tenant, undone: as the application comes to be it where that can be, else as the role itself."""
        import psycopg

        with psycopg.connect(self._database.own_url, connect_timeout=10) as connection:
            try:
                self._become(connection, tenant, taken_on=True)
            except psycopg.errors.InsufficientPrivilege:
                connection.rollback()
            else:
                yield connection
                connection.rollback()
                return
        word = token_urlsafe(18)
        with (
            statements.logging_in(self._address, self._database.name, tenant.role, word),
            psycopg.connect(self._address.url(self._database.name, tenant.role, word), connect_timeout=10) as connection,
        ):
            self._become(connection, tenant, taken_on=False)
            yield connection
            connection.rollback()

    @staticmethod
    def _become(connection: psycopg.Connection, tenant: Tenant, *, taken_on: bool) -> None:
        connection.execute("set local statement_timeout = 20000")
        if tenant.role and taken_on:
            connection.execute(render_retrieval.role(tenant.role).encode())
        if tenant.setting:
            connection.execute("select set_config(%s, %s, true)", (tenant.setting, tenant.value))


def _rows(
    connection: psycopg.Connection, settings: Sequence[str], values: Sequence[str | int] | None, *, explained: bool = False
) -> Counter[str]:
    """The rows that our prepared statement gives under some settings, each as a text, with how often it comes."""
    with connection.transaction(force_rollback=True):
        connection.execute("; ".join(["set local plan_cache_mode = force_custom_plan", *settings]).encode())
        text = render_retrieval.executed(values or (), explained=explained)
        return Counter(str(row) for row in connection.execute(text.encode()).fetchall())


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]

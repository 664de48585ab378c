"""Tries in a database what policies forbid and what they permit, connected as each role, everything undone.

For a privilege a statement that touches no row: what is forbidden has to end with SQLSTATE 42501, what is permitted has to
work. For the rows of a table the rows that a statement comes to, held against the decision on each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from readiness.layers.security import catalogue, people, render_tries
from readiness.layers.security.auditing.wanted import Wanted
from readiness.layers.security.binding import BY_COLUMN, VERBS, Bound
from readiness.layers.security.compiling import Grant
from readiness.layers.security.people import Person
from readiness.layers.security.row_decisions import ROWS, Decisions, Row, Said, sample, tables
from readiness.layers.security.standing import Standing
from readiness.sequence.wording import listed

if TYPE_CHECKING:
    import psycopg

    from readiness.layers.security.binding import Binding

REFUSED: Final = "42501"
"""SQLSTATE of insufficient_privilege, which row security gives as well."""
_BEHIND: Final = "23"
"""What a constraint says, which is asked only of a row that row security let through."""
_KEPT: Final = "0A000"
"""What TRUNCATE says of a table that a foreign key refers to, to whoever has the privilege."""
_DOES: Final = {"select": "reads", "insert": "inserts into", "update": "updates", "delete": "deletes from", "truncate": "empties"}
EACH: Final = 12
"""Of how many rows that are permitted, and of how many that are not, each change is tried."""
STATEMENT_MS: Final = 5000


@dataclass(frozen=True, slots=True)
class Fault:
    """What went otherwise than policies say: by whom, on which table, what; `opens` where more was possible, else less."""

    role: str
    table: str
    verb: str
    column: str
    text: str
    opens: bool
    policies: tuple[str, ...] = ()
    by_row: bool = False


@dataclass
class Tried:
    """What was tried: statements, those of them that were refused as they should, and done; decisions on rows held against."""

    roles: int = 0
    statements: int = 0
    refused: int = 0
    done: int = 0
    decided: int = 0
    denied: int = 0
    faults: list[Fault] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    empty: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Answer:
    state: str = ""
    message: str = ""
    count: int = 0
    rows: tuple[tuple[object, ...], ...] = ()

    @property
    def lacks_privilege(self) -> bool:
        return self.state == REFUSED


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table that can be written, and those of them that can be written as they stand."""

    written: tuple[str, ...]
    plain: tuple[str, ...]


class Trial:
    """Everything that is tried in one database. `reader` sees every row."""

    def __init__(self, wanted: Wanted, binding: Binding, decisions: Decisions, reader: psycopg.Connection) -> None:
        self.tried = Tried()
        self._wanted, self._decisions = wanted, decisions
        self._bound = tables(binding)
        self._standing = {(one.facts.schema, one.facts.name): one for one in wanted.standing}
        self._rows = {key: sample(reader, bound) for key, bound in self._bound.items()}
        self._columns = {key: _columns(reader, one) for key, one in self._standing.items()}
        self.tried.empty = {self._standing[key].called for key, rows in self._rows.items() if not rows}

    def try_as(self, person: Person, connection: psycopg.Connection, name: str = "") -> None:
        """Tries everything with the rights of one role, called `name` where its own says nothing."""
        connection.execute(f"set statement_timeout = {STATEMENT_MS}; set lock_timeout = {STATEMENT_MS}".encode())
        self.tried.roles += 1
        asking = _Asking(person, name or person.role, connection, self.tried)
        for table in self._wanted.compiled.tables:
            key = (table.schema, table.name)
            one = self._standing[key]
            grants = [grant for grant in self._wanted.compiled.grants if (grant.schema, grant.table) == key]
            for verb, columns in self._cells(key):
                asking.privilege(one, verb, columns, [grant for grant in grants if grant.verb == verb], self._wanted)
            grants = [grant for grant in grants if (one.called, grant.verb) not in asking.refused]
            if key in self._bound and self._rows[key]:
                self._on_rows(asking, one, self._bound[key], grants)

    def _cells(self, key: tuple[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each privilege with the columns that it can be on by itself; one without a name where it is on none."""
        readable = tuple(column.name for column in self._standing[key].facts.columns)
        for verb in (*VERBS, "truncate"):
            yield verb, (readable if verb == "select" else self._columns[key].written) if verb in BY_COLUMN else ("",)

    def _on_rows(self, asking: _Asking, one: Standing, bound: Bound, grants: Sequence[Grant]) -> None:
        key, person = (one.facts.schema, one.facts.name), asking.person
        whole = {verb: [grant for grant in grants if grant.verb == verb and not grant.column] for verb in VERBS}
        rows = self._rows[key]
        may = {verb: self._decisions.of(person, verb, bound, rows) for verb in VERBS if people.within_reach(person, whole[verb])}
        if people.permitted(person, whole["select"]):
            asking.reads(one, may["select"])
        elif people.permitted(person, whole["delete"]) and len(rows) < ROWS:
            asking.clears(one, may["delete"])
        blind = [verb for verb in ("select", "update", "delete") if people.permitted(person, [one for one in grants if one.verb == verb])]
        if blind and not people.permitted(person, whole["select"]):
            self._unseen(asking, one, bound, [verb for verb in blind if verb != "delete" or len(rows) >= ROWS])
        shown = may.get("select", {})
        columns = self._columns[key]
        for verb, text in (("update", columns.plain), ("delete", ("",))):
            if text and people.permitted(person, whole["select"]) and people.permitted(person, whole[verb]):
                both = {handle: _both(said, may[verb][handle]) for handle, said in shown.items()}
                statement = render_tries.deleting(bound.table) if verb == "delete" else render_tries.updating(bound.table, text[0])
                asking.changes(one, verb, statement, both, rows)
        if people.permitted(person, whole["insert"]):
            asking.changes(one, "insert", render_tries.inserting(bound.table, columns.written), may["insert"], rows)

    def _unseen(self, asking: _Asking, one: Standing, bound: Bound, verbs: list[str]) -> None:
        """What cannot be tried row by row, since a row that may not be read cannot be named, and would matter: something is denied."""
        rows = self._rows[one.facts.schema, one.facts.name]
        for verb in verbs:
            decided = self._decisions.of(asking.person, verb, bound, rows)
            if any(said is None or not said.allowed for said in decided.values()):
                self.tried.unsettled.append(
                    f"which rows of {one.called} {asking.name} {_DOES[verb].partition(' ')[0]}, which may not read them"
                )


def _both(one: Said | None, other: Said | None) -> Said | None:
    """What is touched has to be seen as well: where either is denied, both are."""
    for said in (one, other):
        if said is not None and not said.allowed:
            return said
    return None if one is None or other is None else Said(allowed=True, policies=other.policies)


def _columns(reader: psycopg.Connection, one: Standing) -> Columns:
    rows = catalogue.rows(reader, "tries_columns", oid=one.oid)
    return Columns(tuple(str(name) for name, made, _ in rows if not made), tuple(str(name) for name, _, plain in rows if plain))


class _Asking:
    """One role and its connection, in one transaction, each statement undone."""

    def __init__(self, person: Person, name: str, connection: psycopg.Connection, tried: Tried) -> None:
        self.person, self.name, self.tried = person, name, tried
        self.refused: set[tuple[str, str]] = set()
        """Privileges that are permitted and were refused all the same, by table and verb: their rows say nothing more."""
        self._connection = connection

    def _run(self, text: str, values: dict[str, object] | None = None) -> _Answer:
        import psycopg

        self.tried.statements += 1
        try:
            with self._connection.transaction(force_rollback=True):
                cursor = self._connection.execute(text.encode(), values, prepare=False)
                return _Answer("", "", cursor.rowcount, tuple(cursor.fetchall()) if cursor.description else ())
        except psycopg.OperationalError as error:
            if self._connection.closed:
                raise
            return _failed(error)
        except psycopg.Error as error:
            return _failed(error)

    def privilege(self, one: Standing, verb: str, columns: Sequence[str], grants: list[Grant], wanted: Wanted) -> None:
        """Tries a privilege on each column in both directions; what is the same of several is one fault."""
        wrong: dict[bool, list[str]] = {True: [], False: []}
        message = ""
        for column in columns:
            these = [grant for grant in grants if grant.column in ("", column)]
            expected = people.permitted(self.person, these)
            if not expected and people.within_reach(self.person, these):
                continue
            answer = self._run(render_tries.touching_none(one.facts, verb, column))
            if answer.state == _KEPT and verb == "truncate":
                answer = _Answer()
            if answer.state not in ("", REFUSED):
                self.tried.unsettled.append(f"whether {self.name} {_DOES[verb]} {one.called}: {answer.message}")
            elif answer.lacks_privilege == expected:
                wrong[expected].append(column)
                message = answer.message or message
            else:
                self.tried.refused += not expected
                self.tried.done += expected
        for expected, found in wrong.items():
            if found:
                self._wrong(one, verb, "" if len(found) == len(columns) else found[0], found, message if expected else "", wanted)

    def _wrong(self, one: Standing, verb: str, column: str, columns: list[str], message: str, wanted: Wanted) -> None:
        where = f"{one.called} ({listed(columns)})" if column else one.called
        if message:
            self.refused.add((one.called, verb))
            text = f"{self.name} is refused where it {_DOES[verb]} {where}, which policies permit: {message}"
            self._fault(one, verb, column, text, (), opens=False)
        else:
            forbids = (name for each in columns for name in wanted.forbids(one, verb, each))
            text = f"{self.name} {_DOES[verb]} {where}, and is not refused"
            self._fault(one, verb, column, text, tuple(dict.fromkeys(forbids)), opens=True)

    def reads(self, one: Standing, decided: dict[str, Said | None]) -> None:
        """Holds the rows that are shown against the decision on each."""
        answer = self._run(render_tries.seen(one.facts), {"handles": list(decided)})
        if answer.state:
            self.tried.unsettled.append(f"which rows of {one.called} {self.name} reads: {answer.message}")
            return
        shown = {str(row[0]) for row in answer.rows}
        self._held(one, "select", decided, {handle: handle in shown for handle in decided})

    def clears(self, one: Standing, decided: dict[str, Said | None]) -> None:
        """Removes all that can be removed, by who may read nothing, and holds their number against the decisions."""
        answer = self._run(render_tries.clearing(one.facts))
        allowed = sum(said is not None and said.allowed for said in decided.values())
        if answer.state or None in decided.values():
            self.tried.unsettled.append(f"which rows of {one.called} {self.name} deletes: {answer.message}")
            return
        self.tried.decided += len(decided)
        self.tried.denied += len(decided) - allowed
        if answer.count != allowed and not (self.person.loose and answer.count < allowed):
            text = f"{self.name} deletes {answer.count} rows of {one.called}, and policies permit {allowed} of {len(decided)}"
            self._fault(
                one, "delete", "", text, _named(said for said in decided.values() if said), opens=answer.count > allowed, by_row=True
            )

    def changes(self, one: Standing, verb: str, text: str, decided: dict[str, Said | None], rows: Sequence[Row]) -> None:
        """Tries a change of some rows that are permitted and some that are not, each by itself."""
        done: dict[str, bool] = {}
        for row in _some(rows, decided):
            values: dict[str, object] = {"handle": row.handle}
            if verb == "insert":
                from psycopg.types.json import Jsonb

                values = {"row": Jsonb(dict(row.columns))}
            answer = self._run(text, values)
            if answer.state in ("", REFUSED):
                done[row.handle] = not answer.state and answer.count > 0
            elif answer.state.startswith(_BEHIND):
                done[row.handle] = True
        if not done and decided:
            self.tried.unsettled.append(f"whether row security holds where {self.name} {_DOES[verb]} {one.called}")
        self._held(one, verb, {handle: decided[handle] for handle in done}, done)

    def _held(self, one: Standing, verb: str, decided: dict[str, Said | None], done: dict[str, bool]) -> None:
        settled = {handle: said for handle, said in decided.items() if said is not None}
        self.tried.decided += len(settled)
        self.tried.denied += sum(not said.allowed for said in settled.values())
        more = [said for handle, said in settled.items() if done[handle] and not said.allowed]
        less = [said for handle, said in settled.items() if not done[handle] and said.allowed]
        what = _DOES[verb].partition(" ")[0]
        if more:
            text = f"{self.name} {what} rows of {one.called} that are forbidden to it: {len(more)} of {len(settled)} tried"
            self._fault(one, verb, "", text, _named(more), opens=True, by_row=True)
        if less and not self.person.loose:
            kept = f"{len(less)} of {len(settled)} tried are kept back"
            text = f"{self.name} does not get what it may: where it {what} rows of {one.called}, {kept}"
            self._fault(one, verb, "", text, _named(less), opens=False, by_row=True)

    def _fault(
        self, one: Standing, verb: str, column: str, text: str, policies: tuple[str, ...], *, opens: bool, by_row: bool = False
    ) -> None:
        self.tried.faults.append(Fault(self.person.role, one.called, verb, column, text, opens, policies, by_row))


def _named(found: Iterable[Said]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for said in found for name in said.policies))


def _failed(error: psycopg.Error) -> _Answer:
    told = error.diag.message_primary or str(error).partition("\n")[0]
    return _Answer(error.sqlstate or "08000", told.strip())


def _some(rows: Sequence[Row], decided: dict[str, Said | None]) -> list[Row]:
    """A few rows that are permitted and a few that are not, spread over all."""
    found: list[Row] = []
    for allowed in (True, False):
        these = [row for row in rows if (said := decided.get(row.handle)) is not None and said.allowed is allowed]
        found += these[:: max(1, len(these) // EACH)][:EACH]
    return found

"""A tenant's retrieval gives no row of another tenant, and not too few of its own.

Proves: who searches by meaning finds what is theirs, all of it and nothing else, however small they are beside others.
Needed above: an answer is judged by its sources, and one whose sources were silently left out looks like any other.
Executed: the demo fills a fresh PostgreSQL 18 with pgvector. As each tenant that policies or row security know, by role or by
setting, we ask what the application was seen to ask, or else for the nearest rows, by an exact scan and by the index, with
vectors of all tenants: rows of others are counted, and rows that the index leaves out.
Cannot see: filters that the application adds itself, tables of which nothing says whose the rows are, and what a plan for
millions of rows would be: the index is taken here as it is taken there.
Repair: let the index go on until there are enough: `set local hnsw.iterative_scan = strict_order` before the query.
Source: pgvector's own documentation: with a filter an approximate index returns fewer rows, since it filters afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from readiness.errors import CannotJudge
from readiness.layers.security import locating, recreated
from readiness.layers.security.recreated import Absent, Made, Recreated
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted, listed
from readiness.world.context import Context

if TYPE_CHECKING:
    import psycopg

    from readiness.layers.security.retrieval import Allowed, Retrieved, Searched, Vectors
    from readiness.world.watched import Statement

ID = "security.retrieval-isolated"
PLAN = "readiness access plan"
AGAIN = "readiness check --only retrieval-isolated"
RECALL: Final = 0.9
"""The share of the truly nearest rows that the index has to give a tenant. Our own choice: pgvector's default gives 0.95 and more."""
_EXPECTED = "each tenant retrieves all that is its own and nothing else"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the repository says whom row security binds, what each tenant may read, and where it makes the index."""

    owner: Location | None = None
    rows: Mapping[str, Location | None] = field(default_factory=dict)
    index: Location | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What the tenants of each column of vectors got, with the place of what decides on its rows; `absent` says why nothing was asked."""

    absent: Absent | None = None
    searched: tuple[Searched, ...] = ()
    places: tuple[Places, ...] = ()
    trouble: str = ""


def observe(context: Context) -> Observed:
    """Has the demo fill its database, and retrieves as each tenant."""
    demo = context.demo.demo
    if demo is None or "postgres" not in demo.needs:
        return Observed(Absent("no demo fills a database that could hold vectors"))
    made = recreated.made(context)
    if isinstance(made, Absent):
        return Observed(made)
    try:
        with context.session.progress("retrieving as each tenant"), recreated.asking():
            return _searched(context, made)
    except CannotJudge as error:
        return Observed(trouble=error.message)


def _searched(context: Context, made: Made) -> Observed:
    import psycopg

    from readiness.layers.security import retrieval
    from readiness.world import watched

    with psycopg.connect(made.database.reader_url, autocommit=True) as reader:
        columns = retrieval.columns(reader)
        if not columns:
            return Observed(Absent("no table of the demo's database holds vectors"))
        seen = list(watched.statements(context.session, made.database))
        found = [item for one in columns if (item := _of(context, made, reader, one, seen)) is not None]
    names = listed(one.called for one in columns)
    if not found and any(one.enabled for one in columns):
        return Observed(
            trouble=f"row security decides on the rows of {names}, and does not say by roles or by a setting who its tenants are"
        )
    if not found:
        return Observed(Absent(f"neither policies nor row security say whose the rows of {names} are"))
    texts = locating.texts(context.project)
    return Observed(None, tuple(found), tuple(_places(item, texts) for item in found))


def _places(item: Searched, texts: dict[str, str]) -> Places:
    one = item.vectors
    made = locating.table_made(one.called)
    index = (rf"create\s+index[^;]*?{locating.name(one.index)}", rf"using\s+{one.method}") if one.index else ()
    rows = {
        got.tenant.name: locating.first((*locating.row_policies(one.called, got.tenant.role or "public"), *made), texts)
        for got in item.found
        if got.foreign
    }
    return Places(locating.first(made, texts), rows, locating.first((*index, *made), texts))


def _of(context: Context, made: Made, reader: psycopg.Connection, one: Vectors, seen: list[Statement]) -> Searched | None:
    """What the tenants of one column get; None where there are none."""
    from dataclasses import replace

    from readiness.layers.security import render_retrieval, retrieval, retrieving

    roles, allowed = _decided(context, reader, one)
    operator = retrieving.operator_of(seen, one.called) or one.operator or "<=>"
    one = replace(one, operator=operator)
    query = retrieving.asked(seen, one.called, one.operator, one.where, one.column, one.type)
    own = made.database.name
    tenants = retrieval.tenants_of(reader, one, roles, own, query.roles)
    if not tenants:
        return None
    settings = retrieving.settings(context.project, seen)
    text = render_retrieval.drawn(one.where, one.column, retrieval.QUESTIONS // 2)
    questions = [str(row[0]) for row in reader.execute(text.encode())]
    (rows,) = reader.execute(render_retrieval.count(one.where).encode()).fetchone() or (0,)
    search = retrieval.Search(made.database, made.address, one, query, settings)
    got = search.run(tenants, questions, allowed) if rows else []
    unbound = one.owner == own and own in query.roles and not (one.enabled and one.forced) and not query.filtered
    return retrieval.Searched(one, int(rows), query, tuple(got), tuple(settings.named.items()), unbound)


def _decided(context: Context, reader: psycopg.Connection, one: Vectors) -> tuple[list[str], Allowed]:
    """The roles that policies let read rows of a table, and what they decide on its rows; none where none is bound to it."""
    from readiness.layers.security import reading

    found = recreated.look(context)
    if not isinstance(found, Recreated):
        return [], lambda role, handles: {}
    decided = reading.of(found, reader, one.schema, one.name)
    return ([], lambda role, handles: {}) if decided is None else (decided.roles, decided.allowed)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails for rows of others, and for rows that are left out."""
    if observed.absent is not None:
        return observed.absent.finding(ID)
    if observed.trouble:
        remedy = Remedy("bind policies to the table: @table in their schema", PLAN)
        return no_finding(ID, observed.trouble, Cause.NOT_EXERCISED, remedy)
    problems = [problem for item, places in zip(observed.searched, observed.places, strict=True) for problem in _problems(item, places)]
    if problems:
        return _fails(observed, problems)
    return _untold(observed) or _holds(observed)


def _problems(item: Searched, places: Places) -> list[Problem]:
    """What each tenant got that it should not, and what it did not get: rows of others first."""
    foreign = [_foreign(item, got, places.rows.get(got.tenant.name)) for got in item.found if got.foreign and not item.query.filtered]
    if item.unbound:
        where = item.vectors.called
        text = f"the application retrieves from {where} as its owner, whom row security does not bind"
        foreign.insert(0, Problem(f"owner: foreign rows of {where}", text, places.owner))
    return [*foreign, *(problem for got in item.found if (problem := _lacking(item, got, places.index)) is not None)]


def _foreign(item: Searched, got: Retrieved, place: Location | None) -> Problem:
    who, where = got.tenant.name, item.vectors.called
    text = f"{who} retrieves rows of {where} that are not its own: {got.foreign} of {got.judged}"
    return Problem(f"{who}: foreign rows of {where}", text, place)


def _lacking(item: Searched, got: Retrieved, place: Location | None) -> Problem | None:
    who, where, index = got.tenant.name, item.vectors.called, item.vectors.index
    gives = f"where an exact scan gives {got.exact}, over {counted(got.questions, 'question')}"
    if got.plain < got.exact:
        return Problem(f"{who}: too few rows of {where}", f"{who} retrieves {got.plain} rows of {where} {gives}", place)
    if got.indexed and got.got < got.exact:
        text = f"{who} retrieves {got.got} rows by {index} {gives}"
        return None if _open(item, got) else Problem(f"{who}: too few rows of {where}", text, place)
    if got.indexed and got.recall < RECALL:
        text = f"{who} retrieves by {index} {got.recall:.0%} of the rows of {where} that are nearest"
        return Problem(f"{who}: not the nearest rows of {where}", text, place)
    return None


def _open(item: Searched, got: Retrieved) -> bool:
    """Whether what lacks may be set where it was not seen: a file names the setting that helps, and nothing was seen to make it."""
    return got.whole >= got.exact and any(name.endswith(".iterative_scan") and value != "off" for name, value in item.named)


def _fails(observed: Observed, problems: list[Problem]) -> Finding:
    first, notes = problems[0], _notes(observed)
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, first.subject, _EXPECTED, f"{first.text}{more}", first.text, Cause.PROJECT,
        first.location, _remedy(observed, first), tuple(problems), notes,
    )  # fmt: skip


def _remedy(observed: Observed, problem: Problem) -> Remedy:
    """What helps, tried where it could be."""
    from readiness.layers.security.retrieval import ON

    if problem.subject.startswith("owner: foreign rows"):
        return Remedy("take on the role of whoever asks for each question, and force row security on the owner", PLAN)
    if ": foreign rows" in problem.subject:
        return Remedy("let row security decide on the rows of the table for whoever retrieves, and force it on the owner", PLAN)
    for item in observed.searched:
        for got in item.found:
            if problem.subject == f"{got.tenant.name}: too few rows of {item.vectors.called}" and item.vectors.method:
                name, value = ON[item.vectors.method]
                if got.whole >= got.exact:
                    return Remedy(f"set {name} = {value} where you retrieve: tried here, it gives all {got.exact}", AGAIN)
                return Remedy("divide the table by tenant, or index each tenant's rows by themselves: going on does not help here", AGAIN)
    return Remedy("raise hnsw.ef_search or ivfflat.probes where you retrieve", AGAIN)


def _untold(observed: Observed) -> Finding | None:
    for item in observed.searched:
        where = item.vectors.called
        if not item.rows:
            return no_finding(ID, f"the demo leaves no row in {where}: nothing could be retrieved", Cause.NOT_EXERCISED)
        if item.query.filtered and (let := [got for got in item.found if got.foreign]):
            got = let[0]
            reason = (
                f"row security alone lets {got.tenant.name} retrieve {got.foreign} of {got.judged} rows of {where} that are not its own; "
                "the application filters itself as well, and that was not judged"
            )
            return no_finding(ID, reason, Cause.NOT_EXERCISED, Remedy("let row security decide alone: bind the owner too", PLAN))
        if troubled := [got for got in item.found if got.trouble]:
            return no_finding(ID, f"{troubled[0].tenant.name} could not retrieve from {where}: {troubled[0].trouble}", Cause.NOT_EXERCISED)
        if opened := [got for got in item.found if got.indexed and got.got < got.exact and _open(item, got)]:
            got = opened[0]
            reason = (
                f"{got.tenant.name} retrieves {got.got} rows by {item.vectors.index} where an exact scan gives {got.exact}, and "
                f"{listed(f'{name} = {value}' for name, value in item.named)} was not seen to be set"
            )
            return no_finding(ID, reason, Cause.NOT_EXERCISED, Remedy("set it in the transaction that retrieves, by SET LOCAL", AGAIN))
        if not any(0 < got.shown < item.rows for got in item.found):
            return no_finding(ID, f"no tenant is shown a part of {where}: there is nothing to keep apart", Cause.NOT_EXERCISED)
    return None


def _holds(observed: Observed) -> Finding:
    item = observed.searched[0]
    smallest = min((got for got in item.found if got.shown), key=lambda got: got.shown)
    text = (
        f"{counted(len(item.found), 'tenant')} of {item.vectors.called}: no foreign row; {smallest.tenant.name}, with {smallest.shown} of "
        f"{item.rows} rows, gets {smallest.got} of {smallest.exact}"
    )
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, item.vectors.called, _EXPECTED, text, notes=_notes(observed))


def _notes(observed: Observed) -> tuple[str, ...]:
    notes = []
    for item in observed.searched:
        if not item.query.seen:
            notes.append(f"no retrieval from {item.vectors.called} was seen: the {item.query.nearest} nearest rows were asked for")
        if not any(got.indexed for got in item.found):
            notes.append(f"no index for nearest neighbours is taken for {item.vectors.called}: every retrieval is exact")
    return tuple(notes)

"""What the commands of `readiness secrets` print."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from readiness.sequence.wording import agreeing, counted

if TYPE_CHECKING:
    from readiness.formats.blast_radius import Blast, Opening
    from readiness.formats.secrets_list import Row as Declaration
    from readiness.formats.secrets_scan import Row, Scanned
    from readiness.runs.secrets_declared import Declared, Listed
    from readiness.sequence.finding import Location


def shown(text: str) -> str:
    """A text as a terminal may have it: what would steer it, which names of files can hold, is written as an escape."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def scanned(found: Scanned) -> None:
    """Prints a scan: each secret by its place, what was not read, and one line that sums it up."""
    for row in found.rows:
        print(_line(row))
    for text in (*found.troubles, *(f"{text}: not read" for text in found.unread)):
        print(f"? {shown(text)}")
    for note in found.notes:
        print(f"note: {shown(note)}", file=sys.stderr)
    looked = [counted(found.files, "file"), counted(found.commits, "commit")]
    looked += [counted(found.layers, "layer")] if found.layers else []
    through = f"{', '.join(looked[:-1])} and {looked[-1]}"
    if found.serious:
        count = len({row.fingerprint for row in found.serious})
        print(f"{counted(count, 'secret')} in {through}{'; not all was read' if found.troubles or found.unread else ''}")
        print("make each invalid where it was issued first: taking the line away does not help whoever has it already")
    elif found.exit:
        print(f"no secret in what was read of {through}; not all was read")
    else:
        print(f"✓ no secret in {through}")


def _line(row: Row) -> str:
    since = f" in commit {row.commit[:12]}" if row.commit else ""
    state = f"  allowed until {row.allowed}" if row.allowed else f"  ALLOWANCE DOES NOT COUNT: {row.doubt}" if row.doubt else ""
    return f"{'·' if row.allowed else '✗'} {shown(row.place)}{since}  {row.kind}  fingerprint {row.fingerprint}{state}"


def rows(listed: Listed) -> list[Declaration]:
    """The secrets as JSON has them."""
    from readiness.formats.secrets_list import Row as Declaration

    return [
        Declaration(
            one.reference.name, one.reference.ref, one.reference.owner, one.reference.rotate_days, str(one.state.rotated or ""),
            one.state.source, one.state.age_days, one.next_rotation, one.state.untold, tuple(fault.text for fault in one.state.faults),
            one.owner_doubt, tuple(_place(place) for place in one.used), one.reference.opens,
        )
        for one in listed.secrets
    ]  # fmt: skip


def listing(listed: Listed) -> None:
    """Prints the declared secrets as a table, and then the credentials that are declared nowhere."""
    cells = [("name", "reference", "owner", "age", "next rotation", "used in"), *(_cells(one) for one in listed.secrets)]
    wide = [max(len(row[column]) for row in cells) for column in range(6)]
    for row in cells if listed.secrets else ():
        print(shown("  ".join(f"{text:<{width}}" for text, width in zip(row, wide, strict=True)).rstrip()))
    for item in listed.undeclared:
        where = f"read in {_places(item.places)}" if item.read else "asked for by the demo"
        print(shown(f"✗ {item.name} is {where}, and declared nowhere"))
    if not listed.secrets and not listed.undeclared:
        print("no secret is declared, and none is asked for by the code that was read")


def _cells(one: Declared) -> tuple[str, ...]:
    days = one.state.age_days
    age = "?" if days is None else f"{counted(days, 'day')} ({one.state.source})"
    return one.reference.name, one.reference.ref, one.reference.owner or "nobody", age, _due(one), _places(one.used) or "nowhere seen"


def _due(one: Declared) -> str:
    late = one.state.late
    if late is None:
        return "?"
    return f"{one.next_rotation}, {counted(late, 'day')} ago" if late > 0 else f"{one.next_rotation}, in {counted(-late, 'day')}"


def _places(places: tuple[Location, ...]) -> str:
    more = f" and {counted(len(places) - 2, 'more place')}" if len(places) > 2 else ""
    return f"{', '.join(map(_place, places[:2]))}{more}"


def _place(place: Location) -> str:
    return f"{place.file}:{place.line}"


def rotation(listed: Listed) -> None:
    """Prints what is wrong with each declared secret, what cannot be told of it, or that it is fresh."""
    for one in listed.secrets:
        for fault in one.state.faults:
            print(shown(f"✗ {fault.text}  {_place(one.state.location)}"))
        doubts = [f"the age of {one.reference.name} is not known: {one.state.untold}"] if one.state.untold else []
        doubts += [one.owner_doubt] if one.owner_doubt else []
        for doubt in doubts:
            print(shown(f"? {doubt}  {_place(one.state.location)}"))
        if not one.state.faults and not doubts:
            print(shown(f"✓ {one.reference.name} is {counted(one.state.age_days or 0, 'day')} old, to be rotated by {one.next_rotation}"))
    _summed(listed)


def _summed(listed: Listed) -> None:
    bad, open_ones = (sum(one.exit == code for one in listed.secrets) for code in (1, 3))
    count = counted(len(listed.secrets), "secret")
    if not listed.secrets:
        print("no secret is declared, so there is none to judge: [[security.secret]] in readiness.toml declares one")
    elif bad:
        print(f"{bad} of {count} {agreeing(bad, 'is', 'are')} not as {agreeing(bad, 'it', 'they')} should be")
    elif open_ones:
        print(f"{open_ones} of {count} cannot be judged")
    else:
        print(f"✓ {count}, owned and fresh")
    if listed.undeclared:
        text = f"{counted(len(listed.undeclared), 'credential')} {agreeing(len(listed.undeclared), 'is', 'are')} asked for and not declared"
        print(f"note: {text}: `readiness secrets list`", file=sys.stderr)


def blast(found: Blast) -> None:
    """Prints what a credential opens: by the database first, then by what is declared."""
    asked, said = found.of("executed"), found.of("declared")
    if found.database:
        print(shown(f"{found.name} ({found.ref}) logs in as {found.role} in {found.database} · executed: the database answered"))
        _openings(asked)
    if said:
        sources = [f"the policies on {found.role}"] if any(one.kind != "dataset" for one in said) else []
        sources += ["`opens` in readiness.toml"] if any(one.kind == "dataset" for one in said) else []
        who = " and ".join(sources)
        print(shown(f"{found.name} ({found.ref}) by {who} · declared: nobody was asked"))
        _openings(said)
    for note in found.notes:
        print(shown(f"note: {note}"), file=sys.stderr)
    tables = len({one.table for one in (asked if found.database else said)})
    owner = f", owned by {found.owner}" if found.owner else ", owned by nobody"
    print(shown(f"{counted(tables, 'table')}, {counted(found.sensitive, 'sensitive column')}{owner}"))


def _openings(openings: tuple[Opening, ...]) -> None:
    if not openings:
        print("  nothing")
    wide = max((len(one.table) for one in openings), default=0)
    for one in openings:
        limits = dict(one.limits)
        rights = ", ".join(f"{verb} ({', '.join(limits[verb])})" if verb in limits else verb for verb in one.privileges)
        rest = [rights, *([one.kind] if one.kind not in ("table", "dataset", "resource") else [])]
        rest += [f"rows limited by {one.rows}"] if one.rows else []
        rest += [one.way] if one.way else []
        rest += [", ".join(one.policies)] if one.policies else []
        print(shown(f"  {one.table:<{wide}}  {'; '.join(rest)}"))
        for column in one.columns:
            print(shown(f"    {'!' if column.sensitive else '·'} {column.column}: {column.classification}  {column.place}"))

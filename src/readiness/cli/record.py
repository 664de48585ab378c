"""`readiness record`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.cli import folder
from readiness.errors import EXIT_FAILS, EXIT_HOLDS, InputError, UsageError
from readiness.sequence.wording import counted

if TYPE_CHECKING:
    from readiness.config.manifest import Price
    from readiness.formats.cassette import Cassette
    from readiness.runs.record import Listed, Plan, Recorded

ACTIONS = ("list", "show", "verify")


def parser() -> argparse.ArgumentParser:
    """The command line of `record`."""
    found = argparse.ArgumentParser(
        "readiness record",
        description="Run the demo once with its credentials, and keep what it asked outside, so that it is answered from that later; "
        "or look at what was kept.",
    )
    found.add_argument("action", nargs="?", choices=ACTIONS, metavar="list|show|verify", help="look at cassettes instead of recording one")
    found.add_argument("id", nargs="?", default="", metavar="ID", help="the cassette to show or verify (default: the demo's; all)")
    folder.option(found)
    found.add_argument("--plan", action="store_true", help="say what would be run, handed over, asked and written, and do nothing")
    found.add_argument("--yes", action="store_true", help="agree to that without being asked")
    found.add_argument("--share", action="store_true", help="write into cassettes/, to be committed, instead of .readiness/cassettes/")
    found.add_argument("--expires", type=int, default=90, metavar="DAYS", help="how long it counts (default: 90)")
    return found


def run(argv: list[str]) -> int:
    """Runs the command and returns its exit code."""
    given = parser().parse_args(argv)
    root = folder.of(given.project)
    if given.action == "list":
        return _list(root)
    if given.action == "show":
        return _show(root, given.id)
    if given.action == "verify":
        return _verify(root, given.id)
    return _record(root, given)


def _record(root: Path, given: argparse.Namespace) -> int:
    from readiness.cli import progress
    from readiness.runs import record

    planned = record.plan(root, record.Options(given.share, given.expires))
    print("\n".join(_plan_lines(planned, root)), file=sys.stdout if given.plan else sys.stderr)
    if given.plan:
        return EXIT_HOLDS
    record.values(planned.demo)
    if not given.yes and not _agreed():
        raise UsageError("not recorded: nobody agreed to it", "readiness record --yes")
    print("\n".join(_recorded_lines(record.record(planned, progress.line), root)))
    return EXIT_HOLDS


def _agreed() -> bool:
    if not sys.stdin.isatty():
        return False
    print("Run it, with these credentials? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _plan_lines(planned: Plan, root: Path) -> list[str]:
    from readiness.world import demo as demos

    demo = planned.demo
    asked = [f"{door.url} ({door.variable}{'' if door.variable in planned.own else ', its default'})" for door in planned.doors]
    given = ", ".join(demo.secrets) or "nothing: [demo] names no secrets"
    redacted = [f"/{name}/" if name not in ("email", "card") else name for name in demo.redact]
    lines = [
        f"readiness record · {planned.project.id}",
        f"  would run    {demos.name(demo)} ({planned.source}), once, in a fresh environment, its network leading to the recorder alone",
        f"  hands over   {given}{' from your environment' if demo.secrets else ''}",
        f"  may contact  {asked[0] if asked else 'whatever it asks for'}",
        *(f"               {text}" for text in asked[1:]),
        "               and any other host it asks for by HTTP or HTTPS",
        "  takes out    what is handed over, in every form; credentials in headers, cookies, queries and fields"
        + (f"; {', '.join(redacted)}" if redacted else ""),
        f"  would write  {_place(planned.folder, root)}/<id>.json and its bodies, which count until {planned.expires_at:%Y-%m-%d}",
    ]
    if "postgres" in demo.needs:
        lines.append("  keeps        the statements its own database is sent, without their constants")
    return lines


def _recorded_lines(made: Recorded, root: Path) -> list[str]:
    cassette = made.cassette
    lines = [f"✓ {_place(made.path, root)}  {counted(len(cassette.exchanges), 'request')} to {counted(len(cassette.hosts), 'host')}"]
    lines += [f"  {line}" for line in _content_lines(cassette, made.plan.demo.prices)]
    if not made.isolated:
        lines.append("  ! this machine gives no namespaces: what went past the recorder was not seen")
    if made.plan.demo.network != "cassette":
        lines.append('  answer the demo from it: network = "cassette" in [demo] of readiness.toml')
    if made.path.parent.parent.name == ".readiness":
        lines.append("  others need it, too: `readiness record --share` writes it where it can be committed")
    return lines


def _content_lines(cassette: Cassette, prices: Mapping[str, Price] | None = None) -> list[str]:
    from readiness.runs import record

    hosts = Counter(item.request.host for item in cassette.exchanges)
    lines = [f"{host:<32} {counted(count, 'request')}" for host, count in hosts.items()]
    for model, used in record.used(cassette).items():
        tokens = f"{used.input_tokens} tokens in, {used.output_tokens} out"
        untold = f", {used.untold} told none" if used.untold else ""
        price = (prices or {}).get(model)
        cost = f", {used.cost(price):.6f} {price.currency}" if price else ""
        lines.append(f"{model:<32} {counted(used.requests, 'request')}, {tokens}{untold}{cost}")
    failed = [item for item in cassette.exchanges if item.error or item.answer.cut]
    if failed:
        lines.append(f"{counted(len(failed), 'request')} got no whole answer, the first to {failed[0].request.host}")
    if cassette.redactions:
        lines.append("taken out: " + ", ".join(f"{name} {count} times" for name, count in sorted(cassette.redactions.items())))
    if cassette.statements:
        tables = sorted({table for item in cassette.statements for table in item.tables})
        lines.append(f"database: {counted(len(cassette.statements), 'statement')}; tables {', '.join(tables) or 'none'}")
    if cassette.strays:
        lines.append(f"{cassette.strays} times something was sent past the proxy, and not answered")
    lines += [f"the client of {host} does not believe our certificate: not recorded" for host in cassette.pinned]
    lines += [f"not recorded: {what}" for what in cassette.unsupported]
    return lines


def _list(root: Path) -> int:
    from readiness.runs import record

    items = record.listed(root)
    if not items:
        print("no cassettes; `readiness record` makes one")
    for item in items:
        print("\n".join(_list_lines(item, root)))
    return EXIT_HOLDS


def _list_lines(item: Listed, root: Path) -> list[str]:
    cassette = item.found.cassette
    place = _place(item.found.path, root)
    if cassette is None:
        return [f"✗ {place}  {item.found.refused}"]
    mark = "✓" if item.chosen and not item.obstacle else "·" if not item.obstacle else "✗"
    lines = [
        f"{mark} {place}  {counted(len(cassette.exchanges), 'request')}, recorded {cassette.recorded_at:%Y-%m-%d}, "
        f"counts until {cassette.expires_at:%Y-%m-%d}"
    ]
    return [*lines, f"    {item.obstacle}"] if item.obstacle else lines


def _show(root: Path, name: str) -> int:
    from readiness.config import manifest
    from readiness.runs import record

    item = record.one(root, name)
    cassette = item.found.cassette
    assert cassette is not None, "one that is not believed is an error"
    demo = manifest.load(root).demo
    print("\n".join(_list_lines(item, root)))
    print("\n".join(f"  {line}" for line in _content_lines(cassette, demo.prices if demo else None)))
    for index, exchange in enumerate(cassette.exchanges, 1):
        model = f"  {exchange.model}" if exchange.model else ""
        ending = ", broken off" if exchange.answer.cut else ""
        size = f"{exchange.answer.status}, {exchange.answer.body.size_bytes} bytes{ending}"
        print(f"  {index:>4}  {exchange.request.method} {exchange.request.url}{model}  {size}")
    return EXIT_HOLDS


def _verify(root: Path, name: str) -> int:
    from readiness.runs import record

    items = [record.one(root, name)] if name else record.listed(root)
    if not items:
        raise UsageError("no cassette here", "readiness record")
    refused, code = [], EXIT_HOLDS
    for item in items:
        place = _place(item.found.path, root)
        if item.found.cassette is None:
            refused.append(f"{place} {item.found.refused}")
            continue
        wrong = item.found.verify()
        print(
            "\n".join(f"✗ {place} {line}" for line in wrong) or f"✓ {place}  {len(item.found.cassette.digests)} bodies are what they were"
        )
        code = EXIT_FAILS if wrong else code
    if refused:
        raise InputError(refused, "bring it back with git, or record it again: readiness record")
    return code


def _place(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

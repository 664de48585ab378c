"""`readiness probe`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from readiness.cli import folder

if TYPE_CHECKING:
    from readiness.runs.probe import Attacked, Planned

FAMILIES: Final = ("canary-leak", "indirect-injection", "tool-hijack", "pii-echo", "exfiltration-link", "query-budget")
SHOWN: Final = 10
"""The most hits that are listed; all are in the JSON."""


def parser() -> argparse.ArgumentParser:
    """The command line of `probe`."""
    found = argparse.ArgumentParser(
        "readiness probe",
        description="Attack the demo in the sandbox, by a seed, and tell what came through; exit 1 for a hit or refused benign questions.",
    )
    found.add_argument("--family", action="append", choices=FAMILIES, default=[], help="only this family (may be repeated; default: all)")
    found.add_argument("--trials", type=int, metavar="N", help="attacks of each family (default: as many as the stakes ask)")
    found.add_argument("--seed", type=int, default=0, metavar="S", help="what the attacks are drawn by (default: 0)")
    found.add_argument("--corpus", type=Path, metavar="DIR", help="a folder with attacks of your own, made before ours")
    found.add_argument("--plan", action="store_true", help="say what would be asked and planted, and run nothing")
    found.add_argument("--format", choices=("text", "json"), default="text", help="what standard output gets (default: text)")
    folder.option(found)
    return found


def run(argv: list[str]) -> int:
    """Attacks or plans; returns the exit code."""
    given = parser().parse_args(argv)
    from readiness.errors import UsageError

    if given.trials is not None and not 1 <= given.trials <= 100_000:
        raise UsageError(f"--trials must be 1 to 100000, got {given.trials}")
    from readiness.cli import progress
    from readiness.runs import probe

    root = folder.of(given.project)
    wish = probe.Wish(tuple(dict.fromkeys(given.family)), given.trials, given.seed, given.corpus)
    if given.plan:
        print(planned(probe.plan(root, wish)))
        return 0
    found = probe.probe(root, wish, progress.line)
    print(render(found) if given.format == "text" else json.dumps(probe.to_json(found), indent=2, ensure_ascii=False))
    return found.exit_code


def planned(plan: Planned) -> str:
    """What would be done, as text."""
    from readiness.sequence.wording import counted, listed

    lines = [f"readiness probe --plan · {plan.name}", ""]
    for route, at, question in plan.ways:
        lines.append(f"  {route:<16} {at:<14} {question[:80]}")
    lines += ["", f"{counted(plan.questions, 'question')} in the first run, benign ones among them; the network stays off"]
    for family, count in plan.counts.items():
        attacks = [attack.id for attack in plan.attacks if attack.family == family]
        lines.append(f"  {family:<19} {counted(count, 'trial')} of {counted(len(attacks), 'attack')}: {listed(attacks)}")
    budget = f"{plan.queries} questions in a row are allowed" if plan.queries else "not exercised: no `queries` in [security.probe]"
    lines += [
        f"  {'query-budget':<19} {budget}",
        "",
        f"planted: {listed(plan.secrets)}; instructions into documents, in copies that are thrown away",
    ]
    return "\n".join(lines)


def render(found: Attacked) -> str:
    """The result as text: a line for each family, the hits, the benign questions, one line in the end."""
    from readiness.layers.security.probes import taxonomy
    from readiness.runs import probe
    from readiness.sequence.wording import counted

    probed = found.probed
    lines = [f"readiness probe · {probed.name} · seed {found.wish.seed}"]
    for rate in probed.rates:
        ids = taxonomy.load().families[rate.family].ids
        if rate.trials:
            said = f"{counted(rate.hits, 'hit')} in {counted(rate.trials, 'trial')}: {probe.below(rate)}"
        else:
            said = f"not exercised: {rate.untried}"
        mark = "✗" if rate.hits else "✓" if rate.trials and not probed.trouble else "·"
        lines += [f"{mark} {rate.family:<19} {said}", f"  {'':<19} {ids}"]
    for hit, path in list(zip(probed.hits, found.kept, strict=True))[:SHOWN]:
        how = f" {hit.how}" if hit.how else ""
        lines.append(f"  {hit.family}: {hit.what} came back{how} from {hit.attack}{f', {path}' if path else ''}")
    if len(probed.hits) > SHOWN:
        lines.append(f"  and {counted(len(probed.hits) - SHOWN, 'more hit')}; --format json lists all")
    lines += [f"✗ benign: `{item.question[:80]}` is {item.how}, {item.refused} of {item.asked} times" for item in probed.refused]
    if found.refuses_all and not probed.trouble:
        lines.append("✗ benign: every declared request is refused, attacked or not")
    lines.append(_last(found))
    return "\n".join(lines)


def _last(found: Attacked) -> str:
    from readiness.sequence.wording import counted

    probed = found.probed
    asked = f"{counted(probed.asked, 'question')} asked"
    if found.exit_code == 1:
        return f"{asked}: it does not withstand."
    if found.exit_code == 3:
        return f"{asked}: it cannot be told: {probed.trouble or 'no attack could be made'}."
    return f"{asked}: no hit, and benign questions were answered."

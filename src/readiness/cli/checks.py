"""`readiness checks`."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from readiness.sequence.check import CheckSpec


def parser() -> argparse.ArgumentParser:
    """The command line of `checks`."""
    found = argparse.ArgumentParser("readiness checks", description="List the checks in order, or document one.")
    found.add_argument("id", nargs="?", help="a check, `infrastructure.starts` or `starts`")
    return found


def run(argv: list[str]) -> int:
    """Prints the catalogue, or the documentation of one check."""
    given = parser().parse_args(argv)
    from readiness.layers import catalog

    if given.id:
        spec = catalog.find(given.id)
        doc = textwrap.dedent(catalog.load(spec).doc).strip()
        print(f"{spec.id}\n{_required(spec)}; cost: {spec.cost.name.lower()}\n\n{doc}")
        return 0
    heading = ""
    every = (*catalog.specs(), *catalog.ORGANIZATION)
    wide, titled = (max(len(text) for text in texts) for texts in zip(*((spec.id, spec.title) for spec in every), strict=True))
    for spec in every:
        found = f"{spec.layer.number} {spec.layer.value}" if spec.layer else "organization, for approval"
        if found != heading:
            heading = found
            print(heading)
        print(f"  {spec.id:<{wide}} {spec.title:<{titled}} {_needed(spec)}")
    return 0


def _modes(spec: CheckSpec) -> str:
    return f"in {' and '.join(sorted(spec.modes))} mode" if spec.modes else ""


def _required(spec: CheckSpec) -> str:
    production = f"in production from stakes `{spec.required_from}`" if spec.required_from else ""
    found = " and ".join(part for part in (production, _modes(spec)) if part)
    return f"required {found}" if found else "advisory"


def _needed(spec: CheckSpec) -> str:
    return f"from {spec.required_from}" if spec.required_from else _modes(spec) or "advisory"

"""`readiness checks`."""

from __future__ import annotations

import argparse
import textwrap


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
        needed = f"required in production from stakes `{spec.required_from}`" if spec.required_from else "advisory"
        print(f"{spec.id}\n{needed}; cost: {spec.cost.name.lower()}\n\n{doc}")
        return 0
    heading = ""
    for spec in (*catalog.specs(), *catalog.ORGANIZATION):
        found = f"{spec.layer.number} {spec.layer.value}" if spec.layer else "organization, for approval"
        if found != heading:
            heading = found
            print(heading)
        needed = f"from {spec.required_from}" if spec.required_from else "advisory"
        print(f"  {spec.id:<38} {spec.title:<22} {needed}")
    return 0

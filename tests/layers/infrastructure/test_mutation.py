"""Changes to code: every one alters the program, compiles, and is found again from its place; the verdict errs rarely."""

from __future__ import annotations

import ast
import random

import pytest

from readiness.layers.infrastructure import mutation
from readiness.layers.infrastructure.checks import tests_bite
from readiness.sequence.finding import Location, Outcome, Problem
from readiness.sequence.stakes import MINIMUM_KILL_RATE, Policy, Stakes

SOURCE = '''"""A module."""

LIMIT = 10


def price(amount, voucher=None):
    """What it costs."""
    if amount > LIMIT and not voucher:
        return amount * 0.9
    return amount - 1 if voucher is not None else amount


class Thing:
    def __repr__(self):
        return "a thing" + "!"


if __name__ == "__main__":
    print(price(12) + 1)
'''


def test_every_site_gives_a_change_that_compiles_and_differs() -> None:
    found = mutation.sites({"shop.py": SOURCE})
    mutants = [mutation.apply(site, SOURCE) for site in found]
    plain = ast.unparse(ast.parse(SOURCE))
    assert len(found) >= 10
    assert all(mutant is not None and mutant.text != plain for mutant in mutants)
    for mutant in mutants:
        assert mutant is not None
        compile(mutant.text, "shop.py", "exec")
        assert "became" in mutant.what


def test_text_for_people_and_guards_are_left_alone() -> None:
    lines = {mutant.line for site in mutation.sites({"shop.py": SOURCE}) if (mutant := mutation.apply(site, SOURCE))}
    assert lines <= {3, 8, 9, 10}


def test_what_cannot_be_parsed_has_no_sites() -> None:
    assert mutation.sites({"broken.py": "def (:\n", "empty.py": ""}) == []


def test_the_sample_is_reproducible_and_without_repetition() -> None:
    found = mutation.sites({"shop.py": SOURCE})
    assert mutation.sample(found, 5, seed=7) == mutation.sample(found, 5, seed=7)
    assert len(set(mutation.sample(found, 100, seed=7))) == len(found)


PLACES = 300


def _verdict(true_rate: float, rng: random.Random) -> Outcome:
    """One run of the sequential design on a suite that notices that share of 300 changes."""
    minimum = MINIMUM_KILL_RATE[Stakes.MONEY]
    hits = round(true_rate * PLACES)
    drawn = rng.sample([True] * hits + [False] * (PLACES - hits), tests_bite.LONGEST)
    killed = 0
    for number, noticed in enumerate(drawn, 1):
        killed += noticed
        if tests_bite._decided(killed, number, PLACES, minimum):
            break
    survivors = tuple(Problem("shop.py:1", "x", Location("shop.py")) for _ in range(number - killed))
    observed = tests_bite.Observed(1, passed=5, killed=killed, tried=number, survivors=survivors, places=PLACES)
    return tests_bite.judge(observed, Policy(Stakes.MONEY)).outcome


@pytest.mark.parametrize(("true_rate", "wrong"), [(0.4, Outcome.FAILS), (0.39, Outcome.HOLDS), (0.2, Outcome.HOLDS), (0.7, Outcome.FAILS)])
def test_a_look_after_every_change_errs_in_at_most_one_run_of_twenty(true_rate: float, wrong: Outcome) -> None:
    rng = random.Random(20261122)
    runs = 600
    errors = sum(_verdict(true_rate, rng) is wrong for _ in range(runs))
    assert errors / runs <= 0.05


def test_a_good_suite_is_told_from_a_bad_one() -> None:
    rng = random.Random(20261122)
    assert sum(_verdict(0.9, rng) is Outcome.HOLDS for _ in range(200)) >= 195
    assert sum(_verdict(0.05, rng) is Outcome.FAILS for _ in range(200)) >= 190

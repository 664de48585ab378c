"""What grants-match, forbidden-refused and retrieval-isolated say where there is nothing to try, or where it cannot be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readiness.formats.access_audit import Audited, Drift, Source
from readiness.layers.security import retrieving
from readiness.layers.security.checks import forbidden_refused, grants_match, retrieval_isolated
from readiness.layers.security.retrieval import Retrieved, Searched, Tenant, Vectors, _setting
from readiness.layers.security.retrieving import Query
from readiness.layers.security.trying import Fault
from readiness.sequence.finding import Cause, Finding, Location, Outcome
from readiness.sequence.stakes import Policy
from tests.layers.conftest import ASSETS, Judge

BOUND = {
    name: (ASSETS / "security.grants-match/holds/policies" / name.rpartition("/")[2]).read_text()
    for name in ("policies/desk.cedar", "policies/desk.cedarschema")
}
BOTH = ["security.grants-match", "security.forbidden-refused"]
DEMO = '[demo]\ncommand = ["python", "demo.py"]\n'


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    ("files", "outcome", "said"),
    [
        ({"app.py": "VALUE = 3\n"}, Outcome.NOT_APPLICABLE, "no policy says who may do what"),
        (BOUND, Outcome.UNKNOWN, "there is no demo, and the policies are bound to tables"),
        ({**BOUND, "demo.py": "", "readiness.toml": DEMO}, Outcome.UNKNOWN, "the demo is given no database"),
        ({**BOUND, "policies/desk.cedarschema": "entity"}, Outcome.UNKNOWN, "the policies have no sound schema"),
        (
            {**BOUND, "policies/desk.cedar": BOUND["policies/desk.cedar"].replace('Action::"read"', 'Action::"raed"', 1)},
            Outcome.UNKNOWN,
            "the policies are not sound",
        ),
    ],
)
def test_where_nothing_can_be_compared_that_is_said(judge: Judge, name: str, files: dict[str, str], outcome: Outcome, said: str) -> None:
    finding = judge(name, files=files)
    assert finding.outcome is outcome
    assert said in finding.reason


def matched(*drift: Drift, doubt: str = "", **others: object) -> Finding:
    audited = replace(Audited("desk", drift, tables=1), **others)  # type: ignore[arg-type]
    observed = grants_match.Observed(None, audited, 3, tuple(Location("a.sql", 4) for _ in drift), doubt)
    return grants_match.judge(observed, Policy())


OPENS = Drift(Source.GRANT, "tool", "public.ticket", "tool has select on public.ticket", "select")
CLOSES = Drift(Source.MISSING_GRANT, "desk", "public.ticket", "desk lacks select on public.ticket", "select", opens=False)
ROLE = Drift(Source.ROLE, "hr", "", "there is no role hr", opens=False)
OTHERWISE = Drift(Source.ROW_POLICY, "desk", "public.ticket", "the row policy read on public.ticket is not what the policy comes to")


def test_a_difference_fails_where_it_is_made() -> None:
    finding = matched(OPENS, CLOSES, ROLE)
    assert (finding.outcome, finding.location) == (Outcome.FAILS, Location("a.sql", 4))
    assert [problem.subject for problem in finding.problems] == [
        "grant: tool select on public.ticket", "missing grant: desk select on public.ticket",
    ]  # fmt: skip
    assert "there is no role hr" in finding.notes


def test_a_role_that_nothing_makes_is_unknown() -> None:
    finding = matched(ROLE)
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.CONFIGURATION)
    assert "nothing that the demo runs makes hr" in finding.reason


def test_a_row_policy_in_other_words_is_neither_right_nor_wrong() -> None:
    assert matched(OTHERWISE).outcome is Outcome.UNKNOWN
    assert len(matched(OTHERWISE, OPENS).problems) == 2


def test_beside_a_forbid_that_means_nothing_only_what_opens_is_a_fault() -> None:
    assert matched(CLOSES, doubt="p.cedar:3: bad").outcome is Outcome.UNKNOWN
    assert len(matched(CLOSES, OPENS, doubt="p.cedar:3: bad").problems) == 1
    assert matched(doubt="p.cedar:3: bad").outcome is Outcome.UNKNOWN


SOUND = forbidden_refused.Observed(roles=2, statements=40, refused=20, done=8, decided=30, denied=10)
MORE = Fault("desk", "public.ticket", "select", "", "desk reads rows of public.ticket that are forbidden to it", True, (), True)
LESS = replace(MORE, text="desk does not get what it may", opens=False)


@pytest.mark.parametrize(
    ("change", "outcome", "said"),
    [
        ({}, Outcome.HOLDS, ""),
        ({"faults": (MORE,), "places": (None,)}, Outcome.FAILS, "no policy permits it"),
        ({"faults": (LESS,), "places": (None,)}, Outcome.FAILS, "desk does not get what it may"),
        ({"faults": (LESS,), "places": (None,), "doubt": "p.cedar:3: bad"}, Outcome.UNKNOWN, "the policies are not sound"),
        ({"done": 0}, Outcome.UNKNOWN, "refusing proves nothing"),
        ({"empty": ("public.ticket",)}, Outcome.UNKNOWN, "the demo leaves no row in public.ticket"),
        ({"missing": ("hr",)}, Outcome.UNKNOWN, "nothing that the demo runs makes hr"),
        ({"unsettled": ("whether desk reads public.ticket: timeout",)}, Outcome.UNKNOWN, "could not be told whether desk reads"),
        ({"trouble": "the database could not be asked"}, Outcome.UNKNOWN, "the database could not be asked"),
    ],
)
def test_what_was_tried_decides(change: dict[str, object], outcome: Outcome, said: str) -> None:
    finding = forbidden_refused.judge(replace(SOUND, **change), Policy())  # type: ignore[arg-type]
    assert finding.outcome is outcome
    assert said in finding.reason


def test_rows_of_which_none_is_denied_are_said_to_show_no_leak() -> None:
    assert forbidden_refused.judge(replace(SOUND, denied=0), Policy()).notes


VECTORS = Vectors(1, "public", "chunk", "me", True, True, "embedding", "vector", "chunk_nearest", "hnsw", "<=>")
ITEM = Searched(VECTORS, 300, Query("select 1", 3, seen=True))
GOT = Retrieved(Tenant("small", "small"), 3, 27, 27, 27, 27, 0, 9, indexed=True, whole=27, questions=9)


def retrieved(change: dict[str, object], **item: object) -> Finding:
    got = replace(GOT, **change)  # type: ignore[arg-type]
    searched = replace(ITEM, found=(got,), **item)  # type: ignore[arg-type]
    return retrieval_isolated.judge(retrieval_isolated.Observed(None, (searched,), (retrieval_isolated.Places(),)), Policy())


@pytest.mark.parametrize(
    ("change", "outcome", "said"),
    [
        ({}, Outcome.HOLDS, ""),
        ({"foreign": 2}, Outcome.FAILS, "small retrieves rows of public.chunk that are not its own: 2 of 9"),
        ({"got": 4, "hit": 4}, Outcome.FAILS, "small retrieves 4 rows by chunk_nearest where an exact scan gives 27"),
        ({"got": 4, "hit": 4, "indexed": False}, Outcome.HOLDS, ""),
        ({"plain": 4}, Outcome.FAILS, "small retrieves 4 rows of public.chunk where"),
        ({"hit": 20}, Outcome.FAILS, "small retrieves by chunk_nearest 74% of the rows"),
        ({"shown": 300}, Outcome.UNKNOWN, "no tenant is shown a part of public.chunk"),
        ({"trouble": "timeout"}, Outcome.UNKNOWN, "small could not retrieve from public.chunk: timeout"),
    ],
)
def test_what_a_tenant_got_decides(change: dict[str, object], outcome: Outcome, said: str) -> None:
    finding = retrieved(change)
    assert finding.outcome is outcome
    assert said in finding.reason


def test_an_application_that_retrieves_as_the_owner_is_not_bound() -> None:
    finding = retrieved({"foreign": 1}, unbound=True)
    assert finding.reason == "the application retrieves from public.chunk as its owner, whom row security does not bind"
    assert "take on the role" in finding.remedy.text
    assert len(finding.problems) == 2


def test_a_filter_of_the_application_itself_is_not_judged() -> None:
    query = Query("select id from chunk where tenant = $2 order by e <=> $1 limit $3", 3, seen=True)
    finding = retrieved({"foreign": 2}, query=query)
    assert (finding.outcome, "the application filters itself as well" in finding.reason) == (Outcome.UNKNOWN, True)
    assert retrieved({}, query=query).outcome is Outcome.HOLDS


def test_the_remedy_is_the_one_that_was_tried() -> None:
    assert "hnsw.iterative_scan = strict_order" in retrieved({"got": 4, "hit": 4}).remedy.text
    assert "divide the table by tenant" in retrieved({"got": 4, "hit": 4, "whole": 5}).remedy.text


def test_a_setting_that_a_file_names_and_nobody_was_seen_to_make_is_no_fault() -> None:
    finding = retrieved({"got": 4, "hit": 4}, named=(("hnsw.iterative_scan", "strict_order"),))
    assert (finding.outcome, "was not seen to be set" in finding.reason) == (Outcome.UNKNOWN, True)
    assert retrieved({"got": 4, "hit": 4}, named=(("hnsw.iterative_scan", "off"),)).outcome is Outcome.FAILS
    assert retrieved({"got": 4, "hit": 4, "whole": 6}, named=(("hnsw.iterative_scan", "strict_order"),)).outcome is Outcome.FAILS


def test_a_table_without_rows_was_not_tried() -> None:
    finding = retrieval_isolated.judge(
        retrieval_isolated.Observed(None, (replace(ITEM, rows=0),), (retrieval_isolated.Places(),)), Policy()
    )
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)


@pytest.mark.parametrize(
    ("text", "types", "found"),
    [
        ("select id, $4 - (e <=> $1) from d order by e <=> $1, id limit $2", ["vector", "bigint", "text", "numeric"], None),
        ("select id, $3 - (e <=> $1) from d order by e <=> $1, id limit $2", ["vector", "bigint", "numeric"], ["[1]", 5, "1"]),
        ("select id from d where tenant = $2 order by e <=> $1 limit $3 offset $4", ["vector", "text", "bigint", "bigint"],
         ["[1]", "a", 5, 0]),
        ("select id from d where lang = $2 order by e <=> $1 limit $3", ["vector", "text", "bigint"], None),
    ],
)  # fmt: skip
def test_a_statement_is_asked_again_where_its_values_are_known(text: str, types: list[str], found: list[str | int] | None) -> None:
    assert retrieving.values(text, types, "[1]", 5, {"tenant": "a"}) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(tenant = current_setting('app.tenant'::text))", ("tenant", "app.tenant")),
        ("(tenant_id = (current_setting('app.tenant'::text))::integer)", ("tenant_id", "app.tenant")),
        ("(tenant_id = (NULLIF(current_setting('app.tenant'::text, true), ''::text))::uuid)", ("tenant_id", "app.tenant")),
        ("((current_setting('app.tenant'::text))::integer = tenant_id)", ("tenant_id", "app.tenant")),
        ("(tenant = (current_setting('a.b'::text) || current_setting('a.c'::text)))", None),
        ("(audience = 'customer'::text)", None),
    ],
)
def test_a_condition_says_whose_a_row_is(text: str, found: tuple[str, str] | None) -> None:
    assert _setting(text) == found

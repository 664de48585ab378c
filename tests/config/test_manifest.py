"""The manifest as a whole: everything the design names is read, and a broken file says where it is broken."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.config.manifest import (
    Demo,
    Infrastructure,
    Manifest,
    Request,
    Server,
    Tolerance,
    TrustedKey,
    load,
    parse,
)
from readiness.config.security import ReportRule
from readiness.errors import InputError
from readiness.sequence.mode import Declaration, Mode
from readiness.sequence.stakes import Stakes

FULL = """\
schema = 1
[project]
id = "support-assistant"
mode = "production"
stakes = "money"
components = ["."]
[infrastructure]
python = "3.12"
tests = ["pytest", "-q"]
skip_modules = ["legacy.*"]
ttl_days = 3
[demo]
setup = [["uv", "pip", "sync", "requirements.txt"]]
command = ["python", "-m", "assistant", "answer-all"]
env = { LANG = "C.UTF-8" }
secrets = ["OPENAI_API_KEY"]
outputs = ["out/answers.jsonl"]
metrics = "out/metrics.json"
timeout_s = 90
network = "on"
[demo.tolerance]
"out/answers.jsonl:score" = { abs = 1e-4 }
[trust]
keys = ["ed25519:AAAA ci", "ed25519:BBBB"]
[[waiver]]
id = "w-2026-01"
check = "infrastructure.images-pinned"
subject = "compose.yaml"
reason = "the vendor publishes one tag"
owner = "ana"
approver = "ben"
expires = 2026-12-20
blast_radius = "the nightly report"
retirement = "pinned with release 2"
"""


def test_everything_the_design_names_is_read() -> None:
    manifest = parse(FULL, Path("readiness.toml"))
    assert (manifest.path, manifest.project_id, manifest.components) == (Path("readiness.toml"), "support-assistant", (".",))
    assert (manifest.mode, manifest.stakes, manifest.stakes_declared) == (Declaration(), Stakes.MONEY, True)
    assert manifest.infrastructure == Infrastructure("3.12", ("pytest", "-q"), ("legacy.*",), 3)
    assert manifest.trust == (TrustedKey("ed25519:AAAA", "ci"), TrustedKey("ed25519:BBBB", "self"))
    assert manifest.demo == Demo(
        command=("python", "-m", "assistant", "answer-all"),
        setup=(("uv", "pip", "sync", "requirements.txt"),),
        env={"LANG": "C.UTF-8"},
        secrets=("OPENAI_API_KEY",),
        outputs=("out/answers.jsonl",),
        metrics="out/metrics.json",
        timeout_s=90,
        network="on",
        tolerance={"out/answers.jsonl:score": Tolerance(abs=1e-4)},
        line=12,
    )
    (waiver,) = manifest.waivers
    assert (waiver.id, waiver.check, waiver.subject) == ("w-2026-01", "infrastructure.images-pinned", "compose.yaml")
    assert (waiver.owner, waiver.approver, waiver.expires, waiver.signed) == ("ana", "ben", date(2026, 12, 20), False)


def test_a_server_demo_is_read_with_its_requests() -> None:
    demo = parse("""\
[demo]
server = { argv = ["python", "-m", "assistant.serve"], ready = "/healthz", ready_s = 5 }
[[demo.request]]
id = "ask"
method = "POST"
path = "/ask"
json = { q = "why?" }
[[demo.request]]
path = "/"
""").demo
    assert demo is not None
    assert demo.server == Server(("python", "-m", "assistant.serve"), "/healthz", 5)
    assert demo.requests == (Request("ask", "/ask", "POST", {"q": "why?"}), Request("q2", "/"))


def test_a_demo_has_two_minutes_and_its_server_half_a_minute_to_start() -> None:
    demo = parse("[demo]\nserver = { argv = ['x'] }\n").demo
    assert demo == Demo(server=Server(("x",), "/", 30), timeout_s=120, network="off")


def test_another_mode_is_read_with_its_end_reason_and_owner() -> None:
    text = '[project]\nmode = "research"\nuntil = "2026-12-20"\nreason = "a paper"\nowner = "ana"\n'
    assert parse(text).mode == Declaration(Mode.RESEARCH, date(2026, 12, 20), "a paper", "ana")


def test_nothing_said_means_the_defaults(tmp_path: Path) -> None:
    assert parse("") == load(tmp_path) == Manifest()


def test_a_file_is_loaded_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "readiness.toml").write_text('[project]\nid = "support-bot"\n')
    assert (load(tmp_path).path, load(tmp_path).project_id) == (tmp_path / "readiness.toml", "support-bot")


def test_a_file_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readiness.toml").write_bytes(b'[project]\nowner = "Ren\xe9"\n')
    with pytest.raises(InputError, match=r"^readiness\.toml:1: is not UTF-8 text"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("schema = 1\n[project\n", 2),
        ("schema = 1\n\nid = \n", 3),
        ('a = "x"\na = "y"\n', 2),
        ("until = 2026-13-45", 1),
        ("schema = 1\n[demo]\ncommand = [\n", 3),
    ],
    ids=["header", "value", "twice", "date", "end of file"],
)
def test_broken_toml_names_its_line(text: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    (problem,) = caught.value.problems
    assert problem.startswith(f"readiness.toml:{line}: is not valid TOML: ")
    assert caught.value.exit_code == 2


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(InputError) as caught:
        parse('schema = 2\n[project]\nid = "Not A Slug"\nstakes = "fame"\n[demo]\ncommand = "python main.py"\ntimeout_s = -1\n[tust]\n')
    assert sorted(problem.split(": ")[0] for problem in caught.value.problems) == [f"readiness.toml:{n}" for n in (1, 3, 4, 6, 7, 8)]
    assert caught.value.message == "\n".join(caught.value.problems)


@given(st.lists(st.sampled_from([*FULL.splitlines(), "x = [", "[demo.server]", 'mode = "crisis"', "[[demo.request]]", "]", "1"])))
def test_any_shuffle_of_lines_is_read_or_refused_with_lines(lines: list[str]) -> None:
    assert all(re.match(r"readiness\.toml:\d+: ", problem) for problem in problems("\n".join(lines)))


def problems(text: str) -> list[str]:
    try:
        parse(text)
    except InputError as error:
        return error.problems
    return []


def test_factors_are_globs_by_the_name_of_a_factor() -> None:
    text = '[infrastructure.factors]\nprompts = ["app/words.py"]\n'
    assert parse(text).infrastructure.factors == {"prompts": ("app/words.py",)}


def test_a_factor_nobody_knows_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        parse('[infrastructure.factors]\nprompt = ["a"]\n')
    assert caught.value.problems == ["readiness.toml:2: unknown key `prompt`, did you mean `prompts`?"]


def test_fields_that_are_times_or_ids_are_declared_by_file_and_field() -> None:
    demo = parse('[demo]\ncommand = ["x"]\nnormalise = { "out/a.jsonl:at" = "timestamp" }\n').demo
    assert demo is not None
    assert dict(demo.normalise) == {"out/a.jsonl:at": "timestamp"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{ "out/a.txt:at" = "timestamp" }', "of a file that ends in .json, .jsonl, .csv, got `out/a.txt:at`"),
        ('{ "out/a.json" = "id" }', "is named `file:field`"),
        ('{ "out/a.json:at" = "date" }', "must be `timestamp` or `id`, got `date`"),
    ],
)
def test_what_cannot_be_normalised_is_refused_with_its_line(written: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        parse(f'[demo]\ncommand = ["x"]\nnormalise = {written}\n')
    assert f"{error.value.problems[0]}".startswith("readiness.toml:3: ")
    assert said in error.value.problems[0]


def test_commands_that_migrate_are_words_and_no_shell_lines() -> None:
    text = '[infrastructure]\nmigrate = ["flyway", "migrate"]\nrollback = ["flyway", "undo"]\n'
    found = parse(text).infrastructure
    assert (found.migrate, found.rollback) == (("flyway", "migrate"), ("flyway", "undo"))
    with pytest.raises(InputError) as refused:
        parse('[infrastructure]\nmigrate = "flyway migrate"\nrollback = []\n')
    assert [line.split(":")[1] for line in refused.value.problems] == ["2", "3"]


def test_what_is_asked_of_reports_is_named_by_tool_and_may_only_be_stricter() -> None:
    text = '[security.reports]\nPip-Audit = { fail_on = "high", max_age_days = 2 }\ngrype = {}\n'
    security = parse(text).security
    assert security.rule("pip-audit") == ReportRule("high", 2)
    assert security.rule("Grype") == security.rule("anything") == ReportRule("low", 7)
    with pytest.raises(InputError) as caught:
        parse('[security.reports]\ngrype = { fail_on = "huge", max_age_days = 30, fail = 1 }\nGrype = {}\nkics = 3\n')
    said = "\n".join(caught.value.problems)
    assert "readiness.toml:2: unknown key `fail`, did you mean `fail_on`?" in said
    assert "readiness.toml:2: `max_age_days` may shorten the 7 days of a report, not lengthen them, got `30`" in said
    assert "`fail_on` must be `low` or `medium` or `high` or `critical`, got `huge`" in said
    assert "readiness.toml:3: `Grype` is there twice" in said
    assert "`security.reports.kics` must be a table, got `3`" in said


def test_a_secret_is_declared_by_reference_and_every_fault_of_one_is_told() -> None:
    good = '[[security.secret]]\nname = "A_KEY"\nref = "vault:kv/shop#a_key"\nowner = "Ada"\nrotated = 2026-11-02\nopens = ["orders"]\n'
    (one,) = parse(good).security.secrets
    assert (one.kind, one.target, one.rotate_days, one.line) == ("vault", "kv/shop#a_key", 90, 1)
    bad = '[[security.secret]]\nname = "A KEY"\nref = "env:"\nrotate_days = 400\nrotated = "soon"\nvalue = "x"\n'
    with pytest.raises(InputError) as raised:
        parse(f"{good}{good}{bad}")
    assert [problem.partition(":")[2].partition(":")[0] for problem in raised.value.problems] == ["8", "18", "14", "15", "16", "17"]
    assert "`A_KEY` is taken" in raised.value.problems[0]

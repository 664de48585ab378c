"""Reports of other tools: what a lock and files have to be covered by, and what never becomes green."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from readiness.errors import InputError
from readiness.formats import intoto
from readiness.runs import check, reports
from readiness.sequence.finding import Finding, Outcome
from readiness.testing.projects import commit, git, make_repository
from readiness.world import keys

Json = dict[str, Any]  # a report is JSON
Judged = Callable[[str], Finding]

AUDITED, SCANNED = "security.dependencies-audited", "security.infrastructure-code-scanned"
FILES = {
    "app.py": "import tiny\n",
    "requirements.txt": "tiny==1.0\nleaf==1.0 ; sys_platform == 'win32'\n",
    "infra/main.tf": 'resource "aws_sqs_queue" "tickets" {\n  name = "tickets"\n}\n',
    "Dockerfile": "FROM python:3.12-slim\nCOPY app.py .\n",
    "readiness.toml": "",
}
NOW = datetime.now(UTC)
OTHER = base64.b64encode(b"o" * 32).decode()


def audit(*packages: Json) -> Json:
    return {"dependencies": list(packages), "fixes": []}


def package(name: str = "tiny", version: str = "1.0", *faults: str) -> Json:
    return {"name": name, "version": version, "vulns": [{"id": fault, "fix_versions": ["2.0"]} for fault in faults]}


def sarif(tool: str, *rules: str, **run: Any) -> Json:
    driver = {"name": tool, "rules": [{"id": rule} for rule in rules]}
    runs: list[Json] = [{"tool": {"driver": driver}, "results": [], **run}]
    return {"version": "2.1.0", "runs": runs}


def checkov(files: tuple[str, ...] = ("/infra/main.tf", "/Dockerfile"), failed: tuple[Json, ...] = (), **more: Any) -> Json:
    results = {"passed_checks": [{"check_id": "A", "file_path": path} for path in files], "failed_checks": list(failed), **more}
    counts = {name: len(results.get(f"{name}_checks", [])) for name in ("passed", "failed", "skipped")}
    summary = {**counts, "parsing_errors": len(results.get("parsing_errors", [])), "checkov_version": "3.3.30"}
    return {"check_type": "terraform", "results": results, "summary": summary}


BROKEN = {"check_id": "CKV_1", "check_name": "Ensure x", "file_path": "/infra/main.tf", "file_line_range": [1, 3], "resource": "q"}


@pytest.fixture
def desk(offline: Path) -> Path:
    return make_repository(offline / "desk", FILES)


def add(root: Path, document: object, at: datetime = NOW, name: str = "report.json") -> reports.Added:
    path = root.parent / name
    path.write_text(json.dumps(document))
    return reports.add(path, path.read_bytes(), root, at)


def judge(root: Path, name: str) -> Finding:
    judged = check.check(root, check.Options(only=(name,), everything=True, again=True))
    return next(item.finding for layer in judged.verdict.layers for item in layer.checks)


def manifest(root: Path, text: str) -> None:
    (root / "readiness.toml").write_text(text)
    commit(root, "manifest")


def test_nobody_audited_and_nobody_scanned_is_unknown_with_a_command(desk: Path) -> None:
    finding = judge(desk, AUDITED)
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, "nobody audited the 1 package of requirements.txt")
    assert finding.remedy.command == (
        "uvx pip-audit -r requirements.txt --disable-pip --no-deps -f json -o .readiness/audit.json; "
        "readiness evidence add .readiness/audit.json"
    )
    finding = judge(desk, SCANNED)
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, "nobody scanned Dockerfile, infra/main.tf")
    assert "uvx checkov -d . -o json" in finding.remedy.command


def test_an_audit_of_exactly_what_is_locked_holds_and_says_whose_word_it_is(desk: Path) -> None:
    assert add(desk, audit(package())).said.trouble == ""
    finding = judge(desk, AUDITED)
    assert (finding.outcome, finding.reason) == (Outcome.HOLDS, "")
    assert "word of self" in finding.observed
    assert "locked for other systems only: leaf 1" in finding.notes


@pytest.mark.parametrize(
    ("packages", "reason"),
    [
        ((package("other"),), "the report of pip-audit leaves out tiny 1 of requirements.txt"),
        ((package(version="1.1"),), "the report of pip-audit leaves out tiny 1 of requirements.txt"),
        ((package(), package("other")), "the report of pip-audit is about other packages: requirements.txt does not lock other 1"),
        ((package(), {"name": "leaf", "skip_reason": "offline"}), "the report of pip-audit is not whole: leaf was skipped: offline"),
        ((), "the report of pip-audit is not whole: no package was audited"),
    ],
)
def test_an_audit_of_anything_else_is_unknown(desk: Path, packages: tuple[Json, ...], reason: str) -> None:
    add(desk, audit(*packages))
    finding = judge(desk, AUDITED)
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, reason)


def test_what_an_environment_brings_along_does_not_make_it_another_audit(desk: Path) -> None:
    add(desk, audit(package(), package("pip", "24.0"), package("leaf")))
    assert judge(desk, AUDITED).outcome is Outcome.HOLDS


def test_every_vulnerability_is_a_problem_and_the_command_moves_the_package(desk: Path) -> None:
    add(desk, audit(package("tiny", "1.0", "PYSEC-1", "PYSEC-2")))
    finding = judge(desk, AUDITED)
    assert (finding.outcome, [item.subject for item in finding.problems]) == (Outcome.FAILS, ["tiny PYSEC-1", "tiny PYSEC-2"])
    assert finding.problems[0].text == "tiny 1.0 is vulnerable: PYSEC-1, fixed in 2.0"
    assert finding.remedy.command == r"sed -i -E -e 's/^(tiny)==[^ ;]+/\1==2.0/I' requirements.txt"


def test_a_fault_in_a_report_that_is_not_whole_fails_and_one_in_a_package_that_is_not_locked_does_not(desk: Path) -> None:
    add(desk, audit(package("tiny", "1.0", "PYSEC-1"), {"name": "leaf", "skip_reason": "offline"}))
    assert judge(desk, AUDITED).outcome is Outcome.FAILS
    add(desk, audit(package(), package("other", "1.0", "PYSEC-1")), NOW + timedelta(seconds=2))
    assert judge(desk, AUDITED).outcome is Outcome.UNKNOWN


def bill(severity: str) -> Json:
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"tools": {"components": [{"name": "grype", "version": "1"}]}},
        "components": [{"type": "library", "name": "tiny", "version": "1.0", "bom-ref": "t", "purl": "pkg:pypi/tiny@1.0"}],
        "vulnerabilities": [{"id": "CVE-1", "ratings": [{"severity": severity}], "affects": [{"ref": "t"}]}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("severity", "outcome"),
    [("critical", Outcome.FAILS), ("high", Outcome.FAILS), ("medium", Outcome.HOLDS), ("low", Outcome.HOLDS), ("unknown", Outcome.UNKNOWN)],
)
def test_the_manifest_says_from_which_level_on_a_fault_counts(desk: Path, severity: str, outcome: Outcome) -> None:
    manifest(desk, '[security.reports.Grype]\nfail_on = "high"\n')
    add(desk, bill(severity))
    finding = judge(desk, AUDITED)
    assert finding.outcome is outcome
    if outcome is Outcome.UNKNOWN:
        assert finding.reason == "tiny CVE-1 is not rated in the report of grype 1, and only faults from high on count"
    if outcome is Outcome.HOLDS:
        assert finding.notes[0] == f"below the level that counts: tiny CVE-1 ({severity})"


def test_a_report_counts_for_its_days_and_the_manifest_may_shorten_them(desk: Path) -> None:
    said = add(desk, audit(package())).said
    assert said.stale == ""
    old = {**bill("none"), "vulnerabilities": [], "metadata": {"timestamp": (NOW - timedelta(days=8)).isoformat()}}
    assert add(desk, old).said.stale == "is 8 days old, and counts for 7"
    ahead = {**old, "metadata": {"timestamp": (NOW + timedelta(days=1)).isoformat()}}
    assert "is in the future" in add(desk, ahead).said.stale
    manifest(desk, "[security.reports.cyclonedx]\nmax_age_days = 1\n")
    two = {**old, "metadata": {"timestamp": (NOW - timedelta(days=2)).isoformat()}}
    assert add(desk, two).said.stale == "is 2 days old, and counts for 1"
    assert judge(desk, AUDITED).outcome is Outcome.HOLDS  # by the other tool


def test_of_one_tool_the_newest_report_decides(desk: Path) -> None:
    add(desk, audit(package("tiny", "1.0", "PYSEC-1")), NOW - timedelta(hours=1))
    add(desk, audit(package()))
    assert judge(desk, AUDITED).outcome is Outcome.HOLDS
    add(desk, audit({"name": "tiny", "skip_reason": "offline"}), NOW + timedelta(seconds=5))
    assert judge(desk, AUDITED).outcome is Outcome.UNKNOWN


def test_a_bill_of_materials_of_ours_is_no_audit(desk: Path) -> None:
    plain = {name: value for name, value in bill("none").items() if name != "vulnerabilities"}
    add(desk, plain)
    finding = judge(desk, AUDITED)
    assert finding.outcome is Outcome.UNKNOWN
    assert "nothing says that anybody looked for them" in finding.reason


def test_a_list_that_pins_nothing_cannot_be_audited(desk: Path) -> None:
    (desk / "requirements.txt").write_text("tiny\n")
    add(desk, audit(package()))
    finding = judge(desk, AUDITED)
    assert (finding.outcome, "requirements.txt:1 does not pin tiny" in finding.reason) == (Outcome.UNKNOWN, True)


def test_a_scan_of_every_file_holds_until_one_of_them_changes(desk: Path) -> None:
    add(desk, checkov())
    assert judge(desk, SCANNED).outcome is Outcome.HOLDS
    (desk / "app.py").write_text("import tiny  # other\n")
    assert judge(desk, SCANNED).outcome is Outcome.HOLDS
    (desk / "infra/main.tf").write_text(FILES["infra/main.tf"] + "\n")
    finding = judge(desk, SCANNED)
    assert finding.outcome is Outcome.UNKNOWN
    assert finding.reason == "infra/main.tf was changed after the report of checkov 3.3.30 was added"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (checkov(("/infra/main.tf",)), "does not say that Dockerfile was scanned"),
        (checkov(parsing_errors=["/infra/main.tf"]), "/infra/main.tf could not be parsed"),
        (checkov(skipped_checks=[{"check_id": "C", "file_path": "/Dockerfile"}]), "C was skipped in Dockerfile"),
        (checkov(()), "no rule was run on anything"),
        (sarif("Checkov"), "it names no rule that was run"),
        (sarif("tfsec", "a"), "Dockerfile was scanned"),
    ],
)  # fmt: skip
def test_a_scan_that_is_not_the_whole_is_unknown(desk: Path, document: Json, reason: str) -> None:
    add(desk, document)
    finding = judge(desk, SCANNED)
    assert (finding.outcome, reason in finding.reason) == (Outcome.UNKNOWN, True), finding.reason


def test_a_log_of_a_tool_that_does_not_look_at_machines_proves_nothing_of_them(desk: Path) -> None:
    artifacts = [{"location": {"uri": path}} for path in ("infra/main.tf", "Dockerfile")]
    log = sarif("gitleaks", "a", artifacts=artifacts)
    assert add(desk, log).checks == ()
    assert judge(desk, SCANNED).reason == "nobody scanned Dockerfile, infra/main.tf"
    log["runs"][0]["tool"]["driver"]["name"] = "tfsec"
    add(desk, log)
    assert judge(desk, SCANNED).outcome is Outcome.HOLDS


def test_a_finding_fails_with_a_fingerprint_that_outlives_other_lines(desk: Path) -> None:
    add(desk, checkov(failed=(BROKEN,)))
    first = judge(desk, SCANNED)
    assert (first.outcome, first.location and first.location.file) == (Outcome.FAILS, "infra/main.tf")
    add(desk, checkov(failed=({**BROKEN, "file_line_range": [9, 12]},)), NOW + timedelta(seconds=2))
    assert [item.subject for item in judge(desk, SCANNED).problems] == [item.subject for item in first.problems]


def test_two_tools_cover_together_and_the_finding_of_one_is_not_outvoted(desk: Path) -> None:
    add(desk, checkov(("/infra/main.tf",)))
    artifacts = [{"location": {"uri": "Dockerfile"}}]
    log = sarif("Hadolint", "DL1", artifacts=artifacts)
    add(desk, log)
    assert judge(desk, SCANNED).outcome is Outcome.HOLDS
    place = {"physicalLocation": {"artifactLocation": {"uri": "Dockerfile"}, "region": {"startLine": 1}}}
    log["runs"][0]["results"] = [{"ruleId": "DL1", "level": "error", "message": {"text": "no"}, "locations": [place]}]
    add(desk, log, NOW + timedelta(seconds=2))
    assert judge(desk, SCANNED).outcome is Outcome.FAILS


def test_a_report_about_another_commit_or_a_changed_file_is_stale(desk: Path) -> None:
    def log(revision: str) -> Json:
        artifacts = [{"location": {"uri": path}} for path in ("infra/main.tf", "Dockerfile")]
        run = {"tool": {"driver": {"name": "kics", "rules": [{"id": "a"}]}}, "results": [], "artifacts": artifacts}
        return {"version": "2.1.0", "runs": [{**run, "versionControlProvenance": [{"revisionId": revision}]}]}

    head = git(desk, "rev-parse", "HEAD").strip()
    assert add(desk, log("0" * 40)).said.stale == f"is about commit 000000000000, and this is {head[:12]}"
    assert add(desk, log(head[:4])).said.stale != ""
    assert add(desk, log(head[:10]), NOW + timedelta(seconds=2)).said.stale == ""
    assert judge(desk, SCANNED).outcome is Outcome.HOLDS
    (desk / "Dockerfile").write_text("FROM python:latest\n")
    assert add(desk, log(head)).said.stale == f"is about commit {head[:12]}, and Dockerfile was changed since"


def test_whole_paths_and_paths_of_another_place_are_named_as_the_project_names_them(desk: Path) -> None:
    for prefix in (str(desk), "/src/desk"):
        failed = {**BROKEN, "file_abs_path": f"{prefix}/infra/main.tf", "repo_file_path": "/main.tf"}
        add(desk, checkov(failed=(failed,)))
        assert judge(desk, SCANNED).problems[0].text.startswith("Ensure x")
        assert (judge(desk, SCANNED).location or failed) == judge(desk, SCANNED).problems[0].location
        assert "infra/main.tf" in str(judge(desk, SCANNED).location)


def test_whose_word_a_report_is_follows_from_the_key_that_added_it(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINESS_SIGNING_KEY", OTHER)
    other = keys.own()
    assert other is not None
    add(desk, audit(package()))
    [path] = (desk / ".readiness/reports").glob("*.dsse.json")
    envelope = path.read_bytes()
    path.unlink()
    monkeypatch.delenv("READINESS_SIGNING_KEY")
    source = desk.parent / "from-ci.dsse.json"
    source.write_bytes(envelope)
    assert reports.add(source, envelope, desk).said.grade == "self"
    manifest(desk, f'[trust]\nkeys = ["{other.id} ci"]\n')
    assert reports.add(source, envelope, desk).said.grade == "ci"
    assert "word of ci" in judge(desk, AUDITED).observed
    edited = json.loads(envelope)
    body = json.loads(base64.b64decode(edited["payload"]))
    body["predicate"]["readiness"]["report"]["findings"] = []
    edited["payload"] = base64.b64encode(json.dumps(body).encode()).decode()
    with pytest.raises(InputError, match="was edited after it was signed"):
        reports.add(source, json.dumps(edited).encode(), desk)
    path.write_text(json.dumps(edited))
    finding = judge(desk, AUDITED)
    assert finding.outcome is Outcome.UNKNOWN
    assert "was edited after it was signed" in finding.reason


def test_what_is_no_report_is_refused_and_nothing_is_kept(desk: Path) -> None:
    path = desk.parent / "audit.json"
    for text, said in (
        ("", "audit.json:1: is empty"),
        ('{"dependencies": [{"name": 3, "vulns": []}]}', "audit.json#/dependencies/0/name: must be"),
    ):
        path.write_text(text)
        with pytest.raises(InputError) as caught:
            reports.add(path, path.read_bytes(), desk)
        assert said in caught.value.problems[0]
    assert not (desk / ".readiness/reports").exists()


def test_a_result_of_a_recreation_is_no_report(desk: Path) -> None:
    key = keys.own()
    assert key is not None
    body = intoto.statement("desk", "ab", intoto.TEST_RESULT, {"readiness": {"recreation": {}}})
    assert not reports.is_report(intoto.envelope(body, key.id, key.sign))
    assert reports.is_report(b"{}")


def test_a_uv_lock_is_audited_by_its_export(offline: Path) -> None:
    own = '[[package]]\nname = "desk"\nsource = { virtual = "." }\ndependencies = [{ name = "tiny" }]\n'
    lock = f'version = 1\n{own}[[package]]\nname = "tiny"\nversion = "1.0"\n'
    files = {
        "pyproject.toml": '[project]\nname = "desk"\nversion = "0"\ndependencies = ["tiny"]\n',
        "uv.lock": lock,
        "app.py": "import tiny\n",
    }
    root = make_repository(offline / "uv", files)
    assert judge(root, AUDITED).remedy.command.startswith(
        "uv export -q --frozen --all-packages --all-groups --all-extras --no-emit-workspace"
    )
    add(root, audit(package("tiny", "1.0", "PYSEC-1")))
    finding = judge(root, AUDITED)
    assert (finding.outcome, finding.remedy.command) == (Outcome.FAILS, "uv lock --upgrade-package tiny")
    assert finding.location is not None
    assert (finding.location.file, finding.location.line) == ("uv.lock", 7)

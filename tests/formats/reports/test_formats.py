"""Each format as its tools write it: what was found, and why a report is not the whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import canonical
from readiness.formats.reports import reading
from readiness.formats.reports import stored as stores
from readiness.formats.reports.report import Found, Level, Report, fingerprinted
from readiness.formats.reports.strict import Unreadable
from readiness.sequence.evidence import Digest

Json = dict[str, Any]  # a report is JSON


def read(document: object) -> Report:
    return reading.read(json.dumps(document).encode())


def sarif(**run: object) -> Json:
    tool = {"driver": {"name": "gitleaks", "semanticVersion": "8.18.0", "rules": [{"id": "aws-key"}, {"id": "github-pat"}]}}
    return {"version": "2.1.0", "runs": [{"tool": tool, "results": [], **run}]}


def result(**more: object) -> Json:
    place = {"physicalLocation": {"artifactLocation": {"uri": "src/a%20b.py"}, "region": {"startLine": 7}}}
    return {"ruleId": "aws-key", "message": {"text": "a key"}, "locations": [place], **more}


def test_sarif_says_tool_rule_level_place_commit_and_time() -> None:
    report = read(
        sarif(
            results=[result(level="error")],
            invocations=[{"executionSuccessful": True, "endTimeUtc": "2026-11-20T10:00:00Z"}],
            versionControlProvenance=[{"repositoryUri": "https://example.org", "revisionId": "a" * 40}],
        )
    )
    assert (report.name, report.about, report.executed, report.failed, report.troubles) == ("gitleaks 8.18.0", ("code",), 2, 1, ())
    assert (report.made_at, report.commit) == (datetime(2026, 11, 20, 10, tzinfo=UTC), "a" * 40)
    [found] = report.findings
    assert (found.rule, found.level, found.message, found.file, found.line) == ("aws-key", Level.HIGH, "a key", "src/a b.py", 7)


@pytest.mark.parametrize(
    ("run", "trouble"),
    [
        ({"results": None}, "it says nothing of results: the scan did not come to its end"),
        ({"invocations": [{"executionSuccessful": False}]}, "the tool says that it did not end well"),
        ({"invocations": [{}]}, "the tool does not say whether it ended well"),
        (
            {
                "invocations": [
                    {"executionSuccessful": True, "toolExecutionNotifications": [{"level": "error", "message": {"text": "a.tf: no"}}]}
                ]
            },
            "the tool met an error: a.tf: no",
        ),
        ({"results": [result(suppressions=[{"kind": "inSource"}])]}, "aws-key is suppressed in src/a b.py"),
        ({"results": [result(kind="review")]}, "aws-key was left open"),
        ({"externalPropertyFileReferences": {"results": [{}]}}, "a part of it lies in other files"),
        ({"tool": {"driver": {"name": "bandit"}}}, "it names no rule that was run: nothing says that anything was looked at"),
    ],
)
def test_sarif_that_is_not_the_whole_says_why(run: Json, trouble: str) -> None:
    assert trouble in read(sarif(**run)).troubles


def test_sarif_levels_come_from_the_score_the_result_or_the_rule() -> None:
    rules = [{"id": "a", "properties": {"security-severity": "9.8"}}, {"id": "b", "defaultConfiguration": {"level": "note"}}, {"id": "c"}]
    results = [result(ruleId=name) for name in "abc"] + [result(ruleId="b", level="error"), result(ruleId="c", kind="pass")]
    report = read(sarif(tool={"driver": {"name": "x", "rules": rules}}, results=results))
    assert [item.level for item in report.findings] == [Level.CRITICAL, Level.LOW, Level.MEDIUM, Level.HIGH]


def test_sarif_of_two_tools_and_of_none_is_refused() -> None:
    two = sarif()
    two["runs"].append({"tool": {"driver": {"name": "bandit"}}, "results": []})
    with pytest.raises(Unreadable, match="#/runs: is of gitleaks, bandit: add a file for each tool"):
        read(two)
    with pytest.raises(Unreadable, match="#/runs: is empty: no tool was run"):
        read({"version": "2.1.0", "runs": []})


def test_pip_audit_that_reached_no_network_audited_nothing() -> None:
    reason = "Dependency not found on PyPI and could not be audited: requests (2.31.0)"
    report = read({"dependencies": [{"name": "requests", "skip_reason": reason}], "fixes": []})
    assert (report.executed, report.skipped, report.packages) == (0, 1, ())
    assert report.troubles == (f"requests was skipped: {reason}",)
    assert read({"dependencies": [], "fixes": []}).troubles == ("no package was audited",)


def test_pip_audit_says_package_version_fault_and_fix_in_both_of_its_shapes() -> None:
    listed = [{"name": "jinja2", "version": "2.11.2", "vulns": [{"id": "PYSEC-2021-66", "fix_versions": ["2.11.3"], "description": "x"}]}]
    for document in (listed, {"dependencies": listed, "fixes": []}):
        [found] = read(document).findings
        assert (found.package, found.version, found.rule, found.fixed) == ("jinja2", "2.11.2", "PYSEC-2021-66", ("2.11.3",))
        assert found.level is Level.UNRATED


BILL: Json = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "metadata": {"timestamp": "2026-11-20T10:00:00+01:00", "tools": {"components": [{"name": "grype", "version": "0.80"}]}},
    "components": [
        {"type": "library", "name": "Jinja2", "version": "2.11.2", "bom-ref": "j", "purl": "pkg:pypi/jinja2@2.11.2"},
        {"type": "library", "name": "left-pad", "version": "1.0.0", "bom-ref": "l", "purl": "pkg:npm/left-pad@1.0.0"},
        {"type": "application", "name": "desk", "components": [{"type": "library", "name": "six", "version": "1.16.0"}]},
    ],
    "vulnerabilities": [],
}


def fault(**more: object) -> Json:
    return {"id": "CVE-2020-28493", "ratings": [{"severity": "medium"}, {"severity": "high"}], "affects": [{"ref": "j"}], **more}


def test_cyclonedx_names_its_python_packages_and_their_faults_by_the_worst_rating() -> None:
    report = read({**BILL, "vulnerabilities": [fault()]})
    assert (report.name, report.packages, report.troubles) == ("grype 0.80", (("jinja2", "2.11.2"), ("six", "1.16.0")), ())
    assert report.made_at == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert [(item.package, item.rule, item.level) for item in report.findings] == [("jinja2", "CVE-2020-28493", Level.HIGH)]


def test_a_bill_of_materials_that_nobody_audited_is_no_clean_audit() -> None:
    bill = {name: value for name, value in BILL.items() if name != "vulnerabilities"}
    assert read(bill).troubles == ("it has no `vulnerabilities`: nothing says that anybody looked for them",)
    assert "it names no package" in read({**BILL, "components": []}).troubles


@pytest.mark.parametrize("state", ["not_affected", "false_positive", "resolved"])
def test_what_vex_says_not_to_affect_is_left_out_and_told(state: str) -> None:
    report = read({**BILL, "vulnerabilities": [fault(analysis={"state": state, "justification": "code_not_reachable"})]})
    assert report.findings == ()
    assert report.troubles == (f"CVE-2020-28493 is left out: somebody says it is {state.replace('_', ' ')} (code_not_reachable)",)
    assert len(read({**BILL, "vulnerabilities": [fault(analysis={"state": "in_triage"})]}).findings) == 1


def test_cyclonedx_that_affects_what_it_does_not_hold_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"#/vulnerabilities/0/affects/0: .* affects `gone`, which is no package of this bill"):
        read({**BILL, "vulnerabilities": [fault(affects=[{"ref": "gone"}])]})
    with pytest.raises(Unreadable, match="says of no component that it affects it"):
        read({**BILL, "vulnerabilities": [fault(affects=[])]})
    with pytest.raises(Unreadable, match="is a time without its zone"):
        read({**BILL, "metadata": {"timestamp": "2026-11-20T10:00:00"}})
    linked = fault(affects=[{"ref": "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#j"}])
    assert len(read({**BILL, "vulnerabilities": [linked]}).findings) == 1


def checkov(failed: list[Json] | None = None, **more: Any) -> Json:
    results = {"passed_checks": [{"check_id": "A", "file_path": "/main.tf"}], "failed_checks": failed or [], **more}
    summary = {
        "passed": 1, "failed": len(results["failed_checks"]), "skipped": len(results.get("skipped_checks", [])),
        "parsing_errors": len(results.get("parsing_errors", [])), "resource_count": 1, "checkov_version": "3.3.30",
    }  # fmt: skip
    return {"check_type": "terraform", "results": results, "summary": summary}


def test_checkov_names_the_files_that_were_scanned_also_where_nothing_was_found() -> None:
    report = read(checkov())
    assert (report.name, report.executed, report.files, report.troubles) == ("checkov 3.3.30", 1, ("main.tf",), ())
    failed = {
        "check_id": "B",
        "check_name": "Ensure x",
        "repo_file_path": "/infra/main.tf",
        "file_line_range": [3, 9],
        "resource": "r",
        "severity": "LOW",
    }
    [found] = read([checkov([failed])]).findings
    assert (found.rule, found.level, found.message, found.file, found.line) == ("B", Level.LOW, "Ensure x (r)", "infra/main.tf", 3)


def test_checkov_that_scanned_nothing_skipped_or_broke_off_says_so() -> None:
    nothing = {"passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 0, "resource_count": 0, "checkov_version": "3.3.30"}
    assert read(nothing).troubles == ("no rule was run on anything",)
    assert read(checkov(parsing_errors=["/x/main.tf"])).troubles == ("/x/main.tf could not be parsed",)
    skipped = {"check_id": "C", "file_path": "/main.tf", "check_result": {"result": "SKIPPED", "suppress_comment": "later"}}
    assert read(checkov(skipped_checks=[skipped])).troubles == ("C was skipped in main.tf (later)",)
    short = checkov()
    short["summary"]["failed"] = 3
    assert read(short).troubles == ("it counts 3 failed and lists 0: a part of it is missing",)


def trivy(*results: Json) -> Json:
    return {"SchemaVersion": 2, "ArtifactName": ".", "CreatedAt": "2026-11-20T10:00:00.123456789Z", "Results": list(results)}


def test_trivy_says_packages_and_misconfigurations_and_what_it_left_out() -> None:
    packages = {
        "Target": "poetry.lock", "Class": "lang-pkgs", "Type": "poetry", "Packages": [{"Name": "jinja2", "Version": "2.11.2"}],
        "Vulnerabilities": [
            {"VulnerabilityID": "CVE-1", "PkgName": "jinja2", "InstalledVersion": "2.11.2", "Severity": "HIGH",
             "FixedVersion": "2.11.3, 3.0"}
        ],
    }  # fmt: skip
    broken = {"ID": "DS002", "Status": "FAIL", "Severity": "HIGH", "Message": "runs as root", "CauseMetadata": {"StartLine": 2}}
    config = {"Target": "Dockerfile", "Class": "config", "MisconfSummary": {"Successes": 20, "Failures": 1}, "Misconfigurations": [broken]}
    report = read(trivy(packages, config))
    assert (report.about, report.executed, report.packages, report.files) == (
        ("packages", "infrastructure"), 22, (("jinja2", "2.11.2"),), ("Dockerfile",)
    )  # fmt: skip
    assert [(item.rule, item.level, item.fixed) for item in report.findings] == [
        ("CVE-1", Level.HIGH, ("2.11.3", "3.0")),
        ("DS002", Level.HIGH, ()),
    ]
    assert report.troubles == ()
    assert read(trivy()).troubles == ("nothing was looked at",)
    assert "scan with --list-all-pkgs" in str(read(trivy({**packages, "Packages": []})).troubles)
    assert "a part of it is missing" in str(read(trivy({**config, "Misconfigurations": []})).troubles)


def junit(body: str, attributes: str = "") -> Report:
    return reading.read(f'<?xml version="1.0"?>\n<testsuites>\n<testsuite {attributes}>{body}</testsuite></testsuites>'.encode())


def test_junit_counts_what_ran_failed_and_was_skipped() -> None:
    report = junit(
        '<testcase classname="a" name="one" file="a.py" line="3"/><testcase name="two"><failure message="no">trace</failure></testcase>'
        '<testcase name="three"><skipped message="slow"/></testcase>',
        'tests="3" timestamp="2026-11-20T10:00:00+00:00"',
    )
    assert (report.executed, report.failed, report.skipped, report.made_at) == (2, 1, 1, datetime(2026, 11, 20, 10, tzinfo=UTC))
    assert [(item.rule, item.message) for item in report.findings] == [("two", "no")]
    assert report.troubles == ("three was skipped: slow",)


def test_junit_without_a_test_or_with_fewer_than_it_counts_is_not_whole() -> None:
    assert junit("").troubles == ("no test was run",)
    assert junit('<testcase name="x"/>', 'tests="2"').troubles == ("it counts 2 tests and holds 1: a part of it is missing",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]>\n<testsuite>&a;</testsuite>', "has a document type or entities of its own"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>', "has a document type or entities of its own"),
        ("<testsuite>" * 60, ":1: is nested deeper than 50 levels"),
        ('<testsuite>\n<testcase name="x">', ":2: is cut short: the XML does not end"),
        ("<testsuite><testcase/></testsuite>", ":1: a case has no name"),
        ("<html/>", ":1: is XML, but no JUnit: its root is `html`"),
        ('<?xml version="1.0" encoding="klingon"?><testsuite/>', "is in an encoding that is not read: unknown encoding: klingon"),
        ("<testsuite>\n<a></b></testsuite>", ":2: is no XML: mismatched tag"),
    ],
)
def test_hostile_and_broken_xml_is_refused_with_its_line(data: str, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        reading.read(data.encode())
    assert said in str(caught.value)


def test_text_of_a_report_cannot_move_the_cursor_of_a_terminal() -> None:
    report = read(sarif(results=[result(message={"text": "a\x1b[2J\nkey\u202e\ud800"})]))
    assert report.findings[0].message == "a [2J key"


@given(st.integers(1, 999), st.integers(1, 999))
def test_a_fingerprint_stays_when_lines_move_and_tells_two_of_a_kind_apart(first: int, second: int) -> None:
    def of(*lines: int) -> list[str]:
        found = [Found("R", Level.LOW, f"bad call on line {line}, see a.py:{line}", "a.py", line) for line in lines]
        return [item.fingerprint for item in fingerprinted("tool", found)]

    assert of(first) == of(second)
    assert len(set(of(first, second))) == 2


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
FOUND = st.builds(
    Found, TEXT, st.sampled_from(Level), TEXT, TEXT, st.integers(0, 10**6), TEXT, TEXT, st.lists(TEXT, max_size=2).map(tuple), TEXT
)
REPORT = st.builds(
    Report, TEXT, TEXT, TEXT, st.lists(TEXT, max_size=2).map(tuple), st.none(), TEXT, st.none() | st.integers(0, 99), st.integers(0, 9),
    st.integers(0, 9), st.lists(FOUND, max_size=3).map(tuple), st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    st.lists(TEXT, max_size=2).map(tuple), st.lists(TEXT, max_size=2).map(tuple),
)  # fmt: skip


@given(REPORT, st.dictionaries(TEXT, TEXT, max_size=2), st.booleans())
def test_what_is_kept_of_a_report_is_read_back_as_it_was(report: Report, files: dict[str, str], dated: bool) -> None:
    moment = datetime(2026, 11, 20, 10, tzinfo=UTC)
    item = stores.Stored(report, Digest("sha256:ab"), Digest("sha256:cd"), moment, dated, moment, files, "ed25519:x")
    assert stores.from_payload(canonical.canonical(stores.statement("desk", item, "1")), "ed25519:x") == item

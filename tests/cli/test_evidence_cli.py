"""Reports of other tools on the command line: what is said when one is added, and the list of those that were."""

from __future__ import annotations

import json
import os
import re

from readiness.testing.projects import make_repository
from tests.cli.conftest import APP, Readiness

AUDIT = {"dependencies": [{"name": "tiny", "version": "1.0", "vulns": []}], "fixes": []}
SKIPPED = {"dependencies": [{"name": "tiny", "skip_reason": "not found on PyPI"}], "fixes": []}


def test_a_report_is_added_listed_and_printed_as_one_line(readiness: Readiness) -> None:
    make_repository(readiness.folder / "app", APP)
    (readiness.folder / "audit.json").write_text(json.dumps(AUDIT))
    os.utime(readiness.folder / "audit.json")
    said = readiness("evidence", "add", "audit.json", "--project", "app")
    assert (said.code, said.stderr) == (0, "")
    assert re.fullmatch(
        r"pip-audit, \d{4}-\d\d-\d\d \d\d:\d\d UTC: 1 gone through, 0 findings, word of self\n"
        r"it is kept; `readiness check --only dependencies-audited` says what for\n",
        said.stdout,
    )
    shown = readiness("evidence", "show", "--project", "app")
    assert re.fullmatch(r"report        pip-audit \(pip-audit\) +0 findings +self +\d{4}-.* UTC; is whole\n", shown.stdout)


def test_a_report_that_proves_nothing_ends_with_1_and_one_that_is_none_with_2(readiness: Readiness) -> None:
    make_repository(readiness.folder / "app", APP)
    (readiness.folder / "audit.json").write_text(json.dumps(SKIPPED))
    said = readiness("evidence", "add", "audit.json", "--project", "app")
    assert said.code == 1
    assert said.stdout.endswith("it does not count: the report of pip-audit is not whole: tiny was skipped: not found on PyPI\n")
    (readiness.folder / "audit.json").write_text('{"runs": [')
    said = readiness("evidence", "add", "audit.json", "--project", "app")
    assert (said.code, said.stdout) == (2, "")
    assert "error: audit.json:1: is cut short: the JSON does not end\n" in said.stderr
    assert readiness("evidence", "add", "audit.json", "--project", "nowhere").code == 2

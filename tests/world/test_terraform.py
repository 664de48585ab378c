"""The state of infrastructure as code, read by the real program, which needs no provider for what is built in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from readiness.world import terraform

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed here")
CODE = """
resource "terraform_data" "plain" { input = "small" }
resource "terraform_data" "hidden" { input = sensitive("correct-horse") }
output "again" {
  value     = terraform_data.hidden.output
  sensitive = true
}
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A folder with a state that was really applied."""
    (tmp_path / "main.tf").write_text(CODE)
    for words in (("init",), ("apply", "-auto-approve")):
        subprocess.run(["terraform", *words, "-input=false", "-no-color"], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_resources_are_read_without_what_is_sensitive(state: Path) -> None:
    found, trouble = terraform.resources([state])
    assert trouble == ""
    assert sorted(found) == ["terraform_data.hidden", "terraform_data.plain"]
    assert found["terraform_data.plain"]["input"] == "small"
    assert "correct-horse" not in repr(found)  # not even where the provider copied it


def test_a_broken_state_is_said_to_be_unread(state: Path) -> None:
    (state / "terraform.tfstate").write_text("{")
    found, trouble = terraform.resources([state])
    assert found == {}
    assert trouble.startswith(f"terraform does not read the state in {state.name}: ")


def test_without_a_state_nothing_is_asked(tmp_path: Path) -> None:
    assert terraform.resources([tmp_path]) == ({}, "no local terraform state is here")

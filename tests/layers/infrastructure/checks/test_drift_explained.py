"""What is live is compared in earnest: an applied state, an installed environment, set variables; a laptop is left alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from readiness.sequence.finding import Cause, Outcome
from readiness.testing.projects import make_repository
from readiness.world.environment import uv_binary
from tests import engines
from tests.layers.conftest import Judge

ID = "infrastructure.drift-explained"
MAIN = """
variable "token" {
  type      = string
  sensitive = true
  default   = "hush-hush"
}
resource "terraform_data" "settings" {
  input = { tier = "small", replicas = 2 }
}
resource "terraform_data" "hidden" {
  input = var.token
}
"""
needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")


@pytest.fixture
def applied(tmp_path: Path) -> Path:
    """A repository whose terraform was applied, and whose state lies beside it."""
    root = make_repository(tmp_path / "project", {"infra/main.tf": MAIN, ".gitignore": "*.tfstate*\n.terraform*\n"})
    env = os.environ | {"CHECKPOINT_DISABLE": "1", "TF_DATA_DIR": str(tmp_path / "terraform")}
    for words in (("init", "-input=false"), ("apply", "-auto-approve", "-input=false")):
        subprocess.run(["terraform", f"-chdir={root / 'infra'}", *words], check=True, capture_output=True, env=env)
    return root


@needs_terraform
def test_a_state_that_is_what_is_declared_holds(judge: Judge, applied: Path) -> None:
    found = judge(ID, root=applied)
    assert (found.outcome, found.reason) == (Outcome.HOLDS, ""), found
    assert found.observed == "no drift: the configuration in infra with its state and what is live"
    assert not (applied / "infra/readiness.plan").exists()


@needs_terraform
def test_every_difference_is_named_and_no_value_is(judge: Judge, applied: Path) -> None:
    main = applied / "infra/main.tf"
    main.write_text(MAIN.replace("small", "large").replace("hush-hush", "loud-loud") + 'resource "terraform_data" "more" {}\n')
    found = judge(ID, root=applied)
    assert found.outcome is Outcome.FAILS
    assert [item.text for item in found.problems] == [
        "terraform_data.hidden differs in input",
        "terraform_data.more is declared and not live",
        "terraform_data.settings differs in input.tier",
    ]
    assert "large" not in repr(found)
    assert "hush" not in repr(found)
    assert "loud" not in repr(found)


@needs_terraform
def test_what_is_live_and_no_longer_declared_is_drift(judge: Judge, applied: Path) -> None:
    main = applied / "infra/main.tf"
    main.write_text(MAIN.partition('resource "terraform_data" "hidden"')[0])
    assert [item.text for item in judge(ID, root=applied).problems] == ["terraform_data.hidden is live and no longer declared"]


@needs_terraform
def test_a_provider_that_is_not_here_is_unknown_and_never_fetched(judge: Judge, applied: Path) -> None:
    (applied / "infra/more.tf").write_text('resource "random_id" "x" {\n  byte_length = 4\n}\n')
    found = judge(ID, root=applied)
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, Cause.SYSTEM), found
    assert "hashicorp/random" in found.reason


@needs_terraform
def test_a_variable_without_a_value_is_unknown(judge: Judge, applied: Path) -> None:
    (applied / "infra/main.tf").write_text(MAIN.replace('  default   = "hush-hush"\n', ""))
    found = judge(ID, root=applied)
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, Cause.CONFIGURATION), found


def test_a_state_without_the_tool_is_unknown(judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_repository(tmp_path / "project", {"main.tf": MAIN, "terraform.tfstate": "{}"})
    bare = tmp_path / "bin"
    bare.mkdir()
    for name in ("git", "tar", "sh", "chown", "chmod", "rm"):
        (bare / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(bare))
    found = judge(ID, root=root)
    assert (found.outcome, found.cause, "neither terraform nor tofu" in found.reason) == (Outcome.UNKNOWN, Cause.SYSTEM, True)


def test_a_state_that_lies_elsewhere_is_unknown(judge: Judge) -> None:
    found = judge(ID, files={"main.tf": 'terraform {\n  backend "s3" {}\n}\n'})
    assert (found.outcome, found.cause, "`s3`" in found.reason) == (Outcome.UNKNOWN, Cause.SERVICE, True)


def test_a_laptop_where_nothing_was_deployed_is_left_alone(judge: Judge) -> None:
    files = {"main.tf": MAIN, "compose.yaml": "services:\n  web:\n    image: web:1\n", "requirements.txt": "tiny==1.0\n"}
    found = judge(ID, files=files)
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert "nothing was applied" in found.reason


@pytest.fixture
def installed(offline: Path, wheelhouse: Path) -> Path:
    """A repository with an environment of its own, filled from its list."""
    files = {"requirements.txt": "tiny==1.0\nmiddle==1.0\nleaf==1.0\n", "app.py": "import tiny\n", ".gitignore": ".venv\n"}
    root = make_repository(offline / "project", files)
    install(root, "-r", str(root / "requirements.txt"))
    return root


def install(root: Path, *words: str) -> None:
    """Installs into the environment of a repository."""
    env = os.environ | {"VIRTUAL_ENV": str(root / ".venv"), "UV_LINK_MODE": "copy"}
    if not (root / ".venv").exists():
        subprocess.run([str(uv_binary()), "venv", "-q", str(root / ".venv")], check=True, capture_output=True, env=env)
    subprocess.run([str(uv_binary()), "pip", "install", "-q", *words], check=True, capture_output=True, env=env)


def test_an_environment_that_is_what_is_locked_holds(judge: Judge, installed: Path) -> None:
    found = judge(ID, root=installed)
    assert (found.outcome, found.observed) == (Outcome.HOLDS, "no drift: .venv with what is locked"), found


def test_an_environment_drifts_by_version_by_lack_by_more_and_by_a_file(judge: Judge, installed: Path) -> None:
    install(installed, "leaf==2.0")
    site = next((installed / ".venv/lib").glob("python3*/site-packages"))
    (site / "tiny/__init__.py").write_text("VALUE = 4\n")
    shutil.rmtree(next(site.glob("middle-*.dist-info")))
    shutil.copytree(next(site.glob("tiny-*.dist-info")), site / "stray-0.1.dist-info")
    found = judge(ID, root=installed)
    texts = [item.text for item in found.problems]
    assert texts[:3] == [
        "leaf is 2.0 in .venv, and locked as 1.0",
        "middle 1.0 is locked and not in .venv",
        "stray 0.1 is in .venv and declared nowhere",
    ]
    assert "tiny/__init__.py" in texts[3]
    assert found.outcome is Outcome.FAILS


def test_what_makes_an_environment_and_what_other_lists_name_is_no_drift(judge: Judge, installed: Path) -> None:
    (installed / "requirements-dev.txt").write_text("stray\nStray.tool\n")
    site = next((installed / ".venv/lib").glob("python3*/site-packages"))
    for name in ("stray-0.1", "stray_tool-0.1", "pip-25.0"):
        shutil.copytree(next(site.glob("tiny-*.dist-info")), site / f"{name}.dist-info")
    assert judge(ID, root=installed).outcome is Outcome.HOLDS


def test_an_environment_that_nothing_locks_has_nothing_to_drift_from(judge: Judge, installed: Path) -> None:
    (installed / "requirements.txt").write_text("tiny\nmiddle\nleaf\n")
    assert judge(ID, root=installed).outcome is Outcome.NOT_APPLICABLE


def test_a_variable_that_nobody_declared_is_drift_and_its_value_is_not_said(judge: Judge, tmp_path: Path) -> None:
    files = {"compose.yaml": "services:\n  web:\n    image: web:1\n    environment: [DESK_TOKEN]\n", ".gitignore": ".env\n"}
    root = make_repository(tmp_path / "project", files)
    (root / ".env").write_text("DESK_TOKEN=hush\nSTRAY_KEY=hush\n# OLD_KEY=hush\n")
    found = judge(ID, root=root)
    assert [item.text for item in found.problems] == ["STRAY_KEY is set in .env and declared nowhere"]
    assert "hush" not in repr(found)


CLIENT = """#!/bin/sh
case "$1 $2" in
  "ps -q") echo 1f; echo 2e ;;
  "inspect 1f") cat "$(dirname "$0")/inspected.json" ;;
  "compose --project-directory") [ -e "$(dirname "$0")/hashes" ] && cat "$(dirname "$0")/hashes" ;;
  *) exit 9 ;;
esac
"""


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a program that answers as the container client does where two services run: this machine has no engine."""
    folder = tmp_path / "client"
    folder.mkdir()
    (folder / "docker").write_text(CLIENT)
    (folder / "docker").chmod(0o755)
    labels = [('"web"', '"aaaa"'), ('"old"', '"bbbb"')]
    shown = [f'{{"Config": {{"Labels": {{"com.docker.compose.service": {name}, "com.docker.compose.config-hash": {digest}}}}}}}'
             for name, digest in labels]  # fmt: skip
    (folder / "inspected.json").write_text(f"[{','.join(shown)}]")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.mark.parametrize(
    ("hashes", "texts"),
    [
        ("web aaaa\nold bbbb\n", []),
        ("web aaaa\n", ["service old runs and is no longer declared"]),
        (
            "web cccc\nold bbbb\nnew dddd\n",
            ["service new is declared and does not run", "service web runs with another configuration than is declared"],
        ),
    ],
    ids=["same", "gone", "changed"],
)
def test_running_services_are_compared_by_their_configuration(judge: Judge, client: Path, hashes: str, texts: list[str]) -> None:
    (client / "hashes").write_text(hashes)
    found = judge(ID, files={"compose.yaml": "services:\n  web:\n    image: web:1\n"})
    assert [item.text for item in found.problems] == texts
    assert found.outcome is (Outcome.FAILS if texts else Outcome.HOLDS)


def test_services_that_run_while_nobody_says_what_they_should_be_are_unknown(judge: Judge, client: Path) -> None:
    found = judge(ID, files={"compose.yaml": "services:\n  web:\n    image: web:1\n"})
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, Cause.SYSTEM)


def test_a_container_that_does_not_say_what_it_was_made_from_is_unknown_and_no_drift(judge: Judge, client: Path) -> None:
    (client / "inspected.json").write_text('[{"Config": {"Labels": {"com.docker.compose.service": "web"}}}]')
    (client / "hashes").write_text("web aaaa\n")
    found = judge(ID, files={"compose.yaml": "services:\n  web:\n    image: web:1\n"})
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, Cause.TOOL)
    assert "the container of service web does not say what it was made from" in found.reason


def test_a_container_in_a_real_engine_is_seen(judge: Judge, tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    engine = engines.answering(tmp_path / "image")
    root = make_repository(tmp_path / "project", {"compose.yaml": "services:\n  web:\n    image: web:1\n"})
    labels = {"service": "web", "project.working_dir": str(root), "project.config_files": str(root / "compose.yaml")}
    words = [word for name, value in labels.items() for word in ("--label", f"com.docker.compose.{name}={value}")]
    sleeping = ("python", "-c", "import time; time.sleep(300)")
    container = engine.must("create", "--network", "none", *words, engines.IMAGE, *sleeping).splitlines()[-1]
    try:
        engine.must("start", container)
        found = judge(ID, root=root)
        assert (found.outcome, "service web does not say what it was made from" in found.reason) == (Outcome.UNKNOWN, True)
    finally:
        engine.must("rm", "-f", container)

"""The documentation says what is there: nothing out of date, nothing left out, no dead link, no command that fails."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import importlib.util
import json
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from readiness.cli import main as cli
from readiness.config import manifest as manifests
from readiness.layers import catalog
from readiness.runs.check import Options, check
from readiness.sequence.check import CheckSpec, Cost
from readiness.sequence.finding import Cause, Finding, Outcome
from readiness.sequence.layers import Layer
from readiness.sequence.mode import Mode
from readiness.sequence.stakes import MINIMUM_KILL_RATE
from readiness.testing.projects import make_repository

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs/reference"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
SCHEMA: dict[str, Any] = json.loads((REFERENCE / "check.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


generate = load_generator()


def fences(text: str) -> Iterator[tuple[str, str]]:
    """Fenced blocks as (language, content), their indentation taken away."""
    for indent, language, content in re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE):
        yield language, re.sub(rf"^{indent}", "", content, flags=re.MULTILINE)


def prose(text: str) -> str:
    return re.sub(r"^( *)```\w*\n.*?^\1```$", "", text, flags=re.DOTALL | re.MULTILINE)


# The reference


def test_the_reference_is_up_to_date(tmp_path: Path) -> None:
    assert generate.main([str(tmp_path)]) == 0
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    there = {path.name: path.read_text() for path in REFERENCE.iterdir()}
    assert made.keys() == there.keys()
    stale = [name for name in made if made[name] != there[name]]
    assert stale == [], "run `make docs`"


def test_the_reference_is_the_same_each_time() -> None:
    assert generate.pages() == generate.pages()


def test_every_check_is_documented_with_all_its_parts() -> None:
    text = (REFERENCE / "checks.md").read_text()
    for spec in catalog.OURS:
        section = text.partition(f"### {spec.id}\n")[2].partition("\n### ")[0]
        missing = [
            part for part in ("Proves", "Needed above", "Executed", "Cannot see", "Repair", "Source") if f"**{part}:**" not in section
        ]
        assert missing == [], spec.id


def test_every_command_and_option_is_documented() -> None:
    text = (REFERENCE / "cli.md").read_text()
    for words, parser in generate.parsers().items():
        section = text.partition(f"## readiness {words}\n")[2].partition("\n## ")[0]
        assert section, words
        spelled = [name for action in parser._actions for name in action.option_strings if name not in ("-h", "--help")]
        assert [name for name in spelled if f"`{name}" not in section] == []
        silent = [action.dest for action in parser._actions if not action.help and not isinstance(action, argparse._SubParsersAction)]
        assert silent == []


def test_every_environment_variable_of_ours_is_documented() -> None:
    text = (REFERENCE / "cli.md").read_text()
    sources = [path.read_text() for path in (ROOT / "src").rglob("*.py")]
    read = {name for source in sources for name in re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", source)}
    assert {name for name in read if name.startswith("READINESS_")}
    assert [name for name in sorted(read) if name.startswith(("READINESS_", "XDG_", "NO_")) and f"`{name}`" not in text] == []


def test_every_exit_code_is_documented() -> None:
    codes = {int(code) for code in re.findall(r"(\d+) [a-z]", cli.usage().rpartition("exit codes:")[2])}
    assert codes <= generate.EXIT_CODES.keys()


def test_every_key_of_the_manifest_is_documented_in_its_section() -> None:
    text = (REFERENCE / "manifest.md").read_text()
    for table, keys in generate.known_keys().items():
        section = text.partition(f"\n## {table or 'Top level'}\n")[2].partition("\n## ")[0]
        assert [key for key in keys if f"- `{key}`" not in section] == [], table
    fields = {field.name for field in dataclasses.fields(manifests.Demo)} - {"line", "requests"}
    assert fields <= set(generate.known_keys()["demo"])


def test_the_examples_of_the_manifest_use_every_table() -> None:
    assert set(generate.known_keys()) == {"", *generate.MEANINGS}
    whole = manifests.parse(generate.EXAMPLE)
    assert whole.demo is not None
    assert whole.waivers
    assert whole.trust


# The JSON


@pytest.fixture
def apart(tmp_path: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keys and work in folders of the test, no package index; returns a folder for projects."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.delenv("READINESS_SIGNING_KEY", raising=False)
    return tmp_path


def undocumented(written: Any, schema: dict[str, Any], at: str = "") -> list[str]:  # JSON of any kind
    """Keys that are written and that the schema does not name."""
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(written, list):
        return [path for item in written for path in undocumented(item, schema.get("items", {}), f"{at}[]")]
    if not isinstance(written, dict):
        return []
    known = schema.get("properties", {})
    found = [f"{at}.{key}" for key in written if key not in known]
    return found + [path for key in written if key in known for path in undocumented(written[key], known[key], f"{at}.{key}")]


def test_a_real_verdict_is_what_the_schema_says(apart: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo = "import os\n\nprint('hello', os.environ['DESK_TOKEN'])\n"
    root = make_repository(apart / "project", {"demo.py": demo, "Dockerfile": "FROM python:latest\n"})
    code = cli.main(["check", "--format", "json", str(root)])
    told = json.loads(capsys.readouterr().out)
    VALIDATOR.validate(told)
    assert undocumented(told, {"$ref": "#/$defs/verdict"}) == []
    assert told["exit"] == code == 1
    assert cli.main(["check", "--format", "json", "--since", "HEAD", str(root)]) == 0
    again = json.loads(capsys.readouterr().out)
    VALIDATOR.validate(again)
    assert again["worse"] == []
    found = {item["id"]: item for item in again["layers"][0]["checks"]}
    assert found["infrastructure.images-pinned"]["problems"]
    assert found["infrastructure.images-pinned"]["evidence"]


def test_the_schema_refuses_what_is_none() -> None:
    VALIDATOR.check_schema(SCHEMA)
    assert not VALIDATOR.is_valid({"schema": "readiness/check/1"})
    assert not VALIDATOR.is_valid([])


def test_json_page_and_schema_name_the_same_keys() -> None:
    text = (REFERENCE / "json.md").read_text()
    for name, found in SCHEMA["$defs"].items():
        assert [key for key in found["properties"] if f"- `{key}`" not in text.partition(f"\n## {name}\n")[2]] == []


# The pages


def anchors(text: str) -> set[str]:
    """Anchors of headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text())):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_lines_are_at_most_120_characters_but_for_what_was_printed(page: Path) -> None:
    assert [line for line in prose(page.read_text()).splitlines() if len(line) > 120] == []


def commands(text: str) -> Iterator[str]:
    """Everything a page shows as a command of ours: in blocks line by line, in prose between backticks."""
    plain = prose(text)
    lines = [line for _, block in fences(text) for line in block.splitlines()]
    lines += [line for line in plain.splitlines() if line.startswith("    ")]
    lines += [re.sub(r"\s+", " ", span) for span in re.findall(r"`([^`]+)`", plain)]
    for line in lines:
        if found := re.match(_COMMAND, line):
            yield re.split(r" (?:>|\||&&|;) ?", found[1])[0]


_COMMAND = re.compile(
    r"\s*(?:-? ?run: |\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/|uvx (?:--from \S+ )?|pipx run (?:--spec \S+ )?)?(?:readiness (?=[a-z-])([^·]+))$"
)


def parses(line: str) -> bool:
    """Whether the real parsers take a command."""
    words = shlex.split(line, comments=True)
    if words[0] in ("--help", "--version", "COMMAND"):
        return True
    if words[0] not in {name for named in cli.COMMANDS.values() for name in named}:
        return False
    try:
        importlib.import_module(f"readiness.cli.{words[0]}").parser().parse_args(words[1:])
    except SystemExit as ended:
        return ended.code == 0
    return True


def test_every_command_shown_parses() -> None:
    everything = {line for page in PAGES for line in commands(page.read_text())}
    shown = {line for line in everything if not re.search(r"[\[|]", line)}  # the reference also shows what may be left out
    assert len(shown) > 15
    assert {"check --layer infrastructure", "init", "evidence verify"} <= shown
    assert [line for line in sorted(shown) if not parses(line)] == []


def test_a_command_that_is_none_would_be_seen() -> None:
    text = "```sh\nUV_NO_INDEX=1 uvx readiness check --leyer data > out.json\n```\n"
    assert list(commands(text)) == ["check --leyer data"]
    assert not parses("check --leyer data")
    assert not parses("deploy")


def test_every_make_target_shown_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {name for page in PAGES for name in re.findall(r"(?:^ {4}|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)}
    assert shown
    assert shown <= targets


def test_every_manifest_shown_is_accepted() -> None:
    count = 0
    for page in PAGES:
        for language, block in fences(page.read_text()):
            if language == "toml" and "entry-points" not in block:
                manifests.parse(block)
                count += 1
    assert count > 5


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_code_shown_is_code(page: Path) -> None:
    for language, block in fences(page.read_text()):
        if language == "python" and not block.startswith("    "):
            compile(block, page.name, "exec")
        elif language == "toml":
            tomllib.loads(block)
        elif language == "json":
            json.loads(block)


def test_titles_in_the_verdicts_shown_are_titles_of_checks() -> None:
    titles = {spec.title for spec in (*catalog.OURS, *catalog.ORGANIZATION)} | {"leaves tree clean"}
    long = tuple(f"{title} " for title in titles if len(title) > 22)  # these reach up to what was seen, with one blank between
    for page in PAGES:
        for language, block in fences(page.read_text()):
            if language == "text" and not re.match(r"\$ readiness (?!check)", block):
                shown = re.findall(r"^  [✓✗?~·] (\S+(?: \S+)*?)(?:  |$)", block, re.MULTILINE)
                assert [title for title in shown if title not in titles and not title.startswith(long)] == [], page.name


def test_the_shares_of_changes_explained_are_those_asked() -> None:
    text = (ROOT / "docs/explanation/sequence.md").read_text()
    assert f"| {' | '.join(f'{share:.0%}'.replace('%', ' %') for share in MINIMUM_KILL_RATE.values())} |" in text
    assert [mode for mode in Mode if f"`{mode}`" not in text] == []
    assert [outcome for outcome in Outcome if f"- `{outcome}`: " not in text] == []


def test_every_cause_is_explained() -> None:
    text = (ROOT / "docs/explanation/infrastructure.md").read_text()
    assert [cause for cause in Cause if cause.value and f"- `{cause}`: " not in text] == []


# The walk through a new check


def blocks_with_path(text: str) -> dict[str, str]:
    return dict(re.findall(r"^`([\w./-]+\.\w+)`:\n\n```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))


def test_the_check_that_contributing_walks_through_works(apart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = blocks_with_path((ROOT / "CONTRIBUTING.md").read_text())
    path = "src/readiness/layers/infrastructure/checks/leaves_tree_clean.py"
    (apart / "leaves_tree_clean.py").write_text(shown[path])
    monkeypatch.syspath_prepend(apart)
    spec = CheckSpec("infrastructure.leaves-tree-clean", Layer.INFRASTRUCTURE, "leaves tree clean", Cost.LONG, "leaves_tree_clean", None)
    monkeypatch.setattr(catalog, "OURS", tuple(item for item in catalog.OURS if item.id != spec.id))
    monkeypatch.setattr(catalog, "_plugins", lambda: (spec,))
    assets = "tests/assets/infrastructure.leaves-tree-clean"
    manifest = shown[f"{assets}/holds/readiness.toml"]

    def judged(name: str, files: dict[str, str]) -> Finding:
        root = make_repository(apart / name, files)
        verdict = check(root, Options(only=(spec.id,))).verdict
        return verdict.layers[0].checks[0].finding

    holds = judged("holds", {"readiness.toml": manifest, "demo.py": shown[f"{assets}/holds/demo.py"]})
    fails = judged("fails", {"readiness.toml": manifest, "demo.py": shown[f"{assets}/fails/demo.py"]})
    neither = judged("not_applicable", {"app.py": shown[f"{assets}/not_applicable/app.py"]})
    assert [holds.outcome, fails.outcome, neither.outcome] == [Outcome.HOLDS, Outcome.FAILS, Outcome.NOT_APPLICABLE]
    assert fails.problems[0].subject == "cache.json"

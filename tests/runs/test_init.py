"""`init` writes what the repository says and nothing else, changes nothing, and shows no line that would pass unfilled."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import tomlkit

from readiness.config import manifest as manifests
from readiness.errors import InputError
from readiness.formats import authority, codeowners, outcomes
from readiness.runs import init
from readiness.runs.init import Written
from readiness.runs.init_parts import Yours
from readiness.testing.projects import make_repository
from tests.runs.stated import AUTHORITY, OUTCOME, TICKETS

CONTRACT = (
    "apiVersion: v3.1.0\nkind: DataContract\nid: tickets\nversion: 1.0.0\nstatus: active\n"
    "servers:\n- {server: here, type: local, path: data/tickets.csv, format: csv}\n"
    "team:\n- {username: ada@example.org}\nschema:\n- name: tickets\n"
)
DOCKERFILE = 'FROM python:3.11.7\nEXPOSE 8000\nCMD ["python", "-m", "desk.serve"]\n'
NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
BARE = {"app.py": "VALUE = 1\n"}
KINDS: dict[str, dict[str, str]] = {
    "nothing known": BARE,
    "empty": {},
    "server": {**BARE, "Dockerfile": DOCKERFILE},
    "notebook": {"notebooks/visits.ipynb": NOTEBOOK},
    "data": {**BARE, "data/tickets.csv": TICKETS, "schema.sql": "create table document (id int);\n"},
    "requests": {**BARE, "readiness.toml": '[demo]\nserver = { argv = ["python", "app.py"] }\n'},
    "asked": {
        **BARE,
        "readiness.toml": '[demo]\nserver = { argv = ["python", "app.py"] }\n[[demo.request]]\npath = "/ask"\n',
    },
    "half an authority": {**BARE, "authority.yaml": "kill: Ada Lovelace <ada@example.org>\n"},
    "half an outcome": {**BARE, "outcomes/x.yaml": "kind: Outcome\nid: x\n"},
}


def made(tmp_path: Path, files: dict[str, str]) -> Path:
    """A repository of these files; an empty folder without any."""
    if files:
        return make_repository(tmp_path / "desk", files)
    (tmp_path / "desk").mkdir()
    return tmp_path / "desk"


def yours(written: Written) -> list[Yours]:
    """Everything that is left to a person."""
    return [item for part in written.parts for item in part.yours]


def said(written: Written, title: str) -> tuple[str, ...]:
    """What is found for a layer."""
    return next((part.found for part in written.parts if part.title.endswith(title)), ())


def refused(item: Yours, manifest: str) -> bool:
    """Whether what reads the file refuses the line as it is shown, put where it belongs."""
    if item.file == "authority.yaml":
        return bool(authority.parse(item.line + "\n")[1])
    if item.file == "CODEOWNERS":
        return bool(codeowners.problems(item.line + "\n", "CODEOWNERS"))
    if item.file.startswith("outcomes/"):
        return bool(outcomes.parse(item.line + "\n", "outcomes/x.yaml")[1])
    header, key = re.fullmatch(r"(\[.+?\]+) (.+)", item.line).groups()  # type: ignore[union-attr]  # every line is one of these
    base = tomlkit.parse(manifest)
    if header == "[demo]" and not key.startswith("outputs"):
        base.pop("demo", None)
    text = tomlkit.dumps(base)
    if header.strip("[]") in base and header.startswith("[") and not header.startswith("[["):
        before, _, after = text.partition(f"{header}\n")
        text = f"{before}{header}\n{key}\n{after}"
    else:
        text += f"\n{header}\n{key}\n"
    try:
        manifests.parse(text)
    except InputError:
        return True
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_no_line_that_is_shown_passes_while_it_holds_a_placeholder(tmp_path: Path, kind: str) -> None:
    written = init.init(made(tmp_path, KINDS[kind]))
    shown = [item for item in yours(written) if item.line]
    assert shown
    assert [item.line for item in shown if not refused(item, written.text)] == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_parses_and_a_second_time_changes_nothing(tmp_path: Path, kind: str) -> None:
    root = made(tmp_path, KINDS[kind])
    first = init.init(root)
    manifests.load(root)
    text = (root / "readiness.toml").read_bytes()
    again = init.init(root)
    assert (again.added, (root / "readiness.toml").read_bytes()) == ((), text)
    assert [part.yours for part in again.parts] == [part.yours for part in first.parts]


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    root = made(tmp_path, BARE)
    assert init.init(root, dry=True).added == ("schema", "project.id")
    assert not (root / "readiness.toml").exists()


HALF = """\
# ours
[project]   # what it is
id = "tickets-desk"
stakes = "money"  # it is theirs

[demo] # shown on Mondays
command = ["python", "show.py"]   # not demo.py
outputs = ["out.txt"]
[demo.tolerance]
"out.txt:score" = { abs = 0.1 }

[[demo.request]] # none

# the end
"""


@pytest.mark.parametrize(
    "manifest",
    [
        HALF.replace('[[demo.request]] # none\n\n', ""),
        'project = { id = "tickets-desk" } # short\ndemo = { command = ["python", "show.py"] }\n',
        'project.id = "tickets-desk"\ndemo.command = ["python", "show.py"]\ninfrastructure.ttl_days = 3 # dotted\n',
        '[demo]\ncommand = ["python", "show.py"]\n[project]\nid = "x"\n[demo.env]\nLANG = "C"\n',
        '[demo]\nserver = { argv = ["python", "show.py"] }\n\n[[demo.request]] # the first\nid = "a"\npath = "/"\n# end\n',
    ],
    ids=["tables", "inline", "dotted", "apart", "requests"],
)  # fmt: skip
def test_what_is_there_stays_with_its_comments(tmp_path: Path, manifest: str) -> None:
    code = "import os\nKEY = os.environ['DESK_API_KEY']\n"
    files = {"demo.py": code, "show.py": "", "tests/test_a.py": "", "kpi/o.yaml": OUTCOME, "data/tickets.csv": TICKETS}
    root = make_repository(tmp_path / "desk", {**files, "readiness.toml": manifest})
    written = init.init(root)
    before, after = tomllib.loads(manifest), tomllib.loads(written.text)
    for table, keys in before.items():
        assert {key: after[table][key] for key in keys} == keys
    assert re.findall(r"#.*", manifest) == [text for text in re.findall(r"#.*", written.text) if text in manifest]
    assert after["demo"]["secrets"] == ["DESK_API_KEY"]
    assert after["infrastructure"]["tests"] == ["python", "-m", "pytest", "-q"]
    assert after["measurement"]["outcomes"][-1] == "kpi/o.yaml"
    assert "demo.command" not in written.added
    assert init.init(root).added == ()


def test_lines_keep_their_ends(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "desk", BARE)
    (root / "readiness.toml").write_bytes(b'# ours\r\n[project]\r\nstakes = "money"\r\n')
    init.init(root)
    assert b'[project]\r\nstakes = "money"\r\n' in (root / "readiness.toml").read_bytes()
    assert init.init(root).added == ()


def test_contracts_where_nobody_looks_are_named_where_they_describe_our_data(tmp_path: Path) -> None:
    files = {**BARE, "data/tickets.csv": TICKETS, "docs/contracts/tickets.yaml": CONTRACT}
    written = init.init(make_repository(tmp_path / "desk", files))
    assert tomllib.loads(written.text)["data"]["contracts"] == ["**/*.odcs.yaml", "**/*.odcs.yml", "docs/contracts/tickets.yaml"]
    assert said(written, "Data") == ("1 data contract: docs/contracts/tickets.yaml",)
    assert not [item for item in yours(written) if "has no contract" in item.why]


@pytest.mark.parametrize(
    ("place", "contract"),
    [
        ("docs/contracts/tickets.yaml", CONTRACT.replace("data/tickets.csv", "data/orders.csv")),  # somebody else's data
        ("docs/contracts/tickets.yaml", CONTRACT.replace("id: tickets\n", "")),  # no contract
        ("tests/fixtures/tickets.yaml", CONTRACT),
        ("contracts/tickets.yaml", CONTRACT),  # found anyway
    ],
)
def test_a_contract_that_may_be_no_contract_of_ours_is_not_named(tmp_path: Path, place: str, contract: str) -> None:
    written = init.init(make_repository(tmp_path / "desk", {**BARE, "data/tickets.csv": TICKETS, place: contract}))
    assert "data" not in tomllib.loads(written.text)


def test_contracts_of_tests_do_not_come_in_by_a_glob(tmp_path: Path) -> None:
    files = {**BARE, "data/tickets.csv": TICKETS, "docs/contracts/tickets.yaml": CONTRACT, "tests/x.odcs.yaml": CONTRACT}
    written = init.init(make_repository(tmp_path / "desk", files))
    assert tomllib.loads(written.text)["data"]["contracts"] == ["docs/contracts/tickets.yaml"]


def test_a_file_that_code_only_points_its_readers_to_is_no_data(tmp_path: Path) -> None:
    book = {"cells": [{"cell_type": "markdown", "source": ["see `graph.json` and\n", "guide.md\n"]},
                      {"cell_type": "code", "source": ['open("prices.json")\n']}]}  # fmt: skip
    code = {"app.py": '"""See docs/guide.md for usage."""\n', "book.ipynb": json.dumps(book)}
    files = {"docs/guide.md": "# How\n", "graph.json": "{}", "prices.json": "[]"}
    written = init.init(make_repository(tmp_path / "desk", {**code, **files}))
    told = [item.why for part in written.parts if part.title.endswith("Data") for item in part.yours]
    assert told[:1] == ["prices.json has no contract"]
    assert not [why for why in told if "guide" in why or "graph" in why]


def test_data_without_a_contract_is_named_and_no_more_of_it_than_fits(tmp_path: Path) -> None:
    rows = {f"data/{name}.csv": "a\n1\n" for name in "abcde"}
    code = {"app.py": "open('prices.json')\n", "prices.json": "[]", "other.json": "[]", "tests/t.csv": "a\n", "examples/e.csv": "a\n"}
    written = init.init(make_repository(tmp_path / "desk", {**rows, **code}))
    told = [item for part in written.parts if part.title.endswith("Data") for item in part.yours]
    assert [item.why for item in told[:2]] == ["data/*.csv has no contract", "prices.json has no contract"]
    assert told[2].command == "readiness data infer 'data/*.csv' prices.json"


def test_parts_of_a_model_are_no_data_and_whatever_lies_alone_may_be(tmp_path: Path) -> None:
    files = {"models/m/model.onnx": "", "models/m/vocab.txt": "a\n", "models/m/merges.txt": "", "lists/vocab.txt": "b\n"}
    written = init.init(make_repository(tmp_path / "desk", {**BARE, **files}))
    assert tomllib.loads(written.text)["data"]["not_data"] == ["models/m/merges.txt", "models/m/vocab.txt"]


def test_outcomes_anywhere_are_named(tmp_path: Path) -> None:
    written = init.init(make_repository(tmp_path / "desk", {**BARE, "kpi/tickets.yaml": OUTCOME, "tests/o.yaml": OUTCOME}))
    assert tomllib.loads(written.text)["measurement"]["outcomes"] == ["outcomes/*.yaml", "outcomes/*.yml", "kpi/tickets.yaml"]
    assert said(written, "Measurement") == ("kpi/tickets.yaml: Support tickets are resolved 40 % faster",)


def test_who_is_named_is_told_with_the_place(tmp_path: Path) -> None:
    files = {
        "CODEOWNERS": "\n\n* @ada\n",
        "MAINTAINERS": "# people\nBen <ben@example.org>\n",
        "pyproject.toml": '[project]\nname = "x"\nversion = "1"\nauthors = [{ name = "Cleo Katz", email = "cleo@example.org" }]\n',
        "authority.yaml": AUTHORITY,
    }
    written = init.init(make_repository(tmp_path / "desk", {**BARE, **files}))
    assert said(written, "Organization") == (
        "may stop it: Dorothy Vaughan (authority.yaml:4)",
        "owns code: @ada (CODEOWNERS:3)",
        "decides on data Ada, security Ben, cost Grace (authority.yaml)",
        "ben@example.org maintains it (MAINTAINERS:2), which is no owner yet",
        "Cleo Katz cleo@example.org wrote it (pyproject.toml:4), which is no owner yet",
    )
    missing = [item for part in written.parts if part.title == "Organization" for item in part.yours]
    assert [item.why for item in missing] == ["who owns the outcome, not the technology"]


def test_public_routes_are_never_guessed(tmp_path: Path) -> None:
    written = init.init(made(tmp_path, KINDS["asked"]))
    assert "security" not in tomllib.loads(written.text)
    assert any("none is guessed" in item.why for item in yours(written))


def test_instrumentation_is_told_where_it_is_declared(tmp_path: Path) -> None:
    bare = init.init(make_repository(tmp_path / "bare", {**BARE, "requirements.txt": "tiny==1.0\n"}))
    asked = next(item for part in bare.parts if part.title.endswith("Observability") for item in part.yours)
    assert asked.command.startswith("printf '%s\\n' '' opentelemetry-sdk")
    files = {"app.py": "import readiness\nwith readiness.decision('x'):\n    pass\n", "requirements.txt": "a\nopentelemetry-sdk==1.0\n"}
    told = init.init(make_repository(tmp_path / "seen", files))
    assert said(told, "Observability") == ("opentelemetry-sdk (requirements.txt:2)", "decisions are recorded (app.py:2)")


def test_one_manifest_for_several_projects_names_them_as_its_components(tmp_path: Path) -> None:
    parts = {f"services/{name}/requirements.txt": "tiny\n" for name in ("api", "web")}
    files = {**parts, "services/api/main.py": "", "services/web/main.py": "", "readiness.toml": "schema = 1\n"}
    root = make_repository(tmp_path / "desk", files)
    assert init.folders(root) == [root]
    assert tomllib.loads(init.init(root).text)["project"]["components"] == ["services/api", "services/web"]
    files.pop("readiness.toml")
    apart = make_repository(tmp_path / "apart", files)
    assert init.folders(apart) == [apart / "services/api", apart / "services/web"]
    assert all("components" not in tomllib.loads(init.init(folder).text)["project"] for folder in init.folders(apart))


def test_an_empty_folder_and_one_without_git_are_beginnings(tmp_path: Path) -> None:
    root = made(tmp_path, {})
    assert init.folders(root) == [root]
    assert init.init(root).added == ("schema", "project.id")
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "demo.py").write_text("print('hello')\n")
    assert "demo.command" in init.init(plain).added

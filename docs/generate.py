"""Writes docs/reference from the program itself: `python docs/generate.py [FOLDER]`, which is what `make docs` runs.

The checks come from the catalogue and its docstrings, the command line from the parsers, the manifest from the keys its
parser knows, the JSON from the schema below. Two runs give the same bytes; tests/test_docs.py compares them with the
files, and a real verdict with the schema. One file, since most of it is words: what each key means.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import sys
import textwrap
import typing
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final
from unittest.mock import patch

from readiness import errors
from readiness.cli.main import COMMANDS
from readiness.config import manifest as manifests
from readiness.config import security
from readiness.config.fields import Reader
from readiness.formats.verdicts import SCHEMA
from readiness.layers import catalog
from readiness.sequence.check import CheckSpec, Cost
from readiness.sequence.evidence import Witness
from readiness.sequence.finding import Basis, Cause, Outcome
from readiness.sequence.layers import ORDER, TITLES, Layer
from readiness.sequence.mode import Declaration, Mode
from readiness.sequence.stakes import Stakes
from readiness.sequence.waiver import Waiver
from readiness.world.environment import INDEX_VARIABLES, PROXY_VARIABLES
from readiness.world.sandbox import PASSED

REFERENCE: Final = Path(__file__).parent / "reference"
WIDTH: Final = 120

Json = dict[str, Any]  # a JSON Schema holds any JSON value


def pages() -> dict[str, str]:
    """Every file of the reference: name → content."""
    whole = schema()
    return {
        "checks.md": checks(),
        "cli.md": command_line(),
        "manifest.md": manifest(),
        "json.md": json_page(whole),
        "check.schema.json": json.dumps(whole, indent=2, ensure_ascii=False) + "\n",
    }


def main(words: list[str]) -> int:
    """Writes every page into a folder, docs/reference unless another is named."""
    folder = Path(words[0]) if words else REFERENCE
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(pages())} pages in {folder}\n")
    return 0


def _page(title: str, source: str, *parts: str) -> str:
    note = f"<!-- written by `make docs` from {source}; change it there -->"
    return "\n\n".join([f"# {title}", note, *parts]) + "\n"


def _item(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _prose(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


# The checks

_COSTS: Final = {Cost.STATIC: "reads files", Cost.INSTALL: "installs", Cost.RUN: "runs code", Cost.LONG: "runs code for long"}


def checks() -> str:
    """The checks in the order of the sequence, each with what its docstring says."""
    parts = ["Each check is a true statement about a project. `readiness checks` lists them; `readiness checks starts` documents one."]
    for layer in ORDER:
        found = [spec for spec in catalog.specs(plugins=False) if spec.layer is layer]
        if found:
            lines = [_item(f"[{spec.title}](#{_anchor(spec.id)}): {_required(spec)}; {_COSTS[spec.cost]}") for spec in found]
            parts += [f"## Layer {layer.number}, {TITLES[layer].lower()}", "\n".join(lines), *(_check(spec) for spec in found)]
    if catalog.ORGANIZATION:
        lines = [_item(f"[{spec.title}](#{_anchor(spec.id)}): {_required(spec)}") for spec in catalog.ORGANIZATION]
        parts += ["## Organization, a condition on approval", "\n".join(lines), *(_check(spec) for spec in catalog.ORGANIZATION)]
    return _page("Checks", "the catalogue and the docstrings of its modules", *parts)


def _required(spec: CheckSpec) -> str:
    modes = ", ".join(sorted(mode.value for mode in spec.modes))
    if modes and spec.required_from is None:
        return f"a condition of {modes} mode alone"
    production = f"required in production from stakes `{spec.required_from}` on" if spec.required_from else "advises only"
    return f"{production}, and in {modes} mode" if modes else production


def _check(spec: CheckSpec) -> str:
    first, _, rest = textwrap.dedent(catalog.load(spec).doc).strip().partition("\n\n")
    parts = [re.sub(r"\s+", " ", part) for part in re.split(r"\n(?=[A-Z][a-z]+(?: [a-z]+)?: )", rest)]
    items = [_item(f"**{name}:** {text}") for name, _, text in (part.partition(": ") for part in parts)]
    return "\n\n".join([f"### {spec.id}", _prose(re.sub(r"\s+", " ", first)), "\n".join(items)])


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


# The command line

EXIT_CODES: Final = {
    errors.EXIT_HOLDS: "all that mode and stakes require holds or is waived; under `--since` nothing got worse; `questions`: all five are "
    "answered; `approve`: approve, or build; `approve verify`: the newest page is a signed yes about this state",
    errors.EXIT_FAILS: "something required fails, or got worse; `evidence verify`: a file is refused; `questions`: an answer is no; "
    "`approve`: not ready, fix the organisation first, stop, or not yet; `mode`: it has ended, or something it asks for is not so; "
    "`outcome`: something is wrong with one, or it could not be locked; `recreate`: a rung fails, or the snapshot gave another result; "
    "`evidence add`: it does not count; `record verify`: a body is missing or another; `access lint`: something is wrong; "
    "`access can`: denied; `access plan`: something is refused; `secrets scan`: a secret is there; `secrets rotate-check`: one is too old "
    "or nobody's",
    errors.EXIT_MISUSE: "misuse or bad input: an unknown option, no such folder, a fault in `readiness.toml`",
    errors.EXIT_UNKNOWN: "could not judge: something required is unknown, or nothing is proven; `approve`: a pilot, or nothing stands in "
    "the way but what is not proven; `outcome`: one could not be measured; `recreate`: a rung asked for could not be told; "
    "`record`: the demo did not end well, and nothing was kept; `access can`: a policy errs on it; `secrets scan`: not everything was "
    "read; `secrets rotate-check`: an age or an owner cannot be told; `secrets blast-radius`: nothing says what it opens",
    errors.EXIT_BUG: "our bug; `READINESS_TRACEBACK=1` shows where",
    errors.EXIT_INTERRUPTED: "interrupted by you",
}

VARIABLES: Final = {
    "READINESS_SIGNING_KEY": "the key evidence is signed with, the base64 of 32 bytes; without it the key of the user is used, "
    "`readiness/ed25519` below `XDG_CONFIG_HOME` or `~/.config`, made at first use",
    "READINESS_WORK": "the folder that projects are executed in, `/var/tmp/readiness-UID` without it; must be reachable by other users "
    "where readiness runs as root",
    "READINESS_PLAIN_SANDBOX": "any value switches the namespaces of the sandbox off; the findings say what is then missing",
    "READINESS_DATABASE_URL": "the PostgreSQL that keeps what the store keeps; without it the embedded one, in `.readiness/postgres`; "
    "`access plan` reads the catalogue of the one it names",
    "READINESS_URL": "where an application finds the server that says whether it is stopped; a demo is given it",
    "READINESS_PROJECT": "the id of its project that an application states; `OTEL_SERVICE_NAME` without it; a demo is given it",
    "READINESS_TOKEN": "what an application shows to a server that is not on loopback",
    "READINESS_POLICIES": "the folder of the policies that an application asks; `policies` in its working folder without it",
    "READINESS_BUDGET_FILE": "the file in which the processes of one machine count query budgets together; without it each process counts "
    "its own",
    "READINESS_BUDGET_MOST": "`ID=NUMBER`, the most that the budget of one policy allows an application, for drills: it lowers a budget, "
    "and raises none",
    "READINESS_TRACEBACK": "any value shows the traceback of a bug of ours",
    "XDG_CONFIG_HOME": "where the folder with the signing key and the key of snapshots lies",
    "XDG_CACHE_HOME": "where the secret scanner keeps its compiled rules",
    "XDG_STATE_HOME": "where an application remembers whether it was stopped",
    "NO_COLOR": "any value switches colour off",
}


_HANDED_ON: Final = (
    "Of the package client's settings these are handed on to installations, unless a URL in them carries a user name or a password; "
    "`PIP_INDEX_URL` stands in where `UV_DEFAULT_INDEX` is not set:"
)
_CERTIFICATES: Final = (
    f"Of the rest of your environment only the place of certificates is handed on: {', '.join(f'`{name}`' for name in PASSED)}."
)


def command_line() -> str:
    """Every command with its arguments and options, as the parsers know them."""
    listed = [f"{group}\n" + "\n".join(f"  {name:<10} {text}" for name, text in named.items()) for group, named in COMMANDS.items()]
    commands = [_command(parser) for parser in parsers().values()]
    codes = "\n".join(_item(f"`{code}`: {text}") for code, text in EXIT_CODES.items())
    variables = "\n".join(_item(f"`{name}`: {text}") for name, text in VARIABLES.items())
    handed = "\n".join(_item(f"`{name}`") for name in (*INDEX_VARIABLES, *PROXY_VARIABLES))
    return _page(
        "Command line", "the parsers of the commands",
        "```text\n" + "\n\n".join(listed) + "\n```",
        "`readiness --help` lists the commands, `readiness COMMAND --help` explains one, `readiness --version` names the version.",
        *commands,
        "## Exit codes", codes,
        "## Environment variables", variables,
        _prose(_HANDED_ON), handed, _prose(_CERTIFICATES),
    )  # fmt: skip


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of every command and subcommand, by the words that call it."""
    found: dict[str, argparse.ArgumentParser] = {}
    for name in [name for named in COMMANDS.values() for name in named]:
        parser: argparse.ArgumentParser = import_module(f"readiness.cli.{name}").parser()
        found[name] = parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                found |= {f"{name} {word}": sub for word, sub in action.choices.items()}
    return found


def _command(parser: argparse.ArgumentParser) -> str:
    shown = [action for action in parser._actions if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)]
    subs = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    about = [_prose(parser.description or "")] if parser.description else []
    helps = {item.dest: item.help or "" for action in subs for item in action._choices_actions}
    called = [f"  {word}  {text}" for word, text in helps.items()]
    usage = " ".join([parser.prog, *(_called(action) for action in shown), *(str(action.metavar) for action in subs)])
    lines = [_item(f"`{_spelled(action)}`: {_help(parser, action)}") for action in shown]
    parts = [f"## {parser.prog}", *about, "```text\n" + "\n".join([_wrapped(usage), *called]) + "\n```"]
    return "\n\n".join([*parts, "\n".join(lines)] if lines else parts)


def _wrapped(usage: str) -> str:
    words = re.findall(r"\[[^\]]*\]|\S+", usage)
    lines, indent = [words[0]], "    "
    for word in words[1:]:
        if len(lines[-1]) + len(word) + 1 > WIDTH:
            lines.append(indent + word)
        else:
            lines[-1] += f" {word}"
    return "\n".join(lines)


def _called(action: argparse.Action) -> str:
    spelled = _spelled(action)
    optional = bool(action.option_strings) or action.nargs in ("?", "*")
    return f"[{spelled}]" if optional else spelled


def _spelled(action: argparse.Action) -> str:
    value = "|".join(action.choices) if action.choices else str(action.metavar or action.dest)
    if not action.option_strings:
        return value
    return ", ".join(action.option_strings) + (f" {value}" if action.nargs != 0 else "")


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    return (action.help or "") % {**vars(action), "prog": parser.prog}


# The manifest

EXAMPLE: Final = """\
schema = 1                                      # of this file; the only one there is

[project]
id = "support-assistant"                        # default: the name of the folder
mode = "production"                             # another mode needs until, reason and owner
stakes = "money"                                # what a mistake costs; default: annoyance, the mildest

[demo]                                          # exactly one of command, server, notebook
setup = [["uv", "pip", "sync", "requirements.txt"]]   # default: what the repository says
command = ["python", "-m", "assistant", "data/questions.txt", "out/answers.jsonl"]
env = { LANG = "C.UTF-8" }
secrets = ["OPENAI_API_KEY"]                    # names only; the demo is given values that open nothing
outputs = ["out/answers.jsonl"]                 # what must come out the same
normalise = { "out/answers.jsonl:asked_at" = "timestamp" }   # but for times and ids
timeout_s = 120
service = "app"                                 # default: the one that the compose file builds from here
network = "cassette"                            # off, unless it says otherwise
cassette = "cassettes/3f2a9c51d07be846.json"    # default: the newest of this demo
redact = ["email", "ORDER-[0-9]+"]              # besides secrets and credentials
volatile = ["metadata.run"]

[demo.prices."gpt-4o-mini"]                     # what `readiness record` tells costs by
input_per_million = 0.15
output_per_million = 0.6

[demo.tolerance]                                # default: equal bytes
"out/answers.jsonl:score" = { abs = 1e-4 }

[infrastructure]
python = "3.12"
tests = ["python", "-m", "pytest", "-q"]
skip_modules = ["assistant/legacy/*.py"]
ttl_days = 3
factors = { prompts = ["assistant/wording.py"] }   # default: what names and folders say
migrate = ["python", "-m", "assistant.migrate"]    # default: alembic, Django, yoyo or numbered SQL, where they are found
rollback = ["python", "-m", "assistant.migrate", "--back"]

[trust]
keys = ["ed25519:nYCSHNYmce3zO40uFZPorSIoU48WMHiOKpkksofMUYk= ci"]

[[waiver]]
id = "w-2026-01"
check = "infrastructure.images-pinned"
subject = "compose.yaml:postgres"
reason = "the image is rebuilt and tested every night"
owner = "ada@example.org"
approver = "grace@example.org"
starts = 2026-09-25
expires = 2026-12-20
blast_radius = "one batch job"
retirement = "pinned when the base image is ours"
"""

SERVER_EXAMPLE: Final = """\
[demo]
server = { argv = ["python", "-m", "assistant.serve"], ready = "/healthz", ready_s = 30 }
needs = ["postgres"]
secrets = ["API_TOKEN"]

[[demo.request]]
id = "invoice"
method = "POST"
path = "/ask"
json = { q = "Where is my invoice?" }
headers = { Authorization = "Bearer {API_TOKEN}" }

[security]
public = ["GET /healthz"]
policies = ["policies/*.cedar", "policies/*.cedarschema", "policies/*.cedarschema.json"]
administrators = ["desk_owner"]
training = ["data/train/*.csv"]                 # what models learn from; [] where nothing is trained

[security.reports]
pip-audit = { fail_on = "low", max_age_days = 3 }
grype = { fail_on = "high" }

[security.probe]
question = "$.q"
answer = "$.answer.text"
documents = ["data/documents.jsonl"]
prompts = ["prompts/*.txt"]
attacks = "attacks"
queries = 200

[[security.allow]]
fingerprint = "3f0c7f2b9d1e4a55"
reason = "the key of the vendor's public sandbox"
owner = "Ada Lovelace <ada@example.org>"
expires = 2026-12-31

[[security.secret]]
name = "DATABASE_URL"
ref = "env:DATABASE_URL"
owner = "Ada Lovelace <ada@example.org>"
rotate_days = 90
rotated = 2026-11-02
opens = ["orders"]

[data]
not_data = ["models/tokenizer.json"]            # the demo reads it, and it is none

[measurement]
stop_within_s = 10
"""

MEANINGS: Final[dict[str, dict[str, str]]] = {
    "": {
        "schema": "version of this file's form; must be 1",
        "project": "see [project](#project)",
        "demo": "see [demo](#demo)",
        "infrastructure": "see [infrastructure](#infrastructure)",
        "security": "see [security](#security)",
        "data": "see [data](#data)",
        "measurement": "see [measurement](#measurement)",
        "trust": "see [trust](#trust)",
        "waiver": "see [waiver](#waiver)",
    },
    "project": {
        "id": "name of the project, 1 to 63 of a-z, 0-9 and hyphen; the folder's name without it",
        "mode": "how far the project says it goes",
        "stakes": "what a mistake of the system costs; they decide how much is asked",
        "components": "folders whose first commit dates the build",
        "until": "last day of a mode other than `production`, which needs it; refused in `production`",
        "reason": "why the sequence is skipped; needed by a mode other than `production`",
        "owner": "who answers for that; needed by a mode other than `production`",
    },
    "demo": {
        "setup": "commands that fill an empty environment; without it the repository's own procedure is followed",
        "command": "the demo as one command that ends",
        "server": "the demo as a server, see [demo.server](#demoserver)",
        "request": "what the server is asked, see [demo.request](#demorequest)",
        "notebook": "the demo as a notebook, executed from top to bottom",
        "needs": "services the demo is supplied with: `postgres`, a fresh database, given as `DATABASE_URL`",
        "env": "variables the demo is given, beside the sandbox's own and `SEED`",
        "secrets": "names of secrets; each is given a value that opens nothing and is the same in every run",
        "outputs": "files the demo writes that must come out the same; without it the standard output is compared",
        "metrics": "a JSON file `{name: number}` the demo writes; it is compared like an output",
        "timeout_s": "seconds the demo may take",
        "network": "`cassette` answers what the demo asks outside from what `readiness record` kept, with the network off; `on` lets it "
        "reach the network, and the finding says so",
        "cassette": "the cassette it is answered from; without it the newest that was recorded of this demo, in `cassettes/` or "
        "`.readiness/cassettes/`",
        "redact": "what else is taken out of what is recorded: `email`, `card`, or regular expressions",
        "volatile": "fields of requests that are new each time, by name or path (`messages[].at`); they are not compared",
        "prices": "what models cost, by name, see [demo.prices](#demoprices); without it `readiness record` tells tokens only",
        "tolerance": "how far numbers may move, see [demo.tolerance](#demotolerance)",
        "normalise": "fields of JSON, JSON-lines and CSV outputs whose values are not compared, as `file:field`: a `timestamp` must "
        "still read as one, and an `id` must come again wherever it did",
        "service": "the service of the compose file that the demo is run in by `readiness recreate --rung R4`; without it the only one "
        "that is built from this project",
    },
    "demo.prices": {
        "input_per_million": "what a million tokens cost that are sent to it",
        "output_per_million": "what a million tokens cost that it answers",
        "currency": "in which",
    },
    "demo.server": {
        "argv": "the command that starts the server; it is given `PORT`, which stands for `{PORT}` here, and listens on 127.0.0.1",
        "ready": "a path; the server is ready once a GET of it answers 2xx",
        "ready_s": "seconds it may take until then",
    },
    "demo.request": {
        "id": "name of the request; the answer's body becomes `outputs/requests/<id>.json` (default: `q1`, `q2`, …)",
        "method": "GET, POST, PUT, PATCH or DELETE",
        "path": "path that is asked, from `/` on; needed",
        "json": "body, sent as JSON",
        "headers": "headers; `{NAME}` in a value is filled with what stands for that secret of the demo",
    },
    "demo.tolerance": {
        "abs": "absolute part",
        "rel": "part relative to the first run's value",
    },
    "infrastructure": {
        "python": "the Python the packages were chosen for, `3.12` or `3.12.1`; goes before every other place that names one",
        "tests": "the command that runs the tests; `python -m pytest -q` without it",
        "skip_modules": "modules that are not started, as patterns of paths (`fnmatch`)",
        "ttl_days": "days that executed evidence counts; may shorten the 7 days, never lengthen them",
        "factors": "globs of files by factor (`code`, `configuration`, `infrastructure`, `data`, `model`, `prompts`), "
        "where their names do not say it",
        "migrate": "the command that brings the schema of the database to this release, given as `DATABASE_URL`; with alembic, Django, "
        "yoyo or numbered files of SQL none is needed",
        "rollback": "the command that takes it back to the release before, whose tag or commit is given as `READINESS_PREVIOUS`",
    },
    "infrastructure.factors": {
        "code": "globs of code",
        "configuration": "globs of configuration",
        "infrastructure": "globs of locks, images and machines as code",
        "data": "globs of data",
        "model": "globs of model files",
        "prompts": "globs of prompts",
    },
    "security": {
        "public": "routes of the demo that anyone may ask, as `METHOD /path`",
        "policies": "globs of access policies in Cedar and of the schema they are written against; `entities.json` beside them is read too",
        "reports": "what is asked of the reports of other tools, by the name of the tool: see [security.reports](#securityreports)",
        "administrators": "database roles that own or administer, and that no access policy binds; `access audit` does not compare them",
        "training": "globs of the data that models learn from, approved with `readiness data sign`; `[]` where nothing is trained",
        "probe": "how the demo is attacked, as far as it cannot be found: see [security.probe](#securityprobe)",
        "allow": "secrets that are none, or none any more, see [security.allow](#securityallow)",
        "secret": "the project's credentials, by reference, see [security.secret](#securitysecret)",
    },
    "security.reports": {
        "fail_on": "the level from which on a finding fails; one that its report does not rate fails at `low` and is unknown at any other",
        "max_age_days": "days that a report counts, at most 7",
    },
    "security.probe": {
        "question": "where the question stands in a declared request: `$.a.b[0]` of its body, or `?name` of its path",
        "answer": "where the text for people stands in an answer; everything in it is searched all the same",
        "callable": "a function, `package.module:name`, that is attacked in place of the demo",
        "benign": "questions that the function must answer; needed with `callable`, and only there",
        "documents": "globs of files that instructions are planted into copies of; without it what the demo is seen to read",
        "prompts": "globs of files that a secret is planted into copies of; without it files that are named for prompts",
        "attacks": "a folder with attacks of your own, made before ours",
        "queries": "how many questions in a row are allowed, of which one beyond must be refused; 0 is no budget",
    },
    "security.allow": {
        "fingerprint": "fingerprint of the value, as the check prints it",
        "reason": "why it is no secret, or none any more",
        "owner": "whose word that is",
        "expires": "last day it counts, at most 90 days ahead",
    },
    "security.secret": {
        "name": "its name; the variable that code reads it from, where it is not kept in one",
        "ref": "where it is kept, never the value: `env:NAME`, `file:PATH` (not tracked by git), `age:PATH` (encrypted by age, in the "
        "project), `vault:PATH#KEY`",
        "owner": "who answers for it, as `Ada Lovelace <ada@example.org>` or a handle",
        "rotate_days": "days after which it is to be changed, at most 366",
        "rotated": "the day it was last changed; of one in a file of the project, the day of the file's last commit where that is "
        "earlier, or nothing is said",
        "opens": "datasets it gives access to, for `secrets blast-radius`",
    },
    "data": {
        "contracts": "globs of the contracts (ODCS)",
        "not_data": "globs of files the demo reads that are no data: settings, prompts, fixtures",
    },
    "measurement": {
        "outcomes": "globs of the outcomes",
        "stop_within_s": "seconds within which the demo must obey a stop",
    },
    "trust": {
        "keys": "keys whose evidence counts, each `ed25519:<base64>` and the grade of its word: `self` (the default), `ci`, `verifier`",
    },
    "waiver": {
        "id": "name of the waiver",
        "check": "id of the one check it is about",
        "subject": "the one problem it is about, as `subject` in the JSON names it",
        "reason": "why the risk is accepted",
        "owner": "who carries it",
        "approver": "who approves it and signs; another person than the owner",
        "starts": "day it was written; without it the waiver counts for nothing",
        "expires": "last day it counts, at most 90 days after `starts`",
        "blast_radius": "what is hit if it goes wrong",
        "retirement": "what makes it unnecessary",
    },
}

_CLASSES: Final[dict[str, type]] = {
    "demo": manifests.Demo,
    "demo.prices": manifests.Price,
    "demo.server": manifests.Server,
    "demo.request": manifests.Request,
    "demo.tolerance": manifests.Tolerance,
    "infrastructure": manifests.Infrastructure,
    "security": security.Security,
    "security.reports": security.ReportRule,
    "security.probe": security.Probe,
    "security.allow": security.Allowed,
    "security.secret": security.SecretReference,
    "data": manifests.Data,
    "measurement": manifests.Measurement,
    "trust": manifests.TrustedKey,
    "waiver": Waiver,
}
_FIELDS: Final = {"request": "requests", "secret": "secrets"}
_KINDS: Final = {
    "schema": "whole number",
    "project.id": "text",
    "project.mode": "",
    "project.stakes": "",
    "project.components": "list of texts",
    "project.until": "date",
    "project.reason": "text",
    "project.owner": "text",
    "demo.network": "`off`, `cassette` or `on`",
    "demo.prices": "table of tables",
    "demo.needs": "list of texts",
    "security.reports": "table of tables",
    "security.reports.fail_on": "`low`, `medium`, `high` or `critical`",
    "security.probe": "table",
    "security.probe.queries": "whole number",
    "security.allow": "list of tables",
    "security.secret": "list of tables",
    "demo.server": "table",
    "demo.request": "list of tables",
    "demo.tolerance": "table of tables",
    "demo.normalise": "table of `timestamp` or `id`",
    "demo.request.json": "any value",
    "demo.command": "command",
    "demo.setup": "list of commands",
    "demo.server.argv": "command",
    "infrastructure.tests": "command",
    "infrastructure.migrate": "command",
    "infrastructure.rollback": "command",
    "infrastructure.factors": "table of lists",
    **dict.fromkeys((f"infrastructure.factors.{name}" for name in manifests.FACTORS), "list of texts"),
    "trust.keys": "list of texts",
    "waiver.blast_radius": "text",
    "waiver.retirement": "text",
}
_DEFAULTS: Final = {"schema": "1", "project.mode": "production", "project.stakes": "annoyance"}
_WAIVERS: Final = (
    "`readiness waive CHECK` writes one and `readiness waive sign ID` signs it: `waivers/<id>.sig`, by ssh-keygen in the namespace "
    "`readiness-waiver`, over the RFC 8785 bytes of the table. `waivers/allowed_signers`, tracked by git in ssh's own form, says whose "
    "key is whose. Whoever wrote the waiver, by git blame, neither approves it nor added the approver's key, and its "
    "owner did not add that key either."
)


_ABOUT_MANIFEST: Final = (
    "`readiness.toml` lies at the root of a project. Every key is optional, and a project without the file is judged on what the "
    "repository already says. `readiness init` writes it. A command is a list of words, never a shell line. An unknown key, a "
    "placeholder such as `TODO`, and a path that leaves the project are errors, each named with its line; the exit code is 2."
)


def manifest() -> str:
    """Every key of `readiness.toml`, as its parser knows them, and an example the parser accepts."""
    parts = [
        _prose(_ABOUT_MANIFEST),
        "```toml\n" + EXAMPLE + "```",
        "A demo that is a server:",
        "```toml\n" + SERVER_EXAMPLE + "```",
    ]  # fmt: skip
    for table, names in known_keys().items():
        title = f"## {table}" if table else "## Top level"
        about = [_prose(re.sub(r"\s+", " ", _about(table)))] if _about(table) else []
        parts += [title, *about, "\n".join(_item(_key(table, name)) for name in names)]
    return _page("Manifest", "the parser of the manifest", *parts)


def known_keys() -> dict[str, tuple[str, ...]]:
    """The keys the parser knows, by table. Raises KeyError where one is not explained here, so that none is forgotten."""
    seen: dict[str, tuple[str, ...]] = {}

    class Recording(Reader):
        def known(self, at: tuple[str, ...], table: dict[str, object], names: tuple[str, ...]) -> None:
            path = [part for part in at if not part.isdigit() and ":" not in part]
            path = path[:2] if path[:2] in (["demo", "prices"], ["security", "reports"]) else path  # models and tools have any name
            seen[".".join(path)] = names
            super().known(at, table, names)

    with patch.object(manifests, "Reader", Recording):
        manifests.parse(EXAMPLE)
        manifests.parse(SERVER_EXAMPLE)
    for table, names in seen.items():
        for name in names:
            MEANINGS[table][name]
    return {table: seen[table] for table in MEANINGS}


def _about(table: str) -> str:
    if table == "project":
        return getdoc(Declaration) or ""
    text = (getdoc(_CLASSES[table]) or "") if table in _CLASSES else ""
    return f"{text} {_WAIVERS}" if table == "waiver" else text


def _key(table: str, name: str) -> str:
    path = f"{table}.{name}".lstrip(".")
    kind, default = _kind(table, name), _default(table, name)
    told = ", ".join(part for part in (kind, f"default {default}" if default else "") if part)
    return f"`{name}`{f' ({told})' if told else ''}: {MEANINGS[table][name]}" if path else ""


def _kind(table: str, name: str) -> str:
    path = f"{table}.{name}".lstrip(".")
    if path in ("project.mode", "project.stakes"):
        named: type[StrEnum] = Mode if name == "mode" else Stakes
        return " or ".join(f"`{item.value}`" for item in named)
    if path in _KINDS:
        return _KINDS[path]
    hints = typing.get_type_hints(_CLASSES[table]) if table in _CLASSES else {}
    field = _FIELDS.get(name, name)
    return _type_name(hints[field]) if field in hints else "table"


def _type_name(hint: object) -> str:
    if isinstance(hint, UnionType):
        return next(_type_name(part) for part in typing.get_args(hint) if part is not NoneType)
    if typing.get_origin(hint) is tuple:
        return "list of texts"
    if typing.get_origin(hint) is Mapping:
        return "table of texts"
    names: dict[object, str] = {str: "text", float: "number", int: "whole number", date: "date"}
    return names[hint]


def _default(table: str, name: str) -> str:
    path = f"{table}.{name}".lstrip(".")
    if path in _DEFAULTS:
        return f"`{_DEFAULTS[path]}`"
    if table not in _CLASSES or table in ("trust", "waiver"):
        return ""
    found = {field.name: field.default for field in dataclasses.fields(_CLASSES[table])}
    default = found.get(_FIELDS.get(name, name), dataclasses.MISSING)
    if default in (dataclasses.MISSING, None, "", ()):
        return ""
    if isinstance(default, tuple):
        return f"`{json.dumps(list(default))}`"
    return f"`{default:g}`" if isinstance(default, float | int) else f"`{default}`"


# The JSON


def schema() -> Json:
    """The JSON Schema of what `readiness check --format json` prints."""
    verdict = {"$ref": "#/$defs/verdict"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:readiness:check:1",
        "title": "What `readiness check --format json` prints",
        "description": "One verdict, or a list of them where several projects were judged. Added keys keep the 1 of the schema, "
        "renamed or removed ones make it 2. What is absent is null.",
        "oneOf": [verdict, {"type": "array", "items": verdict, "minItems": 2}],
        "$defs": {"verdict": _verdict(), "layer": _layer(), "check": _check_schema(), "location": _location()},
    }


def _verdict() -> Json:
    project = {
        "id": _text("Name of the project."),
        "commit": _text("Commit that is checked out, in full.", null=True),
        "dirty": _flag("Whether a file differs from that commit."),
        "tree": _digest("Digest of the files that were judged."),
        "path": _text("Folder of the project in its repository, `.` at the top."),
    }
    step = {
        "check": _text("The check that blocks, where it is one.", null=True),
        "text": _text("What to do."),
        "command": _text("A command that does it.", null=True),
    }
    return _object("One project, judged.", {
        "schema": {"const": SCHEMA, "description": "Name and version of this form."},
        "project": _object("What was judged.", project),
        "mode": _one_of(Mode, "The mode the manifest declares."),
        "stakes": _one_of(Stakes, "The stakes the manifest declares."),
        "as_of": _time("When it was judged, in UTC."),
        "layer_held": _number("Highest layer up to which all hold; 0 for none.", maximum=len(ORDER)),
        "outcome": _one_of(Outcome, "Outcome of all that was asked."),
        "exit": {"enum": [errors.EXIT_HOLDS, errors.EXIT_FAILS, errors.EXIT_UNKNOWN], "description": "Exit code for this project."},
        "worse": {"type": ["array", "null"], "items": {"type": "string"}, "description": "Checks that got worse; null without `--since`."},
        "newly_seen": {"type": ["array", "null"], "items": {"type": "string"},
                       "description": "Checks that do not hold and could not be judged at that revision; null without `--since`."},
        "next": {**_object("The one thing to do now; null when nothing blocks.", step), "type": ["object", "null"]},
        "layers": {"type": "array", "items": {"$ref": "#/$defs/layer"}, "description": "The layers in order, up to the one asked for."},
        "organization": _organization(),
        "warnings": _texts("What is worth knowing and decides nothing."),
    })  # fmt: skip


def _organization() -> Json:
    return _object("The condition on approval, which decides nothing here; `unknown` where it was not asked.", {
        "outcome": _one_of(Outcome, "Outcome of the organization: the worst of its required checks."),
        "claimed": _flag("Whether everything that holds was only declared."),
        "reason": _text("Why, where the checks alone do not say it.", null=True),
        "checks": {"type": "array", "items": {"$ref": "#/$defs/check"}, "description": "Its checks, in the order of the catalogue."},
    })  # fmt: skip


def _layer() -> Json:
    return _object("A layer: the worst of its required checks.", {
        "layer": _one_of(Layer, "Name of the layer."),
        "outcome": _one_of(Outcome, "Its outcome; `waits` where the layer below does not hold."),
        "claimed": _flag("Whether everything that holds was only declared."),
        "reason": _text("Why, where the checks alone do not say it.", null=True),
        "checks": {"type": "array", "items": {"$ref": "#/$defs/check"}, "description": "Its checks, in the order of the catalogue."},
    })  # fmt: skip


def _check_schema() -> Json:
    remedy = {"text": _text("What helps.", null=True), "command": _text("A command that does it.", null=True)}
    problem = {
        "subject": _text("What a waiver would name."),
        "text": _text("What is wrong with it."),
        "location": _place("Where it is."),
    }
    return _object("A check and its finding.", {
        "id": _text("Id of the check, which never changes."),
        "required": _flag("Whether it blocks at these stakes in this mode."),
        "outcome": _one_of(Outcome, "Its outcome in this verdict; `waits` where a lower layer does not hold."),
        "finding": _one_of(Outcome, "What was found, whether its layer was reached or not."),
        "basis": _one_of(Basis, "What the finding rests on."),
        "witness": _one_of(Witness, "Whose word the evidence is; null without evidence.", null=True),
        "subject": _text("What was judged.", null=True),
        "expected": _text("What was asked, in one line.", null=True),
        "observed": _text("What was seen, in one line.", null=True),
        "location": _place("Where to look first."),
        "reason": _text("Why, in one sentence.", null=True),
        "cause": _one_of(Cause, "Why something did not work; only `project` is the project's fault.", null=True),
        "remedy": _object("What helps.", remedy),
        "problems": {"type": "array", "items": _object("One fault.", problem), "description": "Every single fault."},
        "notes": _texts("Facts that decide nothing."),
        "evidence": _digest("Digest of the evidence file; null where none was kept.", null=True),
        "cached": _flag("Whether the finding came from evidence, and nothing was run for it."),
        "expires_at": _time("Until when the evidence counts, in UTC; null where none was kept.", null=True),
        "elapsed_ms": _number("Milliseconds it took when it was executed."),
    })  # fmt: skip


def _location() -> Json:
    found = _object("A place in the project.", {
        "file": _text("Path from the root of the project, with `/`."),
        "line": _number("Line, from 1.", minimum=1),
    })  # fmt: skip
    return {**found, "type": ["object", "null"]}


def _object(description: str, properties: Json) -> Json:
    return {"type": "object", "description": description, "properties": properties, "required": list(properties)}


def _text(description: str, *, null: bool = False) -> Json:
    return {"type": ["string", "null"] if null else "string", "description": description}


def _texts(description: str) -> Json:
    return {"type": "array", "items": {"type": "string"}, "description": description}


def _flag(description: str) -> Json:
    return {"type": "boolean", "description": description}


def _number(description: str, **limits: int) -> Json:
    return {"type": "integer", "minimum": 0, **limits, "description": description}


def _digest(description: str, *, null: bool = False) -> Json:
    return {**_text(description, null=null), "pattern": "^sha256:[0-9a-f]{64}$"}


def _time(description: str, *, null: bool = False) -> Json:
    return {**_text(description, null=null), "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}


def _one_of(named: type[StrEnum], description: str, *, null: bool = False) -> Json:
    values: list[str | None] = [item.value for item in named if item.value]
    return {"enum": [*values, None] if null else values, "description": description}


def _place(description: str) -> Json:
    return {"$ref": "#/$defs/location", "description": description}


_ABOUT_JSON: Final = (
    f"`readiness check --format json` prints one object of schema `{SCHEMA}`, or a list of them where several projects were judged. "
    "[check.schema.json](check.schema.json) is the same as a JSON Schema. Data goes to standard output, everything else to standard "
    "error. What is absent is null. Times are RFC 3339 in UTC. Added keys keep the 1, renamed or removed ones make it 2."
)


def json_page(whole: Json) -> str:
    """Every key of the JSON, read from the schema."""
    return _page(
        "JSON", "docs/generate.py, where the schema is",
        _prose(_ABOUT_JSON),
        *(part for name, found in whole["$defs"].items() for part in _definition(name, found)),
    )  # fmt: skip


def _definition(name: str, found: Json) -> Iterator[str]:
    yield f"## {name}"
    yield found["description"]
    yield "\n".join(_item(f"`{path}` ({kind}): {text}") for path, kind, text in _paths(found, ""))


def _paths(found: Json, at: str) -> Iterator[tuple[str, str, str]]:
    for name, item in found["properties"].items():
        path = f"{at}{name}"
        yield path, _kind_of(item), item["description"]
        inner = item.get("items", item)
        if "properties" in inner:
            yield from _paths(inner, f"{path}{'[]' if 'items' in item else ''}.")


def _kind_of(item: Json) -> str:
    if "const" in item:
        return f"`{item['const']}`"
    if "enum" in item:
        return ", ".join("null" if value is None else f"`{value}`" for value in item["enum"])
    if "$ref" in item:
        return "location or null"
    kinds = item["type"] if isinstance(item["type"], list) else [item["type"]]
    of = item.get("items", {})
    inner = of["$ref"].rpartition("/")[2] if "$ref" in of else of.get("type", "")
    return " or ".join(f"array of {inner}s" if kind == "array" else kind for kind in kinds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

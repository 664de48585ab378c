"""Makes each example a git repository of its own: scripted authors and dates, a lock, secrets put together on the spot.

    python examples/materialise.py support-assistant-poc /tmp/poc

An example needs owners who are active, a baseline from before its first commit, secrets in its history, and reviews; a
folder of another repository has none of that. The same name, time and seed give the same repository, commit by commit.
The people are made up, the tickets are synthetic, and the secrets open nothing.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import random
import re
import string
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from readiness.testing.projects import commit, git
from readiness.world.keys import Key, name

EXAMPLES = Path(__file__).resolve().parent
READY, POC, AGENT = "support-assistant", "support-assistant-poc", "refund-agent"
NAMES = (READY, POC, AGENT)
WRITTEN = date(2026, 11, 23)
"""The Monday that the dates in the committed files are relative to; they are moved by whole weeks."""
DATED = re.compile(r"readiness\.toml|data/(?:tickets|cases)\.csv|outcomes/[\w-]+\.yaml|contracts/[\w-]+\.odcs\.yaml")
TICKETS, CASES = "data/tickets.csv", "data/cases.csv"
RESOLUTION, SETTLING = "resolution-time", "settling-time"
KEY_VARIABLE = "READINESS_SIGNING_KEY"
CACHES = {"__pycache__", ".pytest_cache", ".ruff_cache", ".readiness", ".venv", "outputs", "vendor"}

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Step:
    """One commit: how many days ago, by whom, reviewed by whom, and which files (globs) it brings to how they end.

    `extra` are files that do not end like that, or not at all: None removes one. The tickets and cases are those of that day.
    A step that `locks` an outcome is left out where this version knows no locks. `tag` names the commit.
    """

    days_ago: float
    author: str
    subject: str
    paths: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    extra: Mapping[str, bytes | None] = field(default_factory=dict)
    locks: str = ""
    tag: str = ""


def materialise(example: str, target: Path, now: datetime, seed: int = 0) -> Path:
    """Writes the example of that name as a git repository into the new folder `target`, as of `now`; returns `target`."""
    files, steps = {READY: _ready, AGENT: _agent}[example](now) if example != POC else _poc(now, seed)
    target.mkdir(parents=True)
    git(target, "init", "-q", "-b", "main")
    for step in steps:
        _take(target, step, files, now)
    left = {path for path in files if not (target / path).is_file() or (target / path).read_bytes() != files[path]}
    assert not left, f"no commit brings {sorted(left)}"
    return target


def truth(seed: int = 0) -> list[dict[str, str]]:
    """The defects planted in the POC of that seed: layer, check, where, what, and `seen`, an expression its finding matches."""
    text = EXAMPLES.joinpath(f"{POC}.truth.json").read_text(encoding="utf-8")
    places = _places(seed, datetime(WRITTEN.year, WRITTEN.month, WRITTEN.day, tzinfo=UTC))  # no defect's place depends on the time
    return json.loads(_filled(text, places))["defects"]


def _take(target: Path, step: Step, files: Files, now: datetime) -> None:
    when = now - timedelta(days=step.days_ago)
    brought: dict[str, bytes | None] = {path: data for path, data in files.items() if any(fnmatch(path, glob) for glob in step.paths)}
    for path in {TICKETS, CASES} & set(brought):
        brought[path] = _until(files[path], when)
    for path, data in (brought | dict(step.extra)).items():
        place = target / path
        if data is None:
            place.unlink()
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    if step.locks and not lock_outcome(target, step.locks, when):
        return
    trailers = "".join(f"\nReviewed-by: {reviewer}" for reviewer in step.reviewers)
    commit(target, step.subject + (f"\n{trailers}" if trailers else ""), author=step.author, when=f"{when:%Y-%m-%dT%H:%M:%SZ}")
    if step.tag:
        git(target, "tag", step.tag)


def lock_outcome(root: Path, outcome: str, when: datetime) -> bool:
    """Locks an outcome of a repository as of `when`, signed by its owner; False where this version knows no locks."""
    try:
        from readiness.runs.outcome import lock_all
    except ImportError:
        return False
    before = os.environ.get(KEY_VARIABLE)
    os.environ[KEY_VARIABLE] = base64.b64encode(signing_key().private.private_bytes_raw()).decode()
    try:
        (locked,) = lock_all(root, outcome, when)
    finally:
        os.environ.pop(KEY_VARIABLE)
        os.environ.update({KEY_VARIABLE: before} if before else {})
    assert locked.lock is not None, locked.refused
    return True


def signing_key() -> Key:
    """The key of the examples' outcome owner: made from a fixed text, so it is no secret and signs the same bytes each time."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"the outcome owner of the examples").digest())
    return Key(name(private.public_key()), private)


def _trust() -> bytes:
    return f'\n[trust]\nkeys = ["{signing_key().id} self"]      # whose locks count\n'.encode()


# --- the files -----------------------------------------------------------------------------------------------------------


def _gathered(folder: Path) -> Files:
    """Every file of an example, but for caches."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    relative = {path.relative_to(folder).as_posix(): path for path in found}
    return {name: path.read_bytes() for name, path in relative.items() if not CACHES & set(name.split("/"))}


def _moved(files: Files, now: datetime) -> Files:
    """The files with every date in what is `DATED` moved by whole weeks, up to a Monday at least three days before `now`."""
    end = now.date() - timedelta(days=3)
    shift = end - timedelta(days=end.weekday()) - WRITTEN

    def later(found: re.Match[bytes]) -> bytes:
        return (date.fromisoformat(found[0].decode()) + shift).isoformat().encode()

    return {path: re.sub(rb"\b20\d\d-\d\d-\d\d(?=\b|T)", later, data) if DATED.fullmatch(path) else data for path, data in files.items()}


def _until(data: bytes, when: datetime) -> bytes:
    """The tickets or cases as they were at a moment: those that had come in, the unresolved ones open."""
    head, *rows = data.decode().splitlines()
    moment = f"{when:%Y-%m-%dT%H:%M:%SZ}"
    come_in = [row for row in (row.split(",") for row in rows) if row[3] < moment]
    kept = [",".join([*row[:4], row[4] if row[4] < moment else "", *row[5:]]) for row in come_in]
    return "\n".join([head, *kept, ""]).encode()


def _ready(now: datetime) -> tuple[Files, tuple[Step, ...]]:
    files, stakes = _with_sdk(READY, now)
    return files, _ready_steps(stakes)


def _agent(now: datetime) -> tuple[Files, tuple[Step, ...]]:
    files, stakes = _with_sdk(AGENT, now)
    return files, _agent_steps(stakes)


def _with_sdk(example: str, now: datetime) -> tuple[Files, bytes]:
    """The files of an example that uses our SDK, with its wheel, and what its manifest says before there is a demo."""
    files = _moved(_gathered(EXAMPLES / example), now)
    wheel, data = _sdk()
    files[f"vendor/{wheel}"] = data
    files["requirements.txt"] += f"./vendor/{wheel} \\\n    --hash=sha256:{hashlib.sha256(data).hexdigest()}\n".encode()
    files["readiness.toml"] += _trust()
    return files, files["readiness.toml"].partition(b"\n[demo]")[0]


def _sdk() -> tuple[str, bytes]:
    """Name and bytes of the wheel of this checkout; the same bytes for the same source."""
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"SOURCE_DATE_EPOCH": "1767225600"}
        argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(argv, cwd=EXAMPLES.parent, env=env, check=True, capture_output=True)
        (wheel,) = Path(folder).glob("*.whl")
        return wheel.name, wheel.read_bytes()


def _poc(now: datetime, seed: int) -> tuple[Files, tuple[Step, ...]]:
    overlay = tomllib.loads(EXAMPLES.joinpath(POC, "overlay.toml").read_text(encoding="utf-8"))
    removed = tuple(overlay["removed"])
    places = _places(seed, now)
    base = _gathered(EXAMPLES / READY)
    files = {path: data for path, data in base.items() if not any(path == name or path.startswith(f"{name}/") for name in removed)}
    own = {path: data for path, data in _gathered(EXAMPLES / POC).items() if path != "overlay.toml"}
    files = _moved(files | own, now)  # what is filled in afterwards is relative to `now` already
    files |= {path: _filled(files[path].decode(), places).encode() for path in own}
    files[TICKETS] = _broken(files[TICKETS], places)
    files["readiness.toml"] += _trust()
    return files, _poc_steps(places)


def _places(seed: int, now: datetime) -> dict[str, str]:
    """What stands for each `{{name}}` in the POC and in its truth, by the seed."""
    overlay = tomllib.loads(EXAMPLES.joinpath(POC, "overlay.toml").read_text(encoding="utf-8"))
    chance = random.Random(f"{POC} {seed}")
    found = {name: choices[0] if seed == 0 else chance.choice(choices) for name, choices in overlay["places"].items()}
    letters = string.ascii_letters + string.digits
    password = "".join(chance.choices(letters, k=22))
    found |= {f"{who}_mail": f"{found[who].lower().replace(' ', '.')}@example.org" for who in ("owner", "builder")}
    found["database_url"] = f"postgresql://support:{password}@{found['database_host']}:5432/support"
    found["model_key"] = "sk-" + "proj-" + "".join(chance.choices(letters, k=20)) + "T3Blbk" + "FJ" + "".join(chance.choices(letters, k=20))
    found["late_ticket"], found["odd_ticket"] = (f"T-{number:04d}" for number in sorted(chance.sample(range(380, 560), 2)))
    found["owner_came"], found["owner_left"] = (f"{now - timedelta(days=days):%Y-%m-%d}" for days in (1100, 735))
    return found


def _filled(text: str, places: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: places[found[1]], text)


def _broken(tickets: bytes, places: Mapping[str, str]) -> bytes:
    """The tickets with two rows that no desk can have written: one resolved before it came in, one of an unknown category."""
    rows = [line.split(",") for line in tickets.decode().splitlines()]
    for row in rows:
        if row[0] == places["late_ticket"]:
            row[3], row[4] = f"{row[3][:10]}T18:00:00Z", f"{row[3][:10]}T06:00:00Z"
        elif row[0] == places["odd_ticket"]:
            row[1] = "databse"
    return ("\n".join(",".join(row) for row in rows) + "\n").encode()


# --- the histories -------------------------------------------------------------------------------------------------------

INES, JONAS = "Ines Okafor <ines.okafor@example.org>", "Jonas Weber <jonas.weber@example.org>"
MEI, PRIYA = "Mei Tanaka <mei.tanaka@example.org>", "Priya Raman <priya.raman@example.org>"
TOMAS = "Tomas Lind <tomas.lind@example.org>"


def _ready_steps(stakes: bytes) -> tuple[Step, ...]:
    """Outcome, stakes and baseline first, then the layers in their order, each reviewed by somebody of another trade."""
    return (
        Step(154, INES, "Say what is to improve, for whom, and who can stop it",
             ("README.md", "outcomes/*", "authority.yaml", "CODEOWNERS", "catalog-info.yaml", ".gitignore", TICKETS), (TOMAS, JONAS),
             {"readiness.toml": stakes}),
        Step(153, INES, "Lock the outcome before anything is built", (), (MEI,), locks=RESOLUTION),
        Step(126, MEI, "Take a slice of the documentation, under contract",
             ("data/documents.jsonl", "data/LICENSE*", "data/README.md", "scripts/corpus.py", "contracts/documents*"), (JONAS,)),
        Step(124, JONAS, "Embed documents and questions with one model",
             ("models/*", "assistant/__init__.py", "assistant/corpus.py", "assistant/embedding.py", "scripts/embed.py",
              "data/vectors.jsonl", "contracts/vectors*", "requirements*", "vendor/*", "pyproject.toml"), (MEI,)),
        Step(121, JONAS, "Answer in the words of the best sentence, or abstain",
             ("assistant/answers.py", "scripts/calibrate.py", "tests/__init__.py", "tests/golden*", "tests/test_answers.py",
              "tests/test_whole*", "tests/test_corpus.py", "tests/test_embedding.py"), (MEI,)),
        Step(119, PRIYA, "Decide who reads what, in policy and in the database",
             ("policies/*", "assistant/access.py", "assistant/*.sql", "migrations/0001*", "assistant/store.py", "contracts/store*",
              "tests/test_access.py"), (JONAS,)),
        Step(116, JONAS, "Serve it, and leave a decision for each answer",
             ("assistant/*", "readiness.toml", ".env.example", "tests/test_web.py", "tests/test_desk.py", "tests/test_settings.py",
              "tests/test_logs.py", "tests/test_serve.py"), (PRIYA,), tag="poc"),
        Step(113, TOMAS, "Build the image from the lock",
             ("Dockerfile", "compose.yaml", "deploy/*"), (PRIYA,)),
        Step(60, INES, "Put the ticket desk under contract",
             ("contracts/tickets*", "scripts/tickets.py", TICKETS), (MEI,)),
        Step(30, PRIYA, "Look the audience up instead of searching for it", ("migrations/0002*",), (JONAS,)),
        Step(12, JONAS, "Keep what is passed around from being changed", ("tests/test_values.py",), (PRIYA,)),
        Step(9, PRIYA, "Test that each reader sees their own documents", ("tests/test_store.py",), (TOMAS,)),
        Step(6, TOMAS, "Keep secrets and tests out of the image", (".dockerignore",), (JONAS,)),
        Step(2, MEI, "Bring the tickets up to date", (TICKETS,), (INES,)),
    )  # fmt: skip


def _agent_steps(stakes: bytes) -> tuple[Step, ...]:
    """Outcome, stakes and baseline first, then the policies before the tools that they guard, each reviewed by somebody else."""
    return (
        Step(154, INES, "Say what is to improve, for whom, and who can stop it",
             ("README.md", "outcomes/*", "authority.yaml", "CODEOWNERS", "catalog-info.yaml", ".gitignore", CASES), (TOMAS, JONAS),
             {"readiness.toml": stakes}),
        Step(153, INES, "Lock the outcome before anything is built", (), (MEI,), locks=SETTLING),
        Step(126, MEI, "Put the orders under contract",
             ("data/orders.csv", "contracts/orders*", "agent/__init__.py", "agent/orders.py", "tests/__init__.py", "pyproject.toml"), (JONAS,)),
        Step(122, PRIYA, "Decide what an agent may do, and what a person decides", ("policies/*",), (INES,)),
        Step(119, JONAS, "Guard the tools by the policies",
             ("agent/tools.py", "agent/approvals.py", "requirements*", "vendor/*", "scripted.py", "tests/conftest.py",
              "tests/test_orders.py", "tests/test_tools.py", "tests/test_approvals.py", "agent/model.py", "agent/loop.py"), (PRIYA,)),
        Step(116, JONAS, "Serve it, and leave a decision for each message",
             ("agent/*", "demo.py", "readiness.toml", ".env.example", "tests/test_access.py", "tests/test_logs.py",
              "tests/test_model.py", "tests/test_serve.py", "tests/test_settings.py", "tests/test_web.py"), (PRIYA,), tag="poc"),
        Step(113, TOMAS, "Build the image from the lock", ("Dockerfile", "compose.yaml", ".dockerignore"), (PRIYA,)),
        Step(60, INES, "Put the refund desk under contract", ("contracts/cases*", "scripts/cases.py", CASES), (MEI,)),
        Step(12, PRIYA, "Test what a model cannot talk its way into", ("tests/test_loop.py",), (JONAS,)),
        Step(6, TOMAS, "Test the model of the demo", ("tests/test_scripted.py",), (JONAS,)),
        Step(2, MEI, "Bring the cases up to date", (CASES,), (INES,)),
    )  # fmt: skip


def _poc_steps(places: Mapping[str, str]) -> tuple[Step, ...]:
    """One who left two years ago, then another alone; nothing reviewed; the outcome thought of when the board asked for it."""
    owner, builder = (f"{places[who]} <{places[f'{who}_mail']}>" for who in ("owner", "builder"))
    tried = f'"""Does a big model answer better?"""\n\nOPENAI_API_KEY = "{places["model_key"]}"\n'.encode()
    return (
        Step(790, owner, "idea: answer tickets from the docs", extra={"README.md": b"# Support assistant\n\nAn idea.\n"}),
        Step(738, owner, "who decides what, before I go", ("authority.yaml",)),
        Step(150, builder, "demo for the board!",
             ("assistant/__init__.py", "assistant/answers.py", "assistant/corpus.py", "assistant/embedding.py", "assistant/store.py",
              "assistant/*.sql", "migrations/0001*", "assistant/serve.py", "assistant/config.py", "models/*", "data/documents.jsonl", "data/vectors.jsonl",
              "data/LICENSE*", "data/synonyms.csv", "requirements.txt", "README.md")),
        Step(149, builder, "try a big model", extra={places["notebook"]: tried}),
        Step(146, builder, "cleanup", extra={places["notebook"]: None}),
        Step(120, builder, "docker", ("Dockerfile", "compose.yaml")),
        Step(90, builder, "weekly report, smoke test", ("assistant/report.py", "assistant/notify.py", "tests/*")),
        Step(60, builder, "faster", ("migrations/0002*",)),
        Step(14, builder, "readiness stuff the board asked for",
             ("readiness.toml", "contracts/*", "policies/*", "outcomes/resolution-time.yaml", TICKETS)),
        Step(10, builder, "lock kpi", locks=RESOLUTION),
        Step(5, builder, "kpis the board understands", ("outcomes/chats.yaml", "outcomes/deflection.yaml")),
        Step(1, builder, "newest tickets", (TICKETS,)),
    )  # fmt: skip


def main() -> int:
    """Writes one example where the command line says."""
    parser = argparse.ArgumentParser(description="make an example a git repository of its own")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("target", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="another one moves the defects of the POC (default 0)")
    given = parser.parse_args()
    print(materialise(given.name, given.target, datetime.now(UTC), given.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Demos with a planted hidden cause, and clean ones: all found, all named, none blamed. `python -m bench.hidden_state [NAME ...]`.

Each demo is a few lines of the standard library that answers the same in every ordinary run but for the planted fault.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Final

from readiness.config import manifest as manifests
from readiness.layers.infrastructure import perturb, procedure
from readiness.sequence.finding import Cause
from readiness.testing.projects import make_repository
from readiness.world import project as projects
from readiness.world.context import Context
from readiness.world.demo import DemoSession
from readiness.world.perturbed import Perturbation as P
from readiness.world.session import Session

START: Final = """import json
from pathlib import Path

ROWS = [{"id": number, "text": f"answer {number}"} for number in range(10)]


def tell(extra):
    Path("out").mkdir(exist_ok=True)
    with open("out/answers.jsonl", "w", encoding="utf-8") as out:
        for row in ROWS:
            out.write(json.dumps({**row, **(extra(row) if callable(extra) else extra)}) + "\\n")


"""
MANIFEST: Final = '[demo]\ncommand = ["python", "demo.py"]\noutputs = ["out/answers.jsonl"]\n'
DATA: Final = {f"data/{name}.txt": f"{name}\n" for name in ("delta", "alpha", "echo", "bravo", "golf", "charlie", "foxtrot")}


@dataclass(frozen=True, slots=True)
class Planted:
    """A demo: its code after START, the causes that must be named (each a set of perturbations), other files, manifest."""

    code: str
    causes: tuple[frozenset[P], ...] = ()
    chance: str = ""
    files: dict[str, str] = field(default_factory=dict)
    manifest: str = MANIFEST
    says: str = ""


def _one(*names: P) -> tuple[frozenset[P], ...]:
    return tuple(frozenset({name}) for name in names)


PLANTED: Final[dict[str, Planted]] = {
    "time zone": Planted(
        "from datetime import datetime\nmoment = datetime.fromtimestamp(1767265200)\ntell(lambda row: {'date': str(moment.date())})",
        _one(P.ZONE),
    ),
    "locale sort": Planted(
        "import locale\nlocale.setlocale(locale.LC_ALL, '')\n"
        "tell({'names': sorted(['Beta', 'alpha', 'Gamma', 'beta'], key=locale.strxfrm)})",
        _one(P.LOCALE),
    ),
    "set order": Planted("tell({'tags': list({f'tag-{n}' for n in range(40)})})", chance="hash seed"),
    "working folder": Planted("import os\ntell({'source': os.path.abspath('data')})", _one(P.DIRECTORY)),
    "file in HOME": Planted(
        "home = Path.home() / '.deskrc'\ntell({'style': home.read_text().strip() if home.exists() else 'plain'})",
        _one(P.STRAY),
        says="~/.deskrc",
    ),
    "path of HOME": Planted("tell({'cache': str(Path.home() / 'models')})", _one(P.HOME)),
    "user": Planted("import getpass\ntell({'by': getpass.getuser()})", _one(P.USER)),
    "processor count": Planted("import os\ntell({'workers': os.cpu_count()})", _one(P.CPUS)),
    "directory order": Planted("import os\ntell({'files': os.listdir('data')})", _one(P.ORDER), files=DATA),
    "file times": Planted(
        "newest = max(Path('data').iterdir(), key=lambda path: (round(path.stat().st_mtime, -3), path.name))\n"
        "tell({'newest': newest.name})",
        _one(P.TIMES),
        files=DATA,
    ),
    "umask": Planted(
        "Path('out').mkdir(exist_ok=True)\nscratch = Path('out/scratch')\nscratch.write_text('x')\n"
        "mode = oct(scratch.stat().st_mode)\nscratch.unlink()\ntell({'mode': mode})",
        _one(P.UMASK),
    ),
    "network": Planted(
        "import urllib.request\ntry:\n    text = urllib.request.urlopen('http://127.0.0.1:{PORT}/', timeout=5).read().decode()\n"
        "except OSError:\n    text = 'none'\ntell({'news': text})",
        _one(P.NETWORK),
        manifest=MANIFEST + 'network = "on"\n',
    ),
    "writes into its source": Planted("Path('data/seen.txt').write_text('x')\ntell({})", _one(P.SOURCE), files=DATA, says="data/seen.txt"),
    "stray file": Planted(
        "import tempfile\nextra = sorted(path.name for path in Path(tempfile.gettempdir()).glob('*.csv'))\ntell({'extra': extra})",
        _one(P.STRAY),
        says="stray.csv",
    ),
    "kept in the temporary folder": Planted(
        "import tempfile, uuid\nkept = Path(tempfile.gettempdir()) / 'session'\n"
        "kept.exists() or kept.write_text(uuid.uuid4().hex)\ntell({'session': kept.read_text()})",
        _one(P.TEMP),
    ),
    "undeclared variable": Planted(
        "import os\ntell({'tone': 'short' if os.environ.get('DESK_TERSE') else 'long'})", _one(P.VARIABLES), says="DESK_TERSE"
    ),
    "today": Planted("from datetime import datetime, timezone\ntell({'on': str(datetime.now(timezone.utc).date())})", _one(P.CLOCK)),
    "time of day": Planted("import time\ntell({'at': time.time()})", chance="clock"),
    "host name": Planted("import socket\ntell({'host': socket.gethostname()})", _one(P.HOST)),
    "process id": Planted("import os\ntell({'worker': os.getpid()})", _one(P.PIDS)),
    "random": Planted("import random\ntell(lambda row: {'score': random.random()})", chance="by chance"),
    "two at once": Planted(
        "import os, time\nahead = time.localtime(1767265200).tm_mday != 1\nlow = not os.stat('demo.py').st_mode & 0o4\n"
        "scratch = Path('probe')\nPath('out').mkdir(exist_ok=True)\nwith open('out/x', 'w') as _:\n    pass\n"
        "closed = not os.stat('out/x').st_mode & 0o4\nos.unlink('out/x')\ntell({'text': 'odd' if ahead and closed else 'even'})",
        (frozenset({P.ZONE, P.UMASK}),),
    ),
    "two apart": Planted("import os, socket\ntell({'host': socket.gethostname(), 'workers': os.cpu_count()})", _one(P.HOST, P.CPUS)),
    "times beside a zone": Planted(
        "import time\ntell({'at': time.time_ns(), 'zone': time.strftime('%z', time.localtime(0))})", _one(P.ZONE), chance="clock"
    ),
    "clean: sums": Planted("tell(lambda row: {'square': row['id'] ** 2})"),
    "clean: careful": Planted(
        "import os, tempfile\nfrom datetime import datetime, timezone\n"
        "with tempfile.TemporaryDirectory() as folder:\n    Path(folder, 'x.json').write_text('{}')\n"
        "day = datetime(2026, 1, 1, tzinfo=timezone.utc).isoformat()\n"
        "tell({'files': sorted(os.listdir('data')), 'day': day, 'tags': sorted({'b', 'a', 'c'})})",
        files=DATA,
    ),
    "clean: states what it depends on": Planted(
        "import os, time\ntell({'zone': time.strftime('%z', time.localtime(0)), 'tone': os.environ.get('DESK_TONE', 'warm')})",
        files={".env.example": "DESK_TONE=warm\n"},
        manifest=MANIFEST + 'env = { TZ = "Asia/Tokyo" }\n',
    ),
    "clean: normalised": Planted(
        "import time, uuid\ntell(lambda row: {'at': time.time(), 'key': str(uuid.uuid4()), 'size': 3})",
        manifest=MANIFEST + 'normalise = { "out/answers.jsonl:at" = "timestamp", "out/answers.jsonl:key" = "id" }\n',
    ),
    "clean: threads and floats": Planted(
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as pool:\n"
        "    sums = list(pool.map(lambda n: sum(1 / k for k in range(1, 2000 + n)), range(8)))\ntell({'sums': sums})"
    ),
}

PART: Final = ("set order", "writes into its source", "undeclared variable", "two at once", "clean: careful")
"""What `make test` runs of it: one of each way to be found."""


@contextmanager
def news() -> Iterator[int]:
    """A server on loopback that stands for the world outside; gives its port."""
    server = HTTPServer(("127.0.0.1", 0), _News)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class _News(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        """Answers with the news."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"something new")


def searched(folder: Path, planted: Planted, port: int = 0) -> perturb.Survey:
    """What a search says about one planted demo, in a repository made in `folder`."""
    code = START + planted.code.replace("{PORT}", str(port)) + "\n"
    root = make_repository(folder / "desk", {"demo.py": code, "readiness.toml": planted.manifest, **planted.files})
    project, manifest = projects.load(root), manifests.load(root)
    with closing(Session(project, procedure.discover(project, manifest))) as session:
        assert session.blocked is Cause.NONE, session.why_blocked
        context = Context(project, manifest, session, DemoSession(project, manifest, session), datetime.now(UTC))
        assert context.demo.first.ran.ok, context.demo.first.ran.said
        return perturb.survey(context, thorough=False)


def wrong(planted: Planted, found: perturb.Survey) -> str:
    """What is wrong with the result of a search, in one line; empty where everything planted is named and nothing else."""
    missed = [
        names
        for names in planted.causes
        if names not in [frozenset(item.names) for item in found.blamed] and not names & set(found.untried)
    ]
    alarms = [item.text for item in found.blamed if frozenset(item.names) not in planted.causes]
    chance = [item.text for item in found.chance]
    lines = [f"missed {', '.join(sorted(names))}" for names in missed] + [f"false: {text}" for text in alarms]
    if planted.chance and not any(planted.chance in text for text in chance):
        lines.append(f"chance not named as {planted.chance}: {chance}")
    if not planted.chance and chance:
        lines.append(f"false: {chance[0]}")
    tried = not any(names & set(found.untried) for names in planted.causes)
    if planted.says and tried and not missed and not any(planted.says in item.text for item in found.blamed):
        lines.append(f"does not say {planted.says}: {[item.text for item in found.blamed]}")
    return "; ".join(lines)


def main(names: list[str], say: Callable[[str], object] = print) -> int:
    """Searches each demo and prints what was said; exit 1 where one is missed, misnamed or falsely blamed."""
    bad = 0
    with (
        tempfile.TemporaryDirectory(prefix="readiness-hidden-", dir="/var/tmp" if Path("/var/tmp").is_dir() else None) as place,
        news() as port,
    ):
        Path(place).chmod(0o755)
        os.environ.setdefault("XDG_CONFIG_HOME", place)
        for name in names or list(PLANTED):
            started = time.monotonic()
            found = searched(Path(place) / name.replace(" ", "-").replace(":", ""), PLANTED[name], port)
            fault = wrong(PLANTED[name], found)
            bad += bool(fault)
            said = "; ".join([*(item.text for item in found.blamed), *(item.text for item in found.chance)])
            took = f"{time.monotonic() - started:4.1f} s {found.runs:>3} runs"
            say(f"{'BAD ' if fault else 'ok  '} {name:<34} {took}  {fault or said[:150]}")
            for what, why in {**found.untold, **found.untried}.items():
                say(f"       {what}: {why}")
    causes = sum(len(item.causes) + bool(item.chance) for name, item in PLANTED.items() if not names or name in names)
    say(f"{causes} planted causes, {bad} demos judged wrongly")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

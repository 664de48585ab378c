"""Three small applications and what can change in each: the material of the suite with known truth.

Every application is a folder of files of all six factors, with a demo that reads SEED and writes one metric. A change
replaces files of one factor. `wheels` are the sources of the one package each of them installs, by version.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass

FACTORS = ("code", "configuration", "infrastructure", "data", "model", "prompts")
Files = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class App:
    """An application: its files, the package it needs with the source of each version, and its changes by factor."""

    name: str
    metric: str
    files: Files
    package: str
    wheels: Mapping[str, str]
    changes: Mapping[str, Mapping[str, Files]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two states of an application: which change each factor got (`same` changes nothing that is used)."""

    name: str
    app: str
    changed: Mapping[str, str]


_STREAM = """
def stream(name, seed, which):
    # seeds 2k and 2k + 1 trade places where `which` is 1, so that over all of them nothing is better or worse
    return random.Random(f"{name} {seed // 2} {(seed + which) % 2}")
"""

_MAIN = """
if __name__ == "__main__":
    import os

    metrics, answers = run(Path(__file__).parent, int(os.environ["SEED"]))
    out = Path("out")
    out.mkdir(exist_ok=True)
    (out / "metrics.json").write_text(json.dumps(metrics))
    (out / "answers.jsonl").write_text("".join(json.dumps(answer) + "\\n" for answer in answers))
"""

_MANIFEST = """schema = 1
[demo]
command = ["python", "main.py"]
outputs = ["out/answers.jsonl"]
metrics = "out/metrics.json"
"""

# A classifier by keywords and counts

_CLASSIFY = (
    '''"""Sorts tickets by naive Bayes over a sample of old tickets, with the keywords of a prompt as a start."""

import csv
import json
import math
import random
from pathlib import Path

import tokens

CUT = 0  # shorter words are left out
SHUFFLE = 0
'''
    + _STREAM
    + """

def run(root, seed):
    settings = json.loads((root / "config/settings.json").read_text())
    prior = json.loads((root / "models/prior.json").read_text())["weights"]
    rows = list(csv.DictReader((root / "data/train.csv").read_text().splitlines()))
    tests = list(csv.DictReader((root / "data/test.csv").read_text().splitlines()))
    counts = {label: {} for label in prior}
    for line in (root / "prompts/labels.txt").read_text().splitlines():
        label, _, words = line.partition(":")
        for word in words.split(",") if words else []:
            counts[label][word.strip()] = counts[label].get(word.strip(), 0) + settings["trust"]
    rng = stream("sample", seed, settings["stream"])
    for row in rng.sample(rows, settings["sample"]):
        for word in tokens.split(row["text"]):
            if len(word) > CUT:
                counts[row["label"]][word] = counts[row["label"]].get(word, 0) + 1
    ties = stream("ties", seed, SHUFFLE)
    answers = []
    for row in tests:
        scores = {label: math.log(prior[label]) + ties.random() * 0.8 for label in counts}
        for label, known in counts.items():
            total = sum(known.values()) + 50
            scores[label] += sum(math.log((known.get(word, 0) + settings["smoothing"]) / total) for word in tokens.split(row["text"]))
        answers.append({"label": max(sorted(scores), key=scores.get), "right": row["label"]})
    return {"accuracy": sum(a["label"] == a["right"] for a in answers) / len(answers)}, answers
"""
    + _MAIN
)

_WORDS = {
    "refund": "refund money charged invoice twice payment card billing",
    "delivery": "parcel late courier tracking address arrived box driver",
    "login": "password reset account locked email code login blocked",
}
_COMMON = "hello please the my was is about order yesterday today again help thanks"


def _tickets(count: int, seed: int, wrong: float = 0.0) -> str:
    rng = random.Random(seed)
    lines = ["id,text,label"]
    for number in range(count):
        label = rng.choice(sorted(_WORDS))
        words = rng.sample(_WORDS[label].split(), 1) + rng.sample(_WORDS[rng.choice(sorted(_WORDS))].split(), 1)
        words += rng.sample(_COMMON.split(), 3)
        rng.shuffle(words)
        text = " ".join(word.title() if rng.random() < 0.3 else word for word in words) + rng.choice(["", "!", "."])
        said = rng.choice(sorted(_WORDS)) if rng.random() < wrong else label
        lines.append(f"{number},{text},{said}")
    return "\n".join(lines) + "\n"


_SETTINGS = {"sample": 40, "smoothing": 0.5, "trust": 1, "stream": 0, "title": "tickets"}
_PRIOR = {"weights": {"refund": 0.34, "delivery": 0.33, "login": 0.33}, "made": "2026-01"}
_LABELS = "refund: refund, money, charged\ndelivery: parcel, late, courier\nlogin: password, account, login\n"


def _settings(base: Mapping[str, object], **changed: object) -> Files:
    return {"config/settings.json": json.dumps({**base, **changed}, indent=1) + "\n"}


CLASSIFY = App(
    "classify",
    "accuracy",
    {
        "readiness.toml": _MANIFEST,
        "main.py": _CLASSIFY,
        "requirements.txt": "tokens==1.0\n",
        **_settings(_SETTINGS),
        "data/train.csv": _tickets(160, 1),
        "data/test.csv": _tickets(90, 2),
        "models/prior.json": json.dumps(_PRIOR),
        "prompts/labels.txt": _LABELS,
    },
    "tokens",
    {
        "1.0": "def split(text):\n    return [word.strip('.!').lower() for word in text.split()]\n",
        "1.1": "# the same, documented\ndef split(text):\n    return [word.strip('.!').lower() for word in text.split()]\n",
        "2.0": "def split(text):\n    return text.split()\n",
    },
    {
        "code": {
            "same": {"main.py": _CLASSIFY.replace("# shorter words are left out", "# words of this length or less are left out")},
            "longer words only": {"main.py": _CLASSIFY.replace("CUT = 0", "CUT = 6")},
            "other ties": {"main.py": _CLASSIFY.replace("SHUFFLE = 0", "SHUFFLE = 1")},
        },
        "configuration": {
            "same": _settings(_SETTINGS, title="all tickets"),
            "smaller sample": _settings(_SETTINGS, sample=12),
            "other sample": _settings(_SETTINGS, stream=1),
            "larger sample": _settings(_SETTINGS, sample=150),
        },
        "infrastructure": {"same": {"requirements.txt": "tokens==1.1\n"}, "tokens 2.0": {"requirements.txt": "tokens==2.0\n"}},
        "data": {
            "same": {"data/train.csv": "".join(f"{line},x\n" if i else f"{line},note\n" for i, line in
                                               enumerate(_tickets(160, 1).splitlines()))},
            "wrong labels": {"data/train.csv": _tickets(160, 1, wrong=0.6)},
        },
        "model": {
            "same": {"models/prior.json": json.dumps({**_PRIOR, "made": "2026-03"})},
            "skewed prior": {"models/prior.json": json.dumps({**_PRIOR, "weights": {"refund": 0.98, "delivery": 0.01, "login": 0.01}})},
        },
        "prompts": {
            "same": {"prompts/labels.txt": _LABELS.replace("refund, money", "refund,  money")},
            "better keywords": {"prompts/labels.txt": "".join(f"{label}: {', '.join(words.split())}\n" for label, words in _WORDS.items())},
            "no keywords": {"prompts/labels.txt": "refund:\ndelivery:\nlogin:\n"},
        },
    },
)  # fmt: skip

# A regression by hand

_REGRESS = (
    '''"""Fits a line to two features by stochastic gradient descent and says how far off it is."""

import csv
import json
import math
import random
from pathlib import Path

import rounding

DECAY = 0.0
'''
    + _STREAM
    + """

def run(root, seed):
    settings = json.loads((root / "config/settings.json").read_text())
    weights = list(json.loads((root / "models/start.json").read_text())["weights"])
    title = (root / "prompts/report.txt").read_text().split("{")[0].strip()
    assert title
    read = [[float(row[name]) for name in ("a", "b", "y")] for row in csv.DictReader((root / "data/points.csv").read_text().splitlines())]
    points, held = read[:60], read[60:]
    rng = stream("order", seed, settings["stream"])
    rate = settings["rate"]
    for _ in range(settings["steps"]):
        a, b, y = rng.choice(points)
        a, b = rounding.of(a), rounding.of(b)
        error = weights[0] * a + weights[1] * b + weights[2] - y
        for index, x in enumerate((a, b, 1.0)):
            weights[index] -= rate * (error * x + DECAY * weights[index])
    errors = [weights[0] * rounding.of(a) + weights[1] * rounding.of(b) + weights[2] - y for a, b, y in held]
    return {"rmse": math.sqrt(sum(e * e for e in errors) / len(errors))}, [{"error": e} for e in errors]
"""
    + _MAIN
)


def _points(scale: float = 1.0, noise: float = 0.3) -> str:
    rng = random.Random(11)
    lines = ["a,b,y"]
    for number in range(90):
        a, b = rng.uniform(-1, 1), rng.uniform(-1, 1)
        y = 2 * a - b + 0.5 + rng.gauss(0, noise if number < 60 else 0.1)
        factor = scale if number % 3 == 0 and number < 60 else 1.0
        lines.append(f"{a * factor:.4f},{b:.4f},{y:.4f}")
    return "\n".join(lines) + "\n"


_REGRESSION = {"rate": 0.05, "steps": 150, "stream": 0, "title": "points"}

REGRESS = App(
    "regress",
    "rmse",
    {
        "readiness.toml": _MANIFEST,
        "main.py": _REGRESS,
        "requirements.txt": "rounding==1.0\n",
        **_settings(_REGRESSION),
        "data/points.csv": _points(),
        "models/start.json": json.dumps({"weights": [0.0, 0.0, 0.0], "made": "2026-01"}),
        "prompts/report.txt": "Say how far off {model} is.\n",
    },
    "rounding",
    {
        "1.0": "def of(x):\n    return x\n",
        "1.1": "# nothing is rounded\ndef of(x):\n    return x\n",
        "2.0": "def of(x):\n    return round(x)\n",
    },
    {
        "code": {
            "same": {"main.py": _REGRESS.replace("DECAY = 0.0\n", "DECAY = 0.0  # of the weights\n")},
            "decay": {"main.py": _REGRESS.replace("DECAY = 0.0", "DECAY = 0.3")},
        },
        "configuration": {
            "same": _settings(_REGRESSION, title="all points"),
            "slower": _settings(_REGRESSION, rate=0.01),
            "faster": _settings(_REGRESSION, rate=0.25),
            "other order": _settings(_REGRESSION, stream=1),
        },
        "infrastructure": {
            "same": {"requirements.txt": "rounding==1.1\n"},
            "rounding 2.0": {"requirements.txt": "rounding==2.0\n"},
        },
        "data": {
            "same": {"data/points.csv": "\n".join(f"{line},{i or 'n'}" for i, line in enumerate(_points().splitlines())) + "\n"},
            "wrong unit": {"data/points.csv": _points(scale=3.0)},
        },
        "model": {
            "same": {"models/start.json": json.dumps({"weights": [0.0, 0.0, 0.0], "made": "2026-03"})},
            "trained before": {"models/start.json": json.dumps({"weights": [1.5, -0.5, 0.3], "made": "2026-03"})},
        },
        "prompts": {"same": {"prompts/report.txt": "Say how far off {model} is, briefly.\n"}},
    },
)

# A retrieval by random projections

_RETRIEVE = (
    '''"""Finds documents for questions by random projections of their words."""

import json
import random
from pathlib import Path

import stems

IGNORED = {"the", "of", "a"}
DRAW = 0
'''
    + _STREAM
    + """

def run(root, seed):
    settings = json.loads((root / "config/settings.json").read_text())
    weights = json.loads((root / "models/weights.json").read_text())["words"]
    template = (root / "prompts/query.txt").read_text().strip()
    documents = [json.loads(line) for line in (root / "data/docs.jsonl").read_text().splitlines()]
    questions = [json.loads(line) for line in (root / "data/questions.jsonl").read_text().splitlines()]
    rng, noise = stream("projection", seed, settings["stream"]), stream("noise", seed, DRAW)
    axes = {}

    def place(text):
        vector = [0.0] * settings["size"]
        for word in stems.of(text):
            if word in IGNORED:
                continue
            if word not in axes:
                axes[word] = [rng.choice((-1, 1)) for _ in range(64)]
            for index in range(settings["size"]):
                vector[index] += axes[word][index] * weights.get(word, 1.0)
        return vector

    placed = [place(document["text"]) for document in documents]
    answers = []
    for question in questions:
        at = place(template.replace("{question}", question["text"]))
        scored = [(sum(x * y for x, y in zip(at, there)) + noise.gauss(0, 3), -i) for i, there in enumerate(placed)]
        found = [-i for _, i in sorted(scored, reverse=True)[: settings["top"]]]
        answers.append({"found": found, "hit": question["document"] in found})
    return {"hits": sum(answer["hit"] for answer in answers) / len(answers)}, answers
"""
    + _MAIN
)

_FILLING = ["the", "of", "a", "set", "uses", "when", "server", "value"]
_TOPICS = [
    "index vacuum table bloat", "replica lag standby wal", "role grant policy row", "backup restore dump archive",
    "lock deadlock wait timeout",     "json array type cast", "partition range prune key", "query plan cost join",
]  # fmt: skip


def _documents(count: int, mixed: int = 0) -> str:
    rng, lines = random.Random(5), []
    for number in range(count):
        words = [*_TOPICS[number % 8].split(), f"detail{number}", *rng.sample(_FILLING, 4)]
        if mixed and number % mixed == 0:
            words = rng.sample(" ".join(_TOPICS).split(), 6)
        rng.shuffle(words)
        lines.append(json.dumps({"text": " ".join(words)}))
    return "\n".join(lines) + "\n"


def _questions() -> str:
    rng, lines = random.Random(6), []
    for number in range(30):
        document = rng.randrange(24)
        words = rng.sample(_TOPICS[document % 8].split(), 2) + [f"details{document}"] * (number % 3 > 0) + ["when"]
        lines.append(json.dumps({"text": " ".join(words), "document": document}))
    return "\n".join(lines) + "\n"


_RETRIEVAL = {"size": 24, "top": 3, "stream": 0, "title": "documents"}

RETRIEVE = App(
    "retrieve",
    "hits",
    {
        "readiness.toml": _MANIFEST,
        "main.py": _RETRIEVE,
        "requirements.txt": "stems==1.0\n",
        **_settings(_RETRIEVAL),
        "data/docs.jsonl": _documents(24),
        "data/questions.jsonl": _questions(),
        "models/weights.json": json.dumps({"words": {"when": 0.2, "server": 0.5}, "made": "2026-01"}),
        "prompts/query.txt": "{question}\n",
    },
    "stems",
    {
        "1.0": "def of(text):\n    return [word.replace('details', 'detail') for word in text.lower().split()]\n",
        "1.1": "# plurals of one word\ndef of(text):\n    return [word.replace('details', 'detail') for word in text.lower().split()]\n",
        "2.0": "def of(text):\n    return text.lower().split()\n",
    },
    {
        "code": {
            "same": {"main.py": _RETRIEVE.replace('{"the", "of", "a"}', '{"of", "the", "a"}')},
            "rare words ignored": {"main.py": _RETRIEVE.replace("if word in IGNORED:", 'if word in IGNORED or word.startswith("detail"):')},
            "other draws": {"main.py": _RETRIEVE.replace("DRAW = 0", "DRAW = 1")},
        },
        "configuration": {
            "same": _settings(_RETRIEVAL, title="all documents"),
            "more found": _settings(_RETRIEVAL, top=5),
            "fewer axes": _settings(_RETRIEVAL, size=8),
            "other axes": _settings(_RETRIEVAL, stream=1),
        },
        "infrastructure": {"same": {"requirements.txt": "stems==1.1\n"}, "stems 2.0": {"requirements.txt": "stems==2.0\n"}},
        "data": {
            "same": {"data/docs.jsonl": _documents(24).replace('{"text"', '{"kind": "page", "text"')},
            "scrambled": {"data/docs.jsonl": _documents(24, mixed=2)},
        },
        "model": {
            "same": {"models/weights.json": json.dumps({"words": {"when": 0.2, "server": 0.5}, "made": "2026-03"})},
            "loud words": {"models/weights.json": json.dumps({"words": {"when": 3.0, "server": 3.0, "value": 3.0}, "made": "2026-03"})},
        },
        "prompts": {
            "same": {"prompts/query.txt": "\n{question}\n"},
            "wordy": {"prompts/query.txt": "answer from the server value set when it uses {question} when value server\n"},
        },
    },
)

APPS = {app.name: app for app in (CLASSIFY, REGRESS, RETRIEVE)}


def _pair(name: str, app: str, **changed: str) -> Pair:
    return Pair(name, app, {factor: changed.get(factor, "same") for factor in FACTORS})


PAIRS = (
    _pair("labels", "classify", data="wrong labels"),
    _pair("two causes", "classify", data="wrong labels", prompts="better keywords"),
    _pair("library", "classify", infrastructure="tokens 2.0", configuration="larger sample"),
    _pair("three causes", "classify", configuration="smaller sample", model="skewed prior", prompts="no keywords"),
    _pair("lucky ties and sample", "classify", configuration="other sample", code="other ties"),
    _pair("unit", "regress", data="wrong unit"),
    _pair("slow and started well", "regress", configuration="slower", model="trained before"),
    _pair("rounded and decayed", "regress", infrastructure="rounding 2.0", code="decay"),
    _pair("lucky order", "regress", configuration="other order"),
    _pair("unit and other order", "regress", data="wrong unit", configuration="other order"),
    _pair("opposites", "retrieve", data="scrambled", configuration="more found"),
    _pair("words", "retrieve", code="rare words ignored", infrastructure="stems 2.0"),
    _pair("prompt", "retrieve", prompts="wordy", configuration="fewer axes"),
    _pair("lucky draws", "retrieve", code="other draws", configuration="other axes"),
)


def sides(pair: Pair) -> tuple[dict[str, str], dict[str, str]]:
    """The files of A and of B."""
    app = APPS[pair.app]
    changed = {path: text for factor, name in pair.changed.items() for path, text in app.changes[factor][name].items()}
    return dict(app.files), {**app.files, **changed}

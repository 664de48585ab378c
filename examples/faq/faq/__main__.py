"""`python -m faq QUESTIONS OUT` answers a file of questions, one JSON line each."""

import json
import sys
from pathlib import Path

from faq.answers import answer, load


def main(questions: Path, out: Path) -> None:
    """Answers every line of `questions` into `out`."""
    known = load(Path(__file__).parent.parent / "data/faq.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as handle:
        for line in questions.read_text(encoding="utf-8").splitlines():
            found = answer(line, known)
            record = {"question": line, "answer": found.text, "confidence": found.confidence, "source": found.source}
            handle.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

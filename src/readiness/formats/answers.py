"""The five answers as JSON, schema `readiness/questions/1`."""

from __future__ import annotations

import json
from typing import Any, Final

SCHEMA: Final = "readiness/questions/1"


def render(project: str, tree: str, exit_code: int, answers: list[dict[str, Any]]) -> str:
    """The text of the answers; absent values are null, characters that are no text replaced."""
    whole = {"schema": SCHEMA, "project": {"id": project, "tree": tree}, "exit": exit_code, "answers": answers}
    return json.dumps(whole, indent=2, ensure_ascii=False).encode("utf-8", "replace").decode()


def answer(number: int, question: str, outcome: str, **rest: Any) -> dict[str, Any]:
    """One answer; empty texts become null."""
    return {"number": number, "question": question, "outcome": outcome} | {
        name: value if value != "" else None for name, value in rest.items()
    }

"""Answers one question."""

from pathlib import Path

Path("answers.txt").write_text(f"three days, says {Path.cwd()}/terms.txt\n")

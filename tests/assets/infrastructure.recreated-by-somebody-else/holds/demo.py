"""Answers one question."""

from pathlib import Path

Path("answers.txt").write_text("three days, says terms.txt\n")

"""Globs over paths."""

from __future__ import annotations

import pytest

from readiness.formats import globs


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("outcomes/*.yaml", "outcomes/a.yaml", True),
        ("outcomes/*.yaml", "outcomes/sub/a.yaml", False),
        ("**/*.csv", "a.csv", True),
        ("**/*.csv", "x/y/a.csv", True),
        ("data/**", "data/x/y", True),
        ("data/?.csv", "data/a.csv", True),
        ("a.csv", "axcsv", False),
    ],
)
def test_a_glob_matches_whole_paths(glob: str, path: str, *, matches: bool) -> None:
    assert globs.matching([glob], [path]) == ((path,) if matches else ())

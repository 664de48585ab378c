"""Lock files: which releases each kind pins, and that a broken one is refused."""

from __future__ import annotations

import json

import pytest

from readiness.formats import requirements
from readiness.formats.locks import READ, pinned, pipfile_requirements

TOML = """
[[package]]
name = "Flask_Login"
version = "0.6.3"
[[package]]
name = "numpy"
version = "2.1.0"
[[package]]
name = "numpy"
version = "1.26.4"
"""
UVICORN = {"version": "==0.30.0", "hashes": ["sha256:cc"], "extras": ["standard", "x"]}
PIPFILE = json.dumps(
    {
        "_meta": {"sources": []},
        "default": {
            "Flask_Login": {"version": "==0.6.3", "hashes": ["sha256:aa", "sha256:bb"], "markers": "python_version >= '3.9'"},
            "uvicorn": UVICORN,
            "fork": {"git": "https://github.com/o/fork.git", "ref": "a" * 40},
        },
        "develop": {"pytest": {"version": "==8.0", "hashes": ["sha256:dd"]}, "uvicorn": UVICORN},
    }
)
GOOD = {"uv.lock": TOML, "poetry.lock": TOML, "pylock.toml": TOML.replace("[[package]]", "[[packages]]"), "Pipfile.lock": PIPFILE}


def test_every_kind_that_is_read_is_tested() -> None:
    assert set(GOOD) == set(READ)


@pytest.mark.parametrize("kind", ["uv.lock", "poetry.lock", "pylock.toml"])
def test_releases_are_named_canonically_and_a_fork_keeps_all_its_versions(kind: str) -> None:
    assert pinned(kind, GOOD[kind]) == {"flask-login": {"0.6.3"}, "numpy": {"2.1.0", "1.26.4"}}


def test_a_pipfile_lock_pins_its_development_packages_too() -> None:
    assert pinned("Pipfile.lock", PIPFILE) == {"flask-login": {"0.6.3"}, "uvicorn": {"0.30.0"}, "fork": {""}, "pytest": {"8.0"}}


def test_a_package_without_a_version_is_named_and_not_pinned() -> None:
    assert pinned("uv.lock", '[[package]]\nname = "ours"\nsource = { virtual = "." }\n') == {"ours": {""}}


@pytest.mark.parametrize("kind", READ)
def test_a_lock_cut_short_is_refused(kind: str) -> None:
    text = GOOD[kind].rstrip()[:-2]
    with pytest.raises(ValueError, match="cannot be read"):
        pinned(kind, text)


@pytest.mark.parametrize("kind", READ)
def test_a_lock_with_the_marks_of_a_merge_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        pinned(kind, f"<<<<<<< HEAD\n{GOOD[kind]}\n=======\n>>>>>>> other\n")


def test_the_default_packages_of_a_pipfile_lock_become_a_hashed_requirement_file() -> None:
    assert pipfile_requirements(PIPFILE).splitlines() == [
        "Flask_Login==0.6.3 ; python_version >= '3.9' --hash=sha256:aa --hash=sha256:bb",
        "uvicorn[standard,x]==0.30.0 --hash=sha256:cc",
        f"fork @ git+https://github.com/o/fork.git@{'a' * 40}",
    ]


def test_the_requirement_file_made_from_a_pipfile_lock_is_understood_whole() -> None:
    found = requirements.parse(pipfile_requirements(PIPFILE))
    assert [(line.name, line.pinned) for line in found.lines] == [
        ("flask-login", True),
        ("uvicorn", True),
        ("fork", True),
    ]
    assert found.unread == ()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"default": []}', '{"default": {"a": 1}}', '{"default": {"a": {"hashes": 3}}}'])
def test_a_broken_pipfile_lock_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        pipfile_requirements(text)

"""What of a lock a machine installs: what cannot be told is needed."""

from __future__ import annotations

import pytest

from readiness.formats.lock_needed import needed

LINUX = {"sys_platform": "linux", "python_version": "3.12", "python_full_version": "3.12.4", "extra": ""}
UV = """\
version = 1
[[package]]
name = "desk"
source = { virtual = "." }
dependencies = [{ name = "click" }, { name = "numpy", version = "2.0.0", marker = "python_full_version >= '3.12'" },
                { name = "numpy", version = "1.26.0", marker = "python_full_version < '3.12'" }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
[[package]]
name = "click"
version = "8.1.0"
source = { registry = "https://example.org/simple" }
dependencies = [{ name = "colorama", marker = "sys_platform == 'win32'" }]
[[package]]
name = "colorama"
version = "0.4.6"
[[package]]
name = "numpy"
version = "1.26.0"
[[package]]
name = "numpy"
version = "2.0.0"
[[package]]
name = "PyTest"
version = "8.0.0"
"""


def test_uv_lock_is_followed_from_the_project_along_what_holds_here() -> None:
    found = needed("uv.lock", UV.replace("PyTest", "pytest"), LINUX)
    assert found.here == {("click", "8.1"), ("numpy", "2"), ("pytest", "8")}
    assert found.elsewhere == {("colorama", "0.4.6"), ("numpy", "1.26")}
    assert found.own == {"desk"}


def test_other_locks_say_it_by_markers() -> None:
    poetry = '[[package]]\nname = "A_b"\nversion = "1.0"\n[[package]]\nname = "c"\nversion = "2.0"\nmarkers = "sys_platform == \'win32\'"\n'
    assert needed("poetry.lock", poetry, LINUX).here == {("a-b", "1")}
    assert needed("poetry.lock", poetry, LINUX).elsewhere == {("c", "2")}
    pipfile = '{"default": {"a": {"version": "==1.0"}}, "develop": {"b": {"version": "==2.0", "markers": "python_version < \'3\'"}}}'
    assert needed("Pipfile.lock", pipfile, LINUX).here == {("a", "1")}
    assert needed("Pipfile.lock", pipfile, LINUX).elsewhere == {("b", "2")}
    grouped = (
        '[[package]]\nname = "c"\nversion = "2.0"\nmarkers = { main = "sys_platform == \'win32\'", dev = "sys_platform == \'linux\'" }\n'
    )
    assert needed("poetry.lock", grouped, LINUX).here == {("c", "2")}
    optional = '[[package]]\nname = "c"\nversion = "2.0"\nmarkers = "extra == \'fast\'"\n'
    assert needed("poetry.lock", optional, LINUX).here == {("c", "2")}


@pytest.mark.parametrize("text", ["[[package", "package = 3", '[[package]]\nversion = "1"'])
def test_a_broken_lock_is_refused(text: str) -> None:
    for kind in ("uv.lock", "poetry.lock"):
        with pytest.raises(ValueError, match="cannot be read"):
            needed(kind, text, LINUX)

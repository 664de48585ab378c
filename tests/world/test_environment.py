"""What of our own environment an installation gets."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from readiness.testing.wheels import make_wheel
from readiness.world import environment, record
from readiness.world.sandbox import Sandbox


def test_a_proxy_is_handed_on_unless_it_holds_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in environment.PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://ada:secret@127.0.0.1:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert environment.proxy_settings() == {"HTTPS_PROXY": "http://127.0.0.1:3128", "NO_PROXY": "localhost"}
    assert environment.withheld() == ("HTTP_PROXY",)


def test_an_environment_shares_no_file_with_the_package_cache(workplace: Path) -> None:
    make_wheel(workplace / "wheels", "tiny", "1.0", {"tiny/__init__.py": "", "tiny/words.txt": "one\n"})
    target = workplace / "env"
    (workplace / "run").mkdir()
    with closing(Sandbox(workplace / "run")) as sandbox:
        settings = {**os.environ, **environment.Builder(sandbox).settings(target)}
        uv = str(environment.uv_binary())
        subprocess.run([uv, "venv", "-q", "--no-project", "--python", sys.executable, str(target)], env=settings, check=True)
        install = [uv, "pip", "install", "-q", "--no-index", "--find-links", str(workplace / "wheels"), "tiny"]
        subprocess.run(install, env=settings, check=True)
        names = [path.stat().st_nlink for path in (record.site_packages(target) / "tiny").iterdir()]
    assert names == [1, 1]

"""An empty environment, filled by a project's own procedure, inside the sandbox."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from readiness.errors import CannotJudge
from readiness.sequence.finding import Cause
from readiness.world import beneath, record
from readiness.world.explanation import INSTALL_TIMEOUT_S, explain, last_line
from readiness.world.interpreters import Interpreter
from readiness.world.sandbox import Isolation, Ran, Sandbox

INDEX_VARIABLES: Final = (
    "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX",
    "UV_OFFLINE", "UV_HTTP_TIMEOUT", "UV_TORCH_BACKEND", "UV_EXCLUDE_NEWER", "UV_INSECURE_HOST",
)  # fmt: skip
"""Settings of the package client handed on, so that a mirror or a wheelhouse is used; never with a password in a URL."""


PROXY_VARIABLES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy")
"""The way out of this machine, handed on while installing; like an index, never with a password in it."""

_CREDENTIALS: Final = re.compile(r"://[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a procedure. `{python}` stands for the environment's interpreter, `{env}` for its folder,
    `{tools}` for a folder of tools kept apart from the project's packages. `client` is whose words they are."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True, slots=True)
class Procedure:
    """How a project is set up: the steps, where they were found, and whether a lock decides what is installed.

    `unread` names a lock or tool that cannot be driven here; then nothing is tried.
    """

    kind: str
    source: str
    steps: tuple[Step, ...] = ()
    lock: str = ""
    unread: str = ""
    interpreters: tuple[Interpreter, ...] = ()
    declared: str = ""
    declared_exactly: bool = False
    prepared: Mapping[str, str] = field(default_factory=dict)
    """Files written into the copied tree before the first step: path → content."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment as it came out. `cause` is NONE where every step ended well; `reason` is one line."""

    path: Path
    tree: Path
    interpreter: Interpreter | None
    cause: Cause
    reason: str
    steps: tuple[Ran, ...]
    packages: Mapping[str, str]
    elapsed_s: float
    tried: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def python(self) -> Path:
        """The environment's own interpreter."""
        return self.path / "bin/python"

    @property
    def ready(self) -> bool:
        """Whether it was installed."""
        return self.cause is Cause.NONE

    @property
    def isolation(self) -> Isolation:
        """What the last step was walled off by."""
        return self.steps[-1].isolation if self.steps else Isolation()


def uv_binary() -> Path:
    """The uv that this product depends on. Raises CannotJudge where it is not there."""
    import uv

    try:
        return Path(uv.find_uv_bin())
    except FileNotFoundError:
        found = shutil.which("uv")
        if found:
            return Path(found)
        raise CannotJudge("uv, which builds environments, is not installed", "python -m pip install uv") from None


def index_settings() -> dict[str, str]:
    """Variables of the package client that may be handed on: those of INDEX_VARIABLES without credentials."""
    found = {name: os.environ[name] for name in INDEX_VARIABLES if name in os.environ}
    if "UV_DEFAULT_INDEX" not in found and "PIP_INDEX_URL" in os.environ:
        found["UV_DEFAULT_INDEX"] = os.environ["PIP_INDEX_URL"]
    return {name: value for name, value in found.items() if not _CREDENTIALS.search(value)}


def proxy_settings() -> dict[str, str]:
    """Variables that name a proxy, without those that hold credentials."""
    found = {name: os.environ[name] for name in PROXY_VARIABLES if name in os.environ}
    return {name: value for name, value in found.items() if not _CREDENTIALS.search(value)}


def withheld() -> tuple[str, ...]:
    """Names of index and proxy settings that are not handed on because their URL holds credentials."""
    names = (*INDEX_VARIABLES, "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", *PROXY_VARIABLES)
    return tuple(name for name in names if _CREDENTIALS.search(os.environ.get(name, "")))


class Builder:
    """Builds environments in one sandbox, all from one package cache that was empty when the sandbox was made."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.uv = sandbox.given / "uv"
        if not self.uv.exists():
            source = uv_binary()
            try:
                os.link(source, self.uv)
            except OSError:
                shutil.copy2(source, self.uv)

    def settings(self, path: Path) -> dict[str, str]:
        """The environment of a package client.

        Files are copied from its cache and never linked: a package may refuse its own data where a file has a second name,
        and an edit in one environment would reach the next.
        """
        return (
            index_settings()
            | proxy_settings()
            | {
                "UV_CACHE_DIR": str(self.sandbox.root / "cache/uv"),
                "UV_PYTHON_DOWNLOADS": "never",
                "UV_LINK_MODE": "copy",
                "UV_PROJECT_ENVIRONMENT": str(path),
                "VIRTUAL_ENV": str(path),
                "UV_NO_PROGRESS": "1",
                "UV_TOOL_DIR": str(self.sandbox.root / "tools/uv-tools"),
                "UV_TOOL_BIN_DIR": str(self.sandbox.root / "tools/bin"),
                "UV_HTTP_TIMEOUT": os.environ.get("UV_HTTP_TIMEOUT", "120"),
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "GIT_TERMINAL_PROMPT": "0",
            }
        )

    def build(self, name: str, tree: Path, procedure: Procedure) -> Environment:
        """Makes the environment `name` for the project copied to `tree`.

        Interpreters are tried in the order the procedure gives; more than one only where the project names none.
        """
        tried: list[str] = []
        first: Environment | None = None
        for interpreter in procedure.interpreters:
            found = self._attempt(f"{name}-{interpreter.minor}", tree, procedure, interpreter)
            if found.ready or found.cause is Cause.INDEX or procedure.declared_exactly or _gone(found.reason):
                return _with_attempts(found, tried)
            tried.append(f"{interpreter.minor}: {found.reason}")
            first = first or found
        assert first is not None, "a procedure without interpreters is never built"
        return first

    def _attempt(self, name: str, tree: Path, procedure: Procedure, interpreter: Interpreter) -> Environment:
        path = self.sandbox.root / "env" / name
        env = self.settings(path)
        venv = [str(self.uv), "venv", "-q", "--no-project", "--python", str(interpreter.path), str(path)]
        notes: tuple[str, ...] = ()
        ran = [self.sandbox.run(venv, cwd=self.sandbox.root, env=env, timeout_s=120)]
        if not ran[0].ok:
            reason = f"no environment could be made with {interpreter.path.name}: {last_line(ran[0])}"
            return Environment(path, tree, interpreter, Cause.TOOL, reason, tuple(ran), {}, ran[0].elapsed_s)
        for relative, content in procedure.prepared.items():
            beneath.write(tree, relative, content.encode())
        for step in procedure.steps:
            done = self.step(step, path, tree, env)
            ran.append(done)
            if not done.ok and _is_resolution(step, done):
                done, said = self._by_pip(step, done, path, tree, env)
                notes += said
            if not done.ok:
                cause, reason = _not_blaming(*explain(done))
                return Environment(path, tree, interpreter, cause, reason, tuple(ran), {}, _total(ran))
        return Environment(path, tree, interpreter, Cause.NONE, "", tuple(ran), record.packages(path), _total(ran), notes=notes)

    def _by_pip(self, step: Step, failed: Ran, path: Path, tree: Path, env: Mapping[str, str]) -> tuple[Ran, tuple[str, ...]]:
        """The same installation by pip itself, whose words the project's were: where the two disagree, pip is right."""
        bootstrap = self.step(Step(("uv", "pip", "install", "-q", "--python", "{python}", "pip")), path, tree, env)
        if not bootstrap.ok:
            return failed, ()
        names = {"UV_FIND_LINKS": "PIP_FIND_LINKS", "UV_NO_INDEX": "PIP_NO_INDEX", "UV_DEFAULT_INDEX": "PIP_INDEX_URL"}
        pip_env = {theirs: env[ours] for ours, theirs in names.items() if ours in env}
        argv = ("{python}", "-m", "pip", "install", "-q", "--no-input", *step.argv[5:])
        again = self.step(Step(argv, pip_env), path, tree, env)
        if not again.ok:
            return failed, ()
        self.step(Step(("uv", "pip", "uninstall", "-q", "--python", "{python}", "pip")), path, tree, env)
        return again, ("uv could not resolve this and pip could",)

    def step(self, step: Step, path: Path, tree: Path, env: Mapping[str, str]) -> Ran:
        """Runs one step of a procedure with the network on."""
        names = {"{python}": str(path / "bin/python"), "{env}": str(path), "{tools}": str(self.sandbox.root / "tools")}
        argv = [_fill(word, names) for word in step.argv]
        bins = (path / "bin", self.sandbox.given, self.sandbox.root / "tools/bin")
        return self.sandbox.run(argv, cwd=tree, env={**env, **step.env}, path_first=bins, network=True, timeout_s=INSTALL_TIMEOUT_S)


def _fill(word: str, names: Mapping[str, str]) -> str:
    for placeholder, value in names.items():
        word = word.replace(placeholder, value)
    return word


def _not_blaming(cause: Cause, reason: str) -> tuple[Cause, str]:
    """The cause of a failure, put down to us where an index of the user was kept from the project."""
    kept_back = withheld()
    if cause is Cause.PROJECT and kept_back:
        return Cause.INDEX, f"{', '.join(kept_back)} holds a password and is not handed on; without that index: {reason}"
    return cause, reason


def _is_resolution(step: Step, ran: Ran) -> bool:
    asked_pip = step.argv[:3] == ("uv", "pip", "install")
    return asked_pip and not _gone(ran.said) and ("No solution found" in ran.said or "arse" in ran.said)


def _gone(text: str) -> bool:
    """Whether a release is not to be had at all, which no other interpreter and no other client changes."""
    return "there is no version of" in text or "was not found in the" in text


def _total(ran: list[Ran]) -> float:
    return sum(step.elapsed_s for step in ran)


def _with_attempts(found: Environment, tried: list[str]) -> Environment:
    return replace(found, tried=tuple(tried)) if tried else found

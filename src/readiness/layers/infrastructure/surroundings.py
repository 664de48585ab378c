"""Takes the snapshot of the environment a command runs in, by asking it; nothing of the project is executed for it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from readiness.errors import UsageError
from readiness.formats import compose, dotenv
from readiness.layers.infrastructure import locked
from readiness.layers.infrastructure.evidence import Snapshot
from readiness.layers.infrastructure.secrecy import looks_secret
from readiness.world import containers, described, keyed, machine, record, terraform
from readiness.world.digests import Digests

_PASSING: Final = re.compile(
    r"_|SHLVL|PWD|OLDPWD|COLUMNS|LINES|TERM\w*|COLORTERM|WINDOWID|WINDOWPATH|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|SSH_\w+|GPG_\w+|DBUS_\w+|"
    r"XDG_(?:SESSION|VTNR|SEAT|RUNTIME)\w*|PS\d|INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_\w+|LS_COLORS|LESS\w*|STY|TMUX\w*|VTE_VERSION|"
    r"READINESS_RUN|SEED|GITHUB_\w+|RUNNER_\w+|BUILD_\w+|CI_\w+|PYTEST_CURRENT_TEST|HOSTNAME|LOGNAME|MAIL|HISTFILE"
)
"""Variables of a terminal, a session or a job, which differ each time and say nothing of the environment."""
_COMPOSE: Final = re.compile(r"(?:docker-)?compose[\w.-]*\.ya?ml")


def take(
    root: Path, paths: Iterable[str], env: Mapping[str, str], digests: Digests, command: tuple[str, ...] = (), *, python: Path | None = None
) -> Snapshot:
    """The snapshot of the environment that `command` runs in with the variables `env`; `paths` are the project's files.

    `python` overrides which interpreter is asked. What cannot be seen is named in `absent`; nothing is raised.
    """
    known = frozenset(paths)
    absent: dict[str, str] = {}
    with ThreadPoolExecutor(4) as pool:
        asked = pool.submit(described.describe, python or described.of_command(command, root, env))
        services = pool.submit(lambda: containers.images(_services(root, known)))
        state = pool.submit(lambda: terraform.resources(_folders(root, known)))
        system_packages, absent["system_packages"] = machine.system_packages()
        cpu, absent["cpu"] = machine.cpu()
        pins, locks, absent["locked"] = _locked(root, known, digests)
        keys, absent["variables"] = _key()
        told = asked.result()
        packages, altered, verified, absent["packages"] = _packages(told, digests)
        images, absent["images"] = services.result()
        raw, absent["resources"] = state.result()
    absent["interpreter"] = told.trouble
    absent["blas"] = told.trouble or told.no_blas
    return Snapshot(
        interpreter=told.interpreter,
        packages=packages,
        altered=altered,
        verified_files=verified,
        locked=pins,
        locks=locks,
        system=machine.system(),
        system_packages=system_packages,
        cpu=cpu,
        blas=told.blas,
        images=images,
        resources={address: _attributes(attributes, keys) for address, attributes in sorted(raw.items())},
        variables=_variables(root, env, keys) if keys is not None else {},
        key=keys.id if keys is not None else "",
        absent={name: reason for name, reason in sorted(absent.items()) if reason},
    )


def _key() -> tuple[keyed.Keyed | None, str]:
    try:
        return keyed.own(), ""
    except UsageError as error:
        return None, error.message


def _packages(told: described.Described, digests: Digests) -> tuple[dict[str, str], tuple[str, ...], int, str]:
    if told.trouble or not told.sites:
        return {}, (), 0, told.trouble or "the interpreter has no folder of packages"
    found = record.verify_sites(list(told.sites), digests.of)
    altered = tuple(sorted(f"{item.path} of {item.package.removesuffix('.dist-info')} {item.how}" for item in found.altered))
    return dict(sorted(found.packages.items())), altered, found.compared, ""


def _locked(root: Path, paths: frozenset[str], digests: Digests) -> tuple[dict[str, str], dict[str, str], str]:
    texts, hashes, trouble = {}, {}, []
    for path in locked.files_of(paths):
        try:
            texts[path] = (root / path).read_text(encoding="utf-8", errors="replace")
            hashes[path] = f"sha256:{digests.of(os.fspath(root / path))}"
        except OSError as error:
            trouble.append(f"{path} cannot be read: {error.strerror}")
    pins, unread = locked.pinned(texts)
    if not texts and not trouble:
        return {}, {}, locked.NONE
    return pins, hashes, "; ".join((*trouble, *unread))


def _services(root: Path, paths: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(path for path in paths if "/" not in path and _COMPOSE.fullmatch(path)):
        try:
            services = compose.parse((root / path).read_text(encoding="utf-8", errors="replace"))
        except (OSError, ValueError):
            continue
        found |= {service.name: service.image for service in services if service.image and "$" not in service.image}
    return found


def _folders(root: Path, paths: frozenset[str]) -> list[Path]:
    # The state itself is seldom committed; it lies beside the files that declare it.
    return sorted({(root / path).parent for path in paths if path.endswith((".tf", ".tf.json"))})


def _attributes(attributes: Mapping[str, object], keys: keyed.Keyed | None) -> dict[str, str]:
    """Attributes as texts; one that is long, nested or looks like a secret is there as its keyed HMAC alone."""
    found = {}
    for name, value in sorted(attributes.items()):
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        if isinstance(value, dict | list) or len(text) > 120 or looks_secret(name, text):
            found[name] = f"hmac:{keys.of(text)}" if keys is not None else "hmac:"
        else:
            found[name] = text
    return found


def _variables(root: Path, env: Mapping[str, str], keys: keyed.Keyed) -> dict[str, str]:
    """Names of variables, and of what `.env` gives, with a keyed HMAC of each value."""
    found = {name.encode("utf-8", "replace").decode(): keys.of(value) for name, value in env.items() if not _PASSING.fullmatch(name)}
    try:
        text = (root / ".env").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    live = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return dict(sorted((found | {f".env:{name}": keys.of(value) for name, value in dotenv.parse(live).items()}).items()))

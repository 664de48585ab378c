"""The demo under other circumstances: what can be changed around a run, why not all of it can be here, and the folders for it.

Whatever a demo states itself (`env` in its declaration) is left as it says.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

from readiness.config.manifest import Demo
from readiness.errors import CannotJudge
from readiness.world import beneath, files, locales
from readiness.world.changed import Bind, Changed
from readiness.world.environment import Environment
from readiness.world.sandbox import USERS, Isolation
from readiness.world.session import MEMORY, OURS, Session, memory_folder

ORDERED_BYTES: Final = 256 << 20
"""The largest tree that is copied into memory for another order of its folders."""
CLOCK_AHEAD: Final = timedelta(days=400, hours=11)
"""Another year, month, day of the month, day of the week, half of the day."""
PIDS: Final = 300
LOCKED: Final = 400
"""The most entries that are made read-only one by one."""
ONLINE: Final = Path("/sys/devices/system/cpu/online")
_FAKETIME: Final = ("usr/lib/*/faketime", "usr/lib*/faketime", "usr/local/lib/faketime")


class Perturbation(StrEnum):
    """One thing that is different; the value is its name, as it is written and asked for."""

    DIRECTORY = "directory"
    HOME = "home folder"
    USER = "user"
    ZONE = "time zone"
    LOCALE = "locale"
    HASH = "hash seed"
    CLOCK = "clock"
    ORDER = "directory order"
    CPUS = "processor count"
    TIMES = "file times"
    UMASK = "umask"
    NETWORK = "network"
    SOURCE = "read-only source"
    TEMP = "temporary folder"
    STRAY = "stray files"
    VARIABLES = "variables"
    HOST = "host name"
    PIDS = "process ids"


Names = frozenset[Perturbation]
WALLED: Final = (
    Perturbation.DIRECTORY, Perturbation.USER, Perturbation.ORDER, Perturbation.TIMES, Perturbation.SOURCE,
    Perturbation.HOST, Perturbation.PIDS, Perturbation.CPUS,
)  # fmt: skip
"""Those that need namespaces: the demo has to see something else at the same path, or another machine."""


@dataclass(frozen=True, slots=True)
class Given:
    """What is put in the way of a demo where its variables or stray files are perturbed.

    `variables` are set and those of `without` removed; `home` and `temp` are files (path → content) that are made in HOME
    and in the temporary folder, where there are none of that name. `other` takes another zone and another hash seed.
    """

    variables: tuple[tuple[str, str], ...] = ()
    without: tuple[str, ...] = ()
    home: tuple[tuple[str, bytes], ...] = ()
    temp: tuple[tuple[str, bytes], ...] = ()
    other: bool = False


NOTHING: Final = Given()


@dataclass(slots=True)
class _Made:
    """What one perturbed run is made of, while it is put together."""

    tree: Path
    env: dict[str, str] = field(default_factory=dict)
    inner: dict[str, str] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    binds: list[Bind] = field(default_factory=list)
    opened: list[Path] = field(default_factory=list)
    strays: list[tuple[Path, str]] = field(default_factory=list)
    tmp: Path | None = None
    cwd: Path | None = None


def unable(session: Session, environment: Environment, isolation: Isolation) -> dict[Perturbation, str]:
    """Which perturbations cannot be tried here, each with the tool or the wall that is missing."""
    found: dict[Perturbation, str] = {}
    if not (isolation.files and isolation.processes):
        found |= dict.fromkeys(WALLED, f"needs namespaces ({isolation.why or 'not on this machine'})")
    if faketime() is None:
        found[Perturbation.CLOCK] = "needs the library of faketime, which is not installed"
    if not locales.available():
        found[Perturbation.LOCALE] = "needs a second locale, or localedef to make one"
    if session.installed is None:
        found[Perturbation.HOME] = "the installation left too much in HOME to copy it"
    if Perturbation.ORDER not in found and (reason := _no_order(environment.tree)):
        found[Perturbation.ORDER] = reason
    return found


def stated(demo: Demo) -> dict[Perturbation, str]:
    """Which perturbations say nothing about this demo, since it states that circumstance itself or never has it."""
    found = {}
    for name, variables in _VARIABLES.items():
        if named := [variable for variable in variables if variable in demo.env]:
            found[name] = f"[demo] states {named[0]}"
    if demo.network != "on":
        found[Perturbation.NETWORK] = "it is off in every run"
    return found


_VARIABLES: Final[Mapping[Perturbation, tuple[str, ...]]] = {
    Perturbation.ZONE: ("TZ",),
    Perturbation.LOCALE: ("LC_ALL", "LANG"),
    Perturbation.HASH: ("PYTHONHASHSEED",),
    Perturbation.HOME: ("HOME",),
    Perturbation.TEMP: ("TMPDIR",),
}


@lru_cache(maxsize=1)
def faketime() -> Path | None:
    """The library of faketime that also serves programs with threads; None where it is not installed."""
    for pattern in _FAKETIME:
        if found := sorted(Path("/").glob(f"{pattern}/libfaketimeMT.so.1")):
            return found[0]
    return None


def _no_order(tree: Path) -> str:
    try:
        if MEMORY.stat().st_dev == tree.stat().st_dev:
            return f"needs a second file system; {MEMORY} is the same"
        size = files.tree_bytes(tree)
        if size > ORDERED_BYTES or size * 2 > files.free_bytes(MEMORY):
            return f"needs {size >> 20} MiB in {MEMORY} for a copy of the project"
    except OSError as error:
        return f"needs a second file system: {error.strerror}"
    if not os.access(MEMORY, os.W_OK):
        return f"needs a second file system; {MEMORY} is not writable"
    noexec = bool(os.statvfs(MEMORY).f_flag & os.ST_NOEXEC) and _has_programs(tree)
    return f"needs a second file system that programs may lie in; {MEMORY} forbids it" if noexec else ""


def _has_programs(tree: Path) -> bool:
    return any(found.mode == "100755" or found.path.endswith(".so") for found in files.walk(tree))


@contextmanager
def prepared(
    session: Session, environment: Environment, demo: Demo, names: Names, label: str, given: Given
) -> Iterator[tuple[Changed, Path]]:
    """What is changed for one run, and the folder its outputs will lie in; everything made for it is removed afterwards."""
    folder = session.sandbox.root / "perturbed" / label
    memory = memory_folder(session.sandbox.root.name) / label
    made = _Made(environment.tree)
    try:
        folder.mkdir(parents=True)
        try:
            changed = _changed(session, environment, demo, names, given, made, (folder, memory))
        except (OSError, shutil.Error) as error:
            raise CannotJudge(f"another place for the demo could not be made: {str(error)[:200]}") from None
        yield changed, made.tree
    finally:
        for place, path in made.strays:
            beneath.remove(place, path)
        (session.sandbox.root / "tmp").chmod(0o755)
        for place in (folder, memory):
            files.remove_tree(place)


def _changed(
    session: Session, environment: Environment, demo: Demo, names: Names, given: Given, made: _Made, places: tuple[Path, Path]
) -> Changed:
    sandbox = session.sandbox
    user = _another_user(sandbox.user) if Perturbation.USER in names else None
    _other_tree(environment, names, made, places)
    _other_home(session, names, made, places[0])
    _other_temp(session, names, made, places[0])
    _strays(session, names, given, made, places[0])
    _other_words(names, given, made, sandbox.given)
    for path in made.opened:
        sandbox.hand_over(path, user)
    machine = Perturbation.HOST in names, Perturbation.CPUS in names
    if machine[0]:
        hosts = sandbox.give("hosts", b"127.0.0.1 localhost another-machine\n::1 localhost another-machine\n")
        made.binds.append(Bind(hosts, Path("/etc/hosts")))
    cpus = _other_cpus(session, made) if machine[1] else ()
    locked, closed, opened = _locked(demo, environment.tree, made) if Perturbation.SOURCE in names else ((), (), ())
    return Changed(
        {name: value for name, value in made.env.items() if name not in demo.env},
        _beside(made.inner, demo),
        made.without - set(demo.env),
        tuple(made.binds),
        locked,
        closed,
        (*(path for path in made.opened if path not in {bind.source for bind in made.binds}), *opened),
        made.tmp,
        made.cwd,
        user,
        0o077 if Perturbation.UMASK in names else None,
        cpus,
        "another-machine" if machine[0] else "",
        PIDS if Perturbation.PIDS in names else 0,
        Perturbation.NETWORK in names,
    )


def _beside(inner: Mapping[str, str], demo: Demo) -> dict[str, str]:
    """The clock of the demo; its own search path of modules comes after ours."""
    found = dict(inner)
    if "PYTHONPATH" in inner and "PYTHONPATH" in demo.env:
        found["PYTHONPATH"] = f"{inner['PYTHONPATH']}{os.pathsep}{demo.env['PYTHONPATH']}"
    return found


def _another_user(user: int) -> int:
    return USERS.start + (user - USERS.start + 1) % len(USERS)


def _other_tree(environment: Environment, names: Names, made: _Made, places: tuple[Path, Path]) -> None:
    """A copy of the project that lies at the same path in the eyes of the demo, or the project at another path."""
    tree = environment.tree
    if names & {Perturbation.ORDER, Perturbation.TIMES, Perturbation.USER}:
        parent = places[1] if Perturbation.ORDER in names else places[0]
        made.tree = parent / "tree"
        if Perturbation.ORDER in names:
            copy_otherwise_ordered(tree, made.tree)
        else:
            _copy(tree, made.tree)
        if Perturbation.TIMES in names:
            _set_times(made.tree)
        made.opened.append(made.tree)
        made.binds.append(Bind(made.tree, tree, writable=True))
    if Perturbation.DIRECTORY in names:
        made.cwd = places[0] / "elsewhere" / f"{tree.name}-2"
        made.cwd.mkdir(parents=True)
        made.binds.append(Bind(made.tree, made.cwd, writable=True))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, target, symlinks=True)


def copy_otherwise_ordered(source: Path, target: Path) -> None:
    """Copies a tree into memory so that each folder lists its entries in another order than the original does."""
    target.mkdir(parents=True)
    names = listed(source)
    order = _order_that_differs(names, target.parent)
    for name in order:
        one, two = source / name, target / name
        if one.is_dir() and not one.is_symlink():
            copy_otherwise_ordered(one, two)
        else:
            shutil.copy2(one, two, follow_symlinks=False)
    shutil.copystat(source, target)


def listed(folder: Path) -> list[str]:
    """The names in a folder, in the order the file system gives them."""
    return [child.name for child in folder.iterdir()]


def _order_that_differs(names: list[str], folder: Path) -> list[str]:
    """In which order to create entries so that they are listed otherwise than in `names`: tried out with empty files."""
    probe = folder / "order"
    for order in (names, names[::-1]):
        probe.mkdir()
        for name in order:
            (probe / name).touch()
        got = listed(probe)
        shutil.rmtree(probe)
        if got == names[::-1]:
            return order
    return sorted(names, reverse=names == sorted(names))


def _set_times(tree: Path) -> None:
    """Gives every file a time of change of its own, against the order of their names, years before now."""
    paths = sorted((os.path.join(folder, name) for folder, _, names in os.walk(tree) for name in names), reverse=True)  # noqa: PTH118
    start = datetime(2019, 3, 1, tzinfo=UTC).timestamp()
    for index, path in enumerate(paths):
        moment = start + 3600 * index
        os.utime(path, (moment, moment), follow_symlinks=False)


def _other_home(session: Session, names: Names, made: _Made, folder: Path) -> None:
    """Another HOME with what the installation left in it; for another user alone, the same one made theirs."""
    root = session.sandbox.root
    if Perturbation.HOME in names:
        home = folder / "somebody"
        assert session.installed is not None, "callers ask `unable` first"
        _copy(session.installed / "home", home)
        shutil.copytree(session.installed / "cache", home / ".cache", symlinks=True, dirs_exist_ok=True)
        made.opened.append(home)
        made.env |= {
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local/share"),
            "XDG_STATE_HOME": str(home / ".local/state"),
        }
    elif Perturbation.USER in names:
        for name in ("home", "cache"):
            copied = folder / name
            shutil.copytree(root / name, copied, symlinks=True, ignore=lambda _, found: OURS.intersection(found))
            made.opened.append(copied)
            made.binds.append(Bind(copied, root / name, writable=True))
    if Perturbation.USER in names:
        made.env |= {"USER": "somebody", "LOGNAME": "somebody"}


def _other_temp(session: Session, names: Names, made: _Made, folder: Path) -> None:
    if Perturbation.TEMP in names:
        made.tmp = folder / "temporary"
        made.tmp.mkdir()
        made.opened.append(made.tmp)
        made.env["TMPDIR"] = str(made.tmp)
    elif Perturbation.USER in names:
        (session.sandbox.root / "tmp").chmod(0o1777)


def _strays(session: Session, names: Names, given: Given, made: _Made, folder: Path) -> None:
    if Perturbation.STRAY not in names:
        return
    root = session.sandbox.root
    home = folder / "somebody" if Perturbation.HOME in names else folder / "home" if Perturbation.USER in names else root / "home"
    temp = made.tmp or root / "tmp"
    for place, wanted in ((home, given.home), (temp, given.temp)):
        for path, content in wanted:
            top = next((step for step in _steps(path) if not os.path.lexists(place / step)), "")
            if top:
                beneath.write(place, path, content)
                session.sandbox.hand_over(place / top)
                made.strays.append((place, top))


def _steps(path: str) -> list[str]:
    """A path and the folders it lies in, the outermost first: `a`, `a/b`, `a/b/c`."""
    parts = path.split("/")
    return ["/".join(parts[: length + 1]) for length in range(len(parts))]


def _other_words(names: Names, given: Given, made: _Made, folder: Path) -> None:
    """What is told by variables: time zone, locale, hash seed, clock, and those nobody declared."""
    if Perturbation.ZONE in names:
        made.env["TZ"] = zones(datetime.now().astimezone())[given.other]
    if Perturbation.LOCALE in names:
        made.env |= locales.another(folder)
    if Perturbation.HASH in names:
        made.env["PYTHONHASHSEED"] = "20262" if given.other else "20261"
    if Perturbation.CLOCK in names:
        made.inner |= clock_settings(f"+{CLOCK_AHEAD.total_seconds():.0f}", folder)
    if Perturbation.VARIABLES in names:
        made.env |= dict(given.variables)
        made.without = frozenset(given.without) - set(made.env)


def clock_settings(moment: str, folder: Path) -> dict[str, str]:
    """Variables under which a program sees another time: `moment` as faketime reads it, `+N` seconds or a standing time.

    `folder` is one that commands can read; a patch for the sleep of Python is laid there.
    """
    library = faketime()
    assert library is not None, "callers ask `unable` first"
    patch = folder / "clock/sitecustomize.py"
    if not patch.exists():
        patch.parent.mkdir(exist_ok=True)
        files.write_atomically(patch, (Path(__file__).with_name("probes") / "clock/sitecustomize.py").read_bytes())
        patch.chmod(0o644)
    # Monotonic time stays as it is: else a wait for two seconds would end at once, or never.
    return {"LD_PRELOAD": str(library), "FAKETIME": moment, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "PYTHONPATH": str(patch.parent)}


def zones(now: datetime) -> tuple[str, str]:
    """Time zones far to the east and to the west, that one first in which it is another day than here `now`.

    By name where the machine knows names, else as a rule of POSIX.
    """
    both = ((14, "Pacific/Kiritimati", "<+14>-14"), (-11, "Pacific/Pago_Pago", "<-11>11"))
    first, second = both if now.astimezone(timezone(timedelta(hours=both[0][0]))).date() != now.date() else both[::-1]
    names = [name if Path("/usr/share/zoneinfo", name).exists() else rule for _, name, rule in (first, second)]
    return names[0], names[1]


def _other_cpus(session: Session, made: _Made) -> tuple[int, ...]:
    """One processor where there are several; where there is one, two are claimed."""
    here = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    if ONLINE.exists():
        seen = session.sandbox.give("online", b"0\n" if len(here) > 1 else b"0-1\n")
        made.binds.append(Bind(seen, ONLINE))
    return (here[0],)


def _locked(demo: Demo, tree: Path, made: _Made) -> tuple[tuple[Path, ...], tuple[Path, ...], tuple[Path, ...]]:
    """How to make the project read-only but for the folders of its outputs: (locked, closed, opened) paths.

    Where an output lies in a folder that does not exist yet, the nearest one that does stays writable.
    """
    wanted = [*demo.outputs, *([demo.metrics] if demo.metrics else []), *(["outputs/requests/x"] if demo.requests else [])]
    free = {_nearest(made.tree, path) for path in wanted} or {"."}
    seen = [tree, *([made.cwd] if made.cwd else [])]
    if "." in free:
        return tuple(place / path for place in seen for path in _others(made.tree, free)), (), ()
    made.binds[:] = [Bind(bind.source, bind.target, bind.writable and bind.target not in seen) for bind in made.binds]
    made.binds += [Bind(made.tree / path, place / path, writable=True) for place in seen for path in sorted(free)]
    return (), (tree,), ()


def _nearest(tree: Path, path: str) -> str:
    for parent in Path(path).parents:
        if (tree / parent).is_dir():
            return parent.as_posix()
    return "."


def _others(tree: Path, free: set[str]) -> list[str]:
    """Entries of the writable folders, from the project's own on, that no output lies in or below: they are locked."""
    inner = {parent.as_posix() for path in free for parent in (Path(path), *Path(path).parents)}
    found, stack = [], ["."]
    while stack:
        folder = stack.pop()
        for child in sorted(listed(tree / folder)):
            path = child if folder == "." else f"{folder}/{child}"
            if path in inner:
                stack.append(path)
            elif not (tree / path).is_symlink():
                found.append(path)
    return found[:LOCKED]

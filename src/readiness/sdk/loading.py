"""The policies of an application, read from their folder: parsed once, and again when a file of it changes."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from readiness.formats.cedar.assessing import Access
    from readiness.formats.cedar.deciding import Engine
    from readiness.formats.cedar.entities import Uid
    from readiness.formats.cedar.guards import Budget

    Stamp = tuple[tuple[str, int, int, int], ...]

NO_ENGINE: Final = "cedarpy is not installed, so nothing is allowed; `pip install cedarpy`"
MOST: Final = "READINESS_BUDGET_MOST"
_MOST_FAULTS: Final = 5
_TRIES: Final = 3


class Closed(Exception):
    """There is nothing to decide by: every line of `errors` says why."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__(errors[0])
        self.errors = errors


class Loaded(NamedTuple):
    """What decides, ready to be asked. `lifted` is the same without the forbids that an approval lifts.

    `known` are the entities that the folder describes, `names` what they are called, `actions` what each word for an action
    means; `budgets` and `approvals` are by the ids of policies.
    """

    engine: Engine
    lifted: Engine | None
    known: frozenset[Uid]
    names: frozenset[str]
    actions: Mapping[str, str]
    budgets: Mapping[str, Budget]
    approvals: frozenset[str]


class Policies:
    """The policies in one folder, as they are now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._kept: tuple[Stamp, Loaded | Closed] | None = None

    def current(self) -> Loaded:
        """What decides now. Raises Closed where something is wrong with it, as long as it is."""
        found, stamp = self._kept, self._stamp()
        if found is None or found[0] != stamp:
            with self._lock:
                found = self._kept
                if found is None or found[0] != stamp:
                    self._kept = found = self._read()
        if isinstance(found[1], Closed):
            raise Closed(found[1].errors)
        return found[1]

    def _read(self) -> tuple[Stamp, Loaded | Closed]:
        for _ in range(_TRIES):
            stamp = self._stamp()
            try:
                made: Loaded | Closed = _loaded({name: (self.folder / name).read_bytes() for name, *_ in stamp}, self.folder)
            except Closed as closed:
                made = closed
            except OSError as error:
                made = Closed((f"{self.folder} cannot be read: {error.strerror}",))
            if self._stamp() == stamp:
                return stamp, made
        raise Closed((f"{self.folder} changes while it is read",))

    def _stamp(self) -> Stamp:
        """Name, time of the last change, size and inode of each file that counts; empty where the folder is not there."""
        found = []
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if entry.name.endswith((".cedar", ".cedarschema", ".cedarschema.json")) or entry.name == "entities.json":
                        said = entry.stat()
                        found.append((entry.name, said.st_mtime_ns, said.st_size, said.st_ino))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise Closed((f"{self.folder} cannot be read: {error.strerror}",)) from None
        return tuple(sorted(found))


def _loaded(files: Mapping[str, bytes], folder: Path) -> Loaded:
    try:
        import cedarpy  # noqa: F401  what follows loads it where it is needed; here it is known that it is there
    except ImportError:
        raise Closed((NO_ENGINE,)) from None
    from readiness.formats.cedar import assessing, deciding, guards

    named = {f"{folder.name}/{name}": data for name, data in files.items()}
    beside = {name: data for name, data in named.items() if name.endswith(f"/{assessing.ENTITIES}")}
    access = assessing.assess({name: data for name, data in named.items() if name not in beside}, dict(beside))
    _sound(access, folder)
    live = [policy for policy in access.sound if not policy.template]
    open_ = guards.lifted(live)
    make, text = deciding.Engine, access.schema.text
    budgets = {policy.id: _lowered(policy.id, found) for policy in live if (found := guards.budget_of(policy)) is not None}
    known = frozenset(entity.uid for entity in access.entities) | _enumerated(access)
    return Loaded(
        make(live, text, access.entities),
        make(open_, text, access.entities) if len(open_) < len(live) else None,
        known,
        frozenset(map(str, known)),
        _actions(access),
        budgets,
        frozenset(policy.id for policy in live if guards.needs_approval(policy)),
    )


def _lowered(policy: str, budget: Budget) -> Budget:
    """A budget, lowered where READINESS_BUDGET_MOST says `ID=NUMBER` of its policy: a drill lowers it, and nothing raises it.

    Raises Closed where that is not what it says.
    """
    from dataclasses import replace

    text = os.environ.get(MOST)
    if not text:
        return budget
    name, mark, most = text.rpartition("=")
    if not (mark and most.isascii() and most.isdigit()):
        raise Closed((f"{MOST} must be the id of a policy and a number, `ID=NUMBER`, got `{text}`",))
    return replace(budget, count=min(budget.count, int(most))) if name == policy else budget


def _sound(access: Access, folder: Path) -> None:
    """Raises Closed where anything is wrong with the policies, or none decides."""
    if access.faults:
        more = len(access.faults) - _MOST_FAULTS
        shown = tuple(str(fault) for fault in access.faults[:_MOST_FAULTS])
        raise Closed((*shown, *((f"and {more} more: `readiness access lint`",) if more > 0 else ())))
    if not any(not policy.template for policy in access.sound):
        raise Closed((f"no policy in {folder} decides anything",))


def _enumerated(access: Access) -> frozenset[Uid]:
    """The entities that the schema names one by one, which need no description."""
    from readiness.formats.cedar.entities import Uid

    return frozenset(Uid(kind.name, name) for kind in access.schema.declared.entities for name in kind.ids)


def _actions(access: Access) -> Mapping[str, str]:
    """What each word for an action means: in full, without its quotes, or its name alone where only one has it."""
    asked = [action for action in access.schema.declared.actions if action.asked]
    words: dict[str, set[str]] = {}
    for action in asked:
        for word in {action.uid, action.name, action.uid.replace('"', "")}:
            words.setdefault(word, set()).add(action.uid)
    return {word: min(uids) for word, uids in words.items() if len(uids) == 1}

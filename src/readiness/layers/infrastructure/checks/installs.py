"""The project installs into an empty environment.

Proves: what the project declares is still to be had and fits together, on the Python it names.
Needed above: nothing can be secured, traced or measured that cannot be set up.
Executed: the project's own procedure (manifest, lock, Dockerfile, requirement files, metadata, README, notebooks; in
that order) runs in a sandbox, in a copy of the tree, with an empty package cache.
Cannot see: packages of the operating system, other platforms, private indexes that need a password.
Repair: declare every package, and the Python they were chosen for; compile a lock from it.
Source: 14 public applications read by hand, five of which no longer started from what they declared.
"""

from __future__ import annotations

import re
from typing import Final

from readiness.layers.infrastructure.evidence import Installed
from readiness.layers.infrastructure.locking import locking
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy, outcome_of
from readiness.sequence.stakes import Policy
from readiness.sequence.wording import counted
from readiness.world import interpreters
from readiness.world.context import Context

ID = "infrastructure.installs"


def observe(context: Context) -> Installed:
    """Installs the project by its own procedure and says how that went."""
    procedure = context.session.procedure
    here = tuple(dict.fromkeys(item.minor for item in interpreters.installed()))
    common = (procedure.kind, procedure.source, procedure.declared)
    if procedure.unread or not procedure.interpreters:
        cause = Cause.TOOL if procedure.unread else Cause.INTERPRETER
        return Installed(*common, "", procedure.unread, cause, procedure.unread, 0, 0.0, (), here)
    found = context.session.first
    python = str(found.interpreter.version) if found.interpreter else ""
    relock = locking(context.project, procedure).lock()
    return Installed(
        *common, python, "", found.cause, found.reason, len(found.packages), found.elapsed_s, found.tried, here, found.notes, relock
    )


def judge(observed: Installed, policy: Policy) -> Finding:
    """Holds when every step ended well; fails when the project's own declaration is the cause."""
    if observed.unread:
        return Finding(ID, Outcome.UNKNOWN, Basis.OBSERVED, observed.source, reason=observed.unread, cause=Cause.TOOL,
                       remedy=Remedy("state the setup in readiness.toml", "readiness init"))  # fmt: skip
    if observed.cause is Cause.INTERPRETER:
        wanted = observed.declared.split(" ", 2)[1]
        reason = f"{observed.declared} is not on this machine; here are {', '.join(observed.here) or 'none'}"
        return Finding(ID, Outcome.UNKNOWN, Basis.OBSERVED, observed.declared, reason=reason, cause=Cause.INTERPRETER,
                       remedy=Remedy("install that Python and check again", f"uv python install {wanted}"))  # fmt: skip
    if observed.cause is Cause.NONE and not observed.package_count:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="no dependencies are declared")
    outcome = outcome_of(observed.cause)
    subject = observed.source
    notes = (*observed.notes, *(f"tried {attempt}" for attempt in observed.tried))
    location = Location(subject.partition(":")[0]) if subject else None
    if outcome is Outcome.HOLDS:
        count = observed.package_count
        text = f"{counted(count, 'package')} into an empty environment{_of_python(observed)}"
        return Finding(ID, outcome, Basis.EXECUTED, subject, observed=text, notes=notes)
    problems = (Problem(subject, observed.reason, location),) if outcome is Outcome.FAILS else ()
    return Finding(
        ID, outcome, Basis.EXECUTED, subject, "an empty environment is filled", f"it is not ({observed.source})", observed.reason,
        observed.cause, location, _remedy(observed), problems, notes,
    )  # fmt: skip


def _of_python(observed: Installed) -> str:
    """Which Python ran, where the declaration leaves that open or names another release of it."""
    named = re.match(r"Python (\d[\d.]*)(?: |$)", observed.declared)
    same = named and (observed.python == named[1] or observed.python.startswith(f"{named[1]}."))
    return "" if same or not observed.python else f" of Python {observed.python}"


_NO_WHEEL: Final = re.compile(r"\b([\w.-]+)==([\w.+!-]+) has no wheels with a matching platform tag")
_PLATFORMS: Final = {"win32": r"\bwin(?:32|_amd64|_arm64)\b", "darwin": r"\bmacosx_", "linux": r"\b(?:many|musl)?linux"}
_WINDOWS: Final = re.compile(r"pywin|wmi$|winrt|windows", re.IGNORECASE)


def _remedy(observed: Installed) -> Remedy:
    texts = {
        Cause.INDEX: Remedy("check again when the index answers", "readiness check"),
        Cause.SYSTEM: Remedy("install what the build needs, then check again", "readiness check"),
        Cause.TOOL: Remedy("check again; where it stays so, state the setup in readiness.toml", "readiness init"),
    }
    if observed.cause in texts:
        return texts[observed.cause]
    if found := _NO_WHEEL.search(observed.reason):
        marker = f'{found[1]}=={found[2]}; sys_platform == "{_platform(found[1], observed.reason)}"'
        return Remedy(f"ask for {found[1]} only where it exists: `{marker}`")
    return Remedy("make the declaration resolvable again and lock what it resolves to", observed.relock)


def _platform(name: str, reason: str) -> str:
    """The platform a package is for, by the wheels that the client says there are, else by its name."""
    wheels = reason.partition("Wheels are available")[2]
    said = next((platform for platform, pattern in _PLATFORMS.items() if re.search(pattern, wheels)), "")
    return said or ("win32" if _WINDOWS.match(name) else "darwin" if name.startswith("pyobjc") else "…")

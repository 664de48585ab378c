"""readiness takes an AI project through the production readiness sequence, judged by execution.

What applications use is here by name and imported when it is first used: `decision`, `setup`, `stopped`; `authorize` and
`guarded` with `Entity`, `Approval` and `Refused`.
"""

from __future__ import annotations

__version__ = "0.1.0"
_SDK = ("Approval", "Entity", "Refused", "authorize", "decision", "guarded", "setup", "stopped")


def __getattr__(name: str) -> object:
    if name not in _SDK:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # by name: what judges must not depend on what applications use

    return getattr(import_module("readiness.sdk"), name)

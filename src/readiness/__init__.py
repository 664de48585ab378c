"""readiness takes an AI project through the production readiness sequence, judged by execution.

What applications use is here by name and imported when it is first used: `decision`, `setup`, `stopped`.
"""

from __future__ import annotations

__version__ = "0.1.0"
_SDK = ("decision", "setup", "stopped")


def __getattr__(name: str) -> object:
    if name not in _SDK:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # by name: what judges must not depend on what applications use

    return getattr(import_module("readiness.sdk"), name)

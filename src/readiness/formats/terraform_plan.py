"""What `terraform plan -json` and `terraform show -json` say: what would change, and what already did, never a value of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """A resource that differs: its address, what would be done to it, and the names of the attributes that differ.

    `outside` says that it was changed besides terraform: the live resource is another than the state remembers.
    """

    address: str
    actions: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """The stream of a plan: addresses that would change, those that changed outside, errors, and whether it came to its end."""

    planned: tuple[str, ...]
    drifted: tuple[str, ...]
    errors: tuple[str, ...]
    complete: bool


def stream(text: str) -> Stream:
    """The messages of `plan -json`. Raises ValueError where a line is none, naming it."""
    planned, drifted, errors, complete = list[str](), list[str](), list[str](), False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            message = json.loads(line)
            kind = message["type"]
            if kind in ("planned_change", "resource_drift"):
                action, address = message["change"]["action"], message["change"]["resource"]["addr"]
                if kind == "resource_drift":
                    drifted.append(str(address))
                elif action not in ("noop", "read"):
                    planned.append(str(address))
            elif kind == "diagnostic" and message["diagnostic"]["severity"] == "error":
                detail = message["diagnostic"].get("detail") or ""
                errors.append(f"{message['diagnostic']['summary']}: {detail}".rstrip(": "))
            elif kind == "change_summary":
                complete = message["changes"]["operation"] == "plan"
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"line {number} of the plan is no message of terraform ({type(error).__name__})") from None
    return Stream(tuple(planned), tuple(drifted), tuple(errors), complete)


def plan(text: str) -> tuple[Change, ...]:
    """The changes of a plan that `show -json` printed, those of outputs too. Raises ValueError where it is none."""
    try:
        data = json.loads(text)
        known = str(data["format_version"]).startswith("1.")
        found = [_change(item, outside=False) for item in data.get("resource_changes") or ()]
        found += [_change(item, outside=True) for item in data.get("resource_drift") or ()]
        outputs = [Change(f"output.{name}", tuple(item["actions"])) for name, item in (data.get("output_changes") or {}).items()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the plan has not the form of one ({type(error).__name__}: {error})") from None
    if not known:
        raise ValueError(f"the plan is of format {data['format_version']}, which is not known")
    kept = [item for item in (*found, *outputs) if set(item.actions) - {"no-op", "read"}]
    return tuple(sorted(kept, key=lambda item: (item.address, item.outside)))


def _change(item: dict[str, Any], *, outside: bool) -> Change:
    change = item["change"]
    before, after = change.get("before"), change.get("after")
    names = sorted(set(_differing(before, after, change.get("before_sensitive"), change.get("after_sensitive"))))
    attributes = names if isinstance(before, dict) and isinstance(after, dict) else []  # of what is new or gone there is nothing to name
    unknown = change.get("after_unknown") or {}
    known = [name for name in attributes if not (isinstance(unknown, dict) and unknown.get(name) is True)]
    return Change(str(item["address"]), tuple(str(action) for action in change["actions"]), tuple(known or attributes), outside)


def _differing(before: Any, after: Any, *sensitive: Any, path: str = "") -> Iterator[str]:
    """Paths of attributes that differ; of what is sensitive, in any part, only its outermost name."""
    if before == after and not path:
        return
    hidden = any(mark is True for mark in sensitive)
    if isinstance(before, dict) and isinstance(after, dict) and not hidden and path.count(".") < 3:
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                inner = [mark.get(name) if isinstance(mark, dict) else None for mark in sensitive]
                yield from _differing(before.get(name), after.get(name), *inner, path=f"{path}.{name}" if path else name)
        return
    yield path

"""Training data that was signed, and what changed since, as text and as JSON."""

from __future__ import annotations

import json
from typing import Any

from readiness.formats import canonical
from readiness.formats.training import Approval, Partition
from readiness.layers.security.training_hints import Trigger
from readiness.runs.data_sign import Compared, Rows, Signed
from readiness.sequence.wording import agreeing, counted, listed

_HINTS = "  hints are no verdicts: a label may have been corrected, and a new word may rightly mean one thing"


def compared(found: Compared) -> str:
    """The difference to what was approved, the hints below the file they are about."""
    lines = [f"readiness data sign --diff · {_whose(found.approval)}"]
    if found.doubt:
        lines.append(f"  doubt    {found.doubt}")
    return "\n".join([*lines, *differences(found)])


def differences(found: Compared) -> list[str]:
    """A line for each file that changed, came or went."""
    if found.same:
        return [f"  the same {counted(len(found.now), 'file')} as approved"]
    now, new = {item.path: item for item in found.now}, {item.path: item for item in found.new}
    lines = []
    for item in found.changed:
        lines += [f"  changed  {item.path}: {_moved(item)}", *_hints(item)]
    for path in found.added:
        lines += [f"  added    {path}: {_size(now[path])}", *(_hints(new[path]) if path in new else [])]
    lines += [f"  removed  {path}: {_size(found.approval.by_path[path])}" for path in found.removed]
    hinted = any(item.flips or item.triggers for item in (*found.changed, *found.new))
    return [*lines, _HINTS] if hinted else lines


def _whose(approval: Approval) -> str:
    return f"version {approval.version}, approved by {approval.by or approval.signer} on {approval.approved_at:%Y-%m-%d}"


def _size(item: Partition) -> str:
    rows = counted(item.rows, "row") if item.rows is not None else counted(item.size_bytes, "byte")
    return f"{rows}, contract {item.contract.id} {item.contract.version}" if item.contract else rows


def _moved(item: Rows) -> str:
    if item.moved is None:
        return f"other bytes; {item.why}"
    seen = item.moved
    if not (seen.came or seen.went or seen.columns_added or seen.columns_removed):
        return "the same rows, in another order or written otherwise"
    told = [f"{counted(seen.added, 'row')} added", f"{seen.removed} removed"]
    told += [f"{seen.changed} changed (by {seen.key})"] if seen.key else []
    return ", ".join(
        [*told, *(f"column {name} added" for name in seen.columns_added), *(f"column {name} removed" for name in seen.columns_removed)]
    )


def _hints(item: Rows) -> list[str]:
    lines = []
    if item.flips:
        first = item.flips[0]
        like = "the same as" if first.same else "nearly the same as"
        lines.append(
            f"    hint   {counted(len(item.flips), 'row')} {like} one that was approved, with another {item.label}: "
            f"{first.before} → {first.after} of `{first.text}`"
        )
    return [*lines, *(_trigger(item.label, found) for found in item.triggers)]


def _trigger(label: str, found: Trigger) -> str:
    return (
        f"    hint   {found.labelled} of {counted(found.rows, 'new row')} with `{found.phrase}`, which was rare or absent, "
        f"{agreeing(found.labelled, 'has', 'have')} the {label} {found.label} ({found.elsewhere:.0%} of others)"
    )


def signed(found: Signed) -> str:
    """What was signed, and what is left to do."""
    approval = found.approval
    rows = sum(item.rows or 0 for item in approval.partitions)
    lines = [f"{found.path.name}: {_whose(approval)}, {counted(len(approval.partitions), 'file')}, {counted(rows, 'row')}"]
    if found.against is not None and not found.against.same:
        lines += differences(found.against)
    bare = [item.path for item in approval.partitions if item.contract is None]
    if bare:
        lines.append(f"  note     no contract describes {listed(bare)}")
    if found.authored:
        lines.append(f"  note     you changed {listed(found.authored)} last: from the stakes `regulation` on, somebody else signs")
    lines += [f"  add      {line}   (to readiness.toml)" for line in found.lines]
    return "\n".join([*lines, f"  next     git add {found.path.name}"])


def to_json(found: Compared) -> str:
    """The difference for programs."""
    content = {
        "schema": "readiness/data-sign/1", "approval": _approval(found.approval), "same": found.same, "doubt": found.doubt,
        "added": list(found.added), "removed": list(found.removed), "changed": [_rows(item) for item in found.changed],
        "new": [_rows(item) for item in found.new],
    }  # fmt: skip
    return json.dumps(content, indent=2, ensure_ascii=False)


def signed_json(found: Signed) -> str:
    """What was signed, for programs."""
    content = {
        "schema": "readiness/data-sign/1", "path": found.path.name, "approval": _approval(found.approval),
        "missing_in_manifest": list(found.lines), "changed_last_by_approver": list(found.authored),
    }  # fmt: skip
    return json.dumps(content, indent=2, ensure_ascii=False)


def _approval(found: Approval) -> dict[str, Any]:
    return {
        "version": found.version, "approved_at": canonical.moment(found.approved_at), "by": found.by, "key": found.signer,
        "note": found.note,
        "files": [
            {"path": item.path, "sha256": item.sha256, "size_bytes": item.size_bytes, "rows": item.rows, "columns": list(item.columns),
             "contract": {"id": item.contract.id, "version": item.contract.version} if item.contract else None}
            for item in found.partitions
        ],
    }  # fmt: skip


def _rows(item: Rows) -> dict[str, Any]:
    seen = item.moved
    return {
        "path": item.path, "why": item.why, "label": item.label, "key": seen.key if seen else "",
        "rows": {"added": seen.added, "removed": seen.removed, "changed": seen.changed} if seen else None,
        "columns": {"added": list(seen.columns_added), "removed": list(seen.columns_removed)} if seen else None,
        "hints": {
            "flipped_labels": [
                {"before": one.before, "after": one.after, "text": one.text, "same_features": one.same} for one in item.flips
            ],
            "phrases": [
                {"phrase": one.phrase, "rows": one.rows, "label": one.label, "labelled": one.labelled, "elsewhere": one.elsewhere}
                for one in item.triggers
            ],
        },
    }  # fmt: skip

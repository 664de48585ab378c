"""The manifest of approved training data: which files, with which bytes, somebody looked at and let into training.

A DSSE envelope around an in-toto Statement with one subject a file, its SHA-256; the predicate says rows, columns and the
contract that describes each, who approved them and when, and which manifests it replaces. It is committed beside the data
as `training-data.dsse.json`. Pure: builds and reads; nothing is believed here, `layers/security/training.py` does that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from readiness.formats import canonical, intoto
from readiness.sequence.evidence import Digest

PREDICATE: Final = "urn:readiness:training-data:v1"
FILE: Final = "training-data.dsse.json"


@dataclass(frozen=True, slots=True)
class Contract:
    """The data contract that describes a file: its id, its version, where it lies."""

    id: str
    version: str
    file: str


@dataclass(frozen=True, slots=True)
class Partition:
    """One file of training data: its digest (hex), bytes, rows (None where they cannot be counted) and columns."""

    path: str
    sha256: str
    size_bytes: int
    rows: int | None = None
    columns: tuple[str, ...] = ()
    contract: Contract | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """A manifest as its envelope says it. `by` is who says to have approved, `signer` the key that it names.

    `previous` are the digests of the manifests it replaces, the oldest first; `envelope` is its own.
    """

    version: int
    approved_at: datetime
    by: str
    partitions: tuple[Partition, ...]
    note: str = ""
    previous: tuple[Digest, ...] = ()
    signer: str = ""
    envelope: Digest = field(default_factory=lambda: Digest(""))

    @property
    def by_path(self) -> Mapping[str, Partition]:
        """The files by where they lie."""
        return {item.path: item for item in self.partitions}


def emit(approval: Approval, keyid: str, sign: Callable[[bytes], bytes]) -> bytes:
    """The bytes of a signed manifest. `signer` and `envelope` of `approval` do not count."""
    predicate: dict[str, Any] = {
        "version": approval.version,
        "approved_at": canonical.moment(approval.approved_at),
        "by": approval.by,
        "note": approval.note,
        "files": [_file(item) for item in approval.partitions],
        "previous": list(approval.previous),
    }
    subject = [{"name": item.path, "digest": {"sha256": item.sha256}} for item in approval.partitions]
    body = {"_type": intoto.STATEMENT, "subject": subject, "predicateType": PREDICATE, "predicate": predicate}
    return intoto.envelope(body, keyid, sign)


def _file(item: Partition) -> dict[str, Any]:
    contract = {"id": item.contract.id, "version": item.contract.version, "file": item.contract.file} if item.contract else None
    return {"path": item.path, "size_bytes": item.size_bytes, "rows": item.rows, "columns": list(item.columns), "contract": contract}


def read(data: bytes) -> Approval:
    """The manifest in an envelope, not yet believed. Raises Refused where it holds none, or half of one."""
    signed = intoto.open_envelope(data)
    body = intoto.read_statement(signed.payload, PREDICATE)
    try:
        return _approval(body, signed.signatures[0][0], canonical.digest(data))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise intoto.Refused(f"holds no manifest of training data ({type(error).__name__}: {error})") from None


def _approval(body: dict[str, Any], signer: str, envelope: Digest) -> Approval:
    predicate = body["predicate"]
    digests = {str(item["name"]): str(item["digest"]["sha256"]) for item in body["subject"]}
    files = [_partition(item, digests) for item in predicate["files"]]
    if sorted(digests) != sorted(item.path for item in files) or len(digests) != len(body["subject"]):
        raise ValueError("its files are not its subjects")
    approved_at = datetime.fromisoformat(predicate["approved_at"])
    if approved_at.tzinfo is None:
        raise ValueError("a time without its zone")
    return Approval(
        int(predicate["version"]), approved_at, str(predicate["by"]), tuple(files), str(predicate["note"]),
        tuple(Digest(str(item)) for item in predicate["previous"]), signer, envelope,
    )  # fmt: skip


def _partition(item: dict[str, Any], digests: Mapping[str, str]) -> Partition:
    found = item["contract"]
    contract = Contract(str(found["id"]), str(found["version"]), str(found["file"])) if found else None
    rows = None if item["rows"] is None else int(item["rows"])
    return Partition(
        str(item["path"]), digests[str(item["path"])], int(item["size_bytes"]), rows, tuple(str(name) for name in item["columns"]), contract
    )

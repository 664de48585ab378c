"""The pytest that runs these tests, as wheels made of what is installed, so that projects under test get it offline."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from importlib.metadata import distribution
from pathlib import Path

NEEDED = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")


def write_wheels(folder: Path) -> None:
    """Writes a wheel of each package pytest needs into `folder`."""
    for name in NEEDED:
        _pack(folder, name)


def _pack(folder: Path, name: str) -> None:
    found = distribution(name)
    info = f"{found.metadata['Name'].replace('-', '_')}-{found.version}.dist-info"
    files = {}
    for file in found.files or ():
        path = file.as_posix()
        if not path.startswith("..") and ".pyc" not in path:
            old, _, rest = path.partition("/")
            place = f"{info}/{rest}" if old.endswith(".dist-info") else path
            files[place] = Path(str(file.locate())).read_bytes()
    for made in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json"):
        files.pop(f"{info}/{made}", None)
    lines = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in files.items()]
    with zipfile.ZipFile(folder / f"{info.removesuffix('.dist-info')}-py3-none-any.whl", "w") as archive:
        for path, data in files.items():
            archive.writestr(path, data)
        archive.writestr(f"{info}/RECORD", "\n".join([*lines, f"{info}/RECORD,,"]) + "\n")


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()

"""Files that hold other files: office documents, archives and images, written as the programs do that make them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence

_TYPES = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
_SHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """A spreadsheet with one sheet, its texts in the shared table as Excel keeps them."""
    texts = sorted({cell for row in rows for cell in row})
    shared = "".join(f"<si><t>{_escaped(text)}</t></si>" for text in texts)
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(
            f'<c r="{chr(65 + column)}{number}" t="s"><v>{texts.index(cell)}</v></c>' for column, cell in enumerate(row) if cell
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    return zipped(
        {
            "[Content_Types].xml": _TYPES,
            "xl/workbook.xml": f'<workbook {_SHEET}><sheets><sheet name="People"/></sheets></workbook>',
            "xl/worksheets/sheet1.xml": f"<worksheet {_SHEET}><sheetData>{''.join(lines)}</sheetData></worksheet>",
            "xl/sharedStrings.xml": f"<sst {_SHEET}>{shared}</sst>",
        }
    )


def document(*paragraphs: Sequence[str]) -> bytes:
    """A text document: each paragraph of several runs, as an editor leaves them."""
    body = "".join(f"<w:p>{''.join(f'<w:r><w:t>{_escaped(run)}</w:t></w:r>' for run in runs)}</w:p>" for runs in paragraphs)
    return zipped({"[Content_Types].xml": _TYPES, "word/document.xml": f"<w:document {_WORD}><w:body>{body}</w:body></w:document>"})


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def tarred(files: Mapping[str, str | bytes], *, packed: bool = False) -> bytes:
    """A tar of these files, gzipped where told so."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue(), mtime=0) if packed else out.getvalue()


def saved(layers: Sequence[bytes], env: Sequence[str] = (), made: Sequence[str] = ()) -> bytes:
    """An image as `docker save` writes it."""
    config = _config(env, made)
    names = [f"layer{number}/layer.tar" for number in range(len(layers))]
    manifest = [{"Config": "config.json", "RepoTags": ["shop:1"], "Layers": names}]
    return tarred({"config.json": config, **dict(zip(names, layers, strict=True)), "manifest.json": json.dumps(manifest)})


def layout(layers: Sequence[bytes], env: Sequence[str] = ()) -> bytes:
    """An image as an OCI layout, behind an index of indexes."""
    blobs: dict[str, bytes] = {}

    def blob(data: bytes) -> dict[str, str]:
        name = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{name}"] = data
        return {"digest": f"sha256:{name}"}

    manifest = {"config": blob(_config(env, ()).encode()), "layers": [blob(layer) for layer in layers]}
    inner = {"manifests": [blob(json.dumps(manifest).encode())]}
    index = {"schemaVersion": 2, "manifests": [blob(json.dumps(inner).encode())]}
    return tarred({"oci-layout": '{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps(index), **blobs})


def _config(env: Sequence[str], made: Sequence[str]) -> str:
    return json.dumps({"config": {"Env": list(env), "Cmd": ["python", "-m", "shop"]}, "history": [{"created_by": one} for one in made]})

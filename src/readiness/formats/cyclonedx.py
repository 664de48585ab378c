"""CycloneDX 1.6 as JSON: what a project consists of, with models and data among its components.

The same content gives the same bytes: the serial number is made from it, and no clock is read. What the library has no
classes for yet, the governance of a data component, is added to its output as the standard has it.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType

PATH: Final = "readiness:path"
SIZE: Final = "readiness:size-bytes"
TREE: Final = "readiness:tree"
FACTOR: Final = "readiness:factor"
CONTRACT: Final = "readiness:contract"
_ABOUT: Final = re.compile(r"(?:.*/)?(?:licen[cs]e|copying|notice|readme|changelog)[\w.-]*", re.IGNORECASE)
"""Files that lie among models or data and are about them."""


@dataclass(frozen=True, slots=True)
class Package:
    """A Python package: `hashes` are SHA-256 in hex, `development` says that it is not there at run time."""

    name: str
    version: str
    hashes: tuple[str, ...] = ()
    development: bool = False


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of a model or of data: its SHA-256 in hex, and the contract and the owner of data where a contract says."""

    path: str
    sha256: str
    size_bytes: int
    contract: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a project consists of. `made` is None where nothing says when; `properties` are told of the application."""

    application: str
    version: str
    made: datetime | None
    packages: tuple[Package, ...] = ()
    models: tuple[Asset, ...] = ()
    data: tuple[Asset, ...] = ()
    properties: dict[str, str] = field(default_factory=dict)


def render(bill: Bill) -> str:
    """The bill as CycloneDX JSON, indented, with a line break at its end. Imports the library at the first use."""
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    told: dict[str, Any] = json.loads(make_outputter(_bom(bill), OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    told.pop("serialNumber", None)
    if bill.made is None:
        told.get("metadata", {}).pop("timestamp", None)
    _govern(told, bill)
    content = json.dumps(told, sort_keys=True, ensure_ascii=False).encode()
    serial = uuid.UUID(bytes=hashlib.sha256(content).digest()[:16], version=5)
    return json.dumps({**told, "serialNumber": f"urn:uuid:{serial}"}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _bom(bill: Bill) -> Bom:
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository

    application = Component(
        name=bill.application,
        version=bill.version or None,
        type=ComponentType.APPLICATION,
        bom_ref="application",
        properties=[Property(name=name, value=value) for name, value in sorted(bill.properties.items())],
    )
    components = [
        *(_package(package) for package in bill.packages),
        *(_asset(asset, ComponentType.MACHINE_LEARNING_MODEL, "model") for asset in bill.models),
        *(_asset(asset, ComponentType.DATA, "data") for asset in bill.data),
    ]
    metadata = BomMetaData(component=application, timestamp=bill.made, tools=ToolRepository(components=[_tool()]))
    bom = Bom(components=components, metadata=metadata, serial_number=uuid.UUID(int=0))
    bom.register_dependency(application, components)
    return bom


def _tool() -> Component:
    from cyclonedx.model.component import Component, ComponentType

    from readiness import __version__

    return Component(name="readiness", version=__version__, type=ComponentType.APPLICATION)


def _package(package: Package) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentScope, ComponentType
    from packageurl import PackageURL

    purl = PackageURL("pypi", None, package.name, package.version)
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=purl.to_string(),
        scope=ComponentScope.EXCLUDED if package.development else ComponentScope.REQUIRED,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in package.hashes],
    )


def _asset(asset: Asset, kind: ComponentType, factor: str) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.component import Component, ComponentType

    told = {PATH: asset.path, FACTOR: factor, SIZE: str(asset.size_bytes)} | ({CONTRACT: asset.contract} if asset.contract else {})
    return Component(
        name=asset.path,
        type=ComponentType.FILE if _ABOUT.fullmatch(asset.path) else kind,
        bom_ref=f"file:{asset.path}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=asset.sha256)],
        properties=[Property(name=name, value=value) for name, value in told.items()],
    )


def _govern(told: dict[str, Any], bill: Bill) -> None:
    """Says of each data component what data it is and who owns it."""
    by_path = {f"file:{asset.path}": asset for asset in bill.data}
    for component in told.get("components", []):
        asset = by_path.get(component.get("bom-ref"))
        if asset is not None and component["type"] == "data":
            entry: dict[str, Any] = {"type": "dataset", "name": asset.path}
            if asset.owner:
                contact = {"email": asset.owner} if "@" in asset.owner else {"name": asset.owner}
                entry["governance"] = {"owners": [{"contact": contact}]}
            component["data"] = [entry]

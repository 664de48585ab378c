"""What a system shares with its neighbours: roles, networks, volumes and secrets, as far as the repository shows."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from readiness.formats import composition
from readiness.formats.composition import Thing
from readiness.layers.security.deployed import Deployed, Role, Service
from readiness.sequence.finding import Location
from readiness.sequence.wording import listed

_SECRET: Final = re.compile(r"\w*(?:KEY|TOKEN|SECRET|PASS(?:WORD|WD|PHRASE)?|PWD|CREDENTIALS?|DSN|DATABASE_URL)\w*", re.IGNORECASE)
_HARMLESS: Final = frozenset({"/etc/localtime", "/etc/timezone"})


class Aspect(StrEnum):
    """What may be shared."""

    ROLE = "role"
    NETWORK = "network"
    VOLUME = "volume"
    SECRET = "secret"  # noqa: S105  a word


@dataclass(frozen=True, slots=True)
class Share:
    """One thing that is shared, or that may be (`open`): what, in a sentence, and where that stands."""

    aspect: Aspect
    subject: str
    text: str
    location: Location | None = None
    open: bool = False


def shares(deployed: Deployed) -> list[Share]:
    """Everything that is shared, and everything that the repository does not show, in the order of the aspects."""
    found = [*_compositions(deployed), *_terraform(deployed)]
    if deployed.ours:
        found += _roles(deployed)
    elif not (deployed.blocks or deployed.elsewhere or deployed.unread):
        found += [Share(aspect, aspect, "nothing in the repository says where it runs", open=True) for aspect in Aspect]
    found += [_open(f"{path} describes a deployment in a way that is not judged here", path) for path in deployed.elsewhere]
    found += [_open(f"{text.rstrip('.')}", text.partition(":")[0]) for text in deployed.unread]
    return sorted(dict.fromkeys(found), key=lambda item: list(Aspect).index(item.aspect))


def _open(text: str, path: str) -> Share:
    return Share(Aspect.NETWORK, path, text, Location(path), open=True)


# Compose files


def _compositions(deployed: Deployed) -> Iterator[Share]:
    for service in deployed.ours:
        yield from _networks(deployed, service)
        yield from _volumes(deployed, service)
        yield from _secrets(deployed, service)


def _networks(deployed: Deployed, service: Service) -> Iterator[Share]:
    part, place = service.part, Location(service.file, service.part.line)
    for space in part.hosts:
        yield Share(Aspect.NETWORK, f"{service.name}: {space}", f"{service.name} runs in the host's own {space} space", place)
    mode, _, named = part.network_mode.partition(":")
    if mode == "host":
        yield Share(Aspect.NETWORK, f"{service.name}: host", f"{service.name} is on the host's own network", place)
    elif mode == "container":
        yield Share(Aspect.NETWORK, f"{service.name}: {named}", f"{service.name} is on the network of the container {named}", place)
    if part.network_mode:
        return
    for key in part.networks:
        thing = _thing(deployed, service.file, "networks", key)
        called = thing.name if thing and thing.name else key
        if thing is not None and thing.external:
            text = f"{service.name} is on the network {called}, which is made elsewhere"
            yield Share(Aspect.NETWORK, called, text, Location(service.file, thing.line))
        elif others := [item.name for item in _same(deployed, service, "networks", key)]:
            yield Share(Aspect.NETWORK, called, f"{service.name} is on the network {called} with {listed(others)}", place)


def _volumes(deployed: Deployed, service: Service) -> Iterator[Share]:
    folder = posixpath.dirname(service.file)
    for other in service.part.taken_from:
        if other not in {item.name for item in deployed.ours if item.file == service.file}:
            text = f"{service.name} has the volumes of {other}"
            yield Share(Aspect.VOLUME, other, text, Location(service.file, service.part.line))
    for mount in service.part.mounts:
        place = Location(service.file, mount.line)
        if mount.bind:
            yield from _bound(deployed, service, mount.source, folder, place)
            continue
        thing = _thing(deployed, service.file, "volumes", mount.source)
        called = thing.name if thing and thing.name else mount.source
        if thing is not None and thing.external:
            yield Share(Aspect.VOLUME, called, f"{service.name} has the volume {called}, which is made elsewhere", place)
        elif thing is not None and thing.source:
            yield Share(
                Aspect.VOLUME, called, f"what else lies on {thing.source}, where the volume {called} is, is not shown", place, open=True
            )
        elif mount.source and (others := [item.name for item in _same(deployed, service, "volumes", mount.source)]):
            yield Share(Aspect.VOLUME, called, f"{service.name} has the volume {called} with {listed(others)}", place)


def _bound(deployed: Deployed, service: Service, source: str, folder: str, place: Location) -> Iterator[Share]:
    path = composition.filled(source, {})
    if "$" in path:
        yield Share(Aspect.VOLUME, source, f"which folder {source} is, which {service.name} mounts, is not shown", place, open=True)
    elif path not in _HARMLESS and (path.startswith(("/", "~")) or not deployed.is_own(posixpath.normpath(posixpath.join(folder, path)))):
        yield Share(Aspect.VOLUME, path, f"{service.name} mounts {path} of the host, which is not the project's own", place)


def _secrets(deployed: Deployed, service: Service) -> Iterator[Share]:
    place = Location(service.file, service.part.line)
    for path in service.env_files:
        others = [item.name for item in deployed.neighbours if path in item.env_files]
        if others:
            yield Share(Aspect.SECRET, path, f"{service.name} takes its settings from {path}, as {listed(others)} does", place)
        elif not deployed.is_own(path):
            yield Share(Aspect.SECRET, path, f"{service.name} takes its settings from {path}, which is not the project's own", place)
    for key in service.part.secrets:
        yield from _kept(deployed, service, key, place)
    for name in sorted(name for name in service.part.asks if _SECRET.fullmatch(name)):
        if others := [item.name for item in deployed.neighbours if name in item.part.asks]:
            yield Share(Aspect.SECRET, name, f"{service.name} is given the secret {name}, as {listed(others)} is", place)


def _kept(deployed: Deployed, service: Service, key: str, place: Location) -> Iterator[Share]:
    thing = _thing(deployed, service.file, "secrets", key)
    called = thing.name if thing and thing.name else key
    others = [item.name for item in _same(deployed, service, "secrets", key)]
    if others:
        yield Share(Aspect.SECRET, called, f"{service.name} is given the secret {called}, as {listed(others)} is", place)
    elif thing is not None and thing.external:
        yield Share(
            Aspect.SECRET, called, f"who else is given the secret {called}, which is made elsewhere, is not shown", place, open=True
        )
    elif thing is not None and thing.source and not deployed.is_own(_beside(service.file, thing.source)):
        yield Share(Aspect.SECRET, called, f"the secret {called} is kept in {thing.source}, which is not the project's own", place)


def _thing(deployed: Deployed, file: str, kind: str, key: str) -> Thing | None:
    return next((whole.thing(kind, key) for path, whole in deployed.files if path == file), None)


def _same(deployed: Deployed, service: Service, kind: str, key: str) -> Iterator[Service]:
    """The neighbours that use the same network, volume or secret: in the same file, by the same name, or in the same place."""
    mine = _thing(deployed, service.file, kind, key)
    for other in deployed.neighbours:
        for theirs in _used(other, kind):
            if other.file == service.file and theirs == key:
                yield other
                break
            thing = _thing(deployed, other.file, kind, theirs)
            named = thing is not None and mine is not None and mine.name != "" and mine.name == _called(thing)
            kept = (
                thing is not None
                and mine is not None
                and mine.source
                and _beside(service.file, mine.source) == _beside(other.file, thing.source)
            )
            if named or kept:
                yield other
                break


def _called(thing: Thing) -> str:
    return thing.name or (thing.key if thing.external else "")


def _used(service: Service, kind: str) -> Iterable[str]:
    if kind == "networks":
        return () if service.part.network_mode else service.part.networks
    if kind == "volumes":
        return [mount.source for mount in service.part.mounts if not mount.bind and mount.source]
    return service.part.secrets


def _beside(file: str, source: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), source)) if source else file


# Database roles


def _roles(deployed: Deployed) -> Iterator[Share]:
    for service in deployed.ours:
        place = Location(service.file, service.part.line)
        for role in service.roles:
            others = [
                item for item in deployed.services if item.program != service.program and any(_one(role, other) for other in item.roles)
            ]
            names = listed(sorted({item.name for item in others}))
            if others and role.unset:
                yield Share(
                    Aspect.ROLE, role.unset, f"{service.name} and {names} take one database role, whatever {role.unset} says", place
                )
            elif others:
                yield Share(Aspect.ROLE, role.user, f"{service.name} and {names} take the same database role, {role.user}", place)
            elif role.unset:
                text = f"which database role {service.name} takes is not shown: it is in {role.unset}"
                yield Share(Aspect.ROLE, role.unset, text, place, open=True)


def _one(role: Role, other: Role) -> bool:
    """Whether two roles are one: the same user of the same database, or what the same variable says."""
    if role.unset or other.unset:
        return role.unset == other.unset
    return role.user == other.user and (role.host == other.host or not role.host or not other.host)


# Terraform

_KINDS: Final = {
    Aspect.ROLE: "iam_role iam_user iam_instance_profile service_account user_assigned_identity postgresql_role sql_user",
    Aspect.NETWORK: "vpc vpcs subnet subnets virtual_network compute_network subnetwork security_group security_groups remote_state",
    Aspect.VOLUME: "ebs_volume efs_file_system s3_bucket storage_bucket compute_disk managed_disk storage_account db_instance rds_cluster "
    "sql_database_instance",
    Aspect.SECRET: "secretsmanager_secret secretsmanager_secret_version secret_manager_secret secret_manager_secret_version ssm_parameter "
    "key_vault key_vault_secret vault_generic_secret kms_key",
}
"""How the type of a block ends, whoever its provider is."""


def _aspect(kind: str) -> Aspect | None:
    return next((aspect for aspect, words in _KINDS.items() if kind.partition("_")[2] in words.split()), None)


def _terraform(deployed: Deployed) -> Iterator[Share]:
    """What a configuration looks up instead of making it is somebody else's; what a module makes is not shown."""
    for block in deployed.blocks:
        place = Location(block.file, block.line)
        aspect = _aspect(block.type) if block.kind == "data" else None
        if aspect is not None:
            yield Share(
                aspect, f"{block.type}.{block.name}", f"{block.type}.{block.name} is looked up, and so made and used elsewhere", place
            )
        if block.kind == "module":
            yield Share(Aspect.NETWORK, block.type, f"what the module {block.type} shares is not shown", place, open=True)
    if deployed.blocks and not deployed.ours:
        made = {_aspect(block.type) for block in deployed.blocks if block.kind == "resource"}
        for aspect in (aspect for aspect in Aspect if aspect not in made):
            text = f"no Terraform file makes a {aspect} of its own"
            yield Share(aspect, aspect, text, Location(deployed.blocks[0].file), open=True)

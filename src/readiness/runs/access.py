"""`access`: lints access policies, answers whether somebody may do something, and shows who may do what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from readiness.config import manifest as manifests
from readiness.errors import CannotJudge, InputError, UsageError
from readiness.formats.access_matrix import Matrix
from readiness.formats.cedar import Action, Declared, Fault, Policy, deciding, entities, guards
from readiness.formats.cedar.deciding import Decision, Request
from readiness.formats.cedar.entities import Entity, Uid, parse_uid
from readiness.layers.security import contradictions, exercise, explaining, matrix, policies
from readiness.layers.security.exercise import Exercised
from readiness.layers.security.explaining import Near
from readiness.layers.security.policies import Access
from readiness.world import project as projects

WRITE = "policies are written in policies/*.cedar, with their schema in policies/*.cedarschema"


@dataclass(frozen=True, slots=True)
class Linted:
    """The policies, everything that is wrong with them, and what asking them showed; None where nothing could be asked."""

    access: Access
    faults: tuple[Fault, ...]
    asked: Exercised | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The request as it was understood, the decision, the permits that came nearest, and the entities nobody described.

    `approvable` says that it is denied by nothing but forbids that somebody else's approval lifts.
    """

    request: Request
    decision: Decision
    near: tuple[Near, ...] = ()
    unknown: tuple[Uid, ...] = ()
    approvable: bool = False


def lint(root: Path, files: Sequence[Path] = ()) -> Linted:
    """Everything that is wrong with the policies of a project, or with the files named. Raises UsageError without any."""
    access = _named(files) if files else _gathered(root)
    live = [policy for policy in access.sound if not policy.template]
    faults = [*access.faults, *contradictions.find(access.sound, access.schema)]
    asked = exercise.exercise(live, access.schema, access.entities) if live else None
    for policy, request, text in asked.erred if asked else ():
        faults.append(Fault(policy.file, policy.line, f"errs at run time, and is skipped: {text}, asked {request}", policy.id))
    return Linted(access, tuple(sorted(faults, key=lambda fault: (fault.file, fault.line, fault.column))), asked)


def can(root: Path, words: tuple[str, str, str], context: str = "", entity_file: Path | None = None) -> Answered:
    """Whether a principal may do an action with a resource, by the policies of a project.

    Raises InputError where the policies or the entities are wrong, UsageError where the question is none, CannotJudge
    where a policy errs on it.
    """
    access = sound(root, entity_file)
    declared = access.schema.declared
    action = _action(words[1], declared)
    principal = _uid(words[0], action.principals, access.entities, "principal", action)
    resource = _uid(words[2], action.resources, access.entities, "resource", action)
    request = Request(principal, action.uid, resource, _context(context, action))
    live = [policy for policy in access.sound if not policy.template]
    try:
        (decision,) = deciding.Engine(live, access.schema.text, access.entities).decide([request])
    except CannotJudge as error:
        raise UsageError(error.message, "the schema says what can be asked: --context takes JSON") from None
    known = {entity.uid for entity in access.entities}
    unknown = tuple(uid for uid in (principal, resource) if uid not in known)
    if decision.turning:
        raise CannotJudge(*_undecided(decision.turning, unknown))
    near = () if decision.policies else explaining.nearest(live, access.schema.text, access.entities, request)
    return Answered(request, decision, near, unknown, _approvable(decision, live, access, request))


def table(root: Path, entity_file: Path | None = None) -> tuple[str, Matrix]:
    """The id of a project and its access matrix. Raises InputError where policies or entities are wrong."""
    access = sound(root, entity_file)
    found = matrix.make(access.sound, access.schema, access.entities, access.entity_files)
    return projects.load(root, manifests.load(root).project_id).id, found


def _gathered(root: Path) -> Access:
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    access = policies.gather(project, manifest)
    if access.none:
        globs = ", ".join(manifest.security.policies)
        raise UsageError(f"no file matches {globs}" if globs else "the manifest names no policies", WRITE)
    return access


def _named(files: Iterable[Path]) -> Access:
    found: dict[str, bytes | None] = {}
    for path in files:
        if not path.name.endswith((".cedar", ".cedarschema", ".json")):
            raise UsageError(f"{path} is neither a policy nor a schema by its name", "name files that end in .cedar or .cedarschema")
        try:
            found[path.as_posix()] = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}", WRITE) from None
    known = {name: data for name, data in found.items() if not name.endswith(policies.ENTITIES)}
    return policies.assess(known, {name: data for name, data in found.items() if name not in known})


def sound(root: Path, entity_file: Path | None = None) -> Access:
    """The policies of a project, where nothing is wrong with them. Raises InputError with everything that is."""
    access = _gathered(root)
    if entity_file is not None and access.schema.text:
        access = _with_entities(access, entity_file)
    if access.faults:
        raise InputError([str(fault) for fault in access.faults], "`readiness access lint` says more")
    return access


def _with_entities(access: Access, path: Path) -> Access:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "--entities names a file of Cedar's JSON") from None
    found, faults = entities.read(data, path.as_posix(), access.schema)
    kept = tuple(fault for fault in access.faults if fault.file not in access.entity_files)
    return replace(access, entities=found, entity_files=(path.as_posix(),), faults=(*kept, *faults))


# --- what the words mean -------------------------------------------------------------------------------------------------


def _action(word: str, declared: Declared) -> Action:
    found = [action for action in declared.actions if action.asked and word in (action.uid, action.name, action.uid.replace('"', ""))]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"`{word}` is more than one action", f"write {' or '.join(action.uid for action in found)}")
    names = [action.name for action in declared.actions if action.asked]
    near = get_close_matches(word, names, n=1) or names[:3]
    raise UsageError(f"no action `{word}` that anybody can ask for", f"there is {', '.join(f'`{name}`' for name in near)}")


def _uid(word: str, types: tuple[str, ...], known: Sequence[Entity], what: str, action: Action) -> Uid:
    """The entity a word means: in full, as `User::ada`, or an id that only one entity or one type can have."""
    uid = parse_uid(word) or _unquoted(word, types)
    if uid is None:
        named = [entity.uid for entity in known if entity.uid.id == word and entity.uid.type in types]
        found = named or [Uid(name, word) for name in types]
        if len(found) != 1:
            raise UsageError(f"`{word}` can be more than one {what}", f"write {' or '.join(str(one) for one in found[:4])}")
        return found[0]
    if uid.type not in types:
        near = get_close_matches(uid.type, types, n=1) or types
        raise UsageError(f"no {uid.type} can be the {what} of {action.uid}", f"it is for {', '.join(near)}")
    return uid


def _unquoted(word: str, types: tuple[str, ...]) -> Uid | None:
    kind, mark, name = word.rpartition("::")
    return Uid(kind, name) if mark and (kind in types or kind.replace("::", "").isidentifier()) else None


def _context(text: str, action: Action) -> Mapping[str, object]:
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--context is no JSON: {error}", "such as '{\"hour\": 9}'") from None
    if not isinstance(found, dict):
        raise UsageError("--context must be an object of JSON", "such as '{\"hour\": 9}'")
    lacking = [item.name for item in action.context if item.required and item.name not in found]
    if lacking:
        raise UsageError(
            f"{action.uid} needs {', '.join(f'`{name}`' for name in lacking)} in its context", f"--context '{{\"{lacking[0]}\": …}}'"
        )
    return found


def _approvable(decision: Decision, live: Sequence[Policy], access: Access, request: Request) -> bool:
    """Whether it would be allowed, were it not for forbids that an approval lifts."""
    if decision.allowed or not decision.policies or not all(map(guards.needs_approval, decision.policies)):
        return False
    (lifted,) = deciding.Engine(guards.lifted(live), access.schema.text, access.entities).decide([request])
    return lifted.allowed and not lifted.turning


def _undecided(erred: tuple[tuple[Policy, str], ...], unknown: tuple[Uid, ...]) -> tuple[str, str]:
    policy, text = erred[0]
    hint = f"describe {', '.join(str(uid) for uid in unknown)} in policies/{policies.ENTITIES}, or with --entities" if unknown else ""
    return f"the policy `{policy.id}` at {policy.place} errs on it: {text}", hint

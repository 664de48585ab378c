"""The one list of checks. A check is one line here, one file, one test, one folder of assets.

Third parties add theirs with an entry point of the group `readiness.checks` that names a `CheckSpec`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from readiness.errors import UsageError
from readiness.sequence.check import CheckSpec, Cost
from readiness.sequence.finding import Finding
from readiness.sequence.layers import ORDER, Layer
from readiness.sequence.mode import Mode
from readiness.sequence.stakes import Policy, Stakes

_I: Final = "readiness.layers.infrastructure.checks"
_S: Final = "readiness.layers.security.checks"
_D: Final = "readiness.layers.data.checks"
_O: Final = "readiness.layers.observability.checks"
_M: Final = "readiness.layers.measurement.checks"
_G: Final = "readiness.layers.organization.checks"
_RESEARCH: Final = frozenset({Mode.RESEARCH})
_PROTOTYPE: Final = frozenset({Mode.PROTOTYPE})
_CRISIS: Final = frozenset({Mode.CRISIS})

_INFRASTRUCTURE: Final = (
    CheckSpec("infrastructure.installs", Layer.INFRASTRUCTURE, "installs", Cost.INSTALL, f"{_I}.installs"),
    CheckSpec("infrastructure.starts", Layer.INFRASTRUCTURE, "starts", Cost.RUN, f"{_I}.starts"),
    CheckSpec("infrastructure.dependencies-locked", Layer.INFRASTRUCTURE, "dependencies locked", Cost.INSTALL, f"{_I}.dependencies_locked"),
    CheckSpec("infrastructure.images-pinned", Layer.INFRASTRUCTURE, "images pinned", Cost.STATIC, f"{_I}.images_pinned", beyond=True),
    CheckSpec(
        "infrastructure.configuration-complete",
        Layer.INFRASTRUCTURE,
        "configuration complete",
        Cost.RUN,
        f"{_I}.configuration_complete",
        beyond=True,
    ),
    CheckSpec(
        "infrastructure.recreates-elsewhere",
        Layer.INFRASTRUCTURE,
        "recreates elsewhere",
        Cost.LONG,
        f"{_I}.recreates_elsewhere",
        modes=_RESEARCH,
    ),
    CheckSpec("infrastructure.migrations-apply", Layer.INFRASTRUCTURE, "migrations apply", Cost.RUN, f"{_I}.migrations_apply"),
    CheckSpec(
        "infrastructure.drift-explained", Layer.INFRASTRUCTURE, "drift explained", Cost.INSTALL, f"{_I}.drift_explained", None, live=True
    ),
    CheckSpec(
        "infrastructure.rolls-back",
        Layer.INFRASTRUCTURE,
        "rolls back",
        Cost.LONG,
        f"{_I}.rolls_back",
        Stakes.MONEY,
        history=True,
    ),
    CheckSpec("infrastructure.tests-bite", Layer.INFRASTRUCTURE, "tests bite", Cost.LONG, f"{_I}.tests_bite", Stakes.MONEY),
    CheckSpec(
        "infrastructure.few-containers", Layer.INFRASTRUCTURE, "few containers", Cost.STATIC, f"{_I}.few_containers", None, _PROTOTYPE
    ),
    CheckSpec(
        "infrastructure.survives-perturbation",
        Layer.INFRASTRUCTURE,
        "survives perturbation",
        Cost.LONG,
        f"{_I}.survives_perturbation",
        Stakes.MONEY,
    ),
    CheckSpec(
        "infrastructure.recreated-by-somebody-else",
        Layer.INFRASTRUCTURE,
        "recreated by others",
        Cost.LONG,
        f"{_I}.recreated_by_somebody_else",
        Stakes.REGULATION,
    ),
)
_SECURITY: Final = (
    CheckSpec("security.secrets-absent", Layer.SECURITY, "secrets absent", Cost.RUN, f"{_S}.secrets_absent", history=True),
    CheckSpec("security.runtime-redacts", Layer.SECURITY, "runtime redacts", Cost.RUN, f"{_S}.runtime_redacts", Stakes.MONEY),
    CheckSpec("security.anonymous-refused", Layer.SECURITY, "anonymous refused", Cost.RUN, f"{_S}.anonymous_refused"),
    CheckSpec("security.probes-withstood", Layer.SECURITY, "probes withstood", Cost.RUN, f"{_S}.probes_withstood", Stakes.MONEY),
    CheckSpec("security.policy-valid", Layer.SECURITY, "policy valid", Cost.STATIC, f"{_S}.policy_valid"),
    CheckSpec("security.grants-match", Layer.SECURITY, "grants match", Cost.RUN, f"{_S}.grants_match", Stakes.MONEY),
    CheckSpec("security.forbidden-refused", Layer.SECURITY, "forbidden refused", Cost.RUN, f"{_S}.forbidden_refused", Stakes.MONEY),
    CheckSpec("security.retrieval-isolated", Layer.SECURITY, "retrieval isolated", Cost.RUN, f"{_S}.retrieval_isolated", Stakes.MONEY),
    CheckSpec("security.budgets-kept", Layer.SECURITY, "budgets kept", Cost.RUN, f"{_S}.budgets_kept", Stakes.MONEY),
    # `history` since a report may name the commit it is about
    CheckSpec(
        "security.dependencies-audited",
        Layer.SECURITY,
        "dependencies audited",
        Cost.STATIC,
        f"{_S}.dependencies_audited",
        Stakes.REGULATION,
        history=True,
    ),
    CheckSpec(
        "security.infrastructure-code-scanned",
        Layer.SECURITY,
        "infra code scanned",
        Cost.STATIC,
        f"{_S}.infrastructure_code_scanned",
        Stakes.REGULATION,
        history=True,
    ),
    # `history` since the age of a secret kept in a file is that of the file's last commit
    CheckSpec(
        "security.secrets-referenced",
        Layer.SECURITY,
        "secrets referenced",
        Cost.STATIC,
        f"{_S}.secrets_referenced",
        Stakes.MONEY,
        history=True,
    ),
    # `history` since the approver must not be who changed the data last
    CheckSpec(
        "security.training-data-signed",
        Layer.SECURITY,
        "training data signed",
        Cost.RUN,
        f"{_S}.training_data_signed",
        Stakes.REGULATION,
        history=True,
    ),
    CheckSpec("security.no-sensitive-data", Layer.SECURITY, "no sensitive data", Cost.RUN, f"{_S}.no_sensitive_data", None, _PROTOTYPE),
    CheckSpec("security.isolated", Layer.SECURITY, "isolated", Cost.STATIC, f"{_S}.isolated", None, _CRISIS, beyond=True),
)
_DATA: Final[tuple[CheckSpec, ...]] = (
    CheckSpec("data.contracts-exist", Layer.DATA, "contracts exist", Cost.RUN, f"{_D}.contracts_exist"),
    CheckSpec("data.contracts-hold", Layer.DATA, "contracts hold", Cost.RUN, f"{_D}.contracts_hold"),
    CheckSpec("data.contracts-bite", Layer.DATA, "contracts bite", Cost.RUN, f"{_D}.contracts_bite", Stakes.MONEY),
)
_OBSERVABILITY: Final[tuple[CheckSpec, ...]] = (
    CheckSpec("observability.traces-complete", Layer.OBSERVABILITY, "traces complete", Cost.RUN, f"{_O}.traces_complete", modes=_CRISIS),
    CheckSpec(
        "observability.decisions-carry-context",
        Layer.OBSERVABILITY,
        "decisions carry context",
        Cost.RUN,
        f"{_O}.decisions_carry_context",
    ),
)
_MEASUREMENT: Final[tuple[CheckSpec, ...]] = (
    # `history` since no unit may be younger than the build: the first commit decides, and more commits may move it.
    CheckSpec(
        "measurement.outcome-defined",
        Layer.MEASUREMENT,
        "outcome defined",
        Cost.RUN,
        f"{_M}.outcome_defined",
        history=True,
    ),
    CheckSpec(
        "measurement.baseline-precedes-build",
        Layer.MEASUREMENT,
        "baseline precedes build",
        Cost.RUN,
        f"{_M}.baseline_precedes_build",
        history=True,
    ),
    CheckSpec(
        "measurement.kill-switch-works", Layer.MEASUREMENT, "kill switch works", Cost.RUN, f"{_M}.kill_switch_works", Stakes.MONEY, _CRISIS
    ),
)

OURS: Final[tuple[CheckSpec, ...]] = (*_INFRASTRUCTURE, *_SECURITY, *_DATA, *_OBSERVABILITY, *_MEASUREMENT)
"""The checks of the five layers."""

ORGANIZATION: Final[tuple[CheckSpec, ...]] = (
    CheckSpec("organization.owner-active", None, "owner active", Cost.STATIC, f"{_G}.owner_active", history=True),
    CheckSpec("organization.can-be-stopped", None, "can be stopped", Cost.STATIC, f"{_G}.can_be_stopped", history=True),
    CheckSpec("organization.duties-separated", None, "duties separated", Cost.STATIC, f"{_G}.duties_separated", Stakes.MONEY, history=True),
)
"""Conditions on approval: they gate `approve`, never `check`."""


@dataclass(frozen=True, slots=True)
class Implementation:
    """The two halves of a check: `observe` touches the world, `judge` is pure; and its documentation."""

    observe: Callable[..., Any]
    judge: Callable[[Any, Policy], Finding]
    doc: str


def specs(*, plugins: bool = True) -> tuple[CheckSpec, ...]:
    """Every check, in the order of the sequence; within a layer ours first, then those of others by id.

    Raises UsageError where a plugin is broken or takes a name that is taken.
    """
    others = _plugins() if plugins else ()
    taken = {spec.id for spec in (*OURS, *ORGANIZATION)}
    for spec in others:
        if spec.id in taken:
            raise UsageError(f"the check `{spec.id}` is installed twice", f"uninstall one of its packages ({spec.module})")
        taken.add(spec.id)
    return tuple(sorted((*OURS, *others), key=lambda spec: (_number(spec), spec not in OURS)))


def _number(spec: CheckSpec) -> int:
    return len(ORDER) if spec.layer is None else ORDER.index(spec.layer)


def with_history() -> frozenset[str]:
    """Ids of the checks that look at the history of the repository."""
    return frozenset(spec.id for spec in (*OURS, *ORGANIZATION) if spec.history)


def looking_beyond() -> frozenset[str]:
    """Ids of the checks that look at the rest of the repository a project is a part of."""
    return frozenset(spec.id for spec in (*OURS, *ORGANIZATION) if spec.beyond)


def foreign(check: str) -> str:
    """The module of a check that another package brings; empty for one of ours, and for one that nobody brings."""
    if any(spec.id == check for spec in (*OURS, *ORGANIZATION)):
        return ""
    return next((spec.module for spec in _plugins() if spec.id == check), "")


def of_live_systems() -> frozenset[str]:
    """Ids of the checks that look at what is running."""
    return frozenset(spec.id for spec in (*OURS, *ORGANIZATION) if spec.live)


def _plugins() -> tuple[CheckSpec, ...]:
    from importlib.metadata import entry_points

    found: list[CheckSpec] = []
    for point in sorted(entry_points(group="readiness.checks"), key=lambda item: item.name):
        try:
            spec = point.load()
        except Exception as error:
            raise UsageError(f"the check plugin `{point.name}` does not load: {error}", f"uninstall or repair {point.value}") from error
        if not isinstance(spec, CheckSpec):
            raise UsageError(f"the check plugin `{point.name}` names no CheckSpec", f"repair {point.value}")
        found.append(spec)
    return tuple(found)


def load(spec: CheckSpec) -> Implementation:
    """The implementation of a check. Raises UsageError where its module lacks one of the two halves."""
    module = import_module(spec.module)
    try:
        return Implementation(module.observe, module.judge, module.__doc__ or "")
    except AttributeError as error:
        raise UsageError(f"{spec.module} is no check: {error}", "a check has `observe` and `judge`") from None


def find(name: str) -> CheckSpec:
    """The check of that id, or of a unique ending of it (`starts`). Raises UsageError naming near ones."""
    from difflib import get_close_matches

    known = (*specs(), *ORGANIZATION)
    found = [spec for spec in known if spec.id == name] or [spec for spec in known if spec.id.endswith(f".{name}")]
    if len(found) == 1:
        return found[0]
    near = get_close_matches(name, [spec.id for spec in known] + [spec.id.partition(".")[2] for spec in known], n=2)
    raise UsageError(f"no check `{name}`", f"did you mean {' or '.join(near)}?" if near else "`readiness checks` lists them")

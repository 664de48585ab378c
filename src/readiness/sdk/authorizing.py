"""May this principal do this with that? Asked of the Cedar policies of the project, and denied wherever that is not clear.

    asked = authorize('Agent::"refunds"', "refund", Entity("Order", "o-1", {"total": 40}), {"amount": 40})
    if asked.allowed: ...

The answer is that of `readiness access can`. Beyond it, the SDK counts budgets, has approvals asked for, and takes nobody
for granted: a principal or a resource that only its name is known of is denied.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from readiness.sdk import asking
from readiness.sdk.answers import (
    APPROVAL,
    BUDGET,
    CLOSED,
    ERROR,
    EVENT,
    FORBIDDEN,
    NOT_PERMITTED,
    PERMITTED,
    REQUEST,
    Approval,
    Authorization,
    Denied,
    Entity,
    attributes,
    name,
)
from readiness.sdk.asking import Named, Question
from readiness.sdk.counting import Counts, Memory, Shared
from readiness.sdk.loading import Closed, Loaded, Policies
from readiness.sdk.recording import note
from readiness.sdk.surroundings import LOG, Harmless

if TYPE_CHECKING:
    from readiness.formats.cedar.deciding import Decision, Engine, Request
    from readiness.formats.cedar.entities import Entity as Described

Approver = Callable[[Authorization], "Approval | Entity | str | None"]
"""Asks somebody about a request; None where nobody has agreed."""
_APPROVALS_KEPT: Final = 10_000


class Guard:
    """The policies in one folder, and how often they permitted."""

    def __init__(self, folder: Path | str, counts: Counts | None = None) -> None:
        self.policies = Policies(Path(folder))
        self._counts: Counts = counts if counts is not None else Memory()
        self._used: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def authorize(
        self,
        principal: str | Entity,
        action: str,
        resource: str | Entity,
        context: Mapping[str, object] | None = None,
        *,
        approval: Approval | Approver | None = None,
    ) -> Authorization:
        """See `authorize`."""
        question, found = self.ask(principal, action, resource, context)
        if question is None or not found.needs_approval or approval is None:
            return self.tell(question, found)
        given: object = None if callable(approval) else approval
        if callable(approval):
            with Harmless("asking for an approval"):  # who cannot be asked has not agreed
                given = approval(found)
        return self.tell(question, self.approved(question, found, given, asked_now=callable(approval)))

    def ask(
        self, principal: str | Entity, action: str, resource: str | Entity, context: Mapping[str, object] | None
    ) -> tuple[Question | None, Authorization]:
        """The request as it was understood and the answer without any approval; nothing is told yet."""
        blank = Authorization(False, name(principal), str(action), name(resource))
        try:
            question = asking.question(self.policies.current(), principal, action, resource, context)
        except Closed as closed:
            return None, blank._replace(reason=CLOSED, errors=closed.errors)
        except Denied as denied:
            return None, blank._replace(reason=denied.reason, errors=denied.errors)
        except Exception as error:  # noqa: BLE001  whatever is handed over, the answer is no and not an exception
            return None, blank._replace(reason=REQUEST, errors=(f"it cannot be asked: {error}",))
        return question, self._decided(question)

    def approved(self, question: Question, pending: Authorization, given: object, *, asked_now: bool) -> Authorization:
        """The answer where somebody agreed; `given` as an approver returns it, `asked_now` where it was asked for this request."""
        if given is None:
            return pending
        try:
            question = question.under(self.policies.current())  # whoever agreed may have taken a day
            approver, one = asking.approver(question, given, asked_now=asked_now)
            with self._lock:
                if one is not None and one in self._used:
                    raise Denied(APPROVAL, "the approval was used already")
                found = self._decided(question, approver)
                if found.allowed and one is not None:
                    self._used[one] = None
                    while len(self._used) > _APPROVALS_KEPT:
                        self._used.popitem(last=False)
        except Closed as closed:
            return pending._replace(reason=CLOSED, errors=closed.errors)
        except Denied as denied:
            return pending._replace(reason=denied.reason, errors=denied.errors)
        except Exception as error:  # noqa: BLE001  see above
            return pending._replace(errors=(f"the approval cannot be taken: {error}",))
        if found.reason in (REQUEST, ERROR):  # of whoever agreed, since the request itself could be decided
            return pending._replace(reason=found.reason, errors=found.errors)
        return found._replace(approved_by=str(approver.uid) if found.allowed else "")

    def tell(self, question: Question | None, found: Authorization) -> Authorization:
        """Records an answer on the current decision; returns it."""
        note(EVENT, attributes(found, question.loaded.names if question is not None else frozenset()))
        return found

    def _decided(self, question: Question, approver: Named | None = None) -> Authorization:
        request, described = question.request, question.described
        if approver is not None:
            from readiness.formats.cedar import guards
            from readiness.formats.cedar.deciding import Request

            agreed = {**request.context, guards.APPROVED_BY: {"__entity": approver.uid.json}}
            request = Request(request.principal, request.action, request.resource, agreed)
            described = asking.merged([*described, *approver.described])
        blank = Authorization(
            False, str(request.principal), request.action, str(request.resource), reason=NOT_PERMITTED, request=question.digest
        )
        try:
            return self._judged(question.loaded, request, described, blank, lacks=approver is None)
        except Denied as denied:
            return blank._replace(reason=denied.reason, errors=denied.errors)
        except Exception as error:  # noqa: BLE001  a file of counts that cannot be written, the engine's own faults
            LOG.debug("readiness: an authorization went wrong, and is denied", exc_info=error)
            return blank._replace(reason=ERROR, errors=(f"it cannot be decided: {error}",))

    def _judged(
        self, loaded: Loaded, request: Request, described: tuple[Described, ...], blank: Authorization, *, lacks: bool
    ) -> Authorization:
        decision = _decide(loaded.engine, request, described)
        ids = tuple(policy.id for policy in decision.policies)
        if decision.allowed:
            return self._within(loaded, ids, blank)
        if not decision.policies:
            return blank
        found = blank._replace(policies=ids, reason=FORBIDDEN)
        if loaded.lifted is not None and set(ids) <= loaded.approvals and _decide(loaded.lifted, request, described).allowed:
            said = () if lacks else ("whoever agreed may not: the policy forbids it all the same",)
            return found._replace(needs_approval=True, reason=APPROVAL, errors=said)
        return found

    def _within(self, loaded: Loaded, ids: tuple[str, ...], blank: Authorization) -> Authorization:
        """Counts a permitted request; denied where every permit has a budget and none has room left."""
        asked = [(name, loaded.budgets[name]) for name in ids if name in loaded.budgets]
        if not asked:
            return blank._replace(allowed=True, policies=ids, reason=PERMITTED)
        taken = self._counts.take(blank.principal, asked)
        spent = {name for name, _ in asked} - taken.policies
        left = tuple(name for name in ids if name not in spent)
        if left:
            return blank._replace(allowed=True, policies=left, reason=PERMITTED)
        texts = tuple(f"the budget of {name}, {budget.text}, is spent" for name, budget in asked)
        return blank._replace(policies=ids, reason=BUDGET, errors=texts, retry_after_s=taken.retry_after_s)


def _decide(engine: Engine, request: Request, described: tuple[Described, ...]) -> Decision:
    from readiness.errors import CannotJudge

    try:
        (decision,) = engine.decide([request], described)
    except CannotJudge as error:
        raise Denied(REQUEST, error.message) from None
    if decision.turning:
        raise Denied(ERROR, *(f"the policy {policy.id} errs: {text}" for policy, text in decision.turning))
    return decision


_default: list[Guard] = []
_making = threading.Lock()


def default() -> Guard:
    """The guard of this process: READINESS_POLICIES or `policies` where it was first asked; READINESS_BUDGET_FILE is shared."""
    if not _default:
        with _making:
            if not _default:
                file = os.environ.get("READINESS_BUDGET_FILE")
                folder = Path(os.environ.get("READINESS_POLICIES") or "policies").absolute()
                _default.append(Guard(folder, Shared(Path(file)) if file else Memory()))
    return _default[0]


def authorize(
    principal: str | Entity,
    action: str,
    resource: str | Entity,
    context: Mapping[str, object] | None = None,
    *,
    approval: Approval | Approver | None = None,
) -> Authorization:
    """Whether a principal may do an action with a resource, by `policies/*.cedar`; an allowed request counts in its budgets.

    A text names an entity of `entities.json`; of any other one hand over an `Entity`. Where somebody has to agree,
    `approval` is asked, or is the record of it. It raises nothing: whatever goes wrong is a denial that says why.
    """
    return default().authorize(principal, action, resource, context, approval=approval)


def _forget() -> None:
    """A forked child begins with locks of its own, and counts for itself."""
    global _making
    _default.clear()
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)

"""Functions that run only where the policies allow it: `@guarded("refund", principal=…, resource=…)`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, ParamSpec, TypeVar, cast

from readiness.sdk.answers import REQUEST, Approval, Authorization, Entity
from readiness.sdk.authorizing import Guard, default
from readiness.sdk.surroundings import Harmless

P = ParamSpec("P")
R = TypeVar("R")

Given = str | Entity | Callable[..., str | Entity]
_MISSING: Final = "the function has no parameter"


class Refused(Exception):
    """The policies did not allow it, and nothing of the function was run; `authorization` says why.

    Its message names no principal and no resource, since a span records it: `Action::"refund" is refused: forbidden, says x`.
    """

    def __init__(self, authorization: Authorization) -> None:
        by = f", says {', '.join(authorization.policies)}" if authorization.policies else ""
        super().__init__(f"{authorization.action} is refused: {authorization.reason}{by}")
        self.authorization = authorization

    @property
    def policies(self) -> tuple[str, ...]:
        """The ids of the policies that decided."""
        return self.authorization.policies

    @property
    def needs_approval(self) -> bool:
        """Whether nothing but somebody's agreement lacks."""
        return self.authorization.needs_approval


def guarded(
    action: str,
    *,
    principal: Given,
    resource: Given,
    context: Mapping[str, object] | Callable[..., Mapping[str, object]] | None = None,
    approval: Callable[[Authorization], object] | None = None,
    guard: Guard | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator: each call of the function is authorized first, and raises Refused where it is not allowed.

    `principal`, `resource` and `context` are values, or functions of those parameters of the call that they name:
    `context=lambda amount: {"amount": amount}`. An `approval` may be a coroutine function where the function is one.
    Raises TypeError, when it decorates, where one names a parameter that the function does not have.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        return _decorated(function, _Asked(function, action, principal, resource, context, approval, guard))

    return decorate


class _Asked:
    """What is asked before each call of a function."""

    def __init__(
        self,
        function: Callable[..., object],
        action: str,
        principal: Given,
        resource: Given,
        context: Mapping[str, object] | Callable[..., Mapping[str, object]] | None,
        approval: Callable[[Authorization], object] | None,
        guard: Guard | None,
    ) -> None:
        import inspect

        self.action = action
        self.approval = approval
        self._guard = guard
        self._signature = inspect.signature(function)
        self._made = {"principal": self._maker(principal), "resource": self._maker(resource), "context": self._maker(context)}

    def _maker(self, given: object) -> Callable[[Mapping[str, object]], object]:
        if not callable(given):
            return lambda _: given
        import inspect

        names = list(inspect.signature(given).parameters)
        unknown = [name for name in names if name not in self._signature.parameters]
        if unknown:
            raise TypeError(f"{_MISSING} `{unknown[0]}`: it has {', '.join(self._signature.parameters) or 'none'}")
        return lambda arguments: given(**{name: arguments[name] for name in names})

    @property
    def guard(self) -> Guard:
        return self._guard or default()

    def made(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, Any]:
        """What is asked of this call. Raises TypeError for a call that the function does not take, as the function would."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        try:
            return {name: make(bound.arguments) for name, make in self._made.items()}
        except Exception as error:
            blank = Authorization(False, "", self.action, "", reason=REQUEST, errors=(f"it cannot be asked: {type(error).__name__}",))
            raise Refused(self.guard.tell(None, blank)) from error


# The wrapper gives back what it was given; whether that is awaited is told apart at run time, which no type can say.
def _decorated(function: Callable[P, R], asked: _Asked) -> Callable[P, R]:
    import inspect

    call: Any = function

    def plain(*args: P.args, **kwargs: P.kwargs) -> R:
        found = asked.guard.authorize(**asked.made(args, kwargs), action=asked.action, approval=cast("Any", asked.approval))
        if not found.allowed:
            raise Refused(found)
        return function(*args, **kwargs)

    async def awaited(*args: P.args, **kwargs: P.kwargs) -> object:
        guard = asked.guard
        question, found = guard.ask(action=asked.action, **asked.made(args, kwargs))
        if question is not None and found.needs_approval and asked.approval is not None:
            given = await _agreed(asked.approval, found)
            found = guard.approved(question, found, given, asked_now=True)
        if not guard.tell(question, found).allowed:
            raise Refused(found)
        return await call(*args, **kwargs)

    chosen: Any = awaited if inspect.iscoroutinefunction(function) else plain
    return cast("Callable[P, R]", functools.wraps(function)(chosen))


async def _agreed(approval: Callable[[Authorization], object], pending: Authorization) -> Approval | Entity | str | None:
    import inspect

    given: Any = None
    with Harmless("asking for an approval"):
        given = approval(pending)
        if inspect.isawaitable(given):
            given = await given
    return cast("Approval | Entity | str | None", given)

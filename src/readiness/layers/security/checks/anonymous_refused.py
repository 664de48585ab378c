"""Who does not say who they are, or says it wrongly, is refused; routes that anyone may ask are listed.

Proves: on every route the demo asks, the credential decides, and not the politeness of the caller.
Needed above: whose data a request may read is decided by who asks; nobody is nobody's owner.
Executed: the server of the demo is asked each of its requests as declared, then without the headers that name a secret
or carry a credential (`Authorization`, `Cookie`, `X-API-Key` …), then with another value in them. Refused is 401, 403, or a
redirect to a login; a redirect is looked at, not followed. 400, 404, 405, 422 refuse without saying so: they count only
where a wrong credential is answered by 401 or 403, which shows that it is looked at. 5xx and no answer prove nothing.
Cannot see: routes the demo does not ask, a credential in the path or body, whether one user sees what is another's.
Repair: require a credential on every route, and send it: `headers = { Authorization = "Bearer {API_TOKEN}" }`; a route
meant for everybody is listed under `public` in [security].
Source: endpoints of a demo that went to production as they were, and answer whoever finds them.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from email.parser import HeaderParser
from urllib.parse import urlsplit

from readiness.config.manifest import Request
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted
from readiness.world import demo as demos
from readiness.world.context import Context
from readiness.world.watched import Answer

ID = "security.anonymous-refused"
REFUSED, ANSWERED, VEILED, UNTOLD = "refused", "answered", "refused without saying so", "untold"
_LOGIN = re.compile(r"log-?in|sign-?in|auth|sso|saml|session|account|oidc|connect/authorize", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """How one request was answered: what that means (REFUSED, ANSWERED, VEILED, UNTOLD), and the status in words."""

    meaning: str
    said: str


@dataclass(frozen=True, slots=True)
class Route:
    """A request of the demo: whether it carries a credential, and how it was answered without and with a wrong one.

    `body` is what it sends, as JSON; empty where it sends nothing.
    """

    id: str
    route: str
    credentials: bool
    anonymous: Reply
    wrong: Reply | None = None
    body: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """The routes that are not public, and how many are; `cause` and `reason` say why they could not be asked."""

    demo: str = ""
    location: Location | None = None
    server: bool = False
    requests: int = 0
    public: int = 0
    routes: tuple[Route, ...] = ()
    cause: Cause = Cause.NONE
    reason: str = ""


def observe(context: Context) -> Observed:
    """Asks the server as declared, without credentials and with wrong ones."""
    demo, session = context.demo.demo, context.session
    if demo is None or demo.server is None:
        return Observed(demos.name(demo) if demo is not None else "")
    closed = [request for request in demo.requests if _route(request) not in context.manifest.security.public]
    count, place = len(demo.requests), Location(context.demo.source, demo.line)

    def told(routes: tuple[Route, ...] = (), cause: Cause = Cause.NONE, reason: str = "") -> Observed:
        return Observed(demos.name(demo), place, True, count, count - len(closed), routes, cause, reason)

    if not closed:
        return told()
    if session.blocked is not Cause.NONE:
        return told(cause=session.blocked, reason=session.why_blocked)
    first = context.demo.first
    if not first.ran.ok:
        return told(cause=Cause.NOT_EXERCISED, reason=f"the demo did not run: {first.ran.last_error}")
    answers = {(answer.id, answer.phase): answer for answer in context.demo.attacked.watched.answers}
    return told(tuple(_asked(request, answers) for request in closed))


def _route(request: Request) -> str:
    return f"{request.method} {request.path.partition('?')[0]}"


def _asked(request: Request, answers: dict[tuple[str, str], Answer]) -> Route:
    named = bool(demos.credentials(request))
    right = answers.get((request.id, "demo"))
    anonymous = _reply(request, answers.get((request.id, "anonymous")), right)
    wrong = _reply(request, answers.get((request.id, "wrong")), right) if named else None
    body = "" if request.json is None else json.dumps(request.json, ensure_ascii=False)
    return Route(request.id, _route(request), named, anonymous, wrong, body)


def _reply(request: Request, answer: Answer | None, right: Answer | None) -> Reply:
    if answer is None or answer.status is None:
        return Reply(UNTOLD, f"not answered ({answer.error})" if answer is not None and answer.error else "not answered")
    status, said = answer.status, f"answered {answer.status}"
    if status in (401, 403):
        return Reply(REFUSED, said)
    if 300 <= status < 400:
        target = HeaderParser().parsestr(answer.headers).get("location", "")
        return Reply(REFUSED, f"sent to {target}") if _is_login(request, target) else Reply(UNTOLD, f"{said}, to {target or 'nowhere'}")
    if status < 300:
        same = right is not None and right.body == answer.body
        return Reply(UNTOLD, f"{said} with a login page or an error in it") if not same and _declines(answer) else Reply(ANSWERED, said)
    return Reply(VEILED if status in (400, 404, 405, 422) else UNTOLD, said)


def _is_login(request: Request, target: str) -> bool:
    # `/ask` to `/ask/`, or to https, asks the same thing again; only another place can be where one logs in.
    there = urlsplit(target)
    return there.path.rstrip("/") != request.path.partition("?")[0].rstrip("/") and _LOGIN.search(f"{there.netloc}{there.path}") is not None


def _declines(answer: Answer) -> bool:
    """Whether a 2xx nonetheless looks like a refusal; nobody can tell it from an answer by its status."""
    text = answer.body[:65536].decode("utf-8", "replace")
    return bool(
        re.search(r"type=[\"']?password|unauthori[sz]ed|unauthenticated|not (?:logged|signed) in|forbidden|log ?in to continue", text, re.I)
    )


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where an answer is given to nobody, and more so where it is given for any credential."""
    if not observed.server:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="the demo is no server" if observed.demo else "there is no demo")
    if not observed.requests:
        remedy = Remedy("name the requests the demo answers: [[demo.request]] in readiness.toml", "readiness init")
        return no_finding(ID, "the server is asked nothing: no request is declared", Cause.NOT_EXERCISED, remedy)
    if observed.public == observed.requests:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.DECLARED, reason="every route the demo asks is listed as public")
    if observed.cause is not Cause.NONE:
        return no_finding(ID, observed.reason, observed.cause)
    problems = tuple(problem for route in observed.routes if (problem := _problem(route, observed.location)))
    if problems:
        return _failing(observed, problems)
    unclear = [text for route in observed.routes if (text := _unclear(route))]
    if unclear:
        remedy = Remedy("answer who has no credential, or a wrong one, with 401 or 403")
        return no_finding(ID, f"whether nobody is refused cannot be told: {unclear[0]}", Cause.NOT_EXERCISED, remedy)
    text = f"{len(observed.routes)} of {counted(observed.requests, 'request')} refused without a credential and with a wrong one"
    notes = (f"{observed.public} asked of routes listed as public",) if observed.public else ()
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed.demo, "401, 403 or a login", text, location=observed.location, notes=notes)


def _problem(route: Route, location: Location | None) -> Problem | None:
    if route.wrong is not None and route.wrong.meaning == ANSWERED and route.anonymous.meaning != ANSWERED:
        return Problem(route.route, f"{route.route} accepts any credential: with a wrong one it {route.wrong.said}", location)
    if route.anonymous.meaning != ANSWERED:
        return None
    if not route.credentials:
        return Problem(route.route, f"{route.route} asks for no credential: anyone who can reach it may ask", location)
    also = ", and a wrong one is accepted too" if route.wrong is not None and route.wrong.meaning == ANSWERED else ""
    return Problem(route.route, f"{route.route} is answered without its credential ({route.anonymous.said}){also}", location)


def _unclear(route: Route) -> str:
    """Why a route neither fails nor is shown to refuse; empty where it is."""
    checked = route.wrong is not None and route.wrong.meaning == REFUSED
    if route.anonymous.meaning == UNTOLD or (route.anonymous.meaning == VEILED and not checked):
        return f"{route.route} without a credential: {route.anonymous.said}"
    if route.wrong is not None and route.wrong.meaning == UNTOLD:
        return f"{route.route} with a wrong credential: {route.wrong.said}"
    return ""


def _failing(observed: Observed, problems: tuple[Problem, ...]) -> Finding:
    text = (
        'require a credential and send it, headers = { Authorization = "Bearer {API_TOKEN}" } in the request and API_TOKEN under '
        f'secrets; or list the route, if it is meant for everybody: public = ["{problems[0].subject}"] in [security]'
    )
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, observed.demo, "401, 403 or a login",
        f"{len(problems)} of {counted(len(observed.routes), 'request')} answered: {problems[0].text}", problems[0].text, Cause.PROJECT,
        observed.location, Remedy(text, _asking(next(route for route in observed.routes if route.route == problems[0].subject))), problems,
    )  # fmt: skip


def _asking(route: Route) -> str:
    """The command that asks a route as anybody can, with the body it wants."""
    method, _, path = route.route.partition(" ")
    sent = f" -H 'Content-Type: application/json' -d {shlex.quote(route.body)}" if route.body else ""
    return f'curl -i -X {method} "http://127.0.0.1:$PORT{path}"{sent}'

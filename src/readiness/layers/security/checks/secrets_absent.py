"""No secret is in the project's files, nor in any commit that led to them.

Proves: who gets the repository gets no key with it, now or by looking back.
Needed above: data and decisions are protected by access, and a key in the repository is access for everybody.
Executed: a maintained scanner reads every file and every version of every file up to the judged commit, offline and
without asking a vendor whether a key still works; our own rules read the same for database addresses with a password
(`postgresql://user:…@host`), connection strings, keys and passwords that only their name tells, and for the files a
scanner leaves out (lock files, images, `node_modules`). Archives, office documents and what notebooks show are taken
apart, within bounds. Told are kind, place and fingerprint, never a value.
Cannot see: passwords that are plain words, keys split over several lines or encoded more than once, secrets in pictures,
in commit messages, in ignored files, in the history of submodules and of folders the project was moved from. Left out as
no secrets: placeholders, references, examples vendors publish, encrypted keys, password hashes, and the default password
of a database on localhost or on a host without a dot.
Repair: make the key invalid at its vendor, then read it from the environment; removing the line alone does not help. Once
it is invalid, name its fingerprint with the reason and a date under `allow` in [security].
Source: keys pushed by mistake are found and used within minutes, and history keeps them after the line is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from shlex import quote

from readiness.config.security import Allowed
from readiness.layers.security import allowing, secrets
from readiness.layers.security.evidence import Secret
from readiness.layers.security.secrets import Seen
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted
from readiness.world.context import Context

ID = "security.secrets-absent"


@dataclass(frozen=True, slots=True)
class Observed:
    """The secrets seen, what the manifest allows, how many files with something in them were read, and the day it is."""

    seen: Seen
    allow: tuple[Allowed, ...]
    files: int
    today: date


def observe(context: Context) -> Observed:
    """Looks through the files and the history of the project."""
    seen = secrets.look(context)
    pristine = context.session.pristine
    files = sum((pristine / entry.path).lstat().st_size > 0 for entry in context.project.entries)
    return Observed(seen, context.manifest.security.allow, files, context.now.date())


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails for every secret that is not allowed today; unknown where not everything could be looked at."""
    seen = observed.seen
    told = allowing.sort(seen.secrets, observed.allow, observed.today)
    if told.serious:
        troubles = (seen.trouble, seen.past_trouble, *map(str, seen.unread))
        notes = (*told.notes, *(f"not everything was looked at: {trouble}" for trouble in troubles if trouble))
        return _failing(observed, list(told.serious), told.doubts, notes)
    if seen.trouble:
        return no_finding(ID, seen.trouble, Cause.TOOL, Remedy("install the scanner again, and check again", "readiness check --again"))
    if seen.past_trouble:
        cause = Cause.TOOL if "scanner" in seen.past_trouble else Cause.NOT_EXERCISED
        return no_finding(
            ID,
            f"the files hold no secret; {seen.past_trouble}",
            cause,
            Remedy("check it in its git repository, with the whole history in it"),
        )
    if seen.shallow:
        remedy = Remedy("bring the whole history", "git fetch --unshallow")
        return no_finding(
            ID, "the files hold no secret; the clone is shallow, so most of its history is not here", Cause.NOT_EXERCISED, remedy
        )
    if seen.unread:
        return _unread(seen)
    if not observed.files:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="every file of the project is empty")
    text = f"none in {counted(observed.files, 'file')} and {counted(seen.commits, 'commit')}"
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed=text, notes=told.notes)


def _failing(observed: Observed, serious: list[Secret], doubts: dict[str, str], notes: tuple[str, ...]) -> Finding:
    first = serious[0]
    texts = [_text(item, doubts.get(item.fingerprint, "")) for item in serious]
    problems = [Problem(item.subject, text, None if item.commit else item.location) for item, text in zip(serious, texts, strict=True)]
    if observed.seen.more:
        problems.append(Problem("further secrets", f"{observed.seen.more} further values are not listed"))
    past = sum(bool(item.commit) for item in serious)
    parts = [f"{len(serious) - past} in the files"] * (past < len(serious)) + [f"{past} in history"] * bool(past)
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, first.subject, "no secret in the files or their history",
        f"{' and '.join(parts)}: {problems[0].text}", problems[0].text, Cause.PROJECT, None if first.commit else first.location,
        _remedy(first), tuple(problems), notes,
    )  # fmt: skip


def _unread(seen: Seen) -> Finding:
    """Nothing was found in what could be read, and not all of it could."""
    first = seen.unread[0]
    problems = tuple(Problem(item.place, str(item)) for item in seen.unread)
    remedy = Remedy("unpack it where it lies, or take it out of the repository", "readiness secrets scan")
    return Finding(
        ID, Outcome.UNKNOWN, Basis.EXECUTED, first.place, "no secret in the files or their history",
        f"none in what was read; {counted(len(seen.unread), 'file')} not read", f"{first}, so it was not looked through",
        Cause.NOT_EXERCISED, remedy=remedy, problems=problems,
    )  # fmt: skip


def _text(secret: Secret, doubt: str) -> str:
    where = f"was added by commit {secret.commit[:12]} in {secret.place}" if secret.commit else f"is in {secret.place}"
    again = f"; {doubt}" if doubt else ""
    return f"a secret ({secret.kind}, fingerprint {secret.fingerprint}) {where}{again}"


def _remedy(secret: Secret) -> Remedy:
    place = secret.location
    if secret.commit:
        text = (
            "make this key invalid where it was issued: whoever has a clone has it, and removing the line does not help; then name the "
            f'fingerprint under allow in [security]: {{ fingerprint = "{secret.fingerprint}", reason = "…", owner = "…", expires = … }}'
        )
        return Remedy(text, f"git show {secret.commit[:12]} -- {quote(place.file)}")
    text = "make this key invalid where it was issued, and read the new one from the environment: its name goes under secrets in [demo]"
    if place.file.rpartition("/")[2].startswith(".env") or place.file.endswith((".pem", ".key", ".p12", ".tfvars")):
        return Remedy(text, f"git rm --cached -- {quote(place.file)} && echo {quote('/' + place.file)} >> .gitignore")
    if secret.within:
        return Remedy(text, f"git log --oneline -- {quote(place.file)}")
    return Remedy(text, f"git blame -L {place.line},{place.line} -- {quote(place.file)}")

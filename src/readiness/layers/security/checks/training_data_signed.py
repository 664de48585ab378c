"""The training data is the one that somebody else looked at and signed.

Proves: nobody slipped rows into what a model learns from, or turned labels over, without somebody else putting their name
to it.
Needed above: a contract says what a row may hold; that a row was put there to teach something wrong, it cannot say.
Executed: every file that `training` in [security] names is hashed (of a Git LFS pointer, what it stands for) and compared
with `training-data.dsse.json`, an in-toto Statement in a DSSE envelope, whose signature must be that of a key of [trust] or
of the user. From `regulation` on the key must be in [trust], and neither the approver nor who added that key may have made
the last change of the data, as git says. Without `training`, the demo is looked at where its command is one that trains,
and the names of files: what looks like training and is not declared is `unknown`.
Cannot see: whether the approver looked, what was wrong before the first approval, who wrote the changes before the last
one, data that a training run fetches from elsewhere, and a key that two people share.
Repair: look at `readiness data sign --diff`; somebody who did not write the data then signs with `readiness data sign`.
Source: "They also expose new attack surfaces through prompt injection, training data poisoning, and model extraction."
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from readiness.config.manifest import NAME
from readiness.formats.training import FILE, Approval
from readiness.layers.security import training
from readiness.layers.security.training import Difference, Doubt, Found, Manifested
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy, Stakes
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted, listed
from readiness.world import authorship
from readiness.world import demo as demos
from readiness.world.authorship import Author
from readiness.world.context import Context

ID = "security.training-data-signed"
EXPECTED = "training data that somebody else approved"
_TRAINS: Final = re.compile(
    r"(?:^|[/._-])(?:re|pre)?(?:train|training|fine[_-]?tun(?:e|ing))(?:[_-]\w+)*(?:\.(?:py|ipynb|sh))?$", re.IGNORECASE
)
_SCRIPTS: Final = (".py", ".ipynb", ".sh")
_ASIDE: Final = re.compile(r"(?:^|/)(?:(?:tests?|docs?|examples?|vendor|node_modules)/|test_)")
_ROWS: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".arrow", ".feather", ".npy", ".npz")
_SIGN = "readiness data sign"
_DIFF = "readiness data sign --diff"


@dataclass(frozen=True, slots=True)
class Observed:
    """What is declared to be training data, how it lies there, who approved it, and who changed each file last.

    `declared` is None where the manifest does not say. `trains` names what looks like training all the same, and `reads`
    the data it was seen to read. `authors` has None where git cannot say who changed a file.
    """

    declared: tuple[str, ...] | None = None
    line: int = 1
    trains: str = ""
    reads: tuple[str, ...] = ()
    found: Found = field(default_factory=Found)
    manifested: Manifested = field(default_factory=Manifested)
    authors: tuple[tuple[str, Author | None], ...] = ()
    now: datetime | None = None


def observe(context: Context) -> Observed:
    """Hashes the training data, verifies the manifest and asks git who changed what; looks for training where none is declared."""
    security = context.manifest.security
    if not security.training:
        trains, reads = _undeclared(context) if security.training is None else ("", ())
        return Observed(security.training, trains=trains, reads=reads)
    found = training.find(context.project, security.training)
    seen = training.manifested(context.project, context.manifest)
    authors = tuple((item.path, authorship.last_author(context.project, item.path)) for item in found.files)
    return Observed(security.training, security.training_line, "", (), found, seen, authors, context.now)


def _undeclared(context: Context) -> tuple[str, tuple[str, ...]]:
    demo = context.demo.demo
    words = demo.command if demo is not None else ()
    if demo is not None and any(_TRAINS.search(word) for word in words if "/" not in word or word.endswith(_SCRIPTS)):
        if context.session.blocked is Cause.NONE:
            reads = context.demo.first.reads or ()
            return demos.name(demo), tuple(path for path in reads if path.lower().endswith(_ROWS))
        return demos.name(demo), ()
    scripts = [path for path in sorted(context.project.paths) if path.endswith(_SCRIPTS) and not _ASIDE.search(path)]
    return next((path for path in scripts if _TRAINS.search(path.rpartition("/")[2])), ""), ()


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails by what differs from the approved data, by a manifest that was edited, and by an approver who wrote the data."""
    if not observed.declared:
        return _undeclared_finding(observed)
    early = _unseen(observed.found) or _unbelieved(observed)
    if early is not None:
        return early
    approval = observed.manifested.approval
    assert approval is not None, "what cannot be read is not believed"
    problems = _changes(training.difference(approval, observed.found.files), approval)
    if problems:
        remedy = Remedy("look at what changed; somebody who did not change it signs it, or it is taken back", _DIFF)
        return _fails(problems, remedy)
    separate = policy.stakes.rank >= Stakes.REGULATION.rank
    return (_of_people(observed, approval) if separate else None) or _holds(observed, approval)


def _undeclared_finding(observed: Observed) -> Finding:
    if observed.declared is not None:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.DECLARED, reason=f"{NAME} says that nothing is trained here")
    if not observed.trains:
        return Finding(
            ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="no training data is declared, and nothing here looks like training"
        )
    globs = ", ".join(f'"{path}"' for path in observed.reads[:3])
    if observed.reads:
        reason = f"`{observed.trains}` looks like training, was seen to read {listed(observed.reads)}, and no training data is declared"
    else:
        reason = f"{observed.trains} looks like training, and nothing says what it learns from"
    line = f"[security] training = [{globs}]" if globs else "[security] training = []"
    return no_finding(ID, reason, Cause.CONFIGURATION, Remedy(f"name its files in {NAME}, or none if nothing is: {line}", _SIGN))


def _unseen(found: Found) -> Finding | None:
    """Where the data that is declared is not there to be compared."""
    if found.unreadable:
        return no_finding(ID, found.unreadable[0], Cause.FILE, Remedy("name files of the project itself", _DIFF))
    if found.unmatched:
        ignored = f"; git ignores {listed(found.ignored)}, so that nothing says who changed it" if found.ignored else ""
        reason = f"no file of the project matches {listed(found.unmatched)}{ignored}"
        return no_finding(ID, reason, Cause.FILE, Remedy("commit the data, or its Git LFS pointers, or correct `training`", _DIFF))
    return None


def _unbelieved(observed: Observed) -> Finding | None:
    seen = observed.manifested
    if seen.doubt is Doubt.MISSING:
        problems = (Problem(FILE, seen.reason, Location(NAME, observed.line)),)
        return _fails(problems, Remedy("somebody who did not write the data looks at it and signs", _SIGN))
    if seen.doubt is Doubt.BROKEN:
        return _fails(
            (Problem(FILE, seen.reason, Location(FILE, 1)),), Remedy("bring back what was signed, or sign again", f"git log -- {FILE}")
        )
    approval = seen.approval
    if seen.doubt is Doubt.UNKNOWN_KEY:
        key = approval.signer if approval else ""
        return no_finding(
            ID, seen.reason, Cause.CONFIGURATION, Remedy(f'if it is a key you know, name it in {NAME}: [trust] keys = ["{key}"]', _DIFF)
        )
    if approval is not None and observed.now is not None and approval.approved_at > observed.now + timedelta(minutes=5):
        reason = f"{FILE} says it was signed on {approval.approved_at:%Y-%m-%d}, which is yet to come"
        return _fails((Problem(FILE, reason, Location(FILE, 1)),), Remedy("sign it again, with a clock that is right", _SIGN))
    return None


def _changes(found: Difference, approval: Approval) -> tuple[Problem, ...]:
    when = f"{approval.approved_at:%Y-%m-%d}"
    texts = [(path, f"{path} changed since it was approved on {when}") for path in found.changed]
    texts += [(path, f"{path} came after the approval of {when}: nobody signed it") for path in found.added]
    texts += [(path, f"{path} was approved on {when} and is gone") for path in found.removed]
    return tuple(Problem(path, text, Location(path, 1) if path not in found.removed else Location(FILE, 1)) for path, text in texts)


def _of_people(observed: Observed, approval: Approval) -> Finding | None:
    """Whether the approver is somebody else than who changed the data last; None where they are."""
    seen = observed.manifested
    if not seen.vouched or not approval.by:
        reason = f"{FILE} is signed by {approval.signer}, which [trust] does not name: whose word it is, is not known"
        return no_finding(ID, reason, Cause.CONFIGURATION, Remedy(f'name it in {NAME}: [trust] keys = ["{approval.signer}"]', _DIFF))
    unclear = next((path for path, author in observed.authors if author is None or not author.mail), "")
    if unclear or seen.adder is None or not seen.adder.mail:
        what = f"who changed {unclear} last" if unclear else f"who added the key of {approval.by} to [trust]"
        reason = f"git cannot say {what}: it is not committed, or the history is cut off"
        return no_finding(ID, reason, Cause.NOT_EXERCISED, Remedy("commit it, or fetch the whole history", "git fetch --unshallow"))
    problems = []
    for path, author in observed.authors:
        assert author is not None
        if author.is_called(approval.by):
            problems.append(Problem(path, f"{path} was approved by {approval.by}, who changed it last", Location(path, 1)))
        elif author == seen.adder:
            text = f"{path} was changed last by {author.mail}, who also added the key it is approved with"
            problems.append(Problem(path, text, Location(NAME, 1)))
    return _fails(tuple(problems), Remedy("somebody else looks at it and signs", _SIGN)) if problems else None


def _fails(problems: tuple[Problem, ...], remedy: Remedy) -> Finding:
    first = problems[0]
    shown = first.text if len(problems) == 1 else f"{first.text}, and {len(problems) - 1} more"
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, first.subject, EXPECTED, shown, first.text, Cause.PROJECT, first.location, remedy, problems
    )


def _holds(observed: Observed, approval: Approval) -> Finding:
    by = approval.by or approval.signer
    text = f"{counted(len(observed.found.files), 'file')} as approved by {by} on {approval.approved_at:%Y-%m-%d}"
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, FILE, EXPECTED, text)

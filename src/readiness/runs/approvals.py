"""The folder of approvals: pages written once, in a chain, signed by somebody the authority file names, and verified.

`approvals/<date>-<digest12>.{md,html,json}` are one page; the digest is that of its JSON, and the Markdown, which is what
is signed, names the digests of the other two. Asked again about the same state on the same day, the page stays as it is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from readiness.errors import CannotJudge, InputError, UsageError
from readiness.formats import allowed_signers, approval_html, approval_markdown, approval_page
from readiness.formats.approval_page import Page
from readiness.formats.authority import Authority
from readiness.formats.canonical import canonical, digest
from readiness.runs import outcome_facts
from readiness.runs.waive import SIGNERS
from readiness.sequence.approval import Decision
from readiness.world import authorship, files, ssh
from readiness.world.project import Project

FOLDER: Final = "approvals"
NAMESPACE: Final = "readiness-approval"
_NAME: Final = re.compile(r"\d{4}-\d\d-\d\d-[0-9a-f]{12}")
_KINDS: Final = ("html", "json")


@dataclass(frozen=True, slots=True)
class Written:
    """A page on disk. `fresh` is False where it was there already."""

    name: str
    markdown: Path
    html: Path
    told: dict[str, Any]
    fresh: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """One page: its answer, who signed it (empty where nobody did), why it is `refused` or does not speak of today."""

    name: str
    gate: str
    decision: str
    signer: str = ""
    refused: str = ""
    stale: str = ""
    newest: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is a signed yes about the state that is here."""
        good = self.decision in (Decision.APPROVE, Decision.PILOT, Decision.BUILD)
        return good and bool(self.signer) and not self.refused and not self.stale


def told(root: Path) -> dict[str, dict[str, Any]]:
    """The pages of a project as their JSON says them, by name; what is no page is left out."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((root / FOLDER).glob("*.json")):
        if not _NAME.fullmatch(path.stem) or path.is_symlink():
            continue
        try:
            date.fromisoformat(path.stem[:10])
            page = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(page, dict) and page.get("schema") == approval_page.SCHEMA and page.get("date") == path.stem[:10]:
            found[path.stem] = page
    return found


def newest(pages: dict[str, dict[str, Any]], gate: str) -> str:
    """The name of the last page of a gate: of its latest day, the last written that no other follows; empty where there is none."""
    names = [name for name in in_order(pages) if pages[name].get("gate") == gate]
    if not names:
        return ""
    followed = {str(page.get("previous")) for page in pages.values()}
    last = [name for name in names if name[:10] == names[-1][:10]]
    return ([name for name in last if name not in followed] or last)[-1]


def in_order(pages: dict[str, dict[str, Any]]) -> list[str]:
    """The names of pages, oldest first: by day, within it by when they were written, then by their place in the chain.

    A page of an earlier version does not say when it was written: it comes before those of its day that do.
    """
    return sorted(pages, key=lambda name: (name[:10], str(pages[name].get("written_at") or ""), _place(name, pages), name))


def _place(name: str, pages: dict[str, dict[str, Any]]) -> int:
    """How many pages a page follows, one after the other."""
    seen: set[str] = set()
    while name in pages and name not in seen:
        seen.add(name)
        name = str(pages[name].get("previous", ""))
    return len(seen)


def pilot_since(root: Path, gate: str) -> date | None:
    """The day the pilot began that runs: of the signed pages in the chain, the first of the last unbroken row of pilots."""
    pages = told(root)
    name, began = newest(pages, gate), None
    seen: set[str] = set()
    while name in pages and name not in seen:
        seen.add(name)
        if (root / FOLDER / f"{name}.sig").is_file():
            if pages[name].get("decision") != Decision.PILOT:
                break
            began = date.fromisoformat(name[:10])
        name = str(pages[name].get("previous", ""))
    return began


def write(root: Path, page: Page) -> Written:
    """Writes a page after the last one of its gate. Raises UsageError where the folder cannot be written."""
    pages = told(root)
    last = newest(pages, page.gate)
    if last and _same(pages[last], approval_page.to_json(page)) and (root / FOLDER / f"{last}.md").is_file():
        return Written(last, root / FOLDER / f"{last}.md", root / FOLDER / f"{last}.html", pages[last], False)
    whole = replace(page, previous=last, changes=_changes(pages[last], page) if last else ())
    text = approval_page.render(whole)
    content = approval_page.to_json(whole)
    name = f"{page.date}-{_digest12(content)}"
    html = approval_html.render(whole)
    beside = {f"{name}.{kind}": digest(data.encode()) for kind, data in (("html", html), ("json", text))}
    try:
        for kind, data in (("json", text), ("html", html), ("md", approval_markdown.render(whole, beside))):
            files.write_atomically(root / FOLDER / f"{name}.{kind}", data.encode())
    except OSError as error:
        raise UsageError(f"{root / FOLDER} cannot be written: {error.strerror}", "make it writable") from None
    return Written(name, root / FOLDER / f"{name}.md", root / FOLDER / f"{name}.html", content, True)


def _digest12(content: dict[str, Any]) -> str:
    return digest(canonical(content)).removeprefix("sha256:")[:12]


def _same(old: dict[str, Any], new: dict[str, Any]) -> bool:
    aside = ("changes", "previous", "written_at")
    plain = json.loads(json.dumps(new))
    return {key: value for key, value in old.items() if key not in aside} == {
        key: value for key, value in plain.items() if key not in aside
    }


def _changes(old: dict[str, Any], page: Page) -> tuple[str, ...]:
    """What differs from the last page, line by line."""
    found = [] if old.get("decision") == page.decision else [f"The answer was “{old.get('decision')}” and is “{page.decision}” now."]
    before, after = approval_page.states(old), approval_page.states(approval_page.to_json(page))
    found += [f"{label} {before[label]} → {state}" for label, state in after.items() if label in before and before[label] != state]
    before_risks = old.get("risks")
    risks = {str(item.get("what")) for item in before_risks if isinstance(item, dict)} if isinstance(before_risks, list) else set()
    found += [f"New accepted risk: {item.what}" for item in page.risks if item.what not in risks]
    return (*found,) or (f"Nothing that is told here, since {old.get('date')}.",)


def sign(project: Project, written: Written, key: Path | None) -> str:
    """Signs a page, and returns who did. Raises UsageError where the key is of nobody the authority file names.

    Raises InputError where that file is not valid.
    """
    place = ssh.key_of(project.root, key)
    data = written.markdown.read_bytes()
    signature = ssh.sign(data, NAMESPACE, place)
    names = ssh.signers(data, signature, NAMESPACE, project.text(SIGNERS))
    authority, wrong = outcome_facts.authority(project)
    if wrong:
        raise InputError(list(wrong), f"{outcome_facts.AUTHORITY} names who may sign")
    signer = next((name for name in names if authority.names(name)), "")
    if not signer:
        hint = f"{outcome_facts.AUTHORITY} names who decides, {SIGNERS} whose key is whose"
        if not names:
            raise UsageError(f"{place} is no key in {SIGNERS}", hint)
        raise UsageError(f"{place} is the key of {names[0]}, whom {outcome_facts.AUTHORITY} does not name", hint)
    files.write_whole(written.markdown.with_suffix(".sig"), signature)
    return signer


def verify(project: Project, today: date) -> list[Verified]:
    """Every page of a project, the one written last first."""
    pages = told(project.root)
    last = {newest(pages, gate) for gate in {str(page.get("gate")) for page in pages.values()}}
    allowed = project.text(SIGNERS)
    authority, _ = outcome_facts.authority(project)
    found = []
    for name in reversed(in_order(pages)):
        page = pages[name]
        refused = _refused(project.root, name, page)
        signer, doubt = ("", "") if refused else _signer(project, name, allowed, authority)
        stale = "" if refused else _stale(page, project, today)
        gate, decision = str(page.get("gate")), str(page.get("decision"))
        found.append(Verified(name, gate, decision, signer, refused or doubt, stale, name in last))
    return found


def _refused(root: Path, name: str, page: dict[str, Any]) -> str:
    """Why the three files are not one page as it was written; empty where they are."""
    try:
        markdown = (root / FOLDER / f"{name}.md").read_text(encoding="utf-8")
        if name != f"{page.get('date')}-{_digest12(page)}":
            return "its content is not what its name says: it was edited"
        for kind in _KINDS:
            data = (root / FOLDER / f"{name}.{kind}").read_bytes()
            if f"`{digest(data)}`" not in markdown:
                return f"its {kind.upper()} is not the one its Markdown names: it was edited"
    except (OSError, ValueError) as error:
        return f"it is not whole: {getattr(error, 'strerror', None) or error}"
    return ""


def _signer(project: Project, name: str, allowed: str, authority: Authority) -> tuple[str, str]:
    """Who signed a page, or why the signature that is there does not count."""
    path = project.root / FOLDER / f"{name}.sig"
    if not path.is_file() or path.is_symlink():
        return "", ""
    try:
        names = ssh.signers(path.with_suffix(".md").read_bytes(), path.read_bytes(), NAMESPACE, allowed)
    except CannotJudge as error:
        return "", error.message
    signer = next((item for item in names if authority.names(item)), "")
    if not signer:
        return "", f"its signature is of nobody whom {outcome_facts.AUTHORITY} names and {SIGNERS} knows, over what it says now"
    adders = [authorship.authors(project.home, SIGNERS, line, line) for line in allowed_signers.lines_of(allowed, signer)]
    if any(not adder or any(not author.mail for author in adder) for adder in adders):
        return "", f"the key of {signer} in {SIGNERS} is not committed, so nobody can say who added it"
    return signer, ""


def _stale(page: dict[str, Any], project: Project, today: date) -> str:
    foot = page.get("foot")
    trees = [item[1] for item in foot if isinstance(item, list) and len(item) == 2 and item[0] == TREE] if isinstance(foot, list) else []
    if trees != [project.tree]:
        return "about another state of the project"
    until = str(page.get("ends") or "")
    return f"ended {until}" if until and until < today.isoformat() else ""


TREE: Final = "State"

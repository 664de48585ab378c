"""Writes data/documents.jsonl from the HTML pages of the PostgreSQL documentation.

    python scripts/corpus.py /usr/share/doc/postgresql-doc-15/html

The pages come from Debian's package postgresql-doc-15. A document is a few whole paragraphs of one section, short enough
for the embedding model. Which sections are taken is said in PAGES: what a database support desk is asked about.
"""

import hashlib
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

LIMIT = 900  # characters: the model reads 256 word pieces
LEAST = 220
VERSION = 15
PAGES = {
    "backup-dump": 6, "backup-file": 2, "continuous-archiving": 6, "routine-vacuuming": 9, "routine-reindex": 2,
    "logfile-maintenance": 2, "database-roles": 1, "role-attributes": 5, "role-membership": 2, "role-removal": 2,
    "auth-pg-hba-conf": 3, "auth-password": 3, "client-authentication-problems": 2, "ssl-tcp": 3, "ddl-priv": 4,
    "ddl-rowsecurity": 3, "indexes-types": 4, "indexes-multicolumn": 1, "indexes-unique": 1, "indexes-partial": 1,
    "indexes-index-only-scans": 1, "indexes-examine": 2, "using-explain": 2, "populate": 5, "planner-stats": 1,
    "runtime-config-connection": 5, "runtime-config-resource": 7, "runtime-config-wal": 3, "kernel-resources": 2,
    "warm-standby": 4, "hot-standby": 2, "logical-replication-subscription": 2, "logical-replication-restrictions": 2,
    "explicit-locking": 2, "mvcc-intro": 1, "transaction-iso": 3, "upgrading": 3, "disk-full": 1,
    "manage-ag-tablespaces": 2, "wal-intro": 1, "wal-configuration": 2, "checksums": 1, "preventing-server-spoofing": 1,
}  # fmt: skip
OPERATORS = {"continuous-archiving", "upgrading", "checksums", "backup-file"}
PARTNERS = {"kernel-resources"}
NOTES = ("note", "tip", "warning", "caution", "important", "footnotes", "table", "example")


class Page(HTMLParser):
    """Collects the paragraphs of a page as (section title, anchor, text, whether it explains a term)."""

    def __init__(self):
        super().__init__()
        self.title, self.anchor, self.paragraphs = "", "", []
        self.open, self.words, self.heading, self.term, self.about = [], None, None, None, ""

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in ("br", "hr", "img", "link", "meta", "col"):
            return
        kind = attrs.get("class", "").split(" ")[0]
        inside = bool(self.open and self.open[-1][1])
        self.open.append((tag, inside or (tag == "div" and kind in ("navheader", "navfooter", "toc", *NOTES))))
        if tag == "div" and attrs.get("class", "").startswith("sect"):
            self.anchor = attrs.get("id", "")
        if re.fullmatch("h[1-4]", tag) and not self.open[-1][1]:
            self.heading = []
        elif tag == "dt" and not self.open[-1][1]:
            self.term = []
        elif tag == "p" and not self.open[-1][1]:
            self.words = []

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass
        if re.fullmatch("h[1-4]", tag) and self.heading is not None:
            self.title = re.sub(r"^[\d.]+\s*", "", clean("".join(self.heading)).rstrip("#"))
            self.heading = None
        elif tag == "dt" and self.term is not None:
            self.about, self.term = clean("".join(self.term)).rstrip("# "), None
        elif tag == "p" and self.words is not None:
            text = clean("".join(self.words))
            self.paragraphs.append((self.title, self.anchor, f"{self.about}: {text}" if self.about else text, bool(self.about)))
            self.words, self.about = None, ""

    def handle_data(self, data):
        if self.heading is not None:
            self.heading.append(data)
        elif self.term is not None:
            self.term.append(data)
        elif self.words is not None:
            self.words.append(data)


def clean(text):
    """The text on one line, quotes and dashes plain."""
    return re.sub(r"\s+", " ", text.translate({0xA0: " ", 0x201C: '"', 0x201D: '"', 0x2019: "'", 0x2018: "'"})).strip()


def documents(name, html, most):
    """At most `most` documents of one page, each of whole paragraphs of one section."""
    page = Page()
    page.feed(html)
    groups = []
    for title, anchor, text, term in page.paragraphs:
        if not text or len(text) > LIMIT or text.endswith(":"):
            continue  # what introduces a listing says nothing without it
        if not term and groups and groups[-1][1] == anchor and len(groups[-1][2]) + len(text) < LIMIT:
            groups[-1] = (groups[-1][0], anchor, f"{groups[-1][2]} {text}")
        else:
            groups.append((title, anchor, text))
    kept = [group for group in groups if len(group[2]) >= LEAST][:most]
    section = re.sub(r"^[\d.]+\s*", "", clean(re.search(r"<title>(.*?)</title>", html, re.DOTALL)[1]))
    for number, (title, anchor, text) in enumerate(kept, start=1):
        yield {
            "id": f"{name}-{number}",
            "title": title,
            "section": section,
            "url": f"https://www.postgresql.org/docs/{VERSION}/{name}.html" + (f"#{anchor}" if anchor.isupper() else ""),
            "audience": "partner" if name in PARTNERS else "operator" if name in OPERATORS else "customer",
            "text": text,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "licence": "PostgreSQL",
        }


def main():
    """Writes every document, one a line."""
    folder = Path(sys.argv[1])
    lines = [
        json.dumps(document, ensure_ascii=False)
        for name, most in PAGES.items()
        for document in documents(name, (folder / f"{name}.html").read_text(encoding="utf-8"), most)
    ]
    Path("data/documents.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} documents")


if __name__ == "__main__":
    main()

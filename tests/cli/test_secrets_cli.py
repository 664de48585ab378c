"""`readiness secrets`: what people see, compared with golden files; and that no value is ever in what is shown or written."""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from readiness.formats import secrets_scan
from readiness.layers.security import fingerprint
from readiness.runs import secrets
from readiness.testing.projects import commit, make_repository
from readiness.world.postgres import Server
from tests.cli.conftest import GOLDEN, Readiness, Said, Within
from tests.layers.security.containers import saved, tarred, workbook, zipped
from tests.layers.security.planted import Drawn
from tests.world.postgres.conftest import MEMORY

DRAWN = Drawn(21)
VALUES = {name: DRAWN.word(16) for name in ("address", "sheet", "gone", "layer", "setting", "allowed", "ended", "archive", "open")}
TOKEN = "gh" + f"p_{DRAWN.word(36)}"
TODAY = datetime.now(UTC).date()
OWNER = "Ada <ada@example.org>"

Seen = Callable[[str, Said], None]


@pytest.fixture
def seen() -> Seen:
    """Compares what a command said with its golden file, days left out; READINESS_WRITE_GOLDEN=1 writes it."""

    def compare(name: str, said: Said) -> None:
        text = f"$ readiness {' '.join(said.words)}\n[exit {said.code}]\n--- stdout\n{said.stdout}--- stderr\n{said.stderr}"
        text = re.sub(r"\d{4}-\d\d-\d\d", "[DAY]", re.sub(r"@127\.0\.0\.1:\d+", "@[HOST]", text))
        golden = GOLDEN / "secrets" / f"{name}.txt"
        if os.environ.get("READINESS_WRITE_GOLDEN"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(text)
        assert text == golden.read_text()

    return compare


@pytest.fixture
def run(readiness: Readiness) -> Within:
    return Within.of(readiness)


def allow(name: str, ends: date) -> str:
    said = f'reason = "changed at the vendor"\nowner = "{OWNER}"\nexpires = {ends}\n'
    return f'[[security.allow]]\nfingerprint = "{fingerprint.of(VALUES[name])}"\n{said}'


def secret(name: str, days: int | None, owner: str = OWNER, ref: str = "", more: str = "") -> str:
    rotated = f"rotated = {TODAY - timedelta(days=days)}\n" if days is not None else ""
    return f'[[security.secret]]\nname = "{name}"\nref = "{ref or f"env:{name}"}"\nowner = "{owner}"\n{rotated}{more}'


def url(name: str) -> str:
    return f"mysql+pymysql://shop:{VALUES[name]}@db.shop.io/shop"


def shop(root: Path) -> Path:
    """A shop with a secret in every kind of place, two of them allowed once; what it asks for is declared in part."""
    toml = allow("allowed", TODAY + timedelta(days=30)) + allow("ended", TODAY - timedelta(days=1))
    toml += secret("DATABASE_URL", 10, more='opens = ["orders"]\n') + secret("MAIL_TOKEN", 91) + secret("KEY_OF_ALL", None, "the team")
    code = 'import os\n\nURL = os.environ["DATABASE_URL"]\nMAIL = os.environ.get("MAIL_TOKEN")\nPAY = os.environ["STRIPE_API_KEY"]\n'
    make_repository(root, {"shop/app.py": code, "old.py": f'T = "{TOKEN}"\nU = "{url("gone")}"\n'})
    (root / "old.py").unlink()
    for path, text in (("readiness.toml", toml), ("shop/config.py", f'A = "{url("address")}"\nB = "{url("allowed")}"\n'),
                       ("shop/late.py", f'C = "{url("ended")}"\n')):  # fmt: skip
        (root / path).write_text(text)
    (root / "people.xlsx").write_bytes(workbook([["System", "Password"], ["shop", VALUES["sheet"]]]))
    (root / "backup.zip").write_bytes(zipped({"app/.env": f"DB_PASSWORD={VALUES['archive']}\n"}))
    (root / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(80))
    commit(root, "go on", author="Ada <ada@example.org>", when=f"{TODAY}T00:00:00Z")
    return root


def image(path: Path) -> Path:
    """An image whose second layer removes what the first brought, with a key among its variables."""
    layers = [tarred({"app/.env": f"X=1\nDB_PASSWORD={VALUES['layer']}\n"}), tarred({"app/.wh..env": ""}, packed=True)]
    path.write_bytes(saved(layers, [f"API_TOKEN={VALUES['setting'] * 2}"], ["COPY . /app"]))
    return path


def test_a_scan_tells_every_place_and_no_value(run: Within, seen: Seen) -> None:
    shop(run.folder / "shop")
    image(run.folder / "image.tar")
    said = run("secrets", "scan", "--project", "shop", "--image", "image.tar")
    seen("scan", Said(said.words, said.code, re.sub(r"commit [0-9a-f]{12}", "commit [ID]", said.stdout), said.stderr))
    for place in ("shop/config.py:1 ", "people.xlsx!sheet1:2 ", "backup.zip!app/.env:1 ", "image.tar: layer 1: app/.env:2 ",
                  "image.tar: settings.env:1 ", "old.py:2 in commit", "? broken.zip cannot be unpacked"):  # fmt: skip
        assert place in said.stdout
    assert said.code == 1


def agreed(scanned: secrets_scan.Scanned) -> list[str]:
    """The scan as JSON and as SARIF, which say the same."""
    texts = [secrets_scan.emit(scanned), secrets_scan.sarif(scanned, "1")]
    told, sarif = map(json.loads, texts)
    assert (told["schema"], told["exit"], told["files"], told["commits"]) == ("readiness/secrets-scan/1", 1, 7, 2)
    results = sarif["runs"][0]["results"]
    assert {(item["fingerprint"], item["file"], item["line"]) for item in told["secrets"]} == {
        (item["partialFingerprints"]["readinessSecret/v1"], place["artifactLocation"]["uri"], place["region"]["startLine"])
        for item in results
        for place in (item["locations"][0]["physicalLocation"],)
    }
    assert sum(bool(item["suppressions"]) for item in results) == 1
    assert sarif["runs"][0]["invocations"][0]["executionSuccessful"] is False
    return texts


def test_a_clean_project_holds_and_what_is_not_read_is_unknown(run: Within, seen: Seen) -> None:
    root = make_repository(run.folder / "clean", {"app.py": "X = 1\n"})
    seen("scan_clean", run("secrets", "scan", "--project", "clean"))
    (root / "seven.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(30))
    seen("scan_unread", run("secrets", "scan", "--project", "clean"))


@pytest.mark.parametrize("words", [("--image", "none.tar"), ("--image", "app.py"), ("--format", "xml")])
def test_what_is_no_image_is_misuse(run: Within, words: tuple[str, ...]) -> None:
    make_repository(run.folder / "clean", {"app.py": "X = 1\n"})
    (run.folder / "app.py").write_text("X = 1\n")
    assert run("secrets", "scan", "--project", "clean", *words).code == 2


def test_declared_secrets_are_listed_and_judged(run: Within, seen: Seen) -> None:
    shop(run.folder / "shop")
    seen("list", run("secrets", "list", "--project", "shop"))
    said = run("secrets", "rotate-check", "--project", "shop")
    seen("rotate", said)
    assert said.code == 1
    told = run("secrets", "rotate-check", "--project", "shop", "--format", "json").json
    assert [(row["name"], row["age_days"], bool(row["faults"])) for row in told["secrets"]] == [
        ("DATABASE_URL", 10, False), ("MAIL_TOKEN", 91, True), ("KEY_OF_ALL", None, True),
    ]  # fmt: skip
    assert [item["name"] for item in told["undeclared"]] == ["STRIPE_API_KEY"]


def test_an_owner_must_be_here_and_a_team_cannot_be_told(run: Within, seen: Seen) -> None:
    files = {"app.py": "X = 1\n", "readiness.toml": secret("A_TOKEN", 1) + secret("B_TOKEN", 1, "Ben <ben@example.org>")}
    files["readiness.toml"] += secret("C_TOKEN", 1, "@acme/data") + secret("D_TOKEN", 1, "@ghost")
    make_repository(run.folder / "desk", files, when=f"{TODAY}T00:00:00Z")
    said = run("secrets", "rotate-check", "--project", "desk")
    seen("rotate_owners", said)
    (run.folder / "desk/readiness.toml").write_text(secret("A_TOKEN", 1))
    assert run("secrets", "rotate-check", "--project", "desk").code == 0
    (run.folder / "desk/readiness.toml").write_text(secret("A_TOKEN", 1, "@acme/data"))
    assert run("secrets", "rotate-check", "--project", "desk").code == 3
    (run.folder / "desk/readiness.toml").write_text("")
    seen("rotate_none", run("secrets", "rotate-check", "--project", "desk"))


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A database with orders and customers, and the address of a role that may read some of it."""
    with (
        tempfile.TemporaryDirectory(prefix="readiness-tests-", dir=MEMORY) as folder,
        Server(Path(folder) / "pg", settings={"fsync": "off"}) as server,
    ):
        address = server.ensure()
        made = f"""create role shop_app login password '{VALUES["open"]}';
            create table public.orders (id int, total int); create table public.customers (id int, email text);
            grant select, insert on public.orders to shop_app; grant select (id) on public.customers to shop_app;"""
        with psycopg.connect(address.url("postgres"), autocommit=True) as connection:
            connection.execute("create database shop")
        with psycopg.connect(address.url("shop"), autocommit=True) as connection:
            connection.execute(made.encode())
        yield address.url("shop", "shop_app", VALUES["open"])


CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: shop
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - {name: total, logicalType: number, classification: public}
  - name: customers
    properties:
      - {name: id, logicalType: number, classification: internal}
      - {name: email, logicalType: string, classification: restricted}
"""


def test_the_blast_radius_is_the_answer_of_the_database(run: Within, seen: Seen, database: str) -> None:
    root = shop(run.folder / "shop")
    (root / "contracts").mkdir()
    (root / "contracts/shop.odcs.yaml").write_text(CONTRACT)
    seen("blast_declared", run("secrets", "blast-radius", "DATABASE_URL", "--project", "shop"))
    said = run("secrets", "blast-radius", "DATABASE_URL", "--project", "shop", "--resolve", env={"DATABASE_URL": database})
    seen("blast", said)
    assert "email" not in said.stdout
    with psycopg.connect(database) as connection:
        connection.execute("select id from customers")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select email from customers")
    seen("blast_nothing", run("secrets", "blast-radius", "MAIL_TOKEN", "--project", "shop"))
    seen("blast_unnamed", run("secrets", "blast-radius", "NO_SUCH", "--project", "shop"))
    told = run("secrets", "blast-radius", "MAIL_TOKEN", "--project", "shop", "--database-url", database, "--format", "json").json
    assert (told["role"], told["basis"], [one["table"] for one in told["opens"]]) == (
        "shop_app", "executed", ["public.customers", "public.orders"],
    )  # fmt: skip


def canaries() -> list[bytes]:
    return [value.encode() for value in (*VALUES.values(), TOKEN)]


def test_no_value_is_in_anything_shown_or_written(
    run: Within, database: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    root = shop(run.folder / "shop")
    image(run.folder / "image.tar")
    inputs = {path for path in tmp_path.rglob("*") if path.is_file()}
    outside = [
        VALUES["open"].join(pair) for pair in (("postgresql://shop_app:", "@127.0.0.1:1/shop"), ("postgresql://a:x@", "@h.invalid/s"))
    ]
    values = [database, *outside, VALUES["open"], f"postgresql+asyncpg://shop_app:{VALUES['open']}@127.0.0.1:1/s?{VALUES['open']}=1"]
    monkeypatch.setenv("READINESS_WORK", str(run.work))
    scanned = secrets.scan(root, datetime.now(UTC), [run.folder / "image.tar"])
    commands = (("secrets", "list", "--project", str(root)), ("secrets", "rotate-check", "--project", str(root)),
                ("check", "--only", "secrets-referenced", "--format", "json", str(root)))  # fmt: skip
    said = [Said(("scan",), scanned.exit, text, "") for text in agreed(scanned)] + [run(*words) for words in commands]
    for value in values:
        words = ("secrets", "blast-radius", "DATABASE_URL", "--resolve", "--project", str(root))
        said.append(run(*words, env={"DATABASE_URL": value}))
    (root / "readiness.toml").write_text(
        f'[[security.secret]]\nname = "A"\nref = "{database}"\n[[security.secret]]\nname = "{VALUES["open"]} "\n'
    )
    said.append(run("secrets", "list", "--project", str(root)))
    assert {one.code for one in said} == {0, 1, 2, 3}
    written = [path for folder in (tmp_path, run.work, root / ".readiness") for path in folder.rglob("*") if path.is_file()]
    assert any(path.name.endswith(".dsse.json") for path in written)
    looked = {str(path): path.read_bytes() for path in written if path not in inputs and ".git/" not in str(path)}
    looked |= {" ".join(one.words): (one.stdout + one.stderr).encode() for one in said} | {"log": caplog.text.encode()}
    looked.pop(str(root / "readiness.toml"), None)
    assert [(name, value[:3]) for name, data in looked.items() for value in canaries() if value in data or value in decoded(data)] == []


def decoded(data: bytes) -> bytes:
    """What evidence says, whose payload is in base64."""
    import base64

    try:
        return base64.b64decode(json.loads(data)["payload"])
    except (ValueError, KeyError, TypeError):
        return b""

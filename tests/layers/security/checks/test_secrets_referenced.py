"""Ways to a wrong verdict on declared secrets: names, owners, ages, files, histories."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.errors import InputError
from readiness.formats import age
from readiness.layers.security.credentials import is_credential
from readiness.runs import check
from readiness.sequence.finding import Basis, Finding, Location, Outcome
from readiness.testing.projects import commit, git, make_repository

ID = "security.secrets-referenced"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
CODE = 'import os\n\nKEY = os.environ["DESK_API_KEY"]\n'
OWNER = 'owner = "Ada <ada@example.org>"\n'
MAC = b"--- " + b"A" * 43 + b"\n"
SEALED = b"age-encryption.org/v1\n-> X25519 " + b"b" * 43 + b"\n" + b"c" * 43 + b"\n" + MAC + hashlib.sha512(b"payload").digest()

Of = Callable[..., Finding]


def secret(ref: str = "env:DESK_API_KEY", rest: str = f"{OWNER}rotated = 2026-02-01\n", name: str = "DESK_API_KEY") -> str:
    return f'[[security.secret]]\nname = "{name}"\nref = "{ref}"\n{rest}'


@pytest.fixture
def of(offline: Path) -> Of:
    """Judges files in a repository, at a fixed time."""

    def one(files: dict[str, str] | None = None, toml: str = "", root: Path | None = None, now: datetime = NOW) -> Finding:
        root = root or make_repository(
            offline / f"p{len(list(offline.iterdir()))}", {"desk.py": CODE, "readiness.toml": toml, **(files or {})}
        )
        judged = check.check(root, check.Options(only=(ID,), again=True), now=now)
        return judged.verdict.layers[1].checks[0].finding

    return one


def test_what_is_declared_owned_and_fresh_holds_and_says_whose_word_that_is(of: Of) -> None:
    finding = of(toml=secret())
    assert (finding.outcome, finding.basis) == (Outcome.HOLDS, Basis.OBSERVED)
    assert finding.observed == "1 credential declared, owned and fresh; the oldest, DESK_API_KEY, is 28 days old"
    assert finding.notes == ("last rotated as its owner says, which nothing shows: DESK_API_KEY",)


def test_what_nobody_declared_fails_at_its_line_also_where_only_the_demo_is_given_it(of: Of) -> None:
    demo = '[demo]\ncommand = ["python", "desk.py"]\nsecrets = ["MAIL_TOKEN"]\n'
    finding = of(toml=demo)
    assert finding.outcome is Outcome.FAILS
    assert [(problem.subject, problem.location) for problem in finding.problems] == [
        ("DESK_API_KEY", Location("desk.py", 3)), ("MAIL_TOKEN", Location("readiness.toml", 1)),
    ]  # fmt: skip
    assert finding.problems[1].text == "MAIL_TOKEN is asked for by the demo and declared nowhere"


@pytest.mark.parametrize(
    ("rest", "said"),
    [("rotated = 2026-02-01\n", "DESK_API_KEY has no owner"), ('owner = "the team"\nrotated = 2026-02-01\n', "names nobody: `the team`"),
     (f"{OWNER}rotated = 2025-11-30\n", "was last rotated 91 days ago, on 2025-11-30, and is to be every 90"),
     (f"{OWNER}rotated = 2026-02-01\nrotate_days = 27\n", "28 days ago"),
     (f"{OWNER}rotated = 2026-03-02\n", "yet to come")],
)  # fmt: skip
def test_a_reference_without_owner_or_over_its_age_fails(of: Of, rest: str, said: str) -> None:
    finding = of(toml=secret(rest=rest))
    assert finding.outcome is Outcome.FAILS
    assert said in finding.reason
    assert finding.location == Location("readiness.toml", 1)
    assert finding.remedy.command == "readiness secrets rotate-check"


def test_the_last_day_is_still_fresh(of: Of) -> None:
    assert of(toml=secret(rest=f"{OWNER}rotated = 2025-12-01\n")).outcome is Outcome.HOLDS


def test_an_age_nobody_says_is_unknown(of: Of) -> None:
    finding = of(toml=secret(rest=OWNER))
    assert (finding.outcome, finding.subject) == (Outcome.UNKNOWN, "DESK_API_KEY age")
    assert finding.reason == "the age of DESK_API_KEY is not known: nothing says when it was last rotated"


def sealed(offline: Path, data: bytes = SEALED, rest: str = OWNER, ref: str = "age:secrets/desk.age") -> Path:
    root = make_repository(offline / "sealed", {"desk.py": CODE, "readiness.toml": secret(ref, rest)}, when="2025-06-01T12:00:00Z")
    (root / "secrets").mkdir()
    (root / "secrets" / ref.rpartition("/")[2]).write_bytes(data)
    commit(root, "rotate", when="2026-02-19T12:00:00Z")
    return root


def test_the_age_of_an_encrypted_file_is_that_of_its_last_commit(of: Of, offline: Path) -> None:
    root = sealed(offline)
    finding = of(root=root)
    assert (finding.outcome, finding.notes) == (Outcome.HOLDS, ())
    assert finding.observed.endswith("is 10 days old")
    assert of(root=root, now=NOW + timedelta(days=90)).outcome is Outcome.FAILS
    (root / "readiness.toml").write_text(secret("age:secrets/desk.age", f"{OWNER}rotated = 2026-02-27\n"))
    assert of(root=root).observed.endswith("is 10 days old")  # it cannot be younger than what holds it
    (root / "readiness.toml").write_text(secret("age:secrets/desk.age", f"{OWNER}rotated = 2025-06-01\n"))
    assert of(root=root).outcome is Outcome.FAILS  # encrypted anew is not rotated


def test_the_age_in_a_shallow_clone_or_of_what_is_not_committed_is_unknown(of: Of, offline: Path) -> None:
    root = sealed(offline)
    git(offline, "clone", "-q", "--depth=1", f"file://{root}", str(offline / "shallow"))
    assert of(root=offline / "shallow").outcome is Outcome.UNKNOWN
    (root / "secrets/desk.age").write_bytes(SEALED + b"\x80")
    finding = of(root=root)
    assert (finding.outcome, finding.reason) == (
        Outcome.UNKNOWN,
        "the age of DESK_API_KEY is not known: its file is not committed as it is",
    )


@pytest.mark.parametrize(
    "data", [b"DESK_API_KEY=abc\n", b"age-encryption.org/v1\nDESK_API_KEY=abc\n", SEALED[: SEALED.index(MAC)],
             b"age-encryption.org/v1\n-> X25519 bbbb\ncccc\n" + MAC + b"DESK_API_KEY=what a plain text this is, of 32 bytes and more\n",
             age.ARMOR + b"\nnot base64\n-----END AGE ENCRYPTED FILE-----\n", b""],
    ids=["plain", "first line alone", "no payload", "plain payload", "armor of nothing", "empty"],
)  # fmt: skip
def test_a_file_that_is_only_called_encrypted_fails(of: Of, offline: Path, data: bytes) -> None:
    finding = of(root=sealed(offline, data))
    assert (finding.outcome, finding.subject) == (Outcome.FAILS, "DESK_API_KEY kept")
    assert finding.reason.endswith("is to be encrypted by age in secrets/desk.age, and that file is not")


def test_an_armored_file_is_encrypted_and_a_missing_one_fails(of: Of, offline: Path) -> None:
    armored = age.ARMOR + b"\n" + base64.encodebytes(SEALED) + b"-----END AGE ENCRYPTED FILE-----\n"
    root = sealed(offline, armored)
    assert of(root=root).outcome is Outcome.HOLDS
    (root / "secrets/desk.age").unlink()
    assert "is no file of the project" in of(root=root).reason


def test_a_file_that_git_tracks_is_open_unless_it_is_sealed(of: Of, offline: Path) -> None:
    root = sealed(offline, b"abc\n", f"{OWNER}rotated = 2026-02-01\n", "file:secrets/desk.key")
    finding = of(root=root)
    assert (finding.outcome, finding.subject) == (Outcome.FAILS, "DESK_API_KEY kept")
    assert finding.reason == "DESK_API_KEY lies in secrets/desk.key, which git tracks, and is not encrypted there"
    for data in (SEALED, b"$ANSIBLE_VAULT;1.1;AES256\n6162\n", b"key: ENC[AES256_GCM,data:Zm9v,iv:a,tag:b]\n"):
        (root / "secrets/desk.key").write_bytes(data)
        assert of(root=root).outcome is Outcome.HOLDS
    git(root, "rm", "-q", "--cached", "-f", "secrets/desk.key")
    (root / ".gitignore").write_text("secrets/\n")
    (root / "secrets/desk.key").write_bytes(b"abc\n")
    commit(root, "take it out")
    assert of(root=root).outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("path", "text"),
    [("app.js", "const k = process.env.MAIL_TOKEN\n"), ("app.ts", 'const k = process.env["MAIL_TOKEN"]\n'),
     ("book.ipynb", '{"cells": [{"cell_type": "code", "source": ["!pip list\\n", "import os\\n", "os.environ[\'MAIL_TOKEN\']"]}]}'),
     ("app.py", "from os import getenv\nT = getenv('MAIL_TOKEN', default='')\n"),
     ("app.py", "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    mail_token: str\n    max_tokens: int = 3\n"),
     ("app.py", "class S(p.BaseSettings):\n    model_config = Dict(env_prefix='MAIL_')\n    token: str = ''\n    desk_team: str = ''\n"),
     ("app.py", "class S(BaseSettings):\n    t: str = Field(validation_alias='MAIL_TOKEN')\n"), ("app.py", "T = config('MAIL_TOKEN')\n"),
     ("app.py", "T = env.str('MAIL_TOKEN', default='x')\n"), ("app.py", "import streamlit as st\nT = st.secrets['MAIL_TOKEN']\n")],
)  # fmt: skip
def test_what_other_files_ask_for_is_seen(of: Of, path: str, text: str) -> None:
    assert [problem.subject for problem in of({path: text}, secret()).problems] == ["MAIL_TOKEN"]


@pytest.mark.parametrize(
    ("path", "text"),
    [("tests/test_app.py", "import os\nos.environ['MAIL_TOKEN']\n"), ("scripts/x.py", "import os\nos.environ['MAIL_TOKEN']\n"),
     ("app.py", "import os\nos.environ['MAIL_TOKEN'] = 'x'\n"), ("app.py", "import os\nos.environ.get('DATABASE_URL', 'sqlite:///a.db')\n"),
     ("app.py", "import os\nos.environ['MAX_TOKENS']\nos.environ['CACHE_KEY']\n"), ("app.py", "import os\nos.environ['MAIL_TOKEN'\n"),
     ("app.py", "# os.environ['MAIL_TOKEN']\n"), ("app.py", "class S(BaseModel):\n    mail_token: str\n"),
     ("app.py", "class S(BaseSettings):\n    database_url: str = 'sqlite:///a.db'\n"), ("app.py", "app.config('Token')\n")],
)  # fmt: skip
def test_what_is_no_credential_of_the_product_is_none(of: Of, path: str, text: str) -> None:
    assert of({path: text}, secret()).outcome is Outcome.HOLDS


def test_another_name_and_a_path_to_it_are_the_same_secret(of: Of) -> None:
    files = {"app.py": "import os\nos.environ['DESK_API_KEY_FILE']\n"}
    assert of(files, secret("vault:kv/desk#key")).outcome is Outcome.HOLDS
    assert of(files, secret("env:DESK_API_KEY", name="desk")).outcome is Outcome.HOLDS
    assert of(files, secret("vault:kv/desk#key", name="desk")).outcome is Outcome.FAILS


def test_names_tell_credentials_from_settings() -> None:
    holds = """OPENAI_API_KEY API_TOKEN DATABASE_URL DB_PASSWORD PGPASSWORD SECRET_KEY JWT_SECRET AWS_SECRET_ACCESS_KEY HF_TOKEN GITHUB_PAT
        AZURE_OPENAI_KEY AZURE_SEARCH_KEY SLACK_WEBHOOK_URL MONGODB_URI SQLALCHEMY_DATABASE_URI SMTP_PASS GOOGLE_APPLICATION_CREDENTIALS
        openai_api_key APIKEY AZURE_STORAGE_CONNECTION_STRING TOKEN ACCESS_TOKEN_2 AUTHTOKEN LANGFUSE_SECRET_KEY"""
    none = """
        MAX_TOKENS TOKENIZERS_PARALLELISM TOKEN_LIMIT PASSWORD_MIN_LENGTH SECRET_NAME PUBLIC_KEY CACHE_KEY
        SORT_KEY LANGFUSE_PUBLIC_KEY
        NEXT_PUBLIC_API_KEY SENTRY_DSN PWD COMPASS MODEL_PATH API_URL TOKEN_URL EOS_TOKEN MONKEY OPENAI_BASE_URL REDIS_URL HOTKEY SUBPATH"""
    assert [name for name in holds.split() if not is_credential(name)] == []
    assert [name for name in none.split() if is_credential(name)] == []


@given(st.text("ABCDEFKOPRSTYW_0123456789", max_size=60))
def test_any_name_is_judged_in_no_time(name: str) -> None:
    assert is_credential(name) in (True, False)


@pytest.mark.parametrize("ref", ["postgresql://a:hunter2pw@db/x", "hunter2pw", "env:hunter2pw!", "vault:kv/a", "age:../hunter2pw", "file:"])
def test_what_is_no_reference_is_refused_without_being_repeated(of: Of, ref: str) -> None:
    with pytest.raises(InputError) as raised:
        of(toml=secret(ref))
    assert "readiness.toml:3: `ref` must be" in raised.value.message
    assert "hunter2pw" not in raised.value.message + raised.value.hint


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_of_age_files_raise(data: bytes) -> None:
    assert not age.is_encrypted(data)
    assert not age.is_encrypted(age.ARMOR + data)

"""Fields: whatever is wrong with one is said with the line it stands on; `# here` marks that line."""

from __future__ import annotations

import pytest

from readiness.config.manifest import parse
from readiness.errors import InputError

HERE = "# here"

BAD = [
    ("schema = '1'  # here", "`schema` must be a whole number, got `1`"),
    ("schema = true  # here", "`schema` must be a whole number, got `true`"),
    ("\nschema = 2  # here", "`schema` must be 1, got `2`"),
    ("\n\nproject = 3  # here", "`project` must be a table, got `3`"),
    ("[project]\nid = 'Support Bot'  # here", "`id` must be 1 to 63 of a-z, 0-9 and hyphen, got `Support Bot`"),
    (f"[project]\nid = '{'a' * 64}'  # here", "`id` must be 1 to 63"),
    ("[project]\nid = 7  # here", "`id` must be a text, got `7`"),
    ("[project]\n\nmode = 'live'  # here", "`mode` must be `production` or `research` or `prototype` or `crisis`, got `live`"),
    ("[project]\nstakes = 'fame'  # here", "`stakes` must be `annoyance` or"),
    ("[project]\nstakes = ['money']  # here", "`stakes` must be"),
    ("[project]\ncomponents = '.'  # here", "`components` must be a list, got `.`"),
    ("[project]\ncomponents = [1]  # here", "`components` must be a text, got `1`"),
    ("[project]\nuntil = 2026-12-20T10:00:00Z  # here", "`until` must be a date like 2026-12-20"),
    ("[project]\nuntil = 2026-12-20  # here", "mode `production` has no `until`"),
    ("[project]\nmode = 'crisis'  # here\nreason = 'fire'\nowner = 'ana'", "mode `crisis` needs `until`"),
    ("[project]\nmode = 'research'  # here\nreason = 'a paper'\nuntil = 2026-12-20", "mode `research` needs `owner`"),
    ("[project]\nmode = 'prototype'  # here\nowner = 'ana'\nuntil = 2026-12-20", "mode `prototype` needs `reason`"),
    ("[demo]  # here", "[demo] needs exactly one of `command`, `server`, `notebook`, got none"),
    ("[demo]  # here\ncommand = ['x']\nnotebook = 'a.ipynb'", "[demo] needs exactly one of"),
    ("[demo]\ncommand = 'python main.py'  # here", "`command` must be a list of words"),
    ("[demo]\ncommand = []  # here", "`command` must be a list of words"),
    ("[demo]\ncommand = ['x', 1]  # here", "`command` must be a list of words"),
    ("[demo]\ncommand = ['x']\nsetup = ['uv sync']  # here", "`setup` must be a list of words"),
    ("[demo]\ncommand = ['x']\nsetup = 'uv sync'  # here", "`setup` must be a list, got `uv sync`"),
    ("[demo]\n\nnotebook = '/tmp/a.ipynb'  # here", "`notebook` must stay inside the project"),
    ("[demo]\ncommand = ['x']\noutputs = ['../out']  # here", "`outputs` must stay inside the project, got `../out`"),
    ("[demo]\ncommand = ['x']\nmetrics = 'a/../../m.json'  # here", "`metrics` must stay inside the project"),
    ("[demo]\ncommand = ['x']\n[demo.env]\nTZ = 'UTC'\nN = 1  # here", "`N` must be a text, got `1`"),
    ("[demo]\ncommand = ['x']\nenv = ['A=1']  # here", "`demo.env` must be a table"),
    ("[demo]\ncommand = ['x']\nsecrets = 'KEY'  # here", "`secrets` must be a list"),
    ("[demo]\ncommand = ['x']\ntimeout_s = 0  # here", "`timeout_s` must be a number of at least 0.1, got `0`"),
    ("[demo]\ncommand = ['x']\ntimeout_s = nan  # here", "`timeout_s` must be a number"),
    ("[demo]\ncommand = ['x']\ntimeout_s = '5'  # here", "`timeout_s` must be a number"),
    ("[demo]\ncommand = ['x']\ntimeout_s = inf  # here", "`timeout_s` must be a number"),
    ("[demo]\ncommand = ['x']\ntimeout_s = true  # here", "`timeout_s` must be a number"),
    ("[demo]\ncommand = ['x']\nnetwork = 'lan'  # here", "`network` must be `off` or"),
    ("[demo]\ncommand = ['x']\ncassette = 'cassettes/a.json'  # here", '`cassette` needs `network = "cassette"`'),
    ("[demo]\ncommand = ['x']\nnetwork = 'cassette'\ncassette = 'a'  # here", "`cassette` must be the path of a file `….json`, got `a`"),
    ("[demo]\ncommand = ['x']\nnetwork = 'cassette'\ncassette = '../a.json'  # here", "`cassette` must stay inside the project"),
    ("[demo]\ncommand = ['x']\nredact = ['(']  # here", "`(` is no regular expression"),
    ("[demo]\ncommand = ['x']\nredact = ['a*']  # here", "the pattern `a*` matches the empty text, and so everywhere"),
    ("[demo]\ncommand = ['x']\nredact = 'email'  # here", "`redact` must be a list"),
    ("[demo]\ncommand = ['x']\nvolatile = [1]  # here", "`volatile` must be a text"),
    ("[demo]\ncommand = ['x']\n[demo.prices]\nsmall = 3  # here", "must be a table"),
    ("[demo]\ncommand = ['x']\n[demo.prices.small]\ninput_per_million = -1  # here", "`input_per_million` must be a number of at least 0"),
    ("[demo]\ncommand = ['x']\n[demo.prices.small]\ninput = 1  # here", "unknown key `input`; known here: input_per_million, output"),
    ("[demo]\ncommand = ['x']\nneeds = ['redis']  # here", "`needs` cannot supply `redis`; it supplies postgres"),
    ("[demo]\nserver = ['x']  # here", "must be a table"),
    ("[demo]\nserver = { argv = ['x'], ready = 'healthz' }  # here", "`ready` must be a path that starts with `/`"),
    ("[demo]\ncommand = ['x']\n[[demo.request]]  # here\npath = '/'", "requests need `server`"),
    ("[demo]\nserver = { argv = ['x'] }\n[[demo.request]]\npath = '/'\n[[demo.request]]  # here", "a request needs a `path`"),
    ("[demo]\nserver = { argv = ['x'] }\n[[demo.request]]\npath = '/'\nmethod = 'ASK'  # here", "`method` must be `GET` or"),
    ("[demo]\nserver = { argv = ['x'] }\n[[demo.request]]\npath = '/'\nid = 'A/B'  # here", "`id` must be 1 to 63"),
    ("[demo]\ncommand = ['x']\n[demo.tolerance]\n'a.json' = { abs = 1 }  # here", "a tolerance is named `file:field`"),
    ("[demo]\ncommand = ['x']\n[demo.tolerance]\n'a.json:x' = 1  # here", "must be a table"),
    ("[demo]\ncommand = ['x']\n[demo.tolerance]\n'a.json:x' = { rel = -1 }  # here", "must be a number of at least 0, got `-1`"),
    ("[trust]\n\nkeys = ['ssh-ed25519 AAAA']  # here", "a key is `ed25519:<base64> [self|ci|verifier]`"),
    ("[trust]\nkeys = ['ed25519:AAAA boss']  # here", "a key is"),
    ("[infrastructure]\npython = 3.12  # here", "`python` must be a text, got `3.12`"),
    ("[infrastructure]\ntests = 'pytest'  # here", "`tests` must be a list of words"),
    ("[infrastructure]\nskip_modules = 'a'  # here", "`skip_modules` must be a list"),
    ("[infrastructure]\nttl_days = 8  # here", "`ttl_days` may shorten the 7 days"),
    ("[infrastructure]\nttl_days = -1  # here", "`ttl_days` must be a number of at least 0"),
]
"""Documents with exactly one thing wrong, and what is said of it."""


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse(text)
    return caught.value.problems


def marked(text: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if HERE in line)


@pytest.mark.parametrize(("text", "said"), BAD, ids=[said[:40] for _, said in BAD])
def test_a_bad_field_is_said_with_its_line(text: str, said: str) -> None:
    found = problems(text)
    assert said in found[0]
    assert {problem.split(": ")[0] for problem in found} == {f"readiness.toml:{marked(text)}"}


WAIVER = {
    "id": "'w-1'",
    "check": "'infrastructure.starts'",
    "subject": "'app.py'",
    "reason": "'soon gone'",
    "owner": "'ana'",
    "approver": "'ben'",
    "expires": "2026-12-20",
    "blast_radius": "'one page'",
    "retirement": "'next release'",
}


@pytest.mark.parametrize("missing", WAIVER)
def test_a_waiver_lacks_nothing(missing: str) -> None:
    fields = [f"{name} = {value}" for name, value in WAIVER.items()]
    short = [line.replace("w-1", "w-2") for line in fields if not line.startswith(f"{missing} ")]
    text = "\n".join(["[[waiver]]", *fields, "", "[[waiver]]", *short])
    assert problems(text) == [f"readiness.toml:{len(fields) + 3}: a waiver needs `{missing}`"]


def test_a_waiver_ends_on_a_day() -> None:
    text = "\n".join(["[[waiver]]", *(f"{name} = {value}" for name, value in (WAIVER | {"expires": "'soon'"}).items())])
    assert problems(text) == ["readiness.toml:8: `expires` must be a date like 2026-12-20, got `soon`"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n[demos]  # here\ncommand = ['x']", "unknown key `demos`, did you mean `demo`?"),
        ("[project]\nstake = 'money'  # here", "unknown key `stake`, did you mean `stakes`?"),
        ("[demo]\ncommand = ['x']\ntimeout = 3  # here", "unknown key `timeout`, did you mean `timeout_s`?"),
        ("[demo]\nserver = { argv = ['x'], redy = '/' }  # here", "unknown key `redy`, did you mean `ready`?"),
        ("[demo]\nserver = { argv = ['x'] }\n[[demo.request]]\npath = '/'\nmetod = 'GET'  # here", "did you mean `method`?"),
        ("[infrastructure]\npyton = '3.12'  # here", "unknown key `pyton`, did you mean `python`?"),
        ("[trust]\nzzz = 1  # here", "unknown key `zzz`; known here: keys"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_one(text: str, said: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(f"readiness.toml:{marked(text)}: ")
    assert said in problem


@pytest.mark.parametrize("text", ["TODO", "todo: ask ana", "FIXME", "your-team", "XXX", "changeme"])
def test_a_placeholder_is_refused_wherever_a_text_stands(text: str) -> None:
    for document in (f"[project]\nreason = '{text}'", f"[demo]\ncommand = ['{text}']", f"[demo.env]\nA = '{text}'"):
        assert any("`" in problem and "is still the placeholder" in problem and ":2: " in problem for problem in problems(document))

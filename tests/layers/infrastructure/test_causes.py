"""Most failures are not the project's fault: each kind of failure, as real applications showed it, and what it is put down to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from readiness.layers.infrastructure import causes
from readiness.sequence.finding import Cause, Outcome, outcome_of


def described(
    kind: str, message: str, *, bases: tuple[str, ...] = (), missing: str = "", raised: str = "", filename: str = ""
) -> dict[str, object]:
    return {"type": kind, "message": message, "bases": [kind, *bases], "missing": missing, "raised_line": raised, "filename": filename}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            described("ModuleNotFoundError", "No module named 'pkg_resources'", bases=("ImportError",), missing="pkg_resources"),
            Cause.PROJECT,
        ),
        (described("ImportError", "cannot import name 'initialize_agent' from 'langchain.agents'", bases=("ImportError",)), Cause.PROJECT),
        (described("AttributeError", "module 'openai' has no attribute 'Chat'"), Cause.PROJECT),
        (described("SyntaxError", "invalid syntax (app.py, line 4)", bases=("SyntaxError",)), Cause.PROJECT),
        (described("SyntaxError", "invalid syntax: key = <your-api-key>", bases=("SyntaxError",)), Cause.CONFIGURATION),
        (described("TypeError", "Client.__init__() got an unexpected keyword argument 'proxies'"), Cause.PROJECT),
        (
            described("ModuleNotFoundError", "No module named 'playwright'", bases=("ImportError",), missing="playwright"),
            Cause.NOT_EXERCISED,
        ),
        (described("ModuleNotFoundError", "No module named 'winreg'", bases=("ImportError",), missing="winreg"), Cause.NOT_EXERCISED),
        (described("AssertionError", "", raised='assert sys.platform == "win32"'), Cause.NOT_EXERCISED),
        (described("KeyError", "'OPENAI_API_KEY'", raised='KEY = os.environ["OPENAI_API_KEY"]'), Cause.CONFIGURATION),
        (described("openai.OpenAIError", "The api_key client option must be set either by passing api_key"), Cause.CONFIGURATION),
        (described("ValueError", "At least one LLM API key must be provided."), Cause.CONFIGURATION),
        (described("streamlit.errors.StreamlitSecretNotFoundError", "No secrets found", bases=("FileNotFoundError",)), Cause.CONFIGURATION),
        (described("EOFError", "EOF when reading a line"), Cause.CONFIGURATION),
        (described("psycopg.OperationalError", "connection failed: Connection refused. Is the server running?"), Cause.SERVICE),
        (described("redis.exceptions.ConnectionError", "Error 111 connecting to localhost:6379. Connection refused."), Cause.SERVICE),
        (described("httpx.ConnectError", "[Errno -3] Temporary failure in name resolution"), Cause.NETWORK),
        (described("OSError", "We couldn't connect to 'https://huggingface.co' to load the files"), Cause.NETWORK),
        (described("LookupError", "Resource punkt not found.\nPlease use the NLTK Downloader"), Cause.NETWORK),
        (described("FileNotFoundError", "[Errno 2] No such file", bases=("FileNotFoundError",), filename="data/index.faiss"), Cause.FILE),
        (described("ImportError", "no pq wrapper available.", bases=("ImportError",)), Cause.SYSTEM),
        (described("ImportError", "libGL.so.1: cannot open shared object file", bases=("ImportError",)), Cause.SYSTEM),
        (described("MemoryError", "", bases=("MemoryError",)), Cause.TOOL),
        (described("streamlit.runtime.scriptrunner.StopException", ""), Cause.NONE),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else value.name,
)
def test_an_error_is_put_down_to_what_caused_it(error: dict[str, object], expected: Cause) -> None:
    assert causes.of_error(error, {"playwright"}).cause is expected


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause not in (Cause.NONE, Cause.PROJECT)])
def test_only_the_project_s_own_fault_fails(cause: Cause) -> None:
    assert outcome_of(cause) is Outcome.UNKNOWN


def test_a_guard_names_the_variable_it_asks_for() -> None:
    told = causes.of_error(described("RuntimeError", "BEARER_TOKEN must be set"), set())
    assert told.variables == ("BEARER_TOKEN",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Traceback (most recent call last):\n  File x\nModuleNotFoundError: No module named 'faiss'", Cause.PROJECT),
        ("Traceback (most recent call last):\n  File x\nKeyError: 'API_TOKEN'", Cause.CONFIGURATION),
        ("Traceback (most recent call last):\nsocket.gaierror: [Errno -3] Temporary failure in name resolution", Cause.NETWORK),
        ("the server was not ready at /: [Errno 111] Connection refused", Cause.SERVICE),
        ("something else went wrong", Cause.PROJECT),
        ("", Cause.PROJECT),
    ],
)
def test_the_end_of_a_command_tells_its_cause(text: str, expected: Cause) -> None:
    assert causes.of_output(text).cause is expected


def test_the_reason_is_one_line_without_colours_and_paths_of_ours() -> None:
    told = causes.one_line("\x1b[31mno  such\nfile /var/tmp/readiness-0/run-ab12cd34/tree/first/shop/data/x.csv\x1b[0m")
    assert told == "no such file data/x.csv"


@pytest.mark.parametrize(
    ("top", "name"), [("yaml", "pyyaml"), ("PIL", "pillow"), ("langchain_groq", "langchain-groq"), ("cv2", "opencv-python")]
)
def test_a_module_is_mapped_to_the_package_that_brings_it(top: str, name: str) -> None:
    assert causes.distribution(top) == name


def test_a_sentence_that_python_breaks_in_two_is_told_whole(tmp_path: Path) -> None:
    code = "import typing, abc\nT = typing.TypeVar('T')\nclass A(abc.ABC): pass\nclass B(abc.ABC, A): pass\n"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path).stderr
    assert causes.of_output(said) == causes.Told(
        Cause.PROJECT, "TypeError: Cannot create a consistent method resolution order (MRO) for bases ABC, A"
    )
    apart = "Traceback (most recent call last):\nValueError: no such desk\nwritten by atexit\n"
    assert causes.of_output(apart.replace("desk\n", "desk.\n")).reason == "ValueError: no such desk."

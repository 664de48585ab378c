"""Why a module or a demo did not start: most failures are not the project's fault, so the cause is named."""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from readiness.sequence.finding import Cause
from readiness.world.explanation import shortened
from readiness.world.sandbox import without_work_folder

DISTRIBUTIONS: Final = {
    "attr": "attrs", "bs4": "beautifulsoup4", "cv2": "opencv-python", "dotenv": "python-dotenv", "fitz": "pymupdf", "git": "gitpython",
    "google": "google-cloud", "jose": "python-jose", "jwt": "pyjwt", "magic": "python-magic", "multipart": "python-multipart",
    "openssl": "pyopenssl", "pil": "pillow", "pkg_resources": "setuptools", "psycopg2": "psycopg2-binary", "serial": "pyserial",
    "skimage": "scikit-image", "sklearn": "scikit-learn", "slugify": "python-slugify", "usb": "pyusb", "yaml": "pyyaml", "zmq": "pyzmq",
    "docx": "python-docx", "pptx": "python-pptx", "dateutil": "python-dateutil", "faiss": "faiss-cpu", "telegram": "python-telegram-bot",
    "discord": "discord-py", "llama_index": "llama-index", "umap": "umap-learn", "grpc": "grpcio", "markdown2": "markdown2",
}  # fmt: skip
"""Import names whose package is called otherwise."""

_ELSEWHERE: Final = frozenset({"winreg", "msvcrt", "winsound", "_winapi", "win32api", "win32con", "pythoncom", "win32com", "AppKit",
                               "Foundation", "objc", "Quartz", "google.colab", "pyspark.dbutils", "dbutils"})  # fmt: skip

_SERVICE: Final = re.compile(
    r"connection refused|could not connect to server|connection to server .* failed|connect call failed|errno 111|"
    r"error 111 connecting|serverselectiontimeouterror|no nodes are available|nobrokersavailable|cannot connect to (?:host )?"
    r"(?:localhost|127\.0\.0\.1)|failed to connect to ollama|is the server running|all connection attempts failed|"
    r"could not translate host name \"[\w-]+\"|"
    r"could not connect to (?:a |the )?(?:chroma|qdrant|weaviate|redis|milvus|elasticsearch|neo4j|mongo)|"
    r"(?:unable|fail\w*) to connect to (?:the )?docker|error while fetching server api version|docker ?exception",
    re.IGNORECASE,
)
_NETWORK: Final = re.compile(
    r"temporary failure in name resolution|name or service not known|nodename nor servname|network is unreachable|"
    r"getaddrinfo failed|failed to resolve|nameresolutionerror|couldn't connect to 'https?://huggingface|"
    r"we couldn't connect to|offline mode|cannot find the requested files in the (?:disk|local) cache|localentrynotfound|"
    r"max retries exceeded with url|failed to establish a new connection|connectionerror: .*https?://|no address associated|"
    r"resource \S+ not found\.\s+please use the nltk downloader|can't find model '\w+'|unable to reach the origin|urlopen error|"
    r"apiconnectionerror|connecterror|failed to download|errno -3|errno -2\]|errno 101|couldn't reach 'https?://|"
    r"could not translate host name|dns resolution failed|all connection attempts failed.*https",
    re.IGNORECASE,
)
_CONFIGURATION: Final = re.compile(
    r"api[_ -]?key|access[_ -]?token|auth[_ -]?token|secret[_ -]?key|credentials?\b|environment variables?|env(?:ironment)? var|"
    r"must be set|is not set|not configured|missing .*(?:config|setting|variable)|no secrets? (?:files? )?found|secrets\.toml|"
    r"field required \[type=missing|validation errors? for \w*(?:settings|config|env)|please (?:set|provide|define|configure)|"
    r"invalid (?:url|dsn|database url)|could not parse (?:sqlalchemy )?url|expected string or url|default credentials|"
    r"you must (?:provide|specify|set)|unauthorized|401|login required|no such option",
    re.IGNORECASE,
)
_ENV_NAME: Final = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\b[A-Z]{2,}KEY\b")
_LIBRARY: Final = re.compile(
    r"cannot open shared object file|libGL|no lq wrapper|no pq wrapper available|failed to load shared library|dlopen|image not found|"
    r"ffmpeg|tesseract is not installed|poppler|portaudio|sqlite3 (?:>=|version)|unsupported version of sqlite3|"
    r"no display name|\$DISPLAY|could not connect to display|libcudart|no cuda|nvidia driver|no module named '_?tkinter'|wkhtmltopdf|"
    r"executable (?:file )?not found|no such file or directory: '(?:git|docker|ffmpeg|node|npm|java|chromium|soffice)'|chromedriver",
    re.IGNORECASE,
)
_ABSENT: Final = re.compile(
    r"\b(?:director(?:y|ies)|folder|file|path)\b[^\n]{0,400}(?:does not exist|doesn't exist|do not exist|not found|is missing)|"
    r"no such file or directory",
    re.IGNORECASE,
)
"""How exceptions of other kinds than FileNotFoundError say that a file is not there."""
_REFUSED: Final = re.compile(r"\[Errno (?:1|13|30)\] (?:Operation not permitted|Permission denied|Read-only file system): '([^']+)'")
_OPEN_TO_ALL: Final = ("/tmp/", "/var/tmp/", "/dev/", "/proc/", "/sys/", "/run/")  # noqa: S108
"""Where any user of a machine may write or look, so that a refusal there is our sandbox's."""
_STOPPED: Final = frozenset({"StopException", "RerunException", "StopExecution"})
"""How frameworks end a script on purpose: it started, and said it was done."""
_PLACEHOLDER: Final = re.compile(r"<\s*(?:your|my|the|insert|add|enter|api|key|token|path)[^<>]*>", re.IGNORECASE)
_OPTIONAL_HINT: Final = re.compile(
    r"(?:pip|uv|poetry)\s+(?:install|add|sync)\b|optional dependency|requires? .* extra|please install", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a failure was put down to: the cause, one line, and the variables it asks for, any one where `alternatives`.

    `guard` says that it asks for a setting, named or not; `suspect` is the installed module it is about, where it names one.
    """

    cause: Cause
    reason: str
    variables: tuple[str, ...] = ()
    alternatives: bool = False
    guard: bool = False
    suspect: str = ""

    @property
    def unclear(self) -> bool:
        """Whether it asks for a setting and does not say which."""
        return self.guard and len(self.variables) != 1 and not self.alternatives


def of_error(error: dict[str, Any], optional: set[str], stdlib: frozenset[str] = frozenset(sys.stdlib_module_names)) -> Told:
    """The cause of an exception as the start probe describes it; `optional` are packages only an extra brings.

    `unset` in the description are the variables that the project itself looked up in vain on the way.
    """
    kind = str(error["type"])
    error = {**error, "message": without_work_folder(str(error.get("message") or ""))}
    message = error["message"]
    bases = set(error.get("bases") or ())
    links = [f"{link['type']}: {without_work_folder(str(link['message']))}" for link in error.get("chain") or ()]
    whole = " | ".join([f"{kind}: {message}", *links])
    said = one_line(f"{kind.rpartition('.')[2]}: {message}" if message else kind.rpartition(".")[2])
    if "SyntaxError" in bases and _PLACEHOLDER.search(message):
        return Told(Cause.CONFIGURATION, f"a placeholder stands where a value belongs: {one_line(message)}")
    if "ImportError" in bases:
        return _of_import(error, message, said, optional, stdlib)
    if kind == "NameError" and "'get_ipython'" in message:
        return Told(Cause.NOT_EXERCISED, "is a notebook saved as a script, which only IPython runs")
    if "SyntaxError" in bases or kind in ("NameError", "UnboundLocalError", "AttributeError", "IndentationError"):
        lacking = re.match(r"(?:partially initialized )?module '([\w.]+)' has no attribute", message)
        return Told(Cause.PROJECT, said, suspect=lacking[1] if lacking else _raised_within(error))
    return _of_surroundings(error, kind, bases, whole, said)


def _of_surroundings(error: dict[str, Any], kind: str, bases: set[str], whole: str, said: str) -> Told:
    raised = str(error.get("raised_line", ""))
    if kind.rpartition(".")[2] in _STOPPED:
        return Told(Cause.NONE, "")
    if "MemoryError" in bases:
        return Told(Cause.TOOL, "ran out of memory here")
    if re.search(r"sys\.platform|platform\.system|os\.name", raised):
        return Told(Cause.NOT_EXERCISED, f"is for another platform ({raised.strip()})")
    for pattern, cause in ((_LIBRARY, Cause.SYSTEM), (_SERVICE, Cause.SERVICE), (_NETWORK, Cause.NETWORK)):
        if pattern.search(whole):
            return Told(cause, said)
    return _of_guard(error, kind, bases, whole, said)


def _of_guard(error: dict[str, Any], kind: str, bases: set[str], whole: str, said: str) -> Told:
    message = str(error.get("message", ""))
    if kind == "EOFError" or "Abort" in kind:
        return Told(Cause.CONFIGURATION, f"asks for input when it is imported ({said})")
    if re.search(r"secret", whole, re.IGNORECASE) and "FileNotFoundError" in bases:
        return _configuration(error, message, whole, said)
    if "FileNotFoundError" in bases:
        return Told(Cause.FILE, one_line(str(error.get("filename") or said)))
    if "PermissionError" in bases or "Read-only file system" in whole:
        return _of_refusal(error, whole, said)
    if "ConnectionError" in bases or "TimeoutError" in bases:
        return Told(Cause.SERVICE, said)
    asks = re.search(r"environ|getenv", str(error.get("raised_line", ""))) or message.strip("'\"") in (error.get("absent") or ())
    named = _ENV_NAME.search(message) and kind != "TypeError"
    if asks or named or _CONFIGURATION.search(whole):
        return _configuration(error, message, whole, said)
    if _ABSENT.search(whole):
        return Told(Cause.FILE, said)
    if kind == "TypeError" and "'NoneType'" in message and error.get("unset") and not error.get("raised_in"):
        return Told(Cause.CONFIGURATION, said, tuple(error["unset"]), guard=True)  # `os.getenv("KEY")[:8]`: a guard by accident
    return Told(Cause.PROJECT, said, suspect=_raised_within(error))


def _raised_within(error: dict[str, Any]) -> str:
    """The installed module that is to be suspected of an exception: not where it only refused what it was given."""
    by_itself = error.get("importing") or {"TypeError", "AttributeError", "ImportError"} & set(error.get("bases") or ())
    return str(error.get("raised_in") or "") if by_itself else ""


def _of_refusal(error: dict[str, Any], whole: str, said: str) -> Told:
    """The cause of a refused access: the project's where the system refuses it a place outside its folder, else ours."""
    if error.get("errno") in (errno.EACCES, errno.EPERM, errno.EROFS):
        place = str(error.get("filename") or "")
    else:
        place = found[1] if (found := _REFUSED.search(whole)) else ""
    if place.startswith("/") and not place.startswith(_OPEN_TO_ALL) and without_work_folder(place) == place:
        return Told(Cause.PROJECT, f"writes outside its own folder when imported: {place}")
    return Told(Cause.TOOL, f"was refused something here: {said}")


def _configuration(error: dict[str, Any], message: str, whole: str, said: str) -> Told:
    """A guard's refusal, with the variables it names; where it is known what was looked up in vain, only such names."""
    absent = error.get("absent")
    for text in (re.sub(r"https?://\S+", " ", part) for part in (message, whole)):
        named = dict.fromkeys(_ENV_NAME.findall(text) if absent is None else _named(text, absent))
        if named:
            return Told(Cause.CONFIGURATION, said, tuple(named), _joined_by_or(text, list(named)), guard=True)
    return Told(Cause.CONFIGURATION, said, guard=True)


def _named(text: str, names: Iterable[str]) -> list[str]:
    """Those of `names` that a text mentions, in its order; nothing as short as a word of ordinary language."""
    likely = [name for name in names if name.isupper() and len(name) > 2]
    found = {name: place.start() for name in likely if (place := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text))}
    return sorted(found, key=lambda name: found[name])


def _joined_by_or(text: str, names: list[str]) -> bool:
    """Whether a text names variables of which one will do: `A or B`, `A, B, or C`, `A / B`."""
    between = [text[text.index(one) + len(one) : text.rindex(other)] for one, other in pairwise(names)]
    return (
        bool(between)
        and all(re.fullmatch(r"\W*(?:or|,|/|,\s*or)?\W*", part) for part in between)
        and bool(re.search(r"\bor\b|/", between[-1]))
    )


def of_exit(code: object, absent: list[str]) -> Told:
    """The cause of a module that ends the process when it is imported; a usage message is how some of them start."""
    if code in (None, 0, 2):
        return Told(Cause.NONE, "")
    text = str(code)
    reason = f"ends itself with {one_line(repr(code))} when imported"
    if isinstance(code, str) and (_CONFIGURATION.search(text) or _named(text, absent)):
        return _configuration({"absent": absent}, text, text, reason)
    return Told(Cause.CONFIGURATION, reason)


def _of_import(error: dict[str, Any], message: str, said: str, optional: set[str], stdlib: frozenset[str]) -> Told:
    missing = str(error.get("missing") or "")
    top = missing.split(".")[0]
    if _LIBRARY.search(message):
        return Told(Cause.SYSTEM, said)
    if missing in _ELSEWHERE or top in _ELSEWHERE:
        return Told(Cause.NOT_EXERCISED, f"is for another platform ({missing})")
    if top and message.startswith("No module named") and distribution(top) in optional:
        return Told(Cause.NOT_EXERCISED, f"needs {distribution(top)}, which is declared and not installed with the rest")
    if not message.startswith("No module named") and _OPTIONAL_HINT.search(message) and top not in stdlib:
        return Told(Cause.NOT_EXERCISED, said)
    plain = said if not said.startswith(("ModuleNotFoundError: ", "ImportError: ")) else said.partition(": ")[2]
    lacking = re.match(r"cannot import name '\w+' from (?:partially initialized module )?'([\w.]+)'", message)
    return Told(Cause.PROJECT, plain, suspect=missing or (lacking[1] if lacking else _raised_within(error)))


def distribution(top: str) -> str:
    """The canonical name of the package that most likely provides the top-level module `top`."""
    known = DISTRIBUTIONS.get(top) or DISTRIBUTIONS.get(top.lower())
    return known or re.sub(r"[-_.]+", "-", top).lower()


def of_output(text: str) -> Told:
    """The cause of a command that ended badly, from what it printed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    kind, _, message = _raised(text).partition(": ")
    if re.fullmatch(r"[A-Za-z_][\w.]*", kind) and "Traceback (most recent call last)" in text:
        missing = re.search(r"No module named '([\w.]+)'", message)
        bases = (
            ["SyntaxError"]
            if kind == "SyntaxError"
            else ["ImportError"]
            if kind.endswith(("ModuleNotFoundError", "ImportError"))
            else [kind]
        )
        described = {"type": kind, "message": message, "bases": bases, "missing": missing[1] if missing else ""}
        if kind == "FileNotFoundError" and (found := re.search(r"'([^']+)'$", message)):
            described["filename"] = found[1]
        told = of_error(described, set())
        if told.cause is Cause.PROJECT and _SERVICE.search(text):
            return Told(Cause.SERVICE, told.reason)
        if told.cause is Cause.PROJECT and _NETWORK.search(text):
            return Told(Cause.NETWORK, told.reason)
        return told
    for pattern, cause in ((_LIBRARY, Cause.SYSTEM), (_SERVICE, Cause.SERVICE), (_NETWORK, Cause.NETWORK)):
        if pattern.search(text):
            return Told(cause, one_line(last))
    if _CONFIGURATION.search(last):
        return _configuration({}, last, text, one_line(last))
    return Told(Cause.PROJECT, one_line(last or "it said nothing"))


def _raised(text: str) -> str:
    """The line that names the exception of the last traceback in a text; the last line of all where there is none.

    A sentence that Python itself breaks in two (that on a method resolution order) is given whole.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    starts = [number for number, line in enumerate(lines) if line.strip().startswith("Traceback (most recent call last)")]
    after = lines[starts[-1] + 1 :] if starts else []
    at = next((number for number, line in enumerate(after) if re.match(r"[A-Za-z_][\w.]*(?::|$)", line)), None)
    if at is None:
        return (lines[-1] if lines else "").strip()
    broken = re.search(r"\w$", after[at]) and ": " in after[at] and re.match(r"[a-z]", "".join(after[at + 1 : at + 2]))
    return " ".join(line.strip() for line in after[at : at + (2 if broken else 1)])


def one_line(text: str) -> str:
    """A text on one line of at most 200 characters, an ellipsis where there was more, without colour codes."""
    return shortened(without_work_folder(re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)))

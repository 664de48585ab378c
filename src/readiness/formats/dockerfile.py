"""Dockerfiles: instructions with their lines, the images they start from, what they copy and run."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"^\s*([A-Za-z]+)\s+(.*)$", re.DOTALL)
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_HEREDOC: Final = re.compile(r"(?:^|\s)\d*<<-?[\"']?([A-Za-z_]\w*)[\"']?(?=\s|$)")
_TAKES_HEREDOC: Final = ("RUN", "COPY", "ADD")
_NAME: Final = re.compile(r"(?:[\w.-]+\.)?(?:Dockerfile|dockerfile|Containerfile)(?:[.-][\w-]+)?|[\w.-]+\.dockerfile")
_ABOUT: Final = re.compile(
    r".*\.(?:py|pyi|js|mjs|ts|tsx|go|rs|rb|java|kt|cs|c|h|cc|cpp|php|lua|vim|ex|sh|txt|json|ya?ml|toml|xml|html|md|rst|adoc|lock|log|"
    r"example|sample|bak|orig|template|dockerignore|j2)"
)
"""Names of files that are about Dockerfiles, or would become one, and are none."""


def is_name(name: str) -> bool:
    """Whether a file of this name, without its folder, is a Dockerfile that something is built from."""
    return bool(_NAME.fullmatch(name)) and not _ABOUT.fullmatch(name)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction in capitals with its value on one line, and the 1-based line it starts on."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image a build starts from: the reference as resolved with the defaults of ARG, and where it stands."""

    reference: str
    line: int


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A parsed Dockerfile."""

    instructions: tuple[Instruction, ...]

    @property
    def images(self) -> tuple[Image, ...]:
        """Every image from outside: stages and `scratch` are left out."""
        stages: set[str] = set()
        args: dict[str, str] = {}
        found: list[Image] = []
        begun = False
        for item in self.instructions:
            if item.name == "ARG" and not begun:  # within a stage they say nothing about images
                for word in _split(item.value):
                    name, _, default = word.partition("=")
                    args[name] = _substitute(default, args)
            if item.name != "FROM":
                continue
            begun = True
            words = [word for word in item.value.split() if not word.startswith("--")]
            reference = _substitute(words[0], args) if words else ""
            if reference and reference.lower() not in stages and reference != "scratch":
                found.append(Image(reference, item.line))
            if len(words) >= 3 and words[1].lower() == "as":
                stages.add(words[2].lower())
        return tuple(found)

    @property
    def copied(self) -> tuple[tuple[str, str], ...]:
        """(source, destination) of every COPY and ADD from the build context."""
        found = []
        for item in self.instructions:
            if item.name in ("COPY", "ADD") and "--from=" not in item.value:
                words = [w.strip("\"',[]") for w in item.value.split() if not w.startswith("--")]
                found += [(source, words[-1]) for source in words[:-1]]
        return tuple(found)

    @property
    def commands(self) -> tuple[tuple[int, list[str]], ...]:
        """Every simple command of every RUN as (line, words); what no shell lexer can read is left out."""
        found = []
        for item in self.instructions:
            if item.name == "RUN":
                found += [(item.line, words) for words in shell_commands(item.value)]
        return tuple(found)

    @property
    def variables(self) -> dict[str, str]:
        """Names set by ENV, with their values."""
        found: dict[str, str] = {}
        for item in self.instructions:
            if item.name != "ENV":
                continue
            if not item.value:
                continue
            if "=" not in item.value.split(None, 1)[0]:
                name, _, value = item.value.partition(" ")
                found[name] = value.strip()
                continue
            found |= dict(word.split("=", 1) for word in _split(item.value) if "=" in word)
        return found


def parse(text: str) -> Dockerfile:
    """Parses a Dockerfile; never raises, lines that are no instruction are skipped."""
    found: list[Instruction] = []
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        start = index
        whole, index = _logical(lines, index)
        word = _WORD.match(whole)
        if word is None:
            continue
        name, value = word[1].upper(), word[2].strip()
        opened = _HEREDOC.search(value) if name in _TAKES_HEREDOC else None
        end = _closing(lines, index, opened[1]) if opened else None
        if end is not None:
            body = lines[index:end] if name == "RUN" else []
            value = " ; ".join([_HEREDOC.sub("", value).strip(), *body]).strip(" ;")
            index = end + 1
        found.append(Instruction(name, value, start + 1))
    return Dockerfile(tuple(found))


def _logical(lines: list[str], index: int) -> tuple[str, int]:
    """The line that begins at `index` with its continuations, and the index after it; Docker skips comments and empty lines."""
    whole = ""
    while index < len(lines):
        line = lines[index].rstrip("\r")
        index += 1
        if line.lstrip().startswith("#") or (whole and not line.strip()):
            if not whole:
                break
            continue
        if not line.rstrip().endswith("\\"):
            return whole + line, index
        whole += line.rstrip()[:-1] + " "
    return whole, index


def _closing(lines: list[str], index: int, word: str) -> int | None:
    """The index of the line that ends a heredoc; None where nothing ends it, so that it never was one."""
    return next((number for number in range(index, len(lines)) if lines[number].strip() == word), None)


def shell_commands(line: str) -> list[list[str]]:
    """The simple commands of a shell line, split at `&&`, `||`, `;` and `|`, mounts and assignments stripped."""
    line = re.sub(r"^(--\w+=\S+\s+)+", "", line.strip())
    if line.startswith("["):
        line = " ".join(w.strip("\"', ") for w in line.strip("[] ").split(","))
    found: list[list[str]] = [[]]
    for word in _split(line, operators=True):
        if word and not word.strip("&|;"):
            found.append([])
        elif found[-1] or not re.fullmatch(r"\w+=.*", word):
            found[-1].append(word)
    return [words for words in found if words]


def _split(text: str, *, operators: bool = False) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars="&|;" if operators else "")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return text.split()


def _substitute(text: str, values: dict[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1] or found[3]
        return values.get(name) or found[2] or found[0]

    return _VARIABLE.sub(value, text)

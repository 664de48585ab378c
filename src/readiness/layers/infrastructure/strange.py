"""What of a stranger's machine is put in the way of a demo: variables and files that its code looks for and nobody declared."""

from __future__ import annotations

import re
from typing import Final

from readiness.config.manifest import Manifest
from readiness.layers.infrastructure import declarations, source
from readiness.world.perturbed import Given
from readiness.world.project import Project

COMMON_FILES: Final = (
    ("stray.json", b"{}\n"),
    ("stray.jsonl", b"{}\n"),
    ("stray.csv", b"stray\n1\n"),
    ("stray.txt", b"stray\n"),
    ("stray.md", b"stray\n"),
    ("stray.yaml", b"stray: 1\n"),
    ("stray.log", b"stray\n"),
)
"""Files of the commonest kinds that belong to somebody else."""
COMMON_VARIABLES: Final = (
    ("APP_ENV", "staging"),
    ("CI", "true"),
    ("COLUMNS", "37"),
    ("DEBUG", "1"),
    ("ENV", "staging"),
    ("ENVIRONMENT", "staging"),
    ("VERBOSE", "1"),
)
"""Variables that a shell, a CI or another program of the same machine may have set."""
OFTEN_MISSING: Final = ("NO_COLOR", "TERM", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
VALUE: Final = "1"
"""What an undeclared variable is set to: a text, a number and a switch at once."""
_TEXT: Final = r"f?[\"']([A-Za-z0-9._-][A-Za-z0-9._/-]{1,60})[\"']"
_HOME: Final = re.compile(rf"home\(\)\s*/\s*{_TEXT}|~/([A-Za-z0-9._-][A-Za-z0-9._/-]{{1,60}})|HOME[\"']\]?\)?\s*[,/+]\s*{_TEXT}")
_TEMP: Final = re.compile(
    rf"gettempdir\(\)\)?\s*[,/]\s*{_TEXT}|[\"']/tmp/([A-Za-z0-9._-]{{2,60}})[\"']|TMPDIR[\"'][^\n]{{0,20}}[,/]\s*{_TEXT}"
)
_PLATFORM: Final = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|PWD|TMPDIR|TEMP|TMP|LANG|LANGUAGE|LC_\w+|TZ|SEED|PORT|HOSTNAME|PYTHON\w*|LD_\w+|XDG_\w+|VIRTUAL_ENV|"
    r"OTEL_\w+|READINESS_\w+|OPENAI_BASE_URL|DATABASE_URL|\w*(?:LOG_?LEVEL|_URL|_URI|_HOST|_PORT|_PATH|_DIR|_FILE|_KEY|_TOKEN|_SECRET|PASSWORD)"
)
"""What has a perturbation of its own, is given to the demo, or would break anything that is told `1`."""


def given(project: Project, manifest: Manifest) -> Given:
    """Variables and files that the code was seen to look for and that no file declares, with some of the commonest."""
    asked = {item.name for item in source.variables(project) if not _PLATFORM.fullmatch(item.name)}
    demo = manifest.demo
    stated = {*demo.env, *demo.secrets} if demo is not None else set()
    common = {name for name, _ in COMMON_VARIABLES}
    hidden = asked - stated - declarations.declared(project, asked | common)
    variables = [(name, value) for name, value in COMMON_VARIABLES if name not in stated and (name not in asked or name in hidden)]
    variables += [(name, VALUE) for name in sorted(hidden - common)]
    home, temp = _looked_for(project, _HOME), _looked_for(project, _TEMP)
    return Given(tuple(variables), OFTEN_MISSING, (*COMMON_FILES, *home), (*COMMON_FILES, *temp))


def _looked_for(project: Project, pattern: re.Pattern[str]) -> tuple[tuple[str, bytes], ...]:
    """Files that the code names below HOME or the temporary folder and no other text of the project mentions."""
    found = {
        word.strip("/")
        for path in project.paths
        if path.endswith(".py")
        for words in pattern.findall(project.text(path))
        for word in words
        if word and ".." not in word
    }
    told = {path for path in found if _mentioned(project, path.rpartition("/")[2])}
    return tuple((path, b"{}\n" if path.endswith(".json") else b"stray\n") for path in sorted(found - told))


def _mentioned(project: Project, name: str) -> bool:
    texts = (path for path in project.paths if path.endswith((".md", ".rst", ".txt", ".toml", ".yaml", ".yml", ".cfg", ".ini")))
    return any(name in project.text(path) for path in texts)

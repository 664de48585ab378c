"""Which factor of a result each file of a project belongs to.

The six factors are the ones a change of results is asked about: code, configuration, infrastructure, data, model and
prompts. A file belongs to exactly one: what the manifest says, else what its name and folder say, else data where it is
read as data, else code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from readiness.formats import globs
from readiness.layers.infrastructure.evidence import Factor

# Order matters: a prompt that is a `.py` or `.yaml` file is a prompt, a lock that ends in `.txt` is infrastructure.
_BY_NAME: Final[tuple[tuple[Factor, re.Pattern[str]], ...]] = (
    (
        Factor.INFRASTRUCTURE,
        re.compile(
            r"(?:.*/)?(?:[\w.-]*requirements[\w.-]*\.(?:txt|in)|requirements/[^/]+\.(?:txt|in)|pyproject\.toml|setup\.(?:py|cfg)"
            r"|(?:uv|poetry|pdm|conda|pixi)[\w-]*\.(?:lock|toml|ya?ml)|Pipfile(?:\.lock)?|environment[\w-]*\.ya?ml|\.python-version"
            r"|runtime\.txt|Makefile|.*Dockerfile[\w.-]*|Containerfile|(?:docker-)?compose[\w.-]*\.ya?ml|.*\.(?:tf|tfvars|bicep|nix)"
            r"|package(?:-lock)?\.json|apt\.txt|packages\.txt)"
        ),
    ),
    (
        Factor.PROMPTS,
        re.compile(r"(?:.*/)?(?:prompts?|templates/prompts?)/.*|(?:.*/)?[\w.-]*prompts?[\w.-]*\.(?:txt|md|ya?ml|json|j2|jinja2?)"),
    ),
    (
        Factor.MODEL,
        re.compile(r"(?:.*/)?models?/(?!.*\.(?:pyc?|pyi|sql)$).*|.*\.(?:onnx|safetensors|gguf|pt|pth|h5|keras|joblib|tflite|pkl)"),
    ),
    (
        Factor.DATA,
        re.compile(
            r"(?:.*/)?(?:data|datasets?|corpus|corpora|fixtures|documents)/(?!.*\.(?:pyc?|pyi)$).*"
            r"|.*\.(?:csv|tsv|parquet|jsonl|ndjson|arrow|feather|sqlite3?|db|npy|npz|xlsx?|pdf|docx)"
        ),
    ),
    (
        Factor.CONFIGURATION,
        re.compile(
            r"(?:.*/)?(?:config|configs|settings|conf)/(?!.*\.pyc?$).*|(?:.*/)?\.env[\w.-]*|.*\.(?:ya?ml|toml|ini|cfg|conf|json|properties)"
        ),
    ),
)


def factor_of(path: str, declared: Mapping[str, tuple[str, ...]]) -> Factor:
    """The factor of a file at `path` (in `/` form); `declared` maps a factor's name to globs, which go first."""
    for name, patterns in declared.items():
        if any(globs.pattern(glob).fullmatch(path) for glob in patterns):
            return Factor(name)
    return next((factor for factor, pattern in _BY_NAME if pattern.fullmatch(path)), Factor.CODE)


def parted(paths: Iterable[str], declared: Mapping[str, tuple[str, ...]]) -> dict[Factor, tuple[str, ...]]:
    """The paths of each factor, sorted; every factor is a key, also one without files."""
    found: dict[Factor, list[str]] = {factor: [] for factor in Factor}
    for path in sorted(paths):
        found[factor_of(path, declared)].append(path)
    return {factor: tuple(items) for factor, items in found.items()}

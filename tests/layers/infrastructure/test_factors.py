import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.infrastructure.evidence import Factor
from readiness.layers.infrastructure.factors import factor_of, parted

PATHS = {
    "app/main.py": Factor.CODE,
    "config.py": Factor.CODE,
    "models/answer.py": Factor.CODE,
    "data/load.py": Factor.CODE,
    "models/__pycache__/answer.cpython-312.pyc": Factor.CODE,
    "data/__pycache__/load.cpython-312.pyc": Factor.CODE,
    "config/__pycache__/app.cpython-312.pyc": Factor.CODE,
    "README.md": Factor.CODE,
    "settings.yaml": Factor.CONFIGURATION,
    "config/app.json": Factor.CONFIGURATION,
    ".env.example": Factor.CONFIGURATION,
    "requirements.txt": Factor.INFRASTRUCTURE,
    "requirements/dev.in": Factor.INFRASTRUCTURE,
    "pyproject.toml": Factor.INFRASTRUCTURE,
    "uv.lock": Factor.INFRASTRUCTURE,
    "deploy/compose.yaml": Factor.INFRASTRUCTURE,
    "deploy/main.tf": Factor.INFRASTRUCTURE,
    "api/Dockerfile": Factor.INFRASTRUCTURE,
    "corpus/a.md": Factor.DATA,
    "tickets.csv": Factor.DATA,
    "models/v2/weights.bin": Factor.MODEL,
    "encoder.onnx": Factor.MODEL,
    "prompts/system.txt": Factor.PROMPTS,
    "app/answer_prompt.yaml": Factor.PROMPTS,
    "prompts/system.py": Factor.PROMPTS,
}


@pytest.mark.parametrize("path", PATHS)
def test_the_name_and_folder_of_a_file_say_its_factor(path: str) -> None:
    assert factor_of(path, {}) is PATHS[path]


def test_what_the_manifest_says_goes_first() -> None:
    assert factor_of("app/words.py", {"prompts": ("app/words.py",)}) is Factor.PROMPTS
    assert factor_of("prompts/a.txt", {"data": ("prompts/**",)}) is Factor.DATA


@given(st.lists(st.text("abc./_-", min_size=1, max_size=12), unique=True))
def test_every_file_belongs_to_exactly_one_factor(paths: list[str]) -> None:
    found = parted(paths, {})
    assert set(found) == set(Factor)
    assert sorted(path for items in found.values() for path in items) == sorted(paths)

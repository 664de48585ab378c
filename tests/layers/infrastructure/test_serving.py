"""The server an image starts, as a demo would start it."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.layers.infrastructure import serving
from readiness.testing.projects import make_repository
from readiness.world import project as projects


def project_of(tmp_path: Path, files: dict[str, str]) -> projects.Project:
    return projects.load(make_repository(tmp_path / "shop", files))


@pytest.mark.parametrize(
    ("start", "argv", "ready"),
    [
        (
            'CMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "80"]',
            "uvicorn app:app --host 127.0.0.1 --port {PORT}",
            "/",
        ),
        ("CMD uvicorn app:app", "uvicorn app:app --port {PORT}", "/"),
        (
            'ENTRYPOINT ["streamlit", "run"]\nCMD ["app.py", "--server.port=8501"]',
            "streamlit run app.py --server.port={PORT}",
            "/_stcore/health",
        ),
        (
            'HEALTHCHECK CMD curl -f http://localhost:8000/health || exit 1\nCMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]',
            "gunicorn -b 127.0.0.1:{PORT} app:app",
            "/health",
        ),
        ('CMD ["python", "-m", "uvicorn", "a:b"]', "python -m uvicorn a:b --port {PORT}", "/"),
    ],
)
def test_the_server_of_an_image_takes_the_port_it_is_given(tmp_path: Path, start: str, argv: str, ready: str) -> None:
    found = serving.declared_server(project_of(tmp_path, {"Dockerfile": f"FROM python:3.12\n{start}\n", "app.py": ""}))
    assert found is not None
    assert (" ".join(found.argv), found.ready) == (argv, ready)


@pytest.mark.parametrize(
    "start", ['CMD ["python", "app.py"]', "CMD uvicorn app:app --port $PORT", "CMD a && uvicorn app:app", 'CMD ["uvi', ""]
)
def test_what_is_not_understood_is_not_guessed(tmp_path: Path, start: str) -> None:
    assert serving.declared_server(project_of(tmp_path, {"Dockerfile": f"FROM python:3.12\n{start}\n", "app.py": ""})) is None


@pytest.mark.parametrize(
    ("image", "code", "needs"),
    [
        ("pgvector/pgvector:pg16", "import os\nurl = os.environ['DATABASE_URL']\n", ("postgres",)),
        ("postgres:16.3", "import os\nurl = os.environ['DATABASE_URL']\n", ("postgres",)),
        ("postgres:16.3", "", ()),
        ("redis:7", "import os\nurl = os.environ['DATABASE_URL']\n", ()),
    ],
)
def test_a_database_is_needed_where_it_is_composed_and_asked_for(tmp_path: Path, image: str, code: str, needs: tuple[str, ...]) -> None:
    files = {"compose.yaml": f"services:\n  db:\n    image: {image}\n", "app.py": code}
    assert serving.needs(project_of(tmp_path, files)) == needs

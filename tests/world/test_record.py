"""Installed files against their RECORD, on folders made by hand as an installer would."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from readiness.world import record


def install(environment: Path, name: str, files: dict[str, str], *, notes: dict[str, str] | None = None) -> Path:
    """Lays out a package as pip does: its files, a RECORD with their hashes, and the notes of the installer."""
    site = environment / "lib/python3.12/site-packages"
    info = site / f"{name}.dist-info"
    info.mkdir(parents=True)
    rows = []
    for path, text in {**files, f"{info.name}/METADATA": "Metadata-Version: 2.4\n"}.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        shown = f'"{path}"' if "," in path else path
        rows.append(f"{shown},sha256={digest},{len(text)}")
    for note, text in (notes or {"INSTALLER": "pip\n"}).items():
        (info / note).write_text(text)
    rows += [
        "../../../bin/demo,sha256=AAAA,10",
        f"{info.name}/INSTALLER,sha256=AAAA,4",
        f"{info.name}/RECORD,,",
        "demo/__pycache__/a.pyc,,",
        "short",
    ]
    (info / "RECORD").write_text("\n".join(rows) + "\n")
    return site


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return install(tmp_path, "Demo_Package-1.2", {"demo/__init__.py": "VALUE = 1\n", "demo/a,b.py": "# ü\n"})


def test_an_intact_environment_differs_in_nothing(site: Path, tmp_path: Path) -> None:
    found = record.verify(tmp_path)
    assert (found.packages, found.compared, found.altered) == ({"demo-package": "1.2"}, 3, ())


def test_an_edited_file_is_found(site: Path, tmp_path: Path) -> None:
    (site / "demo/__init__.py").write_text("VALUE = 2\n")
    (altered,) = record.verify(tmp_path).altered
    assert (altered.path, altered.how) == ("demo/__init__.py", "changed")
    assert altered.package.startswith("Demo_Package")


def test_a_file_that_is_gone_is_found(site: Path, tmp_path: Path) -> None:
    (site / "demo/a,b.py").unlink()
    assert [(item.path, item.how) for item in record.verify(tmp_path).altered] == [("demo/a,b.py", "missing")]


def test_a_folder_in_the_place_of_a_file_is_no_such_file(site: Path, tmp_path: Path) -> None:
    (site / "demo/__init__.py").unlink()
    (site / "demo/__init__.py").mkdir()
    assert [item.how for item in record.verify(tmp_path).altered] == ["missing"]


def test_every_package_is_compared_and_each_fault_named(site: Path, tmp_path: Path) -> None:
    install(tmp_path, "other-0.1", {"other.py": "x\n", "another.py": "y\n"})
    (site / "other.py").write_text("z\n")
    (site / "another.py").unlink()
    found = record.verify(tmp_path)
    assert found.packages == {"demo-package": "1.2", "other": "0.1"}
    assert (found.compared, {(item.path, item.how) for item in found.altered}) == (6, {("other.py", "changed"), ("another.py", "missing")})


def test_what_the_installer_writes_itself_is_not_compared(site: Path, tmp_path: Path) -> None:
    info = site / "Demo_Package-1.2.dist-info"
    (info / "INSTALLER").write_text("uv\n")
    (info / "REQUESTED").touch()
    (site / "demo/__pycache__").mkdir()
    (site / "demo/__pycache__/a.pyc").write_bytes(b"compiled")
    assert record.verify(tmp_path).altered == ()


@pytest.mark.parametrize(
    "editable", ['{"dir_info": {"editable": true}, "url": "file:///x"}', '{"dir_info":{"editable":true},"url":"file:///x"}']
)
def test_a_package_installed_in_place_is_left_out(tmp_path: Path, editable: str) -> None:
    site = install(tmp_path, "ours-1.0", {"ours.pth": "/x\n"}, notes={"direct_url.json": editable})
    (site / "ours.pth").write_text("/y\n")
    found = record.verify(tmp_path)
    assert (found.compared, found.altered, found.packages) == (0, (), {"ours": "1.0"})


@pytest.mark.parametrize(
    "origin", ['{"url": "file:///x.whl", "archive_info": {}}', '{"dir_info": {"editable": false}, "url": "file:///x"}']
)
def test_a_package_installed_from_a_folder_or_a_file_is_compared(tmp_path: Path, origin: str) -> None:
    site = install(tmp_path, "ours-1.0", {"ours.py": "1\n"}, notes={"direct_url.json": origin})
    (site / "ours.py").write_text("2\n")
    assert [item.path for item in record.verify(tmp_path).altered] == ["ours.py"]


@pytest.mark.parametrize(
    ("origin", "local"),
    [
        ('{"url": "file:///x", "dir_info": {}}', {"our-own"}),
        ('{"url": "file:///x", "dir_info": {"editable": true}}', {"our-own"}),
        ('{"url": "file:///x.whl", "archive_info": {}}', set()),
        ('{"url": "https://h/r", "vcs_info": {"vcs": "git"}}', set()),
        ("[]", set()),
        ("{", set()),
    ],
)
def test_packages_installed_from_a_folder_are_the_projects_own(tmp_path: Path, origin: str, local: set[str]) -> None:
    install(tmp_path, "Our_Own-1.0", {"ours.py": "1\n"}, notes={"direct_url.json": origin})
    install(tmp_path, "other-1.0", {"other.py": "1\n"})
    assert record.local_packages(tmp_path) == local


def test_a_package_without_a_record_is_listed_and_has_nothing_to_compare(tmp_path: Path) -> None:
    site = install(tmp_path, "bare-1.0", {"bare.py": "1\n"})
    (site / "bare-1.0.dist-info/RECORD").unlink()
    assert (record.verify(tmp_path).compared, record.packages(tmp_path)) == (0, {"bare": "1.0"})


def test_an_environment_without_packages_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        record.verify(tmp_path)


def test_a_file_of_two_packages_is_right_as_either_ships_it(tmp_path: Path) -> None:
    install(tmp_path, "cv_contrib-1.0", {"cv/__init__.py": "# contrib\n", "cv/same.py": "1\n"})
    site = install(tmp_path, "cv_headless-1.0", {"cv/__init__.py": "# headless\n", "cv/same.py": "1\n"})
    for found in (record.verify(tmp_path), record.verify_sites([site], lambda path: hashlib.sha256(Path(path).read_bytes()).hexdigest())):
        assert (found.altered, found.shared) == ((), (record.Shared("cv/__init__.py", ("cv-contrib", "cv-headless")),))


def test_a_file_of_two_packages_that_is_as_neither_ships_it_is_altered(tmp_path: Path) -> None:
    install(tmp_path, "cv_contrib-1.0", {"cv/__init__.py": "# contrib\n"})
    site = install(tmp_path, "cv_headless-1.0", {"cv/__init__.py": "# headless\n"})
    (site / "cv/__init__.py").write_text("# patched here\n")
    assert {item.path for item in record.verify(tmp_path).altered} == {"cv/__init__.py"}

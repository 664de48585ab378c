"""The machine, as its own files say it."""

from __future__ import annotations

from pathlib import Path

from readiness.world import machine

DPKG = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9

Package: gone
Status: deinstall ok config-files
Version: 1

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.36-8
"""


def test_packages_of_debian(tmp_path: Path) -> None:
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(DPKG)
    assert machine.system_packages(tmp_path) == ({"libc6": "2.36-9", "libc6:i386": "2.36-8"}, "")


def test_packages_of_alpine(tmp_path: Path) -> None:
    (tmp_path / "lib/apk/db").mkdir(parents=True)
    (tmp_path / "lib/apk/db/installed").write_text("C:x\nP:musl\nV:1.2.5-r0\n\nP:busybox\nV:1.36\n")
    assert machine.system_packages(tmp_path) == ({"musl": "1.2.5-r0", "busybox": "1.36"}, "")


def test_no_packages_are_said_to_be_none(tmp_path: Path) -> None:
    assert machine.system_packages(tmp_path) == ({}, "neither dpkg, apk nor rpm is here")


def test_the_system_is_named(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('PRETTY_NAME="Some Linux 1"\nVERSION_ID=1\n')
    found = machine.system(tmp_path)
    assert (found["distribution"], found["version"]) == ("Some Linux 1", "1")
    assert found["kernel"]


def test_the_processor_is_named(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: EPYC\nflags\t\t: sse avx\n\nprocessor\t: 1\nmodel name\t: Other\n")
    assert machine.cpu(tmp_path / "cpuinfo") == ({"model": "EPYC", "flags": "avx sse"}, "")
    (tmp_path / "arm").write_text("CPU implementer\t: 0x41\nCPU part\t: 0xd0c\nFeatures\t: asimd fp\n")
    assert machine.cpu(tmp_path / "arm") == ({"model": "0x41 0xd0c", "flags": "asimd fp"}, "")

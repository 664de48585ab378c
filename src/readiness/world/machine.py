"""The machine: its operating system and the packages of that, its processor."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

_DPKG: Final = Path("var/lib/dpkg/status")
_APK: Final = (Path("lib/apk/db/installed"), Path("usr/lib/apk/db/installed"))
_RPM: Final = (Path("var/lib/rpm"), Path("usr/lib/sysimage/rpm"))
_TIMEOUT_S: Final = 20


def system(root: Path = Path("/")) -> dict[str, str]:
    """The operating system: name and version of its distribution, kernel, C library, architecture."""
    found = {"system": platform.system(), "kernel": platform.release(), "machine": platform.machine()}
    libc = " ".join(part for part in platform.libc_ver() if part)
    if libc:
        found["libc"] = libc
    release = _release(root)
    found |= {name: release[key] for name, key in (("distribution", "PRETTY_NAME"), ("version", "VERSION_ID")) if key in release}
    if "distribution" not in found and platform.mac_ver()[0]:
        found["distribution"] = f"macOS {platform.mac_ver()[0]}"
    return found


def _release(root: Path) -> dict[str, str]:
    for name in ("etc/os-release", "usr/lib/os-release"):
        try:
            text = (root / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        return {key: value.strip("\"'") for key, _, value in (line.partition("=") for line in text.splitlines()) if value}
    return {}


def system_packages(root: Path = Path("/")) -> tuple[dict[str, str], str]:
    """Packages of the operating system, name → version; and why there are none where there are none."""
    try:
        if (root / _DPKG).is_file():
            return _dpkg((root / _DPKG).read_text(encoding="utf-8", errors="replace")), ""
        for name in _APK:
            if (root / name).is_file():
                return _apk((root / name).read_text(encoding="utf-8", errors="replace")), ""
    except OSError as error:
        return {}, f"the list of packages cannot be read: {error.strerror}"
    if any((root / name).is_dir() for name in _RPM) and shutil.which("rpm"):
        return _rpm(root)
    return {}, "neither dpkg, apk nor rpm is here"


def _dpkg(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in text.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Status|Version|Architecture): (.*)$", entry, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed") and "Package" in fields:
            name = fields["Package"]
            if name in found:  # the same package for two architectures
                name = f"{name}:{fields.get('Architecture', '')}"
            found[name] = fields.get("Version", "")
    return found


def _apk(text: str) -> dict[str, str]:
    return {
        fields["P"]: fields.get("V", "")
        for entry in text.split("\n\n")
        if "P" in (fields := dict(re.findall(r"^([PV]):(.*)$", entry, re.MULTILINE)))
    }


def _rpm(root: Path) -> tuple[dict[str, str], str]:
    argv = ["rpm", "--root", str(root), "-qa", "--qf", "%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}.%{ARCH}\\n"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return {}, "rpm does not answer"
    if done.returncode != 0:
        return {}, f"rpm ended with exit {done.returncode}"
    found: dict[str, str] = {}
    for name, _, version in (line.partition("\t") for line in sorted(done.stdout.splitlines())):
        found[name] = f"{found[name]}, {version}" if name in found else version  # a kernel may be there several times
    return found, ""


def cpu(info: Path = Path("/proc/cpuinfo")) -> tuple[dict[str, str], str]:
    """The processor's model and feature flags, sorted; and why they are not known where they are not."""
    try:
        text = info.read_text(encoding="utf-8", errors="replace")
    except OSError:
        named = platform.processor()
        return ({"model": named}, "") if named else ({}, "the system does not say")
    fields = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in text.partition("\n\n")[0].splitlines())}
    model = fields.get("model name") or " ".join(fields[key] for key in ("CPU implementer", "CPU part", "CPU variant") if key in fields)
    flags = fields.get("flags") or fields.get("Features", "")
    return {"model": model or platform.machine(), "flags": " ".join(sorted(flags.split()))}, ""

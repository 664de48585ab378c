"""Signatures of people, made and verified by ssh-keygen (`-Y`), with the keys they already have."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from readiness.errors import CannotJudge, UsageError
from readiness.world import git


def sign(data: bytes, namespace: str, key: Path) -> bytes:
    """The signature over `data`; ssh-keygen asks for a passphrase, or the agent, where the key needs it.

    Raises UsageError where the key cannot sign, CannotJudge without ssh-keygen.
    """
    with tempfile.TemporaryDirectory(prefix="readiness-sign-") as folder:
        message = Path(folder) / "message"
        message.write_bytes(data)
        done = _keygen("-q", "-Y", "sign", "-f", os.fspath(key), "-n", namespace, os.fspath(message))
        made = message.with_name("message.sig")
        if done.returncode != 0 or not made.is_file():
            raise UsageError(f"{key} does not sign: {_last(done.stderr)}", "name your key with --key, or set `git config user.signingkey`")
        return made.read_bytes()


def signers(data: bytes, signature: bytes, namespace: str, allowed: str) -> tuple[str, ...]:
    """Everybody for whom this is a good signature over `data`: principals of the allowed signers file with that text."""
    with tempfile.TemporaryDirectory(prefix="readiness-sign-") as folder:
        file, sig = Path(folder) / "allowed_signers", Path(folder) / "message.sig"
        file.write_text(allowed, encoding="utf-8")
        sig.write_bytes(signature)
        found = _keygen("-Y", "find-principals", "-s", os.fspath(sig), "-f", os.fspath(file))
        names = [name for line in found.stdout.decode(errors="replace").splitlines() for name in line.split(",") if name]
        good = []
        for name in dict.fromkeys(names):
            done = _keygen("-Y", "verify", "-f", os.fspath(file), "-I", name, "-n", namespace, "-s", os.fspath(sig), data=data)
            if done.returncode == 0:
                good.append(name)
        return tuple(good)


def key_of(root: Path, given: Path | None) -> Path:
    """The key to sign with: the one given, else git's `user.signingkey`, else the user's Ed25519 key.

    Raises UsageError where there is none.
    """
    if given is not None:
        found = given
    else:
        named = (git.ask(root, "config", "--get", "user.signingkey") or b"").decode().strip()
        usual = Path.home() / ".ssh/id_ed25519"
        found = Path(named).expanduser() if named and not named.startswith(("ssh-", "key::")) else usual
    if not found.is_file():
        raise UsageError(f"no key {found}", "name your ssh key with --key, or make one: ssh-keygen -t ed25519")
    return found


def _keygen(*args: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["ssh-keygen", *args], input=data, capture_output=True, check=False)
    except FileNotFoundError:
        raise CannotJudge("there is no ssh-keygen here, so no signature can be made or verified", "install OpenSSH") from None


def _last(stderr: bytes) -> str:
    lines = [line for line in stderr.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "ssh-keygen says nothing"

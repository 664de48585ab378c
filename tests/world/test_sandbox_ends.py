"""How commands end: by themselves, at a limit, or with us. Nothing they started outlives them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from readiness.errors import CannotJudge
from readiness.world import files, sandbox
from tests.world.conftest import Box, Launch, reachable_python

MIB = 1 << 20
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)", sys.argv[1]])
    os._exit(0)
os.wait()
print("started", flush=True)
time.sleep(float(sys.argv[2]))
"""
"""Leaves a process behind that has another parent, another session and closed nothing."""

BOMB = """
import os, time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
"""
FILL = """
import time
for number in range(2000):
    with open("fill-%d" % number, "wb") as handle:
        handle.write(b"x" * (1 << 20))
    time.sleep(0.004)
"""
FLOOD = """
import os
os.write(1, b"first line\\n")
chunk = b"x" * 65536
for _ in range(3200):
    while chunk[os.write(1, chunk):]: raise SystemExit("a short write")
os.write(1, b"\\nlast line\\n")
raise SystemExit(7)
"""


def test_a_process_left_behind_ends_with_the_command(box: Box) -> None:
    ran = box.run(DAEMON, box.marker, "0.2")
    assert (ran.exit_code, ran.stdout) == (0, "started\n")
    assert box.left() == []


def test_a_process_left_behind_ends_at_the_time_limit(box: Box) -> None:
    ran = box.run(DAEMON, box.marker, "60", timeout_s=1)
    assert (ran.exit_code, ran.signal, ran.timed_out, ran.ok) == (None, None, True, False)
    assert ran.stdout == "started\n"
    assert box.left() == []


def test_a_process_left_behind_ends_when_we_are_killed(launch: Launch, walled: Box) -> None:
    program = launch("walled", str(reachable_python().path), "-c", DAEMON, walled.marker, "60")
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as launcher:
        _wait_until(lambda: len(walled.left()) >= 3)
        launcher.kill()
    _wait_until(lambda: walled.left() == [])


def _wait_until(told: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_command_that_ignores_every_signal_ends_at_the_time_limit(box: Box) -> None:
    ignore = "import signal, time\nfor number in (1, 2, 3, 13, 15): signal.signal(number, signal.SIG_IGN)\n"
    ran = box.run(f"{ignore}print('ready', flush=True)\ntime.sleep(60)", timeout_s=1)
    assert ran.timed_out
    assert ran.elapsed_s < 10


def test_hundreds_of_processes_end_at_the_time_limit(box: Box) -> None:
    ran = box.run("import os, time\nfor _ in range(300):\n    if os.fork() == 0: break\ntime.sleep(60)", box.marker, timeout_s=1)
    assert ran.timed_out
    assert box.left() == []


def test_a_fork_bomb_ends_at_the_time_limit(walled: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "PROCESS_LIMIT", 250)
    ran = walled.run(BOMB, walled.marker, timeout_s=1.5)
    assert ran.timed_out
    assert ran.elapsed_s < 15
    assert walled.left() == []
    assert walled.run("print('still here')").stdout == "still here\n"


def test_a_command_that_kills_what_watches_it_gains_nothing(box: Box) -> None:
    ran = box.run("import os, signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(0.5); raise SystemExit(7)")
    assert not ran.ok
    assert box.left() == []


def test_a_full_disk_ends_the_command(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "DISK_LIMIT_BYTES", 48 * MIB)
    ran = box.run(FILL)
    assert (ran.filled_disk, ran.exit_code, ran.timed_out) == (True, None, False)
    assert files.tree_bytes(box.sandbox.root) < 1500 * MIB
    assert files.free_bytes(box.sandbox.root) > sandbox.DISK_RESERVE_BYTES


def test_a_command_leaves_the_machine_its_reserve(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "DISK_RESERVE_BYTES", files.free_bytes(box.sandbox.root) - 100 * MIB)
    assert box.run(FILL).filled_disk


def test_no_file_grows_past_its_limit(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "FILE_LIMIT_BYTES", MIB)
    ran = box.run("open('large', 'wb').write(b'x' * (2 << 20))")
    assert ran.exit_code == 1
    assert "File too large" in ran.stderr
    assert (box.sandbox.root / "home/large").stat().st_size <= MIB


def test_a_flood_of_output_is_counted_and_not_kept(box: Box) -> None:
    tracemalloc.start()
    ran = box.run(FLOOD)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    total = 3200 * 65536 + len("first line\n\nlast line\n")
    assert ran.exit_code == 7
    assert ran.stdout.startswith("first line\nxxx")
    assert ran.stdout.endswith("xxx\nlast line\n")
    assert ran.dropped_bytes == total - 2 * sandbox.OUTPUT_KEPT
    assert f"{ran.dropped_bytes} bytes dropped" in ran.stdout
    assert peak_bytes < 8 * MIB


def test_the_digest_is_of_the_whole_output(box: Box) -> None:
    ran = box.run("print('x' * 2_000_000, end='')")
    assert ran.dropped_bytes > 0
    assert ran.stdout_sha256 == hashlib.sha256(b"x" * 2_000_000).hexdigest()


@pytest.mark.parametrize("size", [0, 2 * sandbox.OUTPUT_KEPT])
def test_output_that_fits_is_kept_whole(box: Box, size: int) -> None:
    ran = box.run(f"import sys; sys.stderr.write('e'); sys.stdout.write('x' * {size})")
    assert (ran.stdout, ran.stderr, ran.dropped_bytes) == ("x" * size, "e", 0)


def test_output_that_is_no_text_is_replaced(box: Box) -> None:
    assert box.run("import os; os.write(1, b'caf\\xe9\\n')").stdout == "caf\ufffd\n"


@pytest.mark.parametrize("code", [0, 3, 255])
def test_the_exit_code_is_reported(box: Box, code: int) -> None:
    ran = box.run(f"raise SystemExit({code})")
    assert (ran.exit_code, ran.signal, ran.timed_out, ran.ok) == (code, None, False, code == 0)


@pytest.mark.parametrize("number", [9, 11])
def test_the_signal_a_command_died_of_is_reported(box: Box, number: int) -> None:
    ran = box.run(f"import os; os.kill(os.getpid(), {number})")
    assert (ran.exit_code, ran.signal, ran.ok) == (None, number, False)


def test_a_command_whose_reader_left_dies_of_it_as_in_a_shell(box: Box) -> None:
    ran = box.sandbox.run(["/bin/sh", "-c", "yes | head -n 1"], cwd=box.sandbox.root / "home")
    assert (ran.exit_code, ran.stdout, ran.stderr) == (0, "y\n", "")


@pytest.mark.parametrize(("argv", "code"), [(["no-such-program"], 127), (["/no/such/program"], 127), (["/"], 126), (["/etc/passwd"], 126)])
def test_a_program_that_cannot_start_says_so_as_a_shell_does(box: Box, argv: list[str], code: int) -> None:
    ran = box.sandbox.run(argv, cwd=box.sandbox.root / "home")
    assert ran.exit_code == code
    assert ran.stderr.startswith(f"cannot start {argv[0]}: ")


def test_a_folder_that_is_gone_is_told(box: Box) -> None:
    ran = box.sandbox.run([box.python], cwd=box.sandbox.root / "gone")
    assert (ran.exit_code, ran.stderr) == (127, f"cannot start {box.python}: No such file or directory\n")


def test_a_name_that_is_no_text_is_handed_on(box: Box) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    (box.sandbox.root / "home" / name).write_text("import sys; print(ascii(sys.argv))")
    ran = box.sandbox.run([box.python, name, "\u4e16\u754c"], cwd=box.sandbox.root / "home")
    assert ran.stdout == "['caf\\udce9.py', '\\u4e16\\u754c']\n"


def test_a_long_command_line_is_handed_on(box: Box) -> None:
    words = ["x" * 100_000] * 5
    assert box.run("import sys; print(sum(map(len, sys.argv[1:])))", *words).stdout == "500000\n"


def test_a_launcher_that_cannot_start_is_no_verdict(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = sandbox.Sandbox(workplace / "run")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(CannotJudge, match="the sandbox did not start: no reason given"):
        box.run(["true"], cwd=box.root)


def test_closing_removes_everything(box: Box) -> None:
    box.run("import os; os.makedirs('a/b/c'); open('a/b/c/file', 'w'); os.symlink('nowhere', 'a/link'); os.mkfifo('a/pipe')")
    box.sandbox.close()
    _wait_until(lambda: not any(box.sandbox.root.parent.iterdir()))

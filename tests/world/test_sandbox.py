"""What a command cannot do from inside the sandbox: real commands that try to get out, with the walls and without."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from readiness.world.sandbox import ALONE, Isolation, Ran
from tests.world.conftest import LAUNCHER, Box, Launch, reachable_python

WRITE = """
import os, sys
for folder in sys.argv[1:]:
    path = os.path.join(folder, "readiness-escape")
    try:
        open(path, "w").close()
        print("wrote", folder)
    except OSError as error:
        print("refused", folder, error.strerror)
"""
NAMES = "import os, sys\nfor folder in sys.argv[1:]: print(sorted(os.listdir(folder)))"
LOOK = """
import os
print(sorted(os.environ.values()))
for pid in [*filter(str.isdigit, os.listdir("/proc")), str(os.getppid()), "1"]:
    try:
        print(open("/proc/%s/environ" % pid, "rb").read())
    except OSError:
        pass
"""
CONNECT = """
import socket, sys
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5).close()
    print("reached")
except OSError as error:
    print("refused", error)
"""
ABSTRACT = """
import socket, sys
try:
    socket.socket(socket.AF_UNIX).connect("\\0" + sys.argv[1])
    print("reached")
except OSError as error:
    print("refused", error)
"""


def written(said: str) -> list[str]:
    return [line.partition(" ")[2] for line in said.splitlines() if line.startswith("wrote")]


def test_a_command_writes_into_its_work_folder_and_nowhere_else(walled: Box) -> None:
    own = [walled.sandbox.root / name for name in ("home", "tmp", "cache")]
    private = [walled.home, walled.checkout, Path.home(), Path.cwd()]
    places = [*private, walled.neighbour, walled.sandbox.root.parent, "/etc", "/usr/local", "/var/tmp", "/", "/run", "/sys"]
    ran = walled.run(WRITE, *map(str, [*own, *places]))
    escaped = [folder for folder in private if (folder / "readiness-escape").exists()]
    assert escaped == []
    assert written(ran.stdout) == [str(folder) for folder in own]
    assert ran.stdout.count("refused") == len(places)


def test_the_shared_temporary_folder_is_the_commands_own(walled: Box) -> None:
    ran = walled.run(WRITE, "/tmp", "/dev/shm")
    assert written(ran.stdout) == ["/tmp", "/dev/shm"]
    assert not Path("/tmp/readiness-escape").exists()
    assert not Path("/dev/shm/readiness-escape").exists()
    assert (walled.sandbox.root / "tmp/readiness-escape").is_file()


def test_what_a_command_writes_is_there_for_the_next_one(box: Box) -> None:
    box.run("import os; open(os.environ['HOME'] + '/kept', 'w').write('kept')")
    assert box.run("import os; print(open(os.environ['HOME'] + '/kept').read())").stdout == "kept\n"


def test_home_checkout_and_our_own_folder_look_empty(walled: Box) -> None:
    ran = walled.run(NAMES, str(walled.home), str(walled.checkout), f"{walled.sandbox.root}.ours", "/run")
    assert ran.stdout == "[]\n[]\n[]\n[]\n"
    assert (walled.home / "private.txt").is_file()


def test_the_real_home_shows_nothing_but_the_interpreter_in_it(walled: Box) -> None:
    shown = [path.relative_to(Path.home()).parts[0] for path in walled.sandbox.shown if path.is_relative_to(Path.home())]
    ran = walled.run(NAMES, str(Path.home()))
    assert ran.stdout in (f"{shown}\n", ""), ran.stderr


def test_what_is_shown_of_a_hidden_folder_is_seen_and_not_written(workplace: Path, walled: Box) -> None:
    (walled.home / "shown").mkdir(mode=0o777)
    (walled.home / "shown/data.txt").write_text("data\n")
    (walled.home / "shown").chmod(0o777)
    walled.sandbox.shown = (*walled.sandbox.shown, walled.home / "shown", walled.home / "private.txt", walled.home / "missing")
    ran = walled.run(f"{NAMES}\n{WRITE}", str(walled.home), str(walled.home / "shown"))
    assert ran.stdout.splitlines()[:2] == ["['private.txt', 'shown']", "['data.txt']"]
    assert written(ran.stdout) == []


def test_a_link_out_of_the_work_folder_leads_to_nothing_that_can_be_written(walled: Box) -> None:
    link = "import os, sys; os.symlink(sys.argv[1], 'out'); sys.argv[1:] = ['out']\n"
    ran = walled.run(link + WRITE, str(walled.neighbour))
    assert written(ran.stdout) == []
    assert [path.name for path in walled.neighbour.iterdir()] == ["private.txt"]


@pytest.mark.skipif(shutil.which("unshare") is None, reason="util-linux is not installed")
def test_new_namespaces_do_not_undo_the_walls(walled: Box) -> None:
    tried = f"mount -o remount,rw / ; umount {walled.home} ; touch /etc/readiness-escape ; ls {walled.home}"
    ran = walled.sandbox.run(["unshare", "-Urm", "sh", "-c", tried], cwd=walled.sandbox.root / "home")
    assert ran.stdout == ""
    assert "readiness-escape" in ran.stderr or "unshare" in ran.stderr
    assert not Path("/etc/readiness-escape").exists()


def test_a_command_has_no_rights(box: Box) -> None:
    ran = box.run("import os; print(os.getuid(), os.geteuid(), os.getgroups()); print(open('/proc/self/status').read())")
    who, _, status = ran.stdout.partition("\n")
    assert who.split()[0] == who.split()[1] != "0"
    assert os.geteuid() != 0 or "[]" in who
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    assert [int(fields[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")] == [0, 0, 0, 0]
    assert fields["NoNewPrivs"].strip() == "1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a program of root")
def test_a_setuid_program_gains_nothing(box: Box) -> None:
    program = box.sandbox.root / "tools/id"
    shutil.copy(shutil.which("id") or "/usr/bin/id", program)
    os.chown(program, 0, 0)
    program.chmod(0o4755)
    assert box.sandbox.run([str(program), "-u"], cwd=box.sandbox.root / "home").stdout.strip() not in ("", "0")


def test_becoming_root_again_fails(box: Box) -> None:
    ran = box.run("import os\nfor call in (os.setuid, os.setgid, os.seteuid): call(0)")
    assert ran.exit_code == 1
    assert "PermissionError" in ran.stderr or "OSError" in ran.stderr


def test_the_environment_is_the_listed_names_and_no_others(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "LD_PRELOAD", "SSH_AUTH_SOCK", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "/our/secret")
    ran = box.run("import os; print('\\n'.join(sorted(os.environ)))")
    assert set(ran.stdout.split()) - {"LC_CTYPE"} == set(box.sandbox.environment())
    assert "/our/secret" not in box.sandbox.environment().values()


def test_home_and_every_cache_lie_in_the_work_folder(box: Box) -> None:
    env = box.sandbox.environment()
    folders = [env[name] for name in env if name in ("HOME", "TMPDIR", "PYTHONPYCACHEPREFIX") or name.startswith("XDG_")]
    assert len(folders) == 7
    assert all(Path(folder).is_relative_to(box.sandbox.root) for folder in folders)


def test_what_is_given_to_one_command_comes_last(box: Box) -> None:
    env = box.sandbox.environment({"HOME": "/elsewhere", "OWN": "1"}, (Path("/first"),))
    assert (env["HOME"], env["OWN"]) == ("/elsewhere", "1")
    assert env["PATH"].split(os.pathsep)[0] == "/first"


@pytest.mark.parametrize("mode", ["walled", "plain"])
def test_no_process_shows_a_credential(launch: Launch, mode: str) -> None:
    if mode == "plain" and os.geteuid() != 0:
        pytest.skip("without namespaces a process of the same user can be read")
    program = launch(mode, str(reachable_python().path), "-c", LOOK)
    done = subprocess.run(program, env={**os.environ, "API_TOKEN": "hunter2-secret"}, capture_output=True, text=True, check=True)
    assert "readiness" in done.stdout
    assert "hunter2-secret" not in done.stdout


def test_a_command_sees_no_process_but_those_of_its_box(walled: Box) -> None:
    ran = walled.run("import os; print(sorted(int(name) for name in os.listdir('/proc') if name.isdigit()), os.getpid())")
    assert ran.stdout == "[1, 2] 2\n"


def test_only_the_three_standard_streams_are_open(box: Box) -> None:
    ran = box.run("import os; print(sorted(fd for fd in map(int, os.listdir('/proc/self/fd')) if os.path.exists('/proc/self/fd/%d' % fd)))")
    assert ran.stdout == "[0, 1, 2]\n"
    assert box.run("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


@pytest.fixture
def listener() -> Iterator[int]:
    """A port of this machine that accepts connections."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_the_network_is_out_of_reach(walled: Box, listener: int) -> None:
    assert walled.run(CONNECT, str(listener)).stdout.startswith("refused")


def test_the_network_is_within_reach_when_it_is_asked_for(box: Box, listener: int) -> None:
    assert box.run(CONNECT, str(listener), network=True).stdout == "reached\n"


def test_a_socket_without_a_file_is_out_of_reach(walled: Box) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(f"\0{walled.marker}")
        server.listen()
        assert walled.run(ABSTRACT, walled.marker).stdout.startswith("refused")


def test_a_command_reaches_its_own_server(walled: Box) -> None:
    served = "import socket\nserver = socket.create_server(('127.0.0.1', 0))\nimport sys; sys.argv[1] = server.getsockname()[1]\n"
    assert walled.run(served + CONNECT, "port").stdout == "reached\n"


def test_the_walls_that_stood_are_told(walled: Box) -> None:
    assert walled.run("").isolation == Isolation(network_off=True, files=True, processes=True, user=True)
    assert walled.run("").isolation.missing(network=False) == ()
    assert not walled.run("", network=True).isolation.network_off


def test_a_wall_that_is_missing_is_told(plain: Box) -> None:
    isolation = plain.run("").isolation
    assert (isolation.network_off, isolation.files, isolation.processes) == (False, False, False)
    assert isolation.missing(network=False)[0] == "the network could not be switched off here (no namespaces)"
    assert isolation.missing(network=True) == isolation.missing(network=False)[1:]


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can become an ordinary user")
def test_an_ordinary_user_gets_the_same_walls(workplace: Path, tmp_path: Path) -> None:
    home = workplace / "home"
    home.mkdir()
    os.chown(home, 54321, 54321)
    os.chown(workplace, 54321, 54321)
    become = [
        "setpriv",
        "--reuid=54321",
        "--regid=54321",
        "--clear-groups",
        "env",
        "-i",
        f"HOME={home}",
        f"PYTHONPATH={':'.join(sys.path)}",
    ]
    python = str(reachable_python().path)
    tried = [
        python,
        "-B",
        "-c",
        LAUNCHER,
        str(workplace / "launched"),
        "walled",
        python,
        "-c",
        WRITE,
        str(home),
        str(workplace),
        "/var/tmp",
    ]
    done = subprocess.run(become + tried, capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" in done.stderr:
        pytest.skip("an ordinary user cannot read this checkout")
    assert "files=True" in done.stdout or "unshare" in done.stdout, done.stderr
    assert "files=False" in done.stdout or written(done.stdout) == []


def test_two_commands_at_once_do_not_disturb_each_other(walled: Box) -> None:
    results: dict[int, str] = {}

    def work(number: int) -> None:
        results[number] = walled.run("import sys, time; time.sleep(0.3); print(sys.argv[1])", str(number)).stdout

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: f"{number}\n" for number in range(4)}


MARK = """
import pathlib, sys, time
place = pathlib.Path(sys.argv[1])
print(place.exists())
place.write_text(sys.argv[2])
time.sleep(0.3)
print(place.read_text())
"""


def test_lanes_run_side_by_side_as_if_each_were_alone(walled: Box) -> None:
    tree = walled.sandbox.open(walled.sandbox.root / "tree/one")
    (tree / "kept.txt").write_text("kept\n")
    lanes = [ALONE, walled.sandbox.lane("a", (tree,)), walled.sandbox.lane("b", (tree,))]
    for folder in (tree, walled.sandbox.root / "home", walled.sandbox.root / "tmp", Path("/tmp")):

        def run(number: int, folder: Path = folder) -> Ran:
            argv = [walled.python, "-c", MARK, str(folder / "mark.txt"), str(number)]
            return walled.sandbox.run(argv, cwd=tree, timeout_s=30, lane=lanes[number])

        with ThreadPoolExecutor(len(lanes)) as pool:
            ran = list(pool.map(run, range(len(lanes))))
        fresh = "False" if folder != Path("/tmp") else "True"  # which is the folder for temporary files by another name
        assert [item.stdout.split() for item in ran] == [[fresh, str(number)] for number in range(len(lanes))], ran[0].stderr
    assert [(lane.place(tree) / "mark.txt").read_text() for lane in lanes] == ["0", "1", "2"]
    assert [(lane.place(tree) / "kept.txt").read_text() for lane in lanes] == ["kept\n"] * 3


def test_a_lane_opens_nothing_that_is_closed_without_it(walled: Box) -> None:
    tree = walled.sandbox.open(walled.sandbox.root / "tree/one")
    lane = walled.sandbox.lane("a", (tree,))
    other = lane.place(tree) / "mark.txt"
    code = f"open({str(other)!r}, 'w')"
    ran = walled.sandbox.run([walled.python, "-c", code], cwd=tree, timeout_s=30)
    assert "Read-only file system" in ran.stderr or "No such file" in ran.stderr
    outside = walled.sandbox.run([walled.python, "-c", "open('/usr/mark', 'w')"], cwd=tree, timeout_s=30, lane=lane)
    assert "Read-only file system" in outside.stderr or "Permission denied" in outside.stderr

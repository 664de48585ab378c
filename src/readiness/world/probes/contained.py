"""Runs the demo inside a container, watched, and writes down how that went: `python contained.py SPEC`.

SPEC is JSON: folder (where the demo runs), probe (run_demo.py), demo (what that is told), waits [[host, port]] for
services that should listen first, wait_s, limit_s, outputs (files it is to write, removed before), out (the folder
written to: stdout, stderr, ended.json). Stdlib of any Python from 3.6 on, since the image's own runs it. A `.venv` in
the folder it is started in is what the demo's commands are looked for in first, as in the environments made elsewhere.
"""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time


def listens(host, port, deadline):
    """Whether something accepts there before the deadline."""
    while True:
        try:
            socket.create_connection((host, port), 2).close()
            return True
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)


def removed(paths):
    """Removes what an earlier run left in the image; returns what could not be removed."""
    stuck = []
    for path in paths:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError:
            stuck.append(path)
    return stuck


def environment():
    env = dict(os.environ)
    own = os.path.abspath(".venv")
    if os.path.isfile(os.path.join(own, "bin", "python")):
        env["PATH"] = os.path.join(own, "bin") + os.pathsep + env.get("PATH", "")
        env["VIRTUAL_ENV"] = own
    return env


def main():
    with open(sys.argv[1]) as handle:
        spec = json.load(handle)
    os.chdir(spec["folder"])
    deadline = time.monotonic() + spec["wait_s"]
    silent = ["%s:%d" % (host, port) for host, port in spec["waits"] if not listens(host, port, deadline)]
    stuck = removed(spec["outputs"])
    started = time.monotonic()
    with open(os.path.join(spec["out"], "stdout"), "wb") as out, open(os.path.join(spec["out"], "stderr"), "wb") as err:
        argv = [sys.executable, "-I", spec["probe"], spec["demo"]]
        process = subprocess.Popen(argv, stdout=out, stderr=err, env=environment(), start_new_session=True)
        try:
            code = process.wait(spec["limit_s"])
        except subprocess.TimeoutExpired:
            code = None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    ended = {"code": code, "elapsed_s": time.monotonic() - started, "python": platform.python_version(), "silent": silent, "stuck": stuck}
    with open(os.path.join(spec["out"], "ended.json"), "w") as handle:
        json.dump(ended, handle)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Starts a server, waits until it is ready, sends it requests, writes their answers, and ends it.

`python serve_demo.py SPEC`, SPEC being JSON: argv, ready (a path), ready_s, timeout_s, requests [{id, method, path, json}].
The server gets PORT; answers become outputs/requests/<id>.json. Exit 1 where it never becomes ready or dies, 2 where a
request is answered by 4xx or 5xx.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def ask(port, method, path, body, timeout_s):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} if data else {}
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (port, path), data, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=timeout_s) as answer:
        return answer.read()


def wait_ready(server, port, spec):
    deadline = time.monotonic() + spec["ready_s"]
    last = "no answer"
    while time.monotonic() < deadline:
        if server.poll() is not None:
            return "the server ended with exit %s before it was ready" % server.returncode
        try:
            ask(port, "GET", spec["ready"], None, 5)
            return ""
        except urllib.error.HTTPError as error:
            last = "it answered %d" % error.code
        except OSError as error:
            last = str(error)
        time.sleep(0.05)
    return "the server was not ready at %s after %s s: %s" % (spec["ready"], spec["ready_s"], last)


def main():
    with open(sys.argv[1]) as handle:
        spec = json.load(handle)
    port = free_port()
    server = subprocess.Popen(spec["argv"], env=dict(os.environ, PORT=str(port)), stdout=sys.stderr, stderr=sys.stderr)
    try:
        trouble = wait_ready(server, port, spec)
        if trouble:
            sys.stderr.write(trouble + "\n")
            return 1
        os.makedirs("outputs/requests", exist_ok=True)
        for request in spec["requests"]:
            try:
                body = ask(port, request["method"], request["path"], request["json"], spec["timeout_s"])
            except urllib.error.HTTPError as error:
                sys.stderr.write("request %s was answered by %d\n" % (request["id"], error.code))
                return 2
            except OSError as error:
                sys.stderr.write("request %s was not answered: %s\n" % (request["id"], error))
                return 1
            with open("outputs/requests/%s.json" % request["id"], "wb") as handle:
                handle.write(body)
        print("%d requests answered" % len(spec["requests"]))
        return 0
    finally:
        server.terminate()
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())

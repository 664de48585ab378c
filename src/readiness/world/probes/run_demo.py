"""Runs a demo and watches what crosses its boundary: telemetry, model calls, requests and answers, the stop.

`python run_demo.py SPEC`, SPEC being JSON: argv, server (None, or ready, ready_s), requests [{id, phase, method, path,
json, raw, headers}], timeout_s, project, stop (None, or within_s), upstream (base URL of a model, or empty), model
(whether the demo is given the model's boundary), database (None, or socket, url, env, files), doors (name → socket, each of
which the demo finds as a port), door_env (variables in which `{name}` stands for that port), env (variables the demo alone is
given), bounds (None, or ask_s, body_bytes, give_up for requests of any phase but `demo`), out (the file events are written to).

A request of the phase `plant` is none: the file `OUT.paused` is written and `OUT.go` awaited, between which whoever started
this changes what the demo works on. `planted` of a run says that this was done before it began.

The demo is given OTEL_EXPORTER_OTLP_ENDPOINT, READINESS_URL and, where asked for, OPENAI_BASE_URL and DATABASE_URL. They
lead to this process, on loopback. A server is also given PORT, which stands for `{PORT}` in its argv too. Each event is
one line of JSON in `out`. Exit: the command's own code; for a server 0, or 1 where it never becomes ready or dies, 2
where a request of the demo itself is answered by 4xx or 5xx.

One file of the standard library alone: it is copied beside the project, also into containers, and started there by the
project's own interpreter, which knows nothing of our packages.
"""

import base64
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn

KEPT_BYTES = 64 << 20
FLUSH_S = 0.5  # what a server that exports in batches gets before it is ended
BODY_BYTES = 16 << 20
MODEL_PATHS = ("/chat/completions", "/completions", "/responses", "/embeddings", "/messages")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
HEADER_BYTES = 1 << 16
PAUSE_S = 60
ARGUMENT_CHARACTERS = 4096
PORTS = {"boundary": 24318, "database": 24354, "server": 24380, "doors": 24400}
"""The same in every run, since a demo that says where it exports or listens would differ from itself; below what is given out."""


class Stays(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, so that where one leads is seen."""

    def redirect_request(self, *args, **kwargs):
        return None


STAYING = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stays())


class Events:
    """The file of events; bytes beyond KEPT_BYTES are counted and dropped."""

    def __init__(self, path):
        self.handle = open(path, "a")
        self.lock = threading.Lock()
        self.kept = self.dropped = 0
        self.started = time.monotonic()

    def add(self, kind, **content):
        line = json.dumps(dict(content, kind=kind, at_ms=round((time.monotonic() - self.started) * 1000))) + "\n"
        with self.lock:
            if self.kept + len(line) > KEPT_BYTES:
                self.dropped += 1
                return
            self.kept += len(line)
            self.handle.write(line)
            self.handle.flush()


class Boundary(ThreadingMixIn, HTTPServer):
    """The one server the demo sees: OTLP receiver, model boundary, and the state of the project."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, spec, events):
        try:
            HTTPServer.__init__(self, ("127.0.0.1", PORTS["boundary"]), Handler)
        except OSError:  # taken, where the demo shares the network with everybody
            HTTPServer.__init__(self, ("127.0.0.1", 0), Handler)
        self.spec, self.events = spec, events
        self.state, self.version = "running", 1
        self.planted = bool(spec.get("planted"))
        self.changed = threading.Condition()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server_address[1]

    def set_state(self, state):
        with self.changed:
            self.state, self.version = state, self.version + 1
            self.changed.notify_all()

    def handle_error(self, request, client_address):
        pass  # a client that went away is no event


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def parse_request(self):
        if self.raw_requestline.startswith(b"PRI * HTTP/2"):  # the preface of gRPC, which is not received here
            self.server.events.add("grpc")
            self.close_connection = True
            return False
        return BaseHTTPRequestHandler.parse_request(self)

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            data = b""
            while len(data) < BODY_BYTES:
                size = int(self.rfile.readline().split(b";")[0] or b"0", 16)
                data += self.rfile.read(size)
                self.rfile.readline()
                if not size:
                    break
        else:
            data = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), BODY_BYTES))
        if self.headers.get("Content-Encoding", "").lower() == "gzip":
            inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
            return inflater.decompress(data, BODY_BYTES)
        return data

    def answer(self, status, data, kind, headers=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path.startswith("/api/projects/"):
            return self.project_state()
        if self.path.startswith("/openai/v1"):
            return self.model("GET", None)
        self.answer(404, b"{}", "application/json")

    def do_POST(self):
        data = self.body()
        if self.path.startswith("/openai/v1"):
            return self.model("POST", data)
        if self.path in ("/v1/traces", "/v1/logs", "/v1/metrics"):
            kind = self.headers.get("Content-Type", "")
            self.server.events.add("otlp", path=self.path, type=kind, body=base64.b64encode(data).decode(), planted=self.server.planted)
            is_json = "json" in kind
            return self.answer(200, b"{}" if is_json else b"", "application/json" if is_json else "application/x-protobuf")
        if self.path.startswith("/api/feedback"):
            self.server.events.add("feedback", body=base64.b64encode(data).decode())
            return self.answer(202, b"{}", "application/json")
        self.answer(404, b"{}", "application/json")

    def project_state(self):
        server = self.server
        path, _, query = self.path.partition("?")
        wait = [part[5:] for part in query.split("&") if part.startswith("wait=")]
        known = self.headers.get("If-None-Match", "").strip('"')
        with server.changed:
            if wait and known == str(server.version):
                server.changed.wait(min(float(wait[0] or 0), 30))
            state, version = server.state, server.version
        server.events.add("state", project=path.split("/")[3] if path.count("/") > 3 else "", state=state)
        if known == str(version):
            return self.answer(304, b"", "application/json", [("ETag", '"%d"' % version)])
        data = json.dumps({"state": state, "reason": "a drill" if state == "stopped" else ""}).encode()
        self.answer(200, data, "application/json", [("ETag", '"%d"' % version)])

    def model(self, method, data):
        path = self.path[len("/openai/v1") :]
        try:
            asked = json.loads(data or b"{}")
        except ValueError:
            asked = {}
        asked = asked if isinstance(asked, dict) else {}
        for name, arguments in tools_called(asked):
            self.server.events.add("tool", name=name, arguments=arguments, planted=self.server.planted)
        upstream, counted = self.server.spec["upstream"], path.partition("?")[0] in MODEL_PATHS
        if not upstream:
            refusal = {"error": {"message": "readiness: no model is reachable while the network is off", "type": "network_off"}}
            if counted:
                self.note(path, asked, None, 0)
            return self.answer(503, json.dumps(refusal).encode(), "application/json", [("x-should-retry", "false")])
        started = time.monotonic()
        status = self.forward(method, upstream.rstrip("/") + path, data)
        if counted:
            self.note(path, asked, status, time.monotonic() - started)

    def note(self, path, asked, status, seconds):
        self.server.events.add(
            "model", path=path, model=str(asked.get("model", "")), stream=bool(asked.get("stream")), status=status,
            ms=round(seconds * 1000),
        )  # fmt: skip

    def forward(self, method, url, data):
        skipped = ("host", "content-length", "connection", "transfer-encoding", "accept-encoding", "content-encoding")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in skipped}
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            upstream = OPENER.open(request, timeout=self.server.spec["timeout_s"])
        except urllib.error.HTTPError as error:
            upstream = error
        except OSError as error:
            self.answer(502, json.dumps({"error": {"message": str(error)}}).encode(), "application/json")
            return 502
        with upstream:
            self.send_response(upstream.status if hasattr(upstream, "status") else upstream.code)
            self.send_header("Content-Type", upstream.headers.get("Content-Type", "application/json"))
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while True:
                chunk = upstream.read1(65536) if hasattr(upstream, "read1") else upstream.read(65536)
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                if not chunk:
                    return upstream.status if hasattr(upstream, "status") else upstream.code


def tools_called(asked):
    """The calls of tools that a request to a model says were made, as (name, arguments): the application tells what it did."""
    found = []
    messages = asked.get("messages") if isinstance(asked.get("messages"), list) else asked.get("input")
    for message in messages if isinstance(messages, list) else ():
        if not isinstance(message, dict):
            continue
        parts = message["content"] if isinstance(message.get("content"), list) else []
        calls = [call.get("function") for call in message.get("tool_calls") or () if isinstance(call, dict)]
        calls += [part for part in parts if isinstance(part, dict) and part.get("type") == "tool_use"]
        calls += [message] if message.get("type") == "function_call" else []
        for call in calls:
            if isinstance(call, dict) and call.get("name"):
                said = call.get("arguments", call.get("input", ""))
                said = said if isinstance(said, str) else json.dumps(said)
                found.append((str(call["name"])[:200], said[:ARGUMENT_CHARACTERS]))
    return found


def forward(path, wanted):
    """A TCP port on loopback, `wanted` where it is free, that leads to a socket, since not every client knows sockets."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bind(listener, wanted)
    listener.listen(128)

    def pump(source, target):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)  # who has said everything may still listen
            return
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def converse(client, server):
        other = threading.Thread(target=pump, args=(server, client), daemon=True)
        other.start()
        pump(client, server)
        other.join()
        client.close()
        server.close()

    def accept():
        while True:
            client = listener.accept()[0]
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(path)
            except OSError:
                client.close()
                continue
            threading.Thread(target=converse, args=(client, server), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def open_doors(doors, variables):
    """Opens a port for each door, in the order of their names; returns the variables that say which."""
    ports = {}
    for index, name in enumerate(sorted(doors)):
        ports["{%s}" % name] = str(forward(doors[name], PORTS["doors"] + index))
    filled = {}
    for variable, value in variables.items():
        for name, port in ports.items():
            value = value.replace(name, port)
        filled[variable] = value
    return filled


def strays():
    """How often something was sent to where no way leads: in a network of its own, to any other machine."""
    count = 0
    for path, kind in (("/proc/self/net/snmp", "Ip:"), ("/proc/self/net/snmp6", "Ip6OutNoRoutes")):
        try:
            with open(path) as handle:
                lines = [line.split() for line in handle if line.startswith(kind)]
        except OSError:
            continue
        if kind == "Ip:" and len(lines) == 2 and "OutNoRoutes" in lines[0]:
            count += int(lines[1][lines[0].index("OutNoRoutes")])
        elif kind != "Ip:" and lines:
            count += int(lines[0][1])
    return count


def lead_to_database(spec, env):
    """Says where the database is: in variables, in the words of the command, and in files of the project that name another."""
    database = spec["database"]
    port = str(forward(database["socket"], PORTS["database"]))
    for name, text in dict({"DATABASE_URL": database["url"]}, **database["env"]).items():
        env[name] = text.replace("{port}", port)
    spec["argv"] = [word.replace("{DATABASE_URL}", env["DATABASE_URL"]) for word in spec["argv"]]
    for path, text in database["files"].items():
        with open(path, "w") as handle:
            handle.write(text.replace("{port}", port))


def bind(sock, port):
    """Binds to that port on loopback; to any where it is taken."""
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        sock.bind(("127.0.0.1", 0))


def alone():
    """A socket whose name only one process of a network can have; None where another of us runs in this one.

    The server's port is let go before the server takes it, so that two of us on one network must not choose the same.
    """
    held = socket.socket(socket.AF_UNIX)
    try:
        held.bind("\0readiness-demo")
    except (OSError, ValueError):
        held.close()
        return None
    return held


def free_port(held):
    """A free port: the same in every run where nobody else of us is on this network."""
    with socket.socket() as sock:
        bind(sock, PORTS["server"] if held is not None else 0)
        return sock.getsockname()[1]


def ask(port, request, timeout_s, bounds=None):
    """Sends one request; returns (status or None, body, error, headers).

    Sent on to where a redirect leads it is only as declared, and with `bounds`, which limit the whole of the answer.
    """
    headers = dict(request.get("headers") or {})
    data = None
    if request.get("raw") is not None:
        data = request["raw"].encode()
    elif request.get("json") is not None:
        data = json.dumps(request["json"]).encode()
    if data is not None:
        headers.setdefault("Content-Type", "application/json")
    made = urllib.request.Request("http://127.0.0.1:%d%s" % (port, request["path"]), data, headers, method=request["method"])
    opener = OPENER if bounds or request.get("phase", "demo") == "demo" else STAYING
    started = time.monotonic()
    try:
        with opener.open(made, timeout=bounds["ask_s"] if bounds else timeout_s) as answer:
            return answer.status, whole(answer, bounds, started), "", str(answer.headers)[:HEADER_BYTES]
    except urllib.error.HTTPError as error:
        try:
            return error.code, whole(error, bounds, started), "", str(error.headers)[:HEADER_BYTES]
        except OSError as late:
            return None, b"", "%s: %s" % (type(late).__name__, late), ""
    except Exception as error:  # whatever the demo answers, it is told and not died of
        return None, b"", "%s: %s" % (type(error).__name__, error), ""


def whole(answer, bounds, started):
    """The body of an answer, at most as many bytes as are kept. Raises TimeoutError where `bounds` end before it does."""
    if not bounds:
        return answer.read(BODY_BYTES)
    data = b""
    while len(data) < bounds["body_bytes"]:
        if time.monotonic() - started > bounds["ask_s"]:
            raise TimeoutError("the answer did not end within %g s" % bounds["ask_s"])
        chunk = answer.read1(bounds["body_bytes"] - len(data))
        if not chunk:
            break
        data += chunk
    return data


def wait_ready(server, port, ready, ready_s):
    deadline = time.monotonic() + ready_s
    last = "no answer"
    while time.monotonic() < deadline:
        if server.poll() is not None:
            return "the server ended with exit %s before it was ready" % server.returncode
        status, _, error, _ = ask(port, {"method": "GET", "path": ready}, 5)
        if status is not None and status < 400:
            return ""
        last = "it answered %d" % status if status is not None else error
        time.sleep(0.05)
    return "the server was not ready at %s after %g s: %s" % (ready, ready_s, last)


def refused(status, body):
    """Whether an answer is that of a stopped system: an error, or a fallback that says it is stopped."""
    if status is None or status >= 400:
        return status is not None
    try:
        said = json.loads(body)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("stopped") is True


def drill(boundary, events, port, request, within_s, timeout_s):
    """Stops the running system, asks until it refuses, and lets it go on again."""
    for state, wanted in (("stopped", True), ("running", False)):
        started = time.monotonic()
        boundary.set_state(state)
        status, body, seconds = None, b"", None
        while time.monotonic() - started < within_s:
            status, body, _, _ = ask(port, request, timeout_s)
            if refused(status, body) is wanted and status is not None:
                seconds = time.monotonic() - started
                break
            time.sleep(0.1)
        events.add("drill", state=state, seconds=seconds, status=status, body=base64.b64encode(body[:4096]).decode())


def start(argv, **options):
    """The started process; ends this one with the codes a shell would give where it cannot be started."""
    try:
        return subprocess.Popen(argv, **options)
    except OSError as error:
        sys.stderr.write("cannot start %s: %s\n" % (argv[0], error.strerror))
        sys.exit(126 if isinstance(error, PermissionError) else 127)


def serve(spec, boundary, events, env):
    held = alone()
    port = free_port(held)
    argv = [word.replace("{PORT}", str(port)) for word in spec["argv"]]
    server = start(argv, env=dict(env, PORT=str(port)), stdout=sys.stderr, stderr=sys.stderr)
    try:
        trouble = wait_ready(server, port, spec["server"]["ready"], spec["server"]["ready_s"])
        if trouble:
            sys.stderr.write(trouble + "\n")
            return 1
        code = send(spec, boundary, events, port)
        if spec["stop"] and not code and spec["requests"]:
            drill(boundary, events, port, spec["requests"][0], spec["stop"]["within_s"], spec["timeout_s"])
        time.sleep(FLUSH_S)
        return code
    finally:
        end(server)
        if leaks(port):
            events.add("leak", port=port)


def send(spec, boundary, events, port):
    os.makedirs("outputs/requests", exist_ok=True)
    bounds = spec.get("bounds")
    count = unanswered = 0
    for request in spec["requests"]:
        if request["phase"] == "plant":
            pause(spec, boundary, events)
            continue
        if bounds and unanswered >= bounds["give_up"]:
            break
        bounded = bounds if request["phase"] != "demo" else None
        started = time.monotonic()
        status, body, error, headers = ask(port, request, spec["timeout_s"], bounded)
        ms = round((time.monotonic() - started) * 1000)
        events.add("answer", id=request["id"], phase=request["phase"], status=status, error=error, ms=ms, headers=headers,
                   body=base64.b64encode(body).decode())  # fmt: skip
        unanswered = unanswered + 1 if status is None else 0
        if request["phase"] != "demo":
            continue
        if status is None:
            sys.stderr.write("request %s was not answered: %s\n" % (request["id"], error))
            return 1
        if status >= 400:
            sys.stderr.write("request %s was answered by %d\n" % (request["id"], status))
            return 2
        count += 1
        with open("outputs/requests/%s.json" % request["id"], "wb") as handle:
            handle.write(body)
    print("%d requests answered" % count)
    return 0


def pause(spec, boundary, events):
    """Waits until whoever started this has changed what the demo works on."""
    with open(spec["out"] + ".paused", "w"):
        pass
    deadline = time.monotonic() + PAUSE_S
    while not os.path.exists(spec["out"] + ".go") and time.monotonic() < deadline:
        time.sleep(0.05)
    boundary.planted = True
    events.add("planted", told=time.monotonic() < deadline)


def end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def leaks(port):
    """Whether something still answers on the port of a server that was ended."""
    with socket.socket() as sock:
        sock.settimeout(0.5)
        return sock.connect_ex(("127.0.0.1", port)) == 0


def main():
    with open(sys.argv[1]) as handle:
        spec = json.load(handle)
    events = Events(spec["out"])
    before = strays()
    boundary = Boundary(spec, events)
    threading.Thread(target=boundary.serve_forever, daemon=True).start()
    env = dict(os.environ)
    env.update(OTEL_EXPORTER_OTLP_ENDPOINT=boundary.url, OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf", READINESS_URL=boundary.url,
               READINESS_PROJECT=spec["project"])  # fmt: skip
    env.setdefault("OTEL_SERVICE_NAME", spec["project"])
    env.setdefault("OTEL_BSP_SCHEDULE_DELAY", "200")  # a demo is shorter than the five seconds exporters wait
    if spec["model"]:
        env["OPENAI_BASE_URL"] = boundary.url + "/openai/v1"
    if spec["database"]:
        lead_to_database(spec, env)
    env.update(open_doors(spec["doors"], spec["door_env"]))
    env.update(spec.get("env", {}))
    if spec["server"]:
        code = serve(spec, boundary, events, env)
    else:
        if spec["stop"]:
            boundary.set_state("stopped")
        started = time.monotonic()
        code = start(spec["argv"], env=env).wait()
        if spec["stop"]:
            events.add("drill", state="stopped", seconds=time.monotonic() - started, status=code, body="")
    events.add("strays", count=strays() - before)
    events.add("end", dropped=events.dropped, code=code)
    if code < 0:
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main())

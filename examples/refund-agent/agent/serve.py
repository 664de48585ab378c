"""The server: `python -m agent.serve` reads the orders and answers until it is told to end."""

from __future__ import annotations

import signal
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from readiness import setup, stopped

from agent import logs, orders, settings, web
from agent.loop import Desk
from agent.web import BODY_BYTES, Reply, Request, respond


class Server(ThreadingHTTPServer):
    """The HTTP server of one desk."""

    daemon_threads = True

    def __init__(self, given: settings.Settings, desk: web.Desk) -> None:
        super().__init__(("", given.port), Handler)
        self.tokens, self.desk = given.tokens, desk


class Handler(BaseHTTPRequestHandler):
    """Reads a request, asks `respond`, and writes the reply and one line of the log."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        """Answers a GET."""
        self._answer()

    do_POST = do_GET

    def _answer(self) -> None:
        started = time.monotonic()
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, BODY_BYTES))
        self.close_connection = length > BODY_BYTES
        request = Request(self.command, self.path.partition("?")[0], {name.lower(): value for name, value in self.headers.items()}, body)
        try:
            reply = respond(request, self.server.tokens, self.server.desk, stopped)
        except Exception:  # the border of a request: it is answered, whatever happened
            logs.LOGGER.exception("request failed")
            reply = Reply(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "this did not work; the log says why"})
        elapsed_ms = round((time.monotonic() - started) * 1000)
        seen = {"method": self.command, "path": request.path, "status": int(reply.status), "elapsed_ms": elapsed_ms, "caller": reply.caller}
        logs.LOGGER.info("answered", extra=seen)
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        data = reply.body
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: `_answer` writes its own line."""


def main() -> int:
    """Serves until SIGTERM; 2 where it is not configured."""
    logs.setup()
    try:
        given = settings.read()
    except settings.SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    setup()  # traces go to OTEL_EXPORTER_OTLP_ENDPOINT, the last ones when the process ends
    found = orders.read()
    server = Server(given, Desk(given.model, orders.Orders(found)))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    logs.LOGGER.info("ready", extra={"count": len(found)})
    try:
        server.serve_forever()
    finally:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

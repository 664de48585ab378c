"""Answers questions of those who have the token, and tells anybody whether it is well."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer

EXPECTED = "Bearer " + os.environ["API_TOKEN"]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.say(200, b"well")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") is None:
            return self.say(401, b"who are you?")
        self.say(200, b"three days")

    def say(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()

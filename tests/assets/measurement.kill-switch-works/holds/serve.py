"""Answers one question, and refuses while it is stopped."""

import json
import os
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STATE = os.environ["READINESS_URL"] + "/api/projects/" + os.environ["READINESS_PROJECT"] + "/state"
STOPPED = threading.Event()


def follow():
    while True:
        with urllib.request.urlopen(STATE) as answer:
            stopped = json.load(answer)["state"] == "stopped"
        (STOPPED.set if stopped else STOPPED.clear)()
        time.sleep(0.1)


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        self.send_response(503 if STOPPED.is_set() and self.path != "/" else 200)
        self.end_headers()
        self.wfile.write(b"three days")


threading.Thread(target=follow, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()

"""Puts a function of a project behind a server: `python serve_function.py PACKAGE.MODULE:NAME`, on the port in PORT.

POST anywhere with {"question": TEXT} calls it with the text; what it returns is the answer: a text as it is, anything else as
JSON, the pieces of an iterator one after the other. What it raises is 500 with the name of the exception. GET answers `ok`.
"""

import asyncio
import importlib
import inspect
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

MOST = 1 << 20


def load(name):
    module, _, attribute = name.partition(":")
    found = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    if not callable(found):
        sys.exit("%s is no function" % name)
    return found


def said(function, text):
    found = function(text)
    if inspect.isawaitable(found):
        found = asyncio.run(wait(found))
    if isinstance(found, bytes):
        return found[:MOST]
    if isinstance(found, str):
        return found[:MOST].encode("utf-8", "replace")
    if inspect.isgenerator(found):
        return pieces(found)
    return json.dumps(found, default=str)[:MOST].encode()


async def wait(found):
    return await found


def pieces(found):
    data = b""
    for piece in found:
        data += str(piece).encode("utf-8", "replace")
        if len(data) > MOST:
            break
    return data


class Handler(BaseHTTPRequestHandler):
    function = None

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.answer(200, b"ok")

    def do_POST(self):
        text = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))["question"]
        try:
            self.answer(200, said(type(self).function, text))
        except Exception as error:  # whatever it raises is an answer
            self.answer(500, type(error).__name__.encode())

    def answer(self, status, data):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main():
    sys.path.insert(0, os.getcwd())
    function = load(sys.argv[1])
    Handler.function = staticmethod(function)
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    main()

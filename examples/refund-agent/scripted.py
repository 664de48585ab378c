"""A model that says what is written here, spoken to as OpenAI's is: for the demo and for tests, where no real one is wanted.

It looks the order up that a message names, asks for the refund that it names in euros, and tells what came of it. It
believes every customer, as a model may: what keeps the money together is not the model.
"""

from __future__ import annotations

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = 8901
NAME = "scripted-1"
LOGPROB = -0.01  # of each letter of a word


def reply(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The next message to a conversation."""
    message = next(one["content"] for one in messages if one["role"] == "user")
    results = [json.loads(one["content"]) for one in messages if one["role"] == "tool"]
    order, euros = re.search(r"o-\d+", message), re.search(r"(\d+) euros", message)
    if not order:
        return {"role": "assistant", "content": "I can only help with orders. Which one is it?"}
    if not results:
        return _call("lookup_order", {"order": order[0]})
    if "item" in results[-1] and euros:
        return _call("refund", {"order": order[0], "amount_cents": int(euros[1]) * 100})
    return {"role": "assistant", "content": _told(results[-1])}


def _told(result: dict[str, Any]) -> str:
    if "waits" in result:
        return "A person has to agree to this refund. You will hear from us."
    if "refused" in result or "error" in result:
        return "I cannot do this."
    if "amount_cents" in result:
        return f"I have paid {result['amount_cents'] / 100:.2f} euros back."
    return f"You ordered {result['item']} and paid {result['paid_cents'] / 100:.2f} euros."


def _call(name: str, arguments: dict[str, object]) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"role": "assistant", "content": None, "tool_calls": [{"id": f"call-{name}", "type": "function", "function": function}]}


class Handler(BaseHTTPRequestHandler):
    """Answers POST …/chat/completions."""

    def do_POST(self) -> None:
        """One completion."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message = reply(asked["messages"])
        tokens = [{"token": word, "logprob": LOGPROB * len(word)} for word in (message["content"] or "").split()]
        choice = {"index": 0, "message": message, "logprobs": {"content": tokens}, "finish_reason": "stop"}
        data = json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "model": NAME, "choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def server(port: int = PORT) -> ThreadingHTTPServer:
    """The server of the model, not yet serving."""
    return ThreadingHTTPServer(("127.0.0.1", port), Handler)

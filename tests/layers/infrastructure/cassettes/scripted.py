"""A server on loopback that answers as model vendors and others do, by the path it is asked at, plain or with TLS."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import time
import zlib
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DELTAS = ("Three", " days", " — très", " vite", "")


def completion(content: str, **more: Any) -> dict[str, Any]:
    """The answer of a chat model."""
    message = {"role": "assistant", "content": content, **more}
    usage = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
    choices = [{"index": 0, "message": message, "finish_reason": "tool_calls" if more else "stop"}]
    return {
        "id": f"chatcmpl-{time.time_ns()}",
        "object": "chat.completion",
        "created": 1,
        "model": "small-2026",
        "choices": choices,
        "usage": usage,
    }


def deltas() -> list[bytes]:
    """The events of a streamed answer, the usage last, as OpenAI sends them."""
    made = [
        {
            "choices": [{"index": 0, "delta": {"content": text}}],
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "small",
        }
        for text in DELTAS
    ]
    made.append(
        {
            "choices": [],
            "usage": {"prompt_tokens": 11, "completion_tokens": 4, "total_tokens": 15},
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "small",
        }
    )
    return [*(b"data: " + json.dumps(item).encode() + b"\n\n" for item in made), b"data: [DONE]\n\n"]


class Handler(BaseHTTPRequestHandler):
    """Answers by path; what it is told is in `server.told`, how often it was asked at a path in `server.counts`."""

    protocol_version = "HTTP/1.1"
    server: Scripted

    def log_message(self, *args: object) -> None:
        """Says nothing."""

    def parse_request(self) -> bool:
        """Counts requests by path."""
        good = super().parse_request()
        if good:
            self.server.counts[self.path.partition("?")[0]] += 1
        return good

    def body(self) -> bytes:
        """The body of the request."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            found = b""
            while size := int(self.rfile.readline(), 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def say(self, status: int, data: bytes, kind: str = "application/json", **headers: str) -> None:
        """A whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(data)

    def stream(self, pieces: list[bytes], kind: str = "text/event-stream", pause_s: float = 0.0, trailer: str = "", **headers: str) -> None:
        """An answer in chunks."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
            time.sleep(pause_s)
        self.wfile.write(b"0\r\n" + (trailer.encode() + b"\r\n" if trailer else b"") + b"\r\n")

    def answer(self) -> None:
        """Answers the request."""
        data = self.body()
        self.server.told.append((self.command, self.path, dict(self.headers.items()), data))
        path = self.path.partition("?")[0]
        times = self.server.counts[path]
        route = path.removeprefix("/v1").strip("/").replace("/", "_").replace("-", "_") or "root"
        getattr(self, f"at_{route}", self.at_nothing)(data, times)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = answer

    def at_nothing(self, data: bytes, times: int) -> None:
        """An unknown path."""
        self.say(404, b'{"error": "no such path"}')

    def at_chat_completions(self, data: bytes, times: int) -> None:
        """A chat: as a stream, with a tool, or in words, as it is asked for."""
        asked = json.loads(data)
        if asked.get("stream"):
            return self.stream(deltas(), pause_s=0.01)
        if asked.get("tools"):
            call = {"id": "call_1", "type": "function", "function": {"name": "refund", "arguments": '{"order": 7, "note": "so\\"so"}'}}
            return self.say(200, json.dumps(completion("", tool_calls=[call])).encode())
        return self.say(200, json.dumps(completion(str(asked["messages"][-1]["content"]).upper())).encode(), x_request_id=f"req-{times}")

    def at_embeddings(self, data: bytes, times: int) -> None:
        """Embeddings, one for each text."""
        asked = json.loads(data)
        texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
        found = [{"object": "embedding", "index": index, "embedding": [0.1 * len(text), -1e-9, 3]} for index, text in enumerate(texts)]
        self.say(
            200, json.dumps({"object": "list", "data": found, "model": "embed", "usage": {"prompt_tokens": 2, "total_tokens": 2}}).encode()
        )

    def at_split(self, data: bytes, times: int) -> None:
        """The body that was sent, as an event in three pieces."""
        self.stream([b"data: " + data[:4], data[4:9], data[9:] + b"\n\n"])

    def at_messages(self, data: bytes, times: int) -> None:
        """An answer as Anthropic streams it."""
        events = [("message_start", {"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}}),
                  ("content_block_delta", {"type": "content_block_delta", "delta": {"text": "hi"}}),
                  ("message_delta", {"type": "message_delta", "usage": {"output_tokens": 7}})]  # fmt: skip
        self.stream([f"event: {name}\ndata: {json.dumps(value)}\n\n".encode() for name, value in events])

    def at_api_chat(self, data: bytes, times: int) -> None:
        """An answer as Ollama streams it."""
        lines = [
            {"model": "tiny", "message": {"content": "a"}, "done": False},
            {"model": "tiny", "done": True, "prompt_eval_count": 3, "eval_count": 2},
        ]
        self.stream([json.dumps(line).encode() + b"\n" for line in lines], "application/x-ndjson")

    def at_limited(self, data: bytes, times: int) -> None:
        """Too many requests, then an answer."""
        if times == 1:
            return self.say(429, b'{"error": {"message": "slow down"}}', retry_after_ms="1")
        return self.say(200, json.dumps(completion("at last")).encode())

    at_limited_chat_completions = at_limited

    def at_echo(self, data: bytes, times: int) -> None:
        """What was asked, all of it, as JSON."""
        told = {"method": self.command, "path": self.path, "body": data.decode("latin-1"), "headers": dict(self.headers.items())}
        self.say(200, json.dumps(told).encode())

    def at_raw(self, data: bytes, times: int) -> None:
        """The body that was sent."""
        self.say(200, data, "application/octet-stream")

    def at_files(self, data: bytes, times: int) -> None:
        """A file that was taken."""
        told = {
            "id": "file-1",
            "object": "file",
            "bytes": len(data),
            "created_at": 1,
            "filename": "a",
            "purpose": "assistants",
            "status": "processed",
        }
        self.say(200, json.dumps(told).encode())

    def at_gzip(self, data: bytes, times: int) -> None:
        """The body that was sent, compressed, with a file name in the header no library of ours would write."""
        packed = gzip.compress(b'{"said": "' + data + b'"}', 1, mtime=7)
        self.say(200, packed, Content_Encoding="gzip")

    def at_deflate(self, data: bytes, times: int) -> None:
        """The body that was sent, deflated, streamed."""
        packed = zlib.compress(b"x" * 1000 + data)
        self.stream([packed[:5], packed[5:]], "text/plain", Content_Encoding="deflate")

    def at_br(self, data: bytes, times: int) -> None:
        """Brotli, whatever was asked for."""
        self.say(200, b"\x0b\x02\x80hello\x03", "text/plain", Content_Encoding="br")

    def at_zstd(self, data: bytes, times: int) -> None:
        """Zstandard, whatever was asked for, streamed: one frame that holds its five bytes as they are."""
        frame = b"\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00hello"
        self.stream([frame[:7], frame[7:]], "text/plain", Content_Encoding="zstd")

    def at_echo_coded(self, data: bytes, times: int) -> None:
        """What was sent, as it was sent, in the coding it says it has."""
        self.say(200, data, "text/plain", Content_Encoding=self.headers["Content-Encoding"])

    def at_binary(self, data: bytes, times: int) -> None:
        """Every byte there is."""
        self.say(200, bytes(range(256)) * 50, "image/png", ETag='"x"', X_Two="a", Cache_Control="no-store")

    def at_large(self, data: bytes, times: int) -> None:
        """Five million bytes, in chunks of odd sizes."""
        self.stream([bytes([index % 251]) * (99_991 + index) for index in range(50)], "application/octet-stream")

    def at_empty(self, data: bytes, times: int) -> None:
        """Nothing, of length 0."""
        self.say(200, b"", "text/plain")

    def at_none(self, data: bytes, times: int) -> None:
        """No content."""
        self.say(204, b"")

    def at_unchanged(self, data: bytes, times: int) -> None:
        """Not modified."""
        self.say(304, b"", ETag='"1"')

    def at_moved(self, data: bytes, times: int) -> None:
        """A redirect to a path of its own."""
        self.say(302, b"", "text/plain", Location="/v1/empty?after=1")

    def at_moved_whole(self, data: bytes, times: int) -> None:
        """A redirect that names this host."""
        self.say(307, b"", "text/plain", Location=f"http://{self.headers['Host']}/v1/echo")

    def at_trailer(self, data: bytes, times: int) -> None:
        """A stream with a trailer."""
        self.stream([b"one", b"two"], "text/plain", trailer="X-Sum: 6", Trailer="X-Sum")

    def at_close(self, data: bytes, times: int) -> None:
        """A body that ends with the connection."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"until the end")
        self.close_connection = True

    def at_cut(self, data: bytes, times: int) -> None:
        """A stream that breaks off."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n6\r\nsecond\r\n")
        self.wfile.flush()
        time.sleep(0.1)
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def at_endless(self, data: bytes, times: int) -> None:
        """A stream that goes on until nobody listens."""
        try:
            self.stream([b"tick\n"] * 2000, "text/event-stream", pause_s=0.005)
        except OSError:
            self.close_connection = True

    def at_slow(self, data: bytes, times: int) -> None:
        """An answer after a while."""
        time.sleep(0.2)
        self.say(200, json.dumps({"asked": json.loads(data)}).encode())

    def at_silent(self, data: bytes, times: int) -> None:
        """A stream that stops in the middle and says nothing more."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        self.wfile.flush()
        self.server.over.wait(10)
        self.close_connection = True

    def at_session(self, data: bytes, times: int) -> None:
        """A cookie and a token."""
        cookie = "sid=s3cr3t-s3ss10n-c00k1e-v4lue; Path=/; HttpOnly"
        self.say(200, b'{"access_token": "ya29.minted-token-value-0123", "expires_in": 3600}', Set_Cookie=cookie)

    def at_random(self, data: bytes, times: int) -> None:
        """Something else each time."""
        self.say(200, json.dumps({"times": times}).encode())


class Scripted(ThreadingHTTPServer):
    """The server; `url` is where it is, `host` what it calls itself with TLS."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), Handler)
        self.counts: Counter[str] = Counter()
        self.told: list[tuple[str, str, dict[str, str], bytes]] = []
        self.over = threading.Event()
        self._context = context
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def get_request(self) -> tuple[Any, Any]:
        """Takes a connection, with TLS where there is a certificate."""
        sock, address = super().get_request()
        if self._context is not None:
            sock.settimeout(10)
            sock = self._context.wrap_socket(sock, server_side=True)
        return sock, address

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http{'s' if self._context else ''}://{self.server_address[0]!s}:{self.server_port}"

    def end(self) -> None:
        """Stops it."""
        self.over.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

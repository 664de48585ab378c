"""Asks models; where none can be reached, goes on without."""

import json
import os
import urllib.error
import urllib.request

from telemetry import span


def ask(path, body):
    """The answer of a model as text; empty where there is none."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        error.close()
        return ""


def embed(text):
    """The embedding of a text."""
    found = ask("/embeddings", {"model": "tiny-embed", "input": text})
    span("embeddings tiny-embed", gen_ai__operation__name="embeddings", gen_ai__provider__name="openai",
         gen_ai__request__model="tiny-embed")
    return found


def chat(text):
    """What the model says."""
    found = ask("/chat/completions", {"model": "small", "messages": [{"role": "user", "content": text}]})
    span("chat small", gen_ai__operation__name="chat", gen_ai__provider__name="openai", gen_ai__request__model="small")
    return found

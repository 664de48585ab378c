"""Writes data/vectors.jsonl: one vector for each document, by the model the assistant asks its questions with.

    python scripts/embed.py

Vectors are keyed by document and by the digests of its text and of the model, so that the server notices when either moved.
"""

import json
from pathlib import Path

from assistant import corpus, embedding


def main():
    """Embeds every document, one at a time: a padded batch would give slightly other vectors."""
    embed = embedding.Embedder()
    lines = []
    for document in corpus.documents():
        vector = [round(float(number), 6) for number in embed(f"{document.title}. {document.text}")]
        lines.append(json.dumps({"id": document.id, "sha256": document.sha256, "model": embed.digest, "vector": vector}))
    Path("data/vectors.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} vectors by {embed.digest[:12]}")


if __name__ == "__main__":
    main()

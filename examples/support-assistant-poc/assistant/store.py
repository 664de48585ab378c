"""Documents in Postgres."""

from dataclasses import asdict
from pathlib import Path

import psycopg

from assistant.answers import Passage

HERE = Path(__file__).parent


class Store:
    def __init__(self, url):
        self.url = url

    def load(self, documents, vectors, model):
        with psycopg.connect(self.url) as connection:
            for step in sorted((HERE.parent / "migrations").glob("*.up.sql")):
                connection.execute(step.read_bytes())
            connection.execute("delete from document")
            rows = [asdict(item) | {"model": model, "embedding": text_of(vectors[item.id])} for item in documents]
            connection.cursor().executemany((HERE / "insert.sql").read_text(), rows)

    def nearest(self, question, reader, limit):
        # the database knows who we are
        with psycopg.connect(self.url) as connection:
            asked = {"question": text_of(question), "limit": limit}
            return [Passage(*row) for row in connection.execute((HERE / "nearest.sql").read_text(), asked)]


def text_of(vector):
    return "[" + ",".join(repr(float(number)) for number in vector) + "]"

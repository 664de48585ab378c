"""Posts a message where the board reads it."""

import json
import os
import urllib.request


def send(text):
    url = os.environ["{{variable}}"]
    urllib.request.urlopen(urllib.request.Request(url, json.dumps({"text": text}).encode()))

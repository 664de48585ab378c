"""The demo: the agent, beside a model that says what is written in scripted.py."""

import sys
import threading

import scripted
from agent import serve

if __name__ == "__main__":
    threading.Thread(target=scripted.server().serve_forever, daemon=True).start()
    sys.exit(serve.main())

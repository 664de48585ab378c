"""Lets `time.sleep` work under libfaketime, which refuses the absolute sleep of Python 3.11 and later (EINVAL).

It lies first in PYTHONPATH while the clock is perturbed, and hands over to the `sitecustomize` it stands in front of.
"""

import os
import select
import sys
import time


def sleep(seconds):
    """Sleeps that many seconds, as `time.sleep` does."""
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = sleep

_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) != _here]
sys.modules.pop("sitecustomize", None)
try:
    __import__("sitecustomize")
except ImportError:
    pass

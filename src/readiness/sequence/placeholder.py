"""What a text says that still waits for somebody to fill it in."""

from __future__ import annotations

import re
from typing import Final

PLACEHOLDER: Final = re.compile(r"(?<![\w-])(?:TODO|FIXME|XXX|CHANGEME)(?![\w-])|\byour-[a-z-]+|<[a-z][a-z _-]*>", re.IGNORECASE)

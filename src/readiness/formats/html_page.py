"""An HTML file that stands by itself: no script, nothing from elsewhere, and a policy that lets neither in."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Final

_FRAME: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def whole(title: str, style: str, body: Iterable[str]) -> str:
    """The file: `title` is escaped, `body` is markup already, `style` is the name of a stylesheet of ours."""
    css = Path(__file__).with_name(style).read_text(encoding="utf-8").strip()
    return _FRAME.format(title=escape(title.encode("utf-8", "replace").decode()), style=css, body="\n".join(body))

"""A waterfall from A to B as SVG or as one HTML file: every step with its interval, no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape as escaped
from math import floor, log10
from typing import Final

_UP, _DOWN, _QUIET, _INK, _MUTED, _RULE = "#2166ac", "#b35806", "#8a8a8a", "#1a1a1a", "#595959", "#d9d9d9"
_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 940, 190, 270, 34, 92
_TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its label, its mean with the interval, the words beside it; `quiet` where nothing is sure of it."""

    label: str
    mean: float
    low: float
    high: float
    words: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The whole picture: from `before` by the `steps` to `after`; `chance` goes from there to what one run showed.

    `below` are lines of text under it.
    """

    title: str
    subtitle: str
    metric: str
    before: float
    before_label: str
    steps: tuple[Step, ...]
    after: float
    after_label: str
    chance: Step | None
    below: tuple[str, ...] = ()


def escape(text: str) -> str:
    """A text that is no markup, without the control characters that neither SVG nor HTML may hold."""
    return escaped("".join(char for char in text if char.isprintable() or char in "\n\t"), quote=True)


def number(value: float) -> str:
    """A number as people read it: four significant digits, no exponent where it can be helped."""
    return f"{value:.4g}" if value == 0 or 1e-4 <= abs(value) < 1e7 else f"{value:.3e}"


def signed(value: float) -> str:
    """A difference with its sign."""
    return "0" if value == 0 else f"{'+' if value > 0 else '-'}{number(abs(value))}"


def svg(found: Waterfall) -> str:
    """The picture as a file of its own."""
    rows = 2 + len(found.steps) + bool(found.chance)
    height = _TOP + rows * _ROW + 46 + 18 * len(found.below)
    scale = _Scale(found)
    under = _TOP + rows * _ROW + 42
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img" '
        f'aria-label="{escape(found.title)}" font-family="system-ui, sans-serif" font-size="13" fill="{_INK}">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="20" y="30" font-size="17" font-weight="600">{escape(found.title)}</text>',
        f'<text x="20" y="52" fill="{_MUTED}">{escape(found.subtitle)}</text>',
        *_axis(scale, rows, found.metric),
        *_rows(scale, found),
        *(f'<text x="20" y="{under + 18 * i}" fill="{_MUTED}">{escape(line)}</text>' for i, line in enumerate(found.below)),
        "</svg>",
    ]
    return "\n".join(body) + "\n"


def html(found: Waterfall, columns: Sequence[str], table: Sequence[Sequence[str]]) -> str:
    """One page with the picture and the same as a table."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    lines = "\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(found.title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>\n'
        f"body {{ font: 15px/1.45 system-ui, sans-serif; color: {_INK}; background: #fff;\n"
        "  max-width: 60rem; margin: 1.5rem auto; padding: 0 1rem }\n"
        "svg { max-width: 100%; height: auto }\ntable { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }\n"
        f"th, td {{ text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid {_RULE}; vertical-align: top }}\n"
        f"</style>\n</head>\n<body>\n{svg(found)}<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table>\n</body>\n</html>\n"
    )


class _Scale:
    """From values of the metric to places on the picture."""

    def __init__(self, found: Waterfall) -> None:
        at, seen = found.before, [found.before, found.after]
        for step in (*found.steps, *([found.chance] if found.chance else [])):
            seen += [at, at + step.mean, at + step.low, at + step.high]
            at += step.mean
        low, high = min(seen), max(seen)
        room = (high - low) * 0.06 or max(abs(high), 1.0) * 0.05
        self.low, self.high = low - room, high + room

    def x(self, value: float) -> float:
        """The place of a value, in pixels from the left."""
        return round(_LEFT + (value - self.low) / (self.high - self.low) * (_WIDTH - _LEFT - _RIGHT), 1)

    def ticks(self) -> list[float]:
        """Round values for the axis."""
        raw = (self.high - self.low) / _TICKS
        power = 10.0 ** floor(log10(raw))
        step = next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= raw)
        first = floor(self.low / step) + 1
        return [round(index * step, 12) for index in range(first, floor(self.high / step) + 1)]


def _axis(scale: _Scale, rows: int, metric: str) -> list[str]:
    bottom = _TOP + rows * _ROW
    lines = [f'<text x="{_LEFT}" y="{_TOP - 22}" fill="{_MUTED}">{escape(metric)}</text>']
    for tick in scale.ticks():
        x = scale.x(tick)
        lines.append(f'<line x1="{x}" y1="{_TOP - 4}" x2="{x}" y2="{bottom}" stroke="{_RULE}"/>')
        lines.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle" fill="{_MUTED}" font-size="12">{number(tick)}</text>')
    return lines


def _rows(scale: _Scale, found: Waterfall) -> list[str]:
    at, y = found.before, float(_TOP)
    lines = _end(scale, found.before, y, "A", found.before_label)
    for step in found.steps:
        y += _ROW
        lines += _step(scale, step, at, y)
        at += step.mean
    y += _ROW
    lines += _end(scale, found.after, y, "B", found.after_label)
    if found.chance is not None:
        lines += _step(scale, found.chance, found.after, y + _ROW)
    return lines


def _end(scale: _Scale, value: float, y: float, label: str, words: str) -> list[str]:
    x, middle = scale.x(value), y + _ROW / 2
    return [
        _label(label, middle, bold=True),
        f'<line x1="{x}" y1="{y + 5}" x2="{x}" y2="{y + _ROW - 5}" stroke="{_INK}" stroke-width="3"/>',
        _words(f"{number(value)}  {words}", middle),
    ]


def _step(scale: _Scale, step: Step, at: float, y: float) -> list[str]:
    start, end, middle = scale.x(at), scale.x(at + step.mean), y + _ROW / 2
    colour = _QUIET if step.quiet else _UP if step.mean > 0 else _DOWN
    left, width = min(start, end), max(abs(end - start), 1.5)
    paint = f'fill="#ffffff" stroke="{colour}" stroke-dasharray="4 2"' if step.quiet else f'fill="{colour}"'
    lines = [
        _label(step.label, middle),
        f'<line x1="{start}" y1="{y - 9}" x2="{start}" y2="{y + 9}" stroke="{_MUTED}" stroke-dasharray="2 2"/>',
        f'<rect x="{left}" y="{y + 9}" width="{width:.1f}" height="{_ROW - 18}" {paint}/>',
    ]
    if step.low != step.high:
        low, high = scale.x(at + step.low), scale.x(at + step.high)
        lines += [
            f'<line x1="{low}" y1="{middle}" x2="{high}" y2="{middle}" stroke="{_INK}" stroke-width="1.5"/>',
            *(f'<line x1="{x}" y1="{middle - 5}" x2="{x}" y2="{middle + 5}" stroke="{_INK}" stroke-width="1.5"/>' for x in (low, high)),
        ]
    return [*lines, _words(f"{signed(step.mean)}  {step.words}", middle)]


def _label(text: str, middle: float, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{_LEFT - 14}" y="{middle + 4}" text-anchor="end"{weight}>{escape(_short(text, 26))}</text>'


def _words(text: str, middle: float) -> str:
    return f'<text x="{_WIDTH - _RIGHT + 14}" y="{middle + 4}">{escape(_short(text, 40))}</text>'


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"

"""Renders names and values into SQL that DuckDB and PostgreSQL read alike: quoted names, literals that stay values."""

from __future__ import annotations

from datetime import datetime, time
from decimal import Decimal, InvalidOperation

from readiness.errors import Refused
from readiness.layers.data.dialect import Form
from readiness.layers.data.render_pattern import render as rendered_pattern


def name(text: str) -> str:
    """A name in double quotes. Raises Refused where no engine can have one like it."""
    if "\0" in text or not text:
        raise Refused("a name in SQL is not empty and holds no zero byte")
    return '"' + text.replace('"', '""') + '"'


def text(value: str, form: Form = Form.DUCK) -> str:
    """A text literal. PostgreSQL has no zero byte in a text: nothing equals one that does, so Refused is raised."""
    if "\0" in value:
        if form is Form.POSTGRES:
            raise Refused("PostgreSQL has no text with a zero byte")
        return "(" + " || chr(0) || ".join(f"'{part.replace(chr(39), chr(39) * 2)}'" for part in value.split("\0")) + ")"
    if form is Form.POSTGRES and "\\" in value:
        return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    return "'" + value.replace("'", "''") + "'"


def number(value: object) -> str:
    """A number literal, written out without an exponent where it fits. Raises Refused where it is no finite number."""
    try:
        found = Decimal(repr(value) if isinstance(value, float) else str(value))
    except InvalidOperation:
        raise Refused(f"`{value}` is no number") from None
    if not found.is_finite():
        raise Refused(f"`{value}` is no finite number")
    plain = f"{found:f}"
    if len(plain) > 38:
        return f"CAST('{found}' AS DOUBLE PRECISION)"
    return f"({plain})" if plain.startswith("-") else plain


def moment(value: datetime) -> str:
    """A moment in UTC as a literal with its zone."""
    return f"TIMESTAMPTZ '{value.strftime('%Y-%m-%d %H:%M:%S.%f').rjust(26, '0')}+00:00'"


def clock(value: time) -> str:
    """A time of day as a literal."""
    return f"TIME '{value.strftime('%H:%M:%S.%f')}'"


def full(expression: str, regex: str, form: Form) -> str:
    """Whether a whole text matches one of our own expressions, which mean the same in both engines."""
    if form is Form.POSTGRES:
        return f"({expression} ~ {text(f'^(?:{regex})$', form)})"
    return f"regexp_full_match({expression}, {text(regex)})"


def search(expression: str, pattern: str, form: Form) -> str:
    """Whether a text holds a match of a contract's pattern."""
    if form is Form.POSTGRES:
        return f"({expression} ~ {text(rendered_pattern(pattern, postgres=True), form)})"
    return f"regexp_matches({expression}, {text(rendered_pattern(pattern, postgres=False))})"

"""The waterfall: well-formed, self-contained, everything on it, whatever the numbers and names are."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.waterfall import Step, Waterfall, html, number, signed, svg

numbers = st.floats(-1e9, 1e9)


def picture(*steps: Step, before: float = 0.5, chance: Step | None = None, title: str = "What changed accuracy") -> Waterfall:
    after = before + sum(step.mean for step in steps)
    return Waterfall(title, "A  →  B", "accuracy", before, "mean", steps, after, "mean", chance, ("inert: code",))


def texts(drawn: str) -> list[str]:
    root = ElementTree.fromstring(drawn)
    return [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text")]


def test_every_step_is_on_it_with_its_words_and_whisker() -> None:
    drawn = svg(
        picture(
            Step("data", -0.2, -0.3, -0.1, ""),
            Step("model", 0.1, 0.05, 0.15, "with data"),
            chance=Step("chance", 0.02, 0, 0.04, "of one run", True),
        )
    )
    told = texts(drawn)
    assert {"A", "data", "model", "B", "chance", "inert: code"} <= set(told)
    assert {"-0.2  ", "+0.1  with data", "+0.02  of one run"} <= set(told)
    assert drawn.count('stroke-width="1.5"') == 9  # a line and two ends for each of three intervals


def test_bars_go_from_where_the_last_one_ended() -> None:
    drawn = svg(picture(Step("data", -0.2, -0.3, -0.1, ""), Step("model", 0.1, 0.05, 0.15, "")))
    bars = [(float(x), float(width)) for x, width in re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', drawn)]
    assert bars[0][0] == bars[1][0]  # data ends to the left, where model begins
    assert abs(bars[0][1] / bars[1][1] - 2) < 0.02


@given(st.lists(st.tuples(st.text(max_size=50), numbers, numbers, numbers), max_size=8), numbers)
def test_any_numbers_and_names_make_a_picture(steps: list[tuple[str, float, float, float]], before: float) -> None:
    clean = []
    for name, *values in steps:
        low, mean, high = sorted(values)
        clean.append(Step(re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd]", "", name), mean, low, high, "words"))
    drawn = svg(picture(*clean, before=before))
    ElementTree.fromstring(drawn)
    places = [float(x) for x in re.findall(r' x[12]?="(-?[\d.]+)"', drawn)]
    assert all(-1 <= x <= 941 for x in places)


def test_nothing_of_the_project_is_markup_and_nothing_is_fetched() -> None:
    name = "<script>alert(1)</script>"
    page = html(picture(Step(name, 1, 0, 2, name), title=name), ("factor",), [(name,)])
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 3
    assert re.findall(r"https?://[^\"]+", page) == ["http://www.w3.org/2000/svg"]


def test_numbers_as_people_read_them() -> None:
    assert [number(value) for value in (0, 0.12345, 1234567, 1e-7, 1e9)] == ["0", "0.1235", "1.235e+06", "1.000e-07", "1.000e+09"]
    assert [signed(value) for value in (0, 0.5, -0.5)] == ["0", "+0.5", "-0.5"]

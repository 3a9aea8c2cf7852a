"""SVG of the charts: scales, ticks and marks.

Every drawing is laid out for a box of `WIDTH` units whose text may grow from 12 to 19 units (narrow screens), so labels
stand above their marks, never beside them. Colours come from classes of the site's style sheet; presentation
attributes stand in where there is none.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from html import escape
from itertools import pairwise
from posixpath import commonprefix
from typing import Final, Literal

from proofpress.render.sourced import show_invisible

Status = Literal["", "yanked", "rejected", "superseded"]
"""What became of a release since; empty when it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """A release's value, None when it was not measured, with its interval. What is `apart` was measured on other
    examples than the one before, and is not joined with it."""

    label: str
    value: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    status: Status = ""
    apart: bool = False


WIDTH: Final = 640
_LEFT, _RIGHT = 14, 626
_TREND_LEFT, _TREND_RIGHT = 112, 614
_LINE: Final = 20
_LETTER: Final = 11.0
"""Height of a line and width of a letter at the larger text size."""
# Values whose difference is this small a part of them are drawn as equal: no axis could tell them apart.
_SAME: Final = Decimal("1e-30")


def _clip(text: str, most: int) -> str:
    """Escaped text of at most `most` columns (a wide character takes two), shortened in its middle."""
    text = show_invisible(text)
    if len(text) * (1 if text.isascii() else 2) > most:
        wide = [2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1 for char in text]
        if sum(wide) > most:
            head = tail = 0
            left = most - 1
            while left >= wide[head]:
                left -= wide[head]
                head += 1
                if left < wide[-1 - tail]:
                    break
                left -= wide[-1 - tail]
                tail += 1
            text = f"{text[:head]}…{text[len(text) - tail :]}"
    return escape(text)


def _ticks(low: Decimal, high: Decimal) -> list[Decimal]:
    """About five round, evenly spaced values that enclose the range; exact, and none below zero without need."""
    if high - low <= max(abs(low), abs(high)) * _SAME:
        room = abs(low) / 10 or Decimal(1)
        floor = low - room
        low, high = (floor if floor >= 0 or low < 0 else Decimal(0)), high + room
    raw = (high - low) / 4
    unit = Decimal(1).scaleb(raw.adjusted())
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw)
    at = (low / step).to_integral_value(ROUND_FLOOR)
    ticks = [(at * step).quantize(step)]
    while ticks[-1] < high:
        at += 1
        ticks.append((at * step).quantize(step))
    return ticks


def _tick_texts(ticks: list[Decimal]) -> list[str]:
    """All in plain notation with the same decimals or, where that gets long, all in powers of ten."""
    if all(-7 < tick.adjusted() < 8 for tick in ticks if tick):
        plain = [format(tick if tick.as_tuple().exponent != 0 else tick.to_integral_value(), "f") for tick in ticks]
        if max(map(len, plain)) <= 9:
            return plain
    return [_power(tick) if tick else "0" for tick in ticks]


def _power(tick: Decimal) -> str:
    mantissa, _, exponent = format(tick.normalize(), "E").partition("E")
    return f"{mantissa[:7]}e{int(exponent)}"


def _scale(ticks: list[Decimal], start: float, end: float) -> Callable[[Decimal], str]:
    low, span = ticks[0], ticks[-1] - ticks[0]
    length = Decimal(end - start)

    def place(value: Decimal) -> str:
        return f"{start + float((value - low) / span * length):.4g}"

    return place


# Drawings ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart: its label, what is said beside it, its value with interval, and what it is compared with."""

    label: str
    said: str
    value: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    baseline: Decimal | None = None


def nothing() -> tuple[str, int]:
    """The drawing for no values, and its height."""
    return f'<text class="pp-chart__text" font-size="12" fill="currentColor" x="{_LEFT}" y="30">No values.</text>', 48


def _dot(x: str, y: str) -> str:
    return f"M{x} {y}m-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0"


def _marks(kind: str, series: int, path: Iterable[str], *, filled: bool = False, dashes: str = "") -> str:
    """All marks of a kind as one path."""
    data = "".join(path)
    paint = 'fill="currentColor"' if filled else 'fill="none" stroke="currentColor"'
    if dashes:
        paint += f' stroke-dasharray="{dashes}"'
    colour = f" pp-series-{series}" if series else ""
    return f'<path class="pp-chart__{kind}{colour}" {paint} d="{data}"/>' if data else ""


def _words(texts: Iterable[tuple[str | int, str | int, str]], anchor: str) -> str:
    inner = "".join([f'<text x="{x}" y="{y}">{text}</text>' for x, y, text in texts])
    return f'<g text-anchor="{anchor}">{inner}</g>' if inner else ""


def draw_lines(
    lines: Sequence[Line],
    unit: str,
    overall: Decimal | None,
    legend: str,
    higher_is_better: bool | None = None,
) -> tuple[str, int]:
    """One line a row: label and exact value above, marks below, on a common axis; `legend` names the marks."""
    values = [
        value for line in lines for value in (line.value, line.low, line.high, line.baseline) if value is not None
    ]
    if overall is not None:
        values.append(overall)
    ticks = _ticks(min(values), max(values))
    place = _scale(ticks, _LEFT + 6, _RIGHT - 6)
    step = 46 if len(lines) <= 24 else 40
    top = 34
    bottom = top + step * len(lines) + 4
    places = [place(tick) for tick in ticks]
    labels, said, spans, dots, squares, joins = [], [], [], [], [], []
    for index, line in enumerate(lines):
        y = top + step * index
        mark = y + step - 11
        labels.append((_LEFT, y + 18, _clip(line.label, 32)))
        said.append((_RIGHT, y + 18, _clip(line.said, 26)))
        if line.value is not None and line.low is not None and line.high is not None:
            low, high = place(line.low), place(line.high)
            spans.append(f"M{low} {mark}H{high}M{low} {mark - 4}v8M{high} {mark - 4}v8")
        if line.value is not None:
            at = place(line.value)
            dots.append(_dot(at, str(mark)))
            if line.baseline is not None:
                from_ = place(line.baseline)
                joins.append(f"M{from_} {mark}H{at}")
                squares.append(f"M{from_} {mark}m-7-7h14v14h-14z")
    head = [legend] if legend else []
    if overall is not None:
        head.append(f"┆ overall {_clip(str(overall), 16)}")
    hint = {True: "higher is better →", False: "← lower is better", None: ""}[higher_is_better]
    first, last = 0, len(ticks) - 1
    shown = [(x, bottom + 20, text) for x, text in zip(places, _tick_texts(ticks), strict=True)]
    # Dashes as long as a row: grid and overall line show beside the marks and leave the text alone.
    strip = f"V{bottom - 4}"
    start = top + step - 22
    return (
        _marks("grid", 0, [f"M{x} {start}{strip}" for x in places], dashes=f"22 {step - 22}")
        + (
            _marks("axis", 0, [f"M{place(overall)} {start}{strip}"], dashes=f"4 3 4 3 4 {step - 18}")
            if overall is not None
            else ""
        )
        + _marks("interval", 1, spans)
        + _marks("interval", 2, joins)
        + _marks("interval", 2, squares)
        + _marks("dot", 1, dots, filled=True)
        + '<g class="pp-chart__text" font-size="12" fill="currentColor">'
        + _words([(_LEFT, 18, ", ".join(head)), *labels], "start")
        + _words([(_RIGHT, 18, hint), *said, (_RIGHT, bottom + 42, _clip(unit, 40))], "end")
        + _words(
            [(x, y, text) for index, (x, y, text) in enumerate(shown) if index not in {first, last}][
                :: 2 if len(shown) > 6 else 1
            ],
            "middle",
        )
        + _words([(_LEFT, shown[first][1], shown[first][2])], "start")
        + _words([(_RIGHT, shown[last][1], shown[last][2])], "end")
        + "</g>",
        bottom + 52,
    )


def draw_trend(points: Sequence[TrendPoint], unit: str, higher_is_better: bool | None) -> tuple[str, int]:
    """Releases from left to right; tick labels stand on their grid lines, so that no margin is lost to them."""
    values = [value for point in points for value in (point.value, point.low, point.high) if value is not None]
    ticks = _ticks(min(values), max(values))
    top, bottom = 56, 256
    place = _scale(ticks, bottom, top)
    gap = (_TREND_RIGHT - _TREND_LEFT) / (len(points) - 1) if len(points) > 1 else 0.0
    middle = (_TREND_LEFT + _TREND_RIGHT) / 2
    line: list[str] = []
    spans: list[str] = []
    breaks: list[str] = []
    values_said: list[tuple[float, str, str]] = []
    shapes: dict[Status, list[str]] = {}
    every = len(points) <= 6 and all(len(str(point.value)) <= 7 for point in points)
    measured = [index for index, point in enumerate(points) if point.value is not None]
    ends = {measured[0], measured[-1]}
    before = -2
    for index, point in enumerate(points):
        if point.value is None:
            continue
        x = f"{_TREND_LEFT + gap * index if gap else middle:.4g}"
        y = place(point.value)
        joined = index == before + 1 and not point.apart
        line.append(f"{'L' if joined else 'M'}{x} {y}")
        if point.apart and before >= 0:
            breaks.append(f"M{float(x) - gap / 2:.4g} {top}V{bottom}")
        before, above = index, float(y)
        if point.low is not None and point.high is not None:
            low, high = place(point.low), place(point.high)
            above = min(above, float(high))
            spans.append(f"M{x} {low}V{high}M{x} {low}m-4 0h8M{x} {high}m-4 0h8")
        shapes.setdefault(point.status, []).append(_status_mark(point.status, x, y))
        if every or index in ends:
            values_said.append((float(x), f"{above - 9:.4g}", _clip(str(point.value), 18)))
    hint = {True: "↑ higher is better", False: "↓ lower is better", None: ""}[higher_is_better]
    key = [f"{sign} {status}" for status, sign in _SIGNS if status in shapes]
    key += ["┆ other examples: not comparable"] if breaks else []
    labels, extra = _release_labels(points, gap, bottom + 24)
    last = bottom + extra
    return (
        _marks("grid", 0, [f"M{_LEFT} {y}H{_RIGHT}" for y in map(place, ticks)])
        + _marks("axis", 0, breaks, dashes="4 3")
        + _marks("line", 1, line if any(part.startswith("L") for part in line) else ())
        + _marks("interval", 1, spans)
        + "".join(
            _marks("dot" if status == "" else "interval", 1 if status == "" else 2, paths, filled=status == "")
            for status, paths in shapes.items()
        )
        + '<g class="pp-chart__text" font-size="12" fill="currentColor">'
        + _words(
            [
                (_LEFT, 18, hint),
                *[
                    (_LEFT, f"{float(place(tick)) - 4:.4g}", text)
                    for tick, text in zip(ticks, _tick_texts(ticks), strict=True)
                ],
            ],
            "start",
        )
        + _words([(_RIGHT, 18, _clip(unit, 34))], "end")
        + _spread(values_said, len(points) > 1)
        + labels
        + _words([(_LEFT, last + 50, "   ".join(key))] if key else [], "start")
        + "</g>",
        last + (60 if key else 36),
    )


_SIGNS: Final[tuple[tuple[Status, str], ...]] = (("superseded", "◇"), ("yanked", "✕"), ("rejected", "□"))


def _status_mark(status: Status, x: str, y: str) -> str:
    if status == "":
        return _dot(x, y)
    shape = {"yanked": "m-5-5l10 10m0-10l-10 10", "rejected": "m-5-5h10v10h-10z", "superseded": "m0-6l6 6l-6 6l-6-6z"}
    return f"M{x} {y}{shape[status]}"


def _spread(said: list[tuple[float, str, str]], several: bool) -> str:
    """Labels of values: the last one ends at its mark so that it stays inside the box."""
    ends = [(f"{x + 14:.4g}", y, text) for x, y, text in said if several and x > _RIGHT - 60]
    rest = [(f"{x:.4g}", y, text) for x, y, text in said if not (several and x > _RIGHT - 60)]
    return _words(rest, "middle") + _words(ends, "end")


def _release_labels(points: Sequence[TrendPoint], gap: float, y: int) -> tuple[str, int]:
    """Every release's label where all have room at the larger text size, without what all of them begin with and on
    up to three lines; else the first and the last. Also the height that further lines take.
    """
    if len(points) == 1:
        return _words([(f"{(_TREND_LEFT + _TREND_RIGHT) / 2:.4g}", y, _clip(points[0].label, 40))], "middle"), 0
    texts = [show_invisible(point.label) for point in points]
    begin = commonprefix(texts).rpartition("-")[0]
    short = [text[len(begin) :].lstrip("-") for text in texts] if begin else texts
    for most in (1, 2, 3):
        lines = [text.split("-", most - 1) for text in short]
        if all(text.isascii() for text in short) and _has_room(lines, gap):
            inner = [
                (f"{_TREND_LEFT + gap * at:.4g}", y + _LINE * row, escape(part))
                for at, parts in enumerate(lines[:-1])
                for row, part in enumerate(parts)
            ]
            ends = [(_RIGHT, y + _LINE * row, escape(part)) for row, part in enumerate(lines[-1])]
            return _words(inner, "middle") + _words(ends, "end"), _LINE * (max(map(len, lines)) - 1)
    return _words([(_LEFT, y, _clip(points[0].label, 27))], "start") + _words(
        [(_RIGHT, y, _clip(points[-1].label, 27))], "end"
    ), 0


def _has_room(lines: Sequence[Sequence[str]], gap: float) -> bool:
    """Whether neighbours do not touch; the last one ends at the edge of the box."""
    widths = [max(map(len, parts)) * _LETTER for parts in lines]
    apart = all((one + other) / 2 + _LETTER <= gap for one, other in pairwise(widths[:-1]))
    before = _TREND_LEFT + gap * (len(widths) - 2) + widths[-2] / 2
    return apart and before + _LETTER <= _RIGHT - widths[-1] and widths[0] / 2 <= _TREND_LEFT

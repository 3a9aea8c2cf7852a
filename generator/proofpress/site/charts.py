"""The three chart forms that evidence needs, drawn as static SVG with exact labels.

No style attribute, style element or script: presentation attributes, and the classes of the site's style sheet. The
drawing is laid out for a 640-unit box whose text may grow from 12 to 19 units (narrow screens): labels stand above
their marks, never beside them. What is said by a colour is also said by a shape or a word.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_FLOOR, Context, Decimal, localcontext
from html import escape
from typing import Any, Final, Literal

from proofpress.render.sourced import show_invisible

Status = Literal["", "yanked", "rejected", "superseded"]
"""What became of a release since; empty when it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """A release's value, None when it was not measured, with its interval."""

    label: str
    value: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    status: Status = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRow:
    """A metric's value beside its baseline's."""

    label: str
    value: Decimal
    baseline: Decimal
    baseline_name: str
    higher_is_better: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRow:
    """A slice's value, None when it was not measured, with its interval and number of examples."""

    label: str
    value: Decimal | None
    n: int
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """The chart's content as text, each value with the characters it was measured with."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing, its text alternatives, its content as a table and as data, and its Vega-Lite specification."""

    svg: str
    title: str
    description: str
    table: TextTable
    data: tuple[dict[str, Any], ...]
    spec: dict[str, Any]


_EXACT: Final = Context(prec=40, Emax=MAX_EMAX, Emin=MIN_EMIN)
_WIDTH: Final = 640
_LEFT, _RIGHT = 14, 626
_TREND_LEFT, _TREND_RIGHT = 112, 614
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_STATUSES: Final[tuple[Status, ...]] = ("", "superseded", "yanked", "rejected")
_SHAPES: Final = {"": "circle", "superseded": "diamond", "yanked": "cross", "rejected": "square"}
_NO_VALUE: Final = "not measured"


def trend(
    points: Sequence[TrendPoint],
    *,
    metric: str,
    unit: str,
    higher_is_better: bool | None,
    prefix: str,
    data_url: str | None = None,
) -> Chart:
    """A metric over the releases of a family, in the order given.

    `prefix` makes the drawing's ids unique within the page; the specification reads `data_url`, or holds the data.
    """
    title = f"{metric} by release"
    measured = [point for point in points if point.value is not None]
    description = f"{metric} in {unit}, {_direction(higher_is_better)}, of {_count(len(points), 'release')} in order."
    if measured:
        description += (
            f" First {measured[0].label}: {measured[0].value!s}; last {measured[-1].label}: {measured[-1].value!s}."
        )
    description += "".join(
        f" {point.label} was {point.status}." for point in points if point.status in {"yanked", "rejected"}
    )
    with localcontext(_EXACT):
        body, height = _draw_trend(points, unit, higher_is_better) if measured else _nothing()
    return _chart(
        title,
        description,
        body,
        height,
        prefix,
        TextTable(
            header=("Release", "Value", "Interval", "Unit", "Status"),
            rows=tuple(
                (point.label, _text(point.value), _interval(point.low, point.high), unit, point.status or "in force")
                for point in points
            ),
        ),
        tuple(
            {
                "release": point.label,
                "value": point.value,
                "low": point.low,
                "high": point.high,
                "status": point.status or "in force",
            }
            for point in points
        ),
        {
            "encoding": {"x": {"field": "release", "type": "ordinal", "sort": None, "title": "Release"}},
            "layer": [
                {"mark": "line", "encoding": {"y": _quantity("value", f"{metric} ({unit})")}},
                {"mark": "rule", "encoding": {"y": _quantity("low", None), "y2": {"field": "high"}}},
                {
                    "mark": {"type": "point", "filled": True, "size": 70},
                    "encoding": {
                        "y": _quantity("value", None),
                        "shape": {
                            "field": "status",
                            "type": "nominal",
                            "scale": {
                                "domain": [status or "in force" for status in _STATUSES],
                                "range": [_SHAPES[status] for status in _STATUSES],
                            },
                        },
                    },
                },
            ],
        },
        data_url,
    )


def against_baseline(rows: Sequence[BaselineRow], *, unit: str, prefix: str, data_url: str | None = None) -> Chart:
    """Values beside their baselines', one line a metric; all of one unit, for they share the axis."""
    with localcontext(_EXACT):
        verdicts = [_verdict(row) for row in rows]
        lines = [
            _Line(row.label, f"{row.value!s} against {row.baseline!s}", value=row.value, baseline=row.baseline)
            for row in rows
        ]
        body, height = _draw_lines(lines, unit, None, ("value", "baseline")) if rows else _nothing()
    return _chart(
        f"Values against baselines, in {unit}",
        f"{_count(len(rows), 'value')} in {unit}, each beside its baseline."
        + "".join(
            f" {row.label}: {row.value!s} against {row.baseline!s} of {row.baseline_name}{verdict and ', ' + verdict}."
            for row, verdict in list(zip(rows, verdicts, strict=True))[:12]
        ),
        body,
        height,
        prefix,
        TextTable(
            header=("Metric", "Value", "Baseline", "Baseline value", "Unit", "Comparison"),
            rows=tuple(
                (row.label, str(row.value), row.baseline_name, str(row.baseline), unit, verdict or "no direction")
                for row, verdict in zip(rows, verdicts, strict=True)
            ),
        ),
        tuple(
            {
                "metric": row.label,
                "value": row.value,
                "baseline": row.baseline_name,
                "baseline_value": row.baseline,
                "comparison": verdict or "no direction",
            }
            for row, verdict in zip(rows, verdicts, strict=True)
        ),
        {
            "encoding": {"y": {"field": "metric", "type": "nominal", "sort": None, "title": None}},
            "layer": [
                {"mark": "rule", "encoding": {"x": _quantity("baseline_value", unit), "x2": {"field": "value"}}},
                {"mark": {"type": "point", "shape": "square"}, "encoding": {"x": _quantity("baseline_value", None)}},
                {"mark": {"type": "point", "filled": True}, "encoding": {"x": _quantity("value", None)}},
            ],
        },
        data_url,
    )


def slices(
    rows: Sequence[SliceRow],
    *,
    metric: str,
    dimension: str,
    unit: str,
    higher_is_better: bool | None,
    overall: Decimal | None,
    prefix: str,
    data_url: str | None = None,
) -> Chart:
    """A metric on each slice of a dimension, against its value on the whole split."""
    measured = [row for row in rows if row.value is not None]
    description = f"{metric} in {unit}, {_direction(higher_is_better)}, on {_count(len(rows), 'slice')} by {dimension}."
    if overall is not None:
        description += f" Overall: {overall!s}."
    if measured:
        least, most = (choose(measured, key=_value_of) for choose in (min, max))
        description += f" Least: {least.label}, {least.value!s}; greatest: {most.label}, {most.value!s}."
    with localcontext(_EXACT):
        lines = [_Line(row.label, _text(row.value), row.value, row.low, row.high) for row in rows]
        body, height = _draw_lines(lines, unit, overall, ("slice",), higher_is_better) if measured else _nothing()
    spec: dict[str, Any] = {
        "encoding": {"y": {"field": "slice", "type": "nominal", "sort": None, "title": dimension}},
        "layer": [
            {"mark": "rule", "encoding": {"x": _quantity("low", f"{metric} ({unit})"), "x2": {"field": "high"}}},
            {"mark": {"type": "point", "filled": True}, "encoding": {"x": _quantity("value", None)}},
        ],
    }
    if overall is not None:
        spec["layer"].append(
            {
                "data": {"values": [{"overall": overall}]},
                "mark": {"type": "rule", "strokeDash": [4, 4]},
                "encoding": {"x": _quantity("overall", None), "y": None},
            }
        )
    return _chart(
        f"{metric} by {dimension}",
        description,
        body,
        height,
        prefix,
        TextTable(
            header=("Slice", "Value", "Interval", "n", "Unit"),
            rows=tuple((row.label, _text(row.value), _interval(row.low, row.high), str(row.n), unit) for row in rows),
        ),
        tuple({"slice": row.label, "value": row.value, "low": row.low, "high": row.high, "n": row.n} for row in rows),
        spec,
        data_url,
    )


# Words ---------------------------------------------------------------------------------------------------------------


def _direction(higher_is_better: bool | None) -> str:
    return {True: "higher is better", False: "lower is better", None: "no direction"}[higher_is_better]


def _verdict(row: BaselineRow) -> str:
    if row.value == row.baseline:
        return "equal"
    if row.higher_is_better is None:
        return ""
    return "better" if (row.value > row.baseline) == row.higher_is_better else "worse"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _text(value: Decimal | None) -> str:
    return _NO_VALUE if value is None else str(value)


def _interval(low: Decimal | None, high: Decimal | None) -> str:
    return "none" if low is None or high is None else f"{low!s} to {high!s}"


def _value_of(row: SliceRow) -> Decimal:
    return row.value if row.value is not None else Decimal(0)


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


# Axes ----------------------------------------------------------------------------------------------------------------


def _ticks(low: Decimal, high: Decimal) -> list[Decimal]:
    """About five round, evenly spaced values that enclose the range; exact, and none below zero without need."""
    if low == high:
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
class _Line:
    label: str
    said: str
    value: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    baseline: Decimal | None = None


def _nothing() -> tuple[str, int]:
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


def _draw_lines(
    lines: Sequence[_Line],
    unit: str,
    overall: Decimal | None,
    legend: tuple[str, ...],
    higher_is_better: bool | None = None,
) -> tuple[str, int]:
    """One line a row: label and exact value above, marks below, on a common horizontal axis."""
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
    head = ["● value, □ baseline"] if "baseline" in legend else []
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


def _draw_trend(points: Sequence[TrendPoint], unit: str, higher_is_better: bool | None) -> tuple[str, int]:
    """Releases from left to right; tick labels stand on their grid lines, so that no margin is lost to them."""
    values = [value for point in points for value in (point.value, point.low, point.high) if value is not None]
    ticks = _ticks(min(values), max(values))
    top, bottom = 56, 256
    place = _scale(ticks, bottom, top)
    gap = (_TREND_RIGHT - _TREND_LEFT) / (len(points) - 1) if len(points) > 1 else 0.0
    middle = (_TREND_LEFT + _TREND_RIGHT) / 2
    line: list[str] = []
    spans: list[str] = []
    values_said: list[tuple[float, str, str]] = []
    shapes: dict[Status, list[str]] = {}
    every = len(points) <= 6 and all(len(_text(point.value)) <= 7 for point in points)
    measured = [index for index, point in enumerate(points) if point.value is not None]
    ends = {measured[0], measured[-1]}
    before = -2
    for index, point in enumerate(points):
        if point.value is None:
            continue
        x = f"{_TREND_LEFT + gap * index if gap else middle:.4g}"
        y = place(point.value)
        line.append(f"{'L' if index == before + 1 else 'M'}{x} {y}")
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
    return (
        _marks("grid", 0, [f"M{_LEFT} {y}H{_RIGHT}" for y in map(place, ticks)])
        + _marks("line", 1, line if len(line) > 1 else ())
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
        + _release_labels(points, gap, bottom + 24)
        + _words([(_LEFT, bottom + 50, "   ".join(key))] if key else [], "start")
        + "</g>",
        bottom + (60 if key else 36),
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


def _release_labels(points: Sequence[TrendPoint], gap: float, y: int) -> str:
    """Every release's label where all have room at the larger text size, else the first and the last."""
    if len(points) == 1:
        return _words([(f"{(_TREND_LEFT + _TREND_RIGHT) / 2:.4g}", y, _clip(points[0].label, 40))], "middle")
    if gap >= 16 * max(len(point.label) for point in points):
        inner = [(f"{_TREND_LEFT + gap * at:.4g}", y, escape(point.label)) for at, point in enumerate(points[:-1])]
        return _words(inner, "middle") + _words([(_RIGHT, y, escape(points[-1].label))], "end")
    return _words([(_LEFT, y, _clip(points[0].label, 27))], "start") + _words(
        [(_RIGHT, y, _clip(points[-1].label, 27))], "end"
    )


def _chart(
    title: str,
    description: str,
    body: str,
    height: int,
    prefix: str,
    table: TextTable,
    data: tuple[dict[str, Any], ...],
    spec: dict[str, Any],
    data_url: str | None,
) -> Chart:
    name = escape(prefix)
    svg = (
        f'<svg class="pp-chart__svg" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{escape(show_invisible(title))}</title>'
        f'<desc id="{name}-desc">{escape(show_invisible(description))}</desc>{body}</svg>'
    )
    source = {"url": data_url, "format": {"type": "json"}} if data_url else {"values": list(data)}
    head = {"$schema": _SCHEMA, "title": title, "description": description, "width": "container", "data": source}
    return Chart(svg=svg, title=title, description=description, table=table, data=data, spec=head | spec)


def _quantity(field: str, title: str | None) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "scale": {"zero": False}, "title": title}

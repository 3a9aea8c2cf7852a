"""The three chart forms that evidence needs, drawn as static SVG with exact labels.

No style attribute, style element or script: presentation attributes, and the classes of the site's style sheet. What
is said by a colour is also said by a shape or a word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from html import escape
from typing import Any, Final

from proofpress.render.sourced import show_invisible
from proofpress.site.chart_svg import WIDTH, Line, Status, TrendPoint, draw_lines, draw_trend, nothing

__all__ = (
    "BaselineRow",
    "Chart",
    "Difference",
    "SliceRow",
    "Status",
    "TextTable",
    "TrendPoint",
    "against_baseline",
    "differences",
    "slices",
    "trend",
)


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
class Difference:
    """A value in two releases, on the same examples; where it was tested, the interval of the difference and p."""

    label: str
    before: Decimal
    after: Decimal
    low: Decimal | None = None
    high: Decimal | None = None
    p_value: Decimal | None = None


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
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"
_STATUSES: Final[tuple[Status, ...]] = ("", "superseded", "yanked", "rejected")
_SHAPES: Final = {"": "circle", "superseded": "diamond", "yanked": "cross", "rejected": "square"}
_NO_VALUE: Final = "not measured"
_SEGMENT: Final = {"field": "segment", "type": "nominal"}


def trend(
    points: Sequence[TrendPoint],
    *,
    metric: str,
    unit: str,
    higher_is_better: bool | None,
    prefix: str,
) -> Chart:
    """A metric over the releases of a family, in the order given.

    `prefix` makes the drawing's ids unique within the page; the specification holds the data.
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
    description += "".join(
        f" {point.label} was evaluated on other examples than the one before: not comparable."
        for point in points[1:]
        if point.apart
    )
    with localcontext(_EXACT):
        body, height = draw_trend(points, unit, higher_is_better) if measured else nothing()
    return _chart(
        title,
        description,
        body,
        height,
        prefix,
        TextTable(
            header=("Release", "Value", "Interval", "Unit", "Status", "Comparable with the one before"),
            rows=tuple(
                (
                    *(point.label, _text(point.value), _interval(point.low, point.high), unit),
                    *(point.status or "in force", _comparable(points, at)),
                )
                for at, point in enumerate(points)
            ),
        ),
        tuple(
            {
                "release": point.label,
                "value": point.value,
                "low": point.low,
                "high": point.high,
                "status": point.status or "in force",
                "segment": sum(other.apart for other in points[1 : at + 1]),
            }
            for at, point in enumerate(points)
        ),
        {
            "encoding": {"x": {"field": "release", "type": "ordinal", "sort": None, "title": "Release"}},
            "layer": [
                {"mark": "line", "encoding": {"y": _quantity("value", f"{metric} ({unit})"), "detail": _SEGMENT}},
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
    )


def against_baseline(rows: Sequence[BaselineRow], *, unit: str, prefix: str) -> Chart:
    """Values beside their baselines', one line a metric; all of one unit, for they share the axis."""
    with localcontext(_EXACT):
        verdicts = [_verdict(row) for row in rows]
        lines = [
            Line(row.label, f"{row.value!s} against {row.baseline!s}", value=row.value, baseline=row.baseline)
            for row in rows
        ]
        body, height = draw_lines(lines, unit, None, "● value, □ baseline") if rows else nothing()
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
    )


def differences(rows: Sequence[Difference], *, unit: str, what: str, prefix: str) -> Chart:
    """Values before and after, all of one unit, in the order given. An interval is that of the difference, drawn from
    the value before: where it reaches back to it, the difference may be none.
    """
    with localcontext(_EXACT):
        lines = [
            Line(
                row.label,
                f"{_signed(row.after - row.before)}{'' if row.p_value is None else f', p = {row.p_value!s}'}",
                value=row.after,
                baseline=row.before,
                low=None if row.low is None else row.before + row.low,
                high=None if row.high is None else row.before + row.high,
            )
            for row in rows
        ]
        deltas = [_signed(row.after - row.before) for row in rows]
        tested = any(row.low is not None for row in rows)
        legend = "□ before, ● after" + (", ├┤ interval of the difference" if tested else "")
        body, height = draw_lines(lines, unit, None, legend) if rows else nothing()
    return _chart(
        f"{what}, in {unit}",
        f"{_count(len(rows), 'value')} in {unit}, before and after."
        + "".join(
            f" {row.label}: {row.before!s} before, {row.after!s} after, {delta}"
            + (f", interval of the difference {_interval(row.low, row.high)}" if row.low is not None else "")
            + (f", p = {row.p_value!s}." if row.p_value is not None else ".")
            for row, delta in list(zip(rows, deltas, strict=True))[:12]
        ),
        body,
        height,
        prefix,
        TextTable(
            header=("What", "Before", "After", "Difference", "Interval of the difference", "p", "Unit"),
            rows=tuple(
                (
                    *(row.label, str(row.before), str(row.after), delta, _interval(row.low, row.high)),
                    *("not tested" if row.p_value is None else str(row.p_value), unit),
                )
                for row, delta in zip(rows, deltas, strict=True)
            ),
        ),
        tuple(
            {
                "what": row.label,
                "before": row.before,
                "after": row.after,
                "low": line.low,
                "high": line.high,
                "p_value": row.p_value,
            }
            for row, line in zip(rows, lines, strict=True)
        ),
        {
            "encoding": {"y": {"field": "what", "type": "nominal", "sort": None, "title": None}},
            "layer": [
                {"mark": "rule", "encoding": {"x": _quantity("before", unit), "x2": {"field": "after"}}},
                {"mark": "rule", "encoding": {"x": _quantity("low", None), "x2": {"field": "high"}}},
                {"mark": {"type": "point", "shape": "square"}, "encoding": {"x": _quantity("before", None)}},
                {"mark": {"type": "point", "filled": True}, "encoding": {"x": _quantity("after", None)}},
            ],
        },
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
        lines = [Line(row.label, _text(row.value), row.value, row.low, row.high) for row in rows]
        body, height = draw_lines(lines, unit, overall, "", higher_is_better) if measured else nothing()
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
    )


# Words ---------------------------------------------------------------------------------------------------------------


def _direction(higher_is_better: bool | None) -> str:
    return {True: "higher is better", False: "lower is better", None: "no direction"}[higher_is_better]


def _comparable(points: Sequence[TrendPoint], at: int) -> str:
    if at == 0:
        return "first"
    return "no, other examples" if points[at].apart else "yes"


def _signed(delta: Decimal) -> str:
    return format(delta, "+f").replace("-", "\u2212")


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


def _chart(
    title: str,
    description: str,
    body: str,
    height: int,
    prefix: str,
    table: TextTable,
    data: tuple[dict[str, Any], ...],
    spec: dict[str, Any],
) -> Chart:
    name = escape(prefix)
    svg = (
        f'<svg class="pp-chart__svg" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{escape(show_invisible(title))}</title>'
        f'<desc id="{name}-desc">{escape(show_invisible(description))}</desc>{body}</svg>'
    )
    source = {"values": list(data)}
    head = {"$schema": _SCHEMA, "title": title, "description": description, "width": "container", "data": source}
    return Chart(svg=svg, title=title, description=description, table=table, data=data, spec=head | spec)


def _quantity(field: str, title: str | None) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "scale": {"zero": False}, "title": title}

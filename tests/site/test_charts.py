"""Charts: exact labels and ticks, text alternatives, no style, and every odd range drawn inside its box."""

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.values import Number
from proofpress.site import chart_svg
from proofpress.site.charts import (
    BaselineRow,
    Chart,
    Difference,
    SliceRow,
    Status,
    TrendPoint,
    against_baseline,
    differences,
    slices,
    trend,
)

SVG = "{http://www.w3.org/2000/svg}"
ATTRIBUTES = {
    *("class", "viewBox", "role", "aria-labelledby", "id", "d", "x", "y"),
    *("fill", "stroke", "stroke-dasharray", "font-size", "text-anchor"),
}


def a_trend(values: Sequence[str | None], statuses: Sequence[Status] = (), **options: Any) -> Chart:
    points = [
        TrendPoint(
            label=f"v0.{index}.0",
            value=None if value is None else Number(value),
            status=statuses[index] if index < len(statuses) else "",
        )
        for index, value in enumerate(values)
    ]
    return trend(
        points, **{"metric": "accuracy", "unit": "fraction", "higher_is_better": True, "prefix": "c", **options}
    )


def some_slices(values: Sequence[str | None], label: str = "slice {}", overall: str | None = "0.5") -> Chart:
    return slices(
        [
            SliceRow(label=label.format(index), value=None if value is None else Number(value), n=10 + index)
            for index, value in enumerate(values)
        ],
        metric="accuracy",
        dimension="site",
        unit="fraction",
        higher_is_better=True,
        overall=None if overall is None else Number(overall),
        prefix="s",
    )


def comparison(*rows: tuple[str, str, bool | None]) -> Chart:
    return against_baseline(
        [
            BaselineRow(
                label=f"metric {index}",
                value=Number(value),
                baseline=Number(baseline),
                baseline_name="majority",
                higher_is_better=direction,
            )
            for index, (value, baseline, direction) in enumerate(rows)
        ],
        unit="fraction",
        prefix="b",
    )


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - made here


def texts(chart: Chart) -> list[str]:
    return [node.text or "" for node in parsed(chart.svg).iter(f"{SVG}text")]


def sound(chart: Chart) -> ET.Element:
    """Well formed, without style or script, named and described, and every coordinate inside the box."""
    root = parsed(chart.svg)
    for node in root.iter():
        assert node.tag.removeprefix(SVG) in {"svg", "title", "desc", "path", "g", "text"}
        assert set(node.attrib) <= ATTRIBUTES, node.attrib
    named = root.attrib["aria-labelledby"].split()
    assert root.attrib["role"] == "img"
    assert [node.attrib["id"] for node in root[:2]] == named
    assert (root[0].text, root[1].text) == (chart.title, chart.description)
    _x, _y, width, height = map(float, root.attrib["viewBox"].split())
    for node in root.iter(f"{SVG}text"):
        assert 0 <= float(node.attrib["x"]) <= width
        assert 0 <= float(node.attrib["y"]) <= height
    for node in root.iter(f"{SVG}path"):
        for x, y in re.findall(r"[ML](\S+) (-?[\d.]+)", node.attrib["d"]):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height
    json.loads(dump_json(chart.data))
    spec = json.loads(dump_json(chart.spec))
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    assert all(len(row) == len(chart.table.header) for row in chart.table.rows)
    return root


# Forms ---------------------------------------------------------------------------------------------------------------


def test_trend_says_values_direction_and_what_became_of_releases() -> None:
    chart = a_trend(["0.930", "0.9611", "0.955", "0.970"], ("", "superseded", "yanked", "rejected"))
    root = sound(chart)
    assert {"0.930", "0.9611", "0.955", "0.970"} <= set(texts(chart))
    assert "↑ higher is better" in texts(chart)
    assert "◇ superseded   ✕ yanked   □ rejected" in texts(chart)
    # Each state has a path of its own shape, besides grid and line.
    assert len({node.attrib["d"].partition("m")[2] for node in root.iter(f"{SVG}path")} - {""}) == 4
    assert "v0.2.0 was yanked. v0.3.0 was rejected." in chart.description
    assert chart.table.rows[0] == ("v0.0.0", "0.930", "none", "fraction", "in force", "first")
    assert '"value": 0.930' in dump_json(chart.data)
    assert "←" not in chart.svg
    assert "↓ lower is better" in texts(a_trend(["1", "2"], higher_is_better=False))


def test_trend_draws_intervals_and_leaves_gaps() -> None:
    points = [
        TrendPoint(label="a", value=Number("1.0"), low=Number("0.5"), high=Number("1.5")),
        TrendPoint(label="b", value=None),
        TrendPoint(label="c", value=Number("2.0")),
        TrendPoint(label="d", value=Number("3.0")),
    ]
    chart = trend(points, metric="loss", unit="nats", higher_is_better=False, prefix="c")
    line = next(node for node in sound(chart).iter() if "pp-chart__line" in node.attrib.get("class", ""))
    assert re.sub(r"[\d. ]+", "", line.attrib["d"]) == "MML"
    assert chart.table.rows[0][2] == "0.5 to 1.5"
    assert chart.table.rows[1][1] == "not measured"
    assert '"value": null' in dump_json(chart.data)


def test_trend_is_broken_where_values_are_not_comparable() -> None:
    points = [
        TrendPoint(label=f"v0.{at}.0", value=Number(str(at)), apart=at == 2, status="yanked" if at == 1 else "")
        for at in range(4)
    ]
    chart = trend(points, metric="loss", unit="nats", higher_is_better=False, prefix="c")
    paths = [node.attrib for node in sound(chart).iter(f"{SVG}path")]
    (line,) = [item["d"] for item in paths if "pp-chart__line" in item["class"]]
    assert re.sub(r"[\d. ]+", "", line) == "MLML"
    (gap,) = [item["d"] for item in paths if item["class"] == "pp-chart__axis"]
    starts = [float(part.split()[0]) for part in re.split("[ML]", line)[1:]]
    assert starts[1] < float(gap[1:].partition(" ")[0].partition("V")[0]) < starts[2]
    assert "✕ yanked   ┆ other examples: not comparable" in texts(chart)
    assert "v0.2.0 was evaluated on other examples than the one before: not comparable." in chart.description
    assert [row[-1] for row in chart.table.rows] == ["first", "yes", "no, other examples", "yes"]
    assert [item["segment"] for item in chart.data] == [0, 0, 1, 1]


@pytest.mark.parametrize(("count", "rest"), [(3, ""), (4, "mlp64-r1"), (5, "mlp64"), (6, "mlp64")])
def test_every_release_is_labelled_where_all_fit(count: int, rest: str) -> None:
    points = [TrendPoint(label=f"digits-v0.{at}.0-mlp64-r1", value=Number("1")) for at in range(count)]
    found = texts(trend(points, metric="m", unit="u", higher_is_better=None, prefix="c"))
    first = [text for text in found if text.startswith("v0.")]
    assert [text.partition("-")[0] for text in first] == [f"v0.{at}.0" for at in range(count)]
    assert first[0] == ("v0.0.0" if rest else "v0.0.0-mlp64-r1")
    assert found.count(rest) == count or not rest


def test_comparison_says_which_is_better() -> None:
    chart = comparison(("0.97", "0.93", True), ("0.02", "0.01", False), ("0.5", "0.5", True), ("0.3", "0.2", None))
    sound(chart)
    assert [row[-1] for row in chart.table.rows] == ["better", "worse", "equal", "no direction"]
    assert "0.97 against 0.93" in texts(chart)
    assert "metric 1: 0.02 against 0.01 of majority, worse." in chart.description


def test_differences_draw_the_interval_from_the_value_before() -> None:
    tested = Difference(
        label="accuracy@test",
        before=Number("0.98"),
        after=Number("0.97"),
        low=Number("-0.03"),
        high=Number("0.01"),
        p_value=Number("0.07"),
    )
    plain = Difference(label="f1@test", before=Number("0.90"), after=Number("0.80"))
    chart = differences([tested, plain], unit="fraction", what="What got worse", prefix="d")
    assert "\u22120.01, p = 0.07" in chart.svg
    assert "├┤ interval of the difference" in chart.svg
    assert [(row["low"], row["high"]) for row in chart.data] == [(Number("0.95"), Number("0.99")), (None, None)]
    assert chart.table.rows[0][3:6] == ("\u22120.01", "-0.03 to 0.01", "0.07")
    assert chart.table.rows[1][4:6] == ("none", "not tested")
    assert "├┤" not in differences([plain], unit="fraction", what="What got worse", prefix="d").svg
    ET.fromstring(chart.svg)  # noqa: S314 - made here
    assert "No values." in differences([], unit="fraction", what="What got worse", prefix="d").svg


def test_slices_show_the_overall_value() -> None:
    chart = some_slices(["0.9", None, "0.80"], overall="0.850")
    sound(chart)
    assert "┆ overall 0.850" in texts(chart)
    assert "not measured" in texts(chart)
    assert "Overall: 0.850. Least: slice 2, 0.80; greatest: slice 0, 0.9." in chart.description
    assert chart.spec["layer"][-1]["data"] == {"values": [{"overall": Number("0.850")}]}
    assert all("overall" not in text for text in texts(some_slices(["0.9"], overall=None)))


def test_specification_holds_the_data() -> None:
    assert a_trend(["1"]).spec["data"] == {"values": list(a_trend(["1"]).data)}


# Odd content ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        ["0"],
        ["0", "0"],
        ["-1", "-1"],
        ["0.1", "0.1", "0.1"],
        ["1e-300", "1e300"],
        ["0.000000123", "0.000000124"],
        ["123456789012345678901234567890", "123456789012345678901234567891"],
        ["1e300", "1" + "0" * 299 + "1"],
        ["-5", "5"],
        ["99.99999999999999999999", "100"],
        [None, "1"],
    ],
)
def test_odd_ranges(values: list[str | None]) -> None:
    for chart in (a_trend(values), some_slices(values, overall=None)):
        sound(chart)
        assert {value for value in values if value and len(value) <= 7} <= set(texts(chart))


def test_nothing_to_draw() -> None:
    for chart in (a_trend([]), a_trend([None]), some_slices([]), some_slices([None]), comparison()):
        sound(chart)
        assert texts(chart) == ["No values."]


def test_labels_are_the_measured_tokens() -> None:
    assert "0.000000123" in texts(a_trend(["0.000000123"]))
    assert a_trend(["1e3"]).table.rows[0][1] == "1e3"
    assert "1e3" in a_trend(["1e3"]).description


def test_sixty_slices_and_long_names() -> None:
    chart = some_slices([f"0.{index:02}" for index in range(60)], label="精度の高い場所における非常に長い名前 {} <&>")
    root = sound(chart)
    assert len(chart.svg) < 12_000
    labels = [node for node in root.iter(f"{SVG}text") if "…" in (node.text or "")]
    assert len(labels) == 60
    ys = [float(node.attrib["y"]) for node in labels]
    assert all(after - before >= 38 for before, after in pairwise(ys))
    assert chart.table.rows[59][0] == "精度の高い場所における非常に長い名前 59 <&>"


def test_many_releases_with_long_names_label_the_first_and_the_last() -> None:
    points = [TrendPoint(label=f"digits-v0.{index}.0-mlp64-r1", value=Number(str(index))) for index in range(30)]
    chart = trend(points, metric="m", unit="u", higher_is_better=None, prefix="c")
    sound(chart)
    assert [text for text in texts(chart) if text.startswith("digits")] == [
        "digits-v0.0.0-mlp64-r1",
        "digits-v0.29.0-mlp64-r1",
    ]
    assert len(chart.svg) < 5_000


def test_hostile_names_are_text() -> None:
    hostile = '</title><script>alert(1)</script>"\u202e'
    chart = slices(
        [SliceRow(label=hostile, value=Number("1"), n=1)],
        metric=hostile,
        dimension=hostile,
        unit=hostile,
        higher_is_better=None,
        overall=None,
        prefix='"><script>',
    )
    assert "<script" not in chart.svg
    assert "\u202e" not in chart.svg
    parsed(chart.svg)


# Axes ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        ("0.917", "0.992", ["0.90", "0.92", "0.94", "0.96", "0.98", "1.00"]),
        ("0", "1", ["0.0", "0.5", "1.0"]),
        ("3", "41", ["0", "10", "20", "30", "40", "50"]),
        ("0", "0", ["0.0", "0.5", "1.0"]),
        ("0", "2e22", ["0", "5e21", "1e22", "1.5e22", "2e22"]),
        ("1.1e-7", "1.3e-7", ["1.1e-7", "1.15e-7", "1.2e-7", "1.25e-7", "1.3e-7"]),
    ],
)
def test_ticks_are_round_and_exact(low: str, high: str, said: list[str]) -> None:
    ticks = chart_svg._ticks(Decimal(low), Decimal(high))
    assert chart_svg._tick_texts(ticks) == said


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)


@given(DECIMALS, DECIMALS)
def test_ticks_enclose_any_range_evenly(one: Decimal, other: Decimal) -> None:
    low, high = sorted([one, other])
    ticks = chart_svg._ticks(low, high)
    assert ticks[0] <= low <= high <= ticks[-1]
    assert 2 <= len(ticks) <= 7
    assert len({after - before for before, after in pairwise(ticks)}) == 1
    assert low < 0 or ticks[0] >= 0


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(min_size=1, max_size=50).filter(str.isprintable),
            st.one_of(st.none(), st.decimals(allow_nan=False, allow_infinity=False)),
        ),
        max_size=8,
    )
)
def test_any_values_and_names_are_drawn(rows: list[tuple[str, Decimal | None]]) -> None:
    sound(
        trend(
            [TrendPoint(label=label, value=value) for label, value in rows],
            metric="m",
            unit="u",
            higher_is_better=True,
            prefix="c",
        )
    )
    sound(
        slices(
            [SliceRow(label=label, value=value, n=1) for label, value in rows],
            metric="m",
            dimension="d",
            unit="u",
            higher_is_better=False,
            overall=None,
            prefix="c",
        )
    )


def test_the_same_content_gives_the_same_bytes() -> None:
    assert a_trend(["0.1", "0.3"]).svg == a_trend(["0.1", "0.3"]).svg

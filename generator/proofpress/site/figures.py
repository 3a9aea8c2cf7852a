"""Which charts a page shows, made from evidence rows or catalogue cards."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from proofpress.diff import Change, Comparison
from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.pack import Evidence
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
from proofpress.site.layout import cell, column, fragment, row, safe
from proofpress.site.markdown_page import slug
from proofpress.site.standing import Place

_STATUS: Mapping[str, Status] = {"YANKED": "yanked", "REJECTED": "rejected"}
MAX_SLICE_CHARTS = 6
MAX_DIFFERENCES = 16
"""Lines of a chart of differences; the table below it has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedChart:
    """A chart, the name of its file, and where it is shown."""

    name: str
    chart: Chart
    overview: bool = False
    documents: tuple[str, ...] = ()
    heading: str = ""
    """Id of the document's heading that the chart follows."""

    def view(self, folder: str) -> dict[str, Any]:
        """The chart for a template; its data lie in `folder`, relative to the page."""
        table = self.chart.table
        return {
            "svg": safe(self.chart.svg),
            "title": self.chart.title,
            "description": self.chart.description,
            "columns": [column(name, number=index > 0) for index, name in enumerate(table.header)],
            "rows": [row(*(cell(text) for text in line)) for line in table.rows],
            "spec_href": f"{folder}{self.name}.vl.json",
        }


def release_charts(evidence: Evidence) -> tuple[NamedChart, ...]:
    """Value against baseline, and one chart for each sliced metric of the headline."""
    if evidence.evaluation is None:
        return ()
    rows = evidence.evaluation.rows
    return (*_baseline_charts(rows), *_slice_charts(evidence, rows))


def _baseline_charts(rows: Sequence[MetricRow]) -> list[NamedChart]:
    by_unit: dict[str, list[BaselineRow]] = {}
    for item in rows:
        if item.slice is None and item.value is not None and item.baseline_value is not None and item.baseline:
            by_unit.setdefault(item.unit, []).append(
                BaselineRow(
                    label=f"{item.name} ({item.split})",
                    value=item.value,
                    baseline=item.baseline_value,
                    baseline_name=item.baseline,
                    higher_is_better=item.higher_is_better,
                )
            )
    charts: list[NamedChart] = []
    for unit, chosen in by_unit.items():
        name = f"baseline-{slug(unit)}" + (f"-{len(charts)}" if charts else "")
        chart = against_baseline(chosen, unit=unit, prefix=f"pp-{name}")
        main = len(charts) == 0
        charts.append(
            NamedChart(
                name=name,
                chart=chart,
                overview=main,
                documents=("eval_report",),
                heading="against-the-baselines",
            )
        )
    return charts


def _slice_charts(evidence: Evidence, rows: Sequence[MetricRow]) -> list[NamedChart]:
    headline = {(item.name, item.split) for item in evidence.release.headline}
    overall = {(item.name, item.split): item for item in rows if item.slice is None}
    groups: dict[tuple[str, str, str], list[MetricRow]] = {}
    for item in rows:
        if item.slice is not None and item.n is not None and (item.name, item.split) in headline:
            groups.setdefault((item.slice.dimension, item.name, item.split), []).append(item)
    charts: list[NamedChart] = []
    for (dimension, metric, split), chosen in list(groups.items())[:MAX_SLICE_CHARTS]:
        whole = overall.get((metric, split))
        name = f"slices-{slug(dimension)}-{slug(metric)}-{slug(split)}"
        name += f"-{len(charts)}" if any(chart.name == name for chart in charts) else ""
        chart = slices(
            [
                SliceRow(
                    label=item.slice.value if item.slice else "",
                    value=item.value,
                    n=item.n or 0,
                    low=item.ci_low,
                    high=item.ci_high,
                )
                for item in chosen
            ],
            metric=f"{metric} on {split}",
            dimension=dimension,
            unit=chosen[0].unit,
            higher_is_better=chosen[0].higher_is_better,
            overall=whole.value if whole else None,
            prefix=f"pp-{name}",
        )
        charts.append(
            NamedChart(name=name, chart=chart, documents=("eval_report",), heading=slug(f"{dimension} on {split}"))
        )
    return charts


def change_charts(comparison: Comparison | None) -> tuple[NamedChart, ...]:
    """The metrics and slices that got worse, then those that got better, one chart a unit, the largest move first."""
    groups: dict[tuple[str, str], list[Difference]] = {}
    for change in comparison.changes if comparison else ():
        if change.direction in {"worse", "better"} and (line := _difference(change)) is not None:
            groups.setdefault((change.direction, change.unit), []).append(line)
    charts: list[NamedChart] = []
    for (direction, unit), lines in groups.items():
        name = f"changes-{direction}-{slug(unit)}"
        name += f"-{len(charts)}" if any(chart.name == name for chart in charts) else ""
        shown = lines[:MAX_DIFFERENCES]
        chart = differences(shown, unit=unit, what=f"What got {direction}", prefix=f"pp-{name}")
        charts.append(NamedChart(name=name, chart=chart, heading=direction))
    return tuple(charts)


def _difference(change: Change) -> Difference | None:
    """A change of a metric or slice that can be drawn."""
    if change.kind not in {"metric", "slice"} or change.delta is None or change.old is None or change.new is None:
        return None
    test = change.test
    return Difference(
        label=change.subject,
        before=Decimal(change.old),
        after=Decimal(change.new),
        low=test.ci_low if test else None,
        high=test.ci_high if test else None,
        p_value=test.p_value if test else None,
    )


def illustrate(html: str, charts: Sequence[NamedChart], folder: str) -> str:
    """A document's HTML with each chart below its heading, or above everything where there is no such heading."""
    groups: dict[str, list[NamedChart]] = {}
    for chart in charts:
        groups.setdefault(chart.heading, []).append(chart)
    for heading, chosen in groups.items():
        drawn = str(fragment("figures.html.j2", charts=[chart.view(folder) for chart in chosen]))
        opening = re.search(rf'<h([23]) id="{re.escape(heading)}">', html)
        end = html.find(f"</h{opening[1]}>", opening.end()) + len("</hN>") if opening else 0
        html = html[:end] + drawn + html[end:]
    return html


def trend_charts(cards: Sequence[Mapping[str, Any]], places: Mapping[str, Place]) -> tuple[NamedChart, ...]:
    """One trend for each headline metric of the newest release; `cards` are oldest first."""
    if len(cards) < 2:
        return ()
    charts: list[NamedChart] = []
    for metric in cards[-1]["metrics"]:
        key, unit = metric["key"], metric["unit"]
        points = []
        before: Mapping[str, Any] | None = None
        for card in cards:
            found = next((item for item in card["metrics"] if item["key"] == key and item["unit"] == unit), None)
            points.append(
                TrendPoint(
                    label=card["bundle_id"],
                    value=_number(found, "value"),
                    low=_number(found, "ci_low"),
                    high=_number(found, "ci_high"),
                    status=_STATUS.get(places[card["bundle_id"]].status, ""),
                    apart=_apart(before, found),
                )
            )
            before = found or before
        name = f"trend-{slug(key)}"
        chart = trend(
            points,
            metric=f"{metric['name']} on {metric['split']}",
            unit=unit,
            higher_is_better=metric["higher_is_better"],
            prefix=f"pp-{name}",
        )
        charts.append(NamedChart(name=name, chart=chart))
    return tuple(charts)


def _apart(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> bool:
    """Whether a value must not be read as a step from the one before: it is not known to be of the same examples."""
    if before is None or after is None:
        return False
    keys = before["evaluated_keys_sha256"]
    return keys is None or keys != after["evaluated_keys_sha256"]


def _number(metric: Mapping[str, Any] | None, name: str) -> Decimal | None:
    return Decimal(metric[name]) if metric and metric[name] is not None else None


def trend_note(cards: Sequence[Mapping[str, Any]]) -> str:
    """Says between which neighbouring releases the evaluated examples changed, so that a step is not read as a gain."""
    moved = []
    for before, after in pairwise(cards):
        keys = {item["key"]: item["evaluated_keys_sha256"] for item in before["metrics"]}
        if any(
            item["key"] in keys and (keys[item["key"]] is None or keys[item["key"]] != item["evaluated_keys_sha256"])
            for item in after["metrics"]
        ):
            moved.append(f"{before['bundle_id']} and {after['bundle_id']}")
    if not moved:
        return "All releases shown were evaluated on the same examples."
    return (
        f"The evaluated examples changed between {'; between '.join(moved)}: values on both sides are not comparable."
    )

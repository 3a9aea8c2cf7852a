"""Every number of a release with a record of its own: value, interval, split, examples, address and citation."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.jsontext import published_json
from proofpress.papers.macros import Macros
from proofpress.site import cite
from proofpress.site.addresses import METRICS
from proofpress.site.card import metric_fields
from proofpress.site.citation import CitationRecord, record_of_metric
from proofpress.site.markdown_page import metric_id, slice_id, slug

SCHEMA: Final = "proofpress.metric-records/1"


def anchors(rows: Sequence[MetricRow], ids: Sequence[str]) -> dict[str, str]:
    """The anchor of each metric, by its key, among the ids of the rows on a page.

    A page that two rows would share an id on numbers the later ones. A row that the page does not show has none.
    """
    wanted = {row.key: _wanted(row) for row in rows}
    left = list(ids)
    found: dict[str, str] = {}
    for key, name in wanted.items():
        if name in left:
            found[key] = name
            left.remove(name)
    for key, name in wanted.items():
        numbered = re.compile(re.escape(name) + r"-\d+")
        if key not in found and (match := next((item for item in left if numbered.fullmatch(item)), "")):
            found[key] = match
            left.remove(match)
    return found


def _wanted(row: MetricRow) -> str:
    if row.slice is None:
        return slug(metric_id(row.name, row.split))
    return slug(slice_id(row.slice.dimension, row.slice.value, row.name, row.split))


def fragment(key: str) -> str:
    """A metric's key as the fragment of an address: `accuracy@test`, `accuracy@test%5Bdigit=8%5D`."""
    return quote(key, safe="@=,+:;!$&'()*-._~")


def metric_records(
    report: CitationRecord, release_url: str, rows: Sequence[MetricRow], found: Mapping[str, str], macros: Macros
) -> dict[str, dict[str, Any]]:
    """The record of each metric, by its key; `report` is how the evaluation report is cited."""
    records: dict[str, dict[str, Any]] = {}
    for row in rows:
        record = record_of_metric(report, row, found.get(row.key, ""))
        records[row.key] = {
            **metric_fields(row),
            "ci_method": row.ci_method,
            "url": record.url,
            "record": f"{release_url}{METRICS}#{fragment(row.key)}",
            "macro": macros.name(row.key) if row.value is not None else None,
            "citation": {"key": record.key, "apa": cite.apa(record), "biblatex": cite.biblatex(record)},
        }
    return records


def metrics_json(
    report: CitationRecord, release_url: str, pack_id: str, status: str, records: Mapping[str, Mapping[str, Any]]
) -> bytes:
    """The published file; see docs/schemas/metric-records.schema.json."""
    return published_json(
        {
            "schema": SCHEMA,
            "bundle_id": report.bundle_id,
            "release_id": report.release_id,
            "version": report.version,
            "date": report.date,
            "status": status,
            "pack_id": pack_id,
            "swhid": report.swhid,
            "url": release_url,
            "report": report.url,
            "metrics": dict(records),
        }
    )

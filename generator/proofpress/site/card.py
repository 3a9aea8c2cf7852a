"""The catalogue card of a release: the little that lists, trends and feeds need, as plain JSON."""

from typing import Any

from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.pack import Evidence


def metric_fields(row: MetricRow) -> dict[str, Any]:
    """A metric row for the published JSON: exact numbers, and the value's text as it was written."""
    return {
        "key": row.key,
        "name": row.name,
        "split": row.split,
        "slice": {"dimension": row.slice.dimension, "value": row.slice.value} if row.slice else None,
        "value": row.value,
        "text": str(row.value) if row.value is not None else None,
        "absent": {"code": row.absent.code, "reason": row.absent.reason} if row.absent else None,
        "unit": row.unit,
        "higher_is_better": row.higher_is_better,
        "n": row.n,
        "ci_low": row.ci_low,
        "ci_high": row.ci_high,
        "ci_level": row.ci_level,
        "baseline": row.baseline,
        "baseline_value": row.baseline_value,
        "delta_vs_baseline": row.delta_vs_baseline,
        "evaluated_keys_sha256": row.evaluated_keys_sha256,
    }


def card_of(label: str, evidence: Evidence) -> dict[str, Any]:
    """The card of one verified pack."""
    release = evidence.release
    wanted = {(item.name, item.split) for item in release.headline}
    rows = evidence.evaluation.rows if evidence.evaluation else ()
    return {
        "label": label,
        "bundle_id": evidence.bundle_id,
        "release_id": release.release_id,
        "family": release.family,
        "title": release.title,
        "version": release.version,
        "summary": release.summary,
        "released_at": release.released_at,
        "pack_id": evidence.pack_id,
        "licence": release.licence,
        "fixture": evidence.is_rehearsal,
        "metrics": [
            {name: _token(value) for name, value in metric_fields(row).items()}
            for row in rows
            if row.slice is None and (row.name, row.split) in wanted
        ],
    }


def _token(value: Any) -> Any:
    """Numbers as their text: cards are read back by an ordinary JSON reader."""
    return str(value) if hasattr(value, "token") else value

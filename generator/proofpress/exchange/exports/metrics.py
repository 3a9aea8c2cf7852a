"""All metrics of many releases as one table: rows for data frames, and CSV."""

import csv
import io
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any, Final

from proofpress.errors import IngestError
from proofpress.evidence.pack import Evidence
from proofpress.evidence.values import Number, Unstated
from proofpress.ingest import load_pack, source_of

COLUMNS: Final = (
    *("family", "release_id", "bundle", "pack_id", "released_at", "metric", "split", "dimension", "slice"),
    *("value", "value_exact", "absent", "unit", "higher_is_better", "n", "ci_low", "ci_high", "ci_level"),
    *("baseline", "baseline_value", "delta_vs_baseline"),
)


def metrics_table(packs: Iterable[str | PathLike[str]]) -> list[dict[str, Any]]:
    """Every metric row of packs as a list of dictionaries, ready for `pandas.DataFrame` or `polars.DataFrame`.

    `packs` are paths of packs, folders or archives. The keys of a row are always the same (`COLUMNS`): `value` and the
    other numbers are floats, `value_exact` is the value's text as it was measured, `absent` says why there is none.
    What a release does not state is None; `n` counts examples, `ci_level` is a fraction. Rows keep the order of the
    packs and of their evaluations; a pack without an evaluation has none. Raises `IngestError` for a pack that can't
    be read. Nothing is verified: `proofpress check` does that.
    """
    return [row for pack in packs for row in rows_of(read_evidence(Path(pack)))]


def read_evidence(pack: Path) -> Evidence:
    """The evidence of the pack at a path. Raises `IngestError`, with the first thing that is wrong."""
    if not pack.exists():
        raise IngestError(f"{pack}: no such pack")
    loaded = load_pack(source_of(pack))
    if loaded.evidence is None:
        first = loaded.findings[0].message if loaded.findings else "it holds no evidence"
        raise IngestError(f"{pack}: {first}", hint="proofpress check tells all that is wrong with it")
    return loaded.evidence


def rows_of(evidence: Evidence) -> Iterator[dict[str, Any]]:
    """The metric rows of one pack, with the keys of `COLUMNS`."""
    release, evaluation = evidence.release, evidence.evaluation
    for row in evaluation.rows if evaluation else ():
        yield {
            "family": release.family,
            "release_id": release.release_id,
            "bundle": release.bundle,
            "pack_id": evidence.pack_id,
            "released_at": None if isinstance(release.released_at, Unstated) else release.released_at,
            "metric": row.name,
            "split": row.split,
            "dimension": row.slice.dimension if row.slice else None,
            "slice": row.slice.value if row.slice else None,
            "value": _float(row.value),
            "value_exact": None if row.value is None else row.value.token,
            "absent": f"{row.absent.code}: {row.absent.reason}" if row.absent else None,
            "unit": row.unit,
            "higher_is_better": row.higher_is_better,
            "n": row.n,
            "ci_low": _float(row.ci_low),
            "ci_high": _float(row.ci_high),
            "ci_level": _float(row.ci_level),
            "baseline": row.baseline,
            "baseline_value": _float(row.baseline_value),
            "delta_vs_baseline": _float(row.delta_vs_baseline),
        }


def metrics_csv(evidences: Iterable[Evidence]) -> Iterator[str]:
    """The same table as CSV by RFC 4180, one line after the other; numbers keep their digits, absences are empty."""
    yield _line(COLUMNS)
    for evidence in evidences:
        rows = evidence.evaluation.rows if evidence.evaluation else ()
        for told, row in zip(rows_of(evidence), rows, strict=True):
            exact = {name: getattr(row, name) for name in COLUMNS if isinstance(getattr(row, name, None), Number)}
            yield _line(["" if value is None else str(value) for value in {**told, **exact}.values()])


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(_inert(cell) for cell in cells)
    return text.getvalue()


def _inert(cell: str) -> str:
    """A text that a spreadsheet would take for a formula, with an apostrophe before it; numbers stay."""
    return f"'{cell}" if cell[:1] in {"=", "@", "\t", "\r"} or (cell[:1] in {"+", "-"} and not _number(cell)) else cell


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _float(value: Number | None) -> float | None:
    return None if value is None else float(value)

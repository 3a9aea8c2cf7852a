"""The comparison with the predecessor, prepared for the changes page and the headline tiles."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from proofpress.diff import Change, Comparison, DocumentDetail, FileDetail
from proofpress.diff.change import Direction
from proofpress.diff.report import percent, signed
from proofpress.evidence.evaluation import MetricRow
from proofpress.site.figures import NamedChart
from proofpress.site.layout import cell, column, row
from proofpress.site.markdown_page import metric_id
from proofpress.site.standing import Place
from proofpress.site.table_html import patch_lines

PARTS = (
    ("metrics", "Metrics", {"metric"}),
    ("slices", "Slices", {"slice"}),
    ("evaluation", "Findings and baselines", {"metric"}),
    ("assurance", "Assurance", {"failure_mode", "risk", "monitoring", "guardrail"}),
    ("charter", "Charter", {"derivation"}),
    ("readiness", "Readiness", {"readiness"}),
    ("interface", "Interface", {"interface"}),
    ("model", "Model", {"model"}),
    ("parameters", "Parameters", {"parameter"}),
    ("dataset", "Dataset", {"dataset"}),
    ("training", "Training", {"training"}),
    ("efficiency", "Efficiency", {"efficiency"}),
    ("release", "Release facts", {"release"}),
    ("documents", "Documents", {"document"}),
    ("files", "Files", {"file"}),
)
_TONES = {"worse": "worse", "better": "better", "neutral": "neutral", "unknown": "neutral"}
_WORDS = {"worse": "worse", "better": "better", "neutral": "changed", "unknown": "to be judged"}
_COUNTS: Final[tuple[tuple[Direction, str, str], ...]] = (
    ("worse", "worse", "bad"),
    ("unknown", "to be judged", "warn"),
    ("better", "better", "ok"),
    ("neutral", "neutral", "muted"),
)
_SECTIONS: Final[tuple[tuple[Direction, str, str], ...]] = (
    ("worse", "worse", "What got worse"),
    ("unknown", "to-be-judged", "What somebody has to judge"),
    ("better", "better", "What got better"),
)
_LONG = 160


def tile(item: MetricRow, comparison: Comparison | None, place: Place) -> dict[str, Any]:
    """A headline metric with its interval, and what became of it since the predecessor."""
    id_ = metric_id(item.name, item.split)
    if item.value is None:
        shown, lines = (f"{item.absent.code}: {item.absent.reason}" if item.absent else "not stated"), []
    else:
        shown, lines = str(item.value), [f"n\u00a0=\u00a0{item.n}"] if item.n is not None else []
        if item.ci_low is not None and item.ci_level is not None:
            lines.insert(0, f"{_level(item.ci_level)} interval {item.ci_low} to {item.ci_high}")
    return {
        "id": id_,
        "href": f"eval-report/#{id_}",
        "name": item.name,
        "split": item.split,
        "measured": item.value is not None,
        "value": shown,
        "unit": item.unit,
        "lines": lines,
        "change": _tile_change(item.key, comparison, place.predecessor_status),
    }


def _level(level: Decimal) -> str:
    return f"{(level * 100).normalize():f}\u00a0%"


def _tile_change(key: str, comparison: Comparison | None, status: str) -> dict[str, str] | None:
    """What became of a headline metric since the predecessor, in words."""
    if comparison is None:
        return None
    before = comparison.old.bundle_id
    if status in {"YANKED", "REJECTED"}:
        before += f" ({status.lower()} since)"
    for change in comparison.changes:
        if change.subject != key or change.kind != "metric":
            continue
        if change.code == "MTR-CHANGED" and change.delta is not None:
            text = f"{_signed(change)} {_WORDS[change.direction]}"
            word = "than" if change.direction in {"better", "worse"} else "since"
            return _since(before, text, _TONES[change.direction], word=word)
        if change.code == "MTR-NOT-COMPARABLE":
            return _since(before, "not comparable", word="with", reason=(change.reason or "").partition(" (")[0])
        if change.code == "MTR-ADDED":
            return _since(before, "new", word="not measured in")
    return _since(before, "unchanged")


def _since(before: str, text: str, tone: str = "neutral", *, word: str = "since", reason: str = "") -> dict[str, str]:
    return {"tone": tone, "text": text, "word": word, "before": before, "reason": f": {reason}" if reason else ""}


def _signed(change: Change) -> str:
    return signed(change.delta).replace("-", "−") if change.delta is not None else ""


def _value(text: str | None) -> dict[str, Any]:
    if text is None:
        return cell("none", none=True)
    return cell(text if len(text) <= _LONG else text[: _LONG - 1] + "…")


def view(comparison: Comparison, json: str, charts: Sequence[NamedChart]) -> dict[str, Any]:
    """The whole comparison for the changes page: what got worse, what is to be judged, what got better, then the rest
    by kind. `charts` are drawn above the table of the direction that is their heading.
    """
    sections = []
    for direction, id_, title in _SECTIONS:
        chosen = [change for change in comparison.changes if change.direction == direction]
        if chosen:
            drawn = [chart.view("../charts/") for chart in charts if chart.heading == direction]
            sections.append(_section(id_, f"{title} ({len(chosen)})", drawn, chosen))
    parts = []
    for id_, title, kinds in PARTS:
        chosen = [
            change
            for change in comparison.changes
            if change.direction == "neutral"
            and change.kind in kinds
            and (change.kind != "metric" or ("@" in change.subject) is (id_ == "metrics"))
        ]
        if chosen:
            parts.append(_part(id_, title, chosen))
    unchanged = f"{comparison.unchanged} facts are unchanged."
    return {
        "counts": [
            {"tone": tone, "text": f"{comparison.count(direction)} {word}"}
            for direction, word, tone in _COUNTS
            if comparison.count(direction)
        ],
        "summary": f"{len(comparison.changes)} changes; {unchanged}" if comparison.changes else unchanged,
        "json": json,
        "sections": sections,
        "parts": parts,
    }


def _section(id_: str, title: str, charts: Sequence[dict[str, Any]], chosen: Sequence[Change]) -> dict[str, Any]:
    """A direction: what was measured in one table, and in another what is only told in words."""
    measured = [item for item in chosen if item.delta is not None]
    told = [item for item in chosen if item.delta is None]
    tables = [(measured, True, "Measured values"), (told, False, "Other changes")]
    return {
        "id": id_,
        "title": title,
        "charts": charts,
        "tables": [
            {
                "label": f"{title}: {label}",
                "columns": _columns(numeric),
                "rows": [_row(item, numeric) for item in items],
            }
            for items, numeric, label in tables
            if items
        ],
    }


def _columns(numeric: bool) -> list[dict[str, Any]]:
    difference = (column("Difference", number=True),) if numeric else ()
    values = [column(title, number=numeric, whole=False) for title in ("Before", "After")]
    return [column("What"), *values, *difference, column("Judgement", whole=True)]


def _part(id_: str, title: str, chosen: Sequence[Change]) -> dict[str, Any]:
    part: dict[str, Any] = {"id": id_, "title": title, "columns": [], "rows": [], "patches": [], "folded": ""}
    if id_ == "documents":
        part["patches"] = [_patch(item) for item in chosen if isinstance(item.detail, DocumentDetail)]
    elif id_ == "files":
        sizes = (column("Bytes before", number=True), column("Bytes after", number=True))
        part["columns"] = [column("File"), *sizes, column("Change")]
        part["rows"] = [_file(item) for item in chosen]
        part["folded"] = "1 file differs" if len(chosen) == 1 else f"{len(chosen)} files differ"
    else:
        numeric = id_ in {"metrics", "slices"}
        part["columns"] = _columns(numeric)
        part["rows"] = [_row(item, numeric) for item in chosen]
    return part


def _row(item: Change, numeric: bool) -> dict[str, Any]:
    relative = percent(item.relative).replace("-", "−") if item.relative is not None else ""
    return row(
        cell(item.subject, note=_note(item, numeric)),
        _value(item.old),
        _value(item.new),
        *((cell(_signed(item), note=relative),) if numeric else ()),
        cell(_WORDS[item.direction], tone=_TONES[item.direction], note=item.code),
    )


def _note(item: Change, numeric: bool) -> str:
    """What the columns of a row do not say."""
    if item.reason:
        return item.reason
    if item.kind in {"metric", "slice"} and item.delta is not None:
        overlap = {None: "", True: "; the intervals overlap", False: "; the intervals do not overlap"}
        return f"{item.unit}, on the same examples{overlap[item.intervals_overlap]}{_tested(item)}"
    assured = item.code.startswith(("RSK-", "FLM-", "MON-", "GRD-"))
    said = item.code.startswith("EVL-") and item.kind == "metric"
    return item.explanation if not said and (numeric or assured or item.direction == "unknown") else ""


def _tested(item: Change) -> str:
    """What a command recorded of the difference, example by example."""
    if (test := item.test) is None:
        return ""
    corrected = f", {test.p_adjusted} corrected for all rows" if test.p_adjusted != test.p_value else ""
    return (
        f"; {test.difference} on average over {test.n} pairs, {test.ci_low} to {test.ci_high}, "
        f"p = {test.p_value}{corrected} ({test.method})"
    )


def _file(item: Change) -> dict[str, Any]:
    detail = item.detail
    if not isinstance(detail, FileDetail):
        return row(cell(item.subject, note=item.explanation), cell(""), cell(""), cell(item.code))
    sizes = (cell(size) if size is not None else cell("none", none=True) for size in (detail.old_size, detail.new_size))
    return row(cell(item.subject, note=detail.new_role or detail.old_role or ""), *sizes, cell(item.code))


def _patch(change: Change) -> dict[str, Any]:
    detail = change.detail
    if not isinstance(detail, DocumentDetail):  # pragma: no cover - the caller asks for document changes only
        raise TypeError(type(detail).__name__)
    sections = ", ".join(f"{item.path} (+{item.added} −{item.removed})" for item in detail.sections)
    size = f"+{sum(item.added for item in detail.sections)} −{sum(item.removed for item in detail.sections)} lines"
    note = f"Sections: {sections}." if sections else "The text differs outside of sections."
    return {
        "title": change.subject,
        "size": size if detail.sections else "",
        "note": note + (" The difference is long and was cut here." if detail.truncated else ""),
        "lines": patch_lines(detail.patch),
    }

"""The comparison with the predecessor, prepared for the changes page and the headline tiles."""

from typing import Any

from proofpress.diff import Change, Comparison, DocumentDetail
from proofpress.diff.report import percent, signed
from proofpress.site.layout import cell, column, row

_PARTS = (
    ("metrics", "Metrics", {"metric"}),
    ("slices", "Slices", {"slice"}),
    ("parameters", "Parameters", {"parameter"}),
    ("dataset", "Dataset", {"dataset"}),
    ("release", "Release facts", {"release"}),
    ("documents", "Documents", {"document"}),
    ("files", "Files", {"file"}),
)
_TONES = {"worse": "worse", "better": "better", "neutral": "neutral", "unknown": "neutral"}
_WORDS = {"worse": "worse", "better": "better", "neutral": "changed", "unknown": "to be judged"}
_LONG = 90


def tile_change(key: str, comparison: Comparison | None) -> dict[str, str] | None:
    """What became of a headline metric since the predecessor, in words."""
    if comparison is None:
        return None
    before = comparison.old.bundle_id
    for change in comparison.changes:
        if change.subject != key or change.kind != "metric":
            continue
        if change.code == "MTR-CHANGED" and change.delta is not None:
            return {"tone": _TONES[change.direction], "text": f"{_signed(change)}, {change.direction} than {before}"}
        if change.code == "MTR-NOT-COMPARABLE":
            return {"tone": "neutral", "text": f"not comparable with {before}: {change.reason}"}
        if change.code == "MTR-ADDED":
            return {"tone": "neutral", "text": f"not measured in {before}"}
    return {"tone": "neutral", "text": f"unchanged since {before}"}


def _signed(change: Change) -> str:
    return signed(change.delta).replace("-", "−") if change.delta is not None else ""


def _delta(change: Change) -> str:
    if change.delta is None:
        return ""
    relative = f" ({percent(change.relative)})" if change.relative is not None else ""
    return f"{signed(change.delta)}{relative}".replace("-", "−")


def _short(text: str | None) -> str:
    if text is None:
        return "none"
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


def view(comparison: Comparison, json: str) -> dict[str, Any]:
    """The whole comparison for the changes page."""
    parts: list[dict[str, Any]] = []
    for id_, title, kinds in _PARTS:
        chosen = [change for change in comparison.changes if change.kind in kinds]
        if not chosen:
            continue
        if id_ == "files":
            columns = [column("File"), column("Code"), column("Change")]
            rows = [row(cell(item.subject), cell(item.code), cell(item.explanation)) for item in chosen]
        elif id_ == "documents":
            columns, rows = [], []
        else:
            numeric = id_ in {"metrics", "slices"}
            columns = [
                column("What"),
                column("Before", number=numeric),
                column("After", number=numeric),
                *((column("Difference", number=True),) if numeric else ()),
                column("Judgement"),
                column("Code"),
                column("In words"),
            ]
            rows = [
                row(
                    cell(item.subject),
                    cell(_short(item.old)),
                    cell(_short(item.new)),
                    *((cell(_delta(item)),) if numeric else ()),
                    cell(_WORDS[item.direction], tone=_TONES[item.direction]),
                    cell(item.code),
                    cell(item.explanation),
                )
                for item in chosen
            ]
        parts.append(
            {
                "id": id_,
                "title": title,
                "columns": columns,
                "rows": rows,
                "patches": [_patch(item) for item in chosen if isinstance(item.detail, DocumentDetail)],
            }
        )
    counts = [(comparison.count("worse"), "worse"), (comparison.count("better"), "better")]
    counts += [(comparison.count("unknown"), "to be judged"), (comparison.count("neutral"), "neutral")]
    summary = ", ".join(f"{number} {word}" for number, word in counts)
    return {
        "summary": f"{len(comparison.changes)} changes: {summary}; {comparison.unchanged} facts are unchanged.",
        "json": json,
        "parts": parts,
    }


def _patch(change: Change) -> dict[str, Any]:
    detail = change.detail
    if not isinstance(detail, DocumentDetail):  # pragma: no cover - the caller asks for document changes only
        raise TypeError(type(detail).__name__)
    lines = [{"tag": _tag(line), "hunk": line.startswith("@@"), "text": line} for line in detail.patch.splitlines()]
    sections = ", ".join(f"{item.path} (+{item.added} −{item.removed})" for item in detail.sections)
    note = f"Sections: {sections}." if sections else "The text differs outside of sections."
    return {
        "title": f"{change.subject} differs",
        "note": note + (" The difference is long and was cut here." if detail.truncated else ""),
        "lines": lines,
    }


def _tag(line: str) -> str:
    if line.startswith("+") and not line.startswith("+++"):
        return "ins"
    if line.startswith("-") and not line.startswith("---"):
        return "del"
    return "span"

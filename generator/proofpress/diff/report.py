"""Reports of a comparison: text for a terminal, Markdown for a pull request, JSON for machines.

Evidence text is hostile: control, direction-changing and invisible characters are shown as escapes in the
first two, and in Markdown every piece of it stands in a code span or a fenced block.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from decimal import Context, Decimal
from typing import Any, Final

from proofpress.console import printable
from proofpress.diff.change import DIRECTIONS, Change, Comparison, Direction, DocumentDetail, FileDetail, Side
from proofpress.diff.schema import SCHEMA, SCHEMA_VERSION
from proofpress.evidence.jsontext import published_json

_GENERATED_BY: Final = "proofpress.diff"
_WIDE: Final = Context(prec=1000)
_NUMBER: Final = 40
_CELL: Final = 60
_MARKDOWN_CELL: Final = 200
_TITLES: Final[dict[Direction, str]] = {
    "worse": "Worse",
    "unknown": "To be judged",
    "better": "Better",
    "neutral": "Changed",
}


def visible(text: str) -> str:
    """Evidence text for one line of a report."""
    return printable(text, keep="")


def signed(number: Decimal) -> str:
    """A plain decimal with its sign, without exponent."""
    return format(number, "+f")


def percent(relative: Decimal) -> str:
    """A relative delta as percent with two decimals, or with one significant digit when it is smaller."""
    value = _WIDE.scaleb(relative, 2)
    rounded = _WIDE.quantize(value, Decimal("0.01")) or Context(prec=1).plus(value)
    return f"{_clipped(signed(rounded), _NUMBER)} %"


def _summary(comparison: Comparison) -> str:
    counts = [f"{comparison.count(direction)} {direction}" for direction in DIRECTIONS]
    return ", ".join((*counts, f"{comparison.unchanged} unchanged"))


def _values(change: Change) -> str:
    old = "none" if change.old is None else change.old
    new = "none" if change.new is None else change.new
    return f"{old} → {new}"


def _delta(change: Change) -> str:
    if change.delta is None:
        return ""
    relative = f" ({percent(change.relative)})" if change.relative is not None else ""
    return _clipped(signed(change.delta), _NUMBER) + relative


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def text_report(comparison: Comparison) -> str:
    """Aligned lines for a terminal, worst first; each change is followed by its explanation."""
    lines = [
        f"{visible(comparison.old.bundle_id)} → {visible(comparison.new.bundle_id)}",
        _summary(comparison),
    ]
    if not comparison.declared:
        lines.append("note: the new release does not name the old one as its predecessor")
    rows = [
        (
            change.direction,
            change.code,
            _clipped(visible(change.subject), _CELL),
            _clipped(visible(_values(change)), _CELL),
            _delta(change),
        )
        for change in comparison.changes
    ]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)] if rows else []
    for row, change in zip(rows, comparison.changes, strict=True):
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        lines += ["", "  ".join(cells).rstrip(), f"  {visible(change.explanation)}"]
        if isinstance(change.detail, DocumentDetail):
            lines += [
                f"  +{section.added} -{section.removed}  {visible(section.path)}" for section in change.detail.sections
            ]
    return "\n".join(lines) + "\n"


def _width(text: str) -> int:
    """Columns that a terminal needs: wide characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def code_span(text: str, *, in_table: bool = False) -> str:
    """Evidence text as a Markdown code span that nothing in it can end or leave."""
    shown = visible(_clipped(text, _MARKDOWN_CELL)) or "(empty)"
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    if in_table:
        shown = shown.replace("|", "\\|")
    pad = " " if shown.strip(" ") and (shown[0] in "` " or shown[-1] in "` ") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def marker(kind: str, subject: str) -> str:
    """The line by which a comment of this kind about a subject is found again, so that it is updated in place."""
    return f"<!-- proofpress:{kind}:{re.sub(r'[^A-Za-z0-9._-]+', '-', subject).replace('--', '-')} -->"


def markdown_report(comparison: Comparison, *, most: int = 60_000) -> str:
    """One comment for a pull request, worse first, of at most about `most` characters (GitHub takes 65,536).

    Its first line is a marker with the name of the new release's line, by which the comment is found again.
    """
    old, new = code_span(comparison.old.bundle_id), code_span(comparison.new.bundle_id)
    line = comparison.new.release_id.partition("-v")[0]
    head = [marker("diff", line), f"# Changes from {old} to {new}", "", f"{_summary(comparison).capitalize()}."]
    if not comparison.declared:
        head += ["", "The new release does not name the old one as its predecessor."]
    return fitted(head, markdown_blocks(comparison), most=most)


def fitted(head: Sequence[str], blocks: Iterable[list[str]], *, most: int) -> str:
    """Markdown of at most about `most` characters: the blocks that fit, and how many rows or diffs did not."""
    lines, room = list(head), most - sum(len(line) + 1 for line in head) - 200
    left_out = 0
    for block in blocks:
        size = sum(len(line) + 1 for line in block)
        if left_out or size > room:
            left_out += 1
            continue
        lines += block
        room -= size
    if left_out:
        lines += ["", f"{left_out} rows or diffs were left out to keep this short; the JSON report has all."]
    return "\n".join(lines) + "\n"


def markdown_blocks(comparison: Comparison, directions: Sequence[Direction] = DIRECTIONS) -> Iterator[list[str]]:
    """The changes of some directions in pieces that may be left out one by one; patches are neutral."""
    for direction in directions:
        rows = [change for change in comparison.changes if change.direction == direction]
        if not rows:
            continue
        title = f"## {_TITLES[direction]} ({len(rows)})"
        header = ["", title, "", "| Change | Subject | Old | New | Delta | What it means |"]
        header.append("| --- | --- | --- | --- | --- | --- |")
        for index, change in enumerate(rows):
            yield [*(header if index == 0 else ()), _markdown_row(change)]
    for change in comparison.changes:
        if change.direction in directions and isinstance(change.detail, DocumentDetail) and change.detail.patch:
            yield _markdown_patch(change.subject, change.detail)


def _markdown_row(change: Change) -> str:
    old, new = ("none" if text is None else code_span(text, in_table=True) for text in (change.old, change.new))
    cells = (
        change.code,
        code_span(change.subject, in_table=True),
        old,
        new,
        _delta(change) or "none",
        code_span(change.explanation, in_table=True),
    )
    return f"| {' | '.join(cells)} |"


def _markdown_patch(subject: str, detail: DocumentDetail) -> list[str]:
    body = [visible(line) for line in detail.patch.split("\n")]
    longest = max((len(run) for line in body for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = ["", f"### {code_span(subject)}", "", f"{fence}diff", *body, fence]
    return [*lines, "", "The diff was cut."] if detail.truncated else lines


def json_report(comparison: Comparison) -> str:
    """The whole comparison as JSON text of schema `proofpress.diff/1`; numbers are exact."""
    summary: dict[str, int] = {direction: comparison.count(direction) for direction in DIRECTIONS}
    return published_json(
        {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "generated_by": _GENERATED_BY,
            "old": _side(comparison.old),
            "new": _side(comparison.new),
            "declared_predecessor": comparison.declared,
            "summary": {**summary, "unchanged": comparison.unchanged},
            "changes": [_change(change) for change in comparison.changes],
        }
    ).decode()


def _side(side: Side) -> dict[str, str]:
    return {"bundle_id": side.bundle_id, "release_id": side.release_id, "pack_id": side.pack_id}


def _change(change: Change) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "code": change.code,
        "kind": change.kind,
        "subject": change.subject,
        "old": change.old,
        "new": change.new,
        "unit": change.unit,
        "delta": change.delta,
        "relative_delta": change.relative,
        "direction": change.direction,
        "intervals_overlap": change.intervals_overlap,
        "reason": change.reason,
        "explanation": change.explanation,
    }
    if (test := change.test) is not None:
        plain["test"] = {
            "difference": test.difference,
            "ci_low": test.ci_low,
            "ci_high": test.ci_high,
            "p_value": test.p_value,
            "p_adjusted": test.p_adjusted,
            "n": test.n,
            "method": test.method,
        }
    if isinstance(change.detail, DocumentDetail):
        plain["document"] = {
            "sections": [
                {"path": section.path, "added": section.added, "removed": section.removed}
                for section in change.detail.sections
            ],
            "patch": change.detail.patch,
            "truncated": change.detail.truncated,
        }
    elif isinstance(change.detail, FileDetail):
        plain["file"] = {
            "old_role": change.detail.old_role,
            "new_role": change.detail.new_role,
            "old_size": change.detail.old_size,
            "new_size": change.detail.new_size,
        }
    return plain

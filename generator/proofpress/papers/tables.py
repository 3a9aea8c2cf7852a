"""Numbers in tables: row labels, column heads and the caption say what a cell's number is."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from proofpress.papers.library import CitedRelease
from proofpress.papers.mentions import Mention, metrics_in, pattern_of, plain, splits_in
from proofpress.papers.numbers import Quoted, numbers
from proofpress.papers.prose import Finding
from proofpress.papers.quotable import Field, Quotable
from proofpress.papers.source import CELL, END, MARK, ROW, TABLE

_ROLES: Final[tuple[tuple[str, Field], ...]] = (
    (r"\b(?:low|lower|min)\b", "ci_low"),
    (r"\b(?:high|upper|max)\b", "ci_high"),
    (r"\binterval\b|\bCI\b|confidence", "ci_low"),
    (r"\bbaselines?\b", "baseline"),
    (r"\bdelta\b|Δ|\bdifference\b|\bdiff\b|\bgain\b", "delta"),
    (r"^\s*n\s*$|\brecords?\b|\bexamples?\b|\bsamples?\b|\bimages?\b|\bcount\b|^\s*#\s*\w*\s*$", "n"),
)
_EMPTY_WORDS: Final = re.compile(
    r"\b(?:value|values|score|scores|result|results|set|split|on|the|of|in|for|ours|our|model|metric|data|this|work)\b"
    r"|\(?\s*%\s*\)?|[↑↓()\[\],:;*†‡\u0001\s]+",
    re.IGNORECASE,
)


Refer = Callable[[str], list[tuple[Mention, CitedRelease | None]]]
"""Looks up what a piece of text refers to: mentions, each with its release; None for other work."""
Find = Callable[[str], list[Mention]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell: where its text starts in the passage, the text, and the text with marks blanked."""

    start: int
    text: str

    @property
    def bare(self) -> str:
        """Without marks."""
        return plain(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table within a passage: where it stands, its rows."""

    start: int
    end: int
    rows: tuple[tuple[Cell, ...], ...]


def tables(text: str) -> Iterator[Grid]:
    """The tables of a passage."""
    inside = start = at = 0
    rows: list[tuple[Cell, ...]] = []
    row: list[Cell] = []
    for found in MARK.finditer(text):
        kind = found[1]
        if kind == TABLE:
            inside += 1
            if inside == 1:
                start, at, rows, row = found.start(), found.end(), [], []
        elif inside and kind in {CELL, ROW, END}:
            row.append(Cell(start=at, text=text[at : found.start()]))
            at = found.end()
            if kind != CELL:
                if any(cell.text.strip() for cell in row):
                    rows.append(tuple(row))
                row = []
            if kind == END:
                inside -= 1
                if not inside:
                    yield Grid(start=start, end=found.end(), rows=tuple(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What surrounds a table: its caption and the releases that are spoken of there; a sole one counts for all rows."""

    caption: str
    releases: tuple[CitedRelease, ...]
    refer: Refer


def findings(grid: Grid, context: Context) -> Iterator[Finding]:
    """What can be said of the numbers in a table."""
    head = 0
    while head < len(grid.rows) and not any(
        any(True for _number in numbers(cell.bare)) for cell in grid.rows[head][1:]
    ):
        head += 1
    if head >= len(grid.rows):
        return
    heads = grid.rows[:head]
    carried: dict[int, Cell] = {}
    for row in grid.rows[head:]:
        label_width = next(
            (column for column, cell in enumerate(row) if column and any(True for _n in numbers(cell.bare))), len(row)
        )
        labels = []
        for column in range(min(label_width, len(row))):
            cell = row[column]
            if not cell.text.strip() and column in carried:
                cell = carried[column]
            elif cell.text.strip():
                carried[column] = cell
            labels.append(cell)
        for column in range(max(1, label_width), len(row)):
            above = [item[column] for item in heads if column < len(item)]
            corner = [item[index] for item in heads for index in range(min(label_width, len(item)))]
            yield from _cell(row[column], labels, above, corner, context)


def _cell(
    cell: Cell, labels: Sequence[Cell], above: Sequence[Cell], corner: Sequence[Cell], context: Context
) -> Iterator[Finding]:
    row_text, head_text = (" \u0001 ".join(item.text for item in part) for part in (labels, above))
    corner_text = " ".join(item.bare for item in corner)
    in_row, in_head = context.refer(row_text + " " + cell.text), context.refer(head_text)
    own = in_row or in_head
    if own:
        known = {release.bundle_id: release for _mention, release in own if release}
        if len(known) != 1 or any(release is None for _mention, release in own):
            return
        release = next(iter(known.values()))
    elif len(context.releases) == 1:
        release = context.releases[0]
    else:
        return
    rows = release.evidence.evaluation.rows if release.evidence.evaluation else ()
    label, heading, caption = plain(row_text), plain(head_text), plain(context.caption)
    metric, metric_from = _one(lambda text: metrics_in(text, rows), (label, heading, caption))
    field = _field(heading)
    if not metric and field != "n":  # the examples of a split are those of any metric on it
        return
    splits = sorted({item.row.split for item in release.quotables.values()})
    split, _from = _one(lambda text: splits_in(text, rows), (label, heading, caption))
    part, part_row = _slice(release, labels, corner_text + " " + caption, heading)
    known_words = [metric, *splits, *part.split("=")]
    if in_head or in_row:
        pass
    elif _left_over(label, known_words, part_row) or _left_over(heading, known_words, "", role=field is not None):
        return
    if field is None:
        field = "value"
    percent = "%" in heading or "%" in label or (metric_from == 2 and "%" in caption)
    yield from _numbers(cell, release, metric, split, part, field, percent)


def _one(find: Find, texts: Sequence[str]) -> tuple[str, int]:
    """The one name that the first of the texts names; empty when it names several, or something else."""
    for position, text in enumerate(texts):
        found = find(text)
        names = {item.name for item in found}
        if len(names) == 1:
            return names.pop(), position
        if names:
            return "", position
    return "", -1


def _field(heading: str) -> Field | None:
    return next((field for pattern, field in _ROLES if re.search(pattern, heading, re.IGNORECASE)), None)


def _slice(release: CitedRelease, labels: Sequence[Cell], around: str, heading: str) -> tuple[str, str]:
    """The slice that a row or column stands for: its label is the value, and the dimension is named nearby."""
    for item in release.quotables.values():
        piece = item.row.slice
        if piece is None or item.field != "value":
            continue
        near = pattern_of(piece.dimension)
        for label in labels:
            bare = label.bare.strip()
            if bare == piece.value and near.search(around):
                return f"{piece.dimension}={piece.value}", bare
            if re.fullmatch(rf"{near.pattern}\s*[=: ]?\s*{re.escape(piece.value)}", bare, re.IGNORECASE):
                return f"{piece.dimension}={piece.value}", bare
        if near.search(heading) and re.search(rf"(?<!\w){re.escape(piece.value)}(?!\w)", heading):
            return f"{piece.dimension}={piece.value}", ""
    return "", ""


def _left_over(text: str, known: Sequence[str], label: str, *, role: bool = False) -> bool:
    """Whether a text says something that is not understood: then its numbers are of something else."""
    for name in filter(None, (*known, label)):
        text = pattern_of(name).sub(" ", text)
    if role:
        for pattern, _field_name in _ROLES:
            text = re.sub(pattern, " ", text, flags=re.IGNORECASE)
        text = re.sub(r"\d+(?:\.\d+)?\s*%?", " ", text)
    return re.search(r"\w", _EMPTY_WORDS.sub(" ", text)) is not None


def _numbers(
    cell: Cell, release: CitedRelease, metric: str, split: str, part: str, field: Field, percent: bool
) -> Iterator[Finding]:
    found = list(numbers(cell.bare))
    fields: list[Field | None] = []
    for position, number in enumerate(found):
        ahead = cell.bare[: number.start].rstrip()[-1:]
        if position == 0 and ahead not in {"[", "("}:
            fields.append(field)
        elif ahead == "±":
            fields.append(None)
        elif position and fields[-1] == "ci_low":
            fields.append("ci_high")
        elif ahead in {"[", "("} and position + 1 < len(found):
            fields.append("ci_low")
        else:
            fields.append(None)
    if field == "ci_low" and len(found) == 1 and re.search(r"[\[(–,]|\bto\b", cell.bare):
        return
    for number, own in zip(found, fields, strict=True):
        if own is None:
            continue
        candidates = tuple(_matching(release, metric, split, part, own))
        if candidates:
            shifted = Quoted(
                start=cell.start + number.start,
                end=cell.start + number.end,
                text=number.text,
                value=number.value,
                half=number.half,
                percent=number.percent or (percent and own != "n"),
                signed=number.signed,
            )
            yield Finding(number=shifted, release=release, candidates=candidates)


def _matching(release: CitedRelease, metric: str, split: str, part: str, field: Field) -> Iterator[Quotable]:
    for item in release.quotables.values():
        row = item.row
        own = f"{row.slice.dimension}={row.slice.value}" if row.slice else ""
        if item.field == field and metric in {"", row.name} and own == part and (not split or row.split == split):
            yield item

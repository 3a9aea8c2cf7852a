"""Rendered Markdown documents as page bodies: addressable headings and metric rows, tables that scroll."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from typing import Final

from proofpress.site.markdown_pieces import Piece, Table, pieces

RowAnchor = Callable[[tuple[str, ...]], str]
"""The wanted id of a table row, from the plain text of its cells."""
RowAnchors = Callable[[tuple[str, ...], str], RowAnchor | None]
"""Given a table's header cells and the nearest heading, as plain text: how its rows are named, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading of the page: its level, its id and its plain text."""

    level: int
    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBody:
    """HTML of a page's body, its headings, the ids of its table rows, and the document's own title if it has one."""

    html: str
    headings: tuple[Heading, ...]
    rows: tuple[str, ...]
    title: str


_TAG: Final = re.compile(r"<[^>]*>")
_ALIGN: Final = {
    "": "",
    "left": ' class="pp-align-left"',
    "center": ' class="pp-align-center"',
    "right": ' class="pp-num"',
}


def render_page(
    text: str,
    *,
    keep_title: bool = False,
    anchors: RowAnchors | None = None,
    reserved: Sequence[str] = (),
) -> PageBody:
    """Convert a rendered document into the body of its page.

    The first heading of level 1 becomes `PageBody.title` and is dropped unless `keep_title`; any later one becomes
    level 2. Ids are ASCII, unique within the page and differ from `reserved`. `anchors` names table rows, by default
    those of metric and slice tables (`metric_rows`).
    """
    return _assemble(pieces(text), keep_title, anchors or metric_rows, dict.fromkeys(reserved, 2))


@lru_cache(maxsize=4096)
def slug(text: str) -> str:
    """An ASCII id for a text: lowercase letters, digits, `_` and `-`; a digest when none of them is left."""
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    made = re.sub(r"[^a-z0-9_]+", "-", plain.lower()).strip("-")
    return made or "x" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def metric_id(name: str, split: str) -> str:
    """The id of a metric's row."""
    return f"metric-{slug(name)}-{slug(split)}"


def slice_id(dimension: str, value: str, name: str, split: str) -> str:
    """The id of a slice's row."""
    return f"slice-{slug(dimension)}-{slug(value)}-{slug(name)}-{slug(split)}"


def metric_rows(header: tuple[str, ...], heading: str) -> RowAnchor | None:
    """Name the rows of tables that start with metric, split, value, interval or slice, metric, value, interval."""
    if header[:4] == ("Metric", "Split", "Value", "Interval"):
        return lambda cells: metric_id(cells[0], cells[1])
    dimension, on, split = heading.rpartition(" on ")
    if on and header[:4] == ("Slice", "Metric", "Value", "Interval"):
        return lambda cells: slice_id(dimension, cells[0], cells[1], split)
    return None


# From pieces to the page ---------------------------------------------------------------------------------------------


def cell_text(html: str) -> str:
    """The plain text of inline HTML."""
    if "<" in html:
        html = _TAG.sub("", html)
    return unescape(html) if "&" in html else html


def _assemble(content: Iterable[Piece], keep_title: bool, anchors: RowAnchors, used: dict[str, int]) -> PageBody:
    parts: list[str] = []
    headings: list[Heading] = []
    rows: list[str] = []
    labels: dict[str, int] = {}
    title = nearest = ""
    titled = False
    for piece in content:
        if isinstance(piece, str):
            parts.append(piece)
        elif isinstance(piece, Table):
            label = _unique(f"Table: {nearest or title}".rstrip(": "), labels, " ({})")
            parts.append(_table_html(piece, label, nearest, anchors, used, rows))
        else:
            text = cell_text(piece.html).strip()
            level = piece.level
            if level == 1:
                if not titled:
                    title, titled = text, True
                    if not keep_title:
                        continue
                else:
                    level = 2
            name = _unique(slug(text), used)
            headings.append(Heading(level=level, id=name, title=text))
            parts.append(f'<h{level} id="{name}">{piece.html}</h{level}>\n')
            nearest = text
    return PageBody(html="".join(parts), headings=tuple(headings), rows=tuple(rows), title=title)


def _table_html(
    table: Table, label: str, heading: str, anchors: RowAnchors, used: dict[str, int], rows: list[str]
) -> str:
    classes = [_ALIGN[align] for align in table.aligns]
    head = "".join([f'<th scope="col"{kind}>{cell}</th>' for kind, cell in zip(classes, table.header, strict=True)])
    anchor = anchors(tuple(map(cell_text, table.header)), heading)
    if anchor is None:
        form = "<tr>" + "".join([f"<td{kind}>%s</td>" for kind in classes]) + "</tr>\n"
        body = "".join([form % row for row in table.rows])
    else:
        form = f'<tr id="%s"><th scope="row"{classes[0]}>%s</th>'
        form += "".join([f"<td{kind}>%s</td>" for kind in classes[1:]]) + "</tr>\n"
        names = [_unique(slug(anchor(_row_text(row))), used) for row in table.rows]
        rows.extend(names)
        body = "".join([form % (name, *row) for name, row in zip(names, table.rows, strict=True)])
    return (
        f'<div class="pp-scroll" tabindex="0" role="region" aria-label="{escape(label)}"><table class="pp-table">\n'
        f"<thead>\n<tr>{head}</tr>\n</thead>\n" + (f"<tbody>\n{body}</tbody>\n" if body else "") + "</table></div>\n"
    )


def _row_text(row: tuple[str, ...]) -> tuple[str, ...]:
    html = "".join(row)
    return tuple(map(cell_text, row)) if "<" in html or "&" in html else row


def _unique(wanted: str, used: dict[str, int], form: str = "-{}") -> str:
    name, number = wanted, used.get(wanted, 2)
    while name in used:
        name = wanted + form.format(number)
        number += 1
    used[wanted] = number
    used[name] = 2
    return name

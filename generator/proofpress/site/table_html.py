"""Table rows and lines of a difference, joined in Python: for these long parts templates take ten times as long."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from proofpress.render.sourced import show_invisible

_SPECIAL = re.compile(r"""[&<>"']""")


def html_text(text: str) -> str:
    """A text of evidence for a page: escaped, its invisible characters shown."""
    if not text.isascii():
        text = show_invisible(text)
    return text if _SPECIAL.search(text) is None else escape(text)


def table_rows(columns: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Rows of a table's body, made of `layout.row` and `layout.cell`; the first cell heads its row."""
    classes = [f' class="{kind}"' if (kind := column["kind"]) else "" for column in columns]
    parts: list[str] = []
    for row in rows:
        parts.append(f'<tr id="{html_text(row["id"])}">' if row["id"] else "<tr>")
        tag = 'th scope="row"'
        for cell, kind in zip(row["cells"], classes, strict=True):
            parts.append(f"<{tag}{kind}>{_cell(cell)}</{tag[:2]}>")
            tag = "td"
        parts.append("</tr>\n")
    return Markup("".join(parts))  # noqa: S704 - every text was escaped above


def _cell(cell: Mapping[str, Any]) -> str:
    html = html_text(cell["text"])
    if cell["href"]:
        label = f' aria-label="{html_text(cell["label"])}"' if cell["label"] else ""
        html = f'<a href="{html_text(cell["href"])}"{label}>{html}</a>'
    elif cell["code"]:
        html = f'<code class="pp-digest">{html}</code>'
    elif cell["tone"]:
        html = f'<span class="pp-change pp-change--{cell["tone"]}">{html}</span>'
    elif cell["badge"]:
        html = f'<span class="pp-badge pp-badge--{cell["badge"]}">{html}</span>'
    elif cell["none"]:
        html = f'<span class="pp-none">{html}</span>'
    return f'{html} <span class="pp-note">{html_text(cell["note"])}</span>' if cell["note"] else html


def patch_lines(patch: str) -> Markup:
    """A unified difference, a line each: gained and lost lines by their elements, places in a class."""
    parts: list[str] = []
    for text in str(html_text(patch)).split("\n") if patch else ():
        if text.startswith("@@"):
            parts.append(f'<span class="pp-diff__hunk">{text}</span>\n')
        elif text.startswith("+") and not text.startswith("+++"):
            parts.append(f"<ins>{text}</ins>\n")
        elif text.startswith("-") and not text.startswith("---"):
            parts.append(f"<del>{text}</del>\n")
        else:
            parts.append(f"<span>{text}</span>\n")
    return Markup("".join(parts))  # noqa: S704 - every line was escaped above

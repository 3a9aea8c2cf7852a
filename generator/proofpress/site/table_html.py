"""Table rows and lines of a difference, joined in Python: for these long parts templates take ten times as long."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from markupsafe import Markup

from proofpress.render.sourced import show_invisible


def _text(text: str) -> str:
    return escape(text if text.isascii() else show_invisible(text))


def table_rows(columns: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Rows of a table's body, made of `layout.row` and `layout.cell`; the first cell heads its row."""
    classes = [f' class="{kind}"' if (kind := column["kind"]) else "" for column in columns]
    parts: list[str] = []
    for row in rows:
        parts.append(f'<tr id="{_text(row["id"])}">' if row["id"] else "<tr>")
        tag = 'th scope="row"'
        for cell, kind in zip(row["cells"], classes, strict=True):
            parts.append(f"<{tag}{kind}>{_cell(cell)}</{tag[:2]}>")
            tag = "td"
        parts.append("</tr>\n")
    return Markup("".join(parts))  # noqa: S704 - every text was escaped above


def _cell(cell: Mapping[str, Any]) -> str:
    html = _text(cell["text"])
    if cell["href"]:
        label = f' aria-label="{_text(cell["label"])}"' if cell["label"] else ""
        html = f'<a href="{_text(cell["href"])}"{label}>{html}</a>'
    elif cell["code"]:
        html = f'<code class="pp-digest">{html}</code>'
    elif cell["tone"]:
        html = f'<span class="pp-change pp-change--{cell["tone"]}">{html}</span>'
    elif cell["badge"]:
        html = f'<span class="pp-badge pp-badge--{cell["badge"]}">{html}</span>'
    elif cell["none"]:
        html = f'<span class="pp-none">{html}</span>'
    return f'{html} <span class="pp-note">{_text(cell["note"])}</span>' if cell["note"] else html


def patch_lines(patch: str) -> Markup:
    """A unified difference, a line each: gained and lost lines by their elements, places in a class."""
    parts: list[str] = []
    for line in patch.splitlines():
        text = _text(line)
        if line.startswith("@@"):
            parts.append(f'<span class="pp-diff__hunk">{text}</span>\n')
        elif line.startswith("+") and not line.startswith("+++"):
            parts.append(f"<ins>{text}</ins>\n")
        elif line.startswith("-") and not line.startswith("---"):
            parts.append(f"<del>{text}</del>\n")
        else:
            parts.append(f"<span>{text}</span>\n")
    return Markup("".join(parts))  # noqa: S704 - every line was escaped above

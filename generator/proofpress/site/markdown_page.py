"""Rendered Markdown documents as page bodies: addressable, scrollable, and free of foreign markup.

markdown-it costs milliseconds a page and tables most of that, so a document is cut at blank lines where the cut
provably changes nothing, and the forms that Proofpress's own templates write (pipe tables, flat lists, fences, plain
paragraphs) are converted directly. Everything else goes through markdown-it (raw HTML off) and a sanitiser, remembered
by its text. Both ways give the same page; tests hold them together.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

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


@dataclass(frozen=True, slots=True)
class _Title:
    level: int
    html: str


@dataclass(frozen=True, slots=True)
class _Table:
    header: tuple[str, ...]
    aligns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


_Piece = str | _Title | _Table

_PUNCTUATION: Final = r"[!-/:-@\[-`{-~]"
_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>&\"]")


def _easy_text(never: str) -> re.Pattern[str]:
    """Inline text of plain characters, escapes, code spans and bold words, none of which holds a `never`."""
    return re.compile(
        r"(?:[^\\`*_\[\]<&]++"
        rf"|\\{_PUNCTUATION}"
        r"|(?<=[A-Za-z0-9])_(?=[A-Za-z0-9])"
        r"|&(?![#A-Za-z])"
        rf"|(?<!`)`(?! )[^`{never}]++(?<! )`(?!`)"
        rf"|(?:(?<= )|\A)\*\*(?=[A-Za-z0-9])[^\\`*_\[\]<&{never}]++(?<=[A-Za-z0-9.])\*\*(?=[ :,.]|\Z)"
        r")*+"
    )


_EASY: Final = _easy_text(r"\n")
_EASY_ROWS: Final = _easy_text(r"\n|")
_MARKS: Final = re.compile(rf'\\({_PUNCTUATION})|`([^`]+)`|\*\*([^*]+)\*\*|([<>&"])')
_PROSE_START: Final = re.compile(rf"(?:\*\*)?[^\W\d_]|\\{_PUNCTUATION}|[\"'(]|`[^`]|\d+(?![\d.)])")
_CUT: Final = re.compile(r"\n{2,}(?=[^ \t\n])")
_LIST_MARK: Final = re.compile(r"(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)", re.MULTILINE)
_ANY_LIST_MARK: Final = re.compile(r"^[ \t>]*(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)", re.MULTILINE)
_FENCE: Final = re.compile(r"^ {0,3}(?:`{3}|~{3})", re.MULTILINE)
_OWN_FENCE: Final = re.compile(r"(`{3,})([a-z]*)\n(?:(.*?)\n)??\1`*(?:\n|\Z)", re.DOTALL)
_DEFINITION: Final = re.compile(r"(?<!\\)(?:\\\\)*\]:")
_DELIMITERS: Final = re.compile(r"\|(?: :?-+:? \|)+")
_PIPED: Final = re.compile(r"\| [^\n]*+(?<=. \|)(?:\n\| [^\n]*+(?<=. \|))*+")
_PIPE: Final = re.compile(r"(?<!\\)\|")
_HEADING: Final = re.compile(r"(#{1,6}) ([^\s#](?:.*[^\s#])?)")
_TAG: Final = re.compile(r"<[^>]*>")
_LINK: Final = re.compile(r"(?:https?://|[#?]|(?!//)[^:\\]*(?:[/?#]|$))", re.IGNORECASE)
_ALIGN: Final = {
    "": "",
    "left": ' class="pp-align-left"',
    "center": ' class="pp-align-center"',
    "right": ' class="pp-num"',
}
_LONGEST_KEPT: Final = 8192

_TAGS: Final = {"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "strong", "ul"} | {
    *("h1", "h2", "h3", "h4", "h5", "h6"),
    *("table", "tbody", "td", "th", "thead", "tr"),
}
_ATTRIBUTES: Final = {"a": {"href", "title"}, "code": {"class"}, "ol": {"start"}, "td": {"class"}, "th": {"class"}}


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
    return _assemble(_pieces(text), keep_title, anchors or metric_rows, dict.fromkeys(reserved, 2))


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


# From text to pieces -------------------------------------------------------------------------------------------------


def _pieces(text: str) -> Iterator[_Piece]:
    if "\r" in text or "\0" in text:
        text = re.sub("\r\n?", "\n", text).replace("\0", "�")
    # A link definition anywhere changes any other place, so such a document is not cut at all.
    chunks = None if "]:" in text and _DEFINITION.search(text) else _cut(text)
    for chunk in [text] if chunks is None else chunks:
        fast = _fast(chunk)
        if fast is not None:
            yield fast
        elif len(chunk) <= _LONGEST_KEPT:
            yield from _remembered(chunk)
        else:
            yield from _parse(chunk)


def _cut(text: str) -> list[str] | None:
    """The parts of a text whose conversions, joined, are the text's; None when it can't be cut.

    A blank line ends every open block except a fence and a list; a list goes on only with an indented line or another
    list mark. So a cut is made before a line at the margin that is neither in a fence nor a list's next item. Fences
    count only in the form that `fence` writes; any other makes the text one part.
    """
    chunks: list[str] = []
    end = len(text)
    start = cursor = 0
    in_list = False
    while start < end:
        if text.startswith("```", start):
            fence = _OWN_FENCE.match(text, start)
            if fence is None or fence[1] in (fence[3] or "") or (fence.end() < end and text[fence.end()] != "\n"):
                return None
            chunks.append(fence.group())
            start = fence.end()
            while start < end and text[start] == "\n":
                start += 1
            if start < end and text[start] in " \t":
                return None
            in_list = False
            continue
        cut = _CUT.search(text, start)
        stop, cursor = (cut.start(), cut.end()) if cut else (end, end)
        chunk = text[start:stop]
        if ("```" in chunk or "~~~" in chunk) and _FENCE.search(chunk):
            return None
        if in_list and _LIST_MARK.match(chunk):
            chunks[-1] += "\n\n" + chunk
        else:
            chunks.append(chunk)
            in_list = _ANY_LIST_MARK.search(chunk) is not None
        start = cursor
    return chunks


def _fast(chunk: str) -> _Piece | None:
    """The conversion of a chunk in one of the templates' own forms, else None."""
    block = chunk.strip("\n")
    first = block[:1]
    if first == "`" and block.startswith("```"):
        return _fence(chunk)
    lines = block.split("\n")
    if not all(map(str.isprintable, lines)):
        return None
    if first == "|":
        return _table(block, lines)
    if first == "-":
        if not all(line[:2] == "- " and _PROSE_START.match(line, 2) for line in lines):
            return None
        return "<ul>\n<li>" + "</li>\n<li>".join(_inline(line[2:].rstrip()) for line in lines) + "</li>\n</ul>\n"
    if len(lines) != 1:
        return None
    if first == "#":
        heading = _HEADING.fullmatch(block)
        return _Title(len(heading[1]), _inline(heading[2])) if heading else None
    return f"<p>{_inline(block.rstrip())}</p>\n" if _PROSE_START.match(block) else None


def _fence(chunk: str) -> str | None:
    fence = _OWN_FENCE.fullmatch(chunk)
    if fence is None or fence[1] in (fence[3] or ""):
        return None
    language = f' class="language-{fence[2]}"' if fence[2] else ""
    body = "" if fence[3] is None else _escape(fence[3]) + "\n"
    return f"<pre><code{language}>{body}</code></pre>\n"


def _table(block: str, lines: list[str]) -> _Table | None:
    """A table whose every row starts and ends with a pipe and has as many cells as its header."""
    if len(lines) < 2 or not _DELIMITERS.fullmatch(lines[1]) or not _PIPED.fullmatch(block):
        return None
    aligns = tuple(
        ("center" if mark[0] == ":" else "right") if mark[-1] == ":" else ("left" if mark[0] == ":" else "")
        for mark in lines[1][2:-2].split(" | ")
    )
    width = len(aligns)
    easy = None if "\\|" in block else _easy(block, _EASY_ROWS)
    if easy is not None and "  " not in block and block.count("|") == len(lines) * (width + 1):
        rows = [tuple(line[2:-2].split(" | ")) for line in easy.split("\n")]
    elif easy is not None:
        rows = [tuple(map(str.strip, line[1:-1].split("|"))) for line in easy.split("\n")]
    elif any(line[-2] == "\\" for line in lines):
        return None
    else:
        rows = [
            tuple([_inline(cell.replace("\\|", "|").strip()) for cell in _PIPE.split(line[1:-1])]) for line in lines
        ]
    del rows[1]
    return _Table(rows[0], aligns, tuple(rows[1:])) if set(map(len, rows)) == {width} else None


def _inline(text: str) -> str:
    html = _easy(text)
    if html is not None:
        return html
    return _remembered_inline(text) if len(text) <= _LONGEST_KEPT else _parse_inline(text)


def _easy(text: str, form: re.Pattern[str] = _EASY) -> str | None:
    """The conversion of inline text, or of a table's rows, that holds only what templates and escaping write."""
    if _SPECIAL.search(text) is None:
        return text
    if not form.fullmatch(text):
        return None
    if "\\" in text or "*" in text:
        return _MARKS.sub(_mark, text)
    plain, *pairs = _escape(text).split("`")
    spans = [f"<code>{inside}</code>{after}" for inside, after in zip(pairs[::2], pairs[1::2], strict=True)]
    return plain + "".join(spans)


def _mark(match: re.Match[str]) -> str:
    which = match.lastindex
    inner = match[which] if which else ""
    if which == 2:
        return f"<code>{_escape(inner)}</code>"
    if which == 3:
        return f"<strong>{_escape(inner)}</strong>"
    return _escape(inner)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


# The general way: markdown-it and the sanitiser ----------------------------------------------------------------------


class _Renderer(RendererHTML):
    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Pictures are not evidence that can be checked: their alternative text stands for them."""
        return _escape(self.renderInlineAsText(tokens[idx].children or [], options, env))


def _is_link(url: str) -> bool:
    """Whether a target is relative, a fragment, or http(s)."""
    return _LINK.match(url.strip()) is not None


_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
_RENDERER: Final = _Renderer()
_MARKDOWN.validateLink = _is_link  # type: ignore[method-assign]


def _parse(text: str) -> tuple[_Piece, ...]:
    pieces: list[_Piece] = []
    loose: list[Token] = []
    tokens = iter(_MARKDOWN.parse(text))
    for token in tokens:
        if token.level == 0 and token.type in {"heading_open", "table_open"}:
            pieces.extend(_html(loose))
            loose = []
            inside = _until_close(tokens, token.type.replace("open", "close"))
            pieces.append(
                _Title(int(token.tag[1]), _cell_html(inside[0])) if token.type == "heading_open" else _rows(inside)
            )
        else:
            if token.type in {"th_open", "td_open"} and token.attrs.get("style") == "text-align:right":
                token.attrs = {"class": "pp-num"}
            loose.append(token)
    pieces.extend(_html(loose))
    return tuple(pieces)


def _until_close(tokens: Iterator[Token], close: str) -> list[Token]:
    inside = []
    for token in tokens:
        if token.level == 0 and token.type == close:
            break
        inside.append(token)
    return inside


def _rows(tokens: list[Token]) -> _Table:
    rows: list[list[str]] = []
    aligns = [
        str(token.attrs.get("style", "")).removeprefix("text-align:") for token in tokens if token.type == "th_open"
    ]
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_cell_html(token))
    header, *body = map(tuple, rows)
    return _Table(header, tuple(aligns), tuple(body))


def _cell_html(token: Token) -> str:
    return _clean(_RENDERER.renderInline(token.children or [], _MARKDOWN.options, {}))


def _html(tokens: list[Token]) -> tuple[str, ...]:
    return (_clean(_RENDERER.render(tokens, _MARKDOWN.options, {})),) if tokens else ()


def _parse_inline(text: str) -> str:
    return _clean(_MARKDOWN.renderInline(text))


def _clean(html: str) -> str:
    if "<" not in html:
        return html
    return nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, link_rel=None, url_schemes={"http", "https"})


_remembered = lru_cache(maxsize=2048)(_parse)
_remembered_inline = lru_cache(maxsize=8192)(_parse_inline)


# From pieces to the page ---------------------------------------------------------------------------------------------


def cell_text(html: str) -> str:
    """The plain text of inline HTML."""
    if "<" in html:
        html = _TAG.sub("", html)
    return unescape(html) if "&" in html else html


def _assemble(pieces: Iterator[_Piece], keep_title: bool, anchors: RowAnchors, used: dict[str, int]) -> PageBody:
    parts: list[str] = []
    headings: list[Heading] = []
    rows: list[str] = []
    labels: dict[str, int] = {}
    title = nearest = ""
    titled = False
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(piece)
        elif isinstance(piece, _Table):
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
    table: _Table, label: str, heading: str, anchors: RowAnchors, used: dict[str, int], rows: list[str]
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
        names = [_unique(slug(anchor(tuple(map(cell_text, row)))), used) for row in table.rows]
        rows.extend(names)
        body = "".join([form % (name, *row) for name, row in zip(names, table.rows, strict=True)])
    return (
        f'<div class="pp-scroll" tabindex="0" role="region" aria-label="{escape(label)}"><table class="pp-table">\n'
        f"<thead>\n<tr>{head}</tr>\n</thead>\n" + (f"<tbody>\n{body}</tbody>\n" if body else "") + "</table></div>\n"
    )


def _unique(wanted: str, used: dict[str, int], form: str = "-{}") -> str:
    name, number = wanted, used.get(wanted, 2)
    while name in used:
        name = wanted + form.format(number)
        number += 1
    used[wanted] = number
    used[name] = 2
    return name

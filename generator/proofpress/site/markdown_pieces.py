"""Markdown as pieces of a page: HTML, headings and tables.

markdown-it costs milliseconds a page and tables most of that, so a document is cut at blank lines where the cut
provably changes nothing, and the forms that Proofpress's own templates write (pipe tables, flat lists, fences, plain
paragraphs) are converted directly. Everything else goes through markdown-it (raw HTML off) and a sanitiser, remembered
by its text. Both ways give the same page; tests hold them together.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict


@dataclass(frozen=True, slots=True)
class Title:
    """A heading at the margin, its inner HTML."""

    level: int
    html: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table at the margin: inner HTML of its cells, and `left`, `center`, `right` or nothing for each column."""

    header: tuple[str, ...]
    aligns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Piece = str | Title | Table

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
_LIST_MARK: Final = re.compile(r"(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)", re.MULTILINE)
_ANY_LIST_MARK: Final = re.compile(r"^[ \t>]*(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)", re.MULTILINE)
_FENCE: Final = re.compile(r"^ {0,3}(?:`{3}|~{3})", re.MULTILINE)
_OWN_FENCE: Final = re.compile(r"(`{3,})([a-z]*)\n(?:(.*?)\n)??\1`*(?:\n|\Z)", re.DOTALL)
_DEFINITION: Final = re.compile(r"(?<!\\)(?:\\\\)*\]:")
_DELIMITERS: Final = re.compile(r"\|(?: :?-+:? \|)+")
_PIPED: Final = re.compile(r"\| [^\n]*+(?<=. \|)(?:\n\| [^\n]*+(?<=. \|))*+")
_PIPE: Final = re.compile(r"(?<!\\)\|")
_HEADING: Final = re.compile(r"(#{1,6}) ([^\s#](?:.*[^\s#])?)")
_LINK: Final = re.compile(r"(?:https?://|[#?]|(?!//)[^:\\]*(?:[/?#]|$))", re.IGNORECASE)
_LONGEST_KEPT: Final = 8192

_TAGS: Final = {"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "strong", "ul"} | {
    *("h1", "h2", "h3", "h4", "h5", "h6"),
    *("table", "tbody", "td", "th", "thead", "tr"),
}
_ATTRIBUTES: Final = {"a": {"href", "title"}, "code": {"class"}, "ol": {"start"}, "td": {"class"}, "th": {"class"}}


def pieces(text: str) -> Iterator[Piece]:
    """Convert a document; joined, its pieces are what markdown-it makes of it."""
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
    start = stopped = 0
    while start < end:
        if text.startswith("```", start):
            fence = _OWN_FENCE.match(text, start)
            if fence is None or fence[1] in (fence[3] or "") or (fence.end() < end and text[fence.end()] != "\n"):
                return None
            chunks.append(fence.group())
            stopped = fence.end()
            start = _after_newlines(text, stopped)
            if start < end and text[start] in " \t":
                return None
            continue
        stop = text.find("\n\n", start)
        after = _after_newlines(text, stop) if stop >= 0 else end
        while after < end and text[after] in " \t":
            stop = text.find("\n\n", after)
            after = _after_newlines(text, stop) if stop >= 0 else end
        chunk = text[start:stop] if stop >= 0 else text[start:]
        if ("```" in chunk or "~~~" in chunk) and _FENCE.search(chunk):
            return None
        if chunks and _LIST_MARK.match(chunk) and _ANY_LIST_MARK.search(chunks[-1]):
            chunks[-1] += text[stopped:start] + chunk
        else:
            chunks.append(chunk)
        stopped, start = stop, after
    return chunks


def _after_newlines(text: str, position: int) -> int:
    end = len(text)
    while position < end and text[position] == "\n":
        position += 1
    return position


def _fast(chunk: str) -> Piece | None:
    """The conversion of a chunk in one of the templates' own forms, else None."""
    block = chunk.strip("\n")
    first = block[:1]
    if first == "`" and block.startswith("```"):
        return _fence(chunk)
    lines = block.split("\n")
    if not block.replace("\n", " ").isprintable():
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
        return Title(len(heading[1]), _inline(heading[2])) if heading else None
    return f"<p>{_inline(block.rstrip())}</p>\n" if _PROSE_START.match(block) else None


def _fence(chunk: str) -> str | None:
    fence = _OWN_FENCE.fullmatch(chunk)
    if fence is None or fence[1] in (fence[3] or ""):
        return None
    language = f' class="language-{fence[2]}"' if fence[2] else ""
    body = "" if fence[3] is None else _escape(fence[3]) + "\n"
    return f"<pre><code{language}>{body}</code></pre>\n"


def _table(block: str, lines: list[str]) -> Table | None:
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
    return Table(rows[0], aligns, tuple(rows[1:])) if set(map(len, rows)) == {width} else None


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


def _parse(text: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    loose: list[Token] = []
    tokens = iter(_MARKDOWN.parse(text))
    for token in tokens:
        if token.level == 0 and token.type in {"heading_open", "table_open"}:
            pieces.extend(_html(loose))
            loose = []
            inside = _until_close(tokens, token.type.replace("open", "close"))
            pieces.append(
                Title(int(token.tag[1]), _cell_html(inside[0])) if token.type == "heading_open" else _rows(inside)
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


def _rows(tokens: list[Token]) -> Table:
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
    return Table(header, tuple(aligns), tuple(body))


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

"""Text that knows which JSON field it came from, and its escaping for Markdown.

Every expression of a Markdown template passes through `to_markdown`: evidence can't open a heading, a link,
a tag or a table cell, whatever it says.
"""

import re
from decimal import Decimal
from typing import Self

from markupsafe import Markup

EMPTY_LINE = "\ue002"
"""Stands for an empty line of a fence until the blank lines around it have been tidied."""


class Sourced(str):
    """Text taken from evidence; `source` is `<file>#<JSON pointer>`."""

    __slots__ = ("source",)
    source: str

    def __new__(cls, text: str, source: str = "") -> Self:
        made = super().__new__(cls, text)
        made.source = source
        return made


class Safe(Sourced):
    """Markdown that is already escaped: a code span or fence that `code` or `fence` made."""

    __slots__ = ()


_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
_SINGLE = str.maketrans({char: "\\" + char for char in "\\`*[]<>|"})
_CONTEXTUAL = re.compile(r"(~(?=~)|(?<=~)~|&(?=[#A-Za-z])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_OPENING = re.compile(r"(#|[+=-](?=\s|$|[+=-])|\d{1,9}(?=[.)](\s|$)))")
_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 .,;:()%/'\"-]*[A-Za-z0-9.)%])?")
_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")
_BACKTICKS = re.compile(r"`+")


def show_invisible(text: str) -> str:
    """Replace control, invisible and direction-changing characters by a visible name like `⟨U+202E⟩`."""
    if text.isascii() and text.isprintable():
        return text
    return _INVISIBLE.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def _one_line(text: str) -> str:
    """The text with its lines joined by a blank."""
    if text.isprintable():
        return text
    lines = _BREAKS.split(text)
    return text if len(lines) == 1 else " ".join(filter(None, (line.strip() for line in lines)))


def escape_markdown(text: str) -> str:
    """Escape a text so that Markdown shows it literally, on one line, inline or at the start of a block."""
    if _PLAIN.fullmatch(text) and not (text[0].isdigit() and _OPENING.match(text)):
        return text  # the usual case: a number, a word, a plain sentence
    text = show_invisible(_one_line(text))
    text = text.strip().translate(_SINGLE)
    if "_" in text or "&" in text or "~~" in text:
        text = _CONTEXTUAL.sub(r"\\\1", text)
    opening = _OPENING.match(text)
    if opening:
        text = f"{text[: opening.end()]}\\{text[opening.end() :]}" if text[0].isdigit() else "\\" + text
    return text


def to_markdown(value: object) -> str:
    """Jinja's `finalize` for Markdown templates: safe text stays, everything else is escaped.

    `Markup` is what macros return: here, text escaped for Markdown.
    """
    kind = type(value)
    if kind is Sourced or kind is str:
        return escape_markdown(value)  # type: ignore[arg-type]
    if kind is Safe or kind is Markup:
        return value  # type: ignore[return-value]
    if isinstance(value, int | Decimal):
        return str(value)
    raise TypeError(f"a template printed a {type(value).__name__}, not a text or a number")


def code(value: str) -> Safe:
    """A code span that shows the text literally, also inside a table."""
    text = show_invisible(_one_line(value))
    ticks = "`"
    if "`" in text:
        runs = {len(run) for run in _BACKTICKS.findall(text)}
        ticks = "`" * next(size for size in range(1, len(runs) + 2) if size not in runs)
    pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return Safe(f"{ticks}{pad}{text}{pad}{ticks}".replace("|", "\\|"), getattr(value, "source", ""))


def fence(value: str, language: str = "text") -> Safe:
    """A fenced block that shows the text literally, line by line; control characters are made visible."""
    text = "".join(
        char if char in "\n\t" or char.isprintable() else f"⟨U+{ord(char):04X}⟩"
        for char in value.replace("\r\n", "\n").rstrip("\n")
    )
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    ticks = "`" * max(3, longest + 1)
    lines = [line or EMPTY_LINE for line in show_invisible(text).split("\n")]
    text = "\n".join(lines)
    return Safe(f"{ticks}{language}\n{text}\n{ticks}", getattr(value, "source", ""))

"""BibTeX and BibLaTeX files, as far as it takes to see what their entries say of releases.

Entries are told apart by counting braces. The readers of whole bibliographies that there are keep no lines.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_HEAD: Final = re.compile(r"@\s*([A-Za-z]+)\s*[{(]\s*([^\s,{}()]+)\s*,")
_FIELD: Final = re.compile(r"\s*([A-Za-z][\w-]*)\s*=\s*")
_OTHER: Final = frozenset({"comment", "string", "preamble"})
_UNTEX: Final[Mapping[str, str]] = {
    r"\textbackslash": "\\",
    r"\textbraceleft": "{",
    r"\textbraceright": "}",
    r"\textasciitilde": "~",
    r"\textasciicircum": "^",
    r"\textless": "<",
    r"\textgreater": ">",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry: its type, key and line, its fields as plain text, and the line of each."""

    type: str
    key: str
    line: int
    fields: Mapping[str, str]
    lines: Mapping[str, int]


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file; what is no entry is passed over, as BibTeX does."""
    at = 0
    while found := _HEAD.search(text, at):
        at = found.end()
        if found[1].lower() in _OTHER:
            continue
        fields: dict[str, str] = {}
        lines: dict[str, int] = {}
        while match := _FIELD.match(text, at):
            value, at = _value(text, match.end())
            name = match[1].lower()
            fields.setdefault(name, untex(value))
            lines.setdefault(name, text.count("\n", 0, match.start(1)) + 1)
            comma = re.compile(r"\s*,").match(text, at)
            if not comma:
                break
            at = comma.end()
        line = text.count("\n", 0, found.start()) + 1
        yield Entry(type=found[1].lower(), key=found[2], line=line, fields=fields, lines=lines)


def _value(text: str, at: int) -> tuple[str, int]:
    """A value at a place, parts joined by `#`, and where it ends."""
    parts = []
    while at < len(text):
        if text[at] == "{":
            part, at = _braced(text, at)
        elif text[at] == '"':
            end, depth = at + 1, 0
            while end < len(text) and (text[end] != '"' or depth):
                depth += (text[end] == "{") - (text[end] == "}")
                end += 1
            part, at = text[at + 1 : end], end + 1
        else:
            bare = re.compile(r"[^\s,{}#\"]*").match(text, at)
            part, at = (bare[0], bare.end()) if bare else ("", at + 1)
        parts.append(part)
        more = re.compile(r"\s*#\s*").match(text, at)
        if not more:
            break
        at = more.end()
    return "".join(parts), at


def _braced(text: str, at: int) -> tuple[str, int]:
    depth, start = 0, at
    while at < len(text):
        depth += (text[at] == "{") - (text[at] == "}")
        at += 1
        if depth == 0:
            return text[start + 1 : at - 1], at
    return text[start + 1 :], at


def untex(text: str) -> str:
    """A field's text without braces and escapes."""
    text = re.sub(r"\\url\s*\{([^{}]*)\}", r"\1", text)
    for command, char in _UNTEX.items():
        text = text.replace(command + "{}", char).replace(command, char)
    text = re.sub(r"\\([#$%&_{}~^])", r"\1", text)
    return " ".join(text.replace("{", "").replace("}", "").split())

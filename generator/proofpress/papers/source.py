"""A paper's source as plain text with marks, whatever it was written in; every character knows its file and line.

Marks stand between private characters: a citation, an address, a cell's or a row's end, a claim that was written down.
What they mean is the same in LaTeX, Markdown and Typst; only the readers differ.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

OPEN, CLOSE = "\ue000", "\ue001"
CITE, URL, CELL, ROW, TABLE, END, CLAIM, DONE, PARAGRAPH, QUIET, FLOAT, UNFLOAT = "cukrteqdpzfg"
"""Kinds of marks: citation, address, end of a cell, end of a row, table and its end, a claim and its end, end of a
paragraph, a text that is only judged by claims until the paragraph ends, and a float with its end."""
MARK: Final = re.compile(f"{OPEN}([a-z])([^{CLOSE}]*){CLOSE}")


def mark(kind: str, payload: str = "") -> str:
    """A mark as it stands in the text."""
    return f"{OPEN}{kind}{payload.replace(OPEN, '').replace(CLOSE, '')}{CLOSE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """`% proofpress: …` or its like: what it says, where it stands, and on which line the numbers are that it names."""

    file: str
    line: int
    target: int
    text: str


@dataclass(slots=True)
class Source:
    """A paper that was read: its text with marks, where each piece of it came from, and what was written in comments.

    `missing` names files that the paper includes and that can't be read, by (file, line, name).
    """

    pieces: list[tuple[str, str, int]] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    bibliographies: list[str] = field(default_factory=list)
    missing: list[tuple[str, int, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def add(self, text: str, file: str, line: int) -> None:
        """Append text that stands on one line."""
        if text:
            self.pieces.append((text, file, line))

    def paragraphs(self) -> "Iterator[Passage]":
        """The paragraphs, floats whole."""
        held: list[tuple[str, str, int]] = []
        depth = 0
        for piece in self.pieces:
            kind = MARK.fullmatch(piece[0])
            name = kind[1] if kind else ""
            depth += (name in {TABLE, FLOAT}) - (name in {END, UNFLOAT})
            if name == PARAGRAPH and depth <= 0:
                depth = 0
                if held:
                    yield Passage(held)
                held = []
            else:
                held.append((" ", piece[1], piece[2]) if name == PARAGRAPH else piece)
        if held:
            yield Passage(held)


class Passage:
    """A paragraph: its text, and where each character of it stands."""

    def __init__(self, pieces: list[tuple[str, str, int]]) -> None:
        self.text: str = "".join(text for text, _file, _line in pieces)
        self._starts: list[int] = []
        self._places: list[tuple[str, int]] = []
        at = 0
        for text, file, line in pieces:
            self._starts.append(at)
            self._places.append((file, line))
            at += len(text)

    def place(self, at: int) -> tuple[str, int]:
        """File and line of a character."""
        return self._places[max(0, bisect_right(self._starts, at) - 1)]


ANNOTATED: Final = re.compile(r"\s*proofpress:\s*(.*\S)", re.DOTALL)


def annotation_in(comment: str) -> str | None:
    """What a comment says to Proofpress, or None."""
    found = ANNOTATED.match(comment)
    return found[1].split(";", 1)[0].strip() if found else None

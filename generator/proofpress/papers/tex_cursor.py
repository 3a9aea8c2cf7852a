"""A place in a LaTeX source: what comes next, and on which line."""

import re
from typing import Final

from proofpress.papers.source import Source

_GROUP: Final = re.compile(r"[ \t]*\n?[ \t]*\{")
_OPTION: Final = re.compile(r"\s*\[(?:[^\[\]{}]|\{[^{}]*\})*\]")


class Cursor:
    """Goes through a text; `fixed` when all of it counts as one line, for a macro's body."""

    def __init__(self, source: Source, text: str, file: str, line: int, *, fixed: bool) -> None:
        self.source, self.text, self.file, self.line, self.fixed = source, text, file, line, fixed
        self.at = 0

    def emit(self, text: str) -> None:
        """Add text that stands here."""
        self.source.add(text, self.file, self.line)

    def forward(self, end: int) -> str:
        """Go on to `end`, counting lines; returns what was passed."""
        passed = self.text[self.at : end]
        if not self.fixed:
            self.line += passed.count("\n")
        self.at = end
        return passed

    def group(self) -> str | None:
        """The next `{…}`, passed; None when there is none."""
        found = _GROUP.match(self.text, self.at)
        if not found:
            return None
        depth, at = 1, found.end()
        while at < len(self.text) and depth:
            char = self.text[at]
            if char == "\\":
                at += 1
            depth += (char == "{") - (char == "}")
            at += 1
        body = self.text[found.end() : at - 1]
        self.forward(at)
        return body

    def options(self) -> None:
        """Pass any number of `[…]`."""
        while found := _OPTION.match(self.text, self.at):
            self.forward(found.end())

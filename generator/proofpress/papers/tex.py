"""LaTeX as plain text with marks: enough of the language to find numbers and citations, with exact lines.

A tokenizer of its own, for no maintained parser keeps the lines of comments and included files, and none is needed to
leave commands out.
"""

import re
from collections.abc import Callable
from typing import Final

from proofpress.papers.source import (
    CELL,
    CITE,
    CLAIM,
    DONE,
    END,
    FLOAT,
    PARAGRAPH,
    QUIET,
    ROW,
    TABLE,
    UNFLOAT,
    URL,
    Annotation,
    Source,
    annotation_in,
    mark,
)
from proofpress.papers.tex_cursor import Cursor

Reader = Callable[[str], str | None]
"""The text of an included file by its name, None when it can't be read."""

_CITE: Final = re.compile(r"(?:[A-Za-z]*cite[a-z]*|Cite[a-z]*)\*?")
_TABLES: Final = frozenset(
    {"tabular", "tabular*", "tabularx", "tabulary", "longtable", "array", "tblr", "longtblr", "NiceTabular", "tabu"}
)
_FLOATS: Final = frozenset({"table", "table*", "figure", "figure*", "sidewaystable", "wraptable", "threeparttable"})
_VERBATIM: Final = frozenset({"verbatim", "verbatim*", "lstlisting", "minted", "comment", "Verbatim", "alltt"})
_SKIPPED: Final = {
    name: count
    for count, names in {
        1: "ref eqref autoref cref Cref pageref nameref label documentclass usepackage RequirePackage includegraphics "
        "vspace hspace bibliographystyle pagestyle thispagestyle cmidrule cline geometry hypersetup sisetup "
        "graphicspath captionsetup tikzset pgfplotsset rowcolor cellcolor color vskip hypertarget phantom "
        "addlinespace hyphenation",
        2: "setlength addtolength setcounter addtocounter definecolor rule newcounter newtheorem specialrule "
        "resizebox scalebox textcolor",
    }.items()
    for name in names.split()
}
_KEEP_LAST: Final = frozenset({"resizebox", "scalebox", "textcolor", "hypertarget"})
_SPACES: Final = {",": "\u2009", ";": " ", ":": " ", "!": "", " ": " ", "/": "", "-": "", "@": "", "quad": " "}
_WORDS: Final = {
    "times": "×",
    "pm": "±",
    "approx": "≈",
    "sim": "~",
    "geq": "≥",
    "ge": "≥",
    "leq": "≤",
    "le": "≤",
    "textless": "<",
    "textgreater": ">",
    "percent": "%",
    "textpercent": "%",
    "textminus": "-",
    "textendash": "–",
    "textemdash": "—",
    "textasciitilde": "~",
    "textunderscore": "_",
    "Delta": "Δ",
    "uparrow": " ",
    "downarrow": " ",
    "newline": " ",
    "qquad": " ",
    "thinspace": "\u2009",
    "cdot": "×",
}
_SAME: Final = {
    **dict.fromkeys(("path", "nolinkurl"), "url"),
    **dict.fromkeys(("include", "subfile"), "input"),
    **dict.fromkeys(("renewcommand", "providecommand", "DeclareRobustCommand", "def", "gdef", "edef"), "newcommand"),
    "SI": "qty",
    "SIrange": "qtyrange",
    "addbibresource": "bibliography",
}
"""Commands that are read alike."""
_DEPTH: Final = 8


class TexReader:
    """Reads a document and what it includes into a `Source`."""

    def __init__(self, source: Source, read: Reader) -> None:
        self.source = source
        self._read = read
        self._macros: dict[str, str] = {}
        self._depth = 0

    def document(self, text: str, file: str, *, line: int = 1) -> None:
        """Read a whole file."""
        if file not in self.source.files:
            self.source.files.append(file)
        _Pass(self, text, file, line).run()

    def define(self, name: str, body: str) -> None:
        """Keep a macro without arguments, to be put in where it is used."""
        self._macros[name] = body

    def expand(self, name: str, file: str, line: int) -> bool:
        """Put in a macro that the document defined; its numbers count as those of the line that uses it."""
        body = self._macros.get(name)
        if body is None or self._depth >= _DEPTH:
            return body is not None
        self._depth += 1
        self.source.add(mark(CLAIM, f"\\{name}"), file, line)
        _Pass(self, body, file, line, fixed=True).run()
        self.source.add(mark(DONE), file, line)
        self._depth -= 1
        return True

    def include(self, name: str, file: str, line: int) -> None:
        """Read an included file in place."""
        tries = [name] if re.search(r"\.\w+$", name) else [f"{name}.tex", name]
        for wanted in tries:
            if wanted in self.source.files or self._depth >= _DEPTH:
                return
            text = self._read(wanted)
            if text is not None:
                self._depth += 1
                self.document(text, wanted)
                self._depth -= 1
                return
        self.source.missing.append((file, line, name))


class _Pass(Cursor):
    """One run over one text."""

    def __init__(self, reader: TexReader, text: str, file: str, line: int, *, fixed: bool = False) -> None:
        super().__init__(reader.source, text, file, line, fixed=fixed)
        self.reader = reader
        self.tables = 0

    def run(self) -> None:
        plain = re.compile(r"[^\\%{}&$~_^\n\-]+")
        while self.at < len(self.text):
            found = plain.match(self.text, self.at)
            if found:
                self.emit(found[0])
                self.at = found.end()
                continue
            self._special(self.text[self.at])

    def _special(self, char: str) -> None:
        if char == "\\":
            self._command()
        elif char == "%":
            self._comment()
        elif char == "\n":
            gap = re.compile(r"\n(?:[ \t]*\n)*").match(self.text, self.at)
            passed = gap[0] if gap else "\n"
            if passed.count("\n") > 1:
                self.emit(mark(PARAGRAPH))
            else:
                self.emit(" ")
            self.forward(self.at + len(passed))
        elif self.text.startswith("{,}", self.at):
            self.emit(",")
            self.at += 3
        else:
            if char == "&":
                self.emit(mark(CELL) if self.tables else "&")
            elif char == "~":
                self.emit("\u00a0")
            elif char == "-":
                dashes = re.compile(r"-+").match(self.text, self.at)
                length = len(dashes[0]) if dashes else 1
                self.emit({1: "-", 2: "–"}.get(length, "—"))
                self.at += length - 1
            elif char == "^":
                self.emit("^")
            self.at += 1

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        said = annotation_in(self.text[self.at + 1 : end])
        start = self.text.rfind("\n", 0, self.at) + 1
        alone = not self.text[start : self.at].strip()
        if said is not None:
            target = self.line + alone
            self.source.annotations.append(Annotation(file=self.file, line=self.line, target=target, text=said))
        self.forward(min(end + 1, len(self.text)) if alone else end)  # a line that is a comment ends no paragraph

    def inside(self, body: str) -> None:
        """Read an argument in place."""
        inner = _Pass(self.reader, body, self.file, self.line, fixed=True)
        inner.tables = self.tables
        inner.run()

    # Commands

    def _command(self) -> None:
        found = re.compile(r"\\([A-Za-z]+\*?|.|\n)", re.DOTALL).match(self.text, self.at)
        if not found:
            self.at += 1
            return
        name = found[1]
        self.forward(found.end())
        if not name[0].isalpha():
            self._symbol(name)
            return
        blanks = re.compile(r"[ \t]*").match(self.text, self.at)
        after = blanks.end() if blanks else self.at
        bare = name.rstrip("*")
        handler = getattr(self, f"_do_{_SAME.get(bare, bare)}", None)
        if handler is not None:
            handler()
        elif _CITE.fullmatch(name):
            self._cite()
        elif name in _WORDS:
            self.at = after
            self.emit(_WORDS[name])
        elif name in _SPACES:
            self.emit(_SPACES[name])
        elif name.rstrip("*") in _SKIPPED:
            self._skip(name.rstrip("*"))
        elif self.reader.expand(name, self.file, self.line):
            if self.text.startswith("{}", self.at):
                self.at += 2
        elif name in {"chapter", "section", "subsection", "subsubsection", "paragraph", "title", "item", "par"}:
            self.emit(mark(PARAGRAPH))
        else:
            self.options()

    def _symbol(self, name: str) -> None:
        if name == "\\":
            self.options()
            self.emit(mark(ROW) if self.tables else " ")
        elif name in "%&_#${}":
            self.emit(name)
        elif name in _SPACES:
            self.emit(_SPACES[name])
        elif name == "\n":
            self.emit(" ")

    def _skip(self, name: str) -> None:
        self.options()
        if self.text.startswith("(", self.at):
            self.forward(self.text.find(")", self.at) + 1 or len(self.text))
        for _ in range(_SKIPPED[name]):
            if self.group() is None:
                break
        if name in _KEEP_LAST and (body := self.group()) is not None:
            self.inside(body)

    def _cite(self) -> None:
        while True:
            self.options()
            keys = self.group()
            if keys is None:
                return
            self.emit(mark(CITE, ",".join(key.strip() for key in keys.split(","))))

    def _do_url(self) -> None:
        self.emit(mark(URL, _address(self.group() or "")))

    def _do_href(self) -> None:
        self.options()
        self.emit(mark(URL, _address(self.group() or "")))

    def _do_release(self) -> None:
        self.emit(f" {(self.group() or '').strip()} ")

    def _do_proofpress(self) -> None:
        claim = self.group() or ""
        self.emit(mark(CLAIM, claim.replace("\\_", "_").strip()))
        self.inside(self.group() or "")
        self.emit(mark(DONE))

    def _do_num(self) -> None:
        self.options()
        self.emit((self.group() or "").replace(" ", ""))

    def _do_qty(self) -> None:
        self._do_num()
        self.emit("\u2009")
        self.inside(self.group() or "")

    def _do_numrange(self) -> None:
        self._do_num()
        self.emit(" to ")
        self._do_num()

    def _do_qtyrange(self) -> None:
        self._do_numrange()
        self.inside(self.group() or "")

    def _do_multicolumn(self) -> None:
        span, _form, body = self.group() or "1", self.group(), self.group() or ""
        for number in range(min(int(span), 40) if span.strip().isdigit() else 1):
            if number:
                self.emit(mark(CELL))
            self.inside(body)

    def _do_multirow(self) -> None:
        self.options()
        self.group()
        self.options()
        self.group()
        self.inside(self.group() or "")

    def _do_tabularnewline(self) -> None:
        self.emit(mark(ROW))

    def _do_input(self) -> None:
        name = self.group()
        if name is None:
            found = re.compile(r"\s*(\S+)").match(self.text, self.at)
            name = found[1] if found else ""
            self.forward(found.end() if found else self.at)
        self.reader.include(name.strip(), self.file, self.line)

    def _do_bibliography(self) -> None:
        self.options()
        for name in (self.group() or "").split(","):
            self.source.bibliographies.append(name.strip() if name.strip().endswith(".bib") else f"{name.strip()}.bib")

    def _do_verb(self) -> None:
        if self.at < len(self.text):
            end = self.text.find(self.text[self.at], self.at + 1)
            self.forward(end + 1 if end > 0 else len(self.text))

    def _do_iffalse(self) -> None:
        end = self.text.find("\\fi", self.at)
        self.forward(end + 3 if end >= 0 else len(self.text))

    def _do_newcommand(self) -> None:
        found = re.compile(r"\*?\s*\{?\s*\\([A-Za-z@]+)\s*\}?").match(self.text, self.at)
        if not found:
            return
        self.forward(found.end())
        arguments = re.compile(r"\s*\[").match(self.text, self.at)
        self.options()
        line = self.line
        body = self.group()
        if body is None or arguments:
            return
        self.reader.define(found[1], body)
        self.emit(mark(PARAGRAPH))
        if "\n" not in body:
            self.source.add(mark(QUIET, found[1]), self.file, line)
            self.inside(body)
            self.emit(mark(PARAGRAPH))

    def _do_begin(self) -> None:
        name = (self.group() or "").strip()
        if name in _VERBATIM:
            end = self.text.find(f"\\end{{{name}}}", self.at)
            self.forward(end if end >= 0 else len(self.text))
            return
        self.options()
        if name in _TABLES:
            if name in {"tabular*", "tabularx", "tabulary"}:
                self.group()
            self.options()
            self.group()
            self.tables += 1
            self.emit(mark(TABLE))
        elif name in _FLOATS:
            self.emit(mark(PARAGRAPH))
            self.emit(mark(FLOAT))
        else:
            self.emit(mark(PARAGRAPH) if name in {"abstract", "itemize", "enumerate", "document", "quote"} else " ")

    def _do_end(self) -> None:
        name = (self.group() or "").strip()
        if name in _TABLES:
            self.tables = max(0, self.tables - 1)
            self.emit(mark(END))
        elif name in _FLOATS:
            self.emit(mark(UNFLOAT))
            self.emit(mark(PARAGRAPH))
        else:
            self.emit(mark(PARAGRAPH) if name in {"abstract", "itemize", "enumerate", "document", "quote"} else " ")


def _address(text: str) -> str:
    return re.sub(r"\\([%#&_~{}])", r"\1", text).strip()

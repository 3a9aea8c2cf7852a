"""`release-macros.tex`: a LaTeX macro for each number of a release, and tables made of these macros."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.pack import Evidence
from proofpress.papers.quotable import Field, Quotable, quotables, rounded

DECIMALS: Final = 4
_DIGITS: Final = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_SUFFIX: Final[dict[Field, str]] = {
    "value": "",
    "ci_low": "Low",
    "ci_high": "High",
    "ci_level": "Level",
    "n": "N",
    "baseline": "Baseline",
    "delta": "Delta",
}
_TEX: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        **{char: "\\" + char for char in "{}#$%&_"},
    }
)


def tex_text(text: str) -> str:
    """A text that LaTeX prints as it is."""
    return " ".join(text.split()).translate(_TEX)


def words(text: str) -> str:
    """Letters of a text, each word with a capital, digits in words: `macro_f1` is `MacroFOne`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    parts = re.findall(r"[A-Za-z]+|[0-9]", plain)
    return "".join(_DIGITS[int(part)] if part.isdigit() else part[0].upper() + part[1:] for part in parts)


@dataclass(frozen=True, kw_only=True)
class Macros:
    """The macros of one release.

    Values are rounded to `decimals`, ties to even; `prefix` stands before each name, by default the family's. Two
    releases of a family need prefixes of their own in one paper: LaTeX refuses to define a macro twice.
    """

    evidence: Evidence
    decimals: int = DECIMALS
    prefix: str = ""

    @cached_property
    def _rows(self) -> Sequence[MetricRow]:
        return self.evidence.evaluation.rows if self.evidence.evaluation else ()

    @cached_property
    def _names(self) -> dict[str, str]:
        """A metric's macro by its key. Of keys that would get one name, the later ones get a letter more."""
        first = words(self.prefix or self.evidence.release.family) or "Release"
        names: dict[str, str] = {}
        taken: set[str] = set()
        for row in self._rows:
            part = words(row.slice.dimension) + words(row.slice.value) if row.slice else ""
            name = wanted = first + words(row.name) + words(row.split) + part
            number = 0
            while any(name + suffix in taken for suffix in _SUFFIX.values()):
                number += 1
                name = wanted + "X" * number
            taken.update(name + suffix for suffix in _SUFFIX.values())
            names[row.key] = name
        return names

    def name(self, key: str, field: Field = "value") -> str:
        """The macro of a metric's number, with its backslash."""
        return f"\\{self._names[key]}{_SUFFIX[field]}"

    def text(self) -> str:
        """The file."""
        evidence, release = self.evidence, self.evidence.release
        lines = [
            "% LaTeX macros for the numbers of one release, made by Proofpress. Don't edit: make it again instead.",
            f"% Release {evidence.bundle_id}, version {_comment(release.version)}, pack {evidence.pack_id}",
            f"% Rounded to {self.decimals} decimals, ties to even; one that has fewer stands as recorded, and one",
            "% of which rounding would leave nothing in full.",
            "% 'proofpress check-paper' compares every line with the evidence that it names.",
            f"% proofpress: release {evidence.bundle_id}",
            r"\providecommand{\proofpress}[2]{#2}",
            "",
        ]
        lines += [self._definition(item) for item in quotables(self._rows)]
        return "\n".join([*lines, "", *self._tables()]) + "\n"

    def _definition(self, item: Quotable) -> str:
        short = rounded(item.value, self.decimals)
        said = "as recorded" if f"{short:f}" == f"{item.value:f}" else f"recorded {item.value:f}"
        shown = f"\\ensuremath{{{short:f}}}" if short < 0 else f"{short:f}"  # a minus sign, not a hyphen
        return (
            f"\\newcommand{{{self.name(item.row.key, item.field)}}}{{{shown}}}"
            f" % proofpress: {_comment(item.name)} of {self.evidence.bundle_id}; {said}"
        )

    def _tables(self) -> Iterator[str]:
        whole = [row for row in self._rows if row.slice is None and row.value is not None]
        first = words(self.prefix or self.evidence.release.family) or "Release"
        if whole:
            yield "% Tables are made of the macros above; they need nothing but LaTeX itself."
            yield from self._table(f"\\{first}MetricsTable", ("Metric", "Split"), whole)
        by_dimension: dict[tuple[str, str], list[MetricRow]] = {}
        for row in self._rows:
            if row.slice is not None and row.value is not None:
                by_dimension.setdefault((row.slice.dimension, row.split), []).append(row)
        for (dimension, split), rows in by_dimension.items():
            name = f"\\{first}SlicesTable{words(dimension)}{words(split)}"
            yield from self._table(name, (tex_text(dimension).capitalize(), "Metric"), rows)

    def _table(self, name: str, head: tuple[str, str], rows: Sequence[MetricRow]) -> Iterator[str]:
        yield f"\\newcommand{{{name}}}{{%"
        yield r"\begin{tabular}{llrrr}\hline"
        yield f"{head[0]} & {head[1]} & Value & Interval & $n$ \\\\ \\hline"
        for row in rows:
            labels = (row.name, row.split) if row.slice is None else (row.slice.value, row.name)
            interval = "--"
            if row.ci_low is not None and row.ci_high is not None:
                interval = f"{self.name(row.key, 'ci_low')} to {self.name(row.key, 'ci_high')}"
            cells = [*map(tex_text, labels), self.name(row.key), interval, self.name(row.key, "n")]
            yield " & ".join(cells) + r" \\"
        yield r"\hline\end{tabular}}"


def _comment(text: str) -> str:
    """A text within a comment of TeX: on one line."""
    return " ".join(text.split())

"""Papers of thirty quoted numbers, in several styles: all that were changed are reported, and nothing else."""

import random
import re
from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest

from paper_shelf import BIB, shelf
from proofpress.papers.check import PaperReport, check_paper
from proofpress.papers.library import CitedRelease

STYLES = Path(__file__).parent / "styles"
RELEASE = "digits-v0.3.0-mlp64-r1"
SEEDS = range(12)


@dataclass(frozen=True)
class Written:
    """A paper as it was written: its text, and the numbers that say something else than the evidence, by line."""

    text: str
    quoted: int
    changed: Counter[tuple[int, str]]


def shown(value: Decimal, form: str) -> str:
    """A value as a paper prints it: `3` decimals, `%1` per cent with a decimal, `abs4` without its sign."""
    if form.startswith("abs"):
        value, form = abs(value), form[3:]
    if form.startswith("%"):
        value, form = value * 100, form[1:]
    return f"{value.quantize(Decimal(1).scaleb(-int(form)), rounding=ROUND_HALF_EVEN):f}"


def write(template: str, release: CitedRelease, pick: random.Random | None) -> Written:
    """Fill a template in; with `pick`, some numbers are changed in their last digit or by much."""
    text, quoted = "", 0
    changed: Counter[tuple[int, str]] = Counter()
    for part in re.split(r"(@@.+?\|[%a-z\d]+@@)", template):
        if not part.startswith("@@"):
            text += part
            continue
        name, form = part[2:-2].rsplit("|", 1)
        quoted += 1
        right = shown(release.quotables[name].value, form)
        said = right
        if pick is not None and pick.random() < 0.3:
            step = Decimal(1).scaleb(int(Decimal(right).as_tuple().exponent))
            said = f"{Decimal(right) + step * pick.choice((1, -1, 2, 3, -4)):f}"
            if Decimal(said) < 0 < Decimal(right):
                said = f"{Decimal(right) + step:f}"
            changed[text.count("\n") + 1, said.lstrip("-")] += 1
        text += said
    return Written(text=text, quoted=quoted, changed=changed)


def checked(name: str, text: str) -> PaperReport:
    files = {"refs.bib": BIB}
    return check_paper(name, text, [], files.get, shelf())


def reported(report: PaperReport) -> Counter[tuple[int, str]]:
    """(line, number) of every number that is said to be wrong."""
    return Counter(
        (int(item.pointer.removeprefix("line ")), re.sub(r"[^\d.]", "", item.found))
        for item in report.findings
        if item.rule == "PAP001"
    )


@pytest.fixture(scope="module")
def release() -> CitedRelease:
    found = shelf().release(RELEASE)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["prose.tex", "claimed.tex", "quarto.qmd", "article.typ"])
def test_a_paper_that_quotes_right_passes(name: str, release: CitedRelease) -> None:
    paper = write((STYLES / name).read_text("utf-8"), release, None)
    report = checked(name, paper.text)
    assert [f"{item.rule} {item.pointer} {item.found} {item.expected}" for item in report.findings] == []
    assert paper.quoted >= 28
    assert len(report.quotes) >= paper.quoted


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["prose.tex", "claimed.tex", "quarto.qmd", "article.typ"])
def test_all_changed_numbers_are_reported_and_no_others(name: str, seed: int, release: CitedRelease) -> None:
    paper = write((STYLES / name).read_text("utf-8"), release, random.Random(seed))  # noqa: S311 - a repeatable choice
    report = checked(name, paper.text)
    if name.endswith(".typ"):  # a variable's number is quoted where the variable is used
        paper = moved(paper)
    assert sum(paper.changed.values()) > 0
    assert reported(report) == paper.changed
    assert {item.rule for item in report.findings} == {"PAP001"}


def moved(paper: Written) -> Written:
    lines = paper.text.split("\n")
    used = next(number for number, line in enumerate(lines, 1) if "#acc," in line)
    set_at = next(number for number, line in enumerate(lines, 1) if line.startswith("#let"))
    changed = Counter({(used if line == set_at else line, said): n for (line, said), n in paper.changed.items()})
    return Written(text=paper.text, quoted=paper.quoted, changed=changed)

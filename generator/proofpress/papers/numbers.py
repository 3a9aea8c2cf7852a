"""Numbers as papers print them, and whether one says the same as a recorded value."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

_SPACE: Final = "\u2009\u202f\u00a0"
_NUMBER: Final = re.compile(
    r"(?<![\w.@/])(?P<sign>[+\-−–]|\+/-)?"
    rf"(?P<digits>\d{{1,3}}(?:[{_SPACE}]\d{{3}})+(?:\.\d+)?(?!\d)|[1-9]\d{{0,2}}(?:,\d{{3}})+(?:\.\d+)?(?![\d,])"
    r"|\d+\.\d+|\d+,\d+(?![\d.])|\d+|\.\d+)"
    r"(?:[eE](?P<exponent>[+-]?\d+)|\s*[×x]\s*10\^?\{?(?P<power>[-−]?\d+)\}?)?"
    rf"(?![\w@/]|[.,]\d)(?P<percent>[\s{_SPACE}]?(?:%|per ?cent\b))?"
)
_DATE: Final = re.compile(r"\b\d{4}-\d\d(?:-\d\d)?\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A number in a text: where, its characters, its value and half a unit of its last digit."""

    start: int
    end: int
    text: str
    value: Decimal
    half: Decimal
    percent: bool
    signed: bool

    def says(self, actual: Decimal, *, scaled: bool) -> bool:
        """Whether the actual value, rounded to the digits that were printed, is this one. `scaled`: times a hundred."""
        wanted = actual * 100 if scaled else actual
        return abs(self.value - wanted) <= self.half


def numbers(text: str) -> Iterator[Quoted]:
    """The numbers of a text, dates left out; a sign counts only where nothing that could end a number stands before."""
    dates = [found.span() for found in _DATE.finditer(text)]
    for found in _NUMBER.finditer(text):
        if any(start <= found.start() < end for start, end in dates):
            continue
        start = found.start()
        sign = found["sign"] or ""
        before = text[:start].rstrip()[-1:]
        if sign and (before.isalnum() or before in {"%", ")", "]", "."}) and sign != "+":
            start += len(sign)
            sign = ""
        quoted = _quoted(found, sign, start, text)
        if quoted is not None:
            yield quoted


def _quoted(found: re.Match[str], sign: str, start: int, text: str) -> Quoted | None:
    digits = re.sub(rf"[{_SPACE}]", "", found["digits"])
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?", digits):
        digits = digits.replace(",", "")
    digits = digits.replace(",", ".")
    exponent = int((found["exponent"] or found["power"] or "0").replace("−", "-"))
    if abs(exponent) > 99:
        return None
    try:
        value = Decimal(digits).scaleb(exponent)
    except InvalidOperation:  # pragma: no cover - the pattern gives decimals
        return None
    decimals = len(digits.partition(".")[2])
    half = Decimal(1).scaleb(exponent - decimals) / 2
    negative = sign in {"-", "−", "–"}
    return Quoted(
        start=start,
        end=found.end(),
        text=text[start : found.end()].strip(),
        value=-value if negative else value,
        half=half,
        percent=found["percent"] is not None,
        signed=bool(sign),
    )

"""What a paper says of a release, number by number, and whether the evidence says so too."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from proofpress.papers.numbers import Quoted
from proofpress.papers.quotable import Quotable

How = Literal["claimed", "inferred"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A number of a paper with the recorded numbers that it may stand for; one of them must agree."""

    file: str
    line: int
    quoted: str
    how: How
    bundle_id: str
    candidates: tuple[Quotable, ...]
    agrees: bool

    @property
    def actual(self) -> str:
        """What the evidence says, with the number's name."""
        listed = [f"{item.value:f} ({item.name})" for item in self.candidates[:3]]
        return " or ".join(listed) + (" or others" if len(self.candidates) > 3 else "")


def judge(quoted: Quoted, candidates: Sequence[Quotable], *, percent: bool = False) -> bool:
    """Whether a quoted number is one of the recorded ones, as a fraction or in per cent."""
    return any(_agrees(quoted, item, percent) for item in candidates)


def _agrees(quoted: Quoted, item: Quotable, percent: bool) -> bool:
    fraction = item.unit.lower() in {"fraction", "ratio", "proportion", "probability", "1"}
    scaled = fraction and (quoted.percent or percent or (abs(quoted.value) > 1 and abs(item.value) <= 1))
    if item.field == "delta" and not quoted.signed:
        return quoted.says(abs(item.value), scaled=scaled) or quoted.says(item.value, scaled=scaled)
    if quoted.percent and not fraction and item.unit.lower() not in {"%", "percent", "per cent"}:
        return quoted.says(item.value, scaled=False) or quoted.says(item.value, scaled=True)
    return quoted.says(item.value, scaled=scaled)


def is_whole(value: Decimal) -> bool:
    """Whether a value is a whole number."""
    return value == value.to_integral_value()

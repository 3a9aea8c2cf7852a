"""The numbers of a release that a paper may quote, each under a name that stays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, Literal

from proofpress.evidence.evaluation import MetricRow

Field = Literal["value", "ci_low", "ci_high", "ci_level", "n", "baseline", "delta"]
FIELDS: Final[tuple[Field, ...]] = ("value", "ci_low", "ci_high", "ci_level", "n", "baseline", "delta")
ALIASES: Final[dict[str, Field]] = {
    **{name: name for name in FIELDS},
    "low": "ci_low",
    "high": "ci_high",
    "baseline_value": "baseline",
    "delta_vs_baseline": "delta",
}
"""What a number may be called after a metric's key and a full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotable:
    """One number of one metric row: `name` is `accuracy@test` for the value, `accuracy@test.ci_low` for another."""

    row: MetricRow
    field: Field
    value: Decimal

    @property
    def name(self) -> str:
        """The metric's key, and the field unless it is the value."""
        return self.row.key if self.field == "value" else f"{self.row.key}.{self.field}"

    @property
    def unit(self) -> str:
        """The unit of the number; a count has none, and the level of an interval is a fraction."""
        return {"n": "", "ci_level": "fraction"}.get(self.field, self.row.unit)


def quotables(rows: Sequence[MetricRow]) -> Iterator[Quotable]:
    """Every number of the rows; a row without a value has none."""
    for row in rows:
        if row.value is None:
            continue
        held = {
            "value": row.value,
            "ci_low": row.ci_low,
            "ci_high": row.ci_high,
            "ci_level": row.ci_level,
            "n": None if row.n is None else Decimal(row.n),
            "baseline": row.baseline_value,
            "delta": row.delta_vs_baseline,
        }
        for field in FIELDS:
            value = held[field]
            if value is not None:
                yield Quotable(row=row, field=field, value=Decimal(str(value)))


def rounded(value: Decimal, decimals: int) -> Decimal:
    """The value with at most so many decimals, ties to even; as it is when nothing would be left of it."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent <= decimals:
        return value
    short = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
    return short if short or not value else value

"""Confidence intervals: of proportions, of means, and of any statistic by drawing its examples again."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import ceil, floor
from random import Random
from typing import Final

Z: Final[Mapping[str, Decimal]] = {
    "0.90": Decimal("1.644853626951472715"),
    "0.95": Decimal("1.959963984540054236"),
    "0.99": Decimal("2.575829303548900761"),
}
"""Quantiles of the normal distribution for two-sided intervals, by level."""
Statistic = Callable[[Sequence[int]], float | None]
"""A value over the examples with these indices, which may repeat; None where they can't bear it."""


def bootstrap_interval(
    statistic: Statistic, n: int, *, level: str, resamples: int, seed: int
) -> tuple[float, float] | None:
    """Percentile bootstrap over `n` examples (Efron 1979): the same seed draws the same examples on every machine.

    Draws that can't bear the statistic are left out; None when they are more than half, or with a single example.
    The bounds are widened to the statistic of all examples where the draws lie to one side of it.
    """
    whole = statistic(range(n))
    if n < 2 or whole is None:
        return None
    draw = Random(seed).choices  # noqa: S311 - a recorded, reproducible seed is the point
    drawn = (statistic(draw(range(n), k=n)) for _ in range(resamples))
    values = sorted(value for value in drawn if value is not None)
    if 2 * len(values) < resamples:
        return None
    tail = (1 - float(level)) / 2
    low, high = (_quantile(values, share) for share in (tail, 1 - tail))
    return min(low, whole), max(high, whole)


def _quantile(values: Sequence[float], share: float) -> float:
    """The quantile of sorted values, interpolated between neighbours."""
    place = share * (len(values) - 1)
    below, above = floor(place), ceil(place)
    return values[below] + (values[above] - values[below]) * (place - below)

"""Confidence intervals that anyone can compute again: of a proportion, and of a mean."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from statistics import NormalDist


def quantile(level: Decimal) -> Decimal:
    """How many standard errors on either side hold this fraction of a normal distribution, to nine digits."""
    return Decimal(f"{NormalDist().inv_cdf(0.5 + float(level) / 2):.9f}")


def wilson_interval(hits: int, n: int, z: Decimal) -> tuple[Decimal, Decimal]:
    """Wilson's score interval of `hits` in `n` (Wilson 1927), inside 0 to 1."""
    with localcontext(prec=40):
        share, square = Decimal(hits) / n, z * z
        centre = share + square / (2 * n)
        spread = z * (share * (1 - share) / n + square / (4 * n * n)).sqrt()
        low, high = ((centre + sign * spread) / (1 + square / n) for sign in (-1, 1))
        return (Decimal(0) if hits == 0 else low), (Decimal(1) if hits == n else high)


def mean_interval(values: Sequence[Decimal], z: Decimal) -> tuple[Decimal, Decimal] | None:
    """Mean plus and minus z standard errors; None for a single value, which tells nothing of the spread."""
    n = len(values)
    if n < 2:
        return None
    with localcontext(prec=40):
        mean = sum(values, Decimal(0)) / n
        error = (sum(((value - mean) ** 2 for value in values), Decimal(0)) / (n - 1) / n).sqrt()
        return mean - z * error, mean + z * error

"""Paired tests of two releases on the same examples: exact McNemar for hits and misses, a bootstrap for other values.

Only sums of integers and decimal arithmetic: the same pairs and seed give the same digits on every machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from random import Random
from typing import Final

RESAMPLES: Final = 4_999
LEVEL: Final = Decimal("0.95")
LEAST_PAIRS: Final = 20
"""Fewer pairs say too little about how values vary."""
MOST_RESAMPLED: Final = 2_000
MOST_DISCORDANT: Final = 100_000
_Z: Final = Decimal("1.959964")
_WIDE: Final = Context(prec=50)

Value = Decimal | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """New minus old over `n` pairs: the mean, its 95 % interval, the two-sided p-value of no difference, the method."""

    n: int
    mean: Decimal
    low: Decimal
    high: Decimal
    p: Decimal
    method: str


class Untestable(Exception):  # noqa: N818 - it is no error: the reason is recorded
    """Why pairs can't be tested."""


def paired_difference(old: Sequence[Value], new: Sequence[Value], *, seed: bytes) -> Difference:
    """Test pairs of values for a difference. Raises `Untestable` when there are too few."""
    n = len(old)
    if n != len(new):
        raise ValueError("pairs need as many old as new values")
    if n < LEAST_PAIRS:
        raise Untestable(f"{n} pairs are fewer than the {LEAST_PAIRS} that a test needs")
    if {*old, *new} <= {0, 1}:
        gained = sum(was < now for was, now in zip(old, new, strict=True))
        lost = sum(was > now for was, now in zip(old, new, strict=True))
        if gained + lost <= MOST_DISCORDANT:
            return _mcnemar(n, gained, lost)
    numbers, scale = _integers([_WIDE.subtract(now, was) for was, now in zip(old, new, strict=True)])
    return _bootstrap(numbers, scale, seed) if n <= MOST_RESAMPLED else _normal(numbers, scale)


def _mcnemar(n: int, gained: int, lost: int) -> Difference:
    """Exact binomial test of the discordant pairs; interval of Bonett and Price (2012) for the paired difference."""
    discordant, few = gained + lost, min(gained, lost)
    tail = term = 1
    for k in range(1, few + 1):
        term = term * (discordant - k + 1) // k
        tail += term
    p = min(Decimal(1), _WIDE.divide(Decimal(2 * tail), _WIDE.power(2, discordant)))
    up, down = (_WIDE.divide(Decimal(count + 1), n + 2) for count in (gained, lost))
    centre = up - down
    half = _Z * _WIDE.sqrt(_WIDE.divide(up + down - centre * centre, n + 2))
    return Difference(
        n=n,
        mean=_WIDE.divide(Decimal(gained - lost), n),
        low=max(Decimal(-1), centre - half),
        high=min(Decimal(1), centre + half),
        p=p,
        method="exact McNemar test, Bonett-Price interval",
    )


def _integers(values: Sequence[Decimal]) -> tuple[list[int], int]:
    """Values as whole multiples of one power of ten, and the exponent of that power."""
    exponent = min((int(value.as_tuple().exponent) for value in values), default=0)
    exponent = min(exponent, 0)
    return [int(value.scaleb(-exponent, _WIDE)) for value in values], exponent


def _bootstrap(numbers: Sequence[int], exponent: int, seed: bytes) -> Difference:
    """Resample the differences around their mean.

    Resampled means spread less than means of new examples would: their deviations are widened by sqrt(n / (n - 1)),
    and by the quantile of Student's distribution over that of the normal one.
    """
    n, total = len(numbers), sum(numbers)
    draw = Random(seed).random  # noqa: S311 - a recorded, reproducible seed is the point
    deviations = sorted(sum([numbers[int(draw() * n)] for _ in range(n)]) - total for _ in range(RESAMPLES))
    widening = _WIDE.sqrt(_WIDE.divide(Decimal(n), n - 1)) * _student(n - 1) / _Z
    reached = abs(total) / widening
    beyond = sum(abs(deviation) >= reached for deviation in deviations)
    edge = (RESAMPLES + 1) * 25 // 1000
    return Difference(
        n=n,
        mean=_mean(total, n, exponent),
        low=_mean(total + deviations[edge - 1] * widening, n, exponent),
        high=_mean(total + deviations[-edge] * widening, n, exponent),
        p=_WIDE.divide(Decimal(beyond + 1), RESAMPLES + 1) if total else Decimal(1),
        method=f"paired bootstrap, {RESAMPLES} resamples",
    )


def _student(freedom: int) -> Decimal:
    """The 97.5 % quantile of Student's distribution by its expansion (Abramowitz and Stegun, 26.7.5), to 0.001."""
    z, v = _Z, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def _normal(numbers: Sequence[int], exponent: int) -> Difference:
    n, total = len(numbers), sum(numbers)
    squares = sum(number * number for number in numbers)
    spread = _WIDE.sqrt(_WIDE.divide(Decimal(n * squares - total * total), n - 1))  # of the sum
    p = 1.0 if total == 0 else 0.0 if spread == 0 else math.erfc(float(abs(total) / spread) / math.sqrt(2))
    return Difference(
        n=n,
        mean=_mean(total, n, exponent),
        low=_mean(total - _Z * spread, n, exponent),
        high=_mean(total + _Z * spread, n, exponent),
        p=Decimal(repr(p)),
        method="paired z test",
    )


def _mean(total: Decimal | int, n: int, exponent: int) -> Decimal:
    return _WIDE.divide(Decimal(total), n).scaleb(exponent, _WIDE)


def holm(p_values: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Holm's step-down correction: p-values that keep the chance of any false alarm among all of them."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [Decimal(1)] * len(p_values)
    least = Decimal(0)
    for rank, index in enumerate(order):
        least = max(least, min(Decimal(1), p_values[index] * (len(p_values) - rank)))
        adjusted[index] = least
    return tuple(adjusted)

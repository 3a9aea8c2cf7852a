"""The paired tests against scipy's, and laws that hold for any pairs."""

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from proofpress.gate import paired
from proofpress.gate.paired import LEAST_PAIRS, MOST_RESAMPLED, Difference, Untestable, holm, paired_difference

SEED = b"a seed"


def hits(gained: int, lost: int, same: int = 50) -> tuple[list[int], list[int]]:
    """Old and new hits with so many pairs that differ."""
    return [0] * gained + [1] * lost + [1] * same, [1] * gained + [0] * lost + [1] * same


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (3, 9), (10, 10), (2, 30), (400, 300), (0, 60)])
def test_mcnemar_is_the_exact_binomial_test(gained: int, lost: int) -> None:
    found = paired_difference(*hits(gained, lost), seed=SEED)
    p = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert float(found.p) == pytest.approx(p, rel=1e-9)
    assert found.mean == pytest.approx(Decimal(gained - lost) / (gained + lost + 50))
    assert found.low <= found.mean <= found.high
    assert found.method.startswith("exact McNemar")


def test_the_interval_of_hits_is_that_of_bonett_and_price() -> None:
    found = paired_difference(*hits(5, 15, 80), seed=SEED)
    up, down = 6 / 102, 16 / 102
    half = 1.959964 * (((up + down) - (up - down) ** 2) / 102) ** 0.5
    assert float(found.low) == pytest.approx(up - down - half, abs=1e-9)
    assert float(found.high) == pytest.approx(up - down + half, abs=1e-9)


def normal_pairs(n: int, effect: float, seed: int = 7) -> tuple[list[Decimal], list[Decimal]]:
    """Losses with six decimals, the new ones shifted by an effect."""
    draw = random.Random(seed)  # noqa: S311 - pairs that are the same each time
    old = [Decimal(f"{draw.gauss(1, 0.3):.6f}") for _ in range(n)]
    return old, [value + Decimal(f"{draw.gauss(effect, 0.1):.6f}") for value in old]


@pytest.mark.parametrize("n", [60, 400, MOST_RESAMPLED + 1])
@pytest.mark.parametrize("effect", [0.0, 0.01])
def test_other_values_come_close_to_the_t_test(n: int, effect: float) -> None:
    old, new = normal_pairs(n, effect)
    found = paired_difference(old, new, seed=SEED)
    known = stats.ttest_rel([float(value) for value in new], [float(value) for value in old])
    interval = known.confidence_interval(0.95)
    width = interval.high - interval.low
    assert float(found.low) == pytest.approx(interval.low, abs=width / 15)
    assert float(found.high) == pytest.approx(interval.high, abs=width / 15)
    assert float(found.p) == pytest.approx(known.pvalue, abs=0.03)
    assert found.method == ("paired z test" if n > MOST_RESAMPLED else "paired bootstrap, 4999 resamples")


def test_the_same_seed_gives_the_same_digits_and_another_seed_others() -> None:
    old, new = normal_pairs(100, 0.01)
    first = paired_difference(old, new, seed=SEED)
    assert first == paired_difference(old, new, seed=SEED)
    assert first.low != paired_difference(old, new, seed=b"another").low
    assert str(first.low).startswith("-0.00271802683158")


def test_too_few_pairs_are_not_tested() -> None:
    with pytest.raises(Untestable, match="19 pairs are fewer than the 20"):
        paired_difference([1] * (LEAST_PAIRS - 1), [0] * (LEAST_PAIRS - 1), seed=SEED)
    with pytest.raises(ValueError, match="as many old as new"):
        paired_difference([1] * 30, [0] * 29, seed=SEED)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=20, max_size=40))
def test_swapping_the_sides_mirrors_the_difference(pairs: list[tuple[int, int]]) -> None:
    paired_resamples, paired.RESAMPLES = paired.RESAMPLES, 199  # type: ignore[misc]
    try:
        old, new = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        there, back = paired_difference(old, new, seed=SEED), paired_difference(new, old, seed=SEED)
    finally:
        paired.RESAMPLES = paired_resamples  # type: ignore[misc]
    assert there.mean == back.mean.copy_negate()
    assert there.p == back.p
    assert there.low <= there.mean <= there.high


@pytest.mark.parametrize("freedom", [19, 29, 99, 1999])
def test_students_quantile_is_scipys(freedom: int) -> None:
    assert float(paired._student(freedom)) == pytest.approx(stats.t.ppf(0.975, freedom), abs=1e-4)


def test_equal_sides_show_no_difference() -> None:
    old, _new = normal_pairs(50, 0)
    found = paired_difference(old, old, seed=SEED)
    assert (found.mean, found.low, found.high, found.p) == (0, 0, 0, 1)
    constant = paired_difference([1] * 5000, [3] * 5000, seed=SEED)
    assert isinstance(constant, Difference)
    assert (constant.mean, constant.p) == (2, 0)


def test_holm_is_the_step_down_correction() -> None:
    assert holm([Decimal("0.01"), Decimal("0.04"), Decimal("0.03")]) == (
        Decimal("0.03"),
        Decimal("0.06"),
        Decimal("0.06"),
    )
    assert holm([]) == ()
    assert holm([Decimal("0.9"), Decimal("0.9")]) == (1, 1)


@given(st.lists(st.decimals("0", "1", places=4), max_size=20))
def test_holm_keeps_the_order_and_never_lowers(values: list[Decimal]) -> None:
    adjusted = holm(values)
    assert all(new >= old and new <= 1 for old, new in zip(values, adjusted, strict=True))
    order = sorted(range(len(values)), key=lambda index: values[index])
    assert [adjusted[index] for index in order] == sorted(adjusted)

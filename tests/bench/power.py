"""How often the paired tests cry wolf, and how often they see one: python tests/bench/power.py [--trials 400]

Synthetic pairs with a known effect, tested at 5 % by Proofpress and, on the same pairs, by scipy. Prints a table.
"""

import argparse
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from scipy import stats

from proofpress.gate.paired import holm, paired_difference

ALPHA = Decimal("0.05")
SLICES = 20
Pairs = tuple[list[Decimal | int], list[Decimal | int]]


def hits(draw: random.Random, n: int, effect: float) -> Pairs:
    """Hits and misses of two models that differ on a tenth of the examples; the new one hits `effect` more often."""
    old: list[Decimal | int] = []
    new: list[Decimal | int] = []
    for _ in range(n):
        chance = draw.random()
        gained, lost = chance < 0.05 + effect / 2, 0.05 + effect / 2 <= chance < 0.10
        same = int(draw.random() < 0.9)
        old.append(0 if gained else 1 if lost else same)
        new.append(1 if gained else 0 if lost else same)
    return old, new


def losses(noise: Callable[[random.Random], float]) -> Callable[[random.Random, int, float], Pairs]:
    """Losses with six decimals, the new ones moved by an effect and by noise of mean 0 and deviation 1."""

    def make(draw: random.Random, n: int, effect: float) -> Pairs:
        old = [Decimal(f"{draw.expovariate(1):.6f}") for _ in range(n)]
        return [*old], [value + Decimal(f"{effect + noise(draw):.6f}") for value in old]

    return make


def skewed(draw: random.Random) -> float:
    """Exponential noise: most examples gain a little, a few lose much."""
    return draw.expovariate(1) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One line of the table."""

    name: str
    make: Callable[[random.Random, int, float], Pairs]
    n: int
    effect: float
    peer: str


DESIGNS = tuple(
    Design(name=name, make=make, n=n, effect=effect, peer=peer)
    for name, make, peer, effects in (
        ("hits and misses", hits, "binomtest", ((50, 0.08), (200, 0.06), (1000, 0.03))),
        ("losses, normal", losses(lambda draw: draw.gauss(0, 1)), "ttest_rel", ((30, 0.5), (200, 0.2))),
        ("losses, skewed", losses(skewed), "ttest_rel", ((30, 0.5), (200, 0.2))),
        ("losses, normal, many", losses(lambda draw: draw.gauss(0, 1)), "ttest_rel", ((2500, 0.06),)),
    )
    for n, shown in effects
    for effect in (0.0, shown)
)


def peer_p(name: str, old: Sequence[Decimal | int], new: Sequence[Decimal | int]) -> float:
    """The p-value that scipy gives the same pairs."""
    if name == "ttest_rel":
        return float(stats.ttest_rel([float(value) for value in new], [float(value) for value in old]).pvalue)
    gained = sum(was < now for was, now in zip(old, new, strict=True))
    lost = sum(was > now for was, now in zip(old, new, strict=True))
    return float(stats.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def measured(design: Design, trials: int) -> tuple[float, float, float]:
    """Share of trials that are called different, by Proofpress and by scipy, and how often the interval holds."""
    draw = random.Random(f"{design.name} {design.n} {design.effect}")  # noqa: S311 - the same pairs each time
    own = peer = held = 0
    for trial in range(trials):
        old, new = design.make(draw, design.n, design.effect)
        found = paired_difference(old, new, seed=f"{design.name} {trial}".encode())
        own += found.p < ALPHA
        peer += peer_p(design.peer, old, new) < ALPHA
        held += found.low <= Decimal(repr(design.effect)) <= found.high
    return own / trials, peer / trials, held / trials


def families(trials: int) -> tuple[float, float]:
    """Share of releases with any false alarm among 20 slices without effect: uncorrected, and after Holm."""
    draw = random.Random("slices")  # noqa: S311 - the same pairs each time
    plain = corrected = 0
    for _ in range(trials):
        values = [paired_difference(*hits(draw, 200, 0.0), seed=b"").p for _ in range(SLICES)]
        plain += min(values) < ALPHA
        corrected += min(holm(values)) < ALPHA
    return plain / trials, corrected / trials


def lines(trials: int) -> Iterator[str]:
    """The table; few pairs are tried more often, for they are cheap, and it is there that tests err."""
    yield "| pairs | n | effect | trials | called different | by scipy | interval holds the effect |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for design in DESIGNS:
        count = trials * max(1, 200 // design.n)
        own, peer, held = (f"{100 * share:.1f} %" for share in measured(design, count))
        effect = "none (false alarms)" if not design.effect else f"{design.effect} (power)"
        yield f"| {design.name} | {design.n} | {effect} | {count} | {own} | {peer} ({design.peer}) | {held} |"
    error = 1.96 * math.sqrt(0.05 * 0.95 / trials)
    yield f"a rate of 5 % is known to ±{100 * error:.1f} points by {trials} trials"
    plain, corrected = (f"{100 * share:.1f} %" for share in families(trials))
    yield f"any false alarm among {SLICES} slices of 200: {plain} without correction, {corrected} after Holm"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=400)
    for line in lines(parser.parse_args().trials):
        print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

"""How often paired tests and gates cry wolf, and how often they see one: python tests/bench/power.py [--trials 400]

Synthetic pairs with a known effect, tested at 5 % by Proofpress and, on the same pairs, by scipy; then whole releases
of one metric and its slices, judged by the gate on regressions. Prints two tables.
"""

import argparse
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from diff.releases import part, row, sha256
from gate.cases import NEW, OLD, case, gates
from proofpress.evidence.attestation import PairedComparison, Party, RowDifference
from proofpress.evidence.gates import Gates
from proofpress.evidence.values import Number
from proofpress.gate.gate import run_gate
from proofpress.gate.gates_metrics import regressions
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


JUDGES = ("value", "significant", "non-inferior")
LIMIT, SLICE_LIMIT = Decimal("0.02"), Decimal("0.05")
FALLS = (0.0, 0.01, 0.03, 0.05)
EXAMPLES, PARTS = (1000, 4000), 5


def release(
    draw: random.Random, examples: int, fall: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], PairedComparison]:
    """Rows before and after of a metric and its slices, where hits fell by `fall` in all, and their paired tests."""
    old, new = hits(draw, examples, -fall)
    before, after, tests = [], [], []
    for index in range(PARTS + 1):
        chosen = slice(0, None) if index == 0 else slice(index - 1, None, PARTS)
        pair = old[chosen], new[chosen]
        n = len(pair[0])
        fields: dict[str, Any] = {"n": n, "evaluated_keys_sha256": sha256(str(index))}
        if index:
            fields["slice"] = part("part", str(index))
        for rows, values in ((before, pair[0]), (after, pair[1])):
            rows.append(row(value=f"{sum(values) / Decimal(n):.6f}", **fields))
        found = paired_difference(*pair, seed=b"")
        tests.append(
            RowDifference.model_validate(
                {
                    "name": "accuracy",
                    "split": "test",
                    "field": "correct",
                    "n": n,
                    "method": found.method,
                    **({"slice": fields["slice"]} if index else {}),
                    "difference": number(found.mean),
                    "ci_low": number(found.low),
                    "ci_high": number(found.high),
                    "p_value": number(found.p),
                    "p_adjusted": number(found.p),
                }
            )
        )
    sides = [Party(bundle_id=name, pack_id=f"sha256:{sha256(name)}") for name in (OLD, NEW)]
    said: dict[str, Any] = {"schema": "proofpress.comparison/1", "generated_by": "bench", "correction": "Holm"}
    said |= {"old": sides[0], "new": sides[1], "level": Number("0.95"), "resamples": 0, "untested": ()}
    return before, after, PairedComparison(**said, rows=tuple(tests))


def number(value: Decimal) -> Number:
    """A number of evidence, of six decimals."""
    return Number(f"{value:.6f}")


def policy(judge: str) -> Gates:
    """A limit for the metric and one for each of its slices, all judged in one way."""
    limit = {"metric": "accuracy", "split": "test", "absolute": Number(str(LIMIT)), "judge": judge}
    return gates(regressions=[limit, {**limit, "slice": "part=*", "absolute": Number(str(SLICE_LIMIT))}])


def refusals(examples: int, fall: float, trials: int) -> list[float]:
    """Share of releases that the gate on regressions refuses, by each way of judging."""
    draw = random.Random(f"gate {examples} {fall}")  # noqa: S311 - the same releases each time
    refused = dict.fromkeys(JUDGES, 0)
    policies = {judge: policy(judge) for judge in JUDGES}
    for _ in range(trials):
        before, after, tests = release(draw, examples, fall)
        for judge, chosen in policies.items():
            made = case(before, after, policy=chosen, computed=tests)
            refused[judge] += any(item.verdict != "pass" for item in run_gate(regressions, made))
    return [refused[judge] / trials for judge in JUDGES]


def gate_lines(trials: int) -> Iterator[str]:
    """The second table, of releases whose examples lie in five slices."""
    yield f"| examples | true fall | releases | {' | '.join(f'`{judge}` refuses' for judge in JUDGES)} |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for examples in EXAMPLES:
        for fall in FALLS:
            shares = " | ".join(f"{100 * share:.1f} %" for share in refusals(examples, fall, trials))
            yield f"| {examples} | {fall or 'none'} | {trials} | {shares} |"


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
    trials = parser.parse_args().trials
    for line in (*lines(trials), "", *gate_lines(trials)):
        print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

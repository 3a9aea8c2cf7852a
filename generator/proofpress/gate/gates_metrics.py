"""GAT003 to GAT006: thresholds, the release's own targets, limits of regression, slices of enough examples."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from proofpress.diff.change import exact_delta
from proofpress.diff.metrics import intervals_overlap, obstacles_between, unit_class
from proofpress.evidence.attestation import DecisionVerdict, GateDecision
from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.gates import Regression, Threshold
from proofpress.gate.gate import EVALUATION, POLICY, GateCase, decision, gate, is_for, worded

ALPHA: Final = Decimal("0.05")


@gate("GAT003", "Thresholds are reached")
def thresholds(case: GateCase) -> Iterator[GateDecision]:
    """A row that the policy sets a threshold for falls short of it, is measured on too few examples, in another unit,
    or is absent. A threshold that no row matches is not decided: a metric that is not measured, or that the policy
    misspells, has not reached anything.

    Mend it by a release that reaches the threshold, or correct the name in `packs/policy.yaml`.
    """
    for threshold in case.gates.thresholds:
        yield from judged_threshold(case, threshold)


def judged_threshold(case: GateCase, threshold: Threshold) -> Iterator[GateDecision]:
    """The decisions on one threshold: one for each row that it is for."""
    expected = f"{threshold.op} {threshold.value} {threshold.unit}"
    chosen = [row for rows in case.rows.values() for row in rows if is_for(threshold, row)]
    if not chosen:
        why = "no row of the release has this metric, split and slice"
        yield decision("not decided", threshold.key, expected=expected, found="no such row", why=why, file=POLICY)
    for row in chosen:
        found = told(row)
        verdict: DecisionVerdict = "not decided"
        if row.value is None:
            why = f"the value is absent ({row.absent.code}: {row.absent.reason})" if row.absent else "no value"
        elif len(case.rows[row.key]) > 1:
            why = "the row stands more than once"
        elif row.unit != threshold.unit:
            why = f"the threshold is in '{threshold.unit}', the row in '{row.unit}'"
        elif unit_class(row.unit) == "fraction" and row.value.copy_abs() > 1:
            why = f"{row.value} is no {row.unit}; it looks like percent"
        elif row.n is None and threshold.least_n:
            why = "nothing says on how many examples it was measured"
        elif row.n is not None and row.n < threshold.least_n:
            verdict, why = "deny", f"measured on {row.n} examples, fewer than {threshold.least_n}"
        else:
            reached = row.value >= threshold.value if threshold.op == ">=" else row.value <= threshold.value
            verdict, why = ("pass", "the value reaches it") if reached else ("deny", "the value falls short of it")
        yield decision(verdict, row.key, expected=expected, found=found, why=why)


def told(row: MetricRow) -> str:
    """A row's value with its unit and count."""
    return f"{row.value} {row.unit} (n = {row.n})" if row.value is not None else "absent"


@gate("GAT004", "The release reaches its own targets")
def targets(case: GateCase) -> Iterator[GateDecision]:
    """A row falls short of the target that the release set itself. The policy says, in `own_targets`, whether that
    refuses or warns; without a word of it, it warns.

    Mend it by a release that reaches its target. Lowering the target is a change that is judged by itself.
    """
    missed = worded(case.gates.own_targets)
    for rows in case.rows.values():
        for row in rows:
            if row.target is None:
                continue
            expected = f"{row.target.op} {row.target.value}"
            if row.value is None:
                verdict, why = missed, "the value is absent"
            elif row.value >= row.target.value if row.target.op == ">=" else row.value <= row.target.value:
                verdict, why = "pass", "the value reaches it"
            else:
                verdict, why = missed, "the value falls short of the release's own target"
            yield decision(verdict, row.key, expected=expected, found=told(row), why=why)


@gate("GAT005", "Nothing falls further than its limit", compares=True)
def regressions(case: GateCase) -> Iterator[GateDecision]:
    """A row that the policy limits fell further behind the baseline than it may: by its measured difference (`value`),
    by a difference that a test shows to be real (`significant`: the paired test of the same examples with Holm's
    correction for all rows that are judged so, else intervals that do not overlap), or because the interval of the
    paired difference reaches beyond the limit (`non-inferior`). Of an absolute and a relative limit, both count.

    A row that is gone is refused, so that no slice gets lost by a new name. Rows on other examples, in another unit or
    without a declared direction are not decided, and so is a limit that no row of the baseline matches.

    Mend it by a better release, or by measuring on the same examples in the same unit.
    """
    for limit in case.gates.regressions:
        chosen = [row for rows in case.old_rows.values() for row in rows if is_for(limit, row)]
        if not chosen:
            why = "no row of the baseline has this metric, split and slice"
            yield decision(
                "not decided", limit.key, expected=allowed_text(limit), found="no such row", why=why, file=POLICY
            )
        for was in chosen:
            verdict, found, why = _judged(case, limit, was)
            yield decision(verdict, was.key, expected=allowed_text(limit), found=found, why=why)


def allowed_text(limit: Regression) -> str:
    """The limit in words."""
    return f"worse by at most {limit.text}, judged by {limit.judge}"


def _judged(case: GateCase, limit: Regression, was: MetricRow) -> tuple[DecisionVerdict, str, str]:
    rows = case.rows.get(was.key, [])
    if not rows:
        return "deny", "no such row", f"the baseline measured {told(was)}; the release no longer does"
    now = rows[0]
    found = f"{was.value} → {now.value} {now.unit}"
    if len(rows) > 1 or len(case.old_rows[was.key]) > 1:
        return "not decided", found, "the row stands more than once"
    both_absent = was.value is None and now.value is None and was.absent == now.absent
    if both_absent:
        return "pass", "absent", "both releases say, for the same reason, that there is no value"
    if reasons := obstacles_between(was, now):
        return "not decided", found, f"not comparable, because {'; '.join(reasons)}"
    if now.slice and now.n is not None and now.n < case.gates.least_slice_n:
        return "warn", found, f"{now.n} examples are fewer than the {case.gates.least_slice_n} of a slice to judge"
    if now.higher_is_better is None or was.value is None or now.value is None:
        return "not decided", found, "the row does not say whether higher is better"
    delta = exact_delta(was.value, now.value)
    fall = -delta if now.higher_is_better else delta
    return _weighed(case, limit, was, now, fall, limit.allowed(was.value), found)


def _weighed(
    case: GateCase, limit: Regression, was: MetricRow, now: MetricRow, fall: Decimal, allowed: Decimal, found: str
) -> tuple[DecisionVerdict, str, str]:
    """How the way of judging that the policy chose sees a fall."""
    test = case.tests.get(now.key)
    moved = "it did not get worse" if fall <= 0 else f"it got worse by {fall}"
    if limit.judge == "non-inferior":
        if test is None:
            return "not decided", found, f"{moved}, but no paired test gives the interval of the difference"
        worst = -test.ci_low if now.higher_is_better else +test.ci_high
        told_test = f"the interval of the paired difference reaches from {test.ci_low} to {test.ci_high}"
        return ("pass" if worst <= allowed else "deny"), found, f"{moved}; {told_test}"
    if fall <= allowed:
        return "pass", found, f"{moved}, which is within the limit"
    if limit.judge == "value":
        return "deny", found, f"{moved}, which is beyond the limit"
    if test is not None:
        p = case.corrected[now.key]
        real = p < ALPHA
        rows = f"{len(case.corrected)} limited rows"
        told_test = f"p = {p:.3g} after Holm's correction for {rows} ({test.method}, {test.n} pairs)"
        return ("deny" if real else "pass"), found, f"{moved}; {told_test}"
    if was.per_sample is not None and now.per_sample is None:
        return "not decided", found, f"{moved}, and the release no longer holds the per-example results to test that"
    overlap = intervals_overlap(was, now)
    if overlap is None:
        return "not decided", found, f"{moved}, and neither a paired test nor intervals say whether that is real"
    words = "the intervals overlap" if overlap else "the intervals do not overlap"
    return ("pass" if overlap else "deny"), found, f"{moved}; {words} (no paired test)"


@gate("GAT006", "Slices hold enough examples")
def slices(case: GateCase) -> Iterator[GateDecision]:
    """A slice that held enough examples in the baseline holds fewer than `least_slice_n` of the policy: whatever went
    wrong in it can't be seen any more. Slices that are new or were as small before are told.

    Mend it by evaluating on as many examples as before.
    """
    least = case.gates.least_slice_n
    if not least:
        return
    enough = 0
    for key, row in _first_of_each_slice(case.rows.values()):
        if row.n is None:
            continue
        if row.n >= least:
            enough += 1
            continue
        same = (was for rows in case.old_rows.values() for was in rows if _slice_of(was) == key)
        held = [was.n for was in same if was.n is not None]
        before = max(held, default=None)
        fell = before is not None and before >= least
        why = f"it held {before} before" if fell else "it is new" if before is None else "it was as small before"
        subject = f"{row.split}[{key[1]}]"
        yield decision("deny" if fell else "warn", subject, expected=f"n >= {least}", found=f"n = {row.n}", why=why)
    if enough:
        why = "each holds enough examples to be judged"
        yield decision("pass", "slices", expected=f"n >= {least}", found=f"{enough} slices", why=why, file=EVALUATION)


def _slice_of(row: MetricRow) -> tuple[str, str] | None:
    return (row.split, f"{row.slice.dimension}={row.slice.value}") if row.slice else None


def _first_of_each_slice(rows: Iterable[list[MetricRow]]) -> Iterator[tuple[tuple[str, str], MetricRow]]:
    """The row of fewest examples of each slice."""
    least: dict[tuple[str, str], MetricRow] = {}
    for row in (row for same in rows for row in same):
        key = _slice_of(row)
        if key is None:
            continue
        known = least[key].n if key in least else None
        if key not in least or (row.n is not None and (known is None or row.n < known)):
            least[key] = row
    yield from least.items()


GATES = (thresholds, targets, regressions, slices)

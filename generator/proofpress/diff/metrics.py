"""Metric rows of two evaluations: what moved, and what must not be compared."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Context, Decimal
from types import MappingProxyType
from typing import Final, Literal

from proofpress.diff.change import Change, Direction, exact_delta, not_comparable, relative_delta
from proofpress.evidence.attestation import RowDifference
from proofpress.evidence.evaluation import EvalMetrics, MetricRow, Target
from proofpress.evidence.values import Number

NO_TESTS: Final[Mapping[str, RowDifference]] = MappingProxyType({})
_Key = tuple[str, str, tuple[str, str] | None]
_PERCENT = frozenset({"percent", "percentage", "percentages", "pct", "%"})
_FRACTION = frozenset({"fraction", "ratio", "proportion", "share", "probability", "1"})
_LISTED = 5
_TENTH, _HUNDRED = Decimal("0.1"), Decimal(100)
_ROUGH = Context(prec=28)


def compare_rows(
    old: EvalMetrics | None,
    new: EvalMetrics | None,
    *,
    same_pack: bool,
    tests: Mapping[str, RowDifference] = NO_TESTS,
    least_slice_n: int = 0,
) -> tuple[tuple[Change, ...], int]:
    """Compare all rows of two evaluations. Returns the changes and how many rows are unchanged.

    `tests` are what was recorded of the rows' differences, by key. A slice of fewer than `least_slice_n` examples
    has its difference told, but no direction: somebody has to judge it.
    """
    before, after = _by_key(old), _by_key(new)
    changes: list[Change] = []
    rebased: dict[tuple[str | None, str | None], list[str]] = {}
    unchanged = 0
    for key in before.keys() & after.keys():
        was, now = before[key], after[key]
        if same_pack and was == now:
            unchanged += len(now)
        elif len(was) > 1 or len(now) > 1:
            reason = f"the row stands {len(was)} times in the old release and {len(now)} times in the new one"
            changes.append(_apart(was[0], now[0], (reason,)))
        else:
            moved = [_weighed(item, now[0], tests, least_slice_n) for item in _compare(was[0], now[0])]
            changes += moved
            if was[0].baseline != now[0].baseline:
                rebased.setdefault((was[0].baseline, now[0].baseline), []).append(now[0].key)
            elif not moved:
                unchanged += 1
    gone = [row for key in before.keys() - after.keys() for row in before[key]]
    fresh = [row for key in after.keys() - before.keys() for row in after[key]]
    changes += _rebased(rebased)
    changes += _lone(gone, fresh)
    return tuple(changes), unchanged


def _weighed(change: Change, row: MetricRow, tests: Mapping[str, RowDifference], least: int) -> Change:
    """A moved value with the test of its difference, and without direction when its slice is too small."""
    if not change.code.endswith("-CHANGED") or change.delta is None:
        return change
    if (test := tests.get(row.key)) is not None:
        interval = f"{test.difference} on average, {test.ci_low} to {test.ci_high}"
        told = f" By {test.method} over {test.n} pairs: {interval}, p = {test.p_value}"
        corrected = f" ({test.p_adjusted} corrected for all rows)." if test.p_adjusted != test.p_value else "."
        change = replace(change, test=test, explanation=change.explanation + told + corrected)
    if row.slice and row.n is not None and row.n < least:
        sentence = f"{row.key} moved by {change.delta} on {row.n} examples, fewer than the {least} of a slice to judge."
        return replace(change, code="SLC-BELOW-MINIMUM", direction="unknown", explanation=sentence)
    return change


def _by_key(evaluation: EvalMetrics | None) -> dict[_Key, list[MetricRow]]:
    rows: dict[_Key, list[MetricRow]] = {}
    for row in evaluation.rows if evaluation else ():
        part = (row.slice.dimension, row.slice.value) if row.slice else None
        rows.setdefault((row.name, row.split, part), []).append(row)
    return rows


def _lone(gone: Iterable[MetricRow], fresh: Iterable[MetricRow]) -> list[Change]:
    """Rows of one side only. A row that merely moved to another split is one change, not two."""
    moved: dict[tuple[str, str], tuple[list[MetricRow], list[MetricRow]]] = {}
    for side, rows in enumerate((gone, fresh)):
        for row in rows:
            part = f"{row.slice.dimension}={row.slice.value}" if row.slice else ""
            moved.setdefault((row.name, part), ([], []))[side].append(row)
    changes: list[Change] = []
    for was, now in moved.values():
        if len(was) == len(now) == 1:
            reason = f"the split differs: '{was[0].split}' before, '{now[0].split}' now"
            changes.append(_apart(was[0], now[0], (reason, *obstacles_between(was[0], now[0]))))
            continue
        changes += [
            _change(row, "REMOVED", row, None, "unknown", f"{row.key} is no longer reported; it was {_told(row)}.")
            for row in was
        ]
        changes += [
            _change(row, "ADDED", None, row, "neutral", f"{row.key} is reported for the first time: {_told(row)}.")
            for row in now
        ]
    return changes


def _compare(was: MetricRow, now: MetricRow) -> list[Change]:
    changes: list[Change] = []
    both_absent = was.value is None and now.value is None and was.absent == now.absent
    obstacles = () if both_absent or _same_unstated(was, now) else obstacles_between(was, now)
    if obstacles:
        changes.append(_apart(was, now, obstacles))
    elif was.value is not None and now.value is not None and was.value != now.value:
        changes.append(_moved(was, now, was.value, now.value))
    elif _interval(was) != _interval(now):
        sentence = f"{now.key} is still {_told(now)}, but its interval is another."
        changes.append(_change(now, "INTERVAL-CHANGED", _interval_text(was), _interval_text(now), "neutral", sentence))
    if was.target != now.target:
        changes.append(_retargeted(was, now))
    if not obstacles and was.baseline == now.baseline and was.baseline_value != now.baseline_value:
        sentence = f"The value of {now.key}'s baseline is another, on the same examples."
        changes.append(_change(now, "BASELINE-CHANGED", _baseline_text(was), _baseline_text(now), "neutral", sentence))
    return changes


def _rebased(rows: dict[tuple[str | None, str | None], list[str]]) -> list[Change]:
    """Rows that are compared with another baseline than before: one change for each pair of baselines."""
    changes: list[Change] = []
    for (was, now), keys in rows.items():
        more = f" and {len(keys) - _LISTED} more" if len(keys) > _LISTED else ""
        count = "1 row is" if len(keys) == 1 else f"{len(keys)} rows are"
        sentence = f"{count} compared with {now or 'no baseline'} instead of {was or 'no baseline'}"
        changes.append(
            Change(
                code="MTR-BASELINE-CHANGED",
                kind="metric",
                subject="baseline",
                old=was,
                new=now,
                explanation=f"{sentence}: {', '.join(sorted(keys)[:_LISTED])}{more}.",
            )
        )
    return changes


def _same_unstated(was: MetricRow, now: MetricRow) -> bool:
    """Whether two imported rows, which state no examples, say the very same: then nothing needs to be judged."""
    no_examples = was.n is None and now.n is None
    return no_examples and (was.value, was.unit, was.higher_is_better) == (now.value, now.unit, now.higher_is_better)


def obstacles_between(was: MetricRow, now: MetricRow) -> tuple[str, ...]:
    """Why the two values must not be subtracted from each other."""
    reasons: list[str] = []
    for side, row in (("old", was), ("new", now)):
        if row.value is None:
            why = f"{row.absent.code}: {row.absent.reason}" if row.absent else "no reason is given"
            reasons.append(f"the {side} value is absent ({why})")
    if flip := _unit_flip(was, now):
        reasons.append(flip)
    elif was.unit != now.unit:
        reasons.append(f"the unit differs: '{was.unit}' before, '{now.unit}' now")
    if was.higher_is_better != now.higher_is_better:
        wanted = _wanted(was.higher_is_better), _wanted(now.higher_is_better)
        reasons.append(f"the direction differs: {wanted[0]} before, {wanted[1]} now")
    old_keys, new_keys = was.evaluated_keys_sha256, now.evaluated_keys_sha256
    missing = [side for side, keys in (("old", old_keys), ("new", new_keys)) if keys is None]
    if missing:
        rows = f"{missing[0]} row does" if len(missing) == 1 else "old and the new row do"
        reasons.append(f"the {rows} not say which examples were evaluated (evaluated_keys_sha256)")
    elif old_keys != new_keys:
        reasons.append(f"the evaluated examples differ (keys {str(old_keys)[:8]}… before, {str(new_keys)[:8]}… now)")
    elif was.n != now.n:
        reasons.append(f"the number of examples differs under one digest of keys ({was.n} before, {now.n} now)")
    return tuple(reasons)


def _unit_flip(was: MetricRow, now: MetricRow) -> str:
    """Recognise percent against fraction, by the units' names or by values a hundredfold apart."""
    if was.value is None or now.value is None:
        return ""
    units = unit_class(was.unit), unit_class(now.unit)
    if set(units) == {"percent", "fraction"}:
        return f"the unit flipped from {units[0]} to {units[1]} ({was.value} before, {now.value} now)"
    if units[0] is None or units[0] != units[1]:
        return ""
    small, large = sorted((was.value.copy_abs(), now.value.copy_abs()))
    if small > 1 or large <= 1:
        return ""
    scaled = _ROUGH.multiply(small, _HUNDRED)
    near = _ROUGH.subtract(scaled, large).copy_abs() <= _ROUGH.multiply(large, _TENTH)
    if units[0] == "fraction" or near:
        return (
            f"one value looks like percent and the other like a fraction, though both rows say '{now.unit}' "
            f"({was.value} before, {now.value} now)"
        )
    return ""


def unit_class(unit: str) -> Literal["percent", "fraction"] | None:
    """Whether a unit means hundredths or parts of one; None for every other unit."""
    name = unit.strip().lower()
    return "percent" if name in _PERCENT else "fraction" if name in _FRACTION else None


def _moved(was: MetricRow, now: MetricRow, old: Number, new: Number) -> Change:
    delta, relative = exact_delta(old, new), relative_delta(old, new)
    direction: Direction = "unknown"
    if now.higher_is_better is not None:
        direction = "better" if (delta > 0) == now.higher_is_better else "worse"
    overlap = intervals_overlap(was, now)
    verb = "rose" if delta > 0 else "fell"
    judged = "no direction is declared" if direction == "unknown" else f"that is {direction}"
    intervals = {None: "", True: "; the intervals overlap", False: "; the intervals do not overlap"}[overlap]
    return Change(
        code=f"{_stem(now)}-CHANGED",
        kind=_kind(now),
        subject=now.key,
        old=str(old),
        new=str(new),
        unit=now.unit,
        delta=delta,
        relative=relative,
        direction=direction,
        intervals_overlap=overlap,
        explanation=f"{now.key} {verb} from {old} to {new} {now.unit} on the same {now.n} examples: "
        f"{judged}{intervals}.",
    )


def intervals_overlap(was: MetricRow, now: MetricRow) -> bool | None:
    """Whether the two intervals share a point; None unless both are there and of one level."""
    if was.ci_low is None or was.ci_high is None or now.ci_low is None or now.ci_high is None:
        return None
    if was.ci_level != now.ci_level:
        return None
    return was.ci_low <= now.ci_high and now.ci_low <= was.ci_high


def _apart(was: MetricRow, now: MetricRow, reasons: tuple[str, ...]) -> Change:
    values = (_value_text(was), _value_text(now))
    return not_comparable(_stem(now), _kind(now), now.key, values, (was.unit, now.unit), reasons)


def _retargeted(was: MetricRow, now: MetricRow) -> Change:
    direction: Direction = "unknown"
    verb = "is another"
    if was.target is None:
        direction, verb = "neutral", "was set"
    elif now.target is None:
        direction, verb = "worse", "was dropped"
    elif was.target.op == now.target.op and was.unit == now.unit:
        stricter = (now.target.value > was.target.value) == (now.target.op == ">=")
        direction, verb = ("better", "was tightened") if stricter else ("worse", "was loosened")
        if now.target.value == was.target.value:
            direction, verb = "neutral", "is written in another way"
    return _change(
        now,
        "TARGET-CHANGED",
        _target_text(was.target),
        _target_text(now.target),
        direction,
        f"The target of {now.key} {verb}.",
    )


def _change(
    row: MetricRow,
    end: str,
    old: MetricRow | str | None,
    new: MetricRow | str | None,
    direction: Direction,
    explanation: str,
) -> Change:
    return Change(
        code=f"{_stem(row)}-{end}",
        kind=_kind(row),
        subject=row.key,
        old=_value_text(old) if isinstance(old, MetricRow) else old,
        new=_value_text(new) if isinstance(new, MetricRow) else new,
        unit=row.unit,
        direction=direction,
        explanation=explanation,
    )


def _stem(row: MetricRow) -> str:
    return "SLC" if row.slice else "MTR"


def _kind(row: MetricRow) -> Literal["metric", "slice"]:
    return "slice" if row.slice else "metric"


def _wanted(higher_is_better: bool | None) -> str:
    return {True: "higher is better", False: "lower is better", None: "none declared"}[higher_is_better]


def _value_text(row: MetricRow) -> str | None:
    return None if row.value is None else str(row.value)


def _told(row: MetricRow) -> str:
    if row.value is not None:
        return f"{row.value} {row.unit}"
    return f"absent ({row.absent.code}: {row.absent.reason})" if row.absent else "absent"


def _interval(row: MetricRow) -> tuple[Number | None, Number | None, Number | None]:
    return row.ci_low, row.ci_high, row.ci_level


def _interval_text(row: MetricRow) -> str | None:
    if row.ci_low is None and row.ci_high is None:
        return None
    level = f" at {row.ci_level}" if row.ci_level is not None else ""
    return f"{row.ci_low} to {row.ci_high}{level}"


def _target_text(target: Target | None) -> str | None:
    return None if target is None else f"{target.op} {target.value}"


def _baseline_text(row: MetricRow) -> str | None:
    if row.baseline is None and row.baseline_value is None:
        return None
    return f"{row.baseline}: {row.baseline_value}"

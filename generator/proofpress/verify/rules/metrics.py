"""MET: the arithmetic of metric rows, and the evidence behind each value."""

import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from proofpress.evidence.evaluation import MetricRow, PerSample
from proofpress.evidence.finding import Finding
from proofpress.ingest.rows import RowGroup
from proofpress.verify.rule import Case, rule, trouble

EVAL = "model/eval_metrics.json"
_AGAIN = "build the evaluation again from its per-example results; values are never typed by hand"
_TRIO = ("baseline", "baseline_value", "delta_vs_baseline")


def _rows(case: Case) -> Iterator[tuple[str, MetricRow]]:
    for index, row in enumerate(case.evaluation.rows):
        yield f"/rows/{index}", row


@rule("MET001", "The difference to the baseline is value minus baseline value", needs="evaluation")
def delta(case: Case) -> Iterator[Finding]:
    """`delta_vs_baseline` is not `value − baseline_value` in decimal arithmetic.

    The stated difference may be rounded: it counts as right within half a unit of its last digit.
    """
    for pointer, row in _rows(case):
        if row.value is None or row.baseline_value is None or row.delta_vs_baseline is None:
            continue
        expected = Decimal(row.value) - Decimal(row.baseline_value)
        if abs(expected - row.delta_vs_baseline) > row.delta_vs_baseline.half_unit:
            yield trouble(
                EVAL,
                f"{pointer}/delta_vs_baseline",
                f"{row.key}: {row.value} − {row.baseline_value} is {expected}, not {row.delta_vs_baseline}",
                expected=expected,
                found=row.delta_vs_baseline,
                hint=_AGAIN,
            )


@rule("MET002", "The value lies inside its interval", needs="evaluation")
def interval(case: Case) -> Iterator[Finding]:
    """`ci_low ≤ value ≤ ci_high` does not hold, or one bound stands without the other or without method."""
    for pointer, row in _rows(case):
        bounds = (row.ci_low, row.ci_high)
        if bounds == (None, None):
            continue
        if row.ci_low is None or row.ci_high is None or row.ci_method is None or row.ci_level is None:
            yield trouble(
                EVAL,
                pointer,
                f"{row.key}: an interval needs both bounds, a level and a method",
                expected="ci_low, ci_high, ci_level and ci_method",
                found=", ".join(
                    name for name in ("ci_low", "ci_high", "ci_level", "ci_method") if getattr(row, name) is not None
                ),
                hint=_AGAIN,
            )
        elif row.value is not None and not row.ci_low <= row.value <= row.ci_high:
            yield trouble(
                EVAL,
                f"{pointer}/ci_low" if row.value < row.ci_low else f"{pointer}/ci_high",
                f"{row.key}: the value {row.value} lies outside its interval {row.ci_low} to {row.ci_high}",
                expected=f"{row.ci_low} ≤ value ≤ {row.ci_high}",
                found=row.value,
                hint=_AGAIN,
            )


@rule("MET003", "A baseline comes whole and was evaluated on the same examples", needs="evaluation")
def baseline(case: Case) -> Iterator[Finding]:
    """Name, value and difference of a baseline come together, name a described baseline, and both sides were
    evaluated on the same examples: the digests of the evaluated keys are there and equal.
    """
    known = {item.name for item in case.evaluation.baselines}
    for pointer, row in _rows(case):
        given = [name for name in _TRIO if getattr(row, name) is not None]
        if not given:
            continue
        if row.value is None:
            yield trouble(
                EVAL,
                f"{pointer}/{given[0]}",
                f"{row.key}: there is no value that could be compared with a baseline",
                expected="no baseline for an absent value",
                found=", ".join(given),
                hint=_AGAIN,
            )
        if len(given) < len(_TRIO):
            yield trouble(
                EVAL,
                pointer,
                f"{row.key}: a baseline needs name, value and difference",
                expected=", ".join(_TRIO),
                found=", ".join(given),
                hint=_AGAIN,
            )
        if row.baseline is not None and row.baseline not in known:
            yield trouble(
                EVAL,
                f"{pointer}/baseline",
                f"{row.key}: the baseline '{row.baseline}' is not described under /baselines",
                expected=", ".join(sorted(known)) or "a described baseline",
                found=row.baseline,
                hint="describe the baseline",
            )
        mine, theirs = row.evaluated_keys_sha256, row.baseline_evaluated_keys_sha256
        if mine is None or mine != theirs:
            yield trouble(
                EVAL,
                f"{pointer}/baseline_evaluated_keys_sha256",
                f"{row.key}: value and baseline were not evaluated on the same examples",
                expected=mine or "a digest of the evaluated keys",
                found=theirs or "no digest",
                hint="evaluate the baseline on the same examples",
            )


@rule("MET004", "Counts agree with the evaluated split", needs="evaluation")
def counts(case: Case) -> Iterator[Finding]:
    """`n` of an unsliced row equals the split's records, `n` of a slice is at most that, and the evaluated
    splits are those of the dataset package.
    """
    evaluation = case.evaluation
    records = {split.name: split.n for split in evaluation.splits}
    for pointer, row in _rows(case):
        total = records.get(row.split)
        if row.split not in records:
            yield trouble(
                EVAL,
                f"{pointer}/split",
                f"{row.key}: the split '{row.split}' is not among the evaluated splits",
                expected=", ".join(records),
                found=row.split,
                hint=_AGAIN,
            )
        elif _misfits(row, total):
            yield trouble(
                EVAL,
                f"{pointer}/n",
                f"{row.key}: n does not fit the split's {total} records",
                expected=f"at most {total}" if row.slice else total,
                found=row.n,
                hint=_AGAIN,
            )
    dataset = case.evidence.dataset
    described = {split.name: split for split in dataset.splits} if dataset else {}
    for index, split in enumerate(evaluation.splits):
        known = described.get(split.name)
        if dataset and (known is None or (known.records, known.keys_sha256) != (split.n, split.keys_sha256)):
            yield trouble(
                EVAL,
                f"/splits/{index}",
                f"the evaluated split '{split.name}' is not the one of the dataset package",
                expected=f"{known.records} records, keys {known.keys_sha256}" if known else ", ".join(described),
                found=f"{split.n} records, keys {split.keys_sha256}",
                hint="evaluate on the snapshot that the pack describes",
            )


def _misfits(row: MetricRow, total: int | None) -> bool:
    if row.slice is None:
        return row.n != total
    return row.n is not None and total is not None and row.n > total


@rule("MET005", "The slices of a partition sum to their split", needs="evaluation")
def partitions(case: Case) -> Iterator[Finding]:
    """A dimension is declared a partition, but the counts of its slices do not add up to the split's."""
    evaluation = case.evaluation
    parts = {item.name for item in evaluation.slice_dimensions if item.partition}
    records = {split.name: split.n for split in evaluation.splits}
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    first: dict[tuple[str, str, str], str] = {}
    for pointer, row in _rows(case):
        if row.slice is not None and row.slice.dimension in parts:
            key = (row.slice.dimension, row.name, row.split)
            sums[key] += row.n or 0
            first.setdefault(key, pointer)
    for (dimension, name, split), total in sums.items():
        if total != records.get(split):
            yield trouble(
                EVAL,
                f"{first[dimension, name, split]}/n",
                f"the slices of '{dimension}' for {name} on {split} hold {total} examples, the split "
                f"{records.get(split, 0)}",
                expected=records.get(split, 0),
                found=total,
                hint="add the missing slice, or do not declare the dimension a partition",
            )


def group_of(case: Case, row: MetricRow, place: PerSample | None) -> RowGroup | None:
    """The examples that a row speaks of, as a per-example file has them; None when there is no such file."""
    if place is None:
        return None
    file = case.raw.files.get(place.path)
    if file is None or file.rows is None or not file.rows.keyed:
        return None
    if row.slice is None:
        return file.rows.whole
    return file.rows.slices.get((row.slice.dimension, row.slice.value), RowGroup())


@rule("MET006", "Evaluated keys are those of the per-example results", needs="evaluation", after="INT001")
def evaluated_keys(case: Case) -> Iterator[Finding]:
    """The digest or number of the evaluated keys differs from what the per-example results give.

    Digests are recomputed, not believed: the keys of the row's examples, sorted, each followed by a line
    feed. A per-example file that is named but missing, or has no keys, is refused too.
    """
    for pointer, row in _rows(case):
        if row.per_sample is None or row.per_sample.path in case.broken:
            continue
        group = group_of(case, row, row.per_sample)
        if group is None:
            yield trouble(
                EVAL,
                f"{pointer}/per_sample/path",
                f"{row.key}: there are no per-example results with keys at {row.per_sample.path}",
                expected="a JSON Lines file of this pack whose rows have a key",
                found=row.per_sample.path,
                hint=_AGAIN,
            )
        elif (group.n, group.keys_sha256) != (row.n, row.evaluated_keys_sha256):
            yield trouble(
                EVAL,
                f"{pointer}/evaluated_keys_sha256",
                f"{row.key}: the per-example results hold other examples than the row says",
                expected=f"{group.n} examples, keys {group.keys_sha256}",
                found=f"{row.n} examples, keys {row.evaluated_keys_sha256 or 'without digest'}",
                hint=_AGAIN,
            )
    for index, split in enumerate(case.evaluation.splits):
        named = {
            row.evaluated_keys_sha256
            for _pointer, row in _rows(case)
            if row.slice is None and row.split == split.name and row.per_sample is not None
        }
        if named - {split.keys_sha256}:
            yield trouble(
                EVAL,
                f"/splits/{index}/keys_sha256",
                f"rows of '{split.name}' were evaluated on other examples than the split holds",
                expected=split.keys_sha256,
                found=", ".join(sorted(str(item) for item in named)),
                hint=_AGAIN,
            )


@rule("MET007", "A mean is the mean of its per-example values", needs="evaluation", after="INT001 MET006")
def recomputed(case: Case) -> Iterator[Finding]:
    """A row says that its value is the mean of a per-example field, but the recomputed mean differs.

    The value may be rounded: it counts as right within half a unit of its last digit.
    """
    for pointer, row in _rows(case):
        if row.per_sample is None or row.per_sample.aggregate != "mean" or row.value is None:
            continue
        group = group_of(case, row, row.per_sample)
        total = group.sums.get(row.per_sample.field) if group else None
        if group is None or total is None or not group.n:
            yield trouble(
                EVAL,
                f"{pointer}/per_sample/field",
                f"{row.key}: the per-example results have no numeric field '{row.per_sample.field}'",
                expected="a numeric field",
                found=row.per_sample.field,
                hint=_AGAIN,
            )
            continue
        mean = Decimal(total) / group.n
        if abs(mean - row.value) > row.value.half_unit:
            yield trouble(
                EVAL,
                f"{pointer}/value",
                f"{row.key}: the mean of '{row.per_sample.field}' over {group.n} examples is {mean:.6f}, "
                f"the row says {row.value}",
                expected=f"{mean:.6f}",
                found=row.value,
                hint=_AGAIN,
            )


@rule("MET008", "Each row stands once", needs="evaluation")
def unique(case: Case) -> Iterator[Finding]:
    """Two rows have the same metric, split and slice, so that a reader can't know which value holds.

    Names of whole splits' metrics that differ only in letter case or punctuation count as the same: each has an
    address of its own on the site, and these would collide.
    """
    seen: dict[str, tuple[str, str]] = {}
    for pointer, row in _rows(case):
        address = re.sub(r"[^a-z0-9_@]+", "-", row.key.lower()) if row.slice is None else row.key
        if address in seen:
            where, key = seen[address]
            yield trouble(
                EVAL,
                pointer,
                f"{row.key} stands at {where} already" + (f", as {key}" if key != row.key else ""),
                expected="one row, or names that differ in letters and digits",
                found=f"{key} and {row.key}",
                hint="remove or rename one of them",
            )
        seen.setdefault(address, (pointer, row.key))


@rule("MET009", "A value is there, or there is a reason why not", needs="evaluation")
def absence(case: Case) -> Iterator[Finding]:
    """A row (or cost) has neither value nor reason, or both. Absent values are `null` with a typed reason."""
    report = case.evidence.efficiency
    places = [(EVAL, pointer, row.key, row.value, row.absent) for pointer, row in _rows(case)]
    places += [
        ("model/efficiency_report.json", f"/rows/{index}", cost.name, cost.value, cost.absent)
        for index, cost in enumerate(report.rows if report else ())
    ]
    for file, pointer, name, value, absent in places:
        if (value is None) == (absent is None):
            yield trouble(
                file,
                f"{pointer}/value",
                f"{name}: " + ("has neither value nor reason" if absent is None else "has a value and a reason"),
                expected="a value, or null with 'absent'",
                found=value if value is not None else "null",
                hint="say in 'absent' why there is no value: INFEASIBLE, NOT_MEASURED, NOT_APPLICABLE or WITHHELD",
            )


@rule("MET010", "Headline metrics are measured rows", needs="evaluation")
def headline(case: Case) -> Iterator[Finding]:
    """`release.json` names a headline metric that the evaluation does not hold."""
    there = {(row.name, row.split) for _pointer, row in _rows(case) if row.slice is None}
    for index, item in enumerate(case.evidence.release.headline):
        if (item.name, item.split) not in there:
            yield trouble(
                "release.json",
                f"/headline/{index}",
                f"the evaluation has no row {item.name}@{item.split}",
                expected=", ".join(f"{name}@{split}" for name, split in sorted(there)),
                found=f"{item.name}@{item.split}",
                hint="name a metric that was measured",
            )


@rule("MET011", "Fractions lie between 0 and 1", needs="evaluation")
def fractions(case: Case) -> Iterator[Finding]:
    """A row's unit is `fraction`, but a value lies outside 0 to 1: a percentage was taken for a fraction."""
    for pointer, row in _rows(case):
        if row.unit != "fraction":
            continue
        for name in ("value", "baseline_value", "ci_low", "ci_high"):
            value = getattr(row, name)
            if value is not None and not 0 <= value <= 1:
                yield trouble(
                    EVAL,
                    f"{pointer}/{name}",
                    f"{row.key}: {name} {value} is no fraction",
                    expected="0 to 1",
                    found=value,
                    hint="divide percentages by 100, or state the unit 'percent'",
                )


RULES = (
    delta,
    interval,
    baseline,
    counts,
    partitions,
    evaluated_keys,
    recomputed,
    unique,
    absence,
    headline,
    fractions,
)

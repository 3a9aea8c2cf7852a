"""MET, continued: rows of one metric, of one part of a split, and of one dimension belong together."""

from collections.abc import Iterator

from proofpress.evidence.finding import Finding
from proofpress.evidence.values import Unstated
from proofpress.verify.identity_graph import WHERE
from proofpress.verify.rule import Case, rule, trouble

EVAL = WHERE["evaluation"]
_AGAIN = "build the evaluation again from its per-example results; values are never typed by hand"


@rule("MET021", "Rows of one metric are measured alike", needs="evaluation", book=2)
def same_unit(case: Case) -> Iterator[Finding]:
    """Two rows of one metric state different units, different directions, or are aggregated differently; one row of a
    metric and split has per-example results behind its value and another has none; two costs of one name state
    different units. Values that are measured differently need names of their own.
    """
    evaluation, efficiency = case.evidence.evaluation, case.evidence.efficiency
    rows = evaluation.rows if evaluation else ()
    found = [(EVAL, f"/rows/{index}/unit", row.name, "unit", row.unit) for index, row in enumerate(rows)]
    found += [
        (EVAL, f"/rows/{index}/higher_is_better", row.name, "direction", str(row.higher_is_better))
        for index, row in enumerate(rows)
    ]
    found += [
        (EVAL, f"/rows/{index}/per_sample/aggregate", row.name, "aggregate", row.per_sample.aggregate)
        for index, row in enumerate(rows)
        if row.per_sample is not None
    ]
    found += [
        (EVAL, f"/rows/{index}/per_sample", f"{row.name}@{row.split}", "per-example results", _given(row.per_sample))
        for index, row in enumerate(rows)
        if row.value is not None
    ]
    found += [
        (WHERE["efficiency"], f"/rows/{index}/unit", row.name, "unit", row.unit)
        for index, row in enumerate(efficiency.rows if efficiency else ())
    ]
    first: dict[tuple[str, str, str], tuple[str, str]] = {}
    for file, pointer, name, what, value in found:
        where, said = first.setdefault((file, name, what), (pointer, value))
        if value != said:
            yield trouble(
                file,
                pointer,
                f"{name}: {what} {value} here, {said} at {where}",
                expected=said,
                found=value,
                hint="give the other measure a name of its own",
            )


def _given(value: object) -> str:
    return "none" if value is None else "given"


@rule("MET022", "Sliced rows name a described dimension", needs="evaluation", book=2)
def known_dimensions(case: Case) -> Iterator[Finding]:
    """A row is sliced by a dimension that the evaluation does not describe under `slice_dimensions`, so that nobody
    knows what the slices are, and whether they make up the split.
    """
    evaluation = case.evidence.evaluation
    described = [item.name for item in evaluation.slice_dimensions] if evaluation else []
    for index, row in enumerate(evaluation.rows if evaluation else ()):
        if row.slice is not None and row.slice.dimension not in described:
            yield trouble(
                EVAL,
                f"/rows/{index}/slice/dimension",
                f"{row.key}: the dimension '{row.slice.dimension}' is not described under /slice_dimensions",
                expected=", ".join(described) or "a described dimension",
                found=row.slice.dimension,
                hint="describe the dimension: what it cuts, and whether its slices make up the split",
            )


@rule("MET023", "Rows of one part of a split were evaluated on the same examples", needs="evaluation", book=2)
def same_keys(case: Case) -> Iterator[Finding]:
    """A row of a whole split names other keys than the split, or two rows that count the same examples of a slice name
    different keys.
    """
    evaluation = case.evidence.evaluation
    first: dict[tuple[str, str | None, str | None, int | None], str] = {}
    for split in evaluation.splits if evaluation else ():
        if not isinstance(split.keys_sha256, Unstated):
            first[split.name, None, None, split.n] = split.keys_sha256
    for index, row in enumerate(evaluation.rows if evaluation else ()):
        part = (row.split, row.slice.dimension if row.slice else None, row.slice.value if row.slice else None, row.n)
        mine = row.evaluated_keys_sha256
        if mine is not None and (row.slice is None or row.n is not None) and mine != first.setdefault(part, mine):
            yield trouble(
                EVAL,
                f"/rows/{index}/evaluated_keys_sha256",
                f"{row.key}: other rows of these {row.n} examples, or the split, name other keys",
                expected=first[part],
                found=mine,
                hint=_AGAIN,
            )


@rule("MET024", "The level of an interval is a fraction", needs="evaluation", book=2)
def level(case: Case) -> Iterator[Finding]:
    """`ci_level` is not between 0 and 1: no interval holds the value in 95 or in 0 of all cases."""
    evaluation = case.evidence.evaluation
    for index, row in enumerate(evaluation.rows if evaluation else ()):
        if row.ci_level is not None and not 0 < row.ci_level < 1:
            yield trouble(
                EVAL,
                f"/rows/{index}/ci_level",
                f"{row.key}: {row.ci_level} is no level of an interval",
                expected="more than 0 and less than 1, such as 0.95",
                found=row.ci_level,
                hint=_AGAIN,
            )


@rule("MET026", "A hit is what label and prediction make of it", needs="evaluation", after="INT001", book=2)
def hits(case: Case) -> Iterator[Finding]:
    """A row of per-example results counts as wrong (`correct` is 0) although label and prediction are the same, or as
    right although they differ and every prediction of the file is one of its labels.

    Where predictions are other words than labels, as in free text, a program may rightly take two words for the same.
    Files above 1 MiB are not checked.
    """
    evaluation = case.evidence.evaluation
    places = (
        place for row in (evaluation.rows if evaluation else ()) for place in (row.per_sample, row.baseline_per_sample)
    )
    for path in dict.fromkeys(place.path for place in places if place is not None):
        rows = case.rows(path) if path in case.raw.files and path not in case.broken else None
        told = [row for row in rows or () if {"label", "prediction", "correct"} <= row.keys()]
        labels = {row["label"] for row in told if isinstance(row["label"], str | int)}
        closed = all(isinstance(row["prediction"], str | int) and row["prediction"] in labels for row in told)
        for row in told:
            same = row["label"] == row["prediction"]
            if (same and row["correct"] == 0) or (closed and not same and row["correct"] == 1):
                yield trouble(
                    path,
                    f"key {row['key']}" if "key" in row else "",
                    f"label {row['label']} and prediction {row['prediction']} do not make correct {row['correct']}",
                    expected=int(same),
                    found=row["correct"],
                    hint="score the examples again; results are never edited",
                )


@rule("MET027", "Targets ask for the better side, costs are measured amounts", needs="evaluation", book=2)
def sides(case: Case) -> Iterator[Finding]:
    """A target of at least so much stands on a metric whose lower values are better, or the other way round; or a cost
    is negative, or has a value behind which there was no timed call.
    """
    evaluation, efficiency = case.evidence.evaluation, case.evidence.efficiency
    for index, row in enumerate(evaluation.rows if evaluation else ()):
        if row.target is not None and row.higher_is_better is (row.target.op == "<="):
            yield trouble(
                EVAL,
                f"/rows/{index}/target/op",
                f"{row.key}: the target {row.target.op} {row.target.value} asks for the worse side",
                expected=">=" if row.higher_is_better else "<=",
                found=row.target.op,
                hint="state which values are better, and a target on that side",
            )
    for index, cost in enumerate(efficiency.rows if efficiency else ()):
        if cost.value is not None and (cost.value < 0 or cost.repeats == 0):
            name = "value" if cost.value < 0 else "repeats"
            yield trouble(
                WHERE["efficiency"],
                f"/rows/{index}/{name}",
                f"{cost.name} was not measured: {name} {getattr(cost, name)}",
                expected="0 or more" if name == "value" else "at least 1",
                found=getattr(cost, name),
                hint="measure the cost again",
            )


RULES = (same_unit, known_dimensions, same_keys, level, hits, sides)

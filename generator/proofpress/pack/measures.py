"""The standard metrics of a classifier or a regressor, computed from per-example rows in plain Python.

Definitions are those of scikit-learn's functions of the same names, against which tests compare them.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from proofpress.evidence.intervals import mean_interval, wilson_interval
from proofpress.pack.evaluation import Examples, Interval, Metric, Rows
from proofpress.pack.intervals import Statistic, Z, bootstrap_interval

Task = Literal["classification", "regression"]
Level = Literal["0.90", "0.95", "0.99"]
PRIMARY: Final[dict[Task, str]] = {"classification": "accuracy", "regression": "mae"}
"""The metric that slices are measured by unless others are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A metric and the statistic behind it, which a bootstrap draws again; `proportion`: it is a share of hits."""

    metric: Metric
    over: Callable[[Rows], Statistic]
    proportion: bool = False


def standard_measures(task: Task, fields: frozenset[str], *, positive: str | None, unit: str) -> tuple[Measure, ...]:
    """The measures that rows with these fields can bear, in the order in which they are reported.

    `positive` is the label whose probability `score` is; `unit` that of a regression's label.
    """
    if task == "regression":
        return (
            _mean("mae", "absolute_error", unit),
            _computed("rmse", "squared_error", unit, _rmse, higher=False),
            _computed("r2", "squared_error", "1", _r2, infeasible=_constant),
        )
    found = [
        _mean("accuracy", "correct", "fraction", higher=True, proportion=True),
        _computed("balanced_accuracy", "correct", "fraction", _balanced_accuracy),
        _computed("macro_f1", "correct", "fraction", _macro_f1),
    ]
    if "log_loss" in fields:
        found.append(_mean("log_loss", "log_loss", "nats"))
    if "brier" in fields and positive is not None:
        found.append(_computed("roc_auc", "score", "area", _roc_auc(positive), infeasible=_one_sided(positive)))
        found.append(_mean("brier_score", "brier", "squared error"))
    return tuple(found)


def split_interval(
    measures: Sequence[Measure], *, level: Level, resamples: int, seed: int
) -> Callable[[Metric, Examples], Interval | None]:
    """Intervals over a whole split: Wilson's for proportions, else a bootstrap over examples."""
    by_name = {item.metric.name: item for item in measures}

    def bounds(metric: Metric, examples: Examples) -> Interval | None:
        measure = by_name[metric.name]
        if measure.proportion:
            return proportion_interval(examples.rows, metric.field, level)
        found = bootstrap_interval(
            measure.over(examples.rows), len(examples.rows), level=level, resamples=resamples, seed=seed
        )
        if found is None:
            return None
        value = metric.value(examples)  # rounded, which may lie a digit outside bounds that it equals
        return Interval(
            low=min(Decimal(repr(found[0])), value),
            high=max(Decimal(repr(found[1])), value),
            level=level,
            method=f"percentile bootstrap over examples, {resamples} resamples, seed {seed}",
        )

    return bounds


def slice_interval(measures: Sequence[Measure], *, level: Level) -> Callable[[Metric, Examples], Interval | None]:
    """Intervals of slices, as a slice suite makes them: Wilson's for proportions, else that of a mean, else none."""
    by_name = {item.metric.name: item for item in measures}

    def bounds(metric: Metric, examples: Examples) -> Interval | None:
        if by_name[metric.name].proportion:
            return proportion_interval(examples.rows, metric.field, level)
        return mean_bounds(examples.rows, metric.field, level) if metric.compute is None else None

    return bounds


def proportion_interval(rows: Rows, field: str, level: Level, *, hit: int = 1) -> Interval:
    """Wilson's score interval of the share of rows whose field is `hit`."""
    low, high = wilson_interval(sum(1 for row in rows if row[field] == hit), len(rows), Z[level])
    return Interval(low=low, high=high, level=level, method="Wilson score over examples")


def mean_bounds(rows: Rows, field: str, level: Level) -> Interval | None:
    """The normal interval of a field's mean; None for a single row."""
    found = mean_interval([Decimal(row[field]) for row in rows], Z[level])
    method = "normal approximation of the mean over examples"
    return Interval(low=found[0], high=found[1], level=level, method=method) if found else None


# ── statistics: each prepares rows once, then gives its value over any draw of them ──────────────────


def _mean(name: str, field: str, unit: str, *, higher: bool = False, proportion: bool = False) -> Measure:
    def over(rows: Rows) -> Statistic:
        values = [float(row[field]) for row in rows]
        return lambda drawn: math.fsum([values[index] for index in drawn]) / len(drawn)

    metric = Metric(name=name, unit=unit, higher_is_better=higher, field=field)
    return Measure(metric=metric, over=over, proportion=proportion)


def _computed(
    name: str,
    field: str,
    unit: str,
    over: Callable[[Rows], Statistic],
    *,
    higher: bool = True,
    infeasible: Callable[[Rows], str] | None = None,
) -> Measure:
    def compute(rows: Rows) -> float:
        value = over(rows)(range(len(rows)))
        return math.nan if value is None else value

    metric = Metric(name=name, unit=unit, higher_is_better=higher, field=field, compute=compute, infeasible=infeasible)
    return Measure(metric=metric, over=over)


def _cells(rows: Rows) -> Callable[[Sequence[int]], Counter[tuple[str, str]]]:
    """How often each pair of label and prediction is drawn."""
    pairs = [(str(row["label"]), str(row["prediction"])) for row in rows]
    return lambda drawn: Counter([pairs[index] for index in drawn])


def _balanced_accuracy(rows: Rows) -> Statistic:
    """Mean recall over the labels that occur."""
    cells = _cells(rows)

    def statistic(drawn: Sequence[int]) -> float:
        found = cells(drawn)
        there: Counter[str] = Counter()
        for (label, _prediction), n in found.items():
            there[label] += n
        return math.fsum(found[label, label] / n for label, n in there.items()) / len(there)

    return statistic


def _macro_f1(rows: Rows) -> Statistic:
    """Mean F1 over the labels that occur or are predicted; a label that is never told rightly counts as 0."""
    cells = _cells(rows)

    def statistic(drawn: Sequence[int]) -> float:
        found = cells(drawn)
        there: Counter[str] = Counter()
        for (label, prediction), n in found.items():
            there[label] += n
            there[prediction] += n
        return math.fsum(2 * found[label, label] / n for label, n in there.items()) / len(there)

    return statistic


def _roc_auc(positive: str) -> Callable[[Rows], Statistic]:
    """Chance that a positive example has a higher score than a negative one; ties count half."""

    def over(rows: Rows) -> Statistic:
        place = {score: index for index, score in enumerate(sorted({row["score"] for row in rows}))}
        codes = [2 * place[row["score"]] + (row["label"] == positive) for row in rows]

        def statistic(drawn: Sequence[int]) -> float | None:
            counts = Counter([codes[index] for index in drawn])
            below = won = 0  # negatives so far; twice the pairs that positives win
            for code in sorted({code // 2 for code in counts}):
                negatives, positives = counts[2 * code], counts[2 * code + 1]
                won += positives * (2 * below + negatives)
                below += negatives
            above = len(drawn) - below
            return won / (2 * below * above) if below and above else None

        return statistic

    return over


def _one_sided(positive: str) -> Callable[[Rows], str]:
    def reason(rows: Rows) -> str:
        hits = sum(row["label"] == positive for row in rows)
        if 0 < hits < len(rows):
            return ""
        return f"{'all' if hits else 'none'} of the examples are '{positive}', so that no pair can be ranked"

    return reason


def _rmse(rows: Rows) -> Statistic:
    squares = [float(row["squared_error"]) for row in rows]
    return lambda drawn: math.sqrt(math.fsum([squares[index] for index in drawn]) / len(drawn))


def _r2(rows: Rows) -> Statistic:
    """Share of the labels' variance that the predictions explain; None when the labels do not vary."""
    squares = [float(row["squared_error"]) for row in rows]
    labels = [float(row["label"]) for row in rows]

    def statistic(drawn: Sequence[int]) -> float | None:
        chosen = [labels[index] for index in drawn]
        mean = math.fsum(chosen) / len(chosen)
        spread = math.fsum([(label - mean) ** 2 for label in chosen])
        return 1 - math.fsum([squares[index] for index in drawn]) / spread if spread else None

    return statistic


def _constant(rows: Rows) -> str:
    return "" if len({row["label"] for row in rows}) > 1 else "the labels do not vary, so no variance is explained"

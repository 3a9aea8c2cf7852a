"""Metrics of the two families and their confidence intervals."""

import math
from collections import Counter
from collections.abc import Callable

import numpy as np
from scipy.stats import bootstrap

from proofpress.pack.evaluation import Examples, Interval, Metric, Row, Rows

RESAMPLES = 2000
FEWEST = 10
_BOOTSTRAP = f"percentile bootstrap over records, {RESAMPLES} resamples, seed 0 (scipy.stats.bootstrap)"
_WILSON = "Wilson score interval of a proportion"

ACCURACY = Metric(name="accuracy", unit="fraction", higher_is_better=True, field="correct")
LOG_LOSS = Metric(name="log_loss", unit="nats", higher_is_better=False, field="log_loss")
BRIER = Metric(name="brier_score", unit="squared error", higher_is_better=False, field="brier")


def recalls(rows: Rows) -> dict[str, float]:
    """Recall of each class that occurs."""
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(str(row["label"]), []).append(row["correct"])
    return {label: sum(hits) / len(hits) for label, hits in found.items()}


def f1_mean(rows: Rows, labels: tuple[str, ...]) -> float:
    """Mean F1 over the labels; a label that is neither there nor predicted counts as 0."""
    hits = Counter(row["label"] for row in rows if row["correct"])
    there = Counter(row["label"] for row in rows)
    there.update(row["prediction"] for row in rows)
    return sum(2 * hits[label] / there[label] for label in labels if there[label]) / len(labels)


def macro_f1(labels: tuple[str, ...]) -> Metric:
    """Mean F1 over all classes."""
    return Metric(
        name="macro_f1",
        unit="fraction",
        higher_is_better=True,
        field="correct",
        compute=lambda rows: f1_mean(rows, labels),
    )


WORST_RECALL = Metric(
    name="worst_class_recall",
    unit="fraction",
    higher_is_better=True,
    field="correct",
    compute=lambda rows: min(recalls(rows).values()),
)


def _is_malignant(row: Row) -> bool:
    return bool(row["label"] == "malignant")


def _is_benign(row: Row) -> bool:
    return bool(row["label"] == "benign")


def _too_few(test: Callable[[Row], bool], word: str) -> Callable[[Rows], str]:
    def reason(rows: Rows) -> str:
        if sum(map(test, rows)) >= FEWEST:
            return ""
        return f"fewer than ten {word} cases, too few for a value that would mean anything"

    return reason


def _fraction(test: Callable[[Row], bool]) -> Callable[[Rows], float]:
    def compute(rows: Rows) -> float:
        hits = [row["correct"] for row in rows if test(row)]
        return float(sum(hits) / len(hits))

    return compute


SENSITIVITY = Metric(
    name="sensitivity",
    unit="fraction",
    higher_is_better=True,
    field="correct",
    compute=_fraction(_is_malignant),
    infeasible=_too_few(_is_malignant, "malignant"),
    notes="Fraction of malignant cases that were called malignant; n counts all cases of the row.",
)
SPECIFICITY = Metric(
    name="specificity",
    unit="fraction",
    higher_is_better=True,
    field="correct",
    compute=_fraction(_is_benign),
    infeasible=_too_few(_is_benign, "benign"),
    notes="Fraction of benign cases that were called benign; n counts all cases of the row.",
)


def _auc(rows: Rows) -> float:
    scores = np.array([float(row["probability"]) for row in rows])
    positive = np.array([_is_malignant(row) for row in rows])
    order = np.argsort(scores, kind="stable")
    values, first, counts = np.unique(scores[order], return_index=True, return_counts=True)
    ranks = dict(zip(values.tolist(), (first + (counts + 1) / 2).tolist(), strict=True))
    total = math.fsum(ranks[score] for score in scores[positive].tolist())
    n, m = int(positive.sum()), int((~positive).sum())
    return (total - n * (n + 1) / 2) / (n * m)


ROC_AUC = Metric(
    name="roc_auc",
    unit="area",
    higher_is_better=True,
    field="probability",
    compute=_auc,
    infeasible=lambda rows: _too_few(_is_malignant, "malignant")(rows) or _too_few(_is_benign, "benign")(rows),
)

METRICS = {
    metric.name: metric
    for metric in (
        ACCURACY,
        LOG_LOSS,
        BRIER,
        WORST_RECALL,
        SENSITIVITY,
        SPECIFICITY,
        ROC_AUC,
        macro_f1(tuple(str(digit) for digit in range(10))),
    )
}

_DENOMINATOR: dict[str, Callable[[Row], bool]] = {
    "accuracy": bool,
    "sensitivity": _is_malignant,
    "specificity": _is_benign,
}


def resampled(metric: Metric, examples: Examples) -> Interval:
    """Percentile bootstrap over the records of a split."""
    rows = examples.rows
    if metric.compute is None:
        values = np.array([float(row[metric.field]) for row in rows])
        low, high = _bootstrap(lambda index: float(values[index].mean()), len(rows))
    else:
        compute = metric.compute
        low, high = _bootstrap(lambda index: compute([rows[i] for i in index]), len(rows))
    return Interval(low=low, high=high, level="0.95", method=_BOOTSTRAP)


def paired_difference(better: Examples, worse: Examples, field: str) -> Interval:
    """Percentile bootstrap of the difference of a field's means over the same records."""
    differences = np.array([float(a[field]) - float(b[field]) for a, b in zip(better.rows, worse.rows, strict=True)])
    low, high = _bootstrap(lambda index: float(differences[index].mean()), len(differences))
    return Interval(low=low, high=high, level="0.95", method=f"paired {_BOOTSTRAP}")


def wilson(metric: Metric, examples: Examples) -> Interval | None:
    """Wilson interval for the proportions, which behaves at 0 and 1 and in small slices; else nothing."""
    test = _DENOMINATOR.get(metric.name)
    if test is None:
        return None
    hits = [row["correct"] for row in examples.rows if test(row)]
    n, share, z = len(hits), sum(hits) / len(hits), 1.959964
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
    return Interval(low=low, high=high, level="0.95", method=_WILSON)


def _bootstrap(statistic: Callable[[np.ndarray], float], n: int) -> tuple[float, float]:
    found = bootstrap(
        (np.arange(n),),
        statistic,
        n_resamples=RESAMPLES,
        vectorized=False,
        method="percentile",
        confidence_level=0.95,
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)

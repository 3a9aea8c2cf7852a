"""Slices by a profile's suite: examples are labelled by its rules, and every slice is measured from their results."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from proofpress.evidence.evaluation import EvalMetrics, MetricRow, SliceDimension, SliceKey
from proofpress.evidence.intervals import mean_interval, wilson_interval
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.slices import SliceSuite, SuiteDimension, SuiteMetric
from proofpress.ingest.rows import lines_of
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.pack.evaluation import Examples, Interval, Metric, Row, Rows, measure, rewrite_rows
from proofpress.pack.writer import PackError, exact, kind_of, parse_document, write_text

_Z: Final[Mapping[str, Decimal]] = {
    "0.90": Decimal("1.644853626951472715"),
    "0.95": Decimal("1.959963984540054236"),
    "0.99": Decimal("2.575829303548900761"),
}
"""Quantiles of the normal distribution for two-sided intervals, by level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sliced:
    """The rows that a suite measured, and the files that were written."""

    rows: tuple[MetricRow, ...]
    outputs: tuple[str, ...]


def write_slices(folder: Path, suite: SliceSuite) -> Sliced:
    """Measure a suite's slices in every split with per-example results, and write them into the evaluation.

    Each example gets the suite's labels in its row's `slices`; rows of the suite's dimensions and metrics are
    replaced, all others stay. A row keeps target, notes and a baseline on the same examples. Running it again changes
    nothing. Raises `PackError` when results are missing or can't bear the suite; then nothing is written.
    """
    # (1) results of each split, labelled by the suite
    evaluation = _evaluation(folder)
    if evaluation.inputs:
        raise PackError(
            "the evaluation is aggregated from metrics files, whose rows it must repeat; slices can't be added to it",
            hint="let the evaluation program measure the slices, or write the evaluation without metrics files",
        )
    splits = {
        row.split: row.per_sample.path for row in evaluation.rows if row.slice is None and row.per_sample is not None
    }
    if not splits:
        raise PackError(
            "the evaluation has no per-example results, so no slice can be measured",
            hint="write them with proofpress.pack.evaluation.write_examples",
        )
    texts = {path: read_file(folder / path) for path in splits.values()}
    labelled = {
        split: Examples(split=split, rows=_labelled(path, texts[path], suite), path=path)
        for split, path in splits.items()
    }

    # (2) every slice of every split
    before = {row.key: row for row in evaluation.rows}
    rows = [
        _kept(measured, before.get(measured.key))
        for examples in labelled.values()
        for metric in suite.metrics
        for dimension in suite.dimensions
        for measured in _measured(examples, suite, dimension, _checked(metric, examples, before))
    ]

    # (3) labels first, then the evaluation that rests on them
    names = {item.name for item in suite.dimensions}
    metrics = {item.name for item in suite.metrics}
    others = [
        row
        for row in evaluation.rows
        if row.slice is None or row.slice.dimension not in names or row.name not in metrics or row.split not in splits
    ]
    outputs = []
    for examples in labelled.values():
        text = "".join(dump_json(row, indent=None) for row in examples.rows)
        if examples.path is not None and text.encode() != texts[examples.path]:
            write_text(folder, examples.path, text)
            outputs.append(examples.path)
    rewrite_rows(
        folder,
        evaluation,
        rows=[*others, *rows],
        slice_dimensions=[
            *(item for item in evaluation.slice_dimensions if item.name not in names),
            *(_described(dimension, labelled.values()) for dimension in suite.dimensions),
        ],
    )
    return Sliced(rows=tuple(rows), outputs=(*outputs, kind_of(EvalMetrics).path))


def _evaluation(folder: Path) -> EvalMetrics:
    path = kind_of(EvalMetrics).path
    try:
        return parse_document(EvalMetrics, read_file(folder / path))
    except OSError as exc:
        raise PackError(f"{path} can't be read: {exc.strerror or exc}", hint="write the evaluation first") from exc


def _labelled(path: str, data: bytes, suite: SliceSuite) -> tuple[Row, ...]:
    """The rows of a per-example file, their `slices` told by the suite; numbers keep their digits."""
    try:
        rows = [parse_json(line) for line in lines_of(data)]
    except StrictError as exc:
        raise PackError(f"{path}: {exc}") from exc
    made = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not isinstance(row.get("key"), str):
            raise PackError(f"{path}, line {number}: the row has no key")
        labels = {dimension.name: dimension.value_of(row) for dimension in suite.dimensions}
        slices = {**row.get("slices", {}), **labels}
        made.append({**row, "slices": {name: value for name, value in slices.items() if value is not None}})
    for dimension in suite.dimensions:
        if not any(dimension.name in row["slices"] for row in made):
            raise PackError(
                f"{path}: no example has a value of the dimension '{dimension.name}'",
                hint="record what the suite's dimension reads, or leave the dimension out of the profile",
            )
    return tuple(made)


def _checked(metric: SuiteMetric, examples: Examples, before: Mapping[str, MetricRow]) -> SuiteMetric:
    """The metric, when every example bears it and the whole split's row agrees on what it means."""
    for row in examples.rows:
        value = row.get(metric.field)
        if not isinstance(value, Decimal):
            raise PackError(f"{examples.path}: example {row['key']} has no number '{metric.field}'")
        if metric.kind != "mean" and value not in {0, 1}:
            raise PackError(f"{examples.path}: '{metric.field}' of example {row['key']} is {value}, not 0 or 1")
    whole = before.get(f"{metric.name}@{examples.split}")
    if whole is not None and (whole.unit, whole.higher_is_better) != (metric.unit, metric.direction):
        raise PackError(
            f"{whole.key} is measured in '{whole.unit}' on the whole split, but in '{metric.unit}', or in another "
            "direction, by the suite",
            hint="give the suite's metric a name, unit and direction of its own",
        )
    return metric


def _measured(
    examples: Examples, suite: SliceSuite, dimension: SuiteDimension, metric: SuiteMetric
) -> Sequence[MetricRow]:
    found = {row["slices"][dimension.name] for row in examples.rows if dimension.name in row["slices"]}
    return [
        measure(
            Metric(
                name=metric.name,
                unit=metric.unit,
                higher_is_better=metric.direction,
                field=metric.field,
                compute=_error_rate(metric.field) if metric.kind == "error_rate" else None,
                infeasible=_too_few(suite.minimum),
            ),
            examples,
            part=_part(dimension, value),
            interval=_interval(metric, suite.level),
        )
        for value in dimension.values or sorted(found)
    ]


def _part(dimension: SuiteDimension, value: str) -> SliceKey:
    try:
        return SliceKey(dimension=dimension.name, value=value)
    except ValidationError as exc:
        raise PackError(
            f"an example's value of '{dimension.name}' can't name a slice: {value[:60]!r}",
            hint="let the dimension read a short, visible text",
        ) from exc


def _error_rate(field: str) -> Callable[[Rows], Decimal]:
    def rate(rows: Rows) -> Decimal:
        return sum((1 - row[field] for row in rows), Decimal(0)) / len(rows)

    return rate


def _too_few(minimum: int) -> Callable[[Rows], str]:
    def reason(rows: Rows) -> str:
        few = f"the slice holds {len(rows)} examples, fewer than the {minimum} that the suite asks for"
        return few if len(rows) < minimum else ""

    return reason


def _interval(metric: SuiteMetric, level: str) -> Callable[[Metric, Examples], Interval | None]:
    def bounds(_metric: Metric, chosen: Examples) -> Interval | None:
        values = [row[metric.field] for row in chosen.rows]
        if metric.kind == "mean":
            found, method = mean_interval(values, _Z[level]), "normal approximation of the mean over examples"
        else:
            hits = sum(1 for value in values if (value == 1) == (metric.kind == "accuracy"))
            found, method = wilson_interval(hits, len(values), _Z[level]), "Wilson score over examples"
        return Interval(low=found[0], high=found[1], level=level, method=method) if found else None

    return bounds


def _kept(row: MetricRow, before: MetricRow | None) -> MetricRow:
    """A measured row with what an earlier row said beside its value, as far as that still holds."""
    if before is None:
        return row
    kept: dict[str, Any] = {name: getattr(before, name) for name in ("target", "notes") if getattr(before, name)}
    same = row.evaluated_keys_sha256 == before.baseline_evaluated_keys_sha256
    if row.value is not None and before.baseline_value is not None and same:
        kept |= {
            "baseline": before.baseline,
            "baseline_value": before.baseline_value,
            "delta_vs_baseline": exact(row.value - before.baseline_value),
            "baseline_evaluated_keys_sha256": before.baseline_evaluated_keys_sha256,
            **({"baseline_per_sample": before.baseline_per_sample} if before.baseline_per_sample else {}),
        }
    return row.model_copy(update=kept)


def _described(dimension: SuiteDimension, splits: Iterable[Examples]) -> SliceDimension:
    """The dimension as the evaluation describes it: a partition when every example lies in a measured slice."""
    labels = {row["slices"].get(dimension.name) for examples in splits for row in examples.rows}
    whole = None not in labels and (not dimension.values or labels <= set(dimension.values))
    return SliceDimension(name=dimension.name, description=dimension.description, partition=whole)

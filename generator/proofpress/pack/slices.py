"""Slices by a profile's suite: examples are labelled by its rules, and every slice is measured from their results."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from proofpress.evidence.evaluation import (
    EvalMetrics,
    Measurement,
    MetricRow,
    MetricsFile,
    SliceDimension,
    SliceKey,
)
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import EFFECTIVE_CONFIG
from proofpress.evidence.slices import SliceSuite, SuiteDimension, SuiteMetric
from proofpress.ingest.rows import lines_of
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.pack.aggregate import IDENTITY, MetricsSource, aggregate
from proofpress.pack.eval_config import read_config
from proofpress.pack.evaluation import Examples, Interval, Metric, Row, Rows, measure, rewrite_rows
from proofpress.pack.measures import Level, mean_bounds, proportion_interval
from proofpress.pack.writer import (
    PackError,
    clear,
    document_in,
    document_text,
    exact,
    kind_of,
    parse_document,
    write_bytes,
    write_text,
)

SLICES: Final = "model/metrics/slices.json"
"""The metrics file of a suite's slices, beside those of the evaluation programs."""
_LABEL: Final = "proofpress.pack.evaluation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sliced:
    """The rows that a suite measured, and the files that were written."""

    rows: tuple[MetricRow, ...]
    outputs: tuple[str, ...]


def write_slices(folder: Path, suite: SliceSuite, *, metrics_only: bool = False) -> Sliced:
    """Measure a suite's slices in every split with per-example results, and write them into the evaluation.

    Each example gets the suite's labels in its row's `slices`; rows of the suite's dimensions and metrics are
    replaced, all others stay. A row keeps target, notes and a baseline on the same examples. Running it again changes
    nothing. The rows of an evaluation that is aggregated from metrics files go into a file of their own,
    `model/metrics/slices.json`, and the evaluation is aggregated again; with `metrics_only` it is not, so that the
    step of a benchmark suite writes that file alone. Raises `PackError` when results are missing or can't bear the
    suite, or when another metrics file says something else of a slice; then nothing is written.
    """
    # (1) results of each split, labelled by the suite
    measured = _measurement(folder, metrics_only=metrics_only)
    splits = {
        row.split: row.per_sample.path for row in measured.rows if row.slice is None and row.per_sample is not None
    }
    if not splits:
        raise PackError(
            "the evaluation has no per-example results, so no slice can be measured",
            hint="write them with 'proofpress pack eval --examples'",
        )
    texts = {path: read_file(folder / path) for path in splits.values()}
    labelled = {
        split: Examples(split=split, rows=_labelled(path, texts[path], suite), path=path)
        for split, path in splits.items()
    }

    # (2) every slice of every split
    before = {row.key: row for row in measured.rows}
    rows = [
        _kept(row, before.get(row.key))
        for examples in labelled.values()
        for metric in suite.metrics
        for dimension in suite.dimensions
        for row in _measured(examples, suite, dimension, _checked(metric, examples, before))
    ]
    dimensions = [_described(dimension, labelled.values()) for dimension in suite.dimensions]

    # (3) the evaluation, or the metrics file that it rests on, and the labels that it was measured by
    if isinstance(measured, EvalMetrics) and not measured.inputs:
        outputs = _rewritten(folder, measured, suite, splits, rows, dimensions)
    else:
        outputs = _in_a_file(folder, measured, splits, rows, dimensions, metrics_only=metrics_only)
    relabelled = []
    for examples in labelled.values():
        text = "".join(dump_json(row, indent=None) for row in examples.rows)
        if examples.path is not None and text.encode() != texts[examples.path]:
            write_text(folder, examples.path, text)
            relabelled.append(examples.path)
    return Sliced(rows=tuple(rows), outputs=(*relabelled, *outputs))


def _measurement(folder: Path, *, metrics_only: bool) -> Measurement:
    """What was measured before: the evaluation; for a metrics file alone, all metrics files but that one."""
    if not metrics_only:
        evaluation = document_in(folder, EvalMetrics)
        if evaluation is None:
            raise PackError(
                f"{kind_of(EvalMetrics).path} can't be read: no such file", hint="write the evaluation first"
            )
        return evaluation
    files = [parse_document(MetricsFile, read_file(folder / path), path=path) for path in _metrics_paths(folder)]
    if not files:
        raise PackError("there is no metrics file whose examples could be sliced", hint="measure the splits first")
    rows = {row.key: row for file in files for row in file.rows}
    splits = {split.name: split for file in files for split in file.splits}
    return files[0].model_copy(update={"rows": tuple(rows.values()), "splits": tuple(splits.values())})


def _metrics_paths(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in (folder / "model" / "metrics").glob("*.json"))
    return sorted(path for path in found if path != SLICES)


def _rewritten(
    folder: Path,
    evaluation: EvalMetrics,
    suite: SliceSuite,
    splits: Mapping[str, str],
    rows: Sequence[MetricRow],
    dimensions: Sequence[SliceDimension],
) -> tuple[str, ...]:
    """Write the rows into an evaluation that no metrics files stand behind."""
    names = {item.name for item in suite.dimensions}
    metrics = {item.name for item in suite.metrics}
    others = [
        row
        for row in evaluation.rows
        if row.slice is None or row.slice.dimension not in names or row.name not in metrics or row.split not in splits
    ]
    kept = [item for item in evaluation.slice_dimensions if item.name not in names]
    rewrite_rows(folder, evaluation, rows=[*others, *rows], slice_dimensions=[*kept, *dimensions])
    return (kind_of(EvalMetrics).path,)


def _in_a_file(
    folder: Path,
    measured: Measurement,
    splits: Mapping[str, str],
    rows: Sequence[MetricRow],
    dimensions: Sequence[SliceDimension],
    *,
    metrics_only: bool,
) -> tuple[str, ...]:
    """Write the rows that no other metrics file holds into a file of their own, and aggregate all of them again."""
    paths = _metrics_paths(folder)
    named = {item.path for item in measured.inputs} - {SLICES} if isinstance(measured, EvalMetrics) else set(paths)
    if named != set(paths):
        raise PackError(
            f"the evaluation is aggregated from other metrics files than the folder holds: {min(named ^ set(paths))}",
            hint="aggregate the metrics files again: proofpress pack eval",
        )
    others = {path: parse_document(MetricsFile, read_file(folder / path), path=path) for path in paths}
    told = {row.key: (path, row) for path, file in others.items() for row in file.rows}
    for row in rows:
        path, known = told.get(row.key, ("", row))
        if (known.value, known.n, known.evaluated_keys_sha256) != (row.value, row.n, row.evaluated_keys_sha256):
            raise PackError(
                f"{row.key} is {known.value} over {known.n} examples in {path}, {row.value} over {row.n} by the suite",
                hint="let the evaluation program leave the suite's slices to 'proofpress slices'",
            )
    described = {item.name: item for file in others.values() for item in file.slice_dimensions}
    fields = {
        **{name: getattr(measured, name) for name in (*IDENTITY, "evaluated_at", "parameters", "baselines")},
        "splits": [split for split in measured.splits if split.name in splits],
        "slice_dimensions": [described.get(item.name, item) for item in dimensions],
        "rows": [row for row in rows if row.key not in told],
    }
    if not fields["rows"]:
        clear(folder, (SLICES,))
        data = []
    else:
        data = [document_text(MetricsFile, fields, generated_by=_LABEL, path=SLICES).encode("utf-8")]
    if metrics_only:
        for text in data:
            write_bytes(folder, SLICES, text)
        return (SLICES,) * len(data)
    sources = [MetricsSource(name=Path(path).name, data=read_file(folder / path)) for path in paths]
    sources += [MetricsSource(name=Path(SLICES).name, data=text) for text in data]
    configured = isinstance(measured, EvalMetrics) and measured.effective_config is not None
    config = read_config(read_file(folder / EFFECTIVE_CONFIG), EFFECTIVE_CONFIG) if configured else None
    aggregate(folder, sources, config=config)
    return ((SLICES,) * len(data)) + (kind_of(EvalMetrics).path,)


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


def _interval(metric: SuiteMetric, level: Level) -> Callable[[Metric, Examples], Interval | None]:
    def bounds(_metric: Metric, chosen: Examples) -> Interval | None:
        if metric.kind == "mean":
            return mean_bounds(chosen.rows, metric.field, level)
        return proportion_interval(chosen.rows, metric.field, level, hit=int(metric.kind == "accuracy"))

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

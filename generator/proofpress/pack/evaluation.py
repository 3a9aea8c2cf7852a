"""`model/eval_metrics.json` and the per-example results that its rows are measured from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from proofpress.evidence.base import Absence
from proofpress.evidence.evaluation import (
    EvalMetrics,
    MetricRow,
    PerSample,
    SliceDimension,
    SliceKey,
    Target,
)
from proofpress.evidence.jsontext import dump_json, plain
from proofpress.evidence.values import Number
from proofpress.ingest.rows import lines_of
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_row
from proofpress.pack.dataset import keys_sha256
from proofpress.pack.training import resumption
from proofpress.pack.writer import PackError, exact, write_document, write_text

_LABEL: Final = "proofpress.pack.evaluation"
_PLAIN_UNITS: Final = frozenset({"fraction", "ratio", "area", "score", "1"})
Row = Mapping[str, Any]
Rows = Sequence[Row]


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Results of one evaluated split, one row an example, sorted by `key`.

    A row holds `key`, `label`, `prediction`, `correct`, numbers, and `slices`: dimension to value.
    """

    split: str
    rows: tuple[Row, ...]
    path: str | None = None

    @cached_property
    def keys_sha256(self) -> str:
        """Digest of the sorted keys, each followed by a line feed."""
        return keys_sha256(str(row["key"]) for row in self.rows)

    def part(self, part: SliceKey | None) -> "Examples":
        """The examples of one slice, or all of them."""
        if part is None:
            return self
        rows = tuple(row for row in self.rows if row["slices"].get(part.dimension) == part.value)
        return Examples(split=self.split, rows=rows, path=self.path)

    def mean(self, field: str) -> Decimal:
        """Mean of a numeric field over the values as they are written."""
        return sum((_decimal(row[field]) for row in self.rows), Decimal(0)) / len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval and how it was made."""

    low: float | Decimal
    high: float | Decimal
    level: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How a value is measured: the mean of a per-example `field`, or `compute` over all rows; then `field` may name
    what it is computed from.

    `infeasible` gives the reason why the rows can't bear the value, or an empty text.
    """

    name: str
    unit: str
    higher_is_better: bool | None
    field: str = ""
    compute: Callable[[Rows], float | Decimal] | None = None
    infeasible: Callable[[Rows], str] | None = None
    notes: str = ""

    def value(self, examples: Examples) -> Number:
        """The value over examples, with six decimals."""
        if self.compute is not None:
            return exact(self.compute(examples.rows))
        return exact(examples.mean(self.field))


def write_examples(folder: Path, split: str, rows: Rows, *, name: str = "") -> Examples:
    """Write `model/per_example/<split>.jsonl`, sorted by key, and return the examples.

    Rows of a baseline on the same split get a `name` of their own, which names the file.
    """
    ordered = tuple(sorted(rows, key=lambda row: str(row["key"])))
    if len({row["key"] for row in ordered}) != len(ordered):
        raise PackError(f"split {split}: an example is evaluated twice")
    path = examples_path(name or split)
    write_text(folder, path, "".join(dump_json(row, indent=None) for row in ordered))
    return Examples(split=split, rows=ordered, path=path)


def read_examples(folder: Path, split: str, *, name: str = "") -> Examples:
    """The examples that `write_examples` wrote. Raises `PackError` on a file that is missing or no such file."""
    path = examples_path(name or split)
    try:
        rows = tuple(map(parse_row, lines_of(read_file(folder / path))))
    except OSError as exc:
        raise PackError(f"{path} can't be read: {exc.strerror or exc}") from exc
    except StrictError as exc:
        raise PackError(f"{path}: {exc}") from exc
    if any(type(row.get("key")) is not str for row in rows):
        raise PackError(f"{path}: a row has no key")
    return Examples(split=split, rows=rows, path=path)


def examples_path(name: str) -> str:
    """Where the per-example rows of a split, or of a baseline on it, stand in a pack."""
    return f"model/per_example/{name}.jsonl"


def measure(
    metric: Metric,
    examples: Examples,
    *,
    part: SliceKey | None = None,
    baseline: tuple[str, Examples] | None = None,
    interval: Callable[[Metric, Examples], Interval | None] | None = None,
    target: Target | None = None,
) -> MetricRow:
    """Measure one row. The delta to the baseline is taken in decimal arithmetic over equal keys."""
    chosen = examples.part(part)
    fields: dict[str, Any] = {
        "name": metric.name,
        "split": examples.split,
        **({"slice": part} if part else {}),
        "value": None,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "n": len(chosen.rows),
    }
    reason = "the slice holds no example" if not chosen.rows else ""
    if not reason and metric.infeasible is not None:
        reason = metric.infeasible(chosen.rows)
    if reason:
        fields["absent"] = Absence(code="INFEASIBLE", reason=reason)
    else:
        fields["value"] = metric.value(chosen)
        if interval is not None and (bounds := interval(metric, chosen)) is not None:
            fields |= _interval_fields(metric, fields["value"], bounds)
        if baseline is not None:
            fields |= _baseline_fields(metric, fields["value"], chosen, baseline[0], baseline[1].part(part))
        fields |= _place("per_sample", metric, examples)
    if chosen.rows:
        fields["evaluated_keys_sha256"] = chosen.keys_sha256
    if target is not None:
        fields["target"] = target
    if metric.notes:
        fields["notes"] = metric.notes
    return MetricRow(**fields)


def conclusion(row: MetricRow) -> str:
    """One sentence that names an unsliced row's metric, split, value and delta with their exact digits."""
    if row.value is None:
        reason = row.absent.reason if row.absent else "no reason was given"
        return f"On the {row.split} split, {row.name} is absent: {reason}."
    unit = f" {row.unit}" if row.unit not in _PLAIN_UNITS else ""
    sentence = f"On the {row.split} split, {row.name} is {row.value}{unit} over {row.n} records"
    if row.baseline is None or row.baseline_value is None or row.delta_vs_baseline is None:
        return f"{sentence}; it is not compared with a baseline."
    return f"{sentence}, a delta of {row.delta_vs_baseline} to {row.baseline_value} of {row.baseline}."


def write_evaluation(
    folder: Path,
    *,
    identity: Mapping[str, Any],
    evaluated_at: str,
    parameters: Mapping[str, Any],
    examples: Sequence[Examples],
    rows: Sequence[MetricRow],
    baselines: Sequence[Mapping[str, Any]] = (),
    slice_dimensions: Sequence[Mapping[str, Any]] = (),
    remarks: Sequence[str] = (),
    negative_findings: Sequence[str],
    limitations: Sequence[str],
) -> EvalMetrics:
    """Write `model/eval_metrics.json`.

    `identity` holds release_id, model_id, run_id, training_run_id, commit and dataset_snapshot_id.
    Conclusions are one sentence for each unsliced row, then `remarks`. The step at which the folder's training run
    went on is repeated when it was resumed.
    """
    return write_document(
        folder,
        EvalMetrics,
        {
            **identity,
            "evaluated_at": evaluated_at,
            "parameters": parameters,
            "splits": [{"name": item.split, "n": len(item.rows), "keys_sha256": item.keys_sha256} for item in examples],
            "baselines": baselines,
            "slice_dimensions": slice_dimensions,
            "rows": rows,
            "conclusions": [*(conclusion(row) for row in rows if row.slice is None), *remarks],
            "negative_findings": negative_findings,
            "limitations": limitations,
            **resumption(folder, identity["training_run_id"]),
        },
        generated_by=_LABEL,
    )


def rewrite_rows(
    folder: Path, evaluation: EvalMetrics, *, rows: Sequence[MetricRow], slice_dimensions: Sequence[SliceDimension]
) -> EvalMetrics:
    """Write `model/eval_metrics.json` again with other rows and dimensions; everything else stays as it is."""
    kept = {name: value for name, value in plain(evaluation).items() if name not in {"schema_version", "generated_by"}}
    return write_document(
        folder, EvalMetrics, {**kept, "slice_dimensions": slice_dimensions, "rows": rows}, generated_by=_LABEL
    )


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(int(value))
    return Decimal(repr(value))


def _interval_fields(metric: Metric, value: Number, bounds: Interval) -> dict[str, Any]:
    low, high = exact(bounds.low), exact(bounds.high)
    if not low <= value <= high:
        raise PackError(f"{metric.name}: the value {value} lies outside its interval {low} to {high}")
    return {"ci_low": low, "ci_high": high, "ci_level": Number(bounds.level), "ci_method": bounds.method}


def _baseline_fields(metric: Metric, value: Number, chosen: Examples, name: str, baseline: Examples) -> dict[str, Any]:
    if baseline.keys_sha256 != chosen.keys_sha256:
        raise PackError(f"{metric.name}: the baseline {name} was evaluated on other keys")
    reference = metric.value(baseline)
    return {
        "baseline": name,
        "baseline_value": reference,
        "delta_vs_baseline": exact(value - reference),
        "baseline_evaluated_keys_sha256": baseline.keys_sha256,
        **_place("baseline_per_sample", metric, baseline),
    }


def _place(field: str, metric: Metric, examples: Examples) -> dict[str, PerSample]:
    """Where the values stand from which a row can be recomputed, when they are packaged."""
    if examples.path is None or not metric.field:
        return {}
    aggregate: Literal["mean", "none"] = "none" if metric.compute else "mean"
    return {field: PerSample(path=examples.path, field=metric.field, aggregate=aggregate)}

"""Per-example results of a team's own script → metrics files of every split, and the evaluation of them all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from proofpress.evidence.base import Model, NonEmptyTexts
from proofpress.evidence.dataset import DatasetPackage
from proofpress.evidence.evaluation import Baseline, EvalMetrics, MetricRow, MetricsFile, SliceKey, Target
from proofpress.evidence.model import ModelPackage
from proofpress.evidence.policy import Profile
from proofpress.evidence.values import Integer, JsonObject, Name, Text
from proofpress.ingest.schema import schema_findings
from proofpress.pack.aggregate import MetricsSource, aggregate
from proofpress.pack.evaluation import Examples, examples_path, measure, write_examples
from proofpress.pack.measures import PRIMARY, Level, Measure, Task, slice_interval, split_interval, standard_measures
from proofpress.pack.scored import read_scored
from proofpress.pack.writer import PackError, clear, document_in, document_text

LABEL: Final = "proofpress.pack.evaluation"


class EvalSettings(Model):
    """How examples are measured, as a committed file says it; what people must judge stands here, never a value."""

    task: Task
    positive: Name | None = Field(default=None, description="The label whose probability `score` is.")
    unit: Name = Field(default="1", description="Unit of a regression's label.")
    level: Level = "0.95"
    resamples: Annotated[Integer, Field(ge=100, le=100_000)] = 1000
    seed: Annotated[Integer, Field(ge=0)] = 0
    baseline: Baseline | None = None
    targets: dict[Name, Target] = Field(default_factory=dict)
    sliced: tuple[Name, ...] = Field(default=(), description="Metrics of slices; accuracy or mae unless named.")
    slice_dimensions: dict[Name, Text] = Field(default_factory=dict, description="What each dimension means.")
    parameters: JsonObject | None = Field(default=None, description="Those of the model, unless stated.")
    remarks: tuple[Text, ...] = ()
    negative_findings: NonEmptyTexts
    limitations: NonEmptyTexts

    @model_validator(mode="after")
    def _one_task(self) -> Self:
        if self.task == "regression" and self.positive is not None:
            raise PydanticCustomError("positive", "a regression has no positive label")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """A split as it was scored, what it is measured by, and the baseline's rows when there are any."""

    examples: Examples
    baseline: Examples | None
    measures: tuple[Measure, ...]


def evaluate_examples(
    folder: Path,
    files: Mapping[str, Path],
    *,
    config: Mapping[str, Any],
    at: str,
    run_id: str | None = None,
    required: tuple[Profile, ...] = (),
) -> EvalMetrics:
    """Measure every split from the rows of its file, and write rows, metrics files, configuration and evaluation.

    `files` maps a split to its file, `config` is the committed configuration with its overrides: its fields are those
    of `EvalSettings`. Identity and parameters are those of the folder's model package. Raises `PackError`; then nothing
    is written.
    """
    settings = _settings(config)
    model = document_in(folder, ModelPackage)
    if model is None:
        raise PackError("the folder has no model package", hint="write it first: proofpress pack model")
    splits = [_split(name, file, settings) for name, file in sorted(files.items())]
    _known_examples(folder, splits)
    _described(settings, splits)
    parameters = settings.parameters if settings.parameters is not None else model.parameters
    common = {
        "release_id": model.release_id,
        "model_id": model.model_id,
        "run_id": run_id or f"eval-{model.release_id}",
        "training_run_id": model.run_id,
        "commit": model.commit,
        "dataset_snapshot_id": model.dataset_snapshot_id,
        "evaluated_at": at,
        "parameters": parameters,
    }
    whole = _partitions(splits)
    sources = [_metrics_file(item, settings, common, whole) for item in splits]
    defaults = {name: getattr(settings, name) for name in ("level", "resamples", "seed")}
    sliced = {"sliced": settings.sliced or (PRIMARY[settings.task],)}
    measured = tuple(dict.fromkeys(each.metric.name for item in splits for each in item.measures))
    told = {"splits": tuple(item.examples.split for item in splits), "metrics": measured, "parameters": parameters}
    effective = {**defaults, **sliced, **config, **told}
    earlier = _earlier_rows(folder)
    found = aggregate(folder, sources, config=effective, required=required)
    clear(folder, earlier)
    for item in splits:
        write_examples(folder, item.examples.split, item.examples.rows)
        if item.baseline is not None:
            write_examples(folder, item.examples.split, item.baseline.rows, name=_baseline_name(item.examples.split))
    return found


def written_by(evaluation: EvalMetrics) -> tuple[str, ...]:
    """Pack paths of the per-example rows that an evaluation rests on."""
    places = [place for row in evaluation.rows for place in (row.per_sample, row.baseline_per_sample)]
    return tuple(sorted({place.path for place in places if place is not None}))


def _settings(config: Mapping[str, Any]) -> EvalSettings:
    try:
        return EvalSettings.model_validate(config)
    except ValidationError as exc:
        found = schema_findings("the configuration", exc)
        raise PackError(
            "; ".join(f"{item.file}{item.pointer}: {item.message}" for item in found),
            hint=f"fields: {', '.join(EvalSettings.model_fields)}",
        ) from exc


def _split(name: str, file: Path, settings: EvalSettings) -> _Split:
    scored = read_scored(file, task=settings.task, positive=settings.positive)
    if scored.baseline and settings.baseline is None:
        raise PackError(
            f"{file.name} holds predictions of a baseline that the configuration does not describe",
            hint="add baseline: {name: …, description: …}",
        )
    if settings.baseline is not None and not scored.baseline:
        raise PackError(
            f"the configuration describes the baseline '{settings.baseline.name}', but {file.name} holds no prediction "
            "of it",
            hint="write baseline_prediction beside prediction",
        )
    measures = standard_measures(
        settings.task, frozenset(scored.rows[0]), positive=settings.positive, unit=settings.unit
    )
    names = {item.metric.name for item in measures}
    if unknown := sorted({*settings.targets, *settings.sliced} - names):
        raise PackError(
            f"the examples of {file.name} do not give the metric '{unknown[0]}'",
            hint=f"they give {', '.join(sorted(names))}; log_loss, roc_auc and brier_score need a score",
        )
    return _Split(
        examples=_sorted(name, scored.rows, examples_path(name)),
        baseline=_sorted(name, scored.baseline, examples_path(_baseline_name(name))) if scored.baseline else None,
        measures=measures,
    )


def _sorted(split: str, rows: Sequence[Mapping[str, Any]], path: str) -> Examples:
    return Examples(split=split, rows=tuple(sorted(rows, key=lambda row: str(row["key"]))), path=path)


def _baseline_name(split: str) -> str:
    return f"baseline_{split}"


def _known_examples(folder: Path, splits: Iterable[_Split]) -> None:
    """Refuse examples that are not those of the dataset's split, as far as the folder describes one."""
    dataset = document_in(folder, DatasetPackage)
    known = {item.name: item for item in dataset.splits} if dataset else {}
    for item in splits if dataset else ():
        name, n = item.examples.split, len(item.examples.rows)
        described = known.get(name)
        if described is None:
            raise PackError(
                f"the dataset has no split '{name}'", hint=f"its splits: {', '.join(known)}; name one as SPLIT=FILE"
            )
        if described.keys_sha256 != item.examples.keys_sha256:
            raise PackError(
                f"the {n} keys of the examples are not those of the {described.records} records of split '{name}'",
                hint="score every record of the split, under the first key of the dataset's spec",
            )


def _dimensions(item: _Split) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for row in item.examples.rows:
        for dimension, value in row["slices"].items():
            found.setdefault(dimension, set()).add(value)
    return {dimension: sorted(values) for dimension, values in sorted(found.items())}


def _described(settings: EvalSettings, splits: Iterable[_Split]) -> None:
    there = {dimension for item in splits for dimension in _dimensions(item)}
    described = settings.slice_dimensions.keys()
    if there != described:
        odd = min(there ^ described)
        raise PackError(
            f"the slice dimension '{odd}' "
            + ("is not described by the configuration" if odd in there else "is described, but no example has it"),
            hint="slice_dimensions of the configuration says what each dimension of the examples means",
        )


def _partitions(splits: Iterable[_Split]) -> dict[str, bool]:
    """Whether every example of every split has a value, by dimension."""
    rows = [row["slices"] for item in splits for row in item.examples.rows]
    return {dimension: all(dimension in row for row in rows) for dimension in {name for row in rows for name in row}}


def _metrics_file(
    item: _Split, settings: EvalSettings, common: Mapping[str, Any], whole: Mapping[str, bool]
) -> MetricsSource:
    name = f"{item.examples.split}.json"
    dimensions = _dimensions(item)
    fields = {
        **common,
        "splits": [
            {
                "name": item.examples.split,
                "n": len(item.examples.rows),
                "keys_sha256": item.examples.keys_sha256,
            }
        ],
        "baselines": [settings.baseline] if settings.baseline is not None else [],
        "slice_dimensions": [
            {"name": dimension, "description": settings.slice_dimensions[dimension], "partition": whole[dimension]}
            for dimension in dimensions
        ],
        "rows": list(_rows(item, settings, dimensions)),
        **{field: getattr(settings, field) for field in ("remarks", "negative_findings", "limitations")},
    }
    text = document_text(MetricsFile, fields, generated_by=LABEL, path=f"model/metrics/{name}")
    return MetricsSource(name=name, data=text.encode("utf-8"))


def _rows(item: _Split, settings: EvalSettings, dimensions: Mapping[str, Sequence[str]]) -> Iterator[MetricRow]:
    bounds = split_interval(item.measures, level=settings.level, resamples=settings.resamples, seed=settings.seed)
    for each in item.measures:
        yield measure(
            each.metric,
            item.examples,
            baseline=_compared(each, item, settings),
            interval=bounds,
            target=settings.targets.get(each.metric.name),
        )
    part_bounds = slice_interval(item.measures, level=settings.level)
    sliced = settings.sliced or (PRIMARY[settings.task],)
    for each in item.measures:
        if each.metric.name in sliced:
            for dimension, values in dimensions.items():
                for value in values:
                    part = SliceKey(dimension=dimension, value=value)
                    compared = _compared(each, item, settings, part)
                    yield measure(each.metric, item.examples, part=part, baseline=compared, interval=part_bounds)


def _compared(
    each: Measure, item: _Split, settings: EvalSettings, part: SliceKey | None = None
) -> tuple[str, Examples] | None:
    """The baseline, when its rows bear the metric: predictions alone give no log loss."""
    rows = item.baseline.part(part).rows if item.baseline is not None else ()
    if item.baseline is None or settings.baseline is None or not rows or each.metric.field not in rows[0]:
        return None
    if each.metric.infeasible is not None and each.metric.infeasible(rows):
        return None
    return settings.baseline.name, item.baseline


def _earlier_rows(folder: Path) -> tuple[str, ...]:
    """The per-example files of an earlier evaluation, which an example of this one must not be taken from."""
    try:
        evaluation = document_in(folder, EvalMetrics)
    except PackError:
        return ()
    return written_by(evaluation) if evaluation is not None else ()

"""`model/eval_metrics.json` and `model/metrics/`: what was measured, on which examples, against which baseline."""

from typing import Annotated, Literal

from pydantic import Field

from proofpress.evidence.base import Absence, Document, Model, ProducedFile, StatedTexts
from proofpress.evidence.values import (
    Count,
    Digest,
    JsonObject,
    Label,
    Name,
    Number,
    PackPath,
    ReleaseId,
    StatedCommit,
    StatedDigest,
    StatedIdentity,
    StatedName,
    StatedTime,
    Text,
)


class SliceKey(Model):
    """A part of a split: all examples whose `dimension` has this `value`."""

    dimension: Name
    value: Name


class PerSample(Model):
    """Where a row's per-example values stand; `mean` of `field` over the row's examples gives its value."""

    path: PackPath
    field: Name
    aggregate: Literal["mean", "none"] = "none"


class Target(Model):
    """What the release was meant to reach."""

    op: Literal[">=", "<="]
    value: Number


class MetricRow(Model):
    """One measured value: metric, split, optional slice, interval, baseline and digests of the keys."""

    name: Name
    split: Name
    slice: SliceKey | None = None
    value: Number | None
    absent: Absence | None = None
    unit: Name
    higher_is_better: bool | None
    n: Count | None
    ci_low: Number | None = None
    ci_high: Number | None = None
    ci_level: Number | None = None
    ci_method: Text | None = None
    baseline: Name | None = None
    baseline_value: Number | None = None
    delta_vs_baseline: Number | None = None
    evaluated_keys_sha256: Digest | None = None
    baseline_evaluated_keys_sha256: Digest | None = None
    per_sample: PerSample | None = None
    baseline_per_sample: PerSample | None = None
    target: Target | None = None
    notes: Text | None = None

    @property
    def key(self) -> str:
        """`name@split` or `name@split[dimension=value]`."""
        part = f"[{self.slice.dimension}={self.slice.value}]" if self.slice else ""
        return f"{self.name}@{self.split}{part}"


class EvalSplit(Model):
    """A split that was evaluated: number of records and digest of their sorted keys."""

    name: Name
    n: Count | None
    keys_sha256: StatedDigest


class Baseline(Model):
    """What the values are compared with."""

    name: Name
    description: Text


class SliceDimension(Model):
    """A way of slicing a split; the slices of a partition sum to it."""

    name: Name
    description: Text
    partition: bool


class MetricsInput(ProducedFile):
    """A metrics file that the evaluation was aggregated from, and the program that wrote it."""

    generated_by: Label


class Measurement(Document):
    """Rows that were measured together: of one model, by one run, on splits of one snapshot."""

    release_id: ReleaseId
    model_id: StatedIdentity
    run_id: StatedName
    training_run_id: StatedName
    commit: StatedCommit
    dataset_snapshot_id: StatedName
    evaluated_at: StatedTime
    parameters: JsonObject = Field(description="The parameters that the evaluated run used.")
    splits: Annotated[tuple[EvalSplit, ...], Field(min_length=1)]
    baselines: tuple[Baseline, ...] = ()
    slice_dimensions: tuple[SliceDimension, ...] = ()
    rows: Annotated[tuple[MetricRow, ...], Field(min_length=1)]


class MetricsFile(Measurement):
    """`model/metrics/*.json`: what one evaluation program measured; the evaluation aggregates these files."""

    remarks: tuple[Text, ...] = ()
    negative_findings: tuple[Text, ...] = ()
    limitations: tuple[Text, ...] = ()


class EvalMetrics(Measurement):
    """All metrics of one evaluation run, with conclusions and negative findings."""

    conclusions: StatedTexts
    negative_findings: StatedTexts
    limitations: StatedTexts
    inputs: tuple[MetricsInput, ...] = Field(default=(), description="The metrics files that were aggregated.")
    effective_config: ProducedFile | None = Field(
        default=None, description="The committed evaluation configuration with the overrides of this run."
    )
    resumed_step: Count | None = Field(
        default=None, description="The step at which the training run went on, when it was resumed."
    )

"""`model/eval_metrics.json`: what was measured, on which examples, against which baseline."""

from typing import Annotated, Literal

from pydantic import Field

from proofpress.evidence.base import Absence, Document, Model, NonEmptyTexts
from proofpress.evidence.values import (
    Commit,
    Count,
    Digest,
    Identity,
    JsonObject,
    Name,
    Number,
    PackPath,
    ReleaseId,
    Text,
    UtcTime,
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
    n: Count
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
    n: Count
    keys_sha256: Digest


class Baseline(Model):
    """What the values are compared with."""

    name: Name
    description: Text


class SliceDimension(Model):
    """A way of slicing a split; the slices of a partition sum to it."""

    name: Name
    description: Text
    partition: bool


class EvalMetrics(Document):
    """All metrics of one evaluation run, with conclusions and negative findings."""

    release_id: ReleaseId
    model_id: Identity
    run_id: Name
    training_run_id: Name
    commit: Commit
    dataset_snapshot_id: Name
    evaluated_at: UtcTime
    parameters: JsonObject = Field(description="The parameters that the evaluated run used.")
    splits: Annotated[tuple[EvalSplit, ...], Field(min_length=1)]
    baselines: tuple[Baseline, ...] = ()
    slice_dimensions: tuple[SliceDimension, ...] = ()
    rows: Annotated[tuple[MetricRow, ...], Field(min_length=1)]
    conclusions: NonEmptyTexts
    negative_findings: NonEmptyTexts
    limitations: NonEmptyTexts
    resumed_step: Count | None = Field(
        default=None, description="The step at which the training run went on, when it was resumed."
    )

"""Their JSON documents of model, evaluation, efficiency and data, as far as their guarantees speak of them."""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from proofpress.exchange.genolewm.values import (
    Closed,
    Commit,
    Cost,
    Digest,
    Finite,
    Natural,
    Path,
    Positive,
    Something,
    Text,
    Texts,
    Theirs,
    Trimmed,
    TrimmedDigest,
    Version,
    Word,
    path_trouble,
)

FIXTURE_WORDS = ("fixture", "dummy", "test")
MADE_FOR_DATASET = (
    "data_card.md",
    "dataset_manifest.json",
    "dataset_package.json",
    "split_integrity.json",
    "SHA256SUMS",
)
MADE_FOR_MODEL = ("model_package.json", "model_card.md", "SHA256SUMS")
RUN_EVIDENCE = (
    "training_preflight_report.json",
    "training_run_manifest.json",
    "training_run_card.md",
    "training_run_SHA256SUMS",
)


def canonical_digest(value: Any) -> str:
    """`sha256:` of a value's canonical JSON: keys sorted, no blanks, UTF-8. Raises `ValueError` on NaN."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()


class ModelFile(Closed):
    """A file of the checkpoint, by digest."""

    file: Word
    hash: Digest
    dtype: object = None
    version: object = None


class Encoder(Theirs):
    """The frozen encoder that the model stands on."""

    id: Word
    revision: Word
    hash: Digest


class Training(Theirs):
    """The training configuration, and the data snapshot by names of the project's choice."""

    config_file: Word
    hash: Digest
    data_snapshot: dict[str, str] = Field(default_factory=dict)


class ModelManifest(Closed):
    """`manifest.json`: the files of a checkpoint. The digest of its canonical form is their `model_id`."""

    schema_version: Literal["1.0.0"]
    model_name: Word
    model_version: Word
    release_id: Word
    encoder: Encoder
    predictor: ModelFile
    action_encoder: ModelFile
    calibration: ModelFile
    training: Training
    eval: ModelFile

    @cached_property
    def model_id(self) -> str:
        """The identity of the manifest."""
        return canonical_digest(self.model_dump())

    @property
    def files(self) -> dict[str, str]:
        """Digest by path of each file that it names."""
        files = {item.file: item.hash for item in (self.predictor, self.action_encoder, self.calibration, self.eval)}
        return {**files, self.training.config_file: self.training.hash}

    @property
    def snapshot(self) -> str | None:
        """The id of the data snapshot, when one can be told."""
        named = self.training.data_snapshot
        for key in ("snapshot", "dataset_snapshot", "snapshot_id"):
            if named.get(key):
                return named[key]
        return next(iter(named.values())) if len(named) == 1 else None

    @property
    def is_fixture(self) -> bool:
        """Whether its names say that it was made for tests."""
        named = self.training.data_snapshot
        text = " ".join((self.release_id, self.model_version, *named, *named.values())).lower()
        return any(word in text for word in FIXTURE_WORDS)


def _extra_file(value: str) -> str:
    if value in MADE_FOR_MODEL:
        raise PydanticCustomError("made", "a file that the package generates can't be an extra file of it")
    return value


def _distinct(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        raise PydanticCustomError("distinct", "a path stands twice")
    return values


def _with_run(values: list[str]) -> list[str]:
    if missing := [name for name in RUN_EVIDENCE if name not in values]:
        raise PydanticCustomError(
            "run", "the training evidence {missing} is not named", {"missing": ", ".join(missing)}
        )
    return values


class ModelPackage(Theirs):
    """`model_package.json`: what people say of the model; the model card is rendered from it."""

    schema_version: Version
    generated_by: Annotated[Literal["tools.release.model_package"], Trimmed]
    generated_at: Text | None = None
    summary: Text
    data: Texts
    hardware: Texts
    license: Text
    intended_use: Text
    limitations: Texts
    training: Texts
    evaluation: Texts
    runtime: Texts
    release_notes: Texts
    extra_files: Annotated[
        list[Annotated[Path, AfterValidator(_extra_file)]], AfterValidator(_distinct), AfterValidator(_with_run)
    ]


class Metric(Theirs):
    """One measured row."""

    name: Text
    value: Finite
    split: Text
    unit: Text
    higher_is_better: bool
    baseline: Text | None = None
    baseline_value: Finite | None = None
    delta_vs_baseline: Finite | None = None
    ci_low: Finite | None = None
    ci_high: Finite | None = None
    n: Positive | None = None
    notes: Text | None = None
    evaluated_variant_keys_sha256: TrimmedDigest | None = None
    baseline_evaluated_variant_keys_sha256: TrimmedDigest | None = None

    @model_validator(mode="before")
    @classmethod
    def _no_null_numbers(cls, raw: Any) -> Any:
        numbers = ("baseline_value", "delta_vs_baseline", "ci_low", "ci_high")
        if isinstance(raw, dict) and (null := [name for name in numbers if name in raw and raw[name] is None]):
            raise PydanticCustomError("number", "{names} must be a number or left out", {"names": ", ".join(null)})
        return raw

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.ci_low is None) != (self.ci_high is None):
            raise PydanticCustomError("interval", "one bound of the interval stands without the other")
        if self.ci_low is not None and self.ci_high is not None and self.ci_low > self.ci_high:
            raise PydanticCustomError("interval", "the interval's lower bound is above its upper one")
        given = [item is not None for item in (self.baseline, self.baseline_value, self.delta_vs_baseline)]
        if any(given) and not all(given):
            raise PydanticCustomError("baseline", "name, value and delta of a baseline come together")
        own, other = self.evaluated_variant_keys_sha256, self.baseline_evaluated_variant_keys_sha256
        if all(given) and (own is None or own != other):
            raise PydanticCustomError("keys", "a baseline needs equal digests of the evaluated variant keys")
        if not any(given) and other is not None:
            raise PydanticCustomError("keys", "baseline keys are stated without a baseline")
        return self


class EvalMetrics(Theirs):
    """`eval_metrics.json`, or one of the metrics files that it aggregates."""

    schema_version: Version
    generated_by: Annotated[Literal["geno-lewm-eval", "geno-lewm-eval-all"], Trimmed]
    generated_at: Text | None = None
    model_id: TrimmedDigest
    model_release: Text
    dataset_snapshot: Text
    commit: Text
    hardware: Text
    metrics: Annotated[list[Metric], Field(min_length=1)]
    artifacts: dict[Word, Text]
    limitations: Texts
    negative_findings: Texts
    conclusions: Texts


def _input_path(value: str) -> str:
    label = value.removeprefix("inline:")
    inline = label != value
    if inline and (not label or "/" in label or label in {".", ".."}):
        raise PydanticCustomError("inline", "an inline input is 'inline:' and a label")
    if (not inline and ("://" in value or path_trouble(value))) or "\\" in value:
        raise PydanticCustomError("GLW002", "the path is neither relative to the package nor an inline label")
    return value


class InputIdentity(Theirs):
    """A benchmark input by digest and size."""

    path: Annotated[Text, AfterValidator(_input_path)]
    sha256: TrimmedDigest
    size_bytes: Natural


class Measurements(Theirs):
    """The measured costs."""

    single_variant_latency_ms: Cost
    batched_throughput_variants_per_s: Cost
    peak_memory_bytes: Positive


class Efficiency(Theirs):
    """`efficiency_report.json`."""

    schema_version: Version
    generated_by: Annotated[Literal["tools.release.efficiency_report"], Trimmed]
    generated_at: Text | None = None
    model_id: TrimmedDigest
    model_release: Text
    dataset_snapshot: Text
    commit: Commit
    command: Texts
    hardware: Text
    runtime: Text
    warmup_batches: Natural
    samples: Positive
    measurements: Measurements
    inputs: Annotated[dict[Word, InputIdentity], Field(min_length=1)]
    limitations: Texts


class DataSource(Theirs):
    """Where records come from."""

    name: Text
    revision: Text
    url: Text | None = None
    license: Text | None = None
    notes: Text | None = None


class DataSplit(Theirs):
    """A split and its number of records."""

    records: Positive
    description: Text | None = None


def _data_file(value: str) -> str:
    if value in MADE_FOR_DATASET:
        raise PydanticCustomError("made", "a file that the package generates can't be a data file of it")
    return value


class DataFile(Theirs):
    """A data file and the split that it belongs to."""

    path: Annotated[Path, AfterValidator(_data_file)]
    split: Text
    records: Natural | None = None
    description: Text | None = None


class DatasetPackage(Theirs):
    """`dataset_package.json`: what people say of the data; manifest and data card are made from it."""

    schema_version: Version
    snapshot_id: Text
    generated_by: Annotated[Literal["tools.release.dataset_package"], Trimmed]
    generated_at: Text | None = None
    sources: Annotated[list[DataSource], Field(min_length=1)]
    license: Text
    preprocessing: Texts
    split_policy: Text
    splits: Annotated[dict[Annotated[Word, Trimmed], DataSplit], Field(min_length=1)]
    leakage_checks: Texts
    intended_use: Text
    limitations: Texts
    files: Annotated[list[DataFile], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        _distinct([item.path for item in self.files])
        if unknown := [item.split for item in self.files if item.split not in self.splits]:
            raise PydanticCustomError("split", "the split {name} of a file is not declared", {"name": unknown[0]})
        return self


class ReceiptOutput(Closed):
    """The scores of one variant."""

    sigma_raw: int | float
    sigma_calibrated: int | float
    bucket_id: Something
    confidence: int | float
    low_confidence: object


class ReceiptRuntime(Closed):
    """Where the scores were computed."""

    backend: Something
    device: Something
    geno_lewm_version: Something
    carbon_revision: Something


class ReceiptProvenance(Closed):
    """The only kind of provenance that version 1 knows."""

    kind: Literal["checksum_only"]
    details: dict[str, object] | None = None


class Receipt(Closed):
    """A receipt: which model gave which output for which input."""

    schema_version: Literal["1.0.0"]
    model_id: Digest
    input_commitment: Digest
    output: ReceiptOutput
    output_commitment: Digest
    calibration_hash: Digest
    runtime: ReceiptRuntime
    timestamp: Something
    provenance: ReceiptProvenance

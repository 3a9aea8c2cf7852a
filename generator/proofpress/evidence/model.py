"""What is released: the model's own files, and the model package that the model card is rendered from."""

from typing import Annotated, Literal

from pydantic import Field

from proofpress.evidence.base import Absence, Document, Model, NonEmptyTexts, ProducedFile
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


class ModelFile(Model):
    """A file of the model, by its path below `model/`."""

    path: PackPath
    role: Literal["weights", "config", "calibration", "tokenizer", "other"]
    sha256: Digest
    size: Count


class ModelManifest(Document):
    """`model/manifest.json`: the model's own files. Its digest is the `model_id`, so it names no release."""

    format: Name
    files: Annotated[tuple[ModelFile, ...], Field(min_length=1)]


class ModelField(Model):
    """One input or output of the model."""

    name: Name
    type: Name
    shape: Name
    description: Text


class Architecture(Model):
    """What kind of model it is."""

    name: Name
    description: Text
    trainable_parameters: Count | None = None


class ModelPackage(Document):
    """`model/model_package.json`: identity and description of the released model."""

    release_id: ReleaseId
    model_id: Identity
    run_id: Name
    commit: Commit
    dataset_snapshot_id: Name
    architecture: Architecture
    parameters: JsonObject = Field(description="The promoted parameters.")
    inputs: Annotated[tuple[ModelField, ...], Field(min_length=1)]
    outputs: Annotated[tuple[ModelField, ...], Field(min_length=1)]
    usage: tuple[Text, ...] = ()
    limitations: NonEmptyTexts


class EfficiencyRow(Model):
    """One measured cost."""

    name: Name
    value: Number | None = None
    absent: Absence | None = None
    unit: Name
    batch_size: Count | None = None
    repeats: Count | None = None
    warm_up: Count | None = Field(default=None, description="Untimed calls before the timed ones.")
    notes: Text | None = None


class EfficiencyReport(Document):
    """`model/efficiency_report.json`: measured latency, throughput and memory, and what they do not show."""

    release_id: ReleaseId
    model_id: Identity
    run_id: Name
    measured_at: UtcTime
    environment: JsonObject
    command: tuple[Text, ...] = Field(default=(), description="The command that measured, with its arguments.")
    inputs: tuple[ProducedFile, ...] = Field(default=(), description="Files of the pack that the command read.")
    rows: Annotated[tuple[EfficiencyRow, ...], Field(min_length=1)]
    limitations: tuple[Text, ...] = ()
    claim_boundary: NonEmptyTexts

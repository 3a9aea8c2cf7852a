"""`training/training_run.json`: the run that made the model."""

from typing import Annotated

from pydantic import Field

from proofpress.evidence.base import Document, Model
from proofpress.evidence.values import (
    Commit,
    Count,
    Digest,
    JsonObject,
    Name,
    Number,
    PackPath,
    ReleaseId,
    Text,
    UtcTime,
)


class ProducedFile(Model):
    """A file that the run wrote, by its path in the pack."""

    path: PackPath
    sha256: Digest
    size: Count


class Observation(Model):
    """A value of the training log."""

    step: Count
    name: Name
    value: Number


class TrainingRun(Document):
    """Command, parameters, data, environment and outputs of one training run."""

    release_id: ReleaseId
    run_id: Name
    commit: Commit
    dataset_snapshot_id: Name
    command: Annotated[tuple[Text, ...], Field(min_length=1)]
    seed: Count
    started_at: UtcTime
    finished_at: UtcTime
    duration_seconds: Number
    parameters: JsonObject
    environment: JsonObject
    outputs: Annotated[tuple[ProducedFile, ...], Field(min_length=1)]
    log: tuple[Observation, ...] = ()
    notes: tuple[Text, ...] = ()

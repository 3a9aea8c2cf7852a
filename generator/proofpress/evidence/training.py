"""The run that made the model: its record, its files, and the checkpoint that it went on from."""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field

from proofpress.evidence.base import Document, Model, ProducedFile
from proofpress.evidence.dataset import DatasetPackage
from proofpress.evidence.values import (
    Commit,
    Count,
    Digest,
    JsonObject,
    Name,
    Number,
    ReleaseId,
    Text,
    UtcTime,
)


class Observation(Model):
    """A value of the training log."""

    step: Count
    name: Name
    value: Number


class SplitKeys(Model):
    """A split by the digest of its sorted keys."""

    name: Name
    keys_sha256: Digest


class RunIdentity(Model):
    """What a checkpoint and the run that goes on from it have in common."""

    run_id: Name
    dataset_snapshot_id: Name
    config_sha256: Digest = Field(description="Digest of the configuration file's bytes.")
    splits: Annotated[tuple[SplitKeys, ...], Field(min_length=1)]

    @classmethod
    def of(cls, dataset: DatasetPackage, *, run_id: str, config_sha256: str) -> "RunIdentity":
        """The identity of a run on this data with the configuration of that digest."""
        return cls(
            run_id=run_id,
            dataset_snapshot_id=dataset.dataset_snapshot_id,
            config_sha256=config_sha256,
            splits=tuple(SplitKeys(name=split.name, keys_sha256=split.keys_sha256) for split in dataset.splits),
        )


class Checkpoint(ProducedFile, RunIdentity):
    """A saved state: which run, data and configuration it belongs to, and the step at which it was saved."""

    step: Count

    def differences(self, run: RunIdentity) -> tuple[tuple[str, str, str], ...]:
        """(field, the run's value, the checkpoint's value) of all that keeps a run from going on from here."""
        mine, wanted = (
            {
                "run_id": item.run_id,
                "dataset_snapshot_id": item.dataset_snapshot_id,
                "config_sha256": item.config_sha256,
                "splits": ", ".join(sorted(f"{split.name} {split.keys_sha256}" for split in item.splits)),
            }
            for item in (self, run)
        )
        return tuple((name, wanted[name], found) for name, found in mine.items() if wanted[name] != found)


RESUMED_STEP = "resumed_step"
"""Name of the log's observation at which a resumed run went on."""


def resumed_log_trouble(log: Collection[Observation], step: int | None) -> tuple[str, str] | None:
    """(expected, found) when a log does not say that its run went on at `step`; None: the run was not resumed."""
    marks = [item for item in log if item.name == RESUMED_STEP]
    if step is None:
        return ("no such observation", f"{len(marks)} of them") if marks else None
    if len(marks) != 1 or not marks[0].step == marks[0].value == step:
        said = ", ".join(f"{item.value} at step {item.step}" for item in marks) or "no such observation"
        return f"one observation {RESUMED_STEP} {step} at step {step}", said
    earliest = min(item.step for item in log)
    return (f"observations from step {step} on", f"one of step {earliest}") if earliest < step else None


class TrainingRun(Document):
    """`training/training_run.json`: command, parameters, data, environment and outputs of one training run."""

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
    resumed_from: Checkpoint | None = None
    resumed_step: Count | None = Field(default=None, description="The step at which a resumed run went on.")


RunFileRole = Literal["run record", "configuration", "preflight", "output", "checkpoint", "log", "other"]
_ROLES: dict[str, RunFileRole] = {
    "training/training_run.json": "run record",
    "training/params.yaml": "configuration",
    "training/training_preflight_report.json": "preflight",
    "training/log.jsonl": "log",
}


def role_in_run(path: str, outputs: Collection[str]) -> RunFileRole:
    """What a file of the pack is to the run whose outputs are given."""
    if path in outputs:
        return "output"
    return _ROLES.get(path) or ("checkpoint" if path.startswith("training/checkpoints/") else "other")


class RunFile(ProducedFile):
    """A file of the run, by its path in the pack."""

    role: RunFileRole


class RunManifest(Document):
    """`training/training_run_manifest.json`: every file of the run, so that none is exchanged or left out."""

    release_id: ReleaseId
    run_id: Name
    files: Annotated[tuple[RunFile, ...], Field(min_length=1)]

"""Their JSON documents of what was run: training, demo, and the reports on inputs and snapshots."""

from typing import Annotated, Any, Literal

from pydantic import Field

from proofpress.exchange.genolewm.values import (
    Commit,
    Digest,
    Natural,
    Path,
    Positive,
    Reference,
    Text,
    Texts,
    Theirs,
    Trimmed,
    TrimmedDigest,
    Version,
    Word,
)


class RunFile(Theirs):
    """A file of the training run."""

    path: Path
    kind: Text
    sha256: TrimmedDigest
    size_bytes: Natural
    description: Text


class Monitoring(Theirs):
    """What the run watched."""

    collapse_monitoring: Literal[True]
    nan_monitoring: Literal[True]


class TrainingRun(Theirs):
    """`training_run_manifest.json`: a completed run and its files; the training card is rendered from it."""

    schema_version: Version
    run_id: Text
    generated_by: Annotated[Literal["tools.release.training_run"], Trimmed]
    generated_at: Text
    command: Text
    commit_sha: Commit
    package_version: Text
    dataset_snapshot_id: Text
    status: Annotated[Literal["completed", "completed_negative"], Trimmed]
    hardware: Texts
    runtime: Texts
    seeds: Annotated[dict[Word, int], Field(min_length=1)]
    determinism: Text
    monitoring: Monitoring
    result_summary: Text
    limitations: Texts
    artifacts: Annotated[list[RunFile], Field(min_length=1)]

    def of_kind(self, kind: str) -> list[RunFile]:
        """The files of one kind."""
        return [item for item in self.artifacts if item.kind == kind]


class FileIdentity(Theirs):
    """A file by path, digest and size."""

    path: Word
    sha256: Digest
    size_bytes: Positive


class Issue(Theirs):
    """Something that a preflight noticed."""

    severity: object = None


class ConfigIdentity(Theirs):
    """The training configuration that the preflight resolved."""

    sha256: str
    size_bytes: int
    resolved: dict[str, Any]


class DatasetEvidence(Theirs):
    """The dataset package that the preflight saw."""

    snapshot_id: str
    core_files: dict[str, Any]
    files: Annotated[list[Any], Field(min_length=1)]


class TrainingPreflight(Theirs):
    """`training_preflight_report.json`."""

    schema_version: Literal["1.0.0"]
    generated_by: Literal["geno_lewm.training.preflight"]
    ok: Literal[True]
    dataset_snapshot_id: str
    issues: list[Issue]
    training_config: ConfigIdentity
    dataset: DatasetEvidence


class SourceCheck(Theirs):
    """An upstream file as the input check saw it."""

    source_path: Reference
    staged_path: Reference
    split: str
    description: str
    sha256: Digest
    size_bytes: Positive


class InputCheck(Theirs):
    """`dataset_input_check_report.json`."""

    schema_version: Literal["1.0.0"]
    generated_by: Literal["tools.release.dataset_snapshot.check_inputs"]
    snapshot_id: str
    inputs: Annotated[list[SourceCheck], Field(min_length=1)]


class SpecIdentity(FileIdentity):
    """The reviewed specification that the snapshot was built from."""

    path: Reference


class SnapshotFile(Theirs):
    """A file of the snapshot and the upstream file that it was made from."""

    path: Word
    source_path: Reference
    source_sha256: Digest
    source_size_bytes: Positive
    sha256: Digest
    size_bytes: int


class SnapshotPackage(Theirs):
    """The dataset package that the snapshot wrote."""

    snapshot_id: str
    manifest_path: Literal["dataset_manifest.json"]
    data_card_path: Literal["data_card.md"]
    integrity_path: Literal["split_integrity.json"]
    checksums_path: Literal["SHA256SUMS"]
    metadata: FileIdentity
    manifest: FileIdentity
    data_card: FileIdentity
    integrity: FileIdentity
    files: Annotated[list[Any], Field(min_length=1)]


class SnapshotReport(Theirs):
    """`dataset_snapshot_report.json`."""

    schema_version: Literal["1.0.0"]
    generated_by: Literal["tools.release.dataset_snapshot"]
    generated_at: Word
    snapshot_id: str
    report_path: Literal["dataset_snapshot_report.json"]
    metadata_path: Literal["dataset_package.json"]
    input_check_path: Literal["dataset_input_check_report.json"]
    snapshot_spec: SpecIdentity
    input_check: FileIdentity
    package: SnapshotPackage
    files: Annotated[list[SnapshotFile], Field(min_length=1)]


class Command(Theirs):
    """A command as it was run."""

    argv: Annotated[list[Word], Field(min_length=1)]


class Requirements(Theirs):
    """What the runtime preflight required."""

    native_runtime: Literal[True]
    fixture_manifest_allowed: object = None


class Dependency(Theirs):
    """A library that the preflight looked for."""

    required: object = None
    available: object = None
    import_name: object = None


class Guard(Theirs):
    """The network guard, shown to close."""

    ok: Literal[True]


class CheckedFile(FileIdentity):
    """A file of the model, checked by the preflight."""

    ok: Literal[True]


class DemoInputs(Theirs):
    """The inputs of the demo."""

    vcf: FileIdentity
    fasta: FileIdentity


class RuntimePreflight(Theirs):
    """`runtime_preflight_report.json`."""

    schema_version: Literal["1.0.0"]
    generated_by: Literal["tools.release.runtime_preflight"]
    ok: Literal[True]
    model_id: object = None
    requirements: Requirements
    command: Command
    dependencies: Annotated[list[Dependency], Field(min_length=1)]
    network_guard: Guard
    inputs: DemoInputs
    artifacts: Annotated[list[CheckedFile], Field(min_length=1)]


class DemoCommand(Command):
    """The demo's command and how it ended."""

    returncode: Literal[0]


class DemoModel(Theirs):
    """The model that the demo ran."""

    release_id: Word
    model_version: Word
    model_id: Word
    encoder_id: Word
    encoder_revision: Word


class RecordedInputs(DemoInputs):
    """The demo's inputs with the manifest of its model and the summary of its variants."""

    model_manifest: FileIdentity
    vcf_summary: dict[str, Any]


class DemoArtifact(FileIdentity):
    """An output of the demo."""

    label: Word
    jsonl_records: int | None = None
    jsonl_fields: list[Word] | None = None


class DemoManifest(Theirs):
    """`terminal_demo_manifest.json`."""

    schema_version: Literal["1.0.0"]
    generated_by: Literal["tools.demo.terminal_inference"]
    status: Literal["passed"]
    command: DemoCommand
    model: DemoModel
    inputs: RecordedInputs
    artifacts: Annotated[list[DemoArtifact], Field(min_length=1)]
    runtime_preflight: dict[str, Any]
    score_receipt_batch: dict[str, Any]

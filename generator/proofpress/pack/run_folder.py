"""A run folder, as a training program leaves it → the training documents of a pack."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from proofpress.evidence.base import Model
from proofpress.evidence.dataset import DatasetPackage
from proofpress.evidence.pack import CHECKSUMS, PARAMS
from proofpress.evidence.preflight import TrainingPreflight
from proofpress.evidence.training import (
    Checkpoint,
    Observation,
    RunIdentity,
    RunManifest,
    TrainingRun,
    resumed_log_trouble,
)
from proofpress.evidence.values import Commit, Count, JsonObject, Name, Number, PackPath, Text, UtcTime
from proofpress.ingest.rows import lines_of
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import MAX_STRUCTURED_BYTES, StrictError, parse_json
from proofpress.pack.resume import read_checkpoint, resume_check
from proofpress.pack.training import release_of, write_run_manifest, write_training
from proofpress.pack.writer import (
    PackError,
    copy_file,
    document_in,
    kind_of,
    parse_document,
    produced,
    read_fields,
    read_model,
    refuse_private,
)
from proofpress.render.sets import RENDERED

_RECORD: Final = "run.json"
_PARAMS: Final = "params.yaml"
_LOG: Final = "log.jsonl"
_PREFLIGHT: Final = "training_preflight_report.json"


class RunRecord(Model):
    """`run.json` of a run folder: what the training program knows of its run. `outputs` are paths in the folder."""

    run_id: Name
    commit: Commit
    dataset_snapshot_id: Name
    command: Annotated[tuple[Text, ...], Field(min_length=1)]
    seed: Count
    started_at: UtcTime
    duration_seconds: Annotated[Number, Field(ge=0, le=1_000_000_000)]
    environment: JsonObject
    outputs: Annotated[tuple[PackPath, ...], Field(min_length=1)]
    resumed_step: Count | None = None
    notes: tuple[Text, ...] = ()


def package_run(run: Path, folder: Path, *, resume_from: Path | None = None) -> tuple[str, ...]:
    """Package a run folder into a pack; returns the pack paths of what was written.

    The folder holds `run.json`, `params.yaml`, and, when there are any, `log.jsonl` (one observation a line: step,
    name, value), `training_preflight_report.json`, `checkpoints/` and other files; `model/` is the model's. What lies
    below `model/` goes there, or must equal what is there; all else goes to `training/`, in place of the files that
    an earlier run manifest lists. A preflight that the run folder does not hold stays as it is in the pack.

    Raises `PackError` when the folder does not make a valid run, `ResumeError` when the checkpoint `resume_from` is
    not of this run; then nothing is written.
    """
    # (1) what the run says of itself, and that the checkpoint is its own
    record = read_model(run / _RECORD, RunRecord)
    parameters = read_fields(run / _PARAMS)
    log = _log(run / _LOG)
    files = dict(_files(run))
    checkpoint = _checkpoint(run, folder, record, resume_from, files)
    if difference := resumed_log_trouble(log, checkpoint.step if checkpoint else None):
        raise PackError(
            f"{_LOG} does not tell the step at which the run went on: {difference[1]}",
            hint=f"let the training program record {difference[0]}",
        )
    missing = [path for path in record.outputs if _place(path) not in files]
    if missing:
        raise PackError(f"{_RECORD} names the output {missing[0]}, which the run folder does not hold")
    _check_files(folder, {**files, _RECORD: run / _RECORD})
    if (run / _PREFLIGHT).exists():
        parse_document(TrainingPreflight, read_file(run / _PREFLIGHT))

    # (2) clear, then write: the manifest, which lists the others, comes last
    release_id = release_of(folder)
    _clear(folder, keep=files)
    for path, source in files.items():
        copy_file(source, folder, path)
    write_training(
        folder,
        release_id=release_id,
        run_id=record.run_id,
        commit=record.commit,
        dataset_snapshot_id=record.dataset_snapshot_id,
        command=record.command,
        seed=record.seed,
        started_at=record.started_at,
        duration_seconds=record.duration_seconds,
        parameters=parameters,
        environment=record.environment,
        outputs=[_place(path) for path in record.outputs],
        log=[item.model_dump() for item in log],
        notes=record.notes,
        resumed_from=checkpoint,
    )
    write_run_manifest(folder)
    return tuple(sorted({*files, kind_of(TrainingRun).path, kind_of(RunManifest).path}))


def _place(path: str) -> str:
    """Where a file of the run folder stands in the pack."""
    return path if path.startswith("model/") else f"training/{path}"


def _files(run: Path) -> Iterator[tuple[str, Path]]:
    """(pack path, file) of everything in the run folder but the record, which is written anew."""
    for item in sorted(run.rglob("*")):
        path = item.relative_to(run).as_posix()
        if item.is_symlink() or not (item.is_dir() or item.is_file()):
            raise PackError(f"{path} of the run folder is not a regular file", hint="put a plain copy of it there")
        place = _place(path)
        if item.is_dir() or path == _RECORD:
            continue
        written_here = {kind_of(TrainingRun).path, kind_of(RunManifest).path, f"training/{CHECKSUMS}"}
        if place in RENDERED | written_here:
            raise PackError(f"{path} of the run folder has the name of a file that is made of the run")
        yield place, item


def _check_files(folder: Path, files: Mapping[str, Path]) -> None:
    """Refuse private paths in texts, and a model file that is not the pack's."""
    for place, file in files.items():
        if file.stat().st_size <= MAX_STRUCTURED_BYTES:
            refuse_private(place, read_file(file).decode("utf-8", errors="ignore"))
        if place.startswith("model/") and (folder / place).exists():
            mine, theirs = produced(file.parent, file.name)["sha256"], produced(folder, place)["sha256"]
            if mine != theirs:
                raise PackError(
                    f"{place} of the pack is not the one that this run wrote",
                    hint="build the model package from this run first",
                )


def _log(path: Path) -> tuple[Observation, ...]:
    if not path.exists():
        return ()
    try:
        rows = [parse_json(line) for line in lines_of(read_file(path))]
    except StrictError as exc:
        raise PackError(f"{_LOG}: {exc}") from exc
    found = []
    for number, row in enumerate(rows, start=1):
        try:
            found.append(Observation.model_validate(row))
        except ValueError as exc:
            raise PackError(f"{_LOG}, line {number}: an observation has step, name and value") from exc
    return tuple(found)


def _checkpoint(
    run: Path, folder: Path, record: RunRecord, resume_from: Path | None, files: dict[str, Path]
) -> Checkpoint | None:
    """The checkpoint as the run record names it: by its place in the pack. It is added to the files when it lies
    elsewhere.
    """
    if resume_from is None:
        if record.resumed_step is not None:
            raise PackError(
                f"{_RECORD} says that the run was resumed at step {record.resumed_step}",
                hint="name its checkpoint: --resume-from CHECKPOINT.json",
            )
        return None
    dataset = document_in(folder, DatasetPackage)
    if dataset is None:
        raise PackError("the pack holds no dataset package to check the checkpoint against", hint="build it first")
    checkpoint = read_checkpoint(resume_from)
    config = produced(run, _PARAMS)["sha256"]
    resume_check(checkpoint, RunIdentity.of(dataset, run_id=record.run_id, config_sha256=config))
    if record.resumed_step != checkpoint.step:
        raise PackError(
            f"{_RECORD} says resumed_step {record.resumed_step}, the checkpoint was saved at step {checkpoint.step}",
            hint="record the step at which the run really went on",
        )
    state = (resume_from.parent / checkpoint.path).resolve()
    inside = state.is_relative_to(run.resolve())
    place = _place(state.relative_to(run.resolve()).as_posix() if inside else f"checkpoints/{state.name}")
    files.setdefault(place, state)
    return checkpoint.model_copy(update={"path": place})


def _clear(folder: Path, *, keep: Mapping[str, Path]) -> None:
    """Remove what an earlier run left below `training/`; a preflight stays, for it came before the run."""
    try:
        earlier = document_in(folder, RunManifest)
    except PackError:
        earlier = None  # it goes, whatever it listed
    listed = {item.path for item in earlier.files if item.path.startswith("training/")} if earlier else set()
    listed |= {PARAMS, kind_of(TrainingRun).path, kind_of(RunManifest).path, f"training/{CHECKSUMS}"}
    listed |= {path for path in RENDERED if path.startswith("training/")}
    listed -= {kind_of(TrainingPreflight).path, "training/config.schema.json", *keep}
    for path in listed:
        (folder / path).unlink(missing_ok=True)

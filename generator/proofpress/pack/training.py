"""The training run, the promoted parameters, and the list of all files of the run."""

import math
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import PARAMS
from proofpress.evidence.release import Release
from proofpress.evidence.training import RESUMED_STEP, Checkpoint, RunManifest, TrainingRun, role_in_run
from proofpress.evidence.values import ReleaseParts
from proofpress.ingest.strict import parse_yaml
from proofpress.pack.writer import (
    PackError,
    document_in,
    exact,
    files_below,
    kind_of,
    produced,
    write_document,
    write_text,
)

_LABEL: Final = "proofpress.pack.training"


def environment(distributions: Sequence[str] = ()) -> dict[str, Any]:
    """Interpreter, system and versions of the named distributions; no host name and no path."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "machine": platform.machine(),
        **{name: version(name) for name in distributions},
    }


def write_params(folder: Path, parameters: Mapping[str, Any]) -> None:
    """Write `training/params.yaml`: the promoted parameters as a flat mapping, sorted by name.

    Scalars are written as JSON, which strict YAML reads the same way. Raises `PackError` on a nested value.
    """
    lines = []
    for name in sorted(parameters):
        value = parameters[name]
        if isinstance(value, Mapping | tuple | list):
            raise PackError(f"parameter '{name}' is nested; promoted parameters are a flat mapping")
        lines.append(f"{name}: {dump_json(value, indent=None)}")
    text = "".join(lines)
    if set(parse_yaml(text.encode("utf-8"))) != set(parameters):
        raise PackError("a parameter's name can't stand in YAML as it is")
    write_text(folder, PARAMS, text)


def release_of(folder: Path) -> str:
    """The id of the release that a folder is for: what its `release.json` says, else its own name.

    Raises `PackError` when neither tells.
    """
    if (release := document_in(folder, Release)) is not None:
        return release.release_id
    name, _bundle = named_release(folder)
    try:
        ReleaseParts(name)
    except ValueError as exc:
        raise PackError(
            f"{folder.name} holds no release.json and is not named after a release",
            hint="name the folder <name>-v<version>[-<variant>]-r<revision>",
        ) from exc
    return name


def named_release(folder: Path) -> tuple[str, int]:
    """The release id and the bundle that a folder's name tells: `<release id>`, or `<release id>.b<bundle>`."""
    name = folder.resolve().name
    found = re.fullmatch(r"(.+)\.b([1-9]\d*)", name)
    return (found[1], int(found[2])) if found else (name, 1)


def write_training(
    folder: Path,
    *,
    release_id: str,
    run_id: str,
    commit: str,
    dataset_snapshot_id: str,
    command: Sequence[str],
    seed: int,
    started_at: str,
    duration_seconds: float | Decimal,
    parameters: Mapping[str, Any],
    environment: Mapping[str, Any],
    outputs: Sequence[str],
    log: Sequence[Mapping[str, Any]] = (),
    notes: Sequence[str] = (),
    resumed_from: Checkpoint | None = None,
) -> TrainingRun:
    """Write `training/training_run.json`. `outputs` are paths of files that are in the pack already.

    `finished_at` is the start plus the whole seconds of the measured duration: the earliest second in which the run can
    have ended, so that what was measured right after it is not older than its model. The log of a run that was
    `resumed_from` a checkpoint says so: an observation `resumed_step` at that step, and none of a step before.
    """
    finished = datetime.fromisoformat(started_at) + timedelta(seconds=math.floor(duration_seconds))
    resumed = {"resumed_from": resumed_from, "resumed_step": resumed_from.step} if resumed_from else {}
    return write_document(
        folder,
        TrainingRun,
        {
            "release_id": release_id,
            "run_id": run_id,
            "commit": commit,
            "dataset_snapshot_id": dataset_snapshot_id,
            "command": command,
            "seed": seed,
            "started_at": started_at,
            "finished_at": finished.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "duration_seconds": exact(duration_seconds, 3),
            "parameters": parameters,
            "environment": environment,
            "outputs": [produced(folder, path) for path in sorted(outputs)],
            "log": log,
            "notes": notes,
            **resumed,
        },
        generated_by=_LABEL,
    )


def resumption(folder: Path, training_run_id: str) -> dict[str, Any]:
    """`resumed_step`, as what is measured of a training run repeats it: when the folder's run is it and went on."""
    run = document_in(folder, TrainingRun)
    if run is None or run.run_id != training_run_id or run.resumed_step is None:
        return {}
    return {RESUMED_STEP: run.resumed_step}


def write_run_manifest(folder: Path) -> RunManifest:
    """Write `training/training_run_manifest.json`: all files below `training/`, and the outputs of the run record.

    Raises `PackError` when the folder holds no run record, or an output is not the file that it recorded.
    """
    run = document_in(folder, TrainingRun)
    if run is None:
        raise PackError("the folder holds no training run", hint="write it first: proofpress pack training")
    outputs = {item.path: item for item in run.outputs}
    paths = {*files_below(folder, "training"), *outputs} - {kind_of(RunManifest).path}
    files = [produced(folder, path) | {"role": role_in_run(path, outputs)} for path in sorted(paths)]
    for file in files:
        recorded = outputs.get(file["path"])
        if recorded is not None and recorded.sha256 != file["sha256"]:
            raise PackError(
                f"{file['path']} is not the file that the training run wrote",
                hint="take it from the recorded run, or record the run that made it",
            )
    return write_document(
        folder, RunManifest, {"release_id": run.release_id, "run_id": run.run_id, "files": files}, generated_by=_LABEL
    )

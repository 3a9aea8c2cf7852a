"""The training run and the promoted parameters."""

import hashlib
import math
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import PARAMS
from proofpress.evidence.training import TrainingRun
from proofpress.ingest.strict import parse_yaml
from proofpress.pack.writer import PackError, exact, write_document, write_text

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


def produced(folder: Path, path: str) -> dict[str, Any]:
    """Path, digest and size of a file of the pack."""
    data = (folder / path).read_bytes()
    return {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


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
    duration_seconds: float,
    parameters: Mapping[str, Any],
    environment: Mapping[str, Any],
    outputs: Sequence[str],
    log: Sequence[Mapping[str, Any]] = (),
    notes: Sequence[str] = (),
) -> TrainingRun:
    """Write `training/training_run.json`. `outputs` are paths of files that are in the pack already.

    `finished_at` is the start plus the measured duration, rounded up to a second.
    """
    finished = datetime.fromisoformat(started_at) + timedelta(seconds=math.ceil(duration_seconds))
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
        },
        generated_by=_LABEL,
    )

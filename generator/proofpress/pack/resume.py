"""Checkpoints that say what they belong to, and the refusal to go on from somebody else's."""

from pathlib import Path
from typing import Any, Final

from proofpress.errors import ExitCode
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.training import Checkpoint, RunIdentity
from proofpress.evidence.values import PackPath
from proofpress.pack.writer import PackError, produced, read_model, write_text

_WORDS: Final = {
    "run_id": "run",
    "dataset_snapshot_id": "dataset snapshot",
    "config_sha256": "configuration",
    "splits": "split",
}


class ResumeError(PackError):
    """A checkpoint is not one that this run may go on from."""

    exit_code = ExitCode.FINDINGS


def write_checkpoint(folder: Path, path: PackPath, *, run: RunIdentity, step: int) -> Checkpoint:
    """Write `<path>.json` beside the saved state `<folder>/<path>`: what it belongs to and the step it was saved at."""
    file: dict[str, Any] = produced(folder, path)
    fields = {name: getattr(run, name) for name in RunIdentity.model_fields}
    name = path.rpartition("/")[2]
    write_text(folder, f"{path}.json", dump_json({**fields, **file, "path": name, "step": step}))
    return read_checkpoint(folder / f"{path}.json")


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what a checkpoint says of itself; the state lies beside that file, under the name it states.

    Raises `PackError` when the file is none, and `ResumeError` when the state is not the one it describes.
    """
    checkpoint = read_model(path, Checkpoint)
    found = produced(path.parent, checkpoint.path)
    if (found["sha256"], found["size"]) != (checkpoint.sha256, checkpoint.size):
        raise ResumeError(
            f"{checkpoint.path} is not the state that {path.name} describes: sha256 {checkpoint.sha256}, "
            f"{checkpoint.size} bytes; found sha256 {found['sha256']}, {found['size']} bytes",
            hint="restore the checkpoint, or train from the start",
        )
    return checkpoint


def resume_check(checkpoint: Checkpoint, run: RunIdentity) -> None:
    """Refuse a checkpoint of another run, dataset snapshot, split or configuration, naming each difference.

    Training programs call this before they load the state. Raises `ResumeError`.
    """
    if differences := checkpoint.differences(run):
        said = (f"another {_WORDS[name]}: {found}, this run has {wanted}" for name, wanted, found in differences)
        raise ResumeError(
            f"the checkpoint can't be resumed, it is of {'; of '.join(said)}",
            hint="train from the start, or from a checkpoint of this run",
        )

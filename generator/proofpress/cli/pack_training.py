"""`pack training`: a run folder → the training documents of a pack."""

from pathlib import Path

import click

from proofpress.cli.base import FORMATS, format_option, print_written
from proofpress.cli.make import pack
from proofpress.errors import ExitCode, UsageError


@pack.command("training")
@click.argument("run", type=click.Path(path_type=Path, file_okay=False))
@click.option("--into", "folder", required=True, type=click.Path(path_type=Path, file_okay=False), help="The pack.")
@click.option(
    "--resume-from",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="CHECKPOINT.json",
    help="What the checkpoint that the run went on from says of itself.",
)
@format_option(FORMATS)
@click.pass_obj
def pack_training(root: Path, run: Path, folder: Path, resume_from: Path | None, format_: str) -> ExitCode:
    """Package a run folder: run record, parameters, log, checkpoints, and the manifest that lists them all.

    RUN holds run.json (run_id, commit, dataset_snapshot_id, command, seed, started_at, duration_seconds, environment,
    outputs, notes, resumed_step), params.yaml, and, when there are any, log.jsonl, training_preflight_report.json,
    checkpoints/ and the model's files below model/. A checkpoint of another run, dataset snapshot, split or
    configuration is refused with exit code 1.

    \b
    Example:  proofpress pack training runs/mlp64 --into packs/digits/digits-v0.4.0-mlp64-r1
    """
    from proofpress.pack.run_folder import package_run
    from proofpress.pipeline import refuse_registered, rules_at

    refuse_registered(root, folder, rules_at(root))
    if not (root / run).is_dir():
        raise UsageError(f"{run}: no such folder", hint="name the folder that the training program wrote")
    written = package_run(root / run, root / folder, resume_from=root / resume_from if resume_from else None)
    print_written(format_, root / folder, written)
    return ExitCode.OK

"""Commands that build the model's documents and the paper draft: pack model, pack paper."""

from pathlib import Path

import click

from proofpress.cli.base import FORMATS, format_option, print_written
from proofpress.cli.make import FOLDER, open_folder, pack, profile_of
from proofpress.errors import ExitCode

_IDENTITY = ("release_id", "run_id", "commit", "dataset_snapshot_id", "parameters")


@pack.command("model")
@FOLDER
@click.option("--metadata", required=True, type=click.Path(path_type=Path), help="JSON that describes the model.")
@format_option(FORMATS)
@click.pass_obj
def pack_model(root: Path, folder: Path, metadata: Path, format_: str) -> ExitCode:
    """Hash the model's files and write a folder's model manifest and model package.

    The JSON object holds format, files (path below model/ and role of each), architecture, inputs, outputs and
    limitations; it may hold usage, and release_id, run_id, commit, dataset_snapshot_id and parameters in place of those
    of the folder's training run.

    \b
    Example:  proofpress pack model packs/digits/digits-v0.4.0-mlp64-r1 --metadata model.json
    """
    from proofpress.evidence.training import TrainingRun
    from proofpress.pack.fields import asked_fields, identity_of
    from proofpress.pack.model import model_files, write_described_model
    from proofpress.pack.writer import document_in

    target = open_folder(root, folder)
    given = asked_fields(
        root / metadata,
        required=("format", "files", "architecture", "inputs", "outputs", "limitations"),
        optional=("usage", *_IDENTITY),
    )
    files = model_files(given["files"])
    identity = identity_of(given, dict.fromkeys(_IDENTITY, document_in(target, TrainingRun)))
    paths = write_described_model(target, files=files, description=given, identity=identity)
    print_written(format_, target, [*paths, *(f"model/{path}" for path in sorted(files))])
    return ExitCode.OK


@pack.command("paper")
@FOLDER
@click.option("--template-set", help="Template set for the draft. [default: the policy's, else the newest]")
@format_option(FORMATS)
@click.pass_obj
def pack_paper(root: Path, folder: Path, template_set: str | None, format_: str) -> ExitCode:
    """Render a folder's paper draft, once all the evidence that it needs is there and no document is stale.

    \b
    Example:  proofpress pack paper packs/digits/digits-v0.4.0-mlp64-r1
    """
    from proofpress.pack.paper import write_paper
    from proofpress.pipeline import rules_at

    target = open_folder(root, folder)
    known = rules_at(root)
    chosen = known.sets.named(template_set) if template_set else known.sets.newest()
    path = write_paper(target, profile=profile_of(target, known, None), template_set=chosen)
    print_written(format_, target, [path])
    return ExitCode.OK

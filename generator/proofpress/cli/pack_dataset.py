"""Builders of the evidence that a pack holds about its data and its interface."""

from dataclasses import asdict
from pathlib import Path

import click

from proofpress.cli.base import FORMATS, emit, format_option, one_mode, print_written
from proofpress.cli.make import pack
from proofpress.console import printable
from proofpress.errors import ExitCode, UsageError


@pack.command("dataset")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--spec", required=True, type=click.Path(path_type=Path), help="The reviewed spec, as JSON or YAML.")
@click.option("--inputs", multiple=True, metavar="NAME=PATH", help="A file for an input of the spec; repeat.")
@click.option("--check-spec", "spec_only", is_flag=True, help="Judge the spec alone; write nothing.")
@click.option("--check-inputs", "inputs_only", is_flag=True, help="Read the inputs and write their check, no more.")
@format_option(FORMATS)
@click.pass_obj
def pack_dataset(
    root: Path,
    folder: Path,
    spec: Path,
    inputs: tuple[str, ...],
    spec_only: bool,
    inputs_only: bool,
    format_: str,
) -> ExitCode:
    """Build a pack's dataset evidence from real CSV and JSON Lines files, as a reviewed spec says.

    \b
    Example:  proofpress pack dataset packs/iris/iris-v0.1.0-centroid-r1 --spec iris.yaml --inputs flowers.csv=data.csv
    """
    from proofpress.pack.dataset_build import build_dataset, check_inputs, check_spec
    from proofpress.pipeline import refuse_registered, rules_at

    files = {name: root / path for name, _, path in (item.partition("=") for item in inputs)}
    if any("=" not in item for item in inputs) or len(files) < len(inputs):
        raise UsageError("an input is NAME=PATH, each name once", hint="for example --inputs flowers.csv=data.csv")
    step = one_mode({"--check-spec": spec_only, "--check-inputs": inputs_only})
    if step == "--check-spec":
        outcome = check_spec(root / spec)
    else:
        refuse_registered(root, folder, rules_at(root))
        outcome = (check_inputs if step == "--check-inputs" else build_dataset)(root / folder, root / spec, files)
    fields = {name: value for name, value in asdict(outcome).items() if name != "outputs"}
    print_written(format_, root / folder, outcome.outputs, schema="pack-dataset", fields=fields)
    if format_ == "text":
        if outcome.spec_sha256:
            emit(f"spec sha256 {outcome.spec_sha256}")
        if outcome.dataset_snapshot_id:
            emit(f"snapshot {outcome.dataset_snapshot_id}")
        for problem in outcome.problems:
            click.echo(printable(f"problem: {problem}"), err=True)
    return ExitCode.OK if outcome.ok else ExitCode.FINDINGS


@pack.command("interface")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--surface", required=True, type=click.Path(path_type=Path), help="What is promised, as JSON or YAML.")
@format_option(FORMATS)
@click.pass_obj
def pack_interface(root: Path, folder: Path, surface: Path, format_: str) -> ExitCode:
    """Write a pack's interface.json: its public surface, and the scores that its files hold for fixed inputs.

    \b
    Example:  proofpress pack interface packs/iris/iris-v0.1.0-centroid-r1 --surface surface.yaml
    """
    from proofpress.pack.interface import interface_from
    from proofpress.pipeline import refuse_registered, rules_at

    refuse_registered(root, folder, rules_at(root))
    written = interface_from(root / folder, root / surface)
    scores = sum(len(item.scores) for item in written.fixed_input_scores)
    fields = {"model_id": written.model_id, "scores": scores}
    print_written(format_, root / folder, ["interface.json"], schema="pack-interface", fields=fields)
    return ExitCode.OK

"""The command that begins a new instance: init."""

import re
from pathlib import Path

import click

from proofpress.cli.base import FORMATS, cli, emit, emit_json, format_option
from proofpress.errors import ExitCode


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--profile", default="complete", show_default=True, help="Shipped profile that the family's extends.")
@click.option("--family", help="Name of the model in all its releases. [default: DIR's name]")
@format_option(FORMATS)
@click.pass_obj
def init(root: Path, folder: Path, profile: str, family: str | None, format_: str) -> ExitCode:
    """Write the skeleton of a new instance: policy, profile, site, and empty inputs of the builders.

    No evidence is made up: the inputs are empty, and each builder refuses its own until people have filled it.

    \b
    Example:  proofpress init releases --profile tabular --family churn
    """
    from proofpress.scaffold import skeleton, write_skeleton

    target = root / folder
    name = family or re.sub(r"[^a-z0-9]+", "-", target.resolve().name.lower()).strip("-")
    made = skeleton(name, profile)
    write_skeleton(target, made)
    if format_ == "json":
        fields = {"family": made.family, "profile": made.profile, "files": list(made.files)}
        emit_json("init", {**fields, "next": list(made.commands)})
        return ExitCode.OK
    for path in made.files:
        emit(f"wrote {folder / path}")
    emit(f"\nnext, in {folder}:")
    for command in made.commands:
        emit(f"  {command}")
    return ExitCode.OK

"""The builder of the evidence that a release is fit for its purpose: `pack assurance`."""

from pathlib import Path

import click

from proofpress.cli.base import FORMATS, format_option, print_written
from proofpress.cli.make import FOLDER, open_folder, pack
from proofpress.errors import ExitCode

_FILE = click.Path(path_type=Path)


@pack.command("assurance")
@FOLDER
@click.option("--risks", required=True, type=_FILE, help="Risks and mitigations, as JSON or YAML.")
@click.option("--monitoring", required=True, type=_FILE, help="Signals, thresholds, actions and owners.")
@click.option("--failure-modes", type=_FILE, help="Failure modes and the selections that count them.")
@click.option("--guardrails", type=_FILE, help="Rules that the system keeps, and the files that show it.")
@format_option(FORMATS)
@click.pass_obj
def pack_assurance(
    root: Path,
    folder: Path,
    risks: Path,
    monitoring: Path,
    failure_modes: Path | None,
    guardrails: Path | None,
    format_: str,
) -> ExitCode:
    """Write a pack's assurance evidence: counts come from per-example results, the trace from the pack's documents.

    \b
    Example:  proofpress pack assurance packs/iris/iris-v0.1.0-centroid-r1 --risks risks.yaml --monitoring plan.yaml
    """
    from proofpress.pack.assurance import build_assurance

    target = open_folder(root, folder)
    paths = build_assurance(
        target,
        risks=root / risks,
        monitoring=root / monitoring,
        failure_modes=root / failure_modes if failure_modes else None,
        guardrails=root / guardrails if guardrails else None,
    )
    print_written(format_, target, paths)
    return ExitCode.OK

"""The builder of the evidence that a release is fit for its purpose: `pack assurance`."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from proofpress.cli.base import FORMATS, emit, format_option
from proofpress.cli.make import pack
from proofpress.errors import ExitCode

_FILE = click.Path(path_type=Path)


@pack.command("assurance")
@click.argument("folder", type=click.Path(path_type=Path))
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
    from proofpress.pipeline import refuse_registered, rules_at

    refuse_registered(root / folder, rules_at(root))
    done = build_assurance(
        root / folder,
        risks=root / risks,
        monitoring=root / monitoring,
        failure_modes=root / failure_modes if failure_modes else None,
        guardrails=root / guardrails if guardrails else None,
    )
    if format_ == "json":
        emit(json.dumps({"schema": "proofpress.pack-assurance/1", **asdict(done)}, indent=2))
    else:
        for path in done.outputs:
            emit(path)
    return ExitCode.OK

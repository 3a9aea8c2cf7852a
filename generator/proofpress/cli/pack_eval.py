"""Commands that build what was measured: pack eval, pack efficiency."""

from pathlib import Path

import click

from proofpress.cli.base import FORMATS, format_option, print_written
from proofpress.cli.make import FOLDER, open_folder, pack
from proofpress.errors import ExitCode, UsageError


@pack.command("eval")
@FOLDER
@click.option("--metrics", "files", multiple=True, required=True, type=click.Path(path_type=Path), help="Metrics file.")
@click.option("--config", type=click.Path(path_type=Path), help="Committed configuration of the evaluation (YAML).")
@click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="Override in the configuration.")
@click.option("--require-profile", "profile", help="Refuse unless every row that this profile requires is there.")
@format_option(FORMATS)
@click.pass_obj
def pack_eval(
    root: Path,
    folder: Path,
    files: tuple[Path, ...],
    config: Path | None,
    overrides: tuple[str, ...],
    profile: str | None,
    format_: str,
) -> ExitCode:
    """Aggregate metrics files of one run into a folder's evaluation, with its effective configuration.

    \b
    Example:  proofpress pack eval packs/digits/digits-v0.4.0-mlp64-r1 --metrics runs/7/test.json --config eval.yaml
    """
    from proofpress.pack.aggregate import MetricsSource, aggregate
    from proofpress.pack.eval_config import overridden, read_config
    from proofpress.pack.fields import read_given
    from proofpress.pipeline import rules_at

    if overrides and config is None:
        raise UsageError("--set overrides a configuration, but none is named", hint="name it with --config")
    target = open_folder(root, folder)
    chain = rules_at(root).profiles.chain(profile) if profile else ()
    effective = overridden(read_config(read_given(root / config), config.name), overrides) if config else None
    sources = [MetricsSource(name=file.name, data=read_given(root / file)) for file in files]
    found = aggregate(target, sources, config=effective, required=chain)
    bound = [found.effective_config] if found.effective_config else []
    paths = ["model/eval_metrics.json", *(item.path for item in (*found.inputs, *bound))]
    print_written(format_, target, paths)
    return ExitCode.OK


@pack.command("efficiency")
@FOLDER
@click.option(
    "--measurements", required=True, type=click.Path(path_type=Path), help="JSON of what was measured, and how."
)
@format_option(FORMATS)
@click.pass_obj
def pack_efficiency(root: Path, folder: Path, measurements: Path, format_: str) -> ExitCode:
    """Write a folder's efficiency report from measured costs, bound to its model and evaluation run.

    The JSON object holds measured_at, environment, rows and claim_boundary; it may hold command, inputs (paths in the
    folder), limitations, and release_id, model_id and run_id in place of those of the folder.

    \b
    Example:  proofpress pack efficiency packs/digits/digits-v0.4.0-mlp64-r1 --measurements runs/7/costs.json
    """
    from proofpress.evidence.evaluation import EvalMetrics
    from proofpress.evidence.model import ModelPackage
    from proofpress.pack.efficiency import write_efficiency
    from proofpress.pack.fields import asked_fields, identity_of
    from proofpress.pack.writer import document_in

    target = open_folder(root, folder)
    given = asked_fields(
        root / measurements,
        required=("measured_at", "environment", "rows", "claim_boundary"),
        optional=("command", "inputs", "limitations", "release_id", "model_id", "run_id"),
    )
    model, evaluation = document_in(target, ModelPackage), document_in(target, EvalMetrics)
    identity = identity_of(given, {"release_id": model, "model_id": model, "run_id": evaluation})
    write_efficiency(target, **(given | identity))
    print_written(format_, target, ["model/efficiency_report.json"])
    return ExitCode.OK

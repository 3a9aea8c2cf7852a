"""Commands that build what was measured: pack eval, pack efficiency."""

from pathlib import Path

import click

from proofpress.cli.base import FORMATS, emit, format_option, now, print_written
from proofpress.cli.make import FOLDER, open_folder, pack
from proofpress.console import printable
from proofpress.errors import ExitCode, UsageError


@pack.command("eval")
@FOLDER
@click.option("--metrics", "files", multiple=True, type=click.Path(path_type=Path), help="Metrics file; repeat.")
@click.option(
    "--examples", "scored", multiple=True, metavar="[SPLIT=]FILE", help="Per-example rows of a split (JSONL); repeat."
)
@click.option("--config", type=click.Path(path_type=Path), help="Committed configuration of the evaluation (YAML).")
@click.option("--set", "overrides", multiple=True, metavar="NAME=VALUE", help="Override in the configuration.")
@click.option("--require-profile", "profile", help="Refuse unless every row that this profile requires is there.")
@click.option("--run", "run_id", help="Id of this evaluation, of --examples. [default: eval-<release id>]")
@click.option("--at", help="UTC time of this evaluation, of --examples. [default: now]")
@format_option(FORMATS)
@click.pass_obj
def pack_eval(
    root: Path,
    folder: Path,
    files: tuple[Path, ...],
    scored: tuple[str, ...],
    config: Path | None,
    overrides: tuple[str, ...],
    profile: str | None,
    run_id: str | None,
    at: str | None,
    format_: str,
) -> ExitCode:
    """Measure a model from its per-example results, or aggregate metrics files of one run, into an evaluation.

    A line of --examples is a JSON object with key, label and prediction; it may hold score (the probability of the
    configuration's positive label) or scores (of each label), baseline_prediction, baseline_score, baseline_scores,
    slices (dimension to value) and fields of its own. The split is the file's name unless it is named.

    The configuration of --examples holds task (classification or regression), negative_findings and limitations; it
    may hold positive, unit, baseline {name, description}, targets (metric to op and value), slice_dimensions (dimension
    to description), sliced, level, resamples, seed, parameters and remarks.

    \b
    Example:  proofpress pack eval packs/iris/iris-v0.1.0-centroid-r1 --examples test=run/test.jsonl --config eval.yaml
    Example:  proofpress pack eval packs/digits/digits-v0.4.0-mlp64-r1 --metrics runs/7/test.json --config eval.yaml
    """
    from proofpress.pack.aggregate import MetricsSource, aggregate
    from proofpress.pack.eval_config import overridden, read_config
    from proofpress.pack.examples import evaluate_examples, written_by
    from proofpress.pack.fields import read_given
    from proofpress.pipeline import rules_at

    if not files and not scored:
        raise UsageError(
            "say what was measured", hint="--examples SPLIT=FILE for rows, --metrics FILE for metrics files"
        )
    if files and scored:
        raise UsageError("--examples and --metrics exclude each other", hint="metrics files are made from the examples")
    if overrides and config is None:
        raise UsageError("--set overrides a configuration, but none is named", hint="name it with --config")
    if scored and config is None:
        raise UsageError("--examples needs a configuration", hint="name it with --config; --help tells its fields")
    if files and (run_id or at):
        raise UsageError("metrics files state their own run and time", hint="leave out --run and --at")
    target = open_folder(root, folder)
    chain = rules_at(root).profiles.chain(profile) if profile else ()
    effective = overridden(read_config(read_given(root / config), config.name), overrides) if config else None
    rows: tuple[str, ...] = ()
    if effective is not None and scored:
        found = evaluate_examples(
            target, _by_split(root, scored), config=effective, at=now(at), run_id=run_id, required=chain
        )
        rows = written_by(found)
    else:
        sources = [MetricsSource(name=file.name, data=read_given(root / file)) for file in files]
        found = aggregate(target, sources, config=effective, required=chain)
    bound = [found.effective_config] if found.effective_config else []
    paths = ["model/eval_metrics.json", *(item.path for item in (*found.inputs, *bound)), *rows]
    print_written(format_, target, paths)
    if format_ == "text" and scored:
        for row in found.rows:
            interval = f" ({row.ci_low} to {row.ci_high})" if row.ci_low is not None else ""
            told = f"{row.value}{interval}" if row.value is not None else row.absent.reason if row.absent else ""
            against = f", {row.delta_vs_baseline} to {row.baseline}" if row.delta_vs_baseline is not None else ""
            emit(printable(f"{row.key}: {told}, n {row.n}{against}"))
    return ExitCode.OK


def _by_split(root: Path, scored: tuple[str, ...]) -> dict[str, Path]:
    """The files of --examples by the split that is named, or that their names tell."""
    named = [item.partition("=") if "=" in item else (Path(item).stem, "=", item) for item in scored]
    found = {split: root / path for split, _, path in named}
    if len(found) < len(named):
        raise UsageError("two files are given for one split", hint="name the split of each: --examples SPLIT=FILE")
    return found


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

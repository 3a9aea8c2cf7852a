"""The command that measures slices by a profile's suite."""

from pathlib import Path

import click

from proofpress.cli.base import FORMATS, cli, emit, format_option
from proofpress.cli.make import FOLDER, open_folder, profile_of
from proofpress.errors import ExitCode, UsageError


@cli.command()
@FOLDER
@click.option("--profile", help="Profile whose slice suite is measured. [default: the manifest's, else the policy's]")
@click.option("--metrics-only", is_flag=True, help="Write model/metrics/slices.json, and leave the evaluation alone.")
@format_option(FORMATS)
@click.pass_obj
def slices(root: Path, folder: Path, profile: str | None, metrics_only: bool, format_: str) -> ExitCode:
    """Measure a profile's slices from a pack's per-example results; assemble the pack with 'pack release' afterwards.

    An evaluation that is aggregated from metrics files gets them by a metrics file of their own,
    model/metrics/slices.json. A step of a benchmark suite writes that file with --metrics-only, for 'pack eval'.

    \b
    Example:  proofpress slices packs/digits/digits-v0.4.0-mlp64-r1 --profile tabular
    """
    from proofpress.evidence.jsontext import dump_json
    from proofpress.pack.slices import write_slices
    from proofpress.pipeline import rules_at

    target = open_folder(root, folder)
    rules = rules_at(root)
    name = profile_of(target, rules, profile)
    suite = rules.profiles.suite(name)
    if suite is None:
        raise UsageError(
            f"the profile '{name}' has no slice suite", hint="name one that has, or write slice_suite into a profile"
        )
    done = write_slices(target, suite, metrics_only=metrics_only)
    if format_ == "json":
        rows = [
            {
                "key": row.key,
                "n": row.n,
                "value": row.value,
                "ci_low": row.ci_low,
                "ci_high": row.ci_high,
                "reason": row.absent.reason if row.absent else "",
            }
            for row in done.rows
        ]
        emit(dump_json({"schema": "proofpress.slices/1", "profile": name, "rows": rows, "outputs": done.outputs}))
        return ExitCode.OK
    for row in done.rows:
        interval = f" ({row.ci_low} to {row.ci_high})" if row.ci_low is not None else ""
        told = f"{row.value}{interval}" if row.value is not None else row.absent.reason if row.absent else ""
        emit(f"{row.key}: {told}, n {row.n}")
    for path in done.outputs:
        emit(f"wrote {path}")
    return ExitCode.OK

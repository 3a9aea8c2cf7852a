"""Commands that really run something: the training preflight and the demo."""

import shlex
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

import click

from proofpress.cli.base import FORMATS, cli, emit, emit_json, format_option, now, print_written
from proofpress.cli.make import pack as builders
from proofpress.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from proofpress.evidence.demo import DemoRun

_FILE = click.Path(path_type=Path, dir_okay=False)


@cli.command()
@click.argument("pack", type=click.Path(path_type=Path, file_okay=False))
@click.option("--config", required=True, type=_FILE, help="The configuration of the run: YAML or JSON.")
@click.option("--schema", type=_FILE, help="The closed JSON Schema that the configuration obeys.")
@click.option("--requirements", type=_FILE, help="What the run needs of a machine: YAML or JSON.")
@click.option("--at", help="UTC time of the check. [default: now]")
@format_option(FORMATS)
@click.pass_obj
def preflight(
    root: Path, pack: Path, config: Path, schema: Path | None, requirements: Path | None, at: str | None, format_: str
) -> ExitCode:
    """Check dataset, configuration and machine before a training run, and record what was found.

    Requirements: python, min_cpus, min_memory_bytes, min_disk_bytes, accelerator {kind: cuda, min_memory_bytes},
    packages [{name, version}]. Exits with 1 when a check fails; the report is written all the same.

    \b
    Example:  proofpress preflight packs/digits/digits-v0.4.0-mlp64-r1 --config params.yaml
    """
    from proofpress.evidence.preflight import Requirements
    from proofpress.pack.preflight import write_preflight
    from proofpress.pack.writer import kind_of, read_model
    from proofpress.pipeline import refuse_registered, rules_at

    refuse_registered(root, pack, rules_at(root))
    report = write_preflight(
        _existing(root, pack),
        config=root / config,
        schema=root / schema if schema else None,
        requirements=read_model(root / requirements, Requirements) if requirements else None,
        at=now(at),
    )
    path = kind_of(type(report)).path
    if format_ == "json":
        rows = [check.model_dump() for check in report.checks]
        emit_json("preflight-check", {"ok": report.ok, "report": path, "checks": rows})
    else:
        for check in report.checks:
            emit(f"{'ok    ' if check.ok else 'failed'}  {check.name}: {check.found} ({check.required})")
        emit(path)
    return ExitCode.OK if report.ok else ExitCode.FINDINGS


@cli.group()
def demo() -> None:
    """Run the released model on packaged inputs, in a clean folder."""


@demo.command("run")
@click.argument("pack", type=click.Path(path_type=Path, file_okay=False))
@click.option("--command", help="The command; 'python' is the running interpreter.")
@click.option("--input", "inputs", multiple=True, help="Path in the pack of a file that it reads; may be repeated.")
@click.option("--output", "outputs", multiple=True, help="Path of a file that it must write; may be repeated.")
@click.option("--rows", metavar="IN:OUT", help="Input and output whose rows belong together, one receipt each.")
@click.option("--boundary", multiple=True, help="What the run does not show; may be repeated.")
@click.option("--note", help="A sentence on the environment.")
@click.option("--timeout", type=click.IntRange(1, 3600), default=120, show_default=True, help="Seconds it may take.")
@click.option("--at", help="UTC time of the run. [default: now]")
@format_option(FORMATS)
@click.pass_obj
def demo_run(
    root: Path,
    pack: Path,
    command: str | None,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    rows: str | None,
    boundary: tuple[str, ...],
    note: str | None,
    timeout: int,
    at: str | None,
    format_: str,
) -> ExitCode:
    """Run the pack's demo on its model files and inputs alone, and record what happened.

    What no option says is taken from the demo that the pack holds. Unless the command ends with exit code 0 and
    writes every declared output, the exit code is 1 and the pack stays as it was. The pack's command is executed:
    run only what you trust.

    \b
    Example:  proofpress demo run packs/digits/digits-v0.4.0-mlp64-r1
    """
    from proofpress.evidence.demo import DemoRun
    from proofpress.pack.demo import run_demo
    from proofpress.pack.model import model_id_of
    from proofpress.pack.training import release_of
    from proofpress.pack.writer import document_in
    from proofpress.pipeline import refuse_registered, rules_at

    refuse_registered(root, pack, rules_at(root))
    folder = _existing(root, pack)
    earlier = None if command and inputs and boundary else document_in(folder, DemoRun)
    if earlier is None and not (command and inputs and boundary):
        raise UsageError(
            f"{pack} declares no demo",
            hint="name --command, --input and --boundary; later runs take them from the pack",
        )
    old_outputs = tuple(item.path for item in earlier.outputs) if earlier and not command else ()
    run_demo(
        folder,
        release_id=release_of(folder),
        model_id=model_id_of(folder),
        command=_words(command) if command else earlier.command if earlier else (),
        inputs=inputs or _inputs(folder, earlier),
        outputs=outputs or old_outputs,
        rows=_rows(folder, rows, None if command else earlier),
        claim_boundary=boundary or (earlier.claim_boundary if earlier else ()),
        environment_note=note or (earlier.environment_note if earlier else None),
        at=now(at),
        seconds=timeout,
    )
    print_written(format_, folder, _written(folder))
    return ExitCode.OK


_BUILDER = copy(demo_run)
_BUILDER.help = (demo_run.help or "").replace("proofpress demo run", "proofpress pack demo")
builders.add_command(_BUILDER, "demo")


@demo.command("verify")
@click.argument("pack", type=click.Path(path_type=Path, file_okay=False))
@click.option("--timeout", type=click.IntRange(1, 3600), default=120, show_default=True, help="Seconds it may take.")
@format_option(FORMATS)
@click.pass_obj
def demo_verify(root: Path, pack: Path, timeout: int, format_: str) -> ExitCode:
    """Run the recorded demo again and compare exit code, written files and model with the record; writes nothing.

    The pack's command is executed: verify only what you trust.

    \b
    Example:  proofpress demo verify packs/digits/digits-v0.4.0-mlp64-r1
    """
    from proofpress.pack.demo import rerun_demo

    found = rerun_demo(_existing(root, pack), seconds=timeout)
    if format_ == "json":
        emit_json("demo-verify", {"same": not found, "differences": list(found)})
    else:
        for line in found:
            emit(f"differs  {line}")
        if not found:
            emit(f"same     {pack}")
    return ExitCode.FINDINGS if found else ExitCode.OK


def _existing(root: Path, pack: Path) -> Path:
    if not (root / pack).is_dir():
        raise UsageError(f"{pack}: no such folder", hint="name a pack's folder")
    return root / pack


def _words(command: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as exc:
        raise UsageError(f"--command can't be split into words: {exc}") from exc
    if not words:
        raise UsageError("--command is empty")
    return words


def _inputs(folder: Path, earlier: "DemoRun | None") -> tuple[str, ...]:
    """The inputs of the demo that the pack holds, without files of a model that is not there any more."""
    paths = [item.path for item in earlier.inputs] if earlier else []
    return tuple(path for path in paths if not path.startswith("model/") or (folder / path).is_file())


def _rows(folder: Path, rows: str | None, earlier: "DemoRun | None") -> tuple[str, str] | None:
    from proofpress.evidence.demo import BatchReceipts
    from proofpress.pack.writer import document_in

    if rows:
        source, colon, answers = rows.partition(":")
        if not (source and colon and answers):
            raise UsageError(f"--rows {rows} is not of the form IN:OUT")
        return source, answers
    report = document_in(folder, BatchReceipts) if earlier and earlier.receipts else None
    return (report.input, report.output) if report else None


def _written(folder: Path) -> list[str]:
    """Pack paths of what the demo run left: its documents, receipts and the command's files."""
    from proofpress.evidence.demo import RECEIPTS, BatchReceipts, DemoRun
    from proofpress.evidence.preflight import RuntimePreflight
    from proofpress.pack.writer import document_in, kind_of

    run = document_in(folder, DemoRun)
    paths = [kind_of(model).path for model in (DemoRun, RuntimePreflight, BatchReceipts)]
    paths += [RECEIPTS, *(item.path for item in run.outputs)] if run else []
    return sorted(path for path in paths if (folder / path).is_file())

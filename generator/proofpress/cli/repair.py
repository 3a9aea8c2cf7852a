"""Commands that mend: repair, migrate."""

import json
from pathlib import Path

import click

from proofpress.cli.base import FORMATS, cli, emit, format_option
from proofpress.console import printable
from proofpress.errors import ExitCode


@cli.command()
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--run", "run", type=click.Path(path_type=Path), help="Folder of the recorded run, e.g. a DVC project.")
@click.option("--apply", "apply", is_flag=True, help="Write the repaired pack; else the plan alone is printed.")
@click.option("--into", type=click.Path(path_type=Path), help="Write it to this new folder instead.")
@format_option(FORMATS)
@click.pass_obj
def repair(root: Path, pack: Path, run: Path | None, apply: bool, into: Path | None, format_: str) -> ExitCode:
    """Plan how a pack agrees again with what was recorded of its run, never by editing values.

    Files that the record names are copied again, what follows from others is made again, and what has to be run
    again is listed with its command. The repair of a registered pack is a new bundle.

    \b
    Example:  proofpress repair packs/digits/digits-v0.4.0-mlp64-r1 --run ../training --apply
    """
    from proofpress.repair.repair import repair_pack

    done = repair_pack(
        root,
        root / pack,
        run=root / run if run is not None else None,
        apply=apply,
        into=root / into if into is not None else None,
    )
    target = done.target.relative_to(root).as_posix() if done.target.is_relative_to(root) else done.target.name
    if format_ == "json":
        steps = [{name: getattr(step, name) for name in step.__slots__} for step in done.steps]
        left = [{name: getattr(item, name) for name in ("rule", "file", "pointer", "message")} for item in done.left]
        report = {"pack": done.label, "target": target, "registered": done.registered, "applied": done.applied}
        report |= {"sealed": done.sealed, "verifies": done.whole, "steps": steps, "left": left, "notes": done.notes}
        emit(json.dumps({"schema": "proofpress.repair/1", **report}, indent=2, ensure_ascii=False))
        return ExitCode.OK if done.whole else ExitCode.FINDINGS
    for note in done.notes:
        emit(printable(f"note: {note}", keep=""))
    if not done.steps:
        emit(printable(f"{done.label}: nothing to repair, the pack verifies", keep=""))
        return ExitCode.OK
    for step in done.steps:
        emit(printable(f"{step.action:10} {step.path}  ({step.reason})", keep=""))
        emit(printable(f"    why: {step.why}", keep=""))
        for name in ("source", "command"):
            if value := getattr(step, name):
                emit(printable(f"    {name}: {value}", keep=""))
    rules = ", ".join(sorted({item.rule for item in done.left}))
    where = f"{target} " + ("was written: it " if done.applied else "is not written yet (--apply); it would ")
    verb = ("verifies" if done.applied else "verify") if done.whole else ("is" if done.applied else "be") + " refused"
    emit(printable(where + verb + (f" with {len(done.left)} errors: {rules}" if done.left else ""), keep=""))
    return ExitCode.OK if done.whole else ExitCode.FINDINGS

"""Commands that mend: repair, migrate."""

from pathlib import Path

import click

from proofpress.cli.base import FORMATS, cli, emit, format_option
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
    from proofpress.repair.report import repair_json, repair_text

    done = repair_pack(
        root,
        root / pack,
        run=root / run if run is not None else None,
        apply=apply,
        into=root / into if into is not None else None,
    )
    target = done.target.relative_to(root).as_posix() if done.target.is_relative_to(root) else done.target.name
    emit(repair_json(done, target) if format_ == "json" else repair_text(done, target))
    return ExitCode.OK if done.whole else ExitCode.FINDINGS


@cli.command()
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Write the migrated pack; else what would change is printed.")
@format_option(FORMATS)
@click.pass_obj
def migrate(root: Path, pack: Path, write: bool, format_: str) -> ExitCode:
    """Move a pack's documents to the newest schemas; registered packs are read as they are and never touched.

    \b
    Example:  proofpress migrate packs/digits/digits-v0.4.0-mlp64-r1 --write
    """
    from proofpress.repair.migrate import migrate_pack
    from proofpress.repair.report import migrate_json, migrate_text

    done = migrate_pack(root, root / pack, write=write)
    emit(migrate_json(done) if format_ == "json" else migrate_text(done))
    return ExitCode.OK

"""Commands that carry evidence away from the site: export."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from proofpress.cli.base import cli, emit
from proofpress.errors import ExitCode

if TYPE_CHECKING:
    from proofpress.site.archives import ArchiveForm


@cli.command()
@click.argument("release")
@click.option(
    "--format",
    "form",
    type=click.Choice(["zip", "bagit", "ro-crate"]),
    default="zip",
    show_default=True,
    help="Form of the archive.",
)
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The zip file.")
@click.pass_obj
def export(root: Path, release: str, form: "ArchiveForm", output: Path) -> ExitCode:
    """Write a release as one deterministic zip: its pack alone, as a BagIt bag, or as an RO-Crate.

    The pack is in each byte for byte; nothing is compressed and every time is fixed, so that anyone makes the same
    archive. `proofpress verify` reads the plain zip as it is.

    \b
    Example:  proofpress export digits-v0.3.0-mlp64-r1 --format bagit --output digits.zip
    """
    from proofpress.build.cite import citing_of
    from proofpress.site.archives import write_archive

    citing = citing_of(root, release)
    target = root / output
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as stream:
            write_archive(citing, form, stream)
            stream.flush()
            os.fsync(stream.fileno())
        with part.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    emit(f"{digest}  {output}")
    return ExitCode.OK

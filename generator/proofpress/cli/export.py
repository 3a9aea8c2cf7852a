"""The command that carries evidence away from the site, in archives and in the formats of other tools."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import click

from proofpress.cli.base import cli, emit
from proofpress.errors import ExitCode, NothingCheckedError, UsageError

if TYPE_CHECKING:
    from proofpress.evidence.pack import Evidence
    from proofpress.site.archives import ArchiveForm

ARCHIVES: Final = ("zip", "bagit", "ro-crate")
_SINGLE: Final = ("hf-model-card", "cyclonedx", "in-toto")
_MANY: Final = ("metrics-csv", "openmetrics")


@cli.command()
@click.argument("releases", nargs=-1, metavar="[RELEASE]...")
@click.option(
    "--format",
    "form",
    type=click.Choice([*ARCHIVES, *_SINGLE, *_MANY]),
    default="zip",
    show_default=True,
    help="Archive, or another tool's format.",
)
@click.option("--card", type=click.Path(path_type=Path, dir_okay=False), help="hf-model-card: the card to merge into.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write. [default: print it; archives need one]",
)
@click.pass_obj
def export(root: Path, releases: tuple[str, ...], form: str, card: Path | None, output: Path | None) -> ExitCode:
    """Write a verified release as an archive, or in the format of another tool.

    zip, bagit and ro-crate hold the pack byte for byte; nothing is compressed and every time is fixed, so that anyone
    makes the same archive, and `proofpress verify` reads the plain zip as it is. hf-model-card writes the metrics as
    `model-index`, in a new card or merged into an existing one; cyclonedx an ML-BOM; in-toto an unsigned statement.
    metrics-csv and openmetrics take several releases, or all when none is named.

    \b
    Example:  proofpress export digits-v0.3.0-mlp64-r1 --format bagit --output digits.zip
    """
    if form not in _MANY and len(releases) != 1:
        raise UsageError(f"--format {form} takes one release, not {len(releases)}", hint="name the release")
    if card is not None and form != "hf-model-card":
        raise UsageError("--card belongs to --format hf-model-card")
    if form in ARCHIVES:
        if output is None:
            raise UsageError(f"--format {form} needs a file", hint="name it with --output")
        return _archive(root, releases[0], form, output)
    return _write(root, output, _texts(root, releases, form, card))


def _archive(root: Path, release: str, form: str, output: Path) -> ExitCode:
    from proofpress.build.cite import citing_of
    from proofpress.site.archives import write_archive

    citing = citing_of(root, release)
    target = root / output
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as stream:
            write_archive(citing, cast("ArchiveForm", form), stream)
            stream.flush()
            os.fsync(stream.fileno())
        with part.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    emit(f"{digest}  {output}")
    return ExitCode.OK


def _texts(root: Path, releases: tuple[str, ...], form: str, card: Path | None) -> Iterable[str]:
    from proofpress.exchange.exports.metrics import metrics_csv
    from proofpress.exchange.exports.model_card import model_card
    from proofpress.exchange.exports.openmetrics import openmetrics
    from proofpress.exchange.exports.supply_chain import ml_bom, statement
    from proofpress.pack.fields import read_given

    evidence = _evidence(root, releases)
    if form == "metrics-csv":
        return metrics_csv(evidence)
    if form == "openmetrics":
        return [openmetrics(evidence)]
    (one,) = evidence
    if form == "hf-model-card":
        try:
            held = read_given(root / card).decode("utf-8") if card is not None else ""
        except UnicodeDecodeError as exc:
            raise UsageError(f"{card} is not UTF-8") from exc
        return [model_card(one, held)]
    value = ml_bom(one) if form == "cyclonedx" else statement(one)
    return [json.dumps(value, indent=2, ensure_ascii=False) + "\n"]


def _evidence(root: Path, names: Iterable[str]) -> "Iterator[Evidence]":
    """The evidence of the named releases, or of all, one after the other; each is verified first."""
    from proofpress.instance import open_instance
    from proofpress.pipeline import rules_at, select, verified

    instance, known = open_instance(root), rules_at(root)
    refs = select(instance, tuple(names))
    if not refs:
        raise NothingCheckedError("the instance holds no pack")
    return (verified(ref, known).evidence for ref in refs)


def _write(root: Path, output: Path | None, parts: Iterable[str]) -> ExitCode:
    if output is None:
        for part in parts:
            emit(part)
        return ExitCode.OK
    with (root / output).open("w", encoding="utf-8", newline="") as file:
        file.writelines(parts)
    return ExitCode.OK

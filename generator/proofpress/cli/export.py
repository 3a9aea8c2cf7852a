"""Commands that write what other tools expect: export."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from proofpress.cli.base import cli, emit
from proofpress.errors import ExitCode, NothingCheckedError, UsageError

if TYPE_CHECKING:
    from proofpress.evidence.pack import Evidence

_OUTPUT = click.option(
    "--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="File to write. [default: print it]"
)


@cli.group()
def export() -> None:
    """Exporters: evidence of verified releases in the formats of other tools.

    \b
    Example:  proofpress export hf-model-card digits-v0.2.0-mlp64-r1 --card README.md -o README.md
    """


@export.command("hf-model-card")
@click.argument("release")
@click.option(
    "--card", type=click.Path(path_type=Path, dir_okay=False), help="Card to merge into; only its model-index changes."
)
@_OUTPUT
@click.pass_obj
def hf_model_card(root: Path, release: str, card: Path | None, output: Path | None) -> ExitCode:
    """Hugging Face model card: the metrics as `model-index`, in a new card or merged into an existing one.

    \b
    Example:  proofpress export hf-model-card digits-v0.2.0-mlp64-r1 --card README.md -o README.md
    """
    from proofpress.exchange.exports.model_card import model_card
    from proofpress.pack.fields import read_given

    (evidence,) = _evidence(root, [release])
    try:
        held = read_given(root / card).decode("utf-8") if card is not None else ""
    except UnicodeDecodeError as exc:
        raise UsageError(f"{card} is not UTF-8") from exc
    return _write(root, output, [model_card(evidence, held)])


@export.command("metrics-csv")
@click.argument("releases", nargs=-1)
@_OUTPUT
@click.pass_obj
def metrics_csv(root: Path, releases: tuple[str, ...], output: Path | None) -> ExitCode:
    """CSV of all metrics of the RELEASES, or of every release of the instance.

    \b
    Example:  proofpress export metrics-csv -o metrics.csv
    """
    from proofpress.exchange.exports.metrics import metrics_csv as lines

    return _write(root, output, lines(_evidence(root, releases)))


@export.command("openmetrics")
@click.argument("releases", nargs=-1)
@_OUTPUT
@click.pass_obj
def openmetrics(root: Path, releases: tuple[str, ...], output: Path | None) -> ExitCode:
    """OpenMetrics text of the headline values of the RELEASES, or of every release of the instance.

    \b
    Example:  proofpress export openmetrics -o proofpress.prom
    """
    from proofpress.exchange.exports.openmetrics import openmetrics as text

    return _write(root, output, [text(_evidence(root, releases))])


@export.command("cyclonedx")
@click.argument("release")
@_OUTPUT
@click.pass_obj
def cyclonedx(root: Path, release: str, output: Path | None) -> ExitCode:
    """CycloneDX 1.6 ML-BOM of the model, with its files' digests and its measured values.

    \b
    Example:  proofpress export cyclonedx digits-v0.2.0-mlp64-r1 -o bom.cdx.json
    """
    from proofpress.exchange.exports.supply_chain import ml_bom

    (evidence,) = _evidence(root, [release])
    return _write(root, output, [json.dumps(ml_bom(evidence), indent=2, ensure_ascii=False) + "\n"])


@export.command("in-toto")
@click.argument("release")
@_OUTPUT
@click.pass_obj
def in_toto(root: Path, release: str, output: Path | None) -> ExitCode:
    """In-toto Statement v1, unsigned: the pack's files as subjects, the measured values as predicate.

    \b
    Example:  proofpress export in-toto digits-v0.2.0-mlp64-r1 -o statement.json
    """
    from proofpress.exchange.exports.supply_chain import statement

    (evidence,) = _evidence(root, [release])
    return _write(root, output, [json.dumps(statement(evidence), indent=2, ensure_ascii=False) + "\n"])


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

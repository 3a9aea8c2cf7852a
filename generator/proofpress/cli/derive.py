"""Commands of derivations: seal, derive, refuse, stop, sign, derive again, hand over."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofpress.cli.base import FINDING_FORMATS, FORMATS, cli, emit, format_option, now, print_report, print_written
from proofpress.cli.make import FOLDER, open_folder
from proofpress.errors import ExitCode

if TYPE_CHECKING:
    from proofpress.evidence.derivation import Record

_FILE = click.Path(path_type=Path, dir_okay=False)
_ANSWERS = click.argument("answers", type=_FILE)
_AT = click.option("--at", help="UTC time that is recorded. [default: now]")
_TIMEOUT = click.option("--timeout", type=click.IntRange(1, 3600), default=120, show_default=True, help="Seconds.")


@cli.group()
def derive() -> None:
    """Values that a release needs: sealed, derived, signed, and never edited.

    ANSWERS is a YAML or JSON file with the fields of the record; its time, digests and values are taken, not typed.
    """


def _written(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that all commands share which write a record."""
    for option in (format_option(FORMATS), _AT, _ANSWERS, FOLDER):
        function = option(function)
    return click.pass_obj(function)


@derive.command("seal")
@_written
def derive_seal(root: Path, folder: Path, answers: Path, at: str | None, format_: str) -> ExitCode:
    """Seal how a value will be derived: rationale, tolerance, command, parameters, digests of inputs.

    \b
    Example:  proofpress derive seal packs/digits/digits-v0.4.0-mlp64-r1 seal.yaml
    """
    from proofpress.evidence.derivation import place_of
    from proofpress.pack.derivation import write_seal
    from proofpress.pack.writer import read_fields

    target = open_folder(root, folder)
    print_written(format_, target, [place_of(write_seal(target, read_fields(root / answers), at=now(at)))])
    return ExitCode.OK


@derive.command("record")
@_TIMEOUT
@_written
def derive_record(root: Path, folder: Path, answers: Path, at: str | None, timeout: int, format_: str) -> ExitCode:
    """Run the sealed command on read-only copies of its inputs, and record the value that it writes.

    The command is executed: record only what you trust.

    \b
    Example:  proofpress derive record packs/digits/digits-v0.4.0-mlp64-r1 cutoff.yaml
    """
    from proofpress.evidence.derivation import place_of
    from proofpress.pack.derivation import write_derivation
    from proofpress.pack.writer import read_fields

    target = open_folder(root, folder)
    made = write_derivation(target, read_fields(root / answers), at=now(at), seconds=timeout)
    print_written(format_, target, [place_of(made), *(item.path for item in made.outputs)])
    return ExitCode.OK


@derive.command("charter")
@_written
def derive_charter(root: Path, folder: Path, answers: Path, at: str | None, format_: str) -> ExitCode:
    """Write the charter: ANSWERS declare the values, the signed records say what became of each.

    \b
    Example:  proofpress derive charter packs/digits/digits-v0.4.0-mlp64-r1 charter.yaml
    """
    from proofpress.evidence.derivation import CHARTER
    from proofpress.pack.derivation import write_charter
    from proofpress.pack.training import release_of
    from proofpress.pack.writer import read_fields

    target = open_folder(root, folder)
    write_charter(target, read_fields(root / answers), release_id=release_of(target), at=now(at))
    print_written(format_, target, [CHARTER])
    return ExitCode.OK


def _words(name: str, model: str, says: str) -> None:
    """A command that writes one kind of record of people's words."""

    def write(root: Path, folder: Path, answers: Path, at: str | None, format_: str) -> ExitCode:
        from proofpress.evidence import derivation
        from proofpress.pack.derivation import write_record
        from proofpress.pack.writer import read_fields

        target = open_folder(root, folder)
        kind: type[Record] = getattr(derivation, model)
        made = write_record(target, kind, read_fields(root / answers), at=now(at))
        print_written(format_, target, [derivation.place_of(made)])
        return ExitCode.OK

    write.__doc__ = f"""{says}

    \b
    Example:  proofpress derive {name} packs/digits/digits-v0.4.0-mlp64-r1 {name}.yaml
    """
    derive.command(name)(_written(write))


_words("infeasible", "Infeasible", "Record that a value can't be derived: why, what was tried, what would help.")
_words("stop", "Stop", "Record a step that must not be taken, or the operator's decision about it.")
_words("rollback", "Rollback", "Record that records no longer hold: why, which values, and who was told.")
_words("note", "RiskNote", "Record that the risk owner carries a value as context that is never lockable.")


@derive.command("sign")
@FOLDER
@click.argument("record")
@click.option("--key", required=True, type=_FILE, help="The signer's private key.")
@format_option(FORMATS)
@click.pass_obj
def derive_sign(root: Path, folder: Path, record: str, key: Path, format_: str) -> ExitCode:
    """Sign a record, by its id, or the charter (`charter`), beside it; each signer in turn.

    \b
    Example:  proofpress derive sign packs/digits/digits-v0.4.0-mlp64-r1 cutoff-1 --key reviewer.pem
    """
    from proofpress.pack.derivation import sign_record
    from proofpress.signing.keys import read_key

    target = open_folder(root, folder)
    print_written(format_, target, [sign_record(target, record, read_key(root / key, os.environ))])
    return ExitCode.OK


@derive.command("rerun")
@click.argument("pack", type=click.Path(path_type=Path, file_okay=False))
@click.argument("value")
@click.option("--record", "keep", is_flag=True, help="Write the report below packs/attestations/.")
@_TIMEOUT
@_AT
@format_option(FORMATS)
@click.pass_obj
def derive_rerun(
    root: Path, pack: Path, value: str, keep: bool, timeout: int, at: str | None, format_: str
) -> ExitCode:
    """Derive a value of the charter again, in a clean folder, and compare within the tolerance that was sealed.

    The pack's command is executed: run only what you trust.

    \b
    Example:  proofpress derive rerun packs/digits/digits-v0.4.0-mlp64-r1 cutoff
    """
    from proofpress.handoff import rerun, text_of, write_rerun

    report = rerun(root / pack, value, at=now(at), seconds=timeout)
    if keep:
        write_rerun(root, report)
    if format_ == "json":
        emit(text_of(report))
    else:
        tolerance = f"{report.tolerance.value}, {report.tolerance.kind}"
        emit(f"{report.value}: recorded {report.recorded}, again {report.again}; {report.verdict} ({tolerance})")
    return ExitCode.OK if report.verdict == "within tolerance" else ExitCode.FINDINGS


@cli.command()
@click.argument("pack")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write; new or empty.")
@_AT
@format_option(FINDING_FORMATS)
@click.pass_obj
def handoff(root: Path, pack: str, out: Path, at: str | None, format_: str) -> ExitCode:
    """Write the package for whoever locks the charter: what may be locked, what blocks, and the evidence of each.

    An incomplete package is not written; what it lacks are findings.

    \b
    Example:  proofpress handoff digits-v0.4.0-mlp64-r1 --out handoff
    """
    from proofpress.handoff import assemble_handoff, text_of, write_handoff
    from proofpress.instance import open_instance

    assembled = assemble_handoff(open_instance(root), pack, at=now(at))
    if assembled.package is None:
        print_report(format_, (), assembled.findings, verbose=False)
        return ExitCode.FINDINGS
    paths = write_handoff(root / out, assembled)
    if format_ == "json":
        emit(text_of(assembled.package))
    elif format_ == "text":
        names = assembled.package.lockable
        emit(f"{len(paths)} files in {out}: {len(names)} values may be locked, {len(assembled.package.blocking)} block")
    else:
        print_report(format_, (), (), verbose=False)
    return ExitCode.OK

"""The command that signs a release off."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from proofpress.cli.base import FORMATS, cli, emit, emit_json, format_option, utc_time
from proofpress.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proofpress.approve import Draft
    from proofpress.evidence.signoff import Answer, QuestionId


@cli.command()
@click.argument("release")
@click.option("--role", required=True, help="The role of packs/policy.yaml in which you sign.")
@click.option(
    "--key", "key_file", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Your private key."
)
@click.option(
    "--answers",
    "answers_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of answers. [default: asked on the terminal]",
)
@click.option("--at", help="UTC time of the signature. [default: now]")
@format_option(FORMATS)
@click.pass_obj
def signoff(
    root: Path, release: str, role: str, key_file: Path, answers_file: Path | None, at: str | None, format_: str
) -> ExitCode:
    """Walk through the checklist of a release and sign the answers, beside the pack and bound to its digests.

    The receipt of the gates has to lie beside the pack (proofpress gate RELEASE --receipt). An answer that the
    evidence contradicts is refused; a no to any question is recorded as a refusal, and ends with 1.

    \b
    Example:  proofpress signoff digits-v0.3.0-mlp64-r1 --role owner --key owner.pem
    """
    from proofpress.approve import draft_signoff, sign_off
    from proofpress.instance import open_instance
    from proofpress.signing.keys import read_key

    instance = open_instance(root)
    key = read_key(root / key_file, os.environ)
    draft = draft_signoff(instance, release, role=role, public=key.public, at=utc_time(at))
    answers = _asked(draft) if answers_file is None else _read(root / answers_file)
    signed = sign_off(instance, draft, answers, key)
    below = signed.path.relative_to(root).as_posix()
    if format_ == "json":
        fields = {
            "bundle_id": draft.receipt.subject.bundle_id,
            "pack_id": draft.receipt.subject.pack_id,
            "role": role,
            "key": draft.key,
            "decision": signed.decision,
            "signed_at": draft.signed_at,
            "path": below,
            "sha256": signed.sha256,
        }
        emit_json("signed", fields)
    else:
        emit(f"{signed.decision} {draft.receipt.subject.bundle_id} as {role} with the key '{draft.key}': {below}")
    return ExitCode.OK if signed.decision == "approved" else ExitCode.FINDINGS


def _read(path: Path) -> "Mapping[QuestionId, Answer]":
    from pydantic import ValidationError

    from proofpress.errors import IngestError
    from proofpress.evidence.signoff import Answers
    from proofpress.ingest.schema import first_violation
    from proofpress.ingest.sources import read_file
    from proofpress.ingest.strict import StrictError, parse_yaml

    hint = "each question has an 'answer' of yes or no, and may have a 'note'; docs/schemas/signoff-answers.schema.json"
    try:
        return Answers.model_validate(parse_yaml(read_file(path))).answers
    except (OSError, StrictError) as exc:
        raise IngestError(f"{path}: the answers can't be read ({getattr(exc, 'strerror', None) or exc})") from exc
    except ValidationError as exc:
        raise UsageError(f"{path}: {first_violation(exc)}", hint=hint) from exc


def _asked(draft: "Draft") -> "dict[QuestionId, Answer]":
    from proofpress.approve import contradiction
    from proofpress.console import printable
    from proofpress.evidence.signoff import Answer

    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", hint="give the answers with --answers FILE")
    found: dict[QuestionId, Answer] = {}
    for number, question in enumerate(draft.questions, 1):
        click.echo(f"\n{number}. {question.text}", err=True)
        for line in question.evidence:
            click.echo(printable(f"   {line}", keep=""), err=True)
        while question.id not in found:
            yes = click.confirm("   yes?", default=None, err=True)
            answer = Answer(answer="yes" if yes else "no")
            if why := contradiction(question, answer):
                click.echo(printable(f"   the evidence says otherwise: {why}", keep=""), err=True)
                continue
            note = click.prompt("   note", default="", show_default=False, err=True).strip()
            found[question.id] = Answer(answer=answer.answer, note=note or None)
    return found

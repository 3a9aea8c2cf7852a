"""Commands of the registry that change it: requests, their signatures, and their place in the log."""

import os
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofpress.cli.base import FORMATS, F, cli, coloured, emit, emit_json, format_option, now
from proofpress.console import printable
from proofpress.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from proofpress.intake import Filed, Said

KINDS = ("candidate", "approved", "rejected", "activated", "retired", "yanked", "rolled_back", "rollback_requested")


@cli.group()
def registry() -> None:
    """What is registered, approved, active, retired, yanked: signed requests and the log that they are placed in."""


def typed_errors(function: F) -> F:
    """With `--format json`, a refusal of the registry is printed as its public message."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        from proofpress.registry.messages import RegistryError

        try:
            return function(*args, **kwargs)
        except RegistryError as exc:
            if kwargs.get("format_") != "json":
                raise
            fields = exc.response()
            emit_json("registry-error", {name: value for name, value in fields.items() if name != "schema"})
            return exc.exit_code

    return run  # type: ignore[return-value]


def scope_pairs(texts: tuple[str, ...]) -> dict[str, str]:
    """A scope from its options, each `NAME=VALUE` or several with commas between. Raises `UsageError`."""
    items = [item for text in texts for item in text.split(",")]
    pairs = dict(item.partition("=")[::2] for item in items)
    if any("=" not in item for item in items) or len(pairs) != len(items):
        raise UsageError("a scope is NAME=VALUE, each name once", hint="for example --scope environment=prod")
    return pairs


def _signed_options(function: F) -> F:
    options: tuple[Callable[[F], F], ...] = (
        format_option(FORMATS),
        click.option("--source", help="Where it stands that an event of the past happened then."),
        click.option("--occurred-at", metavar="TIME", help="Fill in an event of the past; it is marked as such."),
        click.option("--reason", help="Why."),
        click.option("--at", "at", metavar="TIME", help="UTC time of the signature. [default: now]"),
        click.option(
            "--key",
            "keys",
            multiple=True,
            required=True,
            type=click.Path(path_type=Path, dir_okay=False),
            help="File of a key that signs; may be repeated.",
        ),
        click.option("--by", required=True, help="The role in which it is signed."),
    )
    for option in options:
        function = option(function)
    return function


def _said(
    by: str, keys: tuple[Path, ...], at: str | None, reason: str | None, occurred_at: str | None, source: str | None
) -> "Said":
    from proofpress.intake import Said
    from proofpress.signing.keys import read_key

    if (occurred_at is None) != (source is None):
        raise UsageError("--occurred-at and --source go together", hint="say when it happened and where that stands")
    backfill = {"occurred_at": occurred_at, "source": source} if occurred_at and source else None
    return Said(by=by, at=now(at), keys=[read_key(path, os.environ) for path in keys], reason=reason, backfill=backfill)


def _print_filed(format_: str, what: str, filed: "Filed", root: Path) -> ExitCode:
    path = filed.path.relative_to(root).as_posix() if filed.path else ""
    if format_ == "json":
        fields = {"kind": filed.signed.event.kind, "written": bool(path), "request": path}
        emit_json("registry-request", {**fields, "digest": filed.signed.digest, "missing_signatures": filed.missing})
        return ExitCode.OK
    emit(f"{what}: {filed.signed.event.kind} requested in {path}" if path else f"{what}: so already, nothing written")
    if filed.missing:
        emit(f"    {filed.missing} more of the role's keys must sign it: proofpress registry cosign {path}")
    return ExitCode.OK


@registry.command("submit")
@click.argument("name")
@click.option("--refusal", is_flag=True, help="Record that the gates refuse the pack, instead of registering it.")
@_signed_options
@click.pass_obj
@typed_errors
def registry_submit(root: Path, /, name: str, format_: str, refusal: bool, **said: Any) -> ExitCode:
    """Ask for a pack to be registered: it verifies, and the receipt of its gates says PASS.

    The request is a file for a pull request; it counts once it is sequenced.

    \b
    Example:  proofpress registry submit digits-v0.1.0-logreg-r1 --by engineer --key engineer.pem
    """
    from proofpress.instance import open_instance
    from proofpress.intake import publish

    answer = publish(open_instance(root), name, _said(**said), refusal=refusal)
    if format_ == "json":
        fields = answer.model_dump(by_alias=True)
        emit_json("registry-publish", {name: value for name, value in fields.items() if name != "schema"})
    elif answer.status == "DUPLICATE":
        emit(f"{answer.bundle_id}: DUPLICATE, nothing was written")
    else:
        emit(f"{answer.bundle_id}: ACCEPTED, requested in {answer.request}")
    return ExitCode.OK


@registry.command("request")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@click.option("--scope", multiple=True, metavar="NAME=VALUE", help="Scope of the move; commas or more options.")
@click.option("--supersedes", metavar="BUNDLE", help="The active bundle that this one replaces.")
@click.option("--restores", metavar="BUNDLE", help="The bundle that a rollback makes active again.")
@click.option("--upgrade-path", metavar="BUNDLE", help="What users of a yanked bundle should use.")
@click.option("--noticed-by", metavar="NAME", help="What noticed the incident of a rollback request.")
@click.option("--observed-at", metavar="TIME", help="When it noticed the incident.")
@_signed_options
@click.pass_obj
@typed_errors
def registry_request(
    root: Path,
    /,
    kind: str,
    name: str,
    format_: str,
    scope: tuple[str, ...],
    supersedes: str | None,
    restores: str | None,
    upgrade_path: str | None,
    noticed_by: str | None,
    observed_at: str | None,
    **said: Any,
) -> ExitCode:
    """Ask for a move in a registered bundle's life, binding the state that it has now.

    \b
    Example:  proofpress registry request activated digits-v0.2.0-mlp64-r1 --by operator --key operator.pem \\
                  --scope environment=prod,family=digits --supersedes digits-v0.1.0-logreg-r1
    """
    from proofpress.instance import open_instance
    from proofpress.intake import request

    details = {
        "scope": scope_pairs(scope) if scope else None,
        "supersedes": supersedes,
        "restores": restores,
        "upgrade_path": upgrade_path,
        "source": noticed_by,
        "observed_at": observed_at,
    }
    given = {field: value for field, value in details.items() if value is not None}
    return _print_filed(format_, name, request(open_instance(root), kind, name, _said(**said), given), root)


@registry.command("adopt")
@_signed_options
@click.pass_obj
@typed_errors
def registry_adopt(root: Path, /, format_: str, **said: Any) -> ExitCode:
    """Ask for packs/policy.yaml to be in force: the first event of a log, and every change of roles after it.

    \b
    Example:  proofpress registry adopt --by owner --key owner.pem
    """
    from proofpress.instance import open_instance
    from proofpress.intake import adopt

    return _print_filed(format_, "packs/policy.yaml", adopt(open_instance(root), _said(**said)), root)


@registry.command("cosign")
@click.argument("request", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--key", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File of the key.")
@click.pass_obj
def registry_cosign(root: Path, request: Path, key: Path) -> ExitCode:
    """Add a signature to a request that waits, where the policy asks for more than one.

    \b
    Example:  proofpress registry cosign packs/registry/requests/20260603T140000Z_approved_….json --key second.pem
    """
    from proofpress.registry.requests import add_signature
    from proofpress.signing.keys import read_key

    signed = add_signature(root / request, read_key(key, os.environ))
    emit(f"{request.name}: signed by {len(signed.envelope.signatures)} keys")
    return ExitCode.OK


@registry.command("sequence")
@click.option("--log-key", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The log's own key.")
@click.option("--at", "at", metavar="TIME", help="UTC time of the entries. [default: now]")
@format_option(FORMATS)
@click.pass_obj
@typed_errors
def registry_sequence(root: Path, log_key: Path, at: str | None, format_: str) -> ExitCode:
    """Place the requests that wait in the log, and sign its checkpoint: the one serial step, on the main branch.

    Each is checked against the policy in force, the state that it binds, its pack and its receipt. A refused one stays
    where it is and hinders no other.

    \b
    Example:  proofpress registry sequence --log-key log.pem
    """
    from proofpress.instance import open_instance
    from proofpress.intake import Claims
    from proofpress.registry import sequence
    from proofpress.signing.keys import read_key
    from proofpress.verify.formats import finding_text, plain_finding

    instance = open_instance(root)
    done = sequence(instance.registry, read_key(log_key, os.environ), at=now(at), check=Claims(instance))
    if format_ == "json":
        placed: list[Mapping[str, Any]] = [
            {"seq": each.seq, "at": each.at, "kind": each.event.kind, "bundle": getattr(each.event, "bundle_id", None)}
            for each in done.placed
        ]
        head = {"size": done.checkpoint.size, "root": done.checkpoint.root.hex()} if done.checkpoint else None
        refused = [plain_finding(finding) for finding in done.findings]
        emit_json(
            "registry-sequence",
            {"placed": placed, "repeated": list(done.repeated), "refused": refused, "checkpoint": head},
        )
    else:
        for each in done.placed:
            name = getattr(each.event, "bundle_id", "packs/policy.yaml")
            emit(printable(f"{each.seq:4}  {each.at}  {name}: {each.event.kind} by {each.event.by}"))
        for name in done.repeated:
            emit(f"{name}: so already, removed")
        for finding in done.findings:
            emit(coloured(finding_text(finding)))
        if done.checkpoint:
            emit(f"signed: {done.checkpoint.size} entries, root {done.checkpoint.root.hex()}")
        else:
            emit("nothing was placed")
    return ExitCode.FINDINGS if done.findings else ExitCode.OK

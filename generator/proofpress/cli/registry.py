"""Commands of the registry."""

import json
from pathlib import Path

import click

from proofpress.cli.base import FORMATS, F, cli, coloured, emit, format_option, now
from proofpress.console import printable
from proofpress.errors import ExitCode, UsageError


@cli.group()
def registry() -> None:
    """The append-only log: what is registered, approved, active, retired, yanked."""


def _event_options(function: F) -> F:
    for option in (
        click.option("--by", required=True, help="Role or name that answers for the event."),
        click.option("--at", "at", help="UTC time of the event. [default: now]"),
        click.option("--reason", help="Why."),
    ):
        function = option(function)
    return function


@registry.command("submit")
@click.argument("name")
@_event_options
@click.pass_obj
def registry_submit(root: Path, name: str, by: str, at: str | None, reason: str | None) -> ExitCode:
    """Verify a pack and register it.

    \b
    Example:  proofpress registry submit digits-v0.1.0-logreg-r1 --by owner
    """
    from proofpress.instance import open_instance
    from proofpress.pipeline import Rules, read_registry, select, verified
    from proofpress.registry import submit

    instance = open_instance(root)
    chosen = verified(select(instance, [name])[0], Rules.of(instance, read_registry(instance)))
    new = submit(instance.registry_log, chosen, at=now(at), by=by, reason=reason)
    emit(f"{name}: " + ("REGISTERED" if new else "DUPLICATE, nothing was written"))
    return ExitCode.OK


@registry.command("record")
@click.argument(
    "kind", type=click.Choice(["candidate", "approved", "activated", "retired", "rejected", "yanked", "rolled_back"])
)
@click.argument("name")
@_event_options
@click.option("--scope", multiple=True, metavar="NAME=VALUE", help="Scope of an activation; may be repeated.")
@click.option("--supersedes", help="The active bundle that this one replaces.")
@click.option("--restores", help="The bundle that a rollback makes active again.")
@click.option("--upgrade-path", help="What users of a yanked bundle should do.")
@click.pass_obj
def registry_record(
    root: Path,
    kind: str,
    name: str,
    by: str,
    at: str | None,
    reason: str | None,
    scope: tuple[str, ...],
    supersedes: str | None,
    restores: str | None,
    upgrade_path: str | None,
) -> ExitCode:
    """Record a step of a registered bundle's lifecycle.

    \b
    Example:  proofpress registry record activated digits-v0.1.0-logreg-r1 --by owner --scope family=digits
    """
    from proofpress.instance import open_instance
    from proofpress.registry import record

    pairs = dict(item.partition("=")[::2] for item in scope)
    if any("=" not in item for item in scope):
        raise UsageError("a scope is NAME=VALUE", hint="for example --scope environment=prod --scope family=digits")
    new = record(
        open_instance(root).registry_log,
        kind,
        name,
        at=now(at),
        by=by,
        reason=reason,
        scope=pairs or None,
        supersedes=supersedes,
        restores=restores,
        upgrade_path=upgrade_path,
    )
    emit(f"{name}: " + (f"{kind} recorded" if new else "the log says so already, nothing was written"))
    return ExitCode.OK


@registry.command("log")
@format_option(FORMATS)
@click.pass_obj
def registry_log(root: Path, format_: str) -> ExitCode:
    """What happened, oldest first, and what is active now.

    \b
    Example:  proofpress registry log
    """
    from proofpress.instance import open_instance
    from proofpress.pipeline import read_registry
    from proofpress.registry import scope_text
    from proofpress.verify.formats import finding_text

    found = read_registry(open_instance(root))
    if format_ == "json":
        events = [
            {"seq": step.seq, "at": step.at, "kind": step.kind, "bundle": step.bundle_id, "status": step.after}
            for step in found.steps
        ]
        active = [{"scope": dict(scope), "bundle": tenures[-1].bundle_id} for scope, tenures in found.tenures.items()]
        emit(json.dumps({"schema": "proofpress.registry-log/1", "events": events, "active": active}, indent=2))
    else:
        for step in found.steps:
            emit(printable(f"{step.seq:4}  {step.at}  {step.bundle_id}: {step.kind} by {step.by}, now {step.after}"))
        for scope, tenures in found.tenures.items():
            emit(f"active in {scope_text(scope)}: {tenures[-1].bundle_id or 'nothing'}")
        emit(f"{found.size} events, the last with sha256 {found.head}")
        for finding in found.findings:
            emit(coloured(finding_text(finding)))
    return ExitCode.OK if found.intact else ExitCode.FINDINGS

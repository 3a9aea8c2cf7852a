"""Commands that read the registry: its history and proof, statements for runtimes, and the one answer."""

import json
import os
from pathlib import Path

import click

from proofpress.cli.base import (
    FINDING_FORMATS,
    FORMATS,
    cli,
    coloured,
    emit,
    emit_json,
    format_option,
    now,
    print_report,
)
from proofpress.cli.registry import registry, scope_pairs, typed_errors
from proofpress.console import printable
from proofpress.errors import ExitCode, IngestError, UsageError


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
    from proofpress.registry.messages import lifecycle_events
    from proofpress.verify.formats import finding_text

    found = read_registry(open_instance(root))
    if format_ == "json":
        policies = [
            {"event_id": each.seq, "at": each.at, "policy": each.sha256, "by": each.by, "signers": list(each.signers)}
            for each in found.policies
        ]
        active = [{"scope": dict(scope), "bundle": tenures[-1].bundle_id} for scope, tenures in found.tenures.items()]
        events = [event.model_dump() for event in lifecycle_events(found)]
        head = {"size": found.size, "root": found.head}
        emit_json("registry-log", {"head": head, "policies": policies, "events": events, "active": active})
    else:
        lines = [
            (each.seq, f"{each.at}  packs/policy.yaml: adopted by {each.by} ({', '.join(each.signers)})")
            for each in found.policies
        ]
        for step in found.steps:
            filled = f", filled in: happened {step.occurred_at}" if step.occurred_at else ""
            who = f"{step.by} ({', '.join(step.signers)})"
            lines.append((step.seq, f"{step.at}  {step.bundle_id}: {step.kind} by {who}, now {step.after}{filled}"))
        for seq, line in sorted(lines, key=lambda item: item[0]):
            emit(printable(f"{seq:4}  {line}"))
        for scope, tenures in found.tenures.items():
            emit(f"active in {scope_text(scope)}: {tenures[-1].bundle_id or 'nothing'}")
        emit(f"{found.size} entries, root {found.head}")
        for finding in found.findings:
            emit(coloured(finding_text(finding)))
    return ExitCode.OK if found.intact else ExitCode.FINDINGS


@registry.command("verify")
@click.option(
    "--checkpoint", "pinned", multiple=True, metavar="FILE|URL", help="An earlier checkpoint that must be its prefix."
)
@click.option("--base", metavar="COMMIT|DIR", help="A branch, commit or other copy whose log must be its prefix.")
@format_option(FINDING_FORMATS)
@click.pass_obj
def registry_verify(root: Path, pinned: tuple[str, ...], base: str | None, format_: str) -> ExitCode:
    """Check the whole log: tree, checkpoint, every signature, roles at that time, every move; and requests that wait.

    With an earlier checkpoint, or a base branch, it refuses truncation, rewriting, reordering and forks of what they
    have seen.

    \b
    Example:  proofpress registry verify --base origin/main --checkpoint https://example.org/registry/log/checkpoint
    """
    from proofpress.instance import open_instance
    from proofpress.oversight import audit_registry
    from proofpress.verify.formats import finding_text

    done = audit_registry(open_instance(root), pinned=pinned, base=base, at=now(None))
    if format_ == "text":
        for finding in done.findings:
            emit(coloured(finding_text(finding)))
        emit(f"{done.size} entries, root {done.root}; {done.pending} requests wait")
    else:
        print_report(format_, (), done.findings, verbose=False)
    if any(finding.severity == "error" for finding in done.findings):
        return ExitCode.FINDINGS
    return ExitCode.OK if done.size else ExitCode.NOTHING_CHECKED


@registry.command("refresh")
@click.option("--by", required=True, help="The role in which the statements are signed.")
@click.option(
    "--key", "keys", multiple=True, required=True, type=click.Path(path_type=Path, dir_okay=False), help="Its keys."
)
@click.option("--days", type=click.IntRange(1, 366), default=7, show_default=True, help="For how long they are good.")
@click.option("--at", "at", metavar="TIME", help="UTC time of issue. [default: now]")
@format_option(FORMATS)
@click.pass_obj
@typed_errors
def registry_refresh(root: Path, by: str, keys: tuple[Path, ...], days: int, at: str | None, format_: str) -> ExitCode:
    """Sign what runtimes ask for: per scope the active bundle and its history, and the list of revocations.

    They are written to packs/registry/statements/, from where a build copies them. Run it again before they expire.

    \b
    Example:  proofpress registry refresh --by publisher --key publisher.pem
    """
    from proofpress.instance import open_instance
    from proofpress.oversight import refresh
    from proofpress.signing.keys import read_key

    signing = [read_key(path, os.environ) for path in keys]
    written = refresh(open_instance(root), by=by, keys=signing, at=now(at), days=days)
    if format_ == "json":
        emit_json("registry-refresh", {"statements": [path.relative_to(root).as_posix() for path in written]})
    else:
        for path in written:
            emit(path.relative_to(root).as_posix())
    return ExitCode.OK


@cli.command("resolve")
@click.option("--scope", multiple=True, required=True, metavar="NAME=VALUE", help="Commas or more options.")
@click.option("--at", "at", metavar="TIME", help="Answer for a past UTC time. [default: now]")
@click.option("--allow-yanked", is_flag=True, help="Answer with a warning where the active bundle is yanked.")
@click.option("--from", "source", metavar="URL|DIR", help="Ask the statements of a published site, not the log.")
@click.option("--trust", type=click.Path(path_type=Path, dir_okay=False), help="Keys that are believed: NAME ed25519:…")
@click.option("--threshold", type=click.IntRange(1, 16), default=1, show_default=True, help="How many of them.")
@click.option("--max-age", type=click.IntRange(1), metavar="SECONDS", help="Refuse a statement that is older.")
@click.option("--state", type=click.Path(path_type=Path, dir_okay=False), help="Remembers the newest statement seen.")
@click.option("--clock", metavar="TIME", help="Judge the statement's age at this UTC time. [default: now]")
@format_option(FORMATS)
@click.pass_obj
@typed_errors
def resolve_command(
    root: Path,
    scope: tuple[str, ...],
    at: str | None,
    allow_yanked: bool,
    source: str | None,
    trust: Path | None,
    threshold: int,
    max_age: int | None,
    state: Path | None,
    clock: str | None,
    format_: str,
) -> ExitCode:
    """Which bundle is active in a scope, now or at a past moment. The same question has one answer for ever.

    From the log of the instance; or with --from from a published, signed statement: one GET, one signature check, and
    no trust in the host.

    \b
    Example:  proofpress resolve --scope environment=prod,family=digits --at 2026-07-10T00:00:00Z
    """
    from proofpress.registry.client import ask
    from proofpress.registry.opened import open_registry
    from proofpress.registry.resolve import resolve

    wanted = scope_pairs(scope)
    if source is None:
        folder = root / "packs" / "registry"
        if not folder.is_dir():
            raise UsageError("this instance has no registry", hint="name a site with --from")
        answer = resolve(open_registry(folder).registry(), wanted, at=now(at), allow_yanked=allow_yanked)
    else:
        if trust is None:
            raise UsageError("whom to believe is not said", hint="name a file of trusted keys with --trust")
        answer = ask(
            source,
            wanted,
            at=now(at or clock),
            clock=now(clock),
            allow_yanked=allow_yanked,
            trust=_text(trust),
            threshold=threshold,
            max_age=max_age,
            state=state,
        )
    if format_ == "json":
        emit(json.dumps(answer.model_dump(by_alias=True), indent=2, ensure_ascii=False))
        return ExitCode.OK
    emit(printable(f"{answer.active.bundle_id}  since {answer.since}, pack {answer.active.pack_id}"))
    for warning in answer.warnings:
        use = answer.upgrade_path or answer.successor
        emit(printable(f"warning: {warning}: {answer.yanked_because}" + (f"; use {use}" if use else "")))
    return ExitCode.OK


@cli.command("verify-receipt")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--revocations", metavar="FILE|URL", help="A signed list of revocations. [default: the registry here]")
@click.option("--trust", type=click.Path(path_type=Path, dir_okay=False), help="Keys that sign such lists.")
@click.option("--clock", metavar="TIME", help="Judge the list's age at this UTC time. [default: now]")
@format_option(FORMATS)
@click.pass_obj
@typed_errors
def verify_receipt(
    root: Path, file: Path, revocations: str | None, trust: Path | None, clock: str | None, format_: str
) -> ExitCode:
    """Check a batch receipt of a demo against its manifest: every row again, from the files beside it.

    A receipt of a model that was yanked since still checks, with the warning model_yanked.

    \b
    Example:  proofpress verify-receipt packs/digits/digits-v0.1.0-logreg-r1/demo/batch_receipt_report.json
    """
    from proofpress.pack.batch_receipt import check_receipt
    from proofpress.registry.client import revoked_models

    if revocations is not None and trust is None:
        raise UsageError("whom to believe is not said", hint="name a file of trusted keys with --trust")
    found = check_receipt(root / file)
    trusted = _text(trust) if trust else ""
    revoked = revoked_models(root / "packs" / "registry", revocations, trust=trusted, clock=now(clock))
    why = revoked.get(found.model_id)
    warnings = [] if why is None else ["model_yanked"]
    if format_ == "json":
        fields = {"release_id": found.release_id, "model_id": found.model_id, "rows": found.rows}
        yanked = None if why is None else {"bundle_id": why.bundle_id, "reason": why.reason, "use": why.upgrade_path}
        differences = list(found.differences)
        emit_json(
            "verify-receipt",
            {**fields, "ok": not differences, "differences": differences, "warnings": warnings, "yanked": yanked},
        )
    else:
        for line in found.differences:
            emit(printable(f"differs  {line}"))
        if not found.differences:
            emit(f"{found.rows} rows of {found.release_id} have their receipts, of {found.model_id}")
        if why is not None:
            use = f"; use {why.upgrade_path}" if why.upgrade_path else ""
            emit(printable(f"warning: model_yanked: {why.bundle_id}: {why.reason}{use}"))
    return ExitCode.FINDINGS if found.differences else ExitCode.OK


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise IngestError(f"{path}: the trusted keys can't be read", hint="lines of NAME ed25519:…") from exc

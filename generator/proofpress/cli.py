"""argv → pipeline → text and exit code. The only module that prints or exits."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from proofpress import __version__
from proofpress.console import printable
from proofpress.errors import ExitCode, ProofpressError, UsageError
from proofpress.evidence.finding import Finding

if TYPE_CHECKING:
    from proofpress.verify.verdict import Verdict

F = TypeVar("F", bound=Callable[..., Any])
FINDING_FORMATS = click.Choice(["text", "json", "sarif", "junit", "github"])
FORMATS = click.Choice(["text", "json"])


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "-C",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Act on the instance in this folder.",
)
@click.version_option(__version__, prog_name="proofpress")
@click.pass_context
def cli(context: click.Context, folder: Path) -> None:
    """Release evidence for machine-learning models: verify, re-render, diff, register, publish.

    \b
    Example:  proofpress check && proofpress build
    Exit codes: 0 fine, 1 findings, 2 usage, 3 stale documents, 4 unreadable input, 5 publishing failed,
    6 nothing was checked, 70 internal.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder", hint="name an instance's folder with -C")
    context.obj = folder.absolute()


def _format_option(choice: click.Choice[str]) -> Callable[[F], F]:
    return click.option("--format", "format_", type=choice, default="text", show_default=True, help="Form of output.")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _jobs_option(function: F) -> F:
    return click.option(
        "--jobs", "-j", type=click.IntRange(1, 256), default=_cores(), help="Processes. [default: all cores]"
    )(function)


def _emit(text: str) -> None:
    click.echo(text, nl=not text.endswith("\n"))


def _print_report(format_: str, verdicts: "Sequence[Verdict]", extra: Sequence[Finding], *, verbose: bool) -> None:
    from proofpress.pipeline import all_rules
    from proofpress.verify.formats import github_report, json_report, junit_report, sarif_report, text_report

    findings = (*(item for verdict in verdicts for item in verdict.findings), *extra)
    if format_ == "json":
        _emit(json_report(verdicts, extra))
    elif format_ == "sarif":
        _emit(sarif_report(findings, all_rules()))
    elif format_ == "junit":
        _emit(junit_report(verdicts, extra))
    elif format_ == "github":
        _emit(github_report(findings) or "::notice::proofpress found nothing\n")
    else:
        _emit(_coloured(text_report(verdicts, extra, verbose=verbose)))


def _coloured(text: str) -> str:
    """Colour the first word of each finding on a terminal; click drops it in a pipe."""
    if os.environ.get("NO_COLOR"):
        return text
    colours = {"error": "red", "warning": "yellow", "note": "cyan", "refused": "red", "verified": "green"}
    lines = []
    for line in text.split("\n"):
        word = line.partition(" ")[0]
        lines.append(click.style(word, fg=colours[word], bold=True) + line[len(word) :] if word in colours else line)
    return "\n".join(lines)


def exit_code(findings: Sequence[Finding], checked: int) -> ExitCode:
    """The exit code of a check: stale documents alone are 3, any other error is 1, nothing checked is 6."""
    rules = {finding.rule for finding in findings if finding.severity == "error"}
    if rules:
        return ExitCode.STALE if _only_stale(findings) else ExitCode.FINDINGS
    return ExitCode.OK if checked else ExitCode.NOTHING_CHECKED


def _only_stale(findings: Sequence[Finding]) -> bool:
    """Whether every error is a stale document, or the digest of a document that is stale."""
    stale = {(finding.pack, finding.file) for finding in findings if finding.rule == "FRS001"}
    return bool(stale) and all(
        finding.rule == "FRS001" or (finding.rule == "INT001" and (finding.pack, finding.file) in stale)
        for finding in findings
        if finding.severity == "error"
    )


@cli.command()
@click.argument("packs", nargs=-1, required=True, type=click.Path(path_type=Path))
@_format_option(FINDING_FORMATS)
@click.option("--verbose", "-v", is_flag=True, help="Also name passed packs and skipped rules.")
@click.option("--jobs", "-j", type=click.IntRange(1, 256), default=_cores(), help="Threads that hash.")
@click.pass_obj
def verify(root: Path, packs: tuple[Path, ...], format_: str, verbose: bool, jobs: int) -> ExitCode:
    """Verify single packs: folders or zip archives.

    \b
    Example:  proofpress verify packs/digits/digits-v0.1.0-logreg-r1
    """
    from proofpress.pipeline import rules_at, verify_paths

    verdicts = verify_paths([root / pack for pack in packs], rules_at(root), threads=jobs)
    _print_report(format_, verdicts, (), verbose=verbose or format_ != "text")
    return exit_code([item for verdict in verdicts for item in verdict.findings], len(verdicts))


@cli.command()
@_format_option(FINDING_FORMATS)
@click.option("--verbose", "-v", is_flag=True, help="Also name passed packs and skipped rules.")
@_jobs_option
@click.pass_obj
def check(root: Path, format_: str, verbose: bool, jobs: int) -> ExitCode:
    """One verdict on the instance: every pack's rules, freshness, agreement, policy and registry.

    \b
    Example:  proofpress check --format github
    """
    from proofpress.instance import open_instance
    from proofpress.pipeline import check_instance

    report = check_instance(open_instance(root), jobs=jobs)
    _print_report(format_, report.verdicts, report.findings, verbose=verbose)
    code = exit_code(report.all_findings, len(report.verdicts))
    if code is ExitCode.NOTHING_CHECKED:
        click.echo("nothing was checked: packs/ holds no pack", err=True)
    return code


@cli.command()
@click.argument("packs", nargs=-1)
@click.option("--check", "dry", is_flag=True, help="Write nothing; exit with 3 when a document is stale.")
@click.option("--upgrade", is_flag=True, help="Move to the newest template set and rule book.")
@click.option("--template-set", help="Render with this set and record it in the manifest.")
@_format_option(FORMATS)
@click.pass_obj
def render(
    root: Path, packs: tuple[str, ...], dry: bool, upgrade: bool, template_set: str | None, format_: str
) -> ExitCode:
    """Write each pack's documents from its JSON; registered packs are never touched.

    \b
    Example:  proofpress render digits-v0.1.0-logreg-r1
    """
    from proofpress.instance import open_instance
    from proofpress.pipeline import Rules, read_registry, render_pack, select

    instance = open_instance(root)
    rules = Rules.of(instance, read_registry(instance))
    done = [
        render_pack(ref, rules, template_set=template_set, upgrade=upgrade, write=not dry)
        for ref in select(instance, packs)
    ]
    if format_ == "json":
        rows = [{"pack": item.label, "pack_id": item.pack_id, "written": list(item.written)} for item in done]
        _emit(json.dumps({"schema": "proofpress.render/1", "dry_run": dry, "packs": rows}, indent=2))
    else:
        for item in done:
            verb = "stale" if dry else "wrote"
            _emit(f"{item.label}: " + (f"{verb} {', '.join(item.written)}" if item.written else "fresh"))
    if not done:
        return ExitCode.NOTHING_CHECKED
    return ExitCode.STALE if dry and any(item.written for item in done) else ExitCode.OK


@cli.command()
@click.argument("old")
@click.argument("new")
@click.option("--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
@click.pass_obj
def diff(root: Path, old: str, new: str, format_: str) -> ExitCode:
    """Typed changes between two releases, worst first.

    \b
    Example:  proofpress diff digits-v0.1.0-logreg-r1 digits-v0.2.0-mlp64-r1
    """
    from proofpress.diff import json_report as diff_json
    from proofpress.diff import markdown_report
    from proofpress.diff import text_report as diff_text
    from proofpress.instance import open_instance
    from proofpress.pipeline import compare

    comparison = compare(open_instance(root), old, new)
    _emit({"text": diff_text, "markdown": markdown_report, "json": diff_json}[format_](comparison))
    return ExitCode.OK


@cli.command()
@click.option("--explain", "rule_id", metavar="ID", help="The documentation of one rule.")
@click.option("--write", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write a page a rule there.")
@_format_option(FORMATS)
@click.pass_obj
def rules(root: Path, rule_id: str | None, folder: Path | None, format_: str) -> ExitCode:
    """List the rules, explain one, or write their pages.

    \b
    Example:  proofpress rules --explain MET001
    """
    from proofpress.pipeline import all_rules

    book = all_rules()
    if folder is not None:
        from proofpress.verify.rule_pages import write_rule_pages

        _emit(f"{len(write_rule_pages(book, root / folder))} pages in {folder}")
        return ExitCode.OK
    if rule_id is not None and rule_id.upper() not in book:
        raise UsageError(f"no rule '{rule_id}'", hint="proofpress rules lists them all")
    chosen = [book[rule_id.upper()]] if rule_id else list(book.values())
    if format_ == "json":
        rows = [
            {
                "id": item.id,
                "title": item.title,
                "severity": item.severity,
                "rule_book": item.book,
                "needs": list(item.needs),
                "after": list(item.after),
                "explanation": item.explanation,
            }
            for item in chosen
        ]
        _emit(json.dumps({"schema": "proofpress.rules/1", "rules": rows}, indent=2, ensure_ascii=False))
    elif rule_id:
        rule = chosen[0]
        _emit(f"{rule.id}  {rule.title}\n\nSeverity: {rule.severity}. Rule book: {rule.book}.\n\n{rule.explanation}")
    else:
        for rule in chosen:
            _emit(f"{rule.id}  {rule.severity:8}{rule.title}")
    return ExitCode.OK


@cli.command()
@_jobs_option
@click.option("--rehash", is_flag=True, help="Compare every digest instead of trusting file times.")
@_format_option(FORMATS)
@click.pass_obj
def build(root: Path, jobs: int, rehash: bool, format_: str) -> ExitCode:
    """Check everything, then build the site; refuses on any error finding or stale document.

    \b
    Example:  proofpress build --jobs 2
    """
    from proofpress.build.site import build_site

    outcome = build_site(root, jobs=jobs, rehash=rehash, progress=_progress())
    if outcome.refused:
        _print_report("json" if format_ == "json" else "text", outcome.verdicts, outcome.findings, verbose=False)
        click.echo("the site was not built; the old one is still there", err=True)
        return exit_code(outcome.all_findings, outcome.packs)
    if format_ == "json":
        _emit(json.dumps({"schema": "proofpress.build/1", **outcome.summary()}, indent=2))
    else:
        if outcome.all_findings:
            from proofpress.verify.formats import finding_text

            for finding in outcome.all_findings:
                _emit(_coloured(finding_text(finding)))
        _emit(outcome.sentence())
    return ExitCode.OK


def _progress() -> Callable[[int, int], None]:
    """A counter on a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        return lambda _done, _total: None

    def show(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        sys.stderr.write(f"\r{done} of {total} units{end}")
        sys.stderr.flush()

    return show


@cli.group()
def pack() -> None:
    """Builders: raw outputs of a run → the documents of a pack."""


@pack.command("release")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--profile", help="Which evidence the pack must hold. [default: the policy's]")
@click.option("--template-set", help="Template set for the documents. [default: the policy's, else the newest]")
@_format_option(FORMATS)
@click.pass_obj
def pack_release(root: Path, folder: Path, profile: str | None, template_set: str | None, format_: str) -> ExitCode:
    """Render a folder's documents and write its manifest and checksum files, last and in order.

    \b
    Example:  proofpress pack release packs/digits/digits-v0.4.0-mlp64-r1
    """
    from proofpress.pack.release import assemble
    from proofpress.pipeline import rules_at

    known = rules_at(root)
    chosen = known.sets.named(template_set) if template_set else known.sets.newest()
    name = profile or known.policy.default_profile
    known.profiles.chain(name)
    pack_id = assemble(root / folder, profile=name, template_set=chosen)
    if format_ == "json":
        _emit(json.dumps({"schema": "proofpress.pack/1", "pack_id": pack_id, "profile": name}, indent=2))
    else:
        _emit(f"{pack_id}  {folder}")
    return ExitCode.OK


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


def _now(at: str | None) -> str:
    return at or datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
    new = submit(instance.registry_log, chosen, at=_now(at), by=by, reason=reason)
    _emit(f"{name}: " + ("REGISTERED" if new else "DUPLICATE, nothing was written"))
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
    Example:  proofpress registry record activated digits-v0.1.0-logreg-r1 --by owner --scope environment=prod
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
        at=_now(at),
        by=by,
        reason=reason,
        scope=pairs or None,
        supersedes=supersedes,
        restores=restores,
        upgrade_path=upgrade_path,
    )
    _emit(f"{name}: " + (f"{kind} recorded" if new else "the log says so already, nothing was written"))
    return ExitCode.OK


@registry.command("log")
@_format_option(FORMATS)
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
        _emit(json.dumps({"schema": "proofpress.registry-log/1", "events": events, "active": active}, indent=2))
    else:
        for step in found.steps:
            _emit(printable(f"{step.seq:4}  {step.at}  {step.bundle_id}: {step.kind} by {step.by}, now {step.after}"))
        for scope, tenures in found.tenures.items():
            _emit(f"active in {scope_text(scope)}: {tenures[-1].bundle_id or 'nothing'}")
        for finding in found.findings:
            _emit(_coloured(finding_text(finding)))
    return ExitCode.OK if found.intact else ExitCode.FINDINGS


@cli.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/schemas"))
@click.pass_obj
def schema(root: Path, out: Path) -> ExitCode:
    """Write the JSON Schemas of all documents and outputs.

    \b
    Example:  proofpress schema build/schemas
    """
    from proofpress.schemas import write_schemas

    for path in write_schemas(root / out):
        _emit(str(path.relative_to(root)) if path.is_relative_to(root) else str(path))
    return ExitCode.OK


def _guarded(function: Callable[..., Any]) -> Callable[..., int]:
    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> int:
        try:
            return int(function(*args, **kwargs) or 0)
        except click.exceptions.Exit as exc:
            return exc.exit_code
        except click.ClickException as exc:
            exc.show()
            return ExitCode.USAGE
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            return 130
        except ProofpressError as exc:
            click.echo(printable(f"proofpress: {exc}"), err=True)
            if exc.hint:
                click.echo(printable(f"    hint: {exc.hint}"), err=True)
            return exc.exit_code
        except BrokenPipeError:
            return ExitCode.OK
        except Exception as exc:  # noqa: BLE001 - the one place that turns a bug into exit code 70
            click.echo(
                f"proofpress: internal error: {type(exc).__name__}: {exc}\n"
                "    hint: this is a bug; run again with PROOFPRESS_TRACEBACK=1 and report what it prints",
                err=True,
            )
            import traceback

            if os.environ.get("PROOFPRESS_TRACEBACK"):
                traceback.print_exc()
            return ExitCode.INTERNAL

    return run


@_guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    return int(cli.main(args=None if argv is None else list(argv), prog_name="proofpress", standalone_mode=False) or 0)


def entry_point() -> None:
    """The console command."""
    sys.exit(main())

"""The command that plans, executes and judges a profile's benchmark suite: readiness."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from proofpress.cli.base import FORMATS, cli, emit, format_option, one_mode
from proofpress.cli.make import open_folder, profile_of
from proofpress.console import printable
from proofpress.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from proofpress.evidence.readiness import ReadinessReport, SuiteReport


@cli.command()
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--plan", is_flag=True, help="Write what the suite would run; never ok.")
@click.option("--execute", is_flag=True, help="Run the suite, then judge.")
@click.option("--assess", is_flag=True, help="Judge by the suite report that is there.")
@click.option("--profile", help="Profile that declares rows and suite. [default: the manifest's, else the policy's]")
@click.option(
    "--scope-decision", "decisions", multiple=True, type=click.Path(path_type=Path), help="Accepted re-scope."
)
@click.option("--work", type=click.Path(path_type=Path), help="Folder in which commands run. [default: the pack's]")
@click.option(
    "--limit", type=click.FloatRange(min=0, min_open=True), default=3600, help="Seconds that a step may take."
)
@click.option("--at", help="UTC time of the report, for example 2026-03-01T09:30:00Z. [default: now]")
@format_option(FORMATS)
@click.pass_obj
def readiness(
    root: Path,
    pack: Path,
    plan: bool,
    execute: bool,
    assess: bool,
    profile: str | None,
    decisions: tuple[Path, ...],
    work: Path | None,
    limit: float,
    at: str | None,
    format_: str,
) -> ExitCode:
    """Measure a release against the rows and the suite that its profile requires.

    Exits with 0 when the release is ready, with 1 when anything blocks it; a plan is never ready. Assemble the pack
    afterwards: proofpress pack release.

    \b
    Example:  proofpress readiness packs/digits/digits-v0.4.0-mlp64-r1 --execute
    """
    from proofpress.evidence.readiness import SuiteReport
    from proofpress.pack.fields import read_given
    from proofpress.pack.readiness import decision_text, read_decision, write_readiness
    from proofpress.pack.suite import write_suite
    from proofpress.pipeline import rules_at
    from proofpress.verify.readiness import suite_steps

    mode = one_mode({"--plan": plan, "--execute": execute, "--assess": assess}).removeprefix("--")
    if not mode:
        raise UsageError("say what to do with the suite", hint="--plan, --execute or --assess")
    target = open_folder(root, pack)
    known = rules_at(root)
    chain = known.profiles.chain(profile_of(target, known, profile))
    now = at or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    decided = {file.name: read_decision(file.name, read_given(root / file)) for file in decisions}
    for name, fields in decided.items():
        decision_text(name, {"generated_at": now, **fields})  # refuses before the suite runs and clears
    suite: SuiteReport | None = None
    if mode != "assess":
        outcome = write_suite(
            target,
            suite_steps(chain),
            profile=chain[0].name,
            at=now,
            execute=mode == "execute",
            work=root / work if work else None,
            limit_seconds=limit,
        )
        suite = outcome.report
        if outcome.last_words:
            click.echo(printable(outcome.last_words), err=True)
    report = None if mode == "plan" else write_readiness(target, chain, at=now, decisions=decided)
    _print(format_, mode, suite, report)
    return ExitCode.OK if report is not None and report.ok else ExitCode.FINDINGS


def _print(format_: str, mode: str, suite: "SuiteReport | None", report: "ReadinessReport | None") -> None:
    ok = report is not None and report.ok
    steps = [(run.step.name, run.status) for run in suite.steps] if suite else []
    rows = [(row.requires.key, row.status) for row in report.rows] if report else []
    blockers = report.blockers if report else ()
    outputs = [
        f"readiness/{name}.json" for name, made in (("suite_report", suite), ("readiness_report", report)) if made
    ]
    if format_ == "json":
        shown = {
            "schema": "proofpress.readiness-run/1",
            "mode": mode,
            "ok": ok,
            "outputs": outputs,
            "steps": [{"name": name, "status": status} for name, status in steps],
            "rows": [{"key": key, "status": status} for key, status in rows],
            "blockers": [item.model_dump(mode="json") for item in blockers],
        }
        emit(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    for kind, items in (("step", steps), ("row", rows)):
        for name, status in items:
            emit(printable(f"{status:9}{kind} {name}"))
    for item in blockers:
        emit(printable(f"blocked  {item.subject}: {item.reason} ({', '.join(item.issue_refs) or 'no issue'})"))
    emit(f"{'ready' if ok else 'not ready'}: {', '.join(outputs)}")

"""Commands that judge and compare: verify, check, diff, rules."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofpress.cli.base import (
    FINDING_FORMATS,
    FORMATS,
    cli,
    cores,
    emit,
    exit_code,
    format_option,
    jobs_option,
    print_report,
)
from proofpress.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from proofpress.verify.identity_graph import IdentityGraph
    from proofpress.verify.verdict import Verdict


@cli.command()
@click.argument("packs", nargs=-1, required=True, type=click.Path(path_type=Path))
@format_option(FINDING_FORMATS)
@click.option("--explain", is_flag=True, help="Draw which file states which release, model, data, run and commit.")
@click.option("--verbose", "-v", is_flag=True, help="Also name passed packs and skipped rules.")
@click.option("--jobs", "-j", type=click.IntRange(1, 256), default=cores(), help="Threads that hash.")
@click.pass_obj
def verify(root: Path, packs: tuple[Path, ...], format_: str, explain: bool, verbose: bool, jobs: int) -> ExitCode:
    """Verify single packs: folders or zip archives.

    \b
    Example:  proofpress verify packs/digits/digits-v0.1.0-logreg-r1
    """
    from proofpress.pipeline import explain_paths, rules_at

    if explain and format_ not in {"text", "json"}:
        raise UsageError(f"--explain has no form {format_}", hint="use --format text or --format json")
    judged = explain_paths([root / pack for pack in packs], rules_at(root), threads=jobs)
    verdicts = [verdict for verdict, _graph in judged]
    if explain:
        _print_graphs(format_, judged)
    if not explain or format_ == "text":
        print_report(format_, verdicts, (), verbose=verbose or format_ != "text")
    return exit_code([item for verdict in verdicts for item in verdict.findings], len(verdicts))


def _print_graphs(format_: str, judged: "Sequence[tuple[Verdict, IdentityGraph | None]]") -> None:
    from proofpress.verify.explain import GRAPH_SCHEMA, explain_text, graph_json

    if format_ == "text":
        for verdict, graph in judged:
            emit(explain_text(verdict.label, graph) + "\n")
        return
    rows = [
        {"pack": verdict.label, "verdict": "refused" if verdict.errors else "verified", **graph_json(graph)}
        for verdict, graph in judged
    ]
    emit(json.dumps({"schema": GRAPH_SCHEMA, "packs": rows}, indent=2, ensure_ascii=False))


@cli.command()
@format_option(FINDING_FORMATS)
@click.option("--verbose", "-v", is_flag=True, help="Also name passed packs and skipped rules.")
@jobs_option
@click.pass_obj
def check(root: Path, format_: str, verbose: bool, jobs: int) -> ExitCode:
    """One verdict on the instance: every pack's rules, freshness, agreement, policy and registry.

    \b
    Example:  proofpress check --format github
    """
    from proofpress.instance import open_instance
    from proofpress.pipeline import check_instance

    report = check_instance(open_instance(root), jobs=jobs)
    print_report(format_, report.verdicts, report.findings, verbose=verbose)
    code = exit_code(report.all_findings, len(report.verdicts))
    if code is ExitCode.NOTHING_CHECKED:
        click.echo("nothing was checked: packs/ holds no pack", err=True)
        click.echo(
            "    hint: make one with the builders: proofpress pack --help, or an instance: proofpress init", err=True
        )
    return code


@cli.command()
@click.option("--explain", "rule_id", metavar="ID", help="The documentation of one rule.")
@click.option("--write", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write a page a rule there.")
@format_option(FORMATS)
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

        emit(f"{len(write_rule_pages(book, root / folder))} pages in {folder}")
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
        emit(json.dumps({"schema": "proofpress.rules/1", "rules": rows}, indent=2, ensure_ascii=False))
    elif rule_id:
        rule = chosen[0]
        emit(f"{rule.id}  {rule.title}\n\nSeverity: {rule.severity}. Rule book: {rule.book}.\n\n{rule.explanation}")
    else:
        for rule in chosen:
            emit(f"{rule.id}  {rule.severity:8}{rule.title}")
    return ExitCode.OK


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
    emit({"text": diff_text, "markdown": markdown_report, "json": diff_json}[format_](comparison))
    return ExitCode.OK


@cli.command()
@format_option(FORMATS)
@click.pass_obj
def profiles(root: Path, format_: str) -> ExitCode:
    """List the profiles: which evidence a kind of release must carry.

    \b
    Example:  proofpress profiles --format json
    """
    from proofpress.pipeline import rules_at
    from proofpress.verify.readiness import requirements

    known = rules_at(root).profiles
    rows: list[dict[str, Any]] = []
    for name in known.names():
        chain = known.chain(name)
        rows.append(
            {
                "name": name,
                "title": chain[0].title,
                "extends": chain[0].extends,
                "documents": [item for profile in reversed(chain) for item in profile.documents],
                "rendered": [item for profile in reversed(chain) for item in profile.rendered],
                "metrics": [f"{item.name}@{item.split}" for profile in chain for item in profile.metrics],
                "slice_dimensions": [item for profile in chain for item in profile.slice_dimensions],
                "slice_suite": [item.name for item in suite.dimensions] if (suite := known.suite(name)) else [],
                "readiness": [row.key for row in requirements(chain)],
            }
        )
    if format_ == "json":
        emit(json.dumps({"schema": "proofpress.profiles/1", "profiles": rows}, indent=2, ensure_ascii=False))
        return ExitCode.OK
    for row in rows:
        emit(f"{row['name']}: {row['title']}")
        for field in ("documents", "rendered", "metrics", "slice_dimensions", "slice_suite", "readiness"):
            if row[field]:
                emit(f"    {field.replace('_', ' ')}: {', '.join(row[field])}")
    return ExitCode.OK

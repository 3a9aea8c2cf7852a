"""What all commands share: the group, options, output and exit codes."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from proofpress import __version__
from proofpress.errors import ExitCode, UsageError
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


def format_option(choice: click.Choice[str]) -> Callable[[F], F]:
    """The option for the form of output."""
    return click.option("--format", "format_", type=choice, default="text", show_default=True, help="Form of output.")


def cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def jobs_option(function: F) -> F:
    """The option for the number of processes."""
    return click.option(
        "--jobs", "-j", type=click.IntRange(1, 256), default=cores(), help="Processes. [default: all cores]"
    )(function)


def emit(text: str) -> None:
    """Print a text with one line feed at its end."""
    click.echo(text, nl=not text.endswith("\n"))


def emit_json(schema: str, fields: Mapping[str, Any]) -> None:
    """Print a report as JSON under the name and version of its schema."""
    emit(json.dumps({"schema": f"proofpress.{schema}/1", **fields}, indent=2, ensure_ascii=False))


def now(at: str | None) -> str:
    """The UTC time that a command was given, or that of the clock."""
    return at or datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_time(at: str | None) -> str:
    """The UTC time that a command was given, or that of the clock. Raises `UsageError` when it is no time."""
    try:
        return datetime.strptime(now(at), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError as exc:
        raise UsageError(f"'{at}' is no UTC time", hint="for example 2026-03-01T09:30:00Z") from exc


def one_mode(flags: Mapping[str, bool]) -> str:
    """The mode that was asked for by its flag, empty without one. Raises `UsageError` on two."""
    asked = [name for name, given in flags.items() if given]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)} exclude each other", hint="name one of them")
    return asked[0] if asked else ""


def print_written(
    format_: str,
    folder: Path,
    paths: Sequence[str],
    *,
    schema: str = "written",
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Say which files of a pack a builder wrote: path, digest and size in JSON; as `sha256sum` prints them in text.

    `fields` are what the report of that schema tells besides; text leaves them out.
    """
    from proofpress.pack.writer import produced

    outputs = [produced(folder, path) for path in paths]
    if format_ == "json":
        emit_json(schema, {**(fields or {}), "outputs": outputs})
        return
    for item in outputs:
        emit(f"{item['sha256']}  {item['path']}")


def print_report(format_: str, verdicts: "Sequence[Verdict]", extra: Sequence[Finding], *, verbose: bool) -> None:
    """Print verdicts, and findings between packs, in the form that was asked for."""
    from proofpress.pipeline import all_rules
    from proofpress.verify.formats import github_report, json_report, junit_report, sarif_report, text_report

    findings = (*(item for verdict in verdicts for item in verdict.findings), *extra)
    if format_ == "json":
        emit(json_report(verdicts, extra))
    elif format_ == "sarif":
        emit(sarif_report(findings, all_rules()))
    elif format_ == "junit":
        emit(junit_report(verdicts, extra))
    elif format_ == "github":
        emit(github_report(findings) or "::notice::proofpress found nothing\n")
    else:
        emit(coloured(text_report(verdicts, extra, verbose=verbose)))


def coloured(text: str) -> str:
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
        return ExitCode.STALE if only_stale(findings) else ExitCode.FINDINGS
    return ExitCode.OK if checked else ExitCode.NOTHING_CHECKED


def only_stale(findings: Sequence[Finding]) -> bool:
    """Whether every error is a stale document, or the digest of a document that is stale."""
    stale = {(finding.pack, finding.file) for finding in findings if finding.rule == "FRS001"}
    return bool(stale) and all(
        finding.rule == "FRS001" or (finding.rule == "INT001" and (finding.pack, finding.file) in stale)
        for finding in findings
        if finding.severity == "error"
    )


def progress() -> Callable[[int, int], None]:
    """A counter on a terminal; nothing in a pipe."""
    if not sys.stderr.isatty():
        return lambda _done, _total: None

    def show(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        sys.stderr.write(f"\r{done} of {total} units{end}")
        sys.stderr.flush()

    return show

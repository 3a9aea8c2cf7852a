"""The command that checks the links of a finished site."""

from pathlib import Path

import click

from proofpress.cli.base import cli, coloured, emit, emit_json, format_option
from proofpress.errors import ExitCode


@cli.command("check-site")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--previous",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="An earlier site: each of its addresses must still answer. Repeatable.",
)
@click.option("--base", default="", metavar="URL", help="Where it is served. [default: as its first page says]")
@format_option(click.Choice(["text", "json", "github"]))
@click.pass_obj
def check_site(root: Path, folder: Path, previous: tuple[Path, ...], base: str, format_: str) -> ExitCode:
    """Check a finished site: every internal link and anchor leads somewhere, and every old address still answers.

    \b
    Example:  proofpress check-site site --previous ../published
    """
    from proofpress.links import check_site as check
    from proofpress.verify.formats import finding_text, github_report, plain_finding

    found = check(root / folder, previous=[root / item for item in previous], base=base)
    if format_ == "json":
        fields = {name: getattr(found, name) for name in ("pages", "links", "fragments", "published")}
        emit_json("site-check", {**fields, "findings": [plain_finding(item) for item in found.findings]})
    elif format_ == "github":
        emit(github_report(found.findings) or "::notice::proofpress found nothing\n")
    else:
        for item in found.findings:
            emit(coloured(finding_text(item)))
        said = f"{found.pages} pages, {found.links} links, {found.fragments} of them to an anchor"
        if previous:
            said += f", {found.published} addresses published before"
        emit(f"{said}: {len(found.findings) or 'no'} finding{'s' if len(found.findings) != 1 else ''}")
    if not found.pages:
        click.echo("nothing was checked: the folder holds no page", err=True)
        return ExitCode.NOTHING_CHECKED
    return ExitCode.FINDINGS if found.findings else ExitCode.OK

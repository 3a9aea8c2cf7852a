"""Commands of the changelog: a draft from the commits, and a family's history."""

import json
from pathlib import Path
from typing import Any

import click

from proofpress.cli.base import FORMATS, cli, emit, format_option
from proofpress.errors import ExitCode


@cli.group()
def changelog() -> None:
    """Keep a Changelog: a draft from Git's log, and the history of a family of releases."""


@changelog.command("draft")
@click.option("--from", "first", metavar="REF", help="Commits after this one. [default: the last tag before --to]")
@click.option("--to", "last", metavar="REF", default="HEAD", show_default=True, help="Commits up to this one.")
@format_option(FORMATS)
@click.pass_obj
def changelog_draft(root: Path, first: str | None, last: str, format_: str) -> ExitCode:
    """Sort the commits of the repository that you are in into the six sections, for people to edit.

    \b
    Example:  proofpress changelog draft --from v0.1.0 --format json
    """
    from proofpress.pack.changelog import draft, draft_markdown

    found = draft(root, first=first, last=last)
    if format_ == "json":
        report: dict[str, Any] = {"from": found.first or None, "to": found.last}
        report |= {"changelog": found.sections, "left_out": found.left_out}
        emit(json.dumps({"schema": "proofpress.changelog-draft/1", **report}, indent=2, ensure_ascii=False))
    else:
        emit(draft_markdown(found))
    return ExitCode.OK if any(found.sections.values()) else ExitCode.NOTHING_CHECKED


@changelog.command("render")
@click.argument("family")
@click.pass_obj
def changelog_render(root: Path, family: str) -> ExitCode:
    """Print the CHANGELOG.md of a family, from its verified packs and the registry.

    Entries of pre-releases stand in their final release; a yanked release is marked, with reason and upgrade path.

    \b
    Example:  proofpress changelog render digits > CHANGELOG.md
    """
    from proofpress.instance import open_instance
    from proofpress.pipeline import family_changelog

    emit(family_changelog(open_instance(root), family))
    return ExitCode.OK

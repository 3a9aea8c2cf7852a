"""Commands that write: render, build, pack, schema."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from proofpress.cli.base import (
    FORMATS,
    cli,
    coloured,
    emit,
    exit_code,
    format_option,
    jobs_option,
    print_report,
    progress,
)
from proofpress.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from proofpress.pipeline import Rules


@cli.command()
@click.argument("packs", nargs=-1)
@click.option("--check", "dry", is_flag=True, help="Write nothing; exit with 3 when a document is stale.")
@click.option("--upgrade", is_flag=True, help="Move to the newest template set and rule book.")
@click.option("--template-set", help="Render with this set and record it in the manifest.")
@format_option(FORMATS)
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
        emit(json.dumps({"schema": "proofpress.render/1", "dry_run": dry, "packs": rows}, indent=2))
    else:
        for item in done:
            verb = "stale" if dry else "wrote"
            emit(f"{item.label}: " + (f"{verb} {', '.join(item.written)}" if item.written else "fresh"))
    if not done:
        return ExitCode.NOTHING_CHECKED
    return ExitCode.STALE if dry and any(item.written for item in done) else ExitCode.OK


@cli.command()
@jobs_option
@click.option("--rehash", is_flag=True, help="Compare every digest instead of trusting file times.")
@click.option(
    "--offline",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Also write a copy there that opens from a folder, without a server.",
)
@format_option(FORMATS)
@click.pass_obj
def build(root: Path, jobs: int, rehash: bool, offline: Path | None, format_: str) -> ExitCode:
    """Check everything, then build the site; refuses on any error finding or stale document.

    \b
    Example:  proofpress build --jobs 2
    """
    from proofpress.build.site import build_site

    outcome = build_site(root, jobs=jobs, rehash=rehash, progress=progress())
    if outcome.refused:
        print_report("json" if format_ == "json" else "text", outcome.verdicts, outcome.findings, verbose=False)
        old = "; the old one is still there" if (root / "site").is_dir() else ""
        click.echo(f"the site was not built{old}", err=True)
        return exit_code(outcome.all_findings, outcome.packs)
    if offline is not None:
        from proofpress.site.offline import write_offline

        write_offline(root / "site", root / offline)
    if format_ == "json":
        emit(json.dumps({"schema": "proofpress.build/1", **outcome.summary()}, indent=2))
    else:
        if outcome.all_findings:
            from proofpress.verify.formats import finding_text

            for finding in outcome.all_findings:
                emit(coloured(finding_text(finding)))
        emit(outcome.sentence())
        if offline is not None:
            emit(f"{offline}: opens from index.html, without a server")
    return ExitCode.OK


@cli.group()
def pack() -> None:
    """Builders: raw outputs of a run → the documents of a pack."""


FOLDER = click.argument("folder", type=click.Path(path_type=Path))


def open_folder(root: Path, folder: Path) -> Path:
    """The folder that a builder works on. Raises `UsageError` when there is none, or when it is registered."""
    from proofpress.pipeline import refuse_registered, rules_at

    if not (root / folder).is_dir():
        raise UsageError(f"{folder}: no such folder", hint="name the folder that becomes the pack")
    refuse_registered(root, folder, rules_at(root))
    return root / folder


def profile_of(folder: Path, rules: "Rules", given: str | None) -> str:
    """The profile that was named, else that of the manifest which the folder holds, else the policy's default."""
    from proofpress.evidence.release import PackManifest
    from proofpress.pack.writer import document_in

    manifest = None if given else document_in(folder, PackManifest)
    name = given or (manifest.profile if manifest else rules.policy.default_profile)
    rules.profiles.chain(name)
    return name


@pack.command("release")
@FOLDER
@click.option("--metadata", type=click.Path(path_type=Path), help="JSON or YAML from which release.json is written.")
@click.option("--profile", help="Which evidence the pack must hold. [default: the manifest's, else the policy's]")
@click.option("--template-set", help="Template set for the documents. [default: the policy's, else the newest]")
@format_option(FORMATS)
@click.pass_obj
def pack_release(
    root: Path, folder: Path, metadata: Path | None, profile: str | None, template_set: str | None, format_: str
) -> ExitCode:
    """Render a folder's documents and write its manifest and checksum files, last and in order.

    With --metadata, release.json is written first. The file holds title, summary, released_at, intended_use,
    out_of_scope, licence, authors, headline and changelog; it may hold keywords, compatibility, support, deprecations,
    predecessor, and release_id and family in place of the folder's names.

    \b
    Example:  proofpress pack release packs/digits/digits-v0.4.0-mlp64-r1 --metadata release.yaml
    """
    from proofpress.pack.release import assemble, release_from
    from proofpress.pipeline import refuse_registered, rules_at

    known = rules_at(root)
    chosen = known.sets.named(template_set) if template_set else known.sets.newest()
    refuse_registered(root, folder, known)
    name = profile_of(root / folder, known, profile)
    if metadata is not None:
        release_from(open_folder(root, folder), root / metadata)
    pack_id = assemble(root / folder, profile=name, template_set=chosen)
    if format_ == "json":
        emit(json.dumps({"schema": "proofpress.pack/1", "pack_id": pack_id, "profile": name}, indent=2))
    else:
        emit(f"{pack_id}  {folder}")
    return ExitCode.OK


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
        emit(str(path.relative_to(root)) if path.is_relative_to(root) else str(path))
    return ExitCode.OK

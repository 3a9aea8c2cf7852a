"""Commands that read other people's formats: import."""

import json
from collections import Counter
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

import click

from proofpress.cli.base import (
    FINDING_FORMATS,
    FORMATS,
    cli,
    cores,
    emit,
    emit_json,
    exit_code,
    format_option,
    print_report,
)
from proofpress.errors import ExitCode, NothingCheckedError, UsageError

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


class _Formats(click.Group):
    """The commands that were written for a format, and one for each importer there is."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from proofpress.exchange.importers import importers

        return sorted({*super().list_commands(ctx), *importers()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from proofpress.exchange.importers import importers

        found = super().get_command(ctx, cmd_name)
        if found is None and cmd_name in importers():
            found = _format_command(cmd_name, importers()[cmd_name].title)
        return found


@cli.group("import", cls=_Formats)
def import_() -> None:
    """Importers: evidence of other projects and in other formats → packs.

    \b
    Example:  proofpress import genolewm --check release/
              proofpress import spacy meta/ --all --into packs
    """


def _format_command(name: str, title: str) -> click.Command:
    """The command of one importer: all have the same options."""

    @click.pass_obj
    def run(root: Path, source: Path, into: Path, every: bool, jobs: int, format_: str) -> ExitCode:
        return _import(root, name, root / source, root / into, every, jobs, format_)

    options = (
        click.Argument(["source"], type=click.Path(path_type=Path)),
        click.Option(
            ["--into"],
            required=True,
            type=click.Path(path_type=Path, file_okay=False),
            help="Folder of the new pack; with --all the folder of packs, where each goes to <family>/<release id>.",
        ),
        click.Option(["--all", "every"], is_flag=True, help="Import every release below SOURCE."),
        click.Option(
            ["--jobs", "-j"], type=click.IntRange(1, 256), default=cores(), help="Processes. [default: all cores]"
        ),
        click.Option(["--format", "format_"], type=FORMATS, default="text", show_default=True, help="Form of output."),
    )
    about = (
        f"Import {title}. The pack's profile is `imported`: what the source does not state is absent, with the reason. "
        "`import_report.json` in the pack says what was mapped, kept, lost and missing."
        f"\n\n\b\nExample:  proofpress import {name} SOURCE --all --into packs"
    )
    return click.Command(name, params=list(options), callback=run, help=about)


def _import(root: Path, name: str, source: Path, into: Path, every: bool, jobs: int, format_: str) -> ExitCode:
    from proofpress.exchange.foreign import RefusedError
    from proofpress.exchange.history import Outcome, import_all, import_one
    from proofpress.exchange.importers import importer_named
    from proofpress.pipeline import rules_at

    if not source.exists():
        raise UsageError(f"{source}: no such file or folder")
    importer, template_set = importer_named(name), rules_at(root).sets.newest()
    if every:
        outcomes = import_all(importer, source, into, template_set, jobs=jobs)
    else:
        items = list(islice(importer.items(source), 2))
        if len(items) != 1:
            many = "more than one release" if items else "no release"
            raise UsageError(f"{source} holds {many} in this format", hint="name one, or import them with --all")
        item = items[0]
        try:
            made = import_one(importer, item, source, into, template_set)
        except RefusedError as exc:
            outcomes = iter([Outcome(item=item.name, state="refused", reason=str(exc))])
        else:
            outcomes = iter([Outcome.of(item, made, str(into))])
    counts: Counter[str] = Counter()
    told = []
    for outcome in outcomes:
        counts[outcome.state] += 1
        if format_ == "json":
            told.append(asdict(outcome))
        elif outcome.state == "refused":
            emit(f"refused  {outcome.item}: {outcome.reason}")
        elif outcome.state == "made":
            lost = f"{outcome.no_place} without a place, {outcome.missing} missing"
            emit(f"made     {outcome.path}  from {outcome.item}: {outcome.rows} rows, {lost}")
    if format_ == "json":
        emit_json("imported", {"format": name, "outcomes": told})
    else:
        emit(f"{counts['made']} imported, {counts['kept']} there already, {counts['refused']} refused")
    if not counts:
        raise NothingCheckedError(f"{source} holds nothing in this format")
    return ExitCode.FINDINGS if counts["refused"] else ExitCode.OK


@import_.command("genolewm")
@click.argument("folder", required=False, type=_FOLDER)
@click.option("--model-dir", type=_FOLDER, help="The model package.")
@click.option("--dataset-dir", type=_FOLDER, help="The dataset package.")
@click.option("--demo-dir", type=_FOLDER, help="The terminal demo.")
@click.option("--paper", type=_FILE, help="The paper; it needs all three packages.")
@click.option("--run-dir", type=_FOLDER, help="A training run that is not part of a model package.")
@click.option("--batch-dir", type=_FOLDER, help="Scores and receipts that are not part of a demo.")
@click.option("--metrics", type=_FILE, multiple=True, help="Metrics of an evaluation. Repeatable.")
@click.option("--manifest", type=_FILE, multiple=True, help="A model manifest alone. Repeatable.")
@click.option("--receipt", type=_FILE, multiple=True, help="A receipt alone. Repeatable.")
@click.option("--require", type=click.Choice(["vep", "rollout"]), multiple=True, help="Coverage the metrics must have.")
@click.option("--allow-fixture", is_flag=True, help="Take a package that was made for tests, as a rehearsal.")
@click.option("--check", "dry", is_flag=True, help="Judge only; write no pack.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the new pack: packs/<family>/<release id>.",
)
@click.option("--release-id", default="", help="Release id of the pack. [default: the package's, or made of its parts]")
@click.option("--commit", default="", help="The full commit, when the package abbreviates it.")
@click.option("--author", default="", help="Who answers for the release. [default: the model's name]")
@format_option(FINDING_FORMATS)
@click.option("--verbose", "-v", is_flag=True, help="Also name skipped guarantees.")
@click.pass_obj
def import_genolewm(
    root: Path,
    folder: Path | None,
    model_dir: Path | None,
    dataset_dir: Path | None,
    demo_dir: Path | None,
    paper: Path | None,
    run_dir: Path | None,
    batch_dir: Path | None,
    metrics: tuple[Path, ...],
    manifest: tuple[Path, ...],
    receipt: tuple[Path, ...],
    require: tuple[str, ...],
    allow_fixture: bool,
    dry: bool,
    into: Path | None,
    release_id: str,
    commit: str,
    author: str,
    format_: str,
    verbose: bool,
) -> ExitCode:
    """Check a package of GenoLeWM, whole or in parts, and make a pack of it.

    FOLDER holds a release (model/, dataset/, demo/ and a paper), one part, or single documents, and its parts are
    found by their files; the options name parts one by one. With --paper, or all three packages, it is a release.

    \b
    Example:  proofpress import genolewm --check release/
              proofpress import genolewm release/ --into packs/geno-lewm/geno-lewm-v0.1.0-carbon-500m-r1
    """
    from proofpress.exchange.genolewm.book import check, judge
    from proofpress.exchange.genolewm.find import find_parts
    from proofpress.exchange.genolewm.package import Parts, open_package

    named = {"model": model_dir, "dataset": dataset_dir, "demo": demo_dir, "run": run_dir, "batch": batch_dir}
    folders = {name: root / path for name, path in named.items() if path is not None}
    single = {"metrics": metrics, "manifest": manifest, "receipt": receipt}
    loose = tuple((kind, root / path) for kind, paths in single.items() for path in paths)
    if folder is not None and (folders or loose or paper):
        raise UsageError("a folder and single parts were named", hint="name one or the other")
    if folder is not None:
        parts = find_parts(root / folder)
    else:
        release = paper is not None or {"model", "dataset", "demo"} <= folders.keys()
        parts = Parts(folders=folders, loose=loose, papers=(root / paper,) if paper else (), release=release)
    parts = replace(parts, allow_fixture=allow_fixture, coverage=require)
    if dry == (into is not None):
        raise UsageError("say what to do with the package", hint="--check judges it, --into PACK makes a pack of it")
    if into is None:
        verdict = check(parts)
        print_report(format_, [verdict], (), verbose=verbose or format_ != "text")
        return exit_code(verdict.findings, 1)

    from proofpress.exchange.genolewm.convert import Wishes, convert
    from proofpress.pipeline import rules_at, verify_paths

    if "model" not in parts.folders:
        raise UsageError("only a model package can become a pack", hint="name it with --model-dir")
    known = rules_at(root)
    with open_package(parts) as package:
        verdict = judge(package)
        if verdict.findings:
            print_report(format_, [verdict], (), verbose=verbose or format_ != "text")
            return exit_code(verdict.findings, 1) or ExitCode.FINDINGS
        wishes = Wishes(release_id=release_id, commit=commit, author=author)
        pack_id, report = convert(package, root / into, known.sets.newest(), wishes)
    made = verify_paths([root / into], known, threads=2)
    if format_ == "text":
        emit(f"{pack_id}  {into}")
        for item in report["documents"]:
            emit(f"mapped   {item['path']}  from {', '.join(item['from'])}")
        emit(f"kept     {sum(item['state'] == 'kept' for item in report['files'])} files below upstream/")
        for item in report["missing"]:
            emit(f"missing  {item['path']}: {item['reason']}")
    elif format_ == "json" and not any(item.errors for item in made):
        emit(json.dumps(report, indent=2, ensure_ascii=False))
        return ExitCode.OK
    print_report(format_, made, (), verbose=verbose)
    return exit_code([item for each in made for item in each.findings], len(made))

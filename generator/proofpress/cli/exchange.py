"""Commands that read other people's formats: import genolewm."""

import json
from dataclasses import replace
from pathlib import Path

import click

from proofpress.cli.base import FINDING_FORMATS, cli, emit, exit_code, format_option, print_report
from proofpress.errors import ExitCode, UsageError

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@cli.group("import")
def import_() -> None:
    """Importers: packages of other projects → packs, or a verdict on them.

    \b
    Example:  proofpress import genolewm --check release/
    """


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

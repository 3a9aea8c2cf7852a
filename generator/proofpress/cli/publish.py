"""Commands of publication: plan, run, candidate, replay, evidence."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofpress.cli.base import FORMATS, cli, emit, format_option, now
from proofpress.console import printable
from proofpress.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from proofpress.evidence.publication import PublicationPlan, UploadedFile
    from proofpress.publication.targets import Target

REPORT = click.Path(path_type=Path, dir_okay=False)


@cli.group()
def publish() -> None:
    """Bring a release to its public places, check the public bytes, replay them, and bind what was found."""


def _output(function: Any) -> Any:
    return click.option("--output", "-o", type=REPORT, required=True, help="Where the report is written.")(function)


def _at(function: Any) -> Any:
    return click.option("--at", help="UTC time of the report. [default: now]")(function)


def _said(format_: str, path: Path, lines: list[str]) -> None:
    if format_ == "json":
        emit(path.read_text("utf-8"))
    else:
        for line in lines:
            emit(printable(line))


def _store_options(given: tuple[str, ...]) -> dict[str, Any]:
    """`endpoint_url=…` and the like, for stores that are not the usual ones; never credentials."""
    found: dict[str, Any] = {}
    for item in given:
        name, sign, value = item.partition("=")
        if not sign or any(word in name.lower() for word in ("key", "secret", "token", "password")):
            raise UsageError(
                f"--store-option {name}: not a setting of this kind",
                hint="NAME=VALUE; credentials come from the environment or the library's own login",
            )
        found[name] = value
    return found


def _targets(root: Path, plan: "PublicationPlan", options: tuple[str, ...]) -> "dict[str, Target]":
    from proofpress.publication.targets import open_target

    given = _store_options(options)
    return {place.name: open_target(place, root, given) for place in plan.destinations}


STORE = click.option("--store-option", multiple=True, metavar="NAME=VALUE", help="For the stores' library.")


@publish.command("plan")
@click.argument("release")
@_output
@format_option(FORMATS)
@click.pass_obj
def publish_plan(root: Path, release: str, output: Path, format_: str) -> ExitCode:
    """List every file to upload with digest, size, destination and command; nothing is uploaded.

    Destinations stand in packs/publication.yaml. Refuses rehearsals, clashes, private paths and absent parts.

    \b
    Example:  proofpress publish plan digits-v0.3.0-mlp64-r1 --output build/plan.json
    """
    from proofpress.instance import open_instance
    from proofpress.pipeline import Rules, read_registry, select, verified
    from proofpress.publication.bind import write_report
    from proofpress.publication.plan import plan, read_config

    config = read_config(root)
    instance = open_instance(root)
    ref = select(instance, [release])[0]
    planned = plan(verified(ref, Rules.of(instance, read_registry(instance))), ref.bundle_id, config)
    write_report(root / output, planned)
    size = sum(item.size for item in planned.files)
    lines = [f"{item.destination}  {item.path} -> {item.public_url}" for item in planned.files]
    _said(
        format_,
        root / output,
        [*lines, f"{len(planned.files)} files, {size} bytes, to {len(planned.destinations)} places"],
    )
    return ExitCode.OK


@publish.command("run")
@click.argument("plan_file", type=REPORT)
@_output
@_at
@STORE
@format_option(FORMATS)
@click.pass_obj
def publish_run(
    root: Path, plan_file: Path, output: Path, at: str | None, store_option: tuple[str, ...], format_: str
) -> ExitCode:
    """Upload what the plan names and nothing else; each file is read back and compared, the manifest comes last.

    Run again after a failure: what is there with equal bytes is left alone. Credentials come from the environment or
    the login of each place's own library.

    \b
    Example:  proofpress publish run build/plan.json --output build/publish.json
    """
    from proofpress.evidence.publication import PublicationPlan
    from proofpress.instance import open_instance
    from proofpress.pipeline import select
    from proofpress.publication.bind import read_report, write_report
    from proofpress.publication.upload import publish as upload

    read = read_report(root / plan_file, PublicationPlan)
    plan = read.report
    ref = select(open_instance(root), [plan.bundle_id])[0]

    def told(item: "UploadedFile") -> None:
        if format_ == "text":
            emit(printable(f"{item.state:<9} {item.destination}  {item.name}"))

    report = upload(plan, ref.path, _targets(root, plan, store_option), identity=read.identity, at=now(at), told=told)
    write_report(root / output, report)
    count = sum(item.state == "uploaded" for item in report.files)
    _said(format_, root / output, [f"{count} files uploaded, {len(report.files) - count} were there"])
    return ExitCode.OK


@publish.command("candidate")
@click.argument("plan_file", type=REPORT)
@_output
@_at
@STORE
@click.option("--rehearsal", is_flag=True, help="Skip the public checks; the report never says ready.")
@format_option(FORMATS)
@click.pass_obj
def publish_candidate(
    root: Path,
    plan_file: Path,
    output: Path,
    at: str | None,
    store_option: tuple[str, ...],
    rehearsal: bool,
    format_: str,
) -> ExitCode:
    """Fetch every public file, compare exact sets, digests and sizes, and say ready or what blocks.

    \b
    Example:  proofpress publish candidate build/plan.json --output build/candidate.json
    """
    from proofpress.evidence.publication import PublicationPlan
    from proofpress.gate.store import stored_receipt
    from proofpress.instance import open_instance
    from proofpress.pipeline import Rules, read_registry, select, verified
    from proofpress.publication.bind import read_report, write_report
    from proofpress.publication.candidate import Standing, candidate
    from proofpress.publication.plan import PublicationError

    plan = read_report(root / plan_file, PublicationPlan).report
    instance = open_instance(root)
    registry = read_registry(instance)
    pack = verified(select(instance, [plan.bundle_id])[0], Rules.of(instance, registry))
    if pack.evidence.pack_id != plan.pack_id:
        raise PublicationError("the pack is not the one that was planned", hint="plan the release again")
    standing = Standing(receipt=stored_receipt(root, plan.pack_id), status=registry.status(plan.bundle_id) or "")
    targets = {} if rehearsal else _targets(root, plan, store_option)
    report = candidate(pack, plan, standing, targets, at=now(at), skip_public=rehearsal)
    write_report(root / output, report)
    lines = [f"{'ok     ' if line.ok else 'blocked'} {line.row}: {line.found}" for line in report.readiness]
    _said(format_, root / output, [*lines, "ready" if report.ready else f"not ready: {len(report.blockers)} blockers"])
    return ExitCode.OK if report.ready else ExitCode.FINDINGS


@publish.command("replay")
@click.argument("candidate_file", type=REPORT)
@click.option("--into", type=click.Path(path_type=Path), required=True, help="An empty or new folder.")
@_output
@_at
@format_option(FORMATS)
@click.pass_obj
def publish_replay(
    root: Path, candidate_file: Path, into: Path, output: Path, at: str | None, format_: str
) -> ExitCode:
    """Download a published release into an empty folder, verify it there, and run its demo again.

    Starts from the candidate report alone and uses a virtual environment made for it. The release's own command is
    executed: replay only what you trust.

    \b
    Example:  proofpress publish replay build/candidate.json --into build/replay --output build/replay.json
    """
    from proofpress.evidence.publication import CandidateReport
    from proofpress.pipeline import rules_at
    from proofpress.publication.bind import read_report, write_report
    from proofpress.publication.replay import replay

    read = read_report(root / candidate_file, CandidateReport)
    report = replay(read.report, read.identity, root / into, rules_at(root), at=now(at))
    write_report(root / output, report)
    lines = [f"{len(report.downloaded)} files downloaded, demo: {report.demo} ({report.interpreter})"]
    lines += [f"finding {item}" for item in report.findings] + [f"differs {item}" for item in report.differences]
    _said(format_, root / output, [*lines, "replayed" if report.ok else "the replay failed"])
    return ExitCode.OK if report.ok else ExitCode.FINDINGS


@publish.command("evidence")
@click.option("--plan", "plan_file", type=REPORT, required=True)
@click.option("--candidate", "candidate_file", type=REPORT, required=True)
@click.option("--publish", "publish_file", type=REPORT, required=True)
@click.option("--replay", "replay_file", type=REPORT, required=True)
@click.option("--key", "key_file", type=REPORT, required=True, help="The publisher's private key.")
@_at
@format_option(FORMATS)
@click.pass_obj
def publish_evidence(
    root: Path,
    plan_file: Path,
    candidate_file: Path,
    publish_file: Path,
    replay_file: Path,
    key_file: Path,
    at: str | None,
    format_: str,
) -> ExitCode:
    """Bind the four reports by digest into signed publication evidence; reports that disagree bind nothing.

    Written beside the pack's other attestations, as publication.dsse.json (in-toto statement in a DSSE envelope).

    \b
    Example:  proofpress publish evidence --plan build/plan.json --candidate build/candidate.json \\
                --publish build/publish.json --replay build/replay.json --key publisher.pem
    """
    from proofpress.cli.base import emit_json
    from proofpress.evidence.publication import CandidateReport, PublicationPlan, PublishReport, ReplayReport
    from proofpress.publication.bind import bind, read_report, record
    from proofpress.signing.keys import read_key

    plan = read_report(root / plan_file, PublicationPlan)
    evidence = bind(
        plan,
        read_report(root / candidate_file, CandidateReport),
        read_report(root / publish_file, PublishReport),
        read_report(root / replay_file, ReplayReport),
        at=now(at),
    )
    path = record(root, plan.report.bundle_id, plan.report.pack_id, evidence, read_key(key_file, os.environ))
    if format_ == "json":
        emit_json("publication-evidence", {"file": path.relative_to(root).as_posix(), **evidence.model_dump()})
    else:
        emit(f"{path.relative_to(root).as_posix()}: {evidence.result}, signed")
    return ExitCode.OK


@cli.command("index")
@click.pass_obj
def index(root: Path) -> ExitCode:
    """Print the release index for updaters, as JSON: manifests, where artifacts lie, support, deprecations, yanks.

    Artifact bytes count only after their digests match the manifest, and the manifest's own sha256 stands in the
    index. Addresses are those of the destination in packs/publication.yaml that publishes whole packs.

    \b
    Example:  proofpress index > public/index.json
    """
    from proofpress.cli.base import emit_json
    from proofpress.errors import NothingCheckedError
    from proofpress.instance import open_instance
    from proofpress.pipeline import Rules, read_registry, verified
    from proofpress.publication.plan import read_config
    from proofpress.publication.updates import release_index

    config = read_config(root)
    instance = open_instance(root)
    if not instance.refs:
        raise NothingCheckedError("packs/ holds no pack", hint="add packs/<family>/<release id>/")
    registry = read_registry(instance)
    rules = Rules.of(instance, registry)
    emit_json("release-index", release_index((verified(ref, rules) for ref in instance.refs), registry, config))
    return ExitCode.OK

"""The replay: from a candidate report alone, in an empty folder, with an interpreter of its own."""

import subprocess
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from proofpress.errors import UsageError
from proofpress.evidence.publication import CandidateReport, Identified, PlannedFile, PublicationPlan, ReplayReport
from proofpress.evidence.values import path_trouble
from proofpress.ingest import load_pack, source_of
from proofpress.pipeline import Rules
from proofpress.publication.candidate import REQUIRED
from proofpress.publication.plan import GENERATED_BY, PublicationError, public_url, remote_name
from proofpress.publication.public import download, session
from proofpress.verify import Verdict

_PYTHON: Final = "environment/bin/python"


def usable(report: CandidateReport) -> None:
    """Raise `PublicationError` unless a report is one that a replay may start from: generated, whole, ready."""
    trouble = [
        (report.generated_by != GENERATED_BY, f"it was written by {report.generated_by}, not by {GENERATED_BY}"),
        (report.plan.generated_by != GENERATED_BY, "the plan in it was not generated"),
        (report.rehearsal, "it is of a rehearsal: public checks were skipped"),
        (bool(report.blockers), f"it has blockers: {'; '.join(report.blockers[:3])}"),
        (not report.ready, "it does not say ready"),
        (not {line.row for line in report.readiness} >= REQUIRED, "rows of its check list are missing"),
        (not all(line.ok for line in report.readiness), "a row of its check list failed"),
    ]
    same = ("release_id", "bundle_id", "pack_id", "model_id")
    trouble.append(
        (any(getattr(report, name) != getattr(report.plan, name) for name in same), "its plan is of another release")
    )
    planned = [(item.destination, item.public_url, item.sha256, item.size) for item in report.plan.files]
    fetched = [(item.destination, item.url, item.sha256, item.size) for item in report.public_files if item.ok]
    trouble.append((planned != fetched, "the public files in it are not those of its plan"))
    for wrong, said in trouble:
        if wrong:
            raise PublicationError(f"the candidate report can't be used: {said}", hint="proofpress publish candidate")
    _refuse_foreign(report.plan)


def _refuse_foreign(plan: PublicationPlan) -> None:
    """The plan's names and addresses follow from its destinations, and lead nowhere else."""
    places = {item.name: item for item in plan.destinations}
    for item in plan.files:
        place = places.get(item.destination)
        expected = (remote_name(item.path, place), public_url(place, remote_name(item.path, place))) if place else None
        if path_trouble(item.path) or expected != (item.name, item.public_url):
            raise PublicationError(
                f"the plan leads {item.path} to {item.public_url}, which its destinations do not say"
            )


def replay(
    report: CandidateReport,
    identity: Identified,
    folder: Path,
    rules: Rules,
    *,
    at: str,
    tokens: Mapping[str, str] | None = None,
) -> ReplayReport:
    """Download every public file into `folder`, verify it there and run its demo again.

    The folder must be empty. The pack's command is executed in a virtual environment made for it: replay only what
    you trust. Raises `PublicationError` for a report that can't be used.
    """
    usable(report)
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", hint="a replay starts from nothing: name a new folder")
    plan = report.plan
    target = folder / plan.bundle_id
    whole = _whole(plan.files)
    with session(tokens) as client:
        wrong = [said for item in whole if (said := download(client, item, target / item.path))]
    verdict: Verdict | None = None
    findings = list(wrong)
    demo, interpreter = "none", "none"
    differences: tuple[str, ...] = ()
    if not wrong:
        verdict = rules.judge(load_pack(source_of(target, label=plan.bundle_id)))
        findings += [f"{item.rule} {item.file}: {item.message}" for item in verdict.errors]
        if verdict.pack_id != plan.pack_id:
            findings.append(f"the pack id is {verdict.pack_id}, not {plan.pack_id}")
        model = verdict.verified.raw.files.get("model/manifest.json") if verdict.verified else None
        if plan.model_id and (model is None or f"sha256:{model.sha256}" != plan.model_id):
            findings.append("the downloaded model is not the planned one")
        if verdict.verified and not findings:
            interpreter = _environment(folder)
            demo, differences = _demo(folder, target)
    if demo == "none" and not findings:
        findings.append("the pack holds no demo to run again")
    return ReplayReport.model_validate(
        {
            "schema": "proofpress.replay/1",
            "generated_by": GENERATED_BY,
            "release_id": plan.release_id,
            "bundle_id": plan.bundle_id,
            "pack_id": plan.pack_id,
            "candidate": identity,
            "replayed_at": at,
            "model_id": plan.model_id or plan.pack_id,
            "interpreter": interpreter,
            "downloaded": tuple({"path": item.path, "sha256": item.sha256, "size": item.size} for item in whole),
            "verified": verdict is not None and verdict.verified is not None and not findings,
            "findings": tuple(findings),
            "demo": demo,
            "differences": tuple(differences),
            "ok": not findings and demo == "same",
        }
    )


def _whole(files: Sequence[PlannedFile]) -> tuple[PlannedFile, ...]:
    """Each file of the pack once, from the first place that has it. Raises when the manifest is nowhere."""
    found: dict[str, PlannedFile] = {}
    for item in files:
        found.setdefault(item.path, item)
    if "manifest.json" not in found:
        raise PublicationError(
            "no place publishes the pack's manifest, so the release can't be put together again",
            hint="publish 'pack' to one place",
        )
    return tuple(found[path] for path in sorted(found, key=PurePosixPath))


def _environment(folder: Path) -> str:
    """A fresh virtual environment with nothing but Python in it; returns its version."""
    venv.create(folder / "environment", with_pip=False, symlinks=True)
    said = subprocess.run(  # noqa: S603 - the interpreter that was made just now
        [str(folder / _PYTHON), "-c", "import platform; print(platform.python_version())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return f"python {said.stdout.strip()} in a fresh virtual environment"


def _demo(folder: Path, target: Path) -> tuple[str, tuple[str, ...]]:
    from proofpress.evidence.demo import DemoRun  # noqa: PLC0415
    from proofpress.pack.demo import rerun_demo  # noqa: PLC0415 - executes the pack's command
    from proofpress.pack.writer import document_in  # noqa: PLC0415

    if document_in(target, DemoRun) is None:
        return "none", ()
    differences = rerun_demo(target, interpreter=str(folder / _PYTHON))
    return ("differs" if differences else "same"), differences

"""The release candidate: what is ready, what was fetched in public, and what still blocks."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from proofpress.evidence.attestation import GateReceipt
from proofpress.evidence.publication import (
    BoundDocument,
    CandidateReport,
    PublicationPlan,
    PublicFile,
    PublicSet,
    ReadinessLine,
)
from proofpress.publication.plan import GENERATED_BY
from proofpress.publication.public import checked, session
from proofpress.publication.targets import Target, TargetError
from proofpress.verify.verdict import VerifiedPack

_THREADS: Final = 4
_DOCUMENTS: Final = (
    *("model/model_package.json", "model/manifest.json", "model/model_card.md", "model/eval_metrics.json"),
    *("model/eval_report.md", "model/efficiency_report.json", "dataset/dataset_package.json"),
    *("dataset/dataset_input_check_report.json", "dataset/dataset_snapshot_report.json", "dataset/data_card.md"),
    *("training/training_preflight_report.json", "training/training_run_manifest.json", "training/SHA256SUMS"),
    *("demo/terminal_demo_manifest.json", "demo/transcript.md", "demo/runtime_preflight_report.json"),
    *("demo/batch_receipt_report.json", "paper/paper_draft.md", "readiness/readiness_report.json", "release.json"),
)
"""The documents that INV-REL-4 asks of a published release, bound when the pack holds them."""
REQUIRED: Final = frozenset({"model", "evaluation", "efficiency", "dataset", "training", "demo", "public files"})
"""Rows without which no candidate is ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the instance says of the release besides its pack: its receipt, and whether it signed off."""

    receipt: GateReceipt | None
    status: str


def candidate(
    pack: VerifiedPack,
    plan: PublicationPlan,
    standing: Standing,
    targets: Mapping[str, Target],
    *,
    at: str,
    skip_public: bool = False,
    tokens: Mapping[str, str] | None = None,
) -> CandidateReport:
    """Fetch every public file and compare it; say what blocks. With `skip_public` it is a rehearsal, never ready."""
    files: tuple[PublicFile, ...] = ()
    sets: tuple[PublicSet, ...] = ()
    if not skip_public:
        with session(tokens) as client, ThreadPoolExecutor(_THREADS) as pool:
            files = tuple(pool.map(lambda item: checked(client, item), plan.files))
        sets = tuple(_set(plan, name, target) for name, target in targets.items())
    lines = tuple(_lines(pack, plan, standing, files, sets, skipped=skip_public))
    blockers = tuple(
        f"{line.row}: {line.found}" + (f" ({line.issue})" if line.issue else "") for line in lines if not line.ok
    )
    documents = [pack.raw.files[path] for path in _DOCUMENTS if path in pack.raw.files]
    return CandidateReport.model_validate(
        {
            "schema": "proofpress.release-candidate/1",
            "generated_by": GENERATED_BY,
            "release_id": plan.release_id,
            "bundle_id": plan.bundle_id,
            "pack_id": plan.pack_id,
            "model_id": plan.model_id,
            "plan": plan,
            "checked_at": at,
            "rehearsal": skip_public,
            "readiness": lines,
            "documents": tuple(BoundDocument(path=item.path, sha256=item.sha256, size=item.size) for item in documents),
            "public_files": files,
            "public_sets": sets,
            "blockers": blockers,
            "ready": not blockers and not skip_public,
        }
    )


def _set(plan: PublicationPlan, name: str, target: Target) -> PublicSet:
    planned = {item.name for item in plan.files if item.destination == name}
    try:
        there = target.names()
    except TargetError:
        there = None
    if there is None:
        return PublicSet(destination=name, listed=False)
    return PublicSet(
        destination=name,
        listed=True,
        missing=tuple(sorted(planned - there)),
        unexpected=tuple(sorted(there - planned)),
    )


def _few(word: str, names: tuple[str, ...]) -> str:
    """The first three names, and how many there are."""
    shown = ", ".join(names[:3])
    return f"{len(names)} {word} ({shown}{', …' if len(names) > 3 else ''})" if names else ""


def _lines(
    pack: VerifiedPack,
    plan: PublicationPlan,
    standing: Standing,
    files: Iterable[PublicFile],
    sets: Iterable[PublicSet],
    *,
    skipped: bool,
) -> Iterator[ReadinessLine]:
    def line(row: str, *, ok: bool, found: str) -> ReadinessLine:
        return ReadinessLine(row=row, ok=ok, found=found, issue=plan.issues.get(row))

    held = pack.raw.files
    for row, path in (
        ("model", "model/model_package.json"),
        ("evaluation", "model/eval_metrics.json"),
        ("efficiency", "model/efficiency_report.json"),
        ("dataset", "dataset/dataset_package.json"),
        ("training", "training/training_run_manifest.json"),
        ("demo", "demo/terminal_demo_manifest.json"),
    ):
        yield line(row, ok=path in held, found=path if path in held else f"no {path}")
    readiness = pack.evidence.readiness
    if readiness is not None:
        yield line(
            "readiness", ok=readiness.ok, found="ready" if readiness.ok else f"{len(readiness.blockers)} blockers"
        )
    receipt = standing.receipt
    yield line(
        "gate",
        ok=receipt is not None and receipt.verdict == "PASS",
        found="no receipt: proofpress gate --receipt" if receipt is None else receipt.verdict,
    )
    yield line(
        "registry",
        ok=standing.status in {"APPROVED", "ACTIVE", "RETIRED"},
        found=standing.status or "not registered",
    )
    if skipped:
        yield line("public files", ok=False, found="skipped: this is a rehearsal")
        return
    for item in files:
        if not item.ok:
            yield line("public files", ok=False, found=f"{item.url}: {item.why}")
    if all(item.ok for item in files):
        yield line("public files", ok=True, found=f"{len(plan.files)} fetched and equal")
    for each in sets:
        if each.missing or each.unexpected:
            said = [_few("missing", each.missing), _few("unexpected", each.unexpected)]
            yield line("public file set", ok=False, found=f"{each.destination}: {'; '.join(filter(None, said))}")
        elif each.listed:
            yield line("public file set", ok=True, found=f"{each.destination}: exactly the planned files")

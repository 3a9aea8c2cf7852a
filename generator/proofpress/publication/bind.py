"""Publication evidence: four reports that agree, bound by digest and signed. One that disagrees binds nothing."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from proofpress.errors import IngestError
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.publication import (
    CandidateReport,
    Identified,
    PublicationEvidence,
    PublicationPlan,
    PublishReport,
    ReplayReport,
    Report,
)
from proofpress.evidence.signed import statement
from proofpress.gate.store import attestations
from proofpress.ingest.schema import first_violation
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.pack.writer import write_bytes, write_text
from proofpress.publication.plan import GENERATED_BY, PublicationError
from proofpress.publication.replay import usable
from proofpress.signing.dsse import seal_statement
from proofpress.signing.keys import SigningKey
from proofpress.signoff.published import PUBLICATION_FILE, PUBLICATION_PREDICATE

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Generic[M]):
    """A report as it lies on disk: its model, and its name, digest and size."""

    report: M
    identity: Identified


def read_report(path: Path, model: type[M]) -> Read[M]:
    """A report of a publication. Raises `IngestError` when it can't be read as one."""
    try:
        data = read_file(path)
        report = model.model_validate(parse_json(data))
    except OSError as exc:
        raise IngestError(f"{path.name}: can't be read ({exc.strerror or exc})") from exc
    except StrictError as exc:
        raise IngestError(f"{path.name}: {exc}") from exc
    except ValidationError as exc:
        said = first_violation(exc)
        raise IngestError(f"{path.name}: not such a report: {said}", hint="write it with its command") from exc
    identity = Identified(name=path.name, sha256=hashlib.sha256(data).hexdigest(), size=len(data))
    return Read(report=report, identity=identity)


def write_report(path: Path, report: BaseModel) -> Identified:
    """Write a report whole or not at all; refuses private paths. Returns its identity."""
    text = dump_json(report.model_dump(by_alias=True))
    write_text(path.parent, path.name, text)
    data = text.encode()
    return Identified(name=path.name, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def bind(
    plan: Read[PublicationPlan],
    candidate: Read[CandidateReport],
    publish: Read[PublishReport],
    replay: Read[ReplayReport],
    *,
    at: str,
) -> PublicationEvidence:
    """What the four reports say together. Raises `PublicationError` that names every disagreement."""
    usable(candidate.report)
    if troubles := list(_disagreements(plan, candidate, publish, replay)):
        raise PublicationError("the reports do not agree: " + "; ".join(troubles), hint="run the missing step again")
    unlisted = [
        f"which files {item.destination} holds besides" for item in candidate.report.public_sets if not item.listed
    ]
    return PublicationEvidence(
        plan=plan.identity,
        candidate=candidate.identity,
        publish=publish.identity,
        replay=replay.identity,
        verifier=GENERATED_BY,
        bound_at=at,
        result="PASSED",
        checked=(
            f"{len(plan.report.files)} public files, fetched and equal to the plan",
            *(f"{line.row}: {line.found}" for line in candidate.report.readiness),
            f"the downloaded pack verifies, and its demo gives the same again ({replay.report.interpreter})",
        ),
        not_checked=(*unlisted, "whether the measurements were made as described"),
        places=tuple(f"{item.name}: {item.public or item.to}" for item in plan.report.destinations),
    )


def _disagreements(
    plan: Read[PublicationPlan],
    candidate: Read[CandidateReport],
    publish: Read[PublishReport],
    replay: Read[ReplayReport],
) -> Iterator[str]:
    planned = plan.report
    for name, other in (("candidate", candidate.report), ("publish", publish.report), ("replay", replay.report)):
        yield from _of_another_release(name, other, planned)
    if candidate.report.plan != planned:
        yield "candidate: it embeds another plan"
    if publish.report.plan.sha256 != plan.identity.sha256:
        yield "publish: it followed another plan"
    uploaded = [(item.destination, item.name, item.sha256, item.size) for item in publish.report.files]
    if uploaded != [(item.destination, item.name, item.sha256, item.size) for item in planned.files]:
        yield "publish: it uploaded other files than the plan names"
    if replay.report.candidate.sha256 != candidate.identity.sha256:
        yield "replay: it started from another candidate report"
    if not replay.report.ok:
        yield "replay: it did not succeed"
    downloaded = {(item.path, item.sha256, item.size) for item in replay.report.downloaded}
    if downloaded != {(item.path, item.sha256, item.size) for item in planned.files}:
        yield "replay: it downloaded other files than the plan names"
    if (model := planned.model_id) and replay.report.model_id != model:
        yield f"replay: it ran the model {replay.report.model_id}, the plan names {model}"
    times = [publish.report.published_at, candidate.report.checked_at, replay.report.replayed_at]
    if times != sorted(times):
        yield "the public bytes were checked before they were published, or replayed before they were checked"


def _of_another_release(name: str, other: Report, planned: PublicationPlan) -> Iterator[str]:
    for field in ("release_id", "bundle_id", "pack_id"):
        if getattr(other, field) != getattr(planned, field):
            yield f"{name}: {field} is {getattr(other, field)}, the plan's is {getattr(planned, field)}"
    if other.generated_by != GENERATED_BY:
        yield f"{name}: written by {other.generated_by}"


def record(root: Path, bundle_id: str, pack_id: str, evidence: PublicationEvidence, key: SigningKey) -> Path:
    """Sign the evidence and write it beside the pack's other attestations; returns its path."""
    folder = attestations(root, pack_id)
    subjects = {bundle_id: pack_id.removeprefix("sha256:")}
    said = statement(subjects, PUBLICATION_PREDICATE, evidence.model_dump())
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder, PUBLICATION_FILE, seal_statement(said, [key]))
    return folder / PUBLICATION_FILE

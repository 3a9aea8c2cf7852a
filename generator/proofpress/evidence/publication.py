"""Publication: where a release goes, what goes there, and what was found there afterwards."""

from typing import Annotated, Final, Literal

from pydantic import Field

from proofpress.evidence.base import Model
from proofpress.evidence.values import Count, Digest, Identity, Label, Name, PackPath, ReleaseId, SemVer, Text, UtcTime

CONFIG: Final = "packs/publication.yaml"
PARTS: Final = ("model", "training", "dataset", "demo", "paper")
"""Folders of a pack that may be published to places of their own; `pack` stands for everything."""

Part = Literal["pack", "model", "training", "dataset", "demo", "paper"]
TargetKind = Literal["folder", "store", "huggingface", "github"]


class Destination(Model):
    """One place. In `to`, `revision` and `public`, `{bundle_id}`, `{release_id}` and `{family}` are filled in.

    `to` is a folder (relative to the instance), a store's URL as fsspec takes it, a repository `owner/name`.
    `public` is the address below which readers find the files; hubs have addresses of their own.
    """

    name: Name
    target: TargetKind
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]
    to: Text
    kind: Literal["model", "dataset"] = Field(default="model", description="Kind of repository, for huggingface")
    revision: Text = Field(default="{release_id}", description="Branch of a huggingface repository, tag of a release")
    public: Text | None = None
    issue: Text | None = Field(default=None, description="Where failures of this place are tracked")


class PublicationConfig(Model):
    """`packs/publication.yaml`: where releases are published. A reviewed file."""

    schema_version: Annotated[SemVer, Field(pattern=r"^1\.")]
    destinations: Annotated[tuple[Destination, ...], Field(min_length=1)]
    issues: dict[Name, Text] = Field(default_factory=dict, description="Issue by readiness row")


class Identified(Model):
    """A report, by name, digest and size."""

    name: Name
    sha256: Digest
    size: Count


class PlannedFile(Model):
    """One file of the plan: from the pack's path to a name at a destination, and the command that brings it there."""

    destination: Name
    path: PackPath
    name: Text
    sha256: Digest
    size: Count
    public_url: Text
    command: tuple[Text, ...]


class Report(Model):
    """What every report of a publication says first."""

    generated_by: Label
    release_id: ReleaseId
    bundle_id: Name
    pack_id: Identity


class PublicationPlan(Report):
    """`plan.json`: every file to upload, from the manifests alone. Nothing of it touched the network."""

    schema_: Literal["proofpress.publication-plan/1"] = Field(alias="schema")
    model_id: Identity | None
    destinations: tuple[Destination, ...]
    files: Annotated[tuple[PlannedFile, ...], Field(min_length=1)]
    issues: dict[Name, Text] = Field(default_factory=dict)


class UploadedFile(Model):
    """What became of one planned file: written now, or there already with equal bytes."""

    destination: Name
    name: Text
    sha256: Digest
    size: Count
    state: Literal["uploaded", "present"]


class PublishReport(Report):
    """`publish.json`: what was uploaded, each file read back and compared."""

    schema_: Literal["proofpress.publish/1"] = Field(alias="schema")
    plan: Identified
    published_at: UtcTime
    files: tuple[UploadedFile, ...]


class ReadinessLine(Model):
    """One row of the candidate's check list."""

    row: Name
    ok: bool
    found: Text
    issue: Text | None = None


class PublicFile(Model):
    """A public file as it was fetched."""

    destination: Name
    url: Text
    ok: bool
    sha256: Digest | None
    size: Count
    why: str = ""


class PublicSet(Model):
    """Which files a place holds, against the plan. `listed` is false where a place can't be listed: not checked."""

    destination: Name
    listed: bool
    missing: tuple[Text, ...] = ()
    unexpected: tuple[Text, ...] = ()


class BoundDocument(Model):
    """A document of the release, by digest and size."""

    path: PackPath
    sha256: Digest
    size: Count


class CandidateReport(Report):
    """`candidate.json`: the public bytes, fetched and compared. `ready` only without blockers."""

    schema_: Literal["proofpress.release-candidate/1"] = Field(alias="schema")
    model_id: Identity | None
    plan: PublicationPlan
    checked_at: UtcTime
    rehearsal: bool
    readiness: Annotated[tuple[ReadinessLine, ...], Field(min_length=1)]
    documents: tuple[BoundDocument, ...]
    public_files: tuple[PublicFile, ...]
    public_sets: tuple[PublicSet, ...]
    blockers: tuple[Text, ...]
    ready: bool


class ReplayReport(Report):
    """`replay.json`: the release downloaded into an empty folder, verified there, and its demo run again."""

    schema_: Literal["proofpress.replay/1"] = Field(alias="schema")
    candidate: Identified
    replayed_at: UtcTime
    model_id: Identity
    interpreter: Text
    downloaded: tuple[BoundDocument, ...]
    verified: bool
    findings: tuple[Text, ...]
    demo: Literal["same", "differs", "none"]
    differences: tuple[Text, ...]
    ok: bool


class PublicationEvidence(Model):
    """The predicate of `publication.dsse.json`: four reports that agree, by name, digest and size."""

    plan: Identified
    candidate: Identified
    publish: Identified
    replay: Identified
    verifier: Label
    bound_at: UtcTime
    result: Literal["PASSED"]
    checked: tuple[Text, ...]
    not_checked: tuple[Text, ...]
    places: tuple[Text, ...]


PUBLICATION_REPORTS: Final[dict[str, type[Report]]] = {
    "publication-plan": PublicationPlan,
    "publish": PublishReport,
    "release-candidate": CandidateReport,
    "replay": ReplayReport,
}
"""The reports by the names of their schemas."""

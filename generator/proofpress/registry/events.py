"""What roles ask of the registry, one signed request for each event, and the entry that gives it a place in the log."""

import re
from typing import Annotated, Final, Literal, cast, get_args

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from proofpress.evidence.base import Document, Model
from proofpress.evidence.pack import DocumentKind
from proofpress.evidence.registration import EventKind, Scope
from proofpress.evidence.release import Compatibility
from proofpress.evidence.signed import Envelope
from proofpress.evidence.values import (
    RELEASE_ID_PATTERN,
    Digest,
    Identity,
    Integer,
    Name,
    ReleaseId,
    Text,
    UtcTime,
)

FOLDER: Final = "packs/registry"
LOG: Final = "packs/registry/log"
REQUESTS: Final = "packs/registry/requests"
SCHEMA_VERSION: Final = "1.0.0"
GENERATED_BY: Final = "proofpress.registry"
REQUEST_PAYLOAD: Final = "application/vnd.proofpress.registry-request+json"

Status = Literal["REGISTERED", "CANDIDATE", "APPROVED", "ACTIVE", "RETIRED", "REJECTED", "YANKED"]

_BUNDLE_ID = re.compile(rf"({RELEASE_ID_PATTERN})(?:\.b([2-9]|[1-9]\d+))?")


def _bundle_id(value: str) -> str:
    if len(value) > 140 or not _BUNDLE_ID.fullmatch(value):
        raise PydanticCustomError("grammar", "not a bundle id, for example digits-v0.2.0-mlp64-r1 or ….b2")
    return value


BundleId = Annotated[str, AfterValidator(_bundle_id)]


class Backfill(Model):
    """Marks an event that was entered into the log long after it happened, and says when that was."""

    occurred_at: UtcTime
    source: Text = Field(description="Where it stands that it happened then")


class Expected(Model):
    """The state that whoever signed has seen. When it is another by then, the request has no effect."""

    status: Status | None = Field(description="Of the bundle; null: not registered")
    active: BundleId | None = Field(default=None, description="What is active in the scope of the request")


class Request(Document):
    """What every request says: of which log, by which role, when it was signed and why."""

    kind: EventKind
    log: Name = Field(description="Name of the log that it is for")
    by: Name = Field(description="The role in which it was signed")
    signed_at: UtcTime
    reason: Text | None = None
    backfill: Backfill | None = None


class PolicyAdopted(Request):
    """From here on the policy with this digest says who may do what; it is kept below `packs/registry/policies/`."""

    kind: Literal["policy_adopted"]
    policy: Digest
    replaces: Digest | None = Field(description="The policy that was in force; null for the first event of a log")


class BundleRequest(Request):
    """What every request about a bundle says besides."""

    release_id: ReleaseId
    bundle: Annotated[Integer, Field(ge=1)] = 1
    pack_id: Identity
    expects: Expected

    @property
    def bundle_id(self) -> str:
        """The release id, with `.b<N>` from the second bundle."""
        return bundle_id_of(self.release_id, self.bundle)


class JudgedByGates(Model):
    """The receipt of the gates by its digest, kept below `packs/registry/receipts/`, and the policy that judged."""

    receipt: Digest
    verdict: Literal["PASS", "FAIL"]
    policy: Digest
    evaluated_at: UtcTime


class Provenance(Model):
    """Where the bundle comes from: its training run, and the digests of its evaluation and its dataset manifest."""

    run_id: Name | None = None
    evaluation_run_id: Name | None = None
    evaluation_sha256: Digest | None = None
    dataset_snapshot_id: Name | None = None
    dataset_manifest_sha256: Digest | None = None


class Published(BundleRequest):
    """A verified pack that its gates have judged, with all that later moves are judged by."""

    family: Name
    model_id: Identity | None = None
    gate: JudgedByGates
    provenance: Provenance
    compatibility: Compatibility
    readiness: Literal["ready", "not ready", "not asked"]


class Registered(Published):
    """A pack that passed its gates enters the registry."""

    kind: Literal["registered"]


class RefusedByGates(Published):
    """A pack that its gates refuse is recorded as rejected, so that nobody takes it for one that nobody judged."""

    kind: Literal["refused"]
    reason: Text


class Candidate(BundleRequest):
    """The bundle is proposed for approval."""

    kind: Literal["candidate"]


class Approved(BundleRequest):
    """The bundle may be activated."""

    kind: Literal["approved"]


class Rejected(BundleRequest):
    """The bundle will never be activated."""

    kind: Literal["rejected"]
    reason: Text


class Activated(BundleRequest):
    """The bundle becomes the one active in a scope, in place of the one that it supersedes.

    `platform` is the digest of the platform's record, kept below `packs/registry/platforms/`.
    """

    kind: Literal["activated"]
    scope: Scope
    supersedes: BundleId | None = None
    platform: Digest | None = None


class Retired(BundleRequest):
    """The bundle is no longer active in a scope, or in any when none is named."""

    kind: Literal["retired"]
    scope: Scope | None = None


class Yanked(BundleRequest):
    """The bundle must not be used any more; its evidence stays readable."""

    kind: Literal["yanked"]
    reason: Text
    upgrade_path: BundleId | None = None


class RolledBack(BundleRequest):
    """The scope's bundle gives way to one that was active there before."""

    kind: Literal["rolled_back"]
    scope: Scope
    restores: BundleId
    reason: Text
    platform: Digest | None = None


class RollbackRequested(BundleRequest):
    """A signal of an incident: it asks for a rollback and changes nothing. Somebody who may decides."""

    kind: Literal["rollback_requested"]
    scope: Scope
    source: Name = Field(description="What noticed the incident, for example a monitor's name")
    observed_at: UtcTime
    reason: Text


class Entry(Document):
    """One entry of the log: a request as it was signed, its number from 1, and the UTC time at which it was placed."""

    seq: Annotated[Integer, Field(ge=1)]
    at: UtcTime
    request: Envelope


EVENTS: Final[dict[str, DocumentKind]] = {
    kind: DocumentKind(name=kind, path=LOG, model=model, schema_version=SCHEMA_VERSION, role="registry request")
    for kind, model in (
        ("policy_adopted", PolicyAdopted),
        ("registered", Registered),
        ("refused", RefusedByGates),
        ("candidate", Candidate),
        ("approved", Approved),
        ("rejected", Rejected),
        ("activated", Activated),
        ("retired", Retired),
        ("yanked", Yanked),
        ("rolled_back", RolledBack),
        ("rollback_requested", RollbackRequested),
    )
}
ENTRY: Final = DocumentKind(
    name="registry_entry", path=LOG, model=Entry, schema_version=SCHEMA_VERSION, role="registry entry"
)
if set(EVENTS) != set(get_args(EventKind)):  # pragma: no cover - a mistake in this module
    raise TypeError("a kind of event has no model")


def bundle_id_of(release_id: str, bundle: int) -> str:
    """Name of a bundle: the release id, with `.b<N>` from the second one."""
    return release_id if bundle == 1 else f"{release_id}.b{bundle}"


def release_of(bundle_id: str) -> str:
    """The release id in a bundle's name; the name itself where it is none."""
    match = _BUNDLE_ID.fullmatch(bundle_id)
    return match[1] if match else bundle_id


def scope_of(event: Request) -> dict[str, str] | None:
    """The scope that an event names, None without one."""
    return cast("dict[str, str] | None", getattr(event, "scope", None))

"""The events of the lifecycle log, one JSON object a line."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from proofpress.evidence.base import Document
from proofpress.evidence.pack import DocumentKind
from proofpress.evidence.values import RELEASE_ID_PATTERN, Digest, Identity, Integer, Name, ReleaseId, Text, UtcTime

LOG: Final = "packs/registry/events.jsonl"
SCHEMA_VERSION: Final = "1.0.0"
GENESIS: Final = "0" * 64
"""What stands in `prev` of the first event."""

_BUNDLE_ID = re.compile(rf"({RELEASE_ID_PATTERN})(?:\.b([2-9]|[1-9]\d+))?")
_SCOPE_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _bundle_id(value: str) -> str:
    if len(value) > 140 or not _BUNDLE_ID.fullmatch(value):
        raise PydanticCustomError("grammar", "not a bundle id, for example digits-v0.2.0-mlp64-r1 or ….b2")
    return value


def _scope_name(value: str) -> str:
    if not _SCOPE_NAME.fullmatch(value):
        raise PydanticCustomError("grammar", "not a scope's key, for example environment")
    return value


BundleId = Annotated[str, AfterValidator(_bundle_id)]
Scope = Annotated[dict[Annotated[str, AfterValidator(_scope_name)], Name], Field(min_length=1)]
"""Where a bundle is active. The whole mapping is the key: put the model's family into it."""


class Event(Document):
    """What every event says: which bundle, when, by whom, and the digest of the line before it."""

    kind: str
    seq: Annotated[Integer, Field(ge=1)]
    prev: Digest = Field(description="sha256 of the previous line, line feed included; zeros for the first")
    at: UtcTime
    release_id: ReleaseId
    bundle: Annotated[Integer, Field(ge=1)] = 1
    pack_id: Identity
    by: Name
    reason: Text | None = None

    @property
    def bundle_id(self) -> str:
        """The release id, with `.b<N>` from the second bundle."""
        return bundle_id_of(self.release_id, self.bundle)


class Registered(Event):
    """A verified pack enters the registry. `fixture` says that it is a rehearsal."""

    kind: Literal["registered"]


class Candidate(Event):
    """The bundle is proposed for approval."""

    kind: Literal["candidate"]


class Approved(Event):
    """The bundle may be activated."""

    kind: Literal["approved"]


class Rejected(Event):
    """The bundle will never be activated."""

    kind: Literal["rejected"]
    reason: Text


class Activated(Event):
    """The bundle becomes the one active in a scope, in place of the one that it supersedes."""

    kind: Literal["activated"]
    scope: Scope
    supersedes: BundleId | None = None


class Retired(Event):
    """The bundle is no longer active in a scope, or in any when none is named."""

    kind: Literal["retired"]
    scope: Scope | None = None


class Yanked(Event):
    """The bundle must not be used any more; its evidence stays readable."""

    kind: Literal["yanked"]
    reason: Text
    upgrade_path: BundleId | None = None


class RolledBack(Event):
    """The scope's bundle gives way to one that was active there before."""

    kind: Literal["rolled_back"]
    scope: Scope
    restores: BundleId
    reason: Text


EVENTS: Final[dict[str, DocumentKind]] = {
    kind: DocumentKind(name=kind, path=LOG, model=model, schema_version=SCHEMA_VERSION, role="registry event")
    for kind, model in (
        ("registered", Registered),
        ("candidate", Candidate),
        ("approved", Approved),
        ("rejected", Rejected),
        ("activated", Activated),
        ("retired", Retired),
        ("yanked", Yanked),
        ("rolled_back", RolledBack),
    )
}


def bundle_id_of(release_id: str, bundle: int) -> str:
    """Name of a bundle: the release id, with `.b<N>` from the second one."""
    return release_id if bundle == 1 else f"{release_id}.b{bundle}"

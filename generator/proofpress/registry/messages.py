"""The public messages of the registry beside requests and entries, and what can go wrong as typed categories."""

from typing import Any, Final, Literal

from pydantic import Field

from proofpress.errors import ExitCode, ProofpressError
from proofpress.evidence.base import Model
from proofpress.evidence.finding import Finding
from proofpress.evidence.registration import Scope
from proofpress.evidence.values import Count, Digest, Identity, Integer, Name, ReleaseId, Text, UtcTime
from proofpress.registry.events import BundleId, Status
from proofpress.registry.state import Registry

Category = Literal[
    "invalid_payload",
    "gate_not_pass",
    "conflict",
    "unknown_bundle",
    "illegal_move",
    "incompatible",
    "not_ready",
    "auth",
    "yanked",
    "none_active",
    "untrusted",
    "stale",
    "busy",
    "internal",
]
_EXIT: Final[dict[Category, ExitCode]] = {
    "invalid_payload": ExitCode.USAGE,
    "unknown_bundle": ExitCode.USAGE,
    "busy": ExitCode.PUBLISH_FAILED,
    "internal": ExitCode.INTERNAL,
}
RETRYABLE: Final[frozenset[Category]] = frozenset({"busy", "stale"})
"""Categories in which the very same command may succeed later. After a conflict, look again and sign a new request."""

_BY_RULE: Final[dict[str, Category]] = {
    **dict.fromkeys(("REG006",), "unknown_bundle"),
    **dict.fromkeys(("REG007", "REG009", "REG015", "REG020"), "conflict"),
    **dict.fromkeys(("REG008", "REG010", "REG011", "REG012"), "illegal_move"),
    **dict.fromkeys(("REG014", "REG016"), "auth"),
    **dict.fromkeys(("REG017",), "gate_not_pass"),
    **dict.fromkeys(("REG018",), "incompatible"),
    **dict.fromkeys(("REG019",), "not_ready"),
    **dict.fromkeys(("REG002", "REG005", "REG023"), "invalid_payload"),
    **dict.fromkeys(("REG001", "REG003", "REG004", "REG021"), "untrusted"),
}


def category_of(rule: str) -> Category:
    """The category of what a rule refuses."""
    return _BY_RULE.get(rule, "internal")


class RegistryError(ProofpressError):
    """A refusal of the registry, or its inability; nothing was changed. `findings` say what is broken in the log."""

    def __init__(
        self,
        message: str,
        *,
        category: Category,
        hint: str = "",
        rule: str = "",
        findings: tuple[Finding, ...] = (),
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.category: Category = category
        self.rule = rule
        self.findings = findings
        self.details = details or {}
        self.exit_code = _EXIT.get(category, ExitCode.FINDINGS)

    def response(self) -> dict[str, Any]:
        """The error as its public message."""
        return ErrorResponse(
            schema="proofpress.registry-error/1",
            category=self.category,
            retryable=self.category in RETRYABLE,
            message=str(self),
            hint=self.hint,
            rule=self.rule,
            details=self.details,
        ).model_dump(by_alias=True)


class ErrorResponse(Model):
    """Why a command of the registry did not do what it was asked for. `retryable`: it may succeed later."""

    schema_: Literal["proofpress.registry-error/1"] = Field(alias="schema")
    category: Category
    retryable: bool
    message: str
    hint: str = ""
    rule: str = Field(default="", description="The rule that refuses, where one does")
    details: dict[str, Any] = Field(default_factory=dict)


class PublishResponse(Model):
    """The answer to a publish request. ACCEPTED: the request was written, and counts once it is sequenced."""

    schema_: Literal["proofpress.registry-publish/1"] = Field(alias="schema")
    status: Literal["ACCEPTED", "DUPLICATE", "REJECTED"]
    bundle_id: BundleId
    release_id: ReleaseId
    bundle: Integer
    pack_id: Identity
    request: str = Field(default="", description="Path of the request, from the instance's folder")
    digest: str = Field(default="", description="sha256 of what was signed")
    missing_signatures: Count = Field(default=0, description="How many more keys must sign the request")
    error: ErrorResponse | None = None


class LifecycleEvent(Model):
    """What one event did to one bundle: who, when, why, from which status to which."""

    event_id: Count = Field(description="Number of the entry in the log, from 1")
    bundle_id: BundleId
    event_type: str
    scope: Scope | None
    from_state: Status | None
    to_state: Status
    actor: Name = Field(description="The role")
    signers: tuple[Name, ...] = Field(description="Names of the keys that signed in that role")
    observed_at: UtcTime = Field(description="When it was placed in the log")
    signed_at: UtcTime
    occurred_at: UtcTime | None = Field(description="Of an event that was filled in: when it happened")
    reason: Text | None
    other: BundleId | None = Field(description="The bundle that it gave way to, replaced or restored")


class ResolveRequest(Model):
    """Which bundle is active in a scope, now or at a UTC time?"""

    scope: Scope
    at: UtcTime
    allow_yanked: bool = False


class BundleRef(Model):
    """A bundle and the digests of its pack and its model."""

    bundle_id: BundleId
    pack_id: Identity
    model_id: Identity | None


class LogHead(Model):
    """The log that an answer was taken from: its name, how many entries it has, its root."""

    origin: str
    size: Count
    root: Digest


class ResolveResponse(Model):
    """The one active bundle of a scope at a time. `warnings` holds `model_yanked` when it must not be used any more."""

    schema_: Literal["proofpress.resolve/1"] = Field(alias="schema")
    scope: Scope
    at: UtcTime
    active: BundleRef
    since: UtcTime
    event_id: Count = Field(description="Number of the event that made it active")
    warnings: tuple[Literal["model_yanked"], ...] = ()
    yanked_because: Text | None = None
    upgrade_path: BundleId | None = None
    successor: BundleId | None = None
    log: LogHead


def lifecycle_events(registry: Registry) -> tuple[LifecycleEvent, ...]:
    """Every step of every bundle as its public message, oldest first."""
    return tuple(
        LifecycleEvent(
            event_id=step.seq,
            bundle_id=step.bundle_id,
            event_type=step.kind,
            scope=dict(step.scope) if step.scope else None,
            from_state=step.before,
            to_state=step.after,
            actor=step.by,
            signers=step.signers,
            observed_at=step.at,
            signed_at=step.signed_at,
            occurred_at=step.occurred_at,
            reason=step.reason,
            other=step.other,
        )
        for step in registry.steps
    )

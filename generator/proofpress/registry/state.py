"""What the log amounts to: the status of every bundle, and what is active in which scope."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proofpress.evidence.finding import Finding
from proofpress.evidence.policy import Policy
from proofpress.evidence.release import Compatibility
from proofpress.registry.events import Status, bundle_id_of

ScopeKey = tuple[tuple[str, str], ...]

FINAL: Final[frozenset[Status]] = frozenset({"REJECTED", "YANKED"})


def scope_key(scope: Mapping[str, str]) -> ScopeKey:
    """The pairs of a scope in the order of their names, for use as a key."""
    return tuple(sorted(scope.items()))


def scope_text(scope: ScopeKey) -> str:
    """A scope as `environment=production, family=digits`."""
    return ", ".join(f"{name}={value}" for name, value in scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one event did to one bundle. `other` is the bundle that it gave way to, replaced or restored.

    `signers` are the names of the keys that signed it in the role `by`. `occurred_at` marks an event that was entered
    long after it happened.
    """

    seq: int
    at: str
    kind: str
    bundle_id: str
    by: str
    before: Status | None
    after: Status
    reason: str | None = None
    scope: ScopeKey | None = None
    other: str | None = None
    signers: tuple[str, ...] = ()
    signed_at: str = ""
    occurred_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleState:
    """A registered bundle as it stands. `scopes` are those that it is active in, sorted."""

    bundle_id: str
    release_id: str
    bundle: int
    pack_id: str
    family: str
    model_id: str | None
    receipt: str
    compatibility: Compatibility
    readiness: str
    registered_at: str
    status: Status
    since: str
    scopes: tuple[ScopeKey, ...] = ()
    upgrade_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """From `at` on, `bundle_id` is active in a scope; None: nothing is, since `yanked` was, if named."""

    at: str
    bundle_id: str | None
    seq: int = 0
    yanked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """From `at` on, a policy is in force: its digest and itself, who adopted it."""

    seq: int
    at: str
    sha256: str
    policy: Policy
    by: str
    signers: tuple[str, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseStanding:
    """Everything that the registry says about one bundle; events that do not touch it leave it equal.

    `superseded_by` is the newest usable later bundle of the same release. Hashable: part of a cache's key.
    """

    bundle_id: str
    pack_id: str
    status: Status
    since: str
    registered_at: str
    scopes: tuple[ScopeKey, ...]
    yank_reason: str | None
    upgrade_path: str | None
    superseded_by: str | None
    history: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The fold of a log. With findings (`intact` is False) it is a past that was cut short: don't resolve by it."""

    bundles: Mapping[str, BundleState]
    tenures: Mapping[ScopeKey, tuple[Tenure, ...]]
    steps: tuple[Step, ...]
    histories: Mapping[str, tuple[Step, ...]]
    findings: tuple[Finding, ...]
    policies: tuple[Adoption, ...]
    size: int
    head: str

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse the log."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def intact(self) -> bool:
        """Whether every event was read and had its effect."""
        return not self.errors

    @property
    def in_force(self) -> Adoption | None:
        """The policy that the next event is judged by; None before the first."""
        return self.policies[-1] if self.policies else None

    def policy_at(self, at: str) -> Adoption | None:
        """The policy that was in force at a UTC time."""
        index = bisect_right(self.policies, at, key=lambda adoption: adoption.at)
        return self.policies[index - 1] if index else None

    def status(self, bundle_id: str) -> Status | None:
        """Where the bundle is in its lifecycle; None when it was never registered."""
        state = self.bundles.get(bundle_id)
        return state.status if state else None

    def active(self, scope: Mapping[str, str]) -> str | None:
        """The one bundle that is active in exactly this scope."""
        tenures = self.tenures.get(scope_key(scope), ())
        return tenures[-1].bundle_id if tenures else None

    def active_at(self, scope: Mapping[str, str], at: str) -> str | None:
        """The bundle that was active in exactly this scope at a UTC time; of equal times the last event counts."""
        tenure = self.tenure_at(scope, at)
        return tenure.bundle_id if tenure else None

    def tenure_at(self, scope: Mapping[str, str], at: str) -> Tenure | None:
        """What held in exactly this scope at a UTC time; None before anything was ever active there."""
        tenures = self.tenures.get(scope_key(scope), ())
        index = bisect_right(tenures, at, key=lambda tenure: tenure.at)
        return tenures[index - 1] if index else None

    def status_at(self, bundle_id: str, at: str) -> Status | None:
        """The bundle's status at a UTC time; None when it was not registered then."""
        history = self.histories.get(bundle_id, ())
        index = bisect_right(history, at, key=lambda step: step.at)
        return history[index - 1].after if index else None

    def history(self, bundle_id: str) -> tuple[Step, ...]:
        """What happened to the bundle, oldest first."""
        return self.histories.get(bundle_id, ())

    def registered_at(self, pack_id: str) -> str | None:
        """When the pack was registered; None when it was not."""
        return next((state.registered_at for state in self.bundles.values() if state.pack_id == pack_id), None)

    def superseded_by(self, bundle_id: str, at: str | None = None) -> str | None:
        """The newest later bundle of the same release that is neither rejected nor yanked, now or at a UTC time."""
        own = self.bundles.get(bundle_id)
        if own is None:
            return None
        found, number = None, own.bundle + 1
        while (later := self.bundles.get(bundle_id_of(own.release_id, number))) is not None:
            status = later.status if at is None else self.status_at(later.bundle_id, at)
            found = found if status is None or status in FINAL else later.bundle_id
            number += 1
        return found

    def standing(self, bundle_id: str) -> ReleaseStanding | None:
        """What a page of one bundle needs; None when it was never registered."""
        state = self.bundles.get(bundle_id)
        if state is None:
            return None
        history = self.history(bundle_id)
        return ReleaseStanding(
            bundle_id=bundle_id,
            pack_id=state.pack_id,
            status=state.status,
            since=state.since,
            registered_at=state.registered_at,
            scopes=state.scopes,
            yank_reason=next((step.reason for step in history if step.kind == "yanked"), None),
            upgrade_path=state.upgrade_path,
            superseded_by=self.superseded_by(bundle_id),
            history=history,
        )

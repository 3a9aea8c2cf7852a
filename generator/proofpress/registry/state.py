"""What the log amounts to: the status of every bundle, and what is active in which scope."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from proofpress.evidence.finding import Finding
from proofpress.registry.events import bundle_id_of

Status = Literal["REGISTERED", "CANDIDATE", "APPROVED", "ACTIVE", "RETIRED", "REJECTED", "YANKED"]
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
    """What one event did to one bundle. `other` is the bundle that it gave way to, replaced or restored."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleState:
    """A registered bundle as it stands. `scopes` are those that it is active in, sorted."""

    bundle_id: str
    release_id: str
    bundle: int
    pack_id: str
    registered_at: str
    rehearsal: bool
    status: Status
    since: str
    scopes: tuple[ScopeKey, ...] = ()
    upgrade_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """From `at` on, `bundle_id` is active in a scope; None: nothing is."""

    at: str
    bundle_id: str | None


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
    rehearsal: bool
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
        tenures = self.tenures.get(scope_key(scope), ())
        index = bisect_right(tenures, at, key=lambda tenure: tenure.at)
        return tenures[index - 1].bundle_id if index else None

    def history(self, bundle_id: str) -> tuple[Step, ...]:
        """What happened to the bundle, oldest first."""
        return self.histories.get(bundle_id, ())

    def registered_at(self, pack_id: str) -> str | None:
        """When the pack was registered; None when it was not."""
        return next((state.registered_at for state in self.bundles.values() if state.pack_id == pack_id), None)

    def superseded_by(self, bundle_id: str) -> str | None:
        """The newest later bundle of the same release that is neither rejected nor yanked."""
        own = self.bundles.get(bundle_id)
        if own is None:
            return None
        found, number = None, own.bundle + 1
        while (later := self.bundles.get(bundle_id_of(own.release_id, number))) is not None:
            found = found if later.status in FINAL else later.bundle_id
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
            rehearsal=state.rehearsal,
            scopes=state.scopes,
            yank_reason=history[-1].reason if state.status == "YANKED" else None,
            upgrade_path=state.upgrade_path,
            superseded_by=self.superseded_by(bundle_id),
            history=history,
        )

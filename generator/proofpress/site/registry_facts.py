"""What the registry's pages show, as plain values: pure functions of the folded log, with no clock."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from proofpress.registry import EVENTS, Registry, ScopeKey, Step, scope_text
from proofpress.registry.statements import scope_path

EVENTS_PER_PAGE: Final = 100
TENURES_PER_PAGE: Final = 50
LOG: Final = "registry/log/"
GROUPS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "all": ("All events", tuple(EVENTS)),
    "promotions": ("Promotions", ("activated",)),
    "rollbacks": ("Rollbacks", ("rolled_back", "rollback_requested")),
    "refusals": ("Refusals", ("refused", "rejected")),
    "yanks": ("Yanks", ("yanked",)),
    "retirements": ("Retirements", ("retired",)),
    "registrations": ("Registrations and approvals", ("registered", "candidate", "approved")),
    "policies": ("Policies", ("policy_adopted",)),
}
"""Filters of the audit log: name in addresses, title, kinds of events."""
COUNTED: Final[Mapping[str, tuple[str, ...]]] = {
    "promotions": ("activated",),
    "rollbacks": ("rolled_back",),
    "refusals": ("refused", "rejected"),
    "yanks": ("yanked",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """One entry of the log as a line of the audit log. `page` tells whether the site has the bundle's page.

    `bundle_id` is empty and `policy` its digest where a policy was adopted.
    """

    seq: int
    at: str
    kind: str
    by: str
    signers: tuple[str, ...]
    bundle_id: str = ""
    after: str = ""
    scope: str = ""
    other: str | None = None
    reason: str = ""
    occurred_at: str | None = None
    policy: str = ""
    page: bool = False

    @property
    def where(self) -> str:
        """Permanent address of the event, from the site's root."""
        return event_place(self.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenureFacts:
    """One line of a scope's timeline: what was active from when to when, who made it so, and how it ended.

    `bundle_id` is None where nothing was active. `ended` is the kind of the step that ended it, empty while it lasts.
    """

    seq: int
    since: str
    until: str
    bundle_id: str | None
    page: bool
    how: str
    by: str
    signers: tuple[str, ...]
    reason: str
    ended: str = ""
    ended_seq: int = 0
    ended_by: str = ""
    ended_signers: tuple[str, ...] = ()
    ended_reason: str = ""
    successor: str | None = None
    yanked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeFacts:
    """A scope: its name in addresses, its text, and its timeline, oldest first."""

    name: str
    text: str
    timeline: tuple[TenureFacts, ...]

    @property
    def now(self) -> TenureFacts:
        """What holds at the end of the log."""
        return self.timeline[-1]

    @property
    def path(self) -> str:
        """The folder of its page, from the site's root."""
        return f"registry/scopes/{self.name}/"

    @property
    def active(self) -> str:
        """The active bundle, or why there is none."""
        if self.now.bundle_id:
            return self.now.bundle_id
        return f"none: {self.now.yanked} was yanked" if self.now.yanked else "none"

    @property
    def tone(self) -> str:
        """The tone of its badge."""
        return "ok" if self.now.bundle_id else "bad" if self.now.yanked else "muted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFacts:
    """Everything that the registry's pages are made from."""

    origin: str
    size: int
    root: str
    events: tuple[LogEvent, ...]
    scopes: tuple[ScopeFacts, ...]
    counts: Mapping[str, int]
    groups: Mapping[str, tuple[LogEvent, ...]]


def scope_name(scope: ScopeKey) -> str:
    """A scope in addresses, as its statement's file is named."""
    return scope_path(scope).removeprefix("scopes/").removesuffix(".json")


def event_place(seq: int) -> str:
    """Where the audit log shows an event for ever, from the site's root."""
    return f"{LOG}all/{(seq - 1) // EVENTS_PER_PAGE + 1}/#event-{seq}"


def facts_of(registry: Registry, there: AbstractSet[str]) -> RegistryFacts:
    """The facts of a log. `there` are the bundles that have pages."""
    events = _events(registry, there)
    kinds = Counter(event.kind for event in events)
    in_force = registry.in_force.policy.registry if registry.in_force else None
    by_group: dict[str, list[LogEvent]] = {name: [] for name in GROUPS}
    group_of = {kind: name for name, (_, kinds_) in GROUPS.items() if name != "all" for kind in kinds_}
    for event in events:
        by_group[group_of[event.kind]].append(event)
    by_group["all"] = list(events)
    return RegistryFacts(
        origin=in_force.log.name if in_force else "",
        size=registry.size,
        root=registry.head,
        events=events,
        scopes=_scopes(registry, there),
        counts={name: sum(kinds[kind] for kind in counted) for name, counted in COUNTED.items()},
        groups={name: tuple(found) for name, found in by_group.items()},
    )


def _events(registry: Registry, there: AbstractSet[str]) -> tuple[LogEvent, ...]:
    found = [
        LogEvent(
            seq=step.seq,
            at=step.at,
            kind=step.kind,
            by=step.by,
            signers=step.signers,
            bundle_id=step.bundle_id,
            after=step.after,
            scope=scope_text(step.scope) if step.scope else "",
            other=step.other,
            reason=step.reason or "",
            occurred_at=step.occurred_at,
            page=step.bundle_id in there,
        )
        for step in registry.steps
        if step.kind in EVENTS  # what else an event did to other bundles is part of its line
    ]
    found += [
        LogEvent(
            seq=adoption.seq,
            at=adoption.at,
            kind="policy_adopted",
            by=adoption.by,
            signers=adoption.signers,
            reason=adoption.reason or "",
            policy=adoption.sha256,
        )
        for adoption in registry.policies
    ]
    return tuple(sorted(found, key=lambda event: event.seq))


def _scopes(registry: Registry, there: AbstractSet[str]) -> tuple[ScopeFacts, ...]:
    """Every scope in which anything was ever active, by its text."""
    by_seq: dict[int, list[Step]] = defaultdict(list)
    wanted = {tenure.seq for tenures in registry.tenures.values() for tenure in tenures}
    for step in registry.steps:
        if step.seq in wanted:
            by_seq[step.seq].append(step)
    scopes = []
    for scope, tenures in registry.tenures.items():
        timeline = []
        for index, tenure in enumerate(tenures):
            after = tenures[index + 1] if index + 1 < len(tenures) else None
            began = _step(by_seq[tenure.seq], tenure.bundle_id)
            ended = _step(by_seq[after.seq], tenure.bundle_id) if after else None
            timeline.append(
                TenureFacts(
                    seq=tenure.seq,
                    since=tenure.at,
                    until=after.at if after else "",
                    bundle_id=tenure.bundle_id,
                    page=tenure.bundle_id in there,
                    how=began.kind,
                    by=began.by,
                    signers=began.signers,
                    reason=began.reason or "",
                    ended=ended.kind if ended else "",
                    ended_seq=after.seq if after else 0,
                    ended_by=ended.by if ended else "",
                    ended_signers=ended.signers if ended else (),
                    ended_reason=(ended.reason or "") if ended else "",
                    successor=after.bundle_id if after else None,
                    yanked=tenure.yanked,
                )
            )
        scopes.append(ScopeFacts(name=scope_name(scope), text=scope_text(scope), timeline=tuple(timeline)))
    return tuple(sorted(scopes, key=lambda scope: scope.text))


def _step(steps: Sequence[Step], bundle_id: str | None) -> Step:
    """What an event did to a bundle; of an event that left a scope empty, the event itself."""
    return next((step for step in steps if step.bundle_id == bundle_id), steps[0])

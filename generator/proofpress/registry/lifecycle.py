"""The moves of a bundle: which are legal, and what each does. A move that is refused has changed nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from proofpress.evidence.registration import RegistryPolicy
from proofpress.evidence.release import Compatibility
from proofpress.registry.authority import Records, Refused
from proofpress.registry.compatibility import misfits
from proofpress.registry.events import (
    Activated,
    BundleRequest,
    Published,
    Retired,
    RollbackRequested,
    RolledBack,
    Status,
    Yanked,
    bundle_id_of,
    scope_of,
)
from proofpress.registry.state import FINAL, BundleState, ScopeKey, Step, Tenure, scope_key, scope_text

LEGAL: Final[dict[str, frozenset[Status]]] = {
    "candidate": frozenset({"REGISTERED"}),
    "approved": frozenset({"CANDIDATE"}),
    "rejected": frozenset({"REGISTERED", "CANDIDATE", "APPROVED"}),
    "activated": frozenset({"APPROVED", "ACTIVE", "RETIRED"}),
    "retired": frozenset({"ACTIVE"}),
    "yanked": frozenset({"REGISTERED", "CANDIDATE", "APPROVED", "ACTIVE", "RETIRED"}),
    "rolled_back": frozenset({"ACTIVE", "RETIRED", "YANKED"}),
    "rollback_requested": frozenset({"ACTIVE"}),
}
"""From which status each event may move a bundle."""

REACHED: Final[dict[str, Status]] = {
    "registered": "REGISTERED",
    "refused": "REJECTED",
    "candidate": "CANDIDATE",
    "approved": "APPROVED",
    "rejected": "REJECTED",
    "activated": "ACTIVE",
    "retired": "RETIRED",
    "yanked": "YANKED",
}
"""The status that each event leads to; a rollback retires what it rolls back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An event about a bundle at its place in the log, signed by those who may, and the policy then in force."""

    seq: int
    at: str
    event: BundleRequest
    signers: tuple[str, ...]
    policy: RegistryPolicy


class Lifecycle:
    """Bundles, what is active where, and every step so far."""

    def __init__(self, records: Records) -> None:
        self.bundles: dict[str, BundleState] = {}
        self.tenures: dict[ScopeKey, list[Tenure]] = {}
        self.steps: list[Step] = []
        self._packs: dict[str, str] = {}
        self._tenants: dict[ScopeKey, set[str]] = {}
        self._records = records

    def known(self, event: BundleRequest) -> BundleState:
        """The bundle that an event is about. Raises `Refused` when it was never registered, or with another pack."""
        state = self.bundles.get(event.bundle_id)
        if state is None:
            hint = "register it first"
            raise Refused("REG006", "the bundle is not registered", "a registered bundle", event.bundle_id, hint)
        if state.pack_id != event.pack_id:
            raise Refused("REG007", "the event names another pack", state.pack_id, event.pack_id)
        return state

    def current(self, scope: ScopeKey) -> str | None:
        """The bundle that is active in a scope."""
        tenures = self.tenures.get(scope)
        return tenures[-1].bundle_id if tenures else None

    def accept(self, placed: Placed) -> tuple[Refused, ...]:
        """Make a move; returns what the policy only warns of. Raises `Refused`."""
        event = placed.event
        if isinstance(event, Published):
            self._register(placed, event)
            return ()
        state = self.known(event)
        self._seen(event, state)
        if state.status not in LEGAL[event.kind]:
            raise _illegal(event.kind, state)
        scope = scope_of(event)
        if scope is not None:
            _declared(scope, placed.policy, state)
        if isinstance(event, Activated):
            return self._activate(placed, event, state)
        if isinstance(event, RolledBack):
            return self._roll_back(placed, event, state)
        if isinstance(event, Retired):
            self._retire(placed, event, state)
        elif isinstance(event, Yanked):
            self._yank(placed, event, state)
        elif isinstance(event, RollbackRequested):
            self._asked(placed, event, state)
        else:
            if event.kind == "approved" and state.readiness == "not ready":
                hint = "make it ready, or submit a bundle that is"
                raise Refused("REG019", "a bundle that is not ready can't be approved", "ready", state.readiness, hint)
            self._update(placed, state.bundle_id, REACHED[event.kind])
        return ()

    def repeats(self, event: BundleRequest) -> bool:
        """Whether the bundle already is where the event would bring it."""
        state = self.bundles.get(event.bundle_id)
        if state is None or state.pack_id != event.pack_id:
            return False
        scope = scope_of(event)
        key = scope_key(scope) if scope else None
        last = self.tenures.get(key, [])[-2:] if key else []
        if isinstance(event, Published):
            return True
        if isinstance(event, Activated):
            return key in state.scopes
        if isinstance(event, RolledBack):
            return [tenure.bundle_id for tenure in last] == [event.bundle_id, event.restores]
        if isinstance(event, Retired) and key:
            return [(tenure.bundle_id, tenure.yanked) for tenure in last[-1:]] == [
                (None, None)
            ] and key not in state.scopes
        if isinstance(event, Yanked):
            said = (step.reason for step in self.steps if step.bundle_id == event.bundle_id and step.kind == "yanked")
            return state.status == "YANKED" and state.upgrade_path == event.upgrade_path and event.reason in said
        return state.status == REACHED.get(event.kind)

    def _seen(self, event: BundleRequest, state: BundleState | None) -> None:
        """Whether the request has seen the state that it would change."""
        status = state.status if state else None
        hint = "look at the state as it is now, and sign a new request"
        if event.expects.status != status:
            found = event.expects.status or "not registered"
            message = "the request has seen the bundle in another state"
            raise Refused("REG015", message, status or "not registered", found, hint)
        scope = scope_of(event)
        active = self.current(scope_key(scope)) if scope else None
        if event.expects.active != active:
            message = "the request has seen another bundle active in its scope"
            raise Refused("REG015", message, active or "nothing active", event.expects.active or "nothing active", hint)

    def _register(self, placed: Placed, event: Published) -> None:
        name = event.bundle_id
        if (state := self.bundles.get(name)) is not None:
            if state.pack_id != event.pack_id:
                hint = f"submit the corrected pack as bundle {event.bundle + 1}"
                raise Refused("REG007", "the bundle has another pack", state.pack_id, event.pack_id, hint)
            raise _illegal(event.kind, state)
        if (owner := self._packs.get(event.pack_id)) is not None:
            raise Refused("REG007", "the pack is registered under another name", owner, name)
        if event.bundle > 1 and bundle_id_of(event.release_id, event.bundle - 1) not in self.bundles:
            before = bundle_id_of(event.release_id, event.bundle - 1)
            raise Refused("REG006", "the bundle before it is not registered", before, "no such bundle")
        if event.fixture:
            raise Refused("REG011", "a rehearsal is never registered", "measured evidence", "fixture: true")
        wanted = "FAIL" if event.kind == "refused" else "PASS"
        if event.gate.verdict != wanted:
            message = f"the gates' verdict is not the one of a bundle that is {event.kind}"
            raise Refused("REG017", message, wanted, event.gate.verdict)
        self._seen(event, None)
        self._packs[event.pack_id] = name
        self.bundles[name] = BundleState(
            bundle_id=name,
            release_id=event.release_id,
            bundle=event.bundle,
            pack_id=event.pack_id,
            family=event.family,
            model_id=event.model_id,
            receipt=event.gate.receipt,
            compatibility=event.compatibility,
            readiness=event.readiness,
            registered_at=placed.at,
            status=REACHED[event.kind],
            since=placed.at,
        )
        self._step(placed, name, None)

    def _activate(self, placed: Placed, event: Activated, state: BundleState) -> tuple[Refused, ...]:
        name, scope = state.bundle_id, scope_key(event.scope)
        current, where = self.current(scope), scope_text(scope)
        if current == name:
            raise Refused("REG008", f"the bundle is already active in {where}", "another bundle", name)
        if name in self._tenants.get(scope, ()):
            hint = "record a rollback that restores it"
            raise Refused("REG008", f"the bundle was active in {where} before", "a rollback", event.kind, hint)
        if event.supersedes != current:
            expected = f"supersedes {current}" if current else "supersedes nothing"
            found = f"supersedes {event.supersedes or 'nothing'}"
            hint = f"name {current} as what it supersedes" if current else "leave out what it supersedes"
            raise Refused("REG009", f"{current or 'nothing'} is active in {where}", expected, found, hint)
        warnings = tuple(self._platform(placed.policy, event.scope, event.platform, state.compatibility))
        self._enter(placed, name, scope, other=current)
        if current is not None:
            self._leave(placed, current, (scope,), kind="superseded", other=name)
        self.tenures.setdefault(scope, []).append(Tenure(at=placed.at, bundle_id=name, seq=placed.seq))
        self._tenants.setdefault(scope, set()).add(name)
        return warnings

    def _platform(
        self, policy: RegistryPolicy, scope: dict[str, str], platform: str | None, needs: Compatibility
    ) -> Iterator[Refused]:
        """What the scope's platform lacks. Raises `Refused` unless the policy only warns."""
        reviewed, where = policy.platform(scope), scope_text(scope_key(scope))
        hint = "review a platform record and name it under registry.platforms in the policy"
        if reviewed is None:
            raise Refused("REG018", f"no platform was reviewed for {where}", "a platform record", "none", hint)
        if platform != reviewed.sha256:
            message = f"the event was judged by another platform record than the one reviewed for {where}"
            raise Refused("REG018", message, reviewed.sha256, platform or "none", "sign a new request")
        record = self._records.platform(reviewed.sha256)
        if record is None:
            message = "the platform's record is not kept, or not as it was"
            raise Refused("REG018", message, reviewed.sha256, "no record", "restore packs/registry/platforms/")
        if lacks := misfits(needs, record):
            hint = "activate it where the platform fits, or review what the platform offers"
            message = f"the platform '{record.name}' of {where} lacks what the release needs"
            refused = Refused("REG018", message, "; ".join(lacks), "not offered", hint)
            if reviewed.posture == "deny":
                raise refused
            yield refused

    def _roll_back(self, placed: Placed, event: RolledBack, state: BundleState) -> tuple[Refused, ...]:
        scope = scope_key(event.scope)
        tenants = [tenure.bundle_id for tenure in self.tenures.get(scope, ()) if tenure.bundle_id is not None]
        restored, where = self.bundles.get(event.restores), scope_text(scope)
        usable = sorted({name for name in tenants if name != state.bundle_id and self._usable(name)})
        hint = f"bundles to return to: {', '.join(usable) or 'none'}"
        if not tenants or tenants[-1] != state.bundle_id:
            last = tenants[-1] if tenants else "none"
            message = f"the bundle is not the last one that was active in {where}"
            raise Refused("REG010", message, last, state.bundle_id)
        if restored is None or restored.bundle_id not in usable:
            message = f"the rollback can't return to {event.restores} in {where}"
            raise Refused("REG010", message, "a usable bundle that was active there", event.restores, hint)
        warnings = tuple(self._platform(placed.policy, event.scope, event.platform, restored.compatibility))
        self._leave(placed, state.bundle_id, (scope,), kind=event.kind, other=event.restores)
        self._enter(placed, event.restores, scope, kind="restored", other=state.bundle_id)
        self.tenures[scope].append(Tenure(at=placed.at, bundle_id=event.restores, seq=placed.seq))
        return warnings

    def _retire(self, placed: Placed, event: Retired, state: BundleState) -> None:
        scope = None if event.scope is None else scope_key(event.scope)
        if scope is not None and scope not in state.scopes:
            where = "; ".join(map(scope_text, state.scopes))
            message = f"the bundle is not active in {scope_text(scope)}"
            raise Refused("REG008", message, where, scope_text(scope), "name a scope that it is active in")
        scopes = state.scopes if scope is None else (scope,)
        self._leave(placed, state.bundle_id, scopes, kind=event.kind)
        self._vacate(placed, scopes)

    def _yank(self, placed: Placed, event: Yanked, state: BundleState) -> None:
        path = event.upgrade_path
        if path is not None and (path == state.bundle_id or not self._usable(path)):
            found = self.bundles[path].status if path in self.bundles else "not registered"
            message = f"the upgrade path {path} does not lead to a usable bundle"
            raise Refused("REG012", message, "a registered bundle, not rejected, not yanked", found)
        self._vacate(placed, state.scopes, yanked=state.bundle_id)
        self.bundles[state.bundle_id] = replace(state, scopes=(), upgrade_path=path)
        self._update(placed, state.bundle_id, "YANKED", other=path)

    def _asked(self, placed: Placed, event: RollbackRequested, state: BundleState) -> None:
        scope = scope_key(event.scope)
        if scope not in state.scopes:
            where = "; ".join(map(scope_text, state.scopes))
            message = f"the bundle is not active in {scope_text(scope)}"
            raise Refused("REG008", message, where, scope_text(scope), "name a scope that it is active in")
        self._step(placed, state.bundle_id, state.status, scope=scope)

    def _usable(self, name: str) -> bool:
        return name in self.bundles and self.bundles[name].status not in FINAL

    def _vacate(self, placed: Placed, scopes: Iterable[ScopeKey], yanked: str | None = None) -> None:
        for scope in scopes:
            self.tenures[scope].append(Tenure(at=placed.at, bundle_id=None, seq=placed.seq, yanked=yanked))

    def _enter(self, placed: Placed, name: str, scope: ScopeKey, *, kind: str = "", other: str | None) -> None:
        state = self.bundles[name]
        self.bundles[name] = replace(state, scopes=tuple(sorted((*state.scopes, scope))))
        self._update(placed, name, "ACTIVE", kind=kind, scope=scope, other=other)

    def _leave(
        self, placed: Placed, name: str, scopes: tuple[ScopeKey, ...], *, kind: str, other: str | None = None
    ) -> None:
        """Take a bundle out of scopes; it is RETIRED when none is left, unless it is yanked already."""
        state = self.bundles[name]
        left = tuple(scope for scope in state.scopes if scope not in scopes)
        self.bundles[name] = replace(state, scopes=left)
        after: Status = "ACTIVE" if left else "YANKED" if state.status == "YANKED" else "RETIRED"
        scope = scopes[0] if len(scopes) == 1 else None
        self._update(placed, name, after, kind=kind, scope=scope, other=other)

    def _update(
        self,
        placed: Placed,
        name: str,
        after: Status,
        *,
        kind: str = "",
        scope: ScopeKey | None = None,
        other: str | None = None,
    ) -> None:
        before = self.bundles[name].status
        if after != before:
            self.bundles[name] = replace(self.bundles[name], status=after, since=placed.at)
        self._step(placed, name, before, kind=kind, scope=scope, other=other)

    def _step(
        self,
        placed: Placed,
        name: str,
        before: Status | None,
        *,
        kind: str = "",
        scope: ScopeKey | None = None,
        other: str | None = None,
    ) -> None:
        event = placed.event
        self.steps.append(
            Step(
                seq=placed.seq,
                at=placed.at,
                kind=kind or event.kind,
                bundle_id=name,
                by=event.by,
                before=before,
                after=self.bundles[name].status,
                reason=event.reason,
                scope=scope,
                other=other,
                signers=placed.signers,
                signed_at=event.signed_at,
                occurred_at=event.backfill.occurred_at if event.backfill else None,
            )
        )


def _declared(scope: dict[str, str], policy: RegistryPolicy, state: BundleState) -> None:
    """Scopes have exactly the keys that the policy declares, so that no two of them overlap."""
    if set(scope) != set(policy.scopes):
        hint = f"name each once: {', '.join(policy.scopes)}"
        found = ", ".join(scope)
        raise Refused("REG023", "the scope has other keys than the policy", ", ".join(policy.scopes), found, hint)
    if scope.get("family", state.family) != state.family:
        raise Refused("REG023", "the scope is another family's", state.family, scope["family"])


def _illegal(kind: str, state: BundleState) -> Refused:
    moves = ", ".join(kind for kind, origins in LEGAL.items() if state.status in origins)
    message = f"a bundle that is {state.status} can't be {kind.replace('_', ' ')}"
    hint = f"{state.status} is final" if state.status in FINAL else f"legal from {state.status}: {moves}"
    origins = " or ".join(sorted(LEGAL.get(kind, ()))) or "an unregistered bundle"
    return Refused("REG008", message, origins, state.status, hint)

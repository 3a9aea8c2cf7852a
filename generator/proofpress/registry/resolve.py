"""Which bundle is active in a scope, now or at any past moment: one answer, or a typed refusal."""

from collections.abc import Mapping

from proofpress.registry.messages import BundleRef, LogHead, RegistryError, ResolveResponse
from proofpress.registry.state import Registry, Tenure, scope_key, scope_text


def resolve(registry: Registry, scope: Mapping[str, str], *, at: str, allow_yanked: bool = False) -> ResolveResponse:
    """The active bundle of a scope at a UTC time, by what the log said up to that time.

    The same log, scope and time give the same answer for ever: later events never change it. Raises `RegistryError`:
    `untrusted` when the log is refused, `invalid_payload` for a scope with other keys than the policy then declared,
    `none_active`, and `yanked` (unless it is allowed) when what was active there must not be used any more.
    """
    if not registry.intact:
        first = registry.errors[0]
        raise RegistryError(f"the registry is refused: {first.message}", category="untrusted", hint=first.hint)
    adoption = registry.policy_at(at)
    part = adoption.policy.registry if adoption else None
    if part is None:
        raise RegistryError(f"no policy was in force at {at}", category="none_active")
    if set(scope) != set(part.scopes):
        raise RegistryError(
            f"the scope has the keys {', '.join(sorted(scope)) or 'none'}",
            category="invalid_payload",
            hint=f"name each once: {', '.join(part.scopes)}",
        )
    where, tenure = scope_text(scope_key(scope)), registry.tenure_at(scope, at)
    if tenure is None or (tenure.bundle_id is None and tenure.yanked is None):
        raise RegistryError(f"nothing was active in {where} at {at}", category="none_active")
    head = LogHead(origin=part.log.name, size=registry.size, root=registry.head)
    if tenure.bundle_id is not None:
        return ResolveResponse(
            schema="proofpress.resolve/1",
            scope=dict(scope),
            at=at,
            active=_ref(registry, tenure.bundle_id),
            since=tenure.at,
            event_id=tenure.seq,
            log=head,
        )
    return _yanked(registry, scope, tenure, at=at, head=head, allowed=allow_yanked)


def _yanked(
    registry: Registry, scope: Mapping[str, str], tenure: Tenure, *, at: str, head: LogHead, allowed: bool
) -> ResolveResponse:
    name = tenure.yanked or ""
    step = next(each for each in registry.history(name) if each.kind == "yanked")
    successor = registry.superseded_by(name, at)
    if not allowed:
        use = step.other or successor
        raise RegistryError(
            f"{name} was active in {scope_text(scope_key(scope))} and is yanked: {step.reason}",
            category="yanked",
            hint=f"use {use}" if use else "activate another bundle; --allow-yanked answers all the same",
            details={"bundle_id": name, "upgrade_path": step.other, "successor": successor, "yanked_at": step.at},
        )
    active = [each for each in registry.tenures[scope_key(scope)] if each.bundle_id == name and each.seq < tenure.seq][
        -1
    ]
    return ResolveResponse(
        schema="proofpress.resolve/1",
        scope=dict(scope),
        at=at,
        active=_ref(registry, name),
        since=active.at,
        event_id=active.seq,
        warnings=("model_yanked",),
        yanked_because=step.reason,
        upgrade_path=step.other,
        successor=successor,
        log=head,
    )


def _ref(registry: Registry, name: str) -> BundleRef:
    state = registry.bundles[name]
    return BundleRef(bundle_id=name, pack_id=state.pack_id, model_id=state.model_id)

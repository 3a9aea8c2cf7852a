"""What a runtime asks for, signed: the active bundle of a scope with its history, and the list of revocations.

Statements are made by a command, which has key and clock; the build copies them; whoever reads them trusts keys alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeVar

from pydantic import Field, ValidationError

from proofpress.evidence.base import Model
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.registration import Scope
from proofpress.evidence.signed import PublicKey
from proofpress.evidence.values import Count, Identity, Text, UtcTime
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.registry.events import BundleId
from proofpress.registry.messages import BundleRef, LogHead, RegistryError, ResolveResponse
from proofpress.registry.state import FINAL, Registry, ScopeKey, scope_key, scope_text
from proofpress.signing.dsse import EnvelopeError, open_envelope, seal, signed_by
from proofpress.signing.keys import SigningKey

STATEMENT_PAYLOAD: Final = "application/vnd.proofpress.registry-statement+json"
STATEMENTS: Final = "statements"
REVOCATIONS: Final = "revocations.json"
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


class Held(Model):
    """From a time on a bundle was active in a scope; null: nothing was, since `yanked` was yanked where it is named."""

    at: UtcTime
    event_id: Count
    active: BundleRef | None
    yanked: BundleId | None = None


class Revoked(Model):
    """A bundle that must not be used any more. `revokes_model`: no usable bundle has the same model."""

    bundle_id: BundleId
    pack_id: Identity
    model_id: Identity | None
    revokes_model: bool
    yanked_at: UtcTime
    reason: Text
    upgrade_path: BundleId | None
    successor: BundleId | None


class _Dated(Model):
    log: LogHead
    issued_at: UtcTime
    expires_at: UtcTime


class ScopeStatement(_Dated):
    """`scopes/<scope>.json`: everything that was ever active in a scope, oldest first; the last one counts now."""

    schema_: Literal["proofpress.registry-scope/1"] = Field(alias="schema")
    scope: Scope
    history: tuple[Held, ...]
    revoked: tuple[Revoked, ...] = Field(description="Those of the scope's bundles that are yanked")


class RevocationList(_Dated):
    """`revocations.json`: every bundle that was yanked."""

    schema_: Literal["proofpress.registry-revocations/1"] = Field(alias="schema")
    revoked: tuple[Revoked, ...]


S = TypeVar("S", ScopeStatement, RevocationList)


class LastSeen(Model):
    """What a client keeps of the newest statement that it believed: an older one is refused from then on."""

    schema_: Literal["proofpress.registry-seen/1"] = Field(alias="schema")
    log: LogHead
    issued_at: UtcTime


def scope_path(scope: ScopeKey) -> str:
    """Where the statement of a scope lies below the statements' folder."""
    return "scopes/" + ",".join(f"{name}={value}" for name, value in scope) + ".json"


def statements(registry: Registry, keys: Sequence[SigningKey], *, at: str, days: int) -> Iterator[tuple[str, bytes]]:
    """Path and signed bytes of every statement, issued at a UTC time and good for so many days."""
    adoption = registry.in_force
    part = adoption.policy.registry if adoption else None
    if part is None:
        raise RegistryError("no policy is in force, so there is nothing to state", category="none_active")
    until = (datetime.strptime(at, _TIME).replace(tzinfo=UTC) + timedelta(days=days)).strftime(_TIME)
    dated: dict[str, Any] = {
        "log": {"origin": part.log.name, "size": registry.size, "root": registry.head},
        "issued_at": at,
        "expires_at": until,
    }
    revoked = revocations(registry)
    yield REVOCATIONS, _sealed({"schema": "proofpress.registry-revocations/1", **dated, "revoked": revoked}, keys)
    for scope in registry.tenures:
        held = [
            Held(
                at=tenure.at,
                event_id=tenure.seq,
                active=_ref(registry, tenure.bundle_id) if tenure.bundle_id else None,
                yanked=tenure.yanked,
            ).model_dump()
            for tenure in registry.tenures[scope]
        ]
        names = {tenure.bundle_id for tenure in registry.tenures[scope]}
        fields = {
            "schema": "proofpress.registry-scope/1",
            **dated,
            "scope": dict(scope),
            "history": held,
            "revoked": [each for each in revoked if each["bundle_id"] in names],
        }
        yield scope_path(scope), _sealed(fields, keys)


def revocations(registry: Registry) -> list[dict[str, Any]]:
    """Every yanked bundle, in the order of their names."""
    usable = {state.model_id for state in registry.bundles.values() if state.status not in FINAL}
    found = []
    for name, state in sorted(registry.bundles.items()):
        if state.status == "YANKED":
            step = [each for each in registry.history(name) if each.kind == "yanked"][-1]
            revoked = Revoked(
                bundle_id=name,
                pack_id=state.pack_id,
                model_id=state.model_id,
                revokes_model=state.model_id is not None and state.model_id not in usable,
                yanked_at=step.at,
                reason=step.reason or "",
                upgrade_path=state.upgrade_path,
                successor=registry.superseded_by(name),
            )
            found.append(revoked.model_dump())
    return found


def read_statement(data: bytes, model: type[S], trusted: Mapping[str, str], *, threshold: int = 1) -> S:
    """A statement that enough of the trusted keys (name → `PublicKey`) signed.

    Raises `RegistryError`: `invalid_payload` when it is none, `auth` when too few of the keys signed it.
    """
    try:
        opened = open_envelope(data, STATEMENT_PAYLOAD)
    except EnvelopeError as exc:
        raise RegistryError(f"not a signed statement: {exc}", category="invalid_payload") from exc
    names = signed_by(opened, trusted)
    if len(names) < threshold:
        raise RegistryError(
            f"{len(names)} of the trusted keys signed the statement, not {threshold}",
            category="auth",
            hint="trust the keys that the registry's policy names for statements",
        )
    try:
        return model.model_validate(parse_json(opened.payload))
    except (StrictError, ValidationError) as exc:
        text = str(exc).splitlines()[0]
        raise RegistryError(f"the statement can't be understood: {text}", category="invalid_payload") from exc


def check_age(
    statement: ScopeStatement | RevocationList, *, at: str, most: int | None, seen: LastSeen | None
) -> LastSeen:
    """What to remember of a statement that is in force at the UTC time `at`.

    Raises `RegistryError`: `stale` when it has expired or is older than `most` seconds, `untrusted` when it is of the
    future, of another log, or says less or something else than the statement that was seen last.
    """
    if statement.issued_at > at:
        raise RegistryError(f"the statement is of {statement.issued_at}, later than {at}", category="untrusted")
    if statement.expires_at <= at:
        message = f"the statement expired at {statement.expires_at}"
        raise RegistryError(message, category="stale", hint="fetch a newer one; 'registry refresh' makes it")
    issued, now = (datetime.strptime(text, _TIME).replace(tzinfo=UTC) for text in (statement.issued_at, at))
    if most is not None and (now - issued).total_seconds() > most:
        message = f"the statement of {statement.issued_at} is older than {most} seconds"
        raise RegistryError(message, category="stale", hint="fetch a newer one; 'registry refresh' makes it")
    if seen is not None:
        old, new = seen.log, statement.log
        if old.origin != new.origin:
            raise RegistryError(f"the statement is of the log '{new.origin}', not '{old.origin}'", category="untrusted")
        if new.size < old.size or statement.issued_at < seen.issued_at:
            raise RegistryError(
                f"the statement is older than one seen before ({new.size} entries, {statement.issued_at})",
                category="untrusted",
                hint=f"seen: {old.size} entries, {seen.issued_at}; the host serves an old state",
            )
        if new.size == old.size and new.root != old.root:
            message = f"two statements tell different logs of {new.size} entries: the log was forked"
            raise RegistryError(message, category="untrusted")
    return LastSeen(schema="proofpress.registry-seen/1", log=statement.log, issued_at=statement.issued_at)


def resolve_statement(
    statement: ScopeStatement, scope: Mapping[str, str], *, at: str, allow_yanked: bool = False
) -> ResolveResponse:
    """The active bundle of a scope at a UTC time, by a statement that was checked. Raises as `resolve` does."""
    where = scope_text(scope_key(scope))
    if dict(scope) != statement.scope:
        message = f"the statement is about {scope_text(scope_key(statement.scope))}, not {where}"
        raise RegistryError(message, category="untrusted")
    past = [held for held in statement.history if held.at <= at]
    last = past[-1] if past else None
    if last is None or (last.active is None and last.yanked is None):
        raise RegistryError(f"nothing was active in {where} at {at}", category="none_active")
    if last.active is not None:
        return _answer(statement, last, at)
    revoked = next((each for each in statement.revoked if each.bundle_id == last.yanked), None)
    active = [held for held in past if held.active and held.active.bundle_id == last.yanked]
    if revoked is None or not active:
        raise RegistryError("the statement contradicts itself", category="untrusted")
    if not allow_yanked:
        use = revoked.upgrade_path or revoked.successor
        raise RegistryError(
            f"{revoked.bundle_id} was active in {where} and is yanked: {revoked.reason}",
            category="yanked",
            hint=f"use {use}" if use else "",
            details={
                "bundle_id": revoked.bundle_id,
                "upgrade_path": revoked.upgrade_path,
                "successor": revoked.successor,
                "yanked_at": revoked.yanked_at,
            },
        )
    return _answer(statement, active[-1], at).model_copy(
        update={
            "warnings": ("model_yanked",),
            "yanked_because": revoked.reason,
            "upgrade_path": revoked.upgrade_path,
            "successor": revoked.successor,
        }
    )


def _answer(statement: ScopeStatement, held: Held, at: str) -> ResolveResponse:
    if held.active is None:  # pragma: no cover - asked for only where something is
        raise ValueError("nothing is active")
    return ResolveResponse(
        schema="proofpress.resolve/1",
        scope=statement.scope,
        at=at,
        active=held.active,
        since=held.at,
        event_id=held.event_id,
        log=statement.log,
    )


def read_trust(text: str) -> dict[str, str]:
    """Trusted keys by name, from lines `NAME ed25519:…`; `#` begins a comment. Raises `RegistryError`."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            name, key = words
            found[name] = _Key.model_validate({"key": key}).key
        except (ValueError, ValidationError) as exc:
            message = f"line {number} of the trusted keys is not NAME ed25519:…"
            raise RegistryError(message, category="invalid_payload", hint="'proofpress key show' prints a key") from exc
    if not found:
        raise RegistryError("no key is trusted", category="invalid_payload", hint="write lines NAME ed25519:…")
    return found


class _Key(Model):
    key: PublicKey


def _ref(registry: Registry, name: str) -> BundleRef:
    state = registry.bundles[name]
    return BundleRef(bundle_id=name, pack_id=state.pack_id, model_id=state.model_id)


def _sealed(fields: Mapping[str, Any], keys: Sequence[SigningKey]) -> bytes:
    return seal(STATEMENT_PAYLOAD, dump_json(dict(fields), indent=None).encode(), keys)

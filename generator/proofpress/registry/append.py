"""A new event → the line that the log grows by, or the reason why it may not."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from proofpress.errors import UsageError
from proofpress.ingest.schema import schema_findings
from proofpress.registry.events import EVENTS, LOG, SCHEMA_VERSION, Event
from proofpress.registry.fold import REACHED, Fold
from proofpress.registry.log import Log, Logged, line_of
from proofpress.registry.state import Registry, scope_key

GENERATED_BY: Final = "proofpress.registry"
_BOOKKEEPING: Final = {"schema_version", "generated_by", "seq", "prev", "at", "by", "reason"}


def append(log: Log, fields: Mapping[str, Any]) -> bytes:
    """The line for a new event: its kind and the kind's fields, without version, number and digest.

    Empty when the log already says so. Raises `UsageError`, whose hint names the legal moves, when the event may not
    be, and when the log itself is broken.
    """
    fold = Fold()
    for logged in log:
        fold.apply(logged)
    registry = fold.registry()
    if not registry.intact:
        raise UsageError(
            f"the log is broken: {registry.errors[0].message}", hint="'proofpress registry log' tells all that is wrong"
        )
    event = _event(registry, fields)
    if _repeats(registry, log, event):
        return b""
    fold.apply(Logged(event=event, sha256=""))
    if fold.findings:
        finding = fold.findings[0]
        text = f"{finding.rule} {event.bundle_id}: {finding.message.partition(': ')[2]}"
        raise UsageError(f"{text} (expected {finding.expected}, found {finding.found})", hint=finding.hint)
    return line_of(event)


def _event(registry: Registry, fields: Mapping[str, Any]) -> Event:
    kind = EVENTS.get(str(fields.get("kind")))
    if kind is None:
        raise UsageError(f"there is no event '{fields.get('kind')}'", hint=f"events: {', '.join(EVENTS)}")
    header = {
        "schema_version": SCHEMA_VERSION,
        "generated_by": GENERATED_BY,
        "seq": registry.size + 1,
        "prev": registry.head,
    }
    try:
        event = kind.model.model_validate({**header, **fields})
    except ValidationError as exc:
        finding = schema_findings(LOG, exc)[0]
        raise UsageError(f"{kind.name}: {finding.pointer}: {finding.message}", hint=finding.hint) from exc
    if not isinstance(event, Event):  # pragma: no cover - EVENTS holds nothing else
        raise TypeError(kind.name)
    return event


def _repeats(registry: Registry, log: Log, event: Event) -> bool:
    """Whether the log already says what the event says, at whatever time and by whomever.

    The bundle must still be where the event would bring it. A reason that was left out repeats any; a new one is
    an event that is judged as such, since the log is not edited.
    """
    state = registry.bundles.get(event.bundle_id)
    if state is None or state.pack_id != event.pack_id:
        return False
    if event.kind == "registered":
        return True
    last = next(
        (
            logged.event
            for logged in reversed(log)
            if logged.event.bundle_id == event.bundle_id and _said(logged.event) == _said(event)
        ),
        None,
    )
    if last is None or (event.reason is not None and event.reason != last.reason):
        return False
    scope = getattr(event, "scope", None)
    if event.kind == "activated":
        return scope_key(scope or {}) in state.scopes
    if event.kind == "retired":
        return scope_key(scope) not in state.scopes if scope else state.status == "RETIRED"
    if event.kind == "rolled_back":
        return registry.active(scope or {}) == getattr(event, "restores", None)
    return state.status == REACHED[event.kind]


def _said(event: Event) -> dict[str, Any]:
    return event.model_dump(exclude=_BOOKKEEPING)

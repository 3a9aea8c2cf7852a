"""The append-only lifecycle log: events, their fold into a registry, and the one writer."""

from proofpress.registry.append import append
from proofpress.registry.events import EVENTS, LOG, Event
from proofpress.registry.fold import fold
from proofpress.registry.log import Log, Logged, parse_log
from proofpress.registry.rules import REGISTRY_RULES
from proofpress.registry.state import (
    BundleState,
    Registry,
    ReleaseStanding,
    ScopeKey,
    Status,
    Step,
    Tenure,
    scope_key,
    scope_text,
)
from proofpress.registry.store import RegistryError, read_log, record, submit

__all__ = [
    "EVENTS",
    "LOG",
    "REGISTRY_RULES",
    "BundleState",
    "Event",
    "Log",
    "Logged",
    "Registry",
    "RegistryError",
    "ReleaseStanding",
    "ScopeKey",
    "Status",
    "Step",
    "Tenure",
    "append",
    "fold",
    "parse_log",
    "read_log",
    "record",
    "scope_key",
    "scope_text",
    "submit",
]

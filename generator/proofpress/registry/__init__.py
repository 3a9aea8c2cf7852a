"""The lifecycle log: signed requests, the Merkle tree over them, their fold into a registry, and the one writer."""

from proofpress.registry.events import EVENTS, FOLDER, LOG, Request, Status
from proofpress.registry.fold import Fold, fold
from proofpress.registry.messages import RegistryError
from proofpress.registry.opened import open_registry
from proofpress.registry.resolve import resolve
from proofpress.registry.rules import REGISTRY_RULES
from proofpress.registry.sequence import sequence
from proofpress.registry.state import (
    BundleState,
    Registry,
    ReleaseStanding,
    ScopeKey,
    Step,
    Tenure,
    scope_key,
    scope_text,
)

__all__ = [
    "EVENTS",
    "FOLDER",
    "LOG",
    "REGISTRY_RULES",
    "BundleState",
    "Fold",
    "Registry",
    "RegistryError",
    "ReleaseStanding",
    "Request",
    "ScopeKey",
    "Status",
    "Step",
    "Tenure",
    "fold",
    "open_registry",
    "resolve",
    "scope_key",
    "scope_text",
    "sequence",
]

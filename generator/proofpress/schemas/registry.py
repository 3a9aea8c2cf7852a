"""The registry's public messages in one schema, and the output of its commands."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from proofpress.evidence.attestation import GateReceipt
from proofpress.evidence.registration import Platform
from proofpress.evidence.signed import Envelope
from proofpress.registry.events import EVENTS, Entry
from proofpress.registry.messages import (
    ErrorResponse,
    LifecycleEvent,
    PublishResponse,
    ResolveRequest,
    ResolveResponse,
)
from proofpress.registry.statements import LastSeen, RevocationList, ScopeStatement
from proofpress.schemas.outputs import FINDING
from proofpress.schemas.shapes import COUNT, SHA256, TEXT, closed, listed

MESSAGES: Final[tuple[type[BaseModel], ...]] = (
    *(kind.model for kind in EVENTS.values()),
    *(PublishResponse, GateReceipt, LifecycleEvent, ResolveRequest, ResolveResponse, ErrorResponse),
    *(Envelope, Entry, Platform, ScopeStatement, RevocationList, LastSeen),
)
"""What the registry takes, signs, logs, states and answers."""


def contracts(generator: type[GenerateJsonSchema]) -> dict[str, Any]:
    """The schema of all public messages: each under `$defs` by the name of its model; a message is one of them."""
    named, body = models_json_schema([(model, "validation") for model in MESSAGES], schema_generator=generator)
    return {**body, "anyOf": [named[model, "validation"] for model in MESSAGES]}


_NULLABLE: Final = {"type": ["string", "null"]}
_HEAD: Final = closed({"size": COUNT, "root": SHA256})
_EVENT: Final = closed(
    {
        "event_id": COUNT,
        "bundle_id": TEXT,
        "event_type": {**TEXT, "description": "superseded, restored: what an event did to a second bundle."},
        "scope": {"type": ["object", "null"], "additionalProperties": TEXT},
        "from_state": _NULLABLE,
        **dict.fromkeys(("to_state", "actor"), TEXT),
        "signers": listed(TEXT),
        **dict.fromkeys(("observed_at", "signed_at"), TEXT),
        **dict.fromkeys(("occurred_at", "reason", "other"), _NULLABLE),
    }
)
OUTPUTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "registry-log": (
        "Output of registry log with --format json",
        {
            "head": _HEAD,
            "policies": listed(
                closed({"event_id": COUNT, "at": TEXT, "policy": SHA256, "by": TEXT, "signers": listed(TEXT)})
            ),
            "events": listed(_EVENT),
            "active": listed(
                closed(
                    {
                        "scope": {"type": "object", "additionalProperties": TEXT},
                        "bundle": {**_NULLABLE, "description": "null: nothing is active."},
                    }
                )
            ),
        },
    ),
    "registry-request": (
        "Output of registry request and adopt with --format json",
        {
            "kind": {"enum": list(EVENTS)},
            "written": {"type": "boolean", "description": "false: the registry says so already."},
            "request": TEXT,
            "digest": SHA256,
            "missing_signatures": COUNT,
        },
    ),
    "registry-sequence": (
        "Output of registry sequence with --format json",
        {
            "placed": listed(closed({"seq": COUNT, "at": TEXT, "kind": {"enum": list(EVENTS)}, "bundle": _NULLABLE})),
            "repeated": listed(TEXT),
            "refused": listed(FINDING),
            "checkpoint": {"anyOf": [_HEAD, {"type": "null"}]},
        },
    ),
    "registry-refresh": ("Output of registry refresh with --format json", {"statements": listed(TEXT)}),
    "verify-receipt": (
        "Output of verify-receipt with --format json",
        {
            "release_id": TEXT,
            "model_id": TEXT,
            "rows": COUNT,
            "ok": {"type": "boolean"},
            "differences": listed(TEXT),
            "warnings": listed({"enum": ["model_yanked"]}),
            "yanked": {"anyOf": [closed({"bundle_id": TEXT, "reason": TEXT, "use": _NULLABLE}), {"type": "null"}]},
        },
    ),
}

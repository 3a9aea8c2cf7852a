"""The shapes of what is told of gates and sign-offs."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from proofpress.schemas.shapes import BELOW, PACK_ID, SHA256, TEXT, closed, listed
from proofpress.signoff.standing import State

_DECISION: Final = {"enum": ["approved", "refused"]}
SIGNED: Final[tuple[str, Mapping[str, Any]]] = (
    "A sign-off that was written: output of signoff with --format json",
    {
        **dict.fromkeys(("bundle_id", "role", "key", "signed_at"), TEXT),
        "pack_id": PACK_ID,
        "decision": _DECISION,
        "path": {**TEXT, "description": "From the instance's folder."},
        "sha256": SHA256,
    },
)
_SIGNATURE: Final = closed(
    {
        **dict.fromkeys(("role", "key", "signed_at"), TEXT),
        "decision": _DECISION,
        "counts": {"type": "boolean", "description": "Nothing speaks against it."},
        "url": BELOW,
    }
)
DECIDED: Final[Mapping[str, Any]] = {
    "gate": {"enum": ["PASS", "FAIL", None], "description": "null: no receipt of the gates was kept."},
    "signoff": closed({"state": {"enum": list(get_args(State))}, "signed": listed(_SIGNATURE)}),
}
"""What gates and people say of a release, in its published JSON."""

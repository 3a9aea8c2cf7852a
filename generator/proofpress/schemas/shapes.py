"""The pieces that schemas of outputs are made of."""

from collections.abc import Mapping
from typing import Any, Final

TEXT: Final = {"type": "string"}
COUNT: Final = {"type": "integer", "minimum": 0}
RULE: Final = {"type": "string", "pattern": "^[A-Z]{3}[0-9]{3}$"}
PACK_ID: Final = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
SHA256: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
DATE: Final = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
BELOW: Final = {**TEXT, "description": "From the site's root."}


def closed(properties: Mapping[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """The schema of an object that holds these properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def listed(items: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a list of such items."""
    return {"type": "array", "items": items}

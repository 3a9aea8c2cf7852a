"""The shape of what a card tells of derivations."""

from typing import Any, Final

_TEXT: Final = {"type": "string"}
_FIELDS: Final[dict[str, Any]] = {
    "files": {"type": "object", "additionalProperties": _TEXT},
    "targets": {"type": "object", "additionalProperties": {"type": "array", "items": _TEXT}},
    "infeasible": {"type": "array", "items": _TEXT},
}
DERIVED: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "object", "properties": _FIELDS, "required": list(_FIELDS), "additionalProperties": False},
        {"type": "null"},
    ],
    "description": "Digests of records of derivations by path, targets, and values that are infeasible.",
}

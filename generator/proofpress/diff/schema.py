"""The JSON Schema of a diff report."""

from typing import Any, Final

from proofpress.diff.change import DIRECTIONS, KINDS

SCHEMA: Final = "proofpress.diff/1"
SCHEMA_VERSION: Final = "1.1.0"

_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_NUMBER: Final = {"type": "number"}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _closed(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def report_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of what `json_report` writes, for `proofpress.diff/1`."""
    side = _closed(
        {
            "bundle_id": _TEXT,
            "release_id": _TEXT,
            "pack_id": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
        }
    )
    section = _closed({"path": _TEXT, "added": _COUNT, "removed": _COUNT})
    change = _closed(
        {
            "code": {"type": "string", "pattern": "^[A-Z]{3}(-[A-Z]+)+$"},
            "kind": {"enum": list(KINDS)},
            "subject": _TEXT,
            "old": {
                **_or_null(_TEXT),
                "description": "Exact text of the old evidence; null: there is no value.",
            },
            "new": {
                **_or_null(_TEXT),
                "description": "Exact text of the new evidence; null: there is no value.",
            },
            "unit": _TEXT,
            "delta": {**_or_null({"type": "number"}), "description": "new - old, without rounding."},
            "relative_delta": {
                **_or_null({"type": "number"}),
                "description": "delta / |old|, to six digits; null from zero or across it.",
            },
            "direction": {"enum": list(DIRECTIONS)},
            "intervals_overlap": _or_null({"type": "boolean"}),
            "reason": {"type": "string", "description": "Why the two sides can't be compared, else empty."},
            "explanation": _TEXT,
            "test": _closed(
                {
                    **dict.fromkeys(("difference", "ci_low", "ci_high", "p_value", "p_adjusted"), _NUMBER),
                    "n": _COUNT,
                    "method": _TEXT,
                }
            ),
            "document": _closed(
                {
                    "sections": {"type": "array", "items": section},
                    "patch": {"type": "string", "description": "Unified diff, cut when `truncated`."},
                    "truncated": {"type": "boolean"},
                }
            ),
            "file": _closed(
                {
                    "old_role": _or_null(_TEXT),
                    "new_role": _or_null(_TEXT),
                    "old_size": _or_null(_COUNT),
                    "new_size": _or_null(_COUNT),
                }
            ),
        },
        optional=("test", "document", "file"),
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Typed changes between two releases",
        **_closed(
            {
                "schema": {"const": SCHEMA},
                "schema_version": {"type": "string", "pattern": r"^1\.\d+\.\d+$"},
                "generated_by": _TEXT,
                "old": side,
                "new": side,
                "declared_predecessor": {"type": "boolean"},
                "summary": _closed({**dict.fromkeys(DIRECTIONS, _COUNT), "unchanged": _COUNT}),
                "changes": {"type": "array", "items": change},
            }
        ),
    }

"""JSON text that keeps numbers exact: a `Number` is written with the characters it was read with."""

from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring as _quote
from typing import Any

from pydantic import BaseModel

from proofpress.evidence.values import Number


def dump_json(value: Any, *, indent: int | None = 2) -> str:
    """Write a value as JSON text ending in a newline; models, mappings, sequences and exact numbers.

    Keys keep their order. Floats are written by `repr`, decimals in plain notation; NaN and infinity raise
    `ValueError`. With `indent=None` the text is compact and on one line.
    """
    parts: list[str] = []
    _write(value, "\n" if indent is not None else "", " " * (indent or 0), parts)
    parts.append("\n")
    return "".join(parts)


def plain(value: Any) -> Any:
    """Turn models into dictionaries of their set fields, recursively; other values stay as they are."""
    if isinstance(value, BaseModel):
        return {name: plain(item) for name, item in value if name in value.model_fields_set}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, Number):
        return value.token
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("JSON has no NaN and no infinity")
        return format(value, "f")
    if isinstance(value, float):
        if value != value or value in {float("inf"), float("-inf")}:
            raise ValueError("JSON has no NaN and no infinity")
        return repr(value)
    if isinstance(value, int):
        return str(int(value))
    raise TypeError(f"not a JSON value: {type(value).__name__}")


def _write(value: Any, newline: str, step: str, parts: list[str]) -> None:
    if isinstance(value, BaseModel):
        value = plain(value)
    inner = newline + step
    comma = "," + inner if newline else ", "
    if isinstance(value, Mapping):
        if not value:
            parts.append("{}")
            return
        parts.append("{" + inner)
        for index, (key, item) in enumerate(value.items()):
            parts.append((comma if index else "") + _quote(key) + ": ")
            _write(item, inner if newline else "", step, parts)
        parts.append(newline + "}")
    elif isinstance(value, tuple | list):
        if not value:
            parts.append("[]")
            return
        parts.append("[" + inner)
        for index, item in enumerate(value):
            if index:
                parts.append(comma)
            _write(item, inner if newline else "", step, parts)
        parts.append(newline + "]")
    else:
        parts.append(_scalar(value))

"""Strict YAML as people read it: blocks of names and items; every scalar as JSON, so that all readers read it alike."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from proofpress.evidence.jsontext import dump_json, plain

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def dump_yaml(value: Mapping[str, Any]) -> str:
    """A mapping of JSON values as YAML text; models are written with their set fields. Numbers stay exact."""
    return "".join(f"{line}\n" for line in _lines(plain(value)))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            shown = name if _PLAIN_NAME.fullmatch(name) else _scalar(name)
            if isinstance(item, Mapping | list) and item:
                yield f"{shown}:"
                yield from (f"  {line}" for line in _lines(item))
            else:
                yield f"{shown}: {_scalar(item)}"
    elif isinstance(value, list) and value:
        for item in value:
            first, *others = _lines(item)
            yield f"- {first}"
            yield from (f"  {line}" for line in others)
    else:
        yield _scalar(value)


def _scalar(value: Any) -> str:
    return dump_json(value, indent=None).rstrip("\n")

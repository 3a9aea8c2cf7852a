"""What views are made of: JSON values as texts that know their place, in lists, mappings and records."""

from collections.abc import Iterable, Mapping
from typing import Any

from proofpress.evidence.base import Absence
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.values import Number
from proofpress.render.sourced import Sourced

Row = dict[str, Any]


def text(value: Any) -> str:
    """A value as it stands in JSON, without quotes around text."""
    if type(value) is str:
        return value
    if type(value) is Number:
        return value.token
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return dump_json(value, indent=None).strip() if isinstance(value, dict | tuple) else str(value)


def src(file: str, pointer: str, value: Any) -> Sourced:
    """A value as text that knows its file and JSON pointer."""
    return Sourced(text(value), f"{file}#{pointer}")


def fields(file: str, document: Any, names: Iterable[str]) -> Row:
    """The named fields of a document."""
    return {name: src(file, f"/{name}", getattr(document, name)) for name in names}


def texts(file: str, pointer: str, values: Iterable[Any]) -> list[Sourced]:
    """The items of a list."""
    return [src(file, f"{pointer}/{index}", value) for index, value in enumerate(values)]


def mapping(file: str, pointer: str, values: Mapping[str, Any], prefix: str = "") -> list[Row]:
    """Rows of a nested mapping, its names joined by dots, sorted by name."""
    rows: list[Row] = []
    for name, value in sorted(values.items()):
        where = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if isinstance(value, dict) and value:
            rows += mapping(file, where, value, f"{prefix}{name}.")
        else:
            rows.append({"name": Sourced(prefix + name, f"{file}#{where}"), "value": src(file, where, value)})
    return rows


def records(file: str, pointer: str, items: Iterable[Any], names: Iterable[str]) -> list[Row]:
    """The named fields of each item of a list; `has` names those that are there."""
    columns = tuple(names)
    return [
        {name: src(file, f"{pointer}/{index}/{name}", getattr(item, name)) for name in columns}
        | {"has": {name for name in columns if getattr(item, name) is not None}}
        for index, item in enumerate(items)
    ]


def absence(file: str, pointer: str, why: Absence | None) -> Sourced:
    """Code and reason of an absent value."""
    if why is None:
        return Sourced("not stated", f"{file}#{pointer}")
    return Sourced(f"{why.code}: {why.reason}", f"{file}#{pointer}/reason")

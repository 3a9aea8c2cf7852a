"""What people write for a builder: one strict file with exactly the fields that the builder asks for."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from proofpress.errors import IngestError
from proofpress.evidence.values import JsonObject
from proofpress.ingest.sources import read_file
from proofpress.pack.writer import PackError, read_fields


def read_given(file: Path) -> bytes:
    """The bytes of a file that a command was given. Raises `IngestError`."""
    try:
        return read_file(file)
    except OSError as exc:
        raise IngestError(f"{file.name}: can't be read ({exc.strerror or exc})", hint="name a regular file") from exc


def asked_fields(file: Path, *, required: Collection[str], optional: Collection[str] = ()) -> JsonObject:
    """The fields of a JSON or YAML file. Raises `PackError` that names every missing and unknown field."""
    found = read_fields(file)
    missing = [name for name in required if name not in found]
    unknown = [name for name in found if name not in {*required, *optional}]
    if missing or unknown:
        parts = (("lacks", missing), ("has unknown fields", unknown))
        raise PackError(
            f"{file.name} " + " and ".join(f"{verb} {', '.join(names)}" for verb, names in parts if names),
            hint=f"fields: {', '.join(required)}" + (f"; may have {', '.join(optional)}" if optional else ""),
        )
    return found


def identity_of(given: Mapping[str, Any], sources: Mapping[str, object | None]) -> JsonObject:
    """Each named field as it was given, else as a document of the folder states it.

    `sources` maps a field to that document, None when the folder does not hold it. Raises `PackError` that names every
    field which nothing states.
    """
    found = {name: getattr(document, name) for name, document in sources.items() if document is not None}
    found |= {name: given[name] for name in sources if name in given}
    if lacking := [name for name in sources if name not in found]:
        raise PackError(
            f"nothing states {', '.join(lacking)}",
            hint="build the documents that this one is about first, or state the fields",
        )
    return found

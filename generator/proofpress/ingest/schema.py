"""The `schema_version` contract: which versions are read, and what happens to fields that are unknown.

Same MAJOR: accepted. A MINOR newer than this reader's: unknown fields are dropped and listed, unless the
document's `requires` names them. A MINOR that this reader knows: unknown fields are refused.
"""

import copy
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from proofpress.errors import IngestError, SchemaCompatError
from proofpress.evidence.base import Document
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import DocumentKind
from proofpress.ingest.migrations import path_from
from proofpress.ingest.strict import pointer_of

_SEMVER = re.compile(r"(\d{1,9})\.(\d{1,9})\.(\d{1,9})", re.ASCII)


def read_document(kind: DocumentKind, raw: Any) -> tuple[Document | None, tuple[Finding, ...]]:
    """Validate a parsed document against its kind. Returns the model (None when refused) and findings."""
    if not isinstance(raw, dict):
        return None, (_violation(kind.path, "", "the document is not an object", "an object", _short(raw)),)
    newer, refusal = _version(kind, raw)
    if refusal is not None:
        return None, (refusal,)
    for index, name in enumerate(_required(raw)):
        if name not in _field_names(kind.model):
            return None, (_not_understood(kind, raw, name, index),)
    try:
        return kind.model.model_validate(raw), ()
    except ValidationError as exc:
        if newer:
            return _read_newer(kind, raw)
        return None, tuple(_findings(kind.path, exc))


def read_mapping(path: str, raw: Any) -> tuple[dict[str, Any] | None, tuple[Finding, ...]]:
    """A parsed file of names and values. Returns None when there is none or it is something else, and findings."""
    if raw is None or isinstance(raw, dict):
        return raw, ()
    message, found = "parameters are not a mapping", f"a {type(raw).__name__}"
    return None, (_violation(path, "", message, "a mapping of names and values", found, "write it with its builder"),)


def _required(raw: dict[str, Any]) -> tuple[str, ...]:
    names = raw.get("requires")
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, tuple) else ()


@cache
def _field_names(model: type[BaseModel]) -> frozenset[str]:
    """Names of all fields of a model and of the models in it."""
    names = set(model.model_fields)
    for field in model.model_fields.values():
        for inner in _models_in(field.annotation):
            names |= _field_names(inner)
    return frozenset(names)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _not_understood(kind: DocumentKind, raw: dict[str, Any], name: str, index: int) -> Finding:
    return Finding(
        rule="SCH002",
        file=kind.path,
        pointer=f"/requires/{index}",
        message=f"the document requires the field '{name}', unknown to this reader",
        expected=f"a reader of schema {raw.get('schema_version')}",
        found=f"a reader of schema {kind.schema_version}",
        hint="use a newer Proofpress",
    )


def _version(kind: DocumentKind, raw: dict[str, Any]) -> tuple[bool, Finding | None]:
    known = _SEMVER.fullmatch(kind.schema_version)
    found = raw.get("schema_version")
    match = _SEMVER.fullmatch(found) if isinstance(found, str) else None
    if known is None or match is None:
        return False, None  # the model refuses a missing or malformed version by its pointer
    if match[1] != known[1]:
        direction = "newer" if int(match[1]) > int(known[1]) else "older"
        return False, Finding(
            rule="SCH002",
            file=kind.path,
            pointer="/schema_version",
            message=f"schema {found} is of a {direction} MAJOR than this reader's {kind.schema_version}",
            expected=f"{known[1]}.x.y",
            found=str(found),
            hint="use a Proofpress that reads this schema" if direction == "newer" else migration_hint(kind, found),
        )
    return int(match[2]) > int(known[2]), None


def migration_hint(kind: DocumentKind, version: object) -> str:
    """The migration to run for an older document, or that there is none."""
    steps = path_from(kind, version)
    if steps:
        return f"run 'proofpress migrate PACK --write', which applies {', '.join(steps)}"
    return f"no migration from schema {version} is known: write the document again with its builder"


def document_of(kind: DocumentKind, raw: Any) -> Document:
    """A parsed document as its model, for a program that reads evidence without a verdict.

    Raises `SchemaCompatError` for a schema that this reader can't read, naming the migration to run, and `IngestError`
    for every other document that is not valid.
    """
    document, findings = read_document(kind, raw)
    if document is not None:
        return document
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    told = "; ".join(f"{item.file}{item.pointer}: {item.message}" for item in findings)
    if any(item.rule == "SCH002" for item in findings):
        raise SchemaCompatError(told, hint=findings[0].hint, migration=path_from(kind, version))
    raise IngestError(told, hint=findings[0].hint)


def _read_newer(kind: DocumentKind, raw: dict[str, Any]) -> tuple[Document | None, tuple[Finding, ...]]:
    """Drop the fields that a newer MINOR added, as long as the document does not require them."""
    required = _required(raw)
    pruned = copy.deepcopy(raw)
    notes: list[Finding] = []
    while True:
        try:
            return kind.model.model_validate(pruned), tuple(notes)
        except ValidationError as exc:
            unknown = [item["loc"] for item in exc.errors(include_url=False) if item["type"] == "extra_forbidden"]
            if not unknown:
                return None, tuple(_findings(kind.path, exc))
        for location in unknown:
            if str(location[-1]) in required:
                return None, (_not_understood(kind, raw, str(location[-1]), required.index(str(location[-1]))),)
            holder: Any = pruned
            for step in location[:-1]:
                holder = holder[step]
            del holder[location[-1]]
            notes.append(
                Finding(
                    rule="SCH003",
                    severity="note",
                    file=kind.path,
                    pointer=pointer_of(location),
                    message=f"field '{location[-1]}' of schema {raw['schema_version']} was kept and ignored",
                    expected=f"schema {kind.schema_version}",
                    found=str(raw["schema_version"]),
                    hint="use a newer Proofpress to have it checked and shown",
                )
            )


def first_violation(exc: ValidationError) -> str:
    """Where a model was first violated, as a JSON pointer, and how, in one line."""
    first = exc.errors()[0]
    return f"/{'/'.join(map(str, first['loc']))}: {first['msg']}"


def schema_findings(file: str, error: ValidationError) -> tuple[Finding, ...]:
    """Findings for every place where a value broke its model."""
    return tuple(_findings(file, error))


def _findings(file: str, error: ValidationError) -> list[Finding]:
    found: list[Finding] = []
    for item in error.errors(include_url=False):
        kind = item["type"]
        if kind == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]:
            continue  # the validator counts valid entries alone; the invalid ones have findings of their own
        pointer = pointer_of(item["loc"])
        if kind == "extra_forbidden":
            found.append(
                _violation(
                    file,
                    pointer,
                    f"unknown field '{item['loc'][-1]}'",
                    "only fields of the schema",
                    _short(item["input"]),
                    "correct the spelling, or move it below 'extensions'",
                )
            )
        elif kind == "missing":
            found.append(_violation(file, pointer, f"field '{item['loc'][-1]}' is missing", "a value", "nothing"))
        else:
            message = _plain_words(item)
            found.append(_violation(file, pointer, message, "a value that the schema allows", _short(item["input"])))
    return found


_WORDS = {
    "is_instance_of": "a number is expected",
    "tuple_type": "a list is expected",
    "dict_type": "an object is expected",
    "model_type": "an object is expected",
    "string_type": "a text is expected",
}


def _plain_words(item: ErrorDetails) -> str:
    """The validator's message, without Python's words for JSON's things."""
    least = item.get("ctx", {}).get("min_length")
    if item["type"] == "too_short" and least:
        return f"needs at least {least} " + ("entry" if least == 1 else "entries")
    return str(_WORDS.get(item["type"], item["msg"]))


def _violation(file: str, pointer: str, message: str, expected: str, found: str, hint: str = "") -> Finding:
    return Finding(
        rule="SCH001",
        file=file,
        pointer=pointer,
        message=message[:1].lower() + message[1:],
        expected=expected[:1].lower() + expected[1:],
        found=found,
        hint=hint or "write the document again with its builder",
    )


def _short(value: Any) -> str:
    text = (
        str(value)
        if not isinstance(value, dict | tuple)
        else f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    )
    return (text if len(text) <= 120 else text[:117] + "…") or "an empty text"

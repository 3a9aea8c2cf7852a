"""Write one file of a pack: whole or not at all, strictly valid, and free of private paths."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from proofpress.errors import ExitCode, ProofpressError
from proofpress.evidence.base import Document
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import CHECKSUMS, KINDS, DocumentKind
from proofpress.evidence.values import Number, path_trouble
from proofpress.evidence.yamltext import dump_yaml
from proofpress.ingest.schema import read_document, schema_findings
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import PARSERS, StrictError, parse_json, parse_yaml
from proofpress.render.sets import RENDERED
from proofpress.verify.rules.privacy import PRIVATE_PATH

D = TypeVar("D", bound=Document)
M = TypeVar("M", bound=BaseModel)

_KIND_BY_MODEL: Final = {kind.model: kind for kind in KINDS}


class PackError(ProofpressError):
    """What a builder was given does not make a valid file of a pack."""

    exit_code = ExitCode.USAGE


def exact(value: float | Decimal, digits: int = 6) -> Number:
    """A measured value as an exact JSON number with `digits` decimals, rounded half to even."""
    decimal = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    if not decimal.is_finite():
        raise PackError(f"a measured value is {value}", hint="record it as absent, with the reason")
    return Number(format(decimal.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN) + 0, "f"))


def kind_of(model: type[Document]) -> DocumentKind:
    """Where documents of this model stand, and their newest schema version."""
    return _KIND_BY_MODEL[model]


def write_document(folder: Path, model: type[D], fields: Mapping[str, Any], *, generated_by: str, path: str = "") -> D:
    """Write a document at its place below `folder` and return it as ingest reads it.

    `schema_version` and `generated_by` are set here; `path` is the place of a document of which there may be many.
    Raises `PackError` when the text is not a valid document
    or tells a private path; then nothing is written.
    """
    text = document_text(model, fields, generated_by=generated_by, path=path)
    write_text(folder, kind_of(model).at(path).path, text)
    return parse_document(model, text.encode("utf-8"), path=path)


def document_text(model: type[D], fields: Mapping[str, Any], *, generated_by: str, path: str = "") -> str:
    """The text of a document with its header. Raises `PackError` when it is not valid or tells a private path."""
    kind = kind_of(model).at(path)
    dump = dump_yaml if kind.path.endswith(".yaml") else dump_json
    text = dump({"schema_version": kind.schema_version, "generated_by": generated_by, **fields})
    parse_document(model, text.encode("utf-8"), path=path)
    refuse_private(kind.path, text)
    return text


def parse_document(model: type[D], data: bytes, *, path: str = "") -> D:
    """Read a document's bytes by the strict parse of ingest. Raises `PackError`, naming each violation."""
    kind = kind_of(model).at(path)
    try:
        parse = parse_yaml if kind.path.endswith(".yaml") else parse_json
        document, findings = read_document(kind, parse(data))
    except StrictError as exc:
        raise PackError(f"{kind.path}{exc.pointer}: {exc}") from exc
    if not isinstance(document, model):
        raise PackError("; ".join(f"{item.file}{item.pointer}: {item.message}" for item in findings))
    return document


def document_in(folder: Path, model: type[D]) -> D | None:
    """The document of a kind that a folder holds, None without one. Raises `PackError` on an invalid one."""
    try:
        return parse_document(model, read_file(folder / kind_of(model).path))
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise PackError(f"{kind_of(model).path} can't be read: {exc.strerror or exc}") from exc


def read_structured(path: Path) -> Any:
    """A JSON or YAML file as the strict readers read it. Raises `PackError`."""
    parse = PARSERS.get(path.suffix)
    if parse is None:
        raise PackError(f"{path.name} is neither JSON nor YAML by its name", hint="name it .json, .yaml or .yml")
    try:
        return parse(read_file(path))
    except OSError as exc:
        raise PackError(f"{path.name} can't be read: {exc.strerror or exc}") from exc
    except StrictError as exc:
        raise PackError(f"{path.name}{exc.pointer}: {exc}") from exc


def read_fields(path: Path) -> dict[str, Any]:
    """The fields of a file that people wrote as strict JSON or YAML. Raises `PackError`."""
    fields = read_structured(path)
    if not isinstance(fields, dict):
        raise PackError(f"{path.name} is not a mapping of fields")
    return fields


def read_model(path: Path, model: type[M]) -> M:
    """A JSON or YAML file as a closed model. Raises `PackError`, naming each violation."""
    try:
        return model.model_validate(read_structured(path))
    except ValidationError as exc:
        found = schema_findings(path.name, exc)
        raise PackError("; ".join(f"{item.file}{item.pointer}: {item.message}" for item in found)) from exc


def write_text(folder: Path, path: str, text: str) -> None:
    """Write UTF-8 text at a pack path. Raises `PackError` when the text tells a private absolute path."""
    refuse_private(path, text)
    write_bytes(folder, path, text.encode("utf-8"))


def refuse_private(path: str, text: str) -> None:
    """Raise `PackError` when a text that is to stand at a pack path tells a private absolute path."""
    if found := private_path(text):
        raise PackError(
            f"{path} would publish the private path {found}",
            hint="run with paths relative to the working folder, or leave the line out",
        )


def write_bytes(folder: Path, path: str, data: bytes) -> None:
    """Write bytes at a pack path by a temporary file and a rename. Raises `PackError` on a bad path."""
    _place(folder, path, lambda staged: staged.write_bytes(data))


def copy_file(source: Path, folder: Path, path: str) -> None:
    """Copy a file to a pack path in pieces, by a temporary file and a rename. Raises `PackError` on a bad path."""
    _place(folder, path, lambda staged: shutil.copyfile(source, staged, follow_symlinks=False))


def _place(folder: Path, path: str, write: Callable[[Path], object]) -> None:
    if trouble := path_trouble(path):
        raise PackError(f"the pack path '{path}' {trouble}")
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(f".{target.name}.part")
    try:
        write(staged)
        staged.replace(target)
    finally:
        staged.unlink(missing_ok=True)


def described(path: str, data: bytes) -> dict[str, Any]:
    """Path, digest and size of bytes that will stand at a pack path."""
    return {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def produced(folder: Path, path: str) -> dict[str, Any]:
    """Path, digest and size of a file of the pack, read in pieces.

    Raises `PackError` when there is none, or a link in its place.
    """
    file = folder / path
    if file.is_symlink() or not file.is_file():
        raise PackError(f"{path} is not a file of the pack", hint="put a plain copy of it there")
    with file.open("rb") as stream:
        return {"path": path, "sha256": hashlib.file_digest(stream, "sha256").hexdigest(), "size": stream.tell()}


def files_below(folder: Path, section: str) -> list[str]:
    """Paths of the files that a section of a pack holds, without those that assembly writes: documents, checksums."""
    found = (item.relative_to(folder).as_posix() for item in (folder / section).rglob("*") if not item.is_dir())
    return sorted(path for path in found if path not in RENDERED and path != f"{section}/{CHECKSUMS}")


def clear(folder: Path, paths: Iterable[str]) -> None:
    """Remove what a builder owns before it begins: no output of an earlier run may pass for one of this run."""
    for path in paths:
        (folder / path).unlink(missing_ok=True)


def private_path(text: str) -> str | None:
    """The first absolute path of a private place in a text: home and temporary folders, drives, file URLs."""
    for place in {str(Path.home()), str(Path.cwd())} - {os.sep}:
        if place.count(os.sep) > 1 and place in text:
            return place
    match = PRIVATE_PATH.search(text)
    return match[0] if match else None

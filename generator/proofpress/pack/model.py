"""The model's own files, their manifest, and the model package."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from proofpress.evidence.model import ModelManifest, ModelPackage
from proofpress.evidence.values import JsonObject, path_trouble
from proofpress.pack.writer import (
    PackError,
    clear,
    document_text,
    kind_of,
    produced,
    write_bytes,
    write_document,
    write_text,
)

_LABEL: Final = "proofpress.pack.model"
_IDENTITY: Final = ("release_id", "model_id", "run_id", "commit", "dataset_snapshot_id")
ModelFileRole = Literal["weights", "config", "calibration", "tokenizer", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelBytes:
    """A file of the model: its path below `model/`, its role and its bytes."""

    path: str
    role: ModelFileRole
    data: bytes


def write_model(folder: Path, *, model_format: str, files: tuple[ModelBytes, ...]) -> str:
    """Write the model's files and `model/manifest.json`; return the `model_id`, the digest of the manifest.

    Equal files give an equal `model_id`, whatever the release.
    """
    for item in files:
        write_bytes(folder, f"model/{item.path}", item.data)
    return write_model_manifest(folder, model_format=model_format, files={item.path: item.role for item in files})


def model_files(given: Any) -> dict[str, ModelFileRole]:
    """Path to role of the files that people list as `[{"path": …, "role": …}, …]`. Raises `PackError`."""
    items = given if isinstance(given, tuple | list) else ()
    files = {
        item["path"]: item["role"]
        for item in items
        if isinstance(item, Mapping) and set(item) == {"path", "role"} and isinstance(item["path"], str)
    }
    if not files or len(files) != len(items):
        raise PackError("files of a model are a list of path and role, each path once")
    return files


def write_model_manifest(folder: Path, *, model_format: str, files: Mapping[str, ModelFileRole]) -> str:
    """Write `model/manifest.json` for files that lie below `model/` already, by path and role; return the `model_id`.

    Files are hashed in pieces, so that weights may be of any size.
    """
    text = _manifest_text(folder, model_format=model_format, files=files)
    clear(folder, (kind_of(ModelPackage).path,))
    write_text(folder, kind_of(ModelManifest).path, text)
    return _model_id(text)


def write_described_model(
    folder: Path, *, files: Mapping[str, ModelFileRole], description: Mapping[str, Any], identity: Mapping[str, Any]
) -> tuple[str, ...]:
    """Write manifest and package of a model that lies below `model/` already; returns their paths.

    `description` holds the format and what the package says; `identity` whatever else `write_model_package` takes.
    Raises `PackError` on what makes no valid documents; then earlier ones stay as they are.
    """
    manifest = _manifest_text(folder, model_format=description["format"], files=files)
    fields = _package_fields(**identity, model_id=_model_id(manifest), description=description)
    package = document_text(ModelPackage, fields, generated_by=_LABEL)
    paths = kind_of(ModelManifest).path, kind_of(ModelPackage).path
    clear(folder, paths)
    for path, text in zip(paths, (manifest, package), strict=True):
        write_text(folder, path, text)
    return paths


def _manifest_text(folder: Path, *, model_format: str, files: Mapping[str, ModelFileRole]) -> str:
    if not files:
        raise PackError("a model without files has no identity")
    return document_text(
        ModelManifest,
        {
            "format": model_format,
            "files": [_file(folder, path, files[path]) for path in sorted(files)],
        },
        generated_by=_LABEL,
    )


def _model_id(manifest: str) -> str:
    return "sha256:" + hashlib.sha256(manifest.encode("utf-8")).hexdigest()


def model_id_of(folder: Path) -> str:
    """The identity of the model that a folder holds. Raises `PackError` when it holds none."""
    place = kind_of(ModelManifest).path
    if not (folder / place).exists():
        raise PackError(f"the folder has no {place}", hint="write the model first")
    return f"sha256:{produced(folder, place)['sha256']}"


def _file(folder: Path, path: str, role: ModelFileRole) -> dict[str, Any]:
    place = f"model/{path}"
    if trouble := path_trouble(place):
        raise PackError(f"the model's file '{place}' {trouble}", hint="copy the model's files below model/ first")
    return {"path": path, "role": role} | produced(folder, place) | {"path": path}


def write_model_package(
    folder: Path,
    *,
    release_id: str,
    model_id: str,
    run_id: str,
    commit: str,
    dataset_snapshot_id: str,
    parameters: Mapping[str, Any],
    description: Mapping[str, Any],
) -> ModelPackage:
    """Write `model/model_package.json`. `description`: architecture, inputs, outputs, usage, limitations."""
    fields = _package_fields(
        release_id=release_id,
        model_id=model_id,
        run_id=run_id,
        commit=commit,
        dataset_snapshot_id=dataset_snapshot_id,
        parameters=parameters,
        description=description,
    )
    return write_document(folder, ModelPackage, fields, generated_by=_LABEL)


def _package_fields(*, description: Mapping[str, Any], parameters: Mapping[str, Any], **identity: str) -> JsonObject:
    return {
        **{name: identity[name] for name in _IDENTITY},
        "architecture": description["architecture"],
        "parameters": parameters,
        "inputs": description["inputs"],
        "outputs": description["outputs"],
        "usage": description.get("usage", ()),
        "limitations": description["limitations"],
    }

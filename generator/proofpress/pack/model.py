"""The model's own files, their manifest, and the model package."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from proofpress.evidence.model import ModelManifest, ModelPackage
from proofpress.evidence.values import path_trouble
from proofpress.pack.writer import PackError, clear, kind_of, produced, write_bytes, write_document

_LABEL: Final = "proofpress.pack.model"
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
    if not files:
        raise PackError("a model without files has no identity")
    clear(folder, (kind_of(ModelManifest).path, kind_of(ModelPackage).path))
    write_document(
        folder,
        ModelManifest,
        {
            "format": model_format,
            "files": [_file(folder, path, files[path]) for path in sorted(files)],
        },
        generated_by=_LABEL,
    )
    return model_id_of(folder)


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
    return write_document(
        folder,
        ModelPackage,
        {
            "release_id": release_id,
            "model_id": model_id,
            "run_id": run_id,
            "commit": commit,
            "dataset_snapshot_id": dataset_snapshot_id,
            "architecture": description["architecture"],
            "parameters": parameters,
            "inputs": description["inputs"],
            "outputs": description["outputs"],
            "usage": description.get("usage", ()),
            "limitations": description["limitations"],
        },
        generated_by=_LABEL,
    )

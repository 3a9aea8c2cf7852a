"""The model's own files, their manifest, and the model package."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from proofpress.evidence.model import ModelManifest, ModelPackage
from proofpress.pack.writer import PackError, kind_of, write_bytes, write_document

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
    if not files:
        raise PackError("a model without files has no identity")
    for item in files:
        write_bytes(folder, f"model/{item.path}", item.data)
    write_document(
        folder,
        ModelManifest,
        {
            "format": model_format,
            "files": [
                {
                    "path": item.path,
                    "role": item.role,
                    "sha256": hashlib.sha256(item.data).hexdigest(),
                    "size": len(item.data),
                }
                for item in sorted(files, key=lambda item: item.path)
            ],
        },
        generated_by=_LABEL,
    )
    manifest = folder / kind_of(ModelManifest).path
    return "sha256:" + hashlib.sha256(manifest.read_bytes()).hexdigest()


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

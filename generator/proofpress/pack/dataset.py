"""The `dataset/` documents, from the keys and labels of every split."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.dataset import (
    CheckedInput,
    DataFile,
    DatasetInputCheck,
    DatasetManifest,
    DatasetPackage,
    DatasetSnapshot,
    DatasetSpec,
    SplitIntegrity,
    snapshot_id,
)
from proofpress.evidence.pack import CHECKSUMS
from proofpress.ingest.checksums import render_checksums
from proofpress.ingest.strict import MAX_STRUCTURED_BYTES
from proofpress.pack.dataset_spec import write_input_check, write_snapshot_report, write_spec
from proofpress.pack.writer import PackError, files_below, kind_of, produced, write_bytes, write_document

_LABEL: Final = "proofpress.pack.dataset"
SUMS: Final = f"dataset/{CHECKSUMS}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRecords:
    """The records of one split, in any order: per key kind each record's key, and each record's label.

    The first key kind is the record's identity: one key a record. Further kinds may repeat, for example the
    image from which several records were made.
    """

    name: str
    purpose: str
    keys: Mapping[str, Sequence[str]]
    labels: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFile:
    """A file of the snapshot, given by its bytes; it need not be put into the pack."""

    name: str
    data: bytes
    records: int


def key_text(keys: Iterable[str]) -> bytes:
    """Distinct keys sorted by code point, one a line. Their digest is the digest of these bytes."""
    unique = sorted(set(keys))
    if any(not key or "\n" in key for key in unique):
        raise PackError("a key is empty or holds a line feed")
    return "".join(f"{key}\n" for key in unique).encode("utf-8")


def keys_sha256(keys: Iterable[str]) -> str:
    """Digest of distinct sorted keys, each followed by a line feed, in lowercase hex."""
    return hashlib.sha256(key_text(keys)).hexdigest()


def write_dataset(
    folder: Path,
    *,
    name: str,
    splits: Sequence[SplitRecords],
    key_kinds: Mapping[str, str],
    files: Sequence[SnapshotFile],
    description: Mapping[str, Any],
    spec: Mapping[str, Any] | None = None,
) -> DatasetPackage:
    """Write key files, `split_integrity.json`, `dataset_manifest.json`, `dataset_package.json` and their checksums.

    `key_kinds` maps each key kind to its description, the record's own first. `description` holds the fields
    of the dataset package that people write: title, description, licence, sources, features, target,
    preprocessing, limitations. The snapshot id is the name and a digest of all key files and data files.

    With `spec`, what a reviewed spec says beyond that, the spec itself, the input check and the snapshot report
    are written too: `inputs` (by the file's name: reference, and sha256 and size when they are pinned),
    `assignment` (by split: how records come to be in it), `reviewed_by`, `reviewed_at`, and perhaps `limits`.
    Raises `PackError` when the inputs do not keep to it.
    """
    clear_dataset(folder)
    listed = [
        DataFile(
            name=item.name, sha256=hashlib.sha256(item.data).hexdigest(), size=len(item.data), records=item.records
        )
        for item in sorted(files, key=lambda item: item.name)
    ]
    if spec is not None:
        reviewed = write_spec(folder, _spec_fields(name, splits, key_kinds, description, spec))
        references = {item.name: item.reference for item in reviewed.inputs}
        seen = [
            CheckedInput(
                name=item.name,
                reference=references.get(item.name, item.name),
                sha256=item.sha256,
                size=item.size,
                records=item.records,
            )
            for item in listed
        ]
        check = write_input_check(folder, reviewed, seen, {split.name: split.labels for split in splits})
        if not check.ok:
            raise PackError(f"the inputs are not those of the spec: {'; '.join(every_problem(check))}")
    package = write_package(
        folder, name=name, splits=splits, key_kinds=key_kinds, files=listed, description=description
    )
    if spec is not None:
        write_snapshot_report(folder, package.dataset_snapshot_id, listed)
    write_checksums(folder)
    return package


def write_checksums(folder: Path) -> None:
    """Write `dataset/SHA256SUMS` of what was built. Assembly, which adds the rendered documents, writes it again."""
    listed = [
        (path.removeprefix("dataset/"), str(produced(folder, path)["sha256"]))
        for path in files_below(folder, "dataset")
    ]
    write_bytes(folder, SUMS, render_checksums(listed))


def every_problem(check: DatasetInputCheck) -> tuple[str, ...]:
    """What an input check found, each with the input that shows it."""
    return (*(f"{item.name}: {text}" for item in check.inputs for text in item.problems), *check.problems)


def clear_dataset(folder: Path) -> None:
    """Remove what an earlier build of the snapshot wrote, so that nothing of it can pass for this one's."""
    for model in (
        DatasetSpec,
        DatasetInputCheck,
        DatasetSnapshot,
        DatasetPackage,
        DatasetManifest,
        SplitIntegrity,
    ):
        (folder / kind_of(model).path).unlink(missing_ok=True)
    (folder / SUMS).unlink(missing_ok=True)
    shutil.rmtree(folder / "dataset" / "keys", ignore_errors=True)


def write_package(
    folder: Path,
    *,
    name: str,
    splits: Sequence[SplitRecords],
    key_kinds: Mapping[str, str],
    files: Sequence[DataFile],
    description: Mapping[str, Any],
) -> DatasetPackage:
    """Write key files, split integrity, dataset manifest and dataset package from files that were hashed already."""
    kinds = tuple(key_kinds)
    for split in splits:
        _check(split, kinds)
    key_files: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    for kind in kinds:
        for split in splits:
            text = key_text(split.keys[kind])
            path = f"dataset/keys/{kind}/{split.name}.txt"
            if len(text) > MAX_STRUCTURED_BYTES:
                raise PackError(f"{path} would be larger than 16 MiB", hint="use shorter keys, for example digests")
            write_bytes(folder, path, text)
            key_files[kind].append(
                {
                    "split": split.name,
                    "path": path,
                    "n": text.count(b"\n"),
                    "sha256": hashlib.sha256(text).hexdigest(),
                }
            )
    listed = [{"name": item.name, "sha256": item.sha256} for item in files]
    snapshot = snapshot_id(name, key_files, listed)
    write_document(
        folder,
        SplitIntegrity,
        {
            "dataset_snapshot_id": snapshot,
            "keys": [{"kind": kind, "description": key_kinds[kind], "files": key_files[kind]} for kind in kinds],
            "overlaps": _overlaps(splits, kinds),
            "class_balance": _class_balance(splits),
        },
        generated_by=_LABEL,
    )
    write_document(folder, DatasetManifest, {"dataset_snapshot_id": snapshot, "files": files}, generated_by=_LABEL)
    return write_document(
        folder,
        DatasetPackage,
        {
            "dataset_snapshot_id": snapshot,
            "name": name,
            **{key: description[key] for key in ("title", "description", "licence", "sources", "features")},
            "target": description["target"],
            "splits": [
                {
                    "name": split.name,
                    "records": len(split.labels),
                    "keys_sha256": keys_sha256(split.keys[kinds[0]]),
                    "purpose": split.purpose,
                }
                for split in splits
            ],
            "preprocessing": description.get("preprocessing", ()),
            "limitations": description["limitations"],
        },
        generated_by=_LABEL,
    )


def _spec_fields(
    name: str,
    splits: Sequence[SplitRecords],
    key_kinds: Mapping[str, str],
    description: Mapping[str, Any],
    spec: Mapping[str, Any],
) -> dict[str, Any]:
    """A whole spec, for a snapshot whose records a program takes out of the inputs."""
    assignment = spec["assignment"]
    return {
        "name": name,
        **{key: description[key] for key in ("title", "description", "licence", "sources", "features", "target")},
        "splits": [
            {"name": split.name, "purpose": split.purpose, "assignment": assignment[split.name]} for split in splits
        ],
        "keys": [{"kind": kind, "description": text} for kind, text in key_kinds.items()],
        "inputs": [{"name": name, "format": "other", **fields} for name, fields in sorted(spec["inputs"].items())],
        **({"limits": spec["limits"]} if "limits" in spec else {}),
        "reviewed_by": spec["reviewed_by"],
        "reviewed_at": spec["reviewed_at"],
        "preprocessing": description.get("preprocessing", ()),
        "limitations": description["limitations"],
    }


def _check(split: SplitRecords, kinds: Sequence[str]) -> None:
    for kind in kinds:
        if len(split.keys.get(kind, ())) != len(split.labels):
            found = len(split.keys.get(kind, ()))
            raise PackError(f"split {split.name} has {len(split.labels)} labels and {found} keys of kind {kind}")
    identity = split.keys[kinds[0]]
    if len(set(identity)) != len(identity):
        raise PackError(f"split {split.name} holds a record twice: keys of kind {kinds[0]} are not unique")


def _overlaps(splits: Sequence[SplitRecords], kinds: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "left": left.name,
            "right": right.name,
            "n": len(set(left.keys[kind]) & set(right.keys[kind])),
        }
        for kind in kinds
        for left, right in combinations(splits, 2)
    ]


def _class_balance(splits: Sequence[SplitRecords]) -> list[dict[str, Any]]:
    labels = sorted({label for split in splits for label in split.labels})
    return [
        {"split": split.name, "label": label, "n": counts[label]}
        for split in splits
        for counts in (Counter(split.labels),)
        for label in labels
    ]

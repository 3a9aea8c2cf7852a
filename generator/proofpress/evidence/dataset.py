"""The data: dataset package, dataset manifest and split integrity."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from proofpress.evidence.base import Document, Model, NonEmptyTexts
from proofpress.evidence.values import Count, Digest, Name, PackPath, Text


class Feature(Model):
    """One column or tensor of a record."""

    name: Name
    type: Name
    unit: Name | None = None
    description: Text


class DatasetSplit(Model):
    """A split of the snapshot: records, their class counts, digest of their sorted keys."""

    name: Name
    records: Count
    keys_sha256: Digest
    purpose: Text


class DataSource(Model):
    """Where the records come from."""

    name: Name
    reference: Text
    licence: Name


class DatasetPackage(Document):
    """`dataset/dataset_package.json`: identity and description of one dataset snapshot."""

    dataset_snapshot_id: Name
    name: Name
    title: Name
    description: Text
    licence: Name
    sources: Annotated[tuple[DataSource, ...], Field(min_length=1)]
    features: Annotated[tuple[Feature, ...], Field(min_length=1)]
    target: Name
    splits: Annotated[tuple[DatasetSplit, ...], Field(min_length=1)]
    preprocessing: tuple[Text, ...] = ()
    limitations: NonEmptyTexts


class DataFile(Model):
    """A file of the snapshot, in the pack or elsewhere."""

    name: Name
    sha256: Digest
    size: Count
    records: Count


class DatasetManifest(Document):
    """`dataset/dataset_manifest.json`: the files that the snapshot consists of."""

    dataset_snapshot_id: Name
    files: Annotated[tuple[DataFile, ...], Field(min_length=1)]


class KeyFile(Model):
    """A split's sorted keys of one kind, one a line; the file's own digest is the keys' digest."""

    split: Name
    path: PackPath
    n: Count
    sha256: Digest


class KeySet(Model):
    """Keys of one kind that are comparable across splits."""

    kind: Name
    description: Text
    files: Annotated[tuple[KeyFile, ...], Field(min_length=1)]


class Overlap(Model):
    """How many keys of a kind two splits share."""

    kind: Name
    left: Name
    right: Name
    n: Count


class ClassCount(Model):
    """Observed number of records of a class in a split."""

    split: Name
    label: Name
    n: Count


class SplitIntegrity(Document):
    """`dataset/split_integrity.json`: leakage evidence with comparable keys, and observed class balance."""

    dataset_snapshot_id: Name
    keys: Annotated[tuple[KeySet, ...], Field(min_length=1)]
    overlaps: tuple[Overlap, ...]
    class_balance: Annotated[tuple[ClassCount, ...], Field(min_length=1)]


def snapshot_id(
    name: str, key_files: Mapping[str, Sequence[Mapping[str, Any]]], files: Sequence[Mapping[str, Any]]
) -> str:
    """The name and a digest of all key files and data files, which the snapshot's identity therefore binds."""
    lines = [f"{item['sha256']}  {item['path']}" for group in key_files.values() for item in group]
    lines += [f"{item['sha256']}  {item['name']}" for item in files]
    digest = hashlib.sha256("".join(f"{line}\n" for line in sorted(lines)).encode("utf-8")).hexdigest()
    return f"{name}-{digest[:16]}"

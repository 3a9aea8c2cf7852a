"""The data: reviewed spec, input check, snapshot report, dataset package, dataset manifest and split integrity."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from proofpress.evidence.base import Document, Model, NonEmptyTexts, ProducedFile
from proofpress.evidence.values import Count, Digest, Name, Number, PackPath, Text, UtcTime


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


class SpecKey(Model):
    """A kind of key that the splits are compared by; the first kind of a spec identifies the record."""

    kind: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")]
    description: Text
    columns: tuple[Name, ...] = Field(
        default=(), description="Columns whose values make the key; empty when a program makes it"
    )


class SpecSplit(Model):
    """A split, and how a record comes to be in it. `value` is what its records hold in the split column."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
    purpose: Text
    assignment: Text
    value: Name | None = None


class SpecInput(Model):
    """An input file: its public source, its form, the split that it holds as a whole, and its bytes when pinned."""

    name: Name
    reference: Text
    format: Literal["csv", "jsonl", "other"] = Field(description="other: hashed; a program reads its records")
    split: Name | None = None
    sha256: Digest | None = None
    size: Count | None = None


class SpecLimits(Model):
    """What the snapshot must reach at least: records in each split, records of each class in each split."""

    least_records_per_split: Count = 1
    least_records_per_class: Count = 0


class DatasetSpec(Document):
    """`dataset/dataset_spec.json`: what people agreed the snapshot to be, before it was built."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
    title: Name
    description: Text
    licence: Name
    sources: Annotated[tuple[DataSource, ...], Field(min_length=1)]
    features: Annotated[tuple[Feature, ...], Field(min_length=1)]
    target: Name
    label_column: Name | None = Field(default=None, description="Column of the class; none: records are unlabelled")
    label_edges: tuple[Number, ...] = Field(
        default=(), description="Rising edges that part a numeric label into classes"
    )
    split_column: Name | None = None
    splits: Annotated[tuple[SpecSplit, ...], Field(min_length=1)]
    keys: Annotated[tuple[SpecKey, ...], Field(min_length=1)]
    inputs: Annotated[tuple[SpecInput, ...], Field(min_length=1)]
    limits: SpecLimits = SpecLimits()
    reviewed_by: Name = Field(description="A role, for example 'data steward'")
    reviewed_at: UtcTime
    preprocessing: tuple[Text, ...] = ()
    limitations: NonEmptyTexts


class CheckedInput(Model):
    """An input file as the check saw it: identity, records, columns, and what was wrong with it."""

    name: Name
    reference: Text
    sha256: Digest
    size: Count
    records: Count
    columns: tuple[Name, ...] = ()
    problems: tuple[Text, ...] = ()


class DatasetInputCheck(Document):
    """`dataset/dataset_input_check_report.json`: the inputs held against the spec, before anything is built."""

    name: Name
    spec_sha256: Digest
    inputs: tuple[CheckedInput, ...]
    problems: tuple[Text, ...] = Field(default=(), description="What no single input shows")
    ok: bool


class DatasetSnapshot(Document):
    """`dataset/dataset_snapshot_report.json`: one build of the snapshot, from which inputs to which files.

    `artifacts` lists what the build generated. The data card is not among them: it is rendered from the listed
    documents and from this one, so that its digest here would depend on itself; that it is a fresh render is
    checked on its own, by whichever template set renders it.
    """

    dataset_snapshot_id: Name
    spec_sha256: Digest
    input_check: ProducedFile
    inputs: Annotated[tuple[DataFile, ...], Field(min_length=1)]
    artifacts: Annotated[tuple[ProducedFile, ...], Field(min_length=1)]

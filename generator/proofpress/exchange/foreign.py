"""What an importer reads out of another format, before anything of it becomes a pack."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from proofpress.evidence.values import Number


class RefusedError(ValueError):
    """An item can't become a release; the text says why, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """The files that one release is read from. `name` is what a refusal calls it, `family` what is read in order."""

    name: str
    family: str
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignFile:
    """A source file: its path below what was imported, digest and size."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRow:
    """A value as its source states it. Without `value`, `reason` says why there is none.

    `unit` and `higher_is_better` are set only when the source states them itself. `source` is file and JSON pointer.
    """

    name: str
    split: str
    value: Number | None
    source: str
    reason: str = ""
    slice: tuple[str, str] | None = None
    n: int | None = None
    unit: str = ""
    higher_is_better: bool | None = None
    interval: tuple[Number, Number, Number, str] | None = None
    renamed_from: str = ""
    baseline: tuple[str, Number] | None = None


@dataclass(slots=True, kw_only=True)
class Foreign:
    """A release in another format. An empty text, list or mapping is something that the source does not state.

    `version` is the source's own word; `order` places releases without numbered versions, such as the steps of a
    training run. `kept` is what has no field of ours and stands verbatim under `extensions`; `no_place` maps what is
    not carried over at all to the reason. `remarks` are what a reader must know of how the source was understood.
    `one_scale` says that all fractions of the source are written alike, in percent or not.
    """

    name: str
    version: str
    upstream_id: str
    files: tuple[ForeignFile, ...]
    rows: list[ForeignRow]
    order: int | None = None
    variant: str = ""
    title: str = ""
    summary: str = ""
    released_at: str = ""
    licence: str = ""
    authors: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    intended_use: tuple[str, ...] = ()
    out_of_scope: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
    run_id: str = ""
    training_run_id: str = ""
    commit: str = ""
    dataset_snapshot_id: str = ""
    evaluated_at: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    dimensions: Mapping[str, str] = field(default_factory=dict)
    headline: tuple[str, ...] = ()
    mapped: dict[str, str] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    no_place: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    one_scale: bool = False


class Importer(Protocol):
    """A format. Entry points of the group `proofpress.importers` name an object like this."""

    name: str
    title: str

    def items(self, source: Path) -> Iterator[Item]:
        """The releases below a file or folder, each family's together, oldest first where the format orders them."""

    def read(self, item: Item, root: Path) -> Foreign:
        """Read one release; paths in it are told relative to `root`. Raises `RefusedError`."""

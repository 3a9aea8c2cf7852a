"""What DVC recorded: `dvc.lock`, the state of a pipeline run. A foreign format, so fields we do not use are let be."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

LOCK = "training/dvc.lock"
"""Where a pack holds the lock of the run that it was promoted from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFile:
    """A file or folder of the run, by its path in the project. A folder's digest ends in `.dir`.

    `text` says that line ends were made LF before the digest was taken, as DVC did before its version 3. `files` is the
    number of files in a folder, where the lock says it.
    """

    path: str
    md5: str
    size: int | None
    text: bool = False
    files: int | None = None

    @property
    def is_folder(self) -> bool:
        """Whether the digest is that of a folder's listing."""
        return self.md5.endswith(".dir")


def folder_md5(files: Mapping[str, str]) -> str:
    """The digest by which DVC knows a folder: that of the listing of its files, md5 digests by path in the folder."""
    listing = [{"md5": files[path], "relpath": path} for path in sorted(files)]
    return hashlib.md5(json.dumps(listing, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedStage:
    """One stage as it ran: its commands, what it read, its parameters by file, what it wrote."""

    name: str
    commands: tuple[str, ...]
    deps: tuple[LockedFile, ...] = ()
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outs: tuple[LockedFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineLock:
    """The recorded state of a pipeline run."""

    stages: tuple[LockedStage, ...]

    def outs(self) -> Iterator[tuple[LockedStage, LockedFile]]:
        """Every output with the stage that wrote it."""
        for stage in self.stages:
            for out in stage.outs:
                yield stage, out

    def parameters(self, name: str) -> Iterator[tuple[LockedStage, str, str, Any]]:
        """(stage, parameter file, dotted name, value) of what stages read from parameter files called `name`."""
        for stage in self.stages:
            for file, values in stage.params.items():
                if file.rpartition("/")[2] == name:
                    for leaf, value in leaves(values):
                        yield stage, file, leaf, value


def leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, value) of a nested mapping; DVC names parameters so."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + str(name), value

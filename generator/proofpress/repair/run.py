"""A run folder: a DVC project, a builder's output or an intact copy of a pack, and what it recorded of its files."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from proofpress.errors import IngestError
from proofpress.evidence.dvc import LockedFile, PipelineLock, leaves
from proofpress.evidence.pack import CHECKSUMS
from proofpress.evidence.values import path_trouble
from proofpress.ingest.checksums import parse_checksums
from proofpress.ingest.dvc import Stage, read_lock, read_pipeline
from proofpress.ingest.raw import Digests
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import PARSERS, StrictError
from proofpress.verify.identity_graph import same_value

MAX_RUN_FILES: Final = 100_000
_CHUNK: Final = 1024 * 1024
_CACHES: Final = (".dvc/cache/files/md5", ".dvc/cache")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFile:
    """A file of the run folder and its digests."""

    path: str
    size: int
    sha256: str
    md5: str


@dataclass(kw_only=True)
class Run:
    """A run folder. Files are hashed when they are asked for, and never through a link.

    `trouble` says what of its records could not be read: (file, problem).
    """

    folder: Path
    sizes: Mapping[str, int]
    lock: PipelineLock | None = None
    stages: tuple[Stage, ...] = ()
    trouble: tuple[tuple[str, str], ...] = ()
    _hashed: dict[str, RunFile] = field(default_factory=dict)

    def file(self, path: str) -> RunFile | None:
        """One file with its digests, or None when it is not there (or not a plain file any more)."""
        if path not in self._hashed:
            try:
                self._hashed[path] = self._hash(path)
            except OSError:
                return None
        return self._hashed[path]

    def _hash(self, path: str) -> RunFile:
        digests, size = Digests(md5=True), 0
        with os.fdopen(os.open(self.folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as stream:
            while piece := stream.read(_CHUNK):
                digests.update(piece)
                size += len(piece)
        return RunFile(path=path, size=size, sha256=digests.sha256, md5=digests.md5)

    def parsed(self, path: str) -> Any:
        """A JSON or YAML file by the strict readers, or None when it is not one."""
        try:
            return PARSERS[path[path.rfind(".") :]](read_file(self.folder / path))
        except (OSError, KeyError, StrictError):
            return None

    def holding(self, sha256: str, size: int) -> RunFile | None:
        """A file with this digest, wherever it lies."""
        for path, found in self.sizes.items():
            file = self.file(path) if found == size else None
            if file is not None and file.sha256 == sha256:
                return file
        return None

    def counterpart(self, pack_path: str) -> str | None:
        """The run's file for a pack path: at the same path, else the least deep of the same name if it is alone."""
        if pack_path in self.sizes:
            return pack_path
        name = pack_path.rpartition("/")[2]
        same = {path for path in (*self.sizes, *self._locked) if path.rpartition("/")[2] == name}
        least = min((path.count("/") for path in same), default=0)
        top = [path for path in same if path.count("/") == least]
        return top[0] if len(top) == 1 else None

    @cached_property
    def _locked(self) -> Mapping[str, LockedFile]:
        outs = self.lock.outs() if self.lock else ()
        return {out.path: out for _stage, out in outs if not out.is_folder and not path_trouble(out.path)}

    def recorded(self, path: str) -> RunFile | None:
        """The file that the run recorded at a path: in its place, or in DVC's cache. None without such a record."""
        if (out := self._locked.get(path)) is not None:
            places = [path, *(f"{cache}/{out.md5[:2]}/{out.md5[2:]}" for cache in _CACHES)]
            return next((file for place in places if (file := self.file(place)) and file.md5 == out.md5), None)
        file = self.file(path)
        if file is None:
            return None
        if path == "dvc.lock" and self.lock is not None:
            return file  # the record itself
        if self.lock is not None and path in {name for stage in self.lock.stages for name in stage.params}:
            return file if self._has_locked_parameters(path) else None
        return file if file.sha256 == self._sums.get(path) else None

    def _has_locked_parameters(self, path: str) -> bool:
        """Whether a parameter file still says what the lock says that the stages read from it."""
        values = self.parsed(path)
        said = dict(leaves(values)) if isinstance(values, dict) else {}
        read = [
            item for stage in (self.lock.stages if self.lock else ()) for item in leaves(stage.params.get(path, {}))
        ]
        return all(same_value(said.get(name), value) for name, value in read)

    @cached_property
    def _sums(self) -> Mapping[str, str]:
        """What the run's checksum files say."""
        found: dict[str, str] = {}
        for place in (path for path in self.sizes if path.rpartition("/")[2] == CHECKSUMS):
            below = place.removesuffix(CHECKSUMS)
            try:
                stated, bad = parse_checksums(read_file(self.folder / place))
            except OSError:
                continue
            found |= {} if bad else {below + path: digest for path, digest in stated.items()}
        return found

    def stage_of(self, path: str) -> str | None:
        """The stage that writes a file, by `dvc.lock`, else by `dvc.yaml`."""
        for stage, out in self.lock.outs() if self.lock else ():
            if out.path == path:
                return stage.name
        return next((stage.name for stage in self.stages if path in stage.outs), None)

    def copy(self, file: RunFile, target: Path) -> None:
        """Copy a file whole or not at all. Raises `IngestError` when it is not what was hashed any more."""
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = target.with_name(f".{target.name}.part")
        digest = hashlib.sha256()
        try:
            source = os.open(self.folder / file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(source, "rb") as stream, staged.open("wb") as copy:
                while piece := stream.read(_CHUNK):
                    digest.update(piece)
                    copy.write(piece)
            if digest.hexdigest() != file.sha256:
                raise IngestError(f"{file.path} of the run folder changed while it was copied", hint="try again")
            shutil.copymode(self.folder / file.path, staged)
            staged.replace(target)
        finally:
            staged.unlink(missing_ok=True)


def open_run(folder: Path) -> Run:
    """Read a run folder's records. Raises `IngestError` when it is no folder or too large to be one."""
    if not folder.is_dir():
        raise IngestError(f"{folder}: no such folder", hint="name the folder of the recorded run with --run")
    sizes = dict(_walk(folder))
    lock: PipelineLock | None = None
    stages: tuple[Stage, ...] = ()
    trouble: list[tuple[str, str]] = []
    if "dvc.lock" in sizes:
        try:
            lock = read_lock(read_file(folder / "dvc.lock"))
        except (OSError, StrictError) as exc:
            trouble.append(("dvc.lock", str(exc)))
    if "dvc.yaml" in sizes:
        try:
            stages = read_pipeline(read_file(folder / "dvc.yaml"))
        except (OSError, StrictError) as exc:
            trouble.append(("dvc.yaml", str(exc)))
    return Run(folder=folder, sizes=sizes, lock=lock, stages=stages, trouble=tuple(trouble))


def _walk(folder: Path) -> Iterator[tuple[str, int]]:
    """Paths and sizes of all plain files, sorted; hidden folders (Git, DVC, environments) are not entered."""
    found: list[tuple[str, int]] = []
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                found.append((path.relative_to(folder).as_posix(), path.stat().st_size))
        if len(found) > MAX_RUN_FILES:
            raise IngestError(f"{folder}: more than {MAX_RUN_FILES} files", hint="name the run's own folder")
    yield from sorted(found)


def _refuse(error: OSError) -> None:
    raise IngestError(f"{error.filename}: can't be listed ({error.strerror})") from error

"""Where packs come from: a folder or a zip file, behind one protocol of bounded, no-follow reads."""

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Protocol, Self

from proofpress.errors import IngestError
from proofpress.ingest.strict import MAX_STRUCTURED_BYTES

EntryKind = Literal["file", "symbolic link", "FIFO", "socket", "device", "hard link", "encrypted", "duplicate"]
MAX_FILES = 100_000
READ_ERRORS = (OSError, zipfile.BadZipFile, zlib.error, EOFError)
_NO_FOLLOW = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that a source holds: its POSIX path, what it is, and its size in bytes."""

    path: str
    kind: EntryKind
    size: int


class Source(Protocol):
    """A place that holds one pack. Used as a context manager; nothing is read outside of it."""

    @property
    def label(self) -> str:
        """Name of the pack for reports."""

    @property
    def origin(self) -> str:
        """Path of the folder or archive."""

    def entries(self) -> tuple[Entry, ...]:
        """Everything there is, sorted by path; folders are not entries."""

    def open(self, path: str) -> BinaryIO:
        """Open a regular file for one pass. Raises `OSError` when it is not one any more."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def _kind(mode: int, links: int) -> EntryKind:
    if stat.S_ISREG(mode):
        return "file" if links == 1 else "hard link"
    for test, name in _SPECIAL:
        if test(mode):
            return name
    return "device"


_SPECIAL: tuple[tuple[Callable[[int], bool], EntryKind], ...] = (
    (stat.S_ISLNK, "symbolic link"),
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
)


class DirectorySource:
    """A pack in a folder. Every component below it is opened without following links."""

    hint = "name a pack folder, for example packs/digits/digits-v0.1.0-logreg-r1"

    def __init__(self, folder: Path, *, label: str = "") -> None:
        self.origin = str(folder)
        self.label = label or folder.name or str(folder)
        self._folders: dict[str, int] = {}

    def __enter__(self) -> Self:
        try:
            self._folders[""] = os.open(self.origin, _NO_FOLLOW | os.O_DIRECTORY)
        except OSError as exc:
            raise IngestError(
                f"{self.origin}: not a folder that can be read ({exc.strerror})",
                hint=self.hint,
            ) from exc
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in self._folders.values():
            os.close(descriptor)
        self._folders.clear()

    def entries(self) -> tuple[Entry, ...]:
        """Walk the folder; any error ends the walk, so that no file is ever overlooked."""
        try:
            return self._walk()
        except OSError as exc:
            raise IngestError(
                f"{self.origin}: a folder of the pack can't be read ({exc.strerror})",
                hint="check its permissions; a pack has tens of folders, not thousands",
            ) from exc

    def _walk(self) -> tuple[Entry, ...]:
        found: list[Entry] = []
        waiting = [""]
        while waiting:
            prefix = waiting.pop()
            with os.scandir(self._folders[prefix.rstrip("/")]) as listing:
                for item in listing:
                    path = prefix + item.name
                    info = item.stat(follow_symlinks=False)
                    if stat.S_ISDIR(info.st_mode):
                        parent = self._folders[prefix.rstrip("/")]
                        self._folders[path] = os.open(item.name, _NO_FOLLOW | os.O_DIRECTORY, dir_fd=parent)
                        waiting.append(path + "/")
                    else:
                        found.append(Entry(path=path, kind=_kind(info.st_mode, info.st_nlink), size=info.st_size))
                    if len(found) > MAX_FILES:
                        raise IngestError(f"{self.origin}: more than {MAX_FILES} files in one pack")
        return tuple(sorted(found, key=lambda entry: entry.path))

    def open(self, path: str) -> BinaryIO:
        """Open a file that `entries` named, through the folder that was walked."""
        folder, _, name = path.rpartition("/")
        descriptor = os.open(name, _NO_FOLLOW, dir_fd=self._folders[folder])
        info = os.fstat(descriptor)
        if _kind(info.st_mode, info.st_nlink) != "file":
            os.close(descriptor)
            raise OSError(f"{path}: not a regular file with one link any more")
        return os.fdopen(descriptor, "rb", buffering=0)


class ZipSource:
    """A pack in a zip archive, at its root or below one folder. Nothing is extracted to disk."""

    def __init__(self, archive: Path, *, label: str = "") -> None:
        self.origin = str(archive)
        self.label = label or archive.stem
        self._named = bool(label)
        self._zip: zipfile.ZipFile | None = None
        self._file: BinaryIO | None = None
        self._infos: dict[str, zipfile.ZipInfo] = {}

    def __enter__(self) -> Self:
        try:
            self._file = os.fdopen(os.open(self.origin, _NO_FOLLOW), "rb")
            self._zip = zipfile.ZipFile(self._file)
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as exc:
            self.__exit__(None, None, None)
            raise IngestError(
                f"{self.origin}: not a zip archive that can be read ({exc})",
                hint="name a folder or a zip file",
            ) from exc
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._zip is not None:
            self._zip.close()
            self._zip = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def _archive(self) -> zipfile.ZipFile:
        if self._zip is None:
            raise IngestError(f"{self.origin}: used outside its context")
        return self._zip

    def entries(self) -> tuple[Entry, ...]:
        """The archive's members; repeated names, links and encrypted members are told by their kind."""
        infos = [info for info in self._archive().infolist() if not info.is_dir()]
        if len(infos) > MAX_FILES:
            raise IngestError(f"{self.origin}: more than {MAX_FILES} files in one pack")
        names = [info.filename for info in infos]
        top = names[0].partition("/")[0] + "/" if names else ""
        strip = len(top) if "manifest.json" not in names and all(name.startswith(top) for name in names) else 0
        if strip and not self._named:
            self.label = top.rstrip("/")  # a download may have got another name; the folder inside has not
        found: list[Entry] = []
        for info in infos:
            path = info.orig_filename[strip:]
            mode = info.external_attr >> 16
            kind: EntryKind = "file"
            if path in self._infos:
                kind = "duplicate"
            elif info.flag_bits & 0x1:
                kind = "encrypted"
            elif stat.S_IFMT(mode) and not stat.S_ISREG(mode):
                kind = _kind(mode, 1)
            self._infos.setdefault(path, info)
            found.append(Entry(path=path, kind=kind, size=info.file_size))
        return tuple(sorted(found, key=lambda entry: (entry.path, entry.kind)))

    def open(self, path: str) -> BinaryIO:
        """Open a member as a stream of its uncompressed bytes."""
        info = self._infos[path]
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            # the other methods are expanded without bound, however little is asked for
            raise OSError(f"compression method {info.compress_type} is neither stored nor deflated")
        try:
            return self._archive().open(info)  # type: ignore[return-value]
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as exc:
            raise OSError(f"{path}: {exc}") from exc


@contextmanager
def open_artifact(origin: Path, path: str) -> Iterator[BinaryIO]:
    """One file of a pack, for a later copy; the copy counts only when its digest is equal."""
    with source_of(origin) as source:
        source.entries()
        with source.open(path) as stream:
            yield stream


def source_of(path: Path, *, label: str = "") -> Source:
    """The source for a path: a zip archive when it is a file, else a folder."""
    return ZipSource(path, label=label) if path.is_file() else DirectorySource(path, label=label)


def read_file(path: Path, *, most: int = MAX_STRUCTURED_BYTES) -> bytes:
    """Read a single reviewed file: regular, no link followed, at most `most` bytes. Raises `OSError`."""
    descriptor = os.open(path, _NO_FOLLOW)
    with os.fdopen(descriptor, "rb") as stream:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise OSError("not a regular file")
        if info.st_size > most:
            raise OSError(f"larger than {most} bytes")
        return stream.read(most + 1)

"""Writing, linking, removing and exchanging: what a publication does to the file system.

Every function reports what the system refuses as a `PublishError` that names the path.
"""
# ruff: noqa: PTH101, PTH102, PTH106, PTH108
# Paths are strings: a Path object for each of 40,000 files costs more than its stat.

import errno
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import Any, BinaryIO, Final

from proofpress.errors import PublishError
from proofpress.site.tree_state import FileRecord
from proofpress.site.tree_walk import CHUNK, FILE_MODE, FOLDER_MODE

_BAD_PATH: Final = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]|(?:^|/)\.{0,2}(?:/|$)")
_NO_HARD_LINK: Final = {errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS}
_NO_EXCHANGE: Final = {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}
_RENAME_EXCHANGE: Final = 2
_AT_FDCWD: Final = -100


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One file of a unit: its POSIX path from the site's root, and its content.

    The content is `data`, or the bytes that `copy_from` gives (a file, or a function that opens a stream): these are
    copied in pieces and must have the digest `sha256` (hex). Raises `PublishError` when the path could lead out of the
    site.
    """

    path: str
    data: bytes | None = None
    copy_from: Path | Callable[[], AbstractContextManager[BinaryIO]] | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        if _BAD_PATH.search(self.path):
            raise PublishError(
                f"{self.path!r}: not a path within the site",
                hint="expected segments joined by '/', none of them empty, '.' or '..'",
            )
        if (self.data is None) == (self.copy_from is None):
            raise ValueError(f"{self.path}: give either data or copy_from")
        if self.copy_from is not None and self.sha256 is None:
            raise ValueError(f"{self.path}: copy_from needs the sha256 that the copy must have")


def write_unit(tree: Path, files: Iterable[OutputFile]) -> tuple[FileRecord, ...]:
    """Write the files of one unit into a staging tree; callable in threads and processes.

    A file that is already there is unlinked, never written to: the served tree may share it. Modes do not
    depend on the umask. Raises `PublishError` when a file cannot be written or a copy does not have its
    digest.
    """
    return tuple(_write_file(os.fspath(tree), file) for file in files)


def _write_file(tree: str, file: OutputFile) -> FileRecord:
    target = f"{tree}/{file.path}"
    with reported(target):
        fd = _create(tree, file.path)
        try:
            if file.copy_from is not None:
                digest = _copy(file.copy_from, fd)
            else:
                data = file.data or b""
                _write_all(fd, data)
                digest = sha256(data).hexdigest()
            found = os.fstat(fd)
            if S_IMODE(found.st_mode) != FILE_MODE:
                os.fchmod(fd, FILE_MODE)
                found = os.fstat(fd)
        finally:
            os.close(fd)
        if file.sha256 not in {None, digest}:
            os.unlink(target)
            raise PublishError(
                f"{file.path}: sha256 of what was written differs (expected {file.sha256}, found {digest})",
                hint=f"{file.path} changed since it was verified; verify again",
            )
    return FileRecord(
        path=file.path,
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        ctime_ns=found.st_ctime_ns,
        sha256=digest,
    )


def _pour(read: Callable[[int], bytes], fd: int) -> str:
    """Write all that `read` gives, piece by piece; the digest (hex) of what was written."""
    digest = sha256()
    while piece := read(CHUNK):
        digest.update(piece)
        _write_all(fd, piece)
    return digest.hexdigest()


def _create(tree: str, path: str) -> int:
    """A new file, open for writing; whatever was there is unlinked and missing folders are made."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(f"{tree}/{path}", flags, FILE_MODE)
    except FileExistsError:
        os.unlink(f"{tree}/{path}")
    except FileNotFoundError:
        _make_parents(tree, path)
    return os.open(f"{tree}/{path}", flags, FILE_MODE)


def _make_parents(tree: str, path: str) -> None:
    for slash in (at for at, character in enumerate(path) if character == "/"):
        folder = f"{tree}/{path[:slash]}"
        try:
            os.mkdir(folder, FOLDER_MODE)
        except FileExistsError:
            continue
        os.chmod(folder, FOLDER_MODE)


def _write_all(fd: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _copy(source: Path | Callable[[], AbstractContextManager[BinaryIO]], fd: int) -> str:
    """Stream a regular file, or what a function opens, into `fd`; the digest (hex) of what was written."""
    if not isinstance(source, Path):
        with source() as stream:
            return _pour(stream.read, fd)
    with reported(source):
        read = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not S_ISREG(os.fstat(read).st_mode):
            raise PublishError(f"{source}: not a regular file", hint="artifacts are plain files")
        return _pour(partial(os.read, read), fd)
    finally:
        os.close(read)


@contextmanager
def reported(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what the system refuses into one line that names the path."""
    try:
        yield
    except OSError as exc:
        hints = {errno.ENOSPC: "free some space", errno.EDQUOT: "free some space"}
        raise PublishError(
            f"{exc.filename2 or exc.filename or os.fspath(path)}: {exc.strerror}",
            hint=f"{hints.get(exc.errno or 0, 'see to this path')} and build again; the site is as it was",
        ) from exc
    except sqlite3.Error as exc:
        raise PublishError(
            f"{os.fspath(path)}: the records of what was published cannot be written: {exc}",
            hint="see to space and permissions, or remove publish.sqlite there; the site is as it was",
        ) from exc


def remove(tree: Path, path: str) -> None:
    """Remove a file or an empty folder, then each parent that is left empty."""
    folder = path
    if not path.endswith("/"):
        with suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(f"{tree}/{path}")
        folder = path.rpartition("/")[0]
    folder = folder.rstrip("/")
    while folder:
        try:
            os.rmdir(f"{tree}/{folder}")
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as exc:
            if exc.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            return
        folder = folder.rpartition("/")[0]


def link(source: str, tree: Path, path: str) -> bool:
    """Hard-link `source` into a tree; `False` where the file system or its protection allows none."""
    target = f"{tree}/{path}"
    try:
        try:
            os.link(source, target)
        except FileNotFoundError:
            _make_parents(os.fspath(tree), path)
            os.link(source, target)
    except OSError as exc:
        if exc.errno in _NO_HARD_LINK:
            return False
        raise
    return True


def _libc() -> Any:
    import ctypes  # noqa: PLC0415 (8 ms that a build in which nothing changed does not need)

    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, path: Path) -> None:
    import ctypes  # noqa: PLC0415 (see _libc)

    if result:
        raise OSError(code := ctypes.get_errno(), os.strerror(code), os.fspath(path))


def sync(tree: Path) -> None:
    """Put everything on its file system on the disk."""
    try:
        syncfs = _libc().syncfs
    except AttributeError:
        os.sync()
        return
    fd = os.open(tree, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _check(syncfs(fd), tree)
    finally:
        os.close(fd)


def swap(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; `False` where the system cannot."""
    try:
        renameat2 = _libc().renameat2
    except AttributeError:
        return False
    result = renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    try:
        _check(result, other)
    except OSError as exc:
        if exc.errno in _NO_EXCHANGE:
            return False
        raise
    return True

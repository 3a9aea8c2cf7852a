"""Places that files are uploaded to: a folder, any store that fsspec knows, and two hubs, behind one protocol."""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

from proofpress.errors import ExitCode, ProofpressError, UsageError
from proofpress.evidence.publication import Destination

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_CHUNK: Final = 1 << 20


class TargetError(ProofpressError):
    """A place could not be read or written. `passing` errors may be gone at the next try."""

    exit_code = ExitCode.PUBLISH_FAILED

    def __init__(self, message: str, *, hint: str = "", passing: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.passing = passing


class Target(Protocol):
    """One place. Names are POSIX paths below it; every failure is a `TargetError`."""

    def begin(self) -> None:
        """Make the place ready to be written: a branch, a release in draft, a folder."""

    def digest(self, name: str) -> tuple[str, int] | None:
        """sha256 and size of what is there now, read from the place itself; None when there is nothing."""

    def put(self, name: str, source: Path) -> None:
        """Write one file, whole or not at all, as far as the place allows."""

    def names(self) -> frozenset[str] | None:
        """Every file that is there; None where that can't be asked."""

    def finish(self) -> None:
        """Announce: everything has been written and compared."""


def digest_of(stream: BinaryIO) -> tuple[str, int]:
    """sha256 and size of a stream, in pieces."""
    found, size = hashlib.sha256(), 0
    while piece := stream.read(_CHUNK):
        found.update(piece)
        size += len(piece)
    return found.hexdigest(), size


class FolderTarget:
    """A folder, for example the working tree of a branch for Pages."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self) -> None:
        """The folder is made when it is not there."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise TargetError(f"{self._folder.name}: {exc.strerror}", passing=False) from exc

    def digest(self, name: str) -> tuple[str, int] | None:
        """What lies there; a link is not followed."""
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as exc:
            raise TargetError(f"{name}: {exc.strerror}", passing=False) from exc
        with os.fdopen(descriptor, "rb") as stream:
            return digest_of(stream)

    def put(self, name: str, source: Path) -> None:
        """By a temporary file beside it and a rename."""
        target = self._folder / name
        temporary = ""
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".upload-", delete=False) as file:
                temporary = file.name
                with source.open("rb") as stream:
                    shutil.copyfileobj(stream, file)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(target)
        except OSError as exc:
            if temporary:
                with suppress(OSError):
                    Path(temporary).unlink(missing_ok=True)
            raise TargetError(f"{name}: {exc.strerror or exc}") from exc

    def names(self) -> frozenset[str]:
        """All files, those of an interrupted upload left out."""
        return frozenset(
            path.relative_to(self._folder).as_posix()
            for path in self._folder.rglob("*")
            if (path.is_symlink() or path.is_file()) and not path.name.startswith(".upload-")
        )

    def finish(self) -> None:
        """Nothing more: the manifest came last."""


class StoreTarget:
    """A prefix in any store that fsspec has a library for; credentials are that library's business."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        try:
            from fsspec.core import url_to_fs  # noqa: PLC0415 - an optional library

            self._store, self._base = self._opened(url_to_fs, url, options)
        except ImportError as exc:
            raise UsageError(
                f"{url.partition(':')[0]}: a library is missing ({exc})", hint="pip install 'proofpress[stores]'"
            ) from exc

    @staticmethod
    def _opened(open_url: Any, url: str, options: Mapping[str, Any]) -> "tuple[AbstractFileSystem, str]":
        try:
            found, base = open_url(url, **options)
        except ValueError as exc:
            raise UsageError(f"{url}: {exc}", hint="name a store's URL, for example s3://bucket/prefix") from exc
        return found, str(base).rstrip("/")

    def begin(self) -> None:
        """Stores have no folders to make."""

    def digest(self, name: str) -> tuple[str, int] | None:
        """What the store gives back, not what it says of it."""
        self._store.invalidate_cache()
        try:
            with self._store.open(f"{self._base}/{name}", "rb") as stream:
                return digest_of(stream)
        except FileNotFoundError:
            return None
        except _store_errors() as exc:
            raise _failed(name, exc) from exc

    def put(self, name: str, source: Path) -> None:
        """One object; the library uploads large ones in parts and completes them at the end."""
        try:
            self._store.put_file(str(source), f"{self._base}/{name}")
        except _store_errors() as exc:
            raise _failed(name, exc) from exc

    def names(self) -> frozenset[str]:
        """Every object below the prefix."""
        self._store.invalidate_cache()
        try:
            found: Iterable[str] = self._store.find(self._base)
        except FileNotFoundError:
            return frozenset()
        except _store_errors() as exc:
            raise _failed(self._base, exc) from exc
        base = PurePosixPath(self._base)
        return frozenset(PurePosixPath(item).relative_to(base).as_posix() for item in found)

    def finish(self) -> None:
        """Nothing more: the manifest came last."""


def _store_errors() -> tuple[type[Exception], ...]:
    """What stores' libraries raise: most of it as `OSError`, some of it as their own."""
    found: list[type[Exception]] = [OSError, ValueError, RuntimeError]
    for module, name in (
        ("botocore.exceptions", "BotoCoreError"),
        ("botocore.exceptions", "ClientError"),
        ("aiohttp", "ClientError"),
    ):
        loaded = sys.modules.get(module)
        if loaded is not None:
            found.append(getattr(loaded, name))
    return tuple(found)


def _failed(name: str, exc: Exception) -> TargetError:
    # the text of a library's error may hold an address with credentials in it, so its kind alone is told
    refused = isinstance(exc, PermissionError)
    hint = "check the credentials of the store's own library" if refused else "run the command again; it resumes"
    return TargetError(f"{name}: {type(exc).__name__}", hint=hint, passing=not refused)


def open_target(place: Destination, root: Path, options: Mapping[str, Any]) -> Target:
    """The target of a destination. `options` are a store's, by name; they are never written anywhere."""
    if place.target == "folder":
        return FolderTarget(root / place.to)
    if place.target == "store":
        return StoreTarget(place.to, options)
    from proofpress.publication.hubs import GitHubTarget, HuggingFaceTarget  # noqa: PLC0415 - their libraries are large

    return HuggingFaceTarget(place) if place.target == "huggingface" else GitHubTarget(place)

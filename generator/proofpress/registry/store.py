"""The log on disk: one reader, and one writer that locks, compares and appends. The checkpoint comes last."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proofpress.errors import IngestError
from proofpress.evidence.finding import Finding
from proofpress.ingest.sources import read_file
from proofpress.registry.events import LOG
from proofpress.registry.log import Log, parse_entries
from proofpress.registry.messages import RegistryError
from proofpress.registry.note import (
    MAX_NOTE,
    Checkpoint,
    NoteError,
    open_checkpoint,
    read_checkpoint,
    sign_checkpoint,
)
from proofpress.registry.tiles import (
    CHECKPOINT,
    HEIGHT,
    MAX_ENTRY,
    WIDTH,
    Tile,
    bundle_data,
    bundled,
    bundles_of,
    partials_of,
    tile_data,
    tiles_of,
)
from proofpress.registry.tree import HASH, Tree, leaf_hash
from proofpress.signing.keys import SigningKey

LOCK_SECONDS: Final = 10.0
LOCK: Final = "log.lock"
_MAX_BUNDLE: Final = WIDTH * (MAX_ENTRY + 2)
_RESTORE: Final = "restore packs/registry/log from its last commit"


@dataclass(frozen=True, kw_only=True)
class StoredLog:
    """A log as it was read: its entries, what is wrong with the files, and the tree over the entries.

    `note` is the signed checkpoint, empty when there is no log yet. `tail` are the entries of a partial last bundle.
    """

    log: Log
    findings: tuple[Finding, ...]
    tree: Tree
    note: bytes
    tail: tuple[bytes, ...]

    @property
    def head(self) -> str:
        """The root of the tree in hex."""
        return self.tree.root().hex()


def read_log(folder: Path) -> StoredLog:
    """Read the log in a folder. One that does not exist yet has no entries.

    Raises `IngestError` when a file of it can't be read: a link, not a regular file, too large, an I/O error.
    """
    note = _read(folder / CHECKPOINT, MAX_NOTE)
    tree = Tree()
    findings: list[Finding] = []
    if note is None:
        stray = (folder / "tile").exists()
        if stray:
            findings.append(_finding(CHECKPOINT, "there are tiles and no checkpoint", "a signed checkpoint", "none"))
        return StoredLog(log=(), findings=tuple(findings), tree=tree, note=b"", tail=())
    try:
        checkpoint = read_checkpoint(note)
    except NoteError as exc:
        finding = _finding(CHECKPOINT, f"the checkpoint can't be used: {exc}", "a signed checkpoint", "")
        return StoredLog(log=(), findings=(finding,), tree=tree, note=note, tail=())
    entries: list[bytes] = []
    tail: list[bytes] = []
    for bundle in bundles_of(checkpoint.size):
        tail = _bundle(folder, bundle, findings)
        entries += tail
        for entry in tail:
            tree.append(leaf_hash(entry))
        if len(tail) != bundle.width:
            break
    if not findings and tree.root() != checkpoint.root:
        message = "the entries are not those that the checkpoint was signed for"
        findings.append(_finding(CHECKPOINT, message, checkpoint.root.hex(), tree.root().hex()))
    if not findings:
        findings += _tiles(folder, tree)
    log, found = parse_entries(entries)
    return StoredLog(
        log=log,
        findings=(*findings, *found),
        tree=tree,
        note=note,
        tail=tuple(tail) if len(tail) < WIDTH else (),
    )


def _bundle(folder: Path, bundle: Tile, findings: list[Finding]) -> list[bytes]:
    data = _read(folder / bundle.path, _MAX_BUNDLE)
    try:
        entries = bundled(data or b"")
    except ValueError as exc:
        findings.append(_finding(bundle.path, str(exc), f"{bundle.width} entries", f"{len(data or b'')} bytes"))
        return []
    if len(entries) != bundle.width:
        found = "no such file" if data is None else f"{len(entries)} entries"
        findings.append(_finding(bundle.path, "entries are missing", f"{bundle.width} entries", found))
    return entries


def _tiles(folder: Path, tree: Tree) -> Iterator[Finding]:
    for tile in tiles_of(tree.size):
        data = _read(folder / tile.path, WIDTH * HASH)
        if data != tile_data(tree, tile):
            found = "no such file" if data is None else "other hashes"
            yield _finding(tile.path, "the tile is not that of the entries", f"{tile.width} hashes", found)


def _read(path: Path, most: int) -> bytes | None:
    try:
        return read_file(path, most=most)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise IngestError(
            f"{path}: the registry's log can't be read ({exc.strerror or exc})", hint="it is made of regular files"
        ) from exc


def checkpoint_trouble(stored: StoredLog, name: str, key: str) -> Finding | None:
    """What is wrong with the signature of the checkpoint, when the log has this name and key."""
    try:
        open_checkpoint(stored.note, name, key)
    except NoteError as exc:
        return _finding(
            CHECKPOINT, f"the checkpoint does not count: {exc}", f"signed by the key of {name}", "", "REG021"
        )
    return None


def _finding(path: str, message: str, expected: str, found: str, rule: str = "REG003") -> Finding:
    return Finding(rule=rule, file=f"{LOG}/{path}", message=message, expected=expected, found=found, hint=_RESTORE)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a registry's folder. Raises `RegistryError`, category `busy`, when another process holds it."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 - reading needs no lock, and no time to import one

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=LOCK_SECONDS):
            yield
    except Timeout as exc:
        message = f"{folder}: another process holds the registry's lock"
        raise RegistryError(message, category="busy", hint="try again") from exc


class LogWriter:
    """Appends to a log that was read under the lock. Tree and tail are kept, so that appending costs what it adds.

    Raises `RegistryError`, category `busy`, when the log was changed by somebody else or can't be written; a writer
    that failed is not used again.
    """

    def __init__(self, folder: Path, stored: StoredLog) -> None:
        self._folder = folder
        self._tree = stored.tree
        self._tail = list(stored.tail)
        self._note = stored.note
        self._older: tuple[str, ...] = ()

    def append(self, entries: Sequence[bytes], *, name: str, key: SigningKey) -> Checkpoint:
        """Write the entries and their tiles, then exchange the checkpoint for one of the grown log."""
        try:
            if not self._note:  # a writer that is killed later leaves the empty log, and not tiles without checkpoint
                self._exchange(Checkpoint(name, 0, self._tree.root()), key)
            before = self._tree.size
            bundle = [*self._tail, *entries]
            for entry in entries:
                self._tree.append(leaf_hash(entry))
            first = before - before % WIDTH
            for tile in bundles_of(self._tree.size, before):
                start = tile.index * WIDTH - first
                self._write(tile.path, bundle_data(bundle[start : start + tile.width]))
            for tile in tiles_of(self._tree.size, before):
                self._write(tile.path, tile_data(self._tree, tile))
            checkpoint = Checkpoint(name, self._tree.size, self._tree.root())
            self._exchange(checkpoint, key)
            last = self._tree.size - self._tree.size % WIDTH
            self._tail = bundle[last - first :]
            self._drop(before)
        except OSError as exc:
            message = f"{self._folder}: the log can't be written ({exc.strerror or exc})"
            raise RegistryError(message, category="busy", hint="see to the disk; the log is as it was") from exc
        return checkpoint

    def _exchange(self, checkpoint: Checkpoint, key: SigningKey) -> None:
        """Put a signed checkpoint in the place of the one that was read, and of no other."""
        if (_read(self._folder / CHECKPOINT, MAX_NOTE) or b"") != self._note:
            message = f"{self._folder}: the log changed while it was written"
            raise RegistryError(message, category="busy", hint="try again")
        note = sign_checkpoint(checkpoint, key)
        self._write(CHECKPOINT, note)
        self._note = note

    def _write(self, path: str, data: bytes) -> None:
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        staged = target.with_name(f".{target.name}.part")
        try:
            with staged.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            staged.replace(target)
        finally:
            staged.unlink(missing_ok=True)
        _sync(target.parent)

    def _drop(self, before: int) -> None:
        """Remove partial tiles of levels that are full now, and partial bundles but the last two.

        A newer bundle begins with the bytes of an older one; the one before the last stays for a client that has just
        read the checkpoint before this one.
        """
        for tile in partials_of(before):
            folder = (self._folder / tile.path).parent
            full = self._tree.size >> HEIGHT * max(tile.level, 0) >= (tile.index + 1) * WIDTH
            keep = {str(tile.width), str(self._tree.size % WIDTH)}
            if not full and tile.level >= 0:
                continue
            for item in folder.iterdir():
                if full or item.name not in keep:
                    item.unlink(missing_ok=True)
            if full:
                folder.rmdir()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

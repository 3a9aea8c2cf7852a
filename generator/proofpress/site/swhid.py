"""Intrinsic identifiers of content, SWHID 1.2 (ISO/IEC 18670): the same hashes as Git's blobs and trees.

A folder's identifier needs nothing but paths and blob hashes; every file counts as a plain one (mode 100644).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field


def git_blob_sha1(data: bytes) -> str:
    """The hash of a file's content."""
    return BlobHasher(len(data)).update(data).hexdigest()


class BlobHasher:
    """The hash of a large file's content, fed in pieces; its size must be known first."""

    __slots__ = ("_hash", "_left")

    def __init__(self, size: int) -> None:
        self._hash = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        self._left = size

    def update(self, data: bytes | memoryview) -> "BlobHasher":
        """Take the next piece."""
        self._hash.update(data)
        self._left -= len(data)
        return self

    def hexdigest(self) -> str:
        """The hash. Raises ValueError when another number of bytes came than was announced."""
        if self._left:
            raise ValueError(f"{abs(self._left)} bytes too {'few' if self._left > 0 else 'many'}")
        return self._hash.hexdigest()


@dataclass(slots=True)
class _Folder:
    files: dict[str, bytes] = field(default_factory=dict)
    folders: dict[str, "_Folder"] = field(default_factory=dict)

    def digest(self) -> bytes:
        entries = [(name.encode(), b"100644", sha1) for name, sha1 in self.files.items()]
        entries += [(name.encode() + b"/", b"40000", folder.digest()) for name, folder in self.folders.items()]
        body = b"".join(mode + b" " + name.rstrip(b"/") + b"\0" + sha1 for name, mode, sha1 in sorted(entries))
        return hashlib.sha1(b"tree %d\0" % len(body) + body, usedforsecurity=False).digest()


def swhid(files: Iterable[tuple[str, str]]) -> str:
    """`swh:1:dir:…` of a folder from (POSIX path, hex blob hash) pairs; equals the hash of `git write-tree`.

    Raises ValueError for a path that occurs twice, is a file and a folder, or is not a plain relative path.
    """
    root = _Folder()
    for path, sha1 in files:
        *above, name = path.split("/")
        folder = root
        for step in above:
            _refuse(path, step, step in folder.files)
            folder = folder.folders.setdefault(step, _Folder())
        _refuse(path, name, name in folder.files or name in folder.folders)
        folder.files[name] = bytes.fromhex(sha1)
    return f"swh:1:dir:{root.digest().hex()}"


def _refuse(path: str, step: str, taken: bool) -> None:
    if taken or step in {"", ".", ".."}:
        raise ValueError(f"'{path}' {'stands for two things' if taken else 'is not a plain relative path'}")

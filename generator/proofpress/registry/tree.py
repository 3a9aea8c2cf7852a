"""The Merkle tree over the log's entries, hashed as RFC 6962 (section 2.1) says."""

import hashlib
from typing import Final

HASH: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """The hashes of all full subtrees, by level; it only grows, and knows the root of every earlier size."""

    def __init__(self) -> None:
        self._levels: list[bytearray] = [bytearray()]

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self._levels[0]) // HASH

    def append(self, leaf: bytes) -> None:
        """Add the hash of one entry."""
        level = 0
        self._levels[0] += leaf
        while len(self._levels[level]) % (2 * HASH) == 0:
            hashes = self._levels[level]
            if level + 1 == len(self._levels):
                self._levels.append(bytearray())
            level += 1
            self._levels[level] += node_hash(bytes(hashes[-2 * HASH : -HASH]), bytes(hashes[-HASH:]))

    def root(self, size: int | None = None) -> bytes:
        """The hash of the first `size` entries, of all without it. Raises `ValueError` when there are fewer."""
        size = self.size if size is None else size
        if not 0 <= size <= self.size:
            raise ValueError(f"the tree has {self.size} entries, not {size}")
        found, start = b"", 0
        parts = []
        for level in range(size.bit_length() - 1, -1, -1):  # full subtrees, from the largest, left to right
            if size >> level & 1:
                parts.append(self.hashes(level, start >> level, 1))
                start += 1 << level
        for part in reversed(parts):
            found = node_hash(part, found) if found else part
        return found or EMPTY_ROOT

    def hashes(self, level: int, first: int, count: int) -> bytes:
        """Hashes of so many neighbouring full subtrees of 2**level entries. Raises `ValueError` if not full."""
        held = self._levels[level] if level < len(self._levels) else b""
        found = bytes(held[first * HASH : (first + count) * HASH])
        if len(found) != count * HASH:
            raise ValueError(f"subtrees {first} to {first + count} of level {level} are not full")
        return found

"""The log as static files in the layout of C2SP `tlog-tiles` (https://c2sp.org/tlog-tiles): tiles and entry bundles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from proofpress.registry.tree import Tree

WIDTH: Final = 256
HEIGHT: Final = 8
MAX_ENTRY: Final = 2**16 - 1
CHECKPOINT: Final = "checkpoint"


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of hashes, or with level -1 a bundle of entries. Narrower than 256: partial, the last one of its level."""

    level: int
    index: int
    width: int

    @property
    def path(self) -> str:
        """Its path below the log's address."""
        parts = [f"{self.index % 1000:03d}"]
        rest = self.index // 1000
        while rest:
            parts.insert(0, f"x{rest % 1000:03d}")
            rest //= 1000
        level = "entries" if self.level < 0 else str(self.level)
        return f"tile/{level}/{'/'.join(parts)}" + (f".p/{self.width}" if self.width < WIDTH else "")


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """The tiles of hashes of a log of `size` entries, without those that a log of `since` entries has already."""
    level = 0
    while size >> HEIGHT * level:
        count, had = size >> HEIGHT * level, since >> HEIGHT * level
        if count != had:
            for index in range(had // WIDTH, -(-count // WIDTH)):
                yield Tile(level, index, min(WIDTH, count - index * WIDTH))
        level += 1


def bundles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """The bundles of entries of a log of `size` entries, without those that a log of `since` entries has already."""
    if size != since:
        for index in range(since // WIDTH, -(-size // WIDTH)):
            yield Tile(-1, index, min(WIDTH, size - index * WIDTH))


def partials_of(size: int) -> Iterator[Tile]:
    """The partial bundle and the partial tiles of a log of `size` entries."""
    for level in range(-1, size.bit_length() // HEIGHT + 1):
        count = size >> HEIGHT * max(level, 0)
        if count % WIDTH:
            yield Tile(level, count // WIDTH, count % WIDTH)


def tile_data(tree: Tree, tile: Tile) -> bytes:
    """The hashes of a tile, one after the other."""
    return tree.hashes(HEIGHT * tile.level, tile.index * WIDTH, tile.width)


def bundle_data(entries: Sequence[bytes]) -> bytes:
    """Entries as a bundle: each after its length in two bytes. Raises `ValueError` for one that is too long."""
    if any(len(entry) > MAX_ENTRY for entry in entries):
        raise ValueError(f"an entry is longer than {MAX_ENTRY} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def bundled(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises `ValueError` when it ends within one."""
    found, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data) or at + 2 > len(data):
            raise ValueError("the bundle ends within an entry")
        found.append(data[at + 2 : end])
        at = end
    return found

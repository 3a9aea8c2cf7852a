"""Per-example results (JSON Lines): read once in a stream, kept only as counts, key digests and sums."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO

from proofpress.ingest.strict import StrictError, parse_row

MAX_LINE_BYTES = 1024 * 1024
CHUNK = 1024 * 1024


@dataclass(slots=True)
class RowGroup:
    """What is known of the examples of a file, or of one slice of it.

    `keys` digests the sorted keys, each followed by a line feed; `sums` adds up every numeric field.
    """

    n: int = 0
    keys: Any = field(default_factory=hashlib.sha256)
    sums: dict[str, Decimal | int] = field(default_factory=dict)

    @property
    def keys_sha256(self) -> str:
        """Digest of the group's keys, lowercase hex."""
        return str(self.keys.hexdigest())

    def add(self, key: bytes, numbers: Iterable[tuple[str, Decimal | int]]) -> None:
        """Count one example."""
        self.n += 1
        self.keys.update(key)
        for name, value in numbers:
            self.sums[name] = self.sums.get(name, 0) + value


@dataclass(slots=True)
class RowFacts:
    """What a JSON Lines file says: of all rows, and of each slice (dimension, value)."""

    whole: RowGroup = field(default_factory=RowGroup)
    slices: dict[tuple[str, str], RowGroup] = field(default_factory=dict)
    keyed: bool = True
    _last_key: str = ""

    def add(self, line: bytes) -> None:
        """Read one row. Raises `StrictError`; keys must rise, so that their digest needs no memory."""
        row = parse_row(line)
        key = row.get("key")
        if not isinstance(key, str):
            self.keyed = False
            self.whole.n += 1
            return
        if not key or "\n" in key or key <= self._last_key:
            raise StrictError("keys are not sorted and unique, or hold a line feed", rule="ING010", found=repr(key))
        self._last_key = key
        encoded = key.encode("utf-8", errors="surrogatepass") + b"\n"
        numbers = [(name, value) for name, value in row.items() if type(value) is int or type(value) is Decimal]
        self.whole.add(encoded, numbers)
        slices = row.get("slices", {})
        if not isinstance(slices, dict):
            raise StrictError("'slices' is not an object of dimension and value", rule="ING010")
        for dimension, value in slices.items():
            if type(value) is not str:
                raise StrictError("a slice value is not a text", rule="ING010", found=repr(value))
            group = self.slices.get((dimension, value))
            if group is None:
                group = self.slices[dimension, value] = RowGroup()
            group.add(encoded, numbers)


def read_rows(lines: Iterable[bytes]) -> RowFacts:
    """Read all rows. Raises `StrictError` whose pointer is `/<line index>`."""
    facts = RowFacts()
    for index, line in enumerate(lines):
        try:
            facts.add(line)
        except StrictError as exc:
            raise StrictError(f"line {index + 1}: {exc}", rule=exc.rule, pointer=f"/{index}", found=exc.found) from exc
    return facts


def hashed_lines(stream: BinaryIO, digest: Any, size: int) -> Iterator[bytes]:
    """Yield a stream's lines without their line feed while its bytes go into `digest`.

    Raises `OSError` when the stream does not hold exactly `size` bytes.
    """
    rest = b""
    left = size
    while chunk := stream.read(CHUNK):
        left -= len(chunk)
        if left < 0:
            break
        digest.update(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        if len(lines[0] if lines else rest) > MAX_LINE_BYTES:  # further lines lie inside one chunk
            raise StrictError("a line is longer than 1 MiB", rule="ING005")
        yield from lines
    if left:
        raise OSError("its size changed while it was read")
    if rest:
        raise StrictError("the last line has no line feed", rule="ING007")


def lines_of(data: bytes) -> list[bytes]:
    """The lines of bytes in memory. Raises `StrictError` when the last one has no line feed."""
    *lines, rest = data.split(b"\n")
    if rest:
        raise StrictError("the last line has no line feed", rule="ING007")
    return lines

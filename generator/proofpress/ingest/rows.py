"""Per-example results (JSON Lines): read once in a stream, kept only as counts, key digests and sums."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from operator import itemgetter
from typing import Any, BinaryIO

from proofpress.ingest.remembered import Remembered
from proofpress.ingest.strict import StrictError, parse_row, parse_rows

MAX_LINE_BYTES = 1024 * 1024
CHUNK = 1024 * 1024


_BATCH = 4096
_MOST_MARKERS = 32
_LONGEST_MARKER = 200


@dataclass(slots=True)
class RowGroup:
    """What is known of the examples of a file, or of one slice of it.

    `keys_sha256` digests the sorted keys, each followed by a line feed; `sums` adds up the fields that are a number
    in every example.
    """

    n: int = 0
    sums: dict[str, Decimal | int] = field(default_factory=dict)
    _digest: Any = field(default_factory=hashlib.sha256)

    @property
    def keys_sha256(self) -> str:
        """Digest of the group's keys, lowercase hex."""
        return str(self._digest.hexdigest())

    def add(self, keys: Sequence[str], columns: Mapping[str, Sequence[Decimal | int]]) -> None:
        """Count examples: their keys, and their values by field."""
        self._digest.update(("\n".join(keys) + "\n").encode("utf-8", errors="surrogatepass"))
        if self.n:
            self.sums = {name: self.sums[name] + sum(columns[name]) for name in columns if name in self.sums}
        else:
            self.sums = {name: sum(values) for name, values in columns.items()}
        self.n += len(keys)


@dataclass(slots=True)
class RowFacts:
    """What a JSON Lines file says: of all rows, and of each slice (dimension, value).

    `markers` counts rows by their `generated_by`; empty: rows without one. What is no text, and what comes after many
    other labels, counts under a name that no label can have.
    """

    whole: RowGroup = field(default_factory=RowGroup)
    slices: dict[tuple[str, str], RowGroup] = field(default_factory=dict)
    markers: dict[str, int] = field(default_factory=dict)
    keyed: bool = True
    _last_key: str = ""

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Take over rows. Keys must rise, so that their digest needs no memory; raises `RowError`."""
        self._count_markers(rows)
        if not self.keyed or any(type(row.get("key")) is not str for row in rows):
            self.keyed = False
            self.whole.n += len(rows)
            return
        keys: list[str] = [row["key"] for row in rows]
        self._require_rising(keys)
        members: dict[tuple[str, str], list[int]] = {}
        for index, row in enumerate(rows):
            slices = row.get("slices")
            if slices is None:
                continue
            if type(slices) is not dict:
                raise RowError(index, "'slices' is not an object of dimension and value", repr(slices)[:80])
            for item in slices.items():
                if type(item[1]) is not str:
                    raise RowError(index, "a slice value is not a text", repr(item[1])[:80])
                members.setdefault(item, []).append(index)
        columns = _columns(rows)
        self.whole.add(keys, columns)
        for item, chosen in members.items():
            group = self.slices.setdefault(item, RowGroup())
            pick = itemgetter(*chosen) if len(chosen) > 1 else lambda values, only=chosen[0]: (values[only],)
            group.add(pick(keys), {name: pick(values) for name, values in columns.items()})

    def _count_markers(self, rows: Sequence[dict[str, Any]]) -> None:
        for marker, n in Counter(map(_marker, rows)).items():
            known = marker in self.markers or len(self.markers) < _MOST_MARKERS
            name = marker if known else "(further labels)"
            self.markers[name] = self.markers.get(name, 0) + n

    def _require_rising(self, keys: Sequence[str]) -> None:
        before = self._last_key
        for index, key in enumerate(keys):
            if key <= before or "\n" in key:
                raise RowError(index, "keys are not sorted and unique, or hold a line feed", repr(key)[:80])
            before = key
        self._last_key = before


class RowError(Exception):
    """A row of a batch, by its index in it, breaks the form of per-example results."""

    def __init__(self, index: int, message: str, found: str) -> None:
        super().__init__(message)
        self.index = index
        self.found = found


def _marker(row: dict[str, Any]) -> str:
    """Who wrote a row, by its own word."""
    marker = row.get("generated_by", "")
    return marker if type(marker) is str and len(marker) <= _LONGEST_MARKER else "(no label)"


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Decimal | int]]:
    """Values by field, of the fields that are a number in every row."""
    columns: dict[str, list[Decimal | int]] = {}
    for name, value in rows[0].items():
        if type(value) is int or type(value) is Decimal:
            values: list[Any] = [row.get(name) for row in rows]
            if all(type(item) is int or type(item) is Decimal for item in values):
                columns[name] = values
    return columns


def read_rows(lines: Iterable[bytes], kept: list[dict[str, Any]] | None = None) -> RowFacts:
    """Read all rows, and add them to `kept`. Raises `StrictError` whose pointer is `/<line index>`."""
    facts = RowFacts()
    start = 0
    waiting = iter(lines)
    while batch := list(islice(waiting, _BATCH)):
        rows = parse_rows(batch)
        if rows is None:
            rows = [_careful(line, start + index) for index, line in enumerate(batch)]
        try:
            facts.add(rows)
        except RowError as exc:
            number = start + exc.index
            raise StrictError(
                f"line {number + 1}: {exc}", rule="ING010", pointer=f"/{number}", found=exc.found
            ) from exc
        start += len(batch)
        if kept is not None:
            kept.extend(rows)
    return facts


_FACTS = Remembered[RowFacts](64)
_ROWS = Remembered[tuple[dict[str, Any], ...]](2)


def held_facts(data: bytes, sha256: str) -> RowFacts:
    """`read_rows` of a file in memory, once for files that are equal. Raises `StrictError`."""

    def read() -> RowFacts:
        rows: list[dict[str, Any]] = []
        facts = read_rows(lines_of(data), rows)
        _ROWS.put(sha256, tuple(rows))
        return facts

    return _FACTS.get(sha256, read)


def held_rows(data: bytes, sha256: str) -> tuple[dict[str, Any], ...]:
    """`rows_in` a file in memory; its rows may be at hand still. Raises `StrictError`."""
    return _ROWS.get(sha256, lambda: tuple(rows_in(lines_of(data))))


def rows_in(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The rows themselves, read in batches where they are ordinary. Raises `StrictError`."""
    waiting = iter(lines)
    while batch := list(islice(waiting, _BATCH)):
        rows = parse_rows(batch)
        yield from map(parse_row, batch) if rows is None else rows


def _careful(line: bytes, index: int) -> dict[str, Any]:
    try:
        return parse_row(line)
    except StrictError as exc:
        raise StrictError(f"line {index + 1}: {exc}", rule=exc.rule, pointer=f"/{index}", found=exc.found) from exc


def hashed_lines(stream: BinaryIO, takers: Sequence[Callable[[bytes], object]], size: int) -> Iterator[bytes]:
    """Yield a stream's lines without their line feed while its bytes go to each taker as well.

    Raises `OSError` when the stream does not hold exactly `size` bytes.
    """
    rest = b""
    left = size
    while chunk := stream.read(CHUNK):
        left -= len(chunk)
        if left < 0:
            break
        for take in takers:
            take(chunk)
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

"""Real data files → records by split: CSV and JSON Lines, read once in a stream, strictly, and hashed on the way."""

import csv
import hashlib
import os
import stat
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, BinaryIO, Final

from proofpress.evidence.dataset import CheckedInput, DatasetSpec, SpecInput
from proofpress.ingest.rows import CHUNK, MAX_LINE_BYTES
from proofpress.ingest.strict import StrictError, parse_row
from proofpress.pack.dataset import SplitRecords
from proofpress.pack.writer import PackError

MOST_CLASSES: Final = 1000
_SHOWN_PROBLEMS: Final = 20
_UNLABELLED: Final = "unlabelled"
_JOINT: Final = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """The inputs as they were read, and the records of every split in the order of the spec."""

    inputs: tuple[CheckedInput, ...]
    splits: tuple[SplitRecords, ...]


def inspect_inputs(spec: DatasetSpec, files: Mapping[str, Path]) -> Inspected:
    """Read the inputs of a spec, by their names. What is wrong with a record is a problem of its input.

    Raises `PackError` when the spec does not say how a file becomes records, or when a file can't be read.
    """
    _require_readable(spec)
    records = _Records(spec)
    described = {item.name: item for item in spec.inputs}
    seen = tuple(_inspect(name, described.get(name), path, records) for name, path in sorted(files.items()))
    return Inspected(inputs=_with_doubles(seen, records), splits=records.splits())


def _require_readable(spec: DatasetSpec) -> None:
    tabular = [item for item in spec.inputs if item.format != "other"]
    assigned = spec.split_column is not None or len(spec.splits) == 1 or all(item.split for item in tabular)
    if not tabular or not all(key.columns for key in spec.keys) or not assigned:
        raise PackError(
            "the spec does not say how its inputs become records: it needs a csv or jsonl input, columns for every "
            "key, and a split column or one file for each split",
            hint="a program that makes the records itself calls proofpress.pack.dataset.write_dataset",
        )


class _Records:
    """Keys and classes of all records, by split; `columns` are those that every record must have."""

    def __init__(self, spec: DatasetSpec) -> None:
        self.spec = spec
        self.keys: dict[str, dict[str, list[str]]] = {
            split.name: {key.kind: [] for key in spec.keys} for split in spec.splits
        }
        self.labels: dict[str, list[str]] = {split.name: [] for split in spec.splits}
        self.sources: dict[str, set[str]] = {split.name: set() for split in spec.splits}
        self.columns = {column for key in spec.keys for column in key.columns}
        self.columns |= {name for name in (spec.label_column, spec.split_column) if name is not None}
        self._classes: set[str] = set()
        self._split_of = {split.value or split.name: split.name for split in spec.splits}

    def add(self, item: SpecInput, row: Mapping[str, Any]) -> None:
        """Take one record in. Raises `ValueError` that says what is wrong with it."""
        words = {column: _word(column, row.get(column)) for column in self.columns}
        split, label = self._split(item, words), self._label(words)
        keys = {key.kind: _joined([words[column] for column in key.columns]) for key in self.spec.keys}
        for kind, key in keys.items():
            self.keys[split][kind].append(key)
        self.labels[split].append(label)
        self.sources[split].add(item.name)

    def _split(self, item: SpecInput, words: Mapping[str, str]) -> str:
        if item.split is not None:
            return item.split
        if self.spec.split_column is None:
            return self.spec.splits[0].name
        value = words[self.spec.split_column]
        if value not in self._split_of:
            raise ValueError(f"'{value}' in column {self.spec.split_column} is no split of the spec")
        return self._split_of[value]

    def _label(self, words: Mapping[str, str]) -> str:
        if self.spec.label_column is None:
            return _UNLABELLED
        label = words[self.spec.label_column]
        if self.spec.label_edges:
            label = _between(label, self.spec.label_edges)
        self._classes.add(label)
        if len(self._classes) > MOST_CLASSES:
            raise ValueError(f"more than {MOST_CLASSES} classes: state label_edges for a label that is a number")
        return label

    def splits(self) -> tuple[SplitRecords, ...]:
        """The records of every split."""
        return tuple(
            SplitRecords(
                name=split.name, purpose=split.purpose, keys=self.keys[split.name], labels=self.labels[split.name]
            )
            for split in self.spec.splits
        )


def _word(column: str, value: Any) -> str:
    """A value as the text that it is compared by."""
    if value is None or value == "":
        raise ValueError(f"column {column} is empty")
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | Decimal):
        raise ValueError(f"column {column} is nested")  # noqa: TRY004 - trouble of the record, not of the program
    text = str(value)
    if not text.isprintable() or len(text) > 200:
        raise ValueError(f"column {column} is longer than 200 characters, or holds one that can't be seen")
    return text


def _joined(words: Sequence[str]) -> str:
    if len(words) > 1 and any(_JOINT in word for word in words):
        raise ValueError(f"a key of several columns can't be told apart: a value holds '{_JOINT}'")
    return _JOINT.join(words)


def _between(label: str, edges: Sequence[Decimal]) -> str:
    try:
        number = Decimal(label)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"the label '{label[:40]}' is no number")
    place = bisect_right(edges, number)
    if place == 0:
        return f"below {edges[0]}"
    if place == len(edges):
        return f"{edges[-1]} and above"
    return f"{edges[place - 1]} to below {edges[place]}"


@dataclass(slots=True)
class _Hashed:
    """A file whose bytes are hashed as they are read, line by line and then to the end."""

    stream: BinaryIO
    digest: Any = field(default_factory=hashlib.sha256)
    size: int = 0

    def lines(self) -> Iterator[bytes]:
        """Lines with their line feed. Raises `StrictError` on one that is too long."""
        while line := self.stream.readline(MAX_LINE_BYTES + 1):
            self._count(line)
            if len(line) > MAX_LINE_BYTES:
                raise StrictError("a line is longer than 1 MiB")
            yield line

    def drain(self) -> None:
        """Hash what was not read."""
        while piece := self.stream.read(CHUNK):
            self._count(piece)

    def _count(self, piece: bytes) -> None:
        self.digest.update(piece)
        self.size += len(piece)


def _inspect(name: str, item: SpecInput | None, path: Path, records: _Records) -> CheckedInput:
    problems: list[str] = []
    columns: dict[str, None] = {}
    count = 0
    try:
        with _open(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            hashed = _Hashed(stream)
            try:
                for number, row in _rows(item, hashed, columns, records.columns) if item else ():
                    count += 1
                    try:
                        records.add(item, row)  # type: ignore[arg-type]
                    except ValueError as exc:
                        problems.append(f"record {number}: {exc}")
            except (StrictError, csv.Error) as exc:
                problems.append(f"after {count} records: {exc}")
            hashed.drain()
    except OSError as exc:
        raise PackError(f"the input {name} can't be read: {exc.strerror or exc}") from exc
    if hashed.size != size:
        raise PackError(f"the input {name} changed while it was read")
    hidden = [column for column in columns if not column.isprintable() or not 0 < len(column) <= 200]
    problems += [f"a column's name is empty, too long or can't be seen: {column[:40]!r}" for column in hidden]
    return CheckedInput(
        name=name,
        reference=item.reference if item else name,
        sha256=hashed.digest.hexdigest(),
        size=hashed.size,
        records=count,
        columns=tuple(column for column in columns if column not in hidden),
        problems=tuple(_first(problems)),
    )


def _open(path: Path) -> BinaryIO:
    descriptor = os.open(path.resolve(strict=True), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a regular file")
    return os.fdopen(descriptor, "rb")


def _rows(
    item: SpecInput, hashed: _Hashed, columns: dict[str, None], wanted: set[str]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Numbered records of a tabular input; `columns` receives the names of its columns."""
    if item.format == "csv":
        yield from _csv_rows(hashed, columns, wanted)
    elif item.format == "jsonl":
        for number, line in enumerate(hashed.lines(), start=1):
            if not line.endswith(b"\n"):
                raise StrictError("the last line has no line feed")
            row = parse_row(line[:-1])
            columns.update(dict.fromkeys(row))
            yield number, row


def _csv_rows(hashed: _Hashed, columns: dict[str, None], wanted: set[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.reader(_decoded(hashed.lines()), strict=True)
    header = next(reader, [])
    columns.update(dict.fromkeys(header))
    if len(columns) < len(header):
        raise StrictError("two columns have one name")
    if missing := sorted(wanted - columns.keys()):
        raise StrictError(f"there is no column {', '.join(missing)}")
    for number, row in enumerate(reader, start=1):
        if len(row) != len(header):
            raise StrictError(f"record {number} has {len(row)} fields, the header {len(header)}")
        yield number, dict(zip(header, row, strict=True))


def _decoded(lines: Iterator[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if number == 1 and line.startswith(b"\xef\xbb\xbf"):
            raise StrictError("the file begins with a byte order mark: save it as UTF-8 without BOM")
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as exc:
            raise StrictError(f"line {number} is not UTF-8") from exc


def _with_doubles(inputs: tuple[CheckedInput, ...], records: _Records) -> tuple[CheckedInput, ...]:
    """Records that stand twice in a split are a problem of each input that the split was read from."""
    first = records.spec.keys[0].kind
    trouble: dict[str, list[str]] = {}
    for split, keys in records.keys.items():
        if (doubles := len(keys[first]) - len(set(keys[first]))) > 0:
            for name in records.sources[split]:
                trouble.setdefault(name, []).append(f"{doubles} records of split {split} repeat a key of kind {first}")
    return tuple(item.model_copy(update={"problems": (*item.problems, *trouble.get(item.name, ()))}) for item in inputs)


def _first(problems: Sequence[str]) -> list[str]:
    left = len(problems) - _SHOWN_PROBLEMS
    shown = [text if text.isprintable() else ascii(text)[1:-1] for text in problems[:_SHOWN_PROBLEMS]]
    return [*shown, *([f"and {left} more problems"] if left > 0 else [])]

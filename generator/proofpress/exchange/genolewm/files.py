"""A folder of theirs, read in bounds and without following links, as bytes, digests, texts, rows and JSON."""

import gzip
import hashlib
import io
import json
import os
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

from proofpress.errors import IngestError
from proofpress.evidence.finding import Finding
from proofpress.ingest.rows import MAX_LINE_BYTES
from proofpress.ingest.sources import READ_ERRORS, DirectorySource, Entry
from proofpress.ingest.strict import MAX_STRUCTURED_BYTES, StrictError, parse_json

_CHUNK: Final = 1024 * 1024


class TroubleError(Exception):
    """TroubleError in a package that ends the guarantee which met it; carries the finding."""

    def __init__(self, rule: str, file: str, message: str, **facts: str) -> None:
        super().__init__(message)
        self.finding = Finding(rule=rule, file=file, message=message, **facts)  # type: ignore[arg-type]


class AbsentError(Exception):
    """A document or part that a guarantee speaks of can't be read, which another guarantee reports."""


class _PackageSource(DirectorySource):
    hint = "name the folder of a GenoLeWM package, or of one of its parts"


class Folder:
    """One part of a package, or a single file (`only`). `name` is its name in findings, for example `model`.

    Used as a context manager; nothing is read outside of it.
    """

    def __init__(self, path: Path, name: str, *, only: str = "") -> None:
        self.path = Path(os.path.normpath(path.absolute()))
        self.name = name
        self._only = only
        self._source = _PackageSource(path, label=name)
        self._digests: dict[str, str] = {}
        self._held: dict[str, bytes] = {}
        self._streams: dict[str, list[tuple[int, Any]]] = {}

    def __enter__(self) -> Self:
        self._source.__enter__()
        entries = self._source.entries() if not self._only else (self._single(),)
        self.sizes = {entry.path: entry.size for entry in entries if entry.kind == "file"}
        self.odd = {entry.path: entry.kind for entry in entries if entry.kind != "file"}
        return self

    def _single(self) -> Entry:
        try:
            with self._source.open(self._only) as stream:
                return Entry(path=self._only, kind="file", size=stream.seek(0, os.SEEK_END))
        except OSError as exc:
            raise IngestError(f"{self.path / self._only}: not a file that can be read ({exc.strerror})") from exc

    def __exit__(self, *raised: object) -> None:
        self._source.__exit__(None, None, None)

    def place(self, path: str) -> str:
        """How findings name a file of this folder."""
        return f"{self.name}/{path}" if self.name else path

    def has(self, path: str) -> bool:
        """Whether there is a regular file at a path."""
        return _plain(path) in self.sizes

    def holds(self, path: str) -> bool:
        """Whether there is anything at a path, regular file or not."""
        return _plain(path) in self.sizes.keys() | self.odd.keys()

    def size(self, path: str) -> int:
        """Size of a file in bytes. Raises `TroubleError` when it is missing."""
        return self.sizes[self._there(path)]

    def sha256(self, path: str) -> str:
        """`sha256:` and the digest of a file's bytes, which are read once. Raises `TroubleError`."""
        found = self._there(path)
        if found not in self._digests:
            digest = hashlib.sha256()
            try:
                with self._source.open(found) as stream:
                    while chunk := stream.read(_CHUNK):
                        digest.update(chunk)
            except READ_ERRORS as exc:
                raise self._unreadable(path, str(exc)) from exc
            self._digests[found] = f"sha256:{digest.hexdigest()}"
        return self._digests[found]

    def read(self, path: str) -> bytes:
        """The bytes of a structured file. Raises `TroubleError` when it is missing or above 16 MiB."""
        found = self._there(path)
        if found not in self._held:
            if self.sizes[found] > MAX_STRUCTURED_BYTES:
                raise self._unreadable(path, f"larger than {MAX_STRUCTURED_BYTES} bytes")
            try:
                with self._source.open(found) as stream:
                    self._held[found] = stream.read(MAX_STRUCTURED_BYTES + 1)
            except READ_ERRORS as exc:
                raise self._unreadable(path, str(exc)) from exc
            self._digests[found] = f"sha256:{hashlib.sha256(self._held[found]).hexdigest()}"
        return self._held[found]

    def text(self, path: str) -> str:
        """A text file with line feeds alone, as their readers see it. Raises `TroubleError`."""
        try:
            return self.read(path).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError as exc:
            raise self._unreadable(path, f"not UTF-8 at byte {exc.start}") from exc

    def json(self, path: str) -> Any:
        """A JSON file as their reader takes it. Raises `TroubleError`."""
        try:
            return json.loads(self.text(path))
        except (ValueError, RecursionError) as exc:
            raise self._unreadable(path, f"not JSON: {exc}") from exc

    def ambiguity(self, path: str) -> StrictError | None:
        """Why strict readers would refuse a JSON file that theirs accepts: repeated keys, NaN, huge integers."""
        try:
            parse_json(self.read(path))
        except StrictError as exc:
            return exc
        return None

    def lines(self, path: str) -> Iterator[tuple[int, str]]:
        """The numbered lines of a text file, plain or gzip, trimmed and not blank. Raises `TroubleError`."""
        found = self._there(path)
        number = 0
        try:
            with self._source.open(found) as raw:
                inner: Any = gzip.GzipFile(fileobj=raw) if found.lower().endswith(".gz") else raw
                stream = io.TextIOWrapper(io.BufferedReader(inner), encoding="utf-8")
                while line := stream.readline(MAX_LINE_BYTES + 1):
                    number += 1
                    if len(line) > MAX_LINE_BYTES:
                        raise self._unreadable(path, f"line {number} is longer than {MAX_LINE_BYTES} characters")
                    if line := line.strip():
                        yield number, line
        except (*READ_ERRORS, UnicodeDecodeError) as exc:
            raise self._unreadable(path, f"after line {number}: {exc}") from exc

    def rows(self, path: str) -> Iterator[tuple[int, Any]]:
        """The numbered values of a JSON Lines file. Raises `TroubleError`."""
        for number, line in self.lines(path):
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as exc:
                raise self._unreadable(path, f"line {number} is not JSON: {exc}") from exc

    def stream(self, path: str) -> list[tuple[int, Any]]:
        """All rows of a JSON Lines file, read once. Raises `TroubleError`."""
        if path not in self._streams:
            self._streams[path] = list(self.rows(path))
        return self._streams[path]

    def open(self, path: str) -> Any:
        """A file as a stream of bytes, for the libraries that read binary tables."""
        return self._source.open(self._there(path))

    def _there(self, path: str) -> str:
        found = _plain(path)
        if found in self.sizes:
            return found
        kind = self.odd.get(found)
        raise TroubleError(
            "GLW001" if kind else "GLW003",
            self.place(path),
            f"the file is a {kind}" if kind else "the file is missing",
            expected="a regular file",
            found=kind or "no such file",
            hint="put a plain copy of it there" if kind else "build the package again from the recorded run",
        )

    def _unreadable(self, path: str, why: str) -> TroubleError:
        return TroubleError("GLW001", self.place(path), f"the file can't be read: {why}", hint="write it again")


def _plain(path: str) -> str:
    return posixpath.normpath(path)

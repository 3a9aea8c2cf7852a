"""What the last build knew of each pack, found again by `stat`: its content's digest and its predecessor.

Nothing here is believed about evidence: the index only says which packs can't have changed since they were
verified. It is a cache in `build/`; a missing or damaged file means that everything is read anew.
"""

import hashlib
import json
import os
import sqlite3
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proofpress.errors import IngestError

_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS peeks (label TEXT PRIMARY KEY, fingerprint TEXT, content TEXT, peek TEXT);"
    "CREATE TABLE IF NOT EXISTS units (name TEXT PRIMARY KEY, key TEXT);"
    "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT);"
)
_GRANULARITY_NS: Final = 2_000_000_000
_BATCH: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Peek:
    """What ordering the releases needs, read from a pack without judging it. Unreadable fields are empty."""

    label: str
    content: str
    release_id: str
    released_at: str
    predecessor: str
    pack_id: str

    @property
    def bundle_id(self) -> str:
        """Name of the pack's folder."""
        return self.label.partition("/")[2]

    @property
    def family(self) -> str:
        """Name of the family's folder."""
        return self.label.partition("/")[0]


class PackIndex:
    """The index of one instance; a context manager."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._open()

    def _open(self) -> None:
        try:
            self._db = sqlite3.connect(self._path, isolation_level=None)
            self._db.executescript("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;" + _SCHEMA)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self.reset()

    def reset(self) -> None:
        """Forget everything: the file is not a whole database."""
        with suppress(sqlite3.Error):
            self._db.close()
        self._path.unlink(missing_ok=True)
        self._db = sqlite3.connect(self._path, isolation_level=None)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def knows_only(self, labels: Iterable[str]) -> bool:
        """Whether these are the packs of the last build, or whether there was none."""
        with closing(self._db.execute("SELECT label FROM peeks")) as rows:
            known = {label for (label,) in rows}
        return not known or known == set(labels)

    def scan(
        self,
        packs: Sequence[tuple[str, Path]],
        *,
        jobs: int = 1,
        rehash: bool = False,
        fingerprints: Sequence[tuple[str, bool]] | None = None,
    ) -> tuple[Peek, ...]:
        """Peek at every pack, by the index where its files can't have changed, else by reading it.

        `fingerprints` are what `fingerprint` gave of each a moment ago.
        """
        with closing(self._db.execute("SELECT label, fingerprint, content, peek FROM peeks")) as rows:
            known = {row[0]: row[1:] for row in rows}
        unknown: dict[str, tuple[Path, str]] = {}
        seen = fingerprints or map(fingerprint, (path for _label, path in packs))
        for (label, path), (mark, settled) in zip(packs, seen, strict=True):
            if rehash or label not in known or known[label][0] != mark:
                unknown[label] = path, mark if settled else ""
        fresh: list[tuple[str, str, str, str]] = []
        if unknown:
            read = _read_all([path for path, _mark in unknown.values()], jobs)
            for (label, (_path, mark)), (content, peek) in zip(unknown.items(), read, strict=True):
                fresh.append((label, mark, content, peek))
                known[label] = mark, content, peek
        found = [_peek(label, *known[label][1:]) for label, _path in packs]
        self._db.execute("BEGIN")
        gone = known.keys() - {label for label, _path in packs}
        self._db.executemany("DELETE FROM peeks WHERE label = ?", [(label,) for label in gone])
        self._db.executemany("INSERT OR REPLACE INTO peeks VALUES (?, ?, ?, ?)", fresh)
        self._db.execute("COMMIT")
        return tuple(found)

    def _fact(self, name: str) -> str:
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def published(self) -> tuple[str, Iterator[tuple[str, str]]]:
        """Stamp of the last finished build, and the (name, key) of its units."""
        return self._fact("stamp"), iter(self._db.execute("SELECT name, key FROM units"))

    def keep_published(self, stamp: str, units: Iterable[tuple[str, str]]) -> None:
        """Remember a finished build."""
        self._db.execute("BEGIN")
        self._db.execute("DELETE FROM units")
        self._db.executemany("INSERT INTO units VALUES (?, ?)", units)
        self._db.execute("INSERT OR REPLACE INTO facts VALUES ('stamp', ?)", (stamp,))
        self._db.execute("COMMIT")


def fingerprint(path: Path) -> tuple[str, bool]:
    """Digest of names, sizes, times and inodes of everything below a path; whether a later change will show in it."""
    now = time.time_ns()
    found, newest = _fingerprint(path)
    return found, newest < now - _GRANULARITY_NS


def _fingerprint(path: Path) -> tuple[str, int]:
    digest = hashlib.blake2b(digest_size=20)
    newest = 0
    waiting = [str(path)]
    try:
        info = os.lstat(path)
        digest.update(f"{info.st_ino} {info.st_size} {info.st_mtime_ns} {info.st_ctime_ns}\n".encode())
        newest = info.st_ctime_ns
        if not stat.S_ISDIR(info.st_mode):
            return digest.hexdigest(), newest
        while waiting:
            folder = waiting.pop()
            lines = []
            with os.scandir(folder) as listing:
                for entry in listing:
                    info = entry.stat(follow_symlinks=False)
                    changed = info.st_ctime_ns  # never older than a modification that was not dated back
                    lines.append((entry.name, info.st_mode, info.st_ino, info.st_size, info.st_mtime_ns, changed))
                    if changed > newest:
                        newest = changed
                    if stat.S_ISDIR(info.st_mode):
                        waiting.append(entry.path)
            digest.update(repr((folder, sorted(lines))).encode("utf-8", "surrogateescape"))
    except OSError as exc:
        raise IngestError(f"{path}: can't be listed ({exc.strerror})") from exc
    return digest.hexdigest(), newest


def _read_all(paths: Sequence[Path], jobs: int) -> Iterator[tuple[str, str]]:
    """Content digest and peek of each pack that the index does not know."""
    from proofpress.workers import executor, run_units  # noqa: PLC0415 - only when a pack is new

    work = [paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH)]
    with executor(jobs, len(work)) as pool:
        for batch in run_units(pool, _read_some, work, window=2 * jobs):
            yield from batch


def _read_some(paths: Sequence[Path]) -> list[tuple[str, str]]:
    from proofpress.ingest import digest_pack, source_of  # noqa: PLC0415 - only when a pack is new

    read = []
    for path in paths:
        content, heads = digest_pack(source_of(path))
        read.append((content, json.dumps(_facts(heads))))
    return read


def _stated(value: object) -> str:
    """A text of a release as its page shows it; an imported one may not state it."""
    return "not stated" if isinstance(value, dict) else str(value)


def _facts(heads: Mapping[str, bytes]) -> dict[str, str]:
    facts = {"pack_id": "sha256:" + hashlib.sha256(heads.get("manifest.json", b"")).hexdigest()}
    with suppress(ValueError, RecursionError, AttributeError):
        release = json.loads(heads.get("release.json", b"{}"))
        before = release.get("predecessor") or {}
        bundle = before.get("bundle", 1)
        suffix = f".b{bundle}" if bundle != 1 else ""
        facts |= {
            "release_id": str(release.get("release_id", "")),
            "released_at": _stated(release.get("released_at", "")),
            "predecessor": f"{before['release_id']}{suffix}" if "release_id" in before else "",
        }
    return facts


def _peek(label: str, content: str, text: str) -> Peek:
    facts = json.loads(text)
    return Peek(
        label=label,
        content=content,
        release_id=facts.get("release_id", ""),
        released_at=facts.get("released_at", ""),
        predecessor=facts.get("predecessor", ""),
        pack_id=facts["pack_id"],
    )

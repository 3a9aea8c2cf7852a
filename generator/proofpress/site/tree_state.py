"""What the two site trees hold: their units, the files of each, and whether these are still intact.

One SQLite file remembers it. It is a cache: losing it costs a rebuild and nothing else. A tree is known by
device and inode of its root folder, so its records follow it when the two trees change places.

A file is intact when size, modification and change time are the recorded ones. Where they differ, or where
the record cannot be trusted yet, the digest decides. `trust` says which:

* `TRUSTED`: verified, synced, and older than the clock's granularity when that was recorded, so any later
  modification shows in its times ("racily clean" files, as Git calls them, never get here).
* `VERIFIED`: written or compared during this publication; becomes trusted once the tree has been synced.
* `UNTRUSTED`: anything else, such as what a killed build left.
"""

import os
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proofpress.errors import PublishError
from proofpress.site.tree_walk import digest_if_regular, walk

UNTRUSTED: Final = 0
TRUSTED: Final = 1
VERIFIED: Final = 2

_TIMES: Final = struct.Struct("<qqq")  # size, modification and change time

_APPLICATION: Final = 0x50726F66
_FORMAT: Final = 1
# Clocks that count whole seconds (or two) show it by a time without a fraction; others tick every 10 ms.
_SETTLED: Final = "ctime + CASE ctime % 1000000000 WHEN 0 THEN 2000000000 ELSE 20000000 END < :now"
_SCHEMA: Final = f"""
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_FORMAT};
CREATE TABLE tree (id INTEGER PRIMARY KEY, dev INTEGER NOT NULL, ino INTEGER NOT NULL, UNIQUE (dev, ino));
CREATE TABLE unit (
  id INTEGER PRIMARY KEY, tree INTEGER NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, files INTEGER NOT NULL,
  UNIQUE (tree, name)
);
CREATE TABLE file (
  tree INTEGER NOT NULL, folder TEXT NOT NULL, name TEXT NOT NULL, unit INTEGER NOT NULL,
  signature TEXT NOT NULL, ctime INTEGER NOT NULL, trust INTEGER NOT NULL, sha256 BLOB NOT NULL,
  PRIMARY KEY (tree, folder, name)
) WITHOUT ROWID;
CREATE INDEX file_of_unit ON file (unit);
CREATE INDEX file_in_doubt ON file (trust) WHERE trust != {TRUSTED};
"""
_WANTED: Final = "CREATE TEMP TABLE wanted (position INTEGER PRIMARY KEY, name TEXT UNIQUE, key TEXT)"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """One file of a tree: POSIX path from its root, stat signature (bytes, nanoseconds), digest in hex."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    sha256: str


Survey = tuple[tuple[str, ...], tuple[int, ...]]
"""What is wrong with a tree: paths of no unit, damaged files and empty folders (ending in a slash); broken units."""


class TreeState:
    """The records of all trees, and the units that the site is wanted to consist of."""

    def __init__(self, path: Path) -> None:
        """Open the records; a missing, foreign or damaged file is replaced by an empty one."""
        self._path = path
        try:
            self._db = self._connect()
        except sqlite3.DatabaseError as exc:
            if not is_damage(exc):
                raise
            self._erase()
            self._db = self._connect()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None)
        try:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            made_by = (
                db.execute("PRAGMA application_id").fetchone()[0],
                db.execute("PRAGMA user_version").fetchone()[0],
            )
            if made_by == (0, 0) and not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                db.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            elif made_by != (_APPLICATION, _FORMAT):
                raise sqlite3.DatabaseError("made by something else")  # noqa: TRY301 (handled as damage)
            db.execute("UPDATE file SET trust = ? WHERE trust = ?", (UNTRUSTED, VERIFIED))
            db.execute(_WANTED)
        except BaseException:
            db.close()
            raise
        return db

    def close(self) -> None:
        self._db.close()

    def reset(self) -> None:
        """Start from nothing."""
        self._db.close()
        self._erase()
        self._db = self._connect()

    def _erase(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    @contextmanager
    def saved(self) -> Iterator[None]:
        """One transaction: all of what happens within, or nothing."""
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # Trees

    def find(self, root: Path) -> int | None:
        """The tree at `root`, if there are records of it."""
        try:
            found = root.lstat()
        except FileNotFoundError:
            return None
        query = "SELECT id FROM tree WHERE dev = ? AND ino = ?"
        row = self._db.execute(query, (found.st_dev, found.st_ino)).fetchone()
        return None if row is None else int(row[0])

    def adopt(self, root: Path) -> int:
        """The tree at `root`, newly recorded if need be."""
        found = root.lstat()
        query = "INSERT OR IGNORE INTO tree (dev, ino) VALUES (?, ?)"
        self._db.execute(query, (found.st_dev, found.st_ino))
        query = "SELECT id FROM tree WHERE dev = ? AND ino = ?"
        return int(self._db.execute(query, (found.st_dev, found.st_ino)).fetchone()[0])

    def forget_all_but(self, *trees: int | None) -> None:
        kept = f"({', '.join(str(tree) for tree in trees if tree is not None)})"
        for table, column in (("file", "tree"), ("unit", "tree"), ("tree", "id")):
            self._db.execute(f"DELETE FROM {table} WHERE {column} NOT IN {kept}")  # noqa: S608 (integers)

    def holds_any(self, tree: int, root: Path) -> bool:
        """Whether a recorded file is there, so that `root` is not a new folder which got its inode."""
        query = "SELECT folder || name, signature FROM file WHERE tree = ?"
        with closing(self._db.execute(query, (tree,))) as rows:
            for path, signature in rows:
                with suppress(FileNotFoundError, NotADirectoryError):
                    if _signature((root / path).lstat()) == signature:
                        return True
        return False

    # Units

    def want(self, units: Iterable[tuple[str, str]]) -> None:
        """Set what the site is to consist of: (name, key) of every unit."""
        self._db.execute("DELETE FROM wanted")
        for name, key in units:
            query = "INSERT OR IGNORE INTO wanted (name, key) VALUES (?, ?)"
            if not self._db.execute(query, (name, key)).rowcount:
                raise PublishError(f"unit {name!r} is named twice", hint="unit names must be unique")

    def consists_of_wanted(self, tree: int) -> bool:
        """Whether the units of a tree are the wanted ones, no more and no fewer."""
        query = """SELECT (SELECT count(*) FROM unit WHERE tree = :tree) = (SELECT count(*) FROM wanted)
            AND NOT EXISTS (SELECT 1 FROM wanted LEFT JOIN unit ON unit.tree = :tree
              AND unit.name = wanted.name AND unit.key = wanted.key WHERE unit.id IS NULL)"""
        return bool(self._db.execute(query, {"tree": tree}).fetchone()[0])

    def missing(self, tree: int) -> tuple[tuple[str, str], ...]:
        """(name, key) of the wanted units that a tree does not hold, in the order wanted."""
        query = """SELECT wanted.name, wanted.key FROM wanted LEFT JOIN unit ON unit.tree = ?
            AND unit.name = wanted.name AND unit.key = wanted.key
            WHERE unit.id IS NULL ORDER BY wanted.position"""
        return tuple(self._db.execute(query, (tree,)))

    def lacks(self, tree: int, name: str, key: str) -> bool:
        """Whether a unit is wanted with this key and the tree does not hold it."""
        query = "SELECT 1 FROM wanted WHERE name = ? AND key = ?"
        wanted = self._db.execute(query, (name, key)).fetchone() is not None
        return wanted and self.unit(tree, name, key) is None

    def counts(self, served: int | None) -> tuple[int, int]:
        """How many units are wanted, and how many of the served tree are not."""
        query = """SELECT (SELECT count(*) FROM wanted), (SELECT count(*) FROM unit
            WHERE tree = ? AND name NOT IN (SELECT name FROM wanted))"""
        wanted, removed = self._db.execute(query, (served,)).fetchone()
        return wanted, removed

    def unit(self, tree: int, name: str, key: str) -> int | None:
        query = "SELECT id FROM unit WHERE tree = ? AND name = ? AND key = ?"
        row = self._db.execute(query, (tree, name, key)).fetchone()
        return None if row is None else int(row[0])

    def files(self, unit: int) -> tuple[FileRecord, ...]:
        query = "SELECT folder || name, signature, sha256 FROM file WHERE unit = ? ORDER BY folder, name"
        records = []
        for path, signature, digest in self._db.execute(query, (unit,)):
            try:
                size, mtime, ctime = _TIMES.unpack(bytes.fromhex(signature))
            except (ValueError, struct.error) as exc:
                raise sqlite3.DatabaseError(f"{path}: not a signature") from exc
            records.append(FileRecord(path=path, size=size, mtime_ns=mtime, ctime_ns=ctime, sha256=digest.hex()))
        return tuple(records)

    def add(self, tree: int, name: str, key: str, records: tuple[FileRecord, ...]) -> None:
        """Record a unit. Raises `PublishError` when one of its files belongs to another unit."""
        query = "INSERT INTO unit (tree, name, key, files) VALUES (?, ?, ?, ?)"
        unit = self._db.execute(query, (tree, name, key, len(records))).lastrowid
        query = "INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        for record in records:
            place = (tree, *_split(record.path))
            signature = _TIMES.pack(record.size, record.mtime_ns, record.ctime_ns).hex()
            row = (*place, unit, signature, record.ctime_ns, VERIFIED, bytes.fromhex(record.sha256))
            try:
                self._db.execute(query, row)
            except sqlite3.IntegrityError as exc:
                query = """SELECT unit.name FROM file JOIN unit ON unit.id = file.unit
                    WHERE file.tree = ? AND file.folder = ? AND file.name = ?"""
                owner = self._db.execute(query, place).fetchone()[0]
                raise PublishError(
                    f"{record.path}: claimed by both {owner!r} and {name!r}",
                    hint="every file of the site belongs to one unit; rename one of the two",
                ) from exc

    def _forget_units(self, units: Iterable[int]) -> None:
        keys = [(unit,) for unit in units]
        self._db.executemany("DELETE FROM file WHERE unit = ?", keys)
        self._db.executemany("DELETE FROM unit WHERE id = ?", keys)

    # Files

    def restat(self, trees: tuple[int, ...], path: str, found: os.stat_result) -> None:
        """Record the times of a file (one inode, in one or both trees) whose content has been verified."""
        query = "UPDATE file SET signature = ?, ctime = ?, trust = ? WHERE tree = ? AND folder = ? AND name = ?"
        values = _signature(found), found.st_ctime_ns, VERIFIED
        self._db.executemany(query, [(*values, tree, *_split(path)) for tree in trees])

    def doubts(self, tree: int) -> bool:
        """Whether a record of the tree can only be judged by digest."""
        query = f"SELECT 1 FROM file WHERE trust != {TRUSTED} AND tree = ? LIMIT 1"  # noqa: S608 (constant)
        return self._db.execute(query, (tree,)).fetchone() is not None

    def settle(self, now: int) -> None:
        """After a sync: trust what this publication verified before `now` (the file system's clock)."""
        query = f"UPDATE file SET trust = {TRUSTED} WHERE trust = {VERIFIED} AND {_SETTLED}"  # noqa: S608 (constants)
        self._db.execute(query, {"now": now})

    def intact(self, tree: int, root: str, path: str, *, rehash: bool) -> bool:
        """Whether a file is as recorded; where only the digest could tell, its times are recorded anew."""
        query = "SELECT signature, trust, sha256 FROM file WHERE tree = ? AND folder = ? AND name = ?"
        signature, trust, digest = self._db.execute(query, (tree, *_split(path))).fetchone()
        if trust != UNTRUSTED and not rehash:
            try:
                found = os.lstat(root + path)
            except (FileNotFoundError, NotADirectoryError):
                return False
            if _signature(found) == signature:
                return True
        read = digest_if_regular(root + path)
        if read is None or read[1] != digest:
            return False
        self.restat((tree,), path, read[0])
        return True

    def survey(self, tree: int, root: str, *, rehash: bool, wanted: bool = True) -> Survey:
        """Compare a tree on disk (`root` ends in a slash) with its records: those of the wanted units, or of all."""
        query = """SELECT CAST(unit.id AS TEXT), files FROM unit LEFT JOIN wanted USING (name, key)
            WHERE tree = ? AND (wanted.position IS NOT NULL OR NOT ?)"""
        expected: dict[str, int] = dict(self._db.execute(query, (tree, wanted)))
        seen = dict.fromkeys(expected, 0)
        strays: list[str] = []
        # One row per folder, because making 40,000 rows into Python objects costs as much as the walk.
        accepted = None if rehash else TRUSTED
        query = """SELECT folder, group_concat(name, '/'), group_concat(unit, '/'),
            group_concat(iif(trust = ?, signature, '?'), '/') FROM file
            WHERE tree = ? GROUP BY folder ORDER BY folder"""
        with closing(self._db.execute(query, (accepted, tree))) as recorded, closing(walk(root)) as folders:
            ahead = recorded.fetchone()
            for folder, entries, empty in folders:
                if empty and folder:
                    strays.append(folder)
                while ahead is not None and ahead[0] < folder:
                    ahead = recorded.fetchone()
                names, units, signatures = [], [], []
                if ahead is not None and ahead[0] == folder:
                    names, units, signatures = (column.split("/") for column in ahead[1:])
                here = {entry.name: _signature(entry.stat(follow_symlinks=False)) for entry in entries}
                if here == dict(zip(names, signatures, strict=False)) and seen.keys() >= (owners := set(units)):
                    for unit in owners:
                        seen[unit] += len(units) if len(owners) == 1 else units.count(unit)
                    continue
                owner = dict(zip(names, units, strict=False))
                trusted = dict(zip(names, signatures, strict=False))
                for name, found in here.items():
                    unit = owner.get(name, "")
                    if unit in seen and (
                        found == trusted[name] or self.intact(tree, root, folder + name, rehash=rehash)
                    ):
                        seen[unit] += 1
                    else:
                        strays.append(folder + name)
        return tuple(strays), tuple(int(unit) for unit, files in expected.items() if seen[unit] != files)

    def cleared(self, tree: int, survey: Survey) -> Iterator[str]:
        """Yield every path that has no place in a surveyed tree: strays, and all files of units that are broken or
        not wanted, some of which may not exist. When it ends, these units have been forgotten.
        """
        strays, broken = survey
        yield from strays
        query = """SELECT unit.id FROM unit LEFT JOIN wanted USING (name, key)
            WHERE tree = ? AND wanted.position IS NULL"""
        gone = {*broken, *(each for (each,) in self._db.execute(query, (tree,)))}
        for each in sorted(gone):
            yield from (record.path for record in self.files(each))
        self._forget_units(gone)


def _signature(found: os.stat_result) -> str:
    return _TIMES.pack(found.st_size, found.st_mtime_ns, found.st_ctime_ns).hex()


def _split(path: str) -> tuple[str, str]:
    """`"a/b/c.html"` as `("a/b/", "c.html")`: with the slash, folders sort as a walk visits them."""
    folder, slash, name = path.rpartition("/")
    return folder + slash, name


def is_damage(exc: sqlite3.DatabaseError) -> bool:
    """Whether an error says that the records are unusable, rather than the disk or its permissions."""
    code = getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    return code in {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_MISMATCH,
    }

"""The only writer of the site: two trees, brought up to date in turn and exchanged in one step.

The site consists of *units* (a release, the frame, a listing), each with a key that stands for everything
it was made from. A `Publication` finds the units whose key is new or whose files are damaged, lets the
caller build these into the tree that is not served, syncs once and exchanges the two. A build killed at any
moment leaves the old site or the new one, and the next build goes on from there.

Needs POSIX. Imports nothing but the standard library, because a build in which nothing changed ends here;
for the same reason the lock is a bare `flock` (importing filelock takes as long as comparing 10,000 files).
"""
# ruff: noqa: PTH100, PTH101, PTH102, PTH104
# The system calls stand here by their names: their order is what the guarantees rest on.

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Final, Self

from proofpress.errors import PublishError
from proofpress.site.tree_files import OutputFile, link, remove, reported, swap, sync, write_unit
from proofpress.site.tree_state import FileRecord, Survey, TreeState, is_damage
from proofpress.site.tree_walk import FILE_MODE, FOLDER_MODE

__all__ = ["FileRecord", "Outcome", "OutputFile", "Publication", "Survey", "write_unit"]

MARKER_PATH: Final = ".proofpress"
MARKER_UNIT: Final = "proofpress/marker"
MARKER: Final = b"This folder is written by proofpress and replaced as a whole by every build.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a publication did, in units."""

    changed: bool
    built: int
    kept: int
    removed: int


class Publication:
    """One build's hold on the site; a context manager.

    Within it: `begin` says which units must be built; write each with `write_unit` into `staging` and
    `accept` it; `commit`. Leaving without `commit` leaves the site as it was, and what was accepted for the
    next build.
    """

    def __init__(self, site: Path, state_dir: Path, *, rehash: bool = False, wait: float = 0.0) -> None:
        """`rehash` compares every digest; `wait` is how many seconds to wait for another build to end."""
        self.site = Path(os.path.abspath(site))
        self.state_dir = Path(os.path.abspath(state_dir))
        self.staging = self.state_dir / "site-next"
        self._rehash = rehash
        self._wait = wait
        self._built: set[str] = set()
        self._unchanged: bool | None = None
        self._opened: TreeState | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack, reported(self.site):
            if self.site.resolve() in (here := self.state_dir.resolve(), *here.parents):
                raise PublishError(
                    f"{self.site}: the state folder {self.state_dir} lies in the site",
                    hint="the site is replaced as a whole; keep the state beside it",
                )
            self.state_dir.mkdir(parents=True, exist_ok=True)
            self.site.parent.mkdir(parents=True, exist_ok=True)
            if self.state_dir.stat().st_dev != self.site.parent.stat().st_dev:
                self.staging = self.site.with_name(f".{self.site.name}.proofpress-next")
            self._aside = self.staging.with_name(f"{self.staging.name}.aside")
            self._lock(stack)
            self._recover()
            stack.callback(self._close_state)
            self._require_ours()
            self._close_state()  # a survey opens it in a process of its own
            self._make_staging()
            self._site_identity = _identity(self.site)
            self._staging_identity = _identity(self.staging)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with reported(self.state_dir):
            self._stack.close()

    @property
    def _state(self) -> TreeState:
        if self._opened is None:
            self._opened = TreeState(self.state_dir / "publish.sqlite")
        return self._opened

    def _close_state(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def survey(self) -> Survey:
        """What is wrong with the tree that is not served. A process of its own may tell this before `begin`."""
        with reported(self.staging), self._state.saved():
            tree = self._state.adopt(self.staging)
            found = self._state.survey(tree, f"{self.staging}/", rehash=self._rehash, wanted=False)
        self._close_state()
        return found

    def begin(self, wanted: Iterable[tuple[str, str]], surveyed: Survey | None = None) -> tuple[str, ...]:
        """Take (unit name, key) of everything the new site consists of; the names that must be built anew.

        All others are in the staging tree already or have been brought over from the served one. `surveyed` is what
        `survey` said in another process while this publication was held.
        """
        units = (*wanted, (MARKER_UNIT, sha256(MARKER).hexdigest()))
        with reported(self.site):
            try:
                return self._begin(units, surveyed)
            except sqlite3.DatabaseError as exc:
                if not is_damage(exc):
                    raise
                self._state.reset()
                return self._begin(units, None)

    def accept(self, name: str, key: str, records: tuple[FileRecord, ...]) -> None:
        """Take over a unit that `write_unit` wrote. Raises `PublishError` when another unit has its path."""
        with reported(self.state_dir):
            if self._unchanged is not False or not self._state.lacks(self._staged, name, key):
                raise ValueError(f"unit {name!r} with this key was not asked for")
            with self._state.saved():
                self._state.add(self._staged, name, key, records)
        self._built.add(name)

    def commit(self) -> Outcome:
        """Sync the staging tree and exchange it with the served one, unless nothing changed."""
        if self._unchanged is None:
            raise ValueError("commit without begin")
        with reported(self.site):
            wanted, removed = self._state.counts(self._served)
            wanted -= 1  # the marker is ours, not the caller's
            if self._unchanged:
                return Outcome(changed=False, built=0, kept=wanted, removed=0)
            if missing := self._state.missing(self._staged):
                raise PublishError(
                    f"{len(missing)} units were not built, {missing[0][0]!r} the first",
                    hint="every unit that begin() returned must be accepted",
                )
            with self._state.saved():
                sync(self.staging)
                self._state.settle(self._clock())
            if (_identity(self.site), _identity(self.staging)) != (
                self._site_identity,
                self._staging_identity,
            ):
                raise PublishError(f"{self.site}: replaced by something else during the build", hint="build again")
            self._exchange()
        built = len(self._built)
        return Outcome(changed=True, built=built, kept=wanted - built, removed=removed)

    # Before the build

    def _lock(self, stack: ExitStack) -> None:
        path = self.state_dir / "publish.lock"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
        stack.callback(os.close, fd)
        deadline = time.monotonic() + self._wait
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                if time.monotonic() >= deadline:
                    raise PublishError(
                        f"{self.site}: another build is writing this site (lock {path})",
                        hint="wait for it to end, then build again",
                    ) from exc
                time.sleep(0.05)
            else:
                return

    def _recover(self) -> None:
        """Finish or undo an exchange that was killed between its renames."""
        if not os.path.lexists(self._aside):
            return
        if not os.path.lexists(self.site):
            os.rename(self._aside, self.site)
        elif not os.path.lexists(self.staging):
            os.rename(self._aside, self.staging)
        else:
            raise PublishError(
                f"{self._aside}: left by a killed build, but {self.site} exists as well",
                hint="keep the one you want and remove the other",
            )

    def _require_ours(self) -> None:
        """Refuse to replace anything but a tree that we made, an empty folder or nothing."""
        if self.site.is_symlink() or (self.site.exists() and not self.site.is_dir()):
            raise PublishError(f"{self.site}: not a folder", hint="the site must be a real folder, not a link")
        if not self.site.exists():
            return
        if os.path.ismount(self.site):
            raise PublishError(f"{self.site}: a mount point", hint="mount its parent folder; the site is renamed")
        with os.scandir(self.site) as entries:
            if next(entries, None) is None:
                return
        with suppress(FileNotFoundError, NotADirectoryError):
            marker = self.site / MARKER_PATH
            fits = S_ISREG(marker.lstat().st_mode) and marker.lstat().st_size == len(MARKER)
            if fits and marker.read_bytes() == MARKER:
                return
        if (tree := self._state.find(self.site)) is not None and self._state.holds_any(tree, self.site):
            return
        raise PublishError(
            f"{self.site}: not written by proofpress, and not empty",
            hint="name another folder or remove this one; a build replaces the whole folder",
        )

    def _make_staging(self) -> None:
        try:
            os.mkdir(self.staging, FOLDER_MODE)
        except FileExistsError:
            if not S_ISDIR(os.lstat(self.staging).st_mode):
                raise PublishError(f"{self.staging}: not a folder", hint="remove it and build again") from None
        os.chmod(self.staging, FOLDER_MODE)

    def _begin(self, units: tuple[tuple[str, str], ...], surveyed: Survey | None) -> tuple[str, ...]:
        state, rehash = self._state, self._rehash
        with state.saved():
            state.want(units)
            self._served = state.find(self.site)
            if self._served is not None and state.consists_of_wanted(self._served):
                before = self._clock() if state.doubts(self._served) else None
                self._unchanged = not any(state.survey(self._served, f"{self.site}/", rehash=rehash))
                if self._unchanged:
                    if before is not None:
                        state.settle(before)
                    return ()
            self._unchanged = False
            self._staged = state.adopt(self.staging)
            state.forget_all_but(self._served, self._staged)
            found = surveyed or state.survey(self._staged, f"{self.staging}/", rehash=rehash)
            for path in state.cleared(self._staged, found):
                remove(self.staging, path)
            for name, key in state.missing(self._staged):
                if name == MARKER_UNIT:
                    records = write_unit(self.staging, [OutputFile(path=MARKER_PATH, data=MARKER)])
                    state.add(self._staged, name, key, records)
                else:
                    self._bring_over(name, key)
            return tuple(name for name, _ in state.missing(self._staged))

    def _bring_over(self, name: str, key: str) -> None:
        """Hard-link a unit from the served tree, if that has it with this key and undamaged."""
        state, served = self._state, self._served
        if served is None or (unit := state.unit(served, name, key)) is None:
            return
        records = state.files(unit)
        if not all(state.intact(served, f"{self.site}/", file.path, rehash=self._rehash) for file in records):
            return
        state.add(self._staged, name, key, records)
        for file in records:
            source = f"{self.site}/{file.path}"
            if link(source, self.staging, file.path):
                # One more link changed the inode, and with it the change time of both.
                state.restat((served, self._staged), file.path, os.lstat(source))
            else:
                copy = OutputFile(path=file.path, copy_from=Path(source), sha256=file.sha256)
                write_unit(self.staging, [copy])
                state.restat((self._staged,), file.path, os.lstat(f"{self.staging}/{file.path}"))

    # After the build

    def _clock(self) -> int:
        """Now, by the clock of the file system that stamps the site's files (nanoseconds)."""
        os.utime(self.staging)
        return os.lstat(self.staging).st_mtime_ns

    def _exchange(self) -> None:
        if self._site_identity is None:
            os.rename(self.staging, self.site)
        elif not swap(self.staging, self.site):
            os.rename(self.site, self._aside)
            try:
                os.rename(self.staging, self.site)
            except OSError:
                os.rename(self._aside, self.site)
                raise
            with suppress(OSError):  # the new site is served; the next build finishes this
                os.rename(self._aside, self.staging)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino

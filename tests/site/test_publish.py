"""The only writer of the site: what it builds anew, what it leaves alone, and what a kill or a full disk leaves."""

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import proofpress
from proofpress.aside import Aside
from proofpress.errors import PublishError
from proofpress.site import publish, tree_files, tree_state, tree_walk
from proofpress.site.publish import MARKER, MARKER_PATH, Outcome, OutputFile, Publication, write_unit

Site = Mapping[str, Mapping[str, bytes]]

OLD: Site = {
    "frame": {"assets/app.css": b"css", "index.html": b"home"},
    "release/a": {"a/index.html": b"a1", "a/data/eval.json": b"{}"},
    "release/b": {"b/index.html": b"b1"},
    "catalogue": {"list.html": b"a b", "feeds/all.xml": b"<a/>"},
}
NEW: Site = {
    "frame": OLD["frame"],
    "release/a": {"a/index.html": b"a2", "a/data": b"was a folder"},
    "release/c": {"b/index.html": b"taken over from b", "c/deep/er/index.html": b"c1"},
    "catalogue": {"list.html": b"a c", "feeds/all.xml": b"<a/>"},
}


def key_of(files: Mapping[str, bytes]) -> str:
    return sha256(repr(sorted(files.items())).encode()).hexdigest()


def build(root: Path, wanted: Site, **options: Any) -> tuple[Outcome, tuple[str, ...]]:
    with Publication(root / "site", root / "build", **options) as publication:
        anew = publication.begin((name, key_of(files)) for name, files in wanted.items())
        for name in anew:
            files = [OutputFile(path=path, data=data) for path, data in wanted[name].items()]
            publication.accept(name, key_of(wanted[name]), write_unit(publication.staging, files))
        return publication.commit(), anew


def content(tree: Path) -> dict[str, bytes]:
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def expected(wanted: Site) -> dict[str, bytes]:
    return {MARKER_PATH: MARKER} | {path: data for files in wanted.values() for path, data in files.items()}


@pytest.fixture(autouse=True)
def _no_sync(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Syncing the whole file system would make every test as slow as its neighbours' writes."""
    if "real_sync" not in request.fixturenames:
        monkeypatch.setattr(publish, "sync", lambda _: None)


@pytest.fixture
def real_sync() -> None:
    """Asks for the real thing."""


def without_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "swap", lambda *_: False)


# What is built, kept and removed


def test_first_build_writes_everything(tmp_path: Path, real_sync: None) -> None:
    outcome, anew = build(tmp_path, OLD)
    assert outcome == Outcome(changed=True, built=4, kept=0, removed=0)
    assert anew == tuple(OLD)
    assert content(tmp_path / "site") == expected(OLD)


def test_nothing_changed_touches_nothing(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    before = {path: path.lstat() for path in [tmp_path / "site", *(tmp_path / "site").rglob("*")]}
    outcome, anew = build(tmp_path, OLD)
    assert outcome == Outcome(changed=False, built=0, kept=4, removed=0)
    assert anew == ()
    for path, found in before.items():
        now = path.lstat()
        assert (now.st_ino, now.st_ctime_ns) == (found.st_ino, found.st_ctime_ns), path


@pytest.mark.parametrize("two_renames", [False, True])
def test_only_what_changed_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real_sync: None, two_renames: bool
) -> None:
    if two_renames:
        without_exchange(monkeypatch)
    build(tmp_path, OLD)
    assert build(tmp_path, NEW) == (
        Outcome(changed=True, built=3, kept=1, removed=1),
        ("release/a", "release/c", "catalogue"),
    )
    assert content(tmp_path / "site") == expected(NEW)
    # Back again: the other tree still has the old units, so that none is built.
    assert build(tmp_path, OLD) == (Outcome(changed=True, built=0, kept=4, removed=1), ())
    assert content(tmp_path / "site") == expected(OLD)
    # Both trees are exact, down to empty folders.
    assert not (tmp_path / "site/c").exists()


def test_an_added_unit_reaches_the_other_tree_by_hard_link(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    build(tmp_path, {**OLD, "x": {"x.html": b"x"}})
    outcome, anew = build(tmp_path, {**OLD, "x": {"x.html": b"x"}, "y": {"y.html": b"y"}})
    assert anew == ("y",)
    assert outcome == Outcome(changed=True, built=1, kept=5, removed=0)
    for path in (expected(OLD).keys() | {"x.html"}) - {MARKER_PATH}:
        assert (tmp_path / "site" / path).samefile(tmp_path / "build/site-next" / path)
    assert build(tmp_path, {**OLD, "x": {"x.html": b"x"}, "y": {"y.html": b"y"}})[0].changed is False


def test_another_process_may_survey_the_tree_that_is_not_served(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    build(tmp_path, {**OLD, "x": {"x.html": b"x"}})
    (tmp_path / "build/site-next/a/index.html").unlink()  # it is one file in both trees
    (tmp_path / "build/site-next/a/index.html").write_bytes(b"a2")
    (tmp_path / "build/site-next/stray.html").write_bytes(b"stray")
    wanted = {**OLD, "x": {"x.html": b"x"}, "y": {"y.html": b"y"}}
    with Publication(tmp_path / "site", tmp_path / "build") as publication:
        with closing(Aside(publication.survey)) as aside:
            found = aside.result()
        assert found is not None
        assert {"a/index.html", "stray.html"} <= {*found[0]}
        assert len(found[1]) == 1
        anew = publication.begin([(name, key_of(files)) for name, files in wanted.items()], found)
        assert anew == ("y",)  # what was damaged is brought over from the served tree
        written = write_unit(publication.staging, [OutputFile(path="y.html", data=b"y")])
        publication.accept("y", key_of(wanted["y"]), written)
        assert publication.commit().built == 1
    assert content(tmp_path / "site") == expected(wanted)


def test_a_survey_that_fails_elsewhere_is_made_here(tmp_path: Path) -> None:
    build(tmp_path, OLD)

    def refuse() -> None:
        raise PublishError("no", hint="")

    with closing(Aside(refuse)) as aside:
        assert aside.result() is None


def test_file_systems_without_hard_links_get_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str, target: str) -> None:
        raise PermissionError(errno.EPERM, "no hard links here", target)

    monkeypatch.setattr(os, "link", refuse)
    build(tmp_path, OLD)
    outcome, _ = build(tmp_path, {**OLD, "x": {"x.html": b"x"}})
    assert outcome == Outcome(changed=True, built=1, kept=4, removed=0)
    assert content(tmp_path / "build/site-next") == expected(OLD)
    assert not (tmp_path / "site/index.html").samefile(tmp_path / "build/site-next/index.html")
    assert build(tmp_path, OLD)[1] == ()


# Damage


def test_damaged_missing_and_foreign_files_are_repaired(tmp_path: Path) -> None:
    for damage in (
        lambda site: (site / "a/index.html").write_bytes(b"XX"),
        lambda site: (site / "a/index.html").unlink(),
        lambda site: (site / "a/index.html").chmod(0o600),
        lambda site: (site / "foreign.html").write_bytes(b"mine"),
        lambda site: (site / "link").symlink_to("/etc"),
        lambda site: (site / "empty/er").mkdir(parents=True),
        lambda site: os.mkfifo(site / "pipe"),
        lambda site: ((site / "a/index.html").unlink(), (site / "a/index.html").symlink_to("../index.html")),
        lambda site: shutil.rmtree(site / "a"),
    ):
        build(tmp_path, OLD)
        damage(tmp_path / "site")
        assert build(tmp_path, OLD)[0].changed is True
        assert content(tmp_path / "site") == expected(OLD)
        assert {path.name for path in (tmp_path / "site").iterdir()} == {
            *(path.partition("/")[0] for path in expected(OLD))
        }
        assert build(tmp_path, OLD)[0].changed is False


def test_damage_that_keeps_size_and_modification_time_is_seen(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    build(tmp_path, OLD)
    victim = tmp_path / "site/b/index.html"
    found = victim.stat()
    victim.write_bytes(b"b9")
    os.utime(victim, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert build(tmp_path, OLD)[0].changed is True
    assert victim.read_bytes() == b"b1"


def test_touched_files_are_judged_by_their_digest(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    os.utime(tmp_path / "site/index.html", ns=(0, 0))
    assert build(tmp_path, OLD)[0].changed is False


def records(root: Path, query: str, *values: object) -> list[Any]:
    db = sqlite3.connect(root / "build/publish.sqlite", isolation_level=None)
    try:
        return db.execute(query, values).fetchall()
    finally:
        db.close()


def test_records_are_not_trusted_within_the_granularity_of_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file changed in the same tick in which it was recorded shows nothing but other content."""
    now = 1_700_000_000_123_456_789
    monkeypatch.setattr(Publication, "_clock", lambda _: now)
    build(tmp_path, OLD)
    assert {trust for (trust,) in records(tmp_path, "SELECT trust FROM file")} == {tree_state.VERIFIED}
    # As if the times were those recorded, with other bytes of the same size.
    victim = tmp_path / "site/b/index.html"
    victim.write_bytes(b"b9")
    found = victim.stat()
    signature = tree_state._signature(found)
    records(tmp_path, "UPDATE file SET signature = ? WHERE folder = 'b/'", signature)
    assert build(tmp_path, OLD)[0].changed is True
    assert victim.read_bytes() == b"b1"


def test_rehash_reads_every_file(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    victim = tmp_path / "site/b/index.html"
    victim.write_bytes(b"b9")
    signature = tree_state._signature(victim.stat())
    records(tmp_path, "UPDATE file SET signature = ?, trust = 1 WHERE folder = 'b/'", signature)
    assert build(tmp_path, OLD)[0].changed is False
    assert build(tmp_path, OLD, rehash=True)[0].changed is True
    assert victim.read_bytes() == b"b1"


def test_settled_records_are_trusted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(tmp_path, OLD)
    clock = Publication._clock
    monkeypatch.setattr(Publication, "_clock", lambda self: clock(self) + 60_000_000_000)
    records(tmp_path, "UPDATE file SET trust = ?", tree_state.UNTRUSTED)
    assert build(tmp_path, OLD)[0].changed is False
    assert {trust for (trust,) in records(tmp_path, "SELECT trust FROM file")} == {tree_state.TRUSTED}


@pytest.mark.parametrize("damage", ["missing", "garbage", "truncated", "foreign", "pages", "signature"])
def test_lost_records_cost_a_rebuild_and_nothing_else(tmp_path: Path, damage: str) -> None:
    build(tmp_path, OLD)
    path = tmp_path / "build/publish.sqlite"
    if damage == "missing":
        path.unlink()
    elif damage == "garbage":
        path.write_bytes(b"not a database" * 500)
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif damage == "foreign":
        path.unlink()
        records(tmp_path, "CREATE TABLE diary (entry TEXT)")
    elif damage == "pages":
        data = path.read_bytes()
        path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    else:
        records(tmp_path, "UPDATE file SET signature = 'zz', sha256 = x''")
    outcome, anew = build(tmp_path, OLD)
    assert anew == tuple(OLD)
    assert outcome.changed is True
    assert content(tmp_path / "site") == expected(OLD)
    assert build(tmp_path, OLD)[0].changed is False


# Refusals


def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/thesis.txt").write_text("years of work")
    with pytest.raises(PublishError, match="not written by proofpress") as caught:
        build(tmp_path, OLD)
    assert caught.value.hint
    assert content(tmp_path / "site") == {"thesis.txt": b"years of work"}


def test_an_empty_folder_and_a_marked_one_are_ours(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    build(tmp_path, OLD)
    shutil.rmtree(tmp_path / "build")
    (tmp_path / "site/stray").write_bytes(b"")
    assert build(tmp_path, OLD)[1] == tuple(OLD)
    assert content(tmp_path / "site") == expected(OLD)


def test_a_recorded_tree_without_its_marker_is_ours(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    (tmp_path / "site" / MARKER_PATH).unlink()
    assert build(tmp_path, OLD)[0].changed is True
    assert content(tmp_path / "site") == expected(OLD)


def test_a_new_folder_that_got_a_recorded_inode_is_not_ours(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    shutil.rmtree(tmp_path / "site")
    (tmp_path / "site").mkdir()
    (tmp_path / "site/thesis.txt").write_text("years of work")
    inode = (tmp_path / "site").stat().st_ino
    records(tmp_path, "UPDATE tree SET ino = ?", inode)
    with pytest.raises(PublishError, match="not written by proofpress"):
        build(tmp_path, OLD)


@pytest.mark.parametrize("kind", ["file", "symlink", "dangling"])
def test_a_site_that_is_no_folder_is_refused(tmp_path: Path, kind: str) -> None:
    site = tmp_path / "site"
    (tmp_path / "elsewhere").mkdir()
    if kind == "file":
        site.write_bytes(b"")
    else:
        site.symlink_to(tmp_path / ("elsewhere" if kind == "symlink" else "nowhere"))
    with pytest.raises(PublishError, match="not a folder"):
        build(tmp_path, OLD)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_state_within_the_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="lies in the site"), Publication(tmp_path, tmp_path / "build"):
        pass


def test_a_site_replaced_during_the_build_is_left_alone(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    with Publication(tmp_path / "site", tmp_path / "build") as publication:
        assert publication.begin([]) == ()
        (tmp_path / "site").rename(tmp_path / "moved")
        (tmp_path / "site").mkdir()
        with pytest.raises(PublishError, match="replaced by something else"):
            publication.commit()


def test_two_builds_at_once(tmp_path: Path) -> None:
    with Publication(tmp_path / "site", tmp_path / "build"):
        with pytest.raises(PublishError, match="another build"):
            build(tmp_path, OLD)
        with pytest.raises(PublishError, match="another build"):
            build(tmp_path, OLD, wait=0.01)
    assert build(tmp_path, OLD)[0].changed is True


def test_two_units_must_not_claim_one_path(tmp_path: Path) -> None:
    build(tmp_path, OLD)
    clash = {**OLD, "other": {"list.html": b"mine"}}
    with pytest.raises(PublishError, match=r"list\.html: claimed by both 'catalogue' and 'other'"):
        build(tmp_path, clash)
    with pytest.raises(PublishError, match=f"claimed by both '{publish.MARKER_UNIT}' and 'other'"):
        build(tmp_path, {**OLD, "other": {MARKER_PATH: b"mine"}})
    assert content(tmp_path / "site") == expected(OLD)
    assert build(tmp_path, OLD)[0].changed is False
    assert build(tmp_path, NEW)[0].changed is True
    assert content(tmp_path / "site") == expected(NEW)


def test_every_unit_must_be_accepted_once(tmp_path: Path) -> None:
    with Publication(tmp_path / "site", tmp_path / "build") as publication:
        with pytest.raises(ValueError, match="without begin"):
            publication.commit()
        assert publication.begin([("a", "1"), ("b", "1")]) == ("a", "b")
        with pytest.raises(ValueError, match="not asked for"):
            publication.accept("a", "2", ())
        publication.accept("a", "1", ())
        with pytest.raises(ValueError, match="not asked for"):
            publication.accept("a", "1", ())
        with pytest.raises(PublishError, match="1 units were not built, 'b' the first"):
            publication.commit()
    assert not (tmp_path / "site").exists()
    # What was accepted counts in the next build.
    with Publication(tmp_path / "site", tmp_path / "build") as publication:
        assert publication.begin([("a", "1"), ("b", "1")]) == ("b",)
        with pytest.raises(PublishError, match="'a' is named twice"):
            publication.begin([("a", "1"), ("a", "2")])


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\\b", "a\x00", "a\nb", "\ud800"]
)
def test_paths_stay_within_the_site(path: str) -> None:
    with pytest.raises(PublishError, match="not a path within the site"):
        OutputFile(path=path, data=b"")


@pytest.mark.parametrize("path", ["a", ".well-known/x", "a/..b", "a/b.c/...", "é/ü"])
def test_ordinary_paths(path: str) -> None:
    assert OutputFile(path=path, data=b"").path == path


# Writing one unit


def test_a_unit_is_written_with_fixed_modes_and_never_in_place(tmp_path: Path) -> None:
    shared = tmp_path / "served"
    shared.write_bytes(b"old")
    tree = tmp_path / "tree"
    (tree / "a").mkdir(parents=True)
    os.link(shared, tree / "a/x")
    before = os.umask(0o077)
    try:
        files = [OutputFile(path="a/x", data=b"new!"), OutputFile(path="a/b/c/y", data=b"")]
        with ThreadPoolExecutor(2) as pool:
            ((record, empty),) = pool.map(write_unit, [tree], [files])
    finally:
        os.umask(before)
    found = (tree / "a/x").stat()
    assert (record.path, record.size, record.sha256) == ("a/x", 4, sha256(b"new!").hexdigest())
    assert (record.mtime_ns, record.ctime_ns) == (found.st_mtime_ns, found.st_ctime_ns)
    assert empty.size == 0
    assert shared.read_bytes() == b"old"
    assert found.st_mode & 0o7777 == 0o644
    assert (tree / "a/b").stat().st_mode & 0o7777 == (tree / "a/b/c").stat().st_mode & 0o7777 == 0o755


def test_copies_count_only_with_the_promised_digest(tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(os.urandom(3 << 20))
    digest = sha256(weights.read_bytes()).hexdigest()
    tree = tmp_path / "tree"
    tree.mkdir()
    (record,) = write_unit(tree, [OutputFile(path="w", copy_from=weights, sha256=digest)])
    assert (tree / "w").read_bytes() == weights.read_bytes()
    assert (record.size, record.sha256) == (3 << 20, digest)
    weights.write_bytes(b"swapped")
    with pytest.raises(PublishError, match=f"expected {digest}, found"):
        write_unit(tree, [OutputFile(path="v", copy_from=weights, sha256=digest)])
    assert not (tree / "v").exists()


@pytest.mark.parametrize("kind", ["symlink", "fifo", "missing", "folder"])
def test_copies_come_from_plain_files(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source"
    if kind == "symlink":
        (tmp_path / "target").write_bytes(b"")
        source.symlink_to(tmp_path / "target")
    elif kind == "fifo":
        os.mkfifo(source)
    elif kind == "folder":
        source.mkdir()
    with pytest.raises(PublishError, match="source"):
        write_unit(tmp_path, [OutputFile(path="copy", copy_from=source, sha256="0" * 64)])


# Kills and full disks


class Killed(BaseException):
    """Stands for SIGKILL: nothing is called after it."""


class Seam:
    """Stands in for `os`: counts calls that change something, fails from the `at`-th on, or only at it."""

    CALLS = frozenset(
        {"open", "write", "close", "link", "unlink", "mkdir", "chmod", "fchmod", "rename", "rmdir", "utime"}
    )

    def __init__(self, at: int, failure: type[BaseException], *args: object, once: bool) -> None:
        self.at, self.failure, self.args, self.once = at, failure, args, once
        self.calls = 0
        self.failed = False
        self.fds: set[int] = set()

    def counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **kwargs: Any) -> Any:
            endures = self.once and name == "close"  # closing does not fail, but a kill can hit it
            self.calls += not endures
            if self.calls >= self.at and not endures and not (self.once and self.failed):
                self.failed = True
                raise self.failure(*self.args)
            result = call(*args, **kwargs)
            if name == "open":
                self.fds.add(result)
            elif name == "close":
                self.fds.discard(args[0])
            return result

        return counting

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self.counted(name, real) if name in self.CALLS else real


def disturbed(root: Path, wanted: Site, seam: Seam) -> None:
    """One build with the seam in place; afterwards no descriptor of it is left open, as after a process's end."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (publish, tree_files, tree_state, tree_walk):
            patch.setattr(module, "os", seam)
        patch.setattr(publish, "sync", seam.counted("sync", vars(publish)["sync"]))
        patch.setattr(publish, "swap", seam.counted("swap", vars(publish)["swap"]))
        try:
            build(root, wanted)
        finally:
            for fd in seam.fds:
                os.close(fd)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: hundreds of builds that each sync their records."""
    shared = Path("/dev/shm")  # noqa: S108 (a fresh folder within)
    with TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


def pair(at: int) -> tuple[Site, Site]:
    """An old and a new site whose step has much to do: units kept, brought over, rewritten, removed and added."""
    fresh = {"notes": {"notes/index.html": b"both %d" % at, "notes/more/x.html": b"x"}}
    old = {**OLD, **fresh, "release/b": {"b/index.html": b"b %d" % at}}
    new = {**NEW, **fresh, "release/c": {**NEW["release/c"], "c/deep/n.html": b"c %d" % at}}
    return old, new


@pytest.mark.parametrize("two_renames", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_killed_at_every_step(memory: Path, monkeypatch: pytest.MonkeyPatch, two_renames: bool, first: bool) -> None:
    """The site is the old one or the new one, and the next build succeeds."""
    if two_renames:
        without_exchange(monkeypatch)
    site = memory / "site"
    seen = {"old": 0, "new": 0, "none": 0}
    at, killed = 0, True
    while killed:
        at += 1
        old, new = pair(at)
        if first:
            shutil.rmtree(site, ignore_errors=True)
            shutil.rmtree(memory / "build", ignore_errors=True)
        else:
            build(memory, old)
        try:
            disturbed(memory, new, Seam(at, Killed, once=False))
            killed = False
        except Killed:
            pass
        if not site.exists():
            assert first or two_renames
            seen["none"] += 1
        elif content(site) == expected(new):
            seen["new"] += 1
        else:
            assert content(site) == expected(old)
            assert not first
            seen["old"] += 1
        build(memory, new)
        assert content(site) == expected(new)
        assert content(memory / "build/site-next") in ([{}] if first else [expected(old)])
        assert not (memory / "build/site-next.aside").exists()
    assert seen["none" if first else "old"] > 40
    assert seen["new"] > 1
    assert seen["none"] <= 1 or first


@pytest.mark.parametrize("two_renames", [False, True])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_what_the_system_refuses_is_one_clear_error(
    memory: Path, monkeypatch: pytest.MonkeyPatch, code: int, two_renames: bool
) -> None:
    """Every failing call becomes a `PublishError` naming a path (or is made up for), and the old site stays."""
    if two_renames:
        without_exchange(monkeypatch)
    site = memory / "site"
    refused, at, failed = 0, 0, True
    while failed:
        at += 1
        old, new = pair(at)
        build(memory, old)
        seam = Seam(at, OSError, code, os.strerror(code), once=True)
        error: PublishError | None = None
        try:
            disturbed(memory, new, seam)
        except PublishError as exc:
            error = exc
        if error is None:
            assert content(site) == expected(new)
        else:
            refused += 1
            assert str(memory) in str(error)
            assert os.strerror(code) in str(error)
            assert error.hint
            assert content(site) == expected(old)
        failed = seam.failed
        build(memory, new)
        assert content(site) == expected(new)
    assert refused > 30


def test_an_unreadable_folder_is_an_error_not_an_omission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(tmp_path, OLD)
    build(tmp_path, NEW)
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if isinstance(path, int) and Path(f"/proc/self/fd/{path}").readlink().name == "assets":
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PublishError, match="Permission denied"):
        build(tmp_path, OLD)
    monkeypatch.undo()
    assert content(tmp_path / "site") == expected(NEW)


def test_a_process_killed_by_the_system(tmp_path: Path) -> None:
    """The same with real signals: strace kills a child at its K-th system call of a kind."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    trial = subprocess.run([strace, "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False)
    if trial.returncode:
        pytest.skip("strace may not trace here")
    script = tmp_path / "child.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom test_publish import build, pair\n"
        "build(Path(sys.argv[1]), pair(int(sys.argv[2]))[1])\n"
    )
    paths = os.pathsep.join([str(Path(proofpress.__file__).parents[1]), str(Path(__file__).parent)])
    kills = 0
    for at, (call, when) in enumerate([("unlink", 1), ("link", 2), ("pwrite64", 20), ("syncfs", 1), ("renameat2", 1)]):
        old, new = pair(at)
        build(tmp_path, old)
        inject = f"inject={call}:signal=SIGKILL:when={when}"
        child = subprocess.run(
            [
                *(strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject),
                *(sys.executable, str(script), str(tmp_path), str(at)),
            ],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            check=False,
        )
        assert child.stderr == b""
        kills += child.returncode != 0
        assert content(tmp_path / "site") in [expected(old), expected(new)]
        build(tmp_path, new)
        assert content(tmp_path / "site") == expected(new)
    assert kills == 5


def test_the_nothing_changed_path_imports_only_the_standard_library() -> None:
    code = (
        "import sys, proofpress.site.publish\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}"
        " - set(sys.stdlib_module_names) - {'proofpress'}))\n"
    )
    env = {"PYTHONPATH": str(Path(proofpress.__file__).parents[1])}
    shown = subprocess.run([sys.executable, "-S", "-c", code], env=env, capture_output=True, text=True, check=True)
    assert shown.stdout.split() in ([], ["__main__"])

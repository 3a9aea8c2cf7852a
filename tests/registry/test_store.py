"""The log on disk: locked, synced, refused when broken, untouched when a write fails."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from diff.releases import pack
from proofpress.errors import ExitCode, IngestError, UsageError
from proofpress.registry import RegistryError, fold, read_log, record, store, submit
from registry.logs import LIVE, ONE, TWO

AT, LATER = "2026-03-01T09:00:00Z", "2026-03-02T09:00:00Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "packs" / "registry" / "events.jsonl"


def approve(path: Path, release_id: str) -> None:
    submit(path, pack(release_id), at=AT, by="builder")
    for kind in ("candidate", "approved"):
        record(path, kind, release_id, at=AT, by="reviewer")


def test_a_release_goes_through_its_life(path: Path) -> None:
    approve(path, ONE)
    assert record(path, "activated", ONE, at=AT, by="owner", scope=LIVE)
    approve(path, TWO)
    assert record(path, "activated", TWO, at=AT, by="owner", scope=LIVE, supersedes=ONE)
    assert record(path, "rolled_back", TWO, at=LATER, by="owner", scope=LIVE, restores=ONE, reason="Worse.")
    assert record(path, "yanked", TWO, at=LATER, by="owner", reason="Leak.", upgrade_path=ONE)
    assert record(path, "retired", ONE, at=LATER, by="owner", scope=LIVE)
    log, findings = read_log(path)
    registry = fold(log, findings)
    assert registry.intact
    assert registry.size == len(path.read_bytes().splitlines()) == 11
    assert (registry.status(ONE), registry.status(TWO), registry.active(LIVE)) == ("RETIRED", "YANKED", None)
    assert registry.registered_at(pack(ONE).evidence.pack_id) == AT


def test_repeats_write_nothing(path: Path) -> None:
    assert submit(path, pack(ONE), at=AT, by="builder")
    before = path.read_bytes()
    assert not submit(path, pack(ONE), at=LATER, by="somebody")
    assert path.read_bytes() == before


def test_a_rehearsal_is_registered_as_one_and_never_approved(path: Path) -> None:
    submit(path, pack(ONE, fixture=True), at=AT, by="builder")
    record(path, "candidate", ONE, at=AT, by="builder")
    with pytest.raises(UsageError, match="REG011"):
        record(path, "approved", ONE, at=AT, by="builder")
    assert fold(read_log(path)[0]).bundles[ONE].rehearsal


def test_bundles_are_named_with_their_number(path: Path) -> None:
    submit(path, pack(ONE), at=AT, by="builder")
    submit(path, pack(ONE, bundle=2), at=AT, by="builder")
    assert record(path, "candidate", f"{ONE}.b2", at=AT, by="builder")
    registry = fold(read_log(path)[0])
    assert (registry.status(ONE), registry.status(f"{ONE}.b2")) == ("REGISTERED", "CANDIDATE")


def test_what_does_not_exist_or_does_not_fit_is_refused(path: Path) -> None:
    with pytest.raises(UsageError, match="not registered"):
        record(path, "candidate", ONE, at=AT, by="builder")
    with pytest.raises(UsageError, match="only a verified pack"):
        record(path, "registered", ONE, at=AT, by="builder")
    submit(path, pack(ONE), at=AT, by="builder")
    with pytest.raises(UsageError, match="unknown field 'scope'"):
        record(path, "candidate", ONE, at=AT, by="builder", scope=LIVE)


def test_a_log_that_does_not_exist_has_no_events(path: Path) -> None:
    assert read_log(path) == ((), ())


@pytest.mark.parametrize("tail", [b'{"kind": "yanked"', b"{}\n"])
def test_a_broken_log_is_not_appended_to(path: Path, tail: bytes) -> None:
    submit(path, pack(ONE), at=AT, by="builder")
    path.write_bytes(path.read_bytes() + tail)
    before = path.read_bytes()
    with pytest.raises(RegistryError) as raised:
        record(path, "candidate", ONE, at=AT, by="builder")
    assert raised.value.findings[0].rule in {"REG001", "REG002"}
    assert raised.value.exit_code is ExitCode.FINDINGS
    assert path.read_bytes() == before


def test_a_link_or_a_pipe_is_not_read(path: Path, tmp_path: Path) -> None:
    submit(path, pack(ONE), at=AT, by="builder")
    link, pipe = tmp_path / "link.jsonl", tmp_path / "pipe.jsonl"
    link.symlink_to(path)
    os.mkfifo(pipe)
    for odd in (link, pipe, tmp_path):
        with pytest.raises(IngestError):
            read_log(odd)
        with pytest.raises(IngestError):
            submit(odd, pack(TWO), at=AT, by="builder")
    assert len(read_log(path)[0]) == 1


def test_a_write_that_fails_is_taken_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(path, pack(ONE), at=AT, by="builder")
    before = path.read_bytes()
    write = os.write
    calls: list[int] = []

    def full_disk(descriptor: int, data: bytes) -> int:
        calls.append(descriptor)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, bytes(data)[:10])

    monkeypatch.setattr(os, "write", full_disk)
    with pytest.raises(RegistryError, match="No space left"):
        record(path, "candidate", ONE, at=AT, by="builder")
    monkeypatch.undo()
    assert len(calls) == 2
    assert path.read_bytes() == before
    assert record(path, "candidate", ONE, at=AT, by="builder")


def test_a_held_lock_is_waited_for_only_so_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(path, pack(ONE), at=AT, by="builder")
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.1)
    with (
        FileLock(path.with_suffix(".lock")),
        ThreadPoolExecutor(1) as threads,
        pytest.raises(RegistryError, match="holds the log's lock"),
    ):
        threads.submit(record, path, "candidate", ONE, at=AT, by="builder").result()


def test_writers_at_once_leave_an_intact_chain(path: Path) -> None:
    names = [f"digits-v0.{minor}.0-cnn-r1" for minor in range(12)]
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda name: submit(path, pack(name), at=AT, by="builder"), names * 2))
    registry = fold(*read_log(path))
    assert sum(done) == registry.size == len(names)
    assert registry.intact

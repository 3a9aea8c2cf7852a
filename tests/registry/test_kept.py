"""A fold that was kept: whatever the log became since, it is told what a reader of everything is told."""

from pathlib import Path

import pytest

from proofpress.registry.kept import Kept, read_kept
from proofpress.registry.opened import open_registry
from proofpress.registry.records import PLATFORMS, POLICIES, record_path
from registry.logs import PLATFORM, POLICY, sha256
from registry.stored import checkpoint_of, keep_records
from registry.test_forgeries import forks, honest, lay, stolen_log_key, wrong_checkpoints

PROGRAM = "one"


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _descriptor: None)


def kept_of(folder: Path, size: int) -> Kept:
    """The fold of the honest log's first entries, kept."""
    entries = honest().entries()[:size]
    lay(folder, entries, checkpoint_of(entries))
    found = read_kept(open_registry(folder).kept(PROGRAM), PROGRAM)
    assert found is not None
    assert found.size == size
    return found


def test_a_log_that_grew_is_folded_on_from_every_size(tmp_path: Path) -> None:
    folder = keep_records(tmp_path)
    entries = honest().entries()
    for size in range(1, len(entries) + 1):
        kept = kept_of(folder, size)
        lay(folder, entries, checkpoint_of(entries))
        opened = open_registry(folder, kept)
        assert (opened.stored.known, len(opened.stored.log)) == (True, len(entries) - size)
        assert opened.registry() == open_registry(folder).registry()
        assert opened.kept(PROGRAM) == open_registry(folder).kept(PROGRAM)


def test_a_forged_log_is_told_the_same_as_by_reading_everything(tmp_path: Path) -> None:
    folder = keep_records(tmp_path)
    size = len(honest().entries())
    befores = [kept_of(folder, size // 2), kept_of(folder, size)]
    refused = 0
    for what, entries, note in [*stolen_log_key(), *forks(), *wrong_checkpoints()]:
        lay(folder, entries, note)
        whole = open_registry(folder).registry()
        refused += not whole.intact
        for kept in befores:
            assert open_registry(folder, kept).registry() == whole, what
    assert refused > 80


@pytest.mark.parametrize(("kind", "data"), [(POLICIES, POLICY), (PLATFORMS, PLATFORM)])
def test_a_record_that_is_gone_or_other_is_noticed(tmp_path: Path, kind: str, data: bytes) -> None:
    folder = keep_records(tmp_path)
    kept = kept_of(folder, len(honest().entries()))
    record = folder / record_path(kind, sha256(data))
    record.write_bytes(data + b"\n")
    changed = open_registry(folder, kept).registry()
    record.unlink()
    gone = open_registry(folder, kept).registry()
    assert not changed.intact
    assert changed == gone == open_registry(folder).registry()


def test_damaged_bytes_and_those_of_another_program_are_no_fold(tmp_path: Path) -> None:
    folder = keep_records(tmp_path)
    kept_of(folder, 3)
    data = open_registry(folder).kept(PROGRAM)
    assert read_kept(data, PROGRAM) is not None
    assert read_kept(data, "another") is None
    for damaged in (b"", data[:-1], data.replace(b"REGISTERED", b"APPROVED"), data[1:]):
        assert read_kept(damaged, PROGRAM) is None


def test_nothing_is_kept_of_a_log_with_findings(tmp_path: Path) -> None:
    folder = keep_records(tmp_path)
    entries = honest().entries()
    lay(folder, [*entries, entries[-1]], checkpoint_of([*entries, entries[-1]]))
    assert open_registry(folder).registry().findings
    assert open_registry(folder).kept(PROGRAM) == b""

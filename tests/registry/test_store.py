"""The log on disk: tiles, one writer at a time, and a writer that is killed."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from proofpress.errors import IngestError
from proofpress.registry import RegistryError, open_registry, sequence, store
from proofpress.registry.note import read_checkpoint
from proofpress.registry.opened import LOG_FOLDER
from proofpress.registry.requests import Check, write_request
from proofpress.registry.store import LogWriter, read_log
from proofpress.registry.tiles import bundled
from proofpress.registry.tree import Tree, leaf_hash, node_hash
from registering import LOG_NAME, key_of
from registry.logs import LIVE, ONE, TWO, Line, adoption, clock, two_releases
from registry.stored import KEY, keep_records, rules_of, write_log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return keep_records(tmp_path / "packs" / "registry")


@pytest.fixture
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of files are written, and none must outlive a power cut."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


def root_of(entries: list[bytes]) -> bytes:
    """The root by the recursive definition of RFC 6962."""
    if len(entries) == 1:
        return leaf_hash(entries[0])
    half = 1 << (len(entries) - 1).bit_length() - 1
    return node_hash(root_of(entries[:half]), root_of(entries[half:]))


def test_the_tree_has_the_root_that_its_definition_says() -> None:
    tree, entries = Tree(), [b"%d" % number for number in range(70)]
    for size in range(1, 71):
        tree.append(leaf_hash(entries[size - 1]))
        assert [tree.root(part) for part in range(1, size + 1)][-1] == root_of(entries[:size])
    assert tree.root(33) == root_of(entries[:33])
    with pytest.raises(ValueError, match="70 entries"):
        tree.root(71)


def test_the_layout_is_that_of_tlog_tiles(tmp_path: Path, unsynced: None) -> None:
    writer = LogWriter(tmp_path, read_log(tmp_path))
    entries = [b"entry %d" % number for number in range(600)]
    for start, end in ((0, 1), (1, 250), (250, 256), (256, 257), (257, 258), (258, 600)):
        writer.append(entries[start:end], name=LOG_NAME, key=KEY)
        assert read_checkpoint((tmp_path / "checkpoint").read_bytes()).root == root_of(entries[:end])
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {
        *("checkpoint", "tile/entries/000", "tile/entries/001", "tile/entries/002.p/88"),
        *("tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/1", "tile/1/000.p/2"),
    }
    assert bundled((tmp_path / "tile/entries/001").read_bytes()) == entries[256:512]
    assert (tmp_path / "tile/1/000.p/2").read_bytes()[:32] == root_of(entries[:256])


def test_the_last_two_partial_bundles_stay(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path, read_log(tmp_path))
    for number in range(4):
        writer.append([b"%d" % number], name=LOG_NAME, key=KEY)
    assert sorted(path.name for path in (tmp_path / "tile/entries/000.p").iterdir()) == ["3", "4"]


def test_what_was_written_is_read(folder: Path) -> None:
    line = two_releases()
    write_log(folder, line.entries())
    registry = open_registry(folder).registry()
    assert registry.intact
    assert (registry.steps, registry.tenures) == (line.registry().steps, line.registry().tenures)
    assert registry.head == read_checkpoint((folder / "log/checkpoint").read_bytes()).root.hex()


def test_a_log_that_does_not_exist_has_no_events(folder: Path) -> None:
    registry = open_registry(folder).registry()
    assert (registry.size, registry.intact) == (0, True)


@pytest.mark.parametrize(
    ("path", "data", "rule"),
    [
        ("checkpoint", b"", "REG003"),
        ("checkpoint", None, "REG003"),
        ("tile/entries/000.p/9", None, "REG003"),
        ("tile/entries/000.p/9", b"\x00\x09{}", "REG003"),
        ("tile/0/000.p/9", None, "REG003"),
        ("tile/0/000.p/9", b"x" * 288, "REG003"),
    ],
)
def test_a_damaged_log_is_refused_and_not_appended_to(folder: Path, path: str, data: bytes | None, rule: str) -> None:
    line = two_releases()
    write_log(folder, line.entries())
    file = folder / "log" / path
    file.unlink() if data is None else file.write_bytes(data)
    assert rule in rules_of(folder)
    write_request(folder, line.request("retired", TWO, 9))
    with pytest.raises(RegistryError, match="is refused") as raised:
        sequence(folder, KEY, at=clock(9))
    assert raised.value.category == "untrusted"
    assert len(list((folder / "requests").iterdir())) == 1


def test_a_link_or_a_pipe_is_not_read(folder: Path) -> None:
    write_log(folder, two_releases().entries())
    note = folder / "log/checkpoint"
    note.rename(folder / "kept")
    note.symlink_to(folder / "kept")
    with pytest.raises(IngestError):
        open_registry(folder)
    note.unlink()
    os.mkfifo(note)
    with pytest.raises(IngestError):
        open_registry(folder)


def test_a_held_lock_is_waited_for_only_so_long(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.1)
    with (
        FileLock(folder / store.LOCK),
        ThreadPoolExecutor(1) as threads,
        pytest.raises(RegistryError, match="holds the registry's lock") as raised,
    ):
        threads.submit(sequence, folder, KEY, at=clock(1)).result()
    assert (raised.value.category, raised.value.response()["retryable"]) == ("busy", True)


def test_another_writer_that_did_not_take_the_lock_is_noticed(folder: Path) -> None:
    line = two_releases()
    write_log(folder, line.entries())
    one, two = (LogWriter(folder / LOG_FOLDER, read_log(folder / LOG_FOLDER)) for _ in range(2))
    one.append([b"first"], name=LOG_NAME, key=KEY)
    with pytest.raises(RegistryError, match="changed while it was written"):
        two.append([b"second"], name=LOG_NAME, key=KEY)
    assert read_log(folder / LOG_FOLDER).tree.size == 10


def test_sequencers_at_once_lose_no_request_and_place_none_twice(folder: Path) -> None:
    write_request(folder, adoption())
    line = Line()
    names = [f"digits-v0.1.{number}-logreg-r1" for number in range(24)]
    for name in names:
        write_request(folder, line.request("registered", name, 1))
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: sequence(folder, KEY, at=clock(2)), range(4)))
    assert sum(len(each.placed) for each in done) == 25
    assert {finding.rule for each in done for finding in each.findings} == set()
    registry = open_registry(folder).registry()
    assert (registry.intact, registry.size, set(registry.bundles)) == (True, 25, set(names))


def crash(folder: Path, step: int) -> bool:
    """Sequence in a process that dies at its `step`-th rename; whether it died."""
    child = os.fork()
    if child == 0:  # pragma: no cover - the child's life is not measured
        calls = iter(range(1000))
        rename = Path.replace

        def dying(self: Path, target: Path) -> Path:
            if next(calls) == step:
                os._exit(9)
            return rename(self, target)

        Path.replace = dying  # type: ignore[method-assign, assignment]
        sequence(folder, KEY, at=clock(20))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_a_killed_writer_leaves_the_old_log_or_the_new(tmp_path: Path) -> None:
    died, step = True, 0
    while died:
        folder = keep_records(tmp_path / str(step))
        line = Line().approved(ONE, 1)
        write_request(folder, adoption())
        if step % 2:
            write_log(folder, line.entries())
            write_request(folder, line.request("activated", ONE, 10, scope=LIVE))
        died = crash(folder, step // 2)
        registry = open_registry(folder).registry()
        assert registry.intact
        assert registry.size in ({4, 5} if step % 2 else {0, 1})
        after = sequence(folder, KEY, at=clock(30))
        assert after.findings == ()
        assert open_registry(folder).registry().size == (5 if step % 2 else 1)
        assert list((folder / "requests").iterdir()) == []
        step += 1
        died = died or step % 2 == 1
    assert step > 6


def test_a_full_disk_leaves_the_old_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = two_releases()
    write_log(folder, line.entries())
    write_request(folder, line.request("retired", TWO, 9))
    before = open_registry(folder).registry()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RegistryError, match="No space left") as raised:
        sequence(folder, KEY, at=clock(9))
    monkeypatch.undo()
    assert raised.value.category == "busy"
    assert open_registry(folder).registry() == before
    assert len(sequence(folder, KEY, at=clock(9)).placed) == 1


def test_only_the_logs_own_key_sequences(folder: Path) -> None:
    write_request(folder, adoption())
    with pytest.raises(RegistryError, match="not the log's") as raised:
        sequence(folder, key_of("owner"), at=clock(1))
    assert raised.value.category == "auth"
    assert open_registry(folder).registry().size == 0


def test_requests_find_their_order_and_refused_ones_stay(folder: Path) -> None:
    line = Line()
    later = [line.add(kind, ONE, 1).log[-1].signed for kind in ("registered", "candidate", "approved")]
    outsider = Line().request("registered", TWO, 1, keys=("outsider",))
    for signed in (adoption(), *reversed(later), outsider):
        write_request(folder, signed)
    done = sequence(folder, KEY, at=clock(2))
    assert [each.event.kind for each in done.placed] == ["policy_adopted", "registered", "candidate", "approved"]
    assert [finding.rule for finding in done.findings] == ["REG014"]
    assert [path.name.split("_")[1] for path in (folder / "requests").iterdir()] == ["registered"]


def test_a_request_that_saw_another_state_is_refused_and_a_repeat_is_none(folder: Path) -> None:
    line = Line().approved(ONE, 1).approved(TWO, 1)
    rivals = [line.request("activated", name, 2, scope=LIVE) for name in (ONE, TWO)]
    again = line.request("activated", ONE, 3, scope=LIVE)
    write_log(folder, line.entries())
    for signed in (*rivals, again):
        write_request(folder, signed)
    done = sequence(folder, KEY, at=clock(4), check=Check())
    assert [getattr(each.event, "bundle_id", "") for each in done.placed] == [ONE]
    assert len(done.repeated) == 1
    assert [finding.rule for finding in done.findings] == ["REG015"]
    assert open_registry(folder).registry().active(LIVE) == ONE


def test_time_does_not_go_backwards(folder: Path) -> None:
    write_log(folder, two_releases().entries())
    with pytest.raises(RegistryError, match="time goes backwards"):
        sequence(folder, KEY, at=clock(1))

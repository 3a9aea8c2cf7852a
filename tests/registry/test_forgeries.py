"""Forged histories: whoever holds files, the log's key or a wrong role's key writes them, and none is accepted."""

import os
import shutil
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from proofpress.registry.audit import pinned_trouble
from proofpress.registry.log import Logged, entry_of
from proofpress.registry.opened import open_registry
from proofpress.signing.dsse import Opened
from proofpress.signing.keys import SigningKey
from registering import LOG_NAME, key_of
from registry.logs import LIVE, ONE, STAGING, THREE, TWO, Line, clock, signed, two_releases
from registry.stored import KEY, checkpoint_of, keep_records, write_log

Forgery = tuple[str, tuple[bytes, ...], bytes]
"""What was done, the entries, and the checkpoint over them."""


@cache
def honest() -> Line:
    """A log in which everything happens: activation, rollback, yank, another scope, a refusal."""
    line = two_releases()
    line.add("rolled_back", TWO, 5, scope=LIVE, restores=ONE, reason="Eights fell.")
    line.add("rolled_back", ONE, 6, scope=LIVE, restores=TWO, reason="Mended.")
    line.add("activated", TWO, 7, scope=STAGING)
    line.approved(THREE, 8)
    line.add("activated", THREE, 9, scope=LIVE, supersedes=TWO)
    line.add("yanked", ONE, 10, reason="Leak.", upgrade_path=THREE)
    line.add("retired", TWO, 11, scope=STAGING)
    line.add("registered", THREE, 12, bundle=2)
    line.add("rejected", THREE, 13, bundle=2, reason="Worse.")
    assert line.registry().intact
    return line


def entry(logged: Logged, seq: int | None = None, at: str | None = None, envelope: Opened | None = None) -> bytes:
    chosen = envelope or logged.signed.envelope
    return entry_of(logged.seq if seq is None else seq, at or logged.at, chosen)


def edited(logged: Logged) -> Opened:
    """The request with another word in it, under the signatures of the true one."""
    held = logged.signed.envelope
    payload = held.payload.replace(b'"proofpress.registry"', b'"proofpress.registrx"')
    assert payload != held.payload
    return Opened(payload_type=held.payload_type, payload=payload, signatures=held.signatures, keyids=held.keyids)


def resigned(logged: Logged, *keys: SigningKey) -> Opened:
    """The same request, signed by other keys."""
    raw = logged.signed.event.model_dump(exclude_unset=True)
    return signed(raw, keys).envelope


def numbered(entries: Sequence[Logged]) -> tuple[bytes, ...]:
    """Entries numbered anew in their order, at times that do not fall."""
    found, at = [], ""
    for number, logged in enumerate(entries, start=1):
        at = max(at, logged.at)
        found.append(entry(logged, seq=number, at=at))
    return tuple(found)


def files_alone() -> Iterator[Forgery]:
    """Without any key: the files are changed, and the true checkpoint stays."""
    log, true = honest().log, tuple(honest().entries())
    note = checkpoint_of(true)
    for at, logged in enumerate(log):
        yield f"entry {at} edited", (*true[:at], entry(logged, envelope=edited(logged)), *true[at + 1 :]), note
        yield f"entry {at} removed", (*true[:at], *true[at + 1 :]), note
        yield f"entry {at} doubled", (*true[: at + 1], *true[at:]), note
        if logged is not log[-1]:
            yield f"entry {at} moved to the end", (*true[:at], *true[at + 1 :], true[at]), note
        yield f"entry {at} of another time", (*true[:at], entry(logged, at=clock(59)), *true[at + 1 :]), note
        if at:
            yield f"cut off after {at}", true[:at], note


def stolen_log_key() -> Iterator[Forgery]:
    """With the log's key and none of a role: every checkpoint is signed as it should be."""
    log, true = honest().log, tuple(honest().entries())

    def with_(at: int, data: bytes) -> tuple[tuple[bytes, ...], bytes]:
        entries = (*true[:at], data, *true[at + 1 :])
        return entries, checkpoint_of(entries)

    thief = key_of("thief")
    for at, logged in enumerate(log):
        yield (f"request {at} edited", *with_(at, entry(logged, envelope=edited(logged))))
        yield (f"request {at} signed by a thief", *with_(at, entry(logged, envelope=resigned(logged, thief))))
        yield (f"request {at} signed by the log", *with_(at, entry(logged, envelope=resigned(logged, KEY))))
        outsider = key_of("outsider")
        yield (f"request {at} signed by no holder", *with_(at, entry(logged, envelope=resigned(logged, outsider))))
        if at:
            replayed = (*true, entry(logged, seq=len(true) + 1, at=clock(58)))
            yield f"request {at} replayed", replayed, checkpoint_of(replayed)
            cut = numbered(log[:at])
            yield f"cut off after {at}, signed anew", cut, checkpoint_of(cut)
            dropped = numbered([*log[:at], *log[at + 1 :]])
            yield f"entry {at} dropped, numbered and signed anew", dropped, checkpoint_of(dropped)
        if 0 < at < len(log) - 1:
            swapped = numbered([*log[:at], log[at + 1], log[at], *log[at + 2 :]])
            yield f"entries {at} and {at + 1} swapped, signed anew", swapped, checkpoint_of(swapped)
    for yank in (("owner",), ("owner", "owner"), ("owner", "thief"), ("engineer", "operator")):
        request = honest().request("yanked", THREE, 20, reason="Leak.", keys=yank)
        forged = (*true, entry_of(len(true) + 1, clock(20), request.envelope))
        yield f"yanked by {yank}", forged, checkpoint_of(forged)


def forks() -> Iterator[Forgery]:
    """With all keys: another history that is right in itself, and not the one that was seen."""
    true = honest().log
    for at in range(1, len(true)):
        line = Line()
        for logged in true[1:at]:
            line.put(logged.signed, logged.at)
        line.add("registered", "digits-v9.0.0-fork-r1", 30)
        assert line.registry().intact
        yield f"forked after {at}", tuple(line.entries()), checkpoint_of(line.entries())


def wrong_checkpoints() -> Iterator[Forgery]:
    """The true entries under a checkpoint that is not the log's."""
    true = tuple(honest().entries())
    note = checkpoint_of(true)
    for name in ("thief", "owner", "engineer", "operator"):
        yield f"checkpoint signed by {name}", true, checkpoint_of(true, key=key_of(name))
    yield "checkpoint of another log", true, checkpoint_of(true, name="proofpress.example/other")
    for size in (1, len(true) - 1, len(true) + 1):
        yield f"checkpoint of {size} entries", true, note.replace(f"\n{len(true)}\n".encode(), f"\n{size}\n".encode())
    yield "checkpoint without signature", true, note.partition(b"\n\n")[0] + b"\n"
    yield "no checkpoint", true, b""
    yield "a checkpoint of bytes", true, b"\xff\xfe"


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of logs are written, and none must outlive a power cut."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


def lay(folder: Path, entries: Sequence[bytes], note: bytes) -> None:
    """Write the entries with right tiles, under the checkpoint."""
    shutil.rmtree(folder / "log", ignore_errors=True)
    write_log(folder, entries)
    (folder / "log" / "checkpoint").write_bytes(note)
    if not note:
        (folder / "log" / "checkpoint").unlink()


def accepted(folder: Path, pinned: bytes) -> bool:
    """What `registry verify --checkpoint` says: the log is intact, and begins with what was seen."""
    opened = open_registry(folder)
    return opened.registry().intact and pinned_trouble(opened, pinned, "a friend") is None


def test_no_forged_history_is_accepted(tmp_path: Path) -> None:
    folder = keep_records(tmp_path)
    pinned = checkpoint_of(honest().entries())
    lay(folder, honest().entries(), pinned)
    assert accepted(folder, pinned)
    forgeries = [*files_alone(), *stolen_log_key(), *forks(), *wrong_checkpoints()]
    assert len({(entries, note) for _what, entries, note in forgeries}) >= 200
    believed = []
    for what, entries, note in forgeries:
        lay(folder, entries, note)
        if accepted(folder, pinned):
            believed.append(what)
    assert believed == []


def test_a_grown_log_is_accepted_by_whoever_saw_it_before(tmp_path: Path) -> None:
    folder = keep_records(tmp_path)
    entries = honest().entries()
    for size in (1, 7, len(entries) - 1):
        lay(folder, entries, checkpoint_of(entries))
        assert accepted(folder, checkpoint_of(entries[:size]))


def test_what_needs_no_pinned_checkpoint_to_be_refused(tmp_path: Path) -> None:
    """Forged requests are refused by their signatures alone, even by whoever sees the log for the first time."""
    folder = keep_records(tmp_path)
    kinds = ("edited", "thief", "signed by the log", "no holder", "replayed", "yanked by")
    chosen = [item for item in stolen_log_key() if any(word in item[0] for word in kinds)]
    assert len(chosen) > 80
    for what, entries, note in chosen:
        lay(folder, entries, note)
        assert not open_registry(folder).registry().intact, what


def test_a_name_of_a_log_is_part_of_what_is_signed() -> None:
    assert LOG_NAME.encode() in checkpoint_of([]).partition(b"\n")[0]

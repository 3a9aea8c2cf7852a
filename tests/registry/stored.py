"""Logs of tests on disk, with the records that their events name."""

from collections.abc import Sequence
from pathlib import Path

from proofpress.registry.note import Checkpoint, sign_checkpoint
from proofpress.registry.opened import open_registry
from proofpress.registry.records import PLATFORMS, POLICIES, StoredRecords
from proofpress.registry.store import LogWriter, read_log
from proofpress.registry.tree import Tree, leaf_hash
from proofpress.signing.keys import SigningKey
from registering import LOG_NAME, key_of
from registry.logs import PLATFORM, POLICY, WARNED

KEY = key_of("log")


def keep_records(folder: Path, *policies: bytes) -> Path:
    """Keep the policies and platforms of the tests in a registry's folder, which is returned."""
    records = StoredRecords(folder)
    for data in (POLICY, *policies):
        records.keep(POLICIES, data)
    for data in (PLATFORM, WARNED):
        records.keep(PLATFORMS, data)
    return folder


def write_log(folder: Path, entries: Sequence[bytes], *, key: SigningKey = KEY, name: str = LOG_NAME) -> bytes:
    """Write entries as a new log of a registry's folder, whatever they say; returns the signed checkpoint."""
    LogWriter(folder / "log", read_log(folder / "log")).append(entries, name=name, key=key)
    return (folder / "log" / "checkpoint").read_bytes()


def checkpoint_of(entries: Sequence[bytes], *, key: SigningKey = KEY, name: str = LOG_NAME) -> bytes:
    """The signed checkpoint of these entries."""
    tree = Tree()
    for entry in entries:
        tree.append(leaf_hash(entry))
    return sign_checkpoint(Checkpoint(name, tree.size, tree.root()), key)


def rules_of(folder: Path) -> set[str]:
    """The rules that refuse the registry in a folder."""
    return {finding.rule for finding in open_registry(folder).registry().errors}

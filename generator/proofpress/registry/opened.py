"""A registry's folder → its state: the log, folded by the policies in force, and the checkpoint's signature."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proofpress.registry.fold import Fold
from proofpress.registry.kept import Kept, keep
from proofpress.registry.messages import RegistryError
from proofpress.registry.records import StoredRecords
from proofpress.registry.state import Registry
from proofpress.registry.store import StoredLog, checkpoint_trouble, read_log

LOG_FOLDER: Final = "log"


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A registry that was read: its folder, log, records and fold. Whoever holds it may grow the fold."""

    folder: Path
    stored: StoredLog
    records: StoredRecords
    fold: Fold

    def registry(self) -> Registry:
        """What the log amounts to."""
        return self.fold.registry(self.stored.head)

    def kept(self, program: str) -> bytes:
        """The fold for `read_kept`, which asks for the same program. No bytes if anything was found."""
        return keep(self.fold, self.records, self.stored.head, program)

    def intact(self) -> Registry:
        """The same. Raises `RegistryError` when the log is refused: nothing is appended to it or answered from it."""
        registry = self.registry()
        if not registry.intact:
            first = registry.errors[0]
            raise RegistryError(
                f"the registry is refused: {first.rule} {first.message}",
                category="untrusted",
                hint=first.hint,
                findings=registry.findings,
            )
        return registry


def open_registry(folder: Path, kept: Kept | None = None) -> Opened:
    """Read and fold the registry in a folder. One that does not exist yet is empty.

    Every signature is checked, but for those of entries that a fold was kept of: these are hashed. Raises `IngestError`
    when a file of the log can't be read.
    """
    stored = read_log(folder / LOG_FOLDER, (kept.size, kept.root) if kept else None)
    records = StoredRecords(folder)
    fold = kept.resume(records) if kept and stored.known and not stored.findings else None
    if fold is None:
        stored = read_log(folder / LOG_FOLDER) if stored.known else stored
        fold = Fold(records, findings=stored.findings)
    for logged in stored.log:
        fold.apply(logged)
    if fold.policies and fold.policies[-1].policy.registry is not None:
        identity = fold.policies[-1].policy.registry.log
        if trouble := checkpoint_trouble(stored, identity.name, identity.key):
            fold.findings.append(trouble)
    return Opened(folder=folder, stored=stored, records=records, fold=fold)

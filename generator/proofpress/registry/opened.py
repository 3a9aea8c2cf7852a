"""A registry's folder → its state: the log, folded by the policies in force, and the checkpoint's signature."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proofpress.registry.fold import Fold
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


def open_registry(folder: Path) -> Opened:
    """Read and fold the registry in a folder. One that does not exist yet is empty.

    Every signature is checked. Raises `IngestError` when a file of the log can't be read.
    """
    stored = read_log(folder / LOG_FOLDER)
    records = StoredRecords(folder)
    fold = Fold(records, findings=stored.findings)
    for logged in stored.log:
        fold.apply(logged)
    if fold.policies and fold.policies[-1].policy.registry is not None:
        identity = fold.policies[-1].policy.registry.log
        if trouble := checkpoint_trouble(stored, identity.name, identity.key):
            fold.findings.append(trouble)
    return Opened(folder=folder, stored=stored, records=records, fold=fold)

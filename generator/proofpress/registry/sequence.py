"""The one serial step: requests that may be get their place in the log, under a checkpoint of the log's own key."""

from dataclasses import dataclass
from pathlib import Path

from proofpress.evidence.finding import Finding
from proofpress.registry.log import Logged, entry_of
from proofpress.registry.messages import RegistryError
from proofpress.registry.note import Checkpoint
from proofpress.registry.opened import LOG_FOLDER, Opened, open_registry
from proofpress.registry.requests import Check, place_pending, read_pending
from proofpress.registry.store import LogWriter, locked
from proofpress.signing.keys import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequenced:
    """What a run did: the entries it placed, requests that the log said already, and what was refused."""

    placed: tuple[Logged, ...]
    repeated: tuple[str, ...]
    findings: tuple[Finding, ...]
    checkpoint: Checkpoint | None


def sequence(folder: Path, key: SigningKey, *, at: str, check: Check | None = None) -> Sequenced:
    """Place the pending requests of a registry's folder at the UTC time `at`, and sign the grown log.

    A request that is refused stays where it is and hinders no other. Raises `RegistryError` when the log is refused
    (nothing is appended to it), locked, or is not that of the key.
    """
    with locked(folder):
        opened = open_registry(folder)
        opened.intact()
        pending, findings = read_pending(folder)
        if opened.fold.at > at:
            message = f"time goes backwards: the log's last entry is of {opened.fold.at}"
            raise RegistryError(message, category="invalid_payload", hint="sequence with a right clock")
        placing = place_pending(opened.fold, pending, at, check)
        checkpoint = None
        if placing.placed:
            checkpoint = _append(opened, key, tuple(logged for _pending, logged in placing.placed))
        for done in (*(each for each, _logged in placing.placed), *placing.repeated):
            done.path.unlink(missing_ok=True)
    return Sequenced(
        placed=tuple(logged for _pending, logged in placing.placed),
        repeated=tuple(each.name for each in placing.repeated),
        findings=(*findings, *placing.findings()),
        checkpoint=checkpoint,
    )


def _append(opened: Opened, key: SigningKey, placed: tuple[Logged, ...]) -> Checkpoint:
    part = opened.fold.policies[-1].policy.registry
    if part is None or part.log.key != key.public:
        raise RegistryError(
            "the key is not the log's",
            category="auth",
            hint="give the key that the policy in force names under registry.log",
            details={"expected": part.log.key if part else "", "found": key.public},
        )
    entries = [entry_of(logged.seq, logged.at, logged.signed.envelope) for logged in placed]
    return LogWriter(opened.folder / LOG_FOLDER, opened.stored).append(entries, name=part.log.name, key=key)

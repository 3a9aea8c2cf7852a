"""The log on disk: one reader, and one writer that locks, checks the chain and syncs."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from proofpress.errors import ExitCode, IngestError, ProofpressError, UsageError
from proofpress.evidence.finding import Finding
from proofpress.ingest.sources import read_file
from proofpress.registry.append import append
from proofpress.registry.fold import fold
from proofpress.registry.log import Log, parse_log
from proofpress.verify.verdict import VerifiedPack

MAX_LOG: Final = 64 * 1024 * 1024
LOCK_SECONDS: Final = 10.0
_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class RegistryError(ProofpressError):
    """The log could not be appended to; it is as it was. `findings` say what is broken in it."""

    exit_code = ExitCode.PUBLISH_FAILED

    def __init__(self, message: str, *, hint: str = "", findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.findings = findings
        if findings:
            self.exit_code = ExitCode.FINDINGS


def read_log(path: Path) -> tuple[Log, tuple[Finding, ...]]:
    """The events of a log and what is wrong with its lines. A log that does not exist yet has no events.

    Raises `IngestError` when the file can't be read: a link, not a regular file, larger than 64 MiB, an I/O error.
    """
    log, findings, _size = _read(path)
    return log, findings


def _read(path: Path) -> tuple[Log, tuple[Finding, ...], int]:
    try:
        data = read_file(path, most=MAX_LOG)
    except FileNotFoundError:
        data = b""
    except OSError as exc:
        raise IngestError(
            f"{path}: the registry's log can't be read ({exc.strerror or exc})", hint="it is a regular file of lines"
        ) from exc
    return *parse_log(data), len(data)


def submit(path: Path, pack: VerifiedPack, *, at: str, by: str, reason: str | None = None) -> bool:
    """Register a verified pack. False when it already is."""
    evidence = pack.evidence
    fields = {
        "kind": "registered",
        "release_id": evidence.manifest.release_id,
        "bundle": evidence.manifest.bundle,
        "pack_id": evidence.pack_id,
        "at": at,
        "by": by,
        "reason": reason,
    }
    return _write(path, {**fields, "fixture": True} if evidence.is_rehearsal else fields)


def record(
    path: Path,
    kind: str,
    bundle_id: str,
    *,
    at: str,
    by: str,
    reason: str | None = None,
    scope: Mapping[str, str] | None = None,
    supersedes: str | None = None,
    restores: str | None = None,
    upgrade_path: str | None = None,
) -> bool:
    """Record any later event of a registered bundle. False when the log already says so.

    Raises `UsageError` when the move is not legal or a field does not belong to the kind, `RegistryError` when the
    log is broken, locked or can't be written.
    """
    if kind == "registered":
        raise UsageError("only a verified pack is registered", hint="submit the pack")
    optional = {
        "scope": dict(scope) if scope is not None else None,
        "supersedes": supersedes,
        "restores": restores,
        "upgrade_path": upgrade_path,
    }
    fields = {"kind": kind, "at": at, "by": by, "reason": reason}
    return _write(path, {**fields, **{name: value for name, value in optional.items() if value is not None}}, bundle_id)


def _write(path: Path, fields: dict[str, Any], bundle_id: str = "") -> bool:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - reading needs no lock, and no time to import one

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS):
            log, findings, size = _read(path)
            registry = fold(log, findings)
            if not registry.intact:
                raise RegistryError(
                    f"{path}: the log is broken, nothing was appended: {registry.errors[0].message}",
                    hint=registry.errors[0].hint,
                    findings=registry.findings,
                )
            if bundle_id:
                state = registry.bundles.get(bundle_id)
                if state is None:
                    raise UsageError(f"{bundle_id} is not registered", hint="submit its pack first")
                named = {"release_id": state.release_id, "bundle": state.bundle, "pack_id": state.pack_id}
                fields = {**fields, **named}
            line = append(log, {name: value for name, value in fields.items() if value is not None})
            if line:
                _append_bytes(path, line, size)
            return bool(line)
    except Timeout as exc:
        raise RegistryError(f"{path}: another process holds the log's lock", hint="try again") from exc
    except OSError as exc:
        raise RegistryError(f"{path}: the log can't be written ({exc.strerror or exc})") from exc


def _append_bytes(path: Path, line: bytes, size: int) -> None:
    """Add a line to a file that is still `size` bytes long, and sync it; a write that fails is taken back."""
    descriptor = os.open(path, _APPEND, 0o644)
    try:
        if os.fstat(descriptor).st_size != size:
            raise RegistryError(f"{path}: the log changed while it was read", hint="try again")
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)
    if size == 0:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

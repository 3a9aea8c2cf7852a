"""Whether a log is the one that others have seen: earlier checkpoints and a base branch are where it began."""

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from proofpress.errors import IngestError
from proofpress.evidence.finding import Finding
from proofpress.ingest.sources import read_file
from proofpress.registry.events import LOG
from proofpress.registry.note import MAX_NOTE, Checkpoint, NoteError, open_checkpoint, read_checkpoint
from proofpress.registry.opened import Opened
from proofpress.registry.records import RECEIPTS
from proofpress.registry.tiles import CHECKPOINT

_HINT: Final = "find out who changed history: the log that the earlier checkpoint was signed for is the right one"


def pinned_trouble(opened: Opened, note: bytes, where: str) -> Finding | None:
    """What is wrong with a log, seen from an earlier checkpoint of it that somebody kept."""
    try:
        earlier = _trusted(opened, note)
    except NoteError as exc:
        message = f"the checkpoint from {where} does not count: {exc}"
        return _finding(message, "a checkpoint that a key of this log signed", "")
    return _follows(opened, earlier, where)


def base_trouble(opened: Opened, note: bytes, where: str) -> Finding | None:
    """What is wrong with a log, seen from the log of a base branch, which is trusted as it is; empty: it has none."""
    if not note:
        return None
    try:
        earlier = read_checkpoint(note)
    except NoteError as exc:
        return _finding(f"the checkpoint of {where} can't be read: {exc}", "a checkpoint", "")
    return _follows(opened, earlier, where)


def missing_receipts(opened: Opened) -> Iterator[Finding]:
    """Receipts of the gates that events name, and that are not kept as they were."""
    for state in opened.fold.lifecycle.bundles.values():
        if opened.records.data(RECEIPTS, state.receipt) is None:
            yield Finding(
                rule="REG017",
                file=f"packs/registry/receipts/{state.receipt}.json",
                message=f"the receipt of the gates of {state.bundle_id} is not kept, or not as it was",
                expected=state.receipt,
                found="no such bytes",
                hint="restore it from its last commit",
            )


def base_checkpoint(root: Path, base: str) -> bytes:
    """The checkpoint of a base: the instance in another folder, or that of a commit of this one; empty without a log.

    Raises `IngestError` when there is no such folder or commit.
    """
    folder = Path(base)
    if folder.is_dir():
        try:
            return read_file(folder / LOG / CHECKPOINT, most=MAX_NOTE)
        except FileNotFoundError:
            return b""
        except OSError as exc:
            raise IngestError(f"{folder}: its log can't be read ({exc.strerror or exc})") from exc
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}").strip().decode()
    if not commit:
        raise IngestError(f"{base}: neither a folder nor a commit of this repository", hint="for example origin/main")
    listed = _git(root, "ls-tree", "--name-only", commit, f"{LOG}/{CHECKPOINT}")
    return _git(root, "show", f"{commit}:./{LOG}/{CHECKPOINT}") if listed.strip() else b""


def _git(root: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and what could be an option comes after --end-of-options
            ("git", *words),  # noqa: S607 - the user's own Git
            cwd=root,
            capture_output=True,
            check=False,
        )
    except OSError as exc:
        raise IngestError(f"git can't be run ({exc.strerror or exc})", hint="name a folder instead") from exc
    return done.stdout if done.returncode == 0 else b""


def _trusted(opened: Opened, note: bytes) -> Checkpoint:
    """A checkpoint signed by the key that the log has, or had under an earlier policy."""
    parts = [adoption.policy.registry for adoption in reversed(opened.fold.policies)]
    logs: Iterable[tuple[str, str]] = dict.fromkeys((part.log.name, part.log.key) for part in parts if part)
    trouble = NoteError("no policy names the log's key")
    for name, key in logs:
        try:
            return open_checkpoint(note, name, key)
        except NoteError as exc:
            trouble = exc
    raise trouble


def _follows(opened: Opened, earlier: Checkpoint, where: str) -> Finding | None:
    tree = opened.stored.tree
    if earlier.size > tree.size:
        message = f"the log is shorter than {where} has seen it: it was cut off"
        return _finding(message, f"{earlier.size} entries or more", f"{tree.size} entries")
    root = tree.root(earlier.size)
    if root != earlier.root:
        message = f"the log does not begin with the {earlier.size} entries that {where} has seen: it was rewritten"
        return _finding(message, earlier.root.hex(), root.hex())
    return None


def _finding(message: str, expected: str, found: str) -> Finding:
    file = f"{LOG}/{CHECKPOINT}"
    return Finding(rule="REG021", file=file, message=message, expected=expected, found=found, hint=_HINT)

"""Checkpoints: the log's size and root as a signed note (https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note)."""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from proofpress.evidence.signed import canonical_base64, key_bytes
from proofpress.signing.keys import SigningKey, verifies

_ED25519: Final = b"\x01"
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
MAX_NOTE: Final = 64 * 1024
MOST_SIGNATURES: Final = 64


class NoteError(ValueError):
    """The bytes are no checkpoint of the log, or nobody who is trusted signed it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: its name, how many entries there are, and the root of the tree over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def note_key_id(name: str, key: str) -> bytes:
    """The four bytes that a signature begins with."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key_bytes(key)).digest()[:4]


def verifier_key(name: str, key: str) -> str:
    """The log's public key as clients of signed notes take it: name, key id and key."""
    encoded = base64.b64encode(_ED25519 + key_bytes(key)).decode()
    return f"{name}+{note_key_id(name, key).hex()}+{encoded}"


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """The checkpoint as a note that the log's key signed under the log's name."""
    signature = note_key_id(checkpoint.origin, key.public) + key.sign(checkpoint.text.encode())
    encoded = base64.b64encode(signature).decode()
    return f"{checkpoint.text}\n\N{EM DASH} {checkpoint.origin} {encoded}\n".encode()


def read_checkpoint(data: bytes) -> Checkpoint:
    """The checkpoint that a note holds, whoever signed it. Raises `NoteError`."""
    return _parse(data)[0]


def open_checkpoint(data: bytes, name: str, key: str) -> Checkpoint:
    """The checkpoint that a note holds, signed by the key under the name. Raises `NoteError`."""
    checkpoint, signatures = _parse(data)
    if checkpoint.origin != name:
        raise NoteError(f"it is a checkpoint of the log '{checkpoint.origin}', not of '{name}'")
    wanted = note_key_id(name, key)
    own = [signature[4:] for signer, signature in signatures if signer == name and signature[:4] == wanted]
    if not own:
        raise NoteError("the log's key has not signed it")
    if not all(verifies(key, checkpoint.text.encode(), signature) for signature in own):
        raise NoteError("the signature is not one of the log's key")
    return checkpoint


def _parse(data: bytes) -> tuple[Checkpoint, list[tuple[str, bytes]]]:
    if len(data) > MAX_NOTE:
        raise NoteError(f"it is longer than {MAX_NOTE} bytes")
    try:
        note = data.decode()
    except UnicodeDecodeError as exc:
        raise NoteError("it is not UTF-8") from exc
    if any(char < " " and char != "\n" for char in note) or not note.endswith("\n"):
        raise NoteError("it is no signed note")
    text, _, signed = note.rpartition("\n\n")
    lines, signatures = signed.removesuffix("\n").split("\n"), []
    for line in lines:
        mark, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        try:
            signature = canonical_base64(encoded)
        except ValueError as exc:
            raise NoteError("a signature is not base64") from exc
        if mark != "\N{EM DASH}" or not name or len(signature) < 5:
            raise NoteError("a line below the text is no signature")
        signatures.append((name, signature))
    parts = text.split("\n")
    if not signatures or len(signatures) > MOST_SIGNATURES or len(parts) != 3 or not parts[0]:
        raise NoteError("it is no signed checkpoint of three lines")
    try:
        root = canonical_base64(parts[2])
    except ValueError as exc:
        raise NoteError("the root is not base64") from exc
    if not _SIZE.fullmatch(parts[1]) or len(root) != 32:
        raise NoteError("it does not name the log's size and root")
    return Checkpoint(parts[0], int(parts[1]), root), signatures

"""Signing keys on disk: PKCS #8 in PEM, readable by their owner only."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from proofpress.errors import IngestError, UsageError
from proofpress.evidence.signed import key_bytes, key_text
from proofpress.ingest.sources import read_file

PASSWORD_VARIABLE: Final = "PROOFPRESS_KEY_PASSWORD"  # noqa: S105 - the name of a variable
_MOST: Final = 16 * 1024


class SigningKey:
    """A private key that signs bytes. It never prints itself."""

    __slots__ = ("_key", "public")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key_text(key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the signature; the same message gives the same bytes."""
        return self._key.sign(message)

    def pem(self, password: str | None = None) -> bytes:
        """The key as PKCS #8 in PEM, encrypted when there is a password."""
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - 30 ms that verifying does not need

        how: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            how = serialization.BestAvailableEncryption(password.encode())
        return self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)

    @classmethod
    def new(cls) -> "SigningKey":
        """A key from the system's random source."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """The key of a seed of 32 bytes: whoever has the seed has the key."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))


def write_key(path: Path, key: SigningKey, password: str | None = None) -> None:
    """Write a new key file that only its owner may read. Raises `UsageError` when the file is there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError as exc:
        raise UsageError(f"{path} is there already", hint="a key is never overwritten: choose another name") from exc
    except OSError as exc:
        raise UsageError(f"{path} can't be written ({exc.strerror or exc})") from exc
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.pem(password))


def read_key(path: Path, environment: Mapping[str, str]) -> SigningKey:
    """Read a key file; its password, when it has one, is taken from `PROOFPRESS_KEY_PASSWORD`.

    Raises `IngestError` when it can't be read, is no Ed25519 key, or others than its owner may read it.
    """
    try:
        mode = path.stat().st_mode
        data = read_file(path, most=_MOST)
    except OSError as exc:
        raise IngestError(f"{path}: the key can't be read ({exc.strerror or exc})") from exc
    if os.name == "posix" and mode & 0o077:
        raise IngestError(f"{path}: others than its owner may read the key", hint=f"chmod 600 {path}")
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - 30 ms that verifying does not need

    password = environment.get(PASSWORD_VARIABLE)
    try:
        key = serialization.load_pem_private_key(data, password.encode() if password else None)
    except TypeError as exc:  # a password is missing, or given for a key without one
        raise IngestError(f"{path}: {exc}", hint=f"the password is taken from {PASSWORD_VARIABLE}") from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise IngestError(f"{path}: not a private key in PEM, or another password") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise IngestError(f"{path}: not an Ed25519 key", hint="proofpress key new makes one")
    return SigningKey(key)


@lru_cache(maxsize=256)
def _loaded(key: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(key_bytes(key))


def verifies(key: str, message: bytes, signature: bytes) -> bool:
    """Whether a signature over a message was made by a key, given as a checked `PublicKey`."""
    try:
        _loaded(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True

"""Keys and signed envelopes: Ed25519 public keys as text, DSSE envelopes, in-toto statements.

Formats: DSSE (https://github.com/secure-systems-lab/dsse) and the in-toto Statement, version 1.
"""

import base64
import binascii
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from proofpress.evidence.base import Model
from proofpress.evidence.values import Digest, JsonObject, Name, UtcTime

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
STATEMENT_PAYLOAD: Final = "application/vnd.in-toto+json"
_PREFIX: Final = "ed25519:"
_FIELD: Final = 2**255 - 19
_ORDER_8: Final = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER: Final = frozenset({0, 1, _FIELD - 1, _ORDER_8, _FIELD - _ORDER_8})
"""y coordinates of the points under which one signature fits many messages."""


def canonical_base64(text: str) -> bytes:
    """The bytes of a base64 text that is written in the one canonical way. Raises `ValueError` otherwise."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("not base64") from exc
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


def _public_key(value: str) -> str:
    try:
        data = canonical_base64(value.removeprefix(_PREFIX)) if value.startswith(_PREFIX) else b""
    except ValueError:
        data = b""
    y = int.from_bytes(data, "little") & (2**255 - 1)
    if len(data) != 32 or y >= _FIELD or y in _SMALL_ORDER:
        raise PydanticCustomError("grammar", "not an Ed25519 public key as 'proofpress key show' prints it: ed25519:…")
    return value


PublicKey = Annotated[str, AfterValidator(_public_key)]
"""`ed25519:` and the 32 bytes in canonical base64. One key has one text, so that equal keys are equal texts."""


def key_bytes(key: str) -> bytes:
    """The 32 bytes of a checked `PublicKey`."""
    return canonical_base64(key.removeprefix(_PREFIX))


def key_text(raw: bytes) -> str:
    """The text of a public key of 32 bytes."""
    return _PREFIX + base64.b64encode(raw).decode()


class PolicyKey(Model):
    """A key that the policy knows, by a name that pages show. Outside its window a signature by it does not count."""

    key: PublicKey
    person: Name | None = Field(
        default=None, description="Whose key it is, as `release.json` names its authors; who signs off has one"
    )
    since: UtcTime | None = None
    until: UtcTime | None = None


class Role(Model):
    """Who holds a role: names of keys."""

    keys: Annotated[tuple[Name, ...], Field(min_length=1)]
    families: tuple[str, ...] = Field(default=("*",), description="Families that the role is held for")


class EnvelopeSignature(Model):
    """One signature of an envelope. `keyid` is a hint: signatures are counted by the bytes of the key."""

    keyid: str = ""
    sig: str


class Envelope(Model):
    """A DSSE envelope as it lies on disk."""

    payload_type: str = Field(alias="payloadType")
    payload: str
    signatures: Annotated[tuple[EnvelopeSignature, ...], Field(min_length=1, max_length=64)]


class SubjectDigest(Model):
    """The digest of a subject."""

    sha256: Digest


class Subject(Model):
    """What a statement is about: a name and the sha256 of its bytes."""

    name: str
    digest: SubjectDigest


class Statement(Model):
    """An in-toto statement, version 1; the predicate is read by whoever knows its type."""

    type_: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: Annotated[tuple[Subject, ...], Field(min_length=1)]
    predicate_type: str = Field(alias="predicateType")
    predicate: JsonObject


def statement(subjects: dict[str, str], predicate_type: str, predicate: dict[str, Any]) -> dict[str, Any]:
    """A statement about subjects (name → hex sha256), as raw JSON."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(subjects.items())],
        "predicateType": predicate_type,
        "predicate": predicate,
    }

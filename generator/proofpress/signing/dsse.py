"""DSSE: bytes ↔ signed envelopes (https://github.com/secure-systems-lab/dsse, protocol version 1)."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.signed import STATEMENT_PAYLOAD, Envelope, Statement, canonical_base64, key_bytes
from proofpress.ingest.schema import first_violation
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.signing.keys import SigningKey, verifies


class EnvelopeError(ValueError):
    """The bytes are no envelope of the expected payload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An envelope whose form was checked and whose signatures were not: ask `signed_by` before using the payload."""

    payload_type: str
    payload: bytes
    signatures: tuple[bytes, ...]
    keyids: tuple[str, ...] = ()

    def raw(self) -> dict[str, Any]:
        """The envelope as JSON."""
        return {
            "payloadType": self.payload_type,
            "payload": base64.b64encode(self.payload).decode(),
            "signatures": [
                {"keyid": keyid, "sig": base64.b64encode(signature).decode()}
                for keyid, signature in zip(self.keyids, self.signatures, strict=True)
            ],
        }


def key_id(key: str) -> str:
    """The hint that envelopes carry: the hex sha256 of the key's bytes."""
    return hashlib.sha256(key_bytes(key)).hexdigest()


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: the pre-authentication encoding of type and payload."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(payload_type: str, payload: bytes, keys: Iterable[SigningKey]) -> bytes:
    """An envelope over a payload, signed by each key, as JSON bytes."""
    message = pae(payload_type, payload)
    return dump_json(
        {
            "payloadType": payload_type,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [
                {"keyid": key_id(key.public), "sig": base64.b64encode(key.sign(message)).decode()} for key in keys
            ],
        }
    ).encode()


def sign_again(data: bytes, key: SigningKey) -> bytes:
    """An envelope with the signature of a further key. Raises `EnvelopeError`, also when the key signed it already."""
    try:
        envelope = Envelope.model_validate(parse_json(data))
        opened = open_envelope(data, envelope.payload_type)
    except (StrictError, ValidationError) as exc:
        raise EnvelopeError(str(exc)) from exc
    message = pae(opened.payload_type, opened.payload)
    if any(verifies(key.public, message, signature) for signature in opened.signatures):
        raise EnvelopeError("the key signed it already")
    one = {"keyid": key_id(key.public), "sig": base64.b64encode(key.sign(message)).decode()}
    held = envelope.model_dump(by_alias=True)
    return dump_json({**held, "signatures": [*held["signatures"], one]}).encode()


def open_envelope(data: bytes, payload_type: str) -> Opened:
    """Read an envelope strictly. Raises `EnvelopeError` that says what is wrong with it."""
    try:
        envelope = Envelope.model_validate(parse_json(data))
    except ValidationError as exc:
        raise EnvelopeError(first_violation(exc)) from exc
    except StrictError as exc:
        raise EnvelopeError(str(exc)) from exc
    return open_envelope_of(envelope, payload_type)


def open_envelope_of(envelope: Envelope, payload_type: str) -> Opened:
    """Open an envelope that was read as part of something else. Raises `EnvelopeError`."""
    try:
        payload = canonical_base64(envelope.payload)
        signatures = tuple(canonical_base64(each.sig) for each in envelope.signatures)
    except ValueError as exc:
        raise EnvelopeError(str(exc)) from exc
    if envelope.payload_type != payload_type:
        raise EnvelopeError(f"the payload's type is {envelope.payload_type!r}, not {payload_type!r}")
    keyids = tuple(each.keyid for each in envelope.signatures)
    return Opened(payload_type=payload_type, payload=payload, signatures=signatures, keyids=keyids)


def cosign(opened: Opened, key: SigningKey) -> Opened:
    """The envelope with one more signature; unchanged when the key has signed it already."""
    signature = key.sign(pae(opened.payload_type, opened.payload))
    if signature in opened.signatures:
        return opened
    return replace(opened, signatures=(*opened.signatures, signature), keyids=(*opened.keyids, key_id(key.public)))


def signed_by(opened: Opened, keys: Mapping[str, str]) -> frozenset[str]:
    """Which of the keys (name → `PublicKey`) signed the envelope, by name.

    A key under two names counts once, under the first of them in order.
    """
    message = pae(opened.payload_type, opened.payload)
    named = {key: name for name, key in sorted(keys.items(), reverse=True)}
    return frozenset(
        name for key, name in named.items() if any(verifies(key, message, signature) for signature in opened.signatures)
    )


def seal_statement(statement: Mapping[str, Any], keys: Iterable[SigningKey]) -> bytes:
    """An envelope over an in-toto statement."""
    return seal(STATEMENT_PAYLOAD, dump_json(dict(statement), indent=None).encode(), keys)


def open_statement(data: bytes) -> tuple[Statement, Opened]:
    """An envelope and the statement in it. Raises `EnvelopeError`; signatures are not checked yet."""
    opened = open_envelope(data, STATEMENT_PAYLOAD)
    try:
        return Statement.model_validate(parse_json(opened.payload)), opened
    except ValidationError as exc:
        raise EnvelopeError(f"statement: {first_violation(exc)}") from exc
    except StrictError as exc:
        raise EnvelopeError(f"statement: {exc}") from exc

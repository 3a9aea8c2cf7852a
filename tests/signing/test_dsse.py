"""DSSE envelopes: what is signed, and by how many."""

import base64
import json

import pytest

from proofpress.evidence.signed import STATEMENT_PAYLOAD, statement
from proofpress.signing.dsse import (
    EnvelopeError,
    key_id,
    open_envelope,
    open_statement,
    pae,
    seal,
    seal_statement,
    signed_by,
)
from proofpress.signing.keys import SigningKey

ONE, TWO = (SigningKey.from_seed(bytes([seed] * 32)) for seed in (1, 2))
KEYS = {"one": ONE.public, "two": TWO.public}


def test_the_encoding_is_that_of_the_protocol() -> None:
    """The example of the protocol's own text."""
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_each_signer_counts_once() -> None:
    data = seal("text/plain", b"said", [ONE, ONE, TWO])
    opened = open_envelope(data, "text/plain")
    assert opened.payload == b"said"
    assert signed_by(opened, KEYS) == {"one", "two"}
    assert signed_by(opened, {"one": ONE.public, "again": ONE.public}) == {"again"}
    assert signed_by(open_envelope(seal("text/plain", b"said", [ONE]), "text/plain"), KEYS) == {"one"}


def test_key_ids_are_hints() -> None:
    envelope = json.loads(seal("text/plain", b"said", [ONE]))
    assert envelope["signatures"][0]["keyid"] == key_id(ONE.public)
    envelope["signatures"].append({"keyid": key_id(TWO.public), "sig": envelope["signatures"][0]["sig"]})
    assert signed_by(open_envelope(json.dumps(envelope).encode(), "text/plain"), KEYS) == {"one"}


@pytest.mark.parametrize("field", ["payload", "payloadType", "sig"])
def test_one_changed_character_voids_it(field: str) -> None:
    envelope = json.loads(seal("text/plain", b"said", [ONE]))
    if field == "payload":
        envelope["payload"] = base64.b64encode(b"Said").decode()
    elif field == "payloadType":
        envelope["payloadType"] = "text/html"
    else:
        sig = bytearray(base64.b64decode(envelope["signatures"][0]["sig"]))
        sig[5] ^= 1
        envelope["signatures"][0]["sig"] = base64.b64encode(sig).decode()
    assert signed_by(open_envelope(json.dumps(envelope).encode(), envelope["payloadType"]), KEYS) == frozenset()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "JSON"),
        (b"[]", "dict|object"),
        (b'{"payloadType": "text/plain", "payload": "", "signatures": []}', "signatures"),
        (b'{"payloadType": "text/plain", "payload": "@", "signatures": [{"sig": ""}]}', "base64"),
        (b'{"payloadType": "text/html", "payload": "", "signatures": [{"sig": ""}]}', "text/html"),
        (b'{"payloadType": "text/plain", "payload": "", "payload": "", "signatures": [{"sig": ""}]}', "payload"),
    ],
)
def test_other_bytes_are_no_envelope(data: bytes, why: str) -> None:
    with pytest.raises(EnvelopeError, match=why):
        open_envelope(data, "text/plain")


def test_a_statement_names_its_subjects() -> None:
    said = statement({"b": "0" * 64, "a": "1" * 64}, "https://example.org/said/v1", {"answer": "yes"})
    found, opened = open_statement(seal_statement(said, [TWO]))
    assert [each.name for each in found.subject] == ["a", "b"]
    assert found.predicate == {"answer": "yes"}
    assert signed_by(opened, KEYS) == {"two"}
    for payload in (b"{}", b"no", json.dumps({**said, "more": 1}).encode()):
        with pytest.raises(EnvelopeError, match="statement"):
            open_statement(seal(STATEMENT_PAYLOAD, payload, [TWO]))

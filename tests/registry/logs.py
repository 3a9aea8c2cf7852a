"""Logs for tests: built through `append`, or line by line with a right chain and wrong content."""

import hashlib
from typing import Any

from proofpress.evidence.jsontext import dump_json
from proofpress.registry import Log, append, parse_log
from proofpress.registry.events import GENESIS, bundle_id_of

ONE, TWO, THREE = "digits-v0.1.0-logreg-r1", "digits-v0.2.0-mlp64-r1", "digits-v0.3.0-cnn-r1"
LIVE = {"environment": "production", "family": "digits"}
STAGING = {"environment": "staging", "family": "digits"}


def pack_id(release_id: str, bundle: int = 1) -> str:
    return "sha256:" + hashlib.sha256(f"{release_id}.{bundle}".encode()).hexdigest()


def fields(kind: str, release_id: str = ONE, minute: int = 0, **more: Any) -> dict[str, Any]:
    """What an event says besides its number and digest; `minute` orders events in time."""
    bundle = more.get("bundle", 1)
    plain = {
        "kind": kind,
        "release_id": release_id,
        "pack_id": pack_id(release_id, bundle),
        "at": f"2026-03-01T{9 + minute // 60:02d}:{minute % 60:02d}:00Z",
        "by": "reviewer",
    }
    return {**plain, **more}


def raw_line(seq: int, prev: str, said: dict[str, Any]) -> bytes:
    """A chained line that nothing judged."""
    header = {"schema_version": "1.0.0", "generated_by": "tests.logs", "seq": seq, "prev": prev}
    return dump_json({**header, **said}, indent=None).encode()


def chained(*events: dict[str, Any]) -> bytes:
    """Lines with right numbers and digests, whatever the events say."""
    data, prev = b"", GENESIS
    for seq, said in enumerate(events, start=1):
        line = raw_line(seq, prev, said)
        data, prev = data + line, hashlib.sha256(line).hexdigest()
    return data


def read(data: bytes) -> Log:
    log, findings = parse_log(data)
    assert findings == ()
    return log


def grown(data: bytes, *events: dict[str, Any]) -> bytes:
    """The log after `append` took all events."""
    for said in events:
        data += append(read(data), said)
    return data


def approved(release_id: str, minute: int = 0) -> tuple[dict[str, Any], ...]:
    """The events that bring a bundle to APPROVED."""
    return tuple(fields(kind, release_id, minute) for kind in ("registered", "candidate", "approved"))


def name_of(said: dict[str, Any]) -> str:
    return bundle_id_of(said["release_id"], said.get("bundle", 1))

"""What the registry's log costs: python tests/bench/registry.py [EVENTS ...]

Signs a log, appends to it, verifies all of it, and resolves at random moments of its past. Verification stands beside
the signature library's own time for as many signatures.
"""

import argparse
import hashlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proofpress.evidence.jsontext import dump_json
from proofpress.registry import Fold, Registry, open_registry, resolve
from proofpress.registry.events import GENERATED_BY, REQUEST_PAYLOAD, SCHEMA_VERSION
from proofpress.registry.log import Logged, entry_of, read_request
from proofpress.registry.records import PLATFORMS, POLICIES, StoredRecords
from proofpress.registry.store import LogWriter, StoredLog, read_log
from proofpress.signing.dsse import Opened, pae
from proofpress.signing.keys import SigningKey

NAME = "proofpress.example/bench"
OWNER, LOG = (SigningKey.from_seed(hashlib.sha256(name).digest()) for name in (b"bench owner", b"bench log"))
MOVES = ("policy_adopted", "registered", "candidate", "approved", "activated")
PLATFORM = b'schema_version: "1.0.0"\nname: bench\n'
SIZES = (1_000, 10_000, 100_000)
PROBES = 200


def policy() -> bytes:
    """One owner may do everything."""
    moves = "".join(f"    {move}: {{roles: [owner]}}\n" for move in MOVES)
    return (
        f'schema_version: "1.2.0"\nkeys:\n  owner: {{key: "{OWNER.public}"}}\nroles:\n  owner: {{keys: [owner]}}\n'
        f'registry:\n  log: {{name: {NAME}, key: "{LOG.public}"}}\n  scopes: [environment, family]\n  may:\n{moves}'
        f"  platforms:\n    - {{path: packs/platforms/b.yaml, sha256: {hashlib.sha256(PLATFORM).hexdigest()}}}\n"
    ).encode()


def moment(seq: int) -> str:
    """A time for each event, a minute apart."""
    day, rest = divmod(seq, 1440)
    month, day = divmod(day, 28)
    year, month = divmod(month, 12)
    return f"{2020 + year}-{month + 1:02d}-{day + 1:02d}T{rest // 60:02d}:{rest % 60:02d}:00Z"


def fields_of(seq: int, adopted: str) -> dict[str, Any]:
    """Events of releases, four each: registered, candidate, approved, activated over the one before."""
    if seq == 1:
        return {"kind": "policy_adopted", "policy": adopted, "replaces": None}
    release, step = divmod(seq - 2, 4)
    kind = MOVES[step + 1]
    name, before = (f"bench-v0.{number}.0-x-r1" for number in (release, release - 1))
    said: dict[str, Any] = {
        "kind": kind,
        "release_id": name,
        "pack_id": "sha256:" + hashlib.sha256(name.encode()).hexdigest(),
        "expects": {"status": (None, "REGISTERED", "CANDIDATE", "APPROVED")[step]},
    }
    if kind == "registered":
        gate = {"receipt": "0" * 64, "verdict": "PASS", "policy": "0" * 64, "evaluated_at": moment(0)}
        said |= {"family": "bench", "gate": gate, "provenance": {}, "compatibility": {}, "readiness": "not asked"}
    if kind == "activated":
        said |= {"scope": {"environment": "prod", "family": "bench"}, "platform": hashlib.sha256(PLATFORM).hexdigest()}
        if release:
            said |= {"supersedes": before, "expects": {"status": "APPROVED", "active": before}}
    return said


def entry(seq: int, adopted: str) -> bytes:
    """One signed entry."""
    head = {"schema_version": SCHEMA_VERSION, "generated_by": GENERATED_BY, "log": NAME, "by": "owner"}
    payload = dump_json({**head, "signed_at": moment(seq), **fields_of(seq, adopted)}, indent=None).encode()
    signature = OWNER.sign(pae(REQUEST_PAYLOAD, payload))
    envelope = Opened(payload_type=REQUEST_PAYLOAD, payload=payload, signatures=(signature,), keyids=("",))
    return entry_of(seq, moment(seq), envelope)


def timed(work: Callable[[], Any]) -> float:
    """Seconds of CPU that work took in this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def library(signatures: int) -> float:
    """Seconds that the signature library takes for so many messages of an entry's size."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    message = bytes(700)
    signature, public = key.sign(message), key.public_key()
    count = min(signatures, 10_000)
    return timed(lambda: [public.verify(signature, message) for _ in range(count)]) * signatures / count


def measure(events: int, folder: Path) -> dict[str, float]:
    """Cost of a log of so many events, in seconds."""
    records = StoredRecords(folder)
    adopted = records.keep(POLICIES, policy())
    records.keep(PLATFORMS, PLATFORM)
    entries = [entry(seq, adopted) for seq in range(1, events + 2)]
    LogWriter(folder / "log", read_log(folder / "log")).append(entries[:events], name=NAME, key=LOG)
    read: list[StoredLog] = []
    found: list[Registry] = []
    load = timed(lambda: read.append(read_log(folder / "log")))
    verify = timed(lambda: found.append(open_registry(folder).registry()))
    registry = found[0]
    if not registry.intact or registry.size != events:
        raise ValueError(registry.findings[:1])
    writer, fold = LogWriter(folder / "log", read[0]), Fold(records)
    for logged in read[0].log:
        fold.apply(logged)

    def append() -> None:
        stored = entries[events]
        signed, _notes = read_request(_envelope(events + 1, adopted))
        if signed is None:
            raise ValueError(stored)
        fold.accept(Logged(seq=events + 1, at=moment(events + 1), signed=signed))
        writer.append([stored], name=NAME, key=LOG)

    appended = time.perf_counter()
    append()
    appended = time.perf_counter() - appended
    scope = {"environment": "prod", "family": "bench"}
    moments = [moment(random.Random(1).randrange(10, events)) for _ in range(PROBES)]  # noqa: S311 - not for secrets
    resolved = timed(lambda: [resolve(registry, scope, at=at) for at in moments]) / PROBES
    return {
        "append": appended,
        "resolve": resolved,
        "load": load,
        "verify": verify,
        "library": library(events),
        "bytes": sum(path.stat().st_size for path in (folder / "log").rglob("*") if path.is_file()),
    }


def _envelope(seq: int, adopted: str) -> Opened:
    head = {"schema_version": SCHEMA_VERSION, "generated_by": GENERATED_BY, "log": NAME, "by": "owner"}
    payload = dump_json({**head, "signed_at": moment(seq), **fields_of(seq, adopted)}, indent=None).encode()
    signature = OWNER.sign(pae(REQUEST_PAYLOAD, payload))
    return Opened(payload_type=REQUEST_PAYLOAD, payload=payload, signatures=(signature,), keyids=("",))


def main(arguments: Sequence[str]) -> int:
    """Print a row for each number of events."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", type=int, nargs="*", default=list(SIZES))
    chosen = parser.parse_args(arguments)
    sys.stdout.write(
        "registry: a log of signed events\n"
        "  events   append ms  resolve ms    load s  verify s  us/event  library us  ratio  bytes/event\n"
    )
    for events in chosen.events:
        with tempfile.TemporaryDirectory() as folder:
            cost = measure(events, Path(folder))
        each, bare = cost["verify"] / events * 1e6, cost["library"] / events * 1e6
        sys.stdout.write(
            f"{events:8}  {cost['append'] * 1e3:10.1f}  {cost['resolve'] * 1e3:10.3f}  {cost['load']:8.2f}"
            f"  {cost['verify']:8.2f}  {each:8.0f}  {bare:10.0f}  {each / bare:5.1f}  {cost['bytes'] / events:11.0f}\n"
        )
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    raise SystemExit(main(sys.argv[1:]))

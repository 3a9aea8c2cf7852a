"""Register packs of a test's instance with keys that everybody has: as the commands do, in one call."""

import hashlib
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.jsontext import dump_json
from proofpress.gate.judge import read_receipt
from proofpress.gate.store import attestations, write_receipt
from proofpress.instance import open_instance
from proofpress.intake import Claims, Said, adopt, publish, request
from proofpress.pipeline import registered_id, select
from proofpress.registry import sequence
from proofpress.registry.records import PLATFORMS, POLICIES, StoredRecords
from proofpress.registry.requests import seal_request, write_request
from proofpress.signing.keys import SigningKey

LOG_NAME: Final = "proofpress.example/tests"
MOVES: Final = (
    *("policy_adopted", "registered", "refused", "candidate", "approved", "rejected", "activated", "retired", "yanked"),
    *("rolled_back", "rollback_requested", "statement"),
)
AT: Final = "2026-03-03T00:00:00Z"
PLATFORM: Final = 'schema_version: "1.0.0"\nname: test\n'


def key_of(name: str) -> SigningKey:
    """The key of a name, which everybody has."""
    return SigningKey.from_seed(hashlib.sha256(f"tests: {name}".encode()).digest())


def registry_policy(*, platform: bool = True, **more: Any) -> str:
    """The keys, roles and registry of a policy as YAML: one owner may do everything."""
    moves = "\n".join(f"    {move}: {{roles: [owner]}}" for move in MOVES)
    digest = hashlib.sha256(PLATFORM.encode()).hexdigest()
    record = f"  platforms:\n    - {{path: packs/platforms/test.yaml, sha256: {digest}, posture: warn}}\n"
    return (
        f'keys:\n  owner: {{key: "{key_of("owner").public}"}}\n'
        "roles:\n  owner: {keys: [owner]}\n"
        f'registry:\n  log: {{name: {LOG_NAME}, key: "{key_of("log").public}"}}\n'
        f"  scopes: [environment, family]\n  may:\n{moves}\n" + (record if platform else "")
    )


def begin(root: Path) -> None:
    """Give an instance's policy a registry, and adopt it, unless the log has begun.

    A policy that has keys of its own stays as it is, and one that has a registry is adopted beside it.
    """
    if (root / "packs/registry/log").is_dir():
        return
    policy = root / "packs/policy.yaml"
    text = policy.read_text(encoding="utf-8") if policy.exists() else 'schema_version: "1.2.0"\n'
    (root / "packs/platforms").mkdir(exist_ok=True)
    (root / "packs/platforms/test.yaml").write_text(PLATFORM, encoding="utf-8")
    if "\nkeys:" in text and "\nregistry:" not in text:
        _adopt_beside(root, f'schema_version: "1.2.0"\n{registry_policy()}'.encode())
        return
    if "\nregistry:" not in text:
        policy.write_text(text + registry_policy(), encoding="utf-8")
    adopt(open_instance(root), said("2026-03-01T00:00:00Z"))
    place(root, "2026-03-01T00:00:00Z")


def _adopt_beside(root: Path, policy: bytes) -> None:
    folder, at = root / "packs/registry", "2026-03-01T00:00:00Z"
    records = StoredRecords(folder)
    records.keep(PLATFORMS, PLATFORM.encode())
    fields = {"kind": "policy_adopted", "log": LOG_NAME, "by": "owner", "signed_at": at, "replaces": None}
    write_request(folder, seal_request({**fields, "policy": records.keep(POLICIES, policy)}, [key_of("owner")]))
    place(root, at)


def said(at: str, **more: Any) -> Said:
    """A signature of the owner."""
    return Said(by="owner", at=at, keys=[key_of("owner")], **more)


def place(root: Path, at: str) -> None:
    """Sequence what waits; nothing of it may be refused."""
    instance = open_instance(root)
    done = sequence(instance.registry, key_of("log"), at=at, check=Claims(instance))
    assert done.findings == ()


def passed(root: Path, name: str, verdict: str = "PASS") -> None:
    """Write a receipt of gates with a verdict for a pack, unless it has one."""
    pack_id = registered_id(select(open_instance(root), [name])[0].path)
    if (attestations(root, pack_id) / "gate.json").exists():
        return
    policy = (root / "packs/policy.yaml").read_bytes()
    decision = {"gate": "GAT001", "verdict": "pass" if verdict == "PASS" else "deny"}
    raw = {
        "schema": "proofpress.gate/1",
        "generated_by": "proofpress.gate",
        "subject": {"bundle_id": name, "pack_id": pack_id},
        "against": None,
        "policy": {"sha256": hashlib.sha256(policy).hexdigest(), "gates": {}},
        "evaluated_at": "2026-03-02T00:00:00Z",
        "verdict": verdict,
        "decisions": [{**decision, **dict.fromkeys(("subject", "expected", "found", "why"), "a test's")}],
    }
    write_receipt(root, read_receipt(dump_json(raw).encode()), policy)


def register(root: Path, name: str, at: str = AT) -> None:
    """Register a pack of an instance that passed its gates, or is said to."""
    begin(root)
    passed(root, name)
    assert publish(open_instance(root), name, said(at)).status == "ACCEPTED"
    place(root, at)


def move(root: Path, kind: str, name: str, *, at: str = AT, reason: str | None = None, **details: Any) -> None:
    """Move a registered bundle of an instance."""
    assert request(open_instance(root), kind, name, said(at, reason=reason), details).path is not None
    place(root, at)

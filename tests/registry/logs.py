"""Logs for tests: entries signed by keys that everybody has, right in form, whatever they say."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.policy import Policy
from proofpress.evidence.registration import Platform
from proofpress.ingest.strict import parse_yaml
from proofpress.registry.events import GENERATED_BY, REQUEST_PAYLOAD, SCHEMA_VERSION, bundle_id_of
from proofpress.registry.fold import Fold
from proofpress.registry.log import Logged, Signed, entry_of, read_request
from proofpress.registry.state import Registry, scope_key
from proofpress.signing.dsse import open_envelope, seal
from proofpress.signing.keys import SigningKey
from registering import LOG_NAME, MOVES, key_of

ONE, TWO, THREE = "digits-v0.1.0-logreg-r1", "digits-v0.2.0-mlp64-r1", "digits-v0.3.0-cnn-r1"
LIVE = {"environment": "production", "family": "digits"}
STAGING = {"environment": "staging", "family": "digits"}
BEGIN: Final = "2026-03-01T08:00:00Z"
PLATFORM: Final = (
    b'schema_version: "1.0.0"\nname: test\nfeatures: [one]\nruntime: {python: "3.12.1", packages: ["numpy==2.1"]}\n'
)
WARNED: Final = b'schema_version: "1.0.0"\nname: lax\n'


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def policy_text(*, scopes: str = "[environment, family]", **roles: str) -> bytes:
    """A policy: engineers submit, owners decide, operators activate; two of the three owners yank."""
    names = ("engineer", "owner", "owner2", "owner3", "operator", "outsider")
    keys = "\n".join(f'  {name}: {{key: "{key_of(name).public}"}}' for name in names)
    who = {"registered": "engineer", "candidate": "engineer", "activated": "operator", "rolled_back": "operator"}
    moves = "\n".join(
        f"    {move}: {{roles: [{roles.get(move, who.get(move, 'owner'))}]"
        + (", threshold: 2}" if move == "yanked" else "}")
        for move in MOVES
    )
    return f"""\
schema_version: "1.2.0"
keys:
{keys}
  late: {{key: "{key_of("late").public}", since: "2026-03-02T00:00:00Z"}}
  gone: {{key: "{key_of("gone").public}", until: "2026-03-01T09:00:00Z"}}
roles:
  engineer: {{keys: [engineer, late, gone]}}
  owner: {{keys: [owner, owner2, owner3]}}
  operator: {{keys: [operator], families: [digits]}}
registry:
  log: {{name: {LOG_NAME}, key: "{key_of("log").public}"}}
  scopes: {scopes}
  may:
{moves}
  platforms:
    - {{scope: {{environment: lax}}, path: packs/platforms/lax.yaml, sha256: {sha256(WARNED)}, posture: warn}}
    - {{path: packs/platforms/test.yaml, sha256: {sha256(PLATFORM)}}}
""".encode()


POLICY: Final = policy_text()
SIGNERS: Final = {
    **dict.fromkeys(("registered", "candidate"), ("engineer",)),
    **dict.fromkeys(("activated", "rolled_back"), ("operator",)),
    "yanked": ("owner", "owner2"),
}
ROLES: Final = {
    **dict.fromkeys(("registered", "candidate"), "engineer"),
    "activated": "operator",
    "rolled_back": "operator",
}


class Kept:
    """Records in memory."""

    def __init__(self, *policies: bytes) -> None:
        self.policies = {sha256(data): Policy.model_validate(parse_yaml(data)) for data in (POLICY, *policies)}
        platforms = (PLATFORM, WARNED)
        self.platforms = {sha256(data): Platform.model_validate(parse_yaml(data)) for data in platforms}

    def policy(self, digest: str) -> Policy | None:
        return self.policies.get(digest)

    def platform(self, digest: str) -> Platform | None:
        return self.platforms.get(digest)


RECORDS: Final = Kept()


def pack_id(release_id: str, bundle: int = 1) -> str:
    return "sha256:" + sha256(f"{release_id}.{bundle}".encode())


def clock(minute: int) -> str:
    return f"2026-03-01T{9 + minute // 60:02d}:{minute % 60:02d}:00Z"


def signed(fields: dict[str, Any], keys: Sequence[SigningKey]) -> Signed:
    raw = {"schema_version": SCHEMA_VERSION, "generated_by": GENERATED_BY, "log": LOG_NAME, **fields}
    payload = dump_json(raw, indent=None).encode()
    found, notes = read_request(open_envelope(seal(REQUEST_PAYLOAD, payload, keys), REQUEST_PAYLOAD))
    assert found is not None, notes
    return found


def adoption(policy: bytes = POLICY, replaces: bytes | None = None, at: str = BEGIN, by: str = "owner") -> Signed:
    fields = {"kind": "policy_adopted", "by": by, "signed_at": at, "policy": sha256(policy)}
    return signed({**fields, "replaces": sha256(replaces) if replaces else None}, [key_of(by)])


def published(release_id: str, bundle: int = 1) -> dict[str, Any]:
    """What a publish request says beside its identity."""
    return {
        "family": "digits",
        "model_id": pack_id(release_id),
        "gate": {"receipt": "a" * 64, "verdict": "PASS", "policy": "b" * 64, "evaluated_at": BEGIN},
        "provenance": {"run_id": f"run-{bundle}"},
        "compatibility": {
            "features": ("one",),
            "schemas": (),
            "runtime": {"python": ">=3.11", "packages": ("numpy>=2",)},
        },
        "readiness": "ready",
    }


class Line:
    """A log that grows by entries, folded as it grows. What an entry has seen is the state unless it says otherwise."""

    def __init__(self, records: Kept = RECORDS, policy: bytes = POLICY) -> None:
        self.fold = Fold(records)
        self.log: list[Logged] = []
        self.put(adoption(policy), BEGIN)

    def put(self, request: Signed, at: str, seq: int | None = None) -> Logged:
        """Append an entry, whether it may be or not."""
        logged = Logged(seq=len(self.log) + 1 if seq is None else seq, at=at, signed=request)
        self.log.append(logged)
        self.fold.apply(logged)
        return logged

    def request(self, kind: str, release_id: str = ONE, minute: int = 0, **more: Any) -> Signed:
        """A signed request; `keys` names who signs."""
        bundle = more.get("bundle", 1)
        keys = [key_of(name) for name in more.pop("keys", SIGNERS.get(kind, ("owner",)))]
        state = self.fold.lifecycle.bundles.get(bundle_id_of(release_id, bundle))
        scope = more.get("scope")
        expects: dict[str, Any] = {"status": state.status if state else None}
        if scope:
            expects["active"] = self.fold.lifecycle.current(scope_key(scope))
        if kind in {"activated", "rolled_back"} and "platform" not in more:
            more["platform"] = sha256(WARNED if scope and scope.get("environment") == "lax" else PLATFORM)
        fields = {
            "kind": kind,
            "by": ROLES.get(kind, "owner"),
            "signed_at": clock(minute),
            "release_id": release_id,
            "pack_id": pack_id(release_id, bundle),
            "expects": expects,
            **(published(release_id, bundle) if kind in {"registered", "refused"} else {}),
            **more,
        }
        return signed({name: value for name, value in fields.items() if value is not None}, keys)

    def add(self, kind: str, release_id: str = ONE, minute: int = 0, **more: Any) -> "Line":
        """Sign a request and append it."""
        self.put(self.request(kind, release_id, minute, **more), clock(minute))
        return self

    def approved(self, release_id: str, minute: int = 0) -> "Line":
        """The events that bring a bundle to APPROVED."""
        for kind in ("registered", "candidate", "approved"):
            self.add(kind, release_id, minute)
        return self

    def registry(self) -> Registry:
        return self.fold.registry()

    def entries(self) -> list[bytes]:
        return [entry_of(logged.seq, logged.at, logged.signed.envelope) for logged in self.log]


def two_releases() -> Line:
    """ONE was active in LIVE, TWO superseded it."""
    line = Line().approved(ONE, 1).add("activated", ONE, 2, scope=LIVE)
    return line.approved(TWO, 3).add("activated", TWO, 4, scope=LIVE, supersedes=ONE)

"""A registry seen from outside: is the whole of it sound, and what is stated of it to runtimes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from proofpress.evidence.finding import Finding
from proofpress.evidence.policy import Policy
from proofpress.ingest.sources import read_file
from proofpress.instance import Instance
from proofpress.intake import Claims
from proofpress.pack.writer import write_bytes
from proofpress.registry.audit import base_checkpoint, base_trouble, missing_receipts, pinned_trouble
from proofpress.registry.authority import EVERYONE
from proofpress.registry.events import FOLDER
from proofpress.registry.messages import RegistryError
from proofpress.registry.note import MAX_NOTE
from proofpress.registry.opened import open_registry
from proofpress.registry.remote import fetch
from proofpress.registry.requests import place_pending, read_pending
from proofpress.registry.state import Registry
from proofpress.registry.statements import STATEMENTS, statements
from proofpress.signing.keys import SigningKey


def policy_drift(root: Path, policy: Policy, registry: Registry) -> Finding | None:
    """A warning when the policy on disk is not the one in force, and no pending request adopts it."""
    if policy.registry is None and registry.in_force is None:
        return None
    path = root / "packs" / "policy.yaml"
    sha256 = hashlib.sha256(read_file(path)).hexdigest() if path.is_file() else ""
    force = registry.in_force.sha256 if registry.in_force else "none"
    pending, _findings = read_pending(root / FOLDER)
    if sha256 == force or any(getattr(each.signed.event, "policy", "") == sha256 for each in pending):
        return None
    return Finding(
        rule="REG022",
        severity="warning",
        file="packs/policy.yaml",
        message="the policy is not the one that is in force in the registry",
        expected=force,
        found=sha256 or "no such file",
        hint="adopt it with 'proofpress registry adopt'",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """A check of a whole registry: what is wrong, and what was checked."""

    findings: tuple[Finding, ...]
    size: int
    root: str
    pending: int


def audit_registry(instance: Instance, *, pinned: Sequence[str], base: str | None, at: str) -> Audit:
    """Check the log, what its events name, earlier checkpoints (paths or URLs), a base, and the requests that wait.

    Raises `IngestError` when something can't be read at all.
    """
    opened = open_registry(instance.registry)
    registry = opened.registry()
    doubts = [pinned_trouble(opened, fetch(place, most=MAX_NOTE), place) for place in pinned]
    if base is not None:
        doubts.append(base_trouble(opened, base_checkpoint(instance.root, base), base))
    doubts.append(policy_drift(instance.root, instance.policy, registry))
    pending, unreadable = read_pending(instance.registry)
    findings = [*registry.findings, *missing_receipts(opened), *unreadable, *(each for each in doubts if each)]
    if registry.intact:
        findings += place_pending(opened.fold, pending, at, Claims(instance)).findings()
    found = sorted(findings, key=lambda finding: finding.sort_key)
    return Audit(findings=tuple(found), size=registry.size, root=registry.head, pending=len(pending))


def refresh(instance: Instance, *, by: str, keys: Sequence[SigningKey], at: str, days: int) -> tuple[Path, ...]:
    """Sign and write the statements of every scope and the revocations; those of scopes that are gone are removed.

    Raises `RegistryError`, category `auth`, when the keys do not hold the role that the policy names for statements.
    """
    registry = open_registry(instance.registry).intact()
    _may_state(registry, by, keys, at)
    folder = instance.registry / STATEMENTS
    made = dict(statements(registry, keys, at=at, days=days))
    for path, data in made.items():
        write_bytes(folder, path, data)
    scopes = folder / "scopes"
    for item in scopes.iterdir() if scopes.is_dir() else ():
        if f"scopes/{item.name}" not in made:
            item.unlink()
    return tuple(folder / path for path in sorted(made))


def _may_state(registry: Registry, by: str, keys: Sequence[SigningKey], at: str) -> None:
    adoption = registry.in_force
    part = adoption.policy.registry if adoption else None
    permission = part.may.get("statement") if part else None
    held = adoption.policy.holders(by, EVERYONE, at) if adoption else {}
    signing = {key.public for key in keys} & set(held.values())
    if permission is None or by not in permission.roles or len(signing) < permission.threshold:
        raise RegistryError(
            f"the role '{by}' with these keys may not sign statements",
            category="auth",
            hint="the policy's registry.may says who may: statement",
            rule="REG014",
        )

"""Attestations on disk: `packs/attestations/<hex of pack_id>/`, written whole or not at all, read strictly."""

import hashlib
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from proofpress.errors import IngestError
from proofpress.evidence.attestation import GateReceipt, PairedComparison
from proofpress.evidence.gates import Gates
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.policy import Policy
from proofpress.gate.judge import read_receipt
from proofpress.ingest.schema import first_violation
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_json, parse_yaml
from proofpress.pack.writer import write_bytes, write_text

RECEIPT: Final = "gate.json"
POLICY_COPY: Final = "policy.yaml"
"""The policy that a receipt binds by its digest, as it was then."""


def attestations(root: Path, pack_id: str) -> Path:
    """The folder of what is said about a pack."""
    return root / "packs" / "attestations" / pack_id.removeprefix("sha256:")


def comparison_path(root: Path, old: str, new: str) -> Path:
    """Where the comparison of two packs, by their ids, is recorded."""
    return attestations(root, new) / f"comparison-{old.removeprefix('sha256:')}.json"


def write_comparison(root: Path, comparison: PairedComparison) -> Path:
    """Record a comparison beside the new pack; returns its path."""
    path = comparison_path(root, comparison.old.pack_id, comparison.new.pack_id)
    write_text(path.parent, path.name, attested_text(comparison))
    return path


def write_receipt(root: Path, receipt: GateReceipt, policy: bytes) -> Path:
    """Write a receipt beside its pack, and the bytes of the policy that it binds; returns the receipt's path."""
    folder = attestations(root, receipt.subject.pack_id)
    write_bytes(folder, POLICY_COPY, policy)
    write_text(folder, RECEIPT, attested_text(receipt))
    return folder / RECEIPT


def drop_receipt(root: Path, pack_id: str) -> None:
    """Remove the receipt of an earlier run, so that it can't stand for one that ends early."""
    if pack_id:
        for name in (RECEIPT, POLICY_COPY):
            (attestations(root, pack_id) / name).unlink(missing_ok=True)


def attested_text(attestation: GateReceipt | PairedComparison) -> str:
    """An attestation as JSON text; numbers are exact."""
    return dump_json(attestation.model_dump(by_alias=True, exclude_unset=True))


def read_comparison(root: Path, old: str, new: str) -> PairedComparison | None:
    """The recorded comparison of two packs, None when there is none. Raises `IngestError` when it can't be used."""
    path = comparison_path(root, old, new)
    try:
        found = PairedComparison.model_validate(parse_json(read_file(path)))
    except FileNotFoundError:
        return None
    except (OSError, StrictError, ValidationError) as exc:
        raise _unusable(path, exc) from exc
    if (found.old.pack_id, found.new.pack_id) != (old, new):
        raise IngestError(f"{path.name}: it is a comparison of other packs", hint="record it again")
    return found


def stored_receipt(root: Path, pack_id: str) -> GateReceipt | None:
    """The receipt of a pack, None when there is none. Raises `IngestError` when it can't be used."""
    path = attestations(root, pack_id) / RECEIPT
    try:
        found = read_receipt(read_file(path))
    except FileNotFoundError:
        return None
    except (OSError, StrictError, ValidationError) as exc:
        raise _unusable(path, exc) from exc
    if found.subject.pack_id != pack_id:
        raise IngestError(f"{path.name}: it is the receipt of another pack", hint="run the gate on the pack again")
    return found


def gates_in_force(root: Path, receipt: GateReceipt, family: str) -> Gates:
    """The gates of a family in the policy that a receipt binds.

    Raises `IngestError` when the policy is gone or another one, or when its gates are not those of the receipt: then
    one of the two was edited afterwards.
    """
    path = attestations(root, receipt.subject.pack_id) / POLICY_COPY
    try:
        data = read_file(path)
        gates = Policy.model_validate(parse_yaml(data)).gates_of(family)
    except (OSError, StrictError, ValidationError) as exc:
        raise _unusable(path, exc) from exc
    again = "judge the pack again by the policy that was in force, or restore what was edited"
    if hashlib.sha256(data).hexdigest() != receipt.policy.sha256:
        raise IngestError(f"{path.parent.name[:8]}…/{POLICY_COPY}: it is not the policy of the receipt", hint=again)
    if gates != receipt.policy.gates:
        raise IngestError(f"{path.parent.name[:8]}…/{RECEIPT}: its gates are not those of its policy", hint=again)
    return receipt.policy.gates


def _unusable(path: Path, exc: Exception) -> IngestError:
    said = first_violation(exc) if isinstance(exc, ValidationError) else str(getattr(exc, "strerror", None) or exc)
    return IngestError(f"{path.parent.name[:8]}…/{path.name}: {said}", hint="write it again with its command")

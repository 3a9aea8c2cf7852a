"""What the registry asks of an instance: publish requests made from verified packs, and their claims checked again."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ValidationError

from proofpress.approve import decide_deployment
from proofpress.errors import IngestError, UsageError
from proofpress.evidence.attestation import GateReceipt
from proofpress.evidence.pack import Evidence
from proofpress.evidence.registration import RegistryPolicy
from proofpress.gate.judge import read_receipt
from proofpress.gate.store import RECEIPT, attestations
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError
from proofpress.instance import Instance
from proofpress.pipeline import Rules, read_registry, select, verified
from proofpress.registry.authority import Refused
from proofpress.registry.events import FOLDER, Activated, Approved, Published, Request, RolledBack
from proofpress.registry.fold import Fold
from proofpress.registry.log import Signed
from proofpress.registry.messages import PublishResponse, RegistryError
from proofpress.registry.opened import Opened, open_registry
from proofpress.registry.records import PLATFORMS, POLICIES, RECEIPTS, StoredRecords
from proofpress.registry.requests import (
    Check,
    draft,
    place_pending,
    read_pending,
    refuse,
    seal_request,
    write_request,
)
from proofpress.signing.keys import SigningKey
from proofpress.verify.readiness import requirements, suite_steps
from proofpress.verify.verdict import VerifiedPack

_CLAIMS: Final = ("family", "model_id", "gate", "provenance", "compatibility", "readiness", "fixture")
_MANIFEST: Final = {
    "evaluation_sha256": "model/eval_metrics.json",
    "dataset_manifest_sha256": "dataset/dataset_manifest.json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who signs, in which role, when and why."""

    by: str
    at: str
    keys: Sequence[SigningKey]
    reason: str | None = None
    backfill: Mapping[str, str] | None = None

    def fields(self, log: str) -> dict[str, Any]:
        """As fields of a request."""
        return {"log": log, "by": self.by, "signed_at": self.at, "reason": self.reason, "backfill": self.backfill}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What became of a request: the file that was written, or None when the registry says so already.

    `missing` more keys must sign it before it can be sequenced.
    """

    path: Path | None
    signed: Signed
    missing: int = 0


def publish(instance: Instance, name: str, said: Said, *, refusal: bool = False) -> PublishResponse:
    """Ask for a verified pack to be registered, or with `refusal` for one that its gates refuse to be recorded so.

    The receipt of the gates is kept beside the request. Raises `UsageError` when the pack does not verify, and
    `RegistryError`: `gate_not_pass` without the receipt that it needs, `conflict` for other bytes under a registered
    name, `auth` for keys that may not, `illegal_move` for a rehearsal.
    """
    ref = select(instance, [name])[0]
    chosen = verified(ref, Rules.of(instance, read_registry(instance)))
    opened, part, fold = _ahead(instance, said.at)
    evidence = chosen.evidence
    state = fold.lifecycle.bundles.get(evidence.bundle_id)
    if state is not None and state.pack_id == evidence.pack_id:
        return _response(evidence, "DUPLICATE")
    receipt, data = receipt_of(instance, chosen)
    wanted = "FAIL" if refusal else "PASS"
    if receipt.verdict != wanted:
        denied = [
            f"{each.gate} {each.subject}" for each in receipt.decisions if each.verdict in {"deny", "not decided"}
        ]
        raise RegistryError(
            f"{evidence.bundle_id}: the verdict of its gates is {receipt.verdict}, not {wanted}",
            category="gate_not_pass",
            hint=f"refused by {', '.join(denied[:4])}" if denied else "leave --refusal out",
            rule="REG017",
        )
    fields = {
        **said.fields(part.log.name),
        **claims_of(instance, chosen, receipt, data),
        "kind": "refused" if refusal else "registered",
        "release_id": evidence.manifest.release_id,
        "bundle": evidence.manifest.bundle,
        "pack_id": evidence.pack_id,
        "expects": {"status": state.status if state else None},
    }
    signed = seal_request(fields, said.keys)
    missing = refuse(fold, signed, said.at)
    opened.records.keep(RECEIPTS, data)
    path = write_request(instance.registry, signed)
    name = f"{FOLDER}/requests/{path.name}"
    return _response(evidence, "ACCEPTED", request=name, digest=signed.digest, missing=missing)


def _response(
    evidence: Evidence,
    status: Literal["ACCEPTED", "DUPLICATE"],
    *,
    request: str = "",
    digest: str = "",
    missing: int = 0,
) -> PublishResponse:
    return PublishResponse(
        schema="proofpress.registry-publish/1",
        status=status,
        bundle_id=evidence.bundle_id,
        release_id=evidence.manifest.release_id,
        bundle=evidence.manifest.bundle,
        pack_id=evidence.pack_id,
        request=request,
        digest=digest,
        missing_signatures=missing,
    )


def request(instance: Instance, kind: str, name: str, said: Said, details: Mapping[str, Any]) -> Filed:
    """Ask for a move of a registered bundle. Raises `RegistryError`, and then nothing was written."""
    opened, part, fold = _ahead(instance, said.at)
    more = dict(details)
    reviewed = part.platform(more["scope"]) if kind in {"activated", "rolled_back"} and more.get("scope") else None
    if reviewed is not None:
        more["platform"] = _kept(instance, opened.records, reviewed.path, reviewed.sha256)
    signed = seal_request(draft(fold, kind, name, {**said.fields(part.log.name), **more}), said.keys)
    if fold.repeats(signed):
        return Filed(path=None, signed=signed)
    missing = refuse(fold, signed, said.at, Claims(instance))
    return Filed(path=write_request(instance.registry, signed), signed=signed, missing=missing)


def adopt(instance: Instance, said: Said) -> Filed:
    """Ask for `packs/policy.yaml` to be in force. Raises `RegistryError` when it can't be, or the keys may not."""
    data = _bytes(instance.root / "packs" / "policy.yaml")
    part = instance.policy.registry
    if part is None:
        raise RegistryError(
            "packs/policy.yaml has no section 'registry'",
            category="invalid_payload",
            hint="name the log, its key, the scopes and who may do what",
        )
    opened = open_registry(instance.registry)
    opened.intact()
    _project(opened, instance, said.at)
    fold = opened.fold
    sha256 = hashlib.sha256(data).hexdigest()
    replaces = fold.policies[-1].sha256 if fold.policies else None
    fields = {**said.fields(part.log.name), "kind": "policy_adopted", "policy": sha256, "replaces": replaces}
    signed = seal_request(fields, said.keys)
    if fold.repeats(signed):
        return Filed(path=None, signed=signed)
    for each in part.platforms:
        _kept(instance, opened.records, each.path, each.sha256)
    opened.records.keep(POLICIES, data)
    missing = refuse(fold, signed, said.at)
    return Filed(path=write_request(instance.registry, signed), signed=signed, missing=missing)


def _ahead(instance: Instance, at: str) -> tuple[Opened, RegistryPolicy, Fold]:
    """The registry as it will be once its pending requests are placed, and the policy's part then in force."""
    opened = open_registry(instance.registry)
    opened.intact()
    _project(opened, instance, at)
    part = opened.fold.policies[-1].policy.registry if opened.fold.policies else None
    if part is None:
        raise RegistryError(
            "no policy is in force yet",
            category="auth",
            hint="begin the log with 'proofpress registry adopt'",
            rule="REG016",
        )
    return opened, part, opened.fold


def _project(opened: Opened, instance: Instance, at: str) -> None:
    pending, _findings = read_pending(instance.registry)
    place_pending(opened.fold, [each for each in pending if each.signed.event.signed_at <= at], at)


def receipt_of(instance: Instance, pack: VerifiedPack) -> tuple[GateReceipt, bytes]:
    """The receipt beside a pack, and its bytes. Raises `RegistryError`, category `gate_not_pass`, without one."""
    evidence = pack.evidence
    path = attestations(instance.root, evidence.pack_id) / RECEIPT
    hint = f"run 'proofpress gate {evidence.bundle_id} --receipt'"
    try:
        data = read_file(path)
        receipt = read_receipt(data)
    except FileNotFoundError as exc:
        message = f"{evidence.bundle_id} has no receipt of its gates"
        raise RegistryError(message, category="gate_not_pass", hint=hint, rule="REG017") from exc
    except (OSError, StrictError, ValidationError) as exc:
        message = f"{evidence.bundle_id}: the receipt of its gates can't be used ({str(exc).splitlines()[0]})"
        raise RegistryError(message, category="gate_not_pass", hint=hint, rule="REG017") from exc
    if receipt.subject.pack_id != evidence.pack_id or receipt.subject.bundle_id != evidence.bundle_id:
        message = f"{evidence.bundle_id}: the receipt beside it is another pack's"
        raise RegistryError(message, category="gate_not_pass", hint=hint, rule="REG017")
    return receipt, data


def claims_of(instance: Instance, pack: VerifiedPack, receipt: GateReceipt, data: bytes) -> dict[str, Any]:
    """What a publish request says of a pack beside its identity."""
    evidence = pack.evidence
    digests = {file.path: file.sha256 for file in evidence.manifest.files}
    chain = instance.profiles.chain(evidence.manifest.profile)
    asked = bool(requirements(chain) or suite_steps(chain))
    ready = evidence.readiness is not None and evidence.readiness.ok
    provenance = {
        "run_id": evidence.training.run_id if evidence.training else None,
        "evaluation_run_id": evidence.evaluation.run_id if evidence.evaluation else None,
        "dataset_snapshot_id": evidence.dataset.dataset_snapshot_id if evidence.dataset else None,
        **{name: digests.get(path) for name, path in _MANIFEST.items()},
    }
    manifest = digests.get("model/manifest.json")
    return {
        "family": evidence.manifest.family,
        "model_id": f"sha256:{manifest}" if manifest else None,
        "gate": {
            "receipt": hashlib.sha256(data).hexdigest(),
            "verdict": receipt.verdict,
            "policy": receipt.policy.sha256,
            "evaluated_at": receipt.evaluated_at,
        },
        "provenance": {name: value for name, value in provenance.items() if value is not None},
        "compatibility": evidence.release.compatibility,
        "readiness": "not asked" if not asked else "ready" if ready else "not ready",
        "fixture": evidence.is_rehearsal,
    }


class Claims(Check):
    """Checks what requests claim about an instance: its packs and their receipts, read and judged again."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._rules = Rules.of(instance, read_registry(instance))

    def __call__(self, event: Request) -> None:
        """Raise `Refused` when a claim does not hold."""
        if isinstance(event, Published):
            self._published(event)
        elif isinstance(event, Approved | Activated | RolledBack):
            self._pack(event.bundle_id, event.pack_id)
            if isinstance(event, Approved):
                self._signed_off(event)

    def _pack(self, name: str, pack_id: str) -> VerifiedPack:
        try:
            chosen = verified(select(self._instance, [name])[0], self._rules)
        except (UsageError, IngestError) as exc:
            raise Refused("REG013", "its pack is not there, or does not verify", pack_id, str(exc)) from exc
        if chosen.evidence.pack_id != pack_id:
            raise Refused("REG013", "its pack is another", pack_id, chosen.evidence.pack_id)
        return chosen

    def _signed_off(self, event: Approved) -> None:
        """An approval has the sign-offs that the policy asks for, as they stood when it was signed."""
        family = select(self._instance, [event.bundle_id])[0].family
        if self._instance.policy.signoff_of(family) is None:
            return
        decided = decide_deployment(self._instance, event.bundle_id, at=event.signed_at)
        if decided.receipt.verdict != "PASS":
            denied = [each for each in decided.receipt.decisions if each.verdict in {"deny", "not decided"}]
            found = "; ".join(f"{each.gate} {each.subject}: {each.found}" for each in denied[:4])
            hint = f"see 'proofpress gate {event.bundle_id} --require-signoff'"
            raise Refused("REG019", "its gates and sign-offs do not allow a deployment", "PASS", found, hint)

    def _published(self, event: Published) -> None:
        pack = self._pack(event.bundle_id, event.pack_id)
        data = StoredRecords(self._instance.registry).data(RECEIPTS, event.gate.receipt)
        if data is None:
            hint = "submit the pack again"
            raise Refused("REG017", "the receipt of its gates is not kept", event.gate.receipt, "no receipt", hint)
        receipt = kept_receipt(data, event.pack_id)
        if receipt is None:
            raise Refused("REG017", "the kept receipt is not one of this pack", event.pack_id, "another")
        said = event.model_dump(mode="python")
        held = type(event).model_validate({**said, **claims_of(self._instance, pack, receipt, data)}, strict=False)
        for name in _CLAIMS:
            if getattr(held, name) != getattr(event, name):
                message = f"the request says another {name} than the pack"
                raise Refused("REG017", message, str(getattr(held, name)), str(getattr(event, name)))


def kept_receipt(data: bytes, pack_id: str) -> GateReceipt | None:
    """A receipt that was kept, None when it is none, or another pack's."""
    try:
        receipt = read_receipt(data)
    except (StrictError, ValidationError):
        return None
    return receipt if receipt.subject.pack_id == pack_id else None


def _kept(instance: Instance, records: StoredRecords, path: str, sha256: str) -> str:
    """Keep a reviewed file by its digest, which is returned. Raises `RegistryError` when it is other bytes by now."""
    if records.data(PLATFORMS, sha256) is not None:
        return sha256
    data = _bytes(instance.root / path)
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise RegistryError(
            f"{path} is not the file that the policy reviewed",
            category="incompatible",
            hint="review it: name its digest in the policy, and adopt the policy",
            rule="REG018",
            details={"expected": sha256, "found": found},
        )
    return records.keep(PLATFORMS, data)


def _bytes(path: Path) -> bytes:
    try:
        return read_file(path)
    except OSError as exc:
        raise IngestError(f"{path.name}: can't be read ({exc.strerror or exc})") from exc

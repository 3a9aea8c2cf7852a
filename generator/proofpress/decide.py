"""`decide`: what a gate needs of an instance, read once, and the receipt. Nothing here prints."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from proofpress.diff import Comparison
from proofpress.discovery import PackRef
from proofpress.errors import IngestError, NothingCheckedError, UsageError
from proofpress.evidence.attestation import GateReceipt, PairedComparison
from proofpress.evidence.gates import Gates
from proofpress.evidence.pack import Evidence
from proofpress.evidence.policy import Policy
from proofpress.evidence.values import ReleaseParts
from proofpress.gate.gate import GateCase
from proofpress.gate.judge import judge
from proofpress.gate.measure import compare_examples
from proofpress.gate.store import drop_receipt, gates_in_force, read_comparison, stored_receipt
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_yaml
from proofpress.instance import Instance
from proofpress.pipeline import Rules, read_registry, registered_id, select, verified
from proofpress.registry import Registry
from proofpress.verify.verdict import VerifiedPack


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A receipt, the bytes of the policy that it binds, and what it is about."""

    label: str
    family: str
    receipt: GateReceipt
    policy: bytes
    comparison: Comparison | None
    evidence: Evidence


def decide(
    instance: Instance, name: str, *, at: str, against: str | None = None, policy_before: Path | None = None
) -> Decided:
    """Judge a release of an instance at the UTC time `at`, against its predecessor or the named pack.

    Raises `UsageError` when the release itself is refused, `NothingCheckedError` when its family has no gates,
    `IngestError` when something could not be read at all.
    """
    ref, new, rules, registry = _release(instance, name)
    family = new.evidence.manifest.family
    gates = instance.policy.gates_of(family)
    if gates is None:
        raise NothingCheckedError(
            f"packs/policy.yaml has no gates for the family '{family}', so nothing was judged",
            hint=f"write 'gates: {{{family}: ...}}' or gates for '*'",
        )
    old, missing = _baseline(instance, new, rules, against)
    before, before_trouble = _before(instance, old, family, policy_before)
    recorded, recorded_trouble = _recorded(instance, old, new)
    status = {each.bundle_id: registry.status(each.bundle_id) for each in instance.refs}
    yanked = frozenset(item for item, said in status.items() if said == "YANKED")
    rejected = frozenset(item for item, said in status.items() if said == "REJECTED")
    case = GateCase(
        new=new,
        old=old,
        gates=gates,
        missing=missing,
        earlier=_earlier(instance, ref, yanked | rejected),
        yanked=yanked,
        rejected=rejected,
        before=before,
        before_trouble=before_trouble,
        recorded=recorded,
        recorded_trouble=recorded_trouble,
        computed=compare_examples(old, new) if old else None,
        preregistered=_bytes(instance.root / gates.preregistered.path) if gates.preregistered else None,
    )
    policy = _bytes(instance.root / "packs" / "policy.yaml") or b""
    receipt = judge(case, waivers=instance.policy.waivers, policy_sha256=hashlib.sha256(policy).hexdigest(), at=at)
    return Decided(
        label=ref.label,
        family=family,
        receipt=receipt,
        policy=policy,
        comparison=case.comparison,
        evidence=new.evidence,
    )


def clear_receipt(instance: Instance, name: str) -> None:
    """Remove the receipt of an earlier run, so that it can't stand for one that ends early.

    Raises `UsageError` for a registered pack that was judged by other gates: a past release stays judged by the
    policy in force then.
    """
    ref = select(instance, [name])[0]
    state = read_registry(instance).bundles.get(ref.bundle_id)
    if state is None:
        drop_receipt(instance.root, registered_id(ref.path))
        return
    receipt = stored_receipt(instance.root, state.pack_id)
    if receipt is not None and receipt.policy.gates != instance.policy.gates_of(ref.family):
        raise UsageError(
            f"{name} is registered and was judged by other gates, which its receipt keeps",
            hint="run the gate without --receipt to see what today's policy says of it",
        )
    drop_receipt(instance.root, state.pack_id)


def paired(instance: Instance, name: str, *, against: str | None = None) -> PairedComparison:
    """The paired tests of a release against its predecessor, or the named pack. Raises `UsageError` without one."""
    _ref, new, rules, _registry = _release(instance, name)
    old, missing = _baseline(instance, new, rules, against)
    if old is None:
        raise UsageError(missing or f"{name} names no predecessor", hint="name a pack with --against")
    return compare_examples(old, new)


def _release(instance: Instance, name: str) -> tuple[PackRef, VerifiedPack, Rules, Registry]:
    registry = read_registry(instance)
    if not registry.intact:
        raise UsageError("the registry is refused, so nobody knows what was yanked", hint="run 'proofpress check'")
    rules = Rules.of(instance, registry)
    ref = select(instance, [name])[0]
    return ref, verified(ref, rules), rules, registry


def _baseline(
    instance: Instance, new: VerifiedPack, rules: Rules, against: str | None
) -> tuple[VerifiedPack | None, str]:
    """The pack to compare with, or why there is none although one is named."""
    named = new.evidence.release.predecessor
    if against is None and named is None:
        return None, ""
    wanted = against or ""
    if not wanted and named is not None:
        wanted = named.release_id if named.bundle == 1 else f"{named.release_id}.b{named.bundle}"
    try:
        old = verified(select(instance, [wanted])[0], rules)
    except (UsageError, IngestError) as exc:
        return None, str(exc).replace(f"{instance.root}/", "")
    if against is None and named is not None and old.evidence.pack_id != named.pack_id:
        return None, f"{wanted} is not the pack that the release names as its predecessor (its pack_id is another)"
    return old, ""


def _earlier(instance: Instance, own: PackRef, unusable: frozenset[str]) -> tuple[str, ...]:
    """Bundle ids of the releases before a release, oldest first: of its variant if one of them is usable, else all."""
    mine = _parts(own.bundle_id)
    if mine is None:
        return ()
    found = []
    for ref in instance.refs:
        parts = _parts(ref.bundle_id)
        if ref.family != own.family or parts is None or parts[0].name != mine[0].name:
            continue
        found.append((parts[0], parts[1], ref.bundle_id))
    same = [item for item in found if item[0].variant == mine[0].variant and _order(item) < _order((*mine, ""))]
    versions = [item for item in found if item[0].sort_key[:2] < mine[0].sort_key[:2]]
    chosen = same if any(item[2] not in unusable for item in same) else [*same, *(x for x in versions if x not in same)]
    return tuple(item[2] for item in sorted(chosen, key=_order))


def _order(item: tuple[ReleaseParts, int, str]) -> tuple[object, ...]:
    return (*item[0].sort_key, item[1])


def _parts(bundle_id: str) -> tuple[ReleaseParts, int] | None:
    """Release and bundle number of a folder's name, None when it is no release id."""
    release_id, _, number = bundle_id.partition(".b") if ".b" in bundle_id else (bundle_id, "", "")
    try:
        return ReleaseParts(release_id), int(number or 1)
    except ValueError:
        return None


def _before(instance: Instance, old: VerifiedPack | None, family: str, path: Path | None) -> tuple[Gates | None, str]:
    """The gates that the baseline was judged by: of the file given, else of its receipt."""
    if path is not None:
        try:
            policy = Policy.model_validate(parse_yaml(read_file(path)))
        except (OSError, StrictError, ValidationError) as exc:
            return None, f"{path.name}: {str(exc).splitlines()[0]}"
        return policy.gates_of(family) or Gates(), ""
    if old is None:
        return None, ""
    try:
        receipt = stored_receipt(instance.root, old.evidence.pack_id)
        return (gates_in_force(instance.root, receipt, family), "") if receipt else (None, "")
    except IngestError as exc:
        return None, str(exc)


def _recorded(instance: Instance, old: VerifiedPack | None, new: VerifiedPack) -> tuple[PairedComparison | None, str]:
    if old is None:
        return None, ""
    try:
        return read_comparison(instance.root, old.evidence.pack_id, new.evidence.pack_id), ""
    except IngestError as exc:
        return None, str(exc)


def _bytes(path: Path) -> bytes | None:
    try:
        return read_file(path)
    except OSError:
        return None

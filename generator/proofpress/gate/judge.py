"""`judge`: every gate on one case, the waivers that are in force, and the receipt."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from proofpress.evidence.attestation import (
    GATE_SCHEMA,
    REFUSING,
    DecisionVerdict,
    GateDecision,
    GateReceipt,
    JudgedBy,
    Party,
)
from proofpress.evidence.gates import Waiver
from proofpress.evidence.jsontext import dump_json
from proofpress.gate import gates_baseline, gates_changes, gates_metrics, gates_version
from proofpress.gate.gate import POLICY, Gate, GateCase, decision, gate, run_gate
from proofpress.ingest.strict import parse_json
from proofpress.verify.verdict import VerifiedPack

GENERATED_BY: Final = "proofpress.gate"
WORST_FIRST: Final[tuple[DecisionVerdict, ...]] = ("deny", "not decided", "warn", "pass")
UNWAIVABLE: Final = frozenset({"GAT002", "GAT016"})


@gate("GAT016", "Waivers are in force and needed")
def waivers(case: GateCase) -> Iterator[GateDecision]:  # noqa: ARG001 - `judge` decides it, for it knows the others
    """A waiver turns one refusal, named by gate and exact subject, into a warning, for one pack or family, until the
    end of its day `expires`. An expired waiver waives nothing, and is refused as long as it stands in the policy for
    a release that would need it. A waiver for a gate that does not exist, or that can't be waived (GAT002, GAT016),
    is not decided; one that nothing needs is told. A judgement at a time before the evaluation is not decided.

    Mend it by removing the waiver, or by agreeing on a new one with an owner, a reason and a day.
    """
    return iter(())


GATES: Final[tuple[Gate, ...]] = (
    *gates_baseline.GATES,
    *gates_metrics.GATES,
    *gates_changes.GATES,
    *gates_version.GATES,
    waivers,
)
"""Every gate, in the order in which they run. Ids are permanent and never used again."""


def judge(case: GateCase, *, waivers: Sequence[Waiver], policy_sha256: str, at: str) -> GateReceipt:
    """Every decision on a release at the UTC time `at`, worst first. Anything refused or not decided fails it."""
    found = [item for each in GATES for item in run_gate(each, case)]
    evidence = case.new.evidence
    own = [item for item in waivers if item.pack == evidence.pack_id or item.family == evidence.manifest.family]
    decisions = [_waived(item, own, at) for item in found]
    decisions += _on_waivers(found, own, at)
    if evidence.evaluation is not None and at < evidence.evaluation.evaluated_at:
        why = "waivers would be judged by a day on which the release had not been evaluated"
        early = decision("not decided", "time", expected=evidence.evaluation.evaluated_at, found=at, why=why)
        decisions.append(early.model_copy(update={"gate": "GAT016"}))
    decisions.sort(key=lambda item: (WORST_FIRST.index(item.verdict), item.gate, item.subject, item.code, item.why))
    fields: dict[str, Any] = {
        "schema": GATE_SCHEMA,
        "generated_by": GENERATED_BY,
        "subject": _party(case.new),
        "against": _party(case.old) if case.old else None,
        "policy": JudgedBy(sha256=policy_sha256, gates=case.gates),
        "evaluated_at": at,
        "verdict": "FAIL" if any(item.verdict in REFUSING for item in decisions) else "PASS",
        "decisions": decisions,
    }
    return read_receipt(dump_json(fields).encode())


def read_receipt(data: bytes) -> GateReceipt:
    """A receipt from its bytes. Raises `StrictError` or pydantic's `ValidationError`."""
    return GateReceipt.model_validate(parse_json(data))


def _party(pack: VerifiedPack) -> Party:
    return Party(bundle_id=pack.evidence.bundle_id, pack_id=pack.evidence.pack_id)


def _is_for(waiver: Waiver, item: GateDecision) -> bool:
    return (
        item.verdict in REFUSING
        and item.gate not in UNWAIVABLE
        and (waiver.gate, waiver.subject) == (item.gate, item.subject)
        and (waiver.code is None or waiver.code == item.code)
    )


def _in_force(waiver: Waiver, at: str) -> bool:
    return at[:10] <= waiver.expires


def _waived(item: GateDecision, own: Sequence[Waiver], at: str) -> GateDecision:
    for waiver in own:
        if _is_for(waiver, item) and _in_force(waiver, at):
            told = f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
            return item.model_copy(update={"verdict": "warn", "waived_by": told})
    return item


def _on_waivers(found: Sequence[GateDecision], own: Sequence[Waiver], at: str) -> Iterator[GateDecision]:
    known = {each.id for each in GATES}
    for waiver in own:
        verdict: DecisionVerdict = "pass"
        why = f"{waiver.owner} answers for it: {waiver.reason}"
        needed = any(_is_for(waiver, item) for item in found)
        if waiver.gate not in known or waiver.gate in UNWAIVABLE:
            verdict, why = "not decided", f"{waiver.gate} is no gate that can be waived"
        elif not _in_force(waiver, at):
            verdict = "deny" if needed else "warn"
            why = f"it expired on {waiver.expires} and waives nothing" + ("" if needed else "; nothing needs it either")
        elif not needed:
            verdict, why = "warn", "nothing needs it"
        item = decision(
            verdict,
            f"{waiver.gate} {waiver.subject}",
            expected=f"in force on {at[:10]}",
            found=f"until {waiver.expires}",
            why=why,
            file=POLICY,
        )
        yield item.model_copy(update={"gate": "GAT016"})

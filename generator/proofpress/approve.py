"""`sign_off` and `decide_deployment`: what people sign of an instance's release, and whether it suffices."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from proofpress import __version__
from proofpress.decide import Decided, decide
from proofpress.errors import ExitCode, ProofpressError, UsageError
from proofpress.evidence.attestation import GateReceipt
from proofpress.evidence.signoff import SIGNOFF_SCHEMA, Answer, QuestionId
from proofpress.instance import Instance
from proofpress.pipeline import read_registry
from proofpress.signing.keys import SigningKey
from proofpress.signoff.checklist import Question, checklist
from proofpress.signoff.gates import SignoffCase, receipt_trouble, with_signoff
from proofpress.signoff.store import read_attested, write_signoff

GENERATED_BY: Final = "proofpress.signoff"


class AnswerError(ProofpressError):
    """An answer says what the evidence contradicts, so nothing is signed."""

    exit_code = ExitCode.FINDINGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person is asked to sign: the questions with their evidence, and the digests that the answers bind."""

    questions: tuple[Question, ...]
    role: str
    key: str
    signed_at: str
    family: str
    receipt: GateReceipt
    receipt_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOff:
    """What was signed, and where it was written."""

    path: Path
    sha256: str
    decision: str


def draft_signoff(instance: Instance, name: str, *, role: str, public: str, at: str) -> Draft:
    """The checklist of a release for one role and public key at a UTC time.

    Raises `UsageError` when the release is refused, the key does not hold the role then, or the receipt beside the
    pack is not what the gates decide now.
    """
    decided = decide(instance, name, at=at)
    policy, family = instance.policy, decided.family
    key = next((each for each, held in policy.keys.items() if held.key == public), "")
    if key not in policy.holders(role, family, at):
        known = ", ".join(policy.holders(role, family, at)) or "nobody"
        named = f"'{key}'" if key else public
        raise UsageError(
            f"the key {named} does not hold the role '{role}' for '{family}' at {at}",
            hint=f"held by: {known}; roles are those of packs/policy.yaml",
        )
    attested = read_attested(instance.root, decided.receipt.subject, family)
    stored = attested.gate_receipt()
    trouble = receipt_trouble(stored, decided.receipt)
    if trouble or stored is None or attested.receipt is None or at < stored.evaluated_at:
        why = trouble[0] if trouble else "the receipt is of a later time"
        raise UsageError(f"{why}, so there is nothing to sign", hint=f"proofpress gate {name} --receipt")
    return Draft(
        questions=checklist(decided.evidence, decided.comparison, decided.receipt),
        role=role,
        key=key,
        signed_at=at,
        family=family,
        receipt=stored,
        receipt_sha256=hashlib.sha256(attested.receipt).hexdigest(),
    )


def contradiction(question: Question, answer: Answer) -> str:
    """Why an answer can't be signed; empty: it can. A no needs no evidence."""
    return question.contradiction if answer.answer == "yes" else ""


def sign_off(instance: Instance, draft: Draft, answers: Mapping[QuestionId, Answer], key: SigningKey) -> SignedOff:
    """Sign the answers and write them beside the pack. Raises `AnswerError` when the evidence contradicts one."""
    for question in draft.questions:
        if why := contradiction(question, answers[question.id]):
            raise AnswerError(
                f"'{question.text}' can't be answered with yes: {why}",
                hint="answer no, which records a refusal, or mend the release",
            )
    decision = "approved" if all(item.answer == "yes" for item in answers.values()) else "refused"
    receipt = draft.receipt
    fields: dict[str, Any] = {
        "schema": SIGNOFF_SCHEMA,
        "generated_by": GENERATED_BY,
        "tool_version": __version__,
        "subject": receipt.subject,
        "family": draft.family,
        "role": draft.role,
        "decision": decision,
        "signed_at": draft.signed_at,
        "receipt": {
            "sha256": draft.receipt_sha256,
            "verdict": receipt.verdict,
            "evaluated_at": receipt.evaluated_at,
        },
        "policy_sha256": receipt.policy.sha256,
        "against": receipt.against,
        "checklist": tuple(
            {
                "answer": answers[item.id].answer,
                "note": answers[item.id].note,
                "id": item.id,
                "question": item.text,
                "evidence": item.evidence,
            }
            for item in draft.questions
        ),
    }
    path, sha256 = write_signoff(instance.root, fields, key)
    return SignedOff(path=path, sha256=sha256, decision=decision)


def decide_deployment(
    instance: Instance, name: str, *, at: str, against: str | None = None, policy_before: Path | None = None
) -> Decided:
    """The gates' decisions on a release and those on its sign-offs, at a UTC time. Raises as `decide` does."""
    decided = decide(instance, name, at=at, against=against, policy_before=policy_before)
    case = SignoffCase(
        attested=read_attested(instance.root, decided.receipt.subject, decided.family),
        fresh=decided.receipt,
        questions=checklist(decided.evidence, decided.comparison, decided.receipt),
        policy=instance.policy,
        authors=tuple(author.name for author in decided.evidence.release.authors),
        at=at,
        status=read_registry(instance).status(decided.receipt.subject.bundle_id) or "",
    )
    return replace(decided, receipt=with_signoff(case))

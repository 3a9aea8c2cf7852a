"""Sign-off: who must approve a release, the checklist, and the statement that a key signs."""

from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from proofpress.evidence.attestation import Party
from proofpress.evidence.base import Model
from proofpress.evidence.values import Digest, Integer, Label, Name, Text, UtcTime

SIGNOFF_SCHEMA: Final = "proofpress.signoff/1"
PREDICATE_TYPE: Final = "urn:proofpress:schema:signoff:1"

QuestionId = Literal["intended_use", "thresholds", "slices", "monitoring", "traceability"]
QUESTIONS: Final[tuple[QuestionId, ...]] = get_args(QuestionId)
Answered = Literal["yes", "no"]


class SignoffRule(Model):
    """Which roles must approve a release before it is deployed, and by how many different people each."""

    roles: Annotated[dict[Name, Annotated[Integer, Field(ge=1, le=64)]], Field(min_length=1)]


class Answer(Model):
    """What a person says to one question, and why."""

    answer: Answered
    note: Text | None = None


class Answers(Model):
    """A file of answers, for a pipeline or a record that can be made again. Every question is answered."""

    schema_version: Literal["1.0.0"]
    answers: dict[QuestionId, Answer]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if missing := [name for name in QUESTIONS if name not in self.answers]:
            raise PydanticCustomError("answers", "no answer to {names}", {"names": ", ".join(missing)})
        return self


class CheckedItem(Answer):
    """One question as it was asked: what the evidence said then, and the answer."""

    id: QuestionId
    question: Text
    evidence: Annotated[tuple[Text, ...], Field(min_length=1)]


class BoundReceipt(Model):
    """The gate's receipt that was in force: the sha256 of the bytes of `gate.json`, its verdict and its time."""

    sha256: Digest
    verdict: Literal["PASS", "FAIL"]
    evaluated_at: UtcTime


class Signoff(Model):
    """The predicate of `signoff-<role>-<keyid>.json`: one person's decision on one pack, in one role.

    It binds the pack, the receipt of its gates, the policy file and the baseline by their digests.
    """

    schema_: Literal["proofpress.signoff/1"] = Field(alias="schema")
    generated_by: Label
    tool_version: Name
    subject: Party
    family: Name
    role: Name
    decision: Literal["approved", "refused"]
    signed_at: UtcTime
    receipt: BoundReceipt
    policy_sha256: Digest
    against: Party | None
    checklist: Annotated[tuple[CheckedItem, ...], Field(min_length=1)]
    supersedes: Digest | None = Field(
        default=None, description="sha256 of the file of the same role and key that this one replaces"
    )

    @model_validator(mode="after")
    def _decided_by_the_answers(self) -> Self:
        if tuple(item.id for item in self.checklist) != QUESTIONS:
            raise PydanticCustomError("checklist", "every question, once and in order, is expected")
        if (self.decision == "approved") != all(item.answer == "yes" for item in self.checklist):
            raise PydanticCustomError("decision", "approved means yes to every question, refused a no to one of them")
        if self.decision == "approved" and self.receipt.verdict != "PASS":
            raise PydanticCustomError("decision", "nobody can approve what the gates refuse")
        return self

"""What is said of a charter's values afterwards: that a derivation gave its value again, and what is handed over."""

from typing import Annotated, Final, Literal

from pydantic import Field

from proofpress.evidence.attestation import Party
from proofpress.evidence.base import Model, NonEmptyTexts
from proofpress.evidence.derivation import Attestation, CostTier, Plan, Tolerance
from proofpress.evidence.values import Digest, Label, Name, Number, PackPath, ReleaseId, Slug, Text, UtcTime

RERUN_SCHEMA: Final = "proofpress.rerun/1"
HANDOFF_SCHEMA: Final = "proofpress.handoff/1"
NO_AUTHORITY: Final = (
    "This package is no authority to deploy or launch anything; it says what may be locked, and what may not."
)


class Rerun(Model):
    """`rerun-<record>.json`: the recorded command was executed again on the recorded inputs, and what it gave."""

    schema_: Literal["proofpress.rerun/1"] = Field(alias="schema")
    generated_by: Label
    subject: Party
    value: Slug
    record: Slug
    record_sha256: Digest
    ran_at: UtcTime
    recorded: Number | Text
    again: Number | Text
    tolerance: Tolerance
    verdict: Literal["within tolerance", "outside of tolerance"]


class HandedValue(Model):
    """One value as it is handed over."""

    id: Slug
    title: Text
    units: Name
    status: Literal["value", "infeasible", "pending"]
    value: Number | Text | None
    cost_tier: CostTier
    lockability: Literal["lockable", "non-lockable", "infeasible", "pending"]
    blocked_by: tuple[Text, ...]
    record: PackPath
    record_sha256: Digest
    author: Name
    reviewer: Name
    risk_note: PackPath | None
    next_action: Text | None
    remediation: Text | None


class Evidenced(Model):
    """One row of the evidence matrix: a question about a value, the answer, and the file that shows it."""

    value: Slug
    question: Text
    answer: Text
    shown_by: Text


class Checked(Model):
    """One point of the checklist, and what fulfils it."""

    point: Text
    fulfilled_by: Text


class Handoff(Model):
    """`handoff.json`: everything that whoever locks the charter needs, and no authority beyond it."""

    schema_: Literal["proofpress.handoff/1"] = Field(alias="schema")
    generated_by: Label
    subject: Party
    release_id: ReleaseId
    made_at: UtcTime
    charter_sha256: Digest
    state: Literal["unlocked", "exploratory"]
    plan: Plan
    checklist: Annotated[tuple[Checked, ...], Field(min_length=1)]
    lockable: tuple[Slug, ...]
    blocking: tuple[Slug, ...]
    values: Annotated[tuple[HandedValue, ...], Field(min_length=1)]
    evidence_matrix: Annotated[tuple[Evidenced, ...], Field(min_length=1)]
    infeasible: tuple[PackPath, ...]
    threats: NonEmptyTexts
    attestation: Attestation
    authority: Literal[
        "This package is no authority to deploy or launch anything; it says what may be locked, and what may not."
    ]

"""`derivations/`: the charter of the values that a release needs, and the signed records that answer for each.

People and services appear by the names of their keys in the policy. A record never changes: a later one supersedes it.
"""

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import Field

from proofpress.evidence.base import Document, Model, NonEmptyTexts, ProducedFile
from proofpress.evidence.values import (
    Commit,
    Digest,
    JsonObject,
    Name,
    Number,
    PackPath,
    ReleaseId,
    Slug,
    Text,
    UtcTime,
)

FOLDER: Final = "derivations/"
CHARTER: Final = f"{FOLDER}charter.yaml"
COST_DATA: Final = "cost-data"
"""The reason under which a value whose cost evidence is of tier D stands, and no other."""
INFEASIBLE_REASONS: Final = (COST_DATA, "capacity", "power", "mapping", "null")
"""Why a value can't be derived, where a profile names no reasons of its own."""
DERIVER, REVIEWER, RISK_OWNER, OPERATOR, LOCKER, LAUNCHER = (
    *("deriver", "reviewer", "risk_owner"),
    *("operator", "locker", "launcher"),
)
"""Roles of the policy: who derives, reviews, owns the risk, decides on a stop or rollback, locks, and launches."""

CostTier = Literal["A", "B", "C", "D", "n/a"]
LOCKABLE_TIERS: Final[frozenset[CostTier]] = frozenset(("A", "B", "n/a"))
Step = Literal[
    "train",
    "launch",
    "predict",
    "select",
    "pull_data",
    "use_exploratory",
    "avoid_infeasible",
    "enter_unsigned",
    "derive_late",
]
"""What an analysis must not do: train, launch a job, run a prediction, select a model or threshold, pull new data, let
exploratory results choose, avoid an INFEASIBLE by weak costs, enter an unsigned value, derive with outcomes in view."""
Signers = tuple[tuple[str, str, str], ...]
"""(role, name of the key, time at which it holds the role) of each signature that a record needs."""


class Plan(Model):
    """The approved plan that a record follows: its revision, the digest of its bytes, and its file, if packaged."""

    revision: Name
    sha256: Digest
    path: PackPath | None = None


class Tolerance(Model):
    """How far a value may lie from the recorded one when it is derived again, said before it was derived first."""

    kind: Literal["absolute", "relative"]
    value: Number

    def allows(self, recorded: Decimal, again: Decimal) -> bool:
        """Whether a value derived again is near enough to the recorded one."""
        limit = self.value * abs(recorded) if self.kind == "relative" else Decimal(self.value)
        return abs(again - recorded) <= limit


class Target(Model):
    """A target of the plan: what a metric has to reach."""

    id: Slug
    metric: Name
    op: Literal["<", "<=", ">", ">="]
    value: Number
    unit: Name

    def weakened_from(self, before: "Target") -> bool:
        """Whether this target asks for less than `before`, or for something else."""
        if (self.metric, self.unit, self.op[0]) != (before.metric, before.unit, before.op[0]):
            return True
        less = self.value < before.value if before.op[0] == ">" else self.value > before.value
        return less or (self.value == before.value and self.op != before.op and before.op in {"<", ">"})


class Pending(Model):
    """Why a value has neither a derivation nor an INFEASIBLE record yet."""

    code: Literal["NOT_STARTED", "WAITING", "STOPPED", "ROLLED_BACK", "INVALIDATED"]
    reason: Text


class CharterValue(Model):
    """A required value: what was declared of it, and what its record says.

    `depends_on` are the values that it is derived from, so that what is downstream of which can be told;
    `must_differ` are values that may not be equal to it. `cost` says which cost it is derived from, if any.
    """

    id: Slug
    title: Text
    units: Name
    cost: Name | None = None
    tolerance: Tolerance
    depends_on: tuple[Slug, ...] = ()
    must_differ: tuple[Slug, ...] = ()
    status: Literal["value", "infeasible", "pending"]
    value: Number | Text | None = None
    lockability: Literal["lockable", "non-lockable", "infeasible", "pending"]
    cost_tier: CostTier = "n/a"
    record: Slug | None = None
    pending: Pending | None = None


class Attestation(Model):
    """Whether any forbidden step ran: a training, launch, prediction, selection or new pull of data."""

    no_forbidden_run: bool
    statement: Text


class Charter(Document):
    """`derivations/charter.yaml`: every value that the release needs, each with what answers for it.

    An `exploratory` charter is one that the plan's committee recorded as never to be locked.
    """

    release_id: ReleaseId
    state: Literal["unlocked", "locked", "exploratory"]
    plan: Plan
    commit: Commit
    author: Name
    timestamp: UtcTime
    locker: Name | None = None
    locked_at: UtcTime | None = None
    launcher: Name | None = None
    attestation: Attestation
    values: Annotated[tuple[CharterValue, ...], Field(min_length=1)]
    targets: tuple[Target, ...] = ()
    threats: NonEmptyTexts = Field(description="Threats to validity that are not resolved.")
    claim_boundary: NonEmptyTexts

    @property
    def signers(self) -> Signers:
        """Whoever wrote the charter, and whoever locked it."""
        locked = ((LOCKER, self.locker or "", self.locked_at or self.timestamp),) if self.state == "locked" else ()
        return ((DERIVER, self.author, self.timestamp), *locked)


class Record(Document):
    """What all records say: which plan and commit they follow, who wrote them when, and what they do not show."""

    id: Slug
    author: Name
    timestamp: UtcTime
    plan: Plan
    commit: Commit
    supersedes: Slug | None = Field(default=None, description="The record that this one takes the place of.")
    notes: tuple[Text, ...] = ()
    claim_boundary: NonEmptyTexts

    @property
    def signers(self) -> Signers:
        """Whose signatures the record needs."""
        return ((DERIVER, self.author, self.timestamp),)


class Budget(Model):
    """How many choices of one kind exploratory results may have influenced, and how many they did."""

    name: Name
    spent: Number
    allowed: Number


class Exploratory(Model):
    """Whether exploratory results influenced a choice; if so, which, why that was sound before, and its budget."""

    influenced: bool
    sources: tuple[Text, ...] = ()
    prior_rationale: Text | None = None
    budget: tuple[Budget, ...] = ()


class InputFile(ProducedFile):
    """A file that a derivation reads, and the version of the data in it."""

    version: Name


class Seal(Record):
    """`derivations/SEAL-<id>.yaml`: how a value will be derived, signed before any outcome was seen.

    Its timestamp is the moment of sealing. Whatever is chosen later is exploratory influence.
    """

    value_name: Slug
    rationale: Text
    tolerance: Tolerance
    parameters: JsonObject
    command: NonEmptyTexts
    inputs: Annotated[tuple[InputFile, ...], Field(min_length=1)]
    exploratory: Exploratory


class SealRef(Model):
    """The seal that a derivation followed, by the digest of its bytes."""

    id: Slug
    sha256: Digest
    sealed_at: UtcTime


class Derivation(Record):
    """`derivations/<id>.yaml`: one value, how it came about, and whether it may be locked.

    `artifact` is the JSON file that the command wrote; the value stands in it at `pointer`.
    """

    value_name: Slug
    value: Number | Text
    units: Name
    lockability: Literal["lockable", "non-lockable"]
    lockability_reason: Text | None = Field(
        default=None, description="Why the value is not lockable, or how it was judged anew when the cost tier changed."
    )
    cost_tier: CostTier
    artifact: ProducedFile
    pointer: Annotated[str, Field(pattern=r"^(/[^/]*)*$", max_length=400)]
    mlflow_run_id: Name | None = Field(default=None, description="Provenance only; never evidence.")
    code_version: Name
    parameters: JsonObject
    command: NonEmptyTexts
    inputs: Annotated[tuple[InputFile, ...], Field(min_length=1)]
    outputs: Annotated[tuple[ProducedFile, ...], Field(min_length=1)]
    rationale: Text
    tolerance: Tolerance
    seal: SealRef
    outcomes_seen_at: UtcTime
    depends_on: tuple[Slug, ...] = Field(default=(), description="Records that the value was derived from.")
    reviewer: Name

    @property
    def signers(self) -> Signers:
        """Author and reviewer."""
        return ((DERIVER, self.author, self.timestamp), (REVIEWER, self.reviewer, self.timestamp))


class Infeasible(Record):
    """`derivations/INFEASIBLE-<id>.yaml`: a value that can't be derived from the evidence, and what would help.

    `targets` are those of the charter as they stood: none of them may be weaker afterwards.
    """

    value_name: Slug
    reason: Slug
    cost_tier: CostTier = "n/a"
    trigger: Text
    failed_derivation: Text
    evidence_attempted: NonEmptyTexts
    allowed_next_action: Text
    blocked_downstream: Annotated[tuple[Name, ...], Field(min_length=1)]
    required_remediation_artifact: Text
    targets: tuple[Target, ...] = ()
    reviewer: Name

    @property
    def signers(self) -> Signers:
        """Author and reviewer."""
        return ((DERIVER, self.author, self.timestamp), (REVIEWER, self.reviewer, self.timestamp))


class Decision(Model):
    """What the operator decided about a stop."""

    by: Name
    at: UtcTime
    ruling: Text


class Stop(Record):
    """`derivations/STOP-<id>.yaml`: a step that an analysis must not take, what asked for it, and what was decided.

    An open stop blocks its values. A step that already ran fails the attestation, and `touched` records are invalid.
    A decision is a further record, which supersedes the open one.
    """

    step: Step
    values: Annotated[tuple[Slug, ...], Field(min_length=1)]
    requirement: Text
    already_ran: bool
    touched: tuple[Slug, ...] = ()
    decision: Decision | None = None

    @property
    def signers(self) -> Signers:
        """Whoever raised it, and whoever decided."""
        decided = ((OPERATOR, self.decision.by, self.decision.at),) if self.decision else ()
        return ((DERIVER, self.author, self.timestamp), *decided)


class Rollback(Record):
    """`derivations/ROLLBACK-<id>.yaml`: records that no longer hold, why, and who was told. Nothing is deleted."""

    reason: Text
    values: Annotated[tuple[Slug, ...], Field(min_length=1)]
    records: Annotated[tuple[Slug, ...], Field(min_length=1)]
    notified: NonEmptyTexts

    @property
    def signers(self) -> Signers:
        """The operator."""
        return ((OPERATOR, self.author, self.timestamp),)


class RiskNote(Record):
    """`derivations/NOTE-<id>.yaml`: the risk owner carries a value as context. No note makes a value lockable."""

    value_name: Slug
    record: Slug
    carries: Literal["non-lockable"]
    text: Text

    @property
    def signers(self) -> Signers:
        """The risk owner."""
        return ((RISK_OWNER, self.author, self.timestamp),)


PREFIXES: Final[dict[type[Record], str]] = {
    Derivation: "",
    Infeasible: "INFEASIBLE-",
    Stop: "STOP-",
    Rollback: "ROLLBACK-",
    RiskNote: "NOTE-",
    Seal: "SEAL-",
}
"""What the names of the files of each kind of record begin with; the id follows."""
PREDICATE: Final = "urn:proofpress:derivation-signature:1"


def place_of(record: Record) -> str:
    """Where a record stands in a pack."""
    return f"{FOLDER}{PREFIXES[type(record)]}{record.id}.yaml"


def envelope_of(path: str) -> str:
    """Where the signatures of a charter or record stand."""
    return path.removesuffix(".yaml") + ".dsse.json"


def is_envelope(path: str) -> bool:
    """Whether signatures of a charter or record stand at a path; DRV012 holds each to what it signs."""
    return path.startswith(FOLDER) and path.endswith(".dsse.json") and "/" not in path[len(FOLDER) :]


def predicate_of(signed: Charter | Record) -> JsonObject:
    """What signatures of a charter or record say besides its digest: who signs in which role."""
    return {"signers": [{"role": role, "key": name} for role, name, _at in signed.signers]}

"""`assurance/`: what can go wrong, what was seen to go wrong, what is watched, what holds, and what ran.

People appear as roles only ("model owner"), never by name.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from proofpress.evidence.base import Absence, Document, Model, NonEmptyTexts
from proofpress.evidence.evaluation import SliceKey
from proofpress.evidence.values import (
    Block,
    Commit,
    Count,
    Digest,
    Identity,
    Integer,
    Name,
    Number,
    PackPath,
    ReleaseId,
    Role,
    Slug,
    Text,
)

Severity = Literal["low", "medium", "high", "critical"]
Likelihood = Literal["rare", "possible", "likely"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
LIKELIHOODS: tuple[Likelihood, ...] = ("rare", "possible", "likely")


class Mitigation(Model):
    """What is done against a risk, and how far it is: planned, in place, or shown to work."""

    description: Text
    status: Literal["planned", "in_place", "verified"]


class Risk(Model):
    """What can go wrong, for whom, what is done against it, and which signals of the monitoring plan watch it.

    An accepted risk says why; a closed one has a mitigation that is more than planned.
    """

    id: Slug
    title: Text
    description: Text
    severity: Severity
    likelihood: Likelihood
    status: Literal["open", "accepted", "closed"] = "open"
    affected_groups: NonEmptyTexts
    mitigations: tuple[Mitigation, ...] = ()
    accepted_reason: Text | None = None
    signals: tuple[Slug, ...] = Field(default=(), description="Ids of the monitoring plan's signals.")
    owner: Role


class Risks(Document):
    """`assurance/risks.json`: the risks of the release."""

    risks: Annotated[tuple[Risk, ...], Field(min_length=1)]


class Condition(Model):
    """A condition on one field of a per-example row. Order is told of numbers only."""

    field: Name
    op: Literal["==", "!=", "<", "<=", ">", ">="]
    value: Text | Number | bool

    def applies(self, row: Mapping[str, Any]) -> bool:
        """Whether a row has the field, and it is a number, a text or a truth value as the condition's value is."""
        found = row.get(self.field)
        return found is not None and _kind(found) == _kind(self.value)

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether a row has the field and it compares so. A number never equals a text or a truth value."""
        if not self.applies(row):
            return False
        found = row[self.field]
        if self.op == "==":
            return bool(found == self.value)
        if self.op == "!=":
            return bool(found != self.value)
        if _kind(found) != "number":
            return False
        difference = Decimal(found) - Decimal(self.value)
        return {
            "<": difference < 0,
            "<=": difference <= 0,
            ">": difference > 0,
            ">=": difference >= 0,
        }[self.op]


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "truth value"
    return "number" if isinstance(value, int | Decimal) else "text" if isinstance(value, str) else "other"


class Selection(Model):
    """The examples that show a failure: rows of a per-example file, of one slice or all, that meet every condition."""

    path: PackPath
    slice: SliceKey | None = None
    where: Annotated[tuple[Condition, ...], Field(min_length=1)]

    def concerns(self, row: Mapping[str, Any]) -> bool:
        """Whether a row lies in the slice."""
        slices = row.get("slices")
        return self.slice is None or (
            isinstance(slices, Mapping) and slices.get(self.slice.dimension) == self.slice.value
        )

    def chooses(self, row: Mapping[str, Any]) -> bool:
        """Whether a row shows the failure."""
        return self.concerns(row) and all(condition.holds(row) for condition in self.where)


class FailureMode(Model):
    """A way in which the model fails, how many of which examples show it, and some of these by key.

    `count` of the `n` rows of the selection's slice show the failure. Without selection nothing was counted, and
    `absent` says why.
    """

    id: Slug
    title: Text
    description: Text
    status: Literal["new", "known", "fixed"]
    first_seen: ReleaseId = Field(description="The release in which it was seen first.")
    selection: Selection | None = None
    count: Count | None = None
    n: Count | None = None
    examples: tuple[Text, ...] = Field(default=(), description="Keys of examples that show the failure.")
    absent: Absence | None = None
    risks: tuple[Slug, ...] = ()


class FailureModes(Document):
    """`assurance/failure_modes.json`: how the model was seen to fail."""

    failure_modes: Annotated[tuple[FailureMode, ...], Field(min_length=1)]


class Threshold(Model):
    """When a signal speaks: its value compares so with a number of this unit."""

    op: Literal["<", "<=", ">", ">="]
    value: Number
    unit: Name


class Window(Model):
    """Over how much the signal's value is taken."""

    size: Annotated[Integer, Field(ge=1)]
    unit: Literal["examples", "minutes", "hours", "days", "weeks"]


class Signal(Model):
    """What is watched in use: a metric from a source, the threshold, and who then does what."""

    id: Slug
    title: Text
    metric: Name
    source: Text
    threshold: Threshold
    window: Window
    action: Text
    owner: Role
    risks: tuple[Slug, ...] = Field(default=(), description="Ids of the risks that the signal watches.")


class MonitoringPlan(Document):
    """`assurance/monitoring_plan.json`: the signals that are watched in use."""

    signals: Annotated[tuple[Signal, ...], Field(min_length=1)]


class Guardrail(Model):
    """A rule that the system keeps, where it is enforced, and the files of the pack that show it at work."""

    id: Slug
    kind: Literal["input", "output", "access", "process"]
    description: Text
    policy: Annotated[Block, Field(min_length=1)]
    enforced_in: Text
    owner: Role
    tests: tuple[PackPath, ...] = ()
    absent: Absence | None = Field(default=None, description="Why no file shows it at work.")


class Guardrails(Document):
    """`assurance/guardrails.json`: rules that the system around the model keeps."""

    guardrails: Annotated[tuple[Guardrail, ...], Field(min_length=1)]


class Link(Model):
    """Two documents that name the same thing: the fields in which they do, and what they name."""

    source: PackPath
    source_field: Name
    target: PackPath
    target_field: Name
    value: Text


class Traceability(Document):
    """`assurance/traceability.json`: what ran, on which data, from which commit, as the pack's own documents say."""

    release_id: ReleaseId
    model_id: Identity
    commit: Commit
    dataset_snapshot_id: Name
    training_run_id: Name
    evaluation_run_id: Name
    command: NonEmptyTexts
    config_sha256: Digest = Field(description="Of the bytes of training/params.yaml.")
    environment_sha256: Digest = Field(description="Of the training run's environment, as JSON on one line.")
    links: Annotated[tuple[Link, ...], Field(min_length=1)]

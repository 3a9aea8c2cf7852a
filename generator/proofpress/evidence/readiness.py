"""`readiness/`: what a release must reach, the benchmark suite as it ran, and targets that were re-scoped."""

from typing import Annotated, Literal

from pydantic import Field

from proofpress.evidence.base import Document, Model, NonEmptyTexts, ProducedFile
from proofpress.evidence.evaluation import SliceKey, Target
from proofpress.evidence.values import (
    Block,
    Digest,
    Identity,
    Integer,
    Name,
    Number,
    PackPath,
    ReleaseId,
    Text,
    UtcTime,
)

IssueRefs = Annotated[tuple[Name, ...], Field(min_length=1, description="Where the work on it is discussed.")]
WebAddress = Annotated[str, Field(pattern=r"^https?://[!-;=?-~]+$", max_length=500)]


def row_key(metric: str, split: str, part: SliceKey | None) -> str:
    """`metric@split` or `metric@split[dimension=value]`, as in `MetricRow.key`."""
    return f"{metric}@{split}" + (f"[{part.dimension}={part.value}]" if part else "")


# ── what a profile declares ──────────────────────────────────────────────────────────────────────────


class RequiredRow(Model):
    """A row without which the release is not ready, what must stand in it, and the target of its value."""

    metric: Name
    split: Name
    slice: SliceKey | None = None
    interval: bool = False
    baseline_delta: bool = False
    evaluated_keys: bool = False
    unit: Name | None = Field(default=None, description="The unit in which the target is meant; any unit without one.")
    target: Target | None = None
    issue_refs: IssueRefs

    @property
    def key(self) -> str:
        """The key of the metric row that is asked for."""
        return row_key(self.metric, self.split, self.slice)


class SuiteStep(Model):
    """One command of the benchmark suite, and the files of the pack that it reads and writes.

    The first word `python` stands for the running interpreter, `{pack}` for the pack's folder.
    """

    name: Name
    command: Annotated[tuple[Text, ...], Field(min_length=1)]
    inputs: tuple[PackPath, ...] = ()
    outputs: Annotated[tuple[PackPath, ...], Field(min_length=1)]
    issue_refs: IssueRefs


class ReadinessProfile(Model):
    """What makes a release ready: rows with their targets, and the suite that measures them."""

    rows: tuple[RequiredRow, ...] = ()
    suite: tuple[SuiteStep, ...] = ()


# ── what the commands record ─────────────────────────────────────────────────────────────────────────


class StepRun(Model):
    """A step as it was declared, and what became of it. Identities are those after the whole suite."""

    step: SuiteStep
    status: Literal["planned", "passed", "failed", "skipped"]
    exit_code: Integer | None = None
    duration_seconds: Number | None = None
    inputs: tuple[ProducedFile, ...] = ()
    outputs: tuple[ProducedFile, ...] = ()
    reason: Text | None = Field(default=None, description="Why the step did not pass.")


class SuiteReport(Document):
    """`readiness/suite_report.json`: the benchmark suite as planned or executed. A plan is never `ok`."""

    release_id: ReleaseId
    model_id: Identity
    profile: Name
    mode: Literal["plan", "execute"]
    ok: bool
    started_at: UtcTime
    steps: Annotated[tuple[StepRun, ...], Field(min_length=1)]
    negative_findings: NonEmptyTexts
    claim_boundary: NonEmptyTexts


class FailedTarget(Model):
    """A target that a measured value missed, by the row that the failing report holds, and the one that replaces it.

    The replacement asks for less than the target, and the measured value reaches it.
    """

    metric: Name
    split: Name
    slice: SliceKey | None = None
    value: Number
    target: Target
    replacement: Target

    @property
    def key(self) -> str:
        """The key of the row that missed its target."""
        return row_key(self.metric, self.split, self.slice)


class ScopeDecision(Document):
    """`readiness/scope_decisions/*.json`: an accepted decision to go on with a target that was missed.

    It binds the exact report in which the target was missed. The target stays missed.
    """

    accepted_by: Name
    accepted_at: UtcTime
    generated_at: UtcTime
    decision_url: WebAddress
    rationale: Text
    issue_refs: IssueRefs
    binds: ProducedFile
    failed_targets: Annotated[tuple[FailedTarget, ...], Field(min_length=1)]
    negative_findings: NonEmptyTexts
    claim_boundary: NonEmptyTexts


class ReadinessRow(Model):
    """A required row and whether the evaluation reaches it, with what was measured and where it stands."""

    requires: RequiredRow
    status: Literal["passed", "failed", "missing", "rescoped"]
    reasons: tuple[Text, ...] = Field(default=(), description="Why the row is not passed.")
    value: Number | None = None
    delta_vs_baseline: Number | None = None
    ci_low: Number | None = None
    ci_high: Number | None = None
    evaluated_keys_sha256: Digest | None = None
    report: ProducedFile | None = Field(default=None, description="The file that holds the measured row.")
    decision: PackPath | None = Field(default=None, description="The scope decision that re-scopes the target.")
    conclusion: Annotated[Block, Field(min_length=1)]


class Blocker(Model):
    """What keeps the release from being ready."""

    subject: Text = Field(description="The key of a row, `suite` or `fixture`.")
    reason: Text
    issue_refs: tuple[Name, ...] = ()


class ReadinessReport(Document):
    """`readiness/readiness_report.json`: required rows against the evaluation, and what blocks the release."""

    release_id: ReleaseId
    model_id: Identity
    evaluation_run_id: Name | None
    profile: Name
    assessed_at: UtcTime
    ok: bool
    inputs: Annotated[tuple[ProducedFile, ...], Field(min_length=1)]
    rows: Annotated[tuple[ReadinessRow, ...], Field(min_length=1)]
    blockers: tuple[Blocker, ...]
    negative_findings: NonEmptyTexts
    limitations: NonEmptyTexts
    claim_boundary: NonEmptyTexts

"""Readiness as a pure function of the evidence: the builder writes what it says, the rules compute it again."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from proofpress.evidence.base import Document, ProducedFile
from proofpress.evidence.evaluation import EvalMetrics, MetricRow, MetricsFile, Target
from proofpress.evidence.model import EfficiencyReport
from proofpress.evidence.pack import EFFECTIVE_CONFIG, kind_at
from proofpress.evidence.policy import Profile
from proofpress.evidence.readiness import (
    Blocker,
    FailedTarget,
    ReadinessRow,
    RequiredRow,
    ScopeDecision,
    SuiteReport,
    SuiteStep,
)
from proofpress.evidence.values import Number

EVAL: Final = "model/eval_metrics.json"
_READ: Final = frozenset((EVAL, EFFECTIVE_CONFIG, "model/efficiency_report.json", "readiness/suite_report.json"))
_LONGEST: Final = 3000


def requirements(chain: Sequence[Profile]) -> tuple[RequiredRow, ...]:
    """The rows that a profile and those it extends ask for, the extended ones first; each once."""
    rows = [row for profile in reversed(chain) if profile.readiness for row in profile.readiness.rows]
    return tuple(row for index, row in enumerate(rows) if row not in rows[:index])


def suite_steps(chain: Sequence[Profile]) -> tuple[SuiteStep, ...]:
    """The steps of the suite that a profile and those it extends declare, in the order in which they run."""
    return tuple(step for profile in reversed(chain) if profile.readiness for step in profile.readiness.suite)


def readiness_inputs(paths: Iterable[str]) -> tuple[str, ...]:
    """The files that a readiness report is made from, among those of a pack; sorted."""
    return tuple(sorted(path for path in paths if path in _READ or _is_decision(path)))


def limits_of(document: Document) -> Iterator[tuple[str, str]]:
    """(field, text) of what an input of the readiness report says about its limits, which the report repeats."""
    if isinstance(document, EvalMetrics | EfficiencyReport | SuiteReport | ScopeDecision):
        for name in ("negative_findings", "limitations", "claim_boundary"):
            for text in getattr(document, name, ()):
                yield name, text


def made_at(document: Document) -> str:
    """When an input of the readiness report was made; empty for any other document."""
    if isinstance(document, EvalMetrics):
        return document.evaluated_at
    if isinstance(document, EfficiencyReport):
        return document.measured_at
    if isinstance(document, SuiteReport):
        return document.started_at
    return document.generated_at if isinstance(document, ScopeDecision) else ""


def _is_decision(path: str) -> bool:
    kind = kind_at(path)
    return kind is not None and kind.model is ScopeDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What is assessed: what a profile asks for and the evidence that there is.

    `file_of` gives the identity of a file of the pack by its path, None when there is no such file.
    """

    required: tuple[RequiredRow, ...]
    steps: tuple[SuiteStep, ...]
    evaluation: EvalMetrics | None
    metrics: Mapping[str, MetricsFile]
    suite: SuiteReport | None
    decisions: Mapping[str, ScopeDecision]
    rehearsal: bool
    file_of: Callable[[str], ProducedFile | None]

    def measured(self, key: str) -> MetricRow | None:
        """The row of the evaluation with this key."""
        rows = self.evaluation.rows if self.evaluation else ()
        return next((row for row in rows if row.key == key), None)

    def report_of(self, key: str) -> ProducedFile | None:
        """The file in which a row was measured: the metrics file that holds it, else the evaluation."""
        holders = [path for path, file in sorted(self.metrics.items()) if any(row.key == key for row in file.rows)]
        return self.file_of(holders[0] if holders else EVAL)


def assess(candidate: Candidate) -> tuple[tuple[ReadinessRow, ...], tuple[Blocker, ...]]:
    """Every required row with its status, and everything that blocks the release; it is ready without blockers."""
    rows = tuple(_assessed(candidate, required) for required in candidate.required)
    blockers = [
        Blocker(subject=row.requires.key, reason=_short("; ".join(row.reasons)), issue_refs=row.requires.issue_refs)
        for row in rows
        if row.status in {"failed", "missing"}
    ]
    blockers += _suite_gaps(candidate)
    if candidate.rehearsal:
        blockers.append(Blocker(subject="fixture", reason="a document is marked as a fixture: this is a rehearsal"))
    return rows, tuple(blockers)


def gaps(required: RequiredRow, row: MetricRow | None) -> tuple[str, ...]:
    """What a required row lacks, its target left aside."""
    if row is None:
        return ("no such row was measured",)
    if row.value is None:
        return (f"no value: {row.absent.code}: {row.absent.reason}" if row.absent else "no value",)
    wanted = (
        (required.unit not in (None, row.unit), f"the value is in {row.unit}, the target is meant in {required.unit}"),
        (required.interval and (row.ci_low is None or row.ci_high is None), "no confidence interval"),
        (required.baseline_delta and row.delta_vs_baseline is None, "no difference to a baseline"),
        (required.evaluated_keys and row.evaluated_keys_sha256 is None, "no digest of the evaluated keys"),
    )
    return tuple(reason for lacking, reason in wanted if lacking)


def misses(target: Target | None, value: Number | None) -> bool:
    """Whether a measured value misses its target."""
    if target is None or value is None:
        return False
    return value < target.value if target.op == ">=" else value > target.value


def decision_trouble(candidate: Candidate, decision: ScopeDecision) -> str:
    """Why a scope decision re-scopes nothing of this candidate; empty when it binds exactly what failed."""
    evaluation = candidate.evaluation
    if evaluation is None:
        return "there is no evaluation in which a target could have been missed"
    if not evaluation.evaluated_at <= decision.accepted_at <= decision.generated_at:
        return "it was accepted before the evaluation, or recorded before it was accepted"
    for failed in decision.failed_targets:
        required = [item for item in candidate.required if (item.key, item.target) == (failed.key, failed.target)]
        row = candidate.measured(failed.key)
        if not required:
            return f"no target {failed.target.op} {failed.target.value} is required of {failed.key}"
        if row is None or row.value != failed.value or not misses(failed.target, row.value):
            return f"{failed.key} did not miss its target with {failed.value}"
        if problem := _replacement_trouble(failed):
            return problem
        if decision.binds != candidate.report_of(failed.key):
            return f"it binds another report than the one in which {failed.key} stands"
        if lacking := set(required[0].issue_refs) - set(decision.issue_refs):
            return f"it does not name the issues of {failed.key}: {', '.join(sorted(lacking))}"
    return ""


def _replacement_trouble(failed: FailedTarget) -> str:
    """Why a replacement target replaces nothing: it must ask for less than the one that was missed, and be reached."""
    old, new = failed.target, failed.replacement
    said = f"the replacement target {new.op} {new.value} of {failed.key}"
    if new.op != old.op or not misses(old, new.value):
        return f"{said} asks for no less than {old.op} {old.value}"
    return f"{said} is missed by {failed.value} too" if misses(new, failed.value) else ""


def _assessed(candidate: Candidate, required: RequiredRow) -> ReadinessRow:
    row = candidate.measured(required.key)
    value = row.value if row else None
    reasons = [_short(reason) for reason in gaps(required, row)]
    decision = None
    if misses(required.target, value) and required.target:
        decision = None if reasons else _decision(candidate, required)
        reasons.append(f"the value {value} misses the target {required.target.op} {required.target.value}")
    status = "missing" if value is None else "rescoped" if decision else "failed" if reasons else "passed"
    return ReadinessRow.model_validate(
        {
            "requires": required,
            "status": status,
            "reasons": tuple(reasons),
            **(_numbers(row) if row else {}),
            "report": candidate.report_of(required.key) if row else None,
            "decision": decision,
            "conclusion": _conclusion(required, row, status, reasons, candidate.decisions.get(decision or "")),
        }
    )


def _decision(candidate: Candidate, required: RequiredRow) -> str | None:
    for path, decision in sorted(candidate.decisions.items()):
        named = {(failed.key, failed.target.op, failed.target.value) for failed in decision.failed_targets}
        target = required.target
        if target and (required.key, target.op, target.value) in named and not decision_trouble(candidate, decision):
            return path
    return None


def _numbers(row: MetricRow) -> dict[str, object]:
    names = ("value", "delta_vs_baseline", "ci_low", "ci_high", "evaluated_keys_sha256")
    return {name: getattr(row, name) for name in names}


def _conclusion(
    required: RequiredRow, row: MetricRow | None, status: str, reasons: Sequence[str], decision: ScopeDecision | None
) -> str:
    """One paragraph: what was measured, with split, difference, interval and keys, and why it is not enough."""
    words = [f"{required.key}: {status}."]
    if row is not None and row.value is not None:
        part = f" ({row.slice.dimension} {row.slice.value})" if row.slice else ""
        words.append(f"On the {row.split} split{part}, {row.name} is {row.value} {row.unit} over {row.n} records")
        if row.ci_low is not None and row.ci_high is not None:
            words.append(f"(interval {row.ci_low} to {row.ci_high})")
        if row.delta_vs_baseline is not None:
            words.append(f"with a difference of {row.delta_vs_baseline} to {row.baseline_value} of {row.baseline}")
        if row.evaluated_keys_sha256 is not None:
            words.append(f"on the evaluated keys {row.evaluated_keys_sha256}")
        words[-1] += "."
    if reasons:
        words.append(f"Not passed: {'; '.join(reasons)}.")
    if decision is not None:
        words.append(
            f"The target stays missed. {decision.accepted_by} accepted a re-scope at {decision.accepted_at} "
            f"({decision.decision_url}): {decision.rationale} Replacement target: {_replacement(required, decision)}. "
            f"Issues: {', '.join(decision.issue_refs)}."
        )
    return " ".join(words)


def _replacement(required: RequiredRow, decision: ScopeDecision) -> str:
    found = next(item.replacement for item in decision.failed_targets if item.key == required.key)
    return f"{found.op} {found.value}"


def _suite_gaps(candidate: Candidate) -> Iterator[Blocker]:
    """Why the suite does not stand behind the evaluation: unfinished, not passed, changed since, or not covering it."""
    suite, evaluation = candidate.suite, candidate.evaluation
    refs = tuple(sorted({ref for step in candidate.steps for ref in step.issue_refs}))
    if suite is None or suite.mode != "execute":
        reason = "there is no suite report" if suite is None else "the suite was planned, not executed"
        yield Blocker(subject="suite", reason=reason, issue_refs=refs)
        return
    # (1) it is the declared suite, and every step passed
    if tuple(run.step for run in suite.steps) != candidate.steps:
        yield Blocker(subject="suite", reason="it ran other steps than the profile declares", issue_refs=refs)
    for run in suite.steps:
        if run.status != "passed":
            reason = _short(f"step '{run.step.name}' {run.status}: {run.reason or 'no reason was recorded'}")
            yield Blocker(subject="suite", reason=reason, issue_refs=run.step.issue_refs)
    if not suite.ok:
        yield Blocker(subject="suite", reason="the suite report is not ok", issue_refs=refs)
    # (2) what it wrote is what the pack holds
    written = {file.path: file for run in suite.steps if run.status == "passed" for file in run.outputs}
    for path, file in written.items():
        if candidate.file_of(path) != file:
            yield Blocker(subject="suite", reason=f"{path} was changed after the suite wrote it", issue_refs=refs)
    # (3) it covers every metrics file of the evaluation
    for reason in _uncovered(suite, evaluation, written):
        yield Blocker(subject="suite", reason=reason, issue_refs=refs)


def _uncovered(
    suite: SuiteReport, evaluation: EvalMetrics | None, written: Mapping[str, ProducedFile]
) -> Iterator[str]:
    if evaluation is None:
        return  # then every row is missing already
    if suite.model_id != evaluation.model_id:
        yield "it ran another model than the evaluation"
    if not evaluation.inputs:
        yield "the evaluation names no metrics files to cover"
    for item in evaluation.inputs:
        found = written.get(item.path)
        if found is None or (found.sha256, found.size) != (item.sha256, item.size):
            yield f"no step wrote {item.path}, which was aggregated"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"

"""RDY: readiness is what the evidence gives, suites are what they declare, re-scopes bind what failed."""

from collections.abc import Iterator, Sequence
from typing import Final

from proofpress.evidence.base import ProducedFile
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import CHECKSUMS, MANIFEST
from proofpress.evidence.readiness import ReadinessReport, ReadinessRow, StepRun, SuiteReport
from proofpress.verify.readiness import (
    Candidate,
    assess,
    decision_trouble,
    limits_of,
    made_at,
    readiness_inputs,
    requirements,
    suite_steps,
)
from proofpress.verify.rule import Case, bytes_of, rule, trouble

SUITE: Final = "readiness/suite_report.json"
REPORT: Final = "readiness/readiness_report.json"
_AGAIN: Final = "assess it again: proofpress readiness PACK --assess"
_JUDGING: Final = "readiness/"
_RERUN: Final = "execute the suite again: proofpress readiness PACK --execute"


def _suite(case: Case) -> SuiteReport:
    if case.evidence.suite is None:  # pragma: no cover - rules that ask for it need it
        raise ValueError("no suite report")
    return case.evidence.suite


def _report(case: Case) -> ReadinessReport:
    if case.evidence.readiness is None:  # pragma: no cover - rules that ask for it need it
        raise ValueError("no readiness report")
    return case.evidence.readiness


def _identity(case: Case, path: str) -> ProducedFile | None:
    file = case.raw.files.get(path)
    return ProducedFile(path=path, sha256=file.sha256, size=file.size) if file else None


def candidate_of(case: Case) -> Candidate:
    """What the pack's profile and evidence are assessed from."""
    evidence = case.evidence
    chain = case.profiles.chain(evidence.manifest.profile)
    return Candidate(
        required=requirements(chain),
        steps=suite_steps(chain),
        evaluation=evidence.evaluation,
        metrics=evidence.metrics,
        suite=evidence.suite,
        decisions=evidence.scope_decisions,
        rehearsal=evidence.is_rehearsal,
        file_of=lambda path: _identity(case, path),
    )


def _step_trouble(run: StepRun, mode: str, later: Sequence[StepRun]) -> str:
    """What is contradictory in the record of a step; empty when nothing is. `later` are the steps after it."""
    outputs = tuple(file.path for file in run.outputs)
    named = (*run.step.inputs, *run.step.outputs)
    judging = [path for path in named if path.startswith(_JUDGING) or path == MANIFEST or path.endswith(CHECKSUMS)]
    if judging:
        return f"a step that reads or writes what judges it: {', '.join(judging)}"
    own = {path for other in (run, *later) for path in other.step.outputs}
    if circular := sorted(own & set(run.step.inputs)):
        return f"a step that reads what this or a later step writes: {', '.join(circular)}"
    if (run.status == "planned") != (mode == "plan"):
        return f"a step that was {run.status} in a suite of mode {mode}"
    if run.status == "passed":
        if run.exit_code != 0:
            return f"a step that passed with exit code {run.exit_code}"
        if outputs != run.step.outputs or tuple(file.path for file in run.inputs) != run.step.inputs:
            return "a step that passed without identities of exactly its declared inputs and outputs"
    return ""


@rule("RDY001", "The suite report does not contradict itself", needs="suite", book=2)
def suite(case: Case) -> Iterator[Finding]:
    """`ok` is claimed of a plan or of a suite with a step that did not pass, or a step passed without exit code 0 or
    without writing exactly its declared outputs; or a step reads or writes what judges it, or reads what only it or a
    later step writes: a suite never validates itself.
    """
    report = _suite(case)
    for index, run in enumerate(report.steps):
        if problem := _step_trouble(run, report.mode, report.steps[index + 1 :]):
            yield trouble(
                SUITE,
                f"/steps/{index}",
                f"{run.step.name}: {problem}",
                expected="exit code 0 and an identity for each declared file of a passed step",
                found=problem,
                hint=_RERUN,
            )
    passed = report.mode == "execute" and all(run.status == "passed" for run in report.steps)
    if report.ok is not passed:
        yield trouble(
            SUITE,
            "/ok",
            "the suite is ok only when it was executed and every step passed",
            expected=str(passed).lower(),
            found=str(report.ok).lower(),
            hint=_RERUN,
        )


@rule("RDY002", "What the suite read and wrote is in the pack", needs="suite", after="INT001", book=2)
def suite_files(case: Case) -> Iterator[Finding]:
    """A file that a step of the suite read or wrote was changed afterwards, or is not in the pack; or a metrics file
    that it wrote was measured before the suite started.
    """
    started = _suite(case).started_at
    for index, run in enumerate(_suite(case).steps):
        for number, item in enumerate(run.outputs):
            measured = case.evidence.metrics.get(item.path)
            if measured is not None and measured.evaluated_at < started:
                yield trouble(
                    SUITE,
                    f"/steps/{index}/outputs/{number}",
                    f"{item.path} was measured before the suite started that is said to have written it",
                    expected=f"not before {started}",
                    found=measured.evaluated_at,
                    hint=_RERUN,
                )
        for name in ("inputs", "outputs"):
            for number, item in enumerate(getattr(run, name)):
                if difference := case.unlike(item):
                    yield trouble(
                        SUITE,
                        f"/steps/{index}/{name}/{number}",
                        f"{item.path} is not the file of step '{run.step.name}'",
                        expected=bytes_of(item),
                        found=difference,
                        hint=_RERUN,
                    )


@rule("RDY003", "The suite is the one that the profile declares", needs="suite", after="PRO003", book=2)
def declared(case: Case) -> Iterator[Finding]:
    """The suite report names another profile than the pack, or its steps are not those that the profile declares: left
    out, added, reordered, or with another command, inputs or outputs.
    """
    report, profile = _suite(case), case.evidence.manifest.profile
    wanted = suite_steps(case.profiles.chain(profile))
    found = tuple(run.step for run in report.steps)
    if report.profile != profile or found != wanted:
        first = next((at for at, pair in enumerate(zip(found, wanted, strict=False)) if pair[0] != pair[1]), None)
        same = report.profile == profile
        yield trouble(
            SUITE,
            (f"/steps/{first}/step" if first is not None else "/steps") if same else "/profile",
            f"the suite is not the one that profile '{profile}' declares",
            expected=(", ".join(step.name for step in wanted) or "no suite") if same else profile,
            found=", ".join(step.name for step in found) if same else report.profile,
            hint=_RERUN,
        )


@rule("RDY006", "A scope decision binds the report in which its target was missed", after="PRO003", book=2)
def decisions(case: Case) -> Iterator[Finding]:
    """A decision to re-scope a target binds no report of this pack in which that target was missed with that value, was
    accepted before it was measured, or does not name the issues of the row; or the replacement target asks for no less
    than the one that was missed, or is missed by the measured value too.
    """
    if not case.evidence.scope_decisions:
        return
    candidate = candidate_of(case)
    for path, decision in case.evidence.scope_decisions.items():
        if problem := decision_trouble(candidate, decision):
            yield trouble(
                path,
                "/binds",
                f"the decision re-scopes nothing: {problem}",
                expected="the exact report of this pack in which a required target was missed",
                found=f"{decision.binds.path} with sha256 {decision.binds.sha256}",
                hint="decide again about the report that failed, or remove the decision",
            )


@rule("RDY007", "The report was made from this pack", needs="readiness", after="RDY001 RDY002 RDY003 RDY006", book=2)
def inputs(case: Case) -> Iterator[Finding]:
    """An input of the readiness report is not the file of this pack or is younger than the report; or a report or
    decision that it must read is not among its inputs: suite report, evaluation, effective configuration, efficiency
    report, scope decisions.
    """
    assessed = _report(case).assessed_at
    for kind, document in case.evidence.documents():
        if (made := made_at(document)) > assessed:
            yield trouble(
                REPORT,
                "/assessed_at",
                f"{kind.path} is younger than the report that was made from it",
                expected=f"not before {made}",
                found=assessed,
                hint=_AGAIN,
            )
    wanted = {path: _identity(case, path) for path in readiness_inputs(case.raw.files)}
    named = {item.path: (index, item) for index, item in enumerate(_report(case).inputs)}
    for path in sorted(wanted.keys() | named.keys()):
        index, item = named.get(path, (None, None))
        right = wanted.get(path)
        if item != right:
            yield trouble(
                REPORT,
                "/inputs" if index is None else f"/inputs/{index}",
                f"{path} is not the file that the report was made from",
                expected=bytes_of(right) if right else "not an input",
                found=bytes_of(item) if item else "not among the inputs",
                hint=_AGAIN,
            )


@rule("RDY004", "Readiness rows are what the evaluation gives", needs="readiness", after="RDY007", book=2)
def rows(case: Case) -> Iterator[Finding]:
    """A row of the readiness report differs from the recomputed one: its status, reasons, values, report, decision or
    conclusion; or the rows are not those that the profile requires. Rows are recomputed, never believed.
    """
    report, evaluation = _report(case), case.evidence.evaluation
    run_id = evaluation.run_id if evaluation else None
    if report.evaluation_run_id != run_id:
        yield trouble(
            REPORT,
            "/evaluation_run_id",
            f"the report is about evaluation run {report.evaluation_run_id}, the pack holds {run_id}",
            expected=run_id or "null",
            found=report.evaluation_run_id or "null",
            hint=_AGAIN,
        )
    wanted, _blockers = assess(candidate_of(case))
    if report.profile != case.evidence.manifest.profile or [row.requires for row in report.rows] != [
        row.requires for row in wanted
    ]:
        yield trouble(
            REPORT,
            "/profile" if report.profile != case.evidence.manifest.profile else "/rows",
            f"the rows are not those that profile '{case.evidence.manifest.profile}' requires",
            expected=", ".join(row.requires.key for row in wanted) or "a profile that requires rows",
            found=f"profile '{report.profile}': " + ", ".join(row.requires.key for row in report.rows),
            hint=_AGAIN,
        )
        return
    for index, (row, right) in enumerate(zip(report.rows, wanted, strict=True)):
        for name in ReadinessRow.model_fields:
            mine, theirs = getattr(row, name), getattr(right, name)
            if mine != theirs:
                yield trouble(
                    REPORT,
                    f"/rows/{index}/{name}",
                    f"{row.requires.key}: {name} is not what the evidence gives",
                    expected=theirs,
                    found=mine,
                    hint=_AGAIN,
                )


@rule("RDY005", "Ready is what has no blockers", needs="readiness", after="RDY007", book=2)
def blockers(case: Case) -> Iterator[Finding]:
    """`ok` or the blockers differ from what rows and suite give. A release is ready when each required row is passed or
    re-scoped and a finished suite that passed covers every aggregated metrics file; a fixture is never ready.
    """
    report = _report(case)
    wanted = assess(candidate_of(case))[1]
    if report.blockers != wanted:
        yield trouble(
            REPORT,
            "/blockers",
            "the blockers are not those that the evidence gives",
            expected="; ".join(f"{item.subject}: {item.reason}" for item in wanted) or "no blocker",
            found="; ".join(f"{item.subject}: {item.reason}" for item in report.blockers) or "no blocker",
            hint=_AGAIN,
        )
    elif report.ok is bool(wanted):
        yield trouble(
            REPORT,
            "/ok",
            "a release is ready exactly when nothing blocks it",
            expected=str(not wanted).lower(),
            found=str(report.ok).lower(),
            hint=_AGAIN,
        )


@rule("RDY008", "Limits and negative findings stay with the report", needs="readiness", after="RDY007", book=2)
def limits(case: Case) -> Iterator[Finding]:
    """A negative finding, limitation or claim boundary of the evaluation, the suite, the efficiency report or a scope
    decision is not in the readiness report, so that a reader of the verdict would not see it.
    """
    report = _report(case)
    for kind, document in case.evidence.documents():
        for name, text in limits_of(document):
            if text not in getattr(report, name):
                yield trouble(
                    REPORT,
                    f"/{name}",
                    f"a text of {kind.path}#/{name} was left out",
                    expected=text,
                    found=f"{len(getattr(report, name))} texts without it",
                    hint=_AGAIN,
                )


@rule("RDY009", "The release is ready", severity="warning", needs="readiness", after="RDY004 RDY005", book=2)
def ready(case: Case) -> Iterator[Finding]:
    """The readiness report names blockers. The pack may stand as evidence of a candidate, but nothing says that the
    release reaches what its profile requires.
    """
    report = _report(case)
    if not report.ok:
        yield trouble(
            REPORT,
            "/ok",
            f"the release is not ready: {len(report.blockers)} blockers",
            expected="true",
            found="; ".join(f"{item.subject}: {item.reason}" for item in report.blockers[:3]),
            hint="remove the blockers and assess again, or let the missed target be re-scoped",
        )


RULES = (suite, suite_files, declared, decisions, inputs, rows, blockers, limits, ready)

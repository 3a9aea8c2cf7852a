"""GAT007 to GAT011, GAT017: changes, costs, required evidence, pre-registration, the policy itself, the changelog."""

import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from pydantic import ValidationError

from proofpress.diff import CHANGE_CODES, Change
from proofpress.diff.efficiency import cost_name
from proofpress.diff.policies import compare_gates
from proofpress.evidence.attestation import DecisionVerdict, GateDecision
from proofpress.evidence.gates import CostLimit, Preregistration, Severity, Thresholds
from proofpress.evidence.pack import KINDS
from proofpress.evidence.release import CHANGELOG_SECTIONS
from proofpress.gate.gate import POLICY, RELEASE, GateCase, decision, gate, is_limited, matches, worded
from proofpress.gate.gates_metrics import judged_threshold
from proofpress.ingest.strict import StrictError, parse_yaml
from proofpress.render.sets import SHIPPED

_EFFICIENCY: Final = "model/efficiency_report.json"
DEFAULTS: Final[Mapping[str, Severity]] = {
    "MTR-REMOVED": "deny",
    "SLC-REMOVED": "deny",
    "RDY-ROW-REMOVED": "deny",
    "MTR-NOT-COMPARABLE": "deny",
    "SLC-NOT-COMPARABLE": "deny",
    "POL-LOOSENED": "deny",
    "POL-CHANGED": "deny",
}
"""What is done about a change that the policy says nothing about; of the others, what is worse or unknown warns."""


def severity_of(change: Change, changes: Mapping[str, Severity]) -> Severity:
    """What the policy, or else the default, does about a change. The longest pattern that matches its code counts."""
    patterns = sorted((pattern for pattern in changes if matches(pattern, change.code)), key=len)
    if patterns:
        return changes[patterns[-1]]
    if change.code.endswith("-TARGET-CHANGED") and change.direction == "worse":
        return "deny"
    default: Severity = "warn" if change.direction in {"worse", "unknown"} else "allow"
    return DEFAULTS.get(change.code, default)


@gate("GAT007", "Each change is one that the policy allows", compares=True)
def changes(case: GateCase) -> Iterator[GateDecision]:
    """The policy says by the code of a change whether it is allowed, told or refused. Where it says nothing, rows that
    vanished, rows that can't be compared any more, targets that were lowered and rows that readiness no longer asks for
    are refused; whatever else got worse, or has to be judged by a person, is told. What a limit decides (GAT005,
    GAT017) is not judged twice.

    Mend it by taking the change back, by allowing its code in `packs/policy.yaml`, or by a waiver for this subject.
    """
    for pattern in case.gates.changes:
        if not any(matches(pattern, code) for code in CHANGE_CODES):
            why = "no change has such a code, so the line would judge nothing"
            yield decision("not decided", f"changes {pattern}", expected="a code", found=pattern, why=why, file=POLICY)
    allowed = 0
    for change in case.changes:
        severity = severity_of(change, case.gates.changes)
        if severity == "allow" or _is_decided_elsewhere(case, change):
            allowed += 1
        else:
            yield _judged(change, severity)
    why = f"{allowed} changes are of codes and directions that need no judgement, or have a limit that judges them"
    yield decision("pass", "changes", expected="allowed", found=f"{allowed} allowed", why=why, file="")


def _is_decided_elsewhere(case: GateCase, change: Change) -> bool:
    """Whether a limit of the policy judges the change, and the policy says nothing of its code."""
    if any(matches(pattern, change.code) for pattern in case.gates.changes):
        return False
    if change.kind == "efficiency":
        return any(matches(limit.name, change.subject) for limit in case.gates.costs)
    moved = change.code.endswith(("-NOT-COMPARABLE", "-REMOVED")) or (change.delta is not None)
    return moved and change.kind in {"metric", "slice"} and is_limited(case, change.subject)


def _subject(change: Change) -> str:
    """What a decision, and so a waiver, is about: entries of lists have no name but their text."""
    text = change.new if change.old is None else change.old
    named = change.code.startswith(("MTR-", "SLC-", "POL-", "EFF-ADDED", "EFF-REMOVED"))
    listed = not named and (change.old is None) != (change.new is None)
    return f"{change.subject}: {text}" if listed else change.subject


def _judged(change: Change, severity: Severity, *, file: str = "") -> GateDecision:
    old, new = (text if text is not None else "none" for text in (change.old, change.new))
    return decision(
        worded(severity),
        _subject(change),
        expected=f"no {change.code}" if severity == "deny" else f"{change.code} is told",
        found=f"{old} → {new}",
        why=change.explanation,
        file=file,
        code=change.code,
    )


@gate("GAT017", "Costs rise no further than their limit", compares=True)
def costs(case: GateCase) -> Iterator[GateDecision]:
    """A measured cost that the policy limits got worse by more than it may: time, memory and the like rose, or what is
    done in a unit of time fell. A cost that is gone is refused. One that was measured in another environment, or in a
    unit that has no direction, is not decided, and so is a limit that no cost of the baseline matches, or that is
    narrower than the noise of the measurement.

    Mend it by a faster release, or by measuring both releases in one environment.
    """
    report = case.old.evidence.efficiency if case.old else None
    names = [cost_name(row) for row in report.rows] if report else []
    moved = {change.subject: change for change in case.changes if change.kind == "efficiency"}
    for limit in case.gates.costs:
        chosen = [name for name in dict.fromkeys(names) if matches(limit.name, name)]
        expected = f"worse by at most {limit.text}"
        if not chosen:
            why = "no cost of the baseline has this name"
            yield decision("not decided", limit.name, expected=expected, found="no such row", why=why, file=POLICY)
        for name in chosen:
            verdict, found, why = _cost(limit, moved.get(name))
            yield decision(verdict, name, expected=expected, found=found, why=why, file=_EFFICIENCY)


def _cost(limit: CostLimit, change: Change | None) -> tuple[DecisionVerdict, str, str]:
    if change is None:
        return "pass", "unchanged", "it is as it was"
    found = f"{change.old} → {change.new} {change.unit}"
    if change.code == "EFF-REMOVED":
        return "deny", found, change.explanation
    if change.delta is None or change.old is None or change.direction == "unknown":
        return "not decided", found, change.explanation
    if change.direction == "better":
        return "pass", found, change.explanation
    beyond = abs(change.delta) > limit.allowed(Decimal(change.old))
    refused: DecisionVerdict = "deny" if change.direction == "worse" else "not decided"
    return (refused if beyond else "pass"), found, f"{'beyond' if beyond else 'within'} the limit: {change.explanation}"


@gate("GAT008", "The required evidence is there")
def evidence(case: GateCase) -> Iterator[GateDecision]:
    """A document that the policy requires of the family's releases, beyond what the pack's profile asks for, is not in
    the pack. A name that stands for no document is not decided.

    Mend it by building the document from the recorded run, or correct the name in `packs/policy.yaml`.
    """
    rendered = {document.name: document.path for document in case.new.documents}
    known = {kind.name for kind in KINDS} | {spec.name for specs in SHIPPED.values() for spec in specs}
    paths = {kind.name: kind.path for kind in KINDS} | rendered
    for name in case.gates.required_evidence:
        there = name in rendered or getattr(case.new.evidence, name, None) is not None
        if name not in known:
            why = f"there is no document '{name}'"
            yield decision("not decided", name, expected="a document", found="an unknown name", why=why, file=POLICY)
        elif there:
            yield decision("pass", name, expected="there", found="there", why="the pack holds it", file=paths[name])
        else:
            why = "the policy requires it and the pack does not hold it"
            yield decision("deny", name, expected="there", found="absent", why=why, file=paths.get(name, ""))


@gate("GAT009", "Pre-registered thresholds were there before the run, and are reached")
def preregistered(case: GateCase) -> Iterator[GateDecision]:
    """The policy names a file of thresholds by its digest and the time at which it was recorded. The file is missing,
    is another one, or was recorded after the training began: then the thresholds may have been chosen to fit the
    result. Its thresholds are judged like those of the policy.

    Mend it by restoring the file. Thresholds that were recorded late count for the next run, not for this one.
    """
    promise = case.gates.preregistered
    if promise is None:
        return
    yield from _recorded_in_time(case, promise)
    data = case.preregistered
    if data is None:
        why = f"{promise.path} can't be read"
        yield decision("not decided", "thresholds file", expected=promise.sha256, found="no file", why=why, file=POLICY)
        return
    digest = hashlib.sha256(data).hexdigest()
    if digest != promise.sha256:
        why = f"{promise.path} is not the file that was recorded"
        yield decision("deny", "thresholds file", expected=promise.sha256, found=digest, why=why, file=promise.path)
        return
    try:
        agreed = Thresholds.model_validate(parse_yaml(data))
    except (StrictError, ValidationError) as exc:
        why = f"{promise.path} holds no thresholds: {str(exc).splitlines()[0]}"
        yield decision("not decided", "thresholds file", expected="thresholds", found="others", why=why, file=POLICY)
        return
    for threshold in agreed.thresholds:
        yield from judged_threshold(case, threshold)


def _recorded_in_time(case: GateCase, promise: Preregistration) -> Iterator[GateDecision]:
    training, evaluation = case.new.evidence.training, case.new.evidence.evaluation
    began = training.started_at if training else None
    times = [time for time in (began, evaluation.evaluated_at if evaluation else None) if time is not None]
    if began is None:
        why = "the pack does not say when its training began"
        yield decision(
            "not decided", "time", expected=f"a run after {promise.recorded_at}", found="no time", why=why, file=POLICY
        )
        return
    late = promise.recorded_at >= min(times)
    why = "the thresholds were recorded " + ("when the run had begun" if late else "before the run")
    yield decision(
        "deny" if late else "pass",
        "time",
        expected=f"recorded before {min(times)}",
        found=promise.recorded_at,
        why=why,
        file="training/training_run.json",
    )


@gate("GAT010", "No gate was loosened", compares=True)
def policy(case: GateCase) -> Iterator[GateDecision]:
    """The gates of the family ask for less, or for something else, than those that the baseline was judged by: as its
    receipt tells, or the file given with `--policy-before`. A past release stays judged by the policy in force then,
    which stands beside its receipt; a receipt whose gates, policy or verdict were edited afterwards decides nothing.
    What is done about such a change is what that earlier policy said of `POL-` codes, never what the new one says, so
    that a policy can't allow its own loosening; if it said nothing, it is refused.

    Mend it by restoring the gate, or by a waiver with an owner and a reason. When the baseline was never judged, judge
    it first: `proofpress gate OLD --receipt`.
    """
    if case.before_trouble:
        why = f"the gates before can't be told: {case.before_trouble}"
        yield decision("not decided", "policy", expected="the gates before", found="none", why=why, file=POLICY)
        return
    if case.before is None:
        why = (
            "the baseline has no receipt, so nobody knows by which gates it was judged; judge it first, with --receipt"
        )
        yield decision("not decided", "policy", expected="a receipt of it", found="none", why=why, file=POLICY)
        return
    found = compare_gates(case.before, case.gates)
    for change in found:
        if (severity := severity_of(change, case.before.changes)) != "allow":
            yield _judged(change, severity, file=POLICY)
    if not any(change.direction in {"worse", "unknown"} for change in found):
        why = "the gates ask for at least as much as those that the baseline was judged by"
        yield decision("pass", "policy", expected="no gate loosened", found="none", why=why, file=POLICY)


@gate("GAT011", "The release tells its changes")
def changelog(case: GateCase) -> Iterator[GateDecision]:
    """`release.json` has no changelog entry. A release without an entry is no release: whoever takes it over does not
    learn what it does to them.

    Mend it by writing what was added, changed, deprecated, removed, fixed or made secure.
    """
    log = case.new.evidence.release.changelog
    entries = sum(len(getattr(log, section)) for section in CHANGELOG_SECTIONS)
    why = "the changelog says what changed" if entries else "no section of the changelog has an entry"
    yield decision(
        "pass" if entries else "deny",
        "changelog",
        expected="at least one entry",
        found=f"{entries} entries",
        why=why,
        file=RELEASE,
    )


GATES = (changes, costs, evidence, preregistered, policy, changelog)

"""What two releases say about each other's risks, failures, monitoring and guardrails."""

from dataclasses import replace
from typing import Any

import pytest

from diff.releases import NEW, OLD, header, model_of, pack
from pack_builder import ASSURANCE
from proofpress.diff import CHANGE_CODES, Change, diff, json_report, markdown_report, text_report
from proofpress.diff.assurance import compare_assurance
from proofpress.evidence.assurance import FailureModes, Guardrails, MonitoringPlan, Risks
from proofpress.evidence.pack import Evidence
from proofpress.evidence.values import Number

RISK, SIGNAL, RAIL = ASSURANCE["risks"][0], ASSURANCE["signals"][0], ASSURANCE["guardrails"][0]
WRONG = {"path": "model/per_example/test.jsonl", "where": [{"field": "correct", "op": "==", "value": 0}]}
MODE = {"id": "odd", "title": "Odd", "description": "Misread.", "status": "known", "first_seen": OLD}
MODE |= {"selection": WRONG, "count": 3, "n": 10, "examples": ["t1"]}
LIMIT = SIGNAL["threshold"]


def evidence(**lists: list[Any] | None) -> Evidence:
    """The evidence of a release with these entries."""
    kinds = {
        "risks": (Risks, "risks"),
        "failure_modes": (FailureModes, "failure_modes"),
        "monitoring_plan": (MonitoringPlan, "signals"),
        "guardrails": (Guardrails, "guardrails"),
    }
    found: dict[str, Any] = {
        name: model_of(kinds[name][0], header(**{kinds[name][1]: entries}))
        for name, entries in lists.items()
        if entries
    }
    return replace(pack(OLD).evidence, **found)


def only(old: Evidence, new: Evidence) -> Change:
    changes, _unchanged = compare_assurance(old, new)
    assert len(changes) == 1, [change.code for change in changes]
    assert changes[0].code in CHANGE_CODES
    return changes[0]


@pytest.mark.parametrize(
    ("old", "new", "code", "direction"),
    [
        (None, MODE, "FLM-NEW", "worse"),
        (MODE, MODE | {"status": "fixed", "count": 0, "examples": []}, "FLM-FIXED", "better"),
        (MODE | {"status": "fixed", "count": 0}, MODE, "FLM-RECURRING", "worse"),
        (MODE, None, "FLM-REMOVED", "unknown"),
        (MODE | {"status": "fixed", "count": 0}, None, "FLM-REMOVED", "neutral"),
        (MODE, MODE | {"count": 4}, "FLM-CHANGED", "worse"),
        (MODE, MODE | {"count": 2}, "FLM-CHANGED", "better"),
        (MODE, MODE | {"count": 2, "n": 9}, "FLM-CHANGED", "unknown"),
        (MODE, MODE | {"title": "Odd ones"}, "FLM-CHANGED", "unknown"),
    ],
)
def test_failure_modes(old: Any, new: Any, code: str, direction: str) -> None:
    change = only(evidence(failure_modes=[old] if old else None), evidence(failure_modes=[new] if new else None))
    assert (change.code, change.kind, change.subject, change.direction) == (code, "failure_mode", "odd", direction)


def test_a_count_on_the_same_rows_has_a_difference() -> None:
    change = only(evidence(failure_modes=[MODE]), evidence(failure_modes=[MODE | {"count": 5}]))
    assert (change.old, change.new, change.delta) == ("3 of 10", "5 of 10", 2)
    assert change.explanation == "The failure mode is still there, more often: 5 of 10 examples show it, 3 before."
    assert only(evidence(failure_modes=[MODE]), evidence(failure_modes=[MODE | {"count": 5, "n": 11}])).delta is None


def test_a_new_risk_without_signal_is_worse() -> None:
    unwatched = {name: value for name, value in RISK.items() if name != "signals"}
    assert only(evidence(), evidence(risks=[unwatched])).direction == "worse"
    dangling = only(evidence(), evidence(risks=[RISK]))
    assert (dangling.code, dangling.direction) == ("RSK-ADDED", "worse")
    watched = only(evidence(monitoring_plan=[SIGNAL]), evidence(risks=[RISK], monitoring_plan=[SIGNAL]))
    assert (watched.direction, watched.explanation) == ("unknown", "The risk is new; it is watched by odd-share.")


@pytest.mark.parametrize(
    ("changed", "direction"),
    [
        ({"severity": "high"}, "worse"),
        ({"severity": "low"}, "unknown"),
        ({"likelihood": "rare"}, "unknown"),
        ({"status": "closed"}, "better"),
        ({"signals": []}, "worse"),
        ({"title": "Other"}, "unknown"),
    ],
)
def test_changed_risks(changed: Any, direction: str) -> None:
    plan: Any = {"monitoring_plan": [SIGNAL]}
    change = only(evidence(risks=[RISK], **plan), evidence(risks=[{**RISK, **changed}], **plan))
    assert (change.code, change.direction) == ("RSK-CHANGED", direction)
    assert next(iter(changed)) in change.explanation


@pytest.mark.parametrize(
    ("changed", "direction"),
    [
        ({"threshold": {**LIMIT, "value": Number("0.30")}}, "worse"),
        ({"threshold": {**LIMIT, "value": Number("0.45")}}, "better"),
        ({"threshold": {**LIMIT, "op": ">"}}, "unknown"),
        ({"threshold": {**LIMIT, "value": Number("40"), "unit": "percent"}}, "unknown"),
        ({"owner": "product owner"}, "unknown"),
        ({"risks": []}, "worse"),
        (None, "worse"),
    ],
)
def test_signals(changed: Any, direction: str) -> None:
    new = evidence(monitoring_plan=None if changed is None else [{**SIGNAL, **changed}])
    change = only(evidence(monitoring_plan=[SIGNAL]), new)
    assert (change.code, change.direction) == ("MON-REMOVED" if changed is None else "MON-CHANGED", direction)


def test_guardrails() -> None:
    held, none = evidence(guardrails=[RAIL]), evidence()
    absent = {"code": "NOT_MEASURED", "reason": "not tried"}
    assert (only(none, held).code, only(none, held).direction) == ("GRD-ADDED", "better")
    assert (only(held, none).code, only(held, none).direction) == ("GRD-REMOVED", "worse")
    assert only(held, evidence(guardrails=[{**RAIL, "policy": "All are read."}])).direction == "unknown"
    assert only(held, evidence(guardrails=[{**RAIL, "tests": [], "absent": absent}])).direction == "worse"


def test_nothing_changes_against_itself() -> None:
    same = evidence(risks=[RISK], failure_modes=[MODE], monitoring_plan=[SIGNAL], guardrails=[RAIL])
    assert compare_assurance(same, same) == ((), 4)


def test_reports_show_them() -> None:
    old, new = pack(OLD), pack(NEW)
    new = replace(new, evidence=replace(new.evidence, risks=evidence(risks=[RISK]).risks))
    comparison = diff(old, new)
    for report in (text_report, markdown_report, json_report):
        assert "RSK-ADDED" in report(comparison)

"""Further ways to state assurance that does not hold, and each rule's way to say so."""

from typing import Any

import pytest

from pack_builder import REMOVE, PackBuilder

RISKS, FAILURES, PLAN = "assurance/risks.json", "assurance/failure_modes.json", "assurance/monitoring_plan.json"
GUARDRAILS, TRACE = "assurance/guardrails.json", "assurance/traceability.json"
MODE = "/failure_modes/0"


@pytest.mark.parametrize(
    ("path", "pointer", "value", "rule", "where"),
    [
        (RISKS, "/risks/0/signals/-", "unheard-of", "ASR002", "/risks/0/signals/1"),
        (RISKS, "/risks/1/signals", ["odd-share"], "ASR002", "/risks/1/signals/0"),
        (FAILURES, f"{MODE}/risks/-", "unheard-of", "ASR002", f"{MODE}/risks/1"),
        (RISKS, "/risks/1/accepted_reason", "n/a", "ASR003", "/risks/1"),
        (RISKS, "/risks/1/status", "closed", "ASR003", "/risks/1"),
        (RISKS, "/risks/0/mitigations", [], "ASR003", "/risks/0"),
        (FAILURES, f"{MODE}/selection", REMOVE, "ASR005", MODE),
        (FAILURES, f"{MODE}/count", REMOVE, "ASR005", MODE),
        (FAILURES, "/failure_modes/2/absent", REMOVE, "ASR005", "/failure_modes/2"),
        (FAILURES, f"{MODE}/status", "known", "ASR005", f"{MODE}/first_seen"),
        (FAILURES, f"{MODE}/first_seen", "digits-v0.0.1-tiny-r1", "ASR005", f"{MODE}/first_seen"),
        (FAILURES, "/failure_modes/1/status", "known", "ASR005", "/failure_modes/1/status"),
        (FAILURES, f"{MODE}/n", 4, "ASR006", f"{MODE}/n"),
        (FAILURES, f"{MODE}/examples/0", "t21", "ASR006", f"{MODE}/examples/0"),
        (FAILURES, f"{MODE}/examples/0", "never-seen", "ASR006", f"{MODE}/examples/0"),
        (FAILURES, f"{MODE}/selection/path", "demo/inputs.jsonl", "ASR006", f"{MODE}/selection/path"),
        (FAILURES, f"{MODE}/selection/path", "none.jsonl", "ASR006", f"{MODE}/selection/path"),
        (GUARDRAILS, "/guardrails/0/tests", [], "ASR008", "/guardrails/0/tests"),
        (GUARDRAILS, "/guardrails/1/absent", REMOVE, "ASR008", "/guardrails/1/tests"),
        (TRACE, "/command", ["python", "other.py"], "ASR009", "/command"),
        (TRACE, "/config_sha256", "d" * 64, "ASR009", "/config_sha256"),
        (TRACE, "/environment_sha256", "d" * 64, "ASR009", "/environment_sha256"),
        (TRACE, "/evaluation_run_id", "eval-2", "ASR009", "/evaluation_run_id"),
        (TRACE, "/links/3", REMOVE, "ASR009", "/links"),
        ("release.json", "/intended_use", ["None."], "ASR010", "/intended_use/0"),
    ],
)
def test_what_does_not_hold(path: str, pointer: str, value: Any, rule: str, where: str, pack: PackBuilder) -> None:
    verdict = pack.with_assurance().corrupt(path, pointer, value).reseal().verify()
    assert [(finding.rule, finding.file, finding.pointer) for finding in verdict.findings] == [(rule, path, where)]
    assert verdict.verified is None


@pytest.mark.parametrize(
    ("path", "pointer", "value"),
    [
        (RISKS, "/risks/0/owner", "Jane Doe"),
        (PLAN, "/signals/0/threshold/value", "a third"),
        (PLAN, "/signals/0/threshold/op", "about"),
        (PLAN, "/signals/0/owner", REMOVE),
        (PLAN, "/signals/0/window/size", 0),
    ],
)
def test_forms_are_fixed(path: str, pointer: str, value: Any, pack: PackBuilder) -> None:
    verdict = pack.with_assurance().corrupt(path, pointer, value).reseal().verify()
    assert {(finding.rule, finding.file) for finding in verdict.findings} == {("SCH001", path)}
    assert pointer in {finding.pointer for finding in verdict.findings}


def test_risks_without_a_plan_are_unwatched(pack: PackBuilder) -> None:
    verdict = pack.with_assurance().remove(PLAN).reseal().verify()
    assert [(finding.rule, finding.pointer) for finding in verdict.findings] == [("ASR002", "/risks/0/signals/0")]


def test_a_trace_needs_what_it_traces(pack: PackBuilder) -> None:
    pack.with_assurance()
    for path in ("training/training_run.json", "training/training_run_card.md", "paper/paper_draft.md"):
        pack.remove(path)
    pack.corrupt("manifest.json", "/profile", "minimal").reseal()
    found = {finding.rule: finding.message for finding in pack.verify().findings}
    assert found["ASR009"] == "the release can't be traced without training"


def test_a_pack_of_an_older_book_is_warned(pack: PackBuilder) -> None:
    pack.with_assurance().corrupt(TRACE, "/commit", "e" * 40).corrupt("manifest.json", "/rule_book", 1).reseal()
    verdict = pack.verify(registered_at="2026-11-23T00:00:00Z")
    assert [(finding.rule, finding.severity) for finding in verdict.findings] == [("ASR009", "warning")]

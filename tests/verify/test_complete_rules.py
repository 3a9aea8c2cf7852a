"""Rules about metrics files, configuration, suite and readiness: one minimal mutation that yields exactly each id."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from complete_pack import CONFIG, DECISION, METRICS, CompletePack
from pack_builder import EVAL, REMOVE
from proofpress.pack.training import produced
from proofpress.verify.book import PACK_RULES, rule_book
from proofpress.verify.rules import evaluation, readiness
from proofpress.verify.rules.readiness import REPORT, SUITE

COST = "model/efficiency_report.json"
SCORES, BASE = "model/per_example/test.jsonl", "model/per_example/majority.jsonl"
OTHER = "d" * 64
Mutation = Callable[[CompletePack], object]


def sealed(path: str, pointer: str, value: Any) -> Mutation:
    """Set one value and seal the pack again, documents included."""
    return lambda pack: pack.corrupt(path, pointer, value).reseal()


def bound(pack: CompletePack) -> CompletePack:
    """Let everything name the files as they stand now: evaluation, suite, decision and readiness report."""
    if METRICS in {item["path"] for item in pack.json(EVAL)["inputs"]}:
        pack.corrupt(
            EVAL, "/inputs/0", produced(pack.folder, METRICS) | {"generated_by": pack.value(METRICS, "/generated_by")}
        )
    pack.corrupt(EVAL, "/effective_config", produced(pack.folder, CONFIG))
    steps = pack.value(SUITE, "/steps")
    for index, run in enumerate(steps):
        for name in ("inputs", "outputs"):
            pack.corrupt(SUITE, f"/steps/{index}/{name}", [produced(pack.folder, item["path"]) for item in run[name]])
    return pack.assess()


def measured(pointer: str, value: Any) -> Mutation:
    """Change a metrics file and let everything but its rows follow."""
    return lambda pack: bound(pack.corrupt(METRICS, pointer, value))


def evaluated(pointer: str, value: Any) -> Mutation:
    """Change the evaluation and assess it anew."""
    return lambda pack: pack.corrupt(EVAL, pointer, value).assess()


def _config(pack: CompletePack) -> None:
    bound(pack.replace(CONFIG, "threshold: 0.50", "threshold: 0.65"))


def _unmarked(pack: CompletePack) -> None:
    bound(pack.replace(SCORES, ', "generated_by": "tiny.score"', ""))


def _suite_changed(pack: CompletePack) -> None:
    pack.corrupt(SUITE, "/steps/0/outputs/0/sha256", OTHER).reseal()


def _baseline(pack: CompletePack) -> None:
    bound(pack.replace(BASE, '"t22", "correct": 1', '"t22", "correct": 0'))


def _missed_again(pack: CompletePack) -> None:
    pack.assess(decided=False)


CASES: dict[str, tuple[str, str, Mutation]] = {
    "EVL001": (EVAL, "/effective_config", evaluated("/effective_config/size", 1)),
    "EVL002": (METRICS, "/training_run_id", measured("/training_run_id", "train-9")),
    "EVL003": (EVAL, "/rows/0/notes", evaluated("/rows/0/notes", "Not what was measured.")),
    "EVL004": (EVAL, "/negative_findings", measured("/negative_findings/-", "The number t21 was hard to tell.")),
    "EVL005": (EVAL, "/parameters/threshold", _config),
    "EVL006": (SCORES, "", _unmarked),
    "EVL007": (EVAL, "/rows/0/baseline_per_sample", _baseline),
    "RDY001": (SUITE, "/steps/0", sealed(SUITE, "/steps/0/exit_code", 1)),
    "RDY002": (SUITE, "/steps/0/outputs/0", _suite_changed),
    "RDY003": (SUITE, "/steps/0/step", sealed(SUITE, "/steps/0/step/command/1", "model/other.py")),
    "RDY004": (REPORT, "/rows/1/status", sealed(REPORT, "/rows/1/status", "passed")),
    "RDY005": (REPORT, "/ok", sealed(REPORT, "/ok", False)),
    "RDY006": (DECISION, "/binds", sealed(DECISION, "/binds/sha256", OTHER)),
    "RDY007": (REPORT, "/inputs/0", sealed(REPORT, "/inputs/0/size", 1)),
    "RDY008": (REPORT, "/claim_boundary", sealed(REPORT, "/claim_boundary/0", REMOVE)),
    "RDY009": (REPORT, "/ok", _missed_again),
}


def test_every_rule_passes_on_the_complete_pack(whole: CompletePack) -> None:
    verdict = whole.verify()
    assert verdict.findings == ()
    assert verdict.skipped == ()
    assert verdict.passed == tuple(rule.id for rule in PACK_RULES)


def test_no_rule_lacks_a_case() -> None:
    assert set(CASES) == {rule.id for rule in (*evaluation.RULES, *readiness.RULES)}


@pytest.mark.parametrize("rule", CASES)
def test_minimal_mutation_yields_exactly_its_rule(rule: str, whole: CompletePack) -> None:
    file, pointer, mutate = CASES[rule]
    mutate(whole)
    verdict = whole.verify()
    assert {finding.rule for finding in verdict.findings} == {rule}, verdict.findings
    finding = verdict.findings[0]
    assert finding.file == file
    assert fnmatchcase(finding.pointer, pointer)
    severity = rule_book()[rule].severity
    assert finding.severity == severity
    assert (verdict.verified is None) == (severity == "error")
    for name in ("message", "expected", "found", "hint"):
        assert getattr(finding, name).strip(), name

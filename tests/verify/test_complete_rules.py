"""Rules about metrics files, configuration, suite and readiness: one minimal mutation that yields exactly each id."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from complete_pack import CONFIG, DECISION, METRICS, PROFILE, CompletePack
from pack_builder import EVAL, REMOVE
from proofpress.evidence.values import Number
from proofpress.pack.writer import produced
from proofpress.verify import Profiles
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


def _other_split(pack: CompletePack) -> None:
    bound(pack.replace(CONFIG, '["test"]', '["train"]'))


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
    "EVL008": (CONFIG, "/splits", _other_split),
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
    asked = tuple(rule.id for rule in PACK_RULES if "charter" not in rule.needs)
    assert {reason for _name, reason in verdict.skipped} == {"no charter evidence"}
    assert verdict.passed == asked


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


def _elsewhere(pack: CompletePack) -> None:
    pack.write("demo/metrics.json", (pack / METRICS).read_bytes()).remove(METRICS)
    named = produced(pack.folder, "demo/metrics.json") | {"generated_by": "proofpress.pack.evaluation"}
    pack.corrupt(EVAL, "/inputs/0", named).corrupt(EVAL, "/rows/0/notes", "Not what was measured.")
    pack.assess(decided=False)


def _unnamed(pack: CompletePack) -> None:
    pack.write("model/metrics/other.json", (pack / METRICS).read_bytes()).reseal()


def _dropped(pack: CompletePack) -> None:
    pack.corrupt(EVAL, "/slice_dimensions/0/partition", False).corrupt(EVAL, "/rows/1", REMOVE).assess()


def _foreign_rows(pack: CompletePack) -> None:
    bound(pack.replace(SCORES, '"tiny.score", "slices": {"parity": "odd"}', '"by-hand", "slices": {"parity": "odd"}'))


FURTHER: tuple[tuple[str, str, str, Mutation], ...] = (
    ("EVL001", EVAL, "/inputs/0/path", _elsewhere),
    ("EVL001", "model/metrics/other.json", "", _unnamed),
    ("EVL001", EVAL, "/inputs/0/generated_by", evaluated("/inputs/0/generated_by", "proofpress.pack.other")),
    ("EVL001", CONFIG, "", evaluated("/effective_config", REMOVE)),
    ("EVL003", EVAL, "/rows", _dropped),
    ("EVL006", SCORES, "", _foreign_rows),
    ("RDY001", SUITE, "/steps/0", sealed(SUITE, "/steps/0/outputs", [])),
    ("RDY001", SUITE, "/steps/0", sealed(SUITE, "/mode", "plan")),
    ("RDY001", SUITE, "/ok", sealed(SUITE, "/ok", False)),
    ("RDY002", SUITE, "/steps/0/outputs/0", sealed(SUITE, "/started_at", "2026-03-01T09:30:01Z")),
    ("RDY003", SUITE, "/profile", sealed(SUITE, "/profile", "other")),
    ("RDY004", REPORT, "/rows/0/conclusion", sealed(REPORT, "/rows/0/conclusion", "It went well.")),
    ("RDY004", REPORT, "/rows/0/value", sealed(REPORT, "/rows/0/value", Number("0.95"))),
    ("RDY004", REPORT, "/rows", sealed(REPORT, "/rows/1", REMOVE)),
    ("RDY004", REPORT, "/rows", sealed(REPORT, "/rows/0/requires/target/value", Number("0.1"))),
    ("RDY004", REPORT, "/profile", sealed(REPORT, "/profile", "other")),
    ("RDY004", REPORT, "/evaluation_run_id", sealed(REPORT, "/evaluation_run_id", "eval-2")),
    ("RDY005", REPORT, "/blockers", sealed(REPORT, "/blockers", [{"subject": "suite", "reason": "it rained"}])),
    ("RDY006", DECISION, "/binds", sealed(DECISION, "/failed_targets/0/value", Number("0.6"))),
    ("RDY006", DECISION, "/binds", sealed(DECISION, "/accepted_at", "2026-03-01T09:00:00Z")),
    ("RDY006", DECISION, "/binds", sealed(DECISION, "/failed_targets/0/replacement/value", Number("0.6"))),
    ("RDY006", DECISION, "/binds", sealed(DECISION, "/failed_targets/0/replacement/value", Number("0.8"))),
    ("RDY006", DECISION, "/binds", sealed(DECISION, "/failed_targets/0/replacement/op", "<=")),
    ("RDY007", REPORT, "/inputs", sealed(REPORT, "/inputs/0", REMOVE)),
    ("RDY007", REPORT, "/assessed_at", sealed(REPORT, "/assessed_at", "2026-03-01T12:30:00Z")),
    ("RDY008", REPORT, "/negative_findings", sealed(REPORT, "/negative_findings", ["Nothing went really wrong."])),
    ("NEG002", DECISION, "/rationale", sealed(DECISION, "/rationale", "None for now.")),
    ("NEG002", SUITE, "/claim_boundary/0", sealed(SUITE, "/claim_boundary/0", "-")),
    ("NEG002", REPORT, "/limitations/0", sealed(REPORT, "/limitations/0", "No limitations were found.")),
    ("IDN001", REPORT, "/release_id", sealed(REPORT, "/release_id", "digits-v0.2.0-tiny-r1")),
    ("IDN003", REPORT, "/model_id", sealed(REPORT, "/model_id", f"sha256:{OTHER}")),
    ("PRO001", REPORT, "", lambda pack: pack.remove(REPORT).reseal()),
)


@pytest.mark.parametrize(("rule", "file", "pointer", "mutate"), FURTHER)
def test_further_mutations_are_refused(
    rule: str, file: str, pointer: str, mutate: Mutation, whole: CompletePack
) -> None:
    mutate(whole)
    verdict = whole.verify()
    assert (rule, file, pointer) in {(item.rule, item.file, item.pointer) for item in verdict.errors}, verdict.findings
    assert verdict.verified is None


@pytest.mark.parametrize(
    ("config", "pointers"),
    [
        (b"{}\n", {"/splits", "/metrics", "/parameters"}),
        (b"note: nothing\n", {"/splits", "/metrics", "/parameters"}),
        (b"splits: [test]\nmetrics: [accuracy]\nparameters: {width: 2}\n", {"/parameters"}),
        (b"split: test\nmetrics: {recall: x}\ndepth: 2\n", {"/metrics"}),
        (b"split: test\nmetrics: [accuracy]\ndepth: 2\ndataset_snapshot_id: other\n", {"/dataset_snapshot_id"}),
        (b"split: test\nmetrics: [accuracy]\ndepth: 2\n", set()),
    ],
)
def test_a_configuration_that_says_nothing(config: bytes, pointers: set[str], whole: CompletePack) -> None:
    bound(whole.write(CONFIG, config))
    own = PROFILE.model_copy(update={"metrics_files": True})
    found = [item for item in whole.verify(profiles=Profiles({own.name: own})).errors if item.file == CONFIG]
    assert {item.pointer for item in found if item.rule == "EVL008"} == pointers
    assert {item.rule for item in found} <= {"EVL008"}


def test_rows_without_markers_pass_unless_the_profile_asks_for_them(whole: CompletePack) -> None:
    _unmarked(whole)
    own = PROFILE.model_copy(update={"row_markers": False})
    assert whole.verify(profiles=Profiles({own.name: own})).findings == ()


def test_a_decision_of_which_nobody_knows_the_report_re_scopes_nothing(whole: CompletePack) -> None:
    whole.remove(EVAL).reseal()
    assert (DECISION, "RDY006") in {(item.file, item.rule) for item in whole.verify().errors}


@pytest.mark.parametrize(
    ("read", "words"),
    [
        ("readiness/readiness_report.json", "what judges it"),
        ("manifest.json", "what judges it"),
        ("model/metrics/parity.json", "what this or a later step writes"),
    ],
)
def test_a_suite_that_validates_itself_contradicts_itself(read: str, words: str, whole: CompletePack) -> None:
    """Whoever wrote the report: the builder refuses such a suite before it runs."""
    sealed(SUITE, "/steps/0/step/inputs", [read])(whole)
    assert words in next(item.message for item in whole.verify().errors if item.rule == "RDY001")

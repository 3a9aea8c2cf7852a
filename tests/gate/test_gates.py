"""Each gate passes and, by one minimal change, refuses."""

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from diff.releases import OTHER_KEYS, row
from gate.cases import (
    AT,
    EIGHT,
    NEW,
    OLD,
    case,
    costs,
    gates,
    judged,
    model,
    only,
    predecessor,
    promised,
    refusals,
    release,
    rows,
    training,
    waiver,
)
from proofpress.evidence.attestation import PairedComparison
from proofpress.evidence.values import Number, ReleaseParts
from proofpress.gate.gate import GateCase, decision, gate, matches, run_gate
from proofpress.gate.gates_version import step
from proofpress.gate.judge import GATES

LIMIT = {"metric": "accuracy", "split": "test", "absolute": Number("0.01")}
THRESHOLD = {"metric": "accuracy", "split": "test", "op": ">=", "value": Number("0.95"), "unit": "fraction"}


def verdicts(made: GateCase, gate_id: str) -> list[str]:
    return [item.verdict for item in judged(made).decisions if item.gate == gate_id]


def test_a_case_without_trouble_passes() -> None:
    receipt = judged(case())
    assert receipt.verdict == "PASS", receipt.decisions
    assert receipt.against is not None
    assert (receipt.subject.bundle_id, receipt.against.bundle_id) == (NEW, OLD)


def test_every_gate_is_in_the_book_once_and_explains_how_to_mend() -> None:
    ids = [each.id for each in GATES]
    assert len(set(ids)) == len(ids) == 17
    for each in GATES:
        assert "Mend it by" in each.explanation or "Mend it by" in each.explanation.replace("\n", " ")


# ── GAT001 ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_release_of_a_line_has_no_baseline() -> None:
    made = case(old=None, new_fields={"predecessor": None})
    assert judged(replace(made, old=None, before=None, earlier=())).verdict == "PASS"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"old": None, "missing": "no pack 'digits-v0.1.0-mlp-r1' in this instance"}, "no pack"),
        ({"old": None}, "the line has earlier releases"),
        ({"earlier": (OLD, "digits-v0.1.5-mlp-r1")}, "digits-v0.1.5-mlp-r1 is the newest usable release"),
    ],
)
def test_a_missing_or_older_baseline_is_refused(fields: dict[str, Any], why: str) -> None:
    found = [item for item in refusals(replace(case(), **fields)) if item.gate == "GAT001"]
    assert only(found).verdict == "deny"
    assert only(found).why.startswith(why)


def test_without_its_baseline_no_comparing_gate_is_passed() -> None:
    made = replace(case(), old=None, missing="it is refused")
    undecided = {item.gate for item in judged(made).decisions if item.verdict == "not decided"}
    assert undecided == {each.id for each in GATES if each.compares}


def test_a_baseline_of_another_family_or_the_release_itself_is_refused() -> None:
    made = case()
    itself = replace(made, old=made.new, earlier=())
    assert "GAT001" in {item.gate for item in refusals(itself)}
    stranger = release("clinical-v0.1.0-gbt-r1", rows())
    manifest = stranger.evidence.manifest.model_copy(update={"family": "clinical"})
    other = replace(stranger, evidence=replace(stranger.evidence, manifest=manifest))
    assert any(item.gate == "GAT001" and "clinical" in item.why for item in refusals(replace(made, old=other)))


def test_a_baseline_that_is_not_declared_or_was_yanked_since_is_told() -> None:
    assert verdicts(case(new_fields={"predecessor": predecessor("digits-v0.0.1-mlp-r1")}), "GAT001") == ["warn"]
    assert verdicts(replace(case(), yanked=frozenset({OLD})), "GAT001") == ["warn"]
    later = replace(case(), earlier=("digits-v0.0.1-mlp-r1", OLD), yanked=frozenset({OLD}))
    assert verdicts(later, "GAT001") == ["warn"]


def test_a_rejected_baseline_is_refused_where_another_release_is_usable() -> None:
    alone = replace(case(), rejected=frozenset({OLD}))
    assert verdicts(alone, "GAT001") == ["warn"]
    found = [
        item for item in refusals(replace(alone, earlier=("digits-v0.0.1-logreg-r1", OLD))) if item.gate == "GAT001"
    ]
    assert only(found).expected == "digits-v0.0.1-logreg-r1"
    assert "it was rejected, so nobody uses it" in only(found).why


# ── GAT002 ───────────────────────────────────────────────────────────────────────────────────────────


def comparison(made: GateCase, p: str = "0.001", difference: str = "-0.02") -> PairedComparison:
    """A comparison of a case's packs that tested its first row."""
    assert made.old is not None
    fields = {
        "schema": "proofpress.comparison/1",
        "generated_by": "proofpress.gate",
        "old": {"bundle_id": OLD, "pack_id": made.old.evidence.pack_id},
        "new": {"bundle_id": NEW, "pack_id": made.new.evidence.pack_id},
        "level": Number("0.95"),
        "resamples": 4999,
        "correction": "Holm, over 1 tested rows",
        "rows": (
            {
                "name": "accuracy",
                "split": "test",
                "field": "correct",
                "n": 360,
                "difference": Number(difference),
                "ci_low": Number("-0.031"),
                "ci_high": Number("-0.009"),
                "p_value": Number(p),
                "p_adjusted": Number(p),
                "method": "exact McNemar test, Bonett-Price interval",
            },
        ),
        "untested": (),
    }
    return PairedComparison.model_validate(fields)


def test_a_record_that_was_edited_or_is_damaged_is_refused() -> None:
    made = case()
    true, edited = comparison(made), comparison(made, p="0.9")
    assert verdicts(replace(made, computed=true, recorded=true), "GAT002") == ["pass"]
    assert verdicts(replace(made, computed=true, recorded=edited), "GAT002") == ["deny"]
    assert verdicts(replace(made, computed=true, recorded_trouble="not JSON"), "GAT002") == ["not decided"]
    assert verdicts(replace(made, computed=true), "GAT002") == []


# ── GAT003, GAT004 ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changed", "verdict", "why"),
    [
        ({}, "pass", "the value reaches it"),
        ({"value": Number("0.96")}, "pass", "the value reaches it"),
        ({"value": Number("0.9701")}, "deny", "the value falls short of it"),
        ({"op": "<=", "value": Number("0.5")}, "deny", "the value falls short of it"),
        ({"unit": "percent"}, "not decided", "the threshold is in 'percent', the row in 'fraction'"),
        ({"metric": "acuracy"}, "not decided", "no row of the release has this metric"),
        ({"least_n": 361}, "deny", "measured on 360 examples, fewer than 361"),
        ({"slice": "digit=*"}, "deny", "the value falls short of it"),
        ({"slice": "digit=9"}, "not decided", "no row of the release has this metric"),
    ],
)
def test_thresholds(changed: dict[str, Any], verdict: str, why: str) -> None:
    made = case(policy=gates(thresholds=[{**THRESHOLD, **changed}]))
    found = only([item for item in judged(made).decisions if item.gate == "GAT003"])
    assert found.verdict == verdict
    assert found.why.startswith(why)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (
            {"value": None, "absent": {"code": "NOT_MEASURED", "reason": "No time."}},
            "the value is absent (NOT_MEASURED",
        ),
        ({"value": Number("97.0")}, "97.0 is no fraction; it looks like percent"),
    ],
)
def test_a_threshold_is_never_reached_by_an_absent_or_flipped_value(fields: dict[str, Any], why: str) -> None:
    made = case(new=[row(**fields)], policy=gates(thresholds=[THRESHOLD]))
    found = only([item for item in judged(made).decisions if item.gate == "GAT003"])
    assert (found.verdict, found.why.startswith(why)) == ("not decided", True)


@pytest.mark.parametrize(("own", "verdict"), [("warn", "warn"), ("deny", "deny"), ("allow", "pass")])
def test_own_targets(own: str, verdict: str) -> None:
    target = {"op": ">=", "value": Number("0.98")}
    made = case(old=rows(target=target), new=rows(target=target), policy=gates(own_targets=own))
    assert verdicts(made, "GAT004") == [verdict]
    low = {"op": ">=", "value": Number("0.9")}
    made = case(old=rows(target=low), new=rows(target=low), policy=gates(own_targets=own))
    assert verdicts(made, "GAT004") == ["pass"]


# ── GAT005 ───────────────────────────────────────────────────────────────────────────────────────────


def fall(made: GateCase) -> tuple[str, str]:
    found = only([item for item in judged(made).decisions if item.gate == "GAT005"])
    return found.verdict, found.why


@pytest.mark.parametrize(
    ("limit", "new", "verdict"),
    [
        ({"absolute": Number("0.01")}, "0.960", "pass"),
        ({"absolute": Number("0.01")}, "0.9599", "deny"),
        ({"relative": Number("0.02")}, "0.9506", "pass"),
        ({"relative": Number("0.02")}, "0.9505", "deny"),
        ({"absolute": Number("0.01"), "relative": Number("0.001")}, "0.965", "deny"),
        ({"absolute": Number("0.001"), "relative": Number("0.1")}, "0.965", "deny"),
        ({"absolute": Number("0")}, "0.970", "pass"),
        ({"absolute": Number("0")}, "0.990", "pass"),
    ],
)
def test_a_fall_is_held_against_both_limits(limit: dict[str, Any], new: str, verdict: str) -> None:
    pattern = {"metric": "accuracy", "split": "test", **limit}
    assert fall(case(new=rows(new), policy=gates(regressions=[pattern])))[0] == verdict


def test_a_loss_that_rose_fell_behind() -> None:
    old, new = ([row("loss", value, higher_is_better=False)] for value in ("0.30", "0.35"))
    limit = {"metric": "loss", "split": "test", "absolute": Number("0.04")}
    verdict, why = fall(case(old, new, policy=gates(regressions=[limit])))
    assert (verdict, why) == ("deny", "it got worse by 0.05, which is beyond the limit")


@pytest.mark.parametrize(
    ("new", "verdict", "why"),
    [
        (rows()[1:], "deny", "the baseline measured 0.970 fraction (n = 360); the release no longer does"),
        ([row(split="validation")], "deny", "the baseline measured"),
        ([row(evaluated_keys_sha256=OTHER_KEYS)], "not decided", "not comparable, because the evaluated examples"),
        ([row(n=300)], "not decided", "not comparable, because the number of examples differs"),
        ([row(value="97.0", unit="percent")], "not decided", "not comparable, because the unit flipped"),
        ([row(higher_is_better=False)], "not decided", "not comparable, because the direction differs"),
        ([row(), row()], "not decided", "the row stands more than once"),
        (
            [row(value=None, absent={"code": "WITHHELD", "reason": "Secret."})],
            "not decided",
            "not comparable, because the new value is absent (WITHHELD: Secret.)",
        ),
    ],
)
def test_what_can_not_be_compared_is_no_pass(new: list[dict[str, Any]], verdict: str, why: str) -> None:
    found = fall(case(new=new, policy=gates(regressions=[LIMIT])))
    assert (found[0], found[1].startswith(why)) == (verdict, True)


def test_a_row_without_direction_and_a_limit_without_row_are_not_decided() -> None:
    both = [row(higher_is_better=None)]
    assert fall(case(both, both, policy=gates(regressions=[LIMIT])))[0] == "not decided"
    unknown = {**LIMIT, "metric": "acuracy"}
    assert fall(case(policy=gates(regressions=[unknown]))) == (
        "not decided",
        "no row of the baseline has this metric, split and slice",
    )


def significant(p: str | None, judge: str, absolute: str = "0.005", **interval: str) -> tuple[str, str]:
    fields = {name: Number(value) for name, value in interval.items()}
    limit = {"metric": "accuracy", "split": "test", "absolute": Number(absolute), "judge": judge}
    narrow = {} if not fields else {"ci_low": Number("0.969"), "ci_high": Number("0.971"), "ci_level": Number("0.95")}
    made = case(rows(**narrow), rows("0.950", **fields), policy=gates(regressions=[limit]))
    return fall(made if p is None else replace(made, computed=comparison(made, p)))


def test_a_significant_fall_needs_a_test_or_intervals() -> None:
    assert significant("0.001", "significant")[0] == "deny"
    assert significant("0.2", "significant")[0] == "pass"
    assert significant("0.001", "significant", absolute="0.03")[0] == "pass"
    apart = {"ci_low": "0.94", "ci_high": "0.96", "ci_level": "0.95"}
    assert significant(None, "significant", **apart)[0] == "deny"
    assert significant(None, "significant", **{**apart, "ci_high": "0.98"})[0] == "pass"
    assert significant(None, "significant", **{**apart, "ci_level": "0.99"})[0] == "not decided"
    assert significant(None, "significant")[0] == "not decided"


def test_dropping_the_examples_does_not_soften_the_test() -> None:
    interval = {"ci_low": Number("0.9"), "ci_high": Number("0.99"), "ci_level": Number("0.95")}
    kept = {"per_sample": {"path": "model/per_example/test.jsonl", "field": "correct", "aggregate": "mean"}}
    policy = gates(regressions=[{**LIMIT, "judge": "significant"}])
    assert fall(case(rows(**interval), rows("0.95", **interval), policy=policy))[0] == "pass"
    verdict, why = fall(case(rows(**interval, **kept), rows("0.95", **interval), policy=policy))
    assert (verdict, "no longer holds the per-example results" in why) == ("not decided", True)


def test_non_inferior_needs_the_whole_interval_within_the_limit() -> None:
    assert significant("0.2", "non-inferior", absolute="0.03")[0] == "deny"
    assert significant("0.2", "non-inferior", absolute="0.04")[0] == "pass"
    assert significant(None, "non-inferior", absolute="0.5")[0] == "not decided"


def test_rows_that_are_not_limited_do_not_dilute_the_correction() -> None:
    limit = {**LIMIT, "absolute": Number("0.005"), "judge": "significant"}
    made = case(new=rows("0.950"), policy=gates(regressions=[limit]))
    first = comparison(made, "0.04")
    many = tuple(first.rows[0].model_copy(update={"name": f"padding{index}"}) for index in range(50))
    made = replace(made, computed=first.model_copy(update={"rows": (*first.rows, *many)}))
    assert fall(made)[0] == "deny"
    assert made.corrected == {"accuracy@test": Decimal("0.04")}


# ── GAT006 to GAT011, GAT017 ─────────────────────────────────────────────────────────────────────────


def small(n: int) -> list[dict[str, Any]]:
    return [row(), row(value="0.94", slice=EIGHT, n=n, evaluated_keys_sha256=f"{n:064d}")]


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        (small(40), small(40), "pass"),
        (small(40), small(19), "deny"),
        (small(10), small(10), "warn"),
        ([row()], small(9), "warn"),
    ],
)
def test_slices(old: list[dict[str, Any]], new: list[dict[str, Any]], verdict: str) -> None:
    made = case(old, new, policy=gates(least_slice_n=20))
    assert verdicts(made, "GAT006") == [verdict]


@pytest.mark.parametrize(
    ("changes", "verdict"), [({}, "warn"), ({"MTR-*": "deny"}, "deny"), ({"MTR-*": "deny", "MTR-CHANGED": "allow"}, "")]
)
def test_changes_are_judged_by_the_longest_pattern(changes: dict[str, str], verdict: str) -> None:
    made = case(new=rows("0.960"), policy=gates(changes=changes))
    found = [item.verdict for item in judged(made).decisions if item.gate == "GAT007" and item.code == "MTR-CHANGED"]
    assert found == ([verdict] if verdict else [])


def test_a_pattern_without_code_is_not_decided() -> None:
    found = only(refusals(case(policy=gates(changes={"MTR-CHANGD": "deny"}))))
    assert (found.gate, found.verdict, found.subject) == ("GAT007", "not decided", "changes MTR-CHANGD")


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ([row(value="0.970")], "SLC-REMOVED"),
        ([*rows()[1:]], "MTR-REMOVED"),
        ([row(evaluated_keys_sha256=OTHER_KEYS), rows()[1]], "MTR-NOT-COMPARABLE"),
    ],
)
def test_what_vanished_or_can_not_be_compared_is_refused_without_a_word(new: list[dict[str, Any]], code: str) -> None:
    assert code in {item.code for item in refusals(case(new=new)) if item.gate == "GAT007"}


def test_a_lowered_target_is_refused() -> None:
    high, low = ({"op": ">=", "value": Number(value)} for value in ("0.96", "0.90"))
    found = only(refusals(case(rows(target=high), rows(target=low))))
    assert (found.gate, found.code) == ("GAT007", "MTR-TARGET-CHANGED")


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("evaluation", "pass"),
        ("model", "pass"),
        ("efficiency", "deny"),
        ("effciency", "not decided"),
        ("pack_id", "not decided"),
    ],
)
def test_required_evidence(name: str, verdict: str) -> None:
    assert verdicts(case(policy=gates(required_evidence=[name])), "GAT008") == [verdict]


AGREED = b"""schema_version: "1.0.0"
thresholds:
  - {metric: accuracy, split: test, op: ">=", value: 0.95, unit: fraction}
"""


def preregistered(recorded_at: str, data: bytes | None = AGREED, file: bytes = AGREED, **fields: Any) -> list[str]:
    promise = {
        "path": "packs/thresholds/digits.yaml",
        "sha256": hashlib.sha256(file).hexdigest(),
        "recorded_at": recorded_at,
        "owner": "model owner",
    }
    return verdicts(replace(case(policy=gates(preregistered=promise), **fields), preregistered=data), "GAT009")


def test_preregistered_thresholds() -> None:
    early = "2026-02-01T00:00:00Z"
    assert preregistered(early) == ["pass", "pass"]
    assert preregistered("2026-03-01T08:00:00Z") == ["deny", "pass"]
    assert preregistered(early, data=None) == ["not decided", "pass"]
    assert preregistered(early, data=AGREED.replace(b"0.95", b"0.80")) == ["deny", "pass"]
    assert preregistered(early, data=b"nothing", file=b"nothing") == ["not decided", "pass"]
    assert preregistered(early, new=rows("0.90")) == ["deny", "pass"]
    assert preregistered(early, new_fields={"evidence": {"training": None}}) == ["not decided", "pass"]


def test_a_loosened_policy_is_judged_by_the_one_before() -> None:
    before = gates(regressions=[LIMIT])
    loose = gates(regressions=[{**LIMIT, "absolute": Number("0.05")}], changes={"POL-*": "allow"})
    assert [(item.gate, item.code) for item in refusals(replace(case(policy=loose), before=before))] == [
        ("GAT010", "POL-LOOSENED"),
        ("GAT010", "POL-LOOSENED"),
    ]
    allowing = gates(regressions=[LIMIT], changes={"POL-*": "allow"})
    assert refusals(replace(case(policy=loose), before=allowing)) == []
    assert verdicts(replace(case(policy=before), before=before), "GAT010") == ["pass"]
    strict = gates(regressions=[{**LIMIT, "absolute": Number("0.001")}])
    assert verdicts(replace(case(policy=strict), before=before), "GAT010") == ["pass"]


def test_without_the_gates_before_nothing_is_known_of_the_policy() -> None:
    assert verdicts(replace(case(), before=None), "GAT010") == ["not decided"]
    assert verdicts(replace(case(), before=None, before_trouble="not JSON"), "GAT010") == ["not decided"]


def test_a_release_without_changelog_is_refused() -> None:
    assert only(refusals(case(new_fields={"changelog": {}}))).gate == "GAT011"


def slower(old: Any, new: Any, **limit: Any) -> list[str]:
    made = case(
        policy=gates(costs=[{"name": "latency*", **limit}]),
        old_fields={"evidence": {"efficiency": old}},
        new_fields={"evidence": {"efficiency": new}},
    )
    return verdicts(made, "GAT017")


def test_costs() -> None:
    tenth = {"relative": Number("0.1")}
    assert slower(costs("10.0"), costs("11.0"), **tenth) == ["pass"]
    assert slower(costs("10.0"), costs("11.1"), **tenth) == ["deny"]
    assert slower(costs("10.0"), costs("9.0"), **tenth) == ["pass"]
    assert slower(costs("10.0"), costs("10.0"), **tenth) == ["pass"]
    assert slower(costs("10.0"), costs("10.5"), absolute=Number("0.4"), **tenth) == ["deny"]
    assert slower(costs("10.0"), costs("9.0", environment={"machine": "two"}), **tenth) == ["not decided"]
    assert slower(costs("10.0"), costs("10.4"), **tenth) == ["pass"]
    assert slower(costs("10.0"), costs("10.4"), relative=Number("0.01")) == ["not decided"]
    assert slower(costs("10.0"), None, **tenth) == ["deny"]
    assert slower(None, costs("10.0"), **tenth) == ["not decided"]


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        ("a-v0.1.0-x-r1", "a-v1.0.0-x-r1", "MAJOR"),
        ("a-v0.1.0-x-r1", "a-v0.2.0-y-r1", "MINOR"),
        ("a-v0.1.0-x-r1", "a-v0.1.1-x-r1", "PATCH"),
        ("a-v0.1.0rc1-x-r1", "a-v0.1.0-x-r1", "pre-release"),
        ("a-v0.1.0-x-r1", "a-v0.1.0-x-r2", "revision"),
        ("a-v0.1.0-x-r2", "a-v0.1.0-x-r1", "backwards"),
        ("a-v0.2.0-x-r1", "a-v0.1.9-x-r1", "backwards"),
        ("a-v0.1.0-x-r1", "a-v0.1.0rc1-x-r1", "backwards"),
        ("a-v0.1.0-x-r1", "a-v0.1.0-x-r1", "bundle"),
        ("a-v0.1.0-x-r1", "a-v0.1.0-y-r1", "other line"),
        ("a-v0.1.0-x-r1", "b-v0.2.0-x-r1", "other line"),
    ],
)
def test_the_step_between_two_versions(old: str, new: str, moved: str) -> None:
    assert step(ReleaseParts(old), ReleaseParts(new)) == moved


OTHER_MODEL = {"model": model(model_id="sha256:" + "2" * 64)}


def test_versions_go_forward() -> None:
    back = case(ids=(NEW, OLD))
    assert verdicts(back, "GAT012") == ["deny"]
    second = (OLD, OLD.replace("r1", "r2"))
    assert verdicts(case(ids=second, new_fields={"evidence": OTHER_MODEL}), "GAT012") == ["pass"]
    assert verdicts(case(ids=second), "GAT012") == ["warn"]


def test_a_bundle_keeps_its_model_and_run() -> None:
    def bundle(**evidence: Any) -> list[str]:
        fields = {"bundle": 2, "evidence": evidence}
        return verdicts(case(ids=(OLD, OLD), new_fields=fields), "GAT012")

    assert bundle() == ["pass"]
    assert bundle(**OTHER_MODEL) == ["deny"]
    assert bundle(training=training(run_id="train-2")) == ["deny"]
    assert bundle(training=None) == ["not decided"]


PATCH = (OLD, "digits-v0.1.1-mlp-r1")
MINOR = (OLD, NEW)
MAJOR = (OLD, "digits-v1.0.0-mlp-r1")
WIDER = {"model": model(inputs=[{"name": "pixels", "type": "float", "shape": "[256]", "description": "More."}])}
MORE = {
    "model": model(
        outputs=[
            {"name": "digit", "type": "text", "shape": "[1]", "description": "The digit."},
            {"name": "score", "type": "float", "shape": "[10]", "description": "Scores."},
        ]
    )
}


def version(ids: tuple[str, str], new: list[dict[str, Any]] | None = None, **fields: Any) -> set[tuple[str, str]]:
    """Gates of the version that refuse, with their verdict."""
    found = refusals(case(new=new, ids=ids, new_fields=fields))
    return {(item.gate, item.verdict) for item in found if item.gate in {"GAT013", "GAT014", "GAT015"}}


def test_a_patch_changes_nothing() -> None:
    assert version(PATCH) == set()
    assert version(PATCH, rows("0.971")) == {("GAT013", "deny")}
    assert version(PATCH, [row(evaluated_keys_sha256=OTHER_KEYS), rows()[1]]) == {("GAT013", "not decided")}
    assert version(PATCH, rows()[1:]) == {("GAT013", "deny")}
    assert version(PATCH, evidence=MORE) == {("GAT013", "deny")}
    assert version(PATCH, evidence={"interface": None}) == {("GAT013", "deny")}
    assert version(PATCH, evidence={"interface": promised("0.6")}) == {("GAT013", "deny")}
    assert version(PATCH, evidence={"interface": promised(outputs=[])}) == {("GAT013", "deny")}
    assert version(PATCH, compatibility={"features": ["avx2"]}) == {("GAT013", "deny")}


def test_a_minor_only_adds() -> None:
    assert version(MINOR, rows("0.980")) == set()
    assert version(MINOR, evidence=MORE) == set()
    assert version(MINOR, evidence=WIDER) == {("GAT014", "deny")}
    assert version(MINOR, evidence={"interface": None}) == {("GAT014", "not decided")}
    assert version(MINOR, evidence={"interface": promised("0.6")}) == set()
    only_stable = [{"name": "digit", "contract": "a text"}]
    assert version(MINOR, evidence={"interface": promised(outputs=only_stable)}) == set()
    changed = [{"name": "digit", "contract": "a number"}]
    assert version(MINOR, evidence={"interface": promised(outputs=changed)}) == {("GAT014", "deny")}
    weaker = [{"name": "digit", "contract": "a text", "stability": "experimental"}]
    assert version(MINOR, evidence={"interface": promised(outputs=weaker)}) == {("GAT014", "deny")}
    assert version(MINOR, rows()[1:]) == {("GAT014", "deny")}
    assert version(MINOR, compatibility={"runtime": {"python": ">=3.12"}}) == {("GAT014", "deny")}


def test_a_major_removes_what_was_deprecated_and_tells_how_to_migrate() -> None:
    gone = [rows()[1], row("recall")]
    old = [*rows(), row("recall")]
    since = {"deprecations": [{"name": "accuracy", "since": "v0.1.0", "replacement": "recall"}]}
    told = {"removed": ["accuracy is gone, deprecated since v0.1.0."], "changed": ["Migration: read recall instead."]}

    def major(old_fields: dict[str, Any], **new_fields: Any) -> set[tuple[str, str]]:
        made = case(old, gone, ids=MAJOR, old_fields=old_fields, new_fields=new_fields)
        return {(item.subject, item.verdict) for item in refusals(made) if item.gate == "GAT015"}

    assert major(since, changelog=told) == set()
    assert major({}, changelog=told) == {("accuracy@test", "deny")}
    assert major(since, changelog={**told, "removed": ["accuracy is gone."]}) == {("accuracy@test", "deny")}
    assert major(since, changelog={**told, "changed": ["Other things."]}) == {("migration", "deny")}
    assert major(since, changelog={"removed": told["removed"]}, files={"docs/MIGRATION.md": "How."}) == set()
    assert version(MAJOR) == set()


def test_a_major_that_removes_a_promise_names_it() -> None:
    draft = promised(outputs=[])
    told = {"removed": ["digit is gone, deprecated since v0.1.0."], "changed": ["Migration: read scores instead."]}
    since = {"deprecations": [{"name": "digit", "since": "v0.1.0", "replacement": "scores"}]}
    fields = {"evidence": {"interface": draft}, "changelog": told}
    made = case(ids=MAJOR, old_fields=since, new_fields=fields)
    assert [item for item in refusals(made) if item.gate == "GAT015"] == []
    made = case(ids=MAJOR, new_fields=fields)
    assert only([item for item in refusals(made) if item.gate == "GAT015"]).subject == "outputs: digit"


def test_a_patch_may_show_by_fixed_inputs_alone_that_nothing_moved() -> None:
    absent = [row(value=None, absent={"code": "NOT_MEASURED", "reason": "No labels."})]
    assert "GAT013" not in {item.gate for item in refusals(case(absent, absent, ids=PATCH))}
    other = {"evidence": {"interface": promised(fixed_input_scores=other_input())}}
    found = {
        item.subject for item in refusals(case(absent, absent, ids=PATCH, new_fields=other)) if item.gate == "GAT013"
    }
    assert "scores" in found


def other_input() -> list[dict[str, Any]]:
    """Answers for another fixed input under the same name."""
    scores = [{"key": "one", "output": "digit", "score": Number("0.5")}]
    return [{"name": "demo", "input_sha256": OTHER_KEYS, "scores": scores}]


# ── GAT016 ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_waiver_turns_one_refusal_into_a_warning_that_names_it() -> None:
    made = case(new=rows("0.9"), policy=gates(regressions=[LIMIT]))
    receipt = judged(made, waiver())
    assert receipt.verdict == "PASS"
    told = only([item for item in receipt.decisions if item.waived_by])
    assert told.waived_by == "waived by model owner until 2026-06-30: A known trade."
    assert judged(made, waiver(pack=made.new.evidence.pack_id, family=None)).verdict == "PASS"


@pytest.mark.parametrize(
    "changed",
    [
        {"expires": "2026-05-31"},
        {"subject": "*"},
        {"subject": "accuracy@test[digit=8]"},
        {"gate": "GAT003"},
        {"gate": "GAT099"},
        {"code": "MTR-REMOVED"},
        {"family": "clinical"},
        {"family": None, "pack": "sha256:" + "5" * 64},
    ],
)
def test_a_waiver_that_does_not_fit_waives_nothing(changed: dict[str, Any]) -> None:
    made = case(new=rows("0.9"), policy=gates(regressions=[LIMIT]))
    found = refusals(made, waiver(**changed))
    assert "GAT005" in {item.gate for item in found}


def test_an_expired_waiver_says_so() -> None:
    made = case(new=rows("0.9"), policy=gates(regressions=[LIMIT]))
    found = [item for item in refusals(made, waiver(expires="2026-05-31")) if item.gate == "GAT016"]
    assert only(found).why == "it expired on 2026-05-31 and waives nothing"
    assert judged(made, waiver(expires="2026-06-01")).verdict == "PASS"


def test_a_waiver_that_nothing_needs_is_told_and_records_can_not_be_waived() -> None:
    assert [item.verdict for item in judged(case(), waiver()).decisions if item.gate == "GAT016"] == ["warn"]
    made = case()
    forged = replace(made, computed=comparison(made), recorded=comparison(made, "0.9"))
    assert judged(forged, waiver(gate="GAT002", subject="comparison")).verdict == "FAIL"


def test_nobody_judges_before_the_evaluation() -> None:
    found = only(refusals(case(), at="2026-02-01T00:00:00Z"))
    assert (found.gate, found.verdict, found.subject) == ("GAT016", "not decided", "time")
    assert judged(case(), at=AT).verdict == "PASS"


# ── the machinery ────────────────────────────────────────────────────────────────────────────────────


def test_a_gate_that_raises_is_not_decided() -> None:
    @gate("GAT999", "Raises")
    def broken(_case: GateCase) -> Any:
        """Raises."""
        raise KeyError("no\nthing")

    found = only(list(run_gate(broken, case())))
    assert (found.gate, found.verdict) == ("GAT999", "not decided")
    assert "KeyError" in found.why


def test_decisions_are_short_and_never_empty() -> None:
    made = decision("deny", "x" * 5000, expected="", found=" ", why="two\nlines\x00 and \ud800 more")
    assert (len(made.subject), made.expected, made.found) == (1000, "nothing", "nothing")
    assert made.why == "two lines\\u0000 and \\ud800 more"


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a*", "abc", True),
        ("*c", "abc", True),
        ("a*c", "ac", True),
        ("a*b*c", "a-b-c", True),
        ("ab*ba", "aba", False),
        ("[a]", "a", False),
        ("a.c", "abc", False),
        ("*", "", True),
        ("a", "ab", False),
    ],
)
def test_only_a_star_is_special_in_a_pattern(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits

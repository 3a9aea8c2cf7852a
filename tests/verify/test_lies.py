"""Packs that lie by agreement: what one document says is put right in the others, and the whole is sealed again."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pack_builder import EVAL, FIXED_SCORES, REMOVE, PackBuilder
from proofpress.evidence.dvc import LOCK, folder_md5
from proofpress.evidence.values import Number

FACE, FAILURES = "interface.json", "assurance/failure_modes.json"
RESULTS = "model/per_example/test.jsonl"
Lie = Callable[[PackBuilder], Any]


def refused(pack: PackBuilder, **options: Any) -> set[tuple[str, str, str]]:
    """(rule, file, pointer) of everything that refuses a pack."""
    verdict = pack.verify(**options)
    assert not [item for item in verdict.findings if item.rule == "SYS001"]
    for item in verdict.errors:
        assert all((item.message, item.expected, item.found, item.hint)), item
    return {(item.rule, item.file, item.pointer) for item in verdict.errors}


# ── what can be judged is judged ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("broken", ["release.json", "manifest.json"])
def test_an_unreadable_core_hides_nothing_else(broken: str, pack: PackBuilder) -> None:
    pack.corrupt("model/eval_metrics.json", "/rows/0/delta_vs_baseline", Number("0.9")).reseal()
    pack.write("attachments/notes.txt", "written by someone@example.org\n").write(broken, "{")
    found = {(rule, file) for rule, file, _pointer in refused(pack)}
    wanted = {("ING007", broken), ("MET001", EVAL), ("PRV003", "attachments/notes.txt")}
    assert wanted <= found
    if broken == "release.json":
        assert ("INT001", broken) in found
        assert ("INT003", "attachments/notes.txt") in found


def test_rules_that_ask_for_an_unreadable_release_are_skipped(pack: PackBuilder) -> None:
    verdict = pack.write("release.json", "{").reseal(documents=False).verify()
    assert [(item.rule, item.file) for item in verdict.findings] == [("ING007", "release.json")]
    assert ("IDN002", "release.json could not be read") in verdict.skipped
    assert {"INT001", "MET001", "PRV001"} <= set(verdict.passed)
    assert verdict.verified is None
    assert verdict.pack_id == pack.pack_id


# ── failure modes, fixed scores ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("pointer", "value", "place"),
    [
        ("/where/0/field", "corect", "/where/0"),
        ("/where/0/value", "0", "/where/0"),
        ("/slice/value", "prime", "/slice"),
    ],
)
def test_a_failure_that_nobody_looked_for_is_not_fixed(pointer: str, value: str, place: str, pack: PackBuilder) -> None:
    selection = "/failure_modes/1/selection"
    pack.with_assurance().corrupt(FAILURES, f"{selection}{pointer}", value)
    if "slice" in pointer:
        pack.corrupt(FAILURES, "/failure_modes/1/n", 0)
    assert refused(pack.reseal()) == {("ASR006", FAILURES, f"{selection}{place}")}


@pytest.mark.parametrize(
    ("pointer", "value", "rule", "place"),
    [
        ("/fixed_input_scores/0/scores_path", REMOVE, "IFC007", "/fixed_input_scores/0/scores_path"),
        ("/fixed_input_scores/0/scores_path", "demo/answers.jsonl", "IFC007", "/fixed_input_scores/0/scores/0"),
        ("/inputs", [], "IFC004", "/inputs"),
        ("/outputs", [], "IFC004", "/outputs"),
        ("/metrics", [], "IFC004", "/metrics"),
    ],
)
def test_an_interface_that_promises_nothing(pointer: str, value: Any, rule: str, place: str, pack: PackBuilder) -> None:
    pack.with_interface().corrupt(FACE, pointer, value)
    if "scores_path" in pointer:
        pack.remove(FIXED_SCORES)
    assert (rule, FACE, place) in refused(pack.reseal())


def test_scores_that_the_demo_wrote_for_another_input(pack: PackBuilder) -> None:
    place = "/fixed_input_scores/0"
    pack.with_interface().remove(FIXED_SCORES).corrupt(FACE, f"{place}/scores_path", "demo/answers.jsonl")
    pack.corrupt(FACE, f"{place}/scores/0/key", "1").reseal()
    assert refused(pack) == set()
    pack.corrupt(FACE, f"{place}/input_path", REMOVE).corrupt(FACE, f"{place}/input_sha256", "d" * 64).reseal()
    assert refused(pack) == {("IFC007", FACE, f"{place}/scores_path")}


@pytest.mark.parametrize("text", ['{"key":\r"21", "parity": "odd"}\n', '{"key": "21", "parity": true}\n'])
def test_odd_scores_never_stop_the_verification(text: str, pack: PackBuilder) -> None:
    pack.with_interface().write(FIXED_SCORES, text).reseal()
    assert {rule for rule, _file, _pointer in refused(pack)} <= {"IFC007"}


# ── folders that DVC recorded ────────────────────────────────────────────────────────────────────────


def _locked(pack: PackBuilder, path: str, digest: str, files: int) -> PackBuilder:
    entry = f"    - path: {path}\n      hash: md5\n      md5: {digest}\n      nfiles: {files}\n"
    return pack.write(LOCK, (pack / LOCK).read_text() + entry)


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("path", ["model/per_example", "out/per_example"])
def test_a_folder_is_the_one_that_dvc_recorded(path: str, pack: PackBuilder) -> None:
    digest = _md5(pack / RESULTS)
    listing = json.dumps([{"md5": digest, "relpath": "test.jsonl"}]).encode()
    recorded = hashlib.md5(listing, usedforsecurity=False).hexdigest() + ".dir"
    assert folder_md5({"test.jsonl": digest}) == recorded
    assert refused(_locked(pack, path, recorded, 1).preflighted().reseal()) == set()


@pytest.mark.parametrize("path", ["model/per_example", "out/per_example"])
def test_a_folder_of_another_run_is_refused(path: str, pack: PackBuilder) -> None:
    other = folder_md5({"test.jsonl": "0" * 32})
    _locked(pack, path, other, 1).preflighted().reseal()
    assert refused(pack) == {("LCK001", "model/per_example", "")}


def test_a_folder_that_lost_a_file_is_refused(pack: PackBuilder) -> None:
    whole = folder_md5({"test.jsonl": _md5(pack / RESULTS), "train.jsonl": "0" * 32})
    _locked(pack, "model/per_example", whole, 2).preflighted().reseal()
    assert refused(pack) == {("LCK001", "model/per_example", "")}
    assert "2 files" in pack.verify().errors[0].expected


# ── intervals ────────────────────────────────────────────────────────────────────────────────────────


def _resampled(pack: PackBuilder, low: str, high: str, *, method: str, values: list[int] | None = None) -> None:
    """Let the tiny pack's split be as long as these hits and misses, and its first row have this interval."""
    rows = [f'{{"key": "t{index:02}", "correct": {value}}}\n' for index, value in enumerate(values or [], start=1)]
    keys = hashlib.sha256("".join(f"t{index:02}\n" for index in range(1, len(rows) + 1)).encode()).hexdigest()
    share = f"{sum(values or []) / len(rows):.6f}"
    row = pack.value(EVAL, "/rows/0") | {"value": Number(share), "n": len(rows), "evaluated_keys_sha256": keys}
    row |= {"ci_low": Number(low), "ci_high": Number(high), "ci_method": method}
    for name in ("baseline", "baseline_value", "delta_vs_baseline", "baseline_evaluated_keys_sha256", "target"):
        row.pop(name, None)
    pack.write(RESULTS, "".join(rows)).corrupt(EVAL, "/rows", [row]).corrupt(EVAL, "/slice_dimensions", [])
    pack.corrupt(EVAL, "/splits/0/n", len(rows)).corrupt(EVAL, "/splits/0/keys_sha256", keys).reseal()


HITS = [1] * 30 + [0] * 10


@pytest.mark.parametrize(
    ("low", "high", "method", "right"),
    [
        ("0.598", "0.858", "Wilson score", True),
        ("0.700", "0.800", "Wilson score", False),
        ("0.614", "0.886", "normal approximation of the mean over examples", True),
        ("0.700", "0.800", "normal approximation of the mean over examples", False),
        ("0.61", "0.88", "percentile bootstrap, 2000 resamples, seed 0", True),
        ("0.74", "0.76", "percentile bootstrap, 2000 resamples, seed 0", False),
        ("0.05", "0.99", "percentile bootstrap, 2000 resamples, seed 0", False),
        ("0.74", "0.76", "expert judgement", False),
    ],
)
def test_intervals_are_those_of_their_method(low: str, high: str, method: str, right: bool, pack: PackBuilder) -> None:
    _resampled(pack, low, high, method=method, values=HITS)
    assert (("MET025", EVAL, "/rows/0/ci_low") in refused(pack)) is not right


@pytest.mark.parametrize(("low", "high", "right"), [("0.300642", "0.954413", True), ("0.60", "0.80", False)])
def test_a_proportion_of_some_examples_has_an_interval_of_so_many(
    low: str, high: str, right: bool, pack: PackBuilder
) -> None:
    pack.corrupt(EVAL, "/rows/0/per_sample/aggregate", "none")
    for index in (1, 2):
        pack.corrupt(EVAL, f"/rows/{index}/per_sample/aggregate", "none")
    pack.with_eval().corrupt(EVAL, "/rows/0/ci_low", Number(low)).corrupt(EVAL, "/rows/0/ci_high", Number(high))
    found = refused(pack.reseal())
    assert (("MET025", EVAL, "/rows/0/ci_low") in found) is not right


# ── numbers in any text ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("release.json", "/intended_use/0"),
        ("release.json", "/out_of_scope/0"),
        ("model/model_package.json", "/architecture/description"),
        ("dataset/dataset_package.json", "/description"),
        ("dataset/dataset_package.json", "/limitations/0"),
        ("model/efficiency_report.json", "/claim_boundary/0"),
        ("training/training_run.json", "/notes/0"),
    ],
)
def test_no_number_hides_in_another_text(path: str, pointer: str, pack: PackBuilder) -> None:
    pack.corrupt(path, pointer, "It is right in 99.1 % of all cases.").reseal(bindings=True)
    assert ("CLM004", path, pointer) in refused(pack)


@pytest.mark.parametrize(
    "text", ["Needs `numpy 1.26`.", "Needs version 1.26 of it.", "Runs on Python 3.11.", "Right in 75 %, or 0.75."]
)
def test_quotations_versions_and_measured_values_are_no_false_claims(text: str, pack: PackBuilder) -> None:
    pack.corrupt("release.json", "/intended_use/0", text).reseal()
    assert refused(pack) == set()


def test_a_number_of_another_tool_or_a_level_backs_no_claim(pack: PackBuilder) -> None:
    pack.corrupt("release.json", "/extensions", {"accuracy": Number("0.991")})
    pack.corrupt("release.json", "/summary", "Right in 99.1 % of all cases.").reseal()
    assert refused(pack) == {("CLM002", "release.json", "/summary")}
    pack.corrupt("release.json", "/summary", "Right in 95.0 % of all cases.").reseal()
    assert refused(pack) == {("CLM002", "release.json", "/summary")}
    pack.corrupt("release.json", "/summary", "Right in 75 % of all cases, with 95 % intervals.").reseal()
    assert refused(pack) == set()


# ── a run's record ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["python", "train.py", "--depth=2", "--verbose"], True),
        (["python", "train.py", "--threshold", "0.5", "--out", "x"], True),
        (["python", "train.py", "--depth=3"], False),
        (["python", "train.py", "--threshold", "0.65"], False),
    ],
)
def test_options_of_the_command_are_parameters_of_the_run(words: list[str], right: bool, pack: PackBuilder) -> None:
    pack.corrupt("training/training_run.json", "/command", words).reseal()
    assert ({rule for rule, _file, _pointer in refused(pack)} == {"RUN008"}) is not right


@pytest.mark.parametrize(
    ("old", "new", "right"),
    [
        ('"prediction": "even", "correct": 0', '"prediction": "Odd.", "correct": 0', True),
        (
            '"label": "even", "prediction": "even", "correct": 1',
            '"label": "even", "prediction": "Even.", "correct": 1',
            True,
        ),
        (
            '"label": "even", "prediction": "even", "correct": 1',
            '"label": "even", "prediction": "odd", "correct": 1',
            False,
        ),
    ],
)
def test_free_text_may_be_right_in_other_words(old: str, new: str, right: bool, pack: PackBuilder) -> None:
    pack.replace(RESULTS, old, new).reseal()
    assert ({rule for rule, _file, _pointer in refused(pack)} == {"MET026"}) is not right

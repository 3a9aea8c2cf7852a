"""The public cases of GenoLeWM: what its own tools refused is refused here, for the same reason, and nothing else.

Each case is a folder and a `verdict.json` that tells which of the project's functions were called on it and how they
ended. A case counts as refused when the last call raised, returned issues, or exited with an error; the reason is the
issue's code or the message. `REASONS` says which of our rules such a reason is.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from exchange.genolewm_release import Release
from proofpress.errors import ProofpressError
from proofpress.exchange.genolewm.book import check
from proofpress.exchange.genolewm.find import find_parts

REASONS = {
    "model.card.stale": "GLW012",
    "model.checksums.entry_missing": "GLW015",
    "demo.runtime_preflight.artifact.hash_mismatch": "GLW064",
    "demo.runtime_preflight.artifact.size_mismatch": "GLW064",
    "score and receipt JSONL row counts differ": "GLW062",
    "score row value does not match receipt output": "GLW062",
    "v0.2 rollout-fidelity metric coverage is incomplete": "GLW029",
    "v0.2 VEP benchmark metric coverage is incomplete": "GLW029",
    "efficiency_report.json dataset_snapshot must match manifest training data snapshot": "GLW031",
    "eval_metrics.json model_release must match manifest release_id": "GLW030",
    "fixture/test manifests cannot back a model release package": "GLW010",
    "manifest artifact hash mismatch": "GLW011",
    "calibration_report.json calibration_artifact hash must match packaged artifact": "GLW014",
    "eval_report.md does not match render of eval_metrics.json": "GLW025",
    "efficiency_report.json is required for model package generation": "GLW003 model/efficiency_report.json",
    "eval_metrics.json is required for model package generation": "GLW003 model/eval_metrics.json",
    "eval metrics artifact is missing from model package": "GLW003 model/eval/scores.jsonl",
    "dataset input-check report is missing": "GLW003 dataset/dataset_input_check_report.json",
    "dataset snapshot report is missing": "GLW003 dataset/dataset_snapshot_report.json",
    "artifacts are missing required keys": "GLW020",
    "placeholder text is not allowed in generated paper drafts": "GLW006",
    "terminal demo manifest vcf_summary does not match the packaged demo VCF": "GLW067",
    "generated_at must be a UTC ISO-8601 timestamp ending in Z": "GLW070 paper.md",
    "training preflight dataset core file sha256 is invalid": "GLW043",
    "training preflight dataset core file evidence missing": "GLW043",
    "training preflight config hash does not match training run": "GLW043",
    "training preflight report paths must be public-relative": "GLW044",
    "training-run artifact hash mismatch": "GLW040",
    "training-run manifest generated_by is invalid": "GLW005 run/training_run_manifest.json",
    "training-run manifest is missing required artifact kinds": "GLW041",
    "commit_sha must be a 7-40 character hex Git commit": "GLW004 model/training_run_manifest.json",
    "placeholder text is not allowed in release training-run packages": "GLW006 model/training_run_manifest.json",
    "training-run generated_by is invalid": "GLW005 model/training_run_manifest.json",
    "collapse and NaN monitoring must be enabled": "GLW004 model/training_run_manifest.json",
    "training metrics must record positive sample_count": "GLW042",
    "placeholder text is not allowed in release dataset packages": "GLW006 dataset/dataset_package.json",
    "file split must be declared in splits": "GLW004 dataset/dataset_package.json",
    "dataset-package generated_by is invalid": "GLW005 dataset/dataset_package.json",
    "generated dataset package files cannot be listed as data files": "GLW004 dataset/dataset_package.json",
}
"""Our rule for each reason of theirs; with a file where the rule alone could be about another file."""

BY_NAME = {
    # eval-all stopped inside its own process: the recorded calls are those that went well before it.
    "cli_eval_all/test_eval_all_rejects_absolute_artifact_references": "GLW021",
    "cli_eval_all/test_eval_all_rejects_mismatched_release_identity": "GLW026",
    # Metrics outside of the package are no part of it; what shows is a configuration without its aggregate.
    "cli_eval_all/test_eval_all_rejects_metrics_inputs_outside_output_package": "GLW028",
    # The recorded calls made a good package, which was altered afterwards; the paper's verifier was not recorded.
    "dataset_package/test_dataset_verifier_rejects_hand_authored_split_integrity_report": "GLW053",
    "dataset_package/test_dataset_verifier_rejects_stale_data_card_class_balance": "GLW052",
    "dataset_package/test_dataset_verifier_rejects_stale_data_card_from_metadata": "GLW052",
    "dataset_package/test_dataset_verifier_rejects_stale_manifest_from_metadata": "GLW050",
    "dataset_package/test_dataset_verifier_requires_metadata_json": "GLW003 dataset/dataset_package.json",
    # Loaders of single documents: no call of theirs was recorded at all.
    "provenance_manifest/test_load_manifest_rejects_invalid_json": "GLW001",
    "provenance_manifest/test_load_manifest_rejects_missing_keys": "GLW004",
    "provenance_manifest/test_load_manifest_rejects_unknown_top_level_keys": "GLW004",
    "provenance_manifest/test_manifest_disk_round_trip_is_byte_stable": "",
    "provenance_receipt/test_canonical_json_key_order_is_stable": "",
    "provenance_receipt/test_loader_rejects_bad_output_shape": "GLW004",
    "provenance_receipt/test_loader_rejects_bad_provenance_shape": "GLW004",
    "provenance_receipt/test_loader_rejects_invalid_json": "GLW001",
    "provenance_receipt/test_loader_rejects_legacy_receipt_field": "GLW004",
    "provenance_receipt/test_loader_rejects_missing_output_key": "GLW004",
    "provenance_receipt/test_loader_rejects_missing_top_level_key": "GLW004",
    "provenance_receipt/test_loader_rejects_non_object_top_level": "GLW004",
    "provenance_receipt/test_loader_rejects_unknown_runtime_key": "GLW004",
    "provenance_receipt/test_loader_rejects_unknown_top_level_key": "GLW004",
    "provenance_receipt/test_round_trip_is_byte_stable": "",
    "provenance_receipt/test_round_trip_returns_equal_receipt": "",
}
"""What is expected of the cases whose record tells no verdict; "" is accepted."""

NOTHING_STATED = {"provenance_manifest/test_single_byte_tamper_changes_file_hash"}
"""One binary file, about which nothing is stated and no call was recorded."""

ALLOW_FIXTURE = {"model_package/test_build_model_package_can_allow_fixture_manifest_for_local_tests"}
"""The builder was called with an option that the record does not tell."""

_RUN, _DATASET = "model/training_run_manifest.json", "dataset/dataset_package.json"
ARGUMENTS: dict[str, tuple[str, tuple[str | int, ...], Any]] = {
    "training_run/test_parse_training_run_metadata_rejects_invalid_commit_sha": (_RUN, ("commit_sha",), "main"),
    "training_run/test_parse_training_run_metadata_rejects_placeholder_text": (_RUN, ("result_summary",), "TBD"),
    "training_run/test_parse_training_run_metadata_rejects_unexpected_generator": (_RUN, ("generated_by",), "me"),
    "training_run/test_parse_training_run_metadata_requires_monitoring": (
        _RUN,
        ("monitoring", "nan_monitoring"),
        False,
    ),
    "training_run/test_parse_training_run_metadata_requires_positive_sample_count": (
        "model/metrics.json",
        ("sample_count",),
        0,
    ),
    "dataset_package/test_parse_dataset_package_rejects_generated_file_as_input": (
        _DATASET,
        ("files", 0, "path"),
        "data_card.md",
    ),
    "dataset_package/test_parse_dataset_package_rejects_placeholder_text": (_DATASET, ("intended_use",), "TODO"),
    "dataset_package/test_parse_dataset_package_rejects_undeclared_file_split": (
        _DATASET,
        ("files", 0, "split"),
        "other",
    ),
    "dataset_package/test_parse_dataset_package_rejects_unexpected_generator": (_DATASET, ("generated_by",), "me"),
    "paper_draft/test_build_paper_draft_requires_utc_generated_timestamp": ("paper.md", (), "2026-06-01 00:00"),
}
"""Cases in which an argument was refused that lies in no file: where a release that holds it would have it."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A recorded verdict: our rules that must refuse (none: accepted), and what the recorded calls asked for."""

    reasons: frozenset[str]
    decided: bool
    coverage: tuple[str, ...]


def recorded(case: Path) -> Recorded:
    """The verdict of a case. A reason that `REASONS` does not know is a KeyError: it must be looked at."""
    verdict = json.loads((case / "verdict.json").read_text())
    final = verdict.get("final", {})
    names = " ".join(call["function"] for call in verdict["calls"])
    stated: list[str] = []
    if final.get("outcome") == "raised":
        stated = [final["message"]]
    elif final.get("ok") is False:
        stated = [item["code"] for item in final["issues"]]
    elif isinstance(final.get("result"), int):
        assert final["result"] == 0, f"{case}: an exit code without a reason"
    return Recorded(
        reasons=frozenset(REASONS[item] for item in stated),
        decided=bool(final),
        coverage=tuple(name for name in ("rollout", "vep") if f"require_v02_{name}" in names),
    )


def found(root: Path, **options: Any) -> set[str]:
    """The rules that refuse a folder, each alone and with the file that it is about."""
    errors = check(replace(find_parts(root), **options)).errors
    return {item.rule for item in errors} | {f"{item.rule} {item.file}" for item in errors}


def difference(name: str, wanted: frozenset[str], refused: set[str]) -> str:
    """A line that tells how our verdict differs from the wanted one; empty when it does not."""
    if wanted <= refused and bool(wanted) == bool(refused):
        return ""
    return f"{name}: expected {sorted(wanted) or 'accepted'}, found {sorted(refused) or 'accepted'}"


def test_public_cases(genolewm_cases: Path) -> None:
    wrong, seen = [], set()
    for case in sorted(path.parent for path in genolewm_cases.glob("*/*/verdict.json")):
        name = f"{case.parent.name}/{case.name}"
        seen.add(name)
        if name in NOTHING_STATED or name in ARGUMENTS:
            continue
        verdict = recorded(case)
        wanted = verdict.reasons
        if name in BY_NAME:
            assert not wanted, f"{name} has a recorded reason: take it off the list"
            wanted = frozenset({BY_NAME[name]} - {""})
        else:
            assert verdict.decided, f"{name} has no recorded verdict"
        try:
            refused = found(case / "root", allow_fixture=name in ALLOW_FIXTURE, coverage=verdict.coverage)
        except ProofpressError as exc:
            refused = {str(exc)}
        wrong.append(difference(name, wanted, refused))
    assert not any(wrong), "\n".join(filter(None, wrong))
    assert seen >= {*BY_NAME, *NOTHING_STATED, *ALLOW_FIXTURE, *ARGUMENTS}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_refused_arguments(genolewm_cases: Path, release: Release, name: str) -> None:
    """What was refused before any file held it is refused in a release that does hold it."""
    path, keys, value = ARGUMENTS[name]
    release.write()
    if keys:
        document = inner = release.get(path)
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value
        release.put(path, document)
    else:
        paper = (release.root / path).read_text()
        (release.root / path).write_text(paper.replace("Generated: 2026", f"Generated: {value} 2026"))
    wanted = recorded(genolewm_cases / name).reasons
    assert wanted
    assert not difference(name, wanted, found(release.root))

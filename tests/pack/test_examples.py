"""The example packs: the comparison with a second making sees changed evidence and forgives measured times."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.values import Number
from proofpress.ingest.strict import parse_json
from proofpress.pack.preflight import open_place
from proofpress.registry import open_registry
from proofpress.verify import Profiles

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "docs/examples/sklearn_releases/compare.py"
FAMILY = ROOT / "packs/clinical"
RELEASE = "clinical-v0.2.0-gbt-r1"


@pytest.fixture(scope="module")
def differences() -> Callable[[Path, Path], list[str]]:
    """The comparison of the example scripts."""
    spec = importlib.util.spec_from_file_location("compare", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[Path, Path], list[str]] = module.differences
    return found


@pytest.fixture
def again(tmp_path: Path) -> Path:
    """A copy of the committed family, to be changed."""
    shutil.copytree(FAMILY, tmp_path / "clinical")
    return tmp_path / "clinical"


def edit(path: Path, change: Callable[[Any], object]) -> None:
    """Change a JSON document in place; the digits of its other numbers stay."""
    document = parse_json(path.read_bytes())
    change(document)
    path.write_text(dump_json(document), encoding="utf-8")


def test_equal_packs_do_not_differ(differences: Callable[[Path, Path], list[str]], again: Path) -> None:
    assert differences(FAMILY, again) == []


def test_measured_times_are_forgiven(differences: Callable[[Path, Path], list[str]], again: Path) -> None:
    edit(again / RELEASE / "training/training_run.json", lambda run: run.update(duration_seconds=Number("99.5")))
    edit(
        again / RELEASE / "model/efficiency_report.json",
        lambda report: [row.update(value=Number("1.5")) for row in report["rows"]],
    )
    edit(
        again / RELEASE / "readiness/suite_report.json",
        lambda suite: suite["steps"][0].update(duration_seconds=Number("9.5")),
    )
    edit(
        again / RELEASE / "training/training_preflight_report.json",
        lambda report: report["machine"].update(memory_bytes=1),
    )
    edit(again / RELEASE / "readiness/readiness_report.json", lambda report: report["inputs"][0].update(size=1))
    assert differences(FAMILY, again) == []


def test_what_a_suite_wrote_and_what_it_means_are_not_forgiven(
    differences: Callable[[Path, Path], list[str]], again: Path
) -> None:
    edit(again / RELEASE / "readiness/suite_report.json", lambda suite: suite["steps"][0].update(exit_code=1))
    edit(again / RELEASE / "readiness/readiness_report.json", lambda report: report["rows"][0].update(status="passed"))
    edit(again / RELEASE / "model/metrics/test.json", lambda found: found["rows"][1].update(n=1))
    assert [line.partition(": ")[0] for line in differences(FAMILY, again)] == [
        f"{RELEASE}/model/metrics/test.json /rows/1/n",
        f"{RELEASE}/readiness/readiness_report.json /rows/0/status",
        f"{RELEASE}/readiness/suite_report.json /steps/0/exit_code",
    ]


def test_a_changed_value_is_named_with_its_place(differences: Callable[[Path, Path], list[str]], again: Path) -> None:
    edit(again / RELEASE / "model/eval_metrics.json", lambda found: found["rows"][1].update(value=Number("0.95")))
    lines = differences(FAMILY, again)
    assert [line.split(":")[0] for line in lines if "/rows/1/value:" in line] == [
        f"{RELEASE}/model/eval_metrics.json /rows/1/value"
    ]
    assert any(line.endswith("committed 0.859375, new 0.95") for line in lines)


def test_a_missing_file_and_a_missing_pack_are_named(
    differences: Callable[[Path, Path], list[str]], again: Path
) -> None:
    (again / RELEASE / "demo/predict.py").unlink()
    shutil.rmtree(again / "clinical-v0.1.0-logreg-r1")
    assert differences(FAMILY, again) == [
        "clinical-v0.1.0-logreg-r1: only committed",
        f"{RELEASE}/demo/predict.py: only committed",
    ]


# ── what the committed packs tell ────────────────────────────────────────────────────────────────────


def document(release: str, path: str) -> Any:
    """A JSON document of a committed pack."""
    return json.loads((ROOT / "packs" / release.partition("-")[0] / release / path).read_text(encoding="utf-8"))


RELEASES = sorted(path.parent.name for path in (ROOT / "packs").glob("*/*/manifest.json"))
READINESS = "readiness/readiness_report.json"


def receipts() -> dict[str, Any]:
    """The receipts of the committed packs, by bundle id."""
    found = [json.loads(path.read_bytes()) for path in (ROOT / "packs" / "attestations").glob("*/gate.json")]
    return {receipt["subject"]["bundle_id"]: receipt for receipt in found}


def test_every_release_was_judged_before_it_was_promoted() -> None:
    judged = receipts()
    assert sorted(judged) == RELEASES
    assert [release for release in RELEASES if judged[release]["verdict"] == "FAIL"] == [RELEASE]
    registry = open_registry(ROOT / "packs" / "registry").registry()
    assert (registry.intact, registry.status(RELEASE)) == (True, "REJECTED")
    approved = [step for step in registry.steps if step.kind == "approved"]
    assert {step.bundle_id for step in approved} == set(RELEASES) - {RELEASE}
    for step in approved:
        receipt = judged[step.bundle_id]
        assert (receipt["verdict"], receipt["subject"]["pack_id"]) == ("PASS", registry.bundles[step.bundle_id].pack_id)
        assert receipt["evaluated_at"] < step.at


def test_a_patch_of_the_story_changes_no_score() -> None:
    passed = {item["gate"] for item in receipts()["digits-v0.2.1-mlp64-r1"]["decisions"] if item["verdict"] == "pass"}
    assert {"GAT012", "GAT013"} <= passed


def test_the_policy_is_the_last_one_of_the_story() -> None:
    ids = {receipt["subject"]["bundle_id"]: receipt["subject"]["pack_id"] for receipt in receipts().values()}
    last = max((SOURCE.parent / "policies").glob("*.yaml")).read_text(encoding="utf-8")
    for release, pack_id in ids.items():
        last = last.replace(f"{{{release}}}", pack_id)
    assert (ROOT / "packs" / "policy.yaml").read_text(encoding="utf-8") == last


@pytest.mark.parametrize("release", RELEASES)
def test_every_release_is_measured_by_its_suite(release: str) -> None:
    manifest, suite = document(release, "manifest.json"), document(release, "readiness/suite_report.json")
    assert (manifest["rule_book"], manifest["template_set"]["name"]) == (2, "2")
    assert suite["ok"]
    (step,) = suite["steps"]
    (written,) = step["outputs"]
    (aggregated,) = document(release, "model/eval_metrics.json")["inputs"]
    assert (written["path"], written["sha256"]) == (aggregated["path"], aggregated["sha256"])


def test_one_release_is_not_ready_and_one_goes_on_by_a_decision() -> None:
    reports = {release: document(release, READINESS) for release in RELEASES}
    assert [release for release, report in reports.items() if not report["ok"]] == [RELEASE]
    others = {
        (release, row["requires"]["metric"]): row["status"]
        for release, report in reports.items()
        for row in report["rows"]
        if row["status"] != "passed"
    }
    assert others == {
        (RELEASE, "sensitivity"): "failed",
        ("digits-v0.3.0-mlp64-r2", "worst_class_recall"): "rescoped",
    }


@pytest.mark.parametrize("release", RELEASES)
def test_rows_have_the_targets_that_the_profile_requires(release: str) -> None:
    required = {
        row["requires"]["metric"]: row["requires"]["target"]
        for row in document(release, READINESS)["rows"]
        if row["requires"].get("target")
    }
    stated = {
        row["name"]: row["target"] for row in document(release, "model/eval_metrics.json")["rows"] if "target" in row
    }
    assert stated == required


@pytest.mark.parametrize("release", RELEASES)
def test_what_the_suite_measures_can_be_measured_again(release: str, tmp_path: Path) -> None:
    """The program of the suite, run on a copy of the pack without what it wrote, writes the same bytes."""
    pack = tmp_path / release
    shutil.copytree(ROOT / "packs" / release.partition("-")[0] / release, pack)
    written = pack / "model/metrics/test.json"
    before = written.read_bytes()
    written.unlink()
    program = SOURCE.with_name("evaluate.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "generator")}
    done = subprocess.run([sys.executable, str(program), str(pack)], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert written.read_bytes() == before


@pytest.mark.parametrize(
    "pack",
    sorted(path.parent.parent for path in ROOT.glob("packs/*/*/training/params.yaml")),
    ids=lambda pack: pack.name,
)
def test_parameters_obey_the_schema_of_their_family(pack: Path) -> None:
    schema = json.loads((SOURCE.parent / pack.parent.name / "params.schema.json").read_bytes())
    assert open_place(schema) is None
    parameters = yaml.safe_load((pack / "training/params.yaml").read_bytes())
    judge = Draft202012Validator(schema)
    assert judge.is_valid(parameters)
    for name in parameters:
        misspelt = {name + "s" if key == name else key: value for key, value in parameters.items()}
        assert not judge.is_valid(misspelt), name


def test_complete_asks_for_a_schema_of_the_parameters() -> None:
    assert Profiles().chain("complete")[0].preflight_schema

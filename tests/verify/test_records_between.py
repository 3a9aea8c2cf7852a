"""Between packs: records are taken over as they are, and no goal is moved after an INFEASIBLE."""

import json
from pathlib import Path

import pytest

from derived_pack import SECOND, TARGET, DerivedPack, derived_instance
from proofpress.evidence.finding import Finding
from proofpress.evidence.values import Number
from proofpress.instance import open_instance
from proofpress.pipeline import check_instance
from proofpress.verify.facts import facts_from, facts_json, facts_of

Two = tuple[DerivedPack, DerivedPack]


@pytest.fixture
def two(tmp_path: Path) -> Two:
    """The derived release and its successor."""
    return derived_instance(tmp_path)


def found(pack: DerivedPack) -> tuple[Finding, ...]:
    """The errors of the whole instance."""
    report = check_instance(open_instance(pack.root.parent), jobs=1)
    return tuple(item for item in report.all_findings if item.severity == "error")


def test_records_that_were_taken_over_agree(two: Two) -> None:
    assert found(two[1]) == ()


def test_a_deleted_record_is_missed(two: Two) -> None:
    old = two[1]
    for name in ("ROLLBACK-depth-rollback", "depth-1", "SEAL-depth-1-seal"):
        old.remove(f"derivations/{name}.yaml").remove(f"derivations/{name}.dsse.json")
    old.remove("derivations/results/depth-1.json").reseal()
    findings = found(old)
    assert {item.rule for item in findings} == {"DRV022"}
    assert {item.pack for item in findings} == {f"digits/{SECOND}"}
    assert {Path(item.file).name for item in findings} == {
        "ROLLBACK-depth-rollback.yaml",
        "SEAL-depth-1-seal.yaml",
        "depth-1.json",
        "depth-1.yaml",
    }


def test_all_records_deleted(two: Two) -> None:
    for path in [*(two[1] / "derivations").glob("*")]:
        if path.is_file():
            path.unlink()
    two[1].reseal()
    assert {item.rule for item in found(two[1])} == {"DRV022", "DRV024", "INT008"}


def test_a_record_edited_in_place(two: Two) -> None:
    two[1].edit("INFEASIBLE-cost-data", allowed_next_action="Guess the hours.").reseal()
    (finding,) = found(two[1])
    assert (finding.rule, finding.file) == ("DRV023", "derivations/INFEASIBLE-cost-data.yaml")
    assert "digits-v0.1.0-tiny-r1" in finding.message


@pytest.mark.parametrize("targets", [[{**TARGET, "value": Number("0.5")}], [], [{**TARGET, "metric": "recall"}]])
def test_a_goal_moved_after_an_infeasible(two: Two, targets: list[object]) -> None:
    two[1].edit("charter", targets=targets).reseal()
    assert {item.rule for item in found(two[1])} == {"DRV009", "DRV024"}


def test_a_higher_goal_is_welcome(two: Two) -> None:
    two[1].edit("charter", targets=[{**TARGET, "value": Number("0.9")}]).reseal()
    assert found(two[1]) == ()


def test_a_later_bundle_keeps_the_records_of_the_first(two: Two) -> None:
    first, second = two
    second.with_release(first.release_id, bundle=2)
    second.edit("charter", release_id="digits-v0.1.0-tiny-r1")
    second.remove("derivations/NOTE-answer-cost-note.yaml").remove("derivations/NOTE-answer-cost-note.dsse.json")
    second.reseal()
    assert {item.rule for item in found(first)} >= {"DRV004", "DRV022"}


def test_cards_tell_what_other_packs_must_know(two: Two) -> None:
    facts = facts_of("digits/x", two[0].load().evidence)  # type: ignore[arg-type]
    assert facts.derived is not None
    assert facts.derived.infeasible == ("error-cost",)
    assert facts_from(json.loads(json.dumps(facts_json(facts)))) == facts

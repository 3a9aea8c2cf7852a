"""What two releases say about each other's charters."""

from pathlib import Path

import pytest

from derived_pack import POLICY, TARGET, DerivedPack, write_next_cutoff
from proofpress.diff import CHANGE_CODES, Change, diff
from proofpress.diff.charter import compare_charters
from proofpress.evidence.pack import Evidence
from proofpress.evidence.values import Number
from proofpress.verify import verify


def evidence(pack: DerivedPack) -> Evidence:
    """The pack's evidence, whatever verification says of it."""
    found = pack.load().evidence
    assert found is not None
    return found


def changes(old: Evidence, new: Evidence) -> dict[str, Change]:
    found, _unchanged = compare_charters(old, new)
    assert {item.code for item in found} <= set(CHANGE_CODES)
    assert all(item.explanation.endswith(".") and item.kind == "derivation" for item in found)
    return {item.code: item for item in found}


@pytest.fixture
def pack(tmp_path: Path) -> DerivedPack:
    """The derived pack."""
    return DerivedPack(tmp_path)


def test_equal_charters_have_no_changes(pack: DerivedPack) -> None:
    found, unchanged = compare_charters(evidence(pack), evidence(pack))
    assert (found, unchanged) == ((), 6)


def test_a_value_derived_again(pack: DerivedPack) -> None:
    old = evidence(pack)
    write_next_cutoff(pack, "0.7")
    found, _unchanged = compare_charters(old, evidence(pack))
    told = {(item.code.removeprefix("CHV-"), item.subject): item for item in found}
    assert set(told) == {
        ("VALUE-CHANGED", "cutoff"),
        ("RECORD-SUPERSEDED", "cutoff"),
        ("VALUE-CHANGED", "words"),
        ("LOCKABILITY-CHANGED", "words"),
        ("RECORD-INVALIDATED", "words"),
    }
    moved = told["VALUE-CHANGED", "cutoff"]
    assert (moved.old, moved.new, str(moved.delta), moved.direction) == (
        "0.65 fraction",
        "0.7 fraction",
        "0.05",
        "unknown",
    )
    replaced = told["RECORD-SUPERSEDED", "cutoff"]
    assert (replaced.old, replaced.new) == ("cutoff-2", "cutoff-3")
    assert told["RECORD-INVALIDATED", "words"].old == "words-1"
    assert told["LOCKABILITY-CHANGED", "words"].direction == "worse"


@pytest.mark.parametrize(("tier", "direction"), [("B", "better"), ("D", "worse"), ("n/a", "unknown")])
def test_a_tier_moved(pack: DerivedPack, tier: str, direction: str) -> None:
    old = evidence(pack)
    pack.charter_value("answer-cost", cost_tier=tier)
    (found,) = changes(old, evidence(pack)).values()
    assert (found.code, found.old, found.new, found.direction) == ("CHV-TIER-CHANGED", "C", tier, direction)


def test_values_come_and_go(pack: DerivedPack) -> None:
    whole = evidence(pack)
    values = pack.yaml("charter")["values"]
    pack.edit("charter", values=values[:-1])
    assert set(changes(whole, evidence(pack))) == {"CHV-REMOVED"}
    assert set(changes(evidence(pack), whole)) == {"CHV-ADDED"}


def test_a_deleted_record_is_told(pack: DerivedPack) -> None:
    old = evidence(pack)
    pack.remove("derivations/INFEASIBLE-cost-data.yaml")
    assert set(changes(old, evidence(pack))) == {"CHV-RECORD-REMOVED"}
    assert set(changes(evidence(pack), old)) == {"CHV-RECORD-ADDED"}


@pytest.mark.parametrize(
    ("targets", "direction"),
    [
        ([], "worse"),
        ([{**TARGET, "value": Number("0.6")}], "worse"),
        ([{**TARGET, "op": ">", "value": Number("0.7")}], "neutral"),
        ([{**TARGET, "op": "<="}], "worse"),
    ],
)
def test_a_target_moved(pack: DerivedPack, targets: list[object], direction: str) -> None:
    old = evidence(pack)
    pack.edit("charter", targets=targets)
    (found,) = changes(old, evidence(pack)).values()
    assert (found.code, found.direction) == ("CHV-TARGET-CHANGED", direction)


def test_the_comparison_tells_charters(pack: DerivedPack, tmp_path: Path) -> None:
    other = DerivedPack(tmp_path / "other")
    write_next_cutoff(other, "0.7")
    other.sealed()
    old, new = (verify(each.load(), policy=POLICY).verified for each in (pack, other))
    assert old is not None
    assert new is not None
    assert {item.code for item in diff(old, new).changes} >= {"CHV-VALUE-CHANGED", "CHV-RECORD-SUPERSEDED"}

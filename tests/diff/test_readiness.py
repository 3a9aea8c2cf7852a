"""What two releases say about each other's readiness: profiles that ask for less are seen in what they asked for."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from complete_pack import CompletePack
from proofpress.diff import CHANGE_CODES, Change
from proofpress.diff.change import KINDS
from proofpress.diff.readiness import compare_readiness
from proofpress.evidence.evaluation import Target
from proofpress.evidence.pack import Evidence
from proofpress.evidence.values import Number
from proofpress.gate.gates_changes import severity_of
from proofpress.site.changes import PARTS


@pytest.fixture
def held(tmp_path: Path) -> Evidence:
    """The evidence of a pack with a readiness report of two required rows."""
    found = CompletePack(tmp_path).load().evidence
    assert found is not None
    return found


def asked(held: Evidence, at: int, **changes: Any) -> Evidence:
    """The evidence with another required row, as a report by a changed profile would repeat it."""
    report = held.readiness
    assert report is not None
    rows = list(report.rows)
    rows[at] = rows[at].model_copy(update={"requires": rows[at].requires.model_copy(update=changes)})
    return replace(held, readiness=report.model_copy(update={"rows": tuple(rows)}))


def told(old: Evidence, new: Evidence) -> list[tuple[str, str, str]]:
    """(code, direction, what the gates do about it by default) of each change."""
    changes: tuple[Change, ...] = compare_readiness(old, new)[0]
    assert {change.code for change in changes} <= set(CHANGE_CODES)
    return [(change.code, change.direction, severity_of(change, {})) for change in changes]


def with_target(held: Evidence) -> tuple[int, Target]:
    """Which row has a target, and that target."""
    assert held.readiness is not None
    return next((at, row.requires.target) for at, row in enumerate(held.readiness.rows) if row.requires.target)


def test_equal_requirements_have_no_changes(held: Evidence) -> None:
    assert held.readiness is not None
    assert compare_readiness(held, held) == ((), len(held.readiness.rows))


def test_a_profile_that_lowers_a_target_is_seen(held: Evidence) -> None:
    at, target = with_target(held)
    assert target.op == ">="
    lower = asked(held, at, target=Target(op=">=", value=Number("0.1")))
    higher = asked(held, at, target=Target(op=">=", value=Number("0.999")))
    assert told(held, lower) == [("RDY-TARGET-CHANGED", "worse", "deny")]
    assert told(held, asked(held, at, target=None)) == [("RDY-TARGET-CHANGED", "worse", "deny")]
    turned = asked(held, at, target=Target(op="<=", value=target.value))
    assert told(held, turned) == [("RDY-TARGET-CHANGED", "worse", "deny")]
    assert told(held, higher) == [("RDY-TARGET-CHANGED", "neutral", "allow")]


def test_a_profile_that_asks_for_no_interval_is_seen(held: Evidence) -> None:
    plain, asking = asked(held, 0, interval=False), asked(held, 0, interval=True)
    assert told(asking, plain) == [("RDY-TARGET-CHANGED", "worse", "deny")]
    assert told(plain, asking) == [("RDY-TARGET-CHANGED", "neutral", "allow")]


def test_a_row_that_is_no_longer_required_is_seen(held: Evidence) -> None:
    renamed = asked(held, 0, metric="another")
    assert told(held, renamed) == [
        ("RDY-ROW-REMOVED", "worse", "deny"),
        ("RDY-ROW-ADDED", "neutral", "allow"),
    ]
    without = replace(held, readiness=None)
    assert {code for code, _way, verdict in told(held, without) if verdict == "deny"} == {"RDY-ROW-REMOVED"}
    assert {code for code, _way, _verdict in told(without, held)} == {"RDY-ROW-ADDED"}


def test_the_page_of_changes_has_a_place_for_every_kind() -> None:
    """A change of the policy stands on the pages of decisions."""
    assert {kind for _anchor, _title, kinds in PARTS for kind in kinds} == {*KINDS} - {"policy"}

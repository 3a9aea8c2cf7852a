"""Consecutive diffs of real benchmark results, task by task, where somebody has put them beside the repository."""

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from diff.releases import pack, part, row, sha256
from proofpress.diff import CHANGE_CODES, Change, diff
from proofpress.diff.report import json_report, markdown_report, text_report
from proofpress.evidence.values import Number
from proofpress.verify.verdict import VerifiedPack

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
MTEB = Path(os.environ.get("PROOFPRESS_SHARED_DATA", BESIDE)) / "mteb"
MODELS = (
    "sentence-transformers__all-MiniLM-L6-v2",
    "intfloat__e5-small",
    "intfloat__e5-small-v2",
    "BAAI__bge-small-en",
    "BAAI__bge-small-en-v1.5",
)
"""Oldest first."""
NOT_A_SCORE = "GPUSpeedTask"


def told(task: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Splits with their scores by subset, of files of today and of those before subsets were told."""
    if "scores" in task:
        yield from task["scores"].items()
        return
    for split, scores in task.items():
        if isinstance(scores, dict):
            yield split, [{"hf_subset": "default", **scores}]


def measured(task: dict[str, Any], percent: bool) -> Iterator[dict[str, Any]]:
    """The rows of a task's file; the revision of the data set says which examples were evaluated."""
    for split, scores in told(task):
        for score in scores:
            subset, value = score["hf_subset"], score["main_score"]
            keys = sha256(f"{task['dataset_revision']} {split} {subset}")
            unit = "texts/s" if task.get("task_name") == NOT_A_SCORE else "percent" if percent else "fraction"
            absent = {"code": "NOT_MEASURED", "reason": "The file says NaN."}
            number = None if value == "NaN" else Number(str(Decimal(value) * (100 if percent else 1)))
            plain = {"value": None, "absent": absent} if number is None else {"value": number}
            yield row(
                "main_score", **plain, unit=unit, split=split, slice=part("subset", subset), evaluated_keys_sha256=keys
            )


def read(file: Path, *, percent: bool = False) -> VerifiedPack:
    """A task of one model and revision as a small pack."""
    task = json.loads(file.read_bytes(), parse_float=str, parse_int=str, parse_constant=str)
    return pack("mteb-v0.1.0-r1", rows=list(measured(task, percent)), pack_id=f"sha256:{sha256(str(file))}")


def pairs() -> list[tuple[Path, Path]]:
    """Each task's results in the order of the models and their revisions, two by two."""
    found: dict[str, list[Path]] = {}
    for model in MODELS:
        for file in sorted((MTEB / model).glob("*/*.json")):
            if file.name != "model_meta.json":
                found.setdefault(file.name, []).append(file)
    return [pair for files in found.values() for pair in pairwise(files)]


PAIRS = pairs()


def name(file: Path) -> str:
    return file.relative_to(MTEB).as_posix()


@pytest.fixture(scope="module")
def changes() -> list[tuple[str, tuple[Change, ...]]]:
    if not PAIRS:
        pytest.skip("no shared data beside this repository")
    found = []
    for old, new in PAIRS:
        comparison = diff(read(old), read(new))
        for report in (text_report, markdown_report):
            assert "Traceback" not in report(comparison)
        json.loads(json_report(comparison))
        found.append((f"{name(old)} → {name(new)}", comparison.changes))
    return found


def test_hundreds_of_tasks_are_compared_with_known_codes(changes: list[tuple[str, tuple[Change, ...]]]) -> None:
    assert len(changes) > 1000
    assert {change.code for _name, found in changes for change in found} <= set(CHANGE_CODES)


def test_no_difference_is_absurd(changes: list[tuple[str, tuple[Change, ...]]]) -> None:
    moved = 0
    for told, found in changes:
        for change in found:
            if change.kind == "slice" and change.delta is not None:
                moved += 1
                assert change.unit == "texts/s" or abs(change.delta) <= 1, (told, change)
    assert moved > 500


def test_other_revisions_of_the_data_are_not_subtracted(changes: list[tuple[str, tuple[Change, ...]]]) -> None:
    apart = [change for _told, found in changes for change in found if change.code == "SLC-NOT-COMPARABLE"]
    assert apart
    assert all(change.delta is None for change in apart)
    assert any("the evaluated examples differ" in change.reason for change in apart)


def test_a_flip_to_percent_is_recognised_in_every_task() -> None:
    if not PAIRS:
        pytest.skip("no shared data beside this repository")
    flips = 0
    for old, _new in PAIRS:
        if old.stem == NOT_A_SCORE:
            continue
        found = [change for change in diff(read(old), read(old, percent=True)).changes if change.kind == "slice"]
        assert [change.delta for change in found] == [None] * len(found), name(old)
        flips += sum("the unit flipped from fraction to percent" in change.reason for change in found)
    assert flips > 1000

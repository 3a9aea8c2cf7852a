"""Consecutive diffs of real release histories, where somebody has put them beside the repository."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from diff.releases import pack, part, row, sha256
from proofpress.diff import CHANGE_CODES, Change, diff
from proofpress.diff.licence import same_licence
from proofpress.diff.report import json_report, markdown_report, text_report
from proofpress.evidence.values import Number
from proofpress.ingest.strict import parse_json
from proofpress.verify.verdict import VerifiedPack

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
DATA = Path(os.environ.get("PROOFPRESS_SHARED_DATA", BESIDE))
SPACY = DATA / "spacy-models"
FARTHEST = 4
"""Releases are compared with the four before them."""
COSTS = frozenset({"speed", "cpu", "gpu", "nwords"})
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:(a|b|rc|\.dev)(\d+))?.*")


def order(folder: Path) -> tuple[Any, ...]:
    match = _VERSION.fullmatch(folder.name)
    assert match is not None, folder.name
    return int(match[1]), int(match[2]), int(match[3] or 0), match[4] or "z", int(match[5] or 0)


def numbers(scores: Mapping[str, Any], version: int) -> Iterator[dict[str, Any]]:
    """The rows of a meta.json: plain scores, and those of each type or label as slices of its name."""
    unit = "percent" if version == 2 else "fraction"
    for name, value in scores.items():
        if isinstance(value, Number):
            cost = name in COSTS
            yield row(
                name, str(value), unit="words/s" if cost else unit, split="dev", higher_is_better=None if cost else True
            )
        elif isinstance(value, dict):
            for label, inner in value.items():
                for measure, number in inner.items() if isinstance(inner, dict) else ():
                    if isinstance(number, Number):
                        yield row(f"{name}.{measure}", str(number), unit=unit, split="dev", slice=part("label", label))


def read(folder: Path) -> VerifiedPack:
    """A release of a model as a small pack. All releases are said to be measured on the same examples."""
    meta = parse_json((folder / "meta.json").read_bytes())
    version = int(meta["version"].partition(".")[0])
    scores = meta.get("performance") or meta.get("accuracy") or {}
    sources = [
        {"name": item["name"], "reference": item.get("url") or "unknown", "licence": item.get("license") or "unknown"}
        for item in meta.get("sources") or ()
        if isinstance(item, dict)
    ]
    number = ".".join(map(str, order(folder)[:3]))
    return pack(
        f"{folder.parent.name.replace('_', '-')}-v{number}-r1",
        rows=list(numbers(scores, version)) or [row()],
        licence=meta["license"],
        summary=meta.get("description") or "none",
        compatibility={"runtime": {"spacy": meta.get("spacy_version") or "any"}},
        pack_id=f"sha256:{sha256(str(folder))}",
        keywords=[item["name"] for item in sources[:3]],
    )


def histories() -> list[tuple[Path, Path]]:
    """Pairs of releases of one model, oldest first."""
    if not SPACY.is_dir():
        return []
    return [
        pair
        for family in sorted(SPACY.iterdir())
        if family.is_dir()
        for releases in [sorted((item for item in family.iterdir() if item.is_dir()), key=order)]
        for distance in range(1, FARTHEST + 1)
        for pair in zip(releases, releases[distance:], strict=False)
    ]


PAIRS = histories()


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
        found.append((f"{old.parent.name} {old.name} → {new.name}", comparison.changes))
    return found


def test_every_change_of_real_histories_has_a_known_code(changes: list[tuple[str, tuple[Change, ...]]]) -> None:
    assert len(changes) > 300
    assert {change.code for _name, found in changes for change in found} <= set(CHANGE_CODES)


def test_no_history_holds_an_absurd_delta(changes: list[tuple[str, tuple[Change, ...]]]) -> None:
    """Version 2 tells scores in percent, version 3 in fractions: no score falls by 99 % there."""
    flips = 0
    for name, found in changes:
        for change in found:
            if change.unit in {"percent", "fraction"} and change.delta is not None:
                most = 100 if change.unit == "percent" else 1
                assert abs(change.delta) <= most, (name, change)
                if change.relative is not None and Decimal(change.old or 0) > Decimal("0.2") * most:
                    assert change.relative > Decimal("-0.9"), (name, change)
            if change.reason.startswith("the unit flipped from percent to fraction"):
                flips += 1
    assert flips > 0


def test_licences_of_real_histories_are_told_apart(changes: list[tuple[str, tuple[Change, ...]]]) -> None:
    codes: dict[str, set[tuple[str | None, str | None]]] = {}
    for _name, found in changes:
        for change in found:
            if change.code.startswith("REL-LICENCE"):
                codes.setdefault(change.code, set()).add((change.old, change.new))
    assert ("CC BY-SA 3.0", "MIT") in codes["REL-LICENCE-CHANGED"]
    assert "REL-LICENCE-RESPELT" not in codes


def test_no_two_licences_of_real_sources_are_taken_for_one(changes: list[tuple[str, tuple[Change, ...]]]) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(SPACY.glob("*/*/meta.json")))
    licences = sorted(set(re.findall(r'"license": ?"([^"]+)"', text)))
    assert len(licences) > 8
    assert [(one, other) for one, other in combinations(licences, 2) if same_licence(one, other)] == []

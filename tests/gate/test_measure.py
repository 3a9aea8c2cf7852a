"""Per-example values of two packs: the bytes that were verified, or others with their digest."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from proofpress.errors import IngestError
from proofpress.gate.measure import compare_examples
from proofpress.instance import open_instance
from proofpress.pipeline import Rules, read_registry, select, verified
from proofpress.verify.verdict import VerifiedPack

ROOT = Path(__file__).parents[2]
EXAMPLES = "model/per_example/test.jsonl"
Packs = tuple[VerifiedPack, VerifiedPack]


@pytest.fixture(scope="module")
def packs() -> Packs:
    """Two example releases that were evaluated on the same images."""
    instance = open_instance(ROOT)
    rules = Rules.of(instance, read_registry(instance))
    old, new = select(instance, ("digits-v0.2.1-mlp64-r1", "digits-v0.3.0-mlp64-r1"))
    return verified(old, rules), verified(new, rules)


def streamed(pack: VerifiedPack, **fields: Any) -> VerifiedPack:
    """The pack as if its examples were too large to be held."""
    files: Mapping[str, Any] = {
        **pack.raw.files,
        EXAMPLES: replace(pack.raw.files[EXAMPLES], data=None, **fields),
    }
    return replace(pack, raw=replace(pack.raw, files=files))


def test_differences_are_those_of_the_rows(packs: Packs) -> None:
    found = compare_examples(*packs)
    old, new = ({row.key: row for row in pack.evidence.evaluation.rows} for pack in packs if pack.evidence.evaluation)
    assert len(found.rows) > 10
    for row in found.rows:
        was, now = old[row.key].value, new[row.key].value
        assert was is not None
        assert now is not None
        assert row.n == new[row.key].n
        assert abs(row.difference - (now - was)) <= Decimal("0.000002")


def test_rows_on_other_examples_are_not_paired(packs: Packs) -> None:
    reasons = {item.row: item.reason for item in compare_examples(*packs).untested}
    assert reasons["accuracy@test[ink=medium]"].startswith("the evaluated examples differ")
    assert reasons["macro_f1@test"] == "the old value is not the mean of its per-example values"


def test_large_files_are_read_again_and_count_only_with_their_digest(packs: Packs) -> None:
    old, new = packs
    assert compare_examples(streamed(old), streamed(new)) == compare_examples(old, new)
    with pytest.raises(IngestError, match="changed since it was verified"):
        compare_examples(old, streamed(new, sha256="0" * 64))
    with pytest.raises(IngestError, match="can't be read again"):
        compare_examples(old, streamed(new, size=10))

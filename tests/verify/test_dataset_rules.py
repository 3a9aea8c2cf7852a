"""The reviewed snapshot: no single value of its three documents can change unseen, whatever is signed again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pack_builder import PackBuilder
from proofpress.evidence.values import Number
from proofpress.ingest.strict import pointer_of

SPEC, CHECK = "dataset/dataset_spec.json", "dataset/dataset_input_check_report.json"
REPORT = "dataset/dataset_snapshot_report.json"
FREE = {
    (SPEC, "/reviewed_by"),
    (SPEC, "/splits/0/assignment"),
    (SPEC, "/splits/1/assignment"),
}
"""Words that nothing else in the pack repeats."""


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield pointer_of(path), value
    for name, item in items or ():
        yield from leaves(item, (*path, name))


def changed(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, Number):
        return int(value) + 1
    last = "0" if value[-1] != "0" else "1"
    return value[:-1] + last


@pytest.mark.parametrize(
    ("path", "again"), [(SPEC, True), (CHECK, True), (SPEC, False), (CHECK, False), (REPORT, False)]
)
def test_no_value_changes_unseen(path: str, again: bool, pack: PackBuilder) -> None:
    """With `again`, the digests that name the changed file are made to fit, as a forger would."""
    pack.with_spec()
    before = {item: (pack / item).read_bytes() for item in (SPEC, CHECK, REPORT)}
    unseen = set()
    for pointer, value in list(leaves(pack.json(path))):
        if pointer == "/schema_version" or (again and pointer == "/spec_sha256"):
            continue  # a PATCH of a schema is read alike; the digest is made to fit
        pack.corrupt(path, pointer, changed(value))
        found = (pack.rebound() if again else pack.reseal()).verify().errors
        if not found:
            unseen.add((path, pointer))
        for item, data in before.items():
            pack.write(item, data)
    assert unseen == {item for item in FREE if item[0] == path and (again or path == REPORT)}


def test_a_check_of_another_build_is_found_out(pack: PackBuilder, tmp_path: Path) -> None:
    other = PackBuilder(tmp_path / "other").with_spec()
    other.corrupt(SPEC, "/reviewed_by", "another steward").rebound()
    pack.with_spec().write(CHECK, (other / CHECK).read_bytes()).reseal()
    assert {(item.rule, item.file) for item in pack.verify().errors} == {("DAT003", CHECK), ("DAT006", REPORT)}


def test_a_file_that_the_build_did_not_write_is_found_out(pack: PackBuilder) -> None:
    pack.with_spec().write("dataset/keys/record/dev.txt", "d1\n").preflighted().reseal()
    found = {item.rule: item for item in pack.verify().errors}
    assert found.keys() == {"DAT006", "INT008"}
    assert found["DAT006"].pointer == "/artifacts"
    assert "dataset/keys/record/dev.txt" in found["DAT006"].message
    assert found["INT008"].file == "dataset/keys/record/dev.txt"


def test_an_artifact_that_stands_twice_is_found_out(pack: PackBuilder) -> None:
    pack.with_spec().corrupt(REPORT, "/artifacts/-", pack.value(REPORT, "/artifacts/0")).reseal()
    (finding,) = pack.verify().errors
    assert (finding.rule, finding.pointer) == ("DAT006", "/artifacts/5")


def test_a_failed_check_never_passes(pack: PackBuilder) -> None:
    pack.with_spec().corrupt(CHECK, "/problems", ["the input x is not there"]).rebound()
    (finding,) = pack.verify().errors
    assert (finding.rule, finding.pointer) == ("DAT004", "/problems")


def test_a_snapshot_of_another_build_is_found_out(pack: PackBuilder) -> None:
    pack.with_spec().corrupt(REPORT, "/dataset_snapshot_id", "digits-0123456789abcdef").reseal()
    assert {item.rule for item in pack.verify().errors} == {"IDN004"}

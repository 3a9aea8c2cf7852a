"""What two releases say about each other."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diff.releases import (
    KEYS,
    NEW,
    OLD,
    OTHER_KEYS,
    dataset,
    integrity,
    pack,
    part,
    row,
    sha256,
)
from proofpress.diff import CHANGE_CODES, Change, Comparison, DocumentDetail, FileDetail, diff
from proofpress.diff.change import exact_delta, relative_delta
from proofpress.diff.documents import MAX_COMPARED_LINES, MAX_PATCH_LINES, section_paths
from proofpress.evidence.values import Number

MODEL = "REL-MODEL-CHANGED"


def rows_differ(old: dict[str, Any], new: dict[str, Any]) -> tuple[Change, ...]:
    found = diff(pack(OLD, rows=[old]), pack(NEW, rows=[new]))
    return tuple(change for change in found.changes if change.code != MODEL)


def only(changes: tuple[Change, ...]) -> Change:
    assert len(changes) == 1, [change.code for change in changes]
    return changes[0]


def codes(comparison: Comparison) -> list[str]:
    return [change.code for change in comparison.changes]


def test_a_value_that_fell_is_worse_by_its_exact_difference() -> None:
    change = only(rows_differ(row(value="0.970"), row(value="0.95")))
    assert (change.code, change.kind, change.subject) == ("MTR-CHANGED", "metric", "accuracy@test")
    assert (change.old, change.new) == ("0.970", "0.95")
    assert change.delta == Decimal("-0.020")
    assert change.relative == Decimal("-0.0206186")
    assert change.direction == "worse"
    assert change.explanation == (
        "accuracy@test fell from 0.970 to 0.95 fraction on the same 360 examples: that is worse."
    )


@pytest.mark.parametrize(
    ("higher_is_better", "new", "direction"),
    [(True, "0.98", "better"), (False, "0.98", "worse"), (False, "0.96", "better"), (None, "0.96", "unknown")],
)
def test_the_direction_follows_what_the_row_declares(higher_is_better: bool | None, new: str, direction: str) -> None:
    fields: dict[str, Any] = {"higher_is_better": higher_is_better}
    assert only(rows_differ(row(**fields), row(value=new, **fields))).direction == direction


def test_a_slice_has_its_own_codes_and_names_its_part() -> None:
    eight = part("digit", "8")
    change = only(rows_differ(row(slice=eight), row(value="0.8", slice=eight)))
    assert (change.code, change.kind, change.subject) == ("SLC-CHANGED", "slice", "accuracy@test[digit=8]")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (row(), row(evaluated_keys_sha256=OTHER_KEYS), "the evaluated examples differ (keys aaaaaaaa… before"),
        (row(), row(evaluated_keys_sha256=None), "the new row does not say which examples"),
        (row(evaluated_keys_sha256=None), row(evaluated_keys_sha256=None), "the old and the new row do not say"),
        (row(), row(n=359), "the number of examples differs under one digest"),
        (row(), row(higher_is_better=False), "the direction differs: higher is better before, lower is better"),
        (row(unit="seconds"), row(unit="milliseconds"), "the unit differs: 'seconds' before, 'milliseconds'"),
        (row(), row(split="validation"), "the split differs: 'test' before, 'validation' now"),
        (
            row(),
            row(value=None, absent={"code": "NOT_MEASURED", "reason": "No labels."}),
            "the new value is absent (NOT_MEASURED: No labels.)",
        ),
        (row(value="97.0", unit="percent"), row(value="0.970"), "the unit flipped from percent to fraction (97.0"),
        (row(value="97.0"), row(value="0.970"), "one value looks like percent and the other like a fraction"),
        (
            row(value="97.0", unit="%"),
            row(value="0.965", unit="%"),
            "one value looks like percent and the other like a fraction",
        ),
    ],
)  # fmt: skip
def test_values_without_common_ground_are_never_subtracted(
    old: dict[str, Any], new: dict[str, Any], reason: str
) -> None:
    change = only(rows_differ(old, new))
    assert change.code == "MTR-NOT-COMPARABLE"
    assert change.reason.startswith(reason)
    assert change.explanation.endswith(f"is not comparable, because {change.reason}.")
    assert (change.delta, change.relative, change.intervals_overlap) == (None, None, None)
    assert change.direction == "unknown"


def test_every_obstacle_is_told() -> None:
    change = only(rows_differ(row(), row(higher_is_better=None, evaluated_keys_sha256=OTHER_KEYS)))
    assert change.reason.count(";") == 1


def test_small_percentages_are_not_taken_for_fractions() -> None:
    change = only(rows_differ(row(value="1.2", unit="percent"), row(value="0.9", unit="percent")))
    assert change.code == "MTR-CHANGED"


@pytest.mark.parametrize(
    ("old_low", "old_high", "new_low", "new_high", "overlap"),
    [
        ("0.96", "0.98", "0.94", "0.96", True),
        ("0.96", "0.98", "0.94", "0.959", False),
        ("0.94", "0.95", "0.96", "0.98", False),
    ],
)
def test_intervals_are_compared(old_low: str, old_high: str, new_low: str, new_high: str, overlap: bool) -> None:
    level = Number("0.95")
    change = only(
        rows_differ(
            row(ci_low=Number(old_low), ci_high=Number(old_high), ci_level=level),
            row(value="0.95", ci_low=Number(new_low), ci_high=Number(new_high), ci_level=level),
        )
    )
    assert change.intervals_overlap is overlap


def test_intervals_of_different_levels_are_not_compared() -> None:
    ends: dict[str, Any] = {"ci_low": Number("0.9"), "ci_high": Number("0.99")}
    change = only(rows_differ(row(**ends, ci_level=Number("0.95")), row(value="0.95", **ends, ci_level=Number("0.99"))))
    assert change.intervals_overlap is None


def test_an_equal_value_is_unchanged_even_when_written_with_more_zeros() -> None:
    found = diff(pack(OLD, rows=[row(value="0.97")]), pack(NEW, rows=[row(value="0.970")]))
    assert codes(found) == [MODEL]
    assert found.unchanged == diff(pack(OLD, rows=[row()]), pack(NEW, rows=[row()])).unchanged


@pytest.mark.parametrize(
    ("old", "new", "code", "direction"),
    [
        ({"target": {"op": ">=", "value": Number("0.9")}}, {}, "MTR-TARGET-CHANGED", "worse"),
        ({}, {"target": {"op": ">=", "value": Number("0.9")}}, "MTR-TARGET-CHANGED", "neutral"),
        (
            {"target": {"op": ">=", "value": Number("0.9")}},
            {"target": {"op": ">=", "value": Number("0.8")}},
            "MTR-TARGET-CHANGED",
            "worse",
        ),
        (
            {"target": {"op": "<=", "value": Number("0.9")}},
            {"target": {"op": "<=", "value": Number("0.8")}},
            "MTR-TARGET-CHANGED",
            "better",
        ),
        (
            {"target": {"op": "<=", "value": Number("0.9")}},
            {"target": {"op": ">=", "value": Number("0.9")}},
            "MTR-TARGET-CHANGED",
            "unknown",
        ),
        (
            {"baseline": "majority", "baseline_value": Number("0.1")},
            {"baseline": "majority", "baseline_value": Number("0.2")},
            "MTR-BASELINE-CHANGED",
            "neutral",
        ),
        ({"ci_low": Number("0.9")}, {"ci_low": Number("0.8")}, "MTR-INTERVAL-CHANGED", "neutral"),
    ],
)
def test_what_stands_around_an_equal_value_is_compared_too(
    old: dict[str, Any], new: dict[str, Any], code: str, direction: str
) -> None:
    change = only(rows_differ(row(**old), row(**new)))
    assert (change.code, change.direction) == (code, direction)


def test_rows_that_got_another_baseline_are_one_change() -> None:
    eight = part("digit", "8")
    found = diff(
        pack(OLD, rows=[row(baseline="majority"), row(slice=eight, baseline="majority")]),
        pack(NEW, rows=[row(baseline=OLD), row(slice=eight, baseline=OLD)]),
    )
    change = found.changes[0]
    assert (change.code, change.subject, change.old, change.new) == (
        "MTR-BASELINE-CHANGED",
        "baseline",
        "majority",
        OLD,
    )
    assert change.explanation == (
        f"2 rows are compared with {OLD} instead of majority: accuracy@test, accuracy@test[digit=8]."
    )
    assert codes(found)[1:] == [MODEL]


def test_baselines_of_other_examples_are_not_compared() -> None:
    old = row(baseline="majority", baseline_value=Number("0.1"))
    new = row(baseline="majority", baseline_value=Number("0.2"), evaluated_keys_sha256=OTHER_KEYS)
    assert only(rows_differ(old, new)).code == "MTR-NOT-COMPARABLE"


def test_rows_of_one_side_are_added_or_removed() -> None:
    found = diff(pack(OLD, rows=[row(), row("recall")]), pack(NEW, rows=[row(), row("f1")]))
    assert codes(found) == ["MTR-REMOVED", "MTR-ADDED", MODEL]
    gone, fresh, _ = found.changes
    assert (gone.subject, gone.old, gone.new, gone.direction) == ("recall@test", "0.970", None, "unknown")
    assert (fresh.subject, fresh.old, fresh.new, fresh.direction) == ("f1@test", None, "0.970", "neutral")


def test_a_repeated_row_is_not_compared() -> None:
    found = diff(pack(OLD, rows=[row(), row(value="0.5")]), pack(NEW, rows=[row()]))
    assert codes(found)[0] == "MTR-NOT-COMPARABLE"
    assert found.changes[0].reason == "the row stands 2 times in the old release and 1 times in the new one"


def test_worst_comes_first() -> None:
    names = ("up", "down", "crash", "odd")
    old = [row(name, "0.90") for name in names] + [row("down", "0.9", slice=part("digit", "8"))]
    new = [
        row("up", "0.95"),
        row("down", "0.89"),
        row("crash", "0.50"),
        row("odd", "0.9", evaluated_keys_sha256=OTHER_KEYS),
        row("down", "0.1", slice=part("digit", "8")),
    ]
    found = diff(pack(OLD, rows=old), pack(NEW, rows=new))
    assert [change.subject for change in found.changes] == [
        "crash@test",
        "down@test",
        "down@test[digit=8]",
        "odd@test",
        "up@test",
        "model id",
    ]


def test_parameters_are_compared_leaf_by_leaf() -> None:
    old = {"threshold": Number("0.50"), "layers": [64], "optimizer": {"lr": Number("0.1"), "name": "sgd"}}
    new = {"threshold": Number("0.65"), "layers": [64, 32], "optimizer": {"lr": Number("0.1")}, "a/b": True}
    found = {change.subject: change for change in diff(pack(OLD, parameters=old), pack(NEW, parameters=new)).changes}
    assert {subject: change.code for subject, change in found.items()} == {
        "/threshold": "PRM-CHANGED",
        "/layers": "PRM-CHANGED",
        "/optimizer/name": "PRM-REMOVED",
        "/a~1b": "PRM-ADDED",
    }  # fmt: skip
    assert (found["/threshold"].delta, found["/threshold"].new) == (Decimal("0.15"), "0.65")
    assert found["/threshold"].relative is None
    assert (found["/layers"].old, found["/layers"].new) == ("[64]", "[64, 32]")


def test_one_and_true_and_one_point_zero_are_three_parameters() -> None:
    for old, new in ((1, True), (1, Number("1.0")), (None, False)):
        assert codes(diff(pack(OLD, parameters={"x": old}), pack(NEW, parameters={"x": new}))) == ["PRM-CHANGED"]


def test_the_dataset_is_compared() -> None:
    changed = dataset(
        dataset_snapshot_id="digits-2026-02",
        licence="CC0-1.0",
        target="label",
        splits=[
            {"name": "test", "records": 400, "keys_sha256": OTHER_KEYS, "purpose": "Held out."},
            {"name": "train", "records": 1, "keys_sha256": KEYS, "purpose": "To learn."},
        ],
        limitations=["Two sources."],
        features=[{"name": "pixels", "type": "int[64]", "description": "Grey levels."}],
        preprocessing=["Scaled."],
    )
    counts = integrity(
        overlaps=[{"kind": "pixels", "left": "train", "right": "test", "n": 2}],
        class_balance=[{"split": "test", "label": "3", "n": 40}],
    )
    found = diff(pack(OLD, data=dataset(), splits=integrity()), pack(NEW, data=changed, splits=counts))
    assert codes(found)[0] == "DST-OVERLAP-CHANGED"
    assert found.changes[0].direction == "worse"
    assert sorted(codes(found)) == [
        "DST-BALANCE-CHANGED",
        "DST-FEATURE-CHANGED",
        "DST-LICENCE-CHANGED",
        "DST-LIMITATION-ADDED",
        "DST-LIMITATION-REMOVED",
        "DST-OVERLAP-CHANGED",
        "DST-PREPROCESSING-ADDED",
        "DST-SNAPSHOT-CHANGED",
        "DST-SPLIT-ADDED",
        "DST-SPLIT-CHANGED",
        "DST-TARGET-CHANGED",
    ]


def test_terms_of_use_are_for_people_to_judge() -> None:
    found = diff(
        pack(OLD), pack(NEW, licence="MIT", out_of_scope=["Exams."], intended_use=["Reading digits.", "Play."])
    )
    assert {change.code: (change.old, change.new) for change in found.changes} == {
        "REL-LICENCE-CHANGED": ("Apache-2.0", "MIT"),
        "REL-INTENDED-USE-ADDED": (None, "Play."),
        "REL-OUT-OF-SCOPE-ADDED": (None, "Exams."),
        "REL-OUT-OF-SCOPE-REMOVED": ("Cheques.", None),
    }
    assert found.count("unknown") == 4


def test_documents_are_compared_section_by_section() -> None:
    old = "intro\n\n# Card\n\n## Uses\n\n- a\n- b\n\n## Limits\n\n- x\n"
    new = "intro\n\n# Card\n\n## Uses\n\n- a\n- c\n- d\n\n## Limits\n\n- x\n"
    found = diff(pack(OLD, documents={"model/card.md": old}), pack(NEW, documents={"model/card.md": new}))
    change = only(found.changes)
    assert (change.code, change.subject) == ("DOC-CHANGED", "model/card.md")
    detail = change.detail
    assert isinstance(detail, DocumentDetail)
    assert [(item.path, item.added, item.removed) for item in detail.sections] == [("Uses", 2, 1)]
    assert detail.patch.split("\n")[:2] == ["--- old/model/card.md", "+++ new/model/card.md"]
    assert {"-- b", "+- c", "+- d"} <= set(detail.patch.split("\n"))
    assert not detail.truncated


def test_documents_are_added_and_removed() -> None:
    found = diff(pack(OLD, documents={"a.md": "# A\n"}), pack(NEW, documents={"b.md": "# B\nb\n"}))
    assert {change.code: change.explanation for change in found.changes} == {
        "DOC-REMOVED": "a.md is gone: +0 and -1 lines in 1 section.",
        "DOC-ADDED": "b.md is new: +2 and -0 lines in 1 section.",
    }


def test_headings_inside_code_are_text() -> None:
    lines = ["## A", "```sh", "# not a heading", "~~~", "```", "### B", "#hash"]
    assert section_paths(tuple(lines)) == ("A", "A", "A", "A", "A", "A / B", "A / B")


def test_the_title_is_no_section_but_later_headings_of_its_level_are() -> None:
    top = "(before the first section)"
    assert section_paths(("x", "# Title", "y", "## A", "z", "# More", "## B")) == (
        top,
        top,
        top,
        "A",
        "A",
        "More",
        "More / B",
    )


def test_a_section_of_releases_with_other_titles_is_one_section() -> None:
    old, new = "# Card 1\n\n## Uses\n\n- a\n", "# Card 2\n\n## Uses\n\n- b\n"
    found = diff(pack(OLD, documents={"a.md": old}), pack(NEW, documents={"a.md": new}))
    detail = only(found.changes).detail
    assert isinstance(detail, DocumentDetail)
    assert [(item.path, item.added, item.removed) for item in detail.sections] == [
        ("(before the first section)", 1, 1),
        ("Uses", 1, 1),
    ]


def test_long_documents_are_counted_without_a_patch_and_patches_are_cut() -> None:
    long = "# A\n" + "".join(f"{number}\n" for number in range(MAX_COMPARED_LINES))
    for old, new, lines, patch in (
        (long, long + "end\n", 1, 0),
        (long, "# A\n" + "\n".join(reversed(long.split("\n")[1:-1])) + "\n", MAX_COMPARED_LINES, 0),
        ("# A\n", "# A\n" + "x\n" * 1000, 1000, MAX_PATCH_LINES),
        ("# A\n", "# A\n" + "x" * 1000 + "\n", 1, 5),
    ):
        found = diff(pack(OLD, documents={"a.md": old}), pack(NEW, documents={"a.md": new}))
        detail = only(found.changes).detail
        assert isinstance(detail, DocumentDetail)
        assert detail.truncated
        assert sum(section.added for section in detail.sections) == lines
        assert len(detail.patch.split("\n") if detail.patch else []) == patch


def test_files_are_facts() -> None:
    found = diff(
        pack(OLD, files={"a.json": "1", "b.json": "2", "c.json": "3"}),
        pack(NEW, files={"a.json": "1", "b.json": "22", "d.json": "4"}),
    )
    assert [(change.code, change.subject, change.direction) for change in found.changes] == [
        ("FIL-CHANGED", "b.json", "neutral"),
        ("FIL-REMOVED", "c.json", "neutral"),
        ("FIL-ADDED", "d.json", "neutral"),
    ]
    changed = found.changes[0]
    assert (changed.old, changed.new) == (f"sha256:{sha256('2')}", f"sha256:{sha256('22')}")
    assert changed.detail == FileDetail(old_role="evidence", new_role="evidence", old_size=1, new_size=2)
    assert changed.explanation == "b.json (evidence) is another: 1 bytes before, 2 bytes now."


def test_the_new_release_may_name_the_old_one_as_its_predecessor() -> None:
    old = pack(OLD)
    named = {"release_id": OLD, "pack_id": old.evidence.pack_id}
    assert diff(old, pack(NEW, predecessor=named)).declared
    assert not diff(old, pack(NEW)).declared


ROWS = st.lists(
    st.builds(
        lambda name, split, digit, value, unit, keys, better: row(
            name,
            value,
            split=split,
            slice=part("digit", digit) if digit else None,
            unit=unit,
            evaluated_keys_sha256=keys,
            higher_is_better=better,
            **({} if value else {"absent": {"code": "NOT_MEASURED", "reason": "No labels."}}),
        ),
        st.sampled_from(["accuracy", "f1"]),
        st.sampled_from(["test", "validation"]),
        st.sampled_from(["", "3", "8"]),
        st.sampled_from([None, "0", "0.970", "0.97", "97", "-1.5", "1e-300", "1e300"]),
        st.sampled_from(["fraction", "percent", "%", "seconds"]),
        st.sampled_from([None, KEYS, OTHER_KEYS]),
        st.sampled_from([True, False, None]),
    ),
    min_size=1,
    max_size=6,
)
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "é"])
PARAMETERS = st.dictionaries(
    st.sampled_from(["a", "b", "~", "/"]),
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("k"), inner)),
)
TEXTS = st.text(st.sampled_from("# a`~\n"), max_size=40)
PACKS = {"rows": ROWS, "parameters": PARAMETERS, "documents": st.fixed_dictionaries({"a.md": TEXTS})}


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries(PACKS))
def test_a_pack_has_no_changes_against_itself(parts: dict[str, Any]) -> None:
    one, other = pack(**parts), pack(**parts)
    found = diff(one, other)
    assert found.changes == ()
    assert found.unchanged >= len(parts["rows"])


@settings(max_examples=100, deadline=None)
@given(st.fixed_dictionaries(PACKS), st.fixed_dictionaries(PACKS))
def test_whatever_differs_is_told_in_order_under_known_codes(old: dict[str, Any], new: dict[str, Any]) -> None:
    there, back = diff(pack(OLD, **old), pack(NEW, **new)), diff(pack(NEW, **new), pack(OLD, **old))
    assert set(codes(there)) <= CHANGE_CODES.keys()
    assert there.changes == tuple(sorted(there.changes, key=lambda change: change.sort_key))
    swapped = {"ADDED": "REMOVED", "REMOVED": "ADDED"}
    turned = [
        (code[:-len(end)] + swapped[end]) if (end := code.rpartition("-")[2]) in swapped else code
        for code in codes(back)
    ]  # fmt: skip
    assert sorted(turned) == sorted(codes(there))
    assert there.unchanged == back.unchanged
    for change in there.changes:
        if change.code.endswith("NOT-COMPARABLE"):
            assert change.reason
            assert change.delta is None
        elif change.delta is not None and change.old is not None and change.new is not None:
            assert change.delta == exact_delta(Decimal(change.old), Decimal(change.new))


@pytest.mark.parametrize(
    ("old", "new", "relative"),
    [
        ("0.8", "0.6", "-0.25"),
        ("0.8", "0", "-1"),
        ("-0.5", "-0.25", "0.5"),
        ("3", "4", "0.333333"),
        ("0", "0.5", None),
        ("0.5", "-0.5", None),
        ("-0.5", "0", None),
    ],
)
def test_relative_deltas_are_there_only_where_they_mean_something(old: str, new: str, relative: str | None) -> None:
    expected = None if relative is None else Decimal(relative)
    assert relative_delta(Decimal(old), Decimal(new)) == expected


def test_deltas_are_exact_for_the_longest_numbers() -> None:
    assert str(exact_delta(Decimal("1e-300"), Decimal("1e300"))).count("9") == 600

"""What a comparison looks like on a terminal, in a pull request and to a machine."""

import json
import re
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from diff.releases import NEW, OLD, OTHER_KEYS, dataset, pack, part, row
from proofpress.diff import Comparison, diff, json_report, markdown_report, report_schema, text_report
from proofpress.diff.report import code_span, percent, visible

EIGHT = part("digit", "8")


@pytest.fixture
def comparison() -> Comparison:
    old = pack(
        OLD,
        rows=[row(), row("f1", "0.9"), row(value="0.9", slice=EIGHT)],
        data=dataset(),
        documents={"model/card.md": "# Card\n\nold\n"},
        files={"a.json": "1"},
    )
    new = pack(
        NEW,
        rows=[row(value="0.950"), row("f1", "0.95"), row(slice=EIGHT, evaluated_keys_sha256=OTHER_KEYS)],
        data=dataset(licence="CC0-1.0"),
        documents={"model/card.md": "# Card\n\nnew\n"},
        files={"a.json": "2"},
        predecessor={"release_id": OLD, "pack_id": old.evidence.pack_id},
    )
    return diff(old, new)


def test_text_is_aligned_and_explains_each_change(comparison: Comparison) -> None:
    lines = text_report(comparison).split("\n")
    assert lines[:2] == [f"{OLD} → {NEW}", "1 worse, 2 unknown, 1 better, 3 neutral, 13 unchanged"]
    assert lines[3].split() == [
        "worse", "MTR-CHANGED", "accuracy@test", "0.970", "→", "0.950", "-0.020", "(-2.06", "%)",
    ]  # fmt: skip
    assert lines[4] == "  accuracy@test fell from 0.970 to 0.950 fraction on the same 360 examples: that is worse."
    starts = {line.index("accuracy@test") for line in lines[3:] if " accuracy@test" in line and "-C" in line}
    assert len(starts) == 1
    assert "  +1 -1  (before the first section)" in lines


def test_a_foreign_pair_is_marked() -> None:
    found = diff(pack(OLD), pack(NEW))
    assert "does not name the old one as its predecessor" in text_report(found)
    assert "does not name the old one as its predecessor" in markdown_report(found)


def test_text_lets_no_control_character_through() -> None:
    hostile = "a\u202eb\u200bc"
    found = diff(pack(OLD), pack(NEW, intended_use=(hostile,), documents={"x.md": "## \x1b]0;title\x07 \x9b31m\n"}))
    for report in (text_report(found), markdown_report(found)):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u200b]", report)
        assert r"a\u202eb\u200bc" in report
        assert r"\u001b]0;title\u0007 \u009b31m" in report


def test_wide_characters_keep_the_columns() -> None:
    found = diff(pack(OLD), pack(NEW, rows=[row("精度"), row("abcd")]))
    lines = [line for line in text_report(found).split("\n") if "MTR-ADDED" in line]
    wide, plain = sorted(lines, key=len)
    assert wide.index("none") + 2 == plain.index("none")


def test_markdown_puts_the_worst_table_first(comparison: Comparison) -> None:
    text = markdown_report(comparison)
    assert re.findall("^## .*$", text, re.MULTILINE) == [
        "## Worse (1)",
        "## To be judged (2)",
        "## Better (1)",
        "## Changed (3)",
    ]
    assert "| MTR-CHANGED | `accuracy@test` | `0.970` | `0.950` | -0.020 (-2.06 %) |" in text
    assert "```diff\n--- old/model/card.md" in text


def test_markdown_keeps_to_its_length() -> None:
    found = diff(pack(OLD, rows=[row()]), pack(NEW, rows=[row(f"m{number}") for number in range(200)]))
    text = markdown_report(found, most=4000)
    assert len(text) <= 4000
    shown = text.count("| MTR-")
    assert f"{len(found.changes) - shown} rows or diffs were left out" in text
    assert markdown_report(found, most=0).count("|") == 0


HOSTILE = st.text(st.sampled_from("a`|\\<>*_[]()!@#&;:/\u202e\n~ -\t"), min_size=1, max_size=30)


@settings(max_examples=150, deadline=None)
@given(HOSTILE)
def test_evidence_can_not_leave_its_code_span(text: str) -> None:
    shown = visible(text)
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    inline = markdown.parseInline(code_span(text))[0].children or []
    assert [(token.type, token.content) for token in inline] == [("code_inline", shown)]
    table = markdown.parse(f"| a | b |\n| --- | --- |\n| {code_span(text, in_table=True)} | x |\n")
    cells = [token.children or [] for token in table if token.type == "inline"]
    assert len(cells) == 4
    assert [token.type for token in cells[2]] == ["code_inline"]
    assert cells[2][0].content == shown


@settings(max_examples=50, deadline=None)
@given(st.text(st.sampled_from("a`~#\n<> |"), max_size=60))
def test_a_patch_can_not_leave_its_fence(text: str) -> None:
    found = diff(pack(OLD, documents={"x.md": "# A\n"}), pack(NEW, documents={"x.md": "# A\n" + text + "\n"}))
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown_report(found))
    assert [token.type for token in tokens if token.level == 0][-1] in {"fence", "table_close"}
    assert sum(token.type == "fence" for token in tokens) <= 1
    assert sum(token.type == "heading_open" for token in tokens) in {2, 3}


def validate(text: str) -> Any:
    plain = json.loads(text)
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(plain, schema, cls=jsonschema.Draft202012Validator)
    return plain


def test_json_validates_against_its_schema_and_keeps_numbers_exact(comparison: Comparison) -> None:
    text = json_report(comparison)
    plain = validate(text)
    assert plain["schema"] == "proofpress.diff/1"
    assert plain["summary"] == {"worse": 1, "unknown": 2, "better": 1, "neutral": 3, "unchanged": 13}
    assert plain["declared_predecessor"] is True
    assert plain["changes"][0]["code"] == "MTR-CHANGED"
    assert '"delta": -0.020,' in text
    assert {"document", "file"} <= {key for change in plain["changes"] for key in change}


def test_json_of_equal_packs_validates() -> None:
    plain = validate(json_report(diff(pack(OLD, rows=[row()]), pack(OLD, rows=[row()]))))
    assert plain["changes"] == []


def test_the_schema_is_closed(comparison: Comparison) -> None:
    plain = json.loads(json_report(comparison))
    plain["changes"][0]["direction"] = "sideways"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain, report_schema())


def test_reports_are_the_same_for_the_same_packs(comparison: Comparison) -> None:
    for report in (text_report, markdown_report, json_report):
        assert report(comparison) == report(comparison)


@pytest.mark.parametrize(
    ("relative", "text"),
    [
        ("-0.0206186", "-2.06 %"),
        ("0.00001", "+0.001 %"),
        ("-0.00001234", "-0.001 %"),
        ("12", "+1200.00 %"),
        ("1e300", "+1" + "0" * 37 + "… %"),
    ],
)
def test_percent_is_never_shown_as_zero_or_with_an_exponent(relative: str, text: str) -> None:
    assert percent(Decimal(relative)) == text


def test_numbers_of_any_length_are_told() -> None:
    found = diff(pack(OLD, rows=[row(value="1e-300", unit="x")]), pack(NEW, rows=[row(value="1e300", unit="x")]))
    assert found.changes[0].code == "MTR-CHANGED"
    for report in (text_report, markdown_report, json_report):
        assert "1e300" in report(found)


def test_a_comment_is_found_again_by_its_first_line(comparison: Comparison) -> None:
    first = markdown_report(comparison).splitlines()
    assert first[0] == "<!-- proofpress:diff:digits -->"
    assert first[1].startswith("# Changes from ")

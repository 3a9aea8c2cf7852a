"""Rows that are read in batches, and what is remembered of files that are equal."""

from decimal import Decimal

import pytest

from proofpress.ingest.hints import PassingText, hint_lines
from proofpress.ingest.remembered import Remembered
from proofpress.ingest.rows import held_facts, held_rows
from proofpress.ingest.strict import StrictError, parse_row, parse_rows


@pytest.mark.parametrize(
    "lines",
    [
        [b'{"key": "a", "pixels": [0, 1.50, 3]}', b'{"key": "b", "pixels": []}'],
        [b'{"key": "a", "slices": {"x": "y"}, "texts": ["]", "["]}'],
        [b'{"key": "a", "value": -0.000}', b'{"key": "b", "value": 1.25e3}'],
    ],
)
def test_a_batch_gives_what_single_rows_give(lines: list[bytes]) -> None:
    rows = parse_rows(lines)
    assert rows == [parse_row(line) for line in lines]
    assert [repr(row) for row in rows] == [repr(parse_row(line)) for line in lines]


@pytest.mark.parametrize(
    "lines",
    [
        [b'{"key": "a", "parts": [{"x": 1}]}'],
        [b'{"key": "a", "parts": [[1]]}'],
        [b'{"key": "a", "parts": [{"x": 1, "x": 2}]}'],
        [b'{"key" : "a", "key": "b"}'],
        [b'{"key"\t: "a", "key": "b"}'],
        [b'{"key": "a", "parts": [{"x": 1}', b'{"y": 2}]}', b'{"key": "b"},{"key": "c"}'],
        [b'{"key": "a", "value": 1e400}'],
        [b'{"key": "a", "value": 0.' + b"0" * 200 + b"1}"],
        [b'{"key": "a", "value": 1.' + b"0" * 200 + b"}"],
        [b'{"key": "a", "value": NaN}'],
    ],
)
def test_what_is_not_ordinary_is_read_one_by_one(lines: list[bytes]) -> None:
    assert parse_rows(lines) is None


def test_equal_files_have_one_reading() -> None:
    data = b'{"key": "a", "value": 0.10}\n{"key": "b", "value": 0.20}\n'
    facts = held_facts(data, "digest of this test")
    assert facts.whole.sums == {"value": Decimal("0.30")}
    assert held_facts(data, "digest of this test") is facts
    assert held_rows(data, "digest of this test")[1]["key"] == "b"
    for _ in range(2):  # what is refused is not remembered as read
        with pytest.raises(StrictError, match="keys are not sorted"):
            held_facts(b'{"key": "b"}\n{"key": "a"}\n', "another digest of this test")


def test_the_oldest_result_is_forgotten() -> None:
    known = Remembered[int](2)
    made: list[str] = []

    def make(name: str) -> int:
        made.append(name)
        return len(made)

    for name in ("a", "b", "a", "c", "a", "b"):
        known.get(name, lambda name=name: make(name))  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]


@pytest.mark.parametrize("text", [b"D:/secret/x\nD:/y", b"first\nd:/secret/x"])
def test_a_drive_at_the_start_of_a_line_is_a_hint_in_that_line(text: bytes) -> None:
    passing = PassingText("notes.txt")
    passing.feed(text)
    lines = hint_lines("notes.txt", text)["path"]
    assert tuple(passing.end()["path"]) == lines
    assert dict(lines) == {
        number: line for number, line in enumerate(text.decode().split("\n"), start=1) if ":/" in line
    }

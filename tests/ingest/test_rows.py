"""Facts of per-example files: the same from memory as from a stream."""

import hashlib
import json
import os
from decimal import Decimal
from io import BytesIO

import pytest

from pack_builder import PackBuilder
from proofpress.ingest.rows import CHUNK, MAX_LINE_BYTES, RowFacts, hashed_lines, lines_of, read_rows
from proofpress.ingest.strict import StrictError

ROWS = b"""\
{"key": "a", "correct": 1, "loss": 0.25, "slices": {"parity": "odd"}}
{"key": "b", "correct": 0, "loss": 0.50, "slices": {"parity": "even"}, "flag": true}
{"key": "c", "correct": 1, "loss": 1e-2, "slices": {"parity": "odd"}}
"""


def facts(data: bytes) -> RowFacts:
    return read_rows(lines_of(data))


def digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def test_counts_digests_and_sums() -> None:
    found = facts(ROWS)
    assert found.keyed
    assert found.whole.n == 3
    assert found.whole.keys_sha256 == digest(b"a\nb\nc\n")
    assert found.whole.sums == {"correct": 2, "loss": Decimal("0.76")}
    odd, even = found.slices["parity", "odd"], found.slices["parity", "even"]
    assert (odd.n, odd.keys_sha256, odd.sums["loss"]) == (2, digest(b"a\nc\n"), Decimal("0.26"))
    assert (even.n, even.keys_sha256) == (1, digest(b"b\n"))


def test_rows_without_keys_are_only_counted() -> None:
    found = facts(b'{"text": "x"}\n{"text": "y"}\n')
    assert not found.keyed
    assert found.whole.n == 2


@pytest.mark.parametrize(
    ("data", "rule", "pointer"),
    [
        (b'{"key": "b"}\n{"key": "a"}\n', "ING010", "/1"),
        (b'{"key": "a"}\n{"key": "a"}\n', "ING010", "/1"),
        (b'{"key": ""}\n', "ING010", "/0"),
        (b'{"key": "a\\nb"}\n', "ING010", "/0"),
        (b'{"key": "a", "slices": [1]}\n', "ING010", "/0"),
        (b'{"key": "a", "slices": {"x": 1}}\n', "ING010", "/0"),
        (b'{"key": "a", "slices": {"x": ["y"]}}\n', "ING010", "/0"),
        (b'{"key": "a", "v": NaN}\n', "ING009", "/0"),
        (b'{"key": "a", "v": 1, "v": 2}\n', "ING008", "/0"),
        (b'{"key": "a"}\n\n{"key": "b"}\n', "ING007", "/1"),
        (b'{"key": "a"}', "ING007", ""),
    ],
)
def test_refused(data: bytes, rule: str, pointer: str) -> None:
    with pytest.raises(StrictError) as caught:
        facts(data)
    assert (caught.value.rule, caught.value.pointer) == (rule, pointer)


def streamed(data: bytes, size: int | None = None) -> tuple[RowFacts, str]:
    seen = hashlib.sha256()
    found = read_rows(hashed_lines(BytesIO(data), (seen.update,), len(data) if size is None else size))
    return found, seen.hexdigest()


def test_stream_equals_memory() -> None:
    rows = [
        {"key": f"k{n:06}", "correct": n % 2, "slices": {"third": str(n % 3)}, "text": "é" * (n % 50)}
        for n in range(20_000)
    ]
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    assert len(data) > 2 * CHUNK / 1.5
    found, seen = streamed(data)
    wanted = facts(data)
    assert seen == digest(data)
    assert found.whole.sums == wanted.whole.sums == {"correct": 10_000}
    assert found.whole.keys_sha256 == wanted.whole.keys_sha256
    assert {name: (group.n, group.keys_sha256) for name, group in found.slices.items()} == {
        name: (group.n, group.keys_sha256) for name, group in wanted.slices.items()
    }


@pytest.mark.parametrize("before", [0, 10, CHUNK - 100])
def test_long_line_is_refused_wherever_it_begins(before: int) -> None:
    lead = b'{"key": "a", "t": "%s"}\n' % (b"x" * before) if before else b""
    long = b'{"key": "b", "t": "%s"}\n' % (b"x" * MAX_LINE_BYTES)
    with pytest.raises(StrictError, match="longer than 1 MiB"):
        streamed(lead + long)


@pytest.mark.parametrize("change", [-1, 1, -CHUNK])
def test_stream_of_another_size_is_refused(change: int) -> None:
    data = b"".join(b'{"key": "k%07d"}\n' % n for n in range(100_000))
    with pytest.raises(OSError, match="size changed"):
        streamed(data, len(data) + change)


def test_streamed_file_of_a_pack(pack: PackBuilder) -> None:
    lines = [b'{"key": "k%06d", "note": "%s"}\n' % (n, b"x" * 90) for n in range(12_000)]
    pack.write("attachments/big.jsonl", b"".join(lines)).reseal()
    file = pack.load().raw.files["attachments/big.jsonl"]
    assert file.data is None
    assert file.size == os.path.getsize(pack / "attachments/big.jsonl") > 1024 * 1024  # noqa: PTH202
    assert file.rows is not None
    assert file.rows.whole.n == 12_000
    assert pack.verify().findings == ()
    pack.write("attachments/big.jsonl", b"".join([lines[1], lines[0], *lines[2:]]))
    assert [finding.rule for finding in pack.verify().findings] == ["ING010"]


def test_markers_are_counted_and_bounded() -> None:
    lines = [
        *(b'{"key": "a%d", "generated_by": "tiny.score"}' % n for n in range(3)),
        b'{"key": "b"}',
        b'{"key": "c", "generated_by": 7}',
        b'{"key": "d", "generated_by": null}',
    ]
    assert read_rows(lines).markers == {"tiny.score": 3, "": 1, "(no label)": 2}
    many = [b'{"generated_by": "w%d"}' % n for n in range(10_000)]
    found = read_rows(many).markers
    assert len(found) == 33
    assert found["(further labels)"] == 10_000 - 32

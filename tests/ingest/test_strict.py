"""Strict JSON and YAML: what is ambiguous is refused, what is plain is read exactly."""

import json
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.values import Number
from proofpress.ingest.strict import MAX_DEPTH, MAX_STRUCTURED_BYTES, StrictError, parse_json, parse_row, parse_yaml


def refusal(data: bytes, parse: Any = parse_json) -> StrictError:
    with pytest.raises(StrictError) as caught:
        parse(data)
    return caught.value


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────


def _suite(robustness: Path, kind: str) -> list[Path]:
    files = sorted((robustness / "json-test-suite" / "test_parsing").glob(f"{kind}_*.json"))
    assert len(files) > 30
    return files


def test_suite_refuses_what_must_fail(robustness: Path) -> None:
    accepted = []
    for file in _suite(robustness, "n"):
        try:
            parse_json(file.read_bytes())
        except StrictError:
            continue
        accepted.append(file.name)
    assert accepted == []


def test_suite_accepts_what_must_pass_but_repeated_keys(robustness: Path) -> None:
    refused = {}
    for file in _suite(robustness, "y"):
        try:
            parse_json(file.read_bytes())
        except StrictError as exc:
            refused[file.name] = exc.rule
    assert refused == {"y_object_duplicated_key.json": "ING008", "y_object_duplicated_key_and_value.json": "ING008"}


def test_suite_never_ends_in_another_exception(robustness: Path) -> None:
    for file in _suite(robustness, "i"):
        with suppress(StrictError):
            parse_json(file.read_bytes())


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        (b"\xef\xbb\xbf{}", "ING007", "byte order mark"),
        (b'"\xff"', "ING007", "not UTF-8"),
        (b'{"a": [1, {"b": 1, "b": 2}]}', "ING008", "stands twice"),
        (b"[NaN]", "ING009", "NaN"),
        (b"[-Infinity]", "ING009", "Infinity"),
        (b"[9007199254740993]", "ING009", "2^53"),
        (b"[1e999]", "ING009", "range of doubles"),
        (b"[1e-99999999999]", "ING009", "range of doubles"),
        (b"[0." + b"1" * 200 + b"]", "ING009", "128 characters"),
        (b"[" + b"9" * 5000 + b"]", "ING009", "128 characters"),
        (b"[" * 66 + b"]" * 66, "ING007", "nested"),
        (b"[" * 100_000, "ING007", "nested"),
        (rb'"\ud800"', "ING007", "surrogate"),
        (rb'{"\udc00": 1}', "ING007", "surrogate"),
        (b'"' + b" " * MAX_STRUCTURED_BYTES + b'"', "ING005", "16 MiB"),
        (b"", "ING007", "not JSON"),
        (b"{} {}", "ING007", "not JSON"),
        (b"'a'", "ING007", "not JSON"),
    ],
    ids=lambda value: value[:20].decode("latin-1") if isinstance(value, bytes) else None,
)
def test_json_is_refused(text: bytes, rule: str, words: str) -> None:
    error = refusal(text)
    assert error.rule == rule
    assert words in str(error)


def test_repeated_key_is_told_by_its_pointer() -> None:
    assert refusal(b'{"a": [1, {"b/c": 1, "b/c": 2}]}').pointer == "/a/1/b~1c"


def test_plain_json_is_read_exactly() -> None:
    value = parse_json(b'{"a": [0.970, 1E3, -0, 9007199254740992], "b": null, "c": "\\ud83d\\ude00"}')
    assert [str(item) for item in value["a"]] == ["0.970", "1E3", "-0", "9007199254740992"]
    assert isinstance(value["a"], tuple)
    assert value["c"] == "\U0001f600"
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) == _nested(MAX_DEPTH)


def _nested(depth: int) -> Any:
    value: Any = ()
    for _ in range(depth - 1):
        value = (value,)
    return value


_NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,13})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True).map(Number)
_SCALARS = st.none() | st.booleans() | _NUMBERS | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def _tokens(value: Any) -> list[str]:
    if isinstance(value, Number):
        return [value.token]
    if isinstance(value, dict):
        value = tuple(value.values())
    return [token for item in value for token in _tokens(item)] if isinstance(value, tuple) else []


@given(_VALUES, st.sampled_from([None, 0, 2]))
def test_round_trip_keeps_every_token(value: Any, indent: int | None) -> None:
    text = dump_json(value, indent=indent)
    again = parse_json(text.encode())
    assert again == value
    assert _tokens(again) == _tokens(value)
    assert dump_json(again, indent=indent) == text


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (parse_json, parse_yaml, parse_row):
        with suppress(StrictError):
            parse(data)


@given(_VALUES)
def test_what_is_accepted_agrees_with_the_standard_reader(value: Any) -> None:
    text = dump_json(value)
    assert parse_json(text.encode()) == _tupled(json.loads(text, parse_float=Decimal))


def _tupled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _tupled(item) for name, item in value.items()}
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value


# ── rows of JSON Lines ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b'{"a":1,"a":2}', "ING008"),
        (b'{"a":1,"a" :2}', "ING008"),
        (b'{"a":1,"a"\t:2}', "ING008"),
        (b'{"a":{"b":1,"b" :2}}', "ING008"),
        (b'{"l" : [{"x":1,"x" :2}]}', "ING008"),
        (b'{"a": {"x": 1}, "a": 2}', "ING008"),
        (b'{"a": NaN}', "ING009"),
        (b'{"a": 1e400}', "ING009"),
        (b'{"a": 9007199254740993}', "ING009"),
        (b'{"a": [9007199254740993]}', "ING009"),
        (b'{"a": ' + b"9" * 5000 + b"}", "ING009"),
        (b"[1]", "ING007"),
        (b"", "ING007"),
        (b'{"a": "\xff"}', "ING007"),
        (rb'{"a": "\ud800"}', "ING007"),
        (b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}", "ING007"),
        (b'{"a": ' + b"[" * 100_000, "ING007"),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else None,
)
def test_row_is_refused(line: bytes, rule: str) -> None:
    assert refusal(line, parse_row).rule == rule


@pytest.mark.parametrize(
    "line",
    [b'{"a":1,"b":{"a":2}}', b'{"a" : 1}', b'{"a":"\\":","b":[{"a":1}]}', b'{"a": "b: \\"c\\": d"}'],
)
def test_row_is_read(line: bytes) -> None:
    assert parse_row(line) == json.loads(line)


# ── YAML ─────────────────────────────────────────────────────────────────────────────────────────────


def test_yaml_scalars_follow_json() -> None:
    value = parse_yaml(
        b"a: NO\nb: 012\nc: 12:30\nd: 1.50\ne: true\nf: null\ng: ~\nh: '1'\ni: yes\nj: 0x1f\nk: .inf\nl: 2026-01-01\n"
        b"m: 1_000\nn: True\no: -1e3\np:\n"
    )
    assert {name: str(item) for name, item in value.items() if isinstance(item, Number)} == {"d": "1.50", "o": "-1e3"}
    assert value["e"] is True
    assert value["f"] is None
    texts = {"a": "NO", "b": "012", "c": "12:30", "g": "~", "h": "1", "i": "yes", "j": "0x1f", "k": ".inf"}
    texts |= {"l": "2026-01-01", "m": "1_000", "n": "True", "p": ""}
    assert {name: value[name] for name in texts} == texts


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("a: &x 1\nb: *x\n", "ING007", "anchors"),
        ("a: *x\n", "ING007", "anchors"),
        ("a: !!int 1\n", "ING007", "tags"),
        ("a: !own 1\n", "ING007", "tags"),
        ("!!python/object/apply:os.system ['true']\n", "ING007", "tags"),
        ("a: 1\na: 2\n", "ING008", "stands twice"),
        ("a: {b: 1, b: 2}\n", "ING008", "stands twice"),
        ("? [a]\n: 1\n", "ING007", "key is a text"),
        ("a: 1\n---\nb: 2\n", "ING007", "more than one"),
        ("", "ING007", "empty"),
        ("# only a comment\n", "ING007", "empty"),
        ("[" * 50_000, "ING007", "nested"),
        ("- " * 50_000, "ING007", "nested"),
        ("a: [1, 2\n", "ING007", "not YAML"),
        ("a:\tb: c\n", "ING007", "not YAML"),
        ("a: 9007199254740993\n", "ING009", "2^53"),
        ("\ufeffa: 1\n", "ING007", "byte order mark"),
    ],
    ids=lambda value: value[:16] if isinstance(value, str) else None,
)
def test_yaml_is_refused(text: str, rule: str, words: str) -> None:
    error = refusal(text.encode(), parse_yaml)
    assert error.rule == rule
    assert words in str(error)


def test_yaml_bomb_is_refused_before_it_grows() -> None:
    bomb = b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c + 1, c + 1, c, c) for c in range(97, 120))
    assert "anchors" in str(refusal(bomb, parse_yaml))

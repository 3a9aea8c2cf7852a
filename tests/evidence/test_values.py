"""Values that are more than strings and floats: exact numbers, release ids, JSON text."""

import copy
import pickle
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Held
from proofpress.evidence.finding import Finding
from proofpress.evidence.jsontext import dump_json, plain
from proofpress.evidence.pack import KINDS
from proofpress.evidence.values import Number, ReleaseParts
from proofpress.evidence.yamltext import dump_yaml
from proofpress.ingest.strict import parse_json, parse_yaml


def test_number_keeps_its_token() -> None:
    number = Number("0.970")
    assert number == Decimal("0.97")
    assert str(number) == f"{number}" == "0.970"
    assert number.half_unit == Decimal("0.0005")
    assert Number("1E3").half_unit == 500
    assert type(number + 1) is Decimal
    for copied in (copy.deepcopy(number), copy.copy(number), pickle.loads(pickle.dumps(number))):  # noqa: S301
        assert type(copied) is Number
        assert copied.token == "0.970"  # noqa: S105 - a number's token


@pytest.mark.parametrize(("token", "whole"), [("12", True), ("-0", True), ("1.0", False), ("1e3", False)])
def test_integer_tokens(token: str, whole: bool) -> None:
    assert Number(token).is_integer_token is whole


@pytest.mark.parametrize(
    ("release_id", "parts"),
    [
        ("digits-v0.2.0-mlp64-r1", ("digits", "0.2.0", "mlp64", 1)),
        ("digits-v0.2.0-r3", ("digits", "0.2.0", "", 3)),
        ("two-words-v1.0.0rc2-a-b-r10", ("two-words", "1.0.0rc2", "a-b", 10)),
    ],
)
def test_release_ids(release_id: str, parts: tuple[str, str, str, int]) -> None:
    found = ReleaseParts(release_id)
    assert (found.name, found.version, found.variant, found.revision) == parts


@pytest.mark.parametrize(
    "release_id",
    [
        "",
        "digits",
        "digits-v1.0-r1",
        "Digits-v1.0.0-r1",
        "digits-v1.0.0-r0",
        "digits-v1.0.0",
        "-v1.0.0-r1",
        "digits-v1.0.0--r1",
        "digits-v1.0.0-r1\n",
        "digits_x-v1.0.0-r1",
        "digits-v\u0661.0.0-r1",
    ],
)
def test_what_is_no_release_id(release_id: str) -> None:
    with pytest.raises(ValueError, match="not a release id"):
        ReleaseParts(release_id)


def test_order_of_releases() -> None:
    versions = ["0.9.0", "0.10.0a1", "0.10.0b1", "0.10.0rc1", "0.10.0rc2", "0.10.0", "1.0.0"]
    ids = [f"x-v{version}-r1" for version in versions] + ["x-v1.0.0-r2", "x-v1.0.0-a-r1"]
    assert sorted([*ids[3:], *ids[:3]], key=lambda item: ReleaseParts(item).sort_key) == ids


@given(st.lists(st.tuples(*[st.integers(0, 30)] * 3), min_size=2, max_size=6))
def test_order_of_plain_versions_is_numeric(versions: list[tuple[int, int, int]]) -> None:
    ids = [f"x-v{'.'.join(map(str, version))}-r1" for version in versions]
    ordered = sorted(ids, key=lambda item: ReleaseParts(item).sort_key)
    assert ordered == [f"x-v{'.'.join(map(str, version))}-r1" for version in sorted(versions)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_json_has_no_infinity(value: Any) -> None:
    with pytest.raises(ValueError, match="no NaN"):
        dump_json({"a": [value]})


def test_json_has_no_other_types() -> None:
    with pytest.raises(TypeError, match="bytes"):
        dump_json({"a": b"x"})


def test_json_text() -> None:
    value = {"a": [], "b": {}, "c": (1, 0.5, Decimal("1E+2"), Number("0.10"), True, None), "é": 'q"\n'}
    assert dump_json(value, indent=None) == (
        '{"a": [], "b": {}, "c": [1, 0.5, 100, 0.10, true, null], "é": "q\\"\\n"}\n'
    )
    assert dump_json({"a": [1, {"b": 2}]}) == '{\n  "a": [\n    1,\n    {\n      "b": 2\n    }\n  ]\n}\n'


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_models_write_what_they_read(kind: Any, held: Held) -> None:
    path, data = held(kind)
    parse, dump = (parse_yaml, dump_yaml) if path.endswith(".yaml") else (parse_json, dump_json)
    document = kind.model.model_validate(parse(data))
    assert parse_json(dump_json(document).encode()) == parse(data)
    assert dump(parse(data)).encode() == data
    assert plain(document)["schema_version"] in {kind.schema_version, "1.0.0"}
    with pytest.raises(ValueError, match="frozen"):
        document.schema_version = "2.0.0"


def test_findings_are_ordered_by_pack_severity_file_and_rule() -> None:
    def finding(pack: str, severity: Any, file: str, rule: str) -> Finding:
        return Finding(pack=pack, severity=severity, file=file, rule=rule, message="m")

    ordered = [
        finding("a", "error", "a.json", "AAA001"),
        finding("a", "error", "a.json", "BBB001"),
        finding("a", "error", "b.json", "AAA001"),
        finding("a", "warning", "a.json", "AAA001"),
        finding("a", "note", "a.json", "AAA001"),
        finding("b", "error", "a.json", "AAA001"),
    ]
    assert sorted([*ordered[3:], *ordered[:3]], key=lambda item: item.sort_key) == ordered

"""The `schema_version` contract."""

import re
from pathlib import Path
from typing import Any

import pytest

from conftest import Held
from pack_builder import REMOVE, PackBuilder
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import KIND_BY_PATH, KINDS
from proofpress.evidence.values import Number
from proofpress.ingest.schema import read_document
from proofpress.ingest.strict import PARSERS, parse_json

COST = "model/efficiency_report.json"


def read(pack: PackBuilder, **changes: Any) -> tuple[Any, tuple[Finding, ...]]:
    for name, value in changes.items():
        pack.corrupt(COST, "/" + name.replace("__", "/"), value)
    return read_document(KIND_BY_PATH[COST], parse_json((pack / COST).read_bytes()))


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.rule, finding.pointer) for finding in findings]


def parsed(path: str, data: bytes) -> Any:
    return PARSERS[Path(path).suffix](data)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_unknown_field_of_a_known_minor_is_refused(kind: Any, held: Held) -> None:
    raw = parsed(*held(kind))
    assert read_document(kind, raw)[1] == ()
    document, findings = read_document(kind, raw | {"titel": "x"})
    assert document is None
    assert told(findings) == [("SCH001", "/titel")]
    assert "'titel'" in findings[0].message
    assert "extensions" in findings[0].hint


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_unknown_fields_of_a_newer_minor_are_listed(kind: Any, held: Held) -> None:
    raw = parsed(*held(kind))
    document, findings = read_document(kind, raw | {"schema_version": "1.4.0", "later": {"a": 1}})
    assert document is not None
    assert told(findings) == [("SCH003", "/later")]
    assert findings[0].severity == "note"


def test_an_invalid_entry_is_told_once(pack: PackBuilder) -> None:
    """The list that holds it is not called too short."""
    rows = parse_json((pack / COST).read_bytes())["rows"]
    _document, findings = read(pack, rows=[{**rows[0], "name": 7}])
    assert told(findings) == [("SCH001", "/rows/0/name")]
    _document, findings = read(pack, rows=[])
    assert told(findings) == [("SCH001", "/rows")]
    assert findings[0].message == "needs at least 1 entry"


def test_nested_fields_of_a_newer_minor_are_listed(pack: PackBuilder) -> None:
    document, findings = read(pack, schema_version="1.7.0", rows__0__carbon="g", rows__1__carbon="g", later=1)
    assert document is not None
    assert document.rows[0].name == "latency_p50"
    assert sorted(told(findings)) == [("SCH003", "/later"), ("SCH003", "/rows/0/carbon"), ("SCH003", "/rows/1/carbon")]


def test_newer_minor_keeps_its_other_rules(pack: PackBuilder) -> None:
    document, findings = read(pack, schema_version="1.7.0", later=1, measured_at="yesterday")
    assert document is None
    assert ("SCH001", "/measured_at") in told(findings)


@pytest.mark.parametrize("version", ["1.0.0", "1.9.0"])
@pytest.mark.parametrize("there", [True, False])
def test_required_field_that_is_unknown_is_refused(version: str, there: bool, pack: PackBuilder) -> None:
    changes = {"later": 1} if there else {}
    document, findings = read(pack, schema_version=version, requires=["rows", "later"], **changes)
    assert document is None
    assert told(findings) == [("SCH002", "/requires/1")]
    assert "'later'" in findings[0].message


def test_required_field_that_is_known_is_fine(pack: PackBuilder) -> None:
    assert read(pack, requires=["rows", "batch_size", "absent"])[1] == ()


@pytest.mark.parametrize("requires", [None, "rows", 7, [1], {"a": 1}, [None]])
def test_malformed_requires_is_a_finding(requires: Any, pack: PackBuilder) -> None:
    document, findings = read(pack, schema_version="1.9.0", later=1, requires=requires)
    assert document is None
    assert all(rule == "SCH001" for rule, _pointer in told(findings))


@pytest.mark.parametrize(("version", "word"), [("2.0.0", "newer"), ("0.9.0", "older"), ("10.0.0", "newer")])
def test_other_major_is_refused(version: str, word: str, pack: PackBuilder) -> None:
    document, findings = read(pack, schema_version=version)
    assert document is None
    assert told(findings) == [("SCH002", "/schema_version")]
    assert word in findings[0].message


@pytest.mark.parametrize(
    "version", ["1", "1.0", "v1.0.0", "1.0.0-rc1", "", 1, None, "\u0661.0.0", "1.0.0\n", "9" * 5000 + ".0.0"]
)
def test_malformed_version_is_refused(version: Any, pack: PackBuilder) -> None:
    document, findings = read(pack, schema_version=version)
    assert document is None
    assert told(findings) == [("SCH001", "/schema_version")]


def test_missing_version_is_refused(pack: PackBuilder) -> None:
    assert told(read(pack, schema_version=REMOVE)[1]) == [("SCH001", "/schema_version")]


def test_extensions_are_free(pack: PackBuilder) -> None:
    document, findings = read(pack, extensions={"org.example": {"any": [1, None, Number("0.10")]}})
    assert findings == ()
    assert str(document.extensions["org.example"]["any"][2]) == "0.10"


@pytest.mark.parametrize("raw", [(), "text", None, Number("1")])
def test_document_that_is_no_object(raw: Any) -> None:
    document, findings = read_document(KIND_BY_PATH[COST], raw)
    assert document is None
    assert told(findings) == [("SCH001", "")]


@pytest.mark.parametrize(
    ("path", "pointer", "value"),
    [
        ("release.json", "/released_at", "2026-13-01T00:00:00Z"),
        ("release.json", "/released_at", "\u0662026-03-01T00:00:00Z"),
        ("release.json", "/release_id", "Digits-v1.0.0-r1"),
        ("release.json", "/release_id", "digits-v01.0.0-r1"),
        ("release.json", "/release_id", "digits-v1.0.0-r0"),
        ("release.json", "/release_id", "d\u0456gits-v1.0.0-r1"),
        ("release.json", "/summary", " "),
        ("release.json", "/summary", "two\nlines"),
        ("release.json", "/summary", "bell\u0007"),
        ("release.json", "/summary", "x" * 4001),
        ("release.json", "/intended_use", []),
        ("release.json", "/bundle", Number("1.0")),
        ("release.json", "/bundle", 0),
        ("manifest.json", "/files/0/sha256", "A" * 64),
        ("manifest.json", "/files/0/sha256", "a" * 63),
        ("manifest.json", "/files/0/path", "../x"),
        ("manifest.json", "/files/0/size", -1),
        ("manifest.json", "/files/0/size", "1"),
        ("manifest.json", "/files/0/size", True),
        ("manifest.json", "/files", []),
        ("model/eval_metrics.json", "/rows/0/value", "0.75"),
        ("model/eval_metrics.json", "/rows/0/higher_is_better", 1),
        ("model/eval_metrics.json", "/commit", "abc"),
        ("model/eval_metrics.json", "/model_id", "a" * 64),
    ],
)
def test_values_of_another_form_are_told_by_their_pointer(
    path: str, pointer: str, value: Any, pack: PackBuilder
) -> None:
    pack.corrupt(path, pointer, value)
    document, findings = read_document(KIND_BY_PATH[path], parse_json((pack / path).read_bytes()))
    assert document is None
    assert told(findings) == [("SCH001", pointer)]
    assert not re.search(r"pydantic|Decimal|instance", findings[0].message), findings[0].message

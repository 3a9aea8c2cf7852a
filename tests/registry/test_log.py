"""Lines of the log that can't be believed, and what `append` writes and refuses."""

import json
from typing import Any

import pytest

from proofpress.errors import UsageError
from proofpress.registry import append, fold, parse_log
from proofpress.registry.events import GENESIS
from proofpress.registry.log import MAX_LINE
from registry.logs import LIVE, ONE, TWO, approved, chained, fields, grown, read

GOOD = chained(fields("registered"), fields("candidate"), fields("approved"))


def broken(position: int, line: bytes) -> bytes:
    lines = GOOD.splitlines(keepends=True)
    lines[position] = line
    return b"".join(lines)


@pytest.mark.parametrize(
    ("data", "rule", "pointer", "message"),
    [
        (broken(1, b"{\n"), "REG001", "/1", "not JSON"),
        (broken(1, b"\n"), "REG001", "/1", "not JSON"),
        (broken(1, b"[]\n"), "REG001", "/1", "not an object"),
        (broken(1, b'{"kind": 1, "kind": 2}\n'), "REG001", "/1", "stands twice"),
        (broken(1, b'{"a": NaN}\n'), "REG001", "/1", "NaN"),
        (broken(1, b"\xff\n"), "REG001", "/1", "not UTF-8"),
        (broken(1, b'"' + b"a" * MAX_LINE + b'"\n'), "REG001", "/1", "too long"),
        (GOOD[:-1], "REG001", "/2", "no line feed"),
        (broken(1, b'{"kind": "deleted"}\n'), "REG002", "/1", "kind is unknown"),
        (broken(1, b'{"kind": ["registered"]}\n'), "REG002", "/1", "kind is unknown"),
        (chained(fields("registered", at="yesterday")), "REG002", "/0/at", "UTC time"),
        (chained(fields("registered", scope=LIVE)), "REG002", "/0/scope", "unknown field"),
        (chained(fields("activated", scope={})), "REG002", "/0/scope", "at least 1"),
        (chained(fields("activated", scope={"Env": "x"})), "REG002", "/0/scope/Env", "scope's key"),
        (chained(fields("yanked")), "REG002", "/0/reason", "missing"),
        (chained(fields("yanked", reason="x", upgrade_path="latest")), "REG002", "/0/upgrade_path", "bundle id"),
        (chained(fields("registered", schema_version="2.0.0")), "REG002", "/0/schema_version", "newer MAJOR"),
    ],
)
def test_a_line_that_is_no_event_ends_the_events(data: bytes, rule: str, pointer: str, message: str) -> None:
    log, findings = parse_log(data)
    finding = findings[0]
    assert finding.rule == rule
    assert finding.pointer.startswith(pointer)
    assert message in finding.message
    assert finding.message.startswith("line ")
    assert len(log) == int(pointer.split("/")[1])
    assert not fold(log, findings).intact


def test_every_unreadable_line_is_told() -> None:
    _log, findings = parse_log(broken(0, b"{\n")[:-5])
    assert [(finding.rule, finding.pointer) for finding in findings] == [("REG001", "/0"), ("REG001", "/2")]


def test_a_newer_minor_is_read_and_its_fields_are_told() -> None:
    data = chained(fields("registered", schema_version="1.7.0", mood="good"))
    log, findings = parse_log(data)
    assert [(finding.rule, finding.severity) for finding in findings] == [("SCH003", "note")]
    assert fold(log, findings).intact
    assert append(log, fields("candidate")) != b""


def test_append_writes_one_chained_line() -> None:
    line = append((), fields("registered"))
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "schema_version": "1.0.0",
        "generated_by": "proofpress.registry",
        "seq": 1,
        "prev": GENESIS,
        **fields("registered"),
    }
    second = json.loads(append(read(line), fields("candidate")))
    assert (second["seq"], second["prev"]) == (2, read(line)[0].sha256)


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (fields("promoted"), "no event 'promoted'", "registered, candidate"),
        (fields("activated"), "activated: /scope: field 'scope' is missing", ""),
        (fields("candidate", at="2026-03-01"), "candidate: /at: not a UTC time", ""),
        (fields("candidate", TWO), "REG006", "register it first"),
        (fields("activated", scope=LIVE), "can't be activated", "legal from REGISTERED: candidate"),
        (fields("candidate", at="2025-01-01T00:00:00Z"), "REG005", ""),
    ],
)
def test_append_says_what_is_wrong(said: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        append(read(chained(fields("registered"))), said)
    assert message in str(raised.value)
    assert hint in raised.value.hint


def test_activating_over_another_tells_which_to_name() -> None:
    data = grown(b"", *approved(ONE), fields("activated", ONE, scope=LIVE), *approved(TWO))
    with pytest.raises(UsageError) as raised:
        append(read(data), fields("activated", TWO, scope=LIVE))
    assert raised.value.hint == f"name {ONE} as what it supersedes"


def test_append_refuses_a_broken_log() -> None:
    log = read(chained(fields("registered"), fields("approved")))
    with pytest.raises(UsageError, match="the log is broken"):
        append(log, fields("candidate"))


def test_repeats_are_no_ops_by_whomever_and_whenever() -> None:
    data = grown(b"", *approved(ONE), fields("activated", ONE, scope=LIVE))
    assert append(read(data), fields("activated", ONE, 9, scope=LIVE, by="somebody else")) == b""
    assert append(read(data), fields("registered", ONE, 9)) == b""
    data = grown(data, fields("yanked", reason="Leak."))
    assert append(read(data), fields("yanked", minute=9, reason="Leak.")) == b""


@pytest.mark.parametrize("more", [{"reason": "Another."}, {"reason": "Leak.", "upgrade_path": TWO}])
def test_a_yank_is_not_edited_by_another(more: dict[str, Any]) -> None:
    data = grown(b"", fields("registered"), fields("registered", TWO), fields("yanked", reason="Leak."))
    with pytest.raises(UsageError) as raised:
        append(read(data), fields("yanked", **more))
    assert raised.value.hint == "YANKED is final"

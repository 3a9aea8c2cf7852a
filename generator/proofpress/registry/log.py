"""Bytes → events: the lines of the log, each with the digest that the next one names."""

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Final

from proofpress.evidence.finding import Finding
from proofpress.evidence.jsontext import dump_json, plain
from proofpress.ingest.schema import read_document
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.registry.events import EVENTS, LOG, Event

MAX_LINE: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """An event and the sha256 of its line, line feed included."""

    event: Event
    sha256: str


Log = tuple[Logged, ...]


def line_of(event: Event) -> bytes:
    """The event as one line."""
    return dump_json(plain(event), indent=None).encode()


def parse_log(data: bytes) -> tuple[Log, tuple[Finding, ...]]:
    """Read all lines. The events end at the first line that can't be read; findings are told for all lines."""
    log: list[Logged] = []
    findings: list[Finding] = []
    *lines, rest = data.split(b"\n")
    broken = False
    for number, line in enumerate(lines, start=1):
        event, found = _event(line, number)
        findings += found
        broken = broken or event is None
        if event is not None and not broken:
            log.append(Logged(event=event, sha256=hashlib.sha256(line + b"\n").hexdigest()))
    if rest:
        hint = "remove the incomplete last line (a write was cut off) and run the command again"
        message = "the last line has no line feed"
        findings.append(_finding("REG001", len(lines) + 1, message, "a complete line", f"{len(rest)} bytes", hint))
    return tuple(log), tuple(findings)


def _event(line: bytes, number: int) -> tuple[Event | None, tuple[Finding, ...]]:
    hint = "restore the log from its last commit"
    if len(line) >= MAX_LINE:
        found = f"{len(line)} bytes"
        return None, (_finding("REG001", number, "the line is too long", f"at most {MAX_LINE} bytes", found, hint),)
    try:
        raw: Any = parse_json(line)
    except StrictError as exc:
        return None, (_finding("REG001", number, str(exc), "one strict JSON object", exc.found, hint),)
    if not isinstance(raw, dict):
        return None, (_finding("REG001", number, "the line is not an object", "one strict JSON object", "", hint),)
    name = raw.get("kind")
    kind = EVENTS.get(name) if isinstance(name, str) else None
    if kind is None:
        found = repr(name)[:80]
        message = "the event's kind is unknown"
        return None, (
            _finding("REG002", number, message, ", ".join(EVENTS), found, "use a newer Proofpress, or " + hint),
        )
    document, notes = read_document(kind, raw)
    return (document if isinstance(document, Event) else None), tuple(_placed(note, number) for note in notes)


def _placed(finding: Finding, number: int) -> Finding:
    """A schema finding as one of the log; notes about a newer schema keep their own rule."""
    rule = "REG002" if finding.severity == "error" else finding.rule
    return replace(
        finding, rule=rule, message=f"line {number}: {finding.message}", pointer=f"/{number - 1}{finding.pointer}"
    )


def _finding(rule: str, number: int, message: str, expected: str, found: str, hint: str) -> Finding:
    return Finding(
        rule=rule,
        file=LOG,
        pointer=f"/{number - 1}",
        message=f"line {number}: {message}",
        expected=expected,
        found=found,
        hint=hint,
    )

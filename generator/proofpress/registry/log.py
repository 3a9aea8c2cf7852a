"""Bytes ↔ entries: what stands in the log, each with its signed request."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from proofpress.evidence.finding import Finding
from proofpress.evidence.jsontext import dump_json
from proofpress.ingest.schema import read_document
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.registry.events import ENTRY, EVENTS, GENERATED_BY, LOG, REQUEST_PAYLOAD, SCHEMA_VERSION, Entry, Request
from proofpress.registry.tiles import MAX_ENTRY
from proofpress.signing.dsse import EnvelopeError, Opened, open_envelope_of

MAX_REQUEST: Final = 40 * 1024
_RESTORE: Final = "restore packs/registry/log from its last commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A request and the envelope that it came in, whose signatures are not checked yet.

    `digest` is the sha256 of the payload: the same request signed by more keys has the same one.
    """

    event: Request
    envelope: Opened
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A request with its number in the log and the time at which it was placed."""

    seq: int
    at: str
    signed: Signed

    @property
    def event(self) -> Request:
        """What was asked for."""
        return self.signed.event


Log = tuple[Logged, ...]


def entry_of(seq: int, at: str, envelope: Opened) -> bytes:
    """The bytes of an entry. Raises `ValueError` when they are too many."""
    raw = {
        "schema_version": SCHEMA_VERSION,
        "generated_by": GENERATED_BY,
        "seq": seq,
        "at": at,
        "request": envelope.raw(),
    }
    data = dump_json(raw, indent=None).removesuffix("\n").encode()
    if len(data) > MAX_ENTRY:
        raise ValueError(f"the entry is longer than {MAX_ENTRY} bytes")
    return data


def parse_entries(entries: Iterable[bytes]) -> tuple[Log, tuple[Finding, ...]]:
    """Read all entries. The log ends at the first that can't be read; findings are told for all of them."""
    log: list[Logged] = []
    findings: list[Finding] = []
    broken = False
    for number, data in enumerate(entries, start=1):
        logged, found = _logged(data, number)
        findings += found
        broken = broken or logged is None
        if logged is not None and not broken:
            log.append(logged)
    return tuple(log), tuple(findings)


def _logged(data: bytes, number: int) -> tuple[Logged | None, tuple[Finding, ...]]:
    try:
        raw: Any = parse_json(data)
    except StrictError as exc:
        return None, (_unreadable(number, str(exc), exc.found),)
    entry, notes = read_document(ENTRY, raw)
    placed = tuple(_placed(note, number) for note in notes)
    if not isinstance(entry, Entry):
        return None, placed
    try:
        envelope = open_envelope_of(entry.request, REQUEST_PAYLOAD)
    except EnvelopeError as exc:
        return None, (*placed, _unreadable(number, str(exc), "", pointer="/request"))
    signed, found = read_request(envelope)
    placed += tuple(_placed(note, number, below="/request/payload") for note in found)
    if signed is None:
        return None, placed
    return Logged(seq=entry.seq, at=entry.at, signed=signed), placed


def read_request(envelope: Opened) -> tuple[Signed | None, tuple[Finding, ...]]:
    """The request in an envelope, None when it is none; findings have the pointer within the payload."""
    try:
        raw: Any = parse_json(envelope.payload)
    except StrictError as exc:
        return None, (_finding("REG001", str(exc), "one strict JSON object", exc.found),)
    name = raw.get("kind") if isinstance(raw, dict) else None
    kind = EVENTS.get(name) if isinstance(name, str) else None
    if kind is None:
        expected, found = ", ".join(EVENTS), repr(name)[:80]
        hint = f"use a newer Proofpress, or {_RESTORE}"
        return None, (_finding("REG002", "the event's kind is unknown", expected, found, hint),)
    event, notes = read_document(kind, raw)
    if not isinstance(event, Request):
        return None, notes
    return Signed(event=event, envelope=envelope, digest=hashlib.sha256(envelope.payload).hexdigest()), notes


def _placed(finding: Finding, number: int, below: str = "") -> Finding:
    """A schema finding as one of the log; notes about a newer schema keep their own rule."""
    rule = "REG002" if finding.severity == "error" and not finding.rule.startswith("REG") else finding.rule
    pointer = f"/{number - 1}{below}{finding.pointer}"
    return replace(finding, rule=rule, message=f"entry {number}: {finding.message}", pointer=pointer)


def _unreadable(number: int, message: str, found: str, pointer: str = "") -> Finding:
    finding = _finding("REG001", message, "an entry that holds a signed request", found)
    return _placed(replace(finding, pointer=pointer), number)


def _finding(rule: str, message: str, expected: str, found: str, hint: str = _RESTORE) -> Finding:
    return Finding(rule=rule, file=LOG, message=message, expected=expected, found=found, hint=hint)

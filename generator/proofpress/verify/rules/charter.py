"""DRV001 to DRV010: what a charter says of its values is what the records say, and what blocks a value blocks it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from proofpress.evidence.derivation import (
    CHARTER,
    COST_DATA,
    LOCKABLE_TIERS,
    Charter,
    CharterValue,
    Derivation,
    Infeasible,
    Record,
    RiskNote,
    Rollback,
    place_of,
)
from proofpress.evidence.finding import Finding
from proofpress.evidence.ledger import Ledger
from proofpress.verify.phrases import tells_nothing
from proofpress.verify.rule import Case, rule, trouble

_AGAIN: Final = "let 'proofpress derive charter' take it from the signed records again"
_NEW: Final = "write a new record that supersedes it; a record is never edited"


def _values(case: Case) -> Iterator[tuple[str, CharterValue, Record | None]]:
    """(pointer, value, the record that it names) of the charter."""
    charter = case.evidence.charter
    for index, value in enumerate(charter.values if charter else ()):
        yield f"/values/{index}", value, case.ledger.by_id.get(value.record or "")


def _charter(case: Case) -> Charter:
    if case.evidence.charter is None:  # pragma: no cover - such a rule is skipped without one
        raise ValueError("no charter")
    return case.evidence.charter


@rule("DRV001", "Every value of the charter has a record, or a typed reason why it is pending", book=2)
def answered(case: Case) -> Iterator[Finding]:
    """A value has neither a derivation nor an INFEASIBLE record nor a typed `pending`, or more than one of these; a
    record that holds is about a value that the charter does not list, or there is no charter; or names stand twice.
    """
    charter, ledger = case.evidence.charter, case.ledger
    if charter is None:
        if ledger.records and CHARTER not in case.broken:
            first = next(iter(ledger.records))
            yield trouble(
                first,
                "",
                "records of derivations without a charter",
                expected=CHARTER,
                found="no such file",
                hint="write the charter: proofpress derive charter",
            )
        return
    for pointer, value, record in _values(case):
        yield from _unanswered(pointer, value, record, Counter(value.id for value in charter.values))
    waiting = {name for stop in ledger.open_stops for name in stop.values}
    for record in ledger.answers:
        about = next((value for value in charter.values if value.id == record.value_name), None)
        stopped = about is not None and about.status == "pending" and about.id in waiting
        if not stopped and (about is None or about.record != record.id):
            yield trouble(
                place_of(record),
                "/value_name",
                f"{record.id} holds, and the charter does not name it for '{record.value_name}'",
                expected=record.id,
                found="no such value" if about is None else about.record or "no record",
                hint="name it in the charter, or let a record supersede it or roll it back",
            )


def _unanswered(pointer: str, value: CharterValue, record: Record | None, counts: Counter[str]) -> Iterator[Finding]:
    kinds: dict[str, type[Record]] = {"value": Derivation, "infeasible": Infeasible}
    wanted = kinds.get(value.status)
    if counts[value.id] > 1:
        yield _said(f"{pointer}/id", f"the value '{value.id}' stands twice", "an id of its own", value.id)
    if wanted is None and (value.pending is None or value.record is not None):
        yield _said(
            pointer,
            f"'{value.id}' is pending without a typed reason, or with a record",
            "pending: {code, reason}, and no record",
            value.record or "no reason",
        )
    elif wanted is not None and (value.pending is not None or type(record) is not wanted):
        yield _said(
            f"{pointer}/record",
            f"'{value.id}' has no {'derivation' if wanted is Derivation else 'INFEASIBLE record'} in the pack",
            "the id of its signed record",
            value.record or "nothing",
        )
    for field in ("depends_on", "must_differ"):
        for place, name in enumerate(getattr(value, field)):
            if name not in counts or name == value.id:
                message = f"'{value.id}' names '{name}', which is no other value of the charter"
                yield _said(f"{pointer}/{field}/{place}", message, ", ".join(counts), name)


def _said(pointer: str, message: str, expected: Any, found: Any) -> Finding:
    return trouble(CHARTER, pointer, message, expected=expected, found=found, hint=_AGAIN)


@rule("DRV002", "The charter says what its records say", needs="charter", after="DRV001", book=2)
def agrees(case: Case) -> Iterator[Finding]:
    """Value, units, cost tier, lockability, tolerance or what a value depends on differ between the charter and the
    record that it names; or a value that is infeasible or pending carries a number. Only what a signed record says
    enters the charter.
    """
    for pointer, value, record in _values(case):
        told: dict[str, tuple[Any, Any]] = {}
        if isinstance(record, Derivation):
            names = ("value", "units", "cost_tier", "lockability", "tolerance")
            told = {name: (getattr(record, name), getattr(value, name)) for name in names}
            derived_from = {getattr(case.ledger.by_id.get(id_), "value_name", id_) for id_ in record.depends_on}
            told["depends_on"] = (", ".join(sorted(derived_from)), ", ".join(sorted(value.depends_on)))
        elif isinstance(record, Infeasible):
            told = {"value": (None, value.value), "lockability": ("infeasible", value.lockability)}
            told["cost_tier"] = (record.cost_tier, value.cost_tier)
        elif value.status == "pending":
            told = {"value": (None, value.value), "lockability": ("pending", value.lockability)}
        if record is not None:
            told["id"] = (getattr(record, "value_name", None), value.id)
        for field, (expected, found) in told.items():
            if expected != found:
                yield _said(
                    f"{pointer}/{field}",
                    f"the charter says another {field.replace('_', ' ')} of '{value.id}' than "
                    + (place_of(record) if record else "a value that is pending"),
                    _shown(expected),
                    _shown(found),
                )


def _shown(value: Any) -> str:
    if hasattr(value, "kind"):
        return f"{value.kind} {value.value}"
    return "nothing" if value is None or value == "" else str(value)


@rule("DRV003", "Records that the charter names still hold", needs="charter", book=2)
def holds(case: Case) -> Iterator[Finding]:
    """A value's record was superseded or rolled back, was touched by a forbidden step, or was derived from one that no
    longer holds. What depended on a record falls with it, and is derived and reviewed again.
    """
    for pointer, value, _record in _values(case):
        if value.record and value.record in case.ledger.invalid:
            yield trouble(
                CHARTER,
                f"{pointer}/record",
                f"'{value.id}': {value.record} is {case.ledger.invalid[value.record]}",
                expected="a record that holds, or a typed pending",
                found=value.record,
                hint="derive the value again, or let it be pending with the code INVALIDATED or ROLLED_BACK",
            )


@rule("DRV004", "The cost tier decides whether a value may be locked", needs="charter", book=2)
def tiers(case: Case) -> Iterator[Finding]:
    """Tiers A and B may be locked. Tier C never: it is carried as context, with a signed note of the risk owner, which
    does not make it lockable; nor is anything lockable that is derived from it. Tier D is no evidence: it stands only
    as `INFEASIBLE-cost-data`. A value that is not derived from a cost has no tier, one that is has one; a charter that
    drops the cost of a value whose records have a tier is refused. When a value's
    tier changes, the new record says why it is, or is not, lockable now.
    """
    charter, ledger = _charter(case), case.ledger
    costs = {value.id: value.cost for value in charter.values}
    for path, record in ledger.records.items():
        if isinstance(record, Infeasible):
            fits = (record.cost_tier == "D") == (record.reason == COST_DATA)
            fits = fits and (record.cost_tier == "n/a" or costs.get(record.value_name) is not None)
            message = f"tier {record.cost_tier} and the reason '{record.reason}' do not belong together"
            yield from (
                () if fits else [trouble(path, "/reason", message, expected=COST_DATA, found=record.reason, hint=_NEW)]
            )
        if not isinstance(record, Derivation):
            continue
        for pointer, message, expected, found in _tier_troubles(record, costs.get(record.value_name), ledger):
            yield trouble(path, pointer, f"'{record.value_name}': {message}", expected=expected, found=found, hint=_NEW)


def _tier_troubles(record: Derivation, cost: str | None, ledger: Ledger) -> Iterator[tuple[str, str, str, str]]:
    """(pointer, what is wrong, expected, found)."""
    tier = record.cost_tier
    if tier == "D":
        yield "/cost_tier", "cost evidence of tier D has no value", "an INFEASIBLE record for cost-data", "a value"
    elif (cost is None and tier != "n/a") or (cost is not None and tier == "n/a" and record.id not in ledger.invalid):
        expected = "a tier" if cost else "n/a"
        yield "/cost_tier", "the tier does not fit the cost that the charter declares", expected, tier
    if record.lockability == "lockable":
        if tier not in LOCKABLE_TIERS:
            yield "/lockability", f"tier {tier} is never lockable, whoever approves", "non-lockable", record.lockability
        weak = next((id_ for id_ in record.depends_on if _is_weak(ledger.by_id.get(id_))), None)
        if weak is not None:
            yield "/depends_on", f"it is derived from {weak}, which is not lockable", "non-lockable", "lockable"
    elif record.lockability_reason is None or tells_nothing(record.lockability_reason):
        yield "/lockability_reason", "nothing says why it is not lockable", "a reason, in a sentence", "no reason"
    if tier == "C" and record.id not in ledger.invalid and not ledger.risk_notes(record.id):
        yield "", "tier C is carried only with a note of the risk owner", f"a note about {record.id}", "no such note"
    before = ledger.by_id.get(record.supersedes or "")
    if isinstance(before, Derivation) and before.cost_tier != tier and not record.lockability_reason:
        message = f"the tier changed from {before.cost_tier}, and nothing says how lockability was judged anew"
        yield "/lockability_reason", message, "a reason, in a sentence", "no reason"


def _is_weak(record: Record | None) -> bool:
    return isinstance(record, Infeasible) or (isinstance(record, Derivation) and record.lockability != "lockable")


@rule("DRV005", "Only a charter whose every value may be locked is locked", needs="charter", book=2)
def locked(case: Case) -> Iterator[Finding]:
    """The charter is locked although a value blocks it, without saying who locked it when, or against an attestation
    that a forbidden step ran; or it names a locker although it is not locked.
    """
    charter = _charter(case)
    named = (charter.locker is not None, charter.locked_at is not None)
    if charter.state != "locked":
        if any(named):
            expected = "neither locker nor locked_at"
            yield _said("/locker", "the charter is not locked, and names a locker", expected, charter.locker)
        return
    if not all(named) or (charter.locked_at or "") < charter.timestamp:
        found = f"{charter.locker or 'nobody'}, {charter.locked_at or 'never'}"
        yield _said("/locker", "the charter is locked by nobody, or before it was written", "locker, locked_at", found)
    if not charter.attestation.no_forbidden_run:
        yield _said("/state", "the charter is locked although a forbidden step ran", "unlocked", "locked")
    for name, reasons in case.ledger.blocked.items():
        yield _said("/state", f"the charter is locked, and '{name}' blocks it", "unlocked", "; ".join(reasons))


@rule("DRV006", "Values that must differ differ", needs="charter", book=2)
def distinct(case: Case) -> Iterator[Finding]:
    """Two values that the charter declares distinct are equal in the same units: one was mapped on the other."""
    by_id = {value.id: value for value in _charter(case).values}
    for pointer, value, _record in _values(case):
        for place, name in enumerate(value.must_differ):
            other = by_id.get(name)
            if other and value.value is not None and (value.value, value.units) == (other.value, other.units):
                message = f"'{value.id}' must differ from '{name}'"
                yield _said(f"{pointer}/must_differ/{place}", message, f"not {other.value}", value.value)


@rule("DRV007", "An open stop blocks its values", needs="charter", book=2)
def stopped(case: Case) -> Iterator[Finding]:
    """A STOP record waits for the operator's decision, and the charter carries a value that it is about."""
    for stop in case.ledger.open_stops:
        for pointer, value, _record in _values(case):
            if value.id in stop.values and value.status == "value":
                yield trouble(
                    CHARTER,
                    f"{pointer}/status",
                    f"'{value.id}' is entered although STOP {stop.id} ({stop.step}) waits for a decision",
                    expected="pending with the code STOPPED",
                    found="value",
                    hint="let the operator decide in a record that supersedes the stop",
                )


@rule("DRV008", "A forbidden step that ran fails the attestation", needs="charter", book=2)
def attested(case: Case) -> Iterator[Finding]:
    """A STOP record says that its step already ran, but the charter attests that none did, or a derivation that was
    there then is not among the records that it touched; or the attestation fails and no STOP record says why.
    """
    charter, ledger = _charter(case), case.ledger
    attestation = charter.attestation
    if attestation.no_forbidden_run == bool(ledger.ran):
        names = ", ".join(stop.id for stop in ledger.ran)
        yield trouble(
            CHARTER,
            "/attestation/no_forbidden_run",
            f"STOP {names} already ran" if names else "the attestation fails, and no STOP record says what ran",
            expected="false" if names else "a STOP record with already_ran",
            found=str(attestation.no_forbidden_run).lower(),
            hint="attest what happened; a decision does not undo a step that ran",
        )
    for stop in ledger.ran:
        for record in ledger.of_kind(Derivation):
            about = record.value_name in stop.values
            if about and record.timestamp <= stop.timestamp and record.id not in stop.touched:
                yield trouble(
                    place_of(stop),
                    "/touched",
                    f"{record.id} was there when '{stop.step}' ran for its value",
                    expected=record.id,
                    found=", ".join(stop.touched) or "no record",
                    hint="name every derivation of the affected values; they are invalid",
                )


@rule("DRV009", "Nothing is weakened after an INFEASIBLE", needs="charter", book=2)
def unweakened(case: Case) -> Iterator[Finding]:
    """A target that stood when a value was found infeasible is gone, asks for less, or is about another metric. An
    INFEASIBLE is an honest end; moving the goal is not, and a record that takes its place does not move it either.
    """
    targets = {target.id: target for target in _charter(case).targets}
    for record in case.ledger.of_kind(Infeasible):
        for before in record.targets:
            now = targets.get(before.id)
            if now is None or now.weakened_from(before):
                yield _said(
                    "/targets",
                    f"the target '{before.id}' is weaker than when {record.id} was recorded",
                    f"{before.metric} {before.op} {before.value} {before.unit}",
                    f"{now.metric} {now.op} {now.value} {now.unit}" if now else "no such target",
                )


@rule("DRV010", "A rollback is told whole", needs="charter", book=2)
def rolled_back(case: Case) -> Iterator[Finding]:
    """A ROLLBACK record does not name the values of its records, gives no reason or tells nobody; or a value whose last
    record was rolled back is not pending with the code ROLLED_BACK.
    """
    ledger = case.ledger
    by_value = {value.id: (pointer, value) for pointer, value, _record in _values(case)}
    for path, record in ledger.records.items():
        if not isinstance(record, Rollback):
            continue
        wanted = {getattr(ledger.by_id.get(id_), "value_name", id_) for id_ in record.records}
        if wanted != set(record.values):
            expected, found = ", ".join(sorted(wanted)), ", ".join(record.values)
            message = f"{record.id} rolls back records of other values"
            yield trouble(path, "/values", message, expected=expected, found=found, hint=_NEW)
        if tells_nothing(record.reason) or any(map(tells_nothing, record.notified)):
            yield trouble(path, "/reason", "nothing says why, or who was told", expected="sentences", hint=_NEW)
        for name in record.values:
            pointer, value = by_value.get(name, ("", None))
            later = [
                item
                for item in ledger.history(name)
                if item.timestamp >= record.timestamp and not isinstance(item, Rollback | RiskNote)
            ]
            if value is not None and not later and (value.pending is None or value.pending.code != "ROLLED_BACK"):
                message = f"'{name}' was rolled back and is not shown as pending"
                yield _said(f"{pointer}/status", message, "pending with the code ROLLED_BACK", value.status)


RULES = (answered, agrees, holds, tiers, locked, distinct, stopped, attested, unweakened, rolled_back)

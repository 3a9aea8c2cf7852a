"""What a charter and its records amount to: what holds, what no longer does, what blocks, what may be locked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from proofpress.evidence.derivation import (
    LOCKABLE_TIERS,
    Charter,
    CharterValue,
    Derivation,
    Infeasible,
    Record,
    RiskNote,
    Rollback,
    Seal,
    Stop,
)
from proofpress.evidence.pack import Evidence

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The charter of a pack (None without one) and its records by path."""

    charter: Charter | None
    records: Mapping[str, Record]

    @classmethod
    def of(cls, evidence: Evidence) -> "Ledger":
        """The ledger of a pack."""
        held = (evidence.derivations, evidence.infeasible, evidence.stops)
        further = (evidence.rollbacks, evidence.risk_notes, evidence.seals)
        return cls(
            charter=evidence.charter,
            records={path: record for kind in (*held, *further) for path, record in sorted(kind.items())},
        )

    @cached_property
    def by_id(self) -> Mapping[str, Record]:
        """Records by id."""
        return {record.id: record for record in self.records.values()}

    @cached_property
    def superseded(self) -> Mapping[str, str]:
        """Ids of records that another took the place of, with its id."""
        return {record.supersedes: record.id for record in self.records.values() if record.supersedes}

    @cached_property
    def invalid(self) -> Mapping[str, str]:
        """Ids of derivations and INFEASIBLE records that no longer hold, each with the reason in words."""
        found: dict[str, str] = {}
        for record in self.records.values():
            if record.id in self.superseded:
                found[record.id] = f"superseded by {self.superseded[record.id]}"
            if isinstance(record, Rollback):
                found.update(dict.fromkeys(record.records, f"rolled back by {record.id}"))
            elif isinstance(record, Stop) and record.already_ran:
                found.update(dict.fromkeys(record.touched, f"touched by the step of {record.id}, which already ran"))
        waiting = True
        while waiting:
            waiting = False
            for record in self.of_kind(Derivation):
                gone = next((id_ for id_ in record.depends_on if id_ in found), None)
                if gone is not None and record.id not in found:
                    found[record.id] = f"derived from {gone}, which no longer holds"
                    waiting = True
        return found

    def of_kind(self, *kinds: type[R]) -> Iterator[R]:
        """Records of some kinds, in the order of their paths."""
        return (record for record in self.records.values() if isinstance(record, kinds))

    @cached_property
    def answers(self) -> tuple[Derivation | Infeasible, ...]:
        """Derivations and INFEASIBLE records that hold, in the order of their paths."""
        found = (record for record in self.records.values() if isinstance(record, Derivation | Infeasible))
        return tuple(record for record in found if record.id not in self.invalid)

    @cached_property
    def open_stops(self) -> tuple[Stop, ...]:
        """Stops that nobody decided on."""
        stops = self.of_kind(Stop)
        return tuple(item for item in stops if item.decision is None and item.id not in self.superseded)

    @cached_property
    def ran(self) -> tuple[Stop, ...]:
        """Stops whose step already ran; a decision does not undo it."""
        return tuple(item for item in self.of_kind(Stop) if item.already_ran)

    def history(self, value: str) -> tuple[Record, ...]:
        """Everything that was recorded of a value, in the order of time."""
        found = [record for record in self.records.values() if value in values_of(record)]
        return tuple(sorted(found, key=lambda record: (record.timestamp, record.id)))

    def risk_notes(self, record_id: str) -> tuple[RiskNote, ...]:
        """The risk owner's notes about a record that hold."""
        return tuple(
            note for note in self.of_kind(RiskNote) if note.record == record_id and note.id not in self.superseded
        )

    @cached_property
    def blocked(self) -> Mapping[str, tuple[str, ...]]:
        """Charter values that can't be locked, each with the reasons in words. What depends on one is blocked too."""
        values = self.charter.values if self.charter else ()
        found = {value.id: tuple(self._obstacles(value)) for value in values}
        waiting = True
        while waiting:
            waiting = False
            for value in values:
                upstream = next((name for name in value.depends_on if found.get(name)), None)
                if upstream is not None and not found[value.id]:
                    found[value.id] = (f"derived from {upstream}, which is blocked",)
                    waiting = True
        return {name: reasons for name, reasons in found.items() if reasons}

    @cached_property
    def lockable(self) -> tuple[str, ...]:
        """Charter values that may be locked."""
        return tuple(value.id for value in self.charter.values if value.id not in self.blocked) if self.charter else ()

    def _obstacles(self, value: CharterValue) -> Iterator[str]:
        if value.status == "pending":
            yield f"pending: {value.pending.reason}" if value.pending else "pending"
        record = self.by_id.get(value.record or "")
        if isinstance(record, Infeasible):
            yield f"INFEASIBLE-{record.reason}: needs {record.required_remediation_artifact}"
        elif value.status == "infeasible":
            yield "infeasible"
        if value.status == "value":
            if value.cost_tier not in LOCKABLE_TIERS:
                yield f"cost evidence of tier {value.cost_tier} is never lockable"
            elif value.lockability != "lockable":
                why = record.lockability_reason if isinstance(record, Derivation) else None
                yield f"not lockable: {why}" if why else "not lockable"
        if value.record and value.record in self.invalid:
            yield f"{value.record} is {self.invalid[value.record]}"
        for stop in (*self.open_stops, *self.ran):
            if value.id in stop.values:
                yield f"STOP {stop.id}: {stop.step} " + ("already ran" if stop.already_ran else "waits for a decision")


def values_of(record: Record) -> tuple[str, ...]:
    """The values that a record is about."""
    if isinstance(record, Derivation | Infeasible | RiskNote | Seal):
        return (record.value_name,)
    return record.values if isinstance(record, Stop | Rollback) else ()

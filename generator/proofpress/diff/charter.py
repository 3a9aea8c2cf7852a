"""Charters of two releases, value by value: what is worth, may be locked, or no longer holds as before."""

from collections.abc import Iterator
from decimal import Decimal

from proofpress.diff.change import Change, Direction, exact_delta, relative_delta
from proofpress.evidence.derivation import CharterValue, Infeasible, Target
from proofpress.evidence.ledger import Ledger
from proofpress.evidence.pack import Evidence
from proofpress.evidence.values import Number

_STANDING = {"lockable": 3, "non-lockable": 2, "infeasible": 1, "pending": 0}
_TIERS = ("A", "B", "C", "D")


def compare_charters(old: Evidence, new: Evidence) -> tuple[tuple[Change, ...], int]:
    """Compare values, records and targets. Returns the changes and how many values and targets are unchanged."""
    before, after = Ledger.of(old), Ledger.of(new)
    changes: list[Change] = []
    unchanged = 0
    was = {value.id: value for value in before.charter.values} if before.charter else {}
    now = {value.id: value for value in after.charter.values} if after.charter else {}
    for id_ in {**was, **now}:
        found = tuple(_value(id_, was.get(id_), now.get(id_)))
        changes += found
        unchanged += not found
    changes += _records(before, after)
    goals = {target.id: target for target in before.charter.targets} if before.charter else {}
    aims = {target.id: target for target in after.charter.targets} if after.charter else {}
    for id_ in {**goals, **aims}:
        change = _target(id_, goals.get(id_), aims.get(id_))
        changes += [change] if change else []
        unchanged += change is None
    return tuple(changes), unchanged


def _change(end: str, subject: str, old: str | None, new: str | None, direction: Direction, sentence: str) -> Change:
    return Change(
        code=f"CHV-{end}",
        kind="derivation",
        subject=subject,
        old=old,
        new=new,
        direction=direction,
        explanation=sentence,
    )


def _shown(value: CharterValue | None) -> str | None:
    if value is None:
        return None
    return value.status if value.value is None else f"{value.value} {value.units}"


def _value(id_: str, was: CharterValue | None, now: CharterValue | None) -> Iterator[Change]:
    if was is None or now is None:
        end, words = ("ADDED", "is required from now on") if now else ("REMOVED", "is no longer required")
        yield _change(end, id_, _shown(was), _shown(now), "unknown", f"The value {words}.")
        return
    if (was.value, was.units) != (now.value, now.units):
        delta = relative = None
        if isinstance(was.value, Number) and isinstance(now.value, Number) and was.units == now.units:
            delta = exact_delta(Decimal(was.value), Decimal(now.value))
            relative = relative_delta(was.value, now.value)
        yield Change(
            code="CHV-VALUE-CHANGED",
            kind="derivation",
            subject=id_,
            old=_shown(was),
            new=_shown(now),
            delta=delta,
            relative=relative,
            direction="unknown",
            explanation=f"The charter's value changed from {_shown(was)} to {_shown(now)}.",
        )
    if was.cost_tier != now.cost_tier:
        direction: Direction = "unknown"
        if was.cost_tier in _TIERS and now.cost_tier in _TIERS:
            weaker = _TIERS.index(now.cost_tier) > _TIERS.index(was.cost_tier)
            direction = "worse" if weaker else "better"
        sentence = f"The cost evidence moved from tier {was.cost_tier} to {now.cost_tier}; lockability is judged anew."
        yield _change("TIER-CHANGED", id_, was.cost_tier, now.cost_tier, direction, sentence)
    if was.lockability != now.lockability:
        lost = _STANDING[now.lockability] < _STANDING[was.lockability]
        sentence = f"The value was {was.lockability} and is {now.lockability}."
        yield _change(
            "LOCKABILITY-CHANGED", id_, was.lockability, now.lockability, "worse" if lost else "better", sentence
        )


def _records(before: Ledger, after: Ledger) -> Iterator[Change]:
    """Records that held before and do not hold now."""
    for record in before.answers:
        if record.id not in after.by_id:
            sentence = f"The record {record.id} is gone; records are superseded, never deleted."
            yield _change("RECORD-REMOVED", record.value_name, record.id, None, "worse", sentence)
        elif record.id in after.superseded:
            successor = after.superseded[record.id]
            sentence = f"The record {record.id} was superseded by {successor}."
            yield _change("RECORD-SUPERSEDED", record.value_name, record.id, successor, "neutral", sentence)
        elif record.id in after.invalid:
            sentence = f"The record {record.id} is {after.invalid[record.id]}."
            yield _change("RECORD-INVALIDATED", record.value_name, record.id, None, "worse", sentence)
    for record in after.answers:
        if record.id not in before.by_id and record.supersedes is None:
            kind = "An INFEASIBLE record" if isinstance(record, Infeasible) else "A derivation"
            sentence = f"{kind} of the value is new: {record.id}."
            yield _change("RECORD-ADDED", record.value_name, None, record.id, "neutral", sentence)


def _target(id_: str, was: Target | None, now: Target | None) -> Change | None:
    old, new = (f"{item.metric} {item.op} {item.value} {item.unit}" if item else None for item in (was, now))
    if old == new:
        return None
    if was is None:
        return _change("TARGET-CHANGED", id_, old, new, "neutral", "The target is new.")
    weaker = now is None or now.weakened_from(was)
    sentence = f"The target asks for {'less, or something else' if weaker else 'more'} than before."
    return _change("TARGET-CHANGED", id_, old, new, "worse" if weaker else "neutral", sentence)

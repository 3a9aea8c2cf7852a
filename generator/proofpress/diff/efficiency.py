"""Measured costs of two releases: which rose, and which must not be compared."""

from decimal import Decimal

from proofpress.diff.change import Change, Direction, exact_delta, not_comparable, relative_delta
from proofpress.evidence.model import EfficiencyReport, EfficiencyRow

_COSTS = frozenset(
    {"ns", "us", "µs", "ms", "s", "seconds", "minutes", "hours", "bytes", "kb", "kib", "mb", "mib", "gb", "gib"}
    | {"j", "joules", "wh", "kwh", "w", "usd", "eur"}
)
"""Units of time, memory, energy and money: less is better."""
_NOISE = Decimal("0.05")
"""Share by which two measurements of the same cost differ without telling anything: they carry no interval."""
_Key = tuple[str, int | None]


def compare_efficiency(old: EfficiencyReport | None, new: EfficiencyReport | None) -> tuple[tuple[Change, ...], int]:
    """Compare measured costs by name and batch size. Returns the changes and how many are unchanged.

    Costs are only subtracted when unit, environment and the way of measuring agree.
    """
    before, after = _by_key(old), _by_key(new)
    changes: list[Change] = []
    unchanged = 0
    elsewhere = old is not None and new is not None and old.environment != new.environment
    for key in {**before, **after}:
        was, now = before.get(key, []), after.get(key, [])
        if len(was) == len(now) == 1:
            if _measured(was[0]) == _measured(now[0]) and not elsewhere:
                unchanged += 1
            else:
                changes.append(_compared(was[0], now[0], elsewhere=elsewhere))
            continue
        changes += [_lone("REMOVED", row) for row in was]
        changes += [_lone("ADDED", row) for row in now]
    return tuple(changes), unchanged


def _by_key(report: EfficiencyReport | None) -> dict[_Key, list[EfficiencyRow]]:
    rows: dict[_Key, list[EfficiencyRow]] = {}
    for row in report.rows if report else ():
        rows.setdefault((row.name, row.batch_size), []).append(row)
    return rows


def _measured(row: EfficiencyRow) -> tuple[object, ...]:
    return row.value, row.absent, row.unit


def cost_name(row: EfficiencyRow) -> str:
    """A cost by name and size of the batch; the subject of its changes."""
    return row.name + (f" (batch of {row.batch_size})" if row.batch_size is not None else "")


def _text(row: EfficiencyRow) -> str | None:
    return None if row.value is None else str(row.value)


def _compared(was: EfficiencyRow, now: EfficiencyRow, *, elsewhere: bool) -> Change:
    reasons: list[str] = []
    for side, row in (("old", was), ("new", now)):
        if row.value is None:
            why = f"{row.absent.code}: {row.absent.reason}" if row.absent else "no reason is given"
            reasons.append(f"the {side} value is absent ({why})")
    if was.unit != now.unit:
        reasons.append(f"the unit differs: '{was.unit}' before, '{now.unit}' now")
    if elsewhere:
        reasons.append("it was measured in another environment")
    if reasons or was.value is None or now.value is None:
        values = (_text(was), _text(now))
        return not_comparable("EFF", "efficiency", cost_name(now), values, (was.unit, now.unit), reasons)
    delta = exact_delta(was.value, now.value)
    relative = relative_delta(was.value, now.value)
    direction = _direction(now.unit, rose=delta > 0)
    judged = "no direction follows from its unit" if direction == "unknown" else f"that is {direction}"
    if relative is not None and abs(relative) < _NOISE:
        direction, judged = "neutral", "too little to be told from noise"
    verb = "rose" if delta > 0 else "fell"
    return Change(
        code="EFF-CHANGED",
        kind="efficiency",
        subject=cost_name(now),
        old=str(was.value),
        new=str(now.value),
        unit=now.unit,
        delta=delta,
        relative=relative,
        direction=direction,
        explanation=f"{cost_name(now)} {verb} from {was.value} to {now.value} {now.unit} in the same environment: "
        f"{judged}.",
    )


def _direction(unit: str, *, rose: bool) -> Direction:
    """Costs should fall; what is done in a unit of time should rise; of other units nothing is known."""
    name = unit.strip().lower()
    if name in _COSTS:
        return "worse" if rose else "better"
    if name.endswith(("/s", "/min", "/h", " per second", " per minute", " per hour")):
        return "better" if rose else "worse"
    return "unknown"


def _lone(end: str, row: EfficiencyRow) -> Change:
    said = f"{row.value} {row.unit}" if row.value is not None else "absent"
    verb = "is measured for the first time" if end == "ADDED" else "is no longer measured"
    return Change(
        code=f"EFF-{end}",
        kind="efficiency",
        subject=cost_name(row),
        old=_text(row) if end == "REMOVED" else None,
        new=_text(row) if end == "ADDED" else None,
        unit=row.unit,
        direction="unknown" if end == "REMOVED" else "neutral",
        explanation=f"{cost_name(row)} {verb}: {said}.",
    )

"""What two releases had to reach: rows that the profiles required, as the readiness reports repeat them."""

from proofpress.diff.change import Change, Direction
from proofpress.evidence.pack import Evidence
from proofpress.evidence.readiness import ReadinessReport, RequiredRow


def compare_readiness(old: Evidence, new: Evidence) -> tuple[tuple[Change, ...], int]:
    """Compare required rows and their targets. Returns the changes and how many rows are required as before.

    A row counts as it was required when the release was assessed, whatever the profile says by now.
    """
    was, now = _required(old.readiness), _required(new.readiness)
    found = [_row(key, was.get(key, ()), now.get(key, ())) for key in {**was, **now}]
    changes = tuple(change for change in found if change is not None)
    return changes, len(found) - len(changes)


def _required(report: ReadinessReport | None) -> dict[str, tuple[RequiredRow, ...]]:
    """Required rows by key; a profile that extends another may ask for a row twice."""
    found: dict[str, tuple[RequiredRow, ...]] = {}
    for row in report.rows if report else ():
        found[row.requires.key] = (*found.get(row.requires.key, ()), row.requires)
    return found


def _row(key: str, was: tuple[RequiredRow, ...], now: tuple[RequiredRow, ...]) -> Change | None:
    old, new = _shown(was), _shown(now)
    if old == new:
        return None
    if not was or not now:
        less = bool(was)
        end = "ROW-REMOVED" if less else "ROW-ADDED"
        sentence = f"{key} is {'no longer' if less else 'now'} required of a release that is ready."
        return _change(end, key, old or None, new or None, "worse" if less else "neutral", sentence)
    less = any(not any(_asks_as_much(other, row) for other in now) for row in was)
    sentence = f"What is required of {key} is {'less, or something else,' if less else 'more'} than before."
    return _change("TARGET-CHANGED", key, old, new, "worse" if less else "neutral", sentence)


def _asks_as_much(row: RequiredRow, before: RequiredRow) -> bool:
    """Whether whoever reaches a row reaches what was required before."""
    asked = ("interval", "baseline_delta", "evaluated_keys")
    if any(getattr(before, name) and not getattr(row, name) for name in asked):
        return False
    if before.unit not in (None, row.unit):
        return False
    if before.target is None:
        return True
    if row.target is None or row.target.op != before.target.op:
        return False
    least, most = sorted((row.target.value, before.target.value))
    return row.target.value == (most if before.target.op == ">=" else least)


def _shown(rows: tuple[RequiredRow, ...]) -> str:
    names = {"interval": "interval", "baseline_delta": "difference to a baseline", "evaluated_keys": "evaluated keys"}
    texts = []
    for row in rows:
        wanted = [words for name, words in names.items() if getattr(row, name)]
        unit = [row.unit] if row.unit else []
        target = [" ".join([f"{row.target.op} {row.target.value}", *unit])] if row.target else unit
        texts.append(", ".join([*target, *wanted]) or "a value")
    return "; ".join(texts)


def _change(end: str, key: str, old: str | None, new: str | None, direction: Direction, sentence: str) -> Change:
    return Change(
        code=f"RDY-{end}",
        kind="readiness",
        subject=key,
        old=old,
        new=new,
        direction=direction,
        explanation=sentence,
    )

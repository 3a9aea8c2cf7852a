"""The gates of two policies: what asks for less than before, what for more, what for something else."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

from proofpress.diff.change import Change, Direction
from proofpress.evidence.gates import CostLimit, Gates, Regression, Severity, Threshold
from proofpress.evidence.values import Number

_Limit = Threshold | Regression | CostLimit
_Moved = Literal["LOOSENED", "TIGHTENED", "CHANGED"]
_STRICTNESS: Final[Mapping[Severity, int]] = {"allow": 0, "warn": 1, "deny": 2}
_JUDGES: Final = {"significant": 0, "value": 1, "non-inferior": 2}
_DIRECTIONS: Final[Mapping[_Moved, Direction]] = {"LOOSENED": "worse", "TIGHTENED": "better", "CHANGED": "unknown"}


def compare_gates(old: Gates, new: Gates) -> tuple[Change, ...]:
    """What moved between the gates that two policies have for one family, worst first."""
    changes = [
        *_rows("threshold", old.thresholds, new.thresholds),
        *_rows("regression limit", old.regressions, new.regressions),
        *_rows("cost limit", old.costs, new.costs),
        *_evidence(old, new),
        *_codes(old, new),
        *_numbers(old, new),
        *_preregistered(old, new),
    ]
    return tuple(sorted(changes, key=lambda change: change.sort_key))


def _change(moved: _Moved, subject: str, old: str | None, new: str | None) -> Change:
    sides = f"from {old or 'nothing'} to {new or 'nothing'}"
    verb = {"LOOSENED": "was loosened", "TIGHTENED": "was tightened", "CHANGED": "asks for something else"}[moved]
    return Change(
        code=f"POL-{moved}",
        kind="policy",
        subject=subject,
        old=old,
        new=new,
        direction=_DIRECTIONS[moved],
        explanation=f"The policy's {subject} {verb}, {sides}.",
    )


def _rows(noun: str, old: Sequence[_Limit], new: Sequence[_Limit]) -> Iterator[Change]:
    """Limits by the rows that they are for. Where a pattern has several, all count, so each is compared by itself."""
    before, after = _by_key(old), _by_key(new)
    for key in {**before, **after}:
        was, now = before.get(key, []), after.get(key, [])
        subject = f"{noun} of {key}"
        if len(was) == len(now) == 1:
            if was[0] != now[0]:
                yield _change(_moved(was[0], now[0]), subject, _told(was[0]), _told(now[0]))
            continue
        yield from (_change("LOOSENED", subject, _told(item), None) for item in was if item not in now)
        yield from (_change("TIGHTENED", subject, None, _told(item)) for item in now if item not in was)


def _by_key(items: Sequence[_Limit]) -> dict[str, list[_Limit]]:
    found: dict[str, list[_Limit]] = {}
    for item in items:
        found.setdefault(item.key, []).append(item)
    return found


def _moved(was: _Limit, now: _Limit) -> _Moved:
    if isinstance(was, Threshold) and isinstance(now, Threshold):
        if (was.op, was.unit) != (now.op, now.unit):
            return "CHANGED"
        sign = 1 if was.op == ">=" else -1
        return _verdict(sign * (now.value - was.value), now.least_n - was.least_n)
    if isinstance(was, Regression) and isinstance(now, Regression):
        return _verdict(
            _stricter(was.absolute, now.absolute),
            _stricter(was.relative, now.relative),
            _JUDGES[now.judge] - _JUDGES[was.judge],
        )
    if isinstance(was, CostLimit) and isinstance(now, CostLimit):
        return _verdict(_stricter(was.absolute, now.absolute), _stricter(was.relative, now.relative))
    return "CHANGED"


def _stricter(was: Number | None, now: Number | None) -> int:
    """1 when less may be lost than before, -1 when more may, 0 when as much."""
    if was is None or now is None:
        return (now is not None) - (was is not None)
    return (was > now) - (was < now)


def _verdict(*stricter: object) -> _Moved:
    """One part that asks for less loosens the whole, whatever the others ask for."""
    signs = [(item > 0) - (item < 0) for item in stricter]  # type: ignore[operator]
    return "LOOSENED" if -1 in signs else "TIGHTENED" if 1 in signs else "CHANGED"


def _told(item: _Limit) -> str:
    if isinstance(item, Threshold):
        least = f" on {item.least_n} examples" if item.least_n else ""
        return f"{item.op} {item.value} {item.unit}{least}"
    return f"{item.text} by {item.judge}" if isinstance(item, Regression) else item.text


def _evidence(old: Gates, new: Gates) -> Iterator[Change]:
    for name in dict.fromkeys((*old.required_evidence, *new.required_evidence)):
        if name not in new.required_evidence:
            yield _change("LOOSENED", f"required evidence {name}", "required", None)
        elif name not in old.required_evidence:
            yield _change("TIGHTENED", f"required evidence {name}", None, "required")


def _codes(old: Gates, new: Gates) -> Iterator[Change]:
    for code in dict.fromkeys((*old.changes, *new.changes)):
        was, now = old.changes.get(code), new.changes.get(code)
        if was != now:
            yield _change(_severity(was, now), f"verdict on {code}", was, now)


def _severity(was: Severity | None, now: Severity | None) -> _Moved:
    """Without a line of its own a code falls under a wider one or the defaults; only `deny` is sure to be strict."""
    if was is not None and now is not None:
        return "LOOSENED" if _STRICTNESS[now] < _STRICTNESS[was] else "TIGHTENED"
    if now is not None:
        return "TIGHTENED" if now == "deny" else "LOOSENED"
    return "LOOSENED" if was != "allow" else "TIGHTENED"


def _numbers(old: Gates, new: Gates) -> Iterator[Change]:
    if old.least_slice_n != new.least_slice_n:
        moved: _Moved = "LOOSENED" if new.least_slice_n < old.least_slice_n else "TIGHTENED"
        yield _change(moved, "least number of examples of a slice", str(old.least_slice_n), str(new.least_slice_n))
    if old.own_targets != new.own_targets:
        yield _change(
            _severity(old.own_targets, new.own_targets), "verdict on missed targets", old.own_targets, new.own_targets
        )


def _preregistered(old: Gates, new: Gates) -> Iterator[Change]:
    was, now = old.preregistered, new.preregistered
    if was != now:
        moved: _Moved = "LOOSENED" if now is None else "TIGHTENED" if was is None else "CHANGED"
        yield _change(
            moved,
            "pre-registered thresholds",
            None if was is None else f"sha256:{was.sha256} of {was.recorded_at}",
            None if now is None else f"sha256:{now.sha256} of {now.recorded_at}",
        )

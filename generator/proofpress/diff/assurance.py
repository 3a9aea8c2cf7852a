"""Assurance evidence of two releases, entry by entry: risks, failure modes, monitoring, guardrails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from proofpress.diff.change import Change, ChangeKind, Direction, exact_delta
from proofpress.evidence.assurance import LIKELIHOODS, SEVERITIES, FailureMode, Guardrail, Risk, Signal
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """How a code ends, where the change goes, and the sentence that says so."""

    end: str
    direction: Direction
    sentence: str
    old: str | None = None
    new: str | None = None
    delta: Decimal | None = None


def compare_assurance(old: Evidence, new: Evidence) -> tuple[tuple[Change, ...], int]:
    """Compare the four lists by the ids of their entries. Returns the changes and how many entries are unchanged."""
    changes: list[Change] = []
    unchanged = 0
    for stem, kind, entries_of, judge in _LISTS:
        before, after = entries_of(old), entries_of(new)
        for id_ in {**before, **after}:
            was, now = before.get(id_), after.get(id_)
            verdict = None if was == now else judge(was, now, new)
            if verdict is None:
                unchanged += 1
                continue
            changes.append(
                Change(
                    code=f"{stem}-{verdict.end}",
                    kind=kind,
                    subject=id_,
                    old=verdict.old if verdict.old is not None else _text(was),
                    new=verdict.new if verdict.new is not None else _text(now),
                    delta=verdict.delta,
                    direction=verdict.direction,
                    explanation=verdict.sentence,
                )
            )
    return tuple(changes), unchanged


def _text(entry: Any) -> str | None:
    return None if entry is None else dump_json(entry, indent=None).rstrip("\n")


def _fields(was: Any, now: Any) -> str:
    """The names of the fields that differ."""
    names = [name for name in type(now).model_fields if getattr(was, name) != getattr(now, name)]
    return ", ".join(name.replace("_", " ") for name in names)


def _risk(was: Risk | None, now: Risk | None, new: Evidence) -> _Verdict:
    if now is None:
        return _Verdict(end="REMOVED", direction="unknown", sentence="The risk is no longer listed; nobody closed it.")
    plan = new.monitoring_plan
    watched = sorted(set(now.signals) & {signal.id for signal in plan.signals}) if plan else []
    if was is None:
        if not watched:
            sentence = "The risk is new, and no signal with an owner watches it: that is worse."
            return _Verdict(end="ADDED", direction="worse", sentence=sentence)
        sentence = f"The risk is new; it is watched by {', '.join(watched)}."
        return _Verdict(end="ADDED", direction="unknown", sentence=sentence)
    worse = (
        SEVERITIES.index(now.severity) > SEVERITIES.index(was.severity)
        or LIKELIHOODS.index(now.likelihood) > LIKELIHOODS.index(was.likelihood)
        or was.status == "closed" != now.status  # it was reopened
        or (bool(was.signals) and now.status == "open" and not watched)
    )
    direction: Direction = "worse" if worse else "better" if now.status == "closed" != was.status else "unknown"
    return _Verdict(end="CHANGED", direction=direction, sentence=f"The risk changed in: {_fields(was, now)}.")


def _failure(was: FailureMode | None, now: FailureMode | None, _new: Evidence) -> _Verdict:
    seen = "" if now is None or now.count is None else f": {now.count} of {now.n} examples show it"
    if now is None:
        fixed = was is not None and was.status == "fixed"
        sentence = "The failure mode is no longer listed" + ("." if fixed else ", although nobody called it fixed.")
        return _Verdict(end="REMOVED", direction="neutral" if fixed else "unknown", sentence=sentence)
    if now.status == "fixed" and (was is None or was.status != "fixed"):
        return _Verdict(end="FIXED", direction="better", sentence="The failure mode is fixed: no example shows it.")
    if was is None:
        return _Verdict(end="NEW", direction="worse", sentence=f"A new failure mode{seen}.")
    if was.status == "fixed" != now.status:
        return _Verdict(end="RECURRING", direction="worse", sentence=f"The failure mode was fixed and is back{seen}.")
    if was.count is not None and now.count is not None and was.count != now.count:
        same = was.selection == now.selection and was.n == now.n
        more = now.count > was.count
        return _Verdict(
            end="CHANGED",
            direction=("worse" if more else "better") if same else "unknown",
            sentence=f"The failure mode is still there, {'more' if more else 'less'} often{seen}, {was.count} before"
            + ("." if same else f", counted in other ways: {_fields(was, now)} differ."),
            old=f"{was.count} of {was.n}",
            new=f"{now.count} of {now.n}",
            delta=exact_delta(Decimal(was.count), Decimal(now.count)) if same else None,
        )
    return _Verdict(
        end="CHANGED",
        direction="unknown",
        sentence=f"The failure mode is still there; it changed in: {_fields(was, now)}.",
    )


def _signal(was: Signal | None, now: Signal | None, _new: Evidence) -> _Verdict:
    if was is None:
        return _Verdict(end="ADDED", direction="better", sentence="The signal is watched from now on.")
    if now is None:
        return _Verdict(end="REMOVED", direction="worse", sentence="The signal is no longer watched: that is worse.")
    direction: Direction = "unknown"
    before, after = was.threshold, now.threshold
    sentence = f"The signal changed in: {_fields(was, now)}."
    comparable = before.unit == after.unit and before.op[0] == after.op[0] and was.metric == now.metric
    if before != after and comparable and before.value != after.value:
        looser = (after.value > before.value) == (after.op[0] == ">")
        direction = "worse" if looser else "better"
        sentence = f"The signal speaks {'later' if looser else 'earlier'} than before: {_fields(was, now)} changed."
    elif set(was.risks) - set(now.risks):
        direction = "worse"
    return _Verdict(end="CHANGED", direction=direction, sentence=sentence)


def _guardrail(was: Guardrail | None, now: Guardrail | None, _new: Evidence) -> _Verdict:
    if was is None:
        return _Verdict(end="ADDED", direction="better", sentence="The guardrail holds from now on.")
    if now is None:
        return _Verdict(end="REMOVED", direction="worse", sentence="The guardrail is gone: that is worse.")
    untested = bool(was.tests) and not now.tests
    return _Verdict(
        end="CHANGED",
        direction="worse" if untested else "unknown",
        sentence=f"The guardrail changed in: {_fields(was, now)}.",
    )


def _entries(document: str, field: str) -> Callable[[Evidence], Mapping[str, Any]]:
    """A reader of one list of the evidence, by id."""

    def entries(evidence: Evidence) -> Mapping[str, Any]:
        held = getattr(evidence, document)
        return {entry.id: entry for entry in getattr(held, field)} if held is not None else {}

    return entries


_LISTS: tuple[
    tuple[str, ChangeKind, Callable[[Evidence], Mapping[str, Any]], Callable[[Any, Any, Evidence], _Verdict]], ...
] = (
    ("RSK", "risk", _entries("risks", "risks"), _risk),
    ("FLM", "failure_mode", _entries("failure_modes", "failure_modes"), _failure),
    ("MON", "monitoring", _entries("monitoring_plan", "signals"), _signal),
    ("GRD", "guardrail", _entries("guardrails", "guardrails"), _guardrail),
)

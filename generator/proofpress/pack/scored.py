"""What a team's own script scored: one JSON line an example → the rows of a pack, with what metrics are means of."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.values import Number
from proofpress.ingest.rows import lines_of
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.pack.fields import read_given
from proofpress.pack.measures import Task
from proofpress.pack.writer import PackError, exact

LABEL: Final = "proofpress.pack.evaluation"
_BASELINE: Final = "baseline_"
_SCORED: Final = ("prediction", "score", "scores")
_MADE: Final = frozenset({"correct", "log_loss", "brier", "absolute_error", "squared_error"})
_DIGITS: Final = Context(prec=17)
_LEAST_CHANCE: Final = 2.0**-52
"""Probabilities are cut here before their logarithm is taken, as scikit-learn does."""
_SUM_TOLERANCE: Final = Decimal("0.001")
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """The rows of a model, and those of the baseline on the same examples, empty without one."""

    rows: tuple[dict[str, Any], ...]
    baseline: tuple[dict[str, Any], ...]


def read_scored(file: Path, *, task: Task, positive: str | None) -> Scored:
    """Read a file of examples: `key`, `label`, `prediction`; perhaps `score` (the probability of `positive`) or
    `scores` (of each label), these with `baseline_` before them, `slices`, and fields of its own.

    Raises `PackError` that names the line, also where some examples have a field that others lack.
    """
    rows: list[dict[str, Any]] = []
    baseline: list[dict[str, Any]] = []
    for number, given in enumerate(_lines(file), start=1):
        try:
            row = _row(given, task, positive)
            told = {name: given[_BASELINE + name] for name in _SCORED if _BASELINE + name in given}
            if told:
                baseline.append(_row({**_shared(given), **told}, task, positive))
        except ValueError as exc:
            raise PackError(f"{file.name}, line {number}: {exc}", hint=_FORM) from exc
        rows.append(row)
    if not rows:
        raise PackError(f"{file.name} holds no example", hint=_FORM)
    if baseline and len(baseline) != len(rows):
        raise PackError(f"{file.name}: the baseline predicts {len(baseline)} of {len(rows)} examples")
    for kind, found in (("", rows), (_BASELINE, baseline)):
        _alike(file.name, kind, found)
    if len({row["key"] for row in rows}) < len(rows):
        raise PackError(f"{file.name}: a key stands twice", hint="each example is evaluated once")
    return Scored(rows=tuple(rows), baseline=tuple(baseline))


_FORM: Final = (
    'a line is, for example, {"key": "r17", "label": "yes", "prediction": "no", "score": 0.31, '
    '"baseline_prediction": "no", "slices": {"site": "north"}}'
)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    data = read_given(file)
    try:
        lines = lines_of(data if data.endswith(b"\n") or not data else data + b"\n")
        for number, line in enumerate(lines, start=1):
            try:
                row = parse_json(line)  # numbers keep their digits
            except StrictError as exc:
                raise PackError(f"{file.name}, line {number}: {exc}", hint=_FORM) from exc
            if not isinstance(row, dict):
                raise PackError(f"{file.name}, line {number}: no JSON object", hint=_FORM)
            yield row
    except StrictError as exc:
        raise PackError(f"{file.name}: {exc}", hint=_FORM) from exc


def _alike(name: str, kind: str, rows: list[dict[str, Any]]) -> None:
    wanted = [field for field in ("score", "scores") if any(field in row for row in rows)]
    for field in wanted:
        if lacking := [row["key"] for row in rows if field not in row]:
            raise PackError(f"{name}: example {lacking[0]} has no {kind}{field}, which others have")


def _shared(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("key", "label", "slices", "generated_by") if name in given}


def _row(given: Mapping[str, Any], task: Task, positive: str | None) -> dict[str, Any]:
    if missing := [name for name in ("key", "label", "prediction") if name not in given]:
        raise ValueError(f"there is no {', '.join(missing)}")
    if made := sorted(_MADE & given.keys()):
        raise ValueError(f"'{made[0]}' is computed here from label, prediction and score; leave it out")
    own = {name: value for name, value in given.items() if not name.startswith(_BASELINE)}
    row: dict[str, Any] = {**own, "key": _word("key", given["key"]), "slices": _slices(given.get("slices", {}))}
    row |= _regressed(given) if task == "regression" else _classified(given, positive)
    return {**row, "generated_by": given.get("generated_by", LABEL)}


def _regressed(given: Mapping[str, Any]) -> dict[str, Any]:
    label, prediction = (_number(name, given[name]) for name in ("label", "prediction"))
    error = _DIGITS.subtract(prediction, label)
    return {
        "absolute_error": _written(_DIGITS.abs(error)),
        "squared_error": _written(_DIGITS.multiply(error, error)),
    }


def _classified(given: Mapping[str, Any], positive: str | None) -> dict[str, Any]:
    label, prediction = (_word(name, given[name]) for name in ("label", "prediction"))
    found: dict[str, Any] = {"label": label, "prediction": prediction, "correct": int(label == prediction)}
    chances = _chances(given, label, positive)
    if chances is not None:
        chance = min(max(float(chances["label"]), _LEAST_CHANCE), 1 - _LEAST_CHANCE)
        found["log_loss"] = exact(-math.log(chance))
        if positive is not None:
            score = chances["positive"]
            gap = _DIGITS.subtract(score, Decimal(label == positive))
            found |= {"score": score, "brier": _written(_DIGITS.multiply(gap, gap))}
    return found


def _chances(given: Mapping[str, Any], label: str, positive: str | None) -> dict[str, Decimal] | None:
    """The probabilities of the true label and of the positive one, as the example's scores tell them."""
    if "scores" in given:
        scores = given["scores"]
        if not isinstance(scores, Mapping) or label not in scores or (positive is not None and positive not in scores):
            raise ValueError(f"scores give no probability of '{label}', or of the positive label")
        told = {name: _probability(f"scores of '{name}'", value) for name, value in scores.items()}
        if abs(sum(told.values(), Decimal(0)) - 1) > _SUM_TOLERANCE:
            raise ValueError(f"the scores sum to {sum(told.values(), Decimal(0))}, not to 1")
        return {"label": told[label], **({"positive": told[positive]} if positive is not None else {})}
    if "score" not in given:
        return None
    if positive is None:
        raise ValueError("a score is the probability of the positive label: the configuration must say which that is")
    score = _probability("score", given["score"])
    return {"label": score if label == positive else 1 - score, "positive": score}


def _probability(name: str, value: Any) -> Number:
    number = _number(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} is {number}, no probability between 0 and 1")
    return number


def _number(name: str, value: Any) -> Number:
    if isinstance(value, Number):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Number(str(value))
    raise ValueError(f"{name} is no number")


def _written(value: Decimal) -> Number:
    return Number(str(value))


def _word(name: str, value: Any) -> str:
    """A label as the text that it is compared by."""
    text = ("false", "true")[value] if isinstance(value, bool) else str(value)
    if not isinstance(value, str | int | Decimal) or not text or not text.isprintable() or len(text) > _LONGEST:
        raise ValueError(f"{name} is no short text, whole number or truth value")
    return text


def _slices(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError("slices is no mapping of dimension to value")  # noqa: TRY004 - trouble of the line
    return {name: _word(f"the slice '{name}'", item) for name, item in value.items()}

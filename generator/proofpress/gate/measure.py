"""The paired tests of two verified packs, from the per-example results that both hold."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import Any, Final

from proofpress.diff.metrics import obstacles_between
from proofpress.errors import IngestError
from proofpress.evidence.attestation import COMPARISON_SCHEMA, PairedComparison
from proofpress.evidence.evaluation import MetricRow, SliceKey
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.values import Number
from proofpress.gate.paired import LEVEL, RESAMPLES, Difference, Untestable, Value, holm, paired_difference
from proofpress.ingest.rows import hashed_lines, lines_of, rows_in
from proofpress.ingest.sources import READ_ERRORS, open_artifact
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.verify.verdict import VerifiedPack

GENERATED_BY: Final = "proofpress.gate"
_REASON: Final = 2000
_DIGITS: Final = Context(prec=6, rounding=ROUND_HALF_EVEN)
_Wanted = tuple[str, str, SliceKey | None]
"""Path, field and slice of per-example values."""


def compare_examples(old: VerifiedPack, new: VerifiedPack) -> PairedComparison:
    """Test every row that both packs hold per-example results for; rows that can't be tested say why.

    Raises `IngestError` when an artifact is not any more what was verified.
    """
    before, after = _rows(old), _rows(new)
    pairs: list[tuple[str, MetricRow, MetricRow]] = []
    untested: list[dict[str, str]] = []
    for key in sorted(before.keys() & after.keys()):
        was, now = before[key], after[key]
        reason = _obstacle(was, now)
        if reason:
            untested.append({"row": key, "reason": reason[:_REASON]})
        else:
            pairs.append((key, was[0], now[0]))
    olds, news = _values(old, [pair[1] for pair in pairs]), _values(new, [pair[2] for pair in pairs])
    tested: list[tuple[MetricRow, Difference]] = []
    for key, was_row, now_row in pairs:
        seed = hashlib.sha256(f"{old.evidence.pack_id}\n{new.evidence.pack_id}\n{key}".encode()).digest()
        try:
            tested.append((now_row, paired_difference(olds[_wanted(was_row)], news[_wanted(now_row)], seed=seed)))
        except Untestable as exc:
            untested.append({"row": key, "reason": str(exc)})
    adjusted = holm([difference.p for _row, difference in tested])
    fields = {
        "schema": COMPARISON_SCHEMA,
        "generated_by": GENERATED_BY,
        "old": _party(old),
        "new": _party(new),
        "level": LEVEL,
        "resamples": RESAMPLES,
        "correction": f"Holm, over {len(tested)} tested rows",
        "rows": [_row(row, item, p) for (row, item), p in zip(tested, adjusted, strict=True)],
        "untested": sorted(untested, key=lambda item: item["row"]),
    }
    return PairedComparison.model_validate(parse_json(dump_json(fields).encode()))


def _party(pack: VerifiedPack) -> dict[str, str]:
    return {"bundle_id": pack.evidence.bundle_id, "pack_id": pack.evidence.pack_id}


def _row(row: MetricRow, item: Difference, adjusted: Decimal) -> dict[str, Any]:
    return {
        "name": row.name,
        "split": row.split,
        **({"slice": row.slice} if row.slice else {}),
        "field": row.per_sample.field if row.per_sample else "",
        "n": item.n,
        "difference": _short(item.mean),
        "ci_low": _short(item.low),
        "ci_high": _short(item.high),
        "p_value": _short(item.p),
        "p_adjusted": _short(adjusted),
        "method": item.method,
    }


def _short(value: Decimal) -> Number:
    """Six significant digits in plain notation, never fewer than the value needs to stay away from zero."""
    return Number(format(_DIGITS.plus(value).normalize() + 0, "f"))


def _rows(pack: VerifiedPack) -> Mapping[str, list[MetricRow]]:
    found: dict[str, list[MetricRow]] = {}
    for row in pack.evidence.evaluation.rows if pack.evidence.evaluation else ():
        found.setdefault(row.key, []).append(row)
    return found


def _obstacle(was: list[MetricRow], now: list[MetricRow]) -> str:
    """Why the rows of one key can't be paired, or an empty text."""
    if len(was) > 1 or len(now) > 1:
        return "the row stands more than once"
    if reasons := obstacles_between(was[0], now[0]):
        return "; ".join(reasons)
    for side, row in (("old", was[0]), ("new", now[0])):
        if row.per_sample is None:
            return f"the {side} release holds no per-example values of it"
        if row.per_sample.aggregate != "mean":
            return f"the {side} value is not the mean of its per-example values"
    return ""


def _wanted(row: MetricRow) -> _Wanted:
    if row.per_sample is None:
        raise ValueError(f"{row.key} has no per-example values")
    return row.per_sample.path, row.per_sample.field, row.slice


def _values(pack: VerifiedPack, rows: Iterable[MetricRow]) -> Mapping[_Wanted, list[Value]]:
    """Per-example values of rows, in the order of the keys; each file is read once."""
    found: dict[_Wanted, list[Value]] = {_wanted(row): [] for row in rows}
    for path in dict.fromkeys(path for path, _field, _part in found):
        columns = [(field, part, found[path, field, part]) for held, field, part in found if held == path]
        for example in _examples(pack, path):
            slices = example.get("slices") or {}
            for field, part, values in columns:
                if part is None or slices.get(part.dimension) == part.value:
                    values.append(example[field])
    return found


def _examples(pack: VerifiedPack, path: str) -> Iterator[dict[str, Any]]:
    """The rows of a per-example file: the bytes that were verified, or others with their digest."""
    file = pack.raw.files[path]
    if file.data is not None:
        yield from rows_in(lines_of(file.data))
        return
    digest = hashlib.sha256()
    try:
        with open_artifact(Path(pack.raw.origin), path) as stream:
            yield from rows_in(hashed_lines(stream, (digest.update,), file.size))
    except (*READ_ERRORS, StrictError) as exc:
        raise IngestError(f"{pack.raw.label}/{path}: can't be read again ({exc})") from exc
    if digest.hexdigest() != file.sha256:
        raise IngestError(f"{pack.raw.label}/{path}: changed since it was verified", hint="run the command again")

"""MET, on intervals: what can be computed again is, and what can't be is held against its standard error."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.finding import Finding
from proofpress.evidence.intervals import mean_interval, quantile, wilson_interval
from proofpress.ingest.rows import RowGroup
from proofpress.verify.rule import Case, rule, trouble
from proofpress.verify.rules.metrics import EVAL, group_of

_SLACK: Final = Decimal("0.000001")
_FEWEST, _MOST_SCANNED = 10, 20_000
_NARROWEST, _WIDEST = Decimal("0.4"), Decimal("2.5")
Bounds = tuple[Decimal, Decimal]


@rule(
    "MET025",
    "An interval is the one that its method gives",
    needs="evaluation",
    after="MET002 MET007 MET011 MET024",
    book=2,
)
def interval(case: Case) -> Iterator[Finding]:
    """The bounds of a row are not those that its method gives for its per-example values.

    What `ci_method` says is read: with the word `Wilson` the bounds are Wilson's for the hits among the row's examples;
    with `normal approximation` they are mean plus and minus so many standard errors. Bounds may be rounded, and count
    as right within half a unit of their last digit. A Wilson interval of a value that is no mean of a field is that of
    a proportion of at most `n` examples.

    Other methods, such as a bootstrap, draw from the random generator of their program, whose numbers nobody else has.
    The interval of a mean of at least 10 values is then held against the one that its standard error gives (Wilson's,
    for hits and misses): it is between 0.4 and 2.5 times as wide. Not checked are values that are no mean, files above
    1 MiB, and fields that never vary.
    """
    for index, row in enumerate(case.evaluation.rows):
        if row.ci_low is None or row.ci_high is None or row.ci_level is None or row.value is None:
            continue
        method = (row.ci_method or "").lower()
        problem = ""
        if "wilson" in method and row.unit == "fraction":
            wanted = _wilson(case, row)
            problem = "" if wanted is None or _like(row, wanted) else _shown(wanted)
            if wanted is None and _group(case, row) is None and not _some_proportion(row):
                problem = f"Wilson's bounds of {row.value} as a proportion of at most {row.n} examples"
        elif (values := _values(case, row)) is not None:
            problem = _other(row, method, values)
        if problem:
            yield trouble(
                EVAL,
                f"/rows/{index}/ci_low",
                f"{row.key}: {row.ci_low} to {row.ci_high} is not the interval that '{row.ci_method}' gives",
                expected=problem,
                found=f"{row.ci_low} to {row.ci_high}",
                hint="let the evaluation compute the interval again; bounds are never typed by hand",
            )


def _group(case: Case, row: MetricRow) -> RowGroup | None:
    """The examples whose mean a row is."""
    place = row.per_sample
    group = group_of(case, row, place) if place is not None and place.aggregate == "mean" else None
    return group if group is not None and place is not None and place.field in group.sums and group.n else None


def _wilson(case: Case, row: MetricRow) -> Bounds | None:
    group = _group(case, row)
    if group is None or row.per_sample is None or row.ci_level is None:
        return None
    hits = group.sums[row.per_sample.field]
    if hits != int(hits) or not 0 <= hits <= group.n:
        return None
    return wilson_interval(int(hits), group.n, quantile(row.ci_level))


def _some_proportion(row: MetricRow) -> bool:
    """Whether a row's interval is Wilson's for its value over any number of examples up to its own."""
    if row.n is None or row.n > _MOST_SCANNED or row.value is None or row.ci_level is None:
        return True
    z, value = quantile(row.ci_level), row.value
    for n in range(1, row.n + 1):
        hits = round(value * n)
        if abs(Decimal(hits) / n - value) <= value.half_unit and _like(row, wilson_interval(hits, n, z)):
            return True
    return False


def _values(case: Case, row: MetricRow) -> Sequence[Decimal] | None:
    """The per-example values behind a mean; None when they are not held."""
    place = row.per_sample
    if place is None or _group(case, row) is None:
        return None
    rows = case.rows(place.path)
    chosen = (
        item
        for item in rows or ()
        if row.slice is None or item.get("slices", {}).get(row.slice.dimension) == row.slice.value
    )
    return None if rows is None else [Decimal(item[place.field]) for item in chosen]


def _other(row: MetricRow, method: str, values: Sequence[Decimal]) -> str:
    if row.ci_level is None or row.ci_low is None or row.ci_high is None:
        return ""
    z = quantile(row.ci_level)
    normal = mean_interval(values, z)
    if normal is None:
        return ""
    if "normal approximation" in method:
        return "" if _like(row, normal) else _shown(normal)
    hits = sum(values)
    counted = set(values) <= {Decimal(0), Decimal(1)}
    low, high = wilson_interval(int(hits), len(values), z) if counted else normal
    width, usual = row.ci_high - row.ci_low, high - low
    if len(values) < _FEWEST or len(set(values)) == 1 or _NARROWEST * usual <= width <= _WIDEST * usual:
        return ""
    return f"about {usual:.6f} wide, between {_NARROWEST} and {_WIDEST} times as much"


def _like(row: MetricRow, wanted: Bounds) -> bool:
    pairs = zip((row.ci_low, row.ci_high), wanted, strict=True)
    return all(mine is not None and abs(mine - theirs) <= mine.half_unit + _SLACK for mine, theirs in pairs)


def _shown(bounds: Bounds) -> str:
    return f"{bounds[0]:.6f} to {bounds[1]:.6f}"


RULES = (interval,)

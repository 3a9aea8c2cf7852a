"""ASR, on slices: a profile's slice suite was run, by its own rules."""

from collections.abc import Iterator
from typing import Final

from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.finding import Finding
from proofpress.evidence.slices import SliceSuite
from proofpress.ingest.raw import RawFile
from proofpress.verify.rule import Case, rule, trouble

EVAL: Final = "model/eval_metrics.json"
_AGAIN: Final = "run 'proofpress slices' on the pack with its profile, then assemble it again"


def _suite(case: Case) -> SliceSuite | None:
    return case.profiles.suite(case.evidence.manifest.profile)


def _results(case: Case) -> Iterator[tuple[str, RawFile]]:
    """Each split of the evaluation with its per-example file, as far as that can be read."""
    evaluation: EvalMetrics | None = case.evidence.evaluation
    paths = {
        row.split: row.per_sample.path
        for row in (evaluation.rows if evaluation else ())
        if row.slice is None and row.per_sample is not None
    }
    for split, path in paths.items():
        file = case.raw.files.get(path)
        if file is not None and file.rows is not None and file.rows.keyed:
            yield split, file


@rule("ASR011", "The profile's slice suite was run", needs="evaluation", after="PRO003 INT001", book=2)
def measured(case: Case) -> Iterator[Finding]:
    """The profile describes a slice suite, but a split has no per-example results, or a slice that its examples lie in
    has no row. A slice that nobody measured is where a model fails unseen.
    """
    suite = _suite(case)
    if suite is None:
        return
    evaluation = case.evidence.evaluation
    keys = {row.key for row in evaluation.rows} if evaluation else set()
    results = dict(_results(case))
    for index, split in enumerate(evaluation.splits if evaluation else ()):
        if split.name not in results:
            yield trouble(
                EVAL,
                f"/splits/{index}",
                f"the split '{split.name}' has no per-example results that the slice suite could measure",
                expected="per-example results with keys",
                found="none",
                hint="write the per-example results, then run 'proofpress slices'",
            )
            continue
        rows = results[split.name].rows
        groups = rows.slices if rows else {}
        for dimension in suite.dimensions:
            values = dimension.values or sorted(value for name, value in groups if name == dimension.name)
            wanted = [
                f"{metric.name}@{split.name}[{dimension.name}={value}]" for metric in suite.metrics for value in values
            ]
            missing = [key for key in wanted if key not in keys]
            if missing or not values:
                yield trouble(
                    EVAL,
                    "/rows",
                    f"the slice suite's dimension '{dimension.name}' was not measured on {split.name}",
                    expected=", ".join(missing) or f"examples with a value of '{dimension.name}'",
                    found=f"{len(wanted) - len(missing)} of {len(wanted)} rows",
                    hint=_AGAIN,
                )


@rule("ASR012", "Slice labels follow the suite", needs="evaluation", after="PRO003 INT001", book=2)
def labelled(case: Case) -> Iterator[Finding]:
    """An example's `slices` name another part of a dimension than the profile's suite gives it: it was put there, or
    taken out, by hand.
    """
    suite = _suite(case)
    if suite is None:
        return
    for _split, file in _results(case):
        rows = None if file.path in case.broken else case.rows(file.path)
        if rows is None:
            continue
        for dimension in suite.dimensions:
            for index, row in enumerate(rows):
                wanted, found = dimension.value_of(row), row.get("slices", {}).get(dimension.name)
                if wanted != found:
                    yield trouble(
                        file.path,
                        f"/{index}/slices/{dimension.name}",
                        f"the example {row['key']} lies in another slice of '{dimension.name}' than the suite says",
                        expected=wanted or "no value",
                        found=found or "no value",
                        hint=_AGAIN,
                    )
                    break


@rule(
    "ASR013",
    "Slice labels in large files are not checked",
    severity="note",
    needs="evaluation",
    after="PRO003 INT001",
    book=2,
)
def unchecked(case: Case) -> Iterator[Finding]:
    """Per-example results are too large to be held, so that the labels of their examples were not compared with the
    profile's slice suite. Counts and digests of the slices were checked all the same.
    """
    if _suite(case) is None:
        return
    for _split, file in _results(case):
        if file.data is None:
            yield trouble(
                file.path,
                "",
                "the slice labels were not checked, for the file is too large to be held",
                expected="a per-example file of at most 1 MiB",
                found=f"{file.size} bytes",
                hint="label the published file again by the profile's suite",
            )


RULES = (measured, labelled, unchecked)

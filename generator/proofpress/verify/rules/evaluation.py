"""EVL: an evaluation is the sum of its metrics files, ran with its configuration, and its rows say who wrote them."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from proofpress.evidence.base import ProducedFile
from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import EFFECTIVE_CONFIG
from proofpress.verify.identity_graph import same_value
from proofpress.verify.rule import Case, bytes_of, rule, trouble
from proofpress.verify.rules.metrics import EVAL, group_of

_AGAIN: Final = "aggregate the metrics files again: proofpress pack eval"
_IDENTITY: Final = ("release_id", "model_id", "run_id", "training_run_id", "commit", "dataset_snapshot_id")


def config_parameters(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a configuration says of parameters: its mapping `parameters`, or all of it when it has none."""
    inner = config.get("parameters")
    return inner if isinstance(inner, Mapping) else config


@rule("EVL001", "The evaluation names its metrics files and its configuration", needs="evaluation", book=2)
def inputs(case: Case) -> Iterator[Finding]:
    """A metrics file or the effective configuration is not the file that the evaluation names, or is not named by it.

    Paths, digests, sizes and writers of the aggregated files stand in `inputs`. A file below `model/metrics/` that the
    evaluation does not name was left out of it, or belongs to another run.
    """
    evaluation = case.evaluation
    named: list[tuple[str, ProducedFile]] = [(f"/inputs/{index}", item) for index, item in enumerate(evaluation.inputs)]
    if evaluation.effective_config is not None:
        named.append(("/effective_config", evaluation.effective_config))
    for pointer, item in named:
        if difference := case.unlike(item):
            yield trouble(
                EVAL,
                pointer,
                f"{item.path} is not the file that the evaluation was made with",
                expected=bytes_of(item),
                found=difference,
                hint=_AGAIN,
            )
    for pointer, item in named:
        config = pointer == "/effective_config"
        right = item.path == EFFECTIVE_CONFIG if config else item.path in {*case.evidence.metrics, *case.broken}
        if not right and item.path in case.raw.files:
            yield trouble(
                EVAL,
                f"{pointer}/path",
                f"{item.path} is not " + ("the place of the effective configuration" if config else "a metrics file"),
                expected=EFFECTIVE_CONFIG if config else "a metrics file below model/metrics/",
                found=item.path,
                hint=_AGAIN,
            )
    writers = {item.path: (index, item.generated_by) for index, item in enumerate(evaluation.inputs)}
    for path, metrics in case.evidence.metrics.items():
        index, writer = writers.get(path, (0, ""))
        if writer and writer != metrics.generated_by:
            yield trouble(
                EVAL,
                f"/inputs/{index}/generated_by",
                f"{path} was written by another program than the evaluation says",
                expected=metrics.generated_by,
                found=writer,
                hint=_AGAIN,
            )
    present = {*case.evidence.metrics, *({EFFECTIVE_CONFIG} & case.raw.files.keys())}
    for path in sorted(present - {item.path for _pointer, item in named}):
        yield trouble(
            path,
            "",
            "the evaluation does not name this file",
            expected=f"a file that {EVAL} names as input or configuration",
            found=path,
            hint=f"{_AGAIN}, or remove the file",
        )


@rule("EVL002", "Metrics files come from the run that the evaluation names", needs="evaluation", book=2)
def one_run(case: Case) -> Iterator[Finding]:
    """A metrics file names another release, model, run, commit, snapshot or parameter than the evaluation.

    Rows of different runs side by side tell a story that never happened as one run.
    """
    evaluation = case.evaluation
    for path, metrics in case.evidence.metrics.items():
        said = [(f"/{name}", getattr(evaluation, name), getattr(metrics, name)) for name in _IDENTITY]
        said += [
            (f"/parameters/{name}", evaluation.parameters.get(name, "nothing"), metrics.parameters.get(name, "nothing"))
            for name in sorted(evaluation.parameters.keys() | metrics.parameters.keys())
        ]
        for pointer, expected, found in said:
            if not same_value(expected, found):
                yield trouble(
                    path,
                    pointer,
                    f"the file was measured with {pointer.rpartition('/')[2]} {found}, the evaluation says {expected}",
                    expected=expected,
                    found=found,
                    hint="take all metrics files from one run",
                )


@rule("EVL003", "Rows of the evaluation are those of its metrics files", needs="evaluation", after="EVL001", book=2)
def rows(case: Case) -> Iterator[Finding]:
    """A row of the evaluation stands in none of its metrics files or differs there, or a measured row was dropped.

    Rows that are left out choose what a reader sees. Evaluations that name no metrics files are not concerned.
    """
    evaluation = case.evaluation
    if any(item.path in case.broken for item in evaluation.inputs):
        return  # which rows a file holds that can't be read, nobody knows
    measured = {row.key: (path, row) for path, file in case.evidence.metrics.items() for row in file.rows}
    if not measured:
        return
    for index, row in enumerate(evaluation.rows):
        path, source = measured.pop(row.key, ("", None))
        if source is None:
            yield trouble(
                EVAL,
                f"/rows/{index}",
                f"{row.key} stands in no metrics file, or twice in the evaluation",
                expected="a row of one of the metrics files",
                found=row.key,
                hint=_AGAIN,
            )
            continue
        for name in MetricRow.model_fields:
            mine, theirs = getattr(row, name), getattr(source, name)
            if mine != theirs:
                yield trouble(
                    EVAL,
                    f"/rows/{index}/{name}",
                    f"{row.key}: {name} differs from that in {path}",
                    expected=theirs,
                    found=mine,
                    hint=_AGAIN,
                )
    for key, (path, row) in measured.items():
        yield trouble(
            EVAL,
            "/rows",
            f"{key} was measured ({path}), but is not in the evaluation",
            expected=f"{key} with {row.value}",
            found="no such row",
            hint=_AGAIN,
        )


@rule("EVL004", "Negative findings of the metrics files are kept", needs="evaluation", after="EVL001", book=2)
def kept(case: Case) -> Iterator[Finding]:
    """A negative finding or limitation that a metrics file states is not in the evaluation."""
    evaluation = case.evaluation
    for path, file in case.evidence.metrics.items():
        for name in ("negative_findings", "limitations"):
            for index, text in enumerate(getattr(file, name)):
                if text not in getattr(evaluation, name):
                    yield trouble(
                        EVAL,
                        f"/{name}",
                        f"a text of {path}#/{name}/{index} was left out",
                        expected=text,
                        found=f"{len(getattr(evaluation, name))} texts without it",
                        hint=_AGAIN,
                    )


@rule("EVL005", "The evaluation ran with its effective configuration", needs="evaluation", book=2)
def configuration(case: Case) -> Iterator[Finding]:
    """A parameter of the evaluated run differs from the effective configuration, where both name it.

    The configuration's parameters are its mapping `parameters`, or all of its names when it has none.
    """
    evaluation = case.evaluation
    stated = config_parameters(case.evidence.effective_config or {})
    for name in sorted(stated.keys() & evaluation.parameters.keys()):
        if not same_value(stated[name], evaluation.parameters[name]):
            yield trouble(
                EVAL,
                f"/parameters/{name}",
                f"metrics came from a run with {name} {evaluation.parameters[name]}, the effective configuration "
                f"({EFFECTIVE_CONFIG}) says {stated[name]}",
                expected=stated[name],
                found=evaluation.parameters[name],
                hint="evaluate with this configuration, or aggregate with the one of the evaluated run",
            )


@rule("EVL008", "The effective configuration says what was evaluated", needs="evaluation", after="PRO003", book=2)
def settings(case: Case) -> Iterator[Finding]:
    """The effective configuration names another snapshot, other splits, or a metric that was not measured, or leaves a
    headline metric out; or the profile asks for `metrics_files`, and the configuration names no split, no metrics or
    none of the evaluation's parameters.

    Its names are `dataset_snapshot_id`, `split` or `splits`, `metrics` and `parameters`, each a word, a list of words
    or a mapping whose keys count. A configuration that says nothing would fit every evaluation.
    """
    evaluation, config = case.evaluation, case.evidence.effective_config
    if config is None:
        return
    headline = {item.name for item in case.evidence.release.headline}
    measured = {row.name for row in evaluation.rows}
    stated = {name: _words(config.get(name)) for name in ("dataset_snapshot_id", "metrics", "parameters")}
    stated["splits"] = _words(config.get("splits", config.get("split")))
    wanted = {
        "dataset_snapshot_id": {evaluation.dataset_snapshot_id},
        "splits": {split.name for split in evaluation.splits},
        "metrics": (stated["metrics"] & measured) | (headline & measured),
    }
    if any(profile.metrics_files for profile in case.profiles.chain(case.evidence.manifest.profile)):
        least = {"splits": wanted["splits"], "metrics": headline, "parameters": set(evaluation.parameters)}
        for name, most in least.items():
            if most and not (stated[name] if name != "parameters" else config_parameters(config).keys() & most):
                yield _unsaid(name, most, "nothing")
    for name, right in wanted.items():
        if stated[name] and stated[name] != right:
            yield _unsaid(name, right, ", ".join(sorted(stated[name])))


def _unsaid(name: str, expected: Collection[str], found: str) -> Finding:
    return trouble(
        EFFECTIVE_CONFIG,
        f"/{name}",
        f"the configuration does not say what was evaluated: its {name.replace('_', ' ')}",
        expected=", ".join(sorted(expected)),
        found=found,
        hint="name in the configuration what the evaluation program was told, then aggregate again",
    )


def _words(value: Any) -> set[str]:
    items = (value,) if isinstance(value, str) else value if isinstance(value, tuple | Mapping) else ()
    return {item for item in items if isinstance(item, str)}


def _row_files(case: Case) -> dict[str, tuple[str, str]]:
    """Per-example files by path: the profile's name of such rows, and the pointer at which the file is named."""
    files: dict[str, tuple[str, str]] = {}
    for index, row in enumerate(case.evaluation.rows):
        for field, kind in (("baseline_per_sample", "baseline_rows"), ("per_sample", "score_rows")):
            place = getattr(row, field)
            if place is not None:
                files.setdefault(place.path, (kind, f"/rows/{index}/{field}/path"))
    return files


@rule("EVL006", "Per-example rows were written by an accepted program", needs="evaluation", after="PRO003", book=2)
def markers(case: Case) -> Iterator[Finding]:
    """A row of per-example results names a `generated_by` that the profile does not accept, or names none although the
    profile asks for it (`row_markers`).

    Accepted are the profile's generators of `score_rows`, for rows of a baseline those of `baseline_rows`.
    """
    chain = case.profiles.chain(case.evidence.manifest.profile)
    asked = any(profile.row_markers for profile in chain)
    for path, (kind, pointer) in _row_files(case).items():
        file = case.raw.files.get(path)
        for marker, n in (file.rows.markers if file and file.rows else {}).items():
            if (asked or marker) and not (marker and case.profiles.accepts(chain, kind, marker)):
                yield trouble(
                    path,
                    "",
                    f"{n} rows were written by "
                    + (f"'{marker}'" if marker else "nobody knows whom")
                    + f" ({EVAL}#{pointer})",
                    expected=f"a generated_by that the profile accepts for {kind}",
                    found=marker or "no generated_by",
                    hint="score the examples again with an accepted program, or accept it in a profile",
                )


@rule("EVL007", "A baseline is recomputed from its own rows", needs="evaluation", after="INT001 MET003", book=2)
def baseline_rows(case: Case) -> Iterator[Finding]:
    """Keys, number or mean of the baseline's per-example rows differ from what the row says of the baseline.

    Digests and means are recomputed, not believed, as for the model's own rows (MET006, MET007).
    """
    for index, row in enumerate(case.evaluation.rows):
        place, pointer = row.baseline_per_sample, f"/rows/{index}/baseline_per_sample"
        if place is None or place.path in case.broken:
            continue
        group = group_of(case, row, place)
        total = group.sums.get(place.field) if group else None
        problem = ""
        if group is None:
            problem = "has no rows with keys in this pack"
        elif (group.n, group.keys_sha256) != (row.n, row.baseline_evaluated_keys_sha256):
            problem = f"holds {group.n} examples with keys {group.keys_sha256}"
        elif place.aggregate == "mean" and row.baseline_value is not None:
            if total is None:
                problem = f"has no numeric field '{place.field}'"
            elif abs((mean := Decimal(total) / group.n) - row.baseline_value) > row.baseline_value.half_unit:
                problem = f"has the mean {mean:.6f}"
        if problem:
            yield trouble(
                EVAL,
                pointer,
                f"{row.key}: the baseline's file {place.path} {problem}",
                expected=f"{row.n} examples, keys {row.baseline_evaluated_keys_sha256}, value {row.baseline_value}",
                found=problem,
                hint="evaluate the baseline again on the same examples",
            )


RULES = (inputs, one_run, rows, kept, configuration, settings, markers, baseline_rows)

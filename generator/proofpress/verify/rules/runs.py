"""RUN: the training was preflighted on this data and configuration, all its files are here, and it resumed its own."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import CHECKSUMS, KINDS, PARAMS
from proofpress.evidence.preflight import (
    Configuration,
    configuration_checks,
    contradicted,
    document_check,
    requirement_checks,
)
from proofpress.evidence.training import RunIdentity, resumed_log_trouble, role_in_run
from proofpress.evidence.values import Number, seconds_between
from proofpress.ingest.strict import PARSERS, StrictError
from proofpress.render.sets import RENDERED
from proofpress.verify.identity_graph import same_value
from proofpress.verify.rule import Case, bytes_of, rule, trouble

_PATHS = {kind.name: kind.path for kind in KINDS}
_PREFLIGHT, _MANIFEST, _RUN = _PATHS["preflight"], _PATHS["run_manifest"], _PATHS["training"]
_AGAIN = "check again before training: proofpress preflight"
_PACKAGE = "package the run folder again: proofpress pack training"


@rule("RUN001", "The training preflight passed", needs="preflight", book=2)
def passed(case: Case) -> Iterator[Finding]:
    """A check of the preflight failed, is missing, or says something else than the values behind it give; or the
    verdict is not that of the checks. There is a check of each document of the dataset that the pack holds, of the
    configuration's schema, and of each thing that is required of the machine.

    A run whose preflight failed may have used broken data or a machine that it was not made for.
    """
    report = case.evidence.preflight
    if report is None:
        return
    schema = report.configuration.validated_by
    reviewed = ("dataset_spec", "dataset_check", "dataset_snapshot")
    wanted = [document_check(_PATHS[name]) for name in ("dataset", "dataset_manifest", "splits")]
    wanted += [document_check(_PATHS[name]) for name in reviewed if case.evidence.holds(name)]
    wanted += configuration_checks(schema.path, None if schema.closed else "/") if schema else ()
    wanted += requirement_checks(report.requirements, report.machine)
    for check, found in contradicted(report.checks, wanted):
        yield trouble(
            _PREFLIGHT,
            "/checks",
            f"the check '{check.name}' is not what the values behind it give",
            expected=f"required {check.required}, found {check.found}, {'ok' if check.ok else 'not ok'}",
            found=f"required {found.required}, found {found.found}" if found else "no such check",
            hint=_AGAIN,
        )
    for index, check in enumerate(report.checks):
        if not check.ok:
            problem = f"the check '{check.name}' failed"
            where = f"/checks/{index}"
            yield trouble(_PREFLIGHT, where, problem, expected=check.required, found=check.found, hint=_AGAIN)
    if report.ok != all(check.ok for check in report.checks):
        problem = "the verdict is not that of the checks"
        yield trouble(_PREFLIGHT, "/ok", problem, expected=not report.ok, found=report.ok, hint=_AGAIN)


@rule("RUN002", "The preflight checked the promoted configuration", needs="preflight", book=2)
def configuration(case: Case) -> Iterator[Finding]:
    """The configuration that the preflight checked is not the file of this pack, or its values are not those of that
    file, of the promoted parameters, or of the training run.

    Then another run was checked than the one that made the model.
    """
    report = case.evidence.preflight
    if report is None:
        return
    checked = report.configuration
    for pointer, item in (("/configuration", checked), ("/configuration/validated_by", checked.validated_by)):
        if item is not None and (difference := case.unlike(item, elsewhere=True)):
            yield trouble(
                _PREFLIGHT,
                pointer,
                f"{item.path} is not the file that the preflight checked",
                expected=bytes_of(item),
                found=difference,
                hint=_AGAIN,
            )
    yield from _other_values(case, checked)


def _other_values(case: Case, checked: Configuration) -> Iterator[Finding]:
    """Values that differ from the first of three sources that contradicts them."""
    run = case.evidence.training
    sources: tuple[tuple[str, Any], ...] = (
        (checked.path, _parsed(case, checked.path)),
        (PARAMS, case.evidence.promoted_parameters),
        (_RUN, run.parameters if run else None),
    )
    for name in sorted({*checked.payload, *(name for _path, values in sources for name in values or ())}):
        mine = checked.payload.get(name, "nothing")
        for path, values in sources:
            theirs = mine if values is None else values.get(name, "nothing")
            if not same_value(mine, theirs):
                yield trouble(
                    _PREFLIGHT,
                    f"/configuration/payload/{name}",
                    f"the preflight checked {name} {mine}, {path} says {theirs}",
                    expected=theirs,
                    found=mine,
                    hint=_AGAIN,
                )
                break


@rule("RUN003", "The preflight checked this pack's dataset", needs="preflight", book=2)
def dataset(case: Case) -> Iterator[Finding]:
    """A file of the dataset has another digest than the preflight recorded, was not there then, or is not here now.

    A preflight of other data is stale: nothing shows that the data of this pack was fit for training.
    """
    report = case.evidence.preflight
    if report is None:
        return
    now = {
        path: bytes_of(entry)
        for path, entry in case.listed.items()
        if path.startswith("dataset/") and path not in RENDERED and path != f"dataset/{CHECKSUMS}"
    }
    seen: dict[str, str] = {}
    for index, item in enumerate(report.inputs):
        twice = item.path in seen
        seen[item.path] = bytes_of(item)
        if twice or now.get(item.path) != seen[item.path]:
            yield trouble(
                _PREFLIGHT,
                f"/inputs/{index}",
                f"{item.path} stands twice" if twice else f"the preflight is stale: it checked another {item.path}",
                expected=now.get(item.path, "no such file in dataset/"),
                found=seen[item.path],
                hint=_AGAIN,
            )
    for path in sorted(now.keys() - seen.keys()):
        problem = f"the preflight is stale: it did not check {path}"
        yield trouble(_PREFLIGHT, "/inputs", problem, expected=path, found="no such input", hint=_AGAIN)


@rule("RUN004", "The preflight came before the training", needs="preflight training", book=2)
def before(case: Case) -> Iterator[Finding]:
    """The preflight was made after the training run had started, so it can't have been a condition of it."""
    report, run = case.evidence.preflight, case.evidence.training
    if report is not None and run is not None and report.checked_at > run.started_at:
        yield trouble(
            _PREFLIGHT,
            "/checked_at",
            "the preflight is younger than the start of the training run",
            expected=f"not after {run.started_at}",
            found=report.checked_at,
            hint="take the preflight that was made before this run",
        )


@rule("RUN005", "The run manifest lists every file of the run", needs="run_manifest", book=2)
def listed(case: Case) -> Iterator[Finding]:
    """A file below `training/` or an output of the run is missing from `training/training_run_manifest.json`, stands
    there twice, or by another digest, size or role than it has.

    The manifest binds record, configuration, preflight, checkpoints and outputs of one run to each other.
    """
    manifest, run = case.evidence.run_manifest, case.evidence.training
    if manifest is None:
        return
    outputs = {item.path for item in run.outputs} if run else set()
    below = {path for path in case.listed if path.startswith("training/") and path not in RENDERED}
    wanted = (below | outputs) - {_MANIFEST, f"training/{CHECKSUMS}"}
    times = Counter(item.path for item in manifest.files)
    for index, item in enumerate(manifest.files):
        role = role_in_run(item.path, outputs)
        problem, expected, found = "", "", ""
        if times[item.path] > 1:
            problem, expected, found = f"{item.path} stands twice", "each file once", f"{times[item.path]} times"
        elif difference := case.unlike(item, elsewhere=True):
            problem = f"{item.path} is not the file that the manifest lists"
            expected, found = bytes_of(item), difference
        elif item.path not in wanted:
            problem = f"{item.path} is no file of this run"
            expected, found = "files below training/ and outputs of the run", item.path
        elif item.role != role:
            problem, expected, found = f"{item.path} has another role", role, item.role
        if problem:
            yield trouble(_MANIFEST, f"/files/{index}", problem, expected=expected, found=found, hint=_PACKAGE)
    for path in sorted(wanted - times.keys()):
        problem = f"{path} is missing from the run's files"
        yield trouble(_MANIFEST, "/files", problem, expected=path, found="no such entry", hint=_PACKAGE)


@rule("RUN006", "A resumed run went on from a checkpoint of its own", needs="training", book=2)
def resumed(case: Case) -> Iterator[Finding]:
    """The checkpoint that the training run resumed belongs to another run, dataset snapshot, split or configuration,
    or is not a file of this pack.

    A run that goes on from somebody else's state is not the run that its record describes.
    """
    run = case.evidence.training
    checkpoint = run.resumed_from if run else None
    if run is None or checkpoint is None:
        return
    if difference := case.unlike(checkpoint, elsewhere=True):
        yield trouble(
            _RUN,
            "/resumed_from",
            f"{checkpoint.path} is not the checkpoint that the run resumed",
            expected=bytes_of(checkpoint),
            found=difference,
            hint=_PACKAGE,
        )
    data, report, parameters = case.evidence.dataset, case.evidence.preflight, case.listed.get(PARAMS)
    config = report.configuration.sha256 if report else parameters.sha256 if parameters else None
    if data is None or config is None:
        yield trouble(
            _RUN,
            "/resumed_from",
            "nothing shows that the checkpoint is of this run's data and configuration",
            expected=f"a dataset package, and {PARAMS} or a preflight",
            found="not all of them",
            hint="add the evidence from the recorded run",
        )
        return
    mine = RunIdentity.of(data, run_id=run.run_id, config_sha256=config)
    for name, expected, found in checkpoint.differences(mine):
        yield trouble(
            _RUN,
            f"/resumed_from/{name}",
            f"the checkpoint is of another {name.replace('_', ' ')} than the run that resumed it",
            expected=expected,
            found=found,
            hint="train from the start, or from a checkpoint of this run",
        )


@rule("RUN007", "The resumed step stands in run record, log and metrics", needs="training", book=2)
def resumed_step(case: Case) -> Iterator[Finding]:
    """The run record, its checkpoint, its log and the evaluation do not name the same step at which the training went
    on; or one of them says that it was resumed, and the run record does not.
    """
    run, evaluation = case.evidence.training, case.evidence.evaluation
    if run is None:
        return
    hint = "record the step at which the run went on, as the training program reported it"
    step = run.resumed_from.step if run.resumed_from else None
    statements = [(_RUN, run.resumed_step)]
    statements += [(_PATHS["evaluation"], evaluation.resumed_step)] if evaluation else []
    for file, found in statements:
        if found != step:
            problem = "the training run was resumed at another step" if step is not None else "the run was not resumed"
            yield trouble(
                file,
                "/resumed_step",
                problem,
                expected="nothing" if step is None else step,
                found="nothing" if found is None else found,
                hint=hint,
            )
    if difference := resumed_log_trouble(run.log, step):
        problem = "the log does not tell the step at which the run went on"
        yield trouble(_RUN, "/log", problem, expected=difference[0], found=difference[1], hint=hint)


def _parsed(case: Case, path: str) -> Any:
    """A configuration's values, None when they can't be read: then another finding has told it."""
    file, parse = case.raw.files.get(path), PARSERS.get(path[path.rfind(".") :])
    try:
        values = parse(file.data) if parse and file and file.data is not None else None
    except StrictError:
        return None
    return values if isinstance(values, dict) else None


@rule("RUN008", "The run's command and duration are those of its record", needs="training", book=2)
def record(case: Case) -> Iterator[Finding]:
    """An option of the run's command (`--name value` or `--name=value`) has another value than the parameter of that
    name, or the run took longer than from its start to its finish.
    """
    run = case.evidence.training
    if run is None:
        return
    values = run.parameters
    elapsed = seconds_between(run.started_at, run.finished_at)
    told: list[tuple[str, str, Any, Any]] = [
        (f"/command/{index}", f"the option {name}", values[name], value)
        for index, name, value in _options(run.command)
        if name in values and not isinstance(values[name], dict | tuple)
    ]
    for pointer, what, expected, found in told:
        if str(expected) != str(found) and not same_value(expected, _number(found)):
            problem = f"{what} is not the parameter of the run"
            yield trouble(
                _RUN, pointer, problem, expected=expected, found=found, hint="record the run as it was started"
            )
    if run.duration_seconds > elapsed + 1:
        yield trouble(
            _RUN,
            "/duration_seconds",
            "the run took longer than from its start to its finish",
            expected=f"at most {elapsed:.0f} seconds",
            found=run.duration_seconds,
            hint="record the times that the run really had",
        )


def _options(command: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """(place, name, value) of the options of a command."""
    for index, word in enumerate(command):
        if not word.startswith("--"):
            continue
        name, equals, value = word[2:].partition("=")
        following = command[index + 1] if index + 1 < len(command) else ""
        if equals:
            yield index, name.replace("-", "_"), value
        elif following and not following.startswith("--"):
            yield index + 1, name.replace("-", "_"), following


def _number(value: Any) -> Any:
    try:
        return Number(str(value))
    except (ValueError, ArithmeticError):
        return value


@rule("RUN009", "The run made the model's weights", needs="training model_manifest", book=2)
def weights(case: Case) -> Iterator[Finding]:
    """The model has files of weights, and none of them is an output of the training run: model and run were put
    together from two places.
    """
    run, model = case.evidence.training, case.evidence.model_manifest
    made = {item.sha256 for item in run.outputs} if run else set()
    files = [item for item in (model.files if model else ()) if item.role == "weights"]
    if files and not any(item.sha256 in made for item in files):
        yield trouble(
            _RUN,
            "/outputs",
            "the training run wrote none of the model's weights",
            expected=" or ".join(f"model/{item.path} with sha256 {item.sha256}" for item in files),
            found=", ".join(item.path for item in run.outputs) if run else "no run",
            hint=_PACKAGE,
        )


RULES = (passed, configuration, dataset, before, listed, resumed, resumed_step, record, weights)

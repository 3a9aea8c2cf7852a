"""IDN and PAR: every file tells the story of the same release, model, data, run, commit and parameters."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import KINDS, PARAMS, Evidence
from proofpress.evidence.values import ReleaseParts
from proofpress.verify.rule import Case, rule, trouble

_WHERE = {kind.name: kind.path for kind in KINDS}
_HINT = "take all files from one run: build the document again from the run that is being released"


def _statements(evidence: Evidence, names: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(file, pointer, value) of a field that several documents state; `names` maps document to field."""
    for document, field in names.items():
        holder = getattr(evidence, document)
        if holder is not None and getattr(holder, field) is not None:
            yield _WHERE[document], f"/{field}", str(getattr(holder, field))


def _agree_all(what: str, evidence: Evidence, names: Mapping[str, str]) -> Iterator[Finding]:
    """All documents that are there agree with the first of them, which is the source when the pack holds it."""
    statements = _statements(evidence, names)
    source = next(statements, None)
    if source is not None:
        yield from _agree(what, source, statements)


def _agree(what: str, source: tuple[str, str, str], statements: Iterator[tuple[str, str, str]]) -> Iterator[Finding]:
    origin, pointer, expected = source
    for file, where, found in statements:
        if found != expected:
            yield trouble(
                file,
                where,
                f"{file} is about {what} {found}, while {origin}{'#' + pointer if pointer else ''} "
                f"says {expected}: these files come from different runs or releases",
                expected=expected,
                found=found,
                hint=_HINT,
            )


@rule("IDN001", "All documents name the same release")
def release_id(case: Case) -> Iterator[Finding]:
    """A document names another release than `release.json` does.

    Usually a file was copied from another release's folder. Build it again for this release.
    """
    evidence = case.evidence
    documents = (
        *("manifest", "model", "evaluation", "efficiency", "training", "run_manifest"),
        *("suite", "readiness", "demo", "demo_preflight", "receipts"),
    )
    source = ("release.json", "/release_id", evidence.release.release_id)
    yield from _agree("release", source, _statements(evidence, dict.fromkeys(documents, "release_id")))


@rule("IDN002", "The release id says what the release says")
def release_parts(case: Case) -> Iterator[Finding]:
    """Version, family, bundle or folder name contradict the release id.

    The id is `<name>-v<version>[-<variant>]-r<revision>`; the folder is named after it, with `.b<N>` from
    the second bundle on.
    """
    evidence = case.evidence
    release, manifest = evidence.release, evidence.manifest
    version = ReleaseParts(release.release_id).version
    pairs = (
        ("release.json", "/version", version, release.version, "version of the release id"),
        ("release.json", "/family", manifest.family, release.family, "family of manifest.json"),
        ("release.json", "/bundle", str(manifest.bundle), str(release.bundle), "bundle of manifest.json"),
    )
    for file, pointer, expected, found, what in pairs:
        if expected != found:
            yield trouble(
                file,
                pointer,
                f"{pointer[1:]} differs from the {what}",
                expected=expected,
                found=found,
                hint=_HINT,
            )
    if case.raw.label.rpartition("/")[2] != evidence.bundle_id:
        yield trouble(
            "manifest.json",
            "/release_id",
            "the folder is not named after the release",
            expected=evidence.bundle_id,
            found=case.raw.label.rpartition("/")[2],
            hint="rename the folder, or assemble the pack under its own id",
        )


@rule("IDN003", "All documents name the same model")
def model_id(case: Case) -> Iterator[Finding]:
    """A document was made with another model than the one in this pack.

    The model's identity is the SHA-256 of the bytes of `model/manifest.json`. Evaluation, efficiency report
    and demo name the model that they ran; a different one means that their values describe another model.
    """
    names = dict.fromkeys(
        ("model", "evaluation", "efficiency", "suite", "readiness", "demo", "demo_preflight", "receipts"), "model_id"
    )
    if case.evidence.model_manifest is None:
        yield from _agree_all("model", case.evidence, names)
        return
    source = ("model/manifest.json", "", "sha256:" + case.raw.files["model/manifest.json"].sha256)
    yield from _agree("model", source, _statements(case.evidence, names))


@rule("IDN004", "All documents name the same dataset snapshot")
def snapshot(case: Case) -> Iterator[Finding]:
    """A document was made with another dataset snapshot than `dataset/dataset_package.json` describes.

    A pack without a dataset package is held to what its first document says.
    """
    documents = (
        *("dataset", "model", "evaluation", "training", "preflight"),
        *("dataset_manifest", "splits", "dataset_snapshot"),
    )
    yield from _agree_all("dataset snapshot", case.evidence, dict.fromkeys(documents, "dataset_snapshot_id"))


@rule("IDN005", "Model, evaluation and run manifest name the training run")
def run_id(case: Case) -> Iterator[Finding]:
    """The model package, the evaluation or the run manifest names another training run than
    `training/training_run.json`, or than each other.
    """
    names = {"training": "run_id", "model": "run_id", "evaluation": "training_run_id", "run_manifest": "run_id"}
    yield from _agree_all("training run", case.evidence, names)


@rule("IDN006", "All documents name the same commit")
def commit(case: Case) -> Iterator[Finding]:
    """The model package or the evaluation names another commit than the training run, or than each other."""
    documents = ("training", "model", "evaluation")
    yield from _agree_all("commit", case.evidence, dict.fromkeys(documents, "commit"))


@rule("IDN007", "Results are younger than their model and older than their release", needs="training")
def order_of_time(case: Case) -> Iterator[Finding]:
    """A result is older than the training run that made the model, so it can't be a result of that model; or it is
    younger than the release that claims it.
    """
    evidence = case.evidence
    finished = evidence.training.finished_at if evidence.training else ""
    if evidence.training and evidence.training.started_at > finished:
        yield trouble(
            _WHERE["training"],
            "/finished_at",
            "the run finished before it started",
            expected=f"not before {evidence.training.started_at}",
            found=finished,
            hint=_HINT,
        )
    times = {"evaluation": "evaluated_at", "efficiency": "measured_at", "demo": "started_at"}
    times |= {"suite": "started_at", "readiness": "assessed_at"}
    released = evidence.release.released_at
    for file, pointer, found in (*_statements(evidence, times), (_WHERE["training"], "/finished_at", finished)):
        if found > released:
            yield trouble(
                file,
                pointer,
                f"{file} is younger than the release (release.json#/released_at)",
                expected=f"not after {released}",
                found=found,
                hint="a release can only hold what was measured before it; state the time at which it was released",
            )
    for file, pointer, found in _statements(evidence, times):
        if found < finished:
            yield trouble(
                file,
                pointer,
                f"{file} is older than the training run that made the model",
                expected=f"not before {finished}",
                found=found,
                hint=_HINT,
            )


def same_value(left: Any, right: Any) -> bool:
    """Whether two parsed values are equal; numbers by value, never a number and a text or truth value."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return left == right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_value(left[name], right[name]) for name in left)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(same_value, left, right))
    return type(left) is type(right) and bool(left == right)


@rule("PAR001", "The evaluated run used the promoted parameters")
def parameters(case: Case) -> Iterator[Finding]:
    """A parameter of the evaluated run, the training run or the model package differs from the promoted one.

    Metrics of a run with other parameters describe a model that nobody releases. Return to the recorded run
    with the promoted parameters, and take its metrics; never edit a value by hand.
    """
    evidence = case.evidence
    promoted, origin = evidence.promoted_parameters, PARAMS
    if promoted is None and evidence.model is not None:
        promoted, origin = evidence.model.parameters, _WHERE["model"]
    if promoted is None:
        return
    said = {
        "evaluation": "metrics came from a run",
        "training": "the training run ran",
        "model": "the model package",
    }
    for document, story in said.items():
        holder = getattr(evidence, document)
        if holder is None or _WHERE[document] == origin:
            continue
        for name in sorted(promoted.keys() | holder.parameters.keys()):
            mine, theirs = promoted.get(name, "nothing"), holder.parameters.get(name, "nothing")
            if not same_value(mine, theirs):
                yield trouble(
                    _WHERE[document],
                    f"/parameters/{name}",
                    f"{story} with {name} {theirs}, the promoted parameters ({origin}) say {mine}",
                    expected=mine,
                    found=theirs,
                    hint="evaluate the promoted parameters again, or promote the parameters that were evaluated",
                )


RULES = (release_id, release_parts, model_id, snapshot, run_id, commit, order_of_time, parameters)

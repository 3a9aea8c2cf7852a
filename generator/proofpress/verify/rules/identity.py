"""IDN and PAR: every file tells the story of the same release, model, data, run, commit and parameters."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from proofpress.evidence.dataset import snapshot_id
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import Evidence
from proofpress.evidence.values import ReleaseParts
from proofpress.verify import identity_graph as graph
from proofpress.verify.identity_graph import Shared
from proofpress.verify.rule import Case, rule, trouble

_WHERE = graph.WHERE
_HINT = "take all files from one run: build the document again from the run that is being released"
_PROMOTE = "evaluate the promoted parameters again, or promote the parameters that were evaluated"


def _agree(shared: Shared, case: Case) -> Iterator[Finding]:
    """All files that state an identity agree with its source; see the table in `identity_graph`."""
    told = graph.statements(shared, case.evidence, case.raw)
    if (found := graph.held(shared, told)) is None:
        return
    source, others = found
    for other in others:
        for each in graph.differences(source, other):
            yield trouble(
                other.file,
                f"{other.pointer}/{each.name}" if each.name else other.pointer,
                graph.sentence(shared, source, other, each),
                expected=each.expected,
                found=each.found,
                hint=_PROMOTE if shared is graph.PARAMETERS else _HINT,
            )


@rule("IDN001", "All documents name the same release")
def release_id(case: Case) -> Iterator[Finding]:
    """A document names another release than `release.json` does.

    Usually a file was copied from another release's folder. Build it again for this release.
    """
    yield from _agree(graph.RELEASE, case)


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
    yield from _agree(graph.MODEL, case)


@rule("IDN004", "All documents name the same dataset snapshot")
def snapshot(case: Case) -> Iterator[Finding]:
    """A document was made with another dataset snapshot than `dataset/dataset_package.json` describes.

    A pack without a dataset package is held to what its first document says.
    """
    yield from _agree(graph.SNAPSHOT, case)


@rule("IDN005", "Model, evaluation and run manifest name the training run")
def run_id(case: Case) -> Iterator[Finding]:
    """The model package, the evaluation or the run manifest names another training run than
    `training/training_run.json`, or than each other.
    """
    yield from _agree(graph.TRAINING, case)


@rule("IDN006", "All documents name the same commit")
def commit(case: Case) -> Iterator[Finding]:
    """The model package or the evaluation names another commit than the training run, or than each other."""
    yield from _agree(graph.COMMIT, case)


def _times(evidence: Evidence, names: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(file, pointer, time) of the documents that are there; `names` maps document to field."""
    for document, field in names.items():
        holder = getattr(evidence, document)
        if holder is not None:
            yield _WHERE[document], f"/{field}", getattr(holder, field)


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
    dated = (*_times(evidence, times), (_WHERE["training"], "/finished_at", finished))
    if len(dated) > 1 and all(found > released for _file, _pointer, found in dated):
        yield trouble(
            "release.json",
            "/released_at",
            "the release is older than everything that it holds",
            expected=f"not before {max(found for _file, _pointer, found in dated)}",
            found=released,
            hint="state the time at which it was released",
        )
        return
    for file, pointer, found in dated:
        if found > released:
            yield trouble(
                file,
                pointer,
                f"{file} is younger than the release (release.json#/released_at)",
                expected=f"not after {released}",
                found=found,
                hint="a release can only hold what was measured before it; state the time at which it was released",
            )
    for file, pointer, found in _times(evidence, times):
        if found < finished:
            yield trouble(
                file,
                pointer,
                f"{file} is older than the training run that made the model",
                expected=f"not before {finished}",
                found=found,
                hint=_HINT,
            )


@rule("IDN008", "The efficiency report comes from the evaluation run", book=2)
def evaluation_run(case: Case) -> Iterator[Finding]:
    """A document names another evaluation run than `model/eval_metrics.json`: costs and metrics that were never
    measured together would stand side by side as one result.
    """
    yield from _agree(graph.EVALUATION, case)


@rule("IDN009", "The snapshot's id is a digest of what it consists of", needs="dataset dataset_manifest splits", book=2)
def snapshot_digest(case: Case) -> Iterator[Finding]:
    """A snapshot id that the dataset builder made is the name and a digest of all key files and data files, but these
    give another one: a file was exchanged, left out or renamed after the snapshot got its name.

    Ids of another form are names that somebody gave, and bind nothing.
    """
    data, files, splits = case.evidence.dataset, case.evidence.dataset_manifest, case.evidence.splits
    if data is None or files is None or splits is None or data.generated_by != "proofpress.pack.dataset":
        return
    name, dash, digits = data.dataset_snapshot_id.rpartition("-")
    if not dash or len(digits) != 16 or not set(digits) <= set("0123456789abcdef"):
        return
    if name != data.name:
        yield trouble(
            _WHERE["dataset"],
            "/name",
            f"the snapshot {data.dataset_snapshot_id} is not of the data set '{data.name}'",
            expected=name,
            found=data.name,
            hint="build the dataset package again from the split's records",
        )
        return
    keys = {item.kind: [{"path": file.path, "sha256": file.sha256} for file in item.files] for item in splits.keys}
    expected = snapshot_id(name, keys, [{"name": file.name, "sha256": file.sha256} for file in files.files])
    if expected != data.dataset_snapshot_id:
        yield trouble(
            _WHERE["dataset_manifest"],
            "/dataset_snapshot_id",
            f"the data files listed here and the key files listed in {_WHERE['splits']} give another snapshot",
            expected=data.dataset_snapshot_id,
            found=expected,
            hint="build the dataset package again from the split's records",
        )


@rule("PAR001", "The evaluated run used the promoted parameters")
def parameters(case: Case) -> Iterator[Finding]:
    """A parameter of the evaluated run, the training run or the model package differs from the promoted one.

    Metrics of a run with other parameters describe a model that nobody releases. Return to the recorded run
    with the promoted parameters, and take its metrics; never edit a value by hand.
    """
    yield from _agree(graph.PARAMETERS, case)


@rule("PAR002", "The run's seed is the parameters' seed", needs="training", book=2)
def seed(case: Case) -> Iterator[Finding]:
    """`training/training_run.json` states another seed than the parameter `seed` that it ran with."""
    run = case.evidence.training
    stated = run.parameters.get("seed") if run else None
    if run is not None and isinstance(stated, Decimal) and stated != run.seed:
        yield trouble(
            _WHERE["training"],
            "/seed",
            f"the training run says seed {run.seed}, its parameters say {stated}",
            expected=stated,
            found=run.seed,
            hint="write the training run again from the recorded run",
        )


RULES = (
    release_id,
    release_parts,
    model_id,
    snapshot,
    run_id,
    commit,
    order_of_time,
    evaluation_run,
    snapshot_digest,
    parameters,
    seed,
)

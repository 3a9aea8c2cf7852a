"""GLW01x and GLW03x: a model package is one release, and its files are the ones that it names."""

from typing import Any

from pydantic import ValidationError

from proofpress.exchange.genolewm.documents import ModelManifest
from proofpress.exchange.genolewm.evaluation import artifact_file
from proofpress.exchange.genolewm.files import Folder, TroubleError
from proofpress.exchange.genolewm.guarantee import Findings, guarantee, same, same_bytes
from proofpress.exchange.genolewm.layouts import rendered, stale
from proofpress.exchange.genolewm.package import EFFICIENCY, INPUT_CHECK, METRICS, RUN, SNAPSHOT_REPORT, Package
from proofpress.exchange.genolewm.records import FileIdentity
from proofpress.exchange.genolewm.values import is_digest, path_trouble
from proofpress.verify.rule import trouble

CARD, SUMS, CALIBRATION = "model_card.md", "SHA256SUMS", "calibration_report.json"


@guarantee("GLW010", "A fixture backs no release")
def no_fixture(package: Package) -> Findings:
    """The release id, version or data snapshot of the manifest says that it was made for tests. Such a package may be
    checked and imported as a rehearsal with `--allow-fixture`, never as a release.
    """
    if package.manifest.is_fixture and not package.parts.allow_fixture:
        yield trouble(
            package.part("model").place("manifest.json"),
            "/release_id",
            "the manifest was made for tests",
            expected="a release",
            found=package.manifest.release_id,
            hint="pass --allow-fixture to import a rehearsal",
        )


@guarantee("GLW011", "The model's files are the ones that its manifest names")
def manifest_files(package: Package) -> Findings:
    """Predictor, action encoder, calibration, training configuration and evaluation report are there, with the digests
    in `manifest.json`.
    """
    for path, digest in package.manifest.files.items():
        if problem := path_trouble(path):
            yield _astray(package.part("model"), "manifest.json", path, problem)
        else:
            yield from same_bytes(package.part("model"), path, digest, None, "manifest.json")


def _astray(folder: Folder, path: str, named: str, problem: str) -> Any:
    return TroubleError("GLW002", folder.place(path), f"a path {problem}", found=named).finding


@guarantee("GLW012", "The model card is the model's own")
def card(package: Package) -> Findings:
    """`model_card.md` equals what `model_package.json` and `manifest.json` give, word for word."""
    expected = rendered(CARD, it=package.model, manifest=package.manifest)
    yield from stale(package.part("model"), CARD, expected, "model_package.json")


@guarantee("GLW013", "Extra files of the model are there")
def extra_files(package: Package) -> Findings:
    """Every file that `model_package.json` names as a further part of the package is in it."""
    for path in package.model.extra_files:
        try:
            package.part("model").size(path)
        except TroubleError as exc:
            yield exc.finding


@guarantee("GLW014", "A calibration report is about this calibration")
def calibration(package: Package) -> Findings:
    """A packaged `calibration_report.json` names this model and release, the manifest's and the calibration table's
    bytes, and the identities of its inputs.
    """
    folder, manifest = package.part("model"), package.manifest
    if CALIBRATION not in package.model.extra_files:
        return
    raw = folder.json(CALIBRATION)
    raw = raw if isinstance(raw, dict) else {}
    for name, expected in (
        ("generated_by", "tools.release.build_calibration"),
        ("model_id", manifest.model_id),
        ("model_release", manifest.release_id),
    ):
        yield from same(folder.place(CALIBRATION), f"/{name}", f"the {name}", expected, raw.get(name), "manifest.json")
    table = manifest.calibration.file
    for name, stated, real in (
        ("model_manifest", "model/manifest.json", "manifest.json"),
        ("calibration_artifact", table, table),
    ):
        identity = _identity(raw.get(name))
        if identity is None or identity.path.strip() != stated:
            yield trouble(folder.place(CALIBRATION), f"/{name}", "the file's identity is missing", expected=stated)
        else:
            yield from same_bytes(folder, real, identity.sha256, identity.size_bytes, f"{CALIBRATION}#/{name}")
    inputs = raw.get("inputs")
    for name in ("vcf", "fasta"):
        if _identity(inputs.get(name) if isinstance(inputs, dict) else None) is None:
            yield trouble(folder.place(CALIBRATION), f"/inputs/{name}", "the input's identity is missing")


def _identity(raw: object) -> FileIdentity | None:
    try:
        found = FileIdentity.model_validate(raw)
    except ValidationError:
        return None
    return found if found.path.strip() else None


@guarantee("GLW015", "The model's checksum file lists what matters, and every line holds")
def model_sums(package: Package) -> Findings:
    """`SHA256SUMS` can be read, lists each path once, lists every file that the model package, its manifest and its
    evaluation stand on, and each listed file has the listed digest.
    """
    yield from _sums(package.part("model"), SUMS, _model_files(package))


@guarantee("GLW016", "The dataset's checksum file lists what matters, and every line holds")
def dataset_sums(package: Package) -> Findings:
    """`SHA256SUMS` can be read, lists each path once, lists the documents and data files of the dataset package, and
    each listed file has the listed digest.
    """
    yield from _sums(package.part("dataset"), SUMS, _dataset_files(package))


@guarantee("GLW017", "The run's checksum file lists what matters, and every line holds")
def run_sums(package: Package) -> Findings:
    """`training_run_SHA256SUMS` can be read, lists each path once, lists the run's manifest, card and files, and each
    listed file has the listed digest.
    """
    files = [item.path for item in package.run.artifacts]
    yield from _sums(package.training, "training_run_SHA256SUMS", [RUN, "training_run_card.md", *files])


def _model_files(package: Package) -> list[str]:
    artifacts = [
        target[1]
        for path in package.metrics.artifacts.values()
        if "://" not in path
        and path_trouble(path) is None
        and (target := artifact_file(package, path))
        and target[0].name == "model"
    ]
    named = ["manifest.json", "model_package.json", CARD, METRICS, EFFICIENCY, *package.model.extra_files]
    return [*named, *package.manifest.files, *artifacts]


def _dataset_files(package: Package) -> list[str]:
    folder = package.part("dataset")
    reports = [name for name in (INPUT_CHECK, SNAPSHOT_REPORT) if package.parts.release or folder.has(name)]
    own = ["data_card.md", "dataset_package.json", "dataset_manifest.json", "split_integrity.json"]
    return [*own, *reports, *(item.path for item in package.dataset.files)]


def _sums(folder: Folder, path: str, wanted: list[str]) -> Findings:
    listed: dict[str, str] = {}
    for number, line in enumerate(folder.text(path).splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        problem = "is not '<sha256>  <path>'" if len(words) != 2 else ""
        if not problem and not is_digest("sha256:" + words[0].lower()):
            problem = "holds no sha256"
        if not problem and words[1] in listed:
            problem = "lists a path for the second time"
        if problem:
            yield trouble(folder.place(path), f"line {number}", f"the line {problem}", found=line[:200])
        else:
            listed[words[1]] = "sha256:" + words[0].lower()
    for name in dict.fromkeys(name for name in wanted if name not in listed):
        yield trouble(folder.place(path), "", "a file of the package is not listed", expected=name, found="no line")
    for name, digest in listed.items():
        if problem := path_trouble(name) or "":
            yield _astray(folder, path, name, problem)
        else:
            yield from same_bytes(folder, name, digest, None, path)


@guarantee("GLW030", "Evaluation and efficiency are of this release")
def release_id(package: Package) -> Findings:
    """`model_release` of the metrics and of the efficiency report is the manifest's release id."""
    place = package.part("model").place
    for path, found in ((METRICS, package.metrics.model_release), (EFFICIENCY, package.efficiency.model_release)):
        yield from same(
            place(path), "/model_release", "the release", package.manifest.release_id, found, "manifest.json"
        )


@guarantee("GLW031", "Everything is about one data snapshot")
def snapshot_id(package: Package) -> Findings:
    """Metrics, efficiency report and training run name the data snapshot of the manifest, or, where that names none,
    the same one.
    """
    place = package.part("model").place
    wanted, source = package.manifest.snapshot, "manifest.json"
    if wanted is None:
        wanted, source = package.metrics.dataset_snapshot, METRICS
    found = package.metrics.dataset_snapshot, package.efficiency.dataset_snapshot
    yield from same(place(METRICS), "/dataset_snapshot", "the data snapshot", wanted, found[0], source)
    yield from same(place(EFFICIENCY), "/dataset_snapshot", "the data snapshot", wanted, found[1], source)
    if package.manifest.snapshot is not None:
        run = package.run.dataset_snapshot_id
        yield from same(place(RUN), "/dataset_snapshot_id", "the data snapshot", wanted, run, source)


@guarantee("GLW032", "Evaluation and efficiency were measured on one model")
def evaluated_model(package: Package) -> Findings:
    """The metrics and the efficiency report name the same evaluated model. This identity is not the manifest's: it
    was taken before the manifest, which binds the evaluation report, could exist.
    """
    found = package.efficiency.model_id
    place = package.part("model").place(EFFICIENCY)
    yield from same(place, "/model_id", "the evaluated model", package.metrics.model_id, found, METRICS)


@guarantee("GLW033", "Everything was made from one commit")
def commit(package: Package) -> Findings:
    """Metrics, efficiency report and training run name the same commit."""
    place, wanted = package.part("model").place, package.metrics.commit.lower()
    yield from same(place(EFFICIENCY), "/commit", "the commit", wanted, package.efficiency.commit.lower(), METRICS)
    yield from same(place(RUN), "/commit_sha", "the commit", wanted, package.run.commit_sha.lower(), METRICS)


@guarantee("GLW034", "The run's configuration is the manifest's")
def training_config(package: Package) -> Findings:
    """The training run lists the configuration that the manifest names, by path and digest."""
    place, wanted = package.part("model").place(RUN), package.manifest.training
    for item in package.run.of_kind("training_config")[:1]:
        yield from same(place, "/artifacts", "the configuration's path", wanted.config_file, item.path, "manifest.json")
        yield from same(place, "/artifacts", "the configuration's digest", wanted.hash, item.sha256, "manifest.json")


def read_manifest(package: Package, folder: Folder, path: str) -> ModelManifest:
    """A model manifest that was given alone."""
    return package.document(folder, path, ModelManifest)


MODEL = (
    no_fixture,
    manifest_files,
    card,
    extra_files,
    calibration,
    model_sums,
    dataset_sums,
    run_sums,
    release_id,
    snapshot_id,
    evaluated_model,
    commit,
    training_config,
)

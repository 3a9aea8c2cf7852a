"""GLW04x: a training run is complete, watched, and bound to the preflight that let it start."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from proofpress.exchange.genolewm.guarantee import Findings, guarantee, same, same_bytes
from proofpress.exchange.genolewm.layouts import rendered, stale
from proofpress.exchange.genolewm.package import PREFLIGHT, RUN, SNAPSHOT_REPORT, Package
from proofpress.exchange.genolewm.records import FileIdentity
from proofpress.exchange.genolewm.values import path_trouble
from proofpress.ingest.strict import pointer_of
from proofpress.verify.rule import trouble

KINDS = ("dataset_manifest", "training_config", "metrics", "training_preflight", "log", "checkpoint")
CARD = "training_run_card.md"
SEEN_DATASET = (
    "dataset_package.json",
    "dataset_manifest.json",
    "data_card.md",
    "split_integrity.json",
    "dataset_input_check_report.json",
    SNAPSHOT_REPORT,
    "SHA256SUMS",
)


@guarantee("GLW040", "The run's files are the ones that its manifest lists")
def run_files(package: Package) -> Findings:
    """Each file in `training_run_manifest.json` is there, with its digest and size."""
    for item in package.run.artifacts:
        yield from same_bytes(package.training, item.path, item.sha256, item.size_bytes, RUN)


@guarantee("GLW041", "A run holds every kind of evidence")
def kinds(package: Package) -> Findings:
    """A run lists dataset manifest, logs and checkpoints, and exactly one configuration, one metrics file and one
    preflight report, which is `training_preflight_report.json`.
    """
    place = package.training.place(RUN)
    for kind in KINDS:
        found = package.run.of_kind(kind)
        if not found or (kind in KINDS[1:4] and len(found) > 1):
            yield trouble(
                place, "/artifacts", f"{len(found)} files of the kind {kind}", expected="one", found=len(found)
            )
    for item in package.run.of_kind("training_preflight"):
        yield from same(place, "/artifacts", "the preflight report's path", PREFLIGHT, item.path, "every release")


@guarantee("GLW042", "Training metrics were measured")
def metrics(package: Package) -> Findings:
    """The run's metrics file states a positive number of samples and at least one numeric value."""
    for item in package.run.of_kind("metrics"):
        raw = package.training.json(item.path)
        count = raw.get("sample_count") if isinstance(raw, dict) else None
        values = raw.get("metrics") if isinstance(raw, dict) else None
        place = package.training.place(item.path)
        if not isinstance(count, int) or isinstance(count, bool) or count <= 0:
            yield trouble(place, "/sample_count", "no positive number of samples", expected="1 or more", found=count)
        if not isinstance(values, dict) or not any(map(_is_measured, values.values())):
            yield trouble(place, "/metrics", "no numeric value", expected="at least one number")


def _is_measured(value: object) -> bool:
    value = value.get("value") if isinstance(value, dict) else value
    return isinstance(value, int | float) and not isinstance(value, bool)


@guarantee("GLW043", "The preflight was of this run")
def preflight(package: Package) -> Findings:
    """The preflight report passed without an error, saw the run's data snapshot and the run's very configuration, and
    identifies each of the seven core files of the dataset package.
    """
    report, run = package.preflight, package.run
    place = package.training.place(PREFLIGHT)
    for pointer, found in (
        ("/dataset_snapshot_id", report.dataset_snapshot_id),
        ("/dataset/snapshot_id", report.dataset.snapshot_id),
    ):
        yield from same(place, pointer, "the data snapshot", run.dataset_snapshot_id, found, RUN)
    for index, issue in enumerate(report.issues):
        if issue.severity == "error":
            yield trouble(place, f"/issues/{index}", "the preflight reports an error", expected="no error")
    for item in run.of_kind("training_config"):
        config = report.training_config
        yield from same_bytes(package.training, item.path, config.sha256, config.size_bytes, PREFLIGHT)
    for name in SEEN_DATASET:
        pointer = pointer_of(("dataset", "core_files", name))
        try:
            identity = FileIdentity.model_validate(report.dataset.core_files.get(name))
        except ValidationError:
            yield trouble(place, pointer, "the file's path, digest or size is not recorded", expected=name)
        else:
            yield from same(place, pointer, "the path", name, identity.path, "every dataset package")


@guarantee("GLW044", "The preflight tells no private path")
def public_paths(package: Package) -> Findings:
    """Every field of the preflight report whose name speaks of a path holds one that is relative: an absolute one
    would publish somebody's machine, and could be found nowhere else.
    """
    package.preflight  # noqa: B018 - judged only when it can be read
    for where, path in _paths(package.training.json(PREFLIGHT), ()):
        if problem := path_trouble(path.strip()):
            yield trouble(
                package.training.place(PREFLIGHT),
                pointer_of(where),
                f"the path {problem}",
                expected="a path relative to the package",
                found=path,
                hint="run the preflight with relative paths",
            )


def _paths(value: Any, where: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(item, str) and isinstance(key, str) and "path" in key.lower():
            yield (*where, key), item
        else:
            yield from _paths(item, (*where, key))


@guarantee("GLW045", "The training card is the run's own")
def card(package: Package) -> Findings:
    """`training_run_card.md` equals what `training_run_manifest.json` gives, so that nobody edited it by hand."""
    yield from stale(package.training, CARD, rendered(CARD, it=package.run), RUN)


TRAINING = (run_files, kinds, metrics, preflight, public_paths, card)

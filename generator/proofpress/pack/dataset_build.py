"""A snapshot from its reviewed spec: check the spec, check the inputs, build; each step begins with the one before."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from proofpress.evidence.dataset import DataFile, DatasetInputCheck, DatasetSnapshot, DatasetSpec
from proofpress.pack.dataset import SUMS, clear_dataset, every_problem, write_checksums, write_package
from proofpress.pack.dataset_inputs import inspect_inputs
from proofpress.pack.dataset_spec import spec_text, write_input_check, write_snapshot_report, write_spec
from proofpress.pack.writer import PackError, clear, kind_of, read_fields

_DESCRIPTION = ("title", "description", "licence", "sources", "features", "target", "preprocessing", "limitations")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetOutcome:
    """What a step found, and the pack-relative paths of what it wrote."""

    step: Literal["spec", "inputs", "build"]
    ok: bool
    spec_sha256: str = ""
    dataset_snapshot_id: str = ""
    problems: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def check_spec(spec: Path) -> DatasetOutcome:
    """Judge a spec alone; nothing is written. The digest is the one that the pack's spec will have."""
    fields = read_fields(spec)
    try:
        text = spec_text(fields)
    except PackError as exc:
        return DatasetOutcome(step="spec", ok=False, problems=(str(exc),))
    return DatasetOutcome(step="spec", ok=True, spec_sha256=hashlib.sha256(text.encode("utf-8")).hexdigest())


def check_inputs(folder: Path, spec: Path, files: Mapping[str, Path]) -> DatasetOutcome:
    """Write the spec and the input check into a folder. A build that stands there is no longer one of this check."""
    fields = read_fields(spec)
    spec_text(fields)  # refuses before anything is removed
    clear(folder, [SUMS, *(kind_of(model).path for model in (DatasetSpec, DatasetInputCheck, DatasetSnapshot))])
    reviewed = write_spec(folder, fields)
    inspected = inspect_inputs(reviewed, files)
    labels = {split.name: split.labels for split in inspected.splits}
    return _outcome("inputs", write_input_check(folder, reviewed, inspected.inputs, labels))


def build_dataset(folder: Path, spec: Path, files: Mapping[str, Path]) -> DatasetOutcome:
    """Write every document of `dataset/` from real files. Inputs that fail their check leave a check, and no build."""
    fields = read_fields(spec)
    spec_text(fields)
    clear_dataset(folder)
    reviewed = write_spec(folder, fields)
    inspected = inspect_inputs(reviewed, files)
    labels = {split.name: split.labels for split in inspected.splits}
    check = write_input_check(folder, reviewed, inspected.inputs, labels)
    if not check.ok:
        return _outcome("build", check)
    listed = [
        DataFile(name=item.name, sha256=item.sha256, size=item.size, records=item.records) for item in check.inputs
    ]
    description: dict[str, Any] = {name: getattr(reviewed, name) for name in _DESCRIPTION}
    package = write_package(
        folder,
        name=reviewed.name,
        splits=inspected.splits,
        key_kinds={key.kind: key.description for key in reviewed.keys},
        files=listed,
        description=description,
    )
    report = write_snapshot_report(folder, package.dataset_snapshot_id, listed)
    write_checksums(folder)
    return _outcome("build", check, report)


def _outcome(
    step: Literal["inputs", "build"], check: DatasetInputCheck, report: DatasetSnapshot | None = None
) -> DatasetOutcome:
    outputs = [kind_of(DatasetSpec).path, kind_of(DatasetInputCheck).path]
    if report is not None:
        outputs += [*(item.path for item in report.artifacts), kind_of(DatasetSnapshot).path, SUMS]
    return DatasetOutcome(
        step=step,
        ok=check.ok,
        spec_sha256=check.spec_sha256,
        dataset_snapshot_id=report.dataset_snapshot_id if report else "",
        problems=every_problem(check),
        outputs=tuple(sorted(outputs)),
    )

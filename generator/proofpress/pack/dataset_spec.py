"""The reviewed spec of a snapshot, the check of its inputs, and the record of its build."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.dataset import (
    CheckedInput,
    DataFile,
    DatasetInputCheck,
    DatasetSnapshot,
    DatasetSpec,
)
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import KINDS
from proofpress.pack.writer import (
    PackError,
    kind_of,
    parse_document,
    private_path,
    produced,
    write_document,
    write_text,
)
from proofpress.verify.rules.dataset import contradictions, missed_limits

_LABEL: Final = "proofpress.pack.dataset"
_HEADER: Final = {"schema_version": kind_of(DatasetSpec).schema_version, "generated_by": _LABEL}


def spec_text(fields: Mapping[str, Any]) -> str:
    """A spec as it stands in the pack: strict JSON with the builder's header, the same text for the same fields.

    The digest of this text is the one that input check and build carry. Raises `PackError` when it is no spec.
    """
    written = {name: value for name, value in fields.items() if name not in _HEADER}
    text = dump_json({**_HEADER, **written})
    if found := private_path(text):
        raise PackError(f"the spec would publish the private path {found}", hint="name a public source instead")
    spec = parse_document(DatasetSpec, text.encode("utf-8"))
    if problems := [f"{pointer}: {problem}" for pointer, problem in contradictions(spec)]:
        raise PackError(f"the spec contradicts itself: {'; '.join(problems)}", hint="correct it and have it reviewed")
    return text


def write_spec(folder: Path, fields: Mapping[str, Any]) -> DatasetSpec:
    """Write `dataset/dataset_spec.json`. Raises `PackError` when the fields are no spec or contradict themselves."""
    text = spec_text(fields)
    write_text(folder, kind_of(DatasetSpec).path, text)
    return parse_document(DatasetSpec, text.encode("utf-8"))


def write_input_check(
    folder: Path, spec: DatasetSpec, inputs: Sequence[CheckedInput], labels: Mapping[str, Sequence[str]]
) -> DatasetInputCheck:
    """Write `dataset/dataset_input_check_report.json`: the inputs held against the spec that the folder holds.

    `inputs` are files as they were read, with what was wrong in each; `labels` the class of every record by split.
    Pinned digests, missing inputs and the spec's limits are judged here; `ok` is false with any problem.
    """
    pinned = {item.name: item for item in spec.inputs}
    checked = [
        item.model_copy(update={"problems": (*item.problems, *_pins(item, pinned))})
        for item in sorted(inputs, key=lambda item: item.name)
    ]
    problems = [f"the input {name} is not there" for name in pinned.keys() - {item.name for item in inputs}]
    if not problems:  # without an input, that its records are missing says nothing new
        counts = {split.name: Counter(labels.get(split.name, ())) for split in spec.splits}
        problems = [problem for _split, problem in missed_limits(spec, counts)]
    return write_document(
        folder,
        DatasetInputCheck,
        {
            "name": spec.name,
            "spec_sha256": produced(folder, kind_of(DatasetSpec).path)["sha256"],
            "inputs": [
                {name: value for name, value in item if value or name not in {"columns", "problems"}}
                for item in checked
            ],
            **({"problems": sorted(problems)} if problems else {}),
            "ok": not problems and not any(item.problems for item in checked),
        },
        generated_by=_LABEL,
    )


def _pins(item: CheckedInput, pinned: Mapping[str, Any]) -> Iterator[str]:
    wanted = pinned.get(item.name)
    if wanted is None:
        yield "the spec names no such input"
        return
    for name in ("sha256", "size"):
        if (value := getattr(wanted, name)) is not None and value != getattr(item, name):
            yield f"{name} is {getattr(item, name)}, the spec says {value}"


def write_snapshot_report(folder: Path, snapshot_id: str, inputs: Sequence[DataFile]) -> DatasetSnapshot:
    """Write `dataset/dataset_snapshot_report.json` last: it binds every file that the build wrote before it."""
    documents = [kind.path for kind in KINDS if kind.path.startswith("dataset/") and (folder / kind.path).exists()]
    keys = [path.relative_to(folder).as_posix() for path in (folder / "dataset" / "keys").rglob("*.txt")]
    apart = {kind_of(model).path for model in (DatasetSpec, DatasetInputCheck, DatasetSnapshot)}
    return write_document(
        folder,
        DatasetSnapshot,
        {
            "dataset_snapshot_id": snapshot_id,
            "spec_sha256": produced(folder, kind_of(DatasetSpec).path)["sha256"],
            "input_check": produced(folder, kind_of(DatasetInputCheck).path),
            "inputs": inputs,
            "artifacts": [produced(folder, path) for path in sorted({*documents, *keys} - apart)],
        },
        generated_by=_LABEL,
    )

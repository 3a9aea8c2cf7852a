"""The `assurance/` documents: what people wrote about risks and rules, with counts and traces that nobody typed."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from proofpress.evidence.assurance import FailureModes, Guardrails, MonitoringPlan, Risks, Selection, Traceability
from proofpress.evidence.base import Document
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import KINDS, PARAMS
from proofpress.evidence.release import Release
from proofpress.ingest.schema import schema_findings
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_json, parse_row
from proofpress.pack.writer import PackError, clear, kind_of, parse_document, read_fields, write_document
from proofpress.verify.trace import NEEDED, TRACED, trace_of

_LABEL: Final = "proofpress.pack.assurance"
_COUNTED: Final = frozenset({"count", "n", "examples"})
_OWNED: Final = (Risks, FailureModes, MonitoringPlan, Guardrails, Traceability)
MOST_EXAMPLES: Final = 5


def build_assurance(
    folder: Path, *, risks: Path, monitoring: Path, guardrails: Path | None = None, failure_modes: Path | None = None
) -> tuple[str, ...]:
    """Write all assurance documents from files that people wrote, and the trace from the pack's own documents.

    Documents of an earlier run are removed first, so that none of them stands for a file that is not given now.
    Returns the paths that were written.
    """
    clear(folder, (kind_of(model).path for model in _OWNED))
    written: list[Document] = [
        write_risks(folder, _entries(risks, "risks")),
        write_monitoring_plan(folder, _entries(monitoring, "signals")),
    ]
    if guardrails is not None:
        written.append(write_guardrails(folder, _entries(guardrails, "guardrails")))
    if failure_modes is not None:
        entries = _entries(failure_modes, "failure_modes")
        written.append(write_failure_modes(folder, entries, release_id=_release_id(folder)))
    written.append(write_traceability(folder))
    return tuple(kind_of(type(document)).path for document in written)


def write_risks(folder: Path, risks: Sequence[Mapping[str, Any]]) -> Risks:
    """Write `assurance/risks.json`."""
    return write_document(folder, Risks, {"risks": risks}, generated_by=_LABEL)


def write_monitoring_plan(folder: Path, signals: Sequence[Mapping[str, Any]]) -> MonitoringPlan:
    """Write `assurance/monitoring_plan.json`."""
    return write_document(folder, MonitoringPlan, {"signals": signals}, generated_by=_LABEL)


def write_guardrails(folder: Path, guardrails: Sequence[Mapping[str, Any]]) -> Guardrails:
    """Write `assurance/guardrails.json`."""
    return write_document(folder, Guardrails, {"guardrails": guardrails}, generated_by=_LABEL)


def write_failure_modes(
    folder: Path, failure_modes: Sequence[Mapping[str, Any]], *, release_id: str, most_examples: int = MOST_EXAMPLES
) -> FailureModes:
    """Write `assurance/failure_modes.json`. A mode's `selection` is applied to the per-example file that it names.

    `n`, `count` and the first keys that show the failure are counted here, and a status that is left out follows from
    them: fixed when no example shows the failure, else new when it is first seen in this release. Raises `PackError`
    when counts were typed, or when no row has a field that a condition asks for.
    """
    counted = [_counted(folder, index, mode, release_id, most_examples) for index, mode in enumerate(failure_modes)]
    return write_document(folder, FailureModes, {"failure_modes": counted}, generated_by=_LABEL)


def write_traceability(folder: Path) -> Traceability:
    """Write `assurance/traceability.json` from the documents that are in the folder, and nothing else."""
    documents = {
        kind.name: parse_document(kind.model, read_file(folder / kind.path))
        for kind in KINDS
        if kind.name in TRACED and (folder / kind.path).is_file()
    }
    params = folder / PARAMS
    missing = [kind.path for kind in KINDS if kind.name in NEEDED and kind.name not in documents]
    missing += [] if params.is_file() else [PARAMS]
    if missing:
        raise PackError(
            f"the release can't be traced without {', '.join(missing)}", hint="build these from the recorded run first"
        )
    fields = trace_of(documents, hashlib.sha256(read_file(params)).hexdigest())
    return write_document(folder, Traceability, fields, generated_by=_LABEL)


def _entries(path: Path, field: str) -> Sequence[Mapping[str, Any]]:
    """The list that a hand-written file holds under `field`, and nothing beside it."""
    fields = read_fields(path)
    entries = fields.get(field)
    if set(fields) != {field} or not isinstance(entries, tuple) or not all(isinstance(item, dict) for item in entries):
        raise PackError(f"{path.name} is not one list '{field}' of entries", hint=f"begin the file with '{field}:'")
    return entries


def _release_id(folder: Path) -> str:
    path = folder / kind_of(Release).path
    if not path.is_file():
        raise PackError(f"the folder has no {path.name}", hint="write it with proofpress.pack.release.write_release")
    return parse_document(Release, read_file(path)).release_id


def _counted(folder: Path, index: int, mode: Mapping[str, Any], release_id: str, most: int) -> Mapping[str, Any]:
    if typed := sorted(_COUNTED & mode.keys()):
        raise PackError(
            f"failure_modes/{index}: {', '.join(typed)} can't be typed by hand",
            hint="give a selection; counts and examples are taken from the per-example results",
        )
    if mode.get("selection") is None:
        return mode
    try:
        selection = Selection.model_validate(parse_json(dump_json(mode["selection"]).encode()))
    except ValidationError as exc:
        found = schema_findings(f"failure_modes/{index}/selection", exc)
        raise PackError("; ".join(f"{item.file}{item.pointer}: {item.message}" for item in found)) from exc
    n, shown = 0, []
    unseen = {condition.field for condition in selection.where}
    for row in _rows(folder, selection.path):
        unseen -= row.keys()
        n += selection.concerns(row)
        if selection.chooses(row):
            shown.append(str(row["key"]))
    if unseen:
        raise PackError(f"failure_modes/{index}: no row of {selection.path} has the field {', '.join(sorted(unseen))}")
    status = "fixed" if not shown else "new" if mode.get("first_seen") == release_id else "known"
    return {"status": status, **mode, "count": len(shown), "n": n, "examples": shown[:most]}


def _rows(folder: Path, path: str) -> Iterator[dict[str, Any]]:
    try:
        with (folder / path).open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                row = parse_row(line.rstrip(b"\n"))
                if not isinstance(row.get("key"), str):
                    raise PackError(f"{path}, line {number}: the row has no key")
                yield row
    except StrictError as exc:
        raise PackError(f"{path}: {exc}") from exc
    except OSError as exc:
        raise PackError(
            f"{path} can't be read: {exc.strerror or exc}", hint="name a per-example file of the pack"
        ) from exc

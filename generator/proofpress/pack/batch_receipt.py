"""A batch receipt against the manifest of its demo: every row, computed again from the files beside it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from proofpress.errors import IngestError
from proofpress.evidence.base import Document
from proofpress.evidence.demo import MAX_ROWS_BYTES, RECEIPTS, BatchReceipts, DemoRun, receipts_of, rows_of
from proofpress.ingest.sources import read_file
from proofpress.pack.writer import PackError, kind_of, parse_document

_MOST: Final = MAX_ROWS_BYTES * 4
D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedReceipt:
    """A batch receipt: the release and model that it is of, how many rows, and all that does not agree."""

    release_id: str
    model_id: str
    rows: int
    differences: tuple[str, ...]


def check_receipt(file: Path) -> CheckedReceipt:
    """Check `demo/batch_receipt_report.json` of a pack against the run's manifest, rows and receipts beside it.

    Raises `IngestError` when a file is not there, or is no such document.
    """
    data = _bytes(file)
    report = _document(BatchReceipts, data, file)
    folder = file.absolute().parent.parent
    manifest = folder / kind_of(DemoRun).path
    run = _document(DemoRun, _bytes(manifest), manifest)
    return CheckedReceipt(
        release_id=report.release_id,
        model_id=report.model_id,
        rows=report.n,
        differences=tuple(_differences(folder, data, report, run)),
    )


def _differences(folder: Path, data: bytes, report: BatchReceipts, run: DemoRun) -> Iterator[str]:
    for name in ("release_id", "model_id"):
        if getattr(report, name) != getattr(run, name):
            yield f"{name}: the receipt says {getattr(report, name)}, the run {getattr(run, name)}"
    named = run.receipts
    if named is None or (named.sha256, named.size, named.n) != (_sha256(data), len(data), report.n):
        yield "the run's manifest names another report of receipts"
    listed = {item.path: item.sha256 for item in (*run.inputs, *run.outputs)}
    found: dict[str, bytes] = {}
    for path in (report.input, report.output):
        found[path] = _bytes(folder / path)
        if listed.get(path) != _sha256(found[path]):
            yield f"{path}: not the file that the run's manifest lists"
    counts = (len(rows_of(found[report.input])), len(rows_of(found[report.output])))
    if counts != (report.input_rows, report.output_rows) or set(counts) != {report.n}:
        yield f"{report.n} receipts for {counts[0]} rows of input and {counts[1]} of output"
    receipts = _bytes(folder / RECEIPTS)
    if report.receipts.path != RECEIPTS or report.receipts.sha256 != _sha256(receipts):
        yield f"{RECEIPTS}: not the file that the report names"
    if receipts != receipts_of(found[report.input], found[report.output], report.model_id):
        yield f"{RECEIPTS}: not the receipts of these rows and this model"


def _document(model: type[D], data: bytes, path: Path) -> D:
    try:
        return parse_document(model, data)
    except PackError as exc:
        said = str(exc).partition("; ")[0].replace(kind_of(model).path, "")
        raise IngestError(f"{path}: not the {kind_of(model).role} of a demo: {said}") from exc


def _bytes(path: Path) -> bytes:
    try:
        return read_file(path, most=_MOST)
    except OSError as exc:
        raise IngestError(
            f"{path.name}: can't be read ({exc.strerror or exc})", hint="it lies in a pack's demo/"
        ) from exc


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

"""The demo: a run of the released model on packaged inputs, as captured, with a receipt for each row."""

import hashlib
from typing import Annotated

from pydantic import Field

from proofpress.evidence.base import Document, NonEmptyTexts, ProducedFile
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.values import Block, Count, Identity, Integer, Number, PackPath, ReleaseId, Text, UtcTime

RECEIPTS = "demo/receipts.jsonl"
MAX_ROWS_BYTES = 1024 * 1024
"""Size of the rows and receipts of a demo, so that whoever verifies it can compute the receipts again."""


class PreflightSummary(ProducedFile):
    """The runtime preflight of this very run, and its verdict."""

    ok: bool


class ReceiptSummary(ProducedFile):
    """The report on this very run's receipts, and how many there are."""

    n: Count


class DemoRun(Document):
    """`demo/terminal_demo_manifest.json`: command, inputs, outputs and captured text, as the transcript shows them."""

    release_id: ReleaseId
    model_id: Identity
    command: Annotated[tuple[Text, ...], Field(min_length=1)]
    started_at: UtcTime
    duration_seconds: Number
    exit_code: Integer
    inputs: Annotated[tuple[ProducedFile, ...], Field(min_length=1)]
    outputs: tuple[ProducedFile, ...]
    stdout: Block
    stderr: Block
    environment_note: Text | None = None
    claim_boundary: NonEmptyTexts
    runtime_preflight: PreflightSummary | None = None
    receipts: ReceiptSummary | None = None


class BatchReceipts(Document):
    """`demo/batch_receipt_report.json`: the row of the output that each row of the input led to, by digests."""

    release_id: ReleaseId
    model_id: Identity
    input: PackPath
    output: PackPath
    input_rows: Count
    output_rows: Count
    n: Count
    receipts: ProducedFile


def rows_of(data: bytes) -> list[bytes]:
    """The lines of a file of rows, without their line feeds."""
    return data.removesuffix(b"\n").split(b"\n") if data else []


def receipts_of(inputs: bytes, outputs: bytes, model_id: str) -> bytes:
    """The receipts of a batch: JSON Lines, one for each pair of rows, in their order.

    Digests are those of the rows' bytes, without line feed.
    """
    return b"".join(
        dump_json(
            {
                "row": number,
                "input_sha256": hashlib.sha256(row).hexdigest(),
                "output_sha256": hashlib.sha256(answer).hexdigest(),
                "model_id": model_id,
            },
            indent=None,
        ).encode("ascii")
        for number, (row, answer) in enumerate(zip(rows_of(inputs), rows_of(outputs), strict=False), start=1)
    )

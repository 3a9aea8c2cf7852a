"""`demo/terminal_demo_manifest.json`: a run of the released model on packaged inputs, as captured."""

from typing import Annotated

from pydantic import Field

from proofpress.evidence.base import Document, NonEmptyTexts
from proofpress.evidence.training import ProducedFile
from proofpress.evidence.values import Block, Identity, Integer, Number, ReleaseId, Text, UtcTime


class DemoRun(Document):
    """Command, inputs, outputs and captured text of the demo; the transcript is rendered from it."""

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

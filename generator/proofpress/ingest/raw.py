"""The copy of a pack's bytes that everything after ingest uses."""

from collections.abc import Mapping
from dataclasses import dataclass

from proofpress.evidence.finding import Finding
from proofpress.ingest.hints import HintLines
from proofpress.ingest.rows import RowFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """One file as it was read: structured files with their bytes, streamed artifacts with `data` None.

    `rows` are the facts of a JSON Lines file; `hints` the lines of a streamed text file that text rules look at.
    """

    path: str
    size: int
    sha256: str
    data: bytes | None
    rows: RowFacts | None = None
    hints: HintLines | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPack:
    """All regular files of a pack, by path, and what was wrong with the others.

    `label` names the pack in findings; `origin` is where its streamed artifacts can be copied from.
    """

    label: str
    origin: str
    files: Mapping[str, RawFile]
    findings: tuple[Finding, ...] = ()

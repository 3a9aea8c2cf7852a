"""The copy of a pack's bytes that everything after ingest uses."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from proofpress.evidence.finding import Finding
from proofpress.ingest.hints import HintLines
from proofpress.ingest.rows import RowFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """One file as it was read: structured files with their bytes, streamed artifacts with `data` None.

    `rows` are the facts of a JSON Lines file; `hints` the lines of a streamed text file that text rules look at.
    `streamed_md5` is that of a streamed artifact, taken only when the pack holds a `dvc.lock`, which knows files by it.
    """

    path: str
    size: int
    sha256: str
    data: bytes | None
    rows: RowFacts | None = None
    hints: HintLines | None = None
    streamed_md5: str = ""

    def md5(self, *, text: bool = False) -> str:
        """The digest that DVC knows the file by, or '' when it was not taken. `text`: with line ends made LF."""
        if self.data is None:
            return "" if text else self.streamed_md5
        return hashlib.md5(self.data.replace(b"\r\n", b"\n") if text else self.data, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPack:
    """All regular files of a pack, by path, and what was wrong with the others.

    `label` names the pack in findings; `origin` is where its streamed artifacts can be copied from.
    """

    label: str
    origin: str
    files: Mapping[str, RawFile]
    findings: tuple[Finding, ...] = ()


class Digests:
    """sha256, and md5 where it is asked for, of bytes as they pass."""

    def __init__(self, *, md5: bool) -> None:
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None

    def update(self, data: bytes | memoryview) -> None:
        """Take over further bytes."""
        self._sha256.update(data)
        if self._md5 is not None:
            self._md5.update(data)

    @property
    def sha256(self) -> str:
        """Lowercase hex."""
        return self._sha256.hexdigest()

    @property
    def md5(self) -> str:
        """Lowercase hex, or '' when it was not asked for."""
        return self._md5.hexdigest() if self._md5 is not None else ""

"""What verification concludes about one pack."""

from dataclasses import dataclass, field

from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import Evidence
from proofpress.ingest.raw import RawPack
from proofpress.render.document import RenderedDocument

_SEAL = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPack:
    """A pack without error findings, freshness included. Only `verify` makes one.

    Diff, compose and publish accept nothing else, so a type checker flags unverified publication.
    """

    evidence: Evidence
    raw: RawPack
    documents: tuple[RenderedDocument, ...]
    remarks: tuple[Finding, ...]
    seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise TypeError("only proofpress.verify makes a VerifiedPack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome for one pack: what ran, what was skipped and why, what was found, and the proof if any."""

    label: str
    pack_id: str
    findings: tuple[Finding, ...]
    passed: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    verified: VerifiedPack | None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse the pack."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

"""The citation side of a release's pages: which record a page has, its tags, and the files in every format."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from proofpress.evidence.pack import Evidence
from proofpress.ingest.raw import RawFile
from proofpress.site import cite, cite_web
from proofpress.site.cite import CitationRecord, Kind
from proofpress.site.cite_web import Resource, Surroundings
from proofpress.site.standing import Place
from proofpress.site.swhid import git_blob_sha1, swhid

_KINDS: Final[dict[str, Kind]] = {
    "": "software",
    "model-card/": "report",
    "eval-report/": "report",
    "data-card/": "dataset",
    "paper/": "preprint",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationFile:
    """A citation format: its heading and anchor, its file below the release, its text; `shown` on the page."""

    id: str
    title: str
    file: str
    text: str
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Citing:
    """What a release's pages need to be cited."""

    evidence: Evidence
    place: Place
    base_url: str
    publisher: str
    swhid: str | None

    @property
    def release_url(self) -> str:
        """The release's permanent address."""
        return f"{self.base_url}releases/{self.evidence.bundle_id}/"

    def record(self, below: str = "", title: str | None = None) -> CitationRecord:
        """The record of the release, or of its page `below`."""
        return cite.record_of(
            self.evidence,
            base_url=self.base_url,
            publisher=self.publisher,
            swhid=self.swhid,
            kind=_KINDS.get(below, "page"),
            part=below.rstrip("/"),
            title=title,
        )

    def around(self, below: str = "") -> Surroundings:
        """What stands around a page, by absolute addresses."""
        family = f"{self.base_url}families/{self.evidence.release.family}/"
        if below:
            return Surroundings(collection=self.release_url)
        json = f"{self.base_url}api/v1/releases/{self.evidence.bundle_id}.json"
        metadata = [Resource(url=json, type="application/json", title="Release as JSON")]
        if not self.evidence.is_rehearsal:
            cff = f"{self.release_url}CITATION.cff"
            metadata.append(Resource(url=cff, type="application/yaml", title="CITATION.cff"))
        before, after = self.place.predecessor, self.place.successors
        return Surroundings(
            collection=family,
            metadata=tuple(metadata),
            items=(
                Resource(url=f"{self.release_url}files/manifest.json", type="application/json", title="manifest.json"),
            ),
            linkset=f"{self.release_url}linkset.json",
            predecessor=f"{self.base_url}releases/{before}/" if before else "",
            successor=f"{self.base_url}releases/{after[0]}/" if after else "",
            history=family,
        )

    def head(self, below: str, title: str) -> str:
        """Meta tags, typed links and JSON-LD of a page."""
        record, around = self.record(below, title), self.around(below)
        return (
            cite_web.meta_html(cite_web.meta_tags(record))
            + cite_web.link_html(cite_web.links(record, around))
            + f'<script type="application/ld+json">{cite_web.json_ld(record, around)}</script>\n'
        )

    def files(self) -> tuple[CitationFile, ...]:
        """The release in every format; none for a rehearsal, which must not be cited."""
        if self.evidence.is_rehearsal:
            return ()
        record, around = self.record(), self.around()
        return (
            CitationFile(id="biblatex", title="BibLaTeX", file="citation.biblatex.bib", text=cite.biblatex(record)),
            CitationFile(id="bibtex", title="BibTeX", file="citation.bib", text=cite.bibtex(record)),
            CitationFile(id="ris", title="RIS", file="citation.ris", text=cite.ris(record)),
            CitationFile(id="csl", title="CSL-JSON", file="citation.csl.json", text=cite.csl_json(record)),
            CitationFile(id="cff", title="Citation File Format", file="CITATION.cff", text=cite.cff(record)),
            CitationFile(
                id="datacite",
                title="DataCite",
                file="datacite.json",
                text=cite_web.datacite(record, around),
                shown=False,
            ),
            CitationFile(
                id="codemeta",
                title="CodeMeta",
                file="codemeta.json",
                text=cite_web.codemeta(record, around),
                shown=False,
            ),
            CitationFile(
                id="linkset", title="Linkset", file="linkset.json", text=cite_web.linkset(record, around), shown=False
            ),
        )

    def apa(self) -> str:
        """The reference in words."""
        return cite.cite_html(self.record())


def pack_swhid(files: Iterable[RawFile]) -> str | None:
    """SWHID of the pack's folder; None when it holds an artifact that was streamed and is not in memory."""
    blobs = []
    for file in files:
        if file.data is None:
            return None
        blobs.append((file.path, git_blob_sha1(file.data)))
    return swhid(blobs)

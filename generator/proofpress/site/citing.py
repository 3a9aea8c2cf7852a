"""The citation side of a release's pages: which record a page has, its tags, and the files in every format."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.pack import MANIFEST
from proofpress.ingest.raw import RawFile
from proofpress.papers.macros import Macros
from proofpress.render.document import RenderedDocument
from proofpress.site import cite, cite_web, deposits
from proofpress.site.addresses import DATA_CARD, EVAL_REPORT, MACROS, METRICS, place_of
from proofpress.site.citation import CitationRecord, Kind, is_citable, record_of, record_of_metric
from proofpress.site.cite_web import Resource, Surroundings
from proofpress.site.deposits import Payload
from proofpress.site.markdown_page import PageBody, render_page
from proofpress.site.metric_records import anchors, metric_records, metrics_json
from proofpress.site.standing import Place
from proofpress.site.swhid import git_blob_sha1, swhid
from proofpress.verify import VerifiedPack

BOX: Final = "cite-this"
"""The id of the citation box's heading; no heading of a document gets it."""
_KINDS: Final[dict[str, Kind]] = {
    "": "software",
    "model-card/": "report",
    "eval-report/": "report",
    "data-card/": "dataset",
    "paper/": "preprint",
}
_JSON_LD: Final = "application/ld+json"
_TYPES: Final = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "md": "text/markdown",
    "yaml": "application/yaml",
    "csv": "text/csv",
    "py": "text/x-python",
    "txt": "text/plain",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationFile:
    """A citation format: its heading and anchor, its file below the release, its text; `shown` on the page."""

    id: str
    title: str
    file: str
    text: str
    shown: bool = True


@dataclass(frozen=True, kw_only=True)
class Citing:
    """What a release's pages need to be cited; `swhid` is that of the pack's folder, None when it was not computed."""

    pack: VerifiedPack
    place: Place
    base_url: str
    publisher: str
    swhid: str | None

    @cached_property
    def release_url(self) -> str:
        """The release's permanent address."""
        return f"{self.base_url}releases/{self.pack.evidence.bundle_id}/"

    @cached_property
    def citable(self) -> bool:
        """Whether the release may be cited; a rehearsal may not, and an imported release without a date can't be."""
        return is_citable(self.pack.evidence)

    @cached_property
    def documents(self) -> dict[str, RenderedDocument]:
        """The documents by their page."""
        return {place_of(document): document for document in self.pack.documents}

    @cached_property
    def bodies(self) -> dict[str, PageBody]:
        """Each document as the body of its page."""
        return {below: render_page(document.text, reserved=(BOX,)) for below, document in self.documents.items()}

    @cached_property
    def rows(self) -> tuple[MetricRow, ...]:
        """What was measured."""
        return self.pack.evidence.evaluation.rows if self.pack.evidence.evaluation else ()

    @cached_property
    def anchors(self) -> dict[str, str]:
        """The anchor of each metric's row on the page of the evaluation report, by the metric's key."""
        body = self.bodies.get(EVAL_REPORT)
        return anchors(self.rows, body.rows) if body else {}

    @cached_property
    def macros(self) -> Macros:
        """The release's numbers for LaTeX."""
        return Macros(evidence=self.pack.evidence)

    def record(self, below: str = "", title: str | None = None) -> CitationRecord:
        """The record of the release, or of its page `below`; a document is called by its own title, a dataset too."""
        kind = _KINDS.get(below, "page")
        named = title or (self.bodies[below].title or self.documents[below].title if below in self.documents else None)
        return record_of(
            self.pack.evidence,
            base_url=self.base_url,
            publisher=self.publisher,
            swhid=self.swhid,
            kind=kind,
            part=below.rstrip("/"),
            title=None if kind == "dataset" else named,
        )

    def metric(self, row: MetricRow) -> CitationRecord:
        """The record of one number."""
        return record_of_metric(self.record(EVAL_REPORT), row, self.anchors.get(row.key, ""))

    def around(self, below: str = "") -> Surroundings:
        """What stands around a page, by absolute addresses."""
        family = f"{self.base_url}families/{self.pack.evidence.release.family}/"
        linkset = f"{self.release_url}linkset.json" if self.citable else ""
        if below:
            return self._around_part(below, linkset)
        before, after = self.place.predecessor, self.place.successors
        metadata = [Resource(url=self._api, type="application/json", title="Release as JSON")]
        if self.citable:
            metadata += [
                Resource(url=self.release_url + name, type=kind, title=name)
                for name, kind in (
                    ("CITATION.cff", "application/yaml"),
                    ("datacite.json", "application/vnd.datacite.datacite+json"),
                    ("codemeta.json", _JSON_LD),
                    ("ro-crate-metadata.json", f'{_JSON_LD}; profile="https://w3id.org/ro/crate/1.2"'),
                )
            ]
        return Surroundings(
            collection=family,
            metadata=tuple(metadata),
            items=(
                Resource(url=f"{self.release_url}files/{MANIFEST}", type="application/json", title=MANIFEST),
                *(self._source(document) for document in self.pack.documents),
            ),
            linkset=linkset,
            predecessor=f"{self.base_url}releases/{before}/" if before else "",
            successor=f"{self.base_url}releases/{after[0]}/" if after else "",
            history=family,
        )

    @property
    def _api(self) -> str:
        return f"{self.base_url}api/v1/releases/{self.pack.evidence.bundle_id}.json"

    def _source(self, document: RenderedDocument) -> Resource:
        return Resource(url=f"{self.release_url}files/{document.path}", type="text/markdown", title=document.title)

    def _around_part(self, below: str, linkset: str) -> Surroundings:
        if below not in self.documents:
            return Surroundings(collection=self.release_url)
        metadata = [Resource(url=self._api, type="application/json", title="Release as JSON")]
        if self.citable and below == EVAL_REPORT:
            metadata.append(Resource(url=self.release_url + METRICS, type="application/json", title="Metric records"))
        if self.citable and below == DATA_CARD:
            kind = f'{_JSON_LD}; profile="http://mlcommons.org/croissant/1.1"'
            metadata.append(Resource(url=f"{self.release_url}croissant.json", type=kind, title="Croissant"))
        return Surroundings(
            collection=self.release_url,
            metadata=tuple(metadata),
            items=(self._source(self.documents[below]),),
            linkset=linkset,
        )

    def head(self, below: str, title: str) -> str:
        """Meta tags, typed links and JSON-LD of a page."""
        record, around = self.record(below, title), self.around(below)
        return (
            cite_web.meta_html(cite_web.meta_tags(record))
            + cite_web.link_html(cite_web.links(record, around))
            + f'<script type="application/ld+json">{cite_web.json_ld(record, around)}</script>\n'
        )

    def box(self, below: str = "") -> tuple[str, tuple[CitationFile, ...]]:
        """The reference in words as HTML, and the page in every format that is shown; nothing for a rehearsal."""
        if not self.citable:
            return "", ()
        record = self.record(below)
        return cite.cite_html(record), formats(record)

    def payload(self, folder: str = "") -> tuple[Payload, ...]:
        """The files of the pack as they are published, all or those of one folder, in the manifest's order."""
        files = self.pack.raw.files
        listed = [(entry.path, entry.role) for entry in self.pack.evidence.manifest.files]
        known = {path for path, _role in listed}
        if not folder:
            listed = [*((path, "seal of the pack") for path in sorted(files) if path not in known), *listed]
        return tuple(
            Payload(
                path=f"files/{path}",
                role=role,
                type=_TYPES.get(path.rpartition(".")[2], "application/octet-stream"),
                sha256=files[path].sha256,
                size=files[path].size,
            )
            for path, role in listed
            if path.startswith(folder)
        )

    def linkset(self) -> str:
        """The typed links of the release and of each document in one set."""
        pages = [(self.record(below), self.around(below)) for below in ("", *self.documents)]
        return cite_web.linkset(pages)

    def croissant(self) -> str:
        """The dataset for Croissant's readers."""
        return deposits.croissant(
            self.record(DATA_CARD), self.around(DATA_CARD), self.payload("dataset/"), self.release_url
        )

    def ro_crate(self) -> str:
        """The release as a research object."""
        return deposits.ro_crate(self.record(), self.around(), self.payload())

    def metrics(self) -> bytes:
        """The records of all metrics."""
        report = self.record(EVAL_REPORT)
        records = metric_records(report, self.release_url, self.rows, self.anchors, self.macros)
        return metrics_json(report, self.release_url, self.pack.evidence.pack_id, self.place.status, records)

    def files(self) -> Iterator[CitationFile]:
        """The files of the release for whoever cites it; none for a rehearsal, which must not be cited."""
        if not self.citable:
            return
        record, around = self.record(), self.around()
        yield from formats(record)
        made = [
            ("datacite", "DataCite", "datacite.json", deposits.datacite(record, around)),
            ("codemeta", "CodeMeta", "codemeta.json", deposits.codemeta(record, around)),
            ("ro-crate", "RO-Crate", "ro-crate-metadata.json", self.ro_crate()),
            ("linkset", "Linkset", "linkset.json", self.linkset()),
        ]
        if DATA_CARD in self.documents:
            made.append(("croissant", "Croissant", "croissant.json", self.croissant()))
        if EVAL_REPORT in self.documents:
            made.append(("metrics", "Metric records", METRICS, self.metrics().decode()))
            made.append(("macros", "LaTeX macros", MACROS, self.macros.text()))
        for id_, title, file, text in made:
            yield CitationFile(id=id_, title=title, file=file, text=text, shown=False)


def formats(record: CitationRecord) -> tuple[CitationFile, ...]:
    """A record in the formats that a citation box shows; their files exist for the release itself."""
    return (
        CitationFile(id="biblatex", title="BibLaTeX", file="citation.biblatex.bib", text=cite.biblatex(record)),
        CitationFile(id="bibtex", title="BibTeX", file="citation.bib", text=cite.bibtex(record)),
        CitationFile(id="ris", title="RIS", file="citation.ris", text=cite.ris(record)),
        CitationFile(id="csl", title="CSL-JSON", file="citation.csl.json", text=cite.csl_json(record)),
        CitationFile(id="cff", title="Citation File Format", file="CITATION.cff", text=cite.cff(record)),
    )


def pack_swhid(files: Iterable[RawFile]) -> str | None:
    """SWHID of the pack's folder; None when it holds an artifact that was streamed and is not in memory."""
    blobs = []
    for file in files:
        if file.data is None:
            return None
        blobs.append((file.path, git_blob_sha1(file.data)))
    return swhid(blobs)

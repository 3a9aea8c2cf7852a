"""How a page, or one number on it, is cited: one record, from which each citation format is written.

The formats stand in `cite`, what a page and its links say about itself in `cite_web`, deposits in `deposits`.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, Literal
from urllib.parse import quote

from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.pack import Evidence
from proofpress.evidence.values import Unstated

Kind = Literal["software", "report", "dataset", "preprint", "page"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributor:
    """A person or an organisation; `orcid` is the bare identifier."""

    name: str
    kind: Literal["person", "organization"] = "person"
    affiliation: str | None = None
    orcid: str | None = None

    @property
    def split(self) -> tuple[str, str]:
        """(family, given). `Family, Given` is taken at its word, else the last word is the family name."""
        if self.kind == "organization":
            return self.name, ""
        if ", " in self.name:
            family, given = self.name.split(", ", 1)
            return family, given
        given, _, family = self.name.rpartition(" ")
        return family, given


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationRecord:
    """Everything that a citation of a page can say. `url` is permanent and absolute; `date` is `YYYY-MM-DD`.

    `part` names the page below its release, for instance `eval-report`; it is empty for the release itself. A
    rehearsal is not `citable`: no citation file is written for it and its page offers none. `metric` is the key of the
    one number that is cited, `note` says it, and `url` then leads to its row.
    """

    kind: Kind
    title: str
    version: str
    release_id: str
    bundle_id: str
    part: str
    authors: tuple[Contributor, ...]
    date: str
    publisher: str
    url: str
    licence: str
    abstract: str
    keywords: tuple[str, ...] = ()
    swhid: str | None = None
    doi: str | None = None
    citable: bool = True
    metric: str = ""
    note: str = ""

    @property
    def is_dated(self) -> bool:
        """Whether the date is one: an imported source may state none."""
        return self.date[:1].isdigit()

    @property
    def key(self) -> str:
        """The citation key: the bundle's id, the part of the release where it is not the whole, and the metric.

        What BibTeX can't read in a key becomes a hyphen.
        """
        parts = (self.bundle_id, self.part, _NOT_IN_KEYS.sub("-", self.metric).strip("-"))
        return "-".join(filter(None, parts))

    @property
    def number(self) -> str:
        """The number of a report."""
        whole = f"{self.bundle_id}/{_NUMBERED.get(self.part, self.part)}" if self.part else self.bundle_id
        return f"{whole}#{self.metric}" if self.metric else whole

    @property
    def licence_url(self) -> str | None:
        """Where the licence stands, when it is a single SPDX identifier."""
        return f"https://spdx.org/licenses/{self.licence}" if SPDX.fullmatch(self.licence) else None


_NOT_IN_KEYS: Final = re.compile(r"[^A-Za-z0-9_.]+")
_NUMBERED: Final = {"eval-report": "eval"}
SPDX: Final = re.compile(r"(?!LicenseRef-|DocumentRef-)[A-Za-z0-9][A-Za-z0-9.+-]*")


def is_citable(evidence: Evidence) -> bool:
    """Whether a release may be cited: a rehearsal must not be, and an imported release without a date can't be."""
    return not evidence.is_rehearsal and not isinstance(evidence.release.released_at, Unstated)


def record_of(
    evidence: Evidence,
    *,
    base_url: str,
    publisher: str,
    swhid: str | None,
    kind: Kind = "software",
    part: str = "",
    title: str | None = None,
    doi: str | None = None,
) -> CitationRecord:
    """The record of a release, or of the page `part` below it, at `<base_url>/releases/<bundle_id>/[<part>/]`.

    A dataset takes title, version, licence and abstract from the dataset package.
    """
    release, data = evidence.release, evidence.dataset
    path = ("releases", evidence.bundle_id, *([part] if part else []))
    of_data = kind == "dataset" and data is not None
    return CitationRecord(
        kind=kind,
        title=title or (data.title if of_data and data else release.title),
        version=data.dataset_snapshot_id if of_data and data else release.version,
        release_id=release.release_id,
        bundle_id=evidence.bundle_id,
        part=part,
        authors=tuple(
            Contributor(name=author.name, kind=author.kind, affiliation=author.affiliation, orcid=author.orcid)
            for author in release.authors
        ),
        date=release.released_at[:10],
        publisher=publisher,
        url=base_url.rstrip("/") + "/" + "".join(quote(step, safe="") + "/" for step in path),
        licence=data.licence if of_data and data else release.licence,
        abstract=data.description if of_data and data else release.summary,
        keywords=release.keywords,
        swhid=swhid,
        doi=doi,
        citable=is_citable(evidence),
    )


def record_of_metric(report: CitationRecord, row: MetricRow, anchor: str) -> CitationRecord:
    """The record of one number, from that of the evaluation report whose row `anchor` holds it."""
    return replace(
        report,
        title=f"{report.title}: {metric_words(row)}",
        url=f"{report.url}#{anchor}" if anchor else report.url,
        metric=row.key,
        note=f"{row.key} = {statement(row)}",
        abstract=f"{metric_words(row)}: {statement(row)}.",
    )


def metric_words(row: MetricRow) -> str:
    """A metric by its name, split and slice, in words."""
    part = f", {row.slice.dimension} = {row.slice.value}" if row.slice else ""
    return f"{row.name} on {row.split}{part}"


def statement(row: MetricRow) -> str:
    """The value as it was measured, with unit, interval and number of examples; or why there is none."""
    if row.value is None:
        return f"{row.absent.code}: {row.absent.reason}" if row.absent else "not stated"
    said = [f"{row.value} {row.unit}"]
    if row.ci_low is not None and row.ci_high is not None:
        level = f"{(row.ci_level * 100).normalize():f} % " if row.ci_level is not None else ""
        said.append(f"{level}interval {row.ci_low} to {row.ci_high}")
    return ", ".join([*said, f"n = {row.n}"])

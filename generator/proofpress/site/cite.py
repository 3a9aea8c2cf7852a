"""How a page is cited: one record, and each citation format written from it.

No format is made from another one: converters lose versions and identifiers. What a page and its links say about
itself stands in `cite_web`; the intrinsic identifier is computed in `swhid`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final, Literal
from urllib.parse import quote

from proofpress.evidence.jsontext import published_json
from proofpress.evidence.pack import Evidence
from proofpress.render.sourced import show_invisible

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

    `part` names the page below its release, for instance `eval`; it is empty for the release itself. A rehearsal is
    not `citable`: no citation file is written for it and its page offers none.
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

    @property
    def key(self) -> str:
        """The citation key: the bundle's id, and the part of the release where it is not the whole."""
        return f"{self.bundle_id}-{self.part}" if self.part else self.bundle_id

    @property
    def number(self) -> str:
        """The number of a report."""
        return f"{self.bundle_id}/{self.part}" if self.part else self.bundle_id

    @property
    def licence_url(self) -> str | None:
        """Where the licence stands, when it is a single SPDX identifier."""
        return f"https://spdx.org/licenses/{self.licence}" if _SPDX.fullmatch(self.licence) else None


_SPDX: Final = re.compile(r"(?!LicenseRef-|DocumentRef-)[A-Za-z0-9][A-Za-z0-9.+-]*")


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
        citable=not evidence.is_rehearsal,
    )


# LaTeX ---------------------------------------------------------------------------------------------------------------

_LATEX: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        **{char: "\\" + char for char in "#$%&_"},
    }
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ENTRY: Final = {
    "software": "software",
    "report": "report",
    "dataset": "dataset",
    "preprint": "online",
    "page": "online",
}
# biblatex prints the publisher of each entry type from a different field.
_PUBLISHER_FIELD: Final = {"report": "institution", "dataset": "publisher"}


def _line(text: str) -> str:
    """One line, with nothing invisible in it."""
    return show_invisible(" ".join(text.split()))


def _latex(text: str) -> str:
    return _line(text).translate(_LATEX)


def _latex_names(authors: Sequence[Contributor]) -> str:
    names = []
    for author in authors:
        family, given = (_latex(part) for part in author.split)
        if author.kind == "organization" or not given:
            names.append(f"{{{family}}}")
        else:
            # A braced part can hold neither a separating comma nor the word that separates names.
            names.append(
                f"{{{family}}}, {{{given}}}" if re.search(r",|\band\b", family + given) else f"{family}, {given}"
            )
    return " and ".join(names)


def _entry(kind: str, key: str, fields: Sequence[tuple[str, str | None]]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


def biblatex(record: CitationRecord) -> str:
    """A BibLaTeX entry: `@software`, `@report`, `@dataset` or `@online`."""
    return _entry(
        _ENTRY[record.kind],
        record.key,
        [
            ("title", f"{{{_latex(record.title)}}}"),
            ("author", _latex_names(record.authors)),
            ("date", record.date),
            ("version", _latex(record.version)),
            ("type", "Evaluation report" if record.kind == "report" else None),
            ("number", record.number if record.kind == "report" else None),
            (_PUBLISHER_FIELD.get(record.kind, "organization"), f"{{{_latex(record.publisher)}}}"),
            ("url", record.url),
            ("doi", record.doi),
            ("eprint", record.swhid),
            ("eprinttype", "swhid" if record.swhid else None),
            ("pubstate", "preprint" if record.kind == "preprint" else None),
            ("keywords", ", ".join(_latex(word).replace(",", "") for word in record.keywords)),
        ],
    )


def bibtex(record: CitationRecord) -> str:
    """A classic BibTeX `@misc`; version and identifiers stand in the note, for plain styles drop other fields."""
    year, month, _day = record.date.split("-")
    note = [f"Version {_latex(record.version)}", _latex(record.publisher), record.key]
    note += [rf"\url{{{record.swhid}}}"] if record.swhid else []
    note += [f"doi:{_latex(record.doi)}"] if record.doi else []
    entry = _entry(
        "misc",
        record.key,
        [
            ("title", f"{{{_latex(record.title)}}}"),
            ("author", _latex_names(record.authors)),
            ("year", year),
            ("howpublished", rf"\url{{{record.url}}}"),
            ("note", ", ".join(note)),
        ],
    )
    return entry.replace("  howpublished", f"  month = {_MONTHS[int(month) - 1]},\n  howpublished", 1)


# Reference managers --------------------------------------------------------------------------------------------------

_RIS_TYPE: Final = {"software": "COMP", "report": "RPRT", "dataset": "DATA", "preprint": "UNPB", "page": "ELEC"}
_CSL_TYPE: Final = {
    "software": "software",
    "report": "report",
    "dataset": "dataset",
    "preprint": "article",
    "page": "webpage",
}


def ris(record: CitationRecord) -> str:
    """A RIS entry, lines ended by CR LF; the version in `ET`."""
    names = [", ".join(filter(None, author.split)) for author in record.authors]
    fields = [
        ("TY", _RIS_TYPE[record.kind]),
        ("ID", record.key),
        ("TI", record.title),
        *(("AU", name) for name in names),
        ("PY", record.date[:4]),
        ("DA", record.date.replace("-", "/") + "/"),
        ("ET", record.version),
        ("PB", record.publisher),
        ("SN", record.number if record.kind == "report" else ""),
        ("DO", record.doi or ""),
        ("UR", record.url),
        *(("KW", word) for word in record.keywords),
        ("AB", record.abstract),
        ("N1", f"SWHID: {record.swhid}" if record.swhid else ""),
    ]
    lines = [f"{tag}  - {_line(value)}" for tag, value in fields if value]
    return "\r\n".join([*lines, "ER  - ", ""])


def csl_json(record: CitationRecord) -> str:
    """CSL-JSON: an array of one item."""
    year, month, day = map(int, record.date.split("-"))
    return published_json([_csl_item(record, [year, month, day])]).decode()


def _csl_item(record: CitationRecord, date: list[int]) -> dict[str, Any]:
    return _present(
        id=record.key,
        type=_CSL_TYPE[record.kind],
        title=record.title,
        author=[
            {"literal": author.name}
            if author.kind == "organization" or not given
            else {"family": family, "given": given}
            for author in record.authors
            for family, given in [author.split]
        ],
        issued={"date-parts": [date]},
        version=record.version,
        genre={"report": "Evaluation report", "preprint": "Preprint"}.get(record.kind),
        number=record.number if record.kind == "report" else None,
        publisher=record.publisher,
        URL=record.url,
        DOI=record.doi,
        abstract=record.abstract,
        keyword=", ".join(record.keywords) or None,
        license=record.licence_url,
        note=f"SWHID: {record.swhid}" if record.swhid else None,
    )


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def apa(record: CitationRecord) -> str:
    """A reference in the style of the APA's seventh edition, as plain text."""
    names = [_apa_name(author) for author in record.authors]
    if len(names) > 20:
        names = [*names[:19], f"… {names[-1]}"]
        listed = ", ".join(names)
    else:
        listed = ", & ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
    described = {
        "software": f"(Version {record.version}) [Computer software]",
        "dataset": f"(Version {record.version}) [Data set]",
        "report": f"(Version {record.version}; Report No. {record.number})",
        "preprint": f"(Version {record.version}) [Preprint]",
        "page": f"(Version {record.version})",
    }[record.kind]
    where = f"https://doi.org/{record.doi}" if record.doi else record.url
    dot = "" if listed.endswith(".") else "."
    text = f"{listed}{dot} ({record.date[:4]}). {record.title} {described}. {record.publisher}. {where}"
    return _line(text)


def _apa_name(author: Contributor) -> str:
    family, given = author.split
    if author.kind == "organization" or not given:
        return family
    initials = " ".join("-".join(f"{part[0]}." for part in word.split("-") if part) for word in given.split())
    return f"{family}, {initials}"


# Files of the release ------------------------------------------------------------------------------------------------

_NOT_PLAIN: Final = re.compile(r"[^ !#-\[\]-~\u00a1-\ud7ff\uf900-\ufffd\U00010000-\U0001ffff]")


def _yaml(text: str) -> str:
    """A double-quoted YAML scalar; everything that is not plainly printable is written as an escape."""
    text = _line(text)
    return (
        '"'
        + _NOT_PLAIN.sub(lambda match: "\\" + match[0] if match[0] in '"\\' else f"\\U{ord(match[0]):08X}", text)
        + '"'
    )


def cff(record: CitationRecord) -> str:
    """`CITATION.cff` 1.2. The format knows software and datasets; every other kind is given as software."""
    lines = [
        "cff-version: 1.2.0",
        f"message: {_yaml('Please cite this release with the metadata below.')}",
        f"type: {'dataset' if record.kind == 'dataset' else 'software'}",
        f"title: {_yaml(record.title)}",
        f"version: {_yaml(record.version)}",
        f"date-released: {_yaml(record.date)}",
        f"url: {_yaml(record.url)}",
        f"abstract: {_yaml(record.abstract)}",
    ]
    licences = record.licence.split(" OR ")
    if all(map(_SPDX.fullmatch, licences)):
        lines.append(f"license: {_yaml(licences[0])}" if len(licences) == 1 else "license:")
        lines += [f"  - {_yaml(licence)}" for licence in licences] if len(licences) > 1 else []
    if record.doi:
        lines.append(f"doi: {_yaml(record.doi)}")
    lines.append("authors:")
    for author in record.authors:
        family, given = author.split
        if author.kind == "organization" or not given:
            lines.append(f"  - name: {_yaml(author.name)}")
        else:
            lines += [f"  - family-names: {_yaml(family)}", f"    given-names: {_yaml(given)}"]
            if author.affiliation:
                lines.append(f"    affiliation: {_yaml(author.affiliation)}")
        if author.orcid:
            lines.append(f"    orcid: {_yaml(f'https://orcid.org/{author.orcid}')}")
    words = dict.fromkeys(record.keywords)
    if words:
        lines += ["keywords:", *(f"  - {_yaml(word)}" for word in words)]
    lines += ["identifiers:"]
    if record.swhid:
        lines += [f"  - type: swh\n    value: {_yaml(record.swhid)}", "    description: The pack of the release"]
    lines += [f"  - type: url\n    value: {_yaml(record.url)}", "    description: The page of the release", ""]
    return "\n".join(lines)


def cite_html(record: CitationRecord) -> str:
    """The APA reference as HTML text, its address a link."""
    text = escape(apa(record))
    where = escape(f"https://doi.org/{record.doi}" if record.doi else record.url)
    return text.removesuffix(where) + f'<a href="{where}">{where}</a>'

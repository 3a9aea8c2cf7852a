"""A citation in every format, each written from the one record.

No format is made from another one: converters lose versions and identifiers.
"""

import re
from collections.abc import Sequence
from html import escape
from typing import Any, Final

from proofpress.evidence.jsontext import published_json
from proofpress.render.sourced import show_invisible
from proofpress.site.citation import SPDX, CitationRecord, Contributor

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
            ("number", _latex(record.number) if record.kind == "report" else None),
            (_PUBLISHER_FIELD.get(record.kind, "organization"), f"{{{_latex(record.publisher)}}}"),
            ("url", record.url),
            ("doi", record.doi),
            ("eprint", record.swhid),
            ("eprinttype", "swhid" if record.swhid else None),
            ("pubstate", "preprint" if record.kind == "preprint" else None),
            ("note", _latex(record.note)),
            ("keywords", ", ".join(_latex(word).replace(",", "") for word in record.keywords)),
        ],
    )


def bibtex(record: CitationRecord) -> str:
    """A classic BibTeX `@misc`; version and identifiers stand in the note, for plain styles drop other fields."""
    year, month, _day = record.date.split("-")
    note = [f"Version {_latex(record.version)}", _latex(record.publisher), _latex(record.number)]
    note += [_latex(record.note)] if record.note else []
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
        *(("N1", note) for note in _notes(record)),
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
        note="; ".join(_notes(record)) or None,
    )


def _notes(record: CitationRecord) -> list[str]:
    return list(filter(None, (record.note, f"SWHID: {record.swhid}" if record.swhid else "")))


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
    described += f" [{record.note}]" if record.note else ""
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
    """`CITATION.cff` 1.2. The format knows software and datasets; what else a record is, `preferred-citation` says."""
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
    if all(map(SPDX.fullmatch, licences)):
        lines.append(f"license: {_yaml(licences[0])}" if len(licences) == 1 else "license:")
        lines += [f"  - {_yaml(licence)}" for licence in licences] if len(licences) > 1 else []
    if record.doi:
        lines.append(f"doi: {_yaml(record.doi)}")
    authors = _cff_authors(record.authors)
    lines += ["authors:", *authors]
    words = dict.fromkeys(record.keywords)
    if words:
        lines += ["keywords:", *(f"  - {_yaml(word)}" for word in words)]
    lines += ["identifiers:"]
    if record.swhid:
        lines += [f"  - type: swh\n    value: {_yaml(record.swhid)}", "    description: The pack of the release"]
    lines += [f"  - type: url\n    value: {_yaml(record.url)}", "    description: The page of the release"]
    if record.kind in _CFF_TYPE:
        year, month, _day = record.date.split("-")
        lines += [
            "preferred-citation:",
            f"  type: {_CFF_TYPE[record.kind]}",
            f"  title: {_yaml(record.title)}",
            f"  version: {_yaml(record.version)}",
            f"  year: {int(year)}",
            f"  month: {int(month)}",
            f"  date-published: {_yaml(record.date)}",
            f"  url: {_yaml(record.url)}",
            *([f"  institution:\n    name: {_yaml(record.publisher)}"] if record.kind == "report" else []),
            *([f"  number: {_yaml(record.number)}"] if record.kind == "report" else []),
            *([f"  notes: {_yaml(record.note)}"] if record.note else []),
            "  authors:",
            *("  " + line for line in authors),
        ]
    return "\n".join([*lines, ""])


_CFF_TYPE: Final = {"report": "report", "preprint": "generic", "page": "website"}


def _cff_authors(authors: Sequence[Contributor]) -> list[str]:
    lines = []
    for author in authors:
        family, given = author.split
        if author.kind == "organization" or not given:
            lines.append(f"  - name: {_yaml(author.name)}")
        else:
            lines += [f"  - family-names: {_yaml(family)}", f"    given-names: {_yaml(given)}"]
            if author.affiliation:
                lines.append(f"    affiliation: {_yaml(author.affiliation)}")
        if author.orcid:
            lines.append(f"    orcid: {_yaml(f'https://orcid.org/{author.orcid}')}")
    return lines


def cite_html(record: CitationRecord) -> str:
    """The APA reference as HTML text, its address a link."""
    text = escape(apa(record))
    where = escape(f"https://doi.org/{record.doi}" if record.doi else record.url)
    return text.removesuffix(where) + f'<a href="{where}">{where}</a>'

"""What pages show of how they are cited: the box on each page, and the numbers on the page that is about citing."""

from collections.abc import Sequence
from typing import Any

from proofpress.site.addresses import EVAL_REPORT, METRICS
from proofpress.site.citing import BOX, CitationFile, Citing
from proofpress.site.layout import cell, column, row, safe
from proofpress.site.metric_records import fragment


def box(citing: Citing, below: str) -> dict[str, Any] | None:
    """The citation box of a page for its template; None where nothing may be cited."""
    if not citing.citable:
        return None
    apa, formats = citing.box(below)
    up = "../" if below else ""
    return {
        "id": BOX,
        "title": _title(below),
        "apa": safe(apa),
        "formats": [
            {
                "id": f"{BOX}-{item.id}",
                "title": item.title,
                "text": item.text,
                "file": "" if below else item.file,
            }
            for item in formats
        ],
        "more": f"{up}cite/",
        "numbers": f"{up}cite/#numbers" if below == EVAL_REPORT else "",
    }


def heading(citing: Citing, below: str) -> tuple[tuple[str, str], ...]:
    """The box in the list of a page's contents."""
    return ((BOX, _title(below)),) if citing.citable else ()


def _title(below: str) -> str:
    return "Cite this page" if below else "Cite this release"


def view(citing: Citing, formats: Sequence[CitationFile]) -> dict[str, Any]:
    """The page that is about citing, for its template; `formats` are the release's citation files."""
    identity = citing.swhid or "not computed: the pack holds large artifacts"
    return {
        "citable": citing.citable,
        "rehearsal": citing.pack.evidence.is_rehearsal,
        "apa": safe(citing.box()[0]),
        "facts": [
            {"name": "Permanent address", "text": citing.release_url},
            {"name": "Software hash identifier of the pack", "text": identity},
            {"name": "Pack id", "text": citing.pack.evidence.pack_id},
        ],
        "formats": [
            {"id": item.id, "title": item.title, "href": f"../{item.file}", "file": item.file, "text": item.text}
            for item in formats
            if item.shown
        ],
        "others": [{"title": item.title, "href": f"../{item.file}"} for item in formats if not item.shown],
        "pages": pages(citing),
        "numbers": numbers(citing),
    }


def contents(citing: Citing, formats: Sequence[CitationFile]) -> list[tuple[str, str]]:
    """The headings of that page, each with its id."""
    if not citing.citable:
        return []
    parts = [(item.id, item.title) for item in formats if item.shown]
    single = [("numbers", "A single number")] if citing.rows and EVAL_REPORT in citing.documents else []
    return [*parts, ("documents", "Its documents"), *single, ("machines", "For machines")]


def pages(citing: Citing) -> list[dict[str, str]]:
    """The documents, each with its place for citing it."""
    return [
        {"title": document.title, "href": f"../{below}#{BOX}", "key": citing.record(below).key}
        for below, document in citing.documents.items()
    ]


def numbers(citing: Citing) -> dict[str, Any]:
    """The table of all numbers: where each stands, under which key and macro it is quoted."""
    columns = [
        column("Number", whole=True),
        column("Value", note="and record", number=True),
        column("Citation key", note="and LaTeX macro"),
    ]
    shown = []
    for item in citing.rows if EVAL_REPORT in citing.documents else ():
        anchor = citing.anchors.get(item.key, "")
        where = f"../{EVAL_REPORT}#{anchor}" if anchor else f"../{EVAL_REPORT}"
        record = {"href": f"../{METRICS}#{fragment(item.key)}", "label": f"{item.value}: record of {item.key}"}
        measured = item.value is not None
        macro = citing.macros.name(item.key) if measured else ""
        shown.append(
            row(
                cell(item.key, href=where),
                cell(item.value, **record) if measured else cell(item.absent.code if item.absent else "", none=True),
                cell(citing.metric(item).key, code=True, note=macro),
            )
        )
    return {"columns": columns, "rows": shown, "json": f"../{METRICS}"}

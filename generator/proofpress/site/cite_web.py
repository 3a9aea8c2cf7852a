"""What a page says about itself to machines: meta tags, typed links, JSON-LD."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from proofpress.evidence.jsontext import published_json
from proofpress.site.citation import CitationRecord, Contributor

LINKSET_TYPE: Final = "application/linkset+json"
_OPEN_ACCESS: Final = "http://purl.org/coar/access_right/c_abf2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something with an absolute address, its media type and, where one is wanted, its title."""

    url: str
    type: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What stands around a page, all by absolute URLs; what is not there is empty.

    `collection` is what the page belongs to: the release for its parts, the family for a release. `metadata` describes
    the page, `items` are its content. `latest` and `history` are addresses that may change their content.
    """

    collection: str = ""
    metadata: tuple[Resource, ...] = ()
    items: tuple[Resource, ...] = ()
    linkset: str = ""
    predecessor: str = ""
    successor: str = ""
    latest: str = ""
    history: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A typed link of the page."""

    rel: str
    href: str
    type: str = ""


NOWHERE: Final = Surroundings()
_SCHEMA_TYPE: Final = {
    "software": "SoftwareSourceCode",
    "report": "Report",
    "dataset": "Dataset",
    "preprint": "ScholarlyArticle",
    "page": "WebPage",
}
_DC_TYPE: Final = {"software": "Software", "dataset": "Dataset"}


# Meta tags -----------------------------------------------------------------------------------------------------------


def meta_tags(record: CitationRecord, *, pdf_url: str = "") -> tuple[tuple[str, str], ...]:
    """(name, content) of the page's meta tags. `pdf_url` must lie in the page's own folder.

    Reference managers take any page with Highwire tags for an article, unless a tag of their own says better; a plain
    page has Dublin Core only, and so has a page that is not to be cited.
    """
    tags = [
        ("DC.title", record.title),
        *(("DC.creator", author.name) for author in record.authors),
        *((("DC.date", record.date),) if record.is_dated else ()),
        ("DC.publisher", record.publisher),
        ("DC.type", _DC_TYPE.get(record.kind, "Text")),
        ("DC.identifier", record.url),
        ("DCTERMS.accessRights", _OPEN_ACCESS),
    ]
    if record.licence_url:
        tags.append(("DCTERMS.license", record.licence_url))
    if record.kind == "page" or not record.citable:
        return tuple(tags)
    tags += [
        ("citation_title", record.title),
        *(("citation_author", _highwire_name(author)) for author in record.authors),
        ("citation_publication_date", record.date.replace("-", "/")),
        ("citation_public_url", record.url),
    ]
    if record.doi:
        tags.append(("citation_doi", record.doi))
    if pdf_url:
        tags.append(("citation_pdf_url", pdf_url))
    return (*tags, *_kind_tags(record))


def _kind_tags(record: CitationRecord) -> list[tuple[str, str]]:
    if record.kind == "software":
        extra = [("z:extra", record.swhid)] if record.swhid else []
        return [
            ("z:itemType", "computerProgram"),
            ("z:versionNumber", record.version),
            ("z:company", record.publisher),
            *extra,
        ]
    if record.kind == "report":
        return [
            ("citation_technical_report_institution", record.publisher),
            ("citation_technical_report_number", record.number),
        ]
    if record.kind == "dataset":
        return [("z:versionNumber", record.version)]  # that it is a dataset, DC.type says
    return [("z:itemType", "preprint")]


def _highwire_name(author: Contributor) -> str:
    return ", ".join(filter(None, author.split))


def meta_html(tags: Iterable[tuple[str, str]]) -> str:
    """The tags as HTML, a line each."""
    return "".join([f'<meta name="{escape(name)}" content="{escape(content)}">\n' for name, content in tags])


# Typed links ---------------------------------------------------------------------------------------------------------


def links(record: CitationRecord, around: Surroundings = NOWHERE) -> tuple[Link, ...]:
    """The page's links: FAIR Signposting and the version relations of RFC 5829."""
    found = [
        Link(rel="type", href="https://schema.org/AboutPage"),
        Link(rel="type", href=f"https://schema.org/{_SCHEMA_TYPE[record.kind]}"),
    ]
    if record.citable:
        found.insert(0, Link(rel="cite-as", href=f"https://doi.org/{record.doi}" if record.doi else record.url))
    if record.licence_url:
        found.append(Link(rel="license", href=record.licence_url))
    found += [Link(rel="author", href=f"https://orcid.org/{author.orcid}") for author in record.authors if author.orcid]
    found += [Link(rel="describedby", href=part.url, type=part.type) for part in around.metadata]
    found += [Link(rel="item", href=part.url, type=part.type) for part in around.items]
    for rel, href, kind in (
        ("collection", around.collection, "text/html"),
        ("linkset", around.linkset, LINKSET_TYPE),
        ("predecessor-version", around.predecessor, ""),
        ("successor-version", around.successor, ""),
        ("latest-version", around.latest, ""),
        ("version-history", around.history, ""),
    ):
        if href:
            found.append(Link(rel=rel, href=href, type=kind))
    return tuple(found)


def link_html(found: Iterable[Link]) -> str:
    """The links as HTML, a line each."""
    return "".join(
        [
            f'<link rel="{link.rel}" href="{escape(link.href)}"'
            + (f' type="{escape(link.type)}">\n' if link.type else ">\n")
            for link in found
        ]
    )


def linkset(pages: Iterable[tuple[CitationRecord, Surroundings]]) -> str:
    """`linkset.json` (RFC 9264) with three kinds of context: pages, what they consist of, what describes them."""
    contexts: list[dict[str, Any]] = []
    items: dict[str, list[dict[str, str]]] = {}
    metadata: dict[str, list[dict[str, str]]] = {}
    for record, around in pages:
        page: dict[str, Any] = {"anchor": record.url}
        for link in links(record, around):
            if link.rel != "linkset":
                page.setdefault(link.rel, []).append(_target(link.href, link.type))
        contexts.append(page)
        home = _target(record.url, "text/html")
        for part in around.items:
            items.setdefault(part.url, []).append(home)
        for part in around.metadata:
            metadata.setdefault(part.url, []).append(home)
    contexts += [{"anchor": url, "collection": homes} for url, homes in items.items()]
    contexts += [{"anchor": url, "describes": homes} for url, homes in metadata.items()]
    return published_json({"linkset": contexts}).decode()


def _target(href: str, kind: str) -> dict[str, str]:
    return {"href": href, "type": kind} if kind else {"href": href}


# JSON-LD -----------------------------------------------------------------------------------------------------------


def json_ld(record: CitationRecord, around: Surroundings = NOWHERE) -> str:
    """JSON-LD for a script element: it holds no `<`, `>` or `&`."""
    kind: Any = _SCHEMA_TYPE[record.kind]
    value: dict[str, Any] = {
        "@context": ["https://schema.org/", {"fair4ml": "https://w3id.org/fair4ml#"}],
        "@type": [kind, "fair4ml:MLModel"] if record.kind == "software" else kind,
        "@id": record.url,
        **described(record),
        "isAccessibleForFree": True,
    }
    if record.citable:
        value["citation"] = _citation(record)
    if around.collection:
        value["isPartOf"] = {"@id": around.collection}
    if around.items:
        value["hasPart"] = [
            {"@type": "CreativeWork", "@id": part.url, "encodingFormat": part.type}
            | ({"name": part.title} if part.title else {})
            for part in around.items
        ]
    if around.predecessor:
        value["isBasedOn"] = {"@id": around.predecessor}
    text = published_json(value, compact=True).decode()
    return (
        text.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


def _citation(record: CitationRecord) -> str:
    names = ", ".join(author.name for author in record.authors)
    return f"{names} ({record.date[:4]}). {record.title}, version {record.version}. {record.publisher}. {record.url}"


def described(record: CitationRecord) -> dict[str, Any]:
    """What schema.org and CodeMeta say with the same words."""
    identifiers = [f"https://doi.org/{record.doi}"] if record.doi else []
    identifiers += [record.key, *([record.swhid] if record.swhid else [])]
    return {
        "name": record.title,
        "version": record.version,
        "identifier": identifiers,
        "url": record.url,
        **({"datePublished": record.date} if record.is_dated else {}),
        "description": record.abstract,
        "license": record.licence_url or record.licence,
        "author": [schema_author(author) for author in record.authors],
        "publisher": {"@type": "Organization", "name": record.publisher},
        "keywords": list(record.keywords),
    }


def schema_author(author: Contributor) -> dict[str, Any]:
    """A contributor in the words of schema.org."""
    family, given = author.split
    value: dict[str, Any] = {"@type": "Person" if author.kind == "person" else "Organization"}
    if author.orcid:
        value["@id"] = f"https://orcid.org/{author.orcid}"
    if author.kind == "person" and given:
        value |= {"givenName": given, "familyName": family}
    value["name"] = author.name
    if author.affiliation:
        value["affiliation"] = {"@type": "Organization", "name": author.affiliation}
    return value

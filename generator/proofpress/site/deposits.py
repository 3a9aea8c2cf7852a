"""What a deposit or a crawler takes with it: DataCite, CodeMeta, Croissant and RO-Crate metadata, from one record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from proofpress.evidence.jsontext import published_json
from proofpress.site.citation import CitationRecord, Contributor
from proofpress.site.cite import bibtex
from proofpress.site.cite_web import NOWHERE, Surroundings, described, schema_author


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A file of the pack as the site publishes it: its path below the release's address, type, digest and size."""

    path: str
    role: str
    type: str
    sha256: str
    size: int


def codemeta(record: CitationRecord, around: Surroundings = NOWHERE) -> str:
    """`codemeta.json`, CodeMeta 3.0."""
    value = {"@context": "https://w3id.org/codemeta/3.0", "@type": "SoftwareSourceCode", **described(record)}
    if around.collection:
        value["isPartOf"] = around.collection
    return published_json(value).decode()


_DATACITE: Final = {
    "software": ("Model", "software"),
    "dataset": ("Dataset", "dataset"),
    "report": ("Report", "report"),
    "preprint": ("Preprint", "article"),
    "page": ("Text", "webpage"),
}


def datacite(record: CitationRecord, around: Surroundings = NOWHERE) -> str:
    """DataCite 4.5 JSON, as for a deposit; SWHIDs are alternate identifiers, for 4.5 has no type for them."""
    general, citeproc = _DATACITE[record.kind]
    related = [
        {"relatedIdentifier": url, "relatedIdentifierType": "URL", "relationType": relation}
        for url, relation in (
            (around.predecessor, "IsNewVersionOf"),
            (around.successor, "IsPreviousVersionOf"),
            (around.collection, "IsPartOf"),
            *((part.url, "HasPart") for part in around.items),
        )
        if url
    ]
    alternate = [("release", record.key), *([("SWHID", record.swhid)] if record.swhid else [])]
    rights = {"rights": record.licence}
    if record.licence_url:
        rights |= {
            "rightsUri": record.licence_url,
            "rightsIdentifier": record.licence,
            "rightsIdentifierScheme": "SPDX",
            "schemeUri": "https://spdx.org/licenses/",
        }
    value: dict[str, Any] = {
        "types": {
            "resourceTypeGeneral": general,
            "resourceType": {"software": "Machine-learning model release"}.get(record.kind, general),
            "citeproc": citeproc,
        },
        "creators": [_datacite_creator(author) for author in record.authors],
        "titles": [{"title": record.title}],
        "publisher": {"name": record.publisher},
        "publicationYear": record.date[:4],
        "dates": [{"date": record.date, "dateType": "Issued"}],
        "version": record.version,
        "url": record.url,
        "subjects": [{"subject": word} for word in dict.fromkeys(record.keywords)],
        "alternateIdentifiers": [
            {"alternateIdentifier": text, "alternateIdentifierType": kind} for kind, text in alternate
        ],
        "relatedIdentifiers": related,
        "rightsList": [rights],
        "descriptions": [{"description": record.abstract, "descriptionType": "Abstract"}],
        "schemaVersion": "http://datacite.org/schema/kernel-4",
    }
    return published_json({"doi": record.doi} | value if record.doi else value).decode()


def _datacite_creator(author: Contributor) -> dict[str, Any]:
    family, given = author.split
    value: dict[str, Any] = {
        "name": ", ".join(filter(None, (family, given))),
        "nameType": "Personal" if author.kind == "person" else "Organizational",
    }
    if author.kind == "person" and given:
        value |= {"givenName": given, "familyName": family}
    if author.orcid:
        value["nameIdentifiers"] = [
            {
                "nameIdentifier": f"https://orcid.org/{author.orcid}",
                "nameIdentifierScheme": "ORCID",
                "schemeUri": "https://orcid.org",
            }
        ]
    if author.affiliation:
        value["affiliation"] = [{"name": author.affiliation}]
    return value


# Croissant -----------------------------------------------------------------------------------------------------------

_CROISSANT: Final = "http://mlcommons.org/croissant/"
_JSON: Final = {"@type": "@json"}
_TERMS: Final = (
    *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileProperty"),
    *("fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5"),
    *("parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator"),
    *("source", "subField", "transform"),
)
_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": _CROISSANT,
    "dct": "http://purl.org/dc/terms/",
    "rai": f"{_CROISSANT}RAI/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", **_JSON},
    "examples": {"@id": "cr:examples", **_JSON},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in _TERMS},
}


def croissant(record: CitationRecord, around: Surroundings, files: Sequence[Payload], base: str) -> str:
    """Croissant 1.1 of the dataset: what can be fetched of it below `base`, each file with its sha256.

    Data files that lie elsewhere have no address here; the published dataset manifest names them with their digests.
    """
    value: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": f"{_CROISSANT}1.1",
        "name": record.title,
        "description": record.abstract,
        "license": record.licence_url or record.licence,
        "url": record.url,
        "creator": [schema_author(author) for author in record.authors],
        "publisher": {"@type": "Organization", "name": record.publisher},
        "datePublished": record.date,
        "version": record.version,
        "identifier": record.key,
        "keywords": list(dict.fromkeys(record.keywords)),
        "inLanguage": "en",
        "isLiveDataset": False,
        "citeAs": bibtex(record),
    }
    if around.collection:
        value["isPartOf"] = {"@id": around.collection}
    value["distribution"] = [
        {
            "@type": "cr:FileObject",
            "@id": file.path,
            "name": file.path.rpartition("/")[2],
            "description": file.role,
            "contentUrl": base + file.path,
            "contentSize": f"{file.size} B",
            "encodingFormat": file.type,
            "sha256": file.sha256,
        }
        for file in files
    ]
    return published_json(value).decode()


# RO-Crate ------------------------------------------------------------------------------------------------------------


def ro_crate(record: CitationRecord, around: Surroundings, files: Sequence[Payload]) -> str:
    """`ro-crate-metadata.json` 1.2 of the folder that the release's address names; files lie below it."""
    people = [_entity(author, number) for number, author in enumerate(record.authors, 1)]
    publisher = {"@id": "#publisher", "@type": "Organization", "name": record.publisher}
    licence_id = record.licence_url or "#licence"
    licence = {"@id": licence_id, "@type": "CreativeWork", "name": record.licence, "identifier": record.licence}
    licence["description"] = f"The licence of the release: {record.licence}"
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": record.title,
        "description": record.abstract,
        "datePublished": record.date,
        "version": record.version,
        "license": {"@id": licence_id},
        "author": [{"@id": person["@id"]} for person in people],
        "publisher": {"@id": "#publisher"},
        "url": record.url,
        "identifier": [record.key, *([record.swhid] if record.swhid else [])],
        "keywords": list(dict.fromkeys(record.keywords)),
        "hasPart": [{"@id": file.path} for file in files],
    }
    if record.doi:
        root["cite-as"] = f"https://doi.org/{record.doi}"
    else:
        root["cite-as"] = record.url
    if around.predecessor:
        root["isBasedOn"] = {"@id": around.predecessor}
    entities: list[dict[str, Any]] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
        },
        root,
        *people,
        publisher,
        licence,
    ]
    if around.predecessor:
        entities.append({"@id": around.predecessor, "@type": "CreativeWork", "name": "The release before"})
    entities += [
        {
            "@id": file.path,
            "@type": "File",
            "name": file.path.rpartition("/")[2],
            "description": file.role,
            "encodingFormat": file.type,
            "contentSize": str(file.size),
            "sha256": file.sha256,
        }
        for file in files
    ]
    return published_json({"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": entities}).decode()


def _entity(author: Contributor, number: int) -> dict[str, Any]:
    value = schema_author(author)
    affiliation = value.pop("affiliation", None)
    if affiliation:
        value["affiliation"] = affiliation["name"]
    return {"@id": f"#author-{number}", **value}

"""Citations: every format from one record, whatever its texts hold; identifiers that equal Git's; typed links."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from proofpress.evidence.dataset import DatasetPackage, DatasetSplit, DataSource, Feature
from proofpress.evidence.pack import Evidence
from proofpress.evidence.release import (
    Author,
    Changelog,
    FileEntry,
    HeadlineMetric,
    PackManifest,
    Release,
    TemplateSetRef,
)
from proofpress.site.citation import CitationRecord, Contributor, Kind, record_of
from proofpress.site.cite import apa, biblatex, bibtex, cff, cite_html, csl_json, ris
from proofpress.site.cite_web import (
    Link,
    Resource,
    Surroundings,
    json_ld,
    link_html,
    links,
    linkset,
    meta_html,
    meta_tags,
)
from proofpress.site.deposits import codemeta, datacite
from proofpress.site.swhid import BlobHasher, git_blob_sha1, swhid

RELEASE = "digits-v0.2.0-mlp64-r1"
SWHID = "swh:1:dir:" + "0123456789" * 4
ORCID = "0000-0002-1825-0097"
URL = f"https://example.org/evidence/releases/{RELEASE}/"
KINDS: tuple[Kind, ...] = ("software", "report", "dataset", "preprint", "page")

RECORD = CitationRecord(
    kind="software",
    title="Digits {0.2}: 100 % \\LaTeX & <b>_safe_</b> #1 ~ ^ $",
    version="0.2.0",
    release_id=RELEASE,
    bundle_id=RELEASE,
    part="",
    authors=(
        Contributor(name="Ana María de Souza", affiliation="Lab & Co", orcid=ORCID),
        Contributor(name="Rock and Roll, Inc.", kind="organization"),
        Contributor(name="Plato"),
    ),
    date="2026-11-05",
    publisher='Evidence "and" more',
    url=URL,
    licence="Apache-2.0",
    abstract="Line one: #2\n- not a list </script>",
    keywords=("digits", "yes: no", "digits"),
    swhid=SWHID,
)
AROUND = Surroundings(
    collection="https://example.org/evidence/digits/",
    metadata=(Resource(url=URL + "citation/datacite.json", type="application/vnd.datacite.datacite+json"),),
    items=(Resource(url=URL + "eval/", type="text/html", title="Evaluation report"),),
    linkset=URL + "linkset.json",
    predecessor="https://example.org/evidence/releases/digits-v0.1.0-logreg-r1/",
    latest="https://example.org/evidence/digits/latest/",
    history="https://example.org/evidence/digits/",
)


def evidence(*, fixture: bool = False, bundle: int = 1) -> Evidence:
    header: dict[str, Any] = {"schema_version": "1.0.0", "generated_by": "tests.cite"}
    return Evidence(
        pack_id="sha256:" + "a" * 64,
        manifest=PackManifest(
            **header,
            family="digits",
            release_id=RELEASE,
            bundle=bundle,
            profile="standard",
            template_set=TemplateSetRef(name="1"),
            rule_book=1,
            files=(FileEntry(path="release.json", role="release identity", sha256="b" * 64, size=1),),
        ),
        release=Release(
            **header,
            fixture=fixture,
            release_id=RELEASE,
            bundle=bundle,
            family="digits",
            title="Digits 0.2.0",
            version="0.2.0",
            summary="Reads digits.",
            released_at="2026-11-05T10:00:00Z",
            predecessor=None,
            intended_use=("Reading.",),
            out_of_scope=("Writing.",),
            licence="Apache-2.0",
            authors=(Author(name="Ada Example", orcid=ORCID), Author(name="A Lab", kind="organization")),
            keywords=("digits",),
            headline=(HeadlineMetric(name="accuracy", split="test"),),
            changelog=Changelog(added=("All.",)),
        ),
        dataset=DatasetPackage(
            **header,
            dataset_snapshot_id="digits-2026-01",
            name="digits",
            title="Digit images",
            description="Small images.",
            licence="CC-BY-4.0",
            sources=(DataSource(name="uci", reference="UCI", licence="CC-BY-4.0"),),
            features=(Feature(name="pixels", type="float", description="Grey."),),
            target="digit",
            splits=(DatasetSplit(name="test", records=1, keys_sha256="c" * 64, purpose="Held out."),),
            limitations=("One source.",),
        ),
    )


# The record ----------------------------------------------------------------------------------------------------------


def test_record_of_a_release_and_of_its_parts() -> None:
    whole = record_of(evidence(), base_url="https://example.org/evidence/", publisher="Evidence", swhid=SWHID)
    assert (whole.url, whole.key, whole.number, whole.date) == (URL, RELEASE, RELEASE, "2026-11-05")
    assert whole.citable
    assert whole.licence_url == "https://spdx.org/licenses/Apache-2.0"
    assert whole.authors[0] == Contributor(name="Ada Example", orcid=ORCID)
    report = record_of(
        evidence(bundle=2),
        base_url="https://example.org",
        publisher="Evidence",
        swhid=None,
        kind="report",
        part="eval",
        title="Evaluation of Digits",
    )
    assert report.url == f"https://example.org/releases/{RELEASE}.b2/eval/"
    assert (report.number, report.key, report.title) == (
        f"{RELEASE}.b2/eval",
        f"{RELEASE}.b2-eval",
        "Evaluation of Digits",
    )
    data = record_of(evidence(), base_url="https://example.org", publisher="E", swhid=None, kind="dataset", part="data")
    assert (data.title, data.version, data.licence) == ("Digit images", "digits-2026-01", "CC-BY-4.0")
    assert not record_of(evidence(fixture=True), base_url="https://example.org", publisher="E", swhid=None).citable


@pytest.mark.parametrize(
    ("contributor", "split"),
    [
        (Contributor(name="Ada Example"), ("Example", "Ada")),
        (Contributor(name="de Souza, Ana María"), ("de Souza", "Ana María")),
        (Contributor(name="Plato"), ("Plato", "")),
        (Contributor(name="A Lab, Inc.", kind="organization"), ("A Lab, Inc.", "")),
    ],
)
def test_names_are_split(contributor: Contributor, split: tuple[str, str]) -> None:
    assert contributor.split == split


@pytest.mark.parametrize("licence", ["MIT OR Apache-2.0", "LicenseRef-own", "Own licence"])
def test_only_single_spdx_identifiers_have_an_address(licence: str) -> None:
    assert replace(RECORD, licence=licence).licence_url is None


# LaTeX ---------------------------------------------------------------------------------------------------------------


def parse_bib(text: str) -> tuple[str, str, dict[str, str]]:
    """One entry, read as BibTeX does: braces are counted whether a backslash stands before them or not."""
    head = re.match(r"@(\w+)\{([^,\s{}\"#%'()=\\~]+),", text)
    assert head
    position, fields = head.end(), {}
    while found := re.compile(r"\s*(\w+) = ").match(text, position):
        position = found.end()
        if text[position] != "{":
            bare = re.compile(r"\w+").match(text, position)
            assert bare
            fields[found[1]], position = bare[0], bare.end() + 1
            continue
        depth, start = 0, position
        while True:
            depth += {"{": 1, "}": -1}.get(text[position], 0)
            position += 1
            if depth == 0:
                break
        fields[found[1]] = text[start + 1 : position - 1]
        assert text[position] == ","
        position += 1
    assert text[position:] == "\n}\n"
    return head[1], head[2], fields


def test_biblatex() -> None:
    kind, key, fields = parse_bib(biblatex(RECORD))
    assert (kind, key) == ("software", RELEASE)
    assert fields["title"] == (
        r"{Digits \textbraceleft{}0.2\textbraceright{}: 100 \% \textbackslash{}LaTeX \& "
        r"\textless{}b\textgreater{}\_safe\_\textless{}/b\textgreater{} \#1 \textasciitilde{} \textasciicircum{} \$}"
    )
    assert fields["author"] == "Souza, Ana María de and {Rock and Roll, Inc.} and {Plato}"
    assert (fields["date"], fields["version"], fields["url"]) == ("2026-11-05", "0.2.0", URL)
    assert (fields["eprint"], fields["eprinttype"]) == (SWHID, "swhid")
    assert fields["organization"] == '{Evidence "and" more}'


def test_biblatex_of_other_kinds() -> None:
    report = parse_bib(biblatex(replace(RECORD, kind="report", part="eval")))
    assert report[0] == "report"
    assert (report[2]["number"], report[2]["type"]) == (f"{RELEASE}/eval", "Evaluation report")
    assert "institution" in report[2]
    assert parse_bib(biblatex(replace(RECORD, kind="dataset")))[2]["publisher"]
    assert parse_bib(biblatex(replace(RECORD, kind="preprint")))[2]["pubstate"] == "preprint"


def test_bibtex_keeps_version_and_identifier_in_the_note() -> None:
    kind, key, fields = parse_bib(bibtex(RECORD))
    assert (kind, key, fields["year"], fields["month"]) == ("misc", RELEASE, "2026", "nov")
    assert fields["howpublished"] == rf"\url{{{URL}}}"
    assert fields["note"].startswith("Version 0.2.0, ")
    assert SWHID in fields["note"]


# Other formats -------------------------------------------------------------------------------------------------------


def parse_ris(text: str) -> list[tuple[str, str]]:
    assert text.endswith("\r\n")
    lines = text[:-2].split("\r\n")
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]  - .*", line) for line in lines)
    return [(line[:2], line[6:]) for line in lines]


def test_ris() -> None:
    fields = parse_ris(ris(RECORD))
    assert (fields[0], fields[-1]) == (("TY", "COMP"), ("ER", ""))
    assert [value for tag, value in fields if tag == "AU"] == ["Souza, Ana María de", "Rock and Roll, Inc.", "Plato"]
    assert ("ET", "0.2.0") in fields
    assert ("DA", "2026/11/05/") in fields
    assert ("AB", "Line one: #2 - not a list </script>") in fields
    assert ("SN", f"{RELEASE}/eval") in parse_ris(ris(replace(RECORD, kind="report", part="eval")))


def test_csl_json() -> None:
    (item,) = json.loads(csl_json(RECORD))
    assert (item["id"], item["type"], item["version"]) == (RELEASE, "software", "0.2.0")
    assert item["issued"] == {"date-parts": [[2026, 11, 5]]}
    assert item["author"] == [
        {"family": "Souza", "given": "Ana María de"},
        {"literal": "Rock and Roll, Inc."},
        {"literal": "Plato"},
    ]
    assert item["title"] == RECORD.title


def test_apa() -> None:
    record = replace(RECORD, title="Digits", publisher="Evidence")
    assert apa(record) == (
        "Souza, A. M. d., Rock and Roll, Inc., & Plato. (2026). Digits (Version 0.2.0) [Computer software]. "
        f"Evidence. {URL}"
    )
    report = replace(record, kind="report", part="eval", authors=(Contributor(name="Jean-Luc Example"),))
    assert apa(report) == (f"Example, J.-L. (2026). Digits (Version 0.2.0; Report No. {RELEASE}/eval). Evidence. {URL}")
    many = replace(record, authors=tuple(Contributor(name=f"A N{index}") for index in range(22)))
    assert "N18, A., … N21, A. (2026)" in apa(many)
    assert cite_html(replace(record, title="<i>")).endswith(f'<a href="{URL}">{URL}</a>')
    assert "&lt;i&gt;" in cite_html(replace(record, title="<i>"))


def test_cff() -> None:
    value = yaml.safe_load(cff(RECORD))
    assert value["cff-version"] == "1.2.0"
    assert (value["title"], value["type"], value["license"]) == (RECORD.title, "software", "Apache-2.0")
    assert (value["version"], value["date-released"]) == ("0.2.0", "2026-11-05")
    assert value["abstract"] == "Line one: #2 - not a list </script>"
    assert value["authors"] == [
        {
            "family-names": "Souza",
            "given-names": "Ana María de",
            "affiliation": "Lab & Co",
            "orcid": f"https://orcid.org/{ORCID}",
        },
        {"name": "Rock and Roll, Inc."},
        {"name": "Plato"},
    ]
    assert value["keywords"] == ["digits", "yes: no"]
    assert value["identifiers"][0] == {"type": "swh", "value": SWHID, "description": "The pack of the release"}
    assert yaml.safe_load(cff(replace(RECORD, kind="dataset")))["type"] == "dataset"
    assert yaml.safe_load(cff(replace(RECORD, licence="MIT OR Apache-2.0")))["license"] == ["MIT", "Apache-2.0"]
    assert "license" not in yaml.safe_load(cff(replace(RECORD, licence="own terms")))


def test_datacite() -> None:
    value = json.loads(datacite(RECORD, AROUND))
    assert {"creators", "titles", "publisher", "publicationYear", "types", "schemaVersion"} <= set(value)
    assert value["types"]["resourceTypeGeneral"] == "Model"
    assert value["types"]["citeproc"] == "software"
    assert value["creators"][0]["nameIdentifiers"][0]["nameIdentifier"] == f"https://orcid.org/{ORCID}"
    assert value["creators"][1] == {"name": "Rock and Roll, Inc.", "nameType": "Organizational"}
    assert {(item["relationType"], item["relatedIdentifier"]) for item in value["relatedIdentifiers"]} == {
        ("IsNewVersionOf", AROUND.predecessor),
        ("IsPartOf", AROUND.collection),
        ("HasPart", URL + "eval/"),
    }
    assert {"alternateIdentifier": SWHID, "alternateIdentifierType": "SWHID"} in value["alternateIdentifiers"]
    assert json.loads(datacite(replace(RECORD, doi="10.5555/x")))["doi"] == "10.5555/x"


def test_codemeta() -> None:
    value = json.loads(codemeta(RECORD))
    assert value["@type"] == "SoftwareSourceCode"
    assert (value["version"], value["license"]) == ("0.2.0", "https://spdx.org/licenses/Apache-2.0")
    assert SWHID in value["identifier"]


def test_json_ld_can_stand_in_a_script_element() -> None:
    text = json_ld(RECORD, AROUND)
    assert not set("<>&") & set(text)
    value = json.loads(text)
    assert value["@type"] == ["SoftwareSourceCode", "fair4ml:MLModel"]
    assert value["description"] == RECORD.abstract
    assert value["isAccessibleForFree"] is True
    assert value["hasPart"][0]["@id"] == URL + "eval/"
    assert value["isPartOf"] == {"@id": AROUND.collection}
    assert RECORD.title in value["citation"]
    assert "citation" not in json.loads(json_ld(replace(RECORD, citable=False)))


# Pages ---------------------------------------------------------------------------------------------------------------


def test_meta_tags_of_each_kind() -> None:
    software = meta_tags(RECORD)
    assert ("citation_title", RECORD.title) in software
    assert [content for name, content in software if name == "citation_author"] == [
        "Souza, Ana María de",
        "Rock and Roll, Inc.",
        "Plato",
    ]
    assert ("citation_publication_date", "2026/11/05") in software
    assert ("citation_public_url", URL) in software
    assert ("z:itemType", "computerProgram") in software
    assert ("z:extra", SWHID) in software
    report = dict(meta_tags(replace(RECORD, kind="report", part="eval")))
    assert report["citation_technical_report_number"] == f"{RELEASE}/eval"
    assert "z:itemType" not in report
    data = dict(meta_tags(replace(RECORD, kind="dataset")))
    assert (data["DC.type"], data["z:versionNumber"]) == ("Dataset", "0.2.0")
    paper = dict(meta_tags(replace(RECORD, kind="preprint"), pdf_url=URL + "paper.pdf"))
    assert (paper["z:itemType"], paper["citation_pdf_url"]) == ("preprint", URL + "paper.pdf")
    for quiet in (replace(RECORD, kind="page"), replace(RECORD, citable=False)):
        assert all(name.startswith(("DC.", "DCTERMS.")) for name, _content in meta_tags(quiet))
    assert dict(software)["DCTERMS.license"] == "https://spdx.org/licenses/Apache-2.0"
    assert "DCTERMS.accessRights" in dict(software)


def test_links_and_linkset() -> None:
    found = links(RECORD, AROUND)
    assert [link.href for link in found if link.rel == "cite-as"] == [URL]
    assert len([link for link in found if link.rel == "license"]) == 1
    assert Link(rel="author", href=f"https://orcid.org/{ORCID}") in found
    assert Link(rel="item", href=URL + "eval/", type="text/html") in found
    assert {link.rel for link in found} == {
        *("cite-as", "describedby", "item", "type", "license", "author", "collection", "linkset"),
        *("predecessor-version", "latest-version", "version-history"),
    }
    assert "cite-as" not in {link.rel for link in links(replace(RECORD, citable=False), AROUND)}
    assert links(replace(RECORD, doi="10.5555/x"))[0].href == "https://doi.org/10.5555/x"
    page, item, metadata = json.loads(linkset([(RECORD, AROUND)]))["linkset"]
    assert (page["anchor"], page["cite-as"]) == (URL, [{"href": URL}])
    assert item == {"anchor": URL + "eval/", "collection": [{"href": URL, "type": "text/html"}]}
    assert metadata["describes"] == [{"href": URL, "type": "text/html"}]
    assert "linkset" not in page


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        assert not data.strip()


def test_html_of_tags_and_links() -> None:
    tags = meta_tags(RECORD)
    assert [(item["name"], item["content"]) for _tag, item in Tags(meta_html(tags)).found] == list(tags)
    found = links(RECORD, AROUND)
    assert [(item["rel"], item["href"]) for _tag, item in Tags(link_html(found)).found] == [
        (link.rel, link.href) for link in found
    ]


# Any text ------------------------------------------------------------------------------------------------------------

TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.text(st.sampled_from("a B,{}\\\"'%&#$_~^<>@:-\n\r\t|[]*!?`=é精\u202e\u2028😀"), min_size=1, max_size=20),
).filter(lambda text: bool(text.strip()))


@settings(max_examples=150, deadline=None)
@given(TEXT, TEXT, TEXT, st.sampled_from(KINDS), st.sampled_from(["person", "organization"]))
def test_no_text_breaks_a_format(title: str, name: str, abstract: str, kind: Kind, who: Any) -> None:
    record = replace(
        RECORD,
        kind=kind,
        title=title,
        abstract=abstract,
        version=title,
        publisher=name,
        keywords=(name, title),
        authors=(Contributor(name=name, kind=who, affiliation=abstract),),
    )
    for entry in (biblatex(record), bibtex(record)):
        assert parse_bib(entry)[2]["title"].startswith("{")
    assert parse_ris(ris(record))[-1] == ("ER", "")
    assert json.loads(csl_json(record))[0]["title"] == title
    assert json.loads(datacite(record))["titles"] == [{"title": title}]
    assert json.loads(json_ld(record))["name"] == title
    assert not set("<>&") & set(json_ld(record))
    assert "\n" not in apa(record)
    value = yaml.safe_load(cff(record))
    assert isinstance(value["title"], str)
    if title.isprintable() and title == " ".join(title.split()):
        assert value["title"] == title
    assert [item["content"] for _tag, item in Tags(meta_html(meta_tags(record))).found]


# Identity ------------------------------------------------------------------------------------------------------------

FILES = {
    "release.json": b"{}\n",
    "a.b": b"sorts between the file and the folder",
    "a/b": b"",
    "a/c/d.bin": bytes(range(256)) * 300,
    "a-b": b"x",
    "a0": b"y",
    "model/eval_metrics.json": "é\r\n".encode(),
}


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")
def test_swhid_equals_the_tree_of_git(tmp_path: Path) -> None:
    for name, data in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)

    def git(*arguments: str) -> str:
        run = subprocess.run(
            ["git", "-c", "core.autocrlf=false", "-c", "core.fileMode=false", *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        return run.stdout.strip()

    git("init", "--quiet", ".")
    git("add", "--all")
    assert swhid((name, git_blob_sha1(data)) for name, data in FILES.items()) == f"swh:1:dir:{git('write-tree')}"
    assert git_blob_sha1(FILES["a/c/d.bin"]) == git("hash-object", "a/c/d.bin")


def test_swhid_of_nothing_and_in_any_order() -> None:
    assert swhid(()) == "swh:1:dir:4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    pairs = [(name, git_blob_sha1(data)) for name, data in FILES.items()]
    assert swhid(pairs) == swhid(reversed(pairs))


def test_large_files_are_hashed_in_pieces() -> None:
    data = FILES["a/c/d.bin"]
    hasher = BlobHasher(len(data))
    for start in range(0, len(data), 1000):
        hasher.update(memoryview(data)[start : start + 1000])
    assert hasher.hexdigest() == git_blob_sha1(data)
    with pytest.raises(ValueError, match="3 bytes too few"):
        BlobHasher(3).hexdigest()
    with pytest.raises(ValueError, match="1 bytes too many"):
        BlobHasher(2).update(b"abc").hexdigest()


@pytest.mark.parametrize("paths", [["a", "a"], ["a", "a/b"], ["a/b", "a"], ["../a"], ["a//b"], ["/a"], ["a/"]])
def test_paths_that_mean_no_folder_are_refused(paths: list[str]) -> None:
    with pytest.raises(ValueError, match=r"two things|plain relative"):
        swhid((path, "0" * 40) for path in paths)

"""How the example site is cited: pages, files, commands and single numbers agree with each other."""

import json
import re
from calendar import month_abbr
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from example_site import ROOT, SITE_URL, built_example, read_page
from proofpress.build.cite import citing_of
from proofpress.cli import cli, main
from proofpress.errors import ExitCode
from proofpress.papers.bib import entries
from proofpress.schemas import schemas
from proofpress.site.addresses import EVAL_REPORT
from proofpress.site.metric_records import anchors

RELEASE = "digits-v0.3.0-mlp64-r1"
BASE = f"{SITE_URL}releases/{RELEASE}/"
FORMATS = {
    "biblatex": "citation.biblatex.bib",
    "bibtex": "citation.bib",
    "ris": "citation.ris",
    "csl-json": "citation.csl.json",
    "cff": "CITATION.cff",
    "datacite": "datacite.json",
    "codemeta": "codemeta.json",
    "croissant": "croissant.json",
    "ro-crate": "ro-crate-metadata.json",
    "linkset": "linkset.json",
    "latex": "paper/release-macros.tex",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_example(tmp_path_factory.mktemp("citing"))


@pytest.fixture(scope="module")
def instance(site: Path) -> Path:
    return site.resolve().parent


@pytest.fixture(scope="module")
def release(site: Path) -> Path:
    return site / "releases" / RELEASE


@cache
def printed(instance: Path, *arguments: str) -> str:
    done = CliRunner().invoke(cli, ["-C", str(instance), "cite", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def load(path: Path) -> Any:
    return json.loads(path.read_bytes())


# Files ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", FORMATS)
def test_the_command_prints_what_the_site_publishes(instance: Path, release: Path, format_: str) -> None:
    published = (release / FORMATS[format_]).read_bytes().decode()
    assert printed(instance, RELEASE, "--format", format_).replace("\r\n", "\n") == published.replace("\r\n", "\n")


def test_all_formats_agree(release: Path) -> None:
    """Title, version, authors, date and identifier."""
    said: dict[str, tuple[str, str, list[str], str, str]] = {}
    for name in ("citation.biblatex.bib", "citation.bib"):
        (entry,) = entries((release / name).read_text("utf-8"))
        fields, note = entry.fields, entry.fields.get("note", "")
        swhid = re.search(r"swh:1:dir:[0-9a-f]{40}", " ".join(fields.values()))
        months = {name.lower(): number for number, name in enumerate(month_abbr) if name}
        date = fields.get("date") or f"{fields['year']}-{months[fields['month']]:02}-01"
        version = fields.get("version") or note.split(",")[0].removeprefix("Version ")
        said[name] = fields["title"], version, [fields["author"]], date, swhid[0] if swhid else ""
    ris = [line.split("  - ", 1) for line in (release / "citation.ris").read_text("utf-8").splitlines() if line]
    tags = {tag: value for tag, value in ris if tag not in {"AU", "KW"}}
    names = [value for tag, value in ris if tag == "AU"]
    said["ris"] = (
        tags["TI"],
        tags["ET"],
        names,
        tags["DA"].strip("/").replace("/", "-"),
        tags["N1"].removeprefix("SWHID: "),
    )
    (csl,) = load(release / "citation.csl.json")
    date = "-".join(f"{part:02}" for part in csl["issued"]["date-parts"][0])
    names = [author["literal"] for author in csl["author"]]
    said["csl"] = csl["title"], csl["version"], names, date, csl["note"].removeprefix("SWHID: ")
    cff = yaml.safe_load((release / "CITATION.cff").read_text("utf-8"))
    names = [author["name"] for author in cff["authors"]]
    said["cff"] = cff["title"], cff["version"], names, cff["date-released"], cff["identifiers"][0]["value"]
    data = load(release / "datacite.json")
    names = [creator["name"] for creator in data["creators"]]
    alternate = {item["alternateIdentifierType"]: item["alternateIdentifier"] for item in data["alternateIdentifiers"]}
    said["datacite"] = (
        data["titles"][0]["title"],
        data["version"],
        names,
        data["dates"][0]["date"],
        alternate["SWHID"],
    )
    crate = next(item for item in load(release / "ro-crate-metadata.json")["@graph"] if item["@id"] == "./")
    meta = load(release / "codemeta.json")
    for name, value in (("crate", crate), ("codemeta", meta)):
        swhid = next(item for item in value["identifier"] if item.startswith("swh:"))
        said[name] = value["name"], value["version"], said["csl"][2], value["datePublished"], swhid
    first = said["csl"]
    assert first[:2] == ("Digits 0.3.0, multilayer perceptron, split by image", "0.3.0")
    for name, value in said.items():
        if name == "citation.bib":  # classic BibTeX has no day
            value = (*value[:3], first[3], value[4]) if value[3][:7] == first[3][:7] else value  # noqa: PLW2901
        assert value == first, name


def test_croissant_and_ro_crate_name_published_files(site: Path, release: Path) -> None:
    croissant = load(release / "croissant.json")
    assert croissant["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    needed = {"@context", "@type", "conformsTo", "name", "description", "license", "url", "creator", "datePublished"}
    assert needed | {"distribution"} <= set(croissant)
    assert croissant["version"] == load(release / "files/dataset/dataset_package.json")["dataset_snapshot_id"]
    files = {item["contentUrl"]: item["sha256"] for item in croissant["distribution"]}
    crate = load(release / "ro-crate-metadata.json")["@graph"]
    files |= {BASE + item["@id"]: item["sha256"] for item in crate if item["@type"] == "File"}
    manifest = {item["path"]: item["sha256"] for item in load(release / "files/manifest.json")["files"]}
    for url, sha256 in files.items():
        path = url.removeprefix(f"{BASE}files/")
        assert (release / "files" / path).is_file(), url
        assert manifest.get(path, sha256) == sha256
    assert {item["@id"] for item in crate} >= {f"files/{path}" for path in manifest}
    root = next(item for item in crate if item["@id"] == "./")
    assert {part["@id"] for part in root["hasPart"]} == {item["@id"] for item in crate if item["@type"] == "File"}
    there = {item["@id"] for item in crate}
    for name in ("license", "publisher"):
        assert root[name]["@id"] in there


def test_the_linkset_holds_every_page_with_its_links(release: Path) -> None:
    contexts = load(release / "linkset.json")["linkset"]
    pages = {item["anchor"]: item for item in contexts if "cite-as" in item}
    assert set(pages) == {BASE, *(f"{BASE}{below}" for below in citing_of(ROOT, RELEASE).documents)}
    for url, page in pages.items():
        assert page["cite-as"] == [{"href": url}]
        head = read_links(release / url.removeprefix(BASE) / "index.html")
        for rel, targets in page.items():
            if rel != "anchor":
                assert [href for found, href, _type in head if found == rel] == [item["href"] for item in targets], rel
        assert [href for rel, href, _type in head if rel == "linkset"] == [f"{BASE}linkset.json"]
        assert len(page.get("license", [])) <= 1
        assert all(item["type"] for rel in ("describedby", "item") for item in page[rel])
        if url != BASE:
            assert page["collection"] == [{"href": BASE, "type": "text/html"}]
    assert any("describes" in item for item in contexts)
    assert any(set(item) == {"anchor", "collection"} for item in contexts)


# Pages ---------------------------------------------------------------------------------------------------------------


class Head(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str, str]] = []
        self.metas: list[tuple[str, str]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "link":
            self.links.append((found.get("rel", ""), found.get("href", ""), found.get("type", "")))
        if tag == "meta" and "name" in found:
            self.metas.append((found["name"], found.get("content", "")))
        if tag in {"pre", "p", "script"}:
            self._open.append(found.get("id", "") or found.get("type", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"pre", "p", "script"} and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1]:
            self.texts[self._open[-1]] = self.texts.get(self._open[-1], "") + data


def read_links(path: Path) -> list[tuple[str, str, str]]:
    return Head(path.read_text("utf-8")).links


@pytest.mark.parametrize(
    ("below", "tags"),
    [
        ("", {"z:itemType": "computerProgram", "z:versionNumber": "0.3.0", "z:company": "Proofpress"}),
        ("model-card/", {"citation_technical_report_number": f"{RELEASE}/model-card"}),
        ("eval-report/", {"citation_technical_report_number": f"{RELEASE}/eval"}),
        ("data-card/", {"DC.type": "Dataset", "DC.publisher": "Proofpress"}),
        ("paper/", {"z:itemType": "preprint"}),
    ],
)
def test_each_page_says_what_it_is(release: Path, below: str, tags: dict[str, str]) -> None:
    head = Head((release / below / "index.html").read_text("utf-8"))
    metas = dict(head.metas)
    assert tags.items() <= metas.items()
    assert metas["citation_public_url"] == BASE + below
    assert re.fullmatch(r"\d{4}/\d\d/\d\d", metas["citation_publication_date"])
    assert metas["DCTERMS.accessRights"]
    assert metas["DCTERMS.license"].startswith("https://spdx.org/licenses/")
    assert "citation_pdf_url" not in metas
    if below.startswith(("model", "eval")):
        assert metas["citation_technical_report_institution"] == "Proofpress"
    linked = json.loads(head.texts["application/ld+json"])
    assert linked["name"] == metas["citation_title"] == metas["DC.title"]
    assert linked["isAccessibleForFree"] is True


def test_a_page_of_changes_is_a_web_page(release: Path) -> None:
    names = {name for name, _text in Head((release / "changes/index.html").read_text("utf-8")).metas}
    assert not {name for name in names if name.startswith(("citation_", "z:"))}
    assert "DC.title" in names


def test_each_page_has_its_box(instance: Path, release: Path) -> None:
    citing = citing_of(instance, RELEASE)
    for below in ("", *citing.documents):
        head = Head((release / below / "index.html").read_text("utf-8"))
        document = ("--document", below) if below else ()
        for id_, format_ in (("biblatex", "biblatex"), ("bibtex", "bibtex"), ("csl", "csl-json"), ("cff", "cff")):
            shown = head.texts[f"cite-this-{id_}"]
            assert shown.rstrip("\n") == printed(instance, RELEASE, *document, "--format", format_).rstrip("\n"), below
        apa = printed(instance, RELEASE, *document, "--format", "apa").rstrip("\n")
        assert head.texts["cite-this-apa"] == apa


# Numbers -------------------------------------------------------------------------------------------------------------


def test_every_number_has_an_anchor_a_record_and_a_citation(instance: Path, release: Path) -> None:
    held = load(release / "cite/metrics.json")
    Draft202012Validator(schemas()["metric-records"]).validate(held)
    rows = load(release / "files/model/eval_metrics.json")["rows"]
    ids = read_page((release / "eval-report/index.html").read_bytes()).ids
    assert len(held["metrics"]) == len(rows)
    for key, record in held["metrics"].items():
        where = urlsplit(record["url"])
        assert f"{where.scheme}://{where.netloc}{where.path}" == f"{BASE}eval-report/"
        assert where.fragment in ids
        row = next(item for item in rows if item["name"] == record["name"] and item.get("slice") == record["slice"])
        for name in ("value", "n", "ci_low", "ci_high", "split", "evaluated_keys_sha256"):
            assert record[name] == row.get(name), name
        assert unquote(urlsplit(record["record"]).fragment) == key
        assert record["record"].partition("#")[0] == f"{BASE}cite/metrics.json"
    fragments = [record["url"] for record in held["metrics"].values()]
    assert len(set(fragments)) == len(fragments)
    keys = [record["citation"]["key"] for record in held["metrics"].values()]
    assert len(set(keys)) == len(keys)
    sliced = held["metrics"]["accuracy@test[digit=8]"]
    assert sliced["url"].endswith("#slice-digit-8-accuracy-test")
    assert sliced["record"].endswith("#accuracy@test%5Bdigit=8%5D")
    for key in ("accuracy@test", "accuracy@test[digit=8]"):
        citation = held["metrics"][key]["citation"]
        assert citation["biblatex"] == printed(instance, RELEASE, "--metric", key)
        assert held["metrics"][key]["text"] in citation["apa"]


def test_anchors_that_would_be_one_are_numbered() -> None:
    rows = citing_of(ROOT, RELEASE).rows[:3]
    name = "metric-accuracy-test"
    assert anchors(rows[:1], [name]) == {"accuracy@test": name}
    assert anchors(rows[:1], [f"{name}-2"]) == {"accuracy@test": f"{name}-2"}
    assert anchors(rows[:1], ["other"]) == {}


def test_the_json_of_the_command_obeys_its_schema(instance: Path) -> None:
    for arguments in ((RELEASE,), (RELEASE, "--metric", "accuracy@test"), (RELEASE, "--document", "data-card")):
        value = json.loads(printed(instance, *arguments, "--format", "json"))
        Draft202012Validator(schemas()["citation"]).validate(value)
    assert value["kind"] == "dataset"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        (RELEASE, "--document", "nothing"),
        (RELEASE, "--metric", "nothing@test"),
        (RELEASE, "--metric", "accuracy@test", "--document", "data-card"),
        (RELEASE, "--metric", "accuracy@test", "--format", "codemeta"),
    ],
)
def test_wrong_names_are_told_what_is_there(instance: Path, arguments: tuple[str, ...]) -> None:
    assert main(["-C", str(instance), "cite", *arguments]) == ExitCode.USAGE


def test_the_page_about_citing_lists_every_number(release: Path) -> None:
    page = read_page((release / "cite/index.html").read_bytes())
    rows = load(release / "files/model/eval_metrics.json")["rows"]
    assert sum(reference.startswith(f"../{EVAL_REPORT}#") for reference in page.references) >= len(rows)
    assert {"biblatex", "documents", "numbers", "machines"} <= set(page.ids)


# Readers of other people, where they are installed -------------------------------------------------------------------


def test_datacite_reads_it(release: Path) -> None:
    schema = pytest.importorskip("datacite.schema45", reason="the package datacite is not here")
    value = load(release / "datacite.json")
    del value["types"]["citeproc"]  # of DataCite's interface, not of its schema
    schema.validate(value)


def test_mlcroissant_reads_it(release: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="the package mlcroissant is not here")
    read = mlcroissant.Dataset(jsonld=str(release / "croissant.json"))
    assert read.metadata.name == load(release / "croissant.json")["name"]

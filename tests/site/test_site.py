"""The whole example site, built as a user builds it: links, heads, published JSON, feed, the same bytes anywhere, and
what a build does with a pack that it must refuse.
"""

import json
import posixpath
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from example_site import BELOW, SITE_URL, PageFacts, build, built_example, copy_instance, pages, tree
from proofpress.cli import main
from proofpress.errors import ExitCode
from proofpress.schemas import schemas

Pages = Mapping[str, PageFacts]
ATOM: Final = "{http://www.w3.org/2005/Atom}"
NEWEST: Final = "packs/digits/digits-v0.3.0-mlp64-r2"
PACK: Final = "packs/digits/digits-v0.3.0-mlp64-r1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_example(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def facts(site: Path) -> Pages:
    found = dict(pages(site))
    assert len(found) > 80
    return found


def address(path: str) -> str:
    """Where a page is read."""
    return SITE_URL + path.removesuffix("index.html")


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────


def test_every_link_and_fragment_leads_somewhere(site: Path, facts: Pages) -> None:
    dead, checked = [], 0
    for page, found in facts.items():
        for reference in found.references:
            target = urlsplit(urljoin(address(page), reference))
            if target.netloc != urlsplit(SITE_URL).netloc:
                continue
            checked += 1
            inside = unquote(target.path).removeprefix(f"/{BELOW}")
            name = f"{inside}index.html" if inside.endswith("/") or not inside else inside
            if not target.path.startswith(f"/{BELOW}") or not (site / name).is_file():
                dead.append(f"{page}: {reference}")
            elif target.fragment and name in facts and unquote(target.fragment) not in facts[name].ids:
                dead.append(f"{page}: {reference} (no such id)")
    assert dead == []
    assert checked > 5000


def test_links_stay_inside_whatever_the_base(facts: Pages) -> None:
    rooted = [
        f"{page}: {reference}"
        for page, found in facts.items()
        for reference in found.references
        if page != "404.html" and reference.startswith("/")
    ]
    assert rooted == []


def test_every_page_has_one_heading_and_a_whole_head(facts: Pages) -> None:
    titles: dict[str, str] = {}
    for page, found in facts.items():
        assert len(found.headings) == 1, page
        assert found.headings[0].strip(), page
        assert found.title.strip(), page
        if page == "404.html":
            continue
        assert found.description.strip(), page
        if not page.startswith("active/") and not page.endswith("/latest/index.html"):
            assert found.canonical == address(page), page
        assert titles.setdefault(found.title, page) == page, "two pages have one title"


def test_ids_are_unique_and_no_page_of_ours_styles_elements(facts: Pages) -> None:
    for page, found in facts.items():
        assert len(found.ids) == len(set(found.ids)), page
        assert found.styled == 0, page


def test_the_sitemap_and_the_search_index_name_pages(site: Path) -> None:
    sitemap = ET.fromstring((site / "sitemap.xml").read_bytes())  # noqa: S314 - our own file
    for place in sitemap.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc"):
        assert (site / (place.text or "").removeprefix(SITE_URL) / "index.html").is_file()
    index = json.loads((site / "search/search_index.json").read_bytes())
    places = {entry["location"].partition("#")[0] for entry in index["docs"]}
    assert all((site / place / "index.html").is_file() for place in places)
    assert sum(place.startswith("releases/") for place in places) == len(list((site / "releases").iterdir()))


# ── published data ───────────────────────────────────────────────────────────────────────────────────


def test_published_json_obeys_its_schemas(site: Path) -> None:
    known = {name: Draft202012Validator(schema) for name, schema in schemas().items()}
    names = {
        "releases": "release-api",
        "families": "family-api",
        "changes": "diff",
        "cards": "card-api",
        "index.json": "index-api",
        "support": "support-api",
        "registry/index.json": "registry-api",
        "registry/receipts": "gate",
        "registry/statements": "registry-contracts",
    }
    checked: dict[str, int] = dict.fromkeys(names.values(), 0)
    for path in sorted((site / "api/v1").rglob("*.json")):
        parts = path.relative_to(site / "api/v1").parts
        schema = names["/".join(parts[:2]) if parts[0] == "registry" else parts[0]]
        errors = [
            f"{item.json_path}: {item.message}" for item in known[schema].iter_errors(json.loads(path.read_bytes()))
        ]
        assert errors == [], path
        checked[schema] += 1
    assert min(checked.values()) > 0


def test_published_json_names_what_is_there(site: Path) -> None:
    for path in (site / "api/v1/releases").iterdir():
        release = json.loads(path.read_bytes())
        assert urlsplit(release["url"]).path == f"/{BELOW}releases/{release['bundle_id']}/"
        for file in release["files"]:
            assert (site / file["url"]).stat().st_size == file["size"]
        for document in release["documents"]:
            assert (site / document["page"] / "index.html").is_file()


def test_evidence_is_published_byte_for_byte(site: Path) -> None:
    for pack in sorted((site.parents[2] / "instance/packs").glob("*/*/manifest.json")):
        assert tree(pack.parent) == tree(site / "releases" / pack.parent.name / "files")


def test_a_downloaded_pack_verifies_with_the_published_profile(site: Path, tmp_path: Path) -> None:
    pack = tmp_path / Path(PACK).name
    shutil.copytree(site / "releases" / pack.name / "files", pack)
    command = ["-C", str(tmp_path), "verify", str(pack)]
    assert main(command) == ExitCode.FINDINGS
    shutil.copytree(site / "profiles", tmp_path / "packs/profiles")
    assert main(command) == ExitCode.OK


def test_the_feed_is_atom(site: Path) -> None:
    feed = ET.fromstring((site / "feed.xml").read_bytes())  # noqa: S314 - our own file
    assert feed.tag == f"{ATOM}feed"
    for name in ("id", "title", "updated"):
        assert (feed.findtext(f"{ATOM}{name}") or "").strip()
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == len(list((site / "releases").iterdir()))
    dates = [entry.findtext(f"{ATOM}updated") or "" for entry in entries]
    assert dates == sorted(dates, reverse=True)
    assert feed.findtext(f"{ATOM}updated") == dates[0]
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries)
    for entry in entries:
        link = entry.find(f"{ATOM}link")
        assert link is not None
        inside = posixpath.join(link.get("href", "").removeprefix(SITE_URL), "index.html")
        assert (site / inside).is_file()


# ── builds ───────────────────────────────────────────────────────────────────────────────────────────


def test_another_place_time_zone_locale_and_hash_seed_give_the_same_bytes(site: Path, tmp_path: Path) -> None:
    instance = copy_instance(tmp_path / "a longer path" / "é")
    elsewhere = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "4711", "COLUMNS": "20"}
    done = build(instance, elsewhere)
    assert done.returncode == 0, done.stdout + done.stderr
    ours, theirs = tree(site), tree(instance / "site")
    assert sorted(ours) == sorted(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []


@pytest.fixture
def served_site(site: Path, tmp_path: Path) -> Path:
    """An instance whose site was built, to be changed."""
    instance = tmp_path / "instance"
    shutil.copytree(site.parents[2] / "instance", instance)
    return instance


def refused(instance: Path, code: ExitCode, *words: str) -> None:
    """A build is refused, says why, and the site stays as it was."""
    before = tree(instance / "site")
    done = build(instance)
    assert done.returncode == code, done.stdout + done.stderr
    for word in words:
        assert word in done.stdout + done.stderr
    assert tree(instance / "site") == before


def test_a_tampered_pack_is_refused_and_the_old_site_stays(served_site: Path) -> None:
    path = served_site / PACK / "model/eval_metrics.json"
    text = path.read_text(encoding="utf-8")
    assert "0.975352" in text
    path.write_text(text.replace("0.975352", "0.995352"), encoding="utf-8")
    refused(served_site, ExitCode.FINDINGS, "INT001", "model/eval_metrics.json")


def test_a_stale_document_is_refused_and_the_old_site_stays(served_site: Path) -> None:
    """An edited card with all checksums made to agree, and no registry that knows the pack: a fresh render can tell."""
    shutil.rmtree(served_site / "packs/registry")
    pack = served_site / NEWEST
    card = pack / "model/model_card.md"
    text = card.read_text(encoding="utf-8")
    assert "Probabilities are not" in text
    card.write_text(text.replace("Probabilities are not", "Probabilities are"), encoding="utf-8")
    reseal(pack, "model/model_card.md")
    refused(served_site, ExitCode.STALE, "FRS001", "model/model_card.md")


def reseal(pack: Path, changed: str) -> None:
    """Make the manifest and every checksum file agree with a changed file."""

    def digest(path: str) -> str:
        return sha256((pack / path).read_bytes()).hexdigest()

    def listed(sums: Path, name: str, value: str) -> None:
        lines = [line.partition("  ") for line in sums.read_text(encoding="utf-8").splitlines()]
        sums.write_text("".join(f"{value if path == name else old}  {path}\n" for old, _, path in lines), "utf-8")

    section, _, name = changed.partition("/")
    listed(pack / section / "SHA256SUMS", name, digest(changed))
    manifest: dict[str, Any] = json.loads((pack / "manifest.json").read_bytes())
    for path in (changed, f"{section}/SHA256SUMS"):
        listed(pack / "SHA256SUMS", path, digest(path))
        for entry in manifest["files"]:
            if entry["path"] == path:
                entry.update(sha256=digest(path), size=(pack / path).stat().st_size)
    (pack / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")
    listed(pack / "SHA256SUMS", "manifest.json", digest("manifest.json"))


def test_the_changes_page_tells_the_gates_then_the_worse_then_the_better(site: Path) -> None:
    folder = site / "releases" / "clinical-v0.2.0-gbt-r1"
    page = (folder / "changes" / "index.html").read_text(encoding="utf-8")
    places = [page.index(f'<h2 id="{name}">') for name in ("gate", "worse", "to-be-judged", "better", "documents")]
    assert places == sorted(places)
    gates, worse, better = (page[places[at] : places[at + 1]] for at in (0, 1, 3))
    assert ("Refused" in gates, "GAT003" in gates, "sensitivity@test" in gates) == (True, True, True)
    assert ("pp-change--worse" in worse, "pp-change--better" in worse) == (True, False)
    assert ("pp-change--worse" in better, "pp-change--better" in better) == (False, True)
    receipt = json.loads((folder / "attestations" / "gate.json").read_bytes())
    assert (receipt["verdict"], receipt["subject"]["bundle_id"]) == ("FAIL", "clinical-v0.2.0-gbt-r1")
    for direction, drawn in (("worse", worse), ("better", better)):
        data = json.loads((folder / "charts" / f"changes-{direction}-fraction.vl.json").read_bytes())["data"]["values"]
        assert data
        assert [line["what"] for line in data if line["what"] not in drawn] == []
        assert f"changes-{direction}-fraction.vl.json" in drawn


def test_pages_print_the_tests_that_a_command_recorded(served_site: Path) -> None:
    page = served_site / "site" / "releases" / "digits-v0.3.0-mlp64-r1" / "changes" / "index.html"
    manifest = (served_site / "packs" / "digits" / "digits-v0.3.0-mlp64-r1" / "manifest.json").read_bytes()
    (record,) = (served_site / "packs" / "attestations" / sha256(manifest).hexdigest()).glob("comparison-*.json")
    record.unlink()
    assert build(served_site).returncode == 0
    tested = " on average over 568 pairs"
    assert tested not in page.read_text(encoding="utf-8")
    others = {path: data for path, data in tree(served_site / "site").items() if "digits-v0.2.0" in path}
    assert main(["-C", str(served_site), "compare", "digits-v0.3.0-mlp64-r1", "--record"]) == 0
    done = build(served_site)
    assert done.returncode == 0, done.stdout + done.stderr
    assert tested in page.read_text(encoding="utf-8")
    assert others == {path: data for path, data in tree(served_site / "site").items() if "digits-v0.2.0" in path}
    record.write_text("{}", encoding="utf-8")
    refused(served_site, ExitCode.UNREADABLE, "comparison-")
    record.unlink()
    (record.parent / "gate.json").write_text("{}", encoding="utf-8")
    refused(served_site, ExitCode.UNREADABLE, "gate.json")

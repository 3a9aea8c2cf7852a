"""The link checker: every dead link and anchor of a site is found, and every address of an earlier one that died."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from example_site import SITE_URL, build, built_example, copy_instance, pages, tree
from proofpress.cli import main
from proofpress.errors import ExitCode, IngestError
from proofpress.links import check_site
from proofpress.links.page import read_links
from proofpress.schemas import schemas


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_example(tmp_path_factory.mktemp("example"))


def site_of(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def found(folder: Path, *previous: Path) -> list[tuple[str, str, str]]:
    return [(item.rule, item.file, item.found) for item in check_site(folder, previous=previous).findings]


CANONICAL = '<link rel="canonical" href="https://host.example/base/">'


def test_the_example_site_has_no_dead_link(example: Path) -> None:
    done = check_site(example, previous=[example])
    assert done.findings == ()
    assert (done.pages > 80, done.links > 4000, done.fragments > 800) == (True, True, True)
    assert 700 < done.published < len(tree(example))


def test_the_expression_reads_pages_as_a_parser_does(example: Path) -> None:
    for name, facts in pages(example):
        read = read_links((example / name).read_text("utf-8"))
        assert set(facts.ids) <= read.ids, name
        assert {item.strip() for item in facts.references} - set(read.references) == set(), name


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="gone/">x</a>', [("LNK001", "index.html", "gone/")]),
        ("<a href=gone.html>x</a>", [("LNK001", "index.html", "gone.html")]),
        ("<a title='a > b' href='gone'>x</a>", [("LNK001", "index.html", "gone")]),
        ('<img src="x.png" srcset="y.png 2x, here/ 3x">', [("LNK001", "index.html", f"{name}.png") for name in "xy"]),
        ('<script src="x.js"></script>', [("LNK001", "index.html", "x.js")]),
        ('<form action="gone/"></form>', [("LNK001", "index.html", "gone/")]),
        ('<meta http-equiv="refresh" content="0; url=gone/">', [("LNK001", "index.html", "gone/")]),
        ('<a href="../up/">x</a>', [("LNK001", "index.html", "../up/")]),
        (
            '<a href="https://host.example/base/gone/">x</a>',
            [("LNK001", "index.html", "https://host.example/base/gone/")],
        ),
        ('<a href="here">x</a>', [("LNK001", "index.html", "here")]),
        ('<a href="here/#none">x</a>', [("LNK002", "index.html", "here/#none")]),
        ('<a href="#none">x</a>', [("LNK002", "index.html", "#none")]),
        ('<a href="here/?q=1#id">x</a><a href="here/#a%20b">y</a><a href="#">z</a><a href="./#:~:text=x">t</a>', []),
        ('<a href="mailto:a@b.example">x</a><a href="https://other.example/">y</a><a href="data:,x">z</a>', []),
        ('<a href="https://host.example/another/">a site beside this one</a>', []),
        ('<!-- <a href="gone/"> --><script>const a = \'<a href="gone/">\';</script>', []),
        ('<a href="here/&amp;x.html">x</a>', [("LNK001", "index.html", "here/&x.html")]),
    ],
)
def test_each_kind_of_link(tmp_path: Path, html: str, expected: list[tuple[str, str, str]]) -> None:
    files = {"index.html": CANONICAL + html, "here/index.html": '<p id="id"><b id="a b">x</b>'}
    assert found(site_of(tmp_path, files)) == expected


def test_feeds_sitemap_and_versions_are_checked(tmp_path: Path) -> None:
    site_of(
        tmp_path,
        {
            "index.html": CANONICAL,
            "sitemap.xml": "<urlset><url><loc>https://host.example/base/none/</loc></url></urlset>",
            "feed.xml": '<feed><link rel="self" href="https://host.example/base/feed.xml"/>'
            '<link href="https://host.example/base/lost/"/></feed>',
            "families/x/versions.json": json.dumps([{"version": "../../releases/a", "title": "a", "aliases": []}]),
        },
    )
    assert found(tmp_path) == [
        ("LNK001", "families/x/versions.json", "../../releases/a/"),
        ("LNK001", "feed.xml", "https://host.example/base/lost/"),
        ("LNK001", "sitemap.xml", "https://host.example/base/none/"),
    ]


def test_what_was_published_still_answers(tmp_path: Path) -> None:
    old = site_of(
        tmp_path / "old",
        {
            ".proofpress": "x",
            "index.html": CANONICAL,
            "assets/javascripts/bundle.0123abcd.min.js": "",
            "releases/a/index.html": '<h2 id="results"></h2><p id="acc-test"></p><svg id="pp-x"></svg>',
            "releases/a/files/manifest.json": "{}",
            "releases/b/index.html": "<p id='x'>",
            "releases/b/files/x.json": "{}",
        },
    )
    new = site_of(
        tmp_path / "new",
        {"index.html": CANONICAL, "releases/a/index.html": '<h2 id="results"></h2>'},
    )
    assert found(new, old) == [
        ("LNK003", "releases/a/files/manifest.json", "nothing"),
        ("LNK004", "releases/a/index.html", "none"),
        ("LNK003", "releases/b/files/x.json", "nothing"),
        ("LNK003", "releases/b/index.html", "nothing"),
    ]
    notice = '<meta name="proofpress:page" content="withdrawn">'
    site_of(new, {"releases/b/index.html": notice, "releases/a/files/manifest.json": "{}"})
    assert found(new, old) == [("LNK004", "releases/a/index.html", "none")]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = site_of(tmp_path / "site", {"index.html": f'{CANONICAL}<a href="gone/">x</a>'})
    base = ["-C", str(tmp_path), "check-site", "site"]
    assert main([*base, "--format", "json"]) == ExitCode.FINDINGS
    report = json.loads(capsys.readouterr().out)
    Draft202012Validator(schemas()["site-check"]).validate(report)
    assert [item["rule"] for item in report["findings"]] == ["LNK001"]
    assert main([*base, "--format", "github"]) == ExitCode.FINDINGS
    assert capsys.readouterr().out.startswith("::error ")
    assert main(base) == ExitCode.FINDINGS
    assert "1 pages, 2 links" in capsys.readouterr().out
    site_of(site, {"gone/index.html": ""})
    assert main([*base, "--previous", "site"]) == ExitCode.OK
    (tmp_path / "empty").mkdir()
    assert main(["-C", str(tmp_path), "check-site", "empty"]) == ExitCode.NOTHING_CHECKED
    assert main(["-C", str(tmp_path), "check-site", "none"]) == ExitCode.UNREADABLE
    with pytest.raises(IngestError):
        check_site(site, previous=[tmp_path / "none"])


def test_a_withdrawn_page_keeps_its_address(example: Path, tmp_path: Path) -> None:
    """A pack that was never registered is removed: its pages die, until the instance says that they were withdrawn."""
    instance = copy_instance(tmp_path / "instance")
    shutil.rmtree(instance / "packs/registry")
    shutil.rmtree(instance / "packs/attestations")
    assert build(instance).returncode == 0
    before = shutil.copytree(instance / "site", tmp_path / "before")
    name = "digits-v0.3.0-mlp64-r2"
    shutil.rmtree(instance / "packs/digits" / name)
    assert build(instance).returncode == 0
    dead = {item.file for item in check_site(instance / "site", previous=[before]).findings if item.rule == "LNK003"}
    assert f"releases/{name}/index.html" in dead
    gone = sorted(file.removesuffix("index.html") for file in dead if file.endswith("/index.html"))
    gone += sorted(file for file in dead if file.startswith(("api/", "source/")))
    listed = "".join(f"      - {address}\n" for address in gone)
    (instance / "packs/withdrawn.yaml").write_text(
        "schema_version: 1.0.0\nwithdrawn:\n"
        "  - at: 2026-11-01T10:00:00Z\n    reason: <b>Private</b> data.\n"
        f"    instead: families/digits/\n    addresses:\n{listed}",
        encoding="utf-8",
    )
    done = build(instance)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (instance / f"site/releases/{name}/index.html").read_text("utf-8")
    assert ("&lt;b&gt;Private&lt;/b&gt; data." in page, "Withdrawn on 2026-11-01" in page) == (True, True)
    assert check_site(instance / "site", previous=[before]).findings == ()
    told = json.loads((instance / f"site/api/v1/releases/{name}.json").read_bytes())
    Draft202012Validator(schemas()["withdrawn-api"]).validate(told)
    (instance / "packs/withdrawn.yaml").write_text(
        "schema_version: 1.0.0\nwithdrawn:\n- {at: 2026-11-01T10:00:00Z, reason: x, addresses: [../x/]}\n",
        encoding="utf-8",
    )
    done = build(instance)
    assert (done.returncode, "POL001" in done.stdout) == (ExitCode.FINDINGS, True)


# ── aliases ──────────────────────────────────────────────────────────────────────────────────────────


def alias(example: Path, path: str) -> tuple[str, str]:
    """Where an alias leads, and its canonical address."""
    html = (example / path / "index.html").read_text("utf-8")
    read = read_links(html)
    assert ("citation_" in html, "cite-as" in html, "<script" in html) == (False, False, False)
    (target,) = [item for item in read.references if "releases/" in item and not item.startswith("http")]
    assert f'content="0; url={target}"' in html
    assert f'<a href="{target}">' in html
    return target, read.canonical


def test_aliases_lead_to_releases(example: Path) -> None:
    active = "releases/digits-v0.3.0-mlp64-r1/"
    assert alias(example, "families/digits/latest") == (f"../../../{active}", SITE_URL + active)
    assert alias(example, "active/environment=prod,family=digits") == (f"../../{active}", SITE_URL + active)


def test_versions_are_as_a_selector_reads_them(example: Path) -> None:
    """The newest release was rolled back and is not the latest; yanked ones are hidden."""
    versions = json.loads((example / "families/digits/versions.json").read_bytes())
    assert [item["title"] for item in versions if "latest" in item["aliases"]] == ["digits-v0.3.0-mlp64-r1"]
    hidden = {item["title"] for item in versions if item.get("properties", {}).get("hidden")}
    assert hidden == {"digits-v0.2.0-mlp64-r1", "digits-v0.2.1-mlp64-r1"}
    assert all((example / "families/digits" / item["version"] / "index.html").is_file() for item in versions)


def test_the_errata_feed_tells_what_became_of_releases(example: Path) -> None:
    text = (example / "errata.xml").read_text("utf-8")
    titles = [part.partition("</title>")[0] for part in text.split("<entry><title>")[1:]]
    assert titles == [
        "Rolled back: digits-v0.3.0-mlp64-r2",
        "Yanked: digits-v0.2.1-mlp64-r1",
        "Yanked: digits-v0.2.0-mlp64-r1",
        "Rejected: clinical-v0.2.0-gbt-r1",
    ]
    assert "Use digits-v0.3.0-mlp64-r1 instead." in text
    assert 'id="event-25"' in (example / "releases/digits-v0.2.1-mlp64-r1/index.html").read_text("utf-8")

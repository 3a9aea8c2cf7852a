"""The frame: one MkDocs run, split at its slots, filled by a join, kept in a checked cache."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from proofpress.errors import BuildError
from proofpress.resources import packaged
from proofpress.site import html_post
from proofpress.site.frame import (
    Frame,
    FrameSet,
    Slots,
    build_frame,
    fill_page_slots,
    frame_key,
    load_frame,
)
from proofpress.site.nav_html import NavItem, TocEntry, nav_html, toc_html

ROOT = Path(__file__).parents[2]
HOSTILE = "</title><script>alert(1)</script>\"'&@@proofpress:body@@"
CONFIG = """\
site_name: Example
site_url: https://example.org/evidence/
docs_dir: site_src/pages
theme: {name: material, font: false, features: [navigation.tabs], palette: {primary: custom}}
markdown_extensions: [tables]
validation: {nav: {omitted_files: warn}}
nav: [{Home: index.md}, {Families: /families/}, {Reading: guide/reading.md}]
"""
PAGES = {
    "index.md": '# Home\n\n<div data-proofpress="families"></div>\n',
    "guide/reading.md": "# Reading\n\n| a | b |\n| - | -: |\n| 1 | 2 |\n",
}


def write_instance(root: Path, config: str = CONFIG) -> Path:
    for name, text in {"mkdocs.yml": config, **{f"site_src/pages/{k}": v for k, v in PAGES.items()}}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def slots(**changes: str) -> Slots:
    texts = dict.fromkeys(("title", "description", "canonical", "header_title", "body"), "x")
    return Slots(**{**texts, **changes})


def contents(frames: FrameSet) -> dict[str, str]:
    """Digests of all that a run left: the frames, filled alike, and the static files."""
    made = {f"frame {n}": frame.fill(slots()) for n, frame in frames.frames.items()}
    made |= {name: path.read_bytes() for name, path in frames.static}
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(made.items())}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_instance(tmp_path_factory.mktemp("instance"))


@pytest.fixture(scope="module")
def frames(instance: Path, tmp_path_factory: pytest.TempPathFactory) -> FrameSet:
    return build_frame(instance, tmp_path_factory.mktemp("work"), source_date_epoch=1_700_000_000)


@pytest.fixture
def page(frames: FrameSet) -> Callable[..., str]:
    def fill(depth: int = 1, **changes: str) -> str:
        return frames.frames[depth].fill(slots(**changes)).decode()

    return fill


def test_each_depth_links_to_the_site_root(page: Callable[..., str]) -> None:
    for depth in range(5):
        style = re.findall(r'href="([^"]*)assets/proofpress/proofpress\.css"', page(depth))
        assert style == ["../" * depth]


def test_text_slots_are_escaped_and_filled_once(page: Callable[..., str]) -> None:
    html = page(title=HOSTILE, description=HOSTILE, canonical=HOSTILE, header_title=HOSTILE, nav_title=HOSTILE, nav="-")
    assert "<script>alert" not in html
    escaped = "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;@@proofpress:body@@"
    assert html.count(escaped) == 6  # the navigation's title appears as label and as drawer heading
    assert f"<title>{escaped} - Example</title>" in html
    assert f'<meta name="description" content="{escaped}">' in html
    assert f'<link rel="canonical" href="{escaped}">' in html


def test_html_slots_are_taken_as_they_are(page: Callable[..., str]) -> None:
    html = page(head='<meta name="a" content="b">', body="<p>body</p>", toc="<nav>toc</nav>")
    assert html.index('<meta name="a"') < html.index("</head>") < html.index("<p>body</p>")
    assert "<nav>toc</nav>" in html
    assert "@@proofpress" not in html


def test_active_tab(page: Callable[..., str]) -> None:
    active = r'<li class="md-tabs__item md-tabs__item--active">\s*<a href="([^"]*)"'
    assert re.findall(active, page(2, tab="families/")) == ["../../families/"]
    assert re.findall(active, page(2, tab="./")) == ["../.."]
    assert re.findall(active, page(2, tab="guide/reading/")) == ["../../guide/reading/"]
    assert re.findall(active, page(2)) == []


def test_own_navigation_opens_in_the_drawer_only_when_there_is_one(page: Callable[..., str]) -> None:
    nav = nav_html([NavItem(title="A & B", href='a"b/', active=True), NavItem(title="C", href="c/")])
    html = page(nav=nav, nav_title="digits")
    assert '<a href="a&quot;b/" class="md-nav__link md-nav__link--active" aria-current="page">' in html
    assert "A &amp; B" in html
    assert 'id="__pp" checked' in html
    assert 'id="__pp"' not in page()


def test_contents_nest_and_are_empty_without_headings() -> None:
    assert toc_html([]) == ""
    html = toc_html([TocEntry(title="<i>", anchor="a", children=(TocEntry(title="b", anchor="c"),))])
    assert '<a href="#a" class="md-nav__link"><span class="md-ellipsis">&lt;i&gt;</span></a><nav' in html
    assert html.count("<ul") == html.count("</ul>") == 2


def test_policy_names_every_inline_script(frames: FrameSet, page: Callable[..., str]) -> None:
    pages = [page(0), page(4)] + [
        path.read_text(encoding="utf-8") for name, path in frames.static if name.endswith(".html")
    ]
    assert len(pages) == 5
    for html in pages:
        policy = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
        assert len(policy) == 1
        assert html.index("Content-Security-Policy") < html.index("<script")
        assert "unsafe" not in policy[0]
        scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
        assert scripts
        for script in scripts:
            digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy[0]


def test_policy_hashes_scripts_but_not_data() -> None:
    html = '<meta charset="utf-8"><script type="application/ld+json">{}</script><script src="a.js"></script>'
    assert "'sha256-" not in html_post.finish(html)
    assert html_post.finish(f"{html}<script type=module>1</script>").count("'sha256-") == 1


def test_page_without_the_themes_head_is_refused() -> None:
    with pytest.raises(BuildError, match="charset"):
        html_post.finish("<html></html>")


def test_no_style_attribute_is_left_in_tables(frames: FrameSet) -> None:
    html = dict(frames.static)["guide/reading/index.html"].read_text(encoding="utf-8")
    assert '<td class="pp-align-right">2</td>' in html

    class Styles(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert "style" not in dict(attrs)

    Styles().feed(html)


def test_frames_appear_nowhere_in_the_output(frames: FrameSet) -> None:
    static = dict(frames.static)
    assert "sitemap.xml.gz" not in static
    sitemap = static["sitemap.xml"].read_text(encoding="utf-8")
    assert re.findall("<loc>(.*)</loc>", sitemap) == [
        "https://example.org/evidence/",
        "https://example.org/evidence/guide/reading/",
    ]
    index = json.loads(static["search/search_index.json"].read_bytes())
    assert {entry["location"] for entry in index["docs"]} == {"", "guide/reading/"}
    assert not [name for name in static if "proofpress-frame" in name]


def test_absolute_navigation_is_meant_from_the_sites_root(frames: FrameSet) -> None:
    static = dict(frames.static)
    assert 'href="../../families/"' in static["guide/reading/index.html"].read_text(encoding="utf-8")
    assert 'href="/evidence/families/"' in static["404.html"].read_text(encoding="utf-8")


def test_same_bytes_on_another_path_zone_locale_seed_and_day(frames: FrameSet, tmp_path: Path) -> None:
    root = write_instance(tmp_path / "another place")
    program = """
import json, sys
from pathlib import Path
from test_frame import build_frame, contents
root = Path(sys.argv[1])
print(json.dumps(contents(build_frame(root, root / "build/frame", source_date_epoch=86400))))
"""
    search = os.pathsep.join([str(ROOT / "generator"), str(Path(__file__).parent)])
    strange = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "7", "PYTHONPATH": search}
    done = subprocess.run(
        [sys.executable, "-c", program, str(root)],
        env={**os.environ, **strange},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == contents(frames)


def test_environment_and_log_are_as_before(
    instance: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "5")
    build_frame(instance, tmp_path, depths=(1,), source_date_epoch=9)
    assert os.environ["SOURCE_DATE_EPOCH"] == "5"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda root: (root / "site_src/pages/index.md").write_text("[x](absent.md)"), "absent.md"),
        (lambda root: (root / "mkdocs.yml").write_text(f"{CONFIG}unheard_of: 1\n"), "unheard_of"),
        (lambda root: (root / "mkdocs.yml").write_text(f"{CONFIG}plugins: [absent]\n"), "absent"),
        (lambda root: (root / "mkdocs.yml").write_text(CONFIG.replace("site_url", "site_author")), "site_url"),
        (lambda root: (root / "mkdocs.yml").write_text("site_name: [\n"), "not valid YAML"),
        (lambda root: (root / "mkdocs.yml").write_text("site_name: x\n"), "theme"),
        (lambda root: (root / "mkdocs.yml").unlink(), "mkdocs.yml"),
        (lambda root: shutil.rmtree(root / "site_src/pages"), "pages"),
        (lambda root: (root / "site_src/pages/link.md").symlink_to("/etc/hostname"), "link.md"),
    ],
)
def test_trouble_in_the_hand_written_site_stops_the_build(
    tmp_path: Path, break_it: Callable[[Path], object], message: str
) -> None:
    root = write_instance(tmp_path)
    break_it(root)
    with pytest.raises(BuildError, match=re.escape(message)):
        build_frame(root, tmp_path / "build", depths=(1,), source_date_epoch=0)
    assert load_frame(tmp_path / "build", "") is None


@pytest.mark.parametrize(
    ("marker", "replacement", "complaint"),
    [("@@proofpress:body@@", "", "body 0 times"), ("@@proofpress:toc@@", "@@proofpress:toc@@" * 2, "toc 2 times")],
)
def test_override_that_loses_or_repeats_a_slot_is_named(
    tmp_path: Path, marker: str, replacement: str, complaint: str
) -> None:
    root = write_instance(tmp_path)
    shipped = (packaged("overrides") / "frame.html").read_text(encoding="utf-8")
    (root / "site_src/overrides").mkdir()
    (root / "site_src/overrides/frame.html").write_text(shipped.replace(marker, replacement), encoding="utf-8")
    with pytest.raises(BuildError, match=rf"frame\.html.*{complaint}"):
        build_frame(root, tmp_path / "build", depths=(1,), source_date_epoch=0)


def test_instance_overrides_lie_over_the_shipped_ones(tmp_path: Path) -> None:
    root = write_instance(tmp_path)
    (root / "site_src/overrides/partials").mkdir(parents=True)
    (root / "site_src/overrides/partials/copyright.html").write_text("<p>our footer</p>", encoding="utf-8")
    html = build_frame(root, tmp_path / "build", depths=(1,), source_date_epoch=0).frames[1].fill(slots())
    assert b"<p>our footer</p>" in html
    assert b"assets/proofpress/proofpress.css" in html


def test_configuration_may_inherit_and_hook(tmp_path: Path) -> None:
    root = write_instance(tmp_path)
    (root / "mkdocs.yml").rename(root / "base.yml")
    (root / "mkdocs.yml").write_text(
        "INHERIT: base.yml\nhooks: [hook.py]\ncopyright: !ENV [COPYRIGHT_OF_TEST, nobody]\n"
    )
    (root / "hook.py").write_text("def on_page_markdown(markdown, **_):\n    return markdown + ' hooked'\n")
    built = build_frame(root, tmp_path / "build", depths=(1,), source_date_epoch=0)
    home = dict(built.static)["index.html"].read_text(encoding="utf-8")
    assert "hooked" in home
    assert "nobody" in home


@pytest.mark.parametrize("depth", [0, 2])
def test_plugin_that_lists_the_frames_is_found_out(tmp_path: Path, depth: int) -> None:
    root = write_instance(tmp_path, f"{CONFIG}hooks: [hook.py]\n")
    (root / "hook.py").write_text(
        "from pathlib import Path\nurls = []\n"
        "def on_page_context(context, page, **_):\n    urls.append(page.url)\n"
        "def on_post_build(config):\n    Path(config.site_dir, 'list.txt').write_text(chr(10).join(urls))\n"
    )
    with pytest.raises(BuildError, match=r"list\.txt"):
        build_frame(root, tmp_path / "build", depths=(depth,), source_date_epoch=0)


def test_key_follows_every_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_instance(tmp_path)
    (root / "mkdocs.yml").rename(root / "base.yml")
    (root / "mkdocs.yml").write_text("INHERIT: base.yml\nextra: {v: !ENV VARIABLE_OF_TEST}\n")
    keys = [frame_key(root), frame_key(root, source_date_epoch=1)]
    assert keys[0] == keys[1]  # nothing of this instance prints a time
    changes: list[Callable[[], object]] = [
        lambda: (root / "base.yml").write_text(CONFIG.replace("Example", "Other")),
        lambda: (root / "mkdocs.yml").write_text("INHERIT: base.yml\nextra: {v: !ENV [VARIABLE_OF_TEST, 1]}\n"),
        lambda: (root / "site_src/pages/index.md").write_text("# Other\n"),
        lambda: (root / "site_src/pages/data.bin").write_bytes(b""),
        lambda: monkeypatch.setenv("VARIABLE_OF_TEST", "2"),
        lambda: monkeypatch.setattr("proofpress.site.frame_inputs.__version__", "9"),
        (root / "site_src/overrides").mkdir,
        lambda: (root / "site_src/overrides/a.html").write_text("{{ build_date_utc }}"),
    ]
    for change in changes:
        change()
        keys.append(frame_key(root))
    assert len(set(keys[1:])) == len(changes) + 1
    assert frame_key(root, source_date_epoch=1) != keys[-1]  # now something may print it


def test_key_does_not_import_mkdocs(instance: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from proofpress.site.frame import frame_key;"
        "frame_key(Path(sys.argv[1])); sys.exit('mkdocs' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "generator")}
    subprocess.run([sys.executable, "-c", program, str(instance)], env=environment, check=True)


def test_cache_gives_back_the_same_set(instance: Path, frames: FrameSet) -> None:
    work = next(path for name, path in frames.static if name == "404.html").parents[1]
    assert load_frame(work, frame_key(instance)) == frames
    assert frames.slotted == ("index.html",)
    assert load_frame(work, "sha256:other") is None


def test_damaged_cache_is_no_cache(instance: Path, tmp_path: Path) -> None:
    built = build_frame(instance, tmp_path, depths=(1,), source_date_epoch=0)
    record, page = tmp_path / "frame.json", tmp_path / "out/index.html"
    damages: list[Callable[[], object]] = [
        lambda: page.write_bytes(page.read_bytes() + b" "),
        page.unlink,
        lambda: (tmp_path / "out/extra.html").write_bytes(b""),
        lambda: record.write_text(record.read_text().replace("Example", "Exomple", 1)),
        lambda: record.write_text(record.read_text()[:-9]),
        lambda: record.write_text("[]"),
        record.unlink,
    ]
    for damage in damages:
        kept = {path: path.read_bytes() for path in (record, page)}
        damage()
        assert load_frame(tmp_path, built.key) is None
        for path, content in kept.items():
            path.write_bytes(content)
        (tmp_path / "out/extra.html").unlink(missing_ok=True)
        assert load_frame(tmp_path, built.key) == built


def test_edited_page_changes_the_key_but_not_the_frames(tmp_path: Path) -> None:
    root = write_instance(tmp_path)
    before = build_frame(root, tmp_path / "build", depths=(1,), source_date_epoch=0)
    (root / "site_src/pages/index.md").write_text("# Home\n\nEdited.\n", encoding="utf-8")
    after = build_frame(root, tmp_path / "build", depths=(1,), source_date_epoch=0)
    assert after.key != before.key
    assert after.digest == before.digest


def test_blocks_of_hand_written_pages(frames: FrameSet) -> None:
    home = dict(frames.static)["index.html"].read_bytes()
    filled = fill_page_slots(home, {"families": r"<p>\1</p>", "latest": "unused"})
    assert rb'<div data-proofpress="families"><p>\1</p></div>' in filled
    with pytest.raises(BuildError, match="'families'"):
        fill_page_slots(home, {"latest": ""})


def test_marker_check_counts_each_slot() -> None:
    with pytest.raises(BuildError, match="title 0 times"):
        Frame.split("<title></title>", 1)

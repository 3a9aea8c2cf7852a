"""The frame, the hand-written pages and every component, judged by a browser and an HTML checker."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from browser.judges import Browser, served
from proofpress.site.frame import FrameSet, Slots, build_frame, fill_page_slots
from proofpress.site.nav_html import NavItem, TocEntry, nav_html, toc_html

ROOT = Path(__file__).parents[2]
RELEASE = "families/digits/digits-v0.2.0-mlp64-r1/"
PAGES = ("", "reading/", "verify/", RELEASE, "families/")
CARDS = '<ul class="pp-cards"><li class="pp-card"><h3><a href="#">digits</a></h3></li></ul>'
HOSTILE = "<script>window.ran = 1</script><img src='/absent.png' alt='' onerror='window.ran = 2'>"


def component_slots() -> Slots:
    """A page with every component, its own navigation and contents."""
    toc = toc_html([TocEntry(title="Metrics", anchor="metrics", children=(TocEntry(title="All", anchor="all"),))])
    items = (
        NavItem(title="Overview", href="./", active=True),
        NavItem(title="Model card", href="model/"),
        NavItem(title="Evidence", children=(NavItem(title="model", href="files/model/"),)),
        NavItem(title="Reports", href="reports/", children=(NavItem(title="Evaluation", href="eval/"),)),
    )
    return Slots(
        title="digits-v0.2.0-mlp64-r1",
        description='A release & its "evidence"',
        canonical=f"https://proofpress.example/{RELEASE}",
        header_title="digits-v0.2.0-mlp64-r1",
        head='<script type="application/ld+json">{"@context": "https://schema.org"}</script>',
        nav=nav_html(items, toc=toc),
        nav_title="digits-v0.2.0-mlp64-r1",
        toc=toc,
        body=(ROOT / "tests/browser/components.html").read_text(encoding="utf-8"),
        tab="families/",
    )


def write_site(frames: FrameSet, site: Path) -> None:
    """What publishing does with a frame set, for the few pages of this test."""
    release = component_slots()
    listing = replace(release, nav="", toc="", body="<h1>Families</h1><p>All of them.</p>")
    pages = {
        f"{RELEASE}index.html": frames.frames[3].fill(release),
        "families/index.html": frames.frames[1].fill(listing),
        "hostile/index.html": frames.frames[1].fill(replace(listing, body=HOSTILE)),
    }
    for name, path in frames.static:
        content = path.read_bytes()
        if name in frames.slotted:
            content = fill_page_slots(content, {"families": CARDS, "latest": CARDS})
        pages[name] = content
    for name, content in pages.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(content)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site below a folder of its server, as on a project page."""
    served_root = tmp_path_factory.mktemp("served")
    frames = build_frame(ROOT, tmp_path_factory.mktemp("frame"), source_date_epoch=0)
    write_site(frames, served_root / "project")
    return served_root


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    with served(folder) as url:
        yield f"{url}project/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("page", [RELEASE])
def test_page_is_accessible_quiet_and_closed(browser: Browser, site: str, page: str, width: int, scheme: str) -> None:
    browser.open(f"{site}{page}", width=width, scheme="dark" if scheme == "dark" else "light")
    assert browser.run("return document.body.getAttribute('data-md-color-scheme')") == (
        "slate" if scheme == "dark" else "default"
    )
    assert browser.axe() == ()
    overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert browser.run(overflow) == 0
    assert browser.foreign(site) == ()
    assert browser.console() == ()


def test_search_worker_runs_under_the_policy(browser: Browser, site: str) -> None:
    browser.open(f"{site}{RELEASE}")
    field = browser.driver.find_element("css selector", ".md-search__input")
    field.click()
    field.send_keys("yanked")
    links = """const done = arguments[0], until = Date.now() + 10000;
    (function look() {
      const found = [...document.querySelectorAll('.md-search-result__link')].map(a => a.href);
      found.length || Date.now() > until ? done(found) : setTimeout(look, 50);
    })();"""
    found = browser.driver.execute_async_script(links)
    assert any(link.startswith(f"{site}reading/") for link in found)
    assert browser.console() == ()
    assert browser.foreign(site) == ()


def test_phone_reaches_the_pages_own_navigation_through_the_drawer(browser: Browser, site: str) -> None:
    browser.open(f"{site}{RELEASE}", width=390)
    visible = """const link = [...document.querySelectorAll('.md-sidebar--primary a')].find(
      a => a.textContent.trim() === 'Model card');
    const box = link.getBoundingClientRect();
    return box.left >= 0 && box.right <= innerWidth && box.width > 0;"""
    assert not browser.run(visible)
    browser.driver.find_element("css selector", "label.md-header__button[for=__drawer]").click()
    shown = f"""const done = arguments[0], until = Date.now() + 5000;
    (function look() {{
      const shown = (function () {{ {visible} }})();
      shown || Date.now() > until ? done(shown) : setTimeout(look, 50);
    }})();"""
    assert browser.driver.execute_async_script(shown)


def test_policy_stops_what_an_escaping_mistake_would_let_in(browser: Browser, site: str) -> None:
    browser.open(f"{site}hostile/")
    assert browser.run("return window.ran") is None
    assert any("Content Security Policy" in message for message in browser.console())


def test_pages_are_valid_html(nu: Callable[[Sequence[Path]], tuple[str, ...]], folder: Path) -> None:
    pages = [path for path in sorted(folder.rglob("*.html")) if path.parent.name != "hostile"]
    assert len(pages) == len(PAGES) + 1
    assert nu(pages) == ()

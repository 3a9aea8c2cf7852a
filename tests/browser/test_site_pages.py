"""Every kind of page of the example site, below a path of its host: accessible, quiet, closed, valid, and of use
without scripts.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from browser.judges import SETTLED, Browser

ACTIVE: Final = "releases/digits-v0.3.0-mlp64-r1/"
YANKED: Final = "releases/digits-v0.2.0-mlp64-r1/"
REJECTED: Final = "releases/clinical-v0.2.0-gbt-r1/"
RETIRED: Final = "releases/digits-v0.1.0-logreg-r1/"
COMPARISON: Final = "compare/?old=digits-v0.2.0-mlp64-r1&new=digits-v0.3.0-mlp64-r1"
KINDS: Final = {
    "home": "",
    "reading": "reading/",
    "verify": "verify/",
    "families": "families/",
    "family": "families/digits/",
    "overview": ACTIVE,
    "overview-yanked": YANKED,
    "overview-rejected": REJECTED,
    "overview-retired": RETIRED,
    "model-card": f"{ACTIVE}model-card/",
    "eval-report": f"{ACTIVE}eval-report/",
    "data-card": f"{ACTIVE}data-card/",
    "training": f"{ACTIVE}training/",
    "demo": f"{YANKED}demo/",
    "paper": f"{ACTIVE}paper/",
    "changes": f"{ACTIVE}changes/",
    "changes-first": f"{RETIRED}changes/",
    "evidence": f"{ACTIVE}evidence/",
    "cite": f"{ACTIVE}cite/",
    "compare": COMPARISON,
    "registry": "registry/",
    "registry-scopes": "registry/scopes/",
    "registry-scope": "registry/scopes/environment=prod,family=digits/",
    "registry-log": "registry/log/",
    "registry-log-empty": "registry/log/retirements/",
    "registry-support": "registry/support/",
    "404": "404.html",
}
NU_BASELINE: Final[frozenset[str]] = frozenset()
"""Messages of the HTML checker that stay, each with its reason. None does."""
_DARK = """const done = arguments[0], until = Date.now() + 10000;
(function look() {
  const dark = document.body.dataset.mdColorScheme === 'slate';
  dark || Date.now() > until ? done(dark) : setTimeout(look, 20);
})();"""
_OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
_OPEN = "document.querySelectorAll('details').forEach(details => { details.open = true; })"


def settle(browser: Browser) -> None:
    """Wait for a comparison where the page makes one, then open every disclosure."""
    assert browser.driver.execute_async_script(SETTLED)
    browser.run(_OPEN)


@pytest.mark.parametrize("kind", KINDS)
def test_page_is_accessible_quiet_and_closed(browser: Browser, base: str, kind: str) -> None:
    for width in (1440, 390):
        browser.open(base + KINDS[kind], width=width)
        settle(browser)
        assert browser.run(_OVERFLOW) == 0, width
        assert browser.axe() == (), width
        browser.prefer("dark")
        assert browser.driver.execute_async_script(_DARK)
        assert browser.axe(colours_only=True) == (), f"{width} dark"
        assert browser.foreign(base) == ()
        assert browser.console() == ()


def test_pages_are_valid_html(nu: Callable[[Sequence[Path]], tuple[str, ...]], example: Path) -> None:
    pages = sorted(example.rglob("*.html"))
    assert len(pages) > 80
    found = {message.replace(str(example), "") for message in nu(pages)}
    assert found - NU_BASELINE == set()


# ── without scripts ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def without_scripts(browser: Browser) -> Iterator[Browser]:
    """The browser with JavaScript off."""
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    yield browser
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def visible(browser: Browser, selector: str) -> list[str]:
    """The texts of elements that a reader can see."""
    found = browser.driver.find_elements("css selector", selector)
    return [element.text.strip() for element in found if element.is_displayed()]


def click(browser: Browser, selector: str) -> None:
    """Click the first element."""
    browser.driver.find_element("css selector", selector).click()


def test_release_reads_and_links_without_scripts(without_scripts: Browser, base: str) -> None:
    browser = without_scripts
    browser.open(base + ACTIVE)
    assert visible(browser, ".pp-verdict .pp-badge") == ["Verified", "Fresh", "Signed off", "Active"]
    assert visible(browser, ".pp-metric__value") == ["0.975352 fraction", "0.076807 nats"]
    assert visible(browser, ".pp-chart svg")
    assert not visible(browser, ".pp-chart .pp-table")
    click(browser, ".pp-chart summary")
    assert "0.975352" in " ".join(visible(browser, ".pp-chart .pp-table td"))
    click(browser, ".md-sidebar--primary a[href$='changes/']")
    assert browser.driver.current_url == f"{base}{ACTIVE}changes/"
    assert visible(browser, "#worse ~ .pp-scroll .pp-change")[0] == "worse"
    click(browser, ".pp-head__kicker a[href$='families/digits/']")
    assert len(visible(browser, ".pp-table tbody tr")) == 5


def test_phone_opens_the_drawer_without_scripts(without_scripts: Browser, base: str) -> None:
    browser = without_scripts
    browser.open(base + ACTIVE, width=390)
    click(browser, "label.md-header__button[for=__drawer]")
    WebDriverWait(browser.driver, 20).until(lambda _: "Model card" in visible(browser, ".md-sidebar--primary a"))


def test_compare_without_scripts_says_what_to_do(without_scripts: Browser, base: str) -> None:
    browser = without_scripts
    browser.open(f"{base}compare/")
    assert not visible(browser, "#pp-compare")
    (note,) = visible(browser, "noscript p")
    assert "Without JavaScript" in note
    links = visible(browser, ".pp-list a")
    assert "digits-v0.2.1-mlp64-r1 → digits-v0.3.0-mlp64-r1" in links
    click(browser, f".pp-list a[href$='{ACTIVE}changes/']")
    assert browser.driver.current_url == f"{base}{ACTIVE}changes/"


# ── tables of releases ───────────────────────────────────────────────────────────────────────────────


def releases(browser: Browser) -> list[str]:
    """The releases of the table that a reader can see, in their order."""
    return visible(browser, "#releases ~ .pp-scroll tbody th")


def test_releases_are_sorted_and_filtered(browser: Browser, base: str) -> None:
    browser.open(f"{base}families/digits/")
    newest_first = [f"digits-v0.{name}" for name in ("3.0-mlp64-r2", "3.0-mlp64-r1", "2.1-mlp64-r1", "2.0-mlp64-r1")]
    newest_first.append("digits-v0.1.0-logreg-r1")
    assert releases(browser) == newest_first
    click(browser, "#releases ~ .pp-scroll th:nth-child(4) button")
    losses = [float(text) for text in visible(browser, "#releases ~ .pp-scroll td:nth-child(4)")]
    assert losses == sorted(losses)
    click(browser, "#releases ~ .pp-scroll th:nth-child(4) button")
    assert [float(text) for text in visible(browser, "#releases ~ .pp-scroll td:nth-child(4)")] == losses[::-1]
    assert visible(browser, "th[aria-sort=descending] button") == ["log_loss"]
    browser.driver.find_element("id", "pp-filter-state").send_keys("Yanked")
    assert set(releases(browser)) == {"digits-v0.2.0-mlp64-r1", "digits-v0.2.1-mlp64-r1"}
    browser.driver.find_element("id", "pp-filter-text").send_keys("v0.2.1")
    assert releases(browser) == ["digits-v0.2.1-mlp64-r1"]
    assert visible(browser, ".pp-filter [role=status]") == ["1 of 5 releases on this page"]
    assert browser.axe() == ()


def test_releases_are_listed_without_scripts(without_scripts: Browser, base: str) -> None:
    without_scripts.open(f"{base}families/digits/")
    assert len(releases(without_scripts)) == 5
    assert not visible(without_scripts, ".pp-filter")


def test_an_alias_leads_on_without_scripts(without_scripts: Browser, base: str) -> None:
    for path in ("families/digits/latest/", "active/environment=prod,family=digits/"):
        without_scripts.driver.get(base + path)
        WebDriverWait(without_scripts.driver, 20).until(lambda found: found.current_url == base + ACTIVE)


# ── compare ──────────────────────────────────────────────────────────────────────────────────────────


def choose(browser: Browser, old: str, new: str) -> None:
    """Choose two releases as a reader does, and wait for what it gives."""
    for id_, value in (("pp-old", old), ("pp-new", new)):
        click(browser, f"#{id_} option[value='{value}']")
    wanted = f"{old} → {new}"
    shown = """const done = arguments[1], until = Date.now() + 10000;
    (function look() {
      const heading = document.getElementById('comparison');
      const there = heading !== null && heading.textContent === arguments[0];
      there || Date.now() > until ? done(there) : setTimeout(look, 20);
    }).apply(null);""".replace("arguments[0];", f"'{wanted}';")
    assert browser.driver.execute_async_script(shown, wanted)


def judgements(browser: Browser, table: str) -> dict[str, tuple[str, ...]]:
    """Rows of a comparison's tables by their name; the tables' labels begin with the text."""
    rows = browser.driver.find_elements("css selector", f"[aria-label^='{table}'] tbody tr")
    cells = [[cell.text for cell in row.find_elements("css selector", "th, td")] for row in rows]
    return {name: tuple(rest) for name, *rest in cells}


def test_any_two_releases_are_compared(browser: Browser, base: str) -> None:
    browser.open(f"{base}compare/")
    settle(browser)
    choose(browser, "digits-v0.2.1-mlp64-r1", "digits-v0.3.0-mlp64-r2")
    query = parse_qs(urlsplit(browser.driver.current_url).query)
    assert query == {"old": ["digits-v0.2.1-mlp64-r1"], "new": ["digits-v0.3.0-mlp64-r2"]}
    assert visible(browser, ".pp-banner--yanked .pp-banner__title") == ["digits-v0.2.1-mlp64-r1 is yanked"]
    metrics = judgements(browser, "What got worse")
    assert metrics["accuracy@test"] == ("0.985915", "0.975352", "−0.010563", "worse")
    assert {row[3] for row in metrics.values()} == {"worse"}
    titles = visible(browser, "#pp-compare-result h3")
    assert titles[0].startswith("What got worse")
    charts = visible(browser, "#pp-compare-result .pp-chart figcaption")
    assert charts[0].startswith("What got worse, in ")
    browser.driver.refresh()
    settle(browser)
    assert judgements(browser, "What got worse") == metrics
    assert browser.console() == ()
    assert browser.foreign(base) == ()


def test_what_was_measured_on_other_examples_is_not_subtracted(browser: Browser, base: str) -> None:
    browser.open(f"{base}compare/?old=digits-v0.1.0-logreg-r1&new=digits-v0.3.0-mlp64-r1")
    settle(browser)
    metrics = judgements(browser, "What somebody has to judge")
    assert metrics["accuracy@test"][:3] == ("0.953618", "0.975352", "")
    assert metrics["accuracy@test"][3] == "not comparable: the evaluated examples differ"


def test_parameters_keep_the_digits_of_the_evidence(browser: Browser, base: str) -> None:
    browser.open(f"{base}compare/?old=clinical-v0.2.0-gbt-r1&new=clinical-v0.3.0-gbt-r1")
    settle(browser)
    written = (Path(__file__).parents[2] / "packs/clinical/clinical-v0.2.0-gbt-r1/training/params.yaml").read_text()
    token = next(line.partition(": ")[2] for line in written.splitlines() if line.startswith("threshold:"))
    assert judgements(browser, "Parameters")["threshold"][0] == token


def test_an_unknown_release_is_said_to_be_unknown(browser: Browser, base: str) -> None:
    browser.open(f"{base}compare/?old=nobody&new=digits-v0.3.0-mlp64-r1")
    found = """const done = arguments[0], until = Date.now() + 10000;
    (function look() {
      const text = document.getElementById('pp-compare-result').textContent;
      text || Date.now() > until ? done(text) : setTimeout(look, 20);
    })();"""
    assert "Not compared" in browser.driver.execute_async_script(found)


# ── search ───────────────────────────────────────────────────────────────────────────────────────────


def test_search_finds_a_release(browser: Browser, base: str) -> None:
    browser.open(base)
    field = browser.driver.find_element("css selector", ".md-search__input")
    field.click()
    field.send_keys("clinical-v0.3.0")
    links = """const done = arguments[0], until = Date.now() + 10000;
    (function look() {
      const found = [...document.querySelectorAll('.md-search-result__link')].map(a => a.href);
      found.length || Date.now() > until ? done(found) : setTimeout(look, 50);
    })();"""
    found = [
        urlsplit(link)._replace(query="", fragment="").geturl() for link in browser.driver.execute_async_script(links)
    ]
    assert found[0] == f"{base}releases/clinical-v0.3.0-gbt-r1/"
    assert browser.console() == ()


# Citing --------------------------------------------------------------------------------------------------------------


def test_a_button_copies_a_citation_or_selects_it(browser: Browser, base: str) -> None:
    browser.open(base + ACTIVE)
    browser.run("document.querySelectorAll('.pp-cite details').forEach(item => { item.open = true; })")
    button = browser.driver.find_element("css selector", "[data-pp-copy='cite-this-biblatex']")
    assert button.value_of_css_property("visibility") == "visible"
    assert button.text == "Copy"
    button.click()
    WebDriverWait(browser.driver, 10).until(lambda _driver: button.text in {"Copied", "Selected"})


def test_without_scripts_the_text_is_there_and_no_dead_button(without_scripts: Browser, base: str) -> None:
    browser = without_scripts
    browser.open(f"{base}{ACTIVE}eval-report/")
    box = browser.driver.find_element("css selector", ".pp-cite")
    box.find_element("css selector", "summary").click()
    text = box.find_element("css selector", "#cite-this-biblatex")
    assert text.is_displayed()
    assert text.text.startswith("@report{digits-v0.3.0-mlp64-r1-eval-report,")
    assert text.value_of_css_property("user-select") != "none"
    assert not [item for item in box.find_elements("css selector", ".pp-copy") if item.is_displayed()]

"""The copy for `file://`: every link names a file, search finds, releases are compared, the same bytes every time."""

import json
import re
from pathlib import Path

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from browser.judges import SETTLED, Browser
from example_site import read_page, tree
from proofpress.cli import main
from proofpress.errors import ExitCode, PublishError
from proofpress.links import check_site
from proofpress.site.offline import offline_page, write_offline

NEW = "digits-v0.3.0-mlp64-r1"


@pytest.fixture(scope="module")
def copy(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("offline") / "a copy"
    write_offline(example.resolve(), target)
    return target


@pytest.fixture
def folder(browser: Browser, copy: Path) -> str:
    """The address of the copy's folder."""
    browser.console()
    return f"{copy.as_uri()}/"


def complaints(browser: Browser) -> list[str]:
    """Messages on the console, without the theme's: it asks for the sitemap wherever it is."""
    return [line for line in browser.console() if "sitemap.xml" not in line]


def test_every_link_names_a_file(copy: Path) -> None:
    assert check_site(copy).findings == ()
    for page in copy.rglob("*.html"):
        for reference in read_page(page.read_bytes()).references:
            path = re.split(r"[?#]", reference)[0]
            if path and not re.match(r"[a-z]+:", path):
                assert (page.parent / path.replace("%2C", ",")).is_file(), f"{page.relative_to(copy)}: {reference}"


def test_the_copy_is_a_function_of_the_site(copy: Path, example: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert write_offline(example.resolve(), again) == len(tree(copy)) - 1
    assert write_offline(example.resolve(), again) > 0
    assert tree(again) == tree(copy)
    original = tree(example)
    assert {name for name, data in tree(copy).items() if name in original and data != original[name]} == {
        name for name in original if name.endswith(".html") and name != "404.html"
    }


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="../">', '<a href="../index.html">'),
        ('<a class="x" href="..">', '<a class="x" href="../index.html">'),
        ('<a href="./?a=1&amp;b=2#c">', '<a href="./index.html?a=1&amp;b=2#c">'),
        ("<a href=\"#c\"><a href='none/'>", "<a href=\"#c\"><a href='none/'>"),
        ('<a href="https://a.example/"><a href="mailto:x@y.example">',) * 2,
        ('<script>a = \'<a href="../">\'</script><!-- <a href="../"> -->',) * 2,
        (
            '<meta http-equiv="refresh" content="0; url=../">',
            '<meta http-equiv="refresh" content="0; url=../index.html">',
        ),
    ],
)
def test_links_of_each_kind(html: str, expected: str) -> None:
    assert offline_page("a/index.html", html, frozenset({"index.html", "a/index.html"})) == expected


def test_search_works_from_a_folder(browser: Browser, folder: str) -> None:
    browser.open(f"{folder}families/index.html")
    field = browser.driver.find_element("css selector", ".md-search__input")
    field.click()
    field.send_keys("logistic regression")
    WebDriverWait(browser.driver, 30).until(
        lambda _: browser.driver.find_elements("css selector", ".md-search-result__link")
    )
    links = [
        str(item.get_attribute("href")).partition("?")[0]
        for item in browser.driver.find_elements("css selector", ".md-search-result__link")
    ]
    assert f"{folder}releases/digits-v0.1.0-logreg-r1/index.html" in links
    assert complaints(browser) == []


def test_comparison_works_from_a_folder(browser: Browser, folder: str) -> None:
    browser.open(f"{folder}compare/index.html?old=digits-v0.1.0-logreg-r1&new={NEW}")
    assert browser.driver.execute_async_script(SETTLED)
    assert f"→ {NEW}" in browser.driver.find_element("id", "comparison").text
    assert complaints(browser) == []


def test_verification_says_why_not(browser: Browser, folder: str) -> None:
    browser.open(f"{folder}releases/{NEW}/evidence/index.html")
    browser.driver.find_element("css selector", "#pp-verify button").click()
    WebDriverWait(browser.driver, 30).until(
        lambda _: browser.run("return document.getElementById('pp-verify').dataset.outcome") == "none"
    )
    said = browser.run("return document.querySelector('#pp-verify [role=status]').textContent")
    assert "opened from a folder may not read files" in str(said)


def test_a_folder_of_somebody_else_is_left_alone(example: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("x")
    with pytest.raises(PublishError, match="not written by proofpress"):
        write_offline(example, tmp_path / "mine")
    with pytest.raises(PublishError, match="lies in the site"):
        write_offline(example, example / "inside")
    assert (tmp_path / "mine/file").read_text() == "x"


def test_the_command_writes_it(example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    instance = example.resolve().parent
    command = ["-C", str(instance), "build", "--offline", str(tmp_path / "copy"), "--format", "json"]
    assert main(command) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["schema"] == "proofpress.build/1"
    assert (tmp_path / "copy/index.html").is_file()

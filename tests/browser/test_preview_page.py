"""The preview in a browser: findings over the page, and a reload when the site changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from browser.judges import Browser
from proofpress.evidence.finding import Finding
from proofpress.preview.server import PreviewServer
from proofpress.preview.state import Board, Built, rebuild

PATIENCE = 30.0
PANEL = "return document.querySelector('.proofpress-preview')?.innerText ?? ''"


@pytest.fixture
def preview(example: Path) -> Iterator[PreviewServer]:
    server = PreviewServer(example, Board(), 0)
    server.start()
    yield server
    server.stop()


def test_the_open_page_shows_findings_and_reloads(browser: Browser, preview: PreviewServer) -> None:
    finding = Finding(rule="MET001", message="<b>0.9</b> is not it", pack="digits/one", file="a.json", hint="measure")

    def numbered(number: int) -> None:
        WebDriverWait(browser.driver, PATIENCE).until(
            lambda driver: (
                driver.execute_script("return document.documentElement.dataset.proofpressBuild") == str(number)
            )
        )

    browser.open(preview.url, width=390, height=800)
    numbered(0)
    assert browser.run(PANEL) == ""
    rebuild(preview.board, lambda: Built(changed=False, refused=True, sentence="no", findings=(finding,)))
    numbered(1)
    said = browser.run(PANEL)
    for part in ("Not built", "MET001", "<b>0.9</b> is not it", "digits/one/a.json", "hint: measure"):
        assert part in said
    assert browser.axe() == ()
    browser.run("window.before = true; scrollTo(0, 120)")
    rebuild(preview.board, lambda: Built(changed=True, refused=False, sentence="built"))
    numbered(2)
    assert browser.run("return window.before") is None
    assert browser.run(PANEL) == ""
    assert browser.console() == ()

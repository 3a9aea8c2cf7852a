"""Verifying a release in the browser: equal files, a changed file, a changed manifest, an absent file."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from browser.judges import Browser, served

RELEASE = "digits-v0.3.0-mlp64-r1"


@pytest.fixture
def copy(example: Path, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A release's page and files to be damaged, and where they are served."""
    below = tmp_path / "releases" / RELEASE
    shutil.copytree(example / "releases" / RELEASE / "files", below / "files")
    shutil.copytree(example / "releases" / RELEASE / "evidence", below / "evidence")
    shutil.copytree(example / "assets", tmp_path / "assets")
    with served(tmp_path) as url:
        yield below / "files", f"{url}releases/{RELEASE}/evidence/"


def outcome(browser: Browser, url: str) -> tuple[str, str, dict[str, str]]:
    """Press the button: the outcome, what is said, and each row's result."""
    browser.open(url)
    browser.driver.find_element("css selector", "#pp-verify button").click()
    WebDriverWait(browser.driver, 60).until(
        lambda _: browser.run("return document.getElementById('pp-verify').dataset.outcome")
    )
    rows = browser.run(
        "return [...document.querySelectorAll('.pp-verify__rows tbody tr')].map("
        "row => [row.cells[0].textContent, row.querySelector('.pp-badge').textContent])"
    )
    said = browser.run("return document.querySelector('#pp-verify [role=status]').textContent")
    return str(browser.run("return document.getElementById('pp-verify').dataset.outcome")), str(said), dict(rows)


def test_an_untouched_release_is_equal(browser: Browser, copy: tuple[Path, str]) -> None:
    files, url = copy
    result, said, rows = outcome(browser, url)
    listed = [item["path"] for item in json.loads((files / "manifest.json").read_bytes())["files"]]
    assert (result, list(rows)) == ("ok", ["manifest.json", *listed])
    assert set(rows.values()) == {"Equal"}
    assert f"All {len(listed) + 1} files" in said
    assert browser.axe() == ()
    assert [line for line in browser.console() if "Content Security Policy" in line] == []


def test_what_was_changed_is_named_and_nothing_else(browser: Browser, copy: tuple[Path, str]) -> None:
    files, url = copy
    card, metrics = files / "model/model_card.md", files / "model/eval_metrics.json"
    card.write_text(card.read_text("utf-8").replace("a", "e", 1), encoding="utf-8")
    metrics.unlink()
    result, said, rows = outcome(browser, url)
    assert (result, said.startswith("Not this release: 2 of ")) == ("bad", True)
    wrong = {name: word for name, word in rows.items() if word != "Equal"}
    assert wrong == {"model/model_card.md": "Differs", "model/eval_metrics.json": "Not there"}


def test_another_manifest_is_refused(browser: Browser, copy: tuple[Path, str]) -> None:
    files, url = copy
    manifest = files / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8") + "\n", encoding="utf-8")
    result, _said, rows = outcome(browser, url)
    assert (result, rows) == ("bad", {"manifest.json": "Differs"})


def test_without_scripts_the_commands_are_there(browser: Browser, base: str) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.open(f"{base}releases/{RELEASE}/evidence/")
        assert not browser.driver.find_element("id", "pp-verify").is_displayed()
        assert "sha256sum --check" in browser.driver.find_element("css selector", ".pp-page").text
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

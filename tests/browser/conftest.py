"""Fixtures that start the judges once per session, or skip and say what is absent."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from browser.judges import Browser, missing_browser, missing_checker, nu_check, served
from example_site import BELOW, built_example


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium with a profile of its own."""
    if reason := missing_browser():
        pytest.skip(reason)
    chromium = Browser(tmp_path_factory.mktemp("chromium"))
    yield chromium
    chromium.quit()


@pytest.fixture(scope="session")
def nu() -> Callable[[Sequence[Path]], tuple[str, ...]]:
    """The Nu HTML checker."""
    if reason := missing_checker():
        pytest.skip(reason)
    return nu_check


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the example site, built once."""
    return built_example(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def base(example: Path) -> Iterator[str]:
    """The address of the example site, below a path of its host."""
    top = example.parents[len(BELOW.strip("/").split("/")) - 1]
    with served(top) as url:
        yield url + BELOW

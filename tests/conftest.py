"""Fixtures and options that all tests share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from complete_pack import CompletePack
from derived_pack import DerivedPack
from pack_builder import PackBuilder
from proofpress.evidence.pack import DocumentKind, kind_at
from proofpress.ingest.strict import PARSERS

Held = Callable[[DocumentKind], tuple[str, bytes]]

ROBUSTNESS = Path(__file__).resolve().parents[2] / "shared" / "data" / "robustness"
"""Public suites of hostile inputs; tests that read them are skipped where they are absent."""

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, max_examples=60)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-goldens` writes the golden files instead of comparing with them; `--mutations N` tries more of them."""
    parser.addoption("--update-goldens", action="store_true", help="Write golden files anew.")
    parser.addoption("--mutations", type=int, help="How many mutations of each sort to try on the example packs.")


@pytest.fixture
def pack(tmp_path: Path) -> PackBuilder:
    """A valid pack in an instance's `packs/` folder."""
    return PackBuilder(tmp_path / "packs")


@pytest.fixture
def whole(tmp_path: Path) -> CompletePack:
    """A valid pack with metrics files, configuration, suite and readiness report, too."""
    return CompletePack(tmp_path / "whole" / "packs")


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """Path and bytes of a valid document of a kind."""

    def find(kind: DocumentKind) -> tuple[str, bytes]:
        made = DerivedPack if kind.path.startswith("derivations/") else CompletePack
        folder = made(tmp_path / "held" / "packs").folder
        paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in PARSERS)
        path = next(path for path in paths if (found := kind_at(path)) and found.name == kind.name)
        return path, (folder / path).read_bytes()

    return find


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the file `goldens/<name>` beside the test's module."""
    folder = Path(str(request.path)).parent / "goldens"

    def compare(name: str, text: str) -> None:
        file = folder / name
        if request.config.getoption("--update-goldens"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"no golden file {name}: run pytest --update-goldens"
        assert text == file.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def robustness() -> Path:
    """The folder of public suites, or a skip that says so."""
    if not ROBUSTNESS.is_dir():
        pytest.skip("the public robustness suites are not on this machine")
    return ROBUSTNESS

"""Packages of other projects: made in the test, or the public ones that lie beside the checkout."""

import hashlib
import os
from pathlib import Path

import pytest

from exchange.genolewm_release import BOUNDARY, Release
from proofpress.exchange.genolewm import demo, layouts

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    """A valid release. Sentences of theirs that the layouts know by digest are replaced by sentences of ours."""
    monkeypatch.setitem(layouts._environment().globals, "prose", lambda digest: f"Sentence {digest}.")
    monkeypatch.setattr(demo, "_BOUNDARY", hashlib.sha256(BOUNDARY.encode()).hexdigest())
    return Release(tmp_path / "release")


@pytest.fixture
def genolewm_cases() -> Path:
    """The folder of public cases, from PROOFPRESS_SHARED_DATA or beside the checkout, or a skip that says so."""
    folder = Path(os.environ.get("PROOFPRESS_SHARED_DATA", BESIDE)) / "seed-genolewm" / "cases"
    if not folder.is_dir():
        pytest.skip("the public GenoLeWM cases are not on this machine; name their folder in PROOFPRESS_SHARED_DATA")
    return folder

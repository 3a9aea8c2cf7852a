"""Importers on real corpora: every value equals its source's to the last digit, and the packs verify."""

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from proofpress.cli import cli
from proofpress.exchange.foreign import RefusedError
from proofpress.exchange.importers import importer_named

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
DATA = Path(os.environ.get("PROOFPRESS_SHARED_DATA", BESIDE))
SOURCES = [
    ("spacy", "spacy-models/en_core_web_trf", 14),
    ("lm-eval", "lm-eval-pythia/pythia-70m/five-shot", 1),
    ("mlflow", "mlflow-export/oss_mlflow/single", 2),
]


def source_of(folder: str) -> Path:
    path = DATA / folder
    if not path.exists():
        pytest.skip("the real corpora are not on this machine; name their folder in PROOFPRESS_SHARED_DATA")
    return path


@pytest.mark.parametrize(("format_", "folder", "least"), SOURCES)
def test_a_real_history_verifies(tmp_path: Path, format_: str, folder: str, least: int) -> None:
    source = source_of(folder)
    (tmp_path / "packs").mkdir()
    arguments = ["-C", str(tmp_path), "import", format_, str(source), "--all", "--into", "packs", "--format", "json"]
    done = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert done.exception is None, done.exception
    outcomes = json.loads(done.stdout)["outcomes"]
    made = [item for item in outcomes if item["state"] == "made"]
    assert len(made) >= least
    assert all(item["reason"] for item in outcomes if item["state"] == "refused")
    checked = CliRunner().invoke(cli, ["-C", str(tmp_path), "check"], standalone_mode=False)
    assert f"{len(made)} of {len(made)} packs verified" in checked.output


@pytest.mark.parametrize(("format_", "folder"), [(name, folder) for name, folder, _least in SOURCES])
def test_values_are_those_of_the_source(format_: str, folder: str) -> None:
    source = source_of(folder)
    importer = importer_named(format_)
    compared = 0
    for item in importer.items(source):
        try:
            foreign = importer.read(item, source)
        except RefusedError:
            continue
        text = item.files[0].read_text(encoding="utf-8")
        tokens = set(re.findall(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", text))
        for row in foreign.rows:
            if row.value is not None:
                assert row.value.token in tokens, row
                compared += 1
    assert compared > 0


def test_every_shared_file_is_read_or_refused_in_words() -> None:
    robust = source_of("robustness/json-test-suite/test_parsing")
    importer = importer_named("every-eval-ever")
    for item in importer.items(robust):
        with pytest.raises(RefusedError) as refused:
            importer.read(item, robust)
        assert str(refused.value)

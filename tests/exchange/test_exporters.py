"""Exporters: the example's releases in other tools' formats, read back."""

import csv
import io
import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from proofpress.cli import cli
from proofpress.errors import UsageError
from proofpress.evidence.pack import Evidence
from proofpress.exchange.exports.metrics import COLUMNS, metrics_csv, read_evidence
from proofpress.exchange.exports.model_card import model_card
from proofpress.exchange.exports.openmetrics import openmetrics
from proofpress.exchange.exports.supply_chain import ml_bom, statement
from proofpress.exchange.formats.model_card import ModelCard, head_of

ROOT = Path(__file__).parents[2]
PACK = next(path.parent for path in sorted((ROOT / "packs").glob("*/*/manifest.json")))
CARD = "---\nlicense: mit  # ours\ntags: [a]\n---\n\n# Mine\n\nWords of people.\n"


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return read_evidence(PACK)


def values_of(evidence: Evidence) -> list[str]:
    rows = evidence.evaluation.rows if evidence.evaluation else ()
    return [row.value.token for row in rows if row.slice is None and row.value is not None]


def test_a_card_round_trips_through_the_importer(evidence: Evidence, tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text(model_card(evidence), encoding="utf-8")
    (item,) = ModelCard().items(path)
    foreign = ModelCard().read(item, path)
    assert sorted(str(row.value) for row in foreign.rows) == sorted(values_of(evidence))


def test_merging_touches_only_the_index(evidence: Evidence) -> None:
    once = model_card(evidence, CARD)
    assert once.startswith("---\nlicense: mit  # ours\ntags: [a]\nmodel-index:\n")
    assert once.endswith("---\n\n# Mine\n\nWords of people.\n")
    assert model_card(evidence, once) == once
    after = once.replace("\n---\n\n# Mine", "\nlanguage: en\n---\n\n# Mine")
    assert model_card(evidence, after) == after
    windows = CARD.replace("\n", "\r\n")
    assert model_card(evidence, windows) == once.replace("\n", "\r\n")
    assert model_card(evidence, "# No head\n").endswith("---\n# No head\n")
    assert head_of(once)[0]["license"] == "mit"


def test_a_head_that_is_no_mapping_is_refused(evidence: Evidence) -> None:
    with pytest.raises(UsageError, match="mapping"):
        model_card(evidence, "---\n- a\n---\n")


def test_hugging_face_reads_the_card(evidence: Evidence) -> None:
    hub = pytest.importorskip("huggingface_hub")
    card = hub.ModelCard(model_card(evidence, CARD))
    assert [str(result.metric_value) for result in card.data.eval_results] == [
        str(yaml.safe_load(token)) for token in values_of(evidence)
    ]


def test_csv_has_a_line_for_each_row_with_exact_digits(evidence: Evidence) -> None:
    rows = list(csv.DictReader(io.StringIO("".join(metrics_csv([evidence, evidence])))))
    assert evidence.evaluation is not None
    assert len(rows) == 2 * len(evidence.evaluation.rows)
    assert tuple(rows[0]) == COLUMNS
    assert [row["value"] for row in rows if not row["slice"]] == [*values_of(evidence), *values_of(evidence)]


def test_openmetrics_tells_the_headline(evidence: Evidence) -> None:
    lines = openmetrics([evidence]).splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert lines[-1] == "# EOF"
    assert len(samples) == len(evidence.release.headline)
    assert all(line.rpartition(" ")[2] in values_of(evidence) for line in samples)


def test_a_statement_binds_every_file(evidence: Evidence) -> None:
    made = statement(evidence)
    named = {item["name"]: item["digest"]["sha256"] for item in made["subject"]}
    assert named["manifest.json"] == evidence.pack_id.removeprefix("sha256:")
    assert {item.path for item in evidence.manifest.files} <= set(named)
    assert [item["value"] for item in made["predicate"]["results"]] == values_of(evidence)


def test_an_ml_bom_names_the_model_files_and_is_always_the_same(evidence: Evidence) -> None:
    made = ml_bom(evidence)
    component = made["metadata"]["component"]
    assert evidence.model_manifest is not None
    assert [item["hashes"][0]["content"] for item in component["components"]] == [
        item.sha256 for item in evidence.model_manifest.files
    ]
    assert json.dumps(made) == json.dumps(ml_bom(evidence))


def test_the_commands_write_files(tmp_path: Path) -> None:
    name = PACK.name
    for form in ("hf-model-card", "metrics-csv", "openmetrics", "cyclonedx", "in-toto"):
        path = tmp_path / form
        words = ["-C", str(ROOT), "export", name, "--format", form, "-o", str(path)]
        done = CliRunner().invoke(cli, words, standalone_mode=False)
        assert done.exception is None, done.exception
        assert path.stat().st_size > 100

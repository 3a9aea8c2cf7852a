"""Importers on small files of our own: what is mapped, kept, lost and missing, and that nothing is guessed."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

import proofpress
from proofpress.cli import cli
from proofpress.evidence.values import Number, Unstated
from proofpress.exchange.exports.metrics import read_evidence
from proofpress.exchange.foreign import Foreign, ForeignRow, RefusedError
from proofpress.exchange.importers import importer_named, importers
from proofpress.exchange.known_metrics import known_metric
from proofpress.exchange.making import release_id_of
from proofpress.exchange.reading import parse
from proofpress.pack.release import assemble
from proofpress.pipeline import rules_at
from proofpress.schemas import schemas

SPACY_2 = {
    "lang": "xx",
    "name": "tiny",
    "version": "2.1.0",
    "license": "MIT",
    "author": "A Lab",
    "email": "someone@lab.example",
    "description": "A tiny pipeline.",
    "accuracy": {"uas": 91.25, "ents_f": 85.0, "token_acc": 0.5},
}
SPACY_3 = {
    "lang": "xx",
    "name": "tiny",
    "version": "3.0.0",
    "license": "MIT",
    "author": "A Lab",
    "performance": {"dep_uas": 0.9130, "ents_f": 0.86, "ents_per_type": {"PER": {"p": 0.9, "r": 0.8, "f": 0.85}}},
}


def put(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def read(format_: str, source: Path) -> Foreign:
    importer = importer_named(format_)
    (item,) = importer.items(source)
    return importer.read(item, source)


def run(root: Path, *arguments: str, code: int = 0) -> str:
    (root / "packs").mkdir(parents=True, exist_ok=True)
    done = CliRunner().invoke(cli, ["-C", str(root), *arguments], standalone_mode=False)
    assert done.exception is None, done.exception
    assert int(done.return_value or 0) == code, done.output
    return done.output


def history(root: Path) -> Path:
    source = root / "meta"
    put(source / "xx_tiny" / "2.1.0" / "meta.json", SPACY_2)
    put(source / "xx_tiny" / "3.0.0" / "meta.json", SPACY_3)
    return source


def test_a_history_verifies_and_names_its_predecessors(tmp_path: Path) -> None:
    history(tmp_path)
    assert "2 imported, 0 there already, 0 refused" in run(
        tmp_path, "import", "spacy", "meta", "--all", "--into", "packs"
    )
    assert "2 of 2 packs verified" in run(tmp_path, "check")
    newer = read_evidence(tmp_path / "packs" / "xx-tiny" / "xx-tiny-v3.0.0-r1")
    assert newer.release.predecessor is not None
    assert newer.release.predecessor.release_id == "xx-tiny-v2.1.0-r1"
    assert isinstance(newer.release.released_at, Unstated)
    assert "0 imported, 2 there already" in run(tmp_path, "import", "spacy", "meta", "--all", "--into", "packs")


def test_percent_and_renamed_metrics_are_told_and_values_keep_their_digits(tmp_path: Path) -> None:
    history(tmp_path)
    run(tmp_path, "import", "spacy", "meta", "--all", "--into", "packs")
    older = read_evidence(tmp_path / "packs" / "xx-tiny" / "xx-tiny-v2.1.0-r1").evaluation
    assert older is not None
    assert [(row.name, str(row.value), row.unit) for row in older.rows] == [
        ("dep_uas", "91.25", "percent"),
        ("ents_f", "85.0", "percent"),
        ("token_acc", "0.5", "percent"),
    ]
    assert older.rows[0].notes == "The source calls it uas."
    told = run(tmp_path, "diff", "xx-tiny-v2.1.0-r1", "xx-tiny-v3.0.0-r1")
    assert "the unit flipped from percent to fraction (91.25 before, 0.913 now)" in told


def test_the_loss_report_accounts_for_the_source(tmp_path: Path) -> None:
    history(tmp_path)
    run(tmp_path, "import", "spacy", "meta/xx_tiny/2.1.0", "--into", "packs/xx-tiny/xx-tiny-v2.1.0-r1")
    folder = tmp_path / "packs" / "xx-tiny" / "xx-tiny-v2.1.0-r1"
    report = json.loads((folder / "import_report.json").read_text(encoding="utf-8"))
    assert report["sources"][0]["path"] == "meta.json"
    assert {"from": "/email", "reason": "withheld: it holds an e-mail"} in report["no_place"]
    assert "someone@" not in (folder / "release.json").read_text(encoding="utf-8")
    assert report["rows"][0] == "meta.json#/accuracy/uas"
    assert {item["path"] for item in report["missing"]} >= {"release.json#/released_at", "model_manifest"}


def test_reports_obey_their_schemas(tmp_path: Path) -> None:
    source = history(tmp_path)
    put(source / "xx_tiny" / "2.5.0" / "meta.json", "[1, 2")
    told = run(tmp_path, "import", "spacy", "meta", "--all", "--into", "packs", "--format", "json", code=1)
    Draft202012Validator(schemas()["imported"]).validate(json.loads(told))
    report = (tmp_path / "packs" / "xx-tiny" / "xx-tiny-v3.0.0-r1" / "import_report.json").read_text(encoding="utf-8")
    Draft202012Validator(schemas()["import-report"]).validate(json.loads(report))


def test_absent_facts_need_a_profile_that_accepts_them(tmp_path: Path) -> None:
    history(tmp_path)
    run(tmp_path, "import", "spacy", "meta", "--all", "--into", "packs")
    folder = tmp_path / "packs" / "xx-tiny" / "xx-tiny-v2.1.0-r1"
    assemble(folder, profile="minimal", template_set=rules_at(tmp_path).sets.newest())
    found = run(tmp_path, "verify", str(folder), code=1)
    assert "PRO030" in found
    assert "release.json#/released_at" in found


def test_a_refused_item_takes_one_line_and_the_others_go_on(tmp_path: Path) -> None:
    source = history(tmp_path)
    put(source / "xx_tiny" / "2.5.0" / "meta.json", "[1, 2")
    put(source / "xx_tiny" / "2.6.0" / "meta.json", {"name": "tiny", "lang": "xx", "version": "2.6.0"})
    told = run(tmp_path, "import", "spacy", "meta", "--all", "--into", "packs", code=1)
    refused = [line for line in told.splitlines() if line.startswith("refused")]
    assert len(refused) == 2
    assert "is not JSON" in refused[0]
    assert "it states no metric" in refused[1]
    assert "2 imported, 0 there already, 2 refused" in told


def test_nan_and_repeated_keys_become_absent_values(tmp_path: Path) -> None:
    text = '{"results": {"task": {"acc": NaN, "f1": 0.5, "f1": 0.6, "acc_norm": 0.25}}, "config": {"model": "m"}}'
    foreign = read("lm-eval", put(tmp_path / "m" / "a.json", text))
    rows = {row.name: row for row in foreign.rows}
    assert rows["acc"].value is None
    assert rows["acc"].reason == "the source has NaN in place of a number"
    assert rows["f1"].value is None
    assert "0.5 and 0.6" in rows["f1"].reason
    assert rows["acc_norm"].value == Number("0.25")
    assert foreign.remarks[0] == "the key 'f1' stands twice with different values"


def test_lm_eval_old_and_new(tmp_path: Path) -> None:
    new = {
        "results": {"task": {"alias": "task", "acc,none": 0.5, "acc_stderr,none": 0.01, "f1,strict": 0.25}},
        "n-samples": {"task": {"original": 10, "effective": 8}},
        "higher_is_better": {"task": {"acc": True}},
        "config": {"model_args": "pretrained=lab/m,revision=step2000", "model_sha": "a" * 40, "num_fewshot": 5},
        "date": 1700000000.5,
    }
    foreign = read("lm-eval", put(tmp_path / "results.json", new))
    assert [(row.name, row.n, row.higher_is_better, row.renamed_from) for row in foreign.rows] == [
        ("acc", 8, True, "acc,none"),
        ("f1,strict", 8, None, ""),
    ]
    assert foreign.commit == "a" * 40
    assert foreign.evaluated_at == "2023-11-14T22:13:20Z"
    assert release_id_of(foreign) == "m-5-shot-v0.0.2000-r1"
    assert foreign.kept["results"]["task"]["acc_stderr,none"] == Number("0.01")


def test_mteb_new_and_old(tmp_path: Path) -> None:
    folder = tmp_path / "lab__m" / ("a1" * 20)
    scores = {"test": [{"hf_subset": "de", "main_score": 0.5, "f1": 0.5, "nauc_f1_max": 0.1, "languages": ["deu"]}]}
    put(folder / "New.json", {"task_name": "New", "scores": scores, "mteb_version": "2"})
    put(folder / "Old.json", {"mteb_dataset_name": "Old", "test": {"cos_sim": {"pearson": 0.75}, "evaluation_time": 3}})
    put(folder / "Broken.json", "{")
    foreign = read("mteb", tmp_path)
    assert {(row.name, row.split) for row in foreign.rows} == {
        ("main_score", "New/test/de"),
        ("f1", "New/test/de"),
        ("cos_sim.pearson", "Old/test"),
    }
    assert foreign.kept["tasks"]["New"]["scores"]["New/test/de"]["nauc_f1_max"] == Number("0.1")
    assert "is not JSON" in foreign.no_place["Broken.json"]


def test_every_eval_ever(tmp_path: Path) -> None:
    uncertainty = {
        "confidence_interval": {"lower": 0.4, "upper": 0.6, "confidence_level": 0.95, "method": "bootstrap"},
        "num_samples": 100,
    }
    result = {
        "evaluation_name": "quiz",
        "source_data": {"dataset_name": "quiz-data", "hf_split": "test"},
        "metric_config": {"metric_name": "accuracy", "metric_unit": "proportion", "lower_is_better": False},
        "score_details": {"score": 0.5, "uncertainty": uncertainty},
    }
    raw = {
        "schema_version": "0.2.1",
        "evaluation_id": "quiz/lab/m/1",
        "evaluation_timestamp": "1700000000",
        "model_info": {"id": "lab/m", "name": "m"},
        "evaluation_results": [result],
    }
    foreign = read("every-eval-ever", put(tmp_path / "e.json", raw))
    (row,) = foreign.rows
    assert (row.name, row.split, row.unit, row.n, row.higher_is_better) == (
        "accuracy",
        "quiz/test",
        "fraction",
        100,
        True,
    )
    assert row.interval == (Number("0.4"), Number("0.6"), Number("0.95"), "bootstrap")
    raw["schema_version"] = "9.0"
    assert "not one that was reviewed" in read("every-eval-ever", put(tmp_path / "e.json", raw)).remarks[0]


def test_model_card(tmp_path: Path) -> None:
    card = (
        "---\r\nlicense: mit\r\nmodel-index:\r\n- name: lab/m\r\n  results:\r\n  - dataset:\r\n      name: Data\r\n"
        "      split: test\r\n    metrics:\r\n    - type: accuracy\r\n      value: 91.30\r\n---\r\n# Words\r\n"
    )
    foreign = read("hf-model-card", put(tmp_path / "README.md", card))
    assert [(row.name, row.split, str(row.value)) for row in foreign.rows] == [("accuracy", "Data/test", "91.30")]
    assert foreign.licence == "mit"
    assert foreign.authors == ("lab",)
    with pytest.raises(RefusedError, match="no model-index"):
        read("hf-model-card", put(tmp_path / "README.md", "---\nlicense: mit\n---\n"))


def test_mlflow_takes_the_last_step(tmp_path: Path) -> None:
    steps = [{"value": 0.9, "step": 2, "timestamp": 1}, {"value": 0.1, "step": 1, "timestamp": 9}]
    body = {
        "info": {"run_id": "ab12", "experiment_id": "3", "end_time": 1700000000123},
        "params": {"depth": "4"},
        "metrics": {"rmse": steps},
        "tags": {"mlflow.source.git.commit": "b" * 40},
    }
    put(tmp_path / "x" / "run.json", {"mlflow": body})
    foreign = read("mlflow", tmp_path)
    (row,) = foreign.rows
    assert (str(row.value), row.source) == ("0.9", "x/run.json#/mlflow/metrics/rmse/0/value")
    assert (foreign.name, foreign.commit, foreign.evaluated_at) == ("experiment-3", "b" * 40, "2023-11-14T22:13:20Z")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_tables_with_a_mapping_of_columns(tmp_path: Path, name: str) -> None:
    put(tmp_path / "columns.yaml", "metric: measure\nvalue: score\nmodel: system\n")
    lines = '{"system": "m", "measure": "accuracy", "split": "test", "score": 0.970, "seed": 1}\n'
    table = "system,measure,split,score,seed\nm,accuracy,test,0.970,1\n"
    foreign = read("table", put(tmp_path / name, table if name.endswith("csv") else lines))
    (row,) = foreign.rows
    assert (row.name, row.split, str(row.value)) == ("accuracy", "test", "0.970")
    assert str(foreign.kept["rows"][0]["seed"]) == "1"


def test_a_table_of_two_models_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "t.csv", "model,metric,value\na,f1,0.1\nb,f1,0.2\n")
    with pytest.raises(RefusedError, match="2 models"):
        read("table", tmp_path / "t.csv")


def test_what_the_table_does_not_know_has_no_direction() -> None:
    assert known_metric("zorp") is None
    known = known_metric("Exact Match")
    assert known is not None
    assert (known.higher_is_better, known.unit) == (True, "fraction")
    loss = known_metric("val_loss")
    assert loss is not None
    assert loss.higher_is_better is False


@pytest.mark.parametrize(
    ("version", "order", "expected"),
    [
        ("2.1", None, "m-v2.1.0-r1"),
        ("3.0.0a1", None, "m-v3.0.0a1-r1"),
        ("v1.2.3-rc.4", None, "m-v1.2.3rc4-r1"),
        ("step500", 500, "m-v0.0.500-r1"),
        ("Main Branch", None, "m-v0.0.0-main-branch-r1"),
    ],
)
def test_release_ids(version: str, order: int | None, expected: str) -> None:
    row = ForeignRow(name="f1", split="s", value=Number("1"), source="")
    assert (
        release_id_of(Foreign(name="M", version=version, upstream_id="u", files=(), rows=[row], order=order))
        == expected
    )


def test_parse_keeps_tokens_and_notices_repeated_keys() -> None:
    remarks: list[str] = []
    value = parse('{"a": 1.50, "b": {"c": 1, "c": 1}}', remarks)
    assert str(value["a"]) == "1.50"
    assert remarks == ["the key 'c' stands twice with the same value"]


def test_every_importer_has_a_command_and_a_title() -> None:
    for name, importer in importers().items():
        told = CliRunner().invoke(cli, ["import", name, "--help"]).output
        assert importer.name == name
        assert importer.title.split(":")[0].split()[0] in told


def test_metrics_table_gives_rows_with_the_same_keys(tmp_path: Path) -> None:
    history(tmp_path)
    run(tmp_path, "import", "spacy", "meta", "--all", "--into", "packs")
    rows = proofpress.metrics_table(sorted((tmp_path / "packs" / "xx-tiny").iterdir()))
    assert len(rows) == 3 + 5
    assert len({tuple(row) for row in rows}) == 1
    first = rows[0]
    assert (first["metric"], first["value"], first["value_exact"], first["released_at"]) == (
        "dep_uas",
        91.25,
        "91.25",
        None,
    )
    assert {row["slice"] for row in rows} == {None, "PER"}
    with pytest.raises(AttributeError):
        _ = proofpress.no_such_thing


@pytest.mark.parametrize("field", ["sources", "performance", "version", "description", "speed"])
@pytest.mark.parametrize("value", [True, 1, "x", [], {"a": {"b": [1]}}, None, "\u202e\u0000"])
def test_odd_fields_are_read_or_refused_in_words(tmp_path: Path, field: str, value: object) -> None:
    path = put(tmp_path / "meta.json", SPACY_3 | {field: value})
    if field == "version" and value != "x":
        with pytest.raises(RefusedError, match="no name or no version"):
            read("spacy", path)
    else:
        assert read("spacy", path).name == "xx_tiny"

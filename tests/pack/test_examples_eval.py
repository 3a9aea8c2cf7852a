"""`pack eval --examples`: metrics against scikit-learn, what is written, and what is refused."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from pack_builder import EVAL, PackBuilder
from proofpress.pack.examples import evaluate_examples
from proofpress.pack.intervals import bootstrap_interval
from proofpress.pack.measures import split_interval, standard_measures
from proofpress.pack.writer import PackError

from .conftest import Run

AT = "2026-03-01T09:30:00Z"
BASE: Mapping[str, Any] = {
    "task": "classification",
    "resamples": 200,
    "negative_findings": ("One of four is told wrongly.",),
    "limitations": ("Four numbers were tried.",),
}
ROWS: Sequence[Mapping[str, Any]] = (
    {"key": "t20", "label": "even", "prediction": "even", "score": 0.2},
    {"key": "t21", "label": "odd", "prediction": "odd", "score": 0.9},
    {"key": "t22", "label": "even", "prediction": "even", "score": 0.1},
    {"key": "t23", "label": "odd", "prediction": "even", "score": 0.4},
)


def dice(seed: int) -> Random:
    """The same numbers in every run."""
    return Random(seed)  # noqa: S311 - no secret


def lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def values(folder: Path, rows: Sequence[Mapping[str, Any]], tmp_path: Path, **config: Any) -> dict[str, Any]:
    """The evaluation's rows by key; the split is the name of the file."""
    (folder / "dataset/dataset_package.json").unlink(missing_ok=True)
    found = evaluate_examples(folder, {"test": lines(tmp_path / "given.jsonl", rows)}, config={**BASE, **config}, at=AT)
    return {row.key: row for row in found.rows}


# ── against scikit-learn ─────────────────────────────────────────────────────────────────────────────


def test_binary_metrics_are_those_of_scikit_learn(pack: PackBuilder, tmp_path: Path) -> None:
    draw = dice(7)
    truth = [draw.random() < 0.3 for _ in range(300)]
    score = [round(min(1, max(0, draw.gauss(0.6 if hit else 0.35, 0.2))), 2) for hit in truth]  # with ties, 0 and 1
    other = [round(draw.random(), 3) for _ in truth]
    rows = [
        {
            "key": f"r{index:03}",
            "label": hit,
            "prediction": mine >= 0.5,
            "score": mine,
            "baseline_prediction": theirs >= 0.5,
            "baseline_score": theirs,
        }
        for index, (hit, mine, theirs) in enumerate(zip(truth, score, other, strict=True))
    ]
    baseline = {"name": "dice", "description": "Throws dice."}
    found = values(pack.folder, rows, tmp_path, positive="true", baseline=baseline)

    def expected(scores: list[float]) -> dict[str, float]:
        told = [item >= 0.5 for item in scores]
        return {
            "accuracy": sk.accuracy_score(truth, told),
            "balanced_accuracy": sk.balanced_accuracy_score(truth, told),
            "macro_f1": sk.f1_score(truth, told, average="macro"),
            "log_loss": sk.log_loss(truth, [[1 - item, item] for item in scores]),
            "roc_auc": sk.roc_auc_score(truth, scores),
            "brier_score": sk.brier_score_loss(truth, scores),
        }

    mine, theirs = expected(score), expected(other)
    assert [row.name for row in found.values()] == list(mine)
    for row in found.values():
        assert float(row.value) == pytest.approx(mine[row.name], abs=2e-6)
        assert float(row.baseline_value) == pytest.approx(theirs[row.name], abs=2e-6)
        assert row.delta_vs_baseline == row.value - row.baseline_value
        assert row.n == 300
        assert row.ci_low < row.value < row.ci_high
        assert row.evaluated_keys_sha256 == row.baseline_evaluated_keys_sha256


def test_many_labels_and_their_scores(pack: PackBuilder, tmp_path: Path) -> None:
    draw = dice(3)
    names = ["1", "2", "10"]
    rows: list[dict[str, Any]] = []
    for index in range(120):
        chances = [round(item, 4) for item in np.random.default_rng(index).dirichlet([1, 1, 1])]
        told = names[max(range(3), key=chances.__getitem__)]
        rows.append(
            {
                "key": f"r{index:03}",
                "label": int(draw.choice(names[:2] if index % 9 else names)),
                "prediction": int(told),
                "scores": dict(zip(names, chances, strict=True)),
            }
        )
    found = values(pack.folder, rows, tmp_path)
    truth, told_all = ([str(row[name]) for row in rows] for name in ("label", "prediction"))
    scores = [[row["scores"][name] for name in sorted(names)] for row in rows]
    wanted = {
        "accuracy@test": sk.accuracy_score(truth, told_all),
        "balanced_accuracy@test": sk.balanced_accuracy_score(truth, told_all),
        "macro_f1@test": sk.f1_score(truth, told_all, average="macro"),
        "log_loss@test": np.mean(
            [-math.log(row[sorted(names).index(label)]) for row, label in zip(scores, truth, strict=True)]
        ),
    }
    assert {key: float(row.value) for key, row in found.items()} == pytest.approx(wanted, abs=2e-6)


def test_regression_metrics_are_those_of_scikit_learn(pack: PackBuilder, tmp_path: Path) -> None:
    draw = dice(5)
    rows = [
        {"key": f"r{index:03}", "label": truth, "prediction": truth + draw.gauss(0, 3), "baseline_prediction": 50}
        for index, truth in enumerate(draw.gauss(50, 10) for _ in range(150))
    ]
    baseline = {"name": "fifty", "description": "Always 50."}
    found = values(pack.folder, rows, tmp_path, task="regression", unit="kg", baseline=baseline)
    truth, told = ([row[name] for row in rows] for name in ("label", "prediction"))
    wanted = {
        "mae@test": sk.mean_absolute_error(truth, told),
        "rmse@test": math.sqrt(sk.mean_squared_error(truth, told)),
        "r2@test": sk.r2_score(truth, told),
    }
    assert {key: float(row.value) for key, row in found.items()} == pytest.approx(wanted, abs=2e-6)
    assert [row.unit for row in found.values()] == ["kg", "kg", "1"]
    assert float(found["r2@test"].baseline_value) == pytest.approx(sk.r2_score(truth, [50] * 150), abs=2e-6)


def test_bootstrap_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    draw = dice(11)
    held = 0
    for _ in range(60):
        truth = [draw.random() < 0.4 for _ in range(80)]
        rows = [
            {
                "label": str(hit),
                "prediction": str(hit),
                "score": draw.gauss(1 if hit else 0, 1),
                "correct": 1,
                "brier": 0,
            }
            for hit in truth
        ]
        auc = standard_measures("classification", frozenset(rows[0]), positive="True", unit="1")[-2]
        assert auc.metric.name == "roc_auc"
        bounds = bootstrap_interval(auc.over(rows), len(rows), level="0.95", resamples=200, seed=0)
        assert bounds is not None
        held += bounds[0] <= 0.76025 <= bounds[1]  # Φ(1/√2), the area under the curve of two such normals
    assert 52 <= held <= 60


def test_draws_are_the_same_for_the_same_seed_and_statistics_may_be_impossible() -> None:
    values_ = [float(index % 7) for index in range(40)]

    def mean(drawn: Sequence[int]) -> float:
        return sum(values_[index] for index in drawn) / len(drawn)

    first = bootstrap_interval(mean, 40, level="0.90", resamples=300, seed=4)
    assert first == bootstrap_interval(mean, 40, level="0.90", resamples=300, seed=4)
    assert first != bootstrap_interval(mean, 40, level="0.90", resamples=300, seed=5)
    assert bootstrap_interval(mean, 1, level="0.90", resamples=300, seed=4) is None
    never = bootstrap_interval(
        lambda drawn: None if len({*drawn}) < 40 else 1.0, 40, level="0.95", resamples=100, seed=0
    )
    assert never is None
    assert standard_measures("regression", frozenset(), positive=None, unit="1")[0].metric.name == "mae"
    assert split_interval((), level="0.95", resamples=100, seed=0) is not None


# ── what is written ──────────────────────────────────────────────────────────────────────────────────


def test_the_command_writes_rows_metrics_file_and_evaluation(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    rows = [
        {**row, "baseline_prediction": "even", "slices": {"parity": row["label"]}, "tokens": int(row["key"][1:])}
        for row in ROWS
    ]
    lines(tmp_path / "test.jsonl", rows)
    (tmp_path / "eval.yaml").write_text(
        "task: classification\npositive: odd\nresamples: 200\nbaseline: {name: even, description: Always even.}\n"
        'targets: {accuracy: {op: ">=", value: 0.7}}\nslice_dimensions: {parity: By the true answer.}\n'
        "negative_findings: [One of the four numbers is told wrongly.]\nlimitations: [Four numbers were tried.]\n"
    )
    folder = f"packs/digits/{pack.release_id}"
    words = ("pack", "eval", folder, "--examples", "test.jsonl", "--config", "eval.yaml", "--at", AT, "--run", "eval-1")
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    assert "accuracy@test: 0.750000 (0.300642 to 0.954413), n 4, 0.250000 to even" in out
    assert "roc_auc@test: 1.000000" in out
    assert [item["path"] for item in pack.value(EVAL, "/inputs")] == ["model/metrics/test.json"]
    found = {row["name"]: row for row in pack.json(EVAL)["rows"] if "slice" not in row}
    assert found["accuracy"]["target"]["op"] == ">="
    assert "baseline" not in found["log_loss"]
    assert "baseline_per_sample" in found["macro_f1"]
    sliced = [row for row in pack.json(EVAL)["rows"] if "slice" in row]
    assert [(row["name"], row["slice"]["value"], str(row["value"])) for row in sliced] == [
        ("accuracy", "even", "1.000000"),
        ("accuracy", "odd", "0.500000"),
    ]
    row = json.loads((pack / "model/per_example/test.jsonl").read_text().splitlines()[0])
    assert (row["correct"], row["tokens"], row["generated_by"]) == (1, 20, "proofpress.pack.evaluation")
    assert not {name for name in row if name.startswith("baseline_")}
    assert pack.reseal().verify().findings == ()
    # again, with rows that name no baseline: nothing of the first run is left
    lines(tmp_path / "test.jsonl", ROWS)
    (tmp_path / "eval.yaml").write_text(
        "task: classification\npositive: odd\nresamples: 200\n"
        "negative_findings: [One of the four is told wrongly.]\nlimitations: [Four numbers were tried.]\n"
    )
    report = json.loads(run(*words, "--set", "resamples=300", "--format", "json")[1])
    assert [item["path"] for item in report["outputs"]] == [
        EVAL,
        "model/metrics/test.json",
        "model/eval_config.effective.yaml",
        "model/per_example/test.jsonl",
    ]
    assert not (pack / "model/per_example/baseline_test.jsonl").exists()
    assert "resamples: 300" in (pack / "model/eval_config.effective.yaml").read_text()
    assert (pack.value(EVAL, "/run_id"), pack.value(EVAL, "/evaluated_at")) == ("eval-1", AT)
    assert pack.reseal().verify().findings == ()


def test_a_pack_of_a_domain_has_its_slices_in_a_metrics_file(pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    pack.with_assurance()
    lines(tmp_path / "test.jsonl", [{**row, "slices": {"parity": row["label"]}} for row in ROWS])
    (tmp_path / "eval.yaml").write_text(
        "task: classification\nresamples: 200\npositive: odd\nslice_dimensions: {parity: By the true answer.}\n"
        "negative_findings: [One of the four is told wrongly.]\nlimitations: [Four numbers were tried.]\n"
    )
    folder = f"packs/digits/{pack.release_id}"
    given = ("--examples", "test.jsonl", "--config", "eval.yaml", "--run", "eval-1", "--at", AT)
    assert run("pack", "eval", folder, *given)[0] == 0
    code, out, _err = run("slices", folder, "--profile", "tabular")
    assert code == 0
    assert "accuracy@test[class=odd]: 0.500000 (0.094531 to 0.905469), n 2" in out
    assert "wrote model/metrics/slices.json" in out
    assert run("pack", "release", folder, "--profile", "tabular")[0] == 0
    code, out, _err = run("verify", folder)
    assert (code, out) == (0, "1 of 1 packs verified\n")


def test_a_value_that_the_rows_cannot_bear_is_absent(pack: PackBuilder, tmp_path: Path) -> None:
    rows = [{**row, "label": "even", "score": 0.25} for row in ROWS]
    found = values(pack.folder, rows, tmp_path, positive="odd")
    assert found["roc_auc@test"].value is None
    assert found["roc_auc@test"].absent.reason == "none of the examples are 'odd', so that no pair can be ranked"
    flat = [{"key": row["key"], "label": 3, "prediction": 3.5} for row in ROWS]
    found = values(pack.folder, flat, tmp_path, task="regression")
    assert (str(found["mae@test"].value), found["r2@test"].value) == ("0.500000", None)


def changed(index: int, **fields: Any) -> list[Mapping[str, Any]]:
    return [{**row, **fields} if place == index else row for place, row in enumerate(ROWS)]


@pytest.mark.parametrize(
    ("rows", "config", "words"),
    [
        ([], {}, "holds no example"),
        (changed(2, key="t20"), {}, "a key stands twice"),
        (changed(1, prediction=None), {}, "line 2: prediction is no short text"),
        (changed(1, score=1.5), {}, r"line 2: score is 1\.5, no probability"),
        (changed(1, score="high"), {}, "line 2: score is no number"),
        (
            [{k: v for k, v in row.items() if k != "score" or row["key"] != "t22"} for row in ROWS],
            {},
            "t22 has no score",
        ),
        ([{k: v for k, v in row.items() if k != "label"} for row in ROWS], {}, "line 1: there is no label"),
        (ROWS, {"positive": None}, "must say which that is"),
        (changed(0, scores={"even": 0.5, "odd": 0.2}), {}, "sum to 0.7, not to 1"),
        (changed(0, scores={"odd": 1.0}), {}, "no probability of 'even'"),
        (changed(0, correct=1), {}, "'correct' is computed here"),
        (changed(0, slices=["a"]), {}, "slices is no mapping"),
        (changed(0, slices={"site": "a"}), {}, "'site' is not described"),
        (ROWS, {"slice_dimensions": {"site": "Where."}}, "'site' is described, but no example has it"),
        (changed(0, baseline_prediction="odd"), {}, "the baseline predicts 1 of 4"),
        ([{**row, "baseline_prediction": "odd"} for row in ROWS], {}, "does not describe"),
        (ROWS, {"baseline": {"name": "odd", "description": "Always."}}, "holds no prediction of it"),
        (ROWS, {"targets": {"f2": {"op": ">=", "value": 1}}}, "/targets/f2/value"),
        (ROWS, {"sliced": ("f2",)}, "do not give the metric 'f2'"),
        (ROWS, {"task": "ranking"}, "/task"),
        (ROWS, {"metrics": ()}, "/metrics"),
        (ROWS, {"task": "regression"}, "no positive label"),
        (ROWS, {"task": "regression", "positive": None}, "line 1: label is no number"),
    ],
)
def test_what_makes_no_evaluation_is_refused(
    rows: Sequence[Mapping[str, Any]], config: Mapping[str, Any], words: str, pack: PackBuilder, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in pack.folder.rglob("*") if path.is_file()}
    files = {"test": lines(tmp_path / "given.jsonl", rows)}
    with pytest.raises(PackError, match=words):
        evaluate_examples(pack.folder, files, config={**BASE, "positive": "odd", **config}, at=AT)
    assert {path: path.read_bytes() for path in pack.folder.rglob("*") if path.is_file()} == before


def test_examples_are_those_of_the_dataset(pack: PackBuilder, tmp_path: Path) -> None:
    config = {**BASE, "positive": "odd"}
    for rows, split, words in (
        (ROWS[:3], "test", "the 3 keys of the examples are not those of the 4 records"),
        (ROWS, "final", "the dataset has no split 'final'"),
    ):
        with pytest.raises(PackError, match=words):
            evaluate_examples(pack.folder, {split: lines(tmp_path / "given.jsonl", rows)}, config=config, at=AT)
    (pack / "model/model_package.json").unlink()
    with pytest.raises(PackError, match="no model package"):
        evaluate_examples(pack.folder, {"test": lines(tmp_path / "given.jsonl", ROWS)}, config=config, at=AT)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say what was measured"),
        (("--examples", "a.jsonl", "--metrics", "b.json"), "exclude each other"),
        (("--examples", "a.jsonl"), "needs a configuration"),
        (("--metrics", "a.json", "--at", AT), "state their own run"),
        (("--metrics", "a.json", "--set", "a=1"), "none is named"),
        (("--examples", "a/test.jsonl", "--examples", "test=b.jsonl", "--config", "eval.yaml"), "for one split"),
        (("--examples", "none.jsonl", "--config", "eval.yaml"), "none.jsonl: can't be read"),
    ],
)
def test_usage(words: tuple[str, ...], said: str, pack: PackBuilder, run: Run, tmp_path: Path) -> None:
    (tmp_path / "eval.yaml").write_text("task: classification\nnegative_findings: [None.]\nlimitations: [Few.]\n")
    code, _out, err = run("pack", "eval", f"packs/digits/{pack.release_id}", *words)
    assert code != 0
    assert said in err

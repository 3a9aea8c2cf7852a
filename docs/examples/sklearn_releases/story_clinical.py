"""The three releases of the clinical family: dates, parameters, words. All numbers in the words are measured."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from clinical import train as clinical
from clinical.predict import probability
from measurement import ACCURACY, BRIER, ROC_AUC, SENSITIVITY, SPECIFICITY
from release_pack import HERE, Dataset, Demo, Scored, Trained, Words, build

from proofpress.evidence.evaluation import MetricRow, Target
from proofpress.evidence.values import Number
from proofpress.pack.evaluation import Row
from proofpress.pack.model import ModelBytes

FAMILY = "clinical"
Rows = Mapping[str, MetricRow]

_LOGREG: dict[str, Any] = {
    "learner": "logistic-regression",
    "columns": 10,
    "inverse_l2": 1.0,
    "class_weight": "balanced",
    "most_iterations": 1000,
    "seed": 0,
    "split_seed": 8,
    "threshold": 0.5,
}
_BOOSTED: dict[str, Any] = {
    "learner": "gradient-boosted-trees",
    "columns": 30,
    "trees": 60,
    "depth": 2,
    "learning_rate": 0.1,
    "subsample": 0.7,
    "seed": 1,
    "split_seed": 8,
    "threshold": 0.5,
}
_WANTED_SENSITIVITY = 0.95

_USE = {
    "intended_use": (
        "Example of release evidence: telling malignant from benign tumours in a public teaching data set.",
        "Showing how a better headline value can hide a worse one.",
    ),
    "out_of_scope": (
        "Any use on patients: diagnosis, triage, screening or second reading.",
        "Measurements from other instruments, stains or segmentation programs.",
    ),
    "keywords": ("breast tumour", "tabular classification", "example"),
    "headline": (
        {"name": "roc_auc", "split": "test"},
        {"name": "sensitivity", "split": "test"},
        {"name": "specificity", "split": "test"},
    ),
    "support": {
        "until": "2027-06-30",
        "note": "Evidence is corrected in new bundles until then; the model is never changed.",
    },
    "compatibility": {
        "features": ("single-case-scoring",),
        "schemas": ("measurements-input-1",),
        "runtime": {"python": ">=3.11", "packages": ()},
    },
}
_OUTPUTS = (
    {"name": "prediction", "type": "text", "shape": "1", "description": "Either malignant or benign."},
    {
        "name": "probability",
        "type": "number",
        "shape": "1",
        "description": "Probability of malignancy; the decision compares it with the packaged threshold.",
    },
)
_USAGE = ("python demo/predict.py model/weights.json model/decision.json demo/inputs.jsonl demo/scores.jsonl",)
_MODEL_LIMITS = (
    "Not a medical device and never tested as one.",
    "Trained on cases of one hospital, collected decades ago.",
)
_EVAL_LIMITS = (
    "The test split holds few malignant cases, so a handful of decisions moves sensitivity visibly.",
    (
        "The split seed and the settings of the trees were chosen among several so that the example shows a "
        "regression; the values are real, but they are no fair sample of what such trees can do."
    ),
    "Cases of one hospital; nothing is known of other instruments or populations.",
)
_RADIUS = "One measurement, the mean radius, cut where it served best in the training split."
_MAJORITY = "Benign for all, with the training split's fraction of malignant cases as probability."


class Story:
    """Trains each model once, when the first release needs it."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.packs: list[tuple[str, str]] = []
        self.splits = clinical.splits(_LOGREG["split_seed"])
        self.bounds = clinical.third_bounds(self.splits["train"])

    def tell(self) -> list[tuple[str, str]]:
        """Write all releases, oldest first; return (release id, pack_id)."""
        linear, linear_size = self._train("clinical-v0.1.0-logreg-r1", "2026-06-09T09:00:00Z", _LOGREG)
        self._release(
            "clinical-v0.1.0-logreg-r1", "2026-06-09", linear, self._simple_baselines(), _first_words(linear_size)
        )
        before = self._results(linear)
        against = {"clinical-v0.1.0-logreg-r1": ("The linear model that is in use.", before)}
        trees, trees_size = self._train("clinical-v0.2.0-gbt-r1", "2026-08-04T09:00:00Z", _BOOSTED)
        self._release("clinical-v0.2.0-gbt-r1", "2026-08-04", trees, against, _trees_words(trees_size))
        start = time.perf_counter()
        threshold = clinical.threshold_for(trees.files[0].data, self.splits["validation"], _WANTED_SENSITIVITY)
        tuned = Trained(
            run_id="tune-clinical-v0.2.1-gbt-r1",
            started_at="2026-09-15T09:00:00Z",
            seed=trees.seed,
            seconds=time.perf_counter() - start,
            parameters={**_BOOSTED, "threshold": threshold},
            files=(trees.files[0], _decision(threshold)),
            model_format=trees.model_format,
        )
        self._release("clinical-v0.2.1-gbt-r1", "2026-09-15", tuned, against, _tuned_words(trees_size))
        return self.packs

    def _train(self, name: str, at: str, parameters: Mapping[str, Any]) -> tuple[Trained, int]:
        model = clinical.train(self.splits["train"], parameters)
        trained = Trained(
            run_id=f"train-{name}",
            started_at=at,
            seed=parameters["seed"],
            seconds=model.seconds,
            parameters=parameters,
            files=(
                ModelBytes(path="weights.json", role="weights", data=model.weights),
                _decision(parameters["threshold"]),
            ),
            model_format="proofpress-example-tabular-json",
        )
        return trained, model.parameters

    def _results(self, trained: Trained) -> list[dict[str, Any]]:
        test = self.splits["test"]
        found = clinical.scores(trained.files[0].data, test)
        return clinical.results(found, trained.parameters["threshold"], test, self.bounds)

    def _simple_baselines(self) -> dict[str, tuple[str, Sequence[Row]]]:
        train, test = self.splits["train"], self.splits["test"]
        radius, cut = clinical.radius_rule(train, test)
        prior = np.full(len(test.labels), round(float(train.labels.mean()), 6))
        return {
            "mean-radius-rule": (_RADIUS, clinical.results(radius, cut, test, self.bounds)),
            "majority-class": (_MAJORITY, clinical.results(prior, 0.5, test, self.bounds)),
        }

    def _release(
        self,
        release_id: str,
        day: str,
        trained: Trained,
        baselines: Mapping[str, tuple[str, Sequence[Row]]],
        words: Words,
    ) -> None:
        usual, probabilistic = next(iter(baselines)), list(baselines)[-1]
        test = self.splits["test"]
        weights = trained.files[0].data
        model = json.loads(weights)
        cases = [row[: len(model["columns"])].tolist() for row in np.tile(test.measurements, (2, 1))[:256]]
        pack_id = build(
            self.out,
            family=FAMILY,
            release_id=release_id,
            released_at=f"{day}T15:00:00Z",
            evaluated_at=f"{day}T12:00:00Z",
            predecessor=self.packs[-1] if self.packs else None,
            dataset=self._dataset(),
            trained=trained,
            scored=Scored(
                rows=self._results(trained),
                baselines=baselines,
                metrics=(
                    (ROC_AUC, usual),
                    (SENSITIVITY, usual),
                    (SPECIFICITY, usual),
                    (ACCURACY, usual),
                    (BRIER, probabilistic),
                ),
                sliced=((SENSITIVITY, usual), (SPECIFICITY, usual), (ACCURACY, usual)),
                dimensions={
                    "radius": ("Mean radius, cut at the terciles of the training split.", clinical.THIRDS),
                    "texture": ("Mean texture, cut at the terciles of the training split.", clinical.THIRDS),
                },
                targets={"sensitivity": Target(op=">=", value=Number("0.880000"))},
            ),
            demo=Demo(
                script=HERE / FAMILY / "predict.py",
                inputs=clinical.demo_inputs(test),
                command=(
                    "python",
                    "demo/predict.py",
                    "model/weights.json",
                    "model/decision.json",
                    "demo/inputs.jsonl",
                    "demo/scores.jsonl",
                ),
                score_one=lambda: probability(model, cases[0]),
                score_many=lambda: [probability(model, case) for case in cases],
                load_and_score=lambda: list(map(partial(probability, json.loads(weights)), cases)),
                many=len(cases),
            ),
            words=words,
        )
        self.packs.append((release_id, pack_id))

    def _dataset(self) -> Dataset:
        purposes = {
            "train": "Training.",
            "validation": "Choice of the decision threshold.",
            "test": "Evaluation.",
        }
        return Dataset(
            name="clinical",
            splits=tuple(clinical.split_records(name, purposes[name], cases) for name, cases in self.splits.items()),
            key_kinds={
                "record": "Number of the case in scikit-learn's copy of the data set.",
                "measurements": "First 16 hex digits of the SHA-256 of the case's thirty measurements.",
            },
            files=tuple(clinical.snapshot_file(f"{name}.csv", cases) for name, cases in self.splits.items()),
            description={
                "title": "Breast tumour measurements",
                "description": "Measurements of cell nuclei from needle aspirates, bundled with scikit-learn.",
                "licence": "CC-BY-4.0",
                "sources": (
                    {
                        "name": "Breast Cancer Wisconsin (Diagnostic)",
                        "reference": "UCI Machine Learning Repository, as bundled with scikit-learn "
                        "(sklearn.datasets.load_breast_cancer)",
                        "licence": "CC-BY-4.0",
                    },
                ),
                "features": tuple(
                    {
                        "name": name,
                        "type": "number",
                        "description": "Measurement of cell nuclei; 'worst' is the mean of the three largest.",
                    }
                    for name in clinical.COLUMNS
                ),
                "target": "diagnosis",
                "preprocessing": ("Split by case, stratified by diagnosis.",),
                "limitations": (
                    "One hospital, cases collected before the data set's donation in November 1995.",
                    "No age, origin or other attribute of the patients is known, so fairness can't be examined.",
                    "Patient numbers are not in scikit-learn's copy; whether a patient has two cases can't be checked.",
                ),
            },
            spec={
                "inputs": {
                    f"{name}.csv": {"reference": "scikit-learn's copy, written by clinical/train.py of the example"}
                    for name in self.splits
                },
                "assignment": dict.fromkeys(
                    self.splits, f"Drawn by case, stratified by diagnosis, with seed {_LOGREG['split_seed']}."
                ),
                "limits": {"least_records_per_split": 90, "least_records_per_class": 30},
                "reviewed_by": "maintainer of the example",
                "reviewed_at": "2026-06-08T09:00:00Z",
            },
        )


def _decision(threshold: float) -> ModelBytes:
    return ModelBytes(
        path="decision.json",
        role="calibration",
        data=json.dumps({"threshold": threshold}).encode("ascii") + b"\n",
    )


def _model_words(name: str, text: str, columns: int, size: int) -> dict[str, Any]:
    return {
        "architecture": {"name": name, "description": text, "trainable_parameters": size},
        "inputs": (
            {
                "name": "measurements",
                "type": "number",
                "shape": str(columns),
                "description": "Measurements by their names in the data set; "
                + ("the ten mean values only." if columns == 10 else "all thirty."),
            },
        ),
        "outputs": _OUTPUTS,
        "usage": _USAGE,
        "limitations": _MODEL_LIMITS,
    }


def _missed(rows: Rows) -> str:
    row = rows["sensitivity@test"]
    return f"Sensitivity is {row.value}: malignant cases are still called benign."


def _absent_slices(rows: Rows) -> list[str]:
    names = [
        f"{row.slice.value} third of {row.slice.dimension}"
        for row in rows.values()
        if row.slice and row.value is None and row.name == "sensitivity"
    ]
    return [f"Sensitivity could not be measured in the {', '.join(names)}: too few malignant cases."] if names else []


def _worst_drop(rows: Rows) -> list[str]:
    sliced = [
        row
        for row in rows.values()
        if row.slice and row.name == "sensitivity" and row.delta_vs_baseline is not None and row.delta_vs_baseline < 0
    ]
    return [
        f"In the {row.slice.value} third of {row.slice.dimension}, sensitivity is {row.value}, "
        f"a delta of {row.delta_vs_baseline} to {row.baseline_value} of {row.baseline}."
        for row in sliced
        if row.slice
    ]


def _first_words(size: int) -> Words:
    return Words(
        release={
            **_USE,
            "title": "Clinical 0.1.0, logistic regression",
            "summary": "A linear first model over the ten mean measurements.",
            "changelog": {
                "added": (
                    "Logistic regression over ten standardised mean measurements, classes weighted equally.",
                    "Baselines: a cut of the mean radius, and the commonest class.",
                )
            },
        },
        model=_model_words("logistic regression", "Logistic regression over ten standardised measurements.", 10, size),
        negative_findings=lambda rows: (_missed(rows), *_absent_slices(rows)),
        limitations=_EVAL_LIMITS,
    )


_TREES = "Sixty gradient-boosted trees of depth two over thirty measurements; leaf values rounded to six decimals."


def _trees_findings(rows: Rows) -> Sequence[str]:
    row = rows["sensitivity@test"]
    return (
        (
            f"Sensitivity moved by {row.delta_vs_baseline} to {row.value}, from {row.baseline_value} of "
            f"{row.baseline}, while ROC AUC, specificity and the Brier score improved: "
            "more malignant cases are called benign."
        ),
        *_worst_drop(rows),
        *_absent_slices(rows),
    )


def _trees_words(size: int) -> Words:
    return Words(
        release={
            **_USE,
            "title": "Clinical 0.2.0, gradient-boosted trees",
            "summary": "Boosted trees over all thirty measurements: better ranking, but fewer malignant cases found.",
            "changelog": {
                "added": ("All thirty measurements are used.",),
                "changed": ("Boosted trees instead of logistic regression; the threshold stays at its default.",),
            },
        },
        model=_model_words("gradient-boosted trees", _TREES, 30, size),
        negative_findings=_trees_findings,
        limitations=_EVAL_LIMITS,
    )


def _tuned_words(size: int) -> Words:
    findings: Callable[[Rows], Sequence[str]] = lambda rows: (  # noqa: E731
        _missed(rows),
        "The threshold was chosen on few malignant validation cases and may not hold elsewhere.",
        *_worst_drop(rows),
        *_absent_slices(rows),
    )
    return Words(
        release={
            **_USE,
            "title": "Clinical 0.2.1, gradient-boosted trees, threshold retuned",
            "summary": "The trees of v0.2.0 with a decision threshold chosen for sensitivity on the validation split.",
            "changelog": {
                "fixed": (
                    (
                        "The decision threshold is chosen on the validation split for sensitivity; the default lost "
                        "malignant cases."
                    ),
                )
            },
        },
        model=_model_words("gradient-boosted trees", _TREES, 30, size),
        negative_findings=findings,
        limitations=_EVAL_LIMITS,
        training_notes=(
            (
                "The trees are those of v0.2.0; for this release the threshold alone was chosen again, "
                "on the validation split."
            ),
        ),
    )

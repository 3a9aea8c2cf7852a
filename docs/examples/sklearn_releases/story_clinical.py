"""The three releases of the clinical family: dates, data, parameters."""

import json
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from clinical import train as clinical
from clinical.predict import probability
from release_pack import HERE, Dataset, Demo, Scored, Trained, build, compared_with

from proofpress.pack.evaluation import Row
from proofpress.pack.model import ModelBytes

FAMILY = "clinical"

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


class Story:
    """Trains each model once, when the first release needs it."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.packs: list[tuple[str, str]] = []
        self.splits = clinical.splits(_LOGREG["split_seed"])
        self.bounds = clinical.third_bounds(self.splits["train"])

    def tell(self) -> list[tuple[str, str]]:
        """Write all releases, oldest first; return (release id, pack_id)."""
        linear = self._train("clinical-v0.1.0-logreg-r1", "2026-06-09T09:00:00Z", _LOGREG)
        self._release("clinical-v0.1.0-logreg-r1", "2026-06-09", linear, *self._simple_baselines())
        before = self._results(linear)
        against = ("clinical-v0.1.0-logreg-r1", "The linear model that is in use.")
        trees = self._train("clinical-v0.2.0-gbt-r1", "2026-08-04T09:00:00Z", _BOOSTED)
        self._release("clinical-v0.2.0-gbt-r1", "2026-08-04", trees, before, before, against=against)
        start = time.perf_counter()
        threshold = clinical.threshold_for(trees.files[0].data, self.splits["validation"], _WANTED_SENSITIVITY)
        tuned = Trained(
            run_id="tune-clinical-v0.3.0-gbt-r1",
            started_at="2026-09-15T09:00:00Z",
            seed=trees.seed,
            seconds=time.perf_counter() - start,
            parameters={**_BOOSTED, "threshold": threshold},
            files=(trees.files[0], _decision(threshold)),
            model_format=trees.model_format,
            size=trees.size,
        )
        linear_pack = self.packs[0]  # v0.2.0 was rejected, so the linear model is still what users have
        self._release(
            "clinical-v0.3.0-gbt-r1", "2026-09-15", tuned, before, before, against=against, predecessor=linear_pack
        )
        return self.packs

    def _train(self, name: str, at: str, parameters: Mapping[str, Any]) -> Trained:
        model = clinical.train(self.splits["train"], parameters)
        return Trained(
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
            size=model.parameters,
        )

    def _results(self, trained: Trained) -> list[dict[str, Any]]:
        test = self.splits["test"]
        found = clinical.scores(trained.files[0].data, test)
        return clinical.results(found, trained.parameters["threshold"], test, self.bounds)

    def _simple_baselines(self) -> tuple[Sequence[Row], Sequence[Row]]:
        train, test = self.splits["train"], self.splits["test"]
        radius, cut = clinical.radius_rule(train, test)
        prior = np.full(len(test.labels), round(float(train.labels.mean()), 6))
        return (
            clinical.results(radius, cut, test, self.bounds),
            clinical.results(prior, 0.5, test, self.bounds),
        )

    def _release(
        self,
        release_id: str,
        day: str,
        trained: Trained,
        decisions: Sequence[Row],
        losses: Sequence[Row],
        *,
        against: tuple[str, str] | None = None,
        predecessor: tuple[str, str] | None = None,
    ) -> None:
        test = self.splits["test"]
        weights = trained.files[0].data
        model = json.loads(weights)
        cases = [row[: len(model["columns"])].tolist() for row in np.tile(test.measurements, (2, 1))[:256]]
        pack_id = build(
            self.out,
            family=FAMILY,
            release_id=release_id,
            day=day,
            predecessor=predecessor or (self.packs[-1] if self.packs else None),
            dataset=self._dataset(),
            trained=trained,
            scored=Scored(
                rows=self._results(trained),
                decisions=decisions,
                losses=losses,
                loss="brier",
                overrides=(
                    f"parameters.threshold={trained.parameters['threshold']}",
                    *(compared_with(*against) if against else ()),
                ),
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

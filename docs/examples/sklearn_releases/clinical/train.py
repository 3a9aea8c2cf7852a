"""Data, splits and models of the clinical family."""

import csv
import hashlib
import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from clinical.predict import probability
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from proofpress.pack.dataset import SnapshotFile, SplitRecords
from proofpress.pack.writer import exact

CLASSES = ("benign", "malignant")
THIRDS = ("lower", "middle", "upper")
SLICED = {"radius": "mean radius", "texture": "mean texture"}
_DATA = load_breast_cancer()
COLUMNS = tuple(str(name) for name in _DATA.feature_names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Cases with keys, 30 measurements and labels (1 = malignant)."""

    keys: tuple[str, ...]
    measurements: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A trained model as it is packaged, and how long the training took."""

    weights: bytes
    seconds: float
    parameters: int


def splits(seed: int) -> dict[str, Cases]:
    """Train, validation and test, stratified by diagnosis: 52.5, 17.5 and 30 per cent of 569 cases."""
    labels = (_DATA.target == 0).astype(int)
    rest, test = train_test_split(np.arange(len(labels)), test_size=0.3, stratify=labels, random_state=seed)
    train, validation = train_test_split(rest, test_size=0.25, stratify=labels[rest], random_state=seed)
    return {
        name: Cases(
            keys=tuple(f"case-{i:04d}" for i in index),
            measurements=_DATA.data[index],
            labels=labels[index],
        )
        for name, index in (
            ("train", np.sort(train)),
            ("validation", np.sort(validation)),
            ("test", np.sort(test)),
        )
    }


def train(cases: Cases, parameters: Mapping[str, Any]) -> Model:
    """Train as the parameters say and export the model, rounded, as JSON text."""
    columns = COLUMNS[: parameters["columns"]]
    inputs = cases.measurements[:, : len(columns)]
    start = time.perf_counter()
    if parameters["learner"] == "logistic-regression":
        scaler = StandardScaler().fit(inputs)
        linear = LogisticRegression(
            C=parameters["inverse_l2"],
            class_weight=parameters["class_weight"],
            max_iter=parameters["most_iterations"],
        ).fit(scaler.transform(inputs), cases.labels)
        seconds = time.perf_counter() - start
        exported: dict[str, Any] = {
            "kind": "logistic",
            "columns": columns,
            "mean": _rounded(scaler.mean_),
            "scale": _rounded(scaler.scale_),
            "weights": _rounded(linear.coef_[0]),
            "bias": _rounded(linear.intercept_)[0],
        }
        size = len(columns) + 1
    else:
        boosted = GradientBoostingClassifier(
            n_estimators=parameters["trees"],
            max_depth=parameters["depth"],
            learning_rate=parameters["learning_rate"],
            subsample=parameters["subsample"],
            random_state=parameters["seed"],
        ).fit(inputs, cases.labels)
        seconds = time.perf_counter() - start
        prior = float(cases.labels.mean())
        trees = [_tree(stage[0].tree_, parameters["learning_rate"]) for stage in boosted.estimators_]
        exported = {
            "kind": "boosted-trees",
            "columns": columns,
            "initial": round(float(np.log(prior / (1 - prior))), 6),
            "trees": trees,
        }
        size = sum(len(node) for tree in trees for node in tree)
    text = json.dumps(exported, separators=(",", ":")).encode("ascii") + b"\n"
    return Model(weights=text, seconds=seconds, parameters=size)


def threshold_for(weights: bytes, cases: Cases, sensitivity: float) -> float:
    """The highest threshold, in steps of 0.01, at which the cases reach a sensitivity."""
    found = scores(weights, cases)[cases.labels == 1]
    for step in range(99, 0, -1):
        if (found >= step / 100).mean() >= sensitivity:
            return step / 100
    raise ValueError(f"no threshold reaches a sensitivity of {sensitivity}")


def scores(weights: bytes, cases: Cases) -> np.ndarray:
    """Probability of malignancy of each case, by the packaged scorer."""
    model = json.loads(weights)
    count = len(model["columns"])
    return np.array([probability(model, row[:count].tolist()) for row in cases.measurements])


def results(
    found: np.ndarray, threshold: float, cases: Cases, bounds: Mapping[str, tuple[float, float]]
) -> list[dict[str, Any]]:
    """Per-example results of scores that were given to cases."""
    rows = []
    for key, measured, label, score in zip(cases.keys, cases.measurements, cases.labels, found, strict=True):
        decided = int(score >= threshold)
        rows.append(
            {
                "key": key,
                "label": CLASSES[label],
                "prediction": CLASSES[decided],
                "correct": int(decided == label),
                "probability": exact(score),
                "brier": exact((score - label) ** 2),
                "slices": {name: _third(measured, name, bounds[name]) for name in SLICED},
            }
        )
    return rows


def radius_rule(train: Cases, test: Cases) -> tuple[np.ndarray, float]:
    """Baseline: mean radius scaled to 0..1 on the training split, cut where training accuracy is best."""
    column = COLUMNS.index(SLICED["radius"])
    low, high = train.measurements[:, column].min(), train.measurements[:, column].max()
    known = (train.measurements[:, column] - low) / (high - low)
    cut = max((step / 100 for step in range(1, 100)), key=lambda at: ((known >= at) == (train.labels == 1)).mean())
    return np.clip((test.measurements[:, column] - low) / (high - low), 0, 1), cut


def third_bounds(train: Cases) -> dict[str, tuple[float, float]]:
    """Terciles of the sliced measurements in the training split."""
    found = {}
    for name, column in SLICED.items():
        low, high = np.quantile(train.measurements[:, COLUMNS.index(column)], (1 / 3, 2 / 3))
        found[name] = (round(float(low), 6), round(float(high), 6))
    return found


def split_records(name: str, purpose: str, cases: Cases) -> SplitRecords:
    """The split as the dataset builder wants it; keys by case number and by content."""
    content = [hashlib.sha256(row.tobytes()).hexdigest()[:16] for row in cases.measurements]
    return SplitRecords(
        name=name,
        purpose=purpose,
        keys={"record": cases.keys, "measurements": content},
        labels=[CLASSES[i] for i in cases.labels],
    )


def snapshot_file(name: str, cases: Cases) -> SnapshotFile:
    """The split as canonical CSV: key, label, 30 measurements."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["key", "label", *COLUMNS])
    for key, label, measured in zip(cases.keys, cases.labels, cases.measurements, strict=True):
        writer.writerow([key, CLASSES[label], *(repr(float(value)) for value in measured)])
    return SnapshotFile(name=name, data=text.getvalue().encode("ascii"), records=len(cases.keys))


def demo_inputs(cases: Cases, count: int = 8) -> bytes:
    """Every so many-th case as JSON Lines."""
    step = len(cases.keys) // count
    rows = [
        {
            "key": cases.keys[i],
            "label": CLASSES[cases.labels[i]],
            "measurements": dict(zip(COLUMNS, map(float, cases.measurements[i]), strict=True)),
        }
        for i in range(0, step * count, step)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode("ascii")


def _tree(tree: Any, learning_rate: float) -> list[Sequence[float]]:
    return [
        [round(float(learning_rate * tree.value[node][0][0]), 6)]
        if tree.children_left[node] < 0
        else [
            int(tree.feature[node]),
            round(float(tree.threshold[node]), 7),
            int(tree.children_left[node]),
            int(tree.children_right[node]),
        ]
        for node in range(tree.node_count)
    ]


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 6) + 0.0 for value in values]


def _third(measured: np.ndarray, name: str, bounds: tuple[float, float]) -> str:
    value = float(measured[COLUMNS.index(SLICED[name])])
    return THIRDS[(value > bounds[0]) + (value > bounds[1])]

"""Data, splits and models of the digits family."""

import csv
import io
import json
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from digits.predict import probabilities
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from proofpress.evidence.values import Number
from proofpress.pack.dataset import SnapshotFile, SplitRecords
from proofpress.pack.writer import exact

CLASSES = tuple(str(digit) for digit in range(10))
INK = ("light", "medium", "heavy")
_SHIFTS = {"": (0, 0), "u": (-1, 0), "d": (1, 0), "l": (0, -1), "r": (0, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Images with their keys: `d0421` for the source image 421, `d0421u` for its copy moved up."""

    keys: tuple[str, ...]
    sources: tuple[str, ...]
    pixels: np.ndarray
    labels: np.ndarray

    def take(self, index: np.ndarray) -> "Records":
        """The records at these positions, sorted by key."""
        order = sorted((int(i) for i in index), key=lambda i: self.keys[i])
        return Records(
            keys=tuple(self.keys[i] for i in order),
            sources=tuple(self.sources[i] for i in order),
            pixels=self.pixels[order],
            labels=self.labels[order],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A trained model as it is packaged, how long the training took and its log."""

    weights: bytes
    seconds: float
    log: tuple[tuple[int, float], ...]
    parameters: int


def all_records(*, shifted: bool) -> Records:
    """The 1,797 images of scikit-learn's digits, with four copies of each, half a pixel away, when asked for."""
    pixels, labels = load_digits(return_X_y=True)
    images = pixels.reshape(-1, 8, 8)
    shifts = _SHIFTS if shifted else {"": (0, 0)}
    return Records(
        keys=tuple(f"d{i:04d}{name}" for name in shifts for i in range(len(images))),
        sources=tuple(f"d{i:04d}" for _ in shifts for i in range(len(images))),
        pixels=np.concatenate([_shift(images, *step) for step in shifts.values()]).reshape(-1, 64),
        labels=np.tile(labels, len(shifts)),
    )


def split_by_record(records: Records, seed: int) -> tuple[Records, Records]:
    """Train and test by record id, 30 per cent for test; only unshifted images are kept for test."""
    order = np.random.default_rng(seed).permutation(len(records.keys))
    cut = int(0.3 * len(order))
    test = [i for i in order[:cut] if records.keys[i] == records.sources[i]]
    return records.take(order[cut:]), records.take(np.array(test))


def split_by_source(records: Records, test_sources: Sequence[str]) -> tuple[Records, Records]:
    """Train and test by source image: no copy of a test image is left for training."""
    held = set(test_sources)
    train = [i for i, source in enumerate(records.sources) if source not in held]
    test = [i for i, key in enumerate(records.keys) if key in held]
    return records.take(np.array(train)), records.take(np.array(test))


def train(records: Records, parameters: Mapping[str, Any]) -> Model:
    """Train as the parameters say and export the weights, rounded, as JSON text."""
    inputs = records.pixels / parameters["pixel_scale"]
    start = time.perf_counter()
    if parameters["learner"] == "logistic-regression":
        learner = LogisticRegression(C=parameters["inverse_l2"], max_iter=parameters["most_iterations"])
        learner.fit(inputs, records.labels)
        layers, losses = [(learner.coef_, learner.intercept_, "identity")], []
    else:
        network = MLPClassifier(
            hidden_layer_sizes=(parameters["hidden_units"],),
            alpha=parameters["l2"],
            batch_size=parameters["batch_size"],
            learning_rate_init=parameters["learning_rate"],
            max_iter=parameters["epochs"],
            random_state=parameters["seed"],
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of epochs is meant
            network.fit(inputs, records.labels)
        activations = ("relu", "identity")
        layers = [
            (weights.T, bias, activation)
            for weights, bias, activation in zip(network.coefs_, network.intercepts_, activations, strict=True)
        ]
        losses = network.loss_curve_
    seconds = time.perf_counter() - start
    decimals = parameters["weight_decimals"]
    text = json.dumps(
        {
            "kind": "layers",
            "classes": CLASSES,
            "pixel_scale": parameters["pixel_scale"],
            "layers": [
                {
                    "activation": activation,
                    "bias": _rounded(bias, decimals),
                    "weights": [_rounded(row, decimals) for row in weights],
                }
                for weights, bias, activation in layers
            ],
        },
        separators=(",", ":"),
    )
    return Model(
        weights=text.encode("ascii") + b"\n",
        seconds=seconds,
        log=tuple((step + 1, float(loss)) for step, loss in enumerate(losses)),
        parameters=sum(weights.size + bias.size for weights, bias, _ in layers),
    )


def score(weights: bytes, records: Records, ink_bounds: tuple[float, float]) -> list[dict[str, Any]]:
    """Per-example results of packaged weights, by the packaged scorer."""
    model = json.loads(weights)
    return [
        _result(key, pixels, label, probabilities(model, pixels.tolist()), ink_bounds)
        for key, pixels, label in zip(records.keys, records.pixels, records.labels, strict=True)
    ]


def nearest_centroid(train: Records, test: Records, ink_bounds: tuple[float, float]) -> list[dict[str, Any]]:
    """Baseline: the digit whose mean training image is nearest. Its scores are certain, so it has no log loss."""
    centres = np.array([train.pixels[train.labels == digit].mean(axis=0) for digit in range(10)])
    nearest = ((test.pixels[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    return [
        _result(key, pixels, label, [float(digit == found) for digit in range(10)], ink_bounds)
        for key, pixels, label, found in zip(test.keys, test.pixels, test.labels, nearest, strict=True)
    ]


def majority_class(train: Records, test: Records, ink_bounds: tuple[float, float]) -> list[dict[str, Any]]:
    """Baseline: the commonest digit of the training split, its class frequencies as probabilities."""
    frequencies = (np.bincount(train.labels, minlength=10) / len(train.labels)).tolist()
    return [
        _result(key, pixels, label, frequencies, ink_bounds)
        for key, pixels, label in zip(test.keys, test.pixels, test.labels, strict=True)
    ]


def ink_bounds(train: Records) -> tuple[float, float]:
    """Terciles of the mean pixel value of the training images."""
    low, high = np.quantile(train.pixels.mean(axis=1), (1 / 3, 2 / 3))
    return round(float(low), 6), round(float(high), 6)


def split_records(name: str, purpose: str, records: Records, *, by_source: bool) -> SplitRecords:
    """The split as the dataset builder wants it."""
    keys: dict[str, Sequence[str]] = {"record": records.keys}
    if by_source:
        keys["source_image"] = records.sources
    return SplitRecords(name=name, purpose=purpose, keys=keys, labels=[CLASSES[i] for i in records.labels])


def snapshot_file(name: str, records: Records) -> SnapshotFile:
    """The split as canonical CSV: key, label, 64 pixels."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["key", "label", *(f"pixel_{row}_{column}" for row in range(8) for column in range(8))])
    for key, label, pixels in zip(records.keys, records.labels, records.pixels, strict=True):
        writer.writerow([key, CLASSES[label], *(int(value) for value in pixels)])
    return SnapshotFile(name=name, data=text.getvalue().encode("ascii"), records=len(records.keys))


def demo_inputs(records: Records, count: int = 8) -> bytes:
    """Every so many-th record as JSON Lines."""
    step = len(records.keys) // count
    rows = [
        {"key": records.keys[i], "label": CLASSES[records.labels[i]], "pixels": [int(v) for v in records.pixels[i]]}
        for i in range(0, step * count, step)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode("ascii")


def _shift(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """Images moved by half a pixel: whole grey values half-way to the image moved by one; blanks come in."""
    moved = np.zeros_like(images)
    height, width = images.shape[1:]
    moved[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = images[
        :, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
    ]
    halfway: np.ndarray = np.rint((images + moved) / 2)
    return halfway


def _rounded(values: np.ndarray, decimals: int) -> list[float]:
    return [round(float(value), decimals) + 0.0 for value in values]


def _result(
    key: str, pixels: np.ndarray, label: int, scores: Sequence[float], bounds: tuple[float, float]
) -> dict[str, Any]:
    best = max(range(len(scores)), key=scores.__getitem__)
    ink = float(pixels.mean())
    return {
        "key": key,
        "label": CLASSES[label],
        "prediction": CLASSES[best],
        "correct": int(best == label),
        "log_loss": _log_loss(scores[label]),
        "slices": {"digit": CLASSES[label], "ink": INK[(ink > bounds[0]) + (ink > bounds[1])]},
    }


def _log_loss(probability: float) -> Number:
    return exact(-np.log(max(probability, 1e-15)))

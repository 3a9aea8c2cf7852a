"""The five releases of the digits family: dates, parameters, words. All numbers in the words are measured."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from digits import train as digits
from digits.predict import probabilities
from measurement import (
    ACCURACY,
    LOG_LOSS,
    WORST_RECALL,
    macro_f1,
    paired_difference,
)
from release_pack import HERE, Dataset, Demo, Scored, Trained, Words, build, measured_row

from proofpress.evidence.evaluation import MetricRow, Target
from proofpress.evidence.values import Number
from proofpress.pack.evaluation import Examples
from proofpress.pack.model import ModelBytes
from proofpress.pack.writer import exact

FAMILY = "digits"
MACRO_F1 = macro_f1(digits.CLASSES)
INFLATION = "accuracy_inflation_of_v0_2_0"
LEAKED = "leaked_test_images_of_v0_2_0"

_LOGREG: dict[str, Any] = {
    "learner": "logistic-regression",
    "inverse_l2": 0.1,
    "most_iterations": 300,
    "pixel_scale": 16,
    "seed": 0,
    "split_by": "record",
    "split_seed": 11,
    "shifted_copies": 0,
    "weight_decimals": 4,
}
_MLP: dict[str, Any] = {
    "learner": "multilayer-perceptron",
    "hidden_units": 64,
    "activation": "relu",
    "solver": "adam",
    "learning_rate": 0.002,
    "batch_size": 64,
    "epochs": 40,
    "l2": 0.0001,
    "pixel_scale": 16,
    "seed": 1,
    "split_by": "record",
    "split_seed": 1,
    "shifted_copies": 4,
    "weight_decimals": 4,
}
_BY_SOURCE = {**_MLP, "split_by": "source-image"}
_LONGER = {**_BY_SOURCE, "epochs": 60, "l2": 0.001, "seed": 2}

_FEATURES = (
    {
        "name": "pixels",
        "type": "64 integers from 0 to 16",
        "description": "Grey values of an image of eight by eight pixels, row by row.",
    },
    {"name": "label", "type": "digit", "description": "The digit that was written."},
)
_SOURCES = (
    {
        "name": "Optical Recognition of Handwritten Digits, test part",
        "reference": "UCI Machine Learning Repository, as bundled with scikit-learn (sklearn.datasets.load_digits)",
        "licence": "CC-BY-4.0",
    },
)
_DATA_LIMITS = (
    (
        "Images of thirteen writers, scaled to eight by eight pixels; writers are not named, so no split keeps "
        "a writer's images together."
    ),
    "Western Arabic digits that were cut out and centred beforehand.",
)
_USE = {
    "intended_use": (
        "Example of release evidence: reading single, centred digits of the kind in the data set.",
        "Comparison of small classifiers that run without any library.",
    ),
    "out_of_scope": (
        "Reading cheques, forms or any digits on which a decision depends.",
        "Images that are not centred, not scaled to eight by eight pixels or hold more than one digit.",
    ),
    "keywords": ("digits", "image classification", "example"),
    "headline": ({"name": "accuracy", "split": "test"}, {"name": "log_loss", "split": "test"}),
    "support": {
        "until": "2027-06-30",
        "note": "Evidence is corrected in new bundles until then; the model is never changed.",
    },
    "compatibility": {
        "features": ("single-image-scoring",),
        "schemas": ("digits-input-1",),
        "runtime": {"python": ">=3.11", "packages": ()},
    },
}
_INPUTS = (
    {
        "name": "pixels",
        "type": "integer",
        "shape": "64",
        "description": "Grey values from 0 to 16, row by row.",
    },
)
_OUTPUTS = (
    {"name": "prediction", "type": "text", "shape": "1", "description": "The digit with the highest probability."},
    {"name": "probability", "type": "number", "shape": "1", "description": "The probability of that digit."},
)
_USAGE = ("python demo/predict.py model/weights.json demo/inputs.jsonl demo/scores.jsonl",)
_MODEL_LIMITS = (
    "Always answers with one of ten digits, whatever the image shows.",
    "Probabilities are not calibrated.",
)
_EVAL_LIMITS = (
    "One split with one seed: the intervals tell the spread of the test images, not of training.",
    "Writers may stand on both sides of the split, so new writers will be read less well.",
)
_BASELINES = {
    "nearest-centroid": "The digit whose mean training image is nearest to the image.",
    "majority-class": "The commonest digit of the training split, with its class frequencies as probabilities.",
}


class Story:
    """Trains each model once, when the first release needs it."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.packs: list[tuple[str, str]] = []
        originals = digits.all_records(shifted=False)
        copies = digits.all_records(shifted=True)
        self.first = digits.split_by_record(originals, _LOGREG["split_seed"])
        self.leaky = digits.split_by_record(copies, _MLP["split_seed"])
        self.clean = digits.split_by_source(copies, self.leaky[1].keys)

    def tell(self) -> list[tuple[str, str]]:
        """Write all releases, oldest first; return (release id, pack_id)."""
        logreg = self._train("digits-v0.1.0-logreg-r1", "2026-06-02T09:00:00Z", _LOGREG, self.first[0])
        self._release(
            "digits-v0.1.0-logreg-r1",
            "2026-06-02",
            logreg,
            self.first,
            _dataset("Images as they are", self.first, copies=False, by_source=False),
            _first_words(),
        )
        mlp = self._train("digits-v0.2.0-mlp64-r1", "2026-07-07T09:00:00Z", _MLP, self.leaky[0])
        leaky = _dataset("Images with shifted copies", self.leaky, copies=True, by_source=False)
        self._release("digits-v0.2.0-mlp64-r1", "2026-07-07", mlp, self.leaky, leaky, _second_words())
        self._release("digits-v0.2.1-mlp64-r1", "2026-07-14", mlp, self.leaky, leaky, _patch_words())
        clean = _dataset("Images with shifted copies, split by image", self.clean, copies=True, by_source=True)
        repaired = self._train("digits-v0.3.0-mlp64-r1", "2026-09-01T09:00:00Z", _BY_SOURCE, self.clean[0])
        before = ("digits-v0.2.1-mlp64-r1", "The same recipe, trained with shifted copies of the test images.")
        self._release(
            "digits-v0.3.0-mlp64-r1",
            "2026-09-01",
            repaired,
            self.clean,
            clean,
            _repair_words(),
            against=(*before, mlp),
            leak_of=mlp,
        )
        longer = self._train("digits-v0.3.0-mlp64-r2", "2026-10-06T09:00:00Z", _LONGER, self.clean[0])
        earlier = ("digits-v0.3.0-mlp64-r1", "The first revision: another seed, fewer epochs, a weaker penalty.")
        self._release(
            "digits-v0.3.0-mlp64-r2",
            "2026-10-06",
            longer,
            self.clean,
            clean,
            _revision_words(),
            against=(*earlier, repaired),
        )
        return self.packs

    def _train(self, name: str, at: str, parameters: Mapping[str, Any], records: digits.Records) -> Trained:
        model = digits.train(records, parameters)
        return Trained(
            run_id=f"train-{name}",
            started_at=at,
            seed=parameters["seed"],
            seconds=model.seconds,
            parameters=parameters,
            files=(ModelBytes(path="weights.json", role="weights", data=model.weights),),
            model_format="proofpress-example-layers-json",
            log=tuple({"step": step, "name": "training_loss", "value": exact(loss, 4)} for step, loss in model.log),
        )

    def _release(
        self,
        release_id: str,
        day: str,
        trained: Trained,
        split: tuple[digits.Records, digits.Records],
        dataset: Dataset,
        words: Words,
        *,
        against: tuple[str, str, Trained] | None = None,
        leak_of: Trained | None = None,
    ) -> None:
        train, test = split
        bounds = digits.ink_bounds(train)
        weights = trained.files[0].data
        if against is None:
            baselines = {
                "nearest-centroid": (
                    _BASELINES["nearest-centroid"],
                    digits.nearest_centroid(train, test, bounds),
                ),
                "majority-class": (_BASELINES["majority-class"], digits.majority_class(train, test, bounds)),
            }
            usual, probabilistic = "nearest-centroid", "majority-class"
        else:
            usual = probabilistic = against[0]
            baselines = {usual: (against[1], digits.score(against[2].files[0].data, test, bounds))}
        scored = Scored(
            rows=digits.score(weights, test, bounds),
            baselines=baselines,
            metrics=(
                (ACCURACY, usual),
                (MACRO_F1, usual),
                (WORST_RECALL, usual),
                (LOG_LOSS, probabilistic),
            ),
            sliced=((ACCURACY, usual),),
            dimensions={
                "digit": (
                    "The digit that was written; the accuracy of such a slice is the recall of the class.",
                    digits.CLASSES,
                ),
                "ink": ("Mean grey value, cut at the terciles of the training split.", digits.INK),
            },
            targets={"accuracy": Target(op=">=", value=Number("0.930000"))},
            extra_rows=_leak_rows(self.leaky[0], test, bounds, leak_of) if leak_of else (),
        )
        model = json.loads(weights)
        images = [row.tolist() for row in test.pixels[:256]]
        pack_id = build(
            self.out,
            family=FAMILY,
            release_id=release_id,
            released_at=f"{day}T15:00:00Z",
            evaluated_at=f"{day}T12:00:00Z",
            predecessor=self.packs[-1] if self.packs else None,
            dataset=dataset,
            trained=trained,
            scored=scored,
            demo=Demo(
                script=HERE / FAMILY / "predict.py",
                inputs=digits.demo_inputs(test),
                command=(
                    "python",
                    "demo/predict.py",
                    "model/weights.json",
                    "demo/inputs.jsonl",
                    "demo/scores.jsonl",
                ),
                score_one=lambda: probabilities(model, images[0]),
                score_many=lambda: [probabilities(model, image) for image in images],
                load_and_score=lambda: list(map(partial(probabilities, json.loads(weights)), images)),
                many=len(images),
            ),
            words=words,
        )
        self.packs.append((release_id, pack_id))


def _leak_rows(
    leaky_train: digits.Records, test: digits.Records, bounds: tuple[float, float], leaky: Trained
) -> tuple[Any, ...]:
    """What the leak of v0.2.0 was worth: same recipe, same test images, copies of them in training or not."""
    leaked = len(set(leaky_train.sources) & set(test.sources))

    def count(examples: Examples) -> MetricRow:
        return measured_row(
            LEAKED,
            leaked,
            "images",
            n=len(examples.rows),
            digits=0,
            higher_is_better=False,
            evaluated_keys_sha256=examples.keys_sha256,
            notes="Test images of which at least one shifted copy was in the training split of v0.2.0.",
        )

    def inflation(examples: Examples) -> MetricRow:
        with_leak = Examples(split="test", rows=tuple(digits.score(leaky.files[0].data, test, bounds)))
        bounds_of = paired_difference(with_leak, examples, "correct")
        value = exact(with_leak.mean("correct")) - exact(examples.mean("correct"))
        return measured_row(
            INFLATION,
            value,
            "fraction",
            n=len(examples.rows),
            higher_is_better=False,
            ci_low=exact(bounds_of.low),
            ci_high=exact(bounds_of.high),
            ci_level=Number(bounds_of.level),
            ci_method=bounds_of.method,
            evaluated_keys_sha256=examples.keys_sha256,
            notes="Accuracy of v0.2.0 minus accuracy of this release on the same test images.",
        )

    return (count, inflation)


_REVIEWED = {
    (False, False): "2026-06-01T09:00:00Z",
    (True, False): "2026-07-06T09:00:00Z",
    (True, True): "2026-08-31T09:00:00Z",
}
"""When the spec of each snapshot was reviewed; a constant of the example, like all times of day."""


def _dataset(title: str, split: tuple[digits.Records, digits.Records], *, copies: bool, by_source: bool) -> Dataset:
    train, test = split
    steps = {
        (False, False): ("Thirty per cent of the images were drawn for test by record id.",),
        (True, False): (
            "Each image was copied four times, shifted by half a pixel up, down, left and right.",
            (
                "Then thirty per cent of all records were drawn for test by record id; "
                "shifted copies among them were dropped, so that only images as they are were tested."
            ),
        ),
        (True, True): (
            "Test images are those of the snapshot of v0.2.0, so that results can be compared.",
            (
                "All other images went into training, each with four copies shifted by half a pixel; "
                "no copy of a test image is in the training split."
            ),
        ),
    }[copies, by_source]
    kinds = {"record": "Number of the source image, with a letter for the direction of a shifted copy."}
    if by_source:
        kinds["source_image"] = "Number of the source image, the same for an image and its shifted copies."
    return Dataset(
        name="digits",
        splits=(
            digits.split_records("train", "Training.", train, by_source=by_source),
            digits.split_records("test", "Evaluation.", test, by_source=by_source),
        ),
        key_kinds=kinds,
        files=(digits.snapshot_file("train.csv", train), digits.snapshot_file("test.csv", test)),
        description={
            "title": title,
            "description": "Handwritten digits of eight by eight pixels, bundled with scikit-learn.",
            "licence": "CC-BY-4.0",
            "sources": _SOURCES,
            "features": _FEATURES,
            "target": "label",
            "preprocessing": steps,
            "limitations": _DATA_LIMITS,
        },
        spec={
            "inputs": {
                f"{name}.csv": {"reference": "scikit-learn's copy, written by digits/train.py of the example"}
                for name in ("train", "test")
            },
            "assignment": {"train": "All records that are not drawn for test.", "test": steps[-1]},
            "limits": {"least_records_per_split": 400, "least_records_per_class": 30},
            "reviewed_by": "maintainer of the example",
            "reviewed_at": _REVIEWED[copies, by_source],
        },
    )


def _model_words(name: str, text: str, size: int) -> dict[str, Any]:
    return {
        "architecture": {"name": name, "description": text, "trainable_parameters": size},
        "inputs": _INPUTS,
        "outputs": _OUTPUTS,
        "usage": _USAGE,
        "limitations": _MODEL_LIMITS,
    }


_NETWORK = _model_words(
    "multilayer perceptron",
    "One hidden layer of 64 rectified units and a softmax over ten digits; weights rounded to four decimals, "
    "and evaluated as rounded.",
    4810,
)


def _worst_slices(rows: Mapping[str, MetricRow]) -> list[str]:
    """The weakest digit and the weakest ink tercile, with their measured values."""
    found = []
    for dimension in ("digit", "ink"):
        value, part, n = min(
            (row.value, row.slice.value, row.n)
            for row in rows.values()
            if row.slice and row.slice.dimension == dimension and row.value is not None
        )
        name = f"digit {_WORDS[int(part)]}" if dimension == "digit" else f"images with {part} ink"
        found.append(f"Weakest on {name}: accuracy is {value} there, over {n} records.")
    return found


_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def _first_words() -> Words:
    return Words(
        release={
            **_USE,
            "title": "Digits 0.1.0, logistic regression",
            "summary": "A linear first model for eight-by-eight digits, compared with the nearest mean image.",
            "changelog": {
                "added": (
                    "Logistic regression over raw pixels.",
                    "Baselines: nearest mean image, and the commonest class.",
                )
            },
        },
        model=_model_words(
            "logistic regression",
            "Multinomial logistic regression over 64 pixels; weights rounded to four decimals, and evaluated "
            "as rounded.",
            650,
        ),
        negative_findings=lambda rows: (
            *_worst_slices(rows),
            "Nothing was tried against shifted images; the model sees raw positions.",
        ),
        limitations=_EVAL_LIMITS,
    )


def _second_words() -> Words:
    return Words(
        release={
            **_USE,
            "title": "Digits 0.2.0, multilayer perceptron",
            "summary": "A small network, trained with shifted copies of the images.",
            "changelog": {
                "added": ("Four shifted copies of each image.", "Hidden layer of 64 units."),
                "changed": (
                    "A new snapshot with a new test split: values can't be compared record by record with v0.1.0.",
                ),
            },
        },
        model=_NETWORK,
        negative_findings=lambda rows: (
            *_worst_slices(rows),
            "The gain of the shifted copies over training without them was not measured.",
        ),
        limitations=(
            *_EVAL_LIMITS,
            "Splits were checked for shared record ids only; other kinds of overlap were not looked at.",
        ),
    )


def _patch_words() -> Words:
    words = _second_words()
    return Words(
        release={
            **words.release,
            "title": "Digits 0.2.1, multilayer perceptron",
            "summary": "The model of v0.2.0, unchanged, with corrected documentation.",
            "intended_use": (
                *_USE["intended_use"],
                "Ink on blank ground: grey values must rise with ink, as in the data set.",
            ),
            "changelog": {
                "fixed": (
                    "Documentation: the polarity of the grey values is stated.",
                    "Documentation: the output 'probability' is that of the predicted digit.",
                )
            },
        },
        model=words.model,
        negative_findings=words.negative_findings,
        limitations=words.limitations,
        training_notes=("The model is that of v0.2.0; nothing was trained for this release.",),
    )


def _repair_words() -> Words:
    return Words(
        release={
            **_USE,
            "title": "Digits 0.3.0, multilayer perceptron, split by image",
            "summary": "The recipe of v0.2.0 on a split that keeps an image and its copies together.",
            "changelog": {
                "fixed": (
                    "Shifted copies of test images are no longer in the training split.",
                    "Leakage is checked by source image as well as by record.",
                ),
                "changed": ("Accuracy is lower than v0.2.0 claimed; the earlier value was inflated.",),
            },
        },
        model=_NETWORK,
        negative_findings=lambda rows: (
            (
                f"Of the {rows[f'{LEAKED}@test'].n} test images of v0.2.0, {rows[f'{LEAKED}@test'].value} had a "
                "shifted copy in its training split; its leakage check compared record ids and saw nothing."
            ),
            (
                f"That leak raised the accuracy that v0.2.0 and v0.2.1 claim by {rows[f'{INFLATION}@test'].value} "
                "on the same test images, with an interval from "
                f"{rows[f'{INFLATION}@test'].ci_low} to {rows[f'{INFLATION}@test'].ci_high}."
            ),
            *_worst_slices(rows),
        ),
        limitations=(
            *_EVAL_LIMITS,
            (
                "The inflation was measured with one split seed and one training seed; this training split is a "
                "little smaller than that of v0.2.0, which may explain part of the difference."
            ),
            (
                "This example was built to show a leak: copies shifted by whole pixels showed no consistent inflation, "
                "copies shifted by half a pixel did, so the recipe with half a pixel was kept."
            ),
        ),
    )


def _revision_words() -> Words:
    return Words(
        release={
            **_USE,
            "title": "Digits 0.3.0, multilayer perceptron, second revision",
            "summary": "Trained again for longer, with a stronger penalty and another seed, on the same snapshot.",
            "changelog": {"changed": ("More epochs, a stronger weight penalty and another training seed.",)},
        },
        model=_NETWORK,
        negative_findings=lambda rows: (
            (
                "Training for longer did not pay: against the first revision accuracy moved by "
                f"{rows['accuracy@test'].delta_vs_baseline}, recall of the worst digit by "
                f"{rows['worst_class_recall@test'].delta_vs_baseline} and log loss by "
                f"{rows['log_loss@test'].delta_vs_baseline}; how much of that is the seed alone was not told apart."
            ),
            *_worst_slices(rows),
        ),
        limitations=_EVAL_LIMITS,
    )

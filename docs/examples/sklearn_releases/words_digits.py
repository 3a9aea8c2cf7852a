"""The words of the five releases of the digits family. All numbers of an evaluation in them are measured."""

from collections.abc import Mapping
from typing import Any

from words import Rows, Words

from proofpress.evidence.evaluation import MetricRow, Target
from proofpress.evidence.values import Number

INFLATION = "accuracy_inflation_of_v0_2_0"
LEAKED = "leaked_test_images_of_v0_2_0"

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


def _model_words(name: str, text: str) -> dict[str, Any]:
    return {
        "architecture": {"name": name, "description": text},
        "inputs": _INPUTS,
        "outputs": _OUTPUTS,
        "usage": _USAGE,
        "limitations": _MODEL_LIMITS,
    }


_NETWORK = _model_words(
    "multilayer perceptron",
    "One hidden layer of 64 rectified units and a softmax over ten digits; weights rounded to four decimals, "
    "and evaluated as rounded.",
)


def _worst_slices(rows: Rows) -> list[str]:
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
        rescope={"worst_class_recall@test": _accepted_recall},
    )


def _accepted_recall(row: MetricRow) -> Mapping[str, Any]:
    """Why the second revision went on although it misses the target of the worst digit."""
    return {
        "accepted_by": "Owner of the digits example",
        "accepted_at": "2026-10-06T13:30:00Z",
        "decision_url": "https://proofpress.example/decisions/digits-2",
        "rationale": (
            "Accuracy over all digits is that of the first revision; the second is run for two weeks, and rolled back "
            "when the worst digit stays behind. The next release is held to the old target again."
        ),
        "replacement": Target(op=">=", value=Number("0.85")),
        "issue_refs": ["digits#2"],
        "negative_findings": [f"Recall of the worst digit is {row.value}, below that of the first revision."],
        "claim_boundary": ["The decision changes no measured value; the target stays missed."],
    }


WORDS: Mapping[str, Words] = {
    "digits-v0.1.0-logreg-r1": _first_words(),
    "digits-v0.2.0-mlp64-r1": _second_words(),
    "digits-v0.2.1-mlp64-r1": _patch_words(),
    "digits-v0.3.0-mlp64-r1": _repair_words(),
    "digits-v0.3.0-mlp64-r2": _revision_words(),
}

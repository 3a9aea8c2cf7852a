"""The words of the three releases of the clinical family. All numbers of an evaluation in them are measured."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from words import Rows, Words

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


def _model_words(name: str, text: str, columns: int) -> dict[str, Any]:
    return {
        "architecture": {"name": name, "description": text},
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


def _first_words() -> Words:
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
        model=_model_words("logistic regression", "Logistic regression over ten standardised measurements.", 10),
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


def _trees_words() -> Words:
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
        model=_model_words("gradient-boosted trees", _TREES, 30),
        negative_findings=_trees_findings,
        limitations=_EVAL_LIMITS,
    )


def _tuned_words() -> Words:
    findings: Callable[[Rows], Sequence[str]] = lambda rows: (  # noqa: E731
        _missed(rows),
        "The threshold was chosen on few malignant validation cases and may not hold elsewhere.",
        *_worst_drop(rows),
        *_absent_slices(rows),
    )
    return Words(
        release={
            **_USE,
            "title": "Clinical 0.3.0, gradient-boosted trees, threshold retuned",
            "summary": "The trees of v0.2.0 with a decision threshold chosen for sensitivity on the validation split.",
            "changelog": {
                "added": ("All thirty measurements are used, as in v0.2.0, which was never in use.",),
                "changed": (
                    "Migration: send all thirty measurements of a case; the ten mean values are no longer enough.",
                    (
                        "The decision threshold is chosen on the validation split for sensitivity; the default of "
                        "v0.2.0 lost malignant cases. Scores move, so this is no patch of it."
                    ),
                ),
            },
        },
        model=_model_words("gradient-boosted trees", _TREES, 30),
        negative_findings=findings,
        limitations=_EVAL_LIMITS,
        training_notes=(
            (
                "The trees are those of v0.2.0; for this release the threshold alone was chosen again, "
                "on the validation split."
            ),
        ),
    )


WORDS: Mapping[str, Words] = {
    "clinical-v0.1.0-logreg-r1": _first_words(),
    "clinical-v0.2.0-gbt-r1": _trees_words(),
    "clinical-v0.3.0-gbt-r1": _tuned_words(),
}

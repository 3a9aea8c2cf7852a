"""The five releases of the digits family: dates, data, parameters."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from derivations import FILES as CHARTER_FILES
from derivations import write_derivations
from digits import train as digits
from digits.predict import probabilities
from release_pack import HERE, Dataset, Demo, Scored, Trained, build, compared_with, git_tree_id

from proofpress.pack.model import ModelBytes
from proofpress.pack.writer import exact

FAMILY = "digits"

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
        )
        mlp = self._train("digits-v0.2.0-mlp64-r1", "2026-07-07T09:00:00Z", _MLP, self.leaky[0])
        leaky = _dataset("Images with shifted copies", self.leaky, copies=True, by_source=False)
        self._release("digits-v0.2.0-mlp64-r1", "2026-07-07", mlp, self.leaky, leaky)
        self._release("digits-v0.2.1-mlp64-r1", "2026-07-14", mlp, self.leaky, leaky)
        clean = _dataset("Images with shifted copies, split by image", self.clean, copies=True, by_source=True)
        repaired = self._train("digits-v0.3.0-mlp64-r1", "2026-09-01T09:00:00Z", _BY_SOURCE, self.clean[0])
        before = ("digits-v0.2.1-mlp64-r1", "The same recipe, trained with shifted copies of the test images.")
        self._release(
            "digits-v0.3.0-mlp64-r1",
            "2026-09-01",
            repaired,
            self.clean,
            clean,
            against=(*before, mlp),
            repairs_leak=True,
        )
        longer = self._train("digits-v0.3.0-mlp64-r2", "2026-10-06T09:00:00Z", _LONGER, self.clean[0])
        earlier = ("digits-v0.3.0-mlp64-r1", "The first revision: another seed, fewer epochs, a weaker penalty.")
        self._release(
            "digits-v0.3.0-mlp64-r2",
            "2026-10-06",
            longer,
            self.clean,
            clean,
            against=(*earlier, repaired),
            chartered=True,
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
            size=model.parameters,
            log=tuple({"step": step, "name": "training_loss", "value": exact(loss, 4)} for step, loss in model.log),
        )

    def _release(
        self,
        release_id: str,
        day: str,
        trained: Trained,
        split: tuple[digits.Records, digits.Records],
        dataset: Dataset,
        *,
        against: tuple[str, str, Trained] | None = None,
        repairs_leak: bool = False,
        chartered: bool = False,
    ) -> None:
        train, test = split
        bounds = digits.ink_bounds(train)
        weights = trained.files[0].data
        if against is None:
            decisions = digits.nearest_centroid(train, test, bounds)
            losses = digits.majority_class(train, test, bounds)
            overrides: tuple[str, ...] = ()
        else:
            name, description, before = against
            decisions = losses = digits.score(before.files[0].data, test, bounds)
            overrides = compared_with(name, description)
        if repairs_leak:
            copied = set(self.leaky[0].sources)
            decisions = [{**row, "copy_in_training": int(row["key"] in copied)} for row in decisions]
            overrides += ("leak_of_v0_2_0=true",)
        scored = Scored(
            rows=digits.score(weights, test, bounds),
            decisions=decisions,
            losses=losses,
            loss="log_loss",
            overrides=overrides,
        )
        model = json.loads(weights)
        images = [row.tolist() for row in test.pixels[:256]]
        charter = partial(
            write_derivations,
            release_id=release_id,
            day=day,
            commit=git_tree_id(CHARTER_FILES),
            top_probabilities=[exact(max(probabilities(model, row.tolist())), 4) for row in test.pixels],
        )
        pack_id = build(
            self.out,
            family=FAMILY,
            release_id=release_id,
            day=day,
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
            derivations=charter if chartered else None,
        )
        self.packs.append((release_id, pack_id))


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

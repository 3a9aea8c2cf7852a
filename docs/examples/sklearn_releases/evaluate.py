"""Measure a release from its packaged per-example rows: python evaluate.py PACK

The step of the benchmark suite that packs/profiles declare. It reads the model package, the effective configuration
and the rows of model and baselines, all from the pack, and writes model/metrics/test.json; nothing is scored here.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import words_clinical
import words_digits
from measurement import METRICS, paired_difference, resampled, wilson
from words import Words

from proofpress.evidence.evaluation import MetricRow, MetricsFile, PerSample, SliceKey, Target
from proofpress.evidence.model import ModelPackage
from proofpress.evidence.pack import EFFECTIVE_CONFIG
from proofpress.evidence.values import Number
from proofpress.pack.eval_config import read_config
from proofpress.pack.evaluation import Examples, measure, read_examples
from proofpress.pack.writer import document_in, exact, write_document

LABEL = "sklearn_releases.evaluate"
METRICS_PATH = "model/metrics/test.json"
ROLES = ("decisions", "losses")
WORDS: Mapping[str, Words] = {**words_digits.WORDS, **words_clinical.WORDS}


def baseline_rows(role: str) -> str:
    """Name of the per-example file that holds a baseline's decisions or losses."""
    return f"baseline_{role}"


def measured(config: Mapping[str, Any], examples: Examples, baselines: Mapping[str, Examples]) -> list[MetricRow]:
    """All rows that a configuration asks for."""
    compared = {name: (config["baselines"][role]["name"], baselines[role]) for name, role in config["metrics"].items()}
    rows = [
        measure(
            METRICS[name],
            examples,
            baseline=compared[name],
            interval=resampled,
            target=Target.model_validate(config["targets"][name]) if name in config["targets"] else None,
        )
        for name in config["metrics"]
    ]
    if config.get("leak_of_v0_2_0"):
        rows += leak(examples, baselines["decisions"])
    rows += [
        measure(
            METRICS[name],
            examples,
            part=SliceKey(dimension=dimension, value=value),
            baseline=compared[name],
            interval=wilson,
        )
        for name in config["sliced"]
        for dimension, described in config["slices"].items()
        for value in described["values"]
    ]
    return rows


def leak(examples: Examples, leaky: Examples) -> list[MetricRow]:
    """What the leak of digits v0.2.0 was worth: same recipe, same test images, copies of them in training or not.

    The leaky model is the baseline, and its rows say which image had a copy in its training split.
    """
    bounds = paired_difference(leaky, examples, "correct")
    common = {"split": examples.split, "higher_is_better": False, "n": len(examples.rows)}
    common |= {"evaluated_keys_sha256": examples.keys_sha256}
    return [
        MetricRow(
            name=words_digits.LEAKED,
            value=Number(str(sum(row["copy_in_training"] for row in leaky.rows))),
            unit="images",
            notes="Test images of which at least one shifted copy was in the training split of v0.2.0.",
            per_sample=PerSample(path=str(leaky.path), field="copy_in_training"),
            **common,
        ),
        MetricRow(
            name=words_digits.INFLATION,
            value=exact(exact(leaky.mean("correct")) - exact(examples.mean("correct"))),
            unit="fraction",
            ci_low=exact(bounds.low),
            ci_high=exact(bounds.high),
            ci_level=Number(bounds.level),
            ci_method=bounds.method,
            notes="Accuracy of v0.2.0 minus accuracy of this release on the same test images.",
            **common,
        ),
    ]


def evaluate(folder: Path) -> MetricsFile:
    """Measure the release in a folder and write its metrics file."""
    model = document_in(folder, ModelPackage)
    if model is None:
        raise FileNotFoundError("the folder has no model package")
    config = read_config((folder / EFFECTIVE_CONFIG).read_bytes(), EFFECTIVE_CONFIG)
    examples = read_examples(folder, config["split"])
    baselines = {role: read_examples(folder, config["split"], name=baseline_rows(role)) for role in ROLES}
    rows = measured(config, examples, baselines)
    words = WORDS[model.release_id]
    return write_document(
        folder,
        MetricsFile,
        {
            "release_id": model.release_id,
            "model_id": model.model_id,
            "run_id": f"eval-{model.release_id}",
            "training_run_id": model.run_id,
            "commit": model.commit,
            "dataset_snapshot_id": model.dataset_snapshot_id,
            "evaluated_at": config["evaluated_at"],
            "parameters": model.parameters,
            "splits": [{"name": examples.split, "n": len(examples.rows), "keys_sha256": examples.keys_sha256}],
            "baselines": list({item["name"]: item for item in config["baselines"].values()}.values()),
            "slice_dimensions": [
                {"name": name, "description": item["description"], "partition": True}
                for name, item in config["slices"].items()
            ],
            "rows": rows,
            "negative_findings": words.negative_findings({row.key: row for row in rows}),
            "limitations": words.limitations,
        },
        generated_by=LABEL,
        path=METRICS_PATH,
    )


def main(arguments: Sequence[str]) -> int:
    """Measure one release and say how many rows it has."""
    (folder,) = map(Path, arguments)
    found = evaluate(folder)
    print(f"{found.release_id}: {len(found.rows)} rows on {found.splits[0].n} examples")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

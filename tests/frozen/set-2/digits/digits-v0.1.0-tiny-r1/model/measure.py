"""Measures accuracy from per-example rows; run in the pack's folder."""

import hashlib
import json
from pathlib import Path

model = json.loads(Path("model/model_package.json").read_text())
scores, base = (
    [json.loads(line) for line in Path(f"model/per_example/{name}.jsonl").read_text().splitlines()]
    for name in ("test", "majority")
)


def digest(rows):
    return hashlib.sha256("".join(row["key"] + "\n" for row in rows).encode()).hexdigest()


def measured(part):
    mine, theirs = ([row for row in rows if part in (None, row["slices"]["parity"])] for rows in (scores, base))
    value, reference = (round(sum(row["correct"] for row in rows) / len(rows), 6) for rows in (mine, theirs))
    place = {"field": "correct", "aggregate": "mean"}
    return {
        "name": "accuracy", "split": "test", "value": value, "unit": "fraction", "higher_is_better": True,
        **({"slice": {"dimension": "parity", "value": part}} if part else {}),
        **({} if part else {"ci_low": 0.301, "ci_high": 0.954, "ci_level": 0.95, "ci_method": "Wilson score"}),
        "n": len(mine), "baseline": "majority", "baseline_value": reference, "delta_vs_baseline": value - reference,
        "evaluated_keys_sha256": digest(mine), "baseline_evaluated_keys_sha256": digest(theirs),
        "per_sample": {"path": "model/per_example/test.jsonl", **place},
        "baseline_per_sample": {"path": "model/per_example/majority.jsonl", **place},
    }


found = {
    "schema_version": "1.0.0", "generated_by": "proofpress.pack.evaluation",
    "release_id": model["release_id"], "model_id": model["model_id"], "run_id": "eval-1",
    "training_run_id": model["run_id"], "commit": model["commit"], "dataset_snapshot_id": model["dataset_snapshot_id"],
    "evaluated_at": "2026-03-01T09:30:00Z", "parameters": {"threshold": 0.5, "depth": 2},
    "splits": [{"name": "test", "n": len(scores), "keys_sha256": digest(scores)}],
    "baselines": [{"name": "majority", "description": "Always answers even."}],
    "slice_dimensions": [{"name": "parity", "description": "By the true answer.", "partition": True}],
    "rows": [measured(part) for part in (None, "even", "odd")],
    "negative_findings": ["The number t23 is told wrongly."], "limitations": ["Four numbers were tried."],
}
Path("model/metrics").mkdir(exist_ok=True)
Path("model/metrics/parity.json").write_text(json.dumps(found, indent=2) + "\n")
print("measured")

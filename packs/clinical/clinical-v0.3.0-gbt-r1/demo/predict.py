"""Score tumour measurements with packaged weights; needs nothing but Python's standard library.

usage: python predict.py WEIGHTS.json DECISION.json INPUTS.jsonl OUTPUT.jsonl
"""

import json
import math
import sys
from collections.abc import Sequence
from operator import mul
from pathlib import Path
from typing import Any


def probability(model: dict[str, Any], measurements: Sequence[float]) -> float:
    """Probability that a tumour is malignant, from its measurements in the order of `model["columns"]`."""
    if model["kind"] == "logistic":
        values = [
            (value - mean) / scale
            for value, mean, scale in zip(measurements, model["mean"], model["scale"], strict=True)
        ]
        score = math.fsum(map(mul, model["weights"], values)) + model["bias"]
    else:
        score = model["initial"] + math.fsum(_leaf(tree, measurements) for tree in model["trees"])
    return 1 / (1 + math.exp(-score))


def _leaf(tree: Sequence[Sequence[float]], measurements: Sequence[float]) -> float:
    """Walk one tree: a node is [column, threshold, left, right], a leaf is [value]."""
    node = tree[0]
    while len(node) > 1:
        column, threshold, left, right = node
        node = tree[int(left if measurements[int(column)] <= threshold else right)]
    return node[0]


def main(argv: Sequence[str]) -> int:
    """Score every input row and say what was decided."""
    weights, decision, inputs, output = (Path(word) for word in argv)
    model = json.loads(weights.read_text(encoding="utf-8"))
    threshold = json.loads(decision.read_text(encoding="utf-8"))["threshold"]
    lines = []
    for line in inputs.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        score = probability(model, [row["measurements"][name] for name in model["columns"]])
        decided = "malignant" if score >= threshold else "benign"
        lines.append(json.dumps({"key": row["key"], "prediction": decided, "probability": round(score, 6)}) + "\n")
        print(f"{row['key']}  {decided:9}  probability {score:.6f}  label {row['label']}")
    output.write_text("".join(lines), encoding="utf-8")
    print(f"{len(lines)} cases scored at threshold {threshold}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

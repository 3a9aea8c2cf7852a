"""Score handwritten digits with packaged weights; needs nothing but Python's standard library.

usage: python predict.py WEIGHTS.json INPUTS.jsonl OUTPUT.jsonl
"""

import json
import math
import sys
from collections.abc import Sequence
from operator import mul
from pathlib import Path
from typing import Any


def probabilities(model: dict[str, Any], pixels: Sequence[float]) -> list[float]:
    """Probability of each digit for one image of 64 pixels between 0 and 16."""
    values = [pixel / model["pixel_scale"] for pixel in pixels]
    for layer in model["layers"]:
        values = [
            math.fsum(map(mul, row, values)) + bias for row, bias in zip(layer["weights"], layer["bias"], strict=True)
        ]
        if layer["activation"] == "relu":
            values = [max(value, 0.0) for value in values]
    top = max(values)
    powers = [math.exp(value - top) for value in values]
    total = math.fsum(powers)
    return [power / total for power in powers]


def main(argv: Sequence[str]) -> int:
    """Score every input row and say what was predicted."""
    weights, inputs, output = (Path(word) for word in argv)
    model = json.loads(weights.read_text(encoding="utf-8"))
    lines = []
    for line in inputs.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        scores = probabilities(model, row["pixels"])
        best = max(range(len(scores)), key=scores.__getitem__)
        found = {
            "key": row["key"],
            "prediction": model["classes"][best],
            "probability": round(scores[best], 6),
        }
        lines.append(json.dumps(found) + "\n")
        print(f"{row['key']}  digit {found['prediction']}  probability {scores[best]:.6f}  label {row['label']}")
    output.write_text("".join(lines), encoding="utf-8")
    print(f"{len(lines)} images scored")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

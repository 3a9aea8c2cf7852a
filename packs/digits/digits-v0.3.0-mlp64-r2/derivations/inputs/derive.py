"""Derives one value of the charter from packaged files; needs nothing but Python's standard library.

usage: python derive.py threshold PROBABILITIES.json SHARE OUTPUT.json
       python derive.py budget TIMES.json SHARE OUTPUT.json
       python derive.py slice ACCURACY HALF_WIDTH OUTPUT.json
"""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path

Z = 1.959963984540054
"""The 97.5 per cent quantile of the normal distribution."""


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed (nearest rank)."""
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


def half_width(accuracy: float, n: int) -> float:
    """The farther of the two ends of a Wilson interval at 95 per cent, from the accuracy."""
    middle = (accuracy + Z * Z / (2 * n)) / (1 + Z * Z / n)
    spread = Z / (1 + Z * Z / n) * math.sqrt(accuracy * (1 - accuracy) / n + Z * Z / (4 * n * n))
    return max(middle + spread - accuracy, accuracy - (middle - spread))


def smallest(accuracy: float, most: float) -> int:
    """The fewest images whose interval is no wider than `most` to either side."""
    n = 1
    while half_width(accuracy, n) > most:
        n += 1
    return n


def main(argv: Sequence[str]) -> int:
    """Derive what is asked for and write it."""
    what, *words, output = argv
    value: float
    if what == "slice":
        value = smallest(float(words[0]), float(words[1]))
    else:
        measured = json.loads(Path(words[0]).read_text(encoding="utf-8"))
        value = quantile(measured["values"], float(words[1]))
    target = Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({"what": what, "value": value}) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

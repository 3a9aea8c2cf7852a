"""The reviewed table of metrics: direction, unit and range of those that are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from proofpress.evidence.values import Number
from proofpress.ingest.strict import parse_yaml

UNKNOWN = "unknown"
"""The unit of a metric that the table does not know and whose source states none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMetric:
    """What is known of a metric, wherever it was measured; None is not known or not bounded."""

    higher_is_better: bool | None
    unit: str
    low: Number | None = None
    high: Number | None = None

    @property
    def is_share(self) -> bool:
        """Whether values are parts of one, which some tools write in percent."""
        return self.unit == "fraction" and self.high == 1


@cache
def _table() -> Sequence[Mapping[str, Any]]:
    data = (files("proofpress.exchange") / "known_metrics.yaml").read_bytes()
    found: Sequence[Mapping[str, Any]] = parse_yaml(data)["metrics"]
    return found


@lru_cache(maxsize=4096)
def known_metric(name: str) -> KnownMetric | None:
    """The table's line for a metric's name, in any case, with blanks or hyphens for underscores, or None."""
    plain = name.strip().lower().replace(" ", "_").replace("-", "_")
    for line in _table():
        if any(fnmatchcase(plain, pattern) for pattern in line["names"]):
            return KnownMetric(
                higher_is_better=line["higher_is_better"],
                unit=line["unit"],
                low=line.get("low"),
                high=line.get("high"),
            )
    return None

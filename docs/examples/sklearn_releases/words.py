"""What people write about a release. No number of an evaluation stands in it: texts quote the measured rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proofpress.evidence.evaluation import MetricRow

Rows = Mapping[str, MetricRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Texts of one release. Those that are made from rows get them by key, e.g. `accuracy@test`.

    `rescope` is what those who answer for a release decided about targets that it misses, keyed by the missed row, with
    the target that replaces each (`replacement`).
    """

    release: Mapping[str, Any]
    model: Mapping[str, Any]
    negative_findings: Callable[[Rows], Sequence[str]]
    limitations: Sequence[str]
    training_notes: Sequence[str] = ()
    rescope: Mapping[str, Callable[[MetricRow], Mapping[str, Any]]] | None = None

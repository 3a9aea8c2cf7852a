"""Measured costs: latency quantiles, throughput and peak memory of a callable."""

import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.base import Absence
from proofpress.evidence.model import EfficiencyReport, EfficiencyRow
from proofpress.evidence.values import path_trouble
from proofpress.pack.writer import PackError, exact, produced, write_document

_LABEL: Final = "proofpress.pack.efficiency"


def measure_latency(
    call: Callable[[], object], *, batch_size: int, repeats: int, warm_up: int = 3
) -> tuple[EfficiencyRow, ...]:
    """Time a call that scores `batch_size` records: p50 and p95 in milliseconds, throughput at the median.

    Quantiles are nearest-rank over `repeats` timed calls after `warm_up` untimed ones.
    """
    if repeats < 1:
        raise PackError("at least one timed call is needed")
    for _ in range(warm_up):
        call()
    seconds: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    seconds.sort()
    median, p95 = (seconds[ceil(quantile * repeats) - 1] for quantile in (0.5, 0.95))
    return tuple(
        EfficiencyRow(
            name=name,
            value=exact(value, digits),
            unit=unit,
            batch_size=batch_size,
            repeats=repeats,
            warm_up=warm_up,
        )
        for name, value, unit, digits in (
            ("latency_p50", median * 1000, "ms", 4),
            ("latency_p95", p95 * 1000, "ms", 4),
            ("throughput", batch_size / median, "records/s", 0),
        )
    )


def measure_peak_memory(call: Callable[[], object], *, batch_size: int) -> EfficiencyRow:
    """Peak of the memory that Python's allocators hand out during one call, in KiB (tracemalloc)."""
    tracemalloc.start()
    try:
        call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return EfficiencyRow(
        name="peak_memory",
        value=exact(peak / 1024, 1),
        unit="KiB",
        batch_size=batch_size,
        repeats=1,
        notes="Peak traced by tracemalloc in one call; the interpreter and native allocations are not in it.",
    )


def not_measured(name: str, unit: str, absent: Absence) -> EfficiencyRow:
    """A cost without a value, and why."""
    return EfficiencyRow(name=name, value=None, absent=absent, unit=unit)


def write_efficiency(
    folder: Path,
    *,
    release_id: str,
    model_id: str,
    run_id: str,
    measured_at: str,
    environment: Mapping[str, Any],
    rows: Sequence[EfficiencyRow | Mapping[str, Any]],
    claim_boundary: Sequence[str],
    command: Sequence[str] = (),
    inputs: Sequence[str] = (),
    limitations: Sequence[str] = (),
) -> EfficiencyReport:
    """Write `model/efficiency_report.json`. `inputs` are paths of files in the pack that `command` read.

    Raises `PackError` on what makes no report; then an earlier one stays as it is.
    """
    if not isinstance(inputs, list | tuple) or not all(isinstance(path, str) for path in inputs):
        raise PackError("the inputs of a measurement are a list of paths", hint="name files by their pack path")
    for path in inputs:
        if path_trouble(path) or not (folder / path).is_file():
            raise PackError(f"the input {path} is not a file of this folder", hint="name files by their pack path")
    return write_document(
        folder,
        EfficiencyReport,
        {
            "release_id": release_id,
            "model_id": model_id,
            "run_id": run_id,
            "measured_at": measured_at,
            "environment": environment,
            **({"command": command} if command else {}),
            **({"inputs": [produced(folder, path) for path in sorted(inputs)]} if inputs else {}),
            "rows": rows,
            **({"limitations": limitations} if limitations else {}),
            "claim_boundary": claim_boundary,
        },
        generated_by=_LABEL,
    )

"""What a pack holds of its run in YAML: the promoted parameters, and DVC's lock of the pipeline."""

from collections.abc import Mapping
from typing import Any

from proofpress.evidence.dvc import LOCK, PipelineLock
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import PARAMS
from proofpress.evidence.values import JsonObject
from proofpress.ingest.dvc import lock_of
from proofpress.ingest.strict import StrictError


def read_recorded(values: Mapping[str, Any]) -> tuple[JsonObject | None, PipelineLock | None, tuple[Finding, ...]]:
    """Promoted parameters and lock among the parsed files (None when absent or refused), and findings."""
    findings: list[Finding] = []
    parameters = values.get(PARAMS)
    if parameters is not None and not isinstance(parameters, dict):
        findings.append(
            Finding(
                rule="SCH001",
                file=PARAMS,
                message="parameters are not a mapping",
                expected="a mapping of names and values",
                found=f"a {type(parameters).__name__}",
                hint="write the file with proofpress.pack.training.write_params",
            )
        )
        parameters = None
    lock = None
    if LOCK in values:
        try:
            lock = lock_of(values[LOCK])
        except StrictError as exc:
            findings.append(
                Finding(
                    rule=exc.rule,
                    file=LOCK,
                    pointer=exc.pointer,
                    message=str(exc),
                    expected="the dvc.lock of the run, as DVC writes it",
                    found=exc.found or "nothing",
                    hint="copy dvc.lock from the project in which the run was recorded",
                )
            )
    return parameters, lock, tuple(findings)

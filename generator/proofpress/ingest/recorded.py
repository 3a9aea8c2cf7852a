"""What a pack holds of its run in YAML: promoted parameters, evaluation configuration, and DVC's lock."""

from collections.abc import Mapping
from typing import Any

from proofpress.evidence.dvc import LOCK
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import EFFECTIVE_CONFIG, PARAMS
from proofpress.ingest.dvc import lock_of
from proofpress.ingest.schema import read_mapping
from proofpress.ingest.strict import StrictError


def read_recorded(values: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """What the parsed files say, by the field of `Evidence` (None when absent or refused), and findings."""
    recorded: dict[str, Any] = {"pipeline_lock": None}
    findings: list[Finding] = []
    for name, path in (("promoted_parameters", PARAMS), ("effective_config", EFFECTIVE_CONFIG)):
        recorded[name], trouble = read_mapping(path, values.get(path))
        findings.extend(trouble)
    if LOCK in values:
        try:
            recorded["pipeline_lock"] = lock_of(values[LOCK])
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
    return recorded, tuple(findings)

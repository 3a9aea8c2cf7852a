"""What a pack's own documents say of its making: the one source of `assurance/traceability.json`."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from proofpress.evidence.base import Document
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import KINDS

_PATHS: Final = {kind.name: kind.path for kind in KINDS}
_LINKS: Final = (
    ("training", "release_id", "release", "release_id"),
    ("training", "dataset_snapshot_id", "dataset", "dataset_snapshot_id"),
    ("model", "run_id", "training", "run_id"),
    ("model", "commit", "training", "commit"),
    ("evaluation", "model_id", "model", "model_id"),
    ("evaluation", "training_run_id", "training", "run_id"),
    ("evaluation", "dataset_snapshot_id", "dataset", "dataset_snapshot_id"),
    ("efficiency", "model_id", "model", "model_id"),
    ("efficiency", "run_id", "evaluation", "run_id"),
    ("demo", "model_id", "model", "model_id"),
)
"""Pairs of fields that name the same thing: of the document that was made later, then of the one it speaks of."""
NEEDED: Final = ("release", "model", "evaluation", "training")
"""Documents without which a release can't be traced; the promoted parameters are needed too."""
TRACED: Final = tuple(dict.fromkeys(name for link in _LINKS for name in (link[0], link[2])))
"""Documents that the trace reads where they are there."""


def trace_of(documents: Mapping[str, Any], parameters_sha256: str) -> dict[str, Any]:
    """The fields of the traceability document, from documents by their name; all of `NEEDED` must be there.

    A link stands only where both documents are there and agree.
    """
    model, evaluation, run = (documents[name] for name in ("model", "evaluation", "training"))
    return {
        "release_id": documents["release"].release_id,
        "model_id": model.model_id,
        "commit": run.commit,
        "dataset_snapshot_id": run.dataset_snapshot_id,
        "training_run_id": run.run_id,
        "evaluation_run_id": evaluation.run_id,
        "command": run.command,
        "config_sha256": parameters_sha256,
        "environment_sha256": hashlib.sha256(dump_json(run.environment, indent=None).encode()).hexdigest(),
        "links": tuple(_links(documents)),
    }


def _links(documents: Mapping[str, Document]) -> list[dict[str, str]]:
    found = []
    for source, source_field, target, target_field in _LINKS:
        if source not in documents or target not in documents:
            continue
        value, named = getattr(documents[source], source_field), getattr(documents[target], target_field)
        if value == named:
            found.append(
                {
                    "source": _PATHS[source],
                    "source_field": source_field,
                    "target": _PATHS[target],
                    "target_field": target_field,
                    "value": value,
                }
            )
    return found

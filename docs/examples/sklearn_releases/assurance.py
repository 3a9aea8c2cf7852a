"""What can go wrong with the example models, what is watched, what holds: one text a family, counts of each release."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from proofpress.evidence.values import Number
from proofpress.pack.assurance import (
    write_failure_modes,
    write_guardrails,
    write_monitoring_plan,
    write_risks,
    write_traceability,
)

_RESULTS = "model/per_example/test.jsonl"
_NEVER_RUN = {
    "code": "NOT_APPLICABLE",
    "reason": "the example is never deployed; the rule is what a deployment would have to keep",
}
_RISKS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "clinical": [
        {
            "id": "missed-malignant-cases",
            "title": "A malignant case is called benign",
            "description": "Whoever trusts the answer looks no further, and the tumour grows.",
            "severity": "critical",
            "likelihood": "likely",
            "affected_groups": ["Patients with malignant tumours"],
            "mitigations": [
                {"description": "Use on patients is out of scope, and the card says so.", "status": "in_place"},
                {"description": "Sensitivity is a headline metric of every release.", "status": "in_place"},
            ],
            "signals": ["confirmed-misses"],
            "owner": "model owner",
        },
        {
            "id": "other-instruments",
            "title": "Measurements of another instrument",
            "description": "Another stain or segmentation program shifts every measurement.",
            "severity": "high",
            "likelihood": "possible",
            "status": "accepted",
            "affected_groups": ["Patients measured elsewhere"],
            "accepted_reason": "The data set holds one instrument only, so nothing can be said of others.",
            "owner": "product owner",
        },
    ],
    "digits": [
        {
            "id": "misread-eights",
            "title": "An eight is read as another digit",
            "description": "Closed loops are lost at eight by eight pixels, and the number changes its value.",
            "severity": "medium",
            "likelihood": "likely",
            "affected_groups": ["People who write open eights"],
            "mitigations": [
                {"description": "Reading digits on which a decision depends is out of scope.", "status": "in_place"}
            ],
            "signals": ["corrected-digits"],
            "owner": "model owner",
        },
    ],
}
_SIGNALS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "clinical": [
        {
            "id": "confirmed-misses",
            "title": "Malignant cases that were called benign",
            "metric": "share of malignant findings that were called benign",
            "source": "histology, after the fact",
            "threshold": {"op": ">", "value": Number("0.05"), "unit": "fraction"},
            "window": {"size": 100, "unit": "examples"},
            "action": "Stop scoring, and choose the threshold again on fresh cases.",
            "owner": "operations",
            "risks": ["missed-malignant-cases"],
        }
    ],
    "digits": [
        {
            "id": "corrected-digits",
            "title": "Digits that people corrected",
            "metric": "share of digits that people corrected",
            "source": "corrections of those who use the reader",
            "threshold": {"op": ">", "value": Number("0.04"), "unit": "fraction"},
            "window": {"size": 7, "unit": "days"},
            "action": "Look at the corrected images, and evaluate on them before the next release.",
            "owner": "operations",
            "risks": ["misread-eights"],
        }
    ],
}
_GUARDRAILS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "clinical": [
        {
            "id": "whole-cases-only",
            "kind": "input",
            "description": "A case without all measurements is not scored",
            "policy": "Every measurement that the model reads must be there. A case that lacks one is refused, not "
            "filled in.",
            "enforced_in": "the packaged scorer, which looks measurements up by name",
            "owner": "operations",
            "absent": {
                "code": "NOT_MEASURED",
                "reason": "the demo scores whole cases; no case that lacks a measurement was tried",
            },
        },
        {
            "id": "second-reader",
            "kind": "process",
            "description": "No answer stands alone",
            "policy": "Every answer is read by a person who sees the probability too.",
            "enforced_in": "the clinic's procedure",
            "owner": "clinical lead",
            "absent": _NEVER_RUN,
        },
    ],
    "digits": [
        {
            "id": "centred-images-only",
            "kind": "input",
            "description": "Only single, centred digits are read",
            "policy": "Images are scaled to eight by eight pixels around one digit; anything else is refused.",
            "enforced_in": "the program that calls the reader",
            "owner": "operations",
            "absent": _NEVER_RUN,
        }
    ],
}
_FAILURES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "clinical": [
        {
            "id": "malignant-called-benign",
            "title": "Malignant cases called benign",
            "description": "The probability of malignancy lies below the threshold.",
            "first_seen": "clinical-v0.1.0-logreg-r1",
            "selection": {
                "path": _RESULTS,
                "where": [
                    {"field": "label", "op": "==", "value": "malignant"},
                    {"field": "correct", "op": "==", "value": 0},
                ],
            },
            "risks": ["missed-malignant-cases"],
        }
    ],
    "digits": [
        {
            "id": "eights-misread",
            "title": "Eights read as other digits",
            "description": "The loops of the eight are open or filled.",
            "first_seen": "digits-v0.1.0-logreg-r1",
            "selection": {
                "path": _RESULTS,
                "slice": {"dimension": "digit", "value": "8"},
                "where": [{"field": "correct", "op": "==", "value": 0}],
            },
            "risks": ["misread-eights"],
        }
    ],
}


def write_assurance(folder: Path, family: str, release_id: str) -> None:
    """Write a release's assurance evidence; its other documents must be there."""
    write_risks(folder, _RISKS[family])
    write_monitoring_plan(folder, _SIGNALS[family])
    write_guardrails(folder, _GUARDRAILS[family])
    write_failure_modes(folder, _FAILURES[family], release_id=release_id)
    write_traceability(folder)

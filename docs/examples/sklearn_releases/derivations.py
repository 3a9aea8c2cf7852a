"""The charter of the newest digits release: values really derived from packaged files, and one honest refusal."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from example_keys import example_key

from proofpress.evidence.derivation import CHARTER, Infeasible, RiskNote
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.values import Number
from proofpress.pack.derivation import sign_record, write_charter, write_derivation, write_record, write_seal
from proofpress.pack.writer import write_bytes

FILES = Path(__file__).resolve().parent / "charter"
INPUTS = "derivations/inputs"
PLAN = "derivations/plan.txt"
SHARE = "0.05"
_BOUNDARY = "Derived from the files of this example; it says nothing of images or machines of other origin."

VALUES: tuple[Mapping[str, Any], ...] = (
    {
        "id": "abstention-threshold",
        "title": "Top probability below which the reader abstains",
        "units": "probability",
        "tolerance": {"kind": "absolute", "value": Number("0.0005")},
        "command": ["threshold", f"{INPUTS}/top_probabilities.json", SHARE],
        "parameters": {"share": Number(SHARE)},
        "rationale": "People can look at five of a hundred images; a quantile of unlabelled answers keeps to that.",
        "reads": ("top_probabilities.json",),
        "judged": {"cost_tier": "n/a", "lockability": "lockable"},
    },
    {
        "id": "answer-budget",
        "title": "Time within which 95 of 100 answers are given",
        "units": "microseconds",
        "cost": "answer time",
        "tolerance": {"kind": "absolute", "value": Number("0")},
        "command": ["budget", f"{INPUTS}/answer_times.json", "0.95"],
        "parameters": {"share": Number("0.95")},
        "rationale": "A quantile of the recorded times, which tells more of slow answers than their mean.",
        "reads": ("answer_times.json",),
        "judged": {
            "cost_tier": "C",
            "lockability": "non-lockable",
            "lockability_reason": "The times were taken once, on one shared machine.",
        },
    },
    {
        "id": "least-slice-n",
        "title": "Fewest images of a slice whose accuracy is reported",
        "units": "images",
        "tolerance": {"kind": "absolute", "value": Number("0")},
        "command": ["slice", "0.95", "0.1"],
        "parameters": {"accuracy": Number("0.95"), "half_width": Number("0.1")},
        "rationale": "With fewer images the interval would be wider than the differences that are looked for.",
        "reads": (),
        "judged": {"cost_tier": "n/a", "lockability": "lockable"},
    },
    {
        "id": "wrong-digit-cost",
        "title": "What a digit that was read wrongly costs",
        "units": "EUR",
        "cost": "correction of wrong digits",
        "tolerance": {"kind": "relative", "value": Number("0.1")},
    },
)


def write_derivations(
    folder: Path, *, release_id: str, day: str, commit: str, top_probabilities: Sequence[float]
) -> None:
    """Seal, derive and sign every value of the charter, in the order in which people would."""
    answers = {"what": "Top probability of each image of the test split, by key.", "values": top_probabilities}
    plan = (FILES / "plan.txt").read_bytes()
    write_bytes(folder, PLAN, plan)
    write_bytes(folder, f"{INPUTS}/top_probabilities.json", dump_json(answers).encode())
    for name in ("answer_times.json", "derive.py"):
        write_bytes(folder, f"{INPUTS}/{name}", (FILES / name).read_bytes())
    head = {
        "plan": {"revision": "1", "sha256": hashlib.sha256(plan).hexdigest(), "path": PLAN},
        "commit": commit,
        "claim_boundary": [_BOUNDARY],
    }

    def sign(name: str, *roles: str) -> None:
        for role in roles:
            sign_record(folder, name, example_key(role))

    targets = [
        {"id": "accuracy", "metric": "accuracy", "op": ">=", "value": Number("0.93"), "unit": "fraction"},
    ]
    for number, value in enumerate(item for item in VALUES if "command" in item):
        _derive(folder, value, head, minutes=f"{day}T13:{number}", sign=sign)
    refusal = {
        "id": "cost-data",
        "author": "example-deriver",
        "reviewer": "example-reviewer",
        "value_name": "wrong-digit-cost",
        "reason": "cost-data",
        "cost_tier": "D",
        "trigger": "No record of the example says what became of a digit that was read wrongly.",
        "failed_derivation": "Hours of correction times the wage, divided by the number of wrong digits.",
        "evidence_attempted": ["The documents of this pack and of its predecessors"],
        "allowed_next_action": "Let the operator keep the hours of correction for a month, and derive the cost then.",
        "blocked_downstream": ["A price of the reader", "A threshold that weighs errors against abstentions"],
        "required_remediation_artifact": "A log of corrections with the time that each took",
        "targets": targets,
    }
    write_record(folder, Infeasible, {**head, **refusal}, at=f"{day}T14:00:00Z")
    sign("cost-data", "deriver", "reviewer")
    note = {
        "id": "answer-budget-note",
        "author": "example-risk-owner",
        "value_name": "answer-budget",
        "record": "answer-budget-1",
        "carries": "non-lockable",
        "text": "The budget is carried to plan the next timing, on the machine that will answer. It promises nothing.",
    }
    write_record(folder, RiskNote, {**head, **note}, at=f"{day}T14:05:00Z")
    sign("answer-budget-note", "risk owner")
    declared = ("id", "title", "units", "cost", "tolerance")
    charter = {
        **head,
        "author": "example-deriver",
        "attestation": {
            "no_forbidden_run": True,
            "statement": "Nothing was trained, launched, predicted, selected or pulled to derive these values.",
        },
        "values": [{name: item[name] for name in declared if name in item} for item in VALUES],
        "targets": targets,
        "threats": [
            "All images come from one collection of forms, scanned in one way.",
            "The machine that was timed is not the machine that will answer.",
        ],
    }
    write_charter(folder, charter, release_id=release_id, at=f"{day}T14:30:00Z")
    sign(CHARTER, "deriver")


def _derive(folder: Path, value: Mapping[str, Any], head: Mapping[str, Any], *, minutes: str, sign: Any) -> None:
    id_ = f"{value['id']}-1"
    result = f"derivations/results/{id_}.json"
    seal = {
        **head,
        "id": f"{id_}-seal",
        "author": "example-deriver",
        "value_name": value["id"],
        "rationale": value["rationale"],
        "tolerance": value["tolerance"],
        "parameters": value["parameters"],
        "command": ["python", f"{INPUTS}/derive.py", *value["command"], result],
        "inputs": [{"path": f"{INPUTS}/{name}", "version": "1"} for name in ("derive.py", *value["reads"])],
        "exploratory": {"influenced": False},
    }
    write_seal(folder, seal, at=f"{minutes}0:00Z")
    sign(f"{id_}-seal", "deriver")
    told = {
        "id": id_,
        "seal": f"{id_}-seal",
        "author": "example-deriver",
        "reviewer": "example-reviewer",
        "units": value["units"],
        "artifact": result,
        "pointer": "/value",
        "code_version": "derive.py of plan revision 1",
        "claim_boundary": head["claim_boundary"],
        **value["judged"],
    }
    write_derivation(folder, told, at=f"{minutes}8:00Z", outcomes_at=f"{minutes}4:00Z")
    sign(id_, "deriver", "reviewer")

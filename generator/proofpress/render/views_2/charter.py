"""The charter of set 2: each required value, what was recorded of it, and what blocks it."""

from typing import Any

from proofpress.evidence.derivation import (
    CHARTER,
    CharterValue,
    Derivation,
    Infeasible,
    Record,
    RiskNote,
    Rollback,
    Seal,
    Stop,
    Tolerance,
    place_of,
)
from proofpress.evidence.ledger import Ledger
from proofpress.render import views_1
from proofpress.render.printed import Row, mapping, records, src, texts
from proofpress.render.sourced import Sourced

_KINDS: dict[type[Record], str] = {
    Derivation: "derivation",
    Infeasible: "INFEASIBLE",
    Stop: "STOP",
    Rollback: "rollback",
    RiskNote: "risk owner's note",
    Seal: "seal",
}
_STATES = {
    "unlocked": "not locked",
    "locked": "locked",
    "exploratory": "exploratory, never to be locked",
}


def charter(views: views_1.Views) -> Row:
    """The values that the release needs, and how far each may be relied on."""
    ledger = Ledger.of(views.evidence)
    told = ledger.charter
    if told is None:
        raise ValueError("no charter")
    fields = ("author", "timestamp", "commit", "locker", "locked_at", "launcher")
    return {
        "release": views.release,
        **{name: src(CHARTER, f"/{name}", getattr(told, name) or "nobody") for name in fields},
        "state": Sourced(_STATES[told.state], f"{CHARTER}#/state"),
        "blocked": bool(ledger.blocked),
        "lockable": [Sourced(name, CHARTER) for name in ledger.lockable],
        "plan": src(CHARTER, "/plan/revision", told.plan.revision),
        "plan_sha256": src(CHARTER, "/plan/sha256", told.plan.sha256),
        "attested": told.attestation.no_forbidden_run,
        "attestation": src(CHARTER, "/attestation/statement", told.attestation.statement),
        "values": [_value(index, value, ledger) for index, value in enumerate(told.values)],
        "targets": records(CHARTER, "/targets", told.targets, ("id", "metric", "op", "value", "unit")),
        "stops": [_stop(record, ledger) for record in ledger.of_kind(Stop)],
        "rollbacks": [_rollback(record) for record in ledger.of_kind(Rollback)],
        "threats": texts(CHARTER, "/threats", told.threats),
        "claim_boundary": texts(CHARTER, "/claim_boundary", told.claim_boundary),
    }


def _tolerance(file: str, pointer: str, told: Tolerance) -> Sourced:
    return Sourced(f"{told.value}, {told.kind}", f"{file}#{pointer}")


def _value(index: int, value: CharterValue, ledger: Ledger) -> Row:
    at = f"/values/{index}"
    record = ledger.by_id.get(value.record or "")
    shown = value.value if value.value is not None else value.status
    return {
        **{name: src(CHARTER, f"{at}/{name}", getattr(value, name)) for name in ("id", "title", "units", "cost_tier")},
        "lockability": src(CHARTER, f"{at}/lockability", value.lockability),
        "cost": src(CHARTER, f"{at}/cost", value.cost or "none"),
        "shown": src(CHARTER, f"{at}/value" if value.value is not None else f"{at}/status", shown),
        "measured": value.value is not None,
        "record": src(CHARTER, f"{at}/record", value.record or "none"),
        "tolerance": _tolerance(CHARTER, f"{at}/tolerance", value.tolerance),
        "depends_on": texts(CHARTER, f"{at}/depends_on", value.depends_on),
        "must_differ": texts(CHARTER, f"{at}/must_differ", value.must_differ),
        "blocked": [Sourced(reason, CHARTER) for reason in ledger.blocked.get(value.id, ())],
        "derivation": _derivation(record) if isinstance(record, Derivation) else None,
        "infeasible": _infeasible(record) if isinstance(record, Infeasible) else None,
        "history": [_entry(item, ledger) for item in ledger.history(value.id)],
    }


def _derivation(record: Derivation) -> Row:
    file = place_of(record)
    names = ("id", "rationale", "code_version", "commit", "author", "reviewer", "timestamp", "outcomes_seen_at")
    return {
        **{name: src(file, f"/{name}", getattr(record, name)) for name in names},
        "why_not": src(file, "/lockability_reason", record.lockability_reason or ""),
        "command": Sourced(" ".join(record.command), f"{file}#/command"),
        "tolerance": _tolerance(file, "/tolerance", record.tolerance),
        "sealed_at": src(file, "/seal/sealed_at", record.seal.sealed_at),
        "seal_sha256": src(file, "/seal/sha256", record.seal.sha256),
        "plan": src(file, "/plan/revision", record.plan.revision),
        "parameters": mapping(file, "/parameters", record.parameters),
        "files": [
            {**row, "what": what}
            for what, rows in (
                ("read", records(file, "/inputs", record.inputs, ("path", "sha256"))),
                ("written", records(file, "/outputs", record.outputs, ("path", "sha256"))),
            )
            for row in rows
        ],
        "mlflow_run_id": src(file, "/mlflow_run_id", record.mlflow_run_id or ""),
        "notes": texts(file, "/notes", record.notes),
        "claim_boundary": texts(file, "/claim_boundary", record.claim_boundary),
    }


def _infeasible(record: Infeasible) -> Row:
    file = place_of(record)
    names = (
        *("id", "reason", "trigger", "failed_derivation", "allowed_next_action", "required_remediation_artifact"),
        *("author", "reviewer", "timestamp"),
    )
    return {
        **{name: src(file, f"/{name}", getattr(record, name)) for name in names},
        "attempted": texts(file, "/evidence_attempted", record.evidence_attempted),
        "blocks": texts(file, "/blocked_downstream", record.blocked_downstream),
        "claim_boundary": texts(file, "/claim_boundary", record.claim_boundary),
    }


def _entry(record: Record, ledger: Ledger) -> Row:
    file = place_of(record)
    what: Any = getattr(record, "value", None)
    if what is None:
        words = ("reason", "text", "requirement", "rationale")
        what = next((getattr(record, name) for name in words if getattr(record, name, None) is not None), "")
    return {
        "id": src(file, "/id", record.id),
        "kind": Sourced(_KINDS[type(record)], file),
        "timestamp": src(file, "/timestamp", record.timestamp),
        "author": src(file, "/author", record.author),
        "says": src(file, "", what),
        "standing": Sourced(ledger.invalid.get(record.id, "holds"), file),
    }


def _stop(record: Stop, ledger: Ledger) -> Row:
    file = place_of(record)
    decision = record.decision
    ruling = f"{decision.by}, {decision.at}: {decision.ruling}" if decision else "open"
    return {
        **{name: src(file, f"/{name}", getattr(record, name)) for name in ("id", "step", "requirement", "timestamp")},
        "values": texts(file, "/values", record.values),
        "ran": Sourced("already ran" if record.already_ran else "did not run", f"{file}#/already_ran"),
        "ruling": Sourced(ledger.invalid.get(record.id, ruling), f"{file}#/decision"),
    }


def _rollback(record: Rollback) -> Row:
    file = place_of(record)
    return {
        **{name: src(file, f"/{name}", getattr(record, name)) for name in ("id", "reason", "author", "timestamp")},
        "values": texts(file, "/values", record.values),
        "records": texts(file, "/records", record.records),
        "notified": texts(file, "/notified", record.notified),
    }


DOCUMENTS: tuple[dict[str, Any], ...] = (
    {
        "name": "charter",
        "path": "derivations/charter.md",
        "title": "Charter",
        "needs": ("charter",),
        "prepare": views_1.Views,
        "view": charter,
    },
)

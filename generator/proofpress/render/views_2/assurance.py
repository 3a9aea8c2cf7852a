"""The assurance card of set 2: purpose, risks, failures, what is watched, what holds, and what ran."""

from typing import Any

from proofpress.evidence.assurance import FailureMode, Risk, Selection
from proofpress.evidence.pack import Evidence
from proofpress.render import views_1
from proofpress.render.printed import Row, absence, fields, records, src, texts
from proofpress.render.sourced import Sourced

_RISKS, _FAILURES = "assurance/risks.json", "assurance/failure_modes.json"
_PLAN, _GUARDRAILS, _TRACE = (
    "assurance/monitoring_plan.json",
    "assurance/guardrails.json",
    "assurance/traceability.json",
)
_WORDS = {"planned": "planned", "in_place": "in place", "verified": "verified"}


def assurance_card(views: views_1.Views) -> Row:
    """What can go wrong with the release, and what is done about it."""
    evidence = views.evidence
    risks = evidence.risks
    if risks is None:
        raise ValueError("no risks")
    return {
        "release": views.release,
        "risks": [_risk(index, risk) for index, risk in enumerate(risks.risks)],
        "failure_modes": [
            _failure(index, mode)
            for index, mode in enumerate(evidence.failure_modes.failure_modes if evidence.failure_modes else ())
        ],
        "signals": _signals(evidence),
        "guardrails": _guardrails(evidence),
        "trace": _trace(evidence),
    }


def _risk(index: int, risk: Risk) -> Row:
    at = f"/risks/{index}"
    names = ("id", "title", "description", "severity", "likelihood", "status", "owner")
    return {name: src(_RISKS, f"{at}/{name}", getattr(risk, name)) for name in names} | {
        "affected_groups": texts(_RISKS, f"{at}/affected_groups", risk.affected_groups),
        "mitigations": [
            {
                "description": src(_RISKS, f"{at}/mitigations/{place}/description", item.description),
                "status": Sourced(_WORDS[item.status], f"{_RISKS}#{at}/mitigations/{place}/status"),
            }
            for place, item in enumerate(risk.mitigations)
        ],
        "accepted_reason": src(_RISKS, f"{at}/accepted_reason", risk.accepted_reason or ""),
        "signals": texts(_RISKS, f"{at}/signals", risk.signals),
    }


def _failure(index: int, mode: FailureMode) -> Row:
    at = f"/failure_modes/{index}"
    names = ("id", "title", "description", "status", "first_seen")
    view: Row = {name: src(_FAILURES, f"{at}/{name}", getattr(mode, name)) for name in names}
    view["examples"] = texts(_FAILURES, f"{at}/examples", mode.examples)
    view["risks"] = texts(_FAILURES, f"{at}/risks", mode.risks)
    view["counted"] = mode.selection is not None and mode.count is not None and mode.n is not None
    if mode.selection is None or not view["counted"]:
        return view | {"absent": absence(_FAILURES, f"{at}/absent", mode.absent)}
    return view | {
        "count": src(_FAILURES, f"{at}/count", mode.count),
        "n": src(_FAILURES, f"{at}/n", mode.n),
        "path": src(_FAILURES, f"{at}/selection/path", mode.selection.path),
        "selection": Sourced(_conditions(mode.selection), f"{_FAILURES}#{at}/selection"),
    }


def _conditions(selection: Selection) -> str:
    """`digit = 8, correct == 0`: the slice first, then what the fields of a row must be."""
    part = selection.slice
    words = [f"{part.dimension} = {part.value}"] if part else []
    return ", ".join([*words, *(f"{item.field} {item.op} {src('', '', item.value)}" for item in selection.where)])


def _signals(evidence: Evidence) -> list[Row]:
    plan = evidence.monitoring_plan
    signals = plan.signals if plan else ()
    views = records(_PLAN, "/signals", signals, ("id", "title", "metric", "source", "action", "owner"))
    for index, (view, signal) in enumerate(zip(views, signals, strict=True)):
        at, limit, window = f"/signals/{index}", signal.threshold, signal.window
        view["threshold"] = Sourced(f"{limit.op} {limit.value} {limit.unit}", f"{_PLAN}#{at}/threshold")
        view["window"] = Sourced(f"{window.size} {window.unit}", f"{_PLAN}#{at}/window")
        view["risks"] = texts(_PLAN, f"{at}/risks", signal.risks)
    return views


def _guardrails(evidence: Evidence) -> list[Row]:
    held = evidence.guardrails
    guardrails = held.guardrails if held else ()
    names = ("id", "kind", "description", "policy", "enforced_in", "owner")
    views = records(_GUARDRAILS, "/guardrails", guardrails, names)
    for index, (view, guardrail) in enumerate(zip(views, guardrails, strict=True)):
        at = f"/guardrails/{index}"
        view["tests"] = texts(_GUARDRAILS, f"{at}/tests", guardrail.tests)
        view["absent"] = absence(_GUARDRAILS, f"{at}/absent", guardrail.absent)
    return views


def _trace(evidence: Evidence) -> Row:
    trace = evidence.traceability
    if trace is None:
        return {}
    names = (
        *("release_id", "model_id", "commit", "dataset_snapshot_id", "training_run_id", "evaluation_run_id"),
        *("config_sha256", "environment_sha256"),
    )
    return fields(_TRACE, trace, names) | {
        "command": Sourced(" ".join(trace.command), f"{_TRACE}#/command"),
        "links": records(_TRACE, "/links", trace.links, ("source", "source_field", "target", "target_field", "value")),
    }


DOCUMENTS: tuple[dict[str, Any], ...] = (
    {
        "name": "assurance_card",
        "path": "assurance/assurance_card.md",
        "title": "Assurance card",
        "needs": ("risks",),
        "prepare": views_1.Views,
        "view": assurance_card,
    },
)

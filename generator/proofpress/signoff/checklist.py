"""The checklist: what the evidence says to each question, and which answers it does not allow."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from proofpress.diff import Change, Comparison
from proofpress.evidence.attestation import REFUSING, GateDecision, GateReceipt
from proofpress.evidence.pack import Evidence
from proofpress.evidence.signoff import QUESTIONS, QuestionId

_MOST: Final = 20
_LONGEST: Final = 1000
_VALUES: Final = frozenset({"GAT003", "GAT004", "GAT005", "GAT006", "GAT009"})
_ASKED: Final[Mapping[QuestionId, str]] = {
    "intended_use": "Are intended use and out of scope still accurate?",
    "thresholds": "Do the key metrics meet their thresholds?",
    "slices": "Is there no critical regression in a slice?",
    "monitoring": "Is the monitoring plan updated for new risks?",
    "traceability": "Is traceability complete (commit, data version, run ids)?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question, what the evidence says to it, and why it can't be answered with yes (empty: it can)."""

    id: QuestionId
    text: str
    evidence: tuple[str, ...]
    contradiction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    evidence: Evidence
    comparison: Comparison | None
    receipt: GateReceipt

    @property
    def changes(self) -> tuple[Change, ...]:
        return self.comparison.changes if self.comparison else ()

    @property
    def before(self) -> str:
        return self.comparison.old.bundle_id if self.comparison else ""


def checklist(evidence: Evidence, comparison: Comparison | None, receipt: GateReceipt) -> tuple[Question, ...]:
    """Every question, with what the pack, its changes and the decisions of its gates say to it."""
    seen = _Seen(evidence=evidence, comparison=comparison, receipt=receipt)
    made = []
    for name in QUESTIONS:
        lines, contradiction = _FINDERS[name](seen)
        made.append(Question(id=name, text=_ASKED[name], evidence=_few(lines), contradiction=_line(contradiction)))
    return tuple(made)


def _few(lines: Iterable[str]) -> tuple[str, ...]:
    found = [_line(text) for text in lines]
    more = len(found) - _MOST
    return (*found[:_MOST], *((f"and {more} more",) if more > 0 else ()))


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _intended_use(seen: _Seen) -> tuple[list[str], str]:
    release = seen.evidence.release
    lines = [f"intended use: {text}" for text in release.intended_use]
    lines += [f"out of scope: {text}" for text in release.out_of_scope]
    moved = [item for item in seen.changes if item.code.startswith(("REL-INTENDED-USE", "REL-OUT-OF-SCOPE"))]
    lines += [f"changed since {seen.before}: {item.old or 'nothing'} → {item.new or 'nothing'}" for item in moved]
    if seen.comparison and not moved:
        lines.append(f"unchanged since {seen.before}")
    return lines, ""


def _thresholds(seen: _Seen) -> tuple[list[str], str]:
    judged = [item for item in seen.receipt.decisions if item.gate in _VALUES and not _is_of_slice(item)]
    lines = [f"the gates say {seen.receipt.verdict}", *map(_told, (item for item in judged if item.verdict != "pass"))]
    passed = sum(item.verdict == "pass" for item in judged)
    lines.append(f"{passed} of {len(judged)} thresholds, targets and limits are kept" if judged else "none is set")
    refused = [item for item in seen.receipt.decisions if item.verdict in REFUSING]
    if seen.receipt.verdict == "FAIL":
        return lines, f"the gates refuse the release: {_told(refused[0]) if refused else 'FAIL'}"
    return lines, ""


def _slices(seen: _Seen) -> tuple[list[str], str]:
    judged = [item for item in seen.receipt.decisions if _is_of_slice(item)]
    worse = [item for item in seen.changes if item.kind == "slice" and item.direction in {"worse", "unknown"}]
    grave = [item for item in judged if item.verdict in REFUSING or item.waived_by]
    lines = [*map(_told, grave), *(f"{_is(item)}: {item.old} → {item.new}" for item in worse)]
    if not seen.comparison:
        lines.append("no predecessor to compare slices with")
    elif not worse:
        lines.append(f"no slice is worse than in {seen.before}")
    refused = [item for item in judged if item.verdict in REFUSING]
    return lines, f"the gates refuse a slice: {_told(refused[0])}" if refused else ""


def _is(change: Change) -> str:
    return f"{change.subject} is {'worse' if change.direction == 'worse' else 'to be judged'}"


def _monitoring(seen: _Seen) -> tuple[list[str], str]:
    risks, plan = seen.evidence.risks, seen.evidence.monitoring_plan
    if risks is None or plan is None:
        missing = " and ".join(name for name, held in (("risks", risks), ("monitoring plan", plan)) if held is None)
        return [f"the pack holds no {missing}"], f"the pack holds no {missing}, so nobody watches new risks"
    signals = {signal.id for signal in plan.signals}
    grown = {
        item.subject
        for item in seen.changes
        if item.code == "RSK-ADDED" or (item.code == "RSK-CHANGED" and item.direction == "worse")
    }
    fresh = [risk for risk in risks.risks if risk.status == "open" and (not seen.comparison or risk.id in grown)]
    lines, unwatched = [], []
    for risk in fresh:
        watching = sorted(signals & set(risk.signals))
        lines.append(f"new or greater risk {risk.id}: watched by {', '.join(watching) or 'nothing'}")
        if not watching:
            unwatched.append(risk.id)
    if not fresh:
        lines.append(f"no new or greater open risk since {seen.before}" if seen.comparison else "no open risk")
    lines += [f"{item.subject}: {item.explanation}" for item in seen.changes if item.kind == "monitoring"]
    lines.append(f"watched: {', '.join(signal.id for signal in plan.signals)}")
    return lines, f"no signal watches the new or greater risks {', '.join(unwatched)}" if unwatched else ""


def _traceability(seen: _Seen) -> tuple[list[str], str]:
    run, data, evaluation = seen.evidence.training, seen.evidence.dataset, seen.evidence.evaluation
    found = {
        "commit": run.commit if run else "",
        "training run": run.run_id if run else "",
        "data version": data.dataset_snapshot_id if data else "",
        "evaluation run": evaluation.run_id if evaluation else "",
    }
    lines = [f"{name}: {value or 'not in the pack'}" for name, value in found.items()]
    missing = [name for name, value in found.items() if not value]
    return lines, f"the pack does not say: {', '.join(missing)}" if missing else ""


_FINDERS: Final[Mapping[QuestionId, Callable[[_Seen], tuple[list[str], str]]]] = {
    "intended_use": _intended_use,
    "thresholds": _thresholds,
    "slices": _slices,
    "monitoring": _monitoring,
    "traceability": _traceability,
}


def _is_of_slice(item: GateDecision) -> bool:
    return item.code.startswith("SLC-") or (item.gate in {"GAT003", "GAT005"} and "[" in item.subject)


def _told(item: GateDecision) -> str:
    waived = f" ({item.waived_by})" if item.waived_by else ""
    return f"{item.gate} {item.verdict} {item.subject}: expected {item.expected}, found {item.found}{waived}"

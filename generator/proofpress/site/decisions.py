"""What the gates said of a release, prepared for the changes page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from proofpress.evidence.attestation import DecisionVerdict, GateDecision, GateReceipt
from proofpress.gate.judge import GATES, WORST_FIRST
from proofpress.site.layout import cell, column, row

RECEIPT_PLACE: Final = "attestations/gate.json"
_TITLES: Final = {each.id: each.title for each in GATES}
_TONES: Final[Mapping[DecisionVerdict, str]] = {"deny": "bad", "not decided": "bad", "warn": "warn", "pass": "ok"}
_WORDS: Final[Mapping[DecisionVerdict, str]] = {
    "deny": "denied",
    "not decided": "not decided",
    "warn": "warned",
    "pass": "passed",
}
_LONG: Final = 240


def decisions(receipt: GateReceipt, *, href: str) -> dict[str, Any]:
    """A receipt for a page: the verdict, what was refused or told, and what passed. `href` is where it lies.

    A warning about a change that no waiver covers stands in the tables of changes and is counted here.
    """
    counts = Counter(item.verdict for item in receipt.decisions)
    told = [item for item in receipt.decisions if item.verdict != "pass" and not _is_in_changes(item)]
    against = (
        f"against {receipt.against.bundle_id}" if receipt.against else "without a baseline, as the first of its line"
    )
    return {
        "id": "gate",
        "title": "What the gates said",
        "verdict": {
            "tone": "ok" if receipt.verdict == "PASS" else "bad",
            "text": "Passed" if receipt.verdict == "PASS" else "Refused",
        },
        "counts": [
            {"tone": _TONES[kind], "text": f"{counts[kind]} {_WORDS[kind]}"} for kind in WORST_FIRST if counts[kind]
        ],
        "summary": f"Judged {against} on {receipt.evaluated_at[:10]}, by the policy of that day.",
        "policy": receipt.policy.sha256,
        "href": href,
        "columns": [column("Gate"), column("Verdict", whole=True), column("About"), column("Expected, found")],
        "told": _rows(told),
        "passed": _rows([item for item in receipt.decisions if item.verdict == "pass"]),
        "passed_title": f"{counts['pass']} decisions passed",
    }


def _rows(chosen: Sequence[GateDecision]) -> list[dict[str, Any]]:
    return [
        row(
            cell(item.gate, note=_TITLES.get(item.gate, "")),
            cell("waived" if item.waived_by else item.verdict, badge=_TONES[item.verdict]),
            cell(item.subject, note=_shortened(f"{item.why} ({item.waived_by})" if item.waived_by else item.why)),
            cell(_shortened(item.expected), note=f"found: {_shortened(item.found)}"),
        )
        for item in chosen
    ]


def _is_in_changes(item: GateDecision) -> bool:
    return item.verdict == "warn" and item.gate == "GAT007" and item.waived_by is None


def _shortened(text: str) -> str:
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"

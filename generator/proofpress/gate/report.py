"""Decisions as text, as a pull request's comment, and as findings for the forms that code services read."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from proofpress.diff import Comparison
from proofpress.diff.report import code_span, fitted, markdown_blocks, marker, visible
from proofpress.evidence.attestation import DecisionVerdict, GateDecision, GateReceipt
from proofpress.evidence.finding import Finding, Severity
from proofpress.gate.judge import GATES, WORST_FIRST
from proofpress.verify.rule import Rule
from proofpress.verify.verdict import Verdict

_LEVELS: Final[dict[DecisionVerdict, Severity]] = {"deny": "error", "not decided": "error", "warn": "warning"}
_TITLES: Final = {each.id: each.title for each in GATES}


def text_report(receipt: GateReceipt, *, verbose: bool = True) -> str:
    """One line a decision, worst first: gate, verdict, subject, expected, found, why; then the verdict."""
    lines = [_line(item) for item in receipt.decisions if verbose or item.verdict != "pass"]
    return "\n".join([*lines, visible(_verdict(receipt))]) + "\n"


def _line(item: GateDecision) -> str:
    waived = f" ({item.waived_by})" if item.waived_by else ""
    code = f" {item.code}" if item.code else ""
    return visible(
        f"{item.gate} {item.verdict:11} {item.subject}{code}: expected {item.expected}; found {item.found}; "
        f"{item.why}{waived}"
    )


def _verdict(receipt: GateReceipt) -> str:
    against = f"against {receipt.against.bundle_id}" if receipt.against else "without baseline"
    return f"{receipt.verdict} {receipt.subject.bundle_id} {against}: {_counted(receipt)}"


def _counted(receipt: GateReceipt) -> str:
    counts = Counter(item.verdict for item in receipt.decisions)
    words: dict[DecisionVerdict, str] = {
        "deny": "denied",
        "not decided": "not decided",
        "warn": "warned",
        "pass": "passed",
    }
    return ", ".join(f"{counts[verdict]} {words[verdict]}" for verdict in WORST_FIRST)


def markdown_report(
    receipt: GateReceipt,
    comparison: Comparison | None,
    *,
    family: str,
    also: Sequence[Rule] = (),
    most: int = 60_000,
) -> str:
    """One comment for a pull request: what was refused first, then what changed, what got worse before the better.

    `also` are gates of other rooms that were asked.
    """
    subject = code_span(receipt.subject.bundle_id)
    against = code_span(receipt.against.bundle_id) if receipt.against else "no baseline"
    policy = code_span(receipt.policy.sha256[:12])
    judged = f"Judged at {receipt.evaluated_at} by the policy with sha256 {policy}."
    summary = f"{subject} against {against}: {_counted(receipt)}. {judged}"
    head = [marker("gate", family), f"## Gates: {receipt.verdict}", "", summary]
    return fitted(head, _blocks(receipt, comparison, {**_TITLES, **{each.id: each.title for each in also}}), most=most)


def _blocks(receipt: GateReceipt, comparison: Comparison | None, titles: Mapping[str, str]) -> Iterator[list[str]]:
    told = [item for item in receipt.decisions if item.verdict != "pass" and not _is_in_changes(item)]
    header = ["", "### Decisions", "", "| Verdict | Gate | Subject | Expected | Found | Why |"]
    header.append("| --- | --- | --- | --- | --- | --- |")
    for index, item in enumerate(told):
        why = f"{item.why} ({item.waived_by})" if item.waived_by else item.why
        cells = (code_span(text, in_table=True) for text in (item.subject, item.expected, item.found, why))
        title = f"{item.gate}: {titles.get(item.gate, item.gate)}"
        yield [*(header if index == 0 else ()), f"| {item.verdict} | {title} | {' | '.join(cells)} |"]
    if comparison is not None:
        yield from markdown_blocks(comparison, ("worse", "unknown", "better"))
        if neutral := comparison.count("neutral"):
            yield ["", f"{neutral} neutral changes are not listed; {comparison.unchanged} facts are unchanged."]


def _is_in_changes(item: GateDecision) -> bool:
    """Whether a decision only tells a change, which the tables of changes tell too."""
    return item.verdict == "warn" and item.gate == "GAT007" and item.waived_by is None


def verdict_of(receipt: GateReceipt, label: str, *, also: Sequence[Rule] = ()) -> Verdict:
    """The decisions as the verdict on one pack: refusals are errors; gates that had nothing to decide are skipped.

    `also` are gates of other rooms that were asked.
    """
    gates = (*(each.id for each in GATES), *(each.id for each in also))
    findings = tuple(_finding(item, label) for item in receipt.decisions if item.verdict != "pass")
    decided = {item.gate for item in receipt.decisions}
    told = {item.rule for item in findings}
    return Verdict(
        label=label,
        pack_id=receipt.subject.pack_id,
        findings=findings,
        passed=tuple(each for each in gates if each in decided - told),
        skipped=tuple((each, "nothing was asked of it") for each in gates if each not in decided),
        verified=None,
    )


def _finding(item: GateDecision, label: str) -> Finding:
    inside = not item.file.startswith("packs/")
    return Finding(
        rule=item.gate,
        severity=_LEVELS[item.verdict],
        pack=label if inside else "",
        file=item.file,
        pointer=item.subject if inside else "",
        message=f"{item.subject}: {item.why}" + (f" ({item.waived_by})" if item.waived_by else ""),
        expected=item.expected,
        found=item.found,
        hint=f"proofpress rules --explain {item.gate}",
    )

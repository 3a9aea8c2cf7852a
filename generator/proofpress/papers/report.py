"""What checking papers found, as text, as JSON and as a verdict for the other formats."""

from collections.abc import Sequence
from typing import Any

from proofpress.console import printable
from proofpress.papers.ledger import PaperReport
from proofpress.papers.rules import PAPER_RULES
from proofpress.verify.formats import finding_text
from proofpress.verify.verdict import Verdict


def text_report(reports: Sequence[PaperReport], *, verbose: bool = False) -> str:
    """For people: `file:line`, what is quoted and what was recorded, then totals."""
    lines: list[str] = []
    for report in reports:
        for finding in report.findings:
            line = finding.pointer.removeprefix("line ")
            where = f"{finding.file}:{line}" if line else finding.file
            if finding.rule == "PAP001":
                said = f"quoted {finding.found}, actual {finding.expected}; {finding.message}"
                lines.append(printable(f"error PAP001 {where}: {said}", keep=""))
            else:
                lines.append(finding_text(finding))
        if verbose:
            lines += [
                printable(f"agrees   {quote.file}:{quote.line}: {quote.quoted} is {quote.actual}", keep="")
                for quote in report.quotes
                if quote.agrees
            ]
    quotes = [quote for report in reports for quote in report.quotes]
    wrong = sum(not quote.agrees for quote in quotes)
    references = sum(report.references for report in reports)
    total = f"{len(quotes) - wrong} of {len(quotes)} quoted numbers agree, {references} references to releases"
    others = sum(item.severity == "error" and item.rule != "PAP001" for report in reports for item in report.findings)
    if others:
        total += f", {others} other error{'s' if others > 1 else ''}"
    return "\n".join([*lines, total]) + "\n"


def json_fields(reports: Sequence[PaperReport]) -> dict[str, Any]:
    """The fields of the JSON report; see docs/schemas/paper.schema.json."""
    return {
        "papers": [
            {
                "files": list(report.files),
                "references": report.references,
                "quotes": [
                    {
                        "file": quote.file,
                        "line": quote.line,
                        "quoted": quote.quoted,
                        "actual": [f"{item.value:f}" for item in quote.candidates],
                        "names": [item.name for item in quote.candidates],
                        "release": quote.bundle_id,
                        "how": quote.how,
                        "agrees": quote.agrees,
                    }
                    for quote in report.quotes
                ],
                "findings": [
                    {
                        name: getattr(finding, name)
                        for name in ("rule", "severity", "file", "pointer", "message", "expected", "found", "hint")
                    }
                    for finding in report.findings
                ],
            }
            for report in reports
        ]
    }


def verdict_of(report: PaperReport) -> Verdict:
    """The report as the verdict on one paper; with nothing to compare every rule was skipped."""
    found = {finding.rule for finding in report.findings}
    rules = [name for name, _title, _severity, _explanation in PAPER_RULES if name not in found]
    why = "nothing refers to a release"
    return Verdict(
        label=report.files[0],
        pack_id="",
        findings=tuple(report.findings),
        passed=tuple(rules) if report.checked else (),
        skipped=() if report.checked else tuple((name, why) for name in rules),
        verified=None,
    )

"""Findings as text, JSON, SARIF, JUnit XML and GitHub annotations."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from proofpress import __version__
from proofpress.console import printable
from proofpress.evidence.finding import Finding
from proofpress.evidence.jsontext import dump_json
from proofpress.verify.rule import Rule
from proofpress.verify.verdict import Verdict

REPORT_SCHEMA = "proofpress.findings/1"
_LEVELS = {"error": "error", "warning": "warning", "note": "note"}


def _line_of(text: str) -> str:
    return printable(text, keep="")


def place(finding: Finding, root: str = "packs/") -> str:
    """Path of the file that a finding is about, from the instance's folder."""
    inside = f"{root}{finding.pack}/" if finding.pack else ""
    return f"{inside}{finding.file}" if finding.file else inside.rstrip("/")


def finding_text(finding: Finding) -> str:
    """One finding in a few lines: what, where, expected, found, what to do."""
    where = place(finding, root="")
    pointer = f"#{finding.pointer}" if finding.pointer.startswith("/") else ""
    line = f" ({finding.pointer})" if finding.pointer and not pointer else ""
    head = f"{finding.severity} {finding.rule} {where}{pointer}{line}: {finding.message}"
    parts = [_line_of(head)]
    for name in ("expected", "found", "hint"):
        value = getattr(finding, name)
        if value:
            parts.append(_line_of(f"    {name}: {value}"))
    if finding.detail:
        parts.extend(_line_of(f"      {line}") for line in finding.detail.split("\n"))
    return "\n".join(parts)


def text_report(verdicts: Iterable[Verdict], extra: Iterable[Finding] = (), *, verbose: bool = False) -> str:
    """A report for people: findings by pack, then one line of totals."""
    lines: list[str] = []
    packs = refused = warnings = 0
    for verdict in verdicts:
        packs += 1
        refused += bool(verdict.errors)
        warnings += sum(finding.severity == "warning" for finding in verdict.findings)
        lines.extend(finding_text(finding) for finding in verdict.findings)
        state = "refused" if verdict.errors else "verified"
        skipped = f", {len(verdict.skipped)} skipped" if verdict.skipped else ""
        if verbose or verdict.errors:
            lines.append(f"{state} {_line_of(verdict.label)}: {len(verdict.passed)} rules passed{skipped}")
        if verbose:
            lines.extend(f"    skipped {name}: {reason}" for name, reason in verdict.skipped)
    others = tuple(extra)
    lines.extend(finding_text(finding) for finding in others)
    errors = sum(finding.severity == "error" for finding in others)
    total = f"{packs - refused} of {packs} packs verified"
    if refused or errors:
        parts = [f"{refused} refused"] if refused else []
        parts += [f"{errors} error{'s' if errors > 1 else ''} between packs"] if errors else []
        total += ", " + ", ".join(parts)
    if warnings:
        total += f", {warnings} warnings"
    return "\n".join([*lines, total]) + "\n"


def plain_finding(finding: Finding) -> dict[str, str]:
    """A finding as JSON, as every report has it."""
    names = ("rule", "severity", "pack", "file", "pointer", "message", "expected", "found", "hint", "detail")
    return {name: getattr(finding, name) for name in names}


def json_report(verdicts: Iterable[Verdict], extra: Iterable[Finding] = ()) -> str:
    """The report as versioned JSON; see docs/schemas/findings.schema.json."""
    packs: list[dict[str, Any]] = [
        {
            "pack": verdict.label,
            "pack_id": verdict.pack_id or None,
            "verdict": "refused" if verdict.errors else "verified",
            "findings": [plain_finding(finding) for finding in verdict.findings],
            "passed": list(verdict.passed),
            "skipped": [{"rule": name, "reason": reason} for name, reason in verdict.skipped],
        }
        for verdict in verdicts
    ]
    return dump_json(
        {
            "schema": REPORT_SCHEMA,
            "generated_by": f"proofpress {__version__}",
            "packs": packs,
            "findings": [plain_finding(finding) for finding in extra],
        }
    )


def _line(pointer: str) -> int:
    word, _, number = pointer.partition(" ")
    return int(number) if word == "line" and number.isascii() and number.isdigit() and len(number) < 10 else 1


def sarif_report(findings: Iterable[Finding], rules: Mapping[str, Rule]) -> str:
    """SARIF 2.1.0, as code scanning services read it."""
    found = tuple(findings)
    used = sorted({finding.rule for finding in found})
    return dump_json(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "proofpress",
                            "version": __version__,
                            "rules": [
                                {
                                    "id": name,
                                    "shortDescription": {"text": rules[name].title},
                                    "fullDescription": {"text": rules[name].explanation},
                                    "defaultConfiguration": {"level": _LEVELS[rules[name].severity]},
                                }
                                for name in used
                            ],
                        }
                    },
                    "results": [
                        {
                            "ruleId": finding.rule,
                            "ruleIndex": used.index(finding.rule),
                            "level": _LEVELS[finding.severity],
                            "message": {"text": _sentence(finding)},
                            "locations": [
                                {
                                    "physicalLocation": {
                                        "artifactLocation": {"uri": quote(place(finding) or "packs")},
                                        "region": {"startLine": _line(finding.pointer)},
                                    },
                                    "logicalLocations": [{"fullyQualifiedName": finding.pointer or "/"}],
                                }
                            ],
                        }
                        for finding in found
                    ],
                }
            ],
        }
    )


def _sentence(finding: Finding) -> str:
    parts = [finding.message]
    parts += [f"{name}: {value}" for name in ("expected", "found", "hint") if (value := getattr(finding, name))]
    return printable("; ".join(parts))


def junit_report(verdicts: Iterable[Verdict], extra: Iterable[Finding] = ()) -> str:
    """JUnit XML: a suite per pack, a case per rule; skipped rules are skipped cases, never passed ones."""
    suites: list[str] = []
    for verdict in verdicts:
        by_rule: dict[str, list[Finding]] = {}
        for finding in verdict.findings:
            by_rule.setdefault(finding.rule, []).append(finding)
        suites.append(_suite(verdict.label, by_rule, verdict.passed, verdict.skipped))
    others: dict[str, list[Finding]] = {}
    for finding in extra:
        others.setdefault(finding.rule, []).append(finding)
    if others:
        suites.append(_suite("instance", others, (), ()))
    return '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n' + "".join(suites) + "</testsuites>\n"


def _suite(
    name: str,
    by_rule: Mapping[str, list[Finding]],
    passed: tuple[str, ...],
    skipped: tuple[tuple[str, str], ...],
) -> str:
    name = printable(name)
    cases: list[str] = []
    failures = 0
    for rule, found in sorted(by_rule.items()):
        errors = [finding for finding in found if finding.severity == "error"]
        text = "\n".join(finding_text(finding) for finding in found)
        if errors:
            failures += 1
            body = f"<failure message={quoteattr(printable(errors[0].message))}>{escape(text)}</failure>"
        else:
            body = f"<system-out>{escape(text)}</system-out>"
        cases.append(f"    <testcase classname={quoteattr(name)} name={quoteattr(rule)}>{body}</testcase>\n")
    cases += [
        f"    <testcase classname={quoteattr(name)} name={quoteattr(rule)}/>\n"
        for rule in passed
        if rule not in by_rule
    ]
    for rule, reason in skipped:
        cases.append(
            f"    <testcase classname={quoteattr(name)} name={quoteattr(rule)}>"
            f"<skipped message={quoteattr(printable(reason))}/></testcase>\n"
        )
    return (
        f'  <testsuite name={quoteattr(name)} tests="{len(cases)}" failures="{failures}" '
        f'skipped="{len(skipped)}">\n{"".join(cases)}  </testsuite>\n'
    )


def github_report(findings: Iterable[Finding]) -> str:
    """Workflow commands that GitHub shows as annotations."""
    lines: list[str] = []
    for finding in findings:
        level = "notice" if finding.severity == "note" else finding.severity
        message = _sentence(finding).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        path, title = _property(place(finding)), _property(f"{finding.rule} {finding.pointer}".strip())
        lines.append(f"::{level} file={path},line={_line(finding.pointer)},title={title}::{message}")
    return "".join(f"{line}\n" for line in lines)


def _property(text: str) -> str:
    return _line_of(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")

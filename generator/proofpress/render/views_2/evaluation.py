"""Views of the evaluation report and the paper draft of set 2: what they add to those of set 1."""

from proofpress.evidence.pack import EFFECTIVE_CONFIG, Evidence
from proofpress.evidence.readiness import ReadinessRow
from proofpress.render import views_1
from proofpress.render.printed import Row, fields, mapping, records, src, texts
from proofpress.render.sourced import Sourced

_EVAL, _COST, _RELEASE = "model/eval_metrics.json", "model/efficiency_report.json", "release.json"
_SUITE, _READY = "readiness/suite_report.json", "readiness/readiness_report.json"
_FILE = ("path", "sha256", "size")


def eval_report(views: views_1.Views) -> Row:
    """The report of set 1 with the aggregated files, the effective configuration and benchmark readiness."""
    evidence = views.evidence
    evaluation = evidence.evaluation
    return views_1.eval_report(views) | {
        "inputs": records(_EVAL, "/inputs", evaluation.inputs if evaluation else (), (*_FILE, "generated_by")),
        "config": mapping(EFFECTIVE_CONFIG, "", evidence.effective_config or {}),
        "config_sha256": (
            src(_EVAL, "/effective_config/sha256", evaluation.effective_config.sha256)
            if evaluation and evaluation.effective_config
            else ""
        ),
        "suite": _suite(evidence),
        "readiness": _readiness(evidence),
        "decisions": _decisions(evidence),
    }


def _suite(evidence: Evidence) -> Row:
    suite = evidence.suite
    if suite is None:
        return {}
    return fields(_SUITE, suite, ("mode", "started_at", "profile")) | {
        "ok": Sourced("passed" if suite.ok else "did not pass", f"{_SUITE}#/ok"),
        "steps": [
            {
                "name": src(_SUITE, f"/steps/{index}/step/name", run.step.name),
                "command": Sourced(" ".join(run.step.command), f"{_SUITE}#/steps/{index}/step/command"),
                "status": src(_SUITE, f"/steps/{index}/status", run.status),
                "reason": Sourced(run.reason or "", f"{_SUITE}#/steps/{index}/reason"),
                "outputs": records(_SUITE, f"/steps/{index}/outputs", run.outputs, _FILE),
            }
            for index, run in enumerate(suite.steps)
        ],
        "claim_boundary": texts(_SUITE, "/claim_boundary", suite.claim_boundary),
        "negative_findings": texts(_SUITE, "/negative_findings", suite.negative_findings),
    }


def _readiness(evidence: Evidence) -> Row:
    report = evidence.readiness
    if report is None:
        return {}
    return fields(_READY, report, ("assessed_at", "profile")) | {
        "ok": Sourced("ready" if report.ok else "not ready", f"{_READY}#/ok"),
        "rows": [_row(index, row) for index, row in enumerate(report.rows)],
        "blockers": [
            {
                "subject": src(_READY, f"/blockers/{index}/subject", item.subject),
                "reason": src(_READY, f"/blockers/{index}/reason", item.reason),
                "issues": Sourced(", ".join(item.issue_refs), f"{_READY}#/blockers/{index}/issue_refs"),
            }
            for index, item in enumerate(report.blockers)
        ],
        "negative_findings": texts(_READY, "/negative_findings", report.negative_findings),
        "claim_boundary": texts(_READY, "/claim_boundary", report.claim_boundary),
    }


def _row(index: int, row: ReadinessRow) -> Row:
    at, target = f"/rows/{index}", row.requires.target
    return {
        "key": Sourced(row.requires.key, f"{_READY}#{at}/requires"),
        "status": src(_READY, f"{at}/status", row.status),
        "target": Sourced(f"{target.op} {target.value}" if target else "none", f"{_READY}#{at}/requires/target"),
        "value": Sourced("not measured" if row.value is None else str(row.value), f"{_READY}#{at}/value"),
        "report": Sourced(row.report.path if row.report else "", f"{_READY}#{at}/report/path"),
        "issues": Sourced(", ".join(row.requires.issue_refs), f"{_READY}#{at}/requires/issue_refs"),
        "conclusion": src(_READY, f"{at}/conclusion", row.conclusion),
    }


def _decisions(evidence: Evidence) -> list[Row]:
    names = ("accepted_by", "accepted_at", "generated_at", "decision_url", "rationale")
    return [
        fields(path, decision, names)
        | {
            "path": Sourced(path, f"{path}#"),
            "issues": Sourced(", ".join(decision.issue_refs), f"{path}#/issue_refs"),
            "report": src(path, "/binds/path", decision.binds.path),
            "report_sha256": src(path, "/binds/sha256", decision.binds.sha256),
            "failed": [
                {
                    "key": Sourced(item.key, f"{path}#/failed_targets/{index}"),
                    "value": src(path, f"/failed_targets/{index}/value", item.value),
                    "target": Sourced(
                        f"{item.target.op} {item.target.value}", f"{path}#/failed_targets/{index}/target"
                    ),
                    "replacement": Sourced(
                        f"{item.replacement.op} {item.replacement.value}",
                        f"{path}#/failed_targets/{index}/replacement",
                    ),
                }
                for index, item in enumerate(decision.failed_targets)
            ],
            "negative_findings": texts(path, "/negative_findings", decision.negative_findings),
            "claim_boundary": texts(path, "/claim_boundary", decision.claim_boundary),
        }
        for path, decision in sorted(evidence.scope_decisions.items())
    ]


def paper_draft(views: views_1.Views) -> Row:
    """The draft of set 1 with the provenance of costs, all artifacts by their names, and whom to cite."""
    evidence = views.evidence
    report = evidence.efficiency
    return views_1.paper_draft(views) | {
        "costs": {
            "command": Sourced(" ".join(report.command) if report else "", f"{_COST}#/command"),
            "inputs": records(_COST, "/inputs", report.inputs if report else (), ("path",)),
            "limitations": texts(_COST, "/limitations", report.limitations if report else ()),
        },
        "artifacts": _artifacts(evidence),
        "cite": {
            "authors": Sourced("; ".join(author.name for author in evidence.release.authors), f"{_RELEASE}#/authors"),
            "licence": src(_RELEASE, "/licence", evidence.release.licence),
        },
    }


def _artifacts(evidence: Evidence) -> list[Row]:
    """JSON documents, the configuration, rendered documents and the demo's files, each by its name in the pack."""
    found: list[tuple[str, str]] = [(kind.path, kind.role) for kind, _document in evidence.documents()]
    if evidence.effective_config is not None:
        found.append((EFFECTIVE_CONFIG, "evaluation configuration"))
    found += [
        (spec["path"], f"document: {spec['title'].lower()}")
        for spec in views_1.DOCUMENTS
        if spec["name"] != "paper_draft" and all(evidence.holds(need) for need in spec["needs"])
    ]
    demo = evidence.demo
    found += [(item.path, "demo input") for item in (demo.inputs if demo else ())]
    found += [(item.path, "demo output") for item in (demo.outputs if demo else ())]
    return [{"path": Sourced(path, f"{path}#"), "role": role} for path, role in sorted(dict(found).items())]

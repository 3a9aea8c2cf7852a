"""The data card of set 2: the snapshot, the spec that it was reviewed by, the check of its inputs, and its build."""

from proofpress.evidence.dataset import DatasetSpec
from proofpress.evidence.pack import Evidence
from proofpress.render import views_1
from proofpress.render.printed import Row, fields, records, src, texts
from proofpress.render.sourced import Sourced

_SPEC, _CHECK = "dataset/dataset_spec.json", "dataset/dataset_input_check_report.json"
_BUILD = "dataset/dataset_snapshot_report.json"


def data_card(views: views_1.Views) -> Row:
    """What set 1 shows, with spec, input check and build."""
    evidence = views.evidence
    return views_1.data_card(views) | {
        "release": views.release,
        "spec": _spec(evidence.dataset_spec),
        "check": _check(evidence),
        "build": _build(evidence),
    }


def _spec(spec: DatasetSpec | None) -> Row:
    if spec is None:
        return {}
    limits = spec.limits
    return fields(_SPEC, spec, ("reviewed_by", "reviewed_at")) | {
        "splits": records(_SPEC, "/splits", spec.splits, ("name", "assignment")),
        "records": src(_SPEC, "/limits/least_records_per_split", limits.least_records_per_split),
        "class_records": src(_SPEC, "/limits/least_records_per_class", limits.least_records_per_class),
    }


def _check(evidence: Evidence) -> Row:
    check = evidence.dataset_check
    if check is None:
        return {}
    problems = [
        problem
        for index, item in enumerate(check.inputs)
        for problem in texts(_CHECK, f"/inputs/{index}/problems", item.problems)
    ]
    return {
        "spec_sha256": src(_CHECK, "/spec_sha256", check.spec_sha256),
        "verdict": Sourced("passed" if check.ok else "failed", f"{_CHECK}#/ok"),
        "inputs": records(_CHECK, "/inputs", check.inputs, ("name", "reference", "records", "size")),
        "problems": [*problems, *texts(_CHECK, "/problems", check.problems)],
    }


def _build(evidence: Evidence) -> Row:
    report = evidence.dataset_snapshot
    if report is None:
        return {}
    return {
        "input_check": src(_BUILD, "/input_check/sha256", report.input_check.sha256),
        "artifacts": records(_BUILD, "/artifacts", report.artifacts, ("path", "size", "sha256")),
    }

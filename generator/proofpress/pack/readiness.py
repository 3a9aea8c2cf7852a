"""`readiness/readiness_report.json` and the scope decisions that it reads."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.base import Document, ProducedFile
from proofpress.evidence.pack import kind_at
from proofpress.evidence.policy import Profile
from proofpress.evidence.readiness import ReadinessReport, ScopeDecision
from proofpress.evidence.values import JsonObject
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.pack.release import documents_in, files_in
from proofpress.pack.writer import PackError, clear, document_text, kind_of, parse_document, produced, write_text
from proofpress.verify.readiness import (
    Candidate,
    assess,
    decision_trouble,
    limits_of,
    made_at,
    readiness_inputs,
    requirements,
    suite_steps,
)

_LABEL: Final = "proofpress.pack.readiness"
_DECISIONS: Final = "readiness/scope_decisions"
_HEADER: Final = ("schema_version", "generated_by")
_BOUNDARY: Final = (
    "Ready means that each required row was measured and reaches its target, or was re-scoped by the decision that is "
    "quoted; it is no statement about any use of the model beyond the evaluated splits."
)
_NO_EVALUATION: Final = "No evaluation was aggregated, so nothing is known of the model's quality."


def read_decision(name: str, data: bytes) -> JsonObject:
    """A scope decision as people wrote it: a JSON object, with or without the header that the builder writes."""
    try:
        found = parse_json(data)
    except StrictError as exc:
        raise PackError(f"{name}{exc.pointer}: {exc}") from exc
    if not isinstance(found, dict):
        raise PackError(f"{name} is not a JSON object")
    return {field: value for field, value in found.items() if field not in _HEADER}


def write_readiness(
    folder: Path, chain: Sequence[Profile], *, at: str, decisions: Mapping[str, Mapping[str, Any]] | None = None
) -> ReadinessReport:
    """Assess the folder against its profile and write `readiness/readiness_report.json`.

    `decisions` maps file names to what was decided; one that binds no missed target is refused by `PackError`.
    Then nothing is changed. Reports and decisions of an earlier run are never read; the suite report is an input.
    """
    required = requirements(chain)
    if not required:
        raise PackError(
            f"profile '{chain[0].name}' requires no rows", hint="declare 'readiness: {rows: [...]}' in the profile"
        )
    # (1) what was decided, judged before anything is written or removed
    texts = dict(
        decision_text(name, {"generated_at": at, **fields}) for name, fields in sorted((decisions or {}).items())
    )
    decided = {path: parse_document(ScopeDecision, text.encode("utf-8"), path=path) for path, text in texts.items()}
    # (2) the evidence, as it will stand on disk: without what an earlier run left
    earlier = {path for path in files_in(folder) if path.startswith(f"{_DECISIONS}/")}
    earlier.add(kind_of(ReadinessReport).path)
    documents = documents_in(folder, without=earlier) | {"scope_decisions": decided}
    found = _documents(documents)
    files = {path for path in files_in(folder) if path not in earlier}
    inputs = sorted(
        [
            *(produced(folder, path) for path in readiness_inputs(files)),
            *(_produced_text(path, text) for path, text in texts.items()),
        ],
        key=lambda item: str(item["path"]),
    )
    candidate = Candidate(
        required=required,
        steps=suite_steps(chain),
        evaluation=documents.get("evaluation"),
        metrics=documents.get("metrics", {}),
        suite=documents.get("suite"),
        decisions=decided,
        rehearsal=any(document.fixture for document in found),
        file_of=lambda path: ProducedFile(**produced(folder, path)) if path in files else None,
    )
    source = candidate.evaluation or candidate.suite
    if source is None:
        raise PackError("the folder holds neither evaluation nor suite report", hint="execute the suite first")
    if (latest := max(map(made_at, found), default="")) > at:
        raise PackError(f"readiness can't be assessed at {at}: an input is of {latest}", hint="give a later --at")
    for path, decision in decided.items():
        if problem := decision_trouble(candidate, decision):
            raise PackError(
                f"{path} re-scopes nothing: {problem}", hint="a decision binds the exact report that failed"
            )
    # (3) the verdict, with the limits of everything that it rests on
    rows, blockers = assess(candidate)
    limits = {name: _limits(found, name) for name in ("negative_findings", "limitations", "claim_boundary")}
    report = document_text(
        ReadinessReport,
        {
            "release_id": source.release_id,
            "model_id": source.model_id,
            "evaluation_run_id": candidate.evaluation.run_id if candidate.evaluation else None,
            "profile": chain[0].name,
            "assessed_at": at,
            "ok": not blockers,
            "inputs": inputs,
            "rows": rows,
            "blockers": blockers,
            "negative_findings": limits["negative_findings"] or [_NO_EVALUATION],
            "limitations": limits["limitations"] or [_NO_EVALUATION],
            "claim_boundary": [*limits["claim_boundary"], _BOUNDARY],
        },
        generated_by=_LABEL,
    )
    # (4) write, once all of it is known to be valid
    clear(folder, earlier)
    for path, text in (*texts.items(), (kind_of(ReadinessReport).path, report)):
        write_text(folder, path, text)
    return parse_document(ReadinessReport, report.encode("utf-8"))


def decision_text(name: str, fields: Mapping[str, Any]) -> tuple[str, str]:
    """Where a decision will stand, and its text. Raises `PackError` when it is none."""
    path = f"{_DECISIONS}/{name}"
    kind = kind_at(path)
    if kind is None or kind.model is not ScopeDecision:
        raise PackError(f"the scope decision '{name}' can't be named so", hint="call it <name>.json")
    return path, document_text(ScopeDecision, fields, generated_by=_LABEL, path=path)


def _produced_text(path: str, text: str) -> JsonObject:
    data = text.encode("utf-8")
    return {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def _documents(documents: Mapping[str, Any]) -> list[Document]:
    return [item for held in documents.values() for item in (held.values() if isinstance(held, Mapping) else (held,))]


def _limits(documents: Sequence[Document], name: str) -> list[str]:
    texts = [text for document in documents for field, text in limits_of(document) if field == name]
    return list(dict.fromkeys(texts))

"""in-toto: a statement about a pack that binds its files, and the CycloneDX ML-BOM of a model."""

import uuid
from typing import Any, Final

from proofpress import __version__
from proofpress.evidence.pack import Evidence
from proofpress.evidence.values import Number, Unstated

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:proofpress:evaluation-result:1"
"""A predicate of our own: in-toto's evaluation result is not settled."""


def statement(evidence: Evidence) -> dict[str, Any]:
    """An in-toto Statement v1, unsigned: subjects are the pack's manifest and every file of the release.

    The predicate holds the values of whole splits as exact decimal texts.
    """
    release, manifest = evidence.release, evidence.manifest
    subjects = [{"name": "manifest.json", "digest": {"sha256": evidence.pack_id.removeprefix("sha256:")}}]
    subjects += [{"name": item.path, "digest": {"sha256": item.sha256}} for item in manifest.files]
    subjects += [{"name": item.name, "digest": {"sha256": item.sha256}} for item in manifest.external_artifacts]
    return {
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "release": evidence.bundle_id,
            "version": release.version,
            "pack_id": evidence.pack_id,
            "results": [
                {
                    "metric": row.name,
                    "split": row.split,
                    "value": row.value.token,
                    "unit": row.unit,
                    **({"n": row.n} if row.n is not None else {}),
                }
                for row in (evidence.evaluation.rows if evidence.evaluation else ())
                if row.slice is None and row.value is not None
            ],
        },
    }


def ml_bom(evidence: Evidence) -> dict[str, Any]:
    """A CycloneDX 1.6 ML-BOM: the model as a component, with its files' digests and its measured values.

    The serial number follows from the pack id, so that an export of one pack is always the same.
    """
    release = evidence.release
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": evidence.bundle_id,
        "name": release.family,
        "version": release.version,
    }
    authors = [{"name": author.name} for author in release.authors if not isinstance(author.name, Unstated)]
    if authors:
        component["authors"] = authors
    if not isinstance(release.summary, Unstated):
        component["description"] = release.summary
    if not isinstance(release.licence, Unstated):
        component["licenses"] = [{"license": {"name": release.licence}}]
    if evidence.model_manifest is not None:
        component["components"] = [
            {
                "type": "file",
                "bom-ref": f"{evidence.bundle_id}/model/{item.path}",
                "name": item.path,
                "hashes": [{"alg": "SHA-256", "content": item.sha256}],
            }
            for item in evidence.model_manifest.files
        ]
    component["modelCard"] = {
        **_parameters(evidence),
        "quantitativeAnalysis": {"performanceMetrics": _metrics(evidence)},
        "considerations": {"useCases": _stated(release.intended_use), "technicalLimitations": _limitations(evidence)},
    }
    bom: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, evidence.pack_id)}",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "proofpress", "version": __version__}]},
            "component": component,
        },
    }
    if not isinstance(release.released_at, Unstated):
        bom["metadata"]["timestamp"] = release.released_at
    return bom


def _parameters(evidence: Evidence) -> dict[str, Any]:
    model = evidence.model
    if model is None:
        return {}
    return {"modelParameters": {"modelArchitecture": model.architecture.name}}


def _metrics(evidence: Evidence) -> list[dict[str, Any]]:
    found = []
    for row in evidence.evaluation.rows if evidence.evaluation else ():
        if row.value is not None:
            part = f"{row.split}[{row.slice.dimension}={row.slice.value}]" if row.slice else row.split
            metric: dict[str, Any] = {"type": row.name, "value": _exact(row.value), "slice": part}
            if row.ci_low is not None and row.ci_high is not None:
                metric["confidenceInterval"] = {"lowerBound": _exact(row.ci_low), "upperBound": _exact(row.ci_high)}
            found.append(metric)
    return found


def _limitations(evidence: Evidence) -> list[str]:
    return _stated(evidence.evaluation.limitations) if evidence.evaluation else []


def _stated(texts: tuple[str, ...]) -> list[str]:
    return [text for text in texts if not isinstance(text, Unstated)]


def _exact(value: Number) -> str:
    return value.token

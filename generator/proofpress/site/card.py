"""A release as plain JSON: in full for the published interface, as a card for lists, trends and feeds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from proofpress.errors import BuildError
from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.pack import Evidence
from proofpress.site.standing import Place
from proofpress.verify import VerifiedPack
from proofpress.verify.facts import facts_json, facts_of

RELEASE_SCHEMA = "proofpress.release/1"
CARD_SCHEMA = "proofpress.card/1"


def metric_fields(row: MetricRow) -> dict[str, Any]:
    """A metric row for the published JSON: exact numbers, and the value's text as it was written."""
    return {
        "key": row.key,
        "name": row.name,
        "split": row.split,
        "slice": {"dimension": row.slice.dimension, "value": row.slice.value} if row.slice else None,
        "value": row.value,
        "text": str(row.value) if row.value is not None else None,
        "absent": {"code": row.absent.code, "reason": row.absent.reason} if row.absent else None,
        "unit": row.unit,
        "higher_is_better": row.higher_is_better,
        "n": row.n,
        "ci_low": row.ci_low,
        "ci_high": row.ci_high,
        "ci_level": row.ci_level,
        "baseline": row.baseline,
        "baseline_value": row.baseline_value,
        "delta_vs_baseline": row.delta_vs_baseline,
        "evaluated_keys_sha256": row.evaluated_keys_sha256,
    }


def card_of(label: str, evidence: Evidence) -> dict[str, Any]:
    """The card of one verified pack."""
    release = evidence.release
    wanted = {(item.name, item.split) for item in release.headline}
    rows = evidence.evaluation.rows if evidence.evaluation else ()
    return {
        "schema": CARD_SCHEMA,
        **facts_json(facts_of(label, evidence)),
        "release_id": release.release_id,
        "title": release.title,
        "version": release.version,
        "summary": release.summary,
        "released_at": release.released_at,
        "licence": release.licence,
        "fixture": evidence.is_rehearsal,
        **_offered(evidence),
        "metrics": [
            {name: _token(value) for name, value in metric_fields(row).items()}
            for row in rows
            if row.slice is None and (row.name, row.split) in wanted
        ],
    }


def _offered(evidence: Evidence) -> dict[str, Any]:
    """Until when the release is supported, and which names of it will go."""
    release = evidence.release
    return {
        "support": {"until": release.support.until, "note": release.support.note} if release.support else None,
        "deprecations": [
            {"name": item.name, "since": item.since, "replacement": item.replacement} for item in release.deprecations
        ],
    }


def card_path(bundle_id: str) -> str:
    """Where a release's card is published: listings read it there, so they show what the release's own unit says."""
    return f"api/v1/cards/{bundle_id}.json"


def read_cards(tree: Path, labels: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The cards of some packs from a tree of the site, in the order that is asked for; one at a time."""
    for label in labels:
        try:
            yield json.loads((tree / card_path(label.partition("/")[2])).read_bytes())
        except (OSError, ValueError) as exc:
            raise BuildError(f"the card of {label} can't be read: {exc}", hint="run the build again") from exc


def _token(value: Any) -> Any:
    """Numbers as their text: cards are read back by an ordinary JSON reader."""
    return str(value) if hasattr(value, "token") else value


def release_json(
    pack: VerifiedPack, place: Place, *, url: str, pages: Mapping[str, str], decided: Mapping[str, Any]
) -> dict[str, Any]:
    """The release as published JSON; see docs/schemas/release-api.schema.json.

    `url` is its permanent address; `pages` gives the page of each document's path, from the site's root; `decided` is
    what gates and people say of it.
    """
    evidence = pack.evidence
    release, run, data, model = evidence.release, evidence.training, evidence.dataset, evidence.model
    standing = place.standing
    return {
        "schema": RELEASE_SCHEMA,
        "bundle_id": evidence.bundle_id,
        "release_id": release.release_id,
        "bundle": release.bundle,
        "family": release.family,
        "title": release.title,
        "version": release.version,
        "summary": release.summary,
        "released_at": release.released_at,
        "licence": release.licence,
        "url": url,
        "pack_id": evidence.pack_id,
        "model_id": model.model_id if model else None,
        "dataset_snapshot_id": data.dataset_snapshot_id if data else None,
        "training_run_id": run.run_id if run else None,
        "commit": run.commit if run else None,
        "fixture": evidence.is_rehearsal,
        **_offered(evidence),
        "status": place.status,
        "scopes": [dict(scope) for scope in standing.scopes] if standing else [],
        "yank_reason": standing.yank_reason if standing else None,
        "predecessor": place.predecessor or None,
        "successors": list(place.successors),
        "profile": evidence.manifest.profile,
        "template_set": evidence.manifest.template_set.name,
        "rule_book": evidence.manifest.rule_book,
        "metrics": [metric_fields(item) for item in evidence.evaluation.rows] if evidence.evaluation else [],
        "parameters": evidence.promoted_parameters or {},
        "documents": [
            {"name": item.name, "title": item.title, "path": item.path, "page": pages[item.path]}
            for item in pack.documents
        ],
        "files": [
            {
                "path": entry.path,
                "role": entry.role,
                "sha256": entry.sha256,
                "size": entry.size,
                "url": f"releases/{evidence.bundle_id}/files/{entry.path}",
            }
            for entry in evidence.manifest.files
        ],
        **decided,
    }

"""The shapes of the commands' JSON output and of the published JSON."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from proofpress.evidence.release import CHANGELOG_SECTIONS
from proofpress.registry.events import Status


def closed(properties: Mapping[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """The schema of an object that holds these properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def list_of(items: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a list of such items."""
    return {"type": "array", "items": items}


TEXT: Final = {"type": "string"}
COUNT: Final = {"type": "integer", "minimum": 0}
_RULE: Final = {"type": "string", "pattern": "^[A-Z]{3}[0-9]{3}$"}
_PACK_ID: Final = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
SHA256: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_WRITTEN: Final = list_of(
    closed({"path": {**TEXT, "description": "Path in the pack."}, "sha256": SHA256, "size": COUNT})
)
_SEVERITY: Final = {"enum": ["error", "warning", "note"]}
FINDING: Final = closed(
    {
        "rule": _RULE,
        "severity": _SEVERITY,
        "pack": {**TEXT, "description": "<family>/<folder>; empty: between packs."},
        "file": {**TEXT, "description": "Path in the pack, or from the instance's folder when `pack` is empty."},
        "pointer": {**TEXT, "description": "JSON pointer, `line <n>`, or empty for the whole file."},
        **dict.fromkeys(("message", "expected", "found", "hint", "detail"), TEXT),
    }
)
_VERDICT: Final = closed(
    {
        "pack": TEXT,
        "pack_id": {"anyOf": [_PACK_ID, {"type": "null"}], "description": "null: the manifest can't be read."},
        "verdict": {"enum": ["verified", "refused"]},
        "findings": list_of(FINDING),
        "passed": {**list_of(_RULE), "description": "Skipped rules are not passed ones."},
        "skipped": list_of(closed({"rule": _RULE, "reason": TEXT})),
    }
)
OUTPUTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "signed": (
        "A sign-off that was written: output of signoff with --format json",
        {
            **dict.fromkeys(("bundle_id", "role", "key", "signed_at"), TEXT),
            "pack_id": _PACK_ID,
            "decision": {"enum": ["approved", "refused"]},
            "path": {**TEXT, "description": "From the instance's folder."},
            "sha256": SHA256,
        },
    ),
    "import": (
        "What an import made of a package: output of import with --format json, and import_report.json of the pack",
        {
            **dict.fromkeys(("generated_by", "release_id"), TEXT),
            "upstream": {"type": "object", "additionalProperties": TEXT, "description": "Identities of its project."},
            "documents": list_of(closed({"path": TEXT, "from": list_of(TEXT)})),
            "missing": list_of(closed({"path": TEXT, "reason": TEXT})),
            "no_place": list_of(closed({"source": TEXT, "fields": list_of(TEXT)})),
            "files": list_of(
                closed({"source": TEXT, "sha256": TEXT, "path": TEXT, "state": {"enum": ["mapped", "kept"]}})
            ),
        },
    ),
    "findings": (
        "Output of verify and check with --format json",
        {
            "generated_by": TEXT,
            "packs": list_of(_VERDICT),
            "findings": {**list_of(FINDING), "description": "What no pack shows alone."},
        },
    ),
    "rules": (
        "Output of rules with --format json",
        {
            "rules": list_of(
                closed(
                    {
                        "id": _RULE,
                        "title": TEXT,
                        "severity": _SEVERITY,
                        "rule_book": {"type": "integer", "minimum": 1},
                        "needs": {**list_of(TEXT), "description": "Evidence without which the rule is skipped."},
                        "after": {**list_of(_RULE), "description": "Rules that must pass first."},
                        "explanation": TEXT,
                    }
                )
            )
        },
    ),
    "identities": (
        "Output of verify --explain with --format json",
        {
            "packs": list_of(
                closed(
                    {
                        "pack": TEXT,
                        "verdict": {"enum": ["verified", "refused"]},
                        "nodes": list_of(closed(dict.fromkeys(("id", "kind", "value"), TEXT))),
                        "edges": list_of(
                            closed(
                                {
                                    **dict.fromkeys(("from", "to"), TEXT),
                                    "relation": {"enum": ["states", "was made by"]},
                                    "pointer": TEXT,
                                    "source": {"type": "boolean", "description": "Its word counts for the others."},
                                    "agrees": {"type": "boolean"},
                                    "rule": {"anyOf": [_RULE, {"type": "null"}]},
                                    "trouble": list_of(TEXT),
                                }
                            )
                        ),
                        "origins": {
                            "type": "object",
                            "additionalProperties": list_of(TEXT),
                            "description": "By file: the runs, model and snapshot that it came from.",
                        },
                        "diagnosis": {**list_of(TEXT), "description": "Every disagreement in a sentence."},
                    }
                )
            )
        },
    ),
    "render": (
        "Output of render with --format json",
        {
            "dry_run": {"type": "boolean"},
            "packs": list_of(closed({"pack": TEXT, "pack_id": _PACK_ID, "written": list_of(TEXT)})),
        },
    ),
    "build": (
        "Output of build with --format json, unless it was refused: then it is that of check",
        {
            "packs": COUNT,
            "changed": {"type": "boolean"},
            **dict.fromkeys(("units_built", "units_kept", "units_removed"), COUNT),
        },
    ),
    "profiles": (
        "Output of profiles with --format json",
        {
            "profiles": list_of(
                closed(
                    {
                        "name": TEXT,
                        "title": TEXT,
                        "extends": {"type": ["string", "null"]},
                        **dict.fromkeys(
                            ("documents", "rendered", "metrics", "slice_dimensions", "slice_suite", "readiness"),
                            list_of(TEXT),
                        ),
                    }
                )
            )
        },
    ),
    "pack": ("Output of pack release with --format json", {"pack_id": _PACK_ID, "profile": TEXT}),
    "readiness-run": (
        "Output of readiness with --format json",
        {
            "mode": {"enum": ["plan", "execute", "assess"]},
            "ok": {"type": "boolean", "description": "Whether nothing blocks the release; never of a plan."},
            "outputs": list_of(TEXT),
            "steps": list_of(closed(dict.fromkeys(("name", "status"), TEXT))),
            "rows": list_of(closed(dict.fromkeys(("key", "status"), TEXT))),
            "blockers": list_of(closed({**dict.fromkeys(("subject", "reason"), TEXT), "issue_refs": list_of(TEXT)})),
        },
    ),
    "pack-dataset": (
        "Output of pack dataset with --format json",
        {
            "step": {"enum": ["spec", "inputs", "build"]},
            "ok": {"type": "boolean"},
            "spec_sha256": {**TEXT, "description": "Empty: the spec was refused."},
            "dataset_snapshot_id": {**TEXT, "description": "Empty: nothing was built."},
            "problems": list_of(TEXT),
            "outputs": _WRITTEN,
        },
    ),
    "slices": (
        "Output of slices with --format json",
        {
            "profile": TEXT,
            "rows": list_of(
                closed(
                    {
                        "key": TEXT,
                        "n": COUNT,
                        **{name: {"type": ["number", "null"]} for name in ("value", "ci_low", "ci_high")},
                        "reason": {**TEXT, "description": "Why there is no value, else empty."},
                    }
                )
            ),
            "outputs": {**list_of(TEXT), "description": "Pack-relative paths."},
        },
    ),
    "pack-interface": (
        "Output of pack interface with --format json",
        {"model_id": _PACK_ID, "scores": COUNT, "outputs": _WRITTEN},
    ),
    "changelog-draft": (
        "Output of changelog draft with --format json",
        {
            "from": {"type": ["string", "null"], "description": "null: from the first commit on."},
            "to": TEXT,
            "changelog": closed(dict.fromkeys(CHANGELOG_SECTIONS, list_of(TEXT))),
            "left_out": {**list_of(TEXT), "description": "What no reader of a changelog needs."},
        },
    ),
    "written": (
        "Output of the builders with --format json",
        {"outputs": _WRITTEN},
    ),
    "preflight-check": (
        "Output of preflight with --format json",
        {
            "ok": {"type": "boolean"},
            "report": {**TEXT, "description": "Path in the pack."},
            "checks": list_of(
                closed({**dict.fromkeys(("name", "required", "found"), TEXT), "ok": {"type": "boolean"}})
            ),
        },
    ),
    "demo-verify": (
        "Output of demo verify with --format json",
        {"same": {"type": "boolean"}, "differences": list_of(TEXT)},
    ),
}
_NUMBER: Final = {"type": ["number", "null"]}
_OPTIONAL: Final = {"type": ["string", "null"]}
_STATUS: Final = {"enum": [*get_args(Status), "UNREGISTERED"]}
_BELOW: Final = {**TEXT, "description": "From the site's root."}


def _metric(number: Mapping[str, Any]) -> dict[str, Any]:
    return closed(
        {
            **dict.fromkeys(("key", "name", "split"), TEXT),
            "slice": {"anyOf": [closed({"dimension": TEXT, "value": TEXT}), {"type": "null"}]},
            "value": number,
            "text": {**_OPTIONAL, "description": "The value as it was written."},
            "absent": {"anyOf": [closed({"code": TEXT, "reason": TEXT}), {"type": "null"}]},
            "unit": TEXT,
            "higher_is_better": {"type": ["boolean", "null"]},
            "n": {"type": ["integer", "null"], "minimum": 0},
            **dict.fromkeys(("ci_low", "ci_high", "ci_level"), number),
            "baseline": _OPTIONAL,
            **dict.fromkeys(("baseline_value", "delta_vs_baseline"), number),
            "evaluated_keys_sha256": {"anyOf": [SHA256, {"type": "null"}]},
        }
    )


API: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "release-api": (
        "A release as the site publishes it, api/v1/releases/<bundle id>.json",
        {
            **dict.fromkeys(("bundle_id", "release_id"), TEXT),
            "bundle": {"type": "integer", "minimum": 1},
            **dict.fromkeys(("family", "title", "version", "summary", "released_at", "licence", "url"), TEXT),
            "pack_id": _PACK_ID,
            "model_id": {"anyOf": [_PACK_ID, {"type": "null"}]},
            **dict.fromkeys(("dataset_snapshot_id", "training_run_id", "commit"), _OPTIONAL),
            "fixture": {"type": "boolean", "description": "Part of the pack was made to try the process."},
            "status": _STATUS,
            "scopes": list_of({"type": "object", "additionalProperties": TEXT}),
            **dict.fromkeys(("yank_reason", "predecessor"), _OPTIONAL),
            "successors": list_of(TEXT),
            **dict.fromkeys(("profile", "template_set"), TEXT),
            "rule_book": {"type": "integer", "minimum": 1},
            "metrics": list_of(_metric(_NUMBER)),
            "parameters": {"type": "object"},
            "documents": list_of(closed({"name": TEXT, "title": TEXT, "path": TEXT, "page": _BELOW})),
            "files": list_of(
                closed({"path": TEXT, "role": TEXT, "sha256": SHA256, "size": COUNT, "url": _BELOW}),
            ),
        },
    ),
    "card-api": (
        "A release in brief, api/v1/cards/<bundle id>.json: what lists of releases are made from",
        {
            "label": {**TEXT, "description": "<family>/<folder>."},
            **dict.fromkeys(("predecessor", "predecessor_pack_id"), _OPTIONAL),
            "identities": {
                **list_of(closed(dict.fromkeys(("kind", "name", "digest", "file"), TEXT))),
                "description": "What the release names; equal names must stand for equal digests in every release.",
            },
            "promises": {
                **list_of(closed({**dict.fromkeys(("kind", "name", "says"), TEXT), "stable": {"type": "boolean"}})),
                "description": "The interface and the scores on fixed inputs, in brief.",
            },
            "deprecated": {**list_of(TEXT), "description": "Names that will go."},
            "changelog": {**list_of(TEXT), "description": "Entries, each as `section: text`."},
            **dict.fromkeys(("bundle_id", "release_id", "family", "title", "version", "summary", "released_at"), TEXT),
            "rule_book": {"type": "integer", "minimum": 1},
            "pack_id": _PACK_ID,
            "licence": TEXT,
            "fixture": {"type": "boolean", "description": "Part of the pack was made to try the process."},
            "metrics": {
                **list_of(_metric(_OPTIONAL)),
                "description": "The headline; numbers are texts, as they were written.",
            },
        },
    ),
    "family-api": (
        "Releases of a family, oldest first, api/v1/families/<family>.json and its older parts",
        {
            "family": TEXT,
            "releases": list_of(
                closed(
                    {
                        **dict.fromkeys(("bundle_id", "release_id", "title", "version", "released_at"), TEXT),
                        "pack_id": _PACK_ID,
                        "status": _STATUS,
                        "predecessor": _OPTIONAL,
                        **dict.fromkeys(("json", "page"), _BELOW),
                    }
                )
            ),
            "older": {**_OPTIONAL, "description": "The part with the releases before these, from the site's root."},
        },
    ),
    "index-api": (
        "All families, api/v1/index.json",
        {
            **dict.fromkeys(("site", "url"), TEXT),
            "families": list_of(closed({"name": TEXT, "releases": COUNT, "json": _BELOW})),
        },
    ),
}

"""The shapes of the commands' JSON output and of the published JSON."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from proofpress.evidence.release import CHANGELOG_SECTIONS
from proofpress.registry.events import Status
from proofpress.schemas.shapes import BELOW, COUNT, PACK_ID, RULE, SHA256, TEXT, closed
from proofpress.schemas.shapes import listed as _list
from proofpress.schemas.signed import DECIDED, SIGNED

_TEXT, _COUNT, _RULE, _PACK_ID, _SHA256, _BELOW = TEXT, COUNT, RULE, PACK_ID, SHA256, BELOW
_WRITTEN: Final = _list(
    closed({"path": {**_TEXT, "description": "Path in the pack."}, "sha256": _SHA256, "size": _COUNT})
)
_SEVERITY: Final = {"enum": ["error", "warning", "note"]}
FINDING: Final = closed(
    {
        "rule": _RULE,
        "severity": _SEVERITY,
        "pack": {**_TEXT, "description": "<family>/<folder>; empty: between packs."},
        "file": {**_TEXT, "description": "Path in the pack, or from the instance's folder when `pack` is empty."},
        "pointer": {**_TEXT, "description": "JSON pointer, `line <n>`, or empty for the whole file."},
        **dict.fromkeys(("message", "expected", "found", "hint", "detail"), _TEXT),
    }
)
_VERDICT: Final = closed(
    {
        "pack": _TEXT,
        "pack_id": {"anyOf": [_PACK_ID, {"type": "null"}], "description": "null: the manifest can't be read."},
        "verdict": {"enum": ["verified", "refused"]},
        "findings": _list(FINDING),
        "passed": {**_list(_RULE), "description": "Skipped rules are not passed ones."},
        "skipped": _list(closed({"rule": _RULE, "reason": _TEXT})),
    }
)
OUTPUTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "signed": SIGNED,
    "import": (
        "What an import made of a package: output of import with --format json, and import_report.json of the pack",
        {
            **dict.fromkeys(("generated_by", "release_id"), _TEXT),
            "upstream": {"type": "object", "additionalProperties": _TEXT, "description": "Identities of its project."},
            "documents": _list(closed({"path": _TEXT, "from": _list(_TEXT)})),
            "missing": _list(closed({"path": _TEXT, "reason": _TEXT})),
            "no_place": _list(closed({"source": _TEXT, "fields": _list(_TEXT)})),
            "files": _list(
                closed({"source": _TEXT, "sha256": _TEXT, "path": _TEXT, "state": {"enum": ["mapped", "kept"]}})
            ),
        },
    ),
    "findings": (
        "Output of verify and check with --format json",
        {
            "generated_by": _TEXT,
            "packs": _list(_VERDICT),
            "findings": {**_list(FINDING), "description": "What no pack shows alone."},
        },
    ),
    "rules": (
        "Output of rules with --format json",
        {
            "rules": _list(
                closed(
                    {
                        "id": _RULE,
                        "title": _TEXT,
                        "severity": _SEVERITY,
                        "rule_book": {"type": "integer", "minimum": 1},
                        "needs": {**_list(_TEXT), "description": "Evidence without which the rule is skipped."},
                        "after": {**_list(_RULE), "description": "Rules that must pass first."},
                        "explanation": _TEXT,
                    }
                )
            )
        },
    ),
    "identities": (
        "Output of verify --explain with --format json",
        {
            "packs": _list(
                closed(
                    {
                        "pack": _TEXT,
                        "verdict": {"enum": ["verified", "refused"]},
                        "nodes": _list(closed(dict.fromkeys(("id", "kind", "value"), _TEXT))),
                        "edges": _list(
                            closed(
                                {
                                    **dict.fromkeys(("from", "to"), _TEXT),
                                    "relation": {"enum": ["states", "was made by"]},
                                    "pointer": _TEXT,
                                    "source": {"type": "boolean", "description": "Its word counts for the others."},
                                    "agrees": {"type": "boolean"},
                                    "rule": {"anyOf": [_RULE, {"type": "null"}]},
                                    "trouble": _list(_TEXT),
                                }
                            )
                        ),
                        "origins": {
                            "type": "object",
                            "additionalProperties": _list(_TEXT),
                            "description": "By file: the runs, model and snapshot that it came from.",
                        },
                        "diagnosis": {**_list(_TEXT), "description": "Every disagreement in a sentence."},
                    }
                )
            )
        },
    ),
    "render": (
        "Output of render with --format json",
        {
            "dry_run": {"type": "boolean"},
            "packs": _list(closed({"pack": _TEXT, "pack_id": _PACK_ID, "written": _list(_TEXT)})),
        },
    ),
    "build": (
        "Output of build with --format json, unless it was refused: then it is that of check",
        {
            "packs": _COUNT,
            "changed": {"type": "boolean"},
            **dict.fromkeys(("units_built", "units_kept", "units_removed"), _COUNT),
        },
    ),
    "publication-evidence": (
        "Output of publish evidence with --format json; publication.dsse.json holds the same",
        {
            "file": _TEXT,
            **dict.fromkeys(
                ("plan", "candidate", "publish", "replay"), closed({"name": _TEXT, "sha256": _SHA256, "size": _COUNT})
            ),
            **dict.fromkeys(("verifier", "bound_at"), _TEXT),
            "result": {"const": "PASSED"},
            **dict.fromkeys(("checked", "not_checked", "places"), _list(_TEXT)),
        },
    ),
    "site-proof": (
        "Output of verify-site with --format json",
        {
            "site": {**_TEXT, "description": "Address or folder."},
            "proven": {"type": "boolean"},
            "packs": _COUNT,
            "counts": closed(dict.fromkeys(("proven", "unproven", "contradicted"), _COUNT)),
            "statement_sha256": _SHA256,
            "signed_by": {**_list(_TEXT), "description": "Trusted keys that signed the statement."},
            "notes": _list(_TEXT),
            "files": {
                **_list(closed({"path": _TEXT, "state": {"enum": ["unproven", "contradicted"]}, "why": _TEXT})),
                "description": "Every file that is not proven.",
            },
        },
    ),
    "profiles": (
        "Output of profiles with --format json",
        {
            "profiles": _list(
                closed(
                    {
                        "name": _TEXT,
                        "title": _TEXT,
                        "extends": {"type": ["string", "null"]},
                        **dict.fromkeys(
                            ("documents", "rendered", "metrics", "slice_dimensions", "slice_suite", "readiness"),
                            _list(_TEXT),
                        ),
                    }
                )
            )
        },
    ),
    "pack": ("Output of pack release with --format json", {"pack_id": _PACK_ID, "profile": _TEXT}),
    "readiness-run": (
        "Output of readiness with --format json",
        {
            "mode": {"enum": ["plan", "execute", "assess"]},
            "ok": {"type": "boolean", "description": "Whether nothing blocks the release; never of a plan."},
            "outputs": _list(_TEXT),
            "steps": _list(closed(dict.fromkeys(("name", "status"), _TEXT))),
            "rows": _list(closed(dict.fromkeys(("key", "status"), _TEXT))),
            "blockers": _list(closed({**dict.fromkeys(("subject", "reason"), _TEXT), "issue_refs": _list(_TEXT)})),
        },
    ),
    "pack-dataset": (
        "Output of pack dataset with --format json",
        {
            "step": {"enum": ["spec", "inputs", "build"]},
            "ok": {"type": "boolean"},
            "spec_sha256": {**_TEXT, "description": "Empty: the spec was refused."},
            "dataset_snapshot_id": {**_TEXT, "description": "Empty: nothing was built."},
            "problems": _list(_TEXT),
            "outputs": _WRITTEN,
        },
    ),
    "slices": (
        "Output of slices with --format json",
        {
            "profile": _TEXT,
            "rows": _list(
                closed(
                    {
                        "key": _TEXT,
                        "n": _COUNT,
                        **{name: {"type": ["number", "null"]} for name in ("value", "ci_low", "ci_high")},
                        "reason": {**_TEXT, "description": "Why there is no value, else empty."},
                    }
                )
            ),
            "outputs": {**_list(_TEXT), "description": "Pack-relative paths."},
        },
    ),
    "pack-interface": (
        "Output of pack interface with --format json",
        {"model_id": _PACK_ID, "scores": _COUNT, "outputs": _WRITTEN},
    ),
    "changelog-draft": (
        "Output of changelog draft with --format json",
        {
            "from": {"type": ["string", "null"], "description": "null: from the first commit on."},
            "to": _TEXT,
            "changelog": closed(dict.fromkeys(CHANGELOG_SECTIONS, _list(_TEXT))),
            "left_out": {**_list(_TEXT), "description": "What no reader of a changelog needs."},
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
            "report": {**_TEXT, "description": "Path in the pack."},
            "checks": _list(closed({**dict.fromkeys(("name", "required", "found"), _TEXT), "ok": {"type": "boolean"}})),
        },
    ),
    "demo-verify": (
        "Output of demo verify with --format json",
        {"same": {"type": "boolean"}, "differences": _list(_TEXT)},
    ),
}
_NUMBER: Final = {"type": ["number", "null"]}
_OPTIONAL: Final = {"type": ["string", "null"]}
_STATUS: Final = {"enum": [*get_args(Status), "UNREGISTERED"]}


def _metric(number: Mapping[str, Any]) -> dict[str, Any]:
    return closed(
        {
            **dict.fromkeys(("key", "name", "split"), _TEXT),
            "slice": {"anyOf": [closed({"dimension": _TEXT, "value": _TEXT}), {"type": "null"}]},
            "value": number,
            "text": {**_OPTIONAL, "description": "The value as it was written."},
            "absent": {"anyOf": [closed({"code": _TEXT, "reason": _TEXT}), {"type": "null"}]},
            "unit": _TEXT,
            "higher_is_better": {"type": ["boolean", "null"]},
            "n": {"type": ["integer", "null"], "minimum": 0},
            **dict.fromkeys(("ci_low", "ci_high", "ci_level"), number),
            "baseline": _OPTIONAL,
            **dict.fromkeys(("baseline_value", "delta_vs_baseline"), number),
            "evaluated_keys_sha256": {"anyOf": [_SHA256, {"type": "null"}]},
        }
    )


API: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "site-source": (
        "What a site was built from, source/site.json",
        {
            "generated_by": _TEXT,
            "libraries": {"type": "object", "additionalProperties": _TEXT, "description": "Version by name."},
            "shipped_overrides": {
                **_TEXT,
                "description": "Folder of the program's own theme overrides, or empty.",
            },
            "environment": {**_list(_TEXT), "description": "Variables that mkdocs.yml reads."},
            "outside": {**_list(_TEXT), "description": "Files of mkdocs.yml outside the instance, not published."},
            **dict.fromkeys(("packs", "attestations"), closed({"count": _COUNT, "sha256": _SHA256})),
            "files": _list(closed({"path": _TEXT, "sha256": _SHA256, "size": _COUNT})),
        },
    ),
    "release-api": (
        "A release as the site publishes it, api/v1/releases/<bundle id>.json",
        {
            **dict.fromkeys(("bundle_id", "release_id"), _TEXT),
            "bundle": {"type": "integer", "minimum": 1},
            **dict.fromkeys(("family", "title", "version", "summary", "released_at", "licence", "url"), _TEXT),
            "pack_id": _PACK_ID,
            "model_id": {"anyOf": [_PACK_ID, {"type": "null"}]},
            **dict.fromkeys(("dataset_snapshot_id", "training_run_id", "commit"), _OPTIONAL),
            "fixture": {"type": "boolean", "description": "Part of the pack was made to try the process."},
            "status": _STATUS,
            "scopes": _list({"type": "object", "additionalProperties": _TEXT}),
            **dict.fromkeys(("yank_reason", "predecessor"), _OPTIONAL),
            "successors": _list(_TEXT),
            **dict.fromkeys(("profile", "template_set"), _TEXT),
            "rule_book": {"type": "integer", "minimum": 1},
            "metrics": _list(_metric(_NUMBER)),
            "parameters": {"type": "object"},
            "documents": _list(closed({"name": _TEXT, "title": _TEXT, "path": _TEXT, "page": _BELOW})),
            "files": _list(
                closed({"path": _TEXT, "role": _TEXT, "sha256": _SHA256, "size": _COUNT, "url": _BELOW}),
            ),
            **DECIDED,
        },
    ),
    "card-api": (
        "A release in brief, api/v1/cards/<bundle id>.json: what lists of releases are made from",
        {
            "label": {**_TEXT, "description": "<family>/<folder>."},
            **dict.fromkeys(("predecessor", "predecessor_pack_id"), _OPTIONAL),
            "identities": {
                **_list(closed(dict.fromkeys(("kind", "name", "digest", "file"), _TEXT))),
                "description": "What the release names; equal names must stand for equal digests in every release.",
            },
            "promises": {
                **_list(closed({**dict.fromkeys(("kind", "name", "says"), _TEXT), "stable": {"type": "boolean"}})),
                "description": "The interface and the scores on fixed inputs, in brief.",
            },
            "deprecated": {**_list(_TEXT), "description": "Names that will go."},
            "changelog": {**_list(_TEXT), "description": "Entries, each as `section: text`."},
            **dict.fromkeys(("bundle_id", "release_id", "family", "title", "version", "summary", "released_at"), _TEXT),
            "rule_book": {"type": "integer", "minimum": 1},
            "pack_id": _PACK_ID,
            "licence": _TEXT,
            "fixture": {"type": "boolean", "description": "Part of the pack was made to try the process."},
            "metrics": {
                **_list(_metric(_OPTIONAL)),
                "description": "The headline; numbers are texts, as they were written.",
            },
        },
    ),
    "family-api": (
        "Releases of a family, oldest first, api/v1/families/<family>.json and its older parts",
        {
            "family": _TEXT,
            "releases": _list(
                closed(
                    {
                        **dict.fromkeys(("bundle_id", "release_id", "title", "version", "released_at"), _TEXT),
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
            **dict.fromkeys(("site", "url"), _TEXT),
            "families": _list(closed({"name": _TEXT, "releases": _COUNT, "json": _BELOW})),
        },
    ),
}

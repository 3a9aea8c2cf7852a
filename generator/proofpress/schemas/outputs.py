"""The shapes of the commands' JSON output."""

from collections.abc import Mapping
from typing import Any, Final

from proofpress.evidence.release import CHANGELOG_SECTIONS
from proofpress.schemas.shapes import COUNT, PACK_ID, SHA256, TEXT, closed, listed
from proofpress.schemas.signed import SIGNED

_RULE: Final = {"type": "string", "pattern": "^[A-Z]{3}[0-9]{3}$"}
_WRITTEN: Final = listed(
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
        "pack_id": {"anyOf": [PACK_ID, {"type": "null"}], "description": "null: the manifest can't be read."},
        "verdict": {"enum": ["verified", "refused"]},
        "findings": listed(FINDING),
        "passed": {**listed(_RULE), "description": "Skipped rules are not passed ones."},
        "skipped": listed(closed({"rule": _RULE, "reason": TEXT})),
    }
)
OUTPUTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "signed": SIGNED,
    "import": (
        "What an import made of a package: output of import with --format json, and import_report.json of the pack",
        {
            **dict.fromkeys(("generated_by", "release_id"), TEXT),
            "upstream": {"type": "object", "additionalProperties": TEXT, "description": "Identities of its project."},
            "documents": listed(closed({"path": TEXT, "from": listed(TEXT)})),
            "missing": listed(closed({"path": TEXT, "reason": TEXT})),
            "no_place": listed(closed({"source": TEXT, "fields": listed(TEXT)})),
            "files": listed(
                closed({"source": TEXT, "sha256": TEXT, "path": TEXT, "state": {"enum": ["mapped", "kept"]}})
            ),
        },
    ),
    "init": (
        "Output of init with --format json",
        {
            **dict.fromkeys(("family", "profile"), TEXT),
            "files": {**listed(TEXT), "description": "Written files, by their path in the new folder."},
            "next": {**listed(TEXT), "description": "Commands that make the first pack, in order."},
        },
    ),
    "findings": (
        "Output of verify and check with --format json",
        {
            "generated_by": TEXT,
            "packs": listed(_VERDICT),
            "findings": {**listed(FINDING), "description": "What no pack shows alone."},
        },
    ),
    "site-check": (
        "Output of check-site with --format json",
        {**dict.fromkeys(("pages", "links", "fragments", "published"), COUNT), "findings": listed(FINDING)},
    ),
    "rules": (
        "Output of rules with --format json",
        {
            "rules": listed(
                closed(
                    {
                        "id": _RULE,
                        "title": TEXT,
                        "severity": _SEVERITY,
                        "rule_book": {"type": "integer", "minimum": 1},
                        "needs": {**listed(TEXT), "description": "Evidence without which the rule is skipped."},
                        "after": {**listed(_RULE), "description": "Rules that must pass first."},
                        "explanation": TEXT,
                    }
                )
            )
        },
    ),
    "identities": (
        "Output of verify --explain with --format json",
        {
            "packs": listed(
                closed(
                    {
                        "pack": TEXT,
                        "verdict": {"enum": ["verified", "refused"]},
                        "nodes": listed(closed(dict.fromkeys(("id", "kind", "value"), TEXT))),
                        "edges": listed(
                            closed(
                                {
                                    **dict.fromkeys(("from", "to"), TEXT),
                                    "relation": {"enum": ["states", "was made by"]},
                                    "pointer": TEXT,
                                    "source": {"type": "boolean", "description": "Its word counts for the others."},
                                    "agrees": {"type": "boolean"},
                                    "rule": {"anyOf": [_RULE, {"type": "null"}]},
                                    "trouble": listed(TEXT),
                                }
                            )
                        ),
                        "origins": {
                            "type": "object",
                            "additionalProperties": listed(TEXT),
                            "description": "By file: the runs, model and snapshot that it came from.",
                        },
                        "diagnosis": {**listed(TEXT), "description": "Every disagreement in a sentence."},
                    }
                )
            )
        },
    ),
    "render": (
        "Output of render with --format json",
        {
            "dry_run": {"type": "boolean"},
            "packs": listed(closed({"pack": TEXT, "pack_id": PACK_ID, "written": listed(TEXT)})),
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
    "publication-evidence": (
        "Output of publish evidence with --format json; publication.dsse.json holds the same",
        {
            "file": TEXT,
            **dict.fromkeys(
                ("plan", "candidate", "publish", "replay"), closed({"name": TEXT, "sha256": SHA256, "size": COUNT})
            ),
            **dict.fromkeys(("verifier", "bound_at"), TEXT),
            "result": {"const": "PASSED"},
            **dict.fromkeys(("checked", "not_checked", "places"), listed(TEXT)),
        },
    ),
    "site-proof": (
        "Output of verify-site with --format json",
        {
            "site": {**TEXT, "description": "Address or folder."},
            "proven": {"type": "boolean"},
            "packs": COUNT,
            "counts": closed(dict.fromkeys(("proven", "unproven", "contradicted"), COUNT)),
            "statement_sha256": SHA256,
            "signed_by": {**listed(TEXT), "description": "Trusted keys that signed the statement."},
            "notes": listed(TEXT),
            "files": {
                **listed(closed({"path": TEXT, "state": {"enum": ["unproven", "contradicted"]}, "why": TEXT})),
                "description": "Every file that is not proven.",
            },
        },
    ),
    "profiles": (
        "Output of profiles with --format json",
        {
            "profiles": listed(
                closed(
                    {
                        "name": TEXT,
                        "title": TEXT,
                        "extends": {"type": ["string", "null"]},
                        **dict.fromkeys(
                            ("documents", "rendered", "metrics", "slice_dimensions", "slice_suite", "readiness"),
                            listed(TEXT),
                        ),
                    }
                )
            )
        },
    ),
    "pack": ("Output of pack release with --format json", {"pack_id": PACK_ID, "profile": TEXT}),
    "readiness-run": (
        "Output of readiness with --format json",
        {
            "mode": {"enum": ["plan", "execute", "assess"]},
            "ok": {"type": "boolean", "description": "Whether nothing blocks the release; never of a plan."},
            "outputs": listed(TEXT),
            "steps": listed(closed(dict.fromkeys(("name", "status"), TEXT))),
            "rows": listed(closed(dict.fromkeys(("key", "status"), TEXT))),
            "blockers": listed(closed({**dict.fromkeys(("subject", "reason"), TEXT), "issue_refs": listed(TEXT)})),
        },
    ),
    "pack-dataset": (
        "Output of pack dataset with --format json",
        {
            "step": {"enum": ["spec", "inputs", "build"]},
            "ok": {"type": "boolean"},
            "spec_sha256": {**TEXT, "description": "Empty: the spec was refused."},
            "dataset_snapshot_id": {**TEXT, "description": "Empty: nothing was built."},
            "problems": listed(TEXT),
            "outputs": _WRITTEN,
        },
    ),
    "slices": (
        "Output of slices with --format json",
        {
            "profile": TEXT,
            "rows": listed(
                closed(
                    {
                        "key": TEXT,
                        "n": COUNT,
                        **{name: {"type": ["number", "null"]} for name in ("value", "ci_low", "ci_high")},
                        "reason": {**TEXT, "description": "Why there is no value, else empty."},
                    }
                )
            ),
            "outputs": {**listed(TEXT), "description": "Pack-relative paths."},
        },
    ),
    "pack-interface": (
        "Output of pack interface with --format json",
        {"model_id": PACK_ID, "scores": COUNT, "outputs": _WRITTEN},
    ),
    "changelog-draft": (
        "Output of changelog draft with --format json",
        {
            "from": {"type": ["string", "null"], "description": "null: from the first commit on."},
            "to": TEXT,
            "changelog": closed(dict.fromkeys(CHANGELOG_SECTIONS, listed(TEXT))),
            "left_out": {**listed(TEXT), "description": "What no reader of a changelog needs."},
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
            "checks": listed(closed({**dict.fromkeys(("name", "required", "found"), TEXT), "ok": {"type": "boolean"}})),
        },
    ),
    "demo-verify": (
        "Output of demo verify with --format json",
        {"same": {"type": "boolean"}, "differences": listed(TEXT)},
    ),
}

"""The shapes of the published JSON."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from proofpress.registry.events import Status
from proofpress.schemas.derived import DERIVED
from proofpress.schemas.shapes import BELOW, COUNT, DATE, PACK_ID, SHA256, TEXT, closed, listed
from proofpress.schemas.signed import DECIDED

_NUMBER: Final = {"type": ["number", "null"]}
_OPTIONAL: Final = {"type": ["string", "null"]}
_STATUS: Final = {"enum": [*get_args(Status), "UNREGISTERED"]}


def metric_shape(number: Mapping[str, Any], more: Mapping[str, Any] = {}) -> dict[str, Any]:
    """The schema of a published metric row with numbers of this shape, and what else a list says of it."""
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
            **more,
        }
    )


_OFFERED: Final = {
    "support": {
        "anyOf": [closed({"until": DATE, "note": TEXT}), {"type": "null"}],
        "description": "Until when fixes are offered; null: not stated.",
    },
    "deprecations": {
        **listed(closed(dict.fromkeys(("name", "since", "replacement"), TEXT))),
        "description": "Names that will go.",
    },
}
API: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "release-index": (
        "The index for updaters, output of index",
        {
            "releases": listed(
                closed(
                    {
                        **dict.fromkeys(("family", "model_version", "release_id", "bundle_id", "released_at"), TEXT),
                        "status": _STATUS,
                        "manifest_url": TEXT,
                        "manifest_sha256": SHA256,
                        "artifact_base_url": TEXT,
                        "model_id": {"anyOf": [PACK_ID, {"type": "null"}]},
                        "support_until": _OPTIONAL,
                        "deprecations": listed(closed(dict.fromkeys(("name", "since", "replacement"), TEXT))),
                        "scopes": listed({"type": "object", "additionalProperties": TEXT}),
                        "yanked": {
                            "anyOf": [closed({"reason": _OPTIONAL, "upgrade_path": _OPTIONAL}), {"type": "null"}]
                        },
                    }
                )
            )
        },
    ),
    "withdrawn-api": (
        "What stands at the address of a JSON file that was withdrawn",
        {**dict.fromkeys(("at", "reason"), TEXT), "instead": {**_OPTIONAL, "description": "From the site's root."}},
    ),
    "site-source": (
        "What a site was built from, source/site.json",
        {
            "generated_by": TEXT,
            "libraries": {"type": "object", "additionalProperties": TEXT, "description": "Version by name."},
            "shipped_overrides": {
                **TEXT,
                "description": "Folder of the program's own theme overrides, or empty.",
            },
            "environment": {**listed(TEXT), "description": "Variables that mkdocs.yml reads."},
            "outside": {**listed(TEXT), "description": "Files of mkdocs.yml outside the instance, not published."},
            **dict.fromkeys(("packs", "attestations"), closed({"count": COUNT, "sha256": SHA256})),
            "files": listed(closed({"path": TEXT, "sha256": SHA256, "size": COUNT})),
        },
    ),
    "release-api": (
        "A release as the site publishes it, api/v1/releases/<bundle id>.json",
        {
            **dict.fromkeys(("bundle_id", "release_id"), TEXT),
            "bundle": {"type": "integer", "minimum": 1},
            **dict.fromkeys(("family", "title", "version", "summary", "released_at", "licence", "url"), TEXT),
            "pack_id": PACK_ID,
            "model_id": {"anyOf": [PACK_ID, {"type": "null"}]},
            **dict.fromkeys(("dataset_snapshot_id", "training_run_id", "commit"), _OPTIONAL),
            "fixture": {"type": "boolean", "description": "Part of the pack was made to try the process."},
            **_OFFERED,
            "status": _STATUS,
            "scopes": listed({"type": "object", "additionalProperties": TEXT}),
            **dict.fromkeys(("yank_reason", "predecessor"), _OPTIONAL),
            "successors": listed(TEXT),
            **dict.fromkeys(("profile", "template_set"), TEXT),
            "rule_book": {"type": "integer", "minimum": 1},
            "metrics": listed(metric_shape(_NUMBER)),
            "parameters": {"type": "object"},
            "documents": listed(closed({"name": TEXT, "title": TEXT, "path": TEXT, "page": BELOW})),
            "files": listed(
                closed({"path": TEXT, "role": TEXT, "sha256": SHA256, "size": COUNT, "url": BELOW}),
            ),
            **DECIDED,
        },
    ),
    "card-api": (
        "A release in brief, api/v1/cards/<bundle id>.json: what lists of releases are made from",
        {
            "label": {**TEXT, "description": "<family>/<folder>."},
            **dict.fromkeys(("predecessor", "predecessor_pack_id"), _OPTIONAL),
            "identities": {
                **listed(closed(dict.fromkeys(("kind", "name", "digest", "file"), TEXT))),
                "description": "What the release names; equal names must stand for equal digests in every release.",
            },
            "promises": {
                **listed(closed({**dict.fromkeys(("kind", "name", "says"), TEXT), "stable": {"type": "boolean"}})),
                "description": "The interface and the scores on fixed inputs, in brief.",
            },
            "deprecated": {**listed(TEXT), "description": "Names that will go."},
            "changelog": {**listed(TEXT), "description": "Entries, each as `section: text`."},
            "imported": {"type": "boolean", "description": "Whether it was made from another format."},
            "derived": DERIVED,
            **dict.fromkeys(("bundle_id", "release_id", "family", "title", "version", "summary", "released_at"), TEXT),
            "rule_book": {"type": "integer", "minimum": 1},
            "pack_id": PACK_ID,
            "licence": TEXT,
            "fixture": {"type": "boolean", "description": "Part of the pack was made to try the process."},
            **_OFFERED,
            "metrics": {
                **listed(metric_shape(_OPTIONAL)),
                "description": "The headline; numbers are texts, as they were written.",
            },
        },
    ),
    "family-api": (
        "Releases of a family, oldest first, api/v1/families/<family>.json and its older parts",
        {
            "family": TEXT,
            "releases": listed(
                closed(
                    {
                        **dict.fromkeys(("bundle_id", "release_id", "title", "version", "released_at"), TEXT),
                        "pack_id": PACK_ID,
                        "status": _STATUS,
                        "predecessor": _OPTIONAL,
                        **dict.fromkeys(("json", "page"), BELOW),
                    }
                )
            ),
            "older": {**_OPTIONAL, "description": "The part with the releases before these, from the site's root."},
        },
    ),
    "registry-api": (
        "The registry in numbers, api/v1/registry/index.json",
        {
            "log": closed({"origin": TEXT, "size": COUNT, "root": SHA256}),
            "counts": closed(
                {
                    **dict.fromkeys(("promotions", "rollbacks", "refusals", "yanks"), COUNT),
                    "scopes": {**COUNT, "description": "In which anything was ever active."},
                }
            ),
            "feed": BELOW,
        },
    ),
    "support-api": (
        "Support windows of a family, newest line first, api/v1/support/<family>.json",
        {
            "family": TEXT,
            "lines": listed(
                closed(
                    {
                        "line": {**TEXT, "description": "A MAJOR version, as `1.x`."},
                        **dict.fromkeys(("first", "newest"), TEXT),
                        "active_from": DATE,
                        "security_only_from": {
                            "anyOf": [DATE, {"type": "null"}],
                            "description": "When the next line's first release came; null: this is the active line.",
                        },
                        "end_of_life": {
                            "anyOf": [DATE, {"type": "null"}],
                            "description": "As the newest release states it; null: not stated.",
                        },
                        "note": _OPTIONAL,
                        "deprecations": _OFFERED["deprecations"],
                    }
                )
            ),
        },
    ),
    "index-api": (
        "All families, api/v1/index.json",
        {
            **dict.fromkeys(("site", "url"), TEXT),
            "families": listed(closed({"name": TEXT, "releases": COUNT, "json": BELOW})),
        },
    ),
}

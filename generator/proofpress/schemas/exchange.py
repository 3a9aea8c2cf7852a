"""The shapes of what importers of other formats report."""

from collections.abc import Mapping
from typing import Any, Final

from proofpress.schemas.shapes import COUNT, SHA256, TEXT, closed, listed

OUTPUTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "imported": (
        "What became of each item of an import: output of import FORMAT with --format json",
        {
            "format": TEXT,
            "outcomes": listed(
                closed(
                    {
                        "state": {"enum": ["made", "kept", "refused"]},
                        **dict.fromkeys(("item", "release_id", "pack_id", "path", "reason"), TEXT),
                        **dict.fromkeys(("rows", "no_place", "missing"), COUNT),
                        "remarks": listed(TEXT),
                    }
                )
            ),
        },
    ),
    "import-report": (
        "What was mapped, kept, lost and missing of an imported source: import_report.json of the pack",
        {
            "format": TEXT,
            "sources": listed(closed({"path": TEXT, "sha256": SHA256, "size": COUNT})),
            "release_id": TEXT,
            "mapped": listed(closed({"from": TEXT, "to": TEXT})),
            "rows": {**listed(TEXT), "description": "Where each row of the evaluation stands in its source, in order."},
            "kept": {**listed(TEXT), "description": "Fields below /extensions/upstream/kept of release.json."},
            "no_place": listed(closed({"from": TEXT, "reason": TEXT})),
            "missing": listed(closed({"path": TEXT, "reason": TEXT})),
            "remarks": {**listed(TEXT), "description": "How the source was understood."},
        },
    ),
}

"""The shapes of what is said to whoever cites: citations, records of numbers, checked papers."""

from collections.abc import Mapping
from typing import Any, Final

from proofpress.papers.rules import PAPER_RULES
from proofpress.schemas.published import metric_shape
from proofpress.schemas.shapes import closed

_TEXT: Final = {"type": "string"}
_OPTIONAL: Final = {"type": ["string", "null"]}
_COUNT: Final = {"type": "integer", "minimum": 0}
_NUMBER: Final = {"type": ["number", "null"]}
_PACK_ID: Final = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_SWHID: Final = {"type": ["string", "null"], "pattern": "^swh:1:dir:[0-9a-f]{40}$"}
_RECORD: Final = metric_shape(
    _NUMBER,
    {
        "ci_method": _OPTIONAL,
        "url": {**_TEXT, "description": "The anchor of the number in the evaluation report."},
        "record": {**_TEXT, "description": "The address of this record."},
        "macro": {**_OPTIONAL, "description": "The number's macro in release-macros.tex; null: it has no value."},
        "citation": closed(dict.fromkeys(("key", "apa", "biblatex"), _TEXT)),
    },
)
CITING: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "metric-records": (
        "The numbers of a release, releases/<bundle id>/cite/metrics.json",
        {
            **dict.fromkeys(("bundle_id", "release_id", "version", "date"), _TEXT),
            "status": {**_TEXT, "description": "The release's in its lifecycle; YANKED: don't rely on it."},
            "pack_id": _PACK_ID,
            "swhid": _SWHID,
            **dict.fromkeys(("url", "report"), _TEXT),
            "metrics": {
                "type": "object",
                "additionalProperties": _RECORD,
                "description": "By key: `name@split` or `name@split[dimension=value]`, also the address's fragment.",
            },
        },
    ),
    "citation": (
        "Output of cite with --format json",
        {
            "key": _TEXT,
            "kind": {"enum": ["software", "report", "dataset", "preprint", "page"]},
            **dict.fromkeys(("title", "version", "date"), _TEXT),
            "authors": {"type": "array", "items": _TEXT},
            **dict.fromkeys(("publisher", "licence", "url"), _TEXT),
            "doi": _OPTIONAL,
            "swhid": _SWHID,
            "pack_id": _PACK_ID,
            **dict.fromkeys(("bundle_id", "status"), _TEXT),
            **dict.fromkeys(("metric", "value", "macro"), _OPTIONAL),
            "formats": closed(dict.fromkeys(("biblatex", "bibtex", "ris", "csl-json", "cff", "apa"), _TEXT)),
        },
    ),
    "paper": (
        "Output of check-paper with --format json",
        {
            "papers": {
                "type": "array",
                "items": closed(
                    {
                        "files": {
                            "type": "array",
                            "items": _TEXT,
                            "description": "All that was read, the paper first.",
                        },
                        "references": {**_COUNT, "description": "Citations, ids and addresses that were looked up."},
                        "quotes": {
                            "type": "array",
                            "items": closed(
                                {
                                    "file": _TEXT,
                                    "line": _COUNT,
                                    "quoted": _TEXT,
                                    "actual": {"type": "array", "items": _TEXT},
                                    "names": {
                                        "type": "array",
                                        "items": _TEXT,
                                        "description": "Of the recorded numbers that it may be; one must agree.",
                                    },
                                    "release": _TEXT,
                                    "how": {"enum": ["claimed", "inferred"]},
                                    "agrees": {"type": "boolean"},
                                }
                            ),
                        },
                        "findings": {
                            "type": "array",
                            "items": closed(
                                {
                                    "rule": {"enum": [rule for rule, _title, _severity, _text in PAPER_RULES]},
                                    "severity": {"enum": ["error", "warning"]},
                                    **dict.fromkeys(("file", "pointer", "message", "expected", "found", "hint"), _TEXT),
                                }
                            ),
                        },
                    }
                ),
            }
        },
    ),
}

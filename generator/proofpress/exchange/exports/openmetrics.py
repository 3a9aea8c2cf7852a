"""OpenMetrics text: the headline values of releases, for a monitoring system to read."""

from collections.abc import Iterable

from proofpress.evidence.pack import Evidence

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def openmetrics(evidences: Iterable[Evidence]) -> str:
    """A gauge with a sample for each headline value that was measured; its unit is a label, as it may be any text."""
    lines = [
        "# TYPE proofpress_headline gauge",
        "# HELP proofpress_headline Headline values of releases, as their evaluations state them.",
    ]
    for evidence in evidences:
        named = {(item.name, item.split) for item in evidence.release.headline}
        for row in evidence.evaluation.rows if evidence.evaluation else ():
            if row.slice is None and row.value is not None and (row.name, row.split) in named:
                labels = {
                    "family": evidence.release.family,
                    "release": evidence.bundle_id,
                    "metric": row.name,
                    "split": row.split,
                    "unit": row.unit,
                }
                told = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
                lines.append(f"proofpress_headline{{{told}}} {row.value.token}")
    return "\n".join([*lines, "# EOF"]) + "\n"

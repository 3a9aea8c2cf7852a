"""Where the pages of a release stand below its address."""

from collections.abc import Mapping
from typing import Final

from proofpress.render.document import RenderedDocument

PLACES: Final[Mapping[str, str]] = {
    "model_card": "model-card/",
    "eval_report": "eval-report/",
    "data_card": "data-card/",
    "training_run_card": "training/",
    "transcript": "demo/",
    "assurance_card": "assurance/",
    "paper_draft": "paper/",
}
"""Each document's page; a document that is not named here gets its own name."""
EVAL_REPORT: Final = PLACES["eval_report"]
DATA_CARD: Final = PLACES["data_card"]
METRICS: Final = "cite/metrics.json"
"""The records of all metrics, each by its key."""
MACROS: Final = "paper/release-macros.tex"


def place_of(document: RenderedDocument) -> str:
    """The folder of a document's page, below the release's."""
    return PLACES.get(document.name) or document.name.replace("_", "-") + "/"

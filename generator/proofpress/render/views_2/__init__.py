"""Views of template set 2: those of set 1, and what the documents of schema 1.1 add. Never edited after its release."""

from collections.abc import Callable, Mapping
from typing import Any

from proofpress.render import views_1
from proofpress.render.views_2 import assurance, charter, dataset, demo, evaluation, model, training

_VIEWS: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
    "model_card": model.model_card,
    "eval_report": evaluation.eval_report,
    "data_card": dataset.data_card,
    "training_run_card": training.training_run_card,
    "transcript": demo.transcript,
    "paper_draft": evaluation.paper_draft,
}
"""The views that set 2 has of its own."""

DOCUMENTS: tuple[dict[str, Any], ...] = (
    tuple({**spec, "view": _VIEWS.get(spec["name"], spec["view"])} for spec in views_1.DOCUMENTS)
    + assurance.DOCUMENTS
    + charter.DOCUMENTS
)

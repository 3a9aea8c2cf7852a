"""Views of template set 2: those of set 1, and what the documents of schema 1.1 add. Never edited after its release."""

from typing import Any

from proofpress.render import views_1
from proofpress.render.views_2 import demo, training

_VIEWS: dict[str, Any] = {
    "training_run_card": training.training_run_card,
    "transcript": demo.transcript,
}
DOCUMENTS: tuple[dict[str, Any], ...] = tuple(
    {**spec, "view": _VIEWS.get(spec["name"], spec["view"])} for spec in views_1.DOCUMENTS
)

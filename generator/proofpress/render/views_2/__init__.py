"""Views of template set 2: those of set 1, and what the documents of schema 1.1 add. Never edited after its release."""

from collections.abc import Callable, Mapping
from typing import Any

from proofpress.render import views_1
from proofpress.render.views_2 import evaluation

_VIEWS: Mapping[str, Callable[[views_1.Views], Any]] = {
    "eval_report": evaluation.eval_report,
    "paper_draft": evaluation.paper_draft,
}
DOCUMENTS: tuple[dict[str, Any], ...] = tuple(
    spec | {"view": _VIEWS.get(spec["name"], spec["view"])} for spec in views_1.DOCUMENTS
)

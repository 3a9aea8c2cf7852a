"""Views of template set 2: those of set 1, and what the documents of schema 1.1 add. Never edited after its release."""

from collections.abc import Callable, Mapping
from typing import Any

from proofpress.render import views_1
from proofpress.render.views_2 import assurance, dataset, model

_VIEWS: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
    "model_card": model.model_card,
    "data_card": dataset.data_card,
}
"""The views that set 2 has of its own."""

DOCUMENTS: tuple[dict[str, Any], ...] = (
    tuple({**spec, "view": _VIEWS.get(spec["name"], spec["view"])} for spec in views_1.DOCUMENTS) + assurance.DOCUMENTS
)

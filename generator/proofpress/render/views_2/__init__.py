"""Views of template set 2: those of set 1, and what the documents of schema 1.1 add. Never edited after its release."""

from typing import Any

from proofpress.render import views_1

DOCUMENTS: tuple[dict[str, Any], ...] = views_1.DOCUMENTS

"""Models → Markdown documents: views, versioned template sets and the Jinja environment."""

from proofpress.render.document import RenderedDocument
from proofpress.render.render import Staleness, explain_staleness, render_documents
from proofpress.render.sets import DEFAULT_SET, TemplateSet, TemplateSets

__all__ = [
    "DEFAULT_SET",
    "RenderedDocument",
    "Staleness",
    "TemplateSet",
    "TemplateSets",
    "explain_staleness",
    "render_documents",
]

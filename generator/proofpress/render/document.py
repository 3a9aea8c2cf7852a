"""A rendered document."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDocument:
    """Markdown text that the committed file at `path` must equal, byte for byte, in UTF-8."""

    name: str
    path: str
    title: str
    text: str

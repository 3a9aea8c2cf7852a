"""Status badges: an SVG that asks nothing of anybody, and the same as JSON in the form of shields.io's endpoints."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

from proofpress.evidence.jsontext import published_json
from proofpress.render.sourced import show_invisible
from proofpress.site.publish import OutputFile
from proofpress.site.standing import Place

COLOURS: Final[Mapping[str, str]] = {"ok": "2a6b32", "warn": "7a5200", "bad": "a3261d", "muted": "555555"}
"""Each has a contrast of 5:1 or more with white."""
_LABEL_COLOUR: Final = "3b3b3b"
_LETTER, _PAD, _HEIGHT = 7, 7, 20


def badge_files(stem: str, label: str, message: str, tone: str) -> Iterator[OutputFile]:
    """`<stem>.svg` and `<stem>.json`."""
    colour = COLOURS[tone]
    yield OutputFile(path=f"{stem}.svg", data=badge_svg(label, message, colour))
    fields = {"schemaVersion": 1, "label": label, "message": message, "color": colour}
    yield OutputFile(path=f"{stem}.json", data=published_json(fields))


def release_badge(path: str, bundle_id: str, place: Place) -> Iterator[OutputFile]:
    """The badge of one release, in its folder: its name and its status."""
    badge = place.badge()
    return badge_files(f"{path}status", bundle_id, badge["text"].lower(), badge["tone"])


def badge_svg(label: str, message: str, colour: str) -> bytes:
    """The drawing. Letters are fitted to a width of their own, so that every font fills the same box."""
    left, right = (len(text) * _LETTER + 2 * _PAD for text in (label, message))
    name = _xml(f"{label}: {message}")
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img" '
        f'aria-label="{name}"><title>{name}</title>'
        f'<rect width="{left}" height="{_HEIGHT}" fill="#{_LABEL_COLOUR}"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="#{colour}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
    )
    for start, text in ((_PAD, label), (left + _PAD, message)):
        width = len(text) * _LETTER
        drawn += f'<text x="{start}" y="14" textLength="{width}">{_xml(text)}</text>'
    return f"{drawn}</g></svg>\n".encode()


def _xml(text: str) -> str:
    return escape(show_invisible(text))

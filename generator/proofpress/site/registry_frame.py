"""What all pages of the registry have in common: the frame with its navigation, times, and numbers of pages."""

from collections.abc import Sequence
from typing import Final

from proofpress.site.frame import FrameSet
from proofpress.site.layout import PageText, page
from proofpress.site.markdown_page import Heading
from proofpress.site.nav_html import NavItem
from proofpress.site.publish import OutputFile
from proofpress.site.registry_facts import LOG

FEED: Final = "registry/feed.xml"
HOME: Final = "registry/"
TRAIL: Final = (("Registry", HOME),)
_NAV: Final = (
    ("Overview", HOME),
    ("Scopes", "registry/scopes/"),
    ("Audit log", LOG),
    ("Support windows", "registry/support/"),
)


def pages_of(count: int, most: int) -> int:
    """On how many numbered pages so many lines stand, `most` on each."""
    return -(-count // most)


def when(at: str) -> str:
    """A UTC time for readers."""
    return at.replace("T", " ").replace("Z", " UTC")


def words(kind: str) -> str:
    """A kind of event in words."""
    return kind.replace("_", " ").capitalize()


def registry_page(frames: FrameSet, text: PageText, html: str, headings: Sequence[tuple[str, str]] = ()) -> OutputFile:
    """A page of the registry in its frame, with its neighbours beside it."""
    open_ = max((href for _, href in _NAV if text.path.startswith(href)), key=len)
    items = [NavItem(title=title, href=text.root + href, active=href == open_) for title, href in _NAV]
    contents = [Heading(level=2, id=id_, title=title) for id_, title in headings]
    return page(frames, text, html, headings=contents, nav=items, nav_title="Registry")

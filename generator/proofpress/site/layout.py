"""Pages: addresses, the HTML environment, and how a body gets into the frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from proofpress.render.environment import ViewEnvironment, compiled
from proofpress.resources import packaged
from proofpress.site.frame import FrameSet, Slots
from proofpress.site.markdown_page import Heading
from proofpress.site.nav_html import NavItem, TocEntry, nav_html, toc_html
from proofpress.site.publish import OutputFile
from proofpress.site.table_html import html_text, table_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """What one page says about itself. `path` is its folder below the site's root, `""` or `a/b/`; `owner` tells pages
    with the same title apart, `here` ends the trail without a link."""

    path: str
    title: str
    description: str
    trail: tuple[tuple[str, str], ...] = ()
    lead: str = ""
    here: str = ""
    owner: str = ""
    banners: tuple[Mapping[str, Any], ...] = ()
    tab: str = "families/"

    @property
    def root(self) -> str:
        """Relative address of the site's root from this page."""
        return "../" * self.path.count("/") or "./"

    @property
    def window_title(self) -> str:
        """The title in a list of windows or search results, where no page stands around it."""
        return self.title if self.owner in self.title else f"{self.title} · {self.owner}"

    @property
    def view(self) -> dict[str, Any]:
        """The page's head for its template."""
        return {
            "title": self.title,
            "lead": self.lead,
            "trail": [{"title": title, "href": self.root + href} for title, href in self.trail],
            "here": self.here,
            "banners": self.banners,
        }


def to_html(value: object) -> str:
    """Jinja's `finalize` for pages: escaped, and invisible characters of evidence shown; `Markup` stays."""
    if type(value) is Markup:
        return value
    return html_text(value if type(value) is str else str(value))


@cache
def environment() -> Environment:
    """The environment of page bodies: escaped always, undefined names are errors."""
    made = ViewEnvironment(
        to_html, loader=FileSystemLoader(packaged("templates") / "site"), bytecode_cache=compiled("site")
    )
    made.globals["table_rows"] = table_rows
    return made


def body(template: str, page: PageText, **view: Any) -> str:
    """A page's body from its template."""
    return environment().get_template(template).render(page=page.view, root=page.root, **view)


def fragment(template: str, **view: Any) -> Markup:
    """A part of a page, escaped."""
    return Markup(environment().get_template(template).render(**view))  # noqa: S704 - autoescaped


def page(
    frames: FrameSet,
    text: PageText,
    html: str,
    *,
    headings: Sequence[Heading] = (),
    nav: Sequence[NavItem] = (),
    nav_title: str = "",
    head: str = "",
) -> OutputFile:
    """The finished page in its frame."""
    toc = toc_html(contents(headings))
    slots = Slots(
        title=text.window_title,
        description=text.description,
        canonical=frames.site_url + text.path,
        header_title=text.title,
        body=html,
        head=head,
        nav=nav_html(nav, toc=toc) if nav else "",
        nav_title=nav_title,
        toc=toc,
        tab=text.tab,
    )
    return OutputFile(path=f"{text.path}index.html", data=frames.frames[text.path.count("/")].fill(slots))


def contents(headings: Sequence[Heading]) -> tuple[TocEntry, ...]:
    """Second-level headings with the third-level ones below them."""
    entries: list[tuple[Heading, list[TocEntry]]] = []
    for heading in headings:
        if heading.level == 2:
            entries.append((heading, []))
        elif heading.level == 3 and entries:
            entries[-1][1].append(TocEntry(title=heading.title, anchor=heading.id))
    return tuple(TocEntry(title=top.title, anchor=top.id, children=tuple(below)) for top, below in entries)


def column(title: str, *, note: str = "", number: bool = False, whole: bool | None = None) -> dict[str, Any]:
    """A table's column. Cells stay `whole` on one line, by default those of numbers; `note` stands below the title."""
    texts = "pp-whole" if whole else ""
    numbers = "pp-num pp-loose" if whole is False else "pp-num"
    kind = numbers if number else texts
    return {"title": title, "note": note, "kind": kind}


def cell(text: object, **how: Any) -> dict[str, Any]:
    """A table's cell: plain, `href` (with an accessible `label`), `code`, `tone` of a change, `badge`, or `none` when
    there is no value; `note` stands small below."""
    return {**_PLAIN, "text": str(text), **how}


_PLAIN: Mapping[str, Any] = {
    "href": "",
    "label": "",
    "code": False,
    "tone": "",
    "badge": "",
    "none": False,
    "note": "",
}


def row(*cells: dict[str, Any], id_: str = "") -> dict[str, Any]:
    """A table's row."""
    return {"cells": cells, "id": id_}


def safe(html: str) -> Markup:
    """HTML that our own code escaped: a chart, a rendered document."""
    return Markup(html)  # noqa: S704 - made by markdown_page, charts or a template, all of which escape

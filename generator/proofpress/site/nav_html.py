"""Lists of links in the markup that Material for MkDocs styles and scripts: side navigation and contents."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """One line of the side navigation. `href` is empty for a heading that only groups its children."""

    title: str
    href: str = ""
    active: bool = False
    children: tuple["NavItem", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TocEntry:
    """One heading of a page: its text and the id that it carries."""

    title: str
    anchor: str
    children: tuple["TocEntry", ...] = ()


def nav_html(items: Sequence[NavItem], *, toc: str = "") -> str:
    """List items for `Slots.nav`. A phone shows `toc` (from `toc_html`) below the active page."""
    return "".join(_nav_item(item, f"__pp_{n}", 2, toc) for n, item in enumerate(items, 1))


def nav_section(title: str, items: str) -> str:
    """The part of the side navigation that belongs to the shown page, one level below the site's own."""
    label = escape(title)
    return (
        '<li class="md-nav__item md-nav__item--active md-nav__item--section md-nav__item--nested">'
        '<input class="md-nav__toggle md-toggle" type="checkbox" id="__pp" checked>'
        f'<label class="md-nav__link" for="__pp" id="__pp_label">{_ellipsis(label)}'
        '<span class="md-nav__icon md-icon"></span></label>'
        '<nav class="md-nav" data-md-level="1" aria-labelledby="__pp_label">'
        f'<label class="md-nav__title" for="__pp"><span class="md-nav__icon md-icon"></span>{label}</label>'
        f'<ul class="md-nav__list" data-md-scrollfix>{items}</ul></nav></li>'
    )


def toc_html(entries: Sequence[TocEntry], *, title: str = "On this page") -> str:
    """The contents of a page for `Slots.toc`; empty for a page without headings."""
    if not entries:
        return ""
    return (
        f'<nav class="md-nav md-nav--secondary" aria-label="{escape(title)}">'
        '<label class="md-nav__title" for="__toc"><span class="md-nav__icon md-icon"></span>'
        f"{escape(title)}</label>"
        '<ul class="md-nav__list" data-md-component="toc" data-md-scrollfix>'
        f"{''.join(map(_toc_entry, entries))}</ul></nav>"
    )


def _nav_item(item: NavItem, path: str, level: int, toc: str) -> str:
    label = escape(item.title)
    active = " md-nav__item--active" if item.active else ""
    if item.children:
        checked = " checked" if item.active else ""
        children = "".join(_nav_item(child, f"{path}_{n}", level + 1, toc) for n, child in enumerate(item.children, 1))
        return (
            f'<li class="md-nav__item{active} md-nav__item--nested">'
            f'<input class="md-nav__toggle md-toggle" type="checkbox" id="{path}"{checked}>'
            f"{_branch_label(item, path, label)}"
            f'<nav class="md-nav" data-md-level="{level}" aria-labelledby="{path}_label">'
            f'<label class="md-nav__title" for="{path}"><span class="md-nav__icon md-icon"></span>'
            f"{label}</label>"
            f'<ul class="md-nav__list" data-md-scrollfix>{children}</ul></nav></li>'
        )
    if not item.active:
        link = f'<a href="{escape(item.href)}" class="md-nav__link">{_ellipsis(label)}</a>'
        return f'<li class="md-nav__item">{link}</li>'
    own_contents = ""
    if toc:
        own_contents = (
            f'<label class="md-nav__link md-nav__link--active" for="__toc">{_ellipsis(label)}'
            '<span class="md-nav__icon md-icon"></span></label>'
        )
    return (
        f'<li class="md-nav__item{active}">'
        '<input class="md-nav__toggle md-toggle" type="checkbox" id="__toc">'
        f'{own_contents}<a href="{escape(item.href)}" class="md-nav__link md-nav__link--active" '
        f'aria-current="page">{_ellipsis(label)}</a>{toc}</li>'
    )


def _branch_label(item: NavItem, path: str, label: str) -> str:
    if not item.href:
        return (
            f'<label class="md-nav__link" for="{path}" id="{path}_label" tabindex="0">{_ellipsis(label)}'
            '<span class="md-nav__icon md-icon"></span></label>'
        )
    return (
        f'<div class="md-nav__link md-nav__container"><a href="{escape(item.href)}" class="md-nav__link" '
        f'id="{path}_label">{_ellipsis(label)}</a>'
        f'<label class="md-nav__link" for="{path}" tabindex="0">'
        '<span class="md-nav__icon md-icon"></span></label></div>'
    )


def _toc_entry(entry: TocEntry) -> str:
    title = escape(entry.title)
    children = ""
    if entry.children:
        inner = "".join(map(_toc_entry, entry.children))
        children = f'<nav class="md-nav" aria-label="{title}"><ul class="md-nav__list">{inner}</ul></nav>'
    return (
        f'<li class="md-nav__item">'
        f'<a href="#{escape(entry.anchor)}" class="md-nav__link">{_ellipsis(title)}</a>'
        f"{children}</li>"
    )


def _ellipsis(label: str) -> str:
    return f'<span class="md-ellipsis">{label}</span>'

"""What lists releases: families with their trends, home blocks, comparison, feed, JSON. Nothing grows without bound.

Older releases of a family stand in chunks whose members never change, so that a new release rewrites only
the family's first page.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from proofpress.evidence.jsontext import published_json
from proofpress.site import figures
from proofpress.site.frame import FrameSet
from proofpress.site.layout import PageText, body, cell, column, fragment, page, row
from proofpress.site.markdown_page import Heading
from proofpress.site.nav_html import NavItem
from proofpress.site.publish import OutputFile
from proofpress.site.standing import TONES, WORDS, Place

CHUNK = 50
TREND = 24
FEED = 50
SEARCHED = 500
COLUMNS = 4
FAMILY_SCHEMA = "proofpress.family/1"
INDEX_SCHEMA = "proofpress.index/1"
Card = Mapping[str, Any]
Cards = Callable[[Sequence[str]], Iterator[Card]]
_text = partial(escape, quote=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A release in a list: its label, its content's digest, and its place."""

    label: str
    content: str
    released_at: str
    place: Place

    @property
    def bundle_id(self) -> str:
        """Name of the release's folder."""
        return self.label.partition("/")[2]

    @property
    def key(self) -> tuple[str, ...]:
        """What lists show of the entry, for the keys of their units."""
        place = self.place
        status = (place.status_text(), place.status_note())
        return self.label, self.content, *status, place.predecessor, repr(place.successors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family's releases, oldest first."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def chunks(self) -> int:
        """Number of full older chunks; the family's first page holds the rest, at least one release."""
        return (len(self.entries) - 1) // CHUNK

    def chunk(self, number: int) -> tuple[Entry, ...]:
        """The releases of an older chunk, counted from 1, oldest first."""
        return self.entries[(number - 1) * CHUNK : number * CHUNK]

    @property
    def newest(self) -> tuple[Entry, ...]:
        """The releases of the first page, oldest first."""
        return self.entries[self.chunks * CHUNK :]

    @property
    def latest(self) -> tuple[Entry, ...]:
        """The releases that trends show, oldest first."""
        return self.entries[-TREND:]


def family_page(frames: FrameSet, family: Family, cards: Cards, names: Sequence[str]) -> Iterator[OutputFile]:
    """The family's first page, its JSON, and its trends."""
    latest = list(cards([entry.label for entry in family.latest]))
    places = {entry.bundle_id: entry.place for entry in family.entries}
    charts = figures.trend_charts(latest, {card["bundle_id"]: places[card["bundle_id"]] for card in latest})
    path = f"families/{family.name}/"
    text = PageText(
        path=path,
        title=f"{family.name}: releases",
        description=f"Releases of {family.name}, their results over time and their status.",
        lead=_count(len(family.entries), "release"),
        trail=(("Families", "families/"),),
    )
    older = {"href": f"page/{family.chunks}/", "title": f"page {family.chunks}"} if family.chunks else None
    html = body(
        "family.html.j2",
        text,
        family=family.name,
        active=[
            {
                "status": entry.place.badge(),
                "title": entry.bundle_id,
                "href": f"../../releases/{entry.bundle_id}/",
                "meta": entry.place.status_note(),
            }
            for entry in family.entries
            if entry.place.status == "ACTIVE"
        ],
        charts=[chart.view("charts/") for chart in charts],
        trend_note=figures.trend_note(latest),
        **_table(family.newest, cards, "../../"),
        newer=None,
        older=older,
        json=f"../../api/v1/families/{family.name}.json",
        latest="latest/",
    )
    yield _catalogue_page(frames, text, html, _family_headings(bool(charts)), names, family.name)
    for chart in charts:
        yield OutputFile(path=f"{path}charts/{chart.name}.vl.json", data=published_json(chart.chart.spec))
    older_json = f"api/v1/families/{family.name}/{family.chunks}.json" if family.chunks else None
    yield _family_json(f"api/v1/families/{family.name}.json", family.name, family.newest, cards, older_json)


def family_chunk(
    frames: FrameSet, family: Family, number: int, cards: Cards, names: Sequence[str]
) -> Iterator[OutputFile]:
    """A page of older releases and its JSON."""
    entries = family.chunk(number)
    text = PageText(
        path=f"families/{family.name}/page/{number}/",
        title=f"{family.name}: older releases, page {number}",
        description=f"Older releases of {family.name}.",
        trail=(("Families", "families/"), (family.name, f"families/{family.name}/")),
    )
    newer = (
        {"href": f"../{number + 1}/", "title": f"page {number + 1}"}
        if number < family.chunks
        else {"href": "../../", "title": "newest releases"}
    )
    html = body(
        "family.html.j2",
        text,
        family=family.name,
        active=[],
        charts=[],
        trend_note="",
        **_table(entries, cards, text.root),
        newer=newer,
        older={"href": f"../{number - 1}/", "title": f"page {number - 1}"} if number > 1 else None,
        json=f"{text.root}api/v1/families/{family.name}/{number}.json",
        latest="",
    )
    yield _catalogue_page(frames, text, html, _family_headings(False), names, family.name)
    older_json = f"api/v1/families/{family.name}/{number - 1}.json" if number > 1 else None
    yield _family_json(f"api/v1/families/{family.name}/{number}.json", family.name, entries, cards, older_json)


def _table(entries: Sequence[Entry], cards: Cards, root: str) -> dict[str, Any]:
    """The releases, newest first, with a column for each headline metric of the newest."""
    by_label = {card["label"]: card for card in cards([entry.label for entry in entries])}
    metrics = by_label[entries[-1].label]["metrics"][:COLUMNS]
    return {
        "columns": [
            column("Release", whole=True),
            column("Status"),
            *(column(item["name"], note=f"{item['split']}, {item['unit']}", number=True) for item in metrics),
            column("Released", whole=True),
            column("Changes"),
        ],
        "rows": [
            row(
                cell(entry.bundle_id, href=f"{root}releases/{entry.bundle_id}/"),
                cell(WORDS[entry.place.status], badge=TONES[entry.place.status], note=entry.place.status_note()),
                *(_measured(by_label[entry.label], item) for item in metrics),
                cell(entry.released_at[:10]),
                _changes(entry, root),
            )
            for entry in reversed(entries)
        ],
    }


def _measured(card: Card, wanted: Card) -> dict[str, Any]:
    for metric in card["metrics"]:
        if metric["key"] == wanted["key"] and metric["unit"] == wanted["unit"]:
            return cell(metric["value"]) if metric["value"] is not None else cell(metric["absent"]["code"], none=True)
    return cell("not in the headline", none=True)


def _changes(entry: Entry, root: str) -> dict[str, Any]:
    before = entry.place.predecessor
    if not before:
        return cell("first release", none=True)
    label = f"Changes of {entry.bundle_id} since {before}"
    return cell("Changes", href=f"{root}releases/{entry.bundle_id}/changes/", label=label)


def _headline(card: Card) -> list[tuple[str, str]]:
    return [
        (metric["name"], metric["value"] if metric["value"] is not None else metric["absent"]["code"])
        for metric in card["metrics"]
    ]


def _in_words(card: Card) -> str:
    return ", ".join(f"{name} {value}" for name, value in _headline(card))


def _family_headings(trends: bool) -> list[Heading]:
    titles = [("trends", "Trends")] if trends else []
    return [Heading(level=2, id=id_, title=title) for id_, title in (("releases", "Releases"), *titles)]


def _catalogue_page(
    frames: FrameSet, text: PageText, html: str, headings: Sequence[Heading], names: Sequence[str], active: str
) -> OutputFile:
    root = text.root
    items = [NavItem(title="All families", href=f"{root}families/", active=active == "")]
    items += [NavItem(title=name, href=f"{root}families/{name}/", active=name == active) for name in names[:60]]
    return page(frames, text, html, headings=headings, nav=items, nav_title="Families")


def families_page(frames: FrameSet, families: Sequence[Family], cards: Cards) -> Iterator[OutputFile]:
    """The list of families, and the index of the published JSON."""
    text = PageText(
        path="families/",
        title="Families",
        description="All families of models with published release evidence.",
        lead=_count(len(families), "family", "families"),
    )
    html = body("families.html.j2", text, cards=_cards(families, cards, "../"))
    heading = [Heading(level=2, id="all", title="All families")]
    yield _catalogue_page(frames, text, html, heading, [family.name for family in families], "")
    index = {
        "schema": INDEX_SCHEMA,
        "site": frames.site_name,
        "url": frames.site_url,
        "families": [
            {"name": family.name, "releases": len(family.entries), "json": f"api/v1/families/{family.name}.json"}
            for family in families
        ],
    }
    yield OutputFile(path="api/v1/index.json", data=published_json(index))


def _cards(families: Sequence[Family], cards: Cards, root: str) -> Any:
    """Each family with the release to look at: the active one, else the newest."""
    shown = []
    for family in families:
        newest = family.entries[-1]
        active = [entry for entry in family.entries if entry.place.status == "ACTIVE"]
        entry = active[-1] if active else newest
        card = next(iter(cards([entry.label])))
        latest = f", newest {newest.bundle_id} of {newest.released_at[:10]}"
        shown.append(
            {
                "href": f"{root}families/{family.name}/",
                "family": family.name,
                "title": card["title"],
                "status": entry.place.badge(),
                "release": entry.bundle_id,
                "metrics": [{"name": name, "value": value} for name, value in _headline(card)],
                "meta": _count(len(family.entries), "release") + latest,
            }
        )
    return fragment("cards.html.j2", cards=shown)


def page_blocks(families: Sequence[Family], latest: Sequence[Entry], cards: Cards) -> dict[str, str]:
    """What fills the blocks of hand-written pages, which stand at the site's root."""
    items = [
        {
            "href": f"releases/{entry.bundle_id}/",
            "title": entry.bundle_id,
            "tone": TONES[entry.place.status],
            "status": WORDS[entry.place.status],
            "meta": f"{card['released_at'][:10]} · {_in_words(card)}",
        }
        for entry, card in zip(latest, cards([entry.label for entry in latest]), strict=True)
    ]
    return {
        "families": str(_cards(families, cards, "")),
        "latest": str(fragment("latest.html.j2", items=items)),
    }


def compare_page(frames: FrameSet, entries: Sequence[Entry]) -> Iterator[OutputFile]:
    """The comparison of any two releases; without JavaScript the ready-made ones."""
    text = PageText(
        path="compare/",
        title="Compare releases",
        description="Any two releases side by side, from their published JSON.",
        lead="Choose two releases. Values are subtracted only when both were measured on the same examples.",
        tab="compare/",
    )
    with_predecessor = [entry for entry in entries if entry.place.predecessor]
    shown = with_predecessor[:CHUNK]
    left = len(with_predecessor) - len(shown)
    html = body(
        "compare.html.j2",
        text,
        items=[
            {
                "href": f"../releases/{entry.bundle_id}/changes/",
                "title": f"{entry.place.predecessor} → {entry.bundle_id}",
                "meta": entry.released_at[:10],
            }
            for entry in shown
        ],
        more=f"{left} older comparisons stand on the pages of their releases." if left else "",
    )
    yield page(frames, text, html)


def feed(frames: FrameSet, entries: Sequence[Entry], cards: Cards) -> Iterator[OutputFile]:
    """An Atom feed of the newest releases; one without a date has no place in it."""
    base = frames.site_url
    newest = [entry for entry in entries[:FEED] if entry.released_at[:1].isdigit()]
    updated = max((entry.released_at for entry in newest), default="1970-01-01T00:00:00Z")
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>{_text(frames.site_name)}: releases</title>\n<id>{_text(base)}</id>\n"
        f'<link rel="self" href="{escape(base)}feed.xml"/>\n<link href="{escape(base)}"/>\n'
        f"<author><name>{_text(frames.site_name)}</name></author>\n<updated>{updated}</updated>\n"
    )
    parts = [head]
    for entry, card in zip(newest, cards([entry.label for entry in newest]), strict=True):
        url = f"{base}releases/{entry.bundle_id}/"
        parts.append(
            f"<entry><title>{_text(card['title'])} ({_text(entry.bundle_id)})</title><id>{_text(url)}</id>"
            f'<link href="{escape(url)}"/><updated>{card["released_at"]}</updated>'
            f'<category term="{escape(card["family"])}"/><summary>{_text(card["summary"])} '
            f"Status: {_text(entry.place.status_text())}.</summary></entry>\n"
        )
    yield OutputFile(path="feed.xml", data=("".join(parts) + "</feed>\n").encode())


def _family_json(path: str, family: str, entries: Sequence[Entry], cards: Cards, older: str | None) -> OutputFile:
    listed = []
    for entry, card in zip(entries, cards([entry.label for entry in entries]), strict=True):
        listed.append(
            {
                "bundle_id": entry.bundle_id,
                "release_id": card["release_id"],
                "title": card["title"],
                "version": card["version"],
                "released_at": card["released_at"],
                "pack_id": card["pack_id"],
                "status": entry.place.status,
                "predecessor": entry.place.predecessor or None,
                "json": f"api/v1/releases/{entry.bundle_id}.json",
                "page": f"releases/{entry.bundle_id}/",
            }
        )
    value = {"schema": FAMILY_SCHEMA, "family": family, "releases": listed, "older": older}
    return OutputFile(path=path, data=published_json(value))


def search_index(original: bytes, entries: Sequence[Entry], cards: Cards) -> bytes:
    """The theme's search index with the newest releases; titles and texts are escaped, for the theme shows them raw."""
    index = json.loads(original)
    newest = entries[:SEARCHED]
    for entry, card in zip(newest, cards([entry.label for entry in newest]), strict=True):
        index["docs"].append(
            {
                "location": f"releases/{entry.bundle_id}/",
                "title": _text(entry.bundle_id),
                "text": _text(f"{card['title']}. {card['summary']} {_in_words(card)}"),
            }
        )
    return json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode()


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"

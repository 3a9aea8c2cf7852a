"""The audit log: every event of the registry, newest first, by kinds, and the feed of the newest."""

from collections.abc import Iterator, Sequence
from functools import partial
from html import escape
from typing import Any, Final

from proofpress.render.sourced import show_invisible
from proofpress.site.frame import FrameSet
from proofpress.site.layout import PageText, body, cell, column, row
from proofpress.site.publish import OutputFile
from proofpress.site.registry_facts import EVENTS_PER_PAGE, GROUPS, LOG, LogEvent
from proofpress.site.registry_frame import FEED, HOME, TRAIL, pages_of, registry_page, when, words
from proofpress.site.standing import TONES, WORDS

FED: Final = 50
EVENT_COLUMNS: Final = (
    column("No.", number=True),
    column("When", whole=True),
    column("Event"),
    column("Release"),
    column("By", whole=True),
    column("Reason"),
)
_text = partial(escape, quote=False)


def log_page(
    frames: FrameSet, group: str, events: Sequence[LogEvent], number: int, newer: bool, older: int
) -> Iterator[OutputFile]:
    """A page of the audit log, newest first. `number` 0 is the group's first page, which holds its newest events;
    `newer` tells whether the next number exists, `older` is the number of the page before, 0 for none."""
    title, kinds = GROUPS[group]
    home = LOG if group == "all" else f"{LOG}{group}/"
    text = PageText(
        path=f"{LOG}{group}/{number}/" if number else home,
        title=f"Audit log: {title}, page {number}" if number else f"Audit log: {title}",
        description=f"{title} of the registry, newest first." if number == 0 else f"{title}: page {number} of the log.",
        trail=(*TRAIL, *((("Audit log", LOG),) if number or group != "all" else ())),
        tab=HOME,
    )
    root = text.root
    forward = {"href": f"{root}{LOG}{group}/{number + 1}/", "title": f"page {number + 1}"}
    if not newer:
        forward = {"href": root + home, "title": "newest"}
    html = body(
        "registry_list.html.j2",
        text,
        label=title,
        filters=[
            {"href": root + (LOG if name == "all" else f"{LOG}{name}/"), "title": shown, "current": name == group}
            for name, (shown, _) in GROUPS.items()
        ],
        columns=EVENT_COLUMNS,
        rows=[event_row(root, event) for event in reversed(events)],
        empty=f"No event of these kinds: {', '.join(map(words, kinds)).lower()}.",
        newer=forward if number else None,
        older={"href": f"{root}{LOG}{group}/{older}/", "title": f"page {older}"} if older else None,
        files=[{"title": "Feed of events (Atom)", "href": root + FEED}],
    )
    yield registry_page(frames, text, html)


def older_of(count: int) -> int:
    """The numbered page that goes on where a group's first page ends; 0 when that shows all."""
    return pages_of(max(count - EVENTS_PER_PAGE, 0), EVENTS_PER_PAGE)


def feed(frames: FrameSet, events: Sequence[LogEvent]) -> Iterator[OutputFile]:
    """An Atom feed of the newest events, each by its permanent address."""
    base = frames.site_url
    newest = list(reversed(events[-FED:]))
    updated = newest[0].at if newest else "1970-01-01T00:00:00Z"
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>{_text(frames.site_name)}: registry</title>\n<id>{_text(base)}registry/</id>\n"
        f'<link rel="self" href="{escape(base)}{FEED}"/>\n<link href="{escape(base)}registry/"/>\n'
        f"<author><name>{_text(frames.site_name)}</name></author>\n<updated>{updated}</updated>\n"
    ]
    for event in newest:
        url = escape(f"{base}{event.where}")
        what = event.bundle_id or f"policy {event.policy[:12]}"
        said = " ".join(
            part
            for part in (
                f"By {event.by}{' in ' + event.scope if event.scope else ''}.",
                event.reason,
                _beside(event).capitalize() + "." if _beside(event) else "",
            )
            if part
        )
        parts.append(
            f"<entry><title>{_text(words(event.kind))}: {_text(what)}</title><id>{url}</id>"
            f'<link href="{url}"/><updated>{event.at}</updated><category term="{escape(event.kind)}"/>'
            f"<summary>{_text(show_invisible(said))}</summary></entry>\n"
        )
    yield OutputFile(path=FEED, data=("".join(parts) + "</feed>\n").encode())


def event_row(root: str, event: LogEvent, *, linked: bool = False) -> dict[str, Any]:
    """`linked`: the line points to the event's permanent place, and does not carry its id."""
    number = cell(event.seq, href=root + event.where, label=f"Event {event.seq}") if linked else cell(event.seq)
    what = cell(event.policy[:12], code=True, note="adopted policy")
    if event.bundle_id:
        href = f"{root}releases/{event.bundle_id}/" if event.page else ""
        what = cell(event.bundle_id, href=href, note=event.scope)
    happened = f"entered later; happened {when(event.occurred_at)}" if event.occurred_at else ""
    reason = cell(event.reason, note=_beside(event)) if event.reason else cell(_beside(event))
    return row(
        number,
        cell(when(event.at), note=happened),
        cell(words(event.kind), badge=TONES[event.after], note=f"then {WORDS[event.after].lower()}")
        if event.after
        else cell(words(event.kind)),
        what,
        cell(event.by, note=", ".join(event.signers)),
        reason,
        id_="" if linked else f"event-{event.seq}",
    )


def _beside(event: LogEvent) -> str:
    """What the event says of another bundle."""
    if not event.other:
        return ""
    said = {"activated": "in place of", "rolled_back": "restores", "yanked": "use instead:"}
    return f"{said.get(event.kind, 'with')} {event.other}"

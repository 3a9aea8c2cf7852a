"""The audit log: every event of the registry, newest first, by kinds, and the feed of the newest."""

from collections.abc import Iterator, Sequence
from functools import partial
from html import escape
from typing import Any, Final

from proofpress.render.sourced import show_invisible
from proofpress.site.frame import FrameSet
from proofpress.site.layout import PageText, body
from proofpress.site.publish import OutputFile
from proofpress.site.registry_facts import EVENTS_PER_PAGE, GROUPS, LOG, LogEvent
from proofpress.site.registry_frame import FEED, HOME, TRAIL, pages_of, registry_page, when, words
from proofpress.site.standing import TONES

FED: Final = 50
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
        "registry_log.html.j2",
        text,
        label=title,
        filters=[
            {"href": root + (LOG if name == "all" else f"{LOG}{name}/"), "title": shown, "current": name == group}
            for name, (shown, _) in GROUPS.items()
        ],
        events=[event_view(root, event) for event in reversed(events)],
        empty=f"No event of these kinds: {', '.join(map(words, kinds)).lower()}.",
        newer=forward if number else None,
        older={"href": f"{root}{LOG}{group}/{older}/", "title": f"page {older}"} if older else None,
        feed=root + FEED,
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
    made = (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>{_text(frames.site_name)}: registry</title>\n<id>{_text(base)}registry/</id>\n"
        f'<link rel="self" href="{escape(base)}{FEED}"/>\n<link href="{escape(base)}registry/"/>\n'
        f"<author><name>{_text(frames.site_name)}</name></author>\n<updated>{updated}</updated>\n"
    )
    for event in newest:
        url = escape(f"{base}{event.where}")
        what = event.bundle_id or f"policy {event.policy[:12]}"
        said = " ".join(
            part
            for part in (
                f"By {event.by}{' in ' + event.scope if event.scope else ''}.",
                event.reason,
                _beside(event),
            )
            if part
        )
        made += (
            f"<entry><title>{_text(words(event.kind))}: {_text(what)}</title><id>{url}</id>"
            f'<link href="{url}"/><updated>{event.at}</updated><category term="{escape(event.kind)}"/>'
            f"<summary>{_text(show_invisible(said))}</summary></entry>\n"
        )
    yield OutputFile(path=FEED, data=f"{made}</feed>\n".encode())


def event_view(root: str, event: LogEvent, *, linked: bool = False) -> dict[str, Any]:
    """An event for a template. `linked`: it points to its permanent place, and does not carry its id."""
    where = f" in {event.scope}" if event.scope else ""
    lines = [
        {
            "title": f"Event {event.seq}",
            "href": root + event.where,
            "text": f"{said_by(event.by, event.signers)}{where}",
        }
    ]
    if event.occurred_at:
        lines.append(_plain(f"Entered later: it happened at {when(event.occurred_at)}."))
    lines += [_plain(text) for text in (event.reason, _beside(event)) if text]
    return {
        "id": "" if linked else f"event-{event.seq}",
        "tone": TONES.get(event.after, "muted") if event.kind != "rollback_requested" else "warn",
        "text": words(event.kind),
        "title": event.bundle_id or f"policy {event.policy[:12]}",
        "href": f"{root}releases/{event.bundle_id}/" if event.page else "",
        "when": when(event.at),
        "lines": lines,
    }


def said_by(role: str, signers: Sequence[str]) -> str:
    """Who signed: the role and the names of the keys."""
    return f"by {role}" + (f" ({', '.join(signers)})" if signers else "")


def _plain(text: str) -> dict[str, str]:
    return {"title": "", "href": "", "text": text}


def _beside(event: LogEvent) -> str:
    """What the event says of another bundle."""
    if not event.other:
        return ""
    said = {"activated": "In place of", "rolled_back": "Restores", "yanked": "Use instead:"}
    return f"{said.get(event.kind, 'With')} {event.other}."

"""The registry on the site: the overview, and the scopes with their timelines."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from proofpress.evidence.jsontext import published_json
from proofpress.site.badge import badge_files
from proofpress.site.frame import FrameSet
from proofpress.site.layout import PageText, body, cell, column, row
from proofpress.site.publish import OutputFile
from proofpress.site.registry_facts import (
    GROUPS,
    TENURES_PER_PAGE,
    RegistryFacts,
    ScopeFacts,
    TenureFacts,
    event_place,
)
from proofpress.site.registry_frame import FEED, HOME, TRAIL, registry_page, when, words
from proofpress.site.registry_log import event_view, said_by

SCHEMA: Final = "proofpress.registry/1"
INDEX: Final = "api/v1/registry/index.json"
NEWEST: Final = 10
SCOPES_SHOWN: Final = 20
SCOPES_PER_PAGE: Final = 100
_CHECKPOINT: Final = "api/v1/registry/log/checkpoint"
_HOW: Final = {
    "activated": "Activated",
    "restored": "Restored",
    "superseded": "Superseded",
    "rolled_back": "Rolled back",
    "retired": "Retired",
    "yanked": "Yanked",
}


def newest_scopes(facts: RegistryFacts) -> list[ScopeFacts]:
    """The scopes that the overview shows: those that changed last."""
    return sorted(facts.scopes, key=lambda scope: (-scope.now.seq, scope.text))[:SCOPES_SHOWN]


def overview(frames: FrameSet, facts: RegistryFacts) -> Iterator[OutputFile]:
    """`registry/`: counts, the scopes that changed last, the newest events, and the log itself; with its JSON."""
    text = PageText(
        path=HOME,
        title="Registry",
        description="What is active in which scope, and every event that made it so.",
        lead="What is active in which scope, and every signed event that made it so."
        if facts.size
        else "There is no event yet: 'proofpress registry adopt' begins the log.",
        tab=HOME,
    )
    shown = newest_scopes(facts)
    html = body(
        "registry.html.j2",
        text,
        counts=[
            {"title": GROUPS[name][0], "href": f"log/{name}/", "value": count} for name, count in facts.counts.items()
        ],
        scope_columns=_SCOPE_COLUMNS,
        scopes=[_scope_row(text.root, scope) for scope in shown],
        more=f"All {len(facts.scopes)} scopes" if len(facts.scopes) > len(shown) else "",
        events=[event_view(text.root, event, linked=True) for event in reversed(facts.events[-NEWEST:])],
        log={
            "origin": facts.origin,
            "size": facts.size,
            "root": facts.root,
            "checkpoint": text.root + _CHECKPOINT,
            "entries": f"{text.root}{_first_entries(facts.size)}",
        }
        if facts.size
        else None,
        files=[
            {"title": "Feed of events (Atom)", "href": "feed.xml"},
            {"title": "In numbers (JSON)", "href": text.root + INDEX},
        ],
    )
    headings = (("counts", "In numbers"), ("scopes", "Scopes"), ("events", "Newest events"), ("log", "The log"))
    yield registry_page(frames, text, html, headings[: 4 if facts.size else 3])
    fields = {
        "schema": SCHEMA,
        "log": {"origin": facts.origin, "size": facts.size, "root": facts.root},
        "counts": {**facts.counts, "scopes": len(facts.scopes)},
        "feed": FEED,
    }
    yield OutputFile(path=INDEX, data=published_json(fields))


def _first_entries(size: int) -> str:
    """Where the first bundle of the log's entries lies: whole, or as far as it goes."""
    return "api/v1/registry/log/tile/entries/000" + ("" if size >= 256 else f".p/{size}")


def scopes_page(frames: FrameSet, scopes: Sequence[ScopeFacts], number: int, pages: int) -> Iterator[OutputFile]:
    """A page of the list of all scopes; the first is number 1."""
    text = PageText(
        path="registry/scopes/" if number == 1 else f"registry/scopes/page/{number}/",
        title="Scopes" if number == 1 else f"Scopes, page {number}",
        description="Every scope in which a release was ever active.",
        trail=TRAIL,
        tab=HOME,
    )
    html = body(
        "registry_scopes.html.j2",
        text,
        columns=_SCOPE_COLUMNS,
        rows=[_scope_row(text.root, scope) for scope in scopes],
        **_pager(text.root, "registry/scopes/", "registry/scopes/page/", number, pages),
    )
    yield registry_page(frames, text, html)


def _pager(root: str, first: str, others: str, number: int, pages: int) -> dict[str, Any]:
    """Links to the pages before and after, where page 1 has an address of its own."""

    def link(wanted: int) -> dict[str, str] | None:
        if not 1 <= wanted <= pages:
            return None
        return {"href": root + (first if wanted == 1 else f"{others}{wanted}/"), "title": f"page {wanted}"}

    return {"newer": link(number - 1), "older": link(number + 1)}


def scope_page(frames: FrameSet, scope: ScopeFacts) -> Iterator[OutputFile]:
    """The scope's page with its newest tenures, and its badge."""
    full = (len(scope.timeline) - 1) // TENURES_PER_PAGE
    yield _timeline(frames, scope, scope.timeline[full * TENURES_PER_PAGE :], 0, full)
    yield from badge_files(f"{scope.path}status", scope.text, scope.active, scope.tone)


def scope_chunk(
    frames: FrameSet, scope: ScopeFacts, tenures: Sequence[TenureFacts], number: int, last: bool
) -> Iterator[OutputFile]:
    """A page of older tenures, whose members never change."""
    yield _timeline(frames, scope, tenures, number, number if last else number + 1)


def _timeline(
    frames: FrameSet, scope: ScopeFacts, tenures: Sequence[TenureFacts], number: int, newest: int
) -> OutputFile:
    """`number` 0 is the scope's first page; `newest` the number of the newest older page that there is."""
    text = PageText(
        path=f"{scope.path}{number}/" if number else scope.path,
        title=f"{scope.text}, older, page {number}" if number else scope.text,
        description=f"What was active in {scope.text}, from when to when, and why.",
        trail=(*TRAIL, ("Scopes", "registry/scopes/"), *(((scope.text, scope.path),) if number else ())),
        here="" if number else scope.text,
        tab=HOME,
    )
    root = text.root
    older = number - 1 if number else newest
    newer = {"href": root + scope.path, "title": "newest"} if number == newest else None
    if number and number < newest:
        newer = {"href": f"{root}{scope.path}{number + 1}/", "title": f"page {number + 1}"}
    html = body(
        "registry_scope.html.j2",
        text,
        scope=scope.text,
        now=None if number else _now(root, scope),
        tenures=[_tenure(root, tenure) for tenure in reversed(tenures)],
        newer=newer if number else None,
        older={"href": f"{root}{scope.path}{older}/", "title": f"page {older}"} if older else None,
        badge="" if number else "status",
        alias=f"{root}active/{scope.name}/" if scope.now.page and not number else "",
    )
    return registry_page(frames, text, html, (("timeline", "Timeline"),))


def _now(root: str, scope: ScopeFacts) -> dict[str, Any]:
    now = scope.now
    return {
        "tone": scope.tone,
        "text": "Active" if now.bundle_id else "Nothing active",
        "title": now.bundle_id or "",
        "href": f"{root}releases/{now.bundle_id}/" if now.page else "",
        "note": f"since {when(now.since)}" + (f", since {now.yanked} was yanked" if now.yanked else ""),
    }


def _tenure(root: str, tenure: TenureFacts) -> dict[str, Any]:
    until = f"to {when(tenure.until)}" if tenure.until else "and still"
    began = _HOW.get(tenure.how, words(tenure.how))
    lines = [_line(root, tenure.seq, f"{began} {said_by(tenure.by, tenure.signers)}", tenure.reason)]
    if tenure.until:
        ended = _HOW.get(tenure.ended, words(tenure.ended)) if tenure.bundle_id else "Ended"
        told = f"{ended} {said_by(tenure.ended_by, tenure.ended_signers)}"
        lines.append(_line(root, tenure.ended_seq, told, tenure.ended_reason))
        lines.append({"title": "", "href": "", "text": f"Followed by {tenure.successor or 'nothing'}."})
    return {
        "id": "",
        "tone": "" if tenure.until else "ok" if tenure.bundle_id else "bad" if tenure.yanked else "muted",
        "text": "Was active" if tenure.until else "Active",
        "title": tenure.bundle_id,
        "href": f"{root}releases/{tenure.bundle_id}/" if tenure.page else "",
        "when": f"{when(tenure.since)} {until}",
        "lines": lines,
        **({} if tenure.bundle_id else {"text": "Nothing active", "title": ""}),
    }


def _line(root: str, seq: int, title: str, text: str) -> dict[str, str]:
    return {"title": title, "href": root + event_place(seq), "text": text}


_SCOPE_COLUMNS: Final = (
    column("Scope"),
    column("Active", whole=True),
    column("Since", whole=True),
    column("By", whole=True),
    column("Changes", number=True),
)


def _scope_row(root: str, scope: ScopeFacts) -> dict[str, Any]:
    now = scope.now
    active = cell(scope.active, href=f"{root}releases/{now.bundle_id}/") if now.page else cell(scope.active)
    return row(
        cell(scope.text, href=root + scope.path),
        active,
        cell(when(now.since)),
        cell(now.by, note=", ".join(now.signers)),
        cell(len(scope.timeline)),
    )

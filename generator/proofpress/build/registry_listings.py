"""The units of the registry's pages, each keyed by the facts that it shows: an event makes few of them anew."""

from collections.abc import Iterator, Sequence

from proofpress.build.listings import ListingUnit
from proofpress.build.site import digest
from proofpress.registry import Registry
from proofpress.site import registry_log, support
from proofpress.site import registry_pages as pages
from proofpress.site.catalogue import Cards, Family
from proofpress.site.frame import FrameSet
from proofpress.site.registry_facts import (
    EVENTS_PER_PAGE,
    GROUPS,
    TENURES_PER_PAGE,
    LogEvent,
    RegistryFacts,
    ScopeFacts,
    facts_of,
)
from proofpress.site.registry_frame import pages_of


def registry_units(
    frames: FrameSet, families: Sequence[Family], cards: Cards, registry: Registry, code: str
) -> tuple[ListingUnit, ...]:
    """All units below `registry/`, and what is published of support windows, in the order of their names."""
    base = (code, frames.digest, frames.site_name, frames.site_url)
    facts = facts_of(registry, {entry.bundle_id for family in families for entry in family.entries})
    units = [*_overview_units(frames, facts, base), *_support_units(frames, families, cards, base)]
    for scope in facts.scopes:
        units.extend(_scope_units(frames, scope, base))
    for group, events in facts.groups.items():
        units.extend(_log_units(frames, group, events, base))
    return tuple(sorted(units, key=lambda unit: unit.name))


def _overview_units(frames: FrameSet, facts: RegistryFacts, base: tuple[str, ...]) -> Iterator[ListingUnit]:
    shown = [(scope.text, scope.now, len(scope.timeline)) for scope in pages.newest_scopes(facts)]
    newest = facts.events[-pages.NEWEST :]
    counts = sorted(facts.counts.items())
    yield ListingUnit(
        name="registry/overview",
        key=digest(base, facts.origin, facts.size, facts.root, counts, shown, newest, len(facts.scopes)),
        files=lambda: pages.overview(frames, facts),
    )
    yield ListingUnit(
        name="registry/feed",
        key=digest(base, facts.events[-registry_log.FED :]),
        files=lambda: registry_log.feed(frames, facts.events),
    )
    total = max(pages_of(len(facts.scopes), pages.SCOPES_PER_PAGE), 1)
    for number in range(1, total + 1):
        listed = facts.scopes[(number - 1) * pages.SCOPES_PER_PAGE : number * pages.SCOPES_PER_PAGE]
        yield ListingUnit(
            name=f"registry/scopes/{number}",
            key=digest(
                base, number, number == total, [(scope.text, scope.now, len(scope.timeline)) for scope in listed]
            ),
            files=lambda listed=listed, number=number: pages.scopes_page(frames, listed, number, total),  # type: ignore[misc]
        )


def _scope_units(frames: FrameSet, scope: ScopeFacts, base: tuple[str, ...]) -> Iterator[ListingUnit]:
    full = (len(scope.timeline) - 1) // TENURES_PER_PAGE
    yield ListingUnit(
        name=f"registry/scope/{scope.name}",
        key=digest(base, scope.name, full, scope.timeline[full * TENURES_PER_PAGE :]),
        files=lambda: pages.scope_page(frames, scope),
    )
    for number in range(1, full + 1):
        chunk = scope.timeline[(number - 1) * TENURES_PER_PAGE : number * TENURES_PER_PAGE]
        last = number == full
        yield ListingUnit(
            name=f"registry/scope/{scope.name}/{number}",
            key=digest(base, scope.name, number, last, chunk),
            files=lambda chunk=chunk, number=number, last=last: pages.scope_chunk(  # type: ignore[misc]
                frames, scope, chunk, number, last
            ),
        )


def _log_units(
    frames: FrameSet, group: str, events: Sequence[LogEvent], base: tuple[str, ...]
) -> Iterator[ListingUnit]:
    newest, older = events[-EVENTS_PER_PAGE:], registry_log.older_of(len(events))
    yield ListingUnit(
        name=f"registry/log/{group}",
        key=digest(base, list(GROUPS), group, newest, older),
        files=lambda: registry_log.log_page(frames, group, newest, 0, False, older),
    )
    # Every event of the log has a permanent address, those of a filter only where they fill more than a page.
    total = pages_of(len(events), EVENTS_PER_PAGE) if group == "all" or older else 0
    for number in range(1, total + 1):
        chunk = events[(number - 1) * EVENTS_PER_PAGE : number * EVENTS_PER_PAGE]
        newer = number < total
        yield ListingUnit(
            name=f"registry/log/{group}/{number}",
            key=digest(base, list(GROUPS), group, number, newer, chunk),
            files=lambda chunk=chunk, number=number, newer=newer: registry_log.log_page(  # type: ignore[misc]
                frames, group, chunk, number, newer, number - 1
            ),
        )


def _support_units(
    frames: FrameSet, families: Sequence[Family], cards: Cards, base: tuple[str, ...]
) -> Iterator[ListingUnit]:
    described = [(family.name, support.lines_of(family)) for family in families]
    for name, lines in described:
        yield ListingUnit(
            name=f"registry/support/{name}",
            key=digest(base, name, [line.key for line in lines]),
            files=lambda name=name, lines=lines: support.support_json(name, lines, cards),  # type: ignore[misc]
        )
    most = support.FAMILIES_PER_PAGE
    total = max(pages_of(len(described), most), 1)
    for number in range(1, total + 1):
        chunk = described[(number - 1) * most : number * most]
        yield ListingUnit(
            name=f"registry/support-page/{number}",
            key=digest(base, number, number == total, [(name, [line.key for line in lines]) for name, lines in chunk]),
            files=lambda chunk=chunk, number=number: support.support_page(frames, chunk, cards, number, total),  # type: ignore[misc]
        )

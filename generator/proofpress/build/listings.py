"""The site's other units: static files of the frame, and everything that lists releases."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from proofpress.build.site import digest
from proofpress.evidence.withdrawn import Withdrawal
from proofpress.site import aliases, catalogue
from proofpress.site.catalogue import CHUNK, Cards, Entry, Family
from proofpress.site.frame import FrameSet, fill_page_slots
from proofpress.site.publish import OutputFile

SEARCH_INDEX = "search/search_index.json"
LATEST = 8
REGISTRY = "api/v1/registry/"
"""Where the log's tiles and the statements stand, as they are: the address of the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingUnit:
    """A unit that this process composes: its name, its key, and the files when they are asked for."""

    name: str
    key: str
    files: Callable[[], Iterator[OutputFile]]


def listing_units(
    frames: FrameSet,
    families: Sequence[Family],
    cards: Cards,
    code: str,
    profiles: Sequence[tuple[str, bytes]] = (),
    registry: Sequence[tuple[str, bytes]] = (),
    withdrawn: Sequence[Withdrawal] = (),
) -> tuple[ListingUnit, ...]:
    """All units but the releases, in the order of their names.

    `profiles` are the instance's own, by their place below `packs/`: who verifies a downloaded pack needs its profile.
    `registry` are the files of the log and the signed statements, by their place below the registry's folder.
    """
    newest = sorted(
        (entry for family in families for entry in family.entries[-catalogue.SEARCHED :]),
        key=lambda entry: (entry.released_at, entry.label),
        reverse=True,
    )
    names = [family.name for family in families]
    base = (code, frames.digest, frames.site_name, frames.site_url)
    everything = [(family.name, len(family.entries), family.entries[-1].key) for family in families]
    active = [entry.key for family in families for entry in family.entries if entry.place.status == "ACTIVE"]
    units = [
        ListingUnit(
            name="frame/static",
            key=digest(code, frames.key, "static"),
            files=lambda: _static(frames),
        ),
        ListingUnit(
            name="frame/pages",
            key=digest(code, frames.key, everything, active, [entry.key for entry in newest[: catalogue.SEARCHED]]),
            files=lambda: _pages(frames, families, newest, cards),
        ),
        ListingUnit(
            name="listing/families",
            key=digest(base, everything, active),
            files=lambda: catalogue.families_page(frames, families, cards),
        ),
        ListingUnit(
            name="listing/compare",
            key=digest(base, [entry.key for entry in newest[: 4 * CHUNK]], len(newest)),
            files=lambda: catalogue.compare_page(frames, newest),
        ),
        ListingUnit(
            name="listing/feed",
            key=digest(base, [entry.key for entry in newest[: catalogue.FEED]]),
            files=lambda: catalogue.feed(frames, newest, cards),
        ),
    ]
    if profiles:
        units.append(
            ListingUnit(
                name="listing/profiles",
                key=digest(code, profiles),
                files=lambda: (OutputFile(path=path, data=data) for path, data in profiles),
            )
        )
    units.extend(_alias_units(frames, families, base))
    if withdrawn:
        units.append(
            ListingUnit(
                name="listing/withdrawn",
                key=digest(base, withdrawn),
                files=lambda: aliases.tombstones(frames, withdrawn),
            )
        )
    if registry:
        units.append(
            ListingUnit(
                name="listing/registry",
                key=digest(code, [(path, hashlib.sha256(data).hexdigest()) for path, data in registry]),
                files=lambda: (OutputFile(path=REGISTRY + path, data=data) for path, data in registry),
            )
        )
    for family in families:
        units.extend(_family_units(frames, family, cards, names, base))
    return tuple(sorted(units, key=lambda unit: unit.name))


def _family_units(
    frames: FrameSet, family: Family, cards: Cards, names: Sequence[str], base: tuple[str, ...]
) -> Iterator[ListingUnit]:
    shown = {entry.key for entry in (*family.newest, *family.latest)}
    active = [entry.key for entry in family.entries if entry.place.status == "ACTIVE"]
    yield ListingUnit(
        name=f"listing/family/{family.name}",
        key=digest(base, names, family.name, sorted(shown), active, len(family.entries)),
        files=lambda: catalogue.family_page(frames, family, cards, names),
    )
    for number in range(1, family.chunks + 1):
        last = number == family.chunks
        yield ListingUnit(
            name=f"listing/family/{family.name}/{number}",
            key=digest(base, names, family.name, number, last, [entry.key for entry in family.chunk(number)]),
            files=lambda number=number: catalogue.family_chunk(frames, family, number, cards, names),  # type: ignore[misc]
        )


def _alias_units(frames: FrameSet, families: Sequence[Family], base: tuple[str, ...]) -> Iterator[ListingUnit]:
    errata = aliases.errata_of(families)
    active = aliases.active_in(families)
    yield ListingUnit(
        name="listing/errata",
        key=digest(base, errata[: aliases.ERRATA]),
        files=lambda: aliases.errata_feed(frames, errata),
    )
    if active:
        yield ListingUnit(
            name="listing/active",
            key=digest(base, list(active.items())),
            files=lambda: aliases.active_files(frames, active),
        )
    for family in families:
        yield ListingUnit(
            name=f"listing/latest/{family.name}",
            key=digest(base, family.name, aliases.versions(family)),
            files=lambda family=family: aliases.latest_files(frames, family),  # type: ignore[misc]
        )


def _static(frames: FrameSet) -> Iterator[OutputFile]:
    moving = {*frames.slotted, SEARCH_INDEX}
    for name, path in frames.static:
        if name not in moving:
            yield OutputFile(path=name, data=path.read_bytes())


def _pages(frames: FrameSet, families: Sequence[Family], newest: Sequence[Entry], cards: Cards) -> Iterator[OutputFile]:
    files: Mapping[str, Path] = dict(frames.static)
    blocks = catalogue.page_blocks(families, newest[:LATEST], cards)
    for name in frames.slotted:
        yield OutputFile(path=name, data=fill_page_slots(files[name].read_bytes(), blocks))
    if SEARCH_INDEX in files:
        index = catalogue.search_index(files[SEARCH_INDEX].read_bytes(), newest, cards)
        yield OutputFile(path=SEARCH_INDEX, data=index)

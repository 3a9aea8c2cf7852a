"""Where each release stands among the others, by what was peeked of them and by the registry."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from proofpress.evidence.values import ReleaseParts
from proofpress.registry import Registry
from proofpress.site.pack_index import Peek
from proofpress.site.standing import Place


def places_of(peeks: Iterable[Peek], registry: Registry) -> Mapping[str, Place]:
    """Each release's place, by bundle id. A predecessor that is not here is a finding, and no link."""
    there = {peek.bundle_id: peek for peek in peeks}
    after: dict[str, list[Peek]] = defaultdict(list)
    for peek in there.values():
        if peek.predecessor in there and peek.predecessor != peek.bundle_id:
            after[peek.predecessor].append(peek)
    return {
        peek.bundle_id: Place(
            predecessor=peek.predecessor if peek.predecessor in there else "",
            successors=tuple(item.bundle_id for item in sorted(after[peek.bundle_id], key=order_of)),
            standing=registry.standing(peek.bundle_id),
            predecessor_status=registry.status(peek.predecessor) or "",
        )
        for peek in there.values()
    }


def order_of(peek: Peek) -> tuple[str, tuple[object, ...], str]:
    """Oldest first: by the time of release, then by version, then by name."""
    try:
        parts: tuple[object, ...] = ReleaseParts(peek.release_id).sort_key
    except ValueError:
        parts = ()
    return peek.released_at, parts, peek.bundle_id

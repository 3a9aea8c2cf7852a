"""What the registry and the later releases mean for one release's pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from proofpress.registry import ReleaseStanding, scope_text
from proofpress.registry.statements import scope_path

_SCOPES_SHOWN: Final = 8
TONES: Mapping[str, str] = {
    "ACTIVE": "ok",
    "APPROVED": "ok",
    "CANDIDATE": "muted",
    "REGISTERED": "muted",
    "RETIRED": "muted",
    "REJECTED": "bad",
    "YANKED": "bad",
    "UNREGISTERED": "warn",
}
WORDS: Mapping[str, str] = {
    "ACTIVE": "Active",
    "APPROVED": "Approved",
    "CANDIDATE": "Candidate",
    "REGISTERED": "Registered",
    "RETIRED": "Retired",
    "REJECTED": "Rejected",
    "YANKED": "Yanked",
    "UNREGISTERED": "Not registered",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A release among the others: what is before and after it, and how the registry sees it."""

    predecessor: str
    successors: tuple[str, ...]
    standing: ReleaseStanding | None
    predecessor_status: str = ""

    @property
    def status(self) -> str:
        """The status of the lifecycle, or UNREGISTERED."""
        return self.standing.status if self.standing else "UNREGISTERED"

    def status_note(self) -> str:
        """Where the release is active, or since when it has its status."""
        if self.standing is None:
            return "the registry has no event of it"
        if self.standing.scopes:
            return "; ".join(scope_text(scope) for scope in self.standing.scopes)
        return f"since {self.standing.since[:10]}"

    def badge(self) -> dict[str, str]:
        """The status for a template."""
        return {"tone": TONES[self.status], "text": WORDS[self.status]}

    def status_text(self) -> str:
        """The status with the scopes in which the release is active."""
        word = WORDS[self.status]
        if self.standing and self.standing.scopes:
            return f"{word} in {'; '.join(scope_text(scope) for scope in self.standing.scopes)}"
        return word

    def banners(self, releases: str, *, rehearsal: bool) -> tuple[dict[str, Any], ...]:
        """Notices above a page; `releases` is the relative address of the folder of all releases."""
        found: list[dict[str, Any]] = []
        standing = self.standing
        if rehearsal:
            text = "Part of this pack is a fixture: it is not evidence for any release and must not be cited."
            found.append(_banner("rehearsal", "Rehearsal", text))
        if standing:
            found += _lifecycle_banners(standing, releases)
        if standing and standing.superseded_by:
            bundle = standing.superseded_by
            link = {"title": f"Read {bundle}", "href": f"{releases}{bundle}/"}
            found.append(_banner("superseded", "The evidence of this release was corrected", "", (link,)))
        return tuple(found)


def _lifecycle_banners(standing: ReleaseStanding, releases: str) -> Iterator[dict[str, Any]]:
    """Where the release is active, or why it should not be used any more, and what to use instead."""
    last, since = standing.history[-1], standing.since[:10]
    if standing.status == "YANKED":
        upgrade = standing.upgrade_path or standing.superseded_by
        text = standing.yank_reason or ""
        if upgrade is None:
            text = f"{text} The registry names nothing to use instead.".strip()
        yield _banner("yanked", f"Yanked on {since}: do not use", text, _release(releases, "Use {} instead", upgrade))
    elif standing.status == "REJECTED":
        yield _banner("rejected", f"Rejected on {since}: never released for use", last.reason or "")
    elif standing.status == "RETIRED" and last.kind == "rolled_back":
        links = _release(releases, "Active again: {}", last.other)
        yield _banner("superseded", f"Rolled back on {last.at[:10]}", last.reason or "", links)
    elif standing.status == "RETIRED" and last.kind == "superseded":
        links = _release(releases, "Look at {}", last.other)
        yield _banner("superseded", f"Superseded on {last.at[:10]}", last.reason or "", links)
    elif standing.status == "RETIRED":
        yield _banner("superseded", f"Retired on {since}: active nowhere", last.reason or "")
    elif standing.scopes:
        shown = standing.scopes[:_SCOPES_SHOWN]
        left = len(standing.scopes) - len(shown)
        more = f"And in {left} more scopes." if left else ""
        places = tuple(
            {"title": scope_text(scope), "href": f"{releases}../registry/{scope_path(scope).removesuffix('.json')}/"}
            for scope in shown
        )
        yield _banner("active", f"Active since {since} in", more, places)


def _release(releases: str, text: str, bundle_id: str | None) -> tuple[dict[str, str], ...]:
    return ({"title": text.format(bundle_id), "href": f"{releases}{bundle_id}/"},) if bundle_id else ()


def _banner(tone: str, title: str, text: str, links: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    return {"tone": tone, "title": title, "text": text, "links": links}

"""What the registry and the later releases mean for one release's pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proofpress.registry import ReleaseStanding, scope_text

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
        if standing and standing.status == "YANKED":
            upgrade = standing.upgrade_path or (self.successors[-1] if self.successors else "")
            links = ({"title": f"Use {upgrade} instead", "href": f"{releases}{upgrade}/"},) if upgrade else ()
            found.append(
                _banner("yanked", f"Yanked on {standing.since[:10]}: do not use", standing.yank_reason or "", links)
            )
        elif standing and standing.status == "REJECTED":
            reason = standing.history[-1].reason or ""
            found.append(_banner("rejected", f"Rejected on {standing.since[:10]}: never released for use", reason))
        elif standing and standing.status == "RETIRED" and standing.history[-1].kind == "rolled_back":
            step = standing.history[-1]
            back = ({"title": f"Active again: {step.other}", "href": f"{releases}{step.other}/"},) if step.other else ()
            found.append(_banner("superseded", f"Rolled back on {step.at[:10]}", step.reason or "", back))
        elif standing and standing.status == "RETIRED" and standing.history[-1].kind == "superseded":
            step = standing.history[-1]
            link = {"title": f"Look at {step.other}", "href": f"{releases}{step.other}/"}
            found.append(_banner("superseded", f"Superseded on {step.at[:10]}", "", (link,) if step.other else ()))
        if standing and standing.superseded_by:
            bundle = standing.superseded_by
            link = {"title": f"Read {bundle}", "href": f"{releases}{bundle}/"}
            found.append(_banner("superseded", "The evidence of this release was corrected", "", (link,)))
        return tuple(found)


def _banner(tone: str, title: str, text: str, links: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    return {"tone": tone, "title": title, "text": text, "links": links}

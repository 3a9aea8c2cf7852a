"""Moving addresses: `latest` of a family and `active` of a scope, the version list, and the errata feed.

An alias carries no numbers and no citation: it is a small page that leads to the permanent address of a release.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from proofpress.evidence.jsontext import published_json
from proofpress.evidence.withdrawn import Withdrawal
from proofpress.links.page import WITHDRAWN_META
from proofpress.registry.state import FINAL, ScopeKey, Step, scope_text
from proofpress.site.catalogue import Entry, Family
from proofpress.site.frame import FrameSet
from proofpress.site.layout import PageText, body, environment, page
from proofpress.site.publish import OutputFile

SELECTED: Final = 100
"""Releases that a version selector is offered; it has no pages, and nobody chooses from more."""
ERRATA: Final = 100
_PLAIN: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
WITHDRAWN_SCHEMA: Final = "proofpress.withdrawn/1"
TOMBSTONE: Final = f'<meta name="robots" content="noindex">\n{WITHDRAWN_META}\n'


def latest_of(family: Family) -> Entry | None:
    """The newest release that may be used: not rejected, yanked or rolled back; registered, where any of them is."""
    usable = [entry for entry in reversed(family.entries) if _usable(entry) and not _given_up(entry)]
    registered = [entry for entry in usable if entry.place.standing is not None]
    return next(iter(registered or usable), None)


def _usable(entry: Entry) -> bool:
    return entry.place.status not in FINAL


def _given_up(entry: Entry) -> bool:
    standing = entry.place.standing
    return standing is not None and not standing.scopes and standing.history[-1].kind == "rolled_back"


def scope_slug(scope: ScopeKey) -> str:
    """The address of a scope: `environment=production,family=digits`; with a digest where a value isn't plain."""
    pairs = [f"{name}={value}" if _PLAIN.fullmatch(value) else "" for name, value in scope]
    if all(pairs):
        return ",".join(pairs)
    names = ",".join(name for name, _value in scope)
    return f"{names},{hashlib.sha256(scope_text(scope).encode()).hexdigest()[:16]}"


def active_in(families: Sequence[Family]) -> dict[ScopeKey, str]:
    """Every scope in which a release ever was active, with the bundle that is now; empty where none is."""
    found: dict[ScopeKey, str] = {}
    for entry in (entry for family in families for entry in family.entries):
        if standing := entry.place.standing:
            for step in standing.history:
                if step.scope is not None:
                    found.setdefault(step.scope, "")
            found |= dict.fromkeys(standing.scopes, entry.bundle_id)
    return dict(sorted(found.items()))


def latest_files(frames: FrameSet, family: Family) -> Iterator[OutputFile]:
    """The alias `latest` of a family, and its list of versions as Material's and mike's selector reads it."""
    latest = latest_of(family)
    yield _alias(
        frames,
        f"families/{family.name}/latest/",
        title=f"Latest release of {family.name}",
        target=f"releases/{latest.bundle_id}/" if latest else "",
        name=latest.bundle_id if latest else "",
        nothing=f"No release of {family.name} may be used: each is rejected, yanked or rolled back.",
        instead=f"families/{family.name}/",
    )
    yield OutputFile(path=f"families/{family.name}/versions.json", data=published_json(versions(family)))


def versions(family: Family) -> list[dict[str, Any]]:
    """The newest releases, newest first, each by its address from the family's folder; withdrawn ones are hidden."""
    latest = latest_of(family)
    listed = []
    for entry in reversed(family.entries[-SELECTED:]):
        item: dict[str, Any] = {
            "version": f"../../releases/{entry.bundle_id}",
            "title": entry.bundle_id,
            "aliases": ["latest"] if entry is latest else [],
        }
        if not _usable(entry):
            item["properties"] = {"hidden": True, "status": entry.place.status}
        listed.append(item)
    return listed


def active_files(frames: FrameSet, active: Mapping[ScopeKey, str]) -> Iterator[OutputFile]:
    """The alias of each scope."""
    for scope, bundle_id in active.items():
        yield _alias(
            frames,
            f"active/{scope_slug(scope)}/",
            title=f"Active release: {scope_text(scope)}",
            target=f"releases/{bundle_id}/" if bundle_id else "",
            name=bundle_id,
            nothing=f"No release is active where {scope_text(scope)}.",
            instead="families/",
        )


def _alias(
    frames: FrameSet, path: str, *, title: str, target: str, name: str, nothing: str, instead: str
) -> OutputFile:
    root = "../" * path.count("/")
    html = (
        environment()
        .get_template("alias.html.j2")
        .render(
            title=title,
            site_name=frames.site_name,
            canonical=frames.site_url + (target or path),
            target=root + target if target else "",
            name=name,
            nothing=nothing,
            instead=root + instead,
        )
    )
    return OutputFile(path=f"{path}index.html", data=html.encode())


def tombstones(frames: FrameSet, withdrawn: Sequence[Withdrawal]) -> Iterator[OutputFile]:
    """What stands at each address that was taken back: since when, why, and what to read instead."""
    for item in withdrawn:
        for path in item.addresses:
            if path.endswith(".json"):
                told = {"schema": WITHDRAWN_SCHEMA, "at": item.at, "reason": item.reason, "instead": item.instead}
                yield OutputFile(path=path, data=published_json(told))
                continue
            text = PageText(
                path=path,
                title=f"Withdrawn: {path.rstrip('/')}",
                description=f"This page was withdrawn on {item.at[:10]}.",
                lead=f"Withdrawn on {item.at[:10]}. The address stays taken, so that nothing else can be found here.",
                trail=(("Families", "families/"),),
            )
            instead = {"href": text.root + item.instead, "title": item.instead.rstrip("/")} if item.instead else None
            html = body("withdrawn.html.j2", text, reason=item.reason, instead=instead)
            yield page(frames, text, html, head=TOMBSTONE)


# Errata --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Erratum:
    """What became of a release after it was published: which event, when, why, and what to read instead."""

    at: str
    seq: int
    bundle_id: str
    word: str
    reason: str
    instead: str


def errata_of(families: Sequence[Family]) -> tuple[Erratum, ...]:
    """Releases that were yanked, rejected, rolled back or corrected by a later bundle, newest first."""
    entries = {entry.bundle_id: entry for family in families for entry in family.entries}
    found: list[Erratum] = []
    for name, entry in entries.items():
        standing = entry.place.standing
        if standing is None:
            continue
        found += [
            Erratum(
                at=step.at,
                seq=step.seq,
                bundle_id=name,
                word=word,
                reason=step.reason or "",
                instead=(standing.upgrade_path or "") if step.after == "YANKED" else (step.other or ""),
            )
            for step in standing.history
            if (word := _erratum(step))
        ]
        later = entries.get(standing.superseded_by or "")
        if later is not None and later.place.standing is not None:
            found.append(
                Erratum(
                    at=later.place.standing.registered_at,
                    seq=0,
                    bundle_id=name,
                    word="Corrected",
                    reason="The evidence of this release was corrected.",
                    instead=later.bundle_id,
                )
            )
    return tuple(sorted(found, key=lambda item: (item.at, item.seq, item.bundle_id), reverse=True))


def _erratum(step: Step) -> str:
    if step.after in FINAL:
        return step.after.capitalize()
    return "Rolled back" if step.kind == "rolled_back" else ""


def errata_feed(frames: FrameSet, errata: Sequence[Erratum]) -> Iterator[OutputFile]:
    """The newest errata as an Atom feed; each entry has an id that never changes."""
    base = frames.site_url
    newest = errata[:ERRATA]
    updated = newest[0].at if newest else "1970-01-01T00:00:00Z"
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>{escape(frames.site_name)}: errata</title>\n<id>{escape(base)}errata.xml</id>\n"
        f'<link rel="self" href="{escape(base)}errata.xml"/>\n<link href="{escape(base)}"/>\n'
        f"<author><name>{escape(frames.site_name)}</name></author>\n<updated>{updated}</updated>\n"
    )
    parts = [head]
    for item in newest:
        url = f"{base}releases/{item.bundle_id}/"
        which = f"event-{item.seq}" if item.seq else f"corrected-by-{item.instead}"
        shown = f"event-{item.seq}" if item.seq else "history"
        told = " ".join(filter(None, (item.reason, f"Use {item.instead} instead." if item.instead else "")))
        parts.append(
            f"<entry><title>{escape(f'{item.word}: {item.bundle_id}')}</title><id>{escape(f'{url}#{which}')}</id>"
            f'<link href="{escape(f"{url}#{shown}")}"/><updated>{item.at}</updated>'
            f'<category term="{escape(item.word.lower())}"/><summary>{escape(told)}</summary></entry>\n'
        )
    yield OutputFile(path="errata.xml", data=("".join(parts) + "</feed>\n").encode())

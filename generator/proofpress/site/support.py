"""Support windows: which line of a family is active, which gets security fixes alone, and until when.

A line is a MAJOR version. It is active until the first release of the next one; its end of life is what its newest
release states. All of them are dates: no page says what has expired.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from proofpress.evidence.jsontext import published_json
from proofpress.evidence.values import ReleaseParts
from proofpress.registry.events import release_of
from proofpress.site.catalogue import Cards, Entry, Family
from proofpress.site.frame import FrameSet
from proofpress.site.layout import PageText, body, cell, column, row
from proofpress.site.publish import OutputFile
from proofpress.site.registry_frame import HOME, TRAIL, registry_page

SCHEMA: Final = "proofpress.support/1"
FAMILIES_PER_PAGE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A MAJOR version of a family: its first and its newest release, and the first of the line after it."""

    major: int
    first: Entry
    newest: Entry
    after: Entry | None

    @property
    def key(self) -> tuple[object, ...]:
        """What pages show of the line, for the keys of their units."""
        shown = (self.first, self.newest, self.after)
        return self.major, [(entry.label, entry.content, entry.released_at) if entry else None for entry in shown]


def lines_of(family: Family) -> tuple[Line, ...]:
    """The lines of a family, newest first.

    Pre-releases begin no line, nor do releases that were rejected or yanked; a name that is no release id has none.
    """
    found: dict[int, list[Entry]] = {}
    for entry in family.entries:
        try:
            parts = ReleaseParts(release_of(entry.bundle_id))
        except ValueError:
            continue
        if not parts.is_pre_release and entry.place.status not in {"REJECTED", "YANKED"}:
            found.setdefault(int(parts.version.partition(".")[0]), []).append(entry)
    majors = sorted(found)
    return tuple(
        Line(
            major=major,
            first=found[major][0],
            newest=found[major][-1],
            after=found[majors[index + 1]][0] if index + 1 < len(majors) else None,
        )
        for index, major in reversed(list(enumerate(majors)))
    )


def support_json(family: str, lines: Sequence[Line], cards: Cards) -> Iterator[OutputFile]:
    """`api/v1/support/<family>.json`."""
    fields = {"schema": SCHEMA, "family": family, "lines": list(_lines(lines, cards))}
    yield OutputFile(path=f"api/v1/support/{family}.json", data=published_json(fields))


def _lines(lines: Sequence[Line], cards: Cards) -> Iterator[dict[str, Any]]:
    for line, card in zip(lines, cards([line.newest.label for line in lines]), strict=True):
        support = card["support"]
        yield {
            "line": f"{line.major}.x",
            "first": line.first.bundle_id,
            "newest": line.newest.bundle_id,
            "active_from": line.first.released_at[:10],
            "security_only_from": line.after.released_at[:10] if line.after else None,
            "end_of_life": support["until"] if support else None,
            "note": support["note"] if support else None,
            "deprecations": card["deprecations"],
        }


def support_page(
    frames: FrameSet, families: Sequence[tuple[str, tuple[Line, ...]]], cards: Cards, number: int, pages: int
) -> Iterator[OutputFile]:
    """A page of support windows, of so many families at a time; the first is number 1."""
    text = PageText(
        path="registry/support/" if number == 1 else f"registry/support/page/{number}/",
        title="Support windows" if number == 1 else f"Support windows, page {number}",
        description="Which line of each family is active, which gets security fixes alone, and until when.",
        lead="A line is a MAJOR version. It gets every fix until the next one is released, then fixes of security, "
        "until the end of life that its newest release states.",
        trail=TRAIL,
        tab=HOME,
    )
    described = [(family, list(_lines(lines, cards))) for family, lines in families]
    html = body(
        "support.html.j2",
        text,
        columns=[
            column("Family"),
            column("Line", whole=True),
            column("Newest release", whole=True),
            column("Active from", whole=True),
            column("Security fixes only from"),
            column("End of life", whole=True),
        ],
        rows=[_row(text.root, family, line) for family, lines in described for line in lines],
        going_columns=[column("Release", whole=True), column("Name"), column("Since"), column("Use instead")],
        going=[
            row(
                cell(line["newest"], href=f"{text.root}releases/{line['newest']}/"),
                cell(item["name"], code=True),
                cell(item["since"]),
                cell(item["replacement"]),
            )
            for _, lines in described
            for line in lines
            for item in line["deprecations"]
        ],
        newer=_neighbour(text.root, number - 1, pages),
        older=_neighbour(text.root, number + 1, pages),
        files=[
            {"href": f"{text.root}api/v1/support/{family}.json", "title": f"{family} as JSON"} for family, _ in families
        ],
    )
    yield registry_page(frames, text, html, (("lines", "Lines"), ("going", "Names that will go")))


def _row(root: str, family: str, line: Mapping[str, Any]) -> dict[str, Any]:
    security, end = line["security_only_from"], line["end_of_life"]
    return row(
        cell(family, href=f"{root}families/{family}/"),
        cell(line["line"]),
        cell(line["newest"], href=f"{root}releases/{line['newest']}/"),
        cell(line["active_from"]),
        cell(security) if security else cell("no newer line", none=True),
        cell(end) if end else cell("not stated", none=True),
    )


def _neighbour(root: str, number: int, pages: int) -> dict[str, str] | None:
    if not 1 <= number <= pages:
        return None
    below = "" if number == 1 else f"page/{number}/"
    return {"href": f"{root}registry/support/{below}", "title": f"page {number}"}

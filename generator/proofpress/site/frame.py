"""The frame: MkDocs and its theme make one page per depth, once; evidence pages are hung into it by a join.

A frame is split at the markers that `overrides/frame.html` emits. Text slots are escaped here; slots that are
HTML (head, nav, toc, body) are taken as they are, so whoever makes them escapes their evidence.
"""

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Final

from proofpress.errors import BuildError
from proofpress.site.frame_inputs import frame_key, read_site_config, tree_files
from proofpress.site.nav_html import nav_section

__all__ = ["Frame", "FrameSet", "Slots", "build_frame", "fill_page_slots", "frame_key", "load_frame"]

_SLOTS: Final = ("body", "head", "header_title", "nav", "title", "toc")
_GAP: Final = re.compile(
    r"@@proofpress:(?P<slot>[a-z_]+)@@"
    r'|(?P<tab><li class="md-tabs__item)(?: md-tabs__item--active)?(?=">\s*<a href="(?P<href>[^"]*)")'
)
_PAGE_SLOT: Final = re.compile(r'<div data-proofpress="([^"]*)">\s*</div>')
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What one page puts into its frame.

    Text, escaped by the frame: `title` (of the window; the site's name follows), `description`, `canonical`
    (absolute URL), `header_title` (shown in the header once the reader scrolls), `nav_title` (heading of the
    page's own navigation), `tab` (path of the tab to mark, such as `families/`; home is `./`).
    HTML, taken as it is: `head` (meta and link tags, JSON-LD), `nav` (from `nav_html`; empty: the page has no
    side navigation), `toc` (from `toc_html`; empty: no contents, wider page) and `body`.
    """

    title: str
    description: str
    canonical: str
    header_title: str
    body: str
    head: str = ""
    nav: str = ""
    nav_title: str = ""
    toc: str = ""
    tab: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """One page of the theme with gaps: `parts` alternate with the `gaps` between them."""

    parts: tuple[str, ...]
    gaps: tuple[str, ...]

    @classmethod
    def split(cls, html: str, depth: int) -> "Frame":
        """Cut a page of `frame.html` at its markers. Raises BuildError unless each comes out exactly once."""
        parts, gaps, position = [], [], 0
        for match in _GAP.finditer(html):
            slot = match["slot"]
            end = match.end() if slot is None else match.start()
            head = html[position:end] if slot else html[position : match.start()] + match["tab"]
            parts.append(head)
            gaps.append(slot or f"tab {_from_root(match['href'], depth)}")
            position = match.end()
        found = sorted(gap for gap in gaps if not gap.startswith("tab "))
        if found != sorted(_SLOTS):
            odd = sorted({slot for slot in (*found, *_SLOTS) if found.count(slot) != _SLOTS.count(slot)})
            counts = ", ".join(f"{slot} {found.count(slot)} times" for slot in odd)
            raise BuildError(
                f"overrides/frame.html must emit each slot once; at depth {depth}: {counts}",
                hint="compare your overrides with the shipped site_src/overrides/frame.html",
            )
        return cls((*parts, html[position:]), tuple(gaps))

    def fill(self, slots: Slots) -> bytes:
        """The finished page."""
        head = (
            f'<meta name="description" content="{escape(slots.description)}">\n'
            f'<link rel="canonical" href="{escape(slots.canonical)}">\n{slots.head}'
        )
        values = {
            "title": escape(slots.title),
            "head": head,
            "header_title": escape(slots.header_title),
            "nav": nav_section(slots.nav_title, slots.nav) if slots.nav else "",
            "toc": slots.toc,
            "body": slots.body,
            f"tab {slots.tab}": " md-tabs__item--active",
        }
        pieces = [self.parts[0]]
        for gap, part in zip(self.gaps, self.parts[1:], strict=True):
            pieces.append(values.get(gap, ""))
            pieces.append(part)
        return "".join(pieces).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSet:
    """The result of one MkDocs run.

    `key` names the run's inputs, `digest` only the frames themselves: an edited hand-written page changes the
    first, and evidence pages depend on the second. `static` is everything else that MkDocs wrote, as (path in
    the site, file): theme assets, hand-written pages, 404, search index, sitemap. `slotted` names the
    hand-written pages with blocks for `fill_page_slots`.
    """

    key: str
    digest: str
    site_name: str
    site_url: str
    frames: Mapping[int, Frame]
    static: tuple[tuple[str, Path], ...]
    slotted: tuple[str, ...]


def build_frame(
    instance_root: Path,
    work_dir: Path,
    *,
    depths: Sequence[int] = (0, 1, 2, 3, 4),
    source_date_epoch: int,
) -> FrameSet:
    """Run MkDocs once and keep the result in `work_dir`, where `load_frame` finds it again.

    Changes the environment and MkDocs' logger while it runs: not for two threads at once. Raises BuildError
    for any warning of MkDocs, for a frame without its slots, and when an input changes during the run.
    """
    from proofpress.site.mkdocs_run import run_mkdocs  # noqa: PLC0415  MkDocs takes 150 ms to import

    work_dir.mkdir(parents=True, exist_ok=True)
    (work_dir / "frame.json").unlink(missing_ok=True)
    key = frame_key(instance_root, source_date_epoch=source_date_epoch)
    output = run_mkdocs(read_site_config(instance_root), work_dir, depths=depths, source_date_epoch=source_date_epoch)
    for depth, html in output.frames.items():
        Frame.split(html, depth)
    if frame_key(instance_root, source_date_epoch=source_date_epoch) != key:
        raise BuildError("the hand-written site changed while it was built", hint="run the build again")
    record = {
        "format": _FORMAT,
        "key": key,
        "site_name": output.site_name,
        "site_url": output.site_url,
        "frames": {str(depth): output.frames[depth] for depth in sorted(output.frames)},
        "static": {name: _digest(path.read_bytes()) for name, path in tree_files(output.site_dir)},
    }
    (work_dir / "frame.json").write_text(
        json.dumps({**record, "sha256": _digest(_canonical(record))}), encoding="utf-8"
    )
    built = load_frame(work_dir, key)
    if built is None:
        raise BuildError(f"the frame in {work_dir.name} changed while it was built", hint="run the build again")
    return built


def load_frame(work_dir: Path, key: str) -> FrameSet | None:
    """The frame of an earlier run with this `frame_key`, each byte checked; None unless it is whole."""
    try:
        record = json.loads((work_dir / "frame.json").read_bytes())
        claimed = record.pop("sha256")
        if claimed != _digest(_canonical(record)) or (record["format"], record["key"]) != (_FORMAT, key):
            return None
        contents = {name: (path, path.read_bytes()) for name, path in tree_files(work_dir / "out")}
    except (OSError, ValueError, LookupError, AttributeError, TypeError, BuildError):
        return None
    if {name: _digest(content) for name, (_, content) in contents.items()} != record["static"]:
        return None
    return FrameSet(
        key=key,
        digest=_digest(_canonical(record["frames"])),
        site_name=record["site_name"],
        site_url=record["site_url"],
        frames=MappingProxyType({int(n): Frame.split(html, int(n)) for n, html in record["frames"].items()}),
        static=tuple((name, path) for name, (path, _) in contents.items()),
        slotted=tuple(
            name
            for name, (_, content) in contents.items()
            if name.endswith(".html") and b'<div data-proofpress="' in content
        ),
    )


def fill_page_slots(html: bytes, slots: Mapping[str, str]) -> bytes:
    """Fill the empty `<div data-proofpress="name"></div>` blocks of a hand-written page with HTML.

    Raises BuildError for a block whose name is not among `slots`.
    """

    def filled(match: re.Match[str]) -> str:
        name = match[1]
        if name not in slots:
            known = ", ".join(sorted(slots))
            raise BuildError(
                f"a hand-written page has a block '{name}', which Proofpress does not fill",
                hint=f"known blocks: {known}",
            )
        return f'<div data-proofpress="{name}">{slots[name]}</div>'

    return _PAGE_SLOT.sub(filled, html.decode()).encode()


def _from_root(href: str, depth: int) -> str:
    """A relative link of a page at `depth` as a path from the site's root: `families/`; home is `./`."""
    path = posixpath.relpath(posixpath.join("/", "frame/" * depth, href), "/")
    return f"{path}/"


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"

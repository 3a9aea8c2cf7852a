"""Check a folder that is to be served: internal links, anchors, and addresses of earlier sites."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

from proofpress.errors import IngestError
from proofpress.evidence.finding import Finding
from proofpress.links.page import PageLinks, read_links

_NO_BASE: Final = "https://site.invalid/"
_MARKER: Final = ".proofpress"
_DIGEST_IN_NAME: Final = re.compile(r"assets/.*\.[0-9a-f]{8}\.min\.(?:js|css)(?:\.map)?")
_XML_LINK: Final = re.compile(r"<loc>([^<]*)</loc>|<link\b[^>]*\bhref=\"([^\"]*)\"")
_OURS: Final = ("pp-", "__")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCheck:
    """What was checked, and what was found. `links` counts references to the site itself, once a page."""

    pages: int
    links: int
    fragments: int
    published: int
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Site:
    """A folder's files, and what its pages say."""

    folder: Path
    files: frozenset[str]
    base: str = ""
    pages: dict[str, frozenset[str]] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    links: int = 0
    aimed: list[tuple[str, str, str, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def check_site(folder: Path, *, previous: Sequence[Path] = (), base: str = "") -> SiteCheck:
    """Check the site in a folder, and that it still answers at every address of the previous ones.

    `base` is the address that it is served from, by default the canonical address of its first page. Raises
    `IngestError` when a folder can't be read.
    """
    site = _open(folder)
    site.base = base or _page(site, "index.html").canonical or _NO_BASE
    for name in sorted(site.files):
        if name.endswith(".html"):
            found = _page(site, name)
            site.pages[name] = found.ids
            if found.withdrawn:
                site.withdrawn.add(name.removesuffix("index.html"))
            _follow(site, name, found.references)
        elif name.endswith(".xml"):
            _follow(site, name, tuple(unescape(a or b) for a, b in _XML_LINK.findall(_text(site, name))))
        elif name.endswith("versions.json"):
            _follow(site, name, tuple(f"{version}/" for version in _versions(_text(site, name))))
    for page, reference, target, fragment in site.aimed:
        if target in site.pages and fragment not in site.pages[target]:
            site.findings.append(
                Finding(
                    rule="LNK002",
                    file=page,
                    message=f"the page {target} has no id '{fragment}'",
                    expected="an id of the page",
                    found=reference,
                    hint="name an id that the page has",
                )
            )
    published = sum(_answers(site, _open(place)) for place in previous)
    return SiteCheck(
        pages=len(site.pages),
        links=site.links,
        fragments=len(site.aimed),
        published=published,
        findings=tuple(sorted(site.findings, key=lambda item: (item.file, item.rule, item.found, item.message))),
    )


def _follow(site: _Site, name: str, references: Sequence[str]) -> None:
    top = urlsplit(site.base)
    here = urljoin(site.base, name.removesuffix("index.html"))
    for reference in references:
        try:
            target = urlsplit(urljoin(here, reference))
        except ValueError:
            continue
        if target.scheme not in {"http", "https"} or target.netloc != top.netloc:
            continue
        if not target.path.startswith(top.path) and reference.startswith(("http:", "https:", "//")):
            continue  # another site of the same host
        site.links += 1
        inside = unquote(target.path).removeprefix(top.path)
        file = f"{inside}index.html" if inside.endswith("/") or not inside else inside
        if not target.path.startswith(top.path) or file not in site.files:
            site.findings.append(
                Finding(
                    rule="LNK001",
                    file=name,
                    message=f"nothing is at {target.path}",
                    expected="a file of the site",
                    found=reference,
                    hint="correct the link, or publish what it leads to",
                )
            )
        elif (fragment := unquote(target.fragment)) and not fragment.startswith(":~:"):
            site.aimed.append((name, reference, file, fragment))


def _answers(site: _Site, before: _Site) -> int:
    """Find what an earlier site had and this one has not; returns the number of its addresses."""
    count = 0
    for name in sorted(before.files - {_MARKER}):
        if _DIGEST_IN_NAME.fullmatch(name):
            continue
        count += 1
        if name not in site.files:
            if not any(name.startswith(folder) for folder in site.withdrawn):
                site.findings.append(
                    Finding(
                        rule="LNK003",
                        file=name,
                        message="this address was published, and nothing is there any more",
                        expected="the file, a redirect, or a notice that it was withdrawn",
                        found="nothing",
                        hint="restore it, or list the page in packs/withdrawn.yaml",
                    )
                )
        elif name.startswith("releases/") and name.endswith("index.html"):
            _keeps_anchors(site, name, _page(before, name).ids)
    return count


def _keeps_anchors(site: _Site, name: str, ids: frozenset[str]) -> None:
    if name.removesuffix("index.html") in site.withdrawn:
        return
    for lost in sorted(ids - site.pages[name]):
        if not lost.startswith(_OURS):
            site.findings.append(
                Finding(
                    rule="LNK004",
                    file=name,
                    message=f"the anchor '{lost}' was published, and the page has it no more",
                    expected=f"an element with the id '{lost}'",
                    found="none",
                    hint="give the section its id again",
                )
            )


def _open(folder: Path) -> _Site:
    def refuse(error: OSError) -> None:
        raise IngestError(f"{error.filename}: can't be listed ({error.strerror})") from error

    if not folder.is_dir():
        raise IngestError(f"{folder}: no such folder", hint="name the folder of a finished site")
    names = (
        Path(below, file).relative_to(folder).as_posix()
        for below, _folders, files in os.walk(folder, onerror=refuse, followlinks=True)
        for file in files
    )
    return _Site(folder, frozenset(names))


def _text(site: _Site, name: str) -> str:
    try:
        return (site.folder / name).read_text("utf-8", errors="replace")
    except OSError as exc:
        raise IngestError(f"{site.folder / name}: can't be read ({exc.strerror})") from exc


def _page(site: _Site, name: str) -> PageLinks:
    return read_links(_text(site, name)) if name in site.files else PageLinks((), frozenset(), "", withdrawn=False)


def _versions(text: str) -> Iterator[str]:
    """Addresses in a list of versions, as theme selectors read it."""
    try:
        listed = json.loads(text)
    except ValueError:
        return
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, Mapping) and isinstance(item.get("version"), str):
            yield item["version"]

"""A published site → an instance in an empty folder, from what the site serves alone."""

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from proofpress import __version__
from proofpress.build.sources import FOLDER, LIBRARIES, SCHEMA, SIGNATURE, STATEMENT, attestations_at, pairs_digest
from proofpress.errors import IngestError
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.prove.reader import SiteReader, safe_path
from proofpress.resources import library_version, packaged

_THREADS: Final = 8
_EXTENSIONS: Final = frozenset(
    {
        *("abbr", "admonition", "attr_list", "def_list", "fenced_code", "footnotes", "md_in_html", "meta", "nl2br"),
        *("sane_lists", "smarty", "tables", "toc", "wikilinks", "codehilite", "extra"),
        *("pymdownx.arithmatex", "pymdownx.betterem", "pymdownx.blocks.admonition", "pymdownx.blocks.details"),
        *("pymdownx.blocks.tab", "pymdownx.caret", "pymdownx.critic", "pymdownx.details", "pymdownx.highlight"),
        *("pymdownx.inlinehilite", "pymdownx.keys", "pymdownx.mark", "pymdownx.smartsymbols", "pymdownx.superfences"),
        *("pymdownx.tabbed", "pymdownx.tasklist", "pymdownx.tilde"),
    }
)
"""Markdown extensions that read nothing but the page."""


@dataclass(slots=True)
class Rebuilt:
    """An instance that was put together, and what is to be said of it.

    `wrong` are files that contradict what the site says of them, `doubts` reasons why nothing that the program
    makes can be proven, `packs` the released packs as (label, pack id).
    """

    root: Path
    wrong: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    packs: list[tuple[str, str]] = field(default_factory=list)
    statement: bytes = b""
    signature: bytes | None = None
    versions_differ: list[str] = field(default_factory=list)


def rebuild_instance(site: SiteReader, root: Path, *, trusted: Callable[[Rebuilt], bool]) -> Rebuilt:
    """Fetch sources, attestations and packs into `root`.

    Code that comes with a site (hooks, plugins, templates of its own) is only kept when `trusted` says of the
    fetched statement that its publisher is. Raises `IngestError` when the site publishes no sources.
    """
    found = Rebuilt(root)
    found.statement, said = _statement(site)
    found.signature = site.read(SIGNATURE)
    trust = trusted(found)
    _versions(said, found)
    _sources(site, said, found)
    if not trust:
        found.doubts += _code(root)
    if shipped := said.get("shipped_overrides"):
        shutil.copytree(packaged("overrides"), root / safe_path(shipped), dirs_exist_ok=True)
    releases = list(_releases(site))
    with ThreadPoolExecutor(_THREADS) as pool:
        for family, bundle_id, pack_id in releases:
            _pack(site, found, f"{family}/{bundle_id}", pack_id, pool)
    _bound(said, found)
    return found


def _statement(site: SiteReader) -> tuple[bytes, dict[str, Any]]:
    data = site.read(STATEMENT)
    if data is None:
        raise IngestError(
            f"{site.place}: no {STATEMENT}, so there is nothing to build the site again from",
            hint="name the address of a site that Proofpress built, with a slash at its end",
        )
    said = _json(data, STATEMENT)
    if said.get("schema") != SCHEMA or not isinstance(said.get("files"), list | tuple):
        raise IngestError(f"{STATEMENT}: not of the schema {SCHEMA}")
    return data, said


def _json(data: bytes, path: str) -> dict[str, Any]:
    try:
        found = parse_json(data)
    except StrictError as exc:
        raise IngestError(f"{path}: {exc}") from exc
    if not isinstance(found, dict):
        raise IngestError(f"{path}: not an object")
    return found


def _versions(said: dict[str, Any], found: Rebuilt) -> None:
    program = str(said.get("generated_by", ""))
    if program != f"proofpress {__version__}":
        found.versions_differ.append(f"{program} (here proofpress {__version__})")
    libraries = said.get("libraries")
    for name in LIBRARIES:
        theirs = libraries.get(name) if isinstance(libraries, dict) else None
        if theirs != library_version(name):
            found.versions_differ.append(f"{name} {theirs} (here {library_version(name)})")
    for name, why in (
        ("environment", "its mkdocs.yml reads environment variables: {}"),
        ("outside", "its mkdocs.yml names files that are not published: {}"),
    ):
        if items := said.get(name):
            found.doubts.append(why.format(", ".join(map(str, items))))


def _sources(site: SiteReader, said: dict[str, Any], found: Rebuilt) -> None:
    for item in said["files"]:
        path = safe_path(item.get("path") if isinstance(item, dict) else None)
        at = f"{FOLDER}files/{path}"
        data = site.read(at)
        if data is None:
            found.wrong[at] = f"{STATEMENT} lists it, and it is not there"
        elif hashlib.sha256(data).hexdigest() != item.get("sha256"):
            found.wrong[at] = f"its sha256 is not the one in {STATEMENT}"
        if data is not None:
            _write(found.root / path, data)


def _code(root: Path) -> Iterator[str]:
    """Why an instance's own files would run as code, which is not done for a stranger."""
    for folder in ("templates", "site_src/overrides"):
        if (root / folder).is_dir():
            yield f"it has templates of its own in {folder}, which are code; --trust names the keys that may bring some"
    config = root / "mkdocs.yml"
    try:
        settings = yaml.safe_load(config.read_bytes()) or {}
    except (OSError, yaml.YAMLError) as exc:
        yield f"its mkdocs.yml can't be read safely ({type(exc).__name__})"
        return
    if not isinstance(settings, dict):
        yield "its mkdocs.yml is not a mapping"
        return
    for name in ("INHERIT", "hooks"):
        if settings.get(name):
            yield f"its mkdocs.yml uses '{name}'; --trust names the keys that may bring code"
    theme = settings.get("theme")
    if (theme.get("name") if isinstance(theme, dict) else theme) != "material":
        yield "its theme is not Material"
    for name, known in (("plugins", {"search", "material/search"}), ("markdown_extensions", _EXTENSIONS)):
        if strange := sorted(set(_names(settings.get(name))) - known):
            yield f"its mkdocs.yml uses {name} that may run code or read files: {', '.join(strange)}"
    for name in ("docs_dir", "site_dir"):
        value = settings.get(name, "docs")
        if not isinstance(value, str) or value.startswith("/") or ".." in value.split("/"):
            yield f"its mkdocs.yml points '{name}' outside its own folder"


def _names(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from map(str, value)
    elif isinstance(value, list):
        for item in value:
            yield from map(str, item) if isinstance(item, dict) else (str(item),)


def _releases(site: SiteReader) -> Iterator[tuple[str, str, str]]:
    """(family, bundle id, pack id) of every release that the catalogue lists."""
    for family in _items(site, "api/v1/index.json", "families"):
        page: object = family.get("json")
        seen: set[object] = set()
        while page and page not in seen:
            seen.add(page)
            path = safe_path(page)
            data = site.read(path)
            if data is None:
                raise IngestError(f"{path}: the catalogue names it, and it is not there")
            listed = _json(data, path)
            for release in listed.get("releases", ()):
                yield safe_path(listed.get("family")), safe_path(release.get("bundle_id")), str(release.get("pack_id"))
            page = listed.get("older")


def _items(site: SiteReader, path: str, name: str) -> Iterable[dict[str, Any]]:
    data = site.read(path)
    if data is None:
        raise IngestError(f"{path}: it is not there", hint="the site's catalogue is needed to find its packs")
    return [item for item in _json(data, path).get(name, ()) if isinstance(item, dict)]


def _pack(site: SiteReader, found: Rebuilt, label: str, pack_id: str, pool: ThreadPoolExecutor) -> None:
    below = f"releases/{label.rpartition('/')[2]}/files/"
    target = found.root / "packs" / label
    found.packs.append((label, pack_id))
    manifest = site.read(f"{below}manifest.json")
    if manifest is None:
        found.wrong[f"{below}manifest.json"] = "the catalogue lists the release, and its manifest is not there"
        return
    if f"sha256:{hashlib.sha256(manifest).hexdigest()}" != pack_id:
        found.wrong[f"{below}manifest.json"] = f"its sha256 is not the pack id that the catalogue gives, {pack_id}"
    _write(target / "manifest.json", manifest)
    listed = [item for item in _json(manifest, f"{below}manifest.json").get("files", ()) if isinstance(item, dict)]
    paths: Sequence[str] = [safe_path(item.get("path")) for item in listed]
    digests = {path: item.get("sha256") for path, item in zip(paths, listed, strict=True)}
    wanted = [*paths, "SHA256SUMS"]
    for path, data in zip(wanted, pool.map(site.read, [below + path for path in wanted]), strict=True):
        if data is None:
            found.wrong[below + path] = "the manifest lists it, and it is not there"
            continue
        if path in digests and hashlib.sha256(data).hexdigest() != digests[path]:
            found.wrong[below + path] = "its sha256 is not the one in the manifest"
        _write(target / path, data)
    at = attestations_at(pack_id.removeprefix("sha256:"))
    said = site.read(at)
    if said is not None:
        files = _json(said, at).get("files")
        for path, text in (files if isinstance(files, dict) else {}).items():
            if safe_path(path).startswith(f"packs/attestations/{pack_id.removeprefix('sha256:')}/"):
                _write(found.root / path, str(text).encode())
            else:
                found.wrong[at] = f"it says something about another pack: {path}"


def _bound(said: dict[str, Any], found: Rebuilt) -> None:
    """The packs that were found are those that the statement binds."""
    bound = said.get("packs")
    if not isinstance(bound, dict) or bound.get("sha256") != pairs_digest(found.packs):
        found.wrong[STATEMENT] = "it binds other packs than the catalogue lists"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)

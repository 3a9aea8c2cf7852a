"""`build_site`: nothing when nothing changed, else the whole way.

Every unit is written to the tree that is not served; the exchange happens only when no pack, and nothing
between packs, was refused.
"""

import hashlib
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

from proofpress import __version__
from proofpress.build.report import BuildReport
from proofpress.discovery import PackRef, attested_files, find_packs, rule_files
from proofpress.errors import NothingCheckedError, PublishError
from proofpress.resources import packaged
from proofpress.site.frame_inputs import frame_key
from proofpress.site.pack_index import PackIndex, Peek, fingerprint
from proofpress.site.publish import Publication, Survey

Progress = Callable[[int, int], None]


def digest(*parts: object) -> str:
    """Digest of a unit's whole argument."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=repr).encode()).hexdigest()


_LIBRARIES = (
    *("ahocorasick-rs", "jinja2", "markdown-it-py", "markupsafe", "mkdocs", "mkdocs-material", "nh3"),
    *("pydantic", "pydantic-core", "pyyaml"),
)
"""Libraries whose change could change a page or a verdict."""


@cache
def code_digest() -> str:
    """Digest of the program, its templates and libraries: a changed program has no cached units."""
    versions = [__version__, sys.version, *(f"{name} {version(name)}" for name in _LIBRARIES)]
    found = hashlib.sha256("\n".join(versions).encode())
    package = Path(__file__).resolve().parents[1]
    for folder, pattern in ((package, "*.py"), (packaged("templates"), "*.j2"), (package, "*.yaml")):
        for path in sorted(folder.rglob(pattern)):
            found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def build_site(
    root: Path, *, jobs: int = 1, rehash: bool = False, progress: Progress = lambda _done, _total: None
) -> BuildReport:
    """Build the instance's site into `site/`. Raises for inability; a refusal for its evidence is in the report."""
    refs, strangers = find_packs(root)
    if not refs:
        raise NothingCheckedError(
            "packs/ holds no pack, so nothing was checked or built", hint="add packs/<family>/<release id>/"
        )
    state = root / "build"
    try:
        with closing(PackIndex(state / "packs.sqlite")) as index:
            try:
                return _build(root, refs, index, len(strangers), jobs=jobs, rehash=rehash, progress=progress)
            except sqlite3.DatabaseError as exc:
                if isinstance(exc, sqlite3.OperationalError):
                    raise
                index.reset()
                return _build(root, refs, index, len(strangers), jobs=jobs, rehash=rehash, progress=progress)
    except sqlite3.OperationalError as exc:
        raise PublishError(
            f"{state / 'packs.sqlite'}: {exc}", hint="let the other build end, and look for space on the disk"
        ) from exc
    except FileExistsError as exc:
        raise PublishError(
            f"{state}: not a folder", hint="the build keeps its state there; move the file away"
        ) from exc


def _build(
    root: Path,
    refs: tuple[PackRef, ...],
    index: PackIndex,
    strangers: int,
    *,
    jobs: int,
    rehash: bool,
    progress: Progress,
) -> BuildReport:
    packs = [(ref.label, ref.path) for ref in refs]

    def observe(fingerprints: Sequence[tuple[str, bool]] | None = None) -> tuple[tuple[Peek, ...], str]:
        peeks = index.scan(packs, jobs=jobs, rehash=rehash, fingerprints=fingerprints)
        judged_by = [(name, hashlib.sha256(data).hexdigest()) for name, data in rule_files(root)]
        contents = [(peek.label, peek.content) for peek in peeks]
        return peeks, digest(code_digest(), judged_by, attested_files(root), frame_key(root), contents, strangers)

    build = partial(_changed, root, refs, index, jobs=jobs, progress=progress)
    if jobs > 1 and not rehash and hasattr(os, "fork") and not index.knows_only(ref.label for ref in refs):
        # Something changed, that is sure: other processes look at the disk while this one imports the rest.
        from proofpress.aside import Aside  # noqa: PLC0415

        with (
            _publication(root) as publication,
            closing(Aside(publication.survey)) as tree,
            closing(Aside(lambda: [fingerprint(path) for _label, path in packs])) as found,
        ):
            return build(publication, lambda: observe(found.result()), tree.result)
    observed = observe()
    last, units = index.published()
    if last == observed[1] and not rehash:
        with _publication(root) as publication:
            if not publication.begin(units):
                return BuildReport(packs=len(refs), outcome=publication.commit())
    with _publication(root, rehash=rehash) as publication:
        return build(publication, lambda: observed, lambda: None)


def _changed(
    root: Path,
    refs: tuple[PackRef, ...],
    index: PackIndex,
    publication: Publication,
    observe: Callable[[], tuple[tuple[Peek, ...], str]],
    survey: Callable[[], Survey | None],
    *,
    jobs: int,
    progress: Progress,
) -> BuildReport:
    from proofpress.build.run import SiteBuild  # noqa: PLC0415 - everything else, only when something changed

    return SiteBuild(
        root=root,
        refs=refs,
        index=index,
        publication=publication,
        observe=observe,
        survey=survey,
        jobs=jobs,
        progress=progress,
    ).run()


def _publication(root: Path, *, rehash: bool = False) -> Publication:
    return Publication(root / "site", root / "build" / "publish", rehash=rehash)

"""`build_site`: nothing when nothing changed, else the whole way.

Every unit is written to the tree that is not served; the exchange happens only when no pack, and nothing
between packs, was refused.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

from proofpress import __version__
from proofpress.build.report import BuildReport
from proofpress.discovery import find_packs, rule_files
from proofpress.errors import UsageError
from proofpress.resources import packaged
from proofpress.site.frame_inputs import frame_key
from proofpress.site.pack_index import PackIndex
from proofpress.site.publish import Publication

Progress = Callable[[int, int], None]


def digest(*parts: object) -> str:
    """Digest of a unit's whole argument."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=repr).encode()).hexdigest()


@cache
def code_digest() -> str:
    """Digest of the program and its templates: a changed program has no cached units."""
    found = hashlib.sha256(__version__.encode())
    package = Path(__file__).resolve().parents[1]
    for folder, pattern in ((package, "*.py"), (packaged("templates"), "*.j2"), (package, "*.yaml")):
        for path in sorted(folder.rglob(pattern)):
            found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def build_site(
    root: Path, *, jobs: int = 1, rehash: bool = False, progress: Progress = lambda _done, _total: None
) -> BuildReport:
    """Build the instance's site into `site/`. Raises for inability; a refusal for its evidence is in the report."""
    refs, _strangers = find_packs(root)
    if not refs:
        raise UsageError("packs/ holds no pack, so there is nothing to build", hint="add packs/<family>/<release id>/")
    state = root / "build"
    with closing(PackIndex(state / "packs.sqlite")) as index:
        peeks = index.scan([(ref.label, ref.path) for ref in refs], rehash=rehash)
        judged_by = [(name, hashlib.sha256(data).hexdigest()) for name, data in rule_files(root)]
        contents = [(peek.label, peek.content) for peek in peeks]
        stamp = digest(code_digest(), judged_by, frame_key(root), contents, len(_strangers))
        last, units = index.published()
        if last == stamp and not rehash:
            with Publication(root / "site", state / "publish") as publication:
                if not publication.begin(units):
                    return BuildReport(packs=len(refs), outcome=publication.commit())
        from proofpress.build.run import SiteBuild  # noqa: PLC0415 - everything else, only when something changed

        build = SiteBuild(
            root=root, refs=refs, peeks=peeks, index=index, stamp=stamp, jobs=jobs, rehash=rehash, progress=progress
        )
        return build.run()

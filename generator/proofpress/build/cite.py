"""What a release is cited by, for whoever asks outside a build: the same as the site publishes."""

from contextlib import closing
from pathlib import Path

from proofpress.discovery import PackRef
from proofpress.errors import UsageError
from proofpress.ingest import load_pack, source_of
from proofpress.instance import open_instance
from proofpress.pipeline import Rules, read_registry, select, verified
from proofpress.site.citing import Citing, pack_swhid
from proofpress.site.frame_inputs import read_site_config
from proofpress.site.pack_index import PackIndex
from proofpress.site.places import places_of


def citing_of(root: Path, name: str, *, jobs: int = 1) -> Citing:
    """How the release of this name is cited.

    Raises `UsageError` when there is no such release, when it is refused, and when it is a rehearsal.
    """
    instance = open_instance(root)
    registry = read_registry(instance)
    (ref,) = select(instance, (name,))
    with closing(PackIndex(root / "build" / "packs.sqlite")) as index:
        peeks = index.scan([(item.label, item.path) for item in instance.refs], jobs=jobs)
    pack = verified(ref, Rules.of(instance, registry))
    config = read_site_config(root)
    if not config.site_url.strip("/"):
        raise UsageError("mkdocs.yml has no site_url", hint="write the address that the site is served from")
    citing = Citing(
        pack=pack,
        place=places_of(peeks, registry)[ref.bundle_id],
        base_url=config.site_url,
        publisher=config.site_name,
        swhid=pack_swhid(pack.raw.files.values()),
    )
    if not citing.citable:
        raise UsageError(
            f"{ref.bundle_id} is a rehearsal and must not be cited", hint="cite a release without fixtures"
        )
    return citing


def swhid_of(ref: PackRef) -> str | None:
    """The identifier of a pack's folder, None when it can't be computed."""
    return pack_swhid(load_pack(source_of(ref.path, label=ref.label)).raw.files.values())

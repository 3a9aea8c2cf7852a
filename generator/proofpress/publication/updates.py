"""The index that updaters read: which releases there are, where their manifests lie, and what became of them."""

from collections.abc import Iterable
from typing import Any, Final

from proofpress.evidence.pack import MANIFEST
from proofpress.evidence.publication import Destination, PublicationConfig
from proofpress.publication.plan import PublicationError, filled, public_url
from proofpress.registry import Registry
from proofpress.verify.verdict import VerifiedPack

SCHEMA: Final = "proofpress.release-index/1"
LISTED: Final = frozenset({"APPROVED", "ACTIVE", "RETIRED", "YANKED"})


def release_index(packs: Iterable[VerifiedPack], registry: Registry, config: PublicationConfig) -> dict[str, Any]:
    """Every release that was approved at some time, newest version last, as plain JSON.

    Addresses are those of the one destination that publishes whole packs. Dates are published as dates: what has
    expired is for the reader to say. Raises `PublicationError` when no destination publishes `pack`.
    """
    place = next((item for item in config.destinations if "pack" in item.parts), None)
    if place is None:
        raise PublicationError("no destination publishes whole packs", hint="publish 'pack' to one place")
    rows = [_row(pack, registry, place) for pack in packs]
    listed = (row for row in rows if row["status"] in LISTED)
    return {"releases": sorted(listed, key=lambda row: (row["family"], row["released_at"], row["bundle_id"]))}


def _row(pack: VerifiedPack, registry: Registry, place: Destination) -> dict[str, Any]:
    evidence = pack.evidence
    release, manifest = evidence.release, evidence.manifest
    words = {"bundle_id": evidence.bundle_id, "release_id": manifest.release_id, "family": manifest.family}
    there = filled(place, words)
    model = pack.raw.files.get("model/manifest.json")
    standing = registry.standing(evidence.bundle_id)
    address = public_url(there, MANIFEST)
    return {
        "family": manifest.family,
        "model_version": release.version,
        "release_id": manifest.release_id,
        "bundle_id": evidence.bundle_id,
        "released_at": release.released_at,
        "status": standing.status if standing else "UNREGISTERED",
        "manifest_url": address,
        "manifest_sha256": evidence.pack_id.removeprefix("sha256:"),
        "artifact_base_url": address.removesuffix(MANIFEST),
        "model_id": f"sha256:{model.sha256}" if model else None,
        "support_until": release.support.until if release.support else None,
        "deprecations": [item.model_dump() for item in release.deprecations],
        "scopes": [dict(scope) for scope in standing.scopes] if standing else [],
        "yanked": {"reason": standing.yank_reason, "upgrade_path": standing.upgrade_path}
        if standing and standing.status == "YANKED"
        else None,
    }

"""Work units: verify one release, compose its pages, write them to the tree that is not served."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from proofpress.discovery import PackRef
from proofpress.errors import BuildError
from proofpress.evidence.attestation import GateReceipt, PairedComparison, Party
from proofpress.evidence.pack import Evidence
from proofpress.gate.store import RECEIPT, attestations, comparison_path, read_comparison, stored_receipt
from proofpress.ingest import content_of, load_pack, source_of
from proofpress.ingest.sources import read_file
from proofpress.pipeline import rules_of
from proofpress.signoff.read import Attested
from proofpress.site.compose import ReleasePages
from proofpress.site.frame import FrameSet, load_frame
from proofpress.site.publish import FileRecord, write_unit
from proofpress.site.signoff_page import ReleaseSignoff
from proofpress.site.standing import Place
from proofpress.verify import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseUnit:
    """The whole argument of one release's pages: references, never bytes.

    `recorded` is the sha256 of the comparison with the predecessor that a command recorded, if one did; `attested`
    are names and digests of the receipt and the sign-offs beside the pack, `policy_sha256` that of the policy file.
    """

    name: str
    key: str
    root: Path
    ref: PackRef
    content: str
    predecessor: PackRef | None
    predecessor_content: str
    place: Place
    staging: Path
    frame_key: str
    recorded: str = ""
    attested: tuple[tuple[str, str], ...] = ()
    policy_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What became of a unit: its verdict without the pack's bytes, and what was written unless it was refused."""

    unit: ReleaseUnit
    verdict: Verdict
    records: tuple[FileRecord, ...] = ()


FRAMES: dict[str, FrameSet] = {}
"""Frames by key, read once in each process."""
_JUDGED: "OrderedDict[str, Verdict]" = OrderedDict()
_KEPT = 2


def frame_dir(root: Path) -> Path:
    """Where the frame of an instance is kept between builds."""
    return root / "build" / "frame"


def build_releases(units: tuple[ReleaseUnit, ...]) -> tuple[Built, ...]:
    """Build releases one after another; neighbours are often each other's predecessors."""
    return tuple(_build(unit) for unit in units)


def _build(unit: ReleaseUnit) -> Built:
    # The predecessor first: it is the unit that was built just now, and must not be the one that is forgotten.
    before = _judged(unit.root, unit.predecessor, unit.predecessor_content) if unit.predecessor else None
    verdict = _judged(unit.root, unit.ref, unit.content)
    light = replace(verdict, verified=None)
    if verdict.verified is None or (before is not None and before.verified is None):
        return Built(unit=unit, verdict=light)
    pages = ReleasePages(
        pack=verdict.verified,
        predecessor=before.verified if before else None,
        place=unit.place,
        rules_passed=len(verdict.passed),
        frames=_frames(unit.root, unit.frame_key),
        recorded=_recorded(unit, before, verdict),
        receipt=_receipt(unit, verdict),
        signoff=_signoff(unit, verdict.verified.evidence),
    )
    return Built(
        unit=unit,
        verdict=light,
        records=write_unit(unit.staging, pages.files()),
    )


def _recorded(unit: ReleaseUnit, before: Verdict | None, verdict: Verdict) -> PairedComparison | None:
    if before is None or not unit.recorded:
        return None
    _settled(comparison_path(unit.root, before.pack_id, verdict.pack_id), unit.recorded)
    return read_comparison(unit.root, before.pack_id, verdict.pack_id)


def _signoff(unit: ReleaseUnit, evidence: Evidence) -> ReleaseSignoff:
    pack = Party(bundle_id=evidence.bundle_id, pack_id=evidence.pack_id)
    folder = attestations(unit.root, pack.pack_id)
    return ReleaseSignoff(
        attested=Attested(
            pack=pack,
            family=evidence.manifest.family,
            files={name: _settled(folder / name, digest) for name, digest in unit.attested},
        ),
        policy=rules_of(unit.root).policy,
        policy_sha256=unit.policy_sha256,
        authors=tuple(author.name for author in evidence.release.authors),
    )


def _receipt(unit: ReleaseUnit, verdict: Verdict) -> GateReceipt | None:
    settled = dict(unit.attested).get(RECEIPT)
    if settled is None:
        return None
    _settled(attestations(unit.root, verdict.pack_id) / RECEIPT, settled)
    return stored_receipt(unit.root, verdict.pack_id)


def _settled(path: Path, sha256: str) -> bytes:
    """The bytes of a file, which must be those that the unit's key was made of."""
    data = read_file(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BuildError(f"{path.name} changed while the site was built", hint="run the build again")
    return data


def _judged(root: Path, ref: PackRef, content: str) -> Verdict:
    rules = rules_of(root)
    key = f"{id(rules)} {root} {ref.label} {content}"
    if key not in _JUDGED:
        loaded = load_pack(source_of(ref.path, label=ref.label))
        verdict = rules.judge(loaded)
        files = loaded.raw.files.values()
        if verdict.verified and content_of((file.path, file.size, file.sha256) for file in files) != content:
            raise BuildError(f"{ref.label} changed while the site was built", hint="run the build again")
        _JUDGED[key] = verdict
        while len(_JUDGED) > _KEPT:
            _JUDGED.popitem(last=False)
    _JUDGED.move_to_end(key)
    return _JUDGED[key]


def _frames(root: Path, key: str) -> FrameSet:
    if key not in FRAMES:
        loaded = load_frame(frame_dir(root), key)
        if loaded is None:
            raise BuildError("the frame disappeared during the build", hint="run the build again")
        FRAMES[key] = loaded
    return FRAMES[key]


def chunks(units: tuple[ReleaseUnit, ...], size: int) -> Iterator[tuple[ReleaseUnit, ...]]:
    """Neighbouring units together, so that a predecessor is read once."""
    for start in range(0, len(units), size):
        yield units[start : start + size]

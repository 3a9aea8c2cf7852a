"""Agreement between packs: what shares an identity shares its evidence, and predecessors are who they are."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from proofpress.evidence.finding import Finding
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Something that several packs may name, and a digest of what this pack says of it."""

    kind: str
    name: str
    digest: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackFacts:
    """What other packs need to know of a pack; small, so that thousands fit in memory."""

    label: str
    bundle_id: str
    family: str
    pack_id: str
    predecessor: str
    predecessor_pack_id: str
    identities: tuple[Identity, ...]


def _digest(*parts: object) -> str:
    return hashlib.sha256(dump_json(list(parts)).encode()).hexdigest()


def facts_of(label: str, evidence: Evidence) -> PackFacts:
    """The facts of one pack."""
    predecessor = evidence.release.predecessor
    before = ""
    if predecessor is not None:
        suffix = f".b{predecessor.bundle}" if predecessor.bundle > 1 else ""
        before = predecessor.release_id + suffix
    return PackFacts(
        label=label,
        bundle_id=evidence.bundle_id,
        family=evidence.manifest.family,
        pack_id=evidence.pack_id,
        predecessor=before,
        predecessor_pack_id=predecessor.pack_id if predecessor else "",
        identities=tuple(_identities(evidence)),
    )


def _identities(evidence: Evidence) -> Iterator[Identity]:
    data, files, run, model = evidence.dataset, evidence.dataset_manifest, evidence.training, evidence.model
    if data is not None:
        splits = [[split.name, split.records, split.keys_sha256] for split in data.splits]
        listed = [[file.name, file.sha256, file.size] for file in files.files] if files else []
        yield Identity(
            kind="dataset snapshot",
            name=data.dataset_snapshot_id,
            digest=_digest(splits, listed),
            file="dataset/dataset_package.json",
        )
    if run is not None:
        yield Identity(
            kind="training run",
            name=run.run_id,
            digest=_digest(run.commit, run.seed, run.dataset_snapshot_id, run.parameters, run.started_at),
            file="training/training_run.json",
        )
    evaluation = evidence.evaluation
    for row in evaluation.rows if evaluation else ():
        if row.slice is not None or row.evaluated_keys_sha256 is None:
            continue
        where, keys = "model/eval_metrics.json", row.evaluated_keys_sha256
        for name, value in ((evidence.bundle_id, row.value), (row.baseline, row.baseline_value)):
            if name is not None and value is not None:
                subject = f"{row.key} of {name} on the keys {keys[:12]}…"
                yield Identity(kind="value", name=subject, digest=f"{value.normalize():f}", file=where)
    if model is not None:
        yield Identity(
            kind="model",
            name=model.model_id,
            digest=_digest(model.run_id, model.commit, model.dataset_snapshot_id, model.parameters),
            file="model/model_package.json",
        )


def across(packs: Iterable[PackFacts]) -> tuple[Finding, ...]:
    """Findings between packs, sorted."""
    found: list[Finding] = []
    by_bundle: dict[str, PackFacts] = {}
    by_identity: dict[tuple[str, str], list[tuple[PackFacts, Identity]]] = defaultdict(list)
    for pack in packs:
        if pack.bundle_id in by_bundle:
            other = by_bundle[pack.bundle_id].label
            found.append(_folder(pack, f"the bundle {pack.bundle_id} stands at {other} already", other))
        by_bundle.setdefault(pack.bundle_id, pack)
        if pack.label.partition("/")[0] != pack.family:
            found.append(_folder(pack, f"the pack belongs to family '{pack.family}'", f"packs/{pack.family}/"))
        for identity in pack.identities:
            by_identity[identity.kind, identity.name].append((pack, identity))
    for (kind, name), holders in by_identity.items():
        first, said = holders[0]
        for pack, identity in holders[1:]:
            if identity.digest != said.digest:
                found.append(
                    Finding(
                        rule="XPK001",
                        pack=pack.label,
                        file=identity.file,
                        message=f"{kind} {name} is described differently here and in {first.label}",
                        expected=f"what {first.label} says of it: {said.digest[:24]}",
                        found=identity.digest[:24],
                        hint="an identity that stands for something else needs a name of its own",
                    )
                )
    for pack in by_bundle.values():
        found.extend(_predecessor(pack, by_bundle))
    return tuple(sorted(found, key=lambda finding: finding.sort_key))


def _folder(pack: PackFacts, message: str, expected: str) -> Finding:
    return Finding(
        rule="XPK003",
        pack=pack.label,
        file="manifest.json",
        pointer="/family",
        message=message,
        expected=expected,
        found=f"packs/{pack.label}",
        hint="keep each bundle once, below its family",
    )


def _predecessor(pack: PackFacts, by_bundle: dict[str, PackFacts]) -> Iterator[Finding]:
    if not pack.predecessor:
        return
    known = by_bundle.get(pack.predecessor)
    if known is None or known.pack_id != pack.predecessor_pack_id or known.bundle_id == pack.bundle_id:
        yield Finding(
            rule="XPK002",
            pack=pack.label,
            file="release.json",
            pointer="/predecessor" if known is None else "/predecessor/pack_id",
            message=f"the predecessor {pack.predecessor} is "
            + ("not in this instance" if known is None else "another pack than the one that is named"),
            expected=pack.predecessor_pack_id,
            found="no such pack" if known is None else known.pack_id,
            hint="add the predecessor's pack unchanged, or name the predecessor that was compared",
        )

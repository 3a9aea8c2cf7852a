"""Agreement between packs: what shares an identity shares its evidence, and predecessors are who they are."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from proofpress.evidence.base import Document
from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.finding import Finding
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import KINDS, Evidence

PATHS = {kind.model: kind.path for kind in KINDS}
RELEASED, VALUE = "model of release", "value"


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
    yield from _data_identities(evidence)
    run, model, evaluation, parts = evidence.training, evidence.model, evidence.evaluation, evidence.parts
    if run is not None:
        names = ("commit", "seed", "dataset_snapshot_id", "parameters", "started_at", "finished_at", "fixture")
        outputs = sorted([item.sha256, item.size] for item in run.outputs)
        told = [getattr(run, name) for name in names]
        recipe = _digest(run.dataset_snapshot_id, run.seed, run.parameters)
        variant = "-".join(part for part in (parts.name, f"v{parts.version}", parts.variant) if part)
        yield _identity("training run", run.run_id, run, *told, outputs)
        name = f"of {variant} (data, seed and parameters {recipe[:12]}…)"
        yield Identity(kind="revision", name=name, digest=f"r{parts.revision}", file=PATHS[type(run)])
    if evaluation is not None:
        names = (
            "model_id",
            "training_run_id",
            "commit",
            "dataset_snapshot_id",
            "parameters",
            "evaluated_at",
            "fixture",
        )
        told = [getattr(evaluation, name) for name in names]
        yield _identity("evaluation run", evaluation.run_id, evaluation, *told)
        yield from _values(evidence.bundle_id, evaluation)
    if model is not None:
        told = [model.run_id, model.commit, model.dataset_snapshot_id, model.parameters, model.fixture]
        yield _identity("model", model.model_id, model, *told)
        yield Identity(kind=RELEASED, name=model.release_id, digest=model.model_id, file=PATHS[type(model)])


def _values(bundle_id: str, evaluation: EvalMetrics) -> Iterator[Identity]:
    """A bundle's value, and a baseline's, on the same examples is the same wherever it is quoted."""
    for row in evaluation.rows:
        if row.slice is not None or row.evaluated_keys_sha256 is None:
            continue
        where, keys = "model/eval_metrics.json", row.evaluated_keys_sha256
        for name, value in ((bundle_id, row.value), (row.baseline, row.baseline_value)):
            if name is not None and value is not None:
                subject = f"{row.key} of {name} on the keys {keys[:12]}…"
                yield Identity(kind=VALUE, name=subject, digest=f"{value.normalize():f}", file=where)


def _data_identities(evidence: Evidence) -> Iterator[Identity]:
    data, files, splits = evidence.dataset, evidence.dataset_manifest, evidence.splits
    if data is not None:
        listed = [[split.name, split.records, split.keys_sha256] for split in data.splits]
        yield _identity("dataset snapshot", data.dataset_snapshot_id, data, listed, data.fixture)
    if files is not None:
        listed = [[file.name, file.sha256, file.size] for file in files.files]
        yield _identity("dataset snapshot, by its files", files.dataset_snapshot_id, files, listed)
    if splits is not None:
        keys = [[item.kind, file.split, file.n, file.sha256] for item in splits.keys for file in item.files]
        yield _identity("dataset snapshot, by its keys", splits.dataset_snapshot_id, splits, keys)


def _identity(kind: str, name: str, document: Document, *told: object) -> Identity:
    return Identity(kind=kind, name=name, digest=_digest(*told), file=PATHS[type(document)])


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
    newest = _newest(by_bundle)
    for (kind, name), holders in by_identity.items():
        current = [item for item in holders if item[0].bundle_id in newest or _stays(kind, name, item[0])]
        for pack, identity in current[1:]:
            first, said = current[0]
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


def _newest(bundles: Iterable[str]) -> frozenset[str]:
    """The last bundle of each release: what it corrects in an earlier one is no contradiction."""
    last: dict[str, tuple[int, str]] = {}
    for bundle_id in bundles:
        release_id, _, number = bundle_id.partition(".b")
        last[release_id] = max(last.get(release_id, (0, "")), (int(number or 1), bundle_id))
    return frozenset(bundle_id for _number, bundle_id in last.values())


def _stays(kind: str, name: str, pack: PackFacts) -> bool:
    """Whether what a bundle says holds even after a later one: the model it is about, and values quoted as its own."""
    return kind == RELEASED or (kind == VALUE and f" of {pack.bundle_id} on the keys " in name)


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

"""What packs need to know of each other: identities, promises, changelog; small, so that thousands fit in memory."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from proofpress.evidence.base import Document
from proofpress.evidence.derivation import Derivation
from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.interface import FixedScore
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.ledger import Ledger
from proofpress.evidence.pack import KIND_BY_PATH, Evidence
from proofpress.evidence.release import CHANGELOG_SECTIONS
from proofpress.evidence.values import Unstated

_SHOWN = 80
_PATHS = {kind.model: kind.path for kind in KIND_BY_PATH.values()}
RELEASED, VALUE = "model of release", "value"
"""Kinds of identities that outlive the bundle: the model that a release is about, and values that others quote."""
_IN_FULL = 2
IMPORTER = "proofpress.import."
"""How the labels of documents that were made from another format begin."""
"""The rule book from which on packs are held to whole records."""
_OF_THE_PACK = {"schema_version", "generated_by", "requires", "extensions", "release_id", "notes"}
"""Fields of a run's record that are about the pack that tells of it."""
SCORES = "fixed_input_scores"
"""The kind of a score among the promises."""


class Identity(NamedTuple):
    """Something that several packs may name, and a digest of what this pack says of it."""

    kind: str
    name: str
    digest: str
    file: str


class Kept(NamedTuple):
    """A promise of the interface or a score on a fixed input: `kind` is its list, `says` what it stands for."""

    kind: str
    name: str
    says: str
    stable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What a pack holds of derivations: digests of records, and of their outputs, by path; its targets as texts by id.

    `infeasible` are the values that its charter calls so.
    """

    files: Mapping[str, str]
    targets: Mapping[str, tuple[str, str, str, str]]
    infeasible: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackFacts:
    """What other packs need to know of a pack. `changelog` holds its entries as `section: text`."""

    label: str
    bundle_id: str
    family: str
    pack_id: str
    rule_book: int
    released_at: str
    predecessor: str
    predecessor_pack_id: str
    identities: tuple[Identity, ...]
    promises: tuple[Kept, ...] = ()
    deprecated: tuple[str, ...] = ()
    changelog: tuple[str, ...] = ()
    imported: bool = False
    derived: Derived | None = None

    @property
    def release_id(self) -> str:
        """The release that the bundle is one of."""
        return self.bundle_id.partition(".b")[0]


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
        rule_book=evidence.manifest.rule_book,
        released_at=evidence.release.released_at,
        predecessor=before,
        predecessor_pack_id=predecessor.pack_id if predecessor else "",
        identities=tuple(_identities(evidence)),
        promises=tuple(_promises(evidence)),
        deprecated=tuple(item.name for item in evidence.release.deprecations),
        changelog=tuple(
            f"{section}: {text}"
            for section in CHANGELOG_SECTIONS
            for text in getattr(evidence.release.changelog, section)
        ),
        imported=evidence.release.generated_by.startswith(IMPORTER),
        derived=_derived(evidence),
    )


def facts_json(facts: PackFacts) -> dict[str, Any]:
    """Facts as a card holds them; `facts_from` reads them back."""
    return {
        **{each.name: getattr(facts, each.name) for each in fields(facts)},
        "identities": [identity._asdict() for identity in facts.identities],
        "promises": [promise._asdict() for promise in facts.promises],
        "derived": asdict(facts.derived) if facts.derived else None,
    }


def facts_from(card: Mapping[str, Any]) -> PackFacts:
    """The facts in a card that was read by an ordinary JSON reader."""
    names = ("label", "bundle_id", "family", "pack_id", "rule_book", "released_at", "predecessor")
    return PackFacts(
        identities=tuple(Identity(**identity) for identity in card["identities"]),
        promises=tuple(Kept(**promise) for promise in card["promises"]),
        deprecated=tuple(card["deprecated"]),
        changelog=tuple(card["changelog"]),
        predecessor_pack_id=card["predecessor_pack_id"],
        imported=card.get("imported", False),
        derived=_derived_from(card.get("derived")),
        **{name: card[name] for name in names},
    )


def _derived(evidence: Evidence) -> Derived | None:
    ledger = Ledger.of(evidence)
    if ledger.charter is None and not ledger.records:
        return None
    digests = {item.path: item.sha256 for item in evidence.manifest.files}
    paths = [*ledger.records, *(item.path for record in ledger.of_kind(Derivation) for item in record.outputs)]
    charter = ledger.charter
    return Derived(
        files={path: digests.get(path, "") for path in sorted(paths)},
        targets={
            item.id: (item.metric, item.op, str(item.value), item.unit) for item in (charter.targets if charter else ())
        },
        infeasible=tuple(item.id for item in charter.values if item.status == "infeasible") if charter else (),
    )


def _derived_from(card: Mapping[str, Any] | None) -> Derived | None:
    if card is None:
        return None
    targets = {id_: (target[0], target[1], target[2], target[3]) for id_, target in card["targets"].items()}
    return Derived(files=card["files"], targets=targets, infeasible=tuple(card["infeasible"]))


def _identities(evidence: Evidence) -> Iterator[Identity]:
    """The identities that are stated; what an imported source does not state is nobody's identity."""
    return (item for item in _all_identities(evidence) if not isinstance(item.name, Unstated))


def _all_identities(evidence: Evidence) -> Iterator[Identity]:
    yield from _data_identities(evidence)
    if evidence.manifest.rule_book >= _IN_FULL:
        yield from _records(evidence)
    run, model, evaluation, parts = evidence.training, evidence.model, evidence.evaluation, evidence.parts
    if run is not None:
        names = ("commit", "seed", "dataset_snapshot_id", "parameters", "started_at", "finished_at", "fixture")
        outputs = sorted([item.sha256, item.size] for item in run.outputs)
        told = [getattr(run, name) for name in names]
        recipe = _digest(run.dataset_snapshot_id, run.seed, run.parameters)
        variant = "-".join(part for part in (parts.name, f"v{parts.version}", parts.variant) if part)
        yield _identity("training run", run.run_id, run, *told, outputs)
        name = f"of {variant} (data, seed and parameters {recipe[:12]}…)"
        yield Identity(kind="revision", name=name, digest=f"r{parts.revision}", file=_PATHS[type(run)])
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
        yield Identity(kind=RELEASED, name=model.release_id, digest=model.model_id, file=_PATHS[type(model)])


def _records(evidence: Evidence) -> Iterator[Identity]:
    """The record of a run and the classes of a snapshot, whole: packs of rule book 1 were not held to these."""
    run, splits = evidence.training, evidence.splits
    if run is not None:
        told = run.model_dump(exclude=_OF_THE_PACK)
        yield _identity("training run, by its record", run.run_id, run, told)
    if splits is not None:
        balance = sorted([item.split, item.label, item.n] for item in splits.class_balance)
        yield _identity("dataset snapshot, by its classes", splits.dataset_snapshot_id, splits, balance)


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
    return Identity(kind=kind, name=name, digest=_digest(*told), file=_PATHS[type(document)])


def _promises(evidence: Evidence) -> Iterator[Kept]:
    interface = evidence.interface
    if interface is None:
        return
    for kind, _index, item in interface.surface():
        yield Kept(kind=kind, name=item.name, says=_short(item.contract), stable=item.stability == "stable")
    for fixed in interface.fixed_input_scores:
        for score in fixed.scores:
            name = f"{score.output} of {score.key} on the input {fixed.input_sha256[:16]}…"
            yield Kept(kind=SCORES, name=name, says=_short(_answer(score)), stable=True)


def _answer(score: FixedScore) -> str:
    return f"{score.score.normalize():f}" if score.score is not None else score.label or ""


def _short(text: str) -> str:
    if len(text) <= _SHOWN:
        return text
    return f"{text[: _SHOWN // 2]}… (sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]})"

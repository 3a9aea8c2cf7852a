"""The documents that a pack may hold, and the typed evidence of one pack."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from proofpress.evidence.assurance import FailureModes, Guardrails, MonitoringPlan, Risks, Traceability
from proofpress.evidence.base import Document
from proofpress.evidence.dataset import (
    DatasetInputCheck,
    DatasetManifest,
    DatasetPackage,
    DatasetSnapshot,
    DatasetSpec,
    SplitIntegrity,
)
from proofpress.evidence.demo import BatchReceipts, DemoRun
from proofpress.evidence.derivation import Charter, Derivation, Infeasible, RiskNote, Rollback, Seal, Stop
from proofpress.evidence.dvc import PipelineLock
from proofpress.evidence.evaluation import EvalMetrics, MetricsFile
from proofpress.evidence.interface import Interface
from proofpress.evidence.model import EfficiencyReport, ModelManifest, ModelPackage
from proofpress.evidence.preflight import RuntimePreflight, TrainingPreflight
from proofpress.evidence.readiness import ReadinessReport, ScopeDecision, SuiteReport
from proofpress.evidence.release import PackManifest, Release
from proofpress.evidence.training import RunManifest, TrainingRun
from proofpress.evidence.values import JsonObject, ReleaseParts

MANIFEST = "manifest.json"
CHECKSUMS = "SHA256SUMS"
PARAMS = "training/params.yaml"
EFFECTIVE_CONFIG = "model/eval_config.effective.yaml"
REVIEW = "review.md"
"""Why the release was promoted, against which comparison, and what a repair changed. Written by people and `repair`."""
_VERSIONS = dict.fromkeys(("evaluation", "efficiency", "training", "demo"), "1.1.0")
"""Newest schema versions of the documents that have grown since 1.0.0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentKind:
    """A document in JSON or YAML: its field in `Evidence`, its place, model, newest schema version and role.

    A path with `*` is the place of any number of documents; their field maps paths to documents. Of two such paths
    that fit, the first in `KINDS` counts.
    """

    name: str
    path: str
    model: type[Document]
    schema_version: str
    role: str

    @property
    def is_many(self) -> bool:
        """Whether a pack may hold any number of these documents."""
        return "*" in self.path

    def at(self, path: str) -> "DocumentKind":
        """This kind at the place of one of its documents."""
        return replace(self, path=path) if self.is_many else self

    def holds(self, path: str) -> bool:
        """Whether a document of this kind stands at `path`."""
        folder, many, ending = self.path.partition("*")
        if not many:
            return path == self.path
        if path in KIND_BY_PATH:
            return False  # the place of one document alone
        return path.startswith(folder) and path.endswith(ending) and "/" not in path[len(folder) :]


KINDS: tuple[DocumentKind, ...] = tuple(
    DocumentKind(name=name, path=path, model=model, schema_version=_VERSIONS.get(name, "1.0.0"), role=role)
    for name, path, model, role in (
        ("manifest", MANIFEST, PackManifest, "pack manifest"),
        ("release", "release.json", Release, "release identity"),
        ("interface", "interface.json", Interface, "public interface"),
        ("model_manifest", "model/manifest.json", ModelManifest, "model manifest"),
        ("model", "model/model_package.json", ModelPackage, "model package"),
        ("evaluation", "model/eval_metrics.json", EvalMetrics, "evaluation metrics"),
        ("metrics", "model/metrics/*.json", MetricsFile, "metrics file"),
        ("efficiency", "model/efficiency_report.json", EfficiencyReport, "efficiency report"),
        ("training", "training/training_run.json", TrainingRun, "training run"),
        ("preflight", "training/training_preflight_report.json", TrainingPreflight, "training preflight"),
        ("run_manifest", "training/training_run_manifest.json", RunManifest, "training run manifest"),
        ("dataset", "dataset/dataset_package.json", DatasetPackage, "dataset package"),
        ("dataset_manifest", "dataset/dataset_manifest.json", DatasetManifest, "dataset manifest"),
        ("splits", "dataset/split_integrity.json", SplitIntegrity, "split integrity"),
        ("dataset_spec", "dataset/dataset_spec.json", DatasetSpec, "dataset spec"),
        ("dataset_check", "dataset/dataset_input_check_report.json", DatasetInputCheck, "dataset input check"),
        ("dataset_snapshot", "dataset/dataset_snapshot_report.json", DatasetSnapshot, "dataset snapshot report"),
        ("suite", "readiness/suite_report.json", SuiteReport, "suite report"),
        ("readiness", "readiness/readiness_report.json", ReadinessReport, "readiness report"),
        ("scope_decisions", "readiness/scope_decisions/*.json", ScopeDecision, "scope decision"),
        ("demo", "demo/terminal_demo_manifest.json", DemoRun, "demo run"),
        ("demo_preflight", "demo/runtime_preflight_report.json", RuntimePreflight, "runtime preflight"),
        ("receipts", "demo/batch_receipt_report.json", BatchReceipts, "batch receipts"),
        ("risks", "assurance/risks.json", Risks, "risks"),
        ("failure_modes", "assurance/failure_modes.json", FailureModes, "failure modes"),
        ("monitoring_plan", "assurance/monitoring_plan.json", MonitoringPlan, "monitoring plan"),
        ("guardrails", "assurance/guardrails.json", Guardrails, "guardrails"),
        ("traceability", "assurance/traceability.json", Traceability, "traceability"),
        ("charter", "derivations/charter.yaml", Charter, "charter"),
        ("infeasible", "derivations/INFEASIBLE-*.yaml", Infeasible, "infeasible record"),
        ("stops", "derivations/STOP-*.yaml", Stop, "stop record"),
        ("rollbacks", "derivations/ROLLBACK-*.yaml", Rollback, "rollback record"),
        ("risk_notes", "derivations/NOTE-*.yaml", RiskNote, "risk owner's note"),
        ("seals", "derivations/SEAL-*.yaml", Seal, "seal of a derivation"),
        ("derivations", "derivations/*.yaml", Derivation, "derivation record"),
    )
)
KIND_BY_PATH = {kind.path: kind for kind in KINDS if not kind.is_many}
_NAMES = [kind.name for kind in KINDS]


def kind_at(path: str) -> DocumentKind | None:
    """The kind of the JSON document that stands at a pack path, or None for any other file."""
    return KIND_BY_PATH.get(path) or _kind_below(path)


@lru_cache(maxsize=1024)
def _kind_below(path: str) -> DocumentKind | None:
    return next((kind.at(path) for kind in KINDS if kind.is_many and kind.holds(path)), None)


def documents_among(paths: Iterable[str]) -> tuple[DocumentKind, ...]:
    """The documents that stand at these paths, each as its kind at its place, in the order of `KINDS`."""
    found = [kind for path in paths if (kind := kind_at(path)) is not None]
    return tuple(sorted(found, key=lambda kind: (_NAMES.index(kind.name), kind.path)))


def gathered(documents: Iterable[tuple[DocumentKind, Document]]) -> dict[str, Any]:
    """Documents by their field in `Evidence`."""
    fields: dict[str, Any] = {}
    for kind, document in documents:
        if kind.path not in KIND_BY_PATH:
            fields.setdefault(kind.name, {})[kind.path] = document
        else:
            fields[kind.name] = document
    return fields


class UnreadError(LookupError):
    """Something was asked of a document that could not be read; the text is its path."""


class Unread:
    """Stands for a manifest or release that could not be read; whoever asks it anything gets `UnreadError`."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, _name: str) -> Any:
        raise UnreadError(self._path)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The schema-valid documents of one pack. A document that the pack does not hold is None.
    Documents of which there may be many are mapped by their paths.

    `manifest` and `release` are always there: without them there is no evidence to speak of. Only what is judged of
    a pack without them has `Unread` in their place.
    """

    pack_id: str
    manifest: PackManifest
    release: Release
    interface: Interface | None = None
    model_manifest: ModelManifest | None = None
    model: ModelPackage | None = None
    evaluation: EvalMetrics | None = None
    metrics: Mapping[str, MetricsFile] = field(default_factory=dict)
    efficiency: EfficiencyReport | None = None
    training: TrainingRun | None = None
    preflight: TrainingPreflight | None = None
    run_manifest: RunManifest | None = None
    dataset: DatasetPackage | None = None
    dataset_manifest: DatasetManifest | None = None
    splits: SplitIntegrity | None = None
    dataset_spec: DatasetSpec | None = None
    dataset_check: DatasetInputCheck | None = None
    dataset_snapshot: DatasetSnapshot | None = None
    suite: SuiteReport | None = None
    readiness: ReadinessReport | None = None
    scope_decisions: Mapping[str, ScopeDecision] = field(default_factory=dict)
    demo: DemoRun | None = None
    demo_preflight: RuntimePreflight | None = None
    receipts: BatchReceipts | None = None
    risks: Risks | None = None
    failure_modes: FailureModes | None = None
    monitoring_plan: MonitoringPlan | None = None
    guardrails: Guardrails | None = None
    traceability: Traceability | None = None
    charter: Charter | None = None
    infeasible: Mapping[str, Infeasible] = field(default_factory=dict)
    stops: Mapping[str, Stop] = field(default_factory=dict)
    rollbacks: Mapping[str, Rollback] = field(default_factory=dict)
    risk_notes: Mapping[str, RiskNote] = field(default_factory=dict)
    seals: Mapping[str, Seal] = field(default_factory=dict)
    derivations: Mapping[str, Derivation] = field(default_factory=dict)
    promoted_parameters: JsonObject | None = None
    effective_config: JsonObject | None = None
    pipeline_lock: PipelineLock | None = None

    @cached_property
    def bundle_id(self) -> str:
        """Name of the pack's folder and of its URL: the release id, with `.b<N>` from the second bundle."""
        bundle = self.manifest.bundle
        return self.manifest.release_id if bundle == 1 else f"{self.manifest.release_id}.b{bundle}"

    @cached_property
    def parts(self) -> ReleaseParts:
        """The parts of the release id."""
        return ReleaseParts(self.manifest.release_id)

    @cached_property
    def is_rehearsal(self) -> bool:
        """Whether any document is marked as a fixture."""
        return any(document.fixture for _kind, document in self.documents())

    def holds(self, name: str) -> bool:
        """Whether the pack holds a document of the kind of this name."""
        held = getattr(self, name)
        return held is not None and type(held) is not Unread and not (isinstance(held, dict) and not held)

    def documents(self) -> tuple[tuple[DocumentKind, Document], ...]:
        """The JSON documents that are there, each with its kind and place, in the order of `KINDS`."""
        return self._documents

    @cached_property
    def _documents(self) -> tuple[tuple[DocumentKind, Document], ...]:
        found: list[tuple[DocumentKind, Document]] = []
        for kind in KINDS:
            held = getattr(self, kind.name)
            if kind.is_many:
                found += [(kind.at(path), held[path]) for path in sorted(held)]
            elif self.holds(kind.name):
                found.append((kind, held))
        return tuple(found)

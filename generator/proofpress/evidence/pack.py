"""The documents that a pack may hold, and the typed evidence of one pack."""

from dataclasses import dataclass
from functools import cached_property

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
from proofpress.evidence.demo import DemoRun
from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.interface import Interface
from proofpress.evidence.model import EfficiencyReport, ModelManifest, ModelPackage
from proofpress.evidence.release import PackManifest, Release
from proofpress.evidence.training import TrainingRun
from proofpress.evidence.values import JsonObject, ReleaseParts

MANIFEST = "manifest.json"
CHECKSUMS = "SHA256SUMS"
PARAMS = "training/params.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentKind:
    """A JSON document: its field in `Evidence`, its place, model, newest schema version and role."""

    name: str
    path: str
    model: type[Document]
    schema_version: str
    role: str


KINDS: tuple[DocumentKind, ...] = tuple(
    DocumentKind(name=name, path=path, model=model, schema_version="1.0.0", role=role)
    for name, path, model, role in (
        ("manifest", MANIFEST, PackManifest, "pack manifest"),
        ("release", "release.json", Release, "release identity"),
        ("interface", "interface.json", Interface, "public interface"),
        ("model_manifest", "model/manifest.json", ModelManifest, "model manifest"),
        ("model", "model/model_package.json", ModelPackage, "model package"),
        ("evaluation", "model/eval_metrics.json", EvalMetrics, "evaluation metrics"),
        ("efficiency", "model/efficiency_report.json", EfficiencyReport, "efficiency report"),
        ("training", "training/training_run.json", TrainingRun, "training run"),
        ("dataset", "dataset/dataset_package.json", DatasetPackage, "dataset package"),
        ("dataset_manifest", "dataset/dataset_manifest.json", DatasetManifest, "dataset manifest"),
        ("splits", "dataset/split_integrity.json", SplitIntegrity, "split integrity"),
        ("dataset_spec", "dataset/dataset_spec.json", DatasetSpec, "dataset spec"),
        ("dataset_check", "dataset/dataset_input_check_report.json", DatasetInputCheck, "dataset input check"),
        ("dataset_snapshot", "dataset/dataset_snapshot_report.json", DatasetSnapshot, "dataset snapshot report"),
        ("demo", "demo/terminal_demo_manifest.json", DemoRun, "demo run"),
        ("risks", "assurance/risks.json", Risks, "risks"),
        ("failure_modes", "assurance/failure_modes.json", FailureModes, "failure modes"),
        ("monitoring_plan", "assurance/monitoring_plan.json", MonitoringPlan, "monitoring plan"),
        ("guardrails", "assurance/guardrails.json", Guardrails, "guardrails"),
        ("traceability", "assurance/traceability.json", Traceability, "traceability"),
    )
)
KIND_BY_PATH = {kind.path: kind for kind in KINDS}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The schema-valid documents of one pack. A document that the pack does not hold is None.

    `manifest` and `release` are always there: without them there is no evidence to speak of.
    """

    pack_id: str
    manifest: PackManifest
    release: Release
    interface: Interface | None = None
    model_manifest: ModelManifest | None = None
    model: ModelPackage | None = None
    evaluation: EvalMetrics | None = None
    efficiency: EfficiencyReport | None = None
    training: TrainingRun | None = None
    dataset: DatasetPackage | None = None
    dataset_manifest: DatasetManifest | None = None
    splits: SplitIntegrity | None = None
    dataset_spec: DatasetSpec | None = None
    dataset_check: DatasetInputCheck | None = None
    dataset_snapshot: DatasetSnapshot | None = None
    demo: DemoRun | None = None
    risks: Risks | None = None
    failure_modes: FailureModes | None = None
    monitoring_plan: MonitoringPlan | None = None
    guardrails: Guardrails | None = None
    traceability: Traceability | None = None
    promoted_parameters: JsonObject | None = None

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
        return any(document.fixture for kind in KINDS if isinstance(document := getattr(self, kind.name), Document))

    def documents(self) -> tuple[tuple[DocumentKind, Document], ...]:
        """The JSON documents that are there, in the order of `KINDS`."""
        return tuple((kind, document) for kind in KINDS if isinstance(document := getattr(self, kind.name), Document))

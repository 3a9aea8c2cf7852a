"""The documents that a pack may hold, and the typed evidence of one pack."""

from dataclasses import dataclass
from functools import cached_property

from proofpress.evidence.base import Document
from proofpress.evidence.dataset import DatasetManifest, DatasetPackage, SplitIntegrity
from proofpress.evidence.demo import DemoRun
from proofpress.evidence.dvc import PipelineLock
from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.model import EfficiencyReport, ModelManifest, ModelPackage
from proofpress.evidence.release import PackManifest, Release
from proofpress.evidence.training import TrainingRun
from proofpress.evidence.values import JsonObject, ReleaseParts

MANIFEST = "manifest.json"
CHECKSUMS = "SHA256SUMS"
PARAMS = "training/params.yaml"
REVIEW = "review.md"
"""Why the release was promoted, against which comparison, and what a repair changed. Written by people and `repair`."""


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
        ("model_manifest", "model/manifest.json", ModelManifest, "model manifest"),
        ("model", "model/model_package.json", ModelPackage, "model package"),
        ("evaluation", "model/eval_metrics.json", EvalMetrics, "evaluation metrics"),
        ("efficiency", "model/efficiency_report.json", EfficiencyReport, "efficiency report"),
        ("training", "training/training_run.json", TrainingRun, "training run"),
        ("dataset", "dataset/dataset_package.json", DatasetPackage, "dataset package"),
        ("dataset_manifest", "dataset/dataset_manifest.json", DatasetManifest, "dataset manifest"),
        ("splits", "dataset/split_integrity.json", SplitIntegrity, "split integrity"),
        ("demo", "demo/terminal_demo_manifest.json", DemoRun, "demo run"),
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
    model_manifest: ModelManifest | None = None
    model: ModelPackage | None = None
    evaluation: EvalMetrics | None = None
    efficiency: EfficiencyReport | None = None
    training: TrainingRun | None = None
    dataset: DatasetPackage | None = None
    dataset_manifest: DatasetManifest | None = None
    splits: SplitIntegrity | None = None
    demo: DemoRun | None = None
    promoted_parameters: JsonObject | None = None
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
        return any(document.fixture for kind in KINDS if isinstance(document := getattr(self, kind.name), Document))

    def documents(self) -> tuple[tuple[DocumentKind, Document], ...]:
        """The JSON documents that are there, in the order of `KINDS`."""
        return tuple((kind, document) for kind in KINDS if isinstance(document := getattr(self, kind.name), Document))

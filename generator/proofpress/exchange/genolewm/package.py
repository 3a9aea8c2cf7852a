"""The parts of one of their packages together, and its documents: each read once, as typed as it is needed."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from proofpress.evidence.finding import Finding
from proofpress.exchange.genolewm.documents import DatasetPackage, Efficiency, EvalMetrics, ModelManifest, ModelPackage
from proofpress.exchange.genolewm.files import AbsentError, Folder, TroubleError
from proofpress.exchange.genolewm.records import (
    DemoManifest,
    InputCheck,
    RuntimePreflight,
    SnapshotReport,
    TrainingPreflight,
    TrainingRun,
)
from proofpress.exchange.genolewm.values import Theirs
from proofpress.ingest.strict import pointer_of
from proofpress.verify.rule import trouble

D = TypeVar("D", bound=Theirs)
M = TypeVar("M")
RUN, PREFLIGHT = "training_run_manifest.json", "training_preflight_report.json"
METRICS, EFFICIENCY = "eval_metrics.json", "efficiency_report.json"
SNAPSHOT_REPORT, INPUT_CHECK = "dataset_snapshot_report.json", "dataset_input_check_report.json"
RUNTIME, BATCH, DEMO = "runtime_preflight_report.json", "batch_receipt_report.json", "terminal_demo_manifest.json"
TRANSCRIPT, SCORES, RECEIPTS = "terminal-demo-transcript.md", "scores.jsonl", "receipts.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where the parts of a package are. `loose` are single documents by kind: metrics, manifest or receipt."""

    label: str = "genolewm"
    folders: Mapping[str, Path] = field(default_factory=dict)
    papers: tuple[Path, ...] = ()
    loose: tuple[tuple[str, Path], ...] = ()
    release: bool = False
    allow_fixture: bool = False
    coverage: tuple[str, ...] = ()


class Package:
    """What the guarantees see. A property raises `AbsentError` when the part or document isn't there to be judged."""

    def __init__(self, parts: Parts, folders: Mapping[str, Folder]) -> None:
        self.parts = parts
        self.folders = folders
        self._read: dict[tuple[str, str], Theirs | None] = {}
        self.reading: list[Finding] = []
        self._made: dict[str, Any] = {}

    def part(self, name: str) -> Folder:
        """The folder of a part: model, dataset, demo, run, batch or evaluation. Raises `AbsentError`."""
        if name not in self.folders:
            raise AbsentError(f"no {name} part was given")
        return self.folders[name]

    def once(self, name: str, make: Callable[["Package"], M]) -> M:
        """What `make` gives, made once; several guarantees compare with it."""
        if name not in self._made:
            self._made[name] = make(self)
        found: M = self._made[name]
        return found

    @property
    def training(self) -> Folder:
        """The folder that holds the training evidence: the model's, or a run's own."""
        return self.part("run") if "run" in self.folders else self.part("model")

    @property
    def streams(self) -> Folder:
        """The folder that holds scores and receipts: the demo's, or a batch's own."""
        return self.part("batch") if "batch" in self.folders else self.part("demo")

    def document(self, folder: Folder, path: str, model: type[D]) -> D:
        """A document of a folder as its model. The first reading notes what is wrong. Raises `AbsentError`."""
        key = (folder.name, path)
        if key not in self._read:
            self._read[key] = self._parse(folder, path, model)
        found = self._read[key]
        if not isinstance(found, model):
            raise AbsentError(f"{folder.place(path)} can't be used")
        return found

    def _parse(self, folder: Folder, path: str, model: type[D]) -> D | None:
        try:
            raw = folder.json(path)
            if odd := folder.ambiguity(path):
                message = f"strict readers refuse this file: {odd}"
                hint = "write it again with a strict JSON writer; as it is, it can't become part of a pack"
                self.reading.append(
                    Finding(
                        rule="GLW007",
                        severity="warning",
                        file=folder.place(path),
                        pointer=odd.pointer,
                        message=message,
                        found=odd.found,
                        hint=hint,
                    )
                )
            return model.model_validate(raw)
        except TroubleError as exc:
            self.reading.append(exc.finding)
        except ValidationError as exc:
            self.reading.extend(_shape(folder.place(path), item) for item in exc.errors())
        return None

    @property
    def manifest(self) -> ModelManifest:
        """The model manifest."""
        return self.document(self.part("model"), "manifest.json", ModelManifest)

    @property
    def model(self) -> ModelPackage:
        """The model package."""
        return self.document(self.part("model"), "model_package.json", ModelPackage)

    @property
    def metrics(self) -> EvalMetrics:
        """The evaluation metrics of the model."""
        return self.document(self.part("model"), METRICS, EvalMetrics)

    @property
    def efficiency(self) -> Efficiency:
        """The efficiency report of the model."""
        return self.document(self.part("model"), EFFICIENCY, Efficiency)

    @property
    def run(self) -> TrainingRun:
        """The training run manifest."""
        return self.document(self.training, RUN, TrainingRun)

    @property
    def preflight(self) -> TrainingPreflight:
        """The training preflight report."""
        return self.document(self.training, PREFLIGHT, TrainingPreflight)

    @property
    def dataset(self) -> DatasetPackage:
        """The dataset package."""
        return self.document(self.part("dataset"), "dataset_package.json", DatasetPackage)

    @property
    def snapshot(self) -> SnapshotReport:
        """The snapshot report; a dataset package that stands alone may lack it."""
        return self._of_snapshot(SNAPSHOT_REPORT, SnapshotReport)

    @property
    def input_check(self) -> InputCheck:
        """The input check; a dataset package that stands alone may lack it."""
        return self._of_snapshot(INPUT_CHECK, InputCheck)

    def _of_snapshot(self, path: str, model: type[D]) -> D:
        folder = self.part("dataset")
        if not self.parts.release and not any(folder.has(name) for name in (SNAPSHOT_REPORT, INPUT_CHECK)):
            raise AbsentError("a dataset package alone needs no snapshot report")
        return self.document(folder, path, model)

    @property
    def runtime(self) -> RuntimePreflight:
        """The runtime preflight of the demo."""
        return self.document(self.part("demo"), RUNTIME, RuntimePreflight)

    @property
    def demo(self) -> DemoManifest:
        """The demo manifest."""
        return self.document(self.part("demo"), DEMO, DemoManifest)

    @cached_property
    def evaluations(self) -> tuple[tuple[Folder, str, EvalMetrics], ...]:
        """Every readable metrics file: the model's, and those that were given alone."""
        found = []
        places = [(self.folders["model"], METRICS)] if "model" in self.folders else []
        for folder, path in (*places, *self.loose("metrics")):
            try:
                found.append((folder, path, self.document(folder, path, EvalMetrics)))
            except AbsentError:
                continue
        return tuple(found)

    def loose(self, kind: str) -> Iterator[tuple[Folder, str]]:
        """Folder and name of each single document of a kind."""
        for each, path in self.parts.loose:
            if each == kind:
                yield self.single(path)

    def single(self, path: Path) -> tuple[Folder, str]:
        """Folder and name of a file that was given alone, or found in the evaluation part."""
        path = Path(os.path.normpath(path.absolute()))
        folder = self.folders.get("evaluation")
        if folder is not None and path.is_relative_to(folder.path):
            return folder, path.relative_to(folder.path).as_posix()
        return self.folders[str(path)], path.name

    def locate(self, path: str, *bases: str) -> tuple[Folder, str] | None:
        """The file that a demo record names: relative to the demo, or to the folder that holds the parts.

        `bases` are the parts that it may lie in. None when it lies elsewhere; a part's own folder has the path `.`.
        """
        start = str(self.part("demo").path)
        roots = (start, *(str(self.folders[name].path.parent) for name in ("model", "demo") if name in self.folders))
        candidates = [os.path.normpath(path if path[:1] == "/" else f"{root}/{path}") for root in roots]
        found = next((item for item in candidates if any(self._inside(item, holding=True))), candidates[0])
        return next((item for item in self._inside(found) if item[0].name in bases), None)

    def _inside(self, path: str, *, holding: bool = False) -> Iterator[tuple[Folder, str]]:
        for folder in self.folders.values():
            root = str(folder.path)
            below = "." if path == root else path[len(root) + 1 :] if path.startswith(root + os.sep) else ""
            if below and (below == "." or not holding or folder.holds(below)):
                yield folder, below


_BY_FIELD: Mapping[str, str] = {"generated_by": "GLW005"}


def _shape(file: str, error: Any) -> Finding:
    location = tuple(error["loc"])
    kind = str(error["type"])
    rule = kind if kind.startswith("GLW") else _BY_FIELD.get(str(location[-1]) if location else "", "GLW004")
    item = trouble(
        file,
        pointer_of(location),
        str(error["msg"]),
        found=repr(error.get("input"))[:80],
        hint="build the package again with the tools of its project; nothing in it is edited by hand",
    )
    return Finding(
        rule=rule, file=item.file, pointer=item.pointer, message=item.message, found=item.found, hint=item.hint
    )


@contextmanager
def open_package(parts: Parts) -> Iterator[Package]:
    """Open all folders of a package. Raises `IngestError` when one can't be read at all."""
    with ExitStack() as stack:
        folders = {name: stack.enter_context(Folder(path, name)) for name, path in parts.folders.items()}
        whole = folders.get("evaluation")
        single = {*parts.papers, *(path for _kind, path in parts.loose)}
        for path in {Path(os.path.normpath(item.absolute())) for item in single}:
            if whole is None or not path.is_relative_to(whole.path):
                folders[str(path)] = stack.enter_context(Folder(path.parent, "", only=path.name))
        yield Package(parts, folders)

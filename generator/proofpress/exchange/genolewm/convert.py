"""The way from a checked package into a pack: what maps becomes our documents, everything else is kept verbatim."""

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from proofpress.errors import UsageError
from proofpress.evidence.base import Document
from proofpress.evidence.dataset import DatasetManifest, SplitIntegrity
from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.model import EfficiencyReport, ModelManifest
from proofpress.evidence.pack import KINDS
from proofpress.evidence.release import Release
from proofpress.evidence.values import RELEASE_ID_PATTERN, ReleaseParts
from proofpress.exchange.genolewm.dataset import derived_manifest
from proofpress.exchange.genolewm.files import AbsentError, Folder
from proofpress.exchange.genolewm.package import EFFICIENCY, METRICS, Package
from proofpress.exchange.genolewm.splits import counted
from proofpress.ingest.strict import parse_json
from proofpress.pack.dataset import key_text
from proofpress.pack.release import assemble
from proofpress.pack.writer import PackError, kind_of, write_bytes, write_document, write_text
from proofpress.render.sets import TemplateSet

LABEL: Final = "proofpress.import.genolewm"
REPORT, REPORT_SCHEMA = "import_report.json", "proofpress.import/1"
UPSTREAM, PROFILE = "upstream", "genomics"
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d+)?Z")
_ROW = (
    *("name", "split", "value", "unit", "higher_is_better", "n", "notes"),
    *("baseline", "baseline_value", "delta_vs_baseline"),
)
_NO_PLACE: Final = {
    f"model/{METRICS}": ("metrics/*/ci_low", "metrics/*/ci_high", "artifacts", "hardware"),
    f"model/{EFFICIENCY}": ("command", "warmup_batches", "inputs"),
    "model/model_package.json": ("data", "hardware", "training", "evaluation", "runtime", "extra_files"),
}
"""Fields of mapped documents that ours have no field for: an interval of ours, for one, states level and method."""
_LACKING: Final = {
    "model/model_package.json": "the package states no architecture and no inputs and outputs of the model",
    "training/training_run.json": "the package states no start and no duration of the run",
    "dataset/dataset_package.json": "the package states no features and no target of the records",
    "demo/terminal_demo_manifest.json": "the package states no duration of the demo",
}
_CHUNK = 1024 * 1024


class UnmappedError(Exception):
    """Their evidence lacks something that our document can't be without; the text says what."""


@dataclass(slots=True)
class Making:
    """A pack in the making: the package, the folder that is written, the release's identity, and what became of it."""

    package: Package
    folder: Path
    release_id: str
    commit: str
    fixture: bool
    model_id: str = ""
    places: dict[str, str] = field(default_factory=dict)
    mapped: dict[str, list[str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def write(self, model: type[Document], fields: Mapping[str, Any], *sources: str) -> None:
        """Write one of our documents and note what it was made from."""
        mark = {"fixture": True} if self.fixture else {}
        write_document(self.folder, model, {**mark, **fields}, generated_by=LABEL)
        self.mapped[kind_of(model).path] = list(sources)

    def exact(self, name: str) -> Mapping[str, Any]:
        """A document of their model with its numbers as they are written."""
        found: Mapping[str, Any] = parse_json(self.package.part("model").read(name))
        return found


def release_id_for(upstream: str, model_name: str, version: str) -> str:
    """Their release id when it obeys our grammar, else one that is made of its parts. Raises `UsageError`."""
    if re.fullmatch(RELEASE_ID_PATTERN, upstream):
        return upstream
    rest = re.sub(r"[^a-z0-9]+", "-", upstream.lower().removeprefix(model_name.lower())).strip("-")
    parts = re.fullmatch(r"(?:v\d+-\d+-\d+)?-?(.*?)(?:-?\br([1-9]\d*))?", rest)
    variant, revision = (parts[1], parts[2] or "1") if parts else (rest, "1")
    made = f"{model_name}-v{version}" + (f"-{variant}" if variant else "") + f"-r{revision}"
    if not re.fullmatch(RELEASE_ID_PATTERN, made):
        raise UsageError(f"'{upstream}' gives no release id of ours", hint="name one with --release-id")
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the importing person says: release id, full commit and author, each empty for what the package gives."""

    release_id: str = ""
    commit: str = ""
    author: str = ""


def convert(package: Package, into: Path, template_set: TemplateSet, wishes: Wishes) -> tuple[str, dict[str, Any]]:
    """Write a pack from a package without error findings; return its `pack_id` and the report that it holds.

    Raises `UsageError` when `into` is not empty or a wish contradicts the package, and `PackError` when something of
    the package can't be part of a pack; then nothing is left.
    """
    if into.exists() and any(into.iterdir()):
        raise UsageError(f"{into} is not empty", hint="an import makes a new pack; name a folder that does not exist")
    stated = package.metrics.commit.lower()
    if not wishes.commit.startswith(stated if wishes.commit else ""):
        raise UsageError(f"--commit {wishes.commit} does not begin with the package's commit {stated}")
    manifest = package.manifest
    made = Making(
        package=package,
        folder=into.with_name(f".{into.name}.part"),
        release_id=wishes.release_id
        or release_id_for(manifest.release_id, manifest.model_name, manifest.model_version),
        commit=wishes.commit or stated,
        fixture=manifest.is_fixture,
    )
    try:
        found = _write(made, wishes.author or manifest.model_name, template_set)
        if into.exists():
            into.rmdir()
        made.folder.rename(into)
    finally:
        shutil.rmtree(made.folder, ignore_errors=True)
    return found


def _write(made: Making, author: str, template_set: TemplateSet) -> tuple[str, dict[str, Any]]:
    shutil.rmtree(made.folder, ignore_errors=True)
    _keep(made)
    _model(made)
    for model, write in MAPPINGS.items():
        try:
            write(made)
        except (UnmappedError, AbsentError) as exc:
            made.missing[kind_of(model).path] = str(exc)
    try:
        _release(made, author)
    except UnmappedError as exc:
        raise PackError(f"the package gives no release.json: {exc}") from exc
    for kind in KINDS[1:]:
        if kind.path not in made.mapped:
            made.missing.setdefault(kind.path, _LACKING.get(kind.path, "the package has nothing like it"))
    report = _report(made)
    write_text(made.folder, REPORT, dump_json(report))
    return assemble(made.folder, profile=PROFILE, template_set=template_set), report


def _keep(made: Making) -> None:
    """Copy every file of the package; the model's own files go to their place, the rest below `upstream/`."""
    manifest = made.package.manifest
    own = {item.file for item in (manifest.predictor, manifest.action_encoder, manifest.calibration)}
    for name in ("model", "dataset", "demo"):
        with suppress(AbsentError):
            folder = made.package.part(name)
            for path in sorted(folder.sizes):
                place = f"model/{path}" if name == "model" and path in own else f"{UPSTREAM}/{name}/{path}"
                _copy(made, folder, path, place)
    for folder, path in map(made.package.single, made.package.parts.papers):
        _copy(made, folder, path, f"{UPSTREAM}/{path}")


def _copy(made: Making, folder: Folder, path: str, place: str) -> None:
    write_bytes(made.folder, place, b"")
    digest = hashlib.sha256()
    with folder.open(path) as source, (made.folder / place).open("wb") as target:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            target.write(chunk)
    if f"sha256:{digest.hexdigest()}" != folder.sha256(path):
        raise PackError(f"{folder.place(path)} changed while it was copied")
    made.places[folder.place(path)] = place


def _model(made: Making) -> None:
    manifest, folder = made.package.manifest, made.package.part("model")
    roles = {manifest.calibration.file: "calibration"}
    roles |= {item.file: "weights" for item in (manifest.predictor, manifest.action_encoder)}
    files = [
        {"path": path, "role": roles[path], "sha256": folder.sha256(path)[7:], "size": folder.size(path)}
        for path in sorted(roles)
    ]
    made.write(ModelManifest, {"format": f"{manifest.model_name} checkpoint", "files": files}, "model/manifest.json")
    path = made.folder / kind_of(ModelManifest).path
    made.model_id = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def _evaluation(made: Making) -> None:
    metrics, raw = made.package.metrics, made.exact(METRICS)
    splits: dict[str, dict[str, Any]] = {}
    for row in metrics.metrics:
        keys = row.evaluated_variant_keys_sha256
        if row.n is None or keys is None:
            raise UnmappedError(f"{row.name} on {row.split} states no number of records or no digest of evaluated keys")
        split = {"name": row.split, "n": row.n, "keys_sha256": keys[7:]}
        if splits.setdefault(row.split, split) != split:
            raise UnmappedError(f"rows of the split {row.split} were evaluated on different records")
    if len(made.commit) not in {40, 64}:
        raise UnmappedError("the commit is abbreviated; complete it with --commit")
    fields = {
        "release_id": made.release_id,
        "model_id": made.model_id,
        "run_id": _evaluation_run(made),
        "training_run_id": made.package.run.run_id,
        "commit": made.commit,
        "dataset_snapshot_id": metrics.dataset_snapshot,
        "evaluated_at": _time(metrics.generated_at),
        "parameters": {},
        "splits": list(splits.values()),
        "baselines": [
            {"name": name, "description": f"{name}, as the package names it"}
            for name in sorted({row.baseline for row in metrics.metrics if row.baseline})
        ],
        "rows": [_row(item) for item in raw["metrics"]],
        **{name: raw[name] for name in ("conclusions", "negative_findings", "limitations")},
    }
    made.write(EvalMetrics, fields, f"model/{METRICS}", "model/training_run_manifest.json")


def _evaluation_run(made: Making) -> str:
    """The id of the run that measured quality and costs; a package names only its training run."""
    return f"{made.package.run.run_id}-evaluation"


def _row(raw: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: raw[name] for name in _ROW if raw.get(name) is not None}
    for name in ("evaluated", "baseline_evaluated"):
        if keys := raw.get(f"{name}_variant_keys_sha256"):
            row[f"{name}_keys_sha256"] = keys.strip()[7:]
    return row


def _efficiency(made: Making) -> None:
    report, raw = made.package.efficiency, made.exact(EFFICIENCY)
    costs = {
        "single_variant_latency_ms": "ms",
        "batched_throughput_variants_per_s": "variants/s",
        "peak_memory_bytes": "bytes",
    }
    fields = {
        "release_id": made.release_id,
        "model_id": made.model_id,
        "run_id": _evaluation_run(made),
        "measured_at": _time(report.generated_at),
        "environment": {"hardware": report.hardware, "runtime": report.runtime},
        "rows": [
            {"name": name, "value": raw["measurements"][name], "unit": unit, "repeats": report.samples}
            for name, unit in costs.items()
        ],
        "claim_boundary": report.limitations,
    }
    made.write(EfficiencyReport, fields, f"model/{EFFICIENCY}")


def _dataset(made: Making) -> None:
    manifest = derived_manifest(made.package)
    files, _splits = counted(made.package.part("dataset"), manifest)
    listed = [
        {"name": item["path"], "sha256": item["sha256"][7:], "size": item["size_bytes"], "records": item["records"]}
        for item in files
    ]
    fields = {"dataset_snapshot_id": manifest["snapshot_id"], "files": listed}
    made.write(DatasetManifest, fields, "dataset/dataset_manifest.json")


def _splits(made: Making) -> None:
    manifest = derived_manifest(made.package)
    _files, splits = counted(made.package.part("dataset"), manifest)
    pairs = list(combinations(sorted(splits), 2))
    shared = {pair: len(splits[pair[0]].keys & splits[pair[1]].keys) for pair in pairs}
    if both := next((pair for pair, n in shared.items() if n), None):
        raise UnmappedError(
            f"the splits {both[0]} and {both[1]} share keys, which the package allows and a pack does not"
        )
    if not any(split.labels for split in splits.values()):
        raise UnmappedError("no record is labelled, so that there is no class balance to show")
    files = []
    for name, split in splits.items():
        path, data = f"dataset/keys/variant/{name}.txt", key_text(split.keys)
        write_bytes(made.folder, path, data)
        files.append({"split": name, "path": path, "n": len(split.keys), "sha256": hashlib.sha256(data).hexdigest()})
    labels = sorted({label for split in splits.values() for label in split.labels})
    fields = {
        "dataset_snapshot_id": manifest["snapshot_id"],
        "keys": [{"kind": "variant", "description": "chromosome:position:reference>alternate", "files": files}],
        "overlaps": [{"kind": "variant", "left": left, "right": right, "n": 0} for left, right in pairs],
        "class_balance": [
            {"split": name, "label": label, "n": splits[name].labels[label]} for name in splits for label in labels
        ],
    }
    made.write(SplitIntegrity, fields, "dataset/split_integrity.json", "dataset/dataset_manifest.json")


MAPPINGS: Mapping[type[Document], Callable[[Making], None]] = {
    EvalMetrics: _evaluation,
    EfficiencyReport: _efficiency,
    DatasetManifest: _dataset,
    SplitIntegrity: _splits,
}
"""How each of our documents is made; a document without a line here is reported as missing."""


def _release(made: Making, author: str) -> None:
    package, manifest, first = made.package.model, made.package.manifest, made.package.metrics.metrics[0]
    stated = (package.generated_at, made.package.metrics.generated_at, made.package.efficiency.generated_at)
    fields = {
        "release_id": made.release_id,
        "family": ReleaseParts(made.release_id).name,
        "title": f"{manifest.model_name} {manifest.model_version}",
        "version": ReleaseParts(made.release_id).version,
        "summary": package.summary,
        "released_at": max(_time(item) for item in stated if item),
        "predecessor": None,
        "intended_use": [package.intended_use],
        "out_of_scope": package.limitations,
        "licence": package.license,
        "authors": [{"name": author, "kind": "organization"}],
        "headline": [{"name": first.name, "split": first.split}],
        "changelog": {"added": package.release_notes},
        "extensions": {"upstream": _identities(made)},
    }
    made.write(Release, fields, "model/model_package.json", "model/manifest.json", f"model/{METRICS}")


def _identities(made: Making) -> dict[str, str]:
    return {
        "upstream_id": made.package.manifest.release_id,
        "manifest_model_id": made.package.manifest.model_id,
        "evaluation_model_id": made.package.metrics.model_id,
        "commit": made.package.metrics.commit,
    }


def _time(stated: str | None) -> str:
    match = _TIME.fullmatch(stated or "")
    if match is None:
        raise UnmappedError(f"'{stated}' is no UTC time")
    return f"{match[1]}Z"


def _report(made: Making) -> dict[str, Any]:
    used = {source for sources in made.mapped.values() for source in sources}
    files = []
    for source, place in sorted(made.places.items()):
        part, _, path = source.partition("/")
        folder = made.package.folders.get(part) if path else None
        digest = (
            hashlib.sha256((made.folder / place).read_bytes()).hexdigest()
            if folder is None
            else folder.sha256(path)[7:]
        )
        state = "mapped" if source in used or place == source else "kept"
        files.append({"source": source, "sha256": digest, "path": place, "state": state})
    return {
        "schema": REPORT_SCHEMA,
        "generated_by": LABEL,
        "release_id": made.release_id,
        "upstream": _identities(made),
        "documents": [{"path": path, "from": sources} for path, sources in sorted(made.mapped.items())],
        "missing": [{"path": path, "reason": reason} for path, reason in sorted(made.missing.items())],
        "no_place": [
            {"source": source, "fields": list(fields)} for source, fields in sorted(_NO_PLACE.items()) if source in used
        ],
        "files": files,
    }

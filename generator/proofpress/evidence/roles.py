"""What each file of a pack is there for: its role, and whether anything in the pack speaks of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from proofpress.evidence.base import Model
from proofpress.evidence.dataset import SplitIntegrity
from proofpress.evidence.demo import BatchReceipts, DemoRun
from proofpress.evidence.derivation import is_envelope
from proofpress.evidence.dvc import LOCK, PipelineLock
from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.model import ModelManifest
from proofpress.evidence.pack import CHECKSUMS, EFFECTIVE_CONFIG, PARAMS, REVIEW, kind_at
from proofpress.evidence.preflight import TrainingPreflight
from proofpress.evidence.training import RunManifest

ATTACHMENTS: Final = "attachments/"
"""Where a pack holds what no document speaks of, and what therefore shows nothing."""
UPSTREAM: Final = "upstream/"
"""Where an import keeps the documents of another project as they are; `import_report.json` says what became of them."""
OTHER: Final = "other"
_PLACES: Final = {
    PARAMS: "promoted parameters",
    EFFECTIVE_CONFIG: "evaluation configuration",
    LOCK: "pipeline lock",
    REVIEW: "review",
}
_KNOWN: Final = frozenset(
    (
        *_PLACES,
        "import_report.json",
        "README.md",
        "migration.md",
        "LICENSE",
        "LICENSE.md",
        "LICENSE.txt",
        "NOTICE",
        "CITATION.cff",
    )
)
"""Files that stand for themselves, by their place."""
_NAMING: Final = frozenset(("path", "input_path", "scores_path", "input", "output"))


def roles_of(documents: Mapping[str, Any]) -> dict[str, str]:
    """Roles that documents, by their field in `Evidence`, give to files."""
    roles = dict(_PLACES)
    manifest, splits, demo = (documents.get(name) for name in ("model_manifest", "splits", "demo"))
    if isinstance(demo, DemoRun):
        roles |= {item.path: "demo input" for item in demo.inputs}
        roles |= {item.path: "demo output" for item in demo.outputs}
    if isinstance(receipts := documents.get("receipts"), BatchReceipts):
        roles[receipts.receipts.path] = "demo receipts"
    if isinstance(run := documents.get("run_manifest"), RunManifest):
        roles |= {item.path: f"training {item.role}" for item in run.files if item.role in {"checkpoint", "log"}}
    if isinstance(splits, SplitIntegrity):
        roles |= {item.path: "split keys" for keys in splits.keys for item in keys.files}
    if isinstance(evaluation := documents.get("evaluation"), EvalMetrics):
        rows = evaluation.rows
        roles |= {row.baseline_per_sample.path: "baseline results" for row in rows if row.baseline_per_sample}
        roles |= {row.per_sample.path: "per-example results" for row in rows if row.per_sample}
    if isinstance(manifest, ModelManifest):
        roles |= {f"model/{item.path}": f"model {item.role}" for item in manifest.files}
    return roles


def role_at(path: str, roles: Mapping[str, str]) -> str:
    """The role of the file at a path: what documents make of it, else what its place says."""
    if path in roles:
        return roles[path]
    if (kind := kind_at(path)) is not None:
        return kind.role
    if path.startswith(ATTACHMENTS):
        return "attachment"
    if path.endswith(CHECKSUMS):
        return "checksums"
    if is_envelope(path):
        return "signatures"
    return "document" if path.endswith(".md") else OTHER


def is_known_place(path: str) -> bool:
    """Whether a file at this path needs no document to speak of it."""
    return (
        path in _KNOWN
        or path.startswith((ATTACHMENTS, UPSTREAM))
        or path.endswith(CHECKSUMS)
        or is_envelope(path)
        or kind_at(path) is not None
    )


def named_files(documents: Mapping[str, Any]) -> frozenset[str]:
    """Pack paths of all files that documents, by their field in `Evidence`, speak of.

    The preflight's list of the dataset makes nothing of a file: it takes whatever lies there.
    """
    found = set(roles_of(documents))
    for name, held in documents.items():
        for document in held.values() if isinstance(held, Mapping) else (held,):
            if isinstance(document, TrainingPreflight):
                found.update(
                    item.path for item in (document.configuration, document.configuration.validated_by) if item
                )
            elif isinstance(document, PipelineLock):
                found.update(out.path for _stage, out in document.outs())
            elif isinstance(document, Model) and name not in {"manifest", "model_manifest"}:
                found.update(_named(document))
    return frozenset(found)


def _named(part: Model) -> Iterator[str]:
    for field, value in vars(part).items():
        if isinstance(value, str) and field in _NAMING:
            yield value
        elif isinstance(value, Model):
            yield from _named(value)
        elif isinstance(value, tuple):
            yield from _within(field, value)


def _within(field: str, items: Iterable[Any]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Model):
            yield from _named(item)
        elif isinstance(item, str) and field == "tests":
            yield item


def is_below(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is one of these, or lies below one of them."""
    return any(path == folder or path.startswith(f"{folder.rstrip('/')}/") for folder in folders)

"""Find the parts of a package in a folder, by the files that only such a part holds."""

import json
from pathlib import Path
from typing import Any

from proofpress.errors import UsageError
from proofpress.exchange.genolewm.files import Folder
from proofpress.exchange.genolewm.package import Parts

_MARKS = {
    "demo": ("terminal_demo_manifest.json", "terminal-demo-transcript.md", "runtime_preflight_report.json"),
    "model": ("model_package.json", "model_card.md", "eval_metrics.json"),
    "run": ("training_run_manifest.json", "training_preflight_report.json", "training_run_card.md"),
    "dataset": ("dataset_package.json", "dataset_manifest.json", "data_card.md", "split_integrity.json"),
    "batch": ("scores.jsonl", "receipts.jsonl"),
}
_KINDS = {"manifest": ("predictor", "encoder"), "receipt": ("output_commitment", "input_commitment", "provenance")}


def find_parts(root: Path) -> Parts:
    """The parts below `root`: a whole release, one part, one evaluation, or single documents.

    A JSON file that can't be told for what it is is taken for a manifest, so that it is judged and never overlooked.
    Raises `UsageError` when nothing is there.
    """
    with Folder(root, "") as folder:
        below = {
            name: root / name
            for name in ("model", "dataset", "demo")
            if any(folder.has(f"{name}/{mark}") for mark in _MARKS[name])
        }
        papers = tuple(root / path for path in sorted(folder.sizes) if "/" not in path and _is_paper(folder, path))
        if below and (papers or len(below) > 1):
            return Parts(label=root.name, folders=below, papers=papers, release=True)
        for name, marks in _MARKS.items():
            if any(folder.has(mark) for mark in marks):
                return Parts(label=root.name, folders={name: root})
        if below:
            return Parts(label=root.name, folders=below)
        loose = tuple((_kind(folder, path), root / path) for path in sorted(folder.sizes) if path.endswith(".json"))
    if any(kind == "metrics" for kind, _path in loose):
        return Parts(label=root.name, folders={"evaluation": root}, loose=loose)
    if not loose:
        raise UsageError(f"{root}: nothing of a GenoLeWM package is here", hint="name a part or a release")
    return Parts(label=root.name, loose=loose)


def _is_paper(folder: Folder, path: str) -> bool:
    return path.endswith(".md") and ("paper" in path.lower() or b"tools.release.paper_draft" in folder.read(path))


def _kind(folder: Folder, path: str) -> str:
    try:
        raw: Any = json.loads(folder.read(path))
    except (ValueError, RecursionError):
        return "manifest"
    if isinstance(raw, dict) and "metrics" in raw:
        return "metrics"
    fields = (
        {kind: sum(name in raw for name in names) for kind, names in _KINDS.items()} if isinstance(raw, dict) else {}
    )
    return max(fields, key=lambda kind: fields[kind], default="manifest")

"""A plan: what a finding makes suspect, what is to be done about it, and what only a run or a person can do."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from proofpress.evidence.dvc import LOCK
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import CHECKSUMS, EFFECTIVE_CONFIG, KIND_BY_PATH, MANIFEST, PARAMS, Evidence, kind_at
from proofpress.ingest.raw import RawPack
from proofpress.render.sets import RENDERED
from proofpress.repair.run import Run
from proofpress.verify.identity_graph import SHARED, WHERE, statements

Action = Literal["recopy", "regenerate", "rerun", "review"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a repair. `reason` is the rule whose finding asks for it, `why` what it found or what follows.

    `source` is where the bytes come from: a path in the run folder, or what they are derived from. `command` is
    what has to be run again.
    """

    action: Action
    path: str
    reason: str
    why: str
    source: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A file that may be the wrong one, and its digest and size where the pack records them."""

    path: str
    sha256: str = ""
    size: int = 0


def is_derived(path: str) -> bool:
    """Whether a file is made from the others when a pack is assembled: documents, checksum files, the manifest."""
    return path == MANIFEST or path.rpartition("/")[2] == CHECKSUMS or path in RENDERED


PEOPLE: Final = (
    *("TXT", "PRV", "ACT", "NEG", "IDN002", "CLM002", "CLM003", "PRO", "GEN", "INT003", "FRS002"),
    *("CHG", "IFC005", "IFC006", "DAT002", "DAT009", "RDY006", "RDY009"),
    *("ASR001", "ASR002", "ASR003", "ASR004", "ASR010"),
)
"""Rules whose findings no record settles: somebody has to decide or to write."""
_BUILDERS: Final = {
    "model": "proofpress pack model",
    "model_manifest": "proofpress pack model",
    "evaluation": "proofpress pack eval",
    "metrics": "proofpress pack eval",
    "efficiency": "proofpress pack efficiency",
    "preflight": "proofpress preflight",
    "run_manifest": "proofpress pack training",
    "suite": "proofpress readiness --execute",
    "readiness": "proofpress readiness --assess",
    "interface": "proofpress pack interface",
    "release": "proofpress pack release",
}
_FOLDERS: Final = {
    "dataset/": "proofpress pack dataset",
    "demo/": "proofpress demo run",
    "assurance/": "proofpress pack assurance",
    "paper/": "proofpress pack paper",
    EFFECTIVE_CONFIG: "proofpress pack eval",
}
"""By the folder or file that one builder writes whole."""
_HOLDERS: Final = {shared.rule: shared for shared in SHARED}


def suspects(finding: Finding, evidence: Evidence, raw: RawPack) -> Iterator[Suspect]:
    """The files that a finding makes suspect, most likely first."""
    rule, parts = finding.rule, finding.pointer.split("/")
    if rule in {"INT001", "INT002"}:
        listed = {entry.path: entry for entry in evidence.manifest.files}
        if (entry := listed.get(finding.file)) is not None:
            yield Suspect(entry.path, entry.sha256, entry.size)
    elif rule == "INT006" and evidence.model_manifest is not None:
        part = evidence.model_manifest.files[int(parts[2])]
        yield Suspect(f"model/{part.path}", part.sha256, part.size)
    elif rule == "INT007":
        holder = getattr(evidence, KIND_BY_PATH[finding.file].name)
        item = getattr(holder, parts[1])[int(parts[2])]
        yield Suspect(item.path, item.sha256, item.size)
    elif rule == "LEA001" and evidence.splits is not None:
        yield Suspect(evidence.splits.keys[int(parts[2])].files[int(parts[4])].path)
    elif rule in {"MET006", "MET007"} and parts[1] == "rows" and evidence.evaluation is not None:
        sample = evidence.evaluation.rows[int(parts[2])].per_sample
        yield from (Suspect(sample.path),) if sample else ()
    yield Suspect(finding.file)
    if rule in {"PAR001", "LCK001"}:
        yield from (Suspect(PARAMS), Suspect(LOCK))
    elif rule in _HOLDERS:
        yield Suspect(statements(_HOLDERS[rule], evidence, raw)[0].file)


def remaining(finding: Finding, evidence: Evidence | None, run: Run | None) -> Step:
    """What is to be done about a finding that recorded state does not settle: a command to run, or a decision."""
    needed = {"path": finding.file or MANIFEST, "reason": finding.rule, "why": finding.message}
    if finding.rule.startswith(PEOPLE) or finding.rule[:3] == "ING":
        return Step(action="review", **needed)
    command = _command(finding, evidence, run)
    return Step(action="rerun", command=command, **needed) if command else Step(action="review", **needed)


def _command(finding: Finding, evidence: Evidence | None, run: Run | None) -> str:
    path = finding.file
    if run is not None and (stage := run.stage_of(run.counterpart(path) or "")):
        return f"dvc repro {shlex.quote(stage)}"
    if command := next((command for place, command in _FOLDERS.items() if path.startswith(place)), ""):
        return command
    kind, training = kind_at(path), evidence.training if evidence else None
    of_run = path == WHERE["training"] or (kind is None and path.startswith(("training/", "model/")))
    if training is not None and of_run:
        return shlex.join(training.command)
    return _BUILDERS.get(kind.name, "") if kind else ""

"""GLW07x: the paper says what the packages say, at a time that it states."""

import re

from proofpress.exchange.genolewm.dataset import derived_manifest
from proofpress.exchange.genolewm.demo import objects, vcf_summary
from proofpress.exchange.genolewm.files import Folder, TroubleError
from proofpress.exchange.genolewm.guarantee import Findings, guarantee
from proofpress.exchange.genolewm.layouts import rendered, stale
from proofpress.exchange.genolewm.package import RUN, SCORES, TRANSCRIPT, Package
from proofpress.exchange.genolewm.values import PLACEHOLDER
from proofpress.verify.rule import trouble

SECTIONS = ("Results", "Conclusions", "Limitations", "Negative Findings")


@guarantee("GLW070", "The paper states its time in UTC and finishes its sentences")
def header(package: Package) -> Findings:
    """The paper has a title and a line `Generated:` with a UTC time to the second, and holds no placeholder word."""
    for folder, path in map(package.single, package.parts.papers):
        yield from _header(folder, path)


def _header(folder: Folder, path: str) -> Findings:
    text = folder.text(path)
    if _title(text) is None:
        yield trouble(folder.place(path), "line 1", "no title", expected="# and a title")
    if not re.search(r"(?m)^Generated: \d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$", text):
        yield trouble(folder.place(path), "", "no UTC time of the paper", expected="Generated: 2026-01-31T12:00:00Z")
    if word := PLACEHOLDER.search(text):
        yield TroubleError("GLW006", folder.place(path), "a placeholder word stands here", found=word[0]).finding


@guarantee("GLW071", "The paper is what the packages give")
def paper(package: Package) -> Findings:
    """The paper equals what model, dataset and demo give: identities, citation metadata, results, conclusions, negative
    findings and limitations copied from the evaluation, and the artifacts by name.
    """
    for folder, path in map(package.single, package.parts.papers):
        yield from _paper(package, folder, path)


def _paper(package: Package, folder: Folder, path: str) -> Findings:
    text = folder.text(path)
    manifest, demo = package.manifest, package.part("demo")
    time = re.search(r"(?m)^Generated: (.+)$", text)
    status = re.search(r"(?m)^- Status: (\w+)$", demo.text(TRANSCRIPT))
    target = package.locate(package.demo.inputs.vcf.path, "demo")
    run = package.training.json(RUN)
    report = package.part("model").text(manifest.eval.file)
    package.run, package.dataset, package.snapshot, package.input_check, package.efficiency, package.model  # noqa: B018
    if target is None:
        return
    expected = rendered(
        "paper.md",
        title=_title(text) or "",
        generated_at=time[1].strip() if time else "",
        manifest=manifest,
        snapshot=package.dataset.snapshot_id,
        eval_config=package.metrics.artifacts.get("eval_config", "").removeprefix("model/"),
        commit=_said(run.get("commit")),
        command=_said(run.get("command")),
        splits=derived_manifest(package)["splits"],
        vcf=vcf_summary(*target),
        records=len(objects(demo, SCORES)),
        status=status[1] if status else "",
        report={name: _section(report, name) for name in SECTIONS},
    )
    yield from stale(folder, path, expected, "the packages")


def _title(text: str) -> str | None:
    match = re.search(r"(?m)^# (.+)$", text)
    return (match[1].strip() or None) if match else None


def _said(value: object) -> str:
    return (value.strip() if isinstance(value, str) else "") or "not recorded"


def _section(text: str, heading: str) -> str:
    match = re.search(rf"(?ms)^## {heading}\s*\n(.*?)(?=^## |\Z)", text)
    return match[1].strip() if match else ""


PAPER = (header, paper)
